//! Members roll one at a time.

mod programs;

use super::*;
use crate::testing;
use auroractl_core::diff::FieldChange;
use auroractl_core::identity::StackId;
use auroractl_core::lower::Step;
use auroractl_core::model::Group;
use auroractl_core::observed::{Live, Observed, Owner};
use auroractl_core::{Deed, Desired, Estimate, Impact, Plan};
use serde_json::Value;

fn id() -> StackId {
    StackId { name: "orders".into(), account: "123456789012".into(), region: "us-east-1".into() }
}

fn at(name: &str) -> Address {
    Address::new("db_instance", name).unwrap()
}

pub(super) fn spec(name: &str, tier: u8) -> DbInstance {
    DbInstance { promotion_tier: tier, ..testing::member(name, "db.r7g.large") }
}

fn live(name: &str, tier: u8, is_writer: bool) -> (Address, Observed) {
    let (spec, outputs) = (spec(name, tier), testing::outputs(name, is_writer));
    let (spec, outputs) = (serde_json::to_value(spec).unwrap(), serde_json::to_value(outputs).unwrap());
    let live = Live::ready(spec, outputs, Owner::Untagged);
    (at(name), Observed::Live(Box::new(live)))
}

fn change(name: &str, action: Action, impact: Level) -> Change {
    Change { impact, name: name.into(), ..Change::bare(at(name), Group::Cluster, action) }
}

fn step(name: &str, verb: Verb, after: &[StepId]) -> Step {
    Step {
        address: at(name),
        verb,
        generation: 0,
        target: None,
        after: after.iter().copied().collect(),
        deed: Deed::Update,
        estimate: Estimate { p50: 1.0, p95: 4.0 },
        undoes: None,
        look_after: 1.0,
    }
}

fn refined(changes: Vec<Change>, observed: &[(Address, Observed)], steps: Vec<Step>) -> Vec<Vec<StepId>> {
    let (plan, observed) = (Plan { changes }, observed.iter().cloned().collect());
    let mut program = Program { steps };
    let graph = Desired::new(id()).check().unwrap();
    Members.refine(&View { plan: &plan, graph: &graph, observed: &observed }, &mut program);
    program.steps.into_iter().map(|step| step.after.into_iter().collect()).collect()
}

#[test]
fn readers_first_writer_last_one_at_a_time() {
    let changes = ["a", "b", "c"].map(|name| change(name, Action::Restart, Level::RebootOne)).to_vec();
    let observed = [live("a", 0, false), live("b", 0, true), live("c", 15, false)];
    // "a" was the first writer, so the others were made after it; now "b" is the writer.
    let steps = vec![step("a", Verb::Update, &[]), step("b", Verb::Update, &[0]), step("c", Verb::Update, &[0])];
    assert_eq!(refined(changes, &observed, steps), [vec![2], vec![0], vec![]]);
}

#[test]
fn what_nobody_feels_runs_side_by_side() {
    let changes = ["a", "b"].map(|name| change(name, Action::Update, Level::None)).to_vec();
    let observed = [live("a", 0, true), live("b", 1, false)];
    let steps = vec![step("a", Verb::Update, &[]), step("b", Verb::Update, &[])];
    assert_eq!(refined(changes, &observed, steps), [vec![], Vec::<StepId>::new()]);
}

#[test]
fn deferred_edits_count_where_a_call_takes_them_along() {
    let edges = |path: &str| {
        let impact = Impact::new(Level::None, "a page");
        let field = FieldChange { path: path.to_owned(), before: Value::Null, after: Value::Null, impact };
        let mut waiting = change("a", Action::Update, Level::None);
        waiting.fields.push(field);
        waiting.pending.insert("engine_version".into(), "16.13".into());
        let changes = vec![waiting, change("b", Action::Restart, Level::RebootOne)];
        let observed = [live("a", 0, true), live("b", 1, false)];
        let steps = vec![step("a", Verb::Update, &[]), step("b", Verb::Update, &[])];
        refined(changes, &observed, steps)
    };
    assert_eq!(edges("promotion_tier"), [vec![1], vec![]]);
    assert_eq!(edges("tags.team"), [vec![], Vec::<StepId>::new()], "tags are another call");
}

#[test]
fn a_replacement_is_one_turn() {
    let changes = vec![change("a", Action::Restart, Level::Failover), change("b", Action::Replace, Level::Replace)];
    let observed = [live("a", 0, true), live("b", 1, false)];
    let steps = vec![step("a", Verb::Update, &[]), step("b", Verb::Delete, &[]), step("b", Verb::Create, &[0, 1])];
    assert_eq!(refined(changes, &observed, steps), [vec![2], vec![], vec![1]]);
}

#[test]
fn other_edges_stay_and_nothing_waits_in_a_circle() {
    let changes = vec![
        change("a", Action::Restart, Level::RebootOne),
        change("b", Action::Restart, Level::Failover),
        change("new", Action::Create, Level::None),
    ];
    let observed = [live("a", 1, false), live("b", 0, true)];
    // Step 3 stands for the cluster; "a" waits for the new member, which waits for "b".
    let steps = vec![
        step("a", Verb::Update, &[2, 3]),
        step("b", Verb::Update, &[3]),
        step("new", Verb::Create, &[1]),
        step("x", Verb::Update, &[]),
    ];
    let after = refined(changes, &observed, steps);
    assert_eq!(after[0], [2, 3]);
    assert_eq!(after[1], [3], "an edge from a to b would close a circle");
}

#[test]
fn who_is_away_is_waited_for_unless_it_has_failed() {
    let failed = Readiness::Failed("its status is incompatible-parameters".into());
    for (readiness, waits) in [(Readiness::Pending("rebooting".into()), 1), (failed, 0), (Readiness::Ready, 0)] {
        let changes = vec![change("a", Action::Restart, Level::Failover), change("b", Action::NoOp, Level::None)];
        let (address, mut away) = live("b", 1, false);
        if let Observed::Live(live) = &mut away {
            live.readiness = readiness.clone();
        }
        let after = refined(changes, &[live("a", 0, true), (address, away)], vec![step("a", Verb::Update, &[])]);
        assert_eq!((after.len(), after[0].len()), (1 + waits, waits), "{readiness:?}");
    }
}

#[test]
fn a_reader_that_has_failed_has_no_turn() {
    let changes = ["a", "b", "c"].map(|name| change(name, Action::Restart, Level::RebootOne)).to_vec();
    let (address, mut lost) = live("c", 1, false);
    if let Observed::Live(live) = &mut lost {
        live.readiness = Readiness::Failed("its status is incompatible-parameters".into());
    }
    let observed = [live("a", 0, true), live("b", 15, false), (address, lost)];
    // "c" was the first writer, so the others were made after it.
    let steps = vec![step("a", Verb::Update, &[2]), step("b", Verb::Update, &[2]), step("c", Verb::Update, &[])];
    assert_eq!(refined(changes, &observed, steps), [vec![1], vec![], vec![]]);
}

#[test]
fn clusters_do_not_wait_for_one_another() {
    let changes = ["a", "b"].map(|name| change(name, Action::Restart, Level::RebootOne)).to_vec();
    let (address, mut other) = live("b", 1, false);
    if let Observed::Live(live) = &mut other {
        live.spec["db_cluster_identifier"] = "billing".into();
    }
    let steps = vec![step("a", Verb::Update, &[]), step("b", Verb::Update, &[])];
    assert_eq!(refined(changes, &[live("a", 1, false), (address, other)], steps), [vec![], Vec::<StepId>::new()]);
}
