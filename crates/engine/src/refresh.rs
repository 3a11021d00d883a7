//! Looks at everything a plan needs, in one batched look.

use crate::clock::Clock;
use crate::error::{CallError, Class};
use crate::kind::{Edit, RawAsk, Registry};
use crate::look::Look;
use crate::searching::Searching;
use auroractl_core::identity::{self, Identity, Naming};
use auroractl_core::kind::PureKind;
use auroractl_core::model::Adoption;
use auroractl_core::observed::{Live, Observed, Readiness};
use auroractl_core::reference::{self, Promise};
use auroractl_core::state::{Deposed, Intent, Record, State, Verb};
use auroractl_core::{Address, Graph};
use futures::future::join_all;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// By so many seconds the clocks of two machines may differ that both work on a stack: each may be off AWS's by five
/// minutes. An age is believed only where such a difference can't explain it; else a record that was just made on
/// another machine would look old, and what AWS does not show yet would be made a second time.
const CLOCKS: f64 = 600.0;

/// What is looked at.
pub struct Scene<'a, W: 'static> {
    /// The world.
    pub world: &'a W,
    /// Its kinds.
    pub registry: &'a Registry<W>,
    /// The clock.
    pub clock: &'a Clock,
    /// What the stack wants.
    pub graph: &'a Graph,
    /// What was recorded.
    pub state: &'a State,
}

// By hand: a derive would ask `W: Copy`.
impl<W> Clone for Scene<'_, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for Scene<'_, W> {}

/// How long to search for what an interrupted run may have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// One look: enough for a plan that is only read.
    Once,
    /// Until the consistency horizon has passed: before anything is made.
    Patient,
}

/// What was seen, by address. Addresses that cannot exist are not in it.
pub type Seen = BTreeMap<Address, Observed>;

/// Looks at every resource that the stack wants, the state knows or an intent names.
///
/// # Errors
/// When the caller may not look, or the credentials are no good.
pub async fn refresh<W>(scene: Scene<'_, W>, search: Search) -> Result<Seen, CallError> {
    let asks = asks(scene);
    let mut searching = Searching::new(scene.clock, Duration::from_secs(2));
    // An answer is as old as its question: a look that is throttled may take longer than a horizon.
    let (mut spent, mut asked) = (Duration::ZERO, scene.clock.wall());
    let mut seen = survey(scene, &asks).await?;
    loop {
        let again: BTreeMap<Address, RawAsk> = asks
            .iter()
            .filter(|(at, _)| seen.get(*at) == Some(&Observed::Absent) && doubtful(scene, at, search, (spent, asked)))
            .map(|(at, ask)| (at.clone(), ask.clone()))
            .collect();
        if again.is_empty() {
            needs(scene, &mut seen).await?;
            seamless(scene, &mut seen).await?;
            return Ok(seen);
        }
        searching.pause().await;
        (spent, asked) = (searching.spent(), scene.clock.wall());
        seen.extend(survey(scene, &again).await?);
    }
}

/// Asks of what the stack does not want any more whether something else needs it.
async fn needs<W>(scene: Scene<'_, W>, seen: &mut Seen) -> Result<(), CallError> {
    let leaving = leaving(scene);
    let unwanted = seen.iter().filter(|(at, _)| scene.graph.node(at).is_none());
    let asked = unwanted.filter_map(|(at, seen)| Some((at, scene.registry.get(at.kind())?, seen.live()?)));
    let answers = join_all(asked.map(|(at, kind, live)| {
        let leaving = &leaving;
        async move { (at.clone(), kind.needed(scene.world, &live.outputs, leaving).await) }
    }))
    .await;
    for (at, answer) in answers {
        match (answer, seen.get_mut(&at)) {
            (Ok(what), Some(Observed::Live(live))) => live.needed_by = what,
            (Err(error), _) if matches!(error.class, Class::Denied | Class::Credentials) => return Err(error),
            (Err(error), Some(seen)) => *seen = Observed::Unknown(error.to_string()),
            _ => {}
        }
    }
    Ok(())
}

/// Names and ARNs of what is on record and not wanted any more. What was dropped from the state is not among them: it stays.
fn leaving<W>(scene: Scene<'_, W>) -> BTreeSet<String> {
    let unwanted = |at: &Address| scene.graph.node(at).is_none();
    let records = scene.state.resources.iter().filter(|(at, _)| unwanted(at)).map(|(_, record)| &record.outputs);
    let deposed = scene.state.deposed.values().flatten().map(|old| &old.outputs);
    let texts = records.chain(deposed).filter_map(Value::as_object).flat_map(serde_json::Map::values);
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Asks of what the stack edits which of the edits interrupt nobody.
async fn seamless<W>(scene: Scene<'_, W>, seen: &mut Seen) -> Result<(), CallError> {
    let look = Look::new();
    let edited = seen.iter().filter_map(|(at, seen)| {
        let (from, to) = (seen.live()?, known(scene.state, &scene.graph.node(at)?.spec));
        (from.spec != to).then_some((at, scene.registry.get(at.kind())?, from, to))
    });
    let answers = join_all(edited.map(|(at, kind, from, to)| {
        let look = &look;
        async move { (at.clone(), kind.seamless(scene.world, look, Edit { from, to: &to }).await) }
    }))
    .await;
    for (at, answer) in answers {
        match (answer, seen.get_mut(&at)) {
            (Ok(fields), Some(Observed::Live(live))) => {
                live.seamless = fields.iter().map(|field| (*field).to_owned()).collect();
            }
            (Err(error), _) if matches!(error.class, Class::Denied | Class::Credentials) => return Err(error),
            (Err(error), Some(seen)) => *seen = Observed::Unknown(error.to_string()),
            _ => {}
        }
    }
    Ok(())
}

/// May AWS still hide what was recorded at its birth and never seen usable since? `horizon` is that of its kind, in seconds.
pub(crate) fn may_be_hidden(record: &Record, horizon: f64, asked: Timestamp) -> bool {
    let age = asked.as_second().saturating_sub(record.born);
    let old = u64::try_from(age).is_ok_and(|age| Duration::from_secs(age).as_secs_f64() > horizon + CLOCKS);
    !record.settled && !old
}

/// Is "absent" not yet to be believed, asked for after so much searching and at this time?
fn doubtful<W>(scene: Scene<'_, W>, at: &Address, search: Search, (spent, asked): (Duration, Timestamp)) -> bool {
    let Some(kind) = scene.registry.get(at.kind()) else { return false };
    let horizon = f64::from(kind.timing().horizon);
    if let Some(record) = scene.state.resources.get(at) {
        return spent.as_secs_f64() < horizon && may_be_hidden(record, horizon, asked);
    }
    let Some(intent) = scene.state.create_intent(at).filter(|intent| intent.attempted) else { return false };
    // The same create may be sent again where its name or token refuses a second one. A guard or a relation does
    // so too, but only under the same parent, which the plan may replace; and what is no longer wanted, or wanted
    // under another name or address, is not sent again just so: what is hidden now would be forgotten.
    let same = scene.graph.node(at).is_some_and(|node| node.spec == intent.spec)
        && intent.oid == identity::oid(&scene.state.lineage, at, intent.generation);
    let repeatable = same && matches!(kind.adoption(), Adoption::Named | Adoption::Token | Adoption::Upsert);
    search == Search::Patient && !repeatable && spent.as_secs_f64() < horizon
}

/// Asks all kinds at once, sharing one look.
async fn survey<W>(scene: Scene<'_, W>, asks: &BTreeMap<Address, RawAsk>) -> Result<Seen, CallError> {
    let mut by_kind: BTreeMap<&str, Vec<&RawAsk>> = BTreeMap::new();
    for (at, ask) in asks {
        by_kind.entry(at.kind()).or_default().push(ask);
    }
    let look = Look::new();
    let kinds = by_kind.into_iter().filter_map(|(name, asks)| Some((scene.registry.get(name)?, asks)));
    let answers = join_all(kinds.map(|(kind, asks)| {
        let look = &look;
        async move {
            let asks: Vec<RawAsk> = asks.into_iter().cloned().collect();
            let answer = kind.survey(scene.world, look, &asks).await;
            (asks, answer)
        }
    }))
    .await;
    let mut seen = Seen::new();
    for (asks, answer) in answers {
        let answers = match answer {
            Ok(answers) => answers,
            Err(error) if matches!(error.class, Class::Denied | Class::Credentials) => return Err(error),
            Err(error) => vec![Observed::Unknown(error.to_string()); asks.len()],
        };
        seen.extend(asks.into_iter().map(|ask| ask.identity.address).zip(answers));
    }
    Ok(seen)
}

/// One ask per address; addresses that cannot exist are left out.
fn asks<W>(scene: Scene<'_, W>) -> BTreeMap<Address, RawAsk> {
    let state = scene.state;
    let intended = state.intents.iter().filter(|intent| intent.verb == Verb::Create).map(|intent| &intent.address);
    let wanted = scene.graph.order().iter().chain(scene.graph.surges().keys());
    let all: BTreeSet<&Address> = wanted.chain(state.resources.keys()).chain(intended).collect();
    all.into_iter().filter_map(|at| Some((at.clone(), ask(scene, at)?))).collect()
}

fn ask<W>(scene: Scene<'_, W>, at: &Address) -> Option<RawAsk> {
    let kind = scene.registry.get(at.kind())?;
    if let Some(record) = scene.state.resources.get(at) {
        return Some(of_record(scene.state, at, record));
    }
    if let Some(intent) = scene.state.create_intent(at) {
        return Some(of_intent(scene.state, intent));
    }
    let spec = known(scene.state, &scene.graph.any(at)?.spec);
    let identity = fresh(scene.state, kind, at, &spec)?;
    may_exist(kind, &spec).then_some(RawAsk { identity, spec, outputs: None })
}

/// The record with what a look taught, if that is anything new.
#[must_use]
pub fn learned(record: &Record, live: &Live) -> Option<Record> {
    let mut new = record.clone();
    new.settled |= live.readiness == Readiness::Ready;
    new.outputs = live.outputs.clone();
    new.incarnation = live.incarnation.clone().or(new.incarnation);
    (new != *record).then_some(new)
}

/// The question about a recorded resource.
#[must_use]
pub fn of_record(state: &State, at: &Address, record: &Record) -> RawAsk {
    let Record { generation, oid, name, .. } = record;
    let identity = Identity { generation: *generation, oid: oid.clone(), name: name.clone(), ..unborn(state, at) };
    RawAsk { identity, spec: record.applied.clone(), outputs: Some(record.outputs.clone()) }
}

/// The question about the predecessor in a half-done replacement.
#[must_use]
pub fn of_deposed(state: &State, at: &Address, old: &Deposed) -> RawAsk {
    let Deposed { generation, oid, name, .. } = old;
    let identity = Identity { generation: *generation, oid: oid.clone(), name: name.clone(), ..unborn(state, at) };
    RawAsk { identity, spec: old.applied.clone(), outputs: Some(old.outputs.clone()) }
}

/// The question whether an interrupted create was executed.
#[must_use]
pub fn of_intent(state: &State, intent: &Intent) -> RawAsk {
    RawAsk { identity: intended(state, intent), spec: known(state, &intent.spec), outputs: None }
}

/// Who an intent is about.
pub(crate) fn intended(state: &State, intent: &Intent) -> Identity {
    let Intent { address, generation, oid, name, .. } = intent;
    Identity { generation: *generation, oid: oid.clone(), name: name.clone(), ..unborn(state, address) }
}

/// What all that is born at an address has in common.
pub(crate) fn unborn(state: &State, at: &Address) -> Identity {
    let (stack, lineage) = (state.stack.clone(), state.lineage.clone());
    Identity { stack, lineage, address: at.clone(), generation: 0, oid: String::new(), name: String::new() }
}

/// The spec with every promise kept that the state can keep.
#[must_use]
pub fn known(state: &State, spec: &Value) -> Value {
    reference::resolve(spec, &|promise: &Promise| {
        state.resources.get(&promise.of)?.outputs.get(&promise.output).cloned()
    })
}

/// The identity that a create would get now.
fn fresh(state: &State, kind: &dyn PureKind, at: &Address, spec: &Value) -> Option<Identity> {
    let generation = state.generation(at);
    let oid = identity::oid(&state.lineage, at, generation);
    let name = kind.naming(spec).ok()?.name(&state.stack, at, &oid);
    Some(Identity { generation, oid, name, ..unborn(state, at) })
}

/// Can a resource that nobody ever tried to make exist? Only under a name that
/// others may have chosen too: a derived name and an ownership tag hold an oid
/// that nobody has used.
fn may_exist(kind: &dyn PureKind, spec: &Value) -> bool {
    matches!(kind.naming(spec), Ok(Naming::Given(_)))
}
