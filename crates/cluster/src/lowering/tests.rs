//! Members roll one at a time.

mod frame;
mod newcomers;
mod programs;
mod scene;

use super::*;
use auroractl_core::Live;
use frame::{Frame, but, change, field, live};
use serde_json::Value;

const NOBODY: Vec<StepId> = Vec::new();

/// It has failed for good.
fn lost() -> Readiness {
    Readiness::Failed("its status is incompatible-parameters".into())
}

#[test]
fn readers_first_writer_last_one_at_a_time() {
    let frame = Frame::of([live("a", 0, false), live("b", 0, true), live("c", 15, false)]);
    // "a" was the first writer, so the others were made after it; now "b" is the writer.
    let frame = frame.restarts("a", &[]).restarts("b", &[0]).restarts("c", &[0]);
    assert_eq!(frame.refined(&Members), [vec![2], vec![0], NOBODY]);
}

#[test]
fn what_nobody_feels_runs_side_by_side() {
    let frame = Frame::of([live("a", 0, true), live("b", 1, false)]);
    assert_eq!(frame.edits("a", &[]).edits("b", &[]).refined(&Members), [NOBODY, NOBODY]);
}

#[test]
fn what_nobody_feels_by_the_word_of_aws_runs_one_at_a_time() {
    let edges = |path: &str| {
        let promised = |live: &mut Live| live.seamless = ["ca_certificate_identifier".to_owned()].into();
        let members = [live("a", 0, true), live("b", 1, false), live("c", 15, false)];
        let frame = Frame::of(members.map(|member| but(member, promised)));
        let edit = |name: &str| {
            let fields = vec![field(path, Level::None, When::Now)];
            Change { fields, ..change(name, Action::Update, Level::None) }
        };
        let edited = |frame: Frame, name: &str| frame.with(edit(name)).step(name, Verb::Update, &[]);
        ["a", "b", "c"].into_iter().fold(frame, edited).refined(&Members)
    };
    assert_eq!(edges("ca_certificate_identifier"), [vec![1], vec![2], NOBODY]);
    assert_eq!(edges("promotion_tier"), [NOBODY, NOBODY, NOBODY], "of which it says nothing");
}

#[test]
fn deferred_edits_count_where_a_call_takes_them_along() {
    let edges = |path: &str| {
        let fields = vec![field(path, Level::None, When::Now)];
        let pending = [("engine_version".to_owned(), Value::from("16.13"))].into();
        let waiting = Change { fields, pending, ..change("a", Action::Update, Level::None) };
        let frame = Frame::of([live("a", 0, true), live("b", 1, false)]);
        frame.with(waiting).step("a", Verb::Update, &[]).restarts("b", &[]).refined(&Members)
    };
    assert_eq!(edges("promotion_tier"), [vec![1], NOBODY]);
    assert_eq!(edges("tags.team"), [NOBODY, NOBODY], "tags are another call");
}

#[test]
fn a_replacement_is_one_turn() {
    let replaced = || {
        let frame = Frame::of([live("a", 0, true), live("b", 1, false)]).restarts("a", &[]);
        frame.with(change("b", Action::Replace, Level::Replace))
    };
    let delete_first = replaced().step("b", Verb::Delete, &[]).step("b", Verb::Create, &[0, 1]);
    assert_eq!(delete_first.refined(&Members), [vec![2], NOBODY, vec![1]]);
    let create_first = replaced().step("b", Verb::Delete, &[0, 2]).step("b", Verb::Create, &[0]);
    assert_eq!(create_first.refined(&Members), [vec![1], vec![2], NOBODY]);
}

#[test]
fn other_edges_stay_and_nothing_waits_in_a_circle() {
    let frame = Frame::of([live("a", 1, false), live("b", 0, true)]);
    // The last step stands for the cluster; "a" waits for the new member, which waits for "b".
    let frame = frame.restarts("a", &[2, 3]).restarts("b", &[3]);
    let frame = frame.with(change("new", Action::Create, Level::None)).step("new", Verb::Create, &[1]);
    let after = frame.step("x", Verb::Update, &[]).refined(&Members);
    assert_eq!(after[0], [2, 3]);
    assert_eq!(after[1], [3], "an edge from a to b would close a circle");
}

#[test]
fn who_is_away_is_waited_for_unless_it_has_failed() {
    for (readiness, waits) in [(Readiness::Pending("rebooting".into()), 1), (lost(), 0), (Readiness::Ready, 0)] {
        let away = but(live("b", 1, false), |live| live.readiness = readiness.clone());
        let frame = Frame::of([live("a", 0, true), away]).restarts("a", &[]);
        let after = frame.with(change("b", Action::NoOp, Level::None)).refined(&Members);
        assert_eq!((after.len(), after[0].len()), (1 + waits, waits), "{readiness:?}");
    }
}

#[test]
fn a_reader_that_has_failed_has_no_turn() {
    let failed = but(live("c", 1, false), |live| live.readiness = lost());
    let frame = Frame::of([live("a", 0, true), live("b", 15, false), failed]);
    // "c" was the first writer, so the others were made after it.
    let frame = frame.restarts("a", &[2]).restarts("b", &[2]).restarts("c", &[]);
    assert_eq!(frame.refined(&Members), [vec![1], NOBODY, NOBODY]);
}

#[test]
fn clusters_do_not_wait_for_one_another() {
    let other = but(live("b", 1, false), |live| live.spec["db_cluster_identifier"] = "billing".into());
    let frame = Frame::of([live("a", 1, false), other]);
    assert_eq!(frame.restarts("a", &[]).restarts("b", &[]).refined(&Members), [NOBODY, NOBODY]);
}
