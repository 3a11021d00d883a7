//! Programs and what they are felt as.

use super::*;
use crate::diff::FieldChange;
use crate::durations::Deed;
use crate::impact::{Impact, When};
use crate::lower::{Step, StepId};
use crate::model::Group;
use crate::plan::{Action, Reason};
use crate::rehearse::rehearse;
use serde_json::Value;
use std::collections::BTreeSet;

const STEP: Estimate = Estimate { p50: 400.0, p95: 900.0 };
/// The maintenance window of everybody.
const SUNDAY: &str = "sun:04:30-sun:05:30";

fn at(address: &str) -> Address {
    address.parse().unwrap()
}

fn change(address: &str, action: Action, fields: &[(&str, Level, When)]) -> Change {
    let field = |(path, level, when): &(&str, Level, When)| FieldChange {
        path: (*path).to_owned(),
        before: Value::Null,
        after: Value::Null,
        impact: Impact::new(*level, "a page").when(*when),
    };
    Change {
        fields: fields.iter().map(field).collect(),
        generation: 1,
        ..Change::bare(at(address), Group::Cluster, action)
    }
}

fn step(address: &str, verb: Verb, after: &[StepId]) -> Step {
    let after: BTreeSet<StepId> = after.iter().copied().collect();
    Step {
        address: at(address),
        verb,
        generation: 1,
        after,
        target: None,
        deed: Deed::Update,
        estimate: STEP,
        undoes: None,
        look_after: 0.0,
    }
}

/// Members of `db_cluster.main` by name and tier; the first one writes, and one with a question mark is only wanted.
fn cast(names: &[(&str, u8)]) -> BTreeMap<Address, Member> {
    let member = |(index, (name, tier)): (usize, &(&str, u8))| {
        let (name, exists) = name.strip_suffix('?').map_or((*name, true), |name| (name, false));
        let (cluster, writer) = (at("db_cluster.main"), index == 0 && exists);
        (at(&format!("db_instance.{name}")), Member { cluster, writer, ready: exists, tier: *tier, exists })
    };
    names.iter().enumerate().map(member).collect()
}

fn lasts() -> Lasts {
    let mut lasts = Lasts::default();
    let lines =
        [("failover", 15.0, 60.0), ("reconnect", 1.0, 5.0), ("restart", 30.0, 90.0), ("write_outage", 300.0, 600.0)];
    let more = [("db_instance.db_instance_class", 300.0, 600.0), ("security_group_rule.delete", 1.0, 5.0)];
    for (cause, p50, p95) in lines.into_iter().chain(more) {
        lasts.add(cause, Estimate { p50, p95 });
    }
    lasts
}

fn foretold(members: &[(&str, u8)], changes: Vec<Change>, steps: Vec<Step>) -> Outage {
    let (plan, program, cast, lasts) = (Plan { changes }, Program { steps }, cast(members), lasts());
    let rehearsal = rehearse(&program, 16).unwrap();
    let windows = cast.keys().cloned().chain([at("db_cluster.main")]).map(|at| (at, SUNDAY.to_owned()));
    let maintenance: BTreeMap<Address, String> = windows.collect();
    let (plan, program, rehearsal) = (&plan, &program, &rehearsal);
    outage(&Scene { plan, program, rehearsal, cast: &cast, maintenance: &maintenance, lasts: &lasts })
}

/// What, of whom, when it begins and when it is over.
fn told(outage: &Outage) -> Vec<(Felt, String, f32, Option<f32>)> {
    let one = |window: &Window| (window.what, window.address.to_string(), window.from, window.until.map(|end| end.p50));
    outage.windows.iter().map(one).collect()
}

fn handover(from: &str, to: &str) -> Handover {
    let member = |name: &str| at(&format!("db_instance.{name}"));
    Handover { from: Some(member(from)), to: member(to) }
}

const CLASS: (&str, Level, When) = ("db_instance_class", Level::RebootOne, When::Now);

fn roll(names: &[&str]) -> (Vec<Change>, Vec<Step>) {
    let address = |name: &&str| format!("db_instance.{name}");
    let changes = names.iter().map(|name| change(&address(name), Action::Restart, &[CLASS])).collect();
    let before = |turn: usize| turn.checked_sub(1).into_iter().collect::<Vec<_>>();
    let steps = names.iter().enumerate().map(|(turn, name)| step(&address(name), Verb::Update, &before(turn)));
    (changes, steps.collect())
}

#[test]
fn readers_one_at_a_time_and_the_writer_fails_over() {
    let (changes, steps) = roll(&["b", "c", "a"]);
    let outage = foretold(&[("a", 0), ("b", 1), ("c", 2)], changes, steps);
    assert_eq!(outage.writer, Writing { times: 1, lasts: Estimate { p50: 15.0, p95: 60.0 } });
    assert_eq!(outage.readers, Reading { times: 2, at_once: 1, replaced: 0 });
    assert_eq!(
        told(&outage),
        [
            (Felt::ReaderRestarts, "db_instance.b".to_owned(), 100.0, Some(400.0)),
            (Felt::ReaderRestarts, "db_instance.c".to_owned(), 500.0, Some(800.0)),
            (Felt::WriterUnavailable, "db_cluster.main".to_owned(), 900.0, Some(915.0)),
        ]
    );
    assert_eq!(outage.windows[2].by, at("db_instance.a"));
    assert_eq!(outage.windows[2].fields, ["db_instance_class"]);
    assert_eq!(outage.windows.iter().map(|window| window.step).collect::<Vec<_>>(), [0, 1, 2]);
    let begun = outage.with(outage.windows[..1].to_vec());
    assert_eq!(
        (begun.writer.times, begun.readers, begun.windows.len()),
        (0, Reading { times: 1, at_once: 1, replaced: 0 }, 1)
    );
    assert_eq!(outage.windows[2].handover, Some(handover("a", "b")));
    assert_eq!(outage.in_window, None, "nothing is left to the window");
}

#[test]
fn turns_that_follow_one_another_are_not_at_once_by_a_rounding() {
    // As measured: no sum of these is exact in the width of a window's times.
    let lasts = |begin: f32| Estimate { p50: begin + 31.7, p95: begin + 60.3 };
    let window = |(turn, name): (u16, &&str)| {
        let from = 100.3 + f32::from(turn) * 31.7;
        let (address, until) = (at(&format!("db_instance.{name}")), Some(lasts(from)));
        let (what, by, fields) = (Felt::ReaderRestarts, address.clone(), Vec::new());
        Window { what, by, address, step: usize::from(turn), fields, handover: None, from, until }
    };
    let names = ["b", "c", "d", "e", "f", "g"];
    let windows: Vec<Window> = (0..).zip(&names).map(window).collect();
    let off = |pair: &[Window]| pair[0].until_median() > pair[1].from;
    assert!(windows.windows(2).any(off), "the numbers do not show what this is about");
    assert_eq!(Outage::of(windows).readers, Reading { times: 6, at_once: 1, replaced: 0 });
}

#[test]
fn who_took_over_is_the_writer_then() {
    // The writer first: "b" takes over by its tier, and its own restart is another failover.
    let (changes, steps) = roll(&["a", "b", "c"]);
    let outage = foretold(&[("a", 0), ("b", 1), ("c", 2)], changes, steps);
    assert_eq!(outage.writer.times, 2, "{:?}", outage.windows);
    assert_eq!(outage.readers.times, 1);
    assert!((outage.writer.lasts.p95 - (30.0 + 45.0_f32.hypot(45.0))).abs() < 0.1, "bad days are independent");
}

#[test]
fn who_hands_the_role_over_restarts_as_a_reader() {
    let (mut changes, mut steps) = roll(&["b", "a"]);
    changes.push(change("db_cluster.main", Action::NoOp, &[]));
    let estimate = Estimate { p50: 15.0, p95: 60.0 };
    let failover = step("db_cluster.main", Verb::Failover, &[0]);
    steps.push(Step { target: Some(at("db_instance.b")), estimate, ..failover });
    steps[1].after = BTreeSet::from([2]);
    let outage = foretold(&[("a", 0), ("b", 1)], changes, steps);
    assert_eq!(outage.writer, Writing { times: 1, lasts: estimate });
    assert_eq!(outage.readers, Reading { times: 2, at_once: 1, replaced: 0 });
    assert_eq!(outage.windows[1].by, at("db_cluster.main"));
    assert_eq!(outage.windows[1].handover, Some(handover("a", "b")));
}

#[test]
fn one_that_stands_in_takes_the_role_and_gives_it_back() {
    let (mut changes, mut steps) = roll(&["a"]);
    changes.push(change("db_cluster.main", Action::NoOp, &[]));
    changes.push(Change { reasons: vec![Reason::StandsIn], ..change("db_instance.s", Action::Surge, &[]) });
    let estimate = Estimate { p50: 15.0, p95: 60.0 };
    let moves = |verb, to: &str, after| Step { target: Some(at(to)), estimate, ..step("db_cluster.main", verb, after) };
    steps[0].after = BTreeSet::from([2]);
    steps.push(step("db_instance.s", Verb::Create, &[]));
    steps.push(moves(Verb::Failover, "db_instance.s", &[1]));
    steps.push(moves(Verb::Failback, "db_instance.a", &[0]));
    steps.push(step("db_instance.s", Verb::Delete, &[3]));
    let outage = foretold(&[("a", 0), ("s?", 15)], changes, steps);
    assert_eq!(outage.writer.times, 2, "{:?}", outage.windows);
    assert_eq!(outage.writer.lasts.p50, 30.0);
    let felt: Vec<Felt> = outage.windows.iter().map(|window| window.what).collect();
    assert_eq!(
        felt,
        [Felt::WriterUnavailable, Felt::ReaderRestarts, Felt::WriterUnavailable, Felt::ConnectionsDropped]
    );
    assert_eq!(outage.windows[3].address, at("db_instance.s"));
}

#[test]
fn a_writer_that_is_told_to_restart_gives_way_to_nobody() {
    let changes = vec![change("db_instance.a", Action::NoOp, &[])];
    let outage = foretold(&[("a", 0), ("b", 1)], changes, vec![step("db_instance.a", Verb::Restart, &[])]);
    assert_eq!(outage.writer, Writing { times: 1, lasts: Estimate { p50: 30.0, p95: 90.0 } });
}

#[test]
fn what_a_restart_of_this_run_makes_count_is_not_later() {
    let group = "db_cluster_parameter_group.main";
    let edit = || change(group, Action::Update, &[("parameters.x", Level::RebootAll, When::AtReboot)]);
    let edited = || step(group, Verb::Update, &[]);
    let left = foretold(&[("a", 0)], vec![edit()], vec![edited()]);
    assert_eq!(left.later.len(), 1);
    let changes = vec![edit(), change("db_instance.a", Action::NoOp, &[])];
    let done = foretold(&[("a", 0)], changes, vec![edited(), step("db_instance.a", Verb::Restart, &[0])]);
    assert_eq!(done.later, []);
}

#[test]
fn without_a_reader_nothing_can_be_written_until_it_is_back() {
    let (changes, steps) = roll(&["a"]);
    let outage = foretold(&[("a", 0)], changes, steps);
    assert_eq!(outage.writer, Writing { times: 1, lasts: Estimate { p50: 300.0, p95: 600.0 } });
}

#[test]
fn side_by_side_nobody_can_take_over() {
    let (changes, mut steps) = roll(&["a", "b", "c"]);
    steps.iter_mut().for_each(|step| step.after.clear());
    let outage = foretold(&[("a", 0), ("b", 1), ("c", 2)], changes, steps);
    // a fails over to b, b to c, and c restarts with nobody left: one outage as long as c's.
    assert_eq!(outage.windows.len(), 3, "{:?}", outage.windows);
    assert_eq!(outage.writer, Writing { times: 1, lasts: Estimate { p50: 300.0, p95: 600.0 } });
}

#[test]
fn a_new_reader_takes_over_only_when_it_is_there() {
    let (mut changes, mut steps) = roll(&["a"]);
    changes.push(change("db_instance.b", Action::Create, &[]));
    steps.push(step("db_instance.b", Verb::Create, &[]));
    let members = [("a", 0), ("b?", 1)];
    assert_eq!(foretold(&members, changes.clone(), steps.clone()).writer.lasts.p50, 300.0);
    steps[0].after.insert(1);
    assert_eq!(foretold(&members, changes, steps).writer.lasts.p50, 15.0);
}

#[test]
fn what_restarts_the_cluster_restarts_all_at_once() {
    let port = change("db_cluster.main", Action::Restart, &[("port", Level::RebootAll, When::Now)]);
    let outage =
        foretold(&[("a", 0), ("b", 1), ("c", 2)], vec![port], vec![step("db_cluster.main", Verb::Update, &[])]);
    assert_eq!(outage.writer, Writing { times: 1, lasts: Estimate { p50: 30.0, p95: 90.0 } });
    assert_eq!(outage.readers, Reading { times: 2, at_once: 2, replaced: 0 });
    assert!(told(&outage).contains(&(Felt::EndpointChanges, "db_cluster.main".to_owned(), 400.0, None)));
}

#[test]
fn what_counts_after_a_restart_is_not_felt_now() {
    let parameters = ("db_parameter_group_name", Level::RebootOne, When::AtReboot);
    let changes = vec![change("db_instance.a", Action::Restart, &[parameters])];
    let outage = foretold(&[("a", 0), ("b", 1)], changes, vec![step("db_instance.a", Verb::Update, &[])]);
    assert!(outage.is_none());
    assert_eq!(outage.later[0].field, "db_parameter_group_name");
}

#[test]
fn deferred_edits_come_with_the_next_call() {
    let one = |fields: &[(&str, Level, When)]| {
        let mut change = change("db_instance.b", Action::Update, fields);
        change.pending.insert("engine_version".to_owned(), Value::Null);
        foretold(&[("a", 0), ("b", 1)], vec![change], vec![step("db_instance.b", Verb::Update, &[])]).readers.times
    };
    assert_eq!(one(&[("promotion_tier", Level::None, When::Now)]), 1);
    assert_eq!(one(&[("tags.team", Level::None, When::Now)]), 0);
}

#[test]
fn a_version_that_was_left_to_the_window_restarts_all_with_a_quiet_edit_that_takes_it_along() {
    let one = |path: &str| {
        let mut change = change("db_cluster.main", Action::Update, &[(path, Level::None, When::Now)]);
        change.pending.insert("engine_version".to_owned(), Value::Null);
        let steps = vec![step("db_cluster.main", Verb::Update, &[])];
        foretold(&[("a", 0), ("b", 1), ("c", 2)], vec![change], steps)
    };
    let outage = one("backup_retention_period");
    assert_eq!((outage.writer.times, outage.readers), (1, Reading { times: 2, at_once: 2, replaced: 0 }));
    assert!(one("deletion_protection").is_none());
}

#[test]
fn readers_that_go_and_readers_that_are_replaced() {
    let mut replaced = change("db_instance.b", Action::Replace, &[("availability_zone", Level::Replace, When::Now)]);
    replaced.old_generation = Some(0);
    let changes = vec![replaced, change("db_instance.c", Action::Delete, &[])];
    let steps = vec![
        step("db_instance.b", Verb::Delete, &[]),
        step("db_instance.b", Verb::Create, &[0]),
        step("db_instance.c", Verb::Delete, &[]),
    ];
    let outage = foretold(&[("a", 0), ("b", 1), ("c", 2)], changes, steps);
    assert_eq!(
        told(&outage),
        [
            (Felt::ReaderReplaced, "db_instance.b".to_owned(), 0.0, Some(800.0)),
            (Felt::ReaderLeaves, "db_instance.c".to_owned(), 0.0, Some(1.0))
        ]
    );
    assert_eq!((outage.worst().count(), outage.dropped), (0, 1));
    assert_eq!(outage.readers, Reading { times: 1, at_once: 1, replaced: 1 });
}

#[test]
fn a_reader_whose_successor_is_there_takes_nothing_along() {
    let renamed = [("db_instance_identifier", Level::Replace, When::Now)];
    let replaced = Change { old_generation: Some(0), ..change("db_instance.b", Action::Replace, &renamed) };
    let changes = vec![replaced, change("db_instance.a", Action::Restart, &[CLASS])];
    let steps = vec![
        Step { generation: 0, ..step("db_instance.b", Verb::Delete, &[1]) },
        step("db_instance.b", Verb::Create, &[]),
        step("db_instance.a", Verb::Update, &[0]),
    ];
    let outage = foretold(&[("a", 0), ("b", 1)], changes, steps);
    assert_eq!(
        told(&outage),
        [
            (Felt::ReaderReplaced, "db_instance.b".to_owned(), 400.0, Some(401.0)),
            (Felt::WriterUnavailable, "db_cluster.main".to_owned(), 900.0, Some(915.0)),
        ]
    );
}

#[test]
fn who_goes_since_an_earlier_run_made_its_successor_cuts_off_its_clients() {
    let left = Change { deposed: vec![0], ..change("db_instance.b", Action::NoOp, &[]) };
    let steps = vec![Step { generation: 0, ..step("db_instance.b", Verb::Delete, &[]) }];
    let outage = foretold(&[("a", 0), ("b", 1)], vec![left], steps);
    assert_eq!((outage.dropped, outage.readers.times, outage.windows.len()), (1, 0, 1));
}

#[test]
fn a_cluster_that_goes_is_told_once() {
    let addresses = ["db_instance.a", "db_instance.b", "db_cluster.main"];
    let changes = addresses.map(|at| change(at, Action::Delete, &[])).to_vec();
    let steps = vec![
        step("db_instance.b", Verb::Delete, &[]),
        step("db_instance.a", Verb::Delete, &[0]),
        step("db_cluster.main", Verb::Delete, &[0, 1]),
    ];
    let outage = foretold(&[("a", 0), ("b", 1)], changes, steps);
    assert_eq!(told(&outage), [(Felt::GoneForGood, "db_cluster.main".to_owned(), 0.0, None)]);
    assert_eq!(outage.worst().count(), 1);
}

#[test]
fn a_new_cluster_is_felt_by_nobody() {
    let changes =
        ["db_cluster.main", "db_instance.a", "db_instance.b"].map(|at| change(at, Action::Create, &[])).to_vec();
    let steps = vec![
        step("db_cluster.main", Verb::Create, &[]),
        step("db_instance.a", Verb::Create, &[0]),
        step("db_instance.b", Verb::Create, &[1]),
    ];
    assert!(foretold(&[("a?", 0), ("b?", 1)], changes, steps).is_none());
}

#[test]
fn clients_that_lose_their_rule_are_cut_off() {
    let changes = vec![
        change("security_group_rule.app", Action::Delete, &[]),
        change("db_cluster.main", Action::Update, &[("vpc_security_group_ids", Level::Reconnect, When::Now)]),
    ];
    let steps = vec![step("security_group_rule.app", Verb::Delete, &[]), step("db_cluster.main", Verb::Update, &[])];
    let outage = foretold(&[("a", 0)], changes, steps);
    assert_eq!((outage.dropped, outage.writer.times), (2, 0));
}

#[test]
fn a_rule_for_a_port_where_nobody_listens_any_more_cuts_nobody_off() {
    let dropped = |after: &[StepId]| {
        let traffic = [("traffic", Level::Replace, When::Now)];
        let rule = Change { old_generation: Some(0), ..change("security_group_rule.app", Action::Replace, &traffic) };
        let port = change("db_cluster.main", Action::Restart, &[("port", Level::RebootAll, When::Now)]);
        let steps = vec![
            Step { generation: 0, ..step("security_group_rule.app", Verb::Delete, after) },
            step("security_group_rule.app", Verb::Create, &[]),
            step("db_cluster.main", Verb::Update, &[1]),
        ];
        foretold(&[("a", 0)], vec![rule, port], steps).dropped
    };
    assert_eq!((dropped(&[1, 2]), dropped(&[1])), (0, 1));
}

#[test]
fn an_interruption_is_no_longer_than_its_step() {
    let (changes, mut steps) = roll(&["a"]);
    steps[0].estimate = Estimate { p50: 20.0, p95: 40.0 };
    let outage = foretold(&[("a", 0)], changes, steps);
    assert_eq!(outage.writer.lasts, Estimate { p50: 20.0, p95: 40.0 });
}

/// An edit of the class of each of these members that waits for the window.
fn left(names: &[&str]) -> (Vec<Change>, Vec<Step>) {
    let (mut changes, steps) = roll(names);
    let fields = changes.iter_mut().flat_map(|change| &mut change.fields);
    fields.for_each(|field| field.impact.when = When::InWindow);
    (changes, steps)
}

#[test]
fn what_is_left_to_the_window_interrupts_then() {
    let (changes, steps) = left(&["a", "b", "c"]);
    let outage = foretold(&[("a", 0), ("b", 1), ("c", 2)], changes, steps);
    assert!(outage.is_none() && outage.writer.times == 0, "nobody is interrupted while it runs");
    let later = outage.in_window.clone().unwrap();
    // One after another a reader takes over; together nobody is left who could.
    assert_eq!(later.writer, Writing { times: 1, lasts: Estimate { p50: 15.0, p95: 600.0 } });
    assert_eq!((later.readers, later.together), (Reading { times: 2, at_once: 2, replaced: 0 }, true));
    assert_eq!(later.windows.iter().map(String::as_str).collect::<Vec<_>>(), [SUNDAY]);
    assert_eq!(outage.unwritable(), later.writer.lasts, "a budget counts it");
    assert!(outage.later.iter().all(|one| one.window.as_deref() == Some(SUNDAY)), "{:?}", outage.later);
}

#[test]
fn who_is_not_edited_can_take_over_in_the_window() {
    let (changes, steps) = left(&["a"]);
    let outage = foretold(&[("a", 0), ("b", 1)], changes, steps);
    let later = outage.in_window.unwrap();
    assert_eq!(later.writer, Writing { times: 1, lasts: Estimate { p50: 15.0, p95: 60.0 } });
    assert_eq!((later.readers.times, later.together), (0, false));
}

#[test]
fn a_version_that_is_left_to_the_window_restarts_all_then() {
    let changes =
        vec![change("db_cluster.main", Action::Restart, &[("engine_version", Level::RebootAll, When::InWindow)])];
    let outage = foretold(&[("a", 0), ("b", 1)], changes, vec![step("db_cluster.main", Verb::Update, &[])]);
    let later = outage.in_window.unwrap();
    assert_eq!(later.writer, Writing { times: 1, lasts: Estimate { p50: 30.0, p95: 90.0 } });
    assert_eq!((later.readers.times, later.together), (1, false));
}

#[test]
fn a_shorter_retention_is_a_loss_that_nobody_feels() {
    let mut shorter = change("db_cluster.main", Action::Update, &[("backup_retention_period", Level::None, When::Now)]);
    shorter.fields[0].impact.reversible = false;
    shorter.fields[0].after = Value::from(7);
    let outage = foretold(&[("a", 0)], vec![shorter], vec![step("db_cluster.main", Verb::Update, &[])]);
    assert!(outage.is_none() && outage.in_window.is_none() && outage.later.is_empty());
    let field = "backup_retention_period".to_owned();
    let loss = Loss { address: at("db_cluster.main"), field, keeps: Value::from(7), when: When::Now };
    assert_eq!(outage.losses, [loss]);
}
