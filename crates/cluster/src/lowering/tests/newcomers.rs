//! Members that come and go: there is never one less than before, and never one more than Aurora admits.

use super::frame::{Frame, at, change, live};
use super::scene::{Edit, Scene, cluster, comings_and_goings, name};
use crate::Newcomers;
use auroractl_core::lower::{Step, StepId};
use auroractl_core::plan::{Action, Change};
use auroractl_core::queue::Queue;
use auroractl_core::state::Verb;
use auroractl_core::{Level, ReplaceOrder, Strategy};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// The most members of a cluster.
const MOST: usize = 16;

/// So many members of whom nothing is said, and these.
fn among(others: usize, edits: &[Edit]) -> Scene {
    cluster(&[vec![Edit::Nothing; others], edits.to_vec()].concat())
}

/// Does the end of one member wait for the making of another, and the other way round?
fn order(scene: &Scene, gone: usize, made: usize) -> (bool, bool) {
    let program = scene.program();
    let step = |index: usize, verb: Verb| -> StepId {
        let of = |step: &Step| step.address == at(&name(index)) && step.verb == verb;
        program.steps.iter().position(of).unwrap()
    };
    let (gone, made) = (step(gone, Verb::Delete), step(made, Verb::Create));
    (program.waits_for(gone, made), program.waits_for(made, gone))
}

#[test]
fn a_reader_of_another_name_is_there_before_the_old_one_goes() {
    for strategy in Strategy::ALL {
        let scene = among(2, &[Edit::Leaves, Edit::Missing]).by(strategy);
        assert_eq!(scene.told(), ["create db_instance.m3", "delete db_instance.m2"]);
    }
    let several = among(1, &[Edit::Leaves, Edit::Missing, Edit::Leaves, Edit::Missing]);
    for (gone, made) in [(1, 2), (1, 4), (3, 2), (3, 4)] {
        assert_eq!(order(&several, gone, made), (true, false));
    }
}

#[test]
fn whoever_leaves_alone_waits_for_nobody() {
    assert_eq!(among(2, &[Edit::Leaves]).told(), ["delete db_instance.m2"]);
    assert_eq!(among(2, &[Edit::Missing]).told(), ["create db_instance.m2"]);
}

#[test]
fn who_has_failed_is_waited_out_by_nobody() {
    let scene = Scene { failed: Some(2), ..among(2, &[Edit::Leaves, Edit::Missing]) };
    assert_eq!(order(&scene, 2, 3), (false, false), "it serves nobody");
    let full = among(13, &[Edit::Leaves, Edit::Nothing, Edit::Leaves, Edit::Missing]);
    assert_eq!((order(&full, 13, 16), order(&full, 15, 16)), ((false, true), (false, false)));
    let full = Scene { failed: Some(15), ..full };
    assert_eq!((order(&full, 13, 16), order(&full, 15, 16)), ((false, false), (false, true)), "it makes room first");
}

#[test]
fn a_full_cluster_lets_the_old_one_go_first() {
    assert_eq!(order(&among(14, &[Edit::Leaves, Edit::Missing]), 14, 15), (true, false), "there is room for one");
    assert_eq!(order(&among(15, &[Edit::Leaves, Edit::Missing]), 15, 16), (false, true));
    let two = among(13, &[Edit::Leaves, Edit::Leaves, Edit::Missing, Edit::Missing]);
    assert_eq!((order(&two, 13, 15), order(&two, 14, 15)), ((true, false), (true, false)));
    assert_eq!((order(&two, 13, 16), order(&two, 14, 16)), ((false, true), (false, false)), "one makes room");
}

#[test]
fn what_autoscaling_may_have_made_is_kept_room_for() {
    let scene = |most| Scene { autoscaled: Some(most), ..among(2, &[Edit::Leaves, Edit::Missing]) };
    assert_eq!(order(&scene(14), 2, 3), (true, false));
    assert_eq!(order(&scene(15), 2, 3), (false, false), "the new one may be refused");
}

#[test]
fn a_writer_that_leaves_hands_its_role_over_and_waits_as_well() {
    let mut scene = among(1, &[Edit::Leaves, Edit::Missing]);
    scene.writer = Some(1);
    assert_eq!(order(&scene, 1, 2), (true, false));
    let program = scene.program();
    assert_eq!(program.steps.iter().find_map(|step| step.target.clone()), Some(at("m0")));
}

#[test]
fn a_reader_that_moves_to_another_name_is_one_turn_and_makes_no_gap() {
    let turns = ["create db_instance.m2", "delete db_instance.m2", "settle db_instance.m2"];
    let told = among(1, &[Edit::Class, Edit::Renamed]).told();
    assert_eq!(told[..3], turns, "{told:?}");
    assert_eq!(order(&among(2, &[Edit::Renamed]), 2, 2), (true, false));
    assert_eq!(order(&among(15, &[Edit::Renamed]), 15, 15), (false, true), "there is no room for two");
    let crowded = Scene { autoscaled: Some(15), ..among(2, &[Edit::Renamed]) };
    assert_eq!(order(&crowded, 2, 2), (false, true), "there may be none");
}

#[test]
fn who_was_left_by_an_interrupted_run_goes_when_its_successor_can_be_used() {
    let found = Change { deposed: vec![0], generation: 1, ..change("b", Action::Adopt, Level::None) };
    let frame = Frame::of([live("a", 0, true), live("b", 1, false)]).with(found);
    let after = frame.step("b", Verb::Adopt, &[]).step("b", Verb::Delete, &[]).refined(&Newcomers);
    assert_eq!(after, [vec![], vec![0]]);
}

#[test]
fn who_was_left_serves_until_the_next_attempt_is_there() {
    let after = |action, order, name: &str, made: &[StepId]| {
        let again = Change { deposed: vec![0], generation: 2, order, ..change("b", action, Level::None) };
        let frame = Frame::of([live("a", 0, true)]).with(again).left("b", name);
        frame.step("b", Verb::Delete, &[]).step("b", Verb::Create, made).refined(&Newcomers)
    };
    let [behind, before, apart]: [[Vec<StepId>; 2]; 3] = [[vec![1], vec![]], [vec![], vec![0]], [vec![], vec![]]];
    let first = Some(ReplaceOrder::DeleteFirst);
    assert_eq!(after(Action::Replace, first, "old", &[0]), behind, "its successor has failed");
    assert_eq!(after(Action::Replace, first, "b", &[0]), before, "it bears the name");
    assert_eq!(after(Action::Create, None, "old", &[]), behind, "its successor is gone");
    assert_eq!(after(Action::Create, None, "B", &[]), before, "and it bears the name");
    assert_eq!(after(Action::Replace, Some(ReplaceOrder::CreateFirst), "old", &[]), apart, "another one serves");
}

/// Members that are there, come, leave and get another name.
fn counts(scene: &Scene) -> [usize; 4] {
    let count = |edits: &[Edit]| scene.members.iter().filter(|(_, edit)| edits.contains(edit)).count();
    let comes = count(&[Edit::Missing]);
    [scene.members.len() - comes, comes, count(&[Edit::Leaves]), count(&[Edit::Renamed])]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Played in any order that the edges allow: nothing waits in a circle, no member is refused, and where there is room for
    /// all at once nobody is missing meanwhile.
    #[test]
    fn nobody_is_missed_and_nobody_is_refused(scene in comings_and_goings(), chance in any::<Vec<u8>>()) {
        let [before, comes, leaves, renamed] = counts(&scene);
        prop_assume!(before <= MOST && before + comes - leaves <= MOST);
        // A writer that leaves makes no room.
        prop_assume!(scene.members[0].1 != Edit::Leaves || before + comes <= MOST);
        let program = scene.program();
        let mut queue = Queue::new(&program).unwrap();
        let (mut there, mut pool, mut chance) = (before, Vec::new(), chance.into_iter().cycle());
        loop {
            pool.extend(std::iter::from_fn(|| queue.take()));
            if pool.is_empty() {
                break;
            }
            let id = pool.swap_remove(usize::from(chance.next().unwrap_or(0)) % pool.len());
            match program.steps[id].verb {
                Verb::Create => there += 1,
                Verb::Delete => there -= 1,
                _ => {}
            }
            prop_assert!(there <= MOST, "{there} members: {program:?}");
            let roomy = before + comes + renamed <= MOST && comes > 0;
            prop_assert!(!roomy || there >= before.min(before + comes - leaves), "{there} members: {program:?}");
            queue.finish(id);
        }
        prop_assert_eq!(there, before + comes - leaves);
        let known: BTreeSet<_> = program.steps.iter().map(|step| (&step.address, step.generation, step.verb)).collect();
        prop_assert_eq!(known.len(), program.steps.len(), "{:?}", program);
    }
}
