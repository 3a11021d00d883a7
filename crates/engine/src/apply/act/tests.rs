//! Steps in a world with room for one thing: what bears its name may be another one by now.

use super::*;
use crate::kind::{Ask, Done, Found, Order, Owned, Past, Resource, Seen, World};
use crate::store::memory::{Fault, MemDisk};
use auroractl_core::identity::{StackId, oid};
use auroractl_core::model::{Group, Model, Timing};
use auroractl_core::{Diff, Impact, Of};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Mutex;
use tokio::sync::mpsc;

/// What the stack names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::apply) struct Thing {
    name: String,
    /// Edited in place.
    size: u32,
    /// Needs a new one.
    shape: u32,
}

/// What bears the name with its owner's identity, and what was done to it.
#[derive(Default)]
pub(in crate::apply) struct Shelf {
    there: Mutex<Option<(Thing, String)>>,
    deeds: Mutex<Vec<&'static str>>,
    /// No question is answered.
    mute: bool,
    /// What becomes of creates, the last one first; of further ones all is well.
    creates: Mutex<Vec<Outcome>>,
    operations: Mutex<Operations>,
}

/// Calls that ask for operations: how many came, how many are under way, and the most of them at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::apply) struct Operations {
    pub(in crate::apply) came: usize,
    now: usize,
    pub(in crate::apply) most: usize,
}

/// What becomes of a create.
pub(in crate::apply) enum Outcome {
    /// It fails.
    Fails(Class),
    /// It is never answered.
    Hangs,
    /// It is executed, and nobody sees anything of it.
    Vanishes,
    /// It is executed, and the disk of the state takes nothing more.
    Breaks(MemDisk),
}

impl Shelf {
    pub(in crate::apply) fn with(thing: Thing, oid: &str) -> Self {
        Self { there: Mutex::new(Some((thing, oid.to_owned()))), ..Self::default() }
    }

    /// An empty one, and what becomes of creates.
    pub(in crate::apply) fn making(creates: Vec<Outcome>) -> Self {
        Self { creates: Mutex::new(creates.into_iter().rev().collect()), ..Self::default() }
    }

    /// What was asked of operations.
    pub(in crate::apply) fn operations(&self) -> Operations {
        *self.operations.lock().unwrap()
    }

    fn note(&self, deed: &'static str) {
        self.deeds.lock().unwrap().push(deed);
    }

    pub(in crate::apply) fn deeds(&self) -> Vec<&'static str> {
        self.deeds.lock().unwrap().clone()
    }
}

impl Model for Thing {
    const KIND: &'static str = "thing";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing::instant(0.0);
    type Outputs = BTreeMap<String, String>;

    fn naming(&self) -> Naming {
        Naming::Given(self.name.clone())
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { name: _, size, shape } = new;
        d.field("size", &old.size, size, Impact::new(Level::None, "test")).field(
            "shape",
            &old.shape,
            shape,
            Impact::new(Level::Replace, "test"),
        );
    }
}

impl Resource<Shelf> for Thing {
    async fn survey(w: &Shelf, _: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let there = w.there.lock().unwrap().clone();
        let seen = || -> Seen<Thing> {
            match &there {
                Some((thing, oid)) => Found::ready(thing.clone(), BTreeMap::new(), Owner::Oid(oid.clone())).into(),
                None => Seen::Absent,
            }
        };
        Ok(asks.iter().filter(|_| !w.mute).map(|_| seen()).collect())
    }

    async fn create(w: &Shelf, _: &Identity, _: &Self) -> Result<Done<Self>, CallError> {
        w.note("create");
        let outcome = w.creates.lock().unwrap().pop();
        match outcome {
            Some(Outcome::Fails(class)) => return Err(CallError::new("create", class, "")),
            Some(Outcome::Hangs) => std::future::pending::<()>().await,
            Some(Outcome::Vanishes) => return Ok(Done::pending(BTreeMap::new())),
            Some(Outcome::Breaks(disk)) => disk.fault(disk.ops(), Fault::Always(std::io::ErrorKind::Other)),
            None => {}
        }
        Ok(Done::ready(BTreeMap::new()))
    }

    async fn update(w: &Shelf, _: &Identity, _: &Found<Self>, _: &Self) -> Result<Done<Self>, CallError> {
        w.note("update");
        Ok(Done::ready(BTreeMap::new()))
    }

    async fn delete(w: &Shelf, _: &Identity, _: &Past<Self>) -> Result<Ending, CallError> {
        w.note("delete");
        Ok(Ending::Gone)
    }

    /// Takes ten seconds. The first one that is asked for can't be begun yet.
    async fn operate(w: &Shelf, _: &Identity, _: &Order<Self>) -> Result<Readiness, CallError> {
        let first = {
            let mut calls = w.operations.lock().unwrap();
            calls.came += 1;
            calls.now += 1;
            calls.most = calls.most.max(calls.now);
            calls.came == 1
        };
        if !first {
            Clock::default().sleep(Duration::from_secs(10)).await;
        }
        w.operations.lock().unwrap().now -= 1;
        if first { Err(CallError::not_begun("operate", "not yet")) } else { Ok(Readiness::Ready) }
    }

    async fn progress(_: &Shelf, _: &Look, _: &Order<Self>) -> Result<Readiness, CallError> {
        Err(CallError::new("progress", Class::Denied, "it is not for you to see"))
    }
}

impl World for Shelf {
    fn inventory<'a>(&'a self, _: &'a StackId) -> BoxFuture<'a, Result<Vec<Owned>, CallError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

pub(in crate::apply) const KIND: &dyn Kind<Shelf> = &Of::<Thing>::NEW;

pub(in crate::apply) fn thing(size: u32, shape: u32) -> Thing {
    Thing { name: "orders".to_owned(), size, shape }
}

pub(in crate::apply) fn me(generation: u32) -> Identity {
    let address = "thing.main".parse().unwrap();
    Identity {
        stack: StackId { name: "s".to_owned(), account: "1".to_owned(), region: "r".to_owned() },
        lineage: "l".to_owned(),
        oid: oid("l", &address, generation),
        address,
        generation,
        name: "orders".to_owned(),
    }
}

async fn done(shelf: &Shelf, generation: u32, job: Job) -> Result<Acted, CallError> {
    let (notes, _heard) = mpsc::unbounded_channel();
    let worker = Worker { kind: KIND, me: me(generation), job };
    perform(worker, shelf, &Clock::scaled(1000.0), (0, notes)).await.1
}

/// Deletes generation 0, beside which others are on record.
async fn deleted(shelf: &Shelf, others: Vec<String>) -> Result<Acted, CallError> {
    let ask = RawAsk { identity: me(0), spec: json!(thing(1, 1)), outputs: Some(json!({})) };
    done(shelf, 0, Job::Delete(Target { ask, incarnation: None, others, parent_stays: false, permitted: true })).await
}

#[tokio::test]
async fn where_its_successor_bears_its_name_it_is_gone() {
    let shelf = Shelf::with(thing(1, 2), &me(1).oid);
    let ended = deleted(&shelf, vec![me(1).oid]).await.unwrap();
    assert!(matches!(ended, Acted::Ended(Ending::Gone)));
    assert_eq!(shelf.deeds(), [""; 0], "the successor stays");
}

#[tokio::test]
async fn what_is_on_record_nowhere_is_a_strangers() {
    let shelf = Shelf::with(thing(1, 2), "somebody-elses");
    let refused = deleted(&shelf, vec![me(1).oid]).await.err().unwrap();
    assert_eq!(refused.class, Class::Conflict);
    assert_eq!(shelf.deeds(), [""; 0]);
}

#[tokio::test]
async fn what_was_recorded_is_deleted_whatever_else_is() {
    let shelf = Shelf::with(thing(1, 1), &me(0).oid);
    let ended = deleted(&shelf, vec![me(0).oid, me(1).oid]).await.unwrap();
    assert!(matches!(ended, Acted::Ended(Ending::Gone)));
    assert_eq!(shelf.deeds(), ["delete"]);
}

#[tokio::test]
async fn what_an_interrupted_create_left_out_is_edited() {
    let shelf = Shelf::with(thing(1, 1), &me(0).oid);
    let made = done(&shelf, 0, Job::Create { spec: json!(thing(2, 1)), look_first: true }).await.unwrap();
    assert!(matches!(made, Acted::Made(_)));
    assert_eq!(shelf.deeds(), ["update"]);
}

#[tokio::test]
async fn what_no_edit_brings_about_is_left_to_the_next_run() {
    let shelf = Shelf::with(thing(1, 1), &me(0).oid);
    let open = done(&shelf, 0, Job::Create { spec: json!(thing(2, 2)), look_first: true }).await.unwrap();
    let Acted::Open(error) = open else { panic!("it must stay open") };
    assert!(error.message.contains("can't change shape in place") && !error.in_doubt(), "{error}");
    assert_eq!(shelf.deeds(), [""; 0]);
}

#[tokio::test]
async fn what_is_not_answered_is_not_absent() {
    let shelf = Shelf { mute: true, ..Shelf::default() };
    let open = done(&shelf, 0, Job::Create { spec: json!(thing(1, 1)), look_first: true }).await.unwrap();
    let Acted::Open(error) = open else { panic!("it must stay open") };
    assert!(error.message.contains("0 answers to 1 question"), "{error}");
    assert_eq!(shelf.deeds(), [""; 0]);
}
