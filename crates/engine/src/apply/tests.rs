//! Whole runs in a world with room for one thing: what is told of how they end.

use super::act::tests::{KIND, Outcome, Shelf, me, thing};
use super::*;
use crate::stop;
use crate::store::memory::{Fault, MemDisk};
use crate::store::{Local, Mode};
use auroractl_core::Desired;
use auroractl_core::durations::Priors;
use auroractl_core::identity::StackId;
use auroractl_core::lower::{Sources, lower};
use auroractl_core::observed::{Live, Owner};
use auroractl_core::plan::{Inputs, Options, plan};
use auroractl_core::state::{Record, Scope};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// The end of a run that makes the one thing that a stack wants.
async fn run(disk: &MemDisk, creates: Vec<Outcome>) -> Summary {
    heard(&Shelf::making(creates), disk, BTreeMap::new()).await.0
}

/// The end of the first run of a stack that wants one thing, and everything that was told on the way.
async fn heard(shelf: &Shelf, disk: &MemDisk, observed: BTreeMap<Address, Observed>) -> (Summary, Vec<Event>) {
    let stack = StackId { name: "s".into(), account: "1".into(), region: "r".into() };
    let mut desired = Desired::new(stack.clone());
    desired.add("main", &thing(1, 1)).unwrap();
    let graph = desired.check().unwrap();
    let (mut state, registry) = (State::new(stack, "l".into()), Registry::new(&[&[KIND]]));
    let (options, priors) = (Options::default(), Priors::default());
    let inputs = Inputs { kinds: &registry, graph: &graph, state: &state, observed: &observed, options: &options };
    let plan = plan(&inputs).unwrap();
    let sources = Sources { priors: &priors, graph: &graph, state: &state, observed: &observed, lowerings: &[] };
    let program = lower(&plan, &sources);
    let mode = Mode::Write { command: "test".into() };
    let (mut store, _) = Local::open_on(Arc::new(disk.clone()), Path::new("/state/s"), mode).unwrap();
    let (clock, (_trigger, stop), mut told) = (Clock::default(), stop::channel(), Vec::new());
    let mut hear = |event| told.push(event);
    let desk = Desk { store: &mut store, report: &mut hear, stop };
    let means = Means {
        world: shelf,
        registry: &registry,
        clock: &clock,
        parallel: 1,
        deadline: Some(Duration::from_secs(45)),
        run: "run",
        command: "test",
    };
    let work = Work { plan: &plan, program: &program, graph: &graph, observed: &observed, options: &options };
    let summary = apply(means, work, &mut state, desk).await.unwrap();
    (summary, told)
}

fn main() -> Address {
    "thing.main".parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_made_is_told_whatever_came_after() {
    let answers = vec![Outcome::Fails(Class::Ambiguous), Outcome::Fails(Class::Invalid)];
    let summary = run(&MemDisk::new(), answers).await;
    assert_eq!(summary.in_doubt, [main()], "the second answer says nothing of the first call");
    let summary = run(&MemDisk::new(), vec![Outcome::Fails(Class::Invalid)]).await;
    assert_eq!((summary.in_doubt, summary.failed.len()), (Vec::new(), 1));
    let summary = run(&MemDisk::new(), Vec::new()).await;
    assert_eq!((summary.in_doubt, summary.done), (Vec::new(), 1));
}

#[tokio::test(start_paused = true)]
async fn what_was_made_and_could_not_be_written_down_is_in_doubt() {
    let disk = MemDisk::new();
    let summary = run(&disk, vec![Outcome::Breaks(disk.clone())]).await;
    assert_eq!((summary.in_doubt, summary.stopped), (vec![main()], Some(Stopped::Store)));
    assert!(summary.unwritten.is_some_and(|why| why.starts_with("can't append to /state/s/journal: ")));
}

#[tokio::test(start_paused = true)]
async fn why_the_last_snapshot_could_not_be_written_is_told() {
    let whole = MemDisk::new();
    let summary = run(&whole, Vec::new()).await;
    assert_eq!((summary.stopped, summary.unwritten), (None, None));
    // The very last one sets space aside for the next run, which asks for itself.
    for at in whole.ops() - 10..whole.ops() - 1 {
        let disk = MemDisk::new();
        disk.fault(at, Fault::Always(std::io::ErrorKind::StorageFull));
        let summary = run(&disk, Vec::new()).await;
        assert_eq!((summary.done, summary.stopped), (1, Some(Stopped::Store)), "operation {at}");
        let why = summary.unwritten.unwrap_or_default();
        assert!(why.contains("the disk is full") && why.ends_with("free some space and run again"), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_fails_names_its_resource_once() {
    let summary = run(&MemDisk::new(), vec![Outcome::Vanishes]).await;
    let failed: Vec<String> = summary.failed.iter().map(|(at, error)| format!("{at}: {error}")).collect();
    assert_eq!(failed, ["thing.main: wait: it is no longer there"]);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_shows_signs_of_life() {
    let shelf = Shelf::making(vec![Outcome::Hangs]);
    let (summary, told) = heard(&shelf, &MemDisk::new(), BTreeMap::new()).await;
    assert_eq!((summary.stopped, summary.in_doubt), (Some(Stopped::Deadline), vec![main()]));
    let active = vec![(main(), String::new())];
    assert!(told.contains(&Event::Heartbeat { active, done: 0, steps: 1 }), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn what_bears_our_mark_and_stands_in_no_journal_can_be_made_anew() {
    let shelf = Shelf::with(thing(1, 2), &me(0).oid);
    let live = Live::ready(json!(thing(1, 2)), json!({}), Owner::Oid(me(0).oid));
    let observed = BTreeMap::from([(main(), Observed::Live(Box::new(live)))]);
    let (summary, _) = heard(&shelf, &MemDisk::new(), observed).await;
    assert_eq!((summary.failed, summary.done), (Vec::new(), 2));
    assert_eq!(shelf.deeds(), ["delete", "create"]);
}

/// A run with one place for calls, of two operations on what is on record that need not wait for one another.
#[tokio::test(start_paused = true)]
async fn what_is_asked_for_again_waits_for_a_free_place() {
    let stack = StackId { name: "s".into(), account: "1".into(), region: "r".into() };
    let mut desired = Desired::new(stack.clone());
    desired.add("main", &thing(1, 1)).unwrap();
    let graph = desired.check().unwrap();
    let record = Record {
        kind: "thing".into(),
        version: 1,
        scope: Scope { account: "1".into(), region: "r".into() },
        oid: me(0).oid,
        generation: 0,
        name: "orders".into(),
        applied: json!(thing(1, 1)),
        outputs: json!({}),
        deps: BTreeSet::new(),
        incarnation: None,
        settled: true,
        born: 0,
    };
    let mut state = State::new(stack, "l".into());
    state.resources.insert(main(), record);
    let live = Live::ready(json!(thing(1, 1)), json!({}), Owner::Oid(me(0).oid));
    let observed = BTreeMap::from([(main(), Observed::Live(Box::new(live)))]);
    let (registry, options) = (Registry::new(&[&[KIND]]), Options::default());
    let inputs = Inputs { kinds: &registry, graph: &graph, state: &state, observed: &observed, options: &options };
    let plan = plan(&inputs).unwrap();
    let mut program = Program::default();
    for verb in [Verb::Settle, Verb::Restart] {
        let _ = program.operate(&plan.changes[0], verb);
    }
    let mode = Mode::Write { command: "test".into() };
    let (mut store, _) = Local::open_on(Arc::new(MemDisk::new()), Path::new("/state/s"), mode).unwrap();
    let (clock, (_trigger, stop), shelf) = (Clock::default(), stop::channel(), Shelf::default());
    let mut hear = |_: Event| {};
    let desk = Desk { store: &mut store, report: &mut hear, stop };
    let means = Means {
        world: &shelf,
        registry: &registry,
        clock: &clock,
        parallel: 1,
        deadline: None,
        run: "run",
        command: "test",
    };
    let work = Work { plan: &plan, program: &program, graph: &graph, observed: &observed, options: &options };
    let summary = apply(means, work, &mut state, desk).await.unwrap();
    assert_eq!((summary.failed, summary.done), (Vec::new(), 2));
    let calls = shelf.operations();
    assert_eq!((calls.came, calls.most), (3, 1));
    assert_eq!(clock.now().as_secs(), 20, "the place is taken as soon as it is free");
}
