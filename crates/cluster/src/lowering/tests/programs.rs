//! Whatever is edited, and however the stack wants it: what every program of a cluster keeps to.

use super::frame::at;
use super::scene::{ALL, Edit, LARGE, Scene, Surge, all, cluster, lone, mixed, name, scenes, surge, surging};
use auroractl_core::lower::StepId;
use auroractl_core::queue::Queue;
use auroractl_core::state::Verb;
use auroractl_core::{Address, Strategy};
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Nothing waits in a circle, nobody is made or deleted, and members are away one at a time, the writer last.
    #[test]
    fn one_at_a_time_the_writer_last(scene in scenes()) {
        let program = scene.program();
        prop_assert!(Queue::new(&program).is_ok(), "{program:?}");
        prop_assert!(all(&program, Verb::Create).is_empty() && all(&program, Verb::Delete).is_empty());
        let turns = scene.in_turn(&program);
        for (index, steps) in &turns {
            for (other, others) in turns.iter().filter(|(other, _)| other > index) {
                for (a, b) in steps.iter().flat_map(|a| others.iter().map(move |b| (*a, *b))) {
                    let (ab, ba) = (program.waits_for(b, a), program.waits_for(a, b));
                    prop_assert!(ab != ba, "{index} and {other} may be away together: {program:?}");
                    prop_assert!(scene.writer != Some(*index) || ba, "the writer's turn is not the last");
                    prop_assert!(scene.writer != Some(*other) || ab, "the writer's turn is not the last");
                }
            }
        }
    }

    /// Who is away twice for one plan is away too often: an edit that restarts takes the waiting values along.
    #[test]
    fn edits_that_share_a_restart_share_it(scene in scenes()) {
        let program = scene.program();
        for (index, steps) in scene.away(&program) {
            let edit = scene.members[index].1;
            prop_assert!(steps.len() == 1 || edit == Edit::Deferred, "{index} is away {} times: {edit:?}", steps.len());
        }
        let expected = match scene.manner.strategy {
            Strategy::Window => 0,
            _ => (0..scene.members.len()).filter(|index| scene.waits(*index)).count(),
        };
        prop_assert_eq!(all(&program, Verb::Restart).len(), expected);
    }

    /// Where a reader is fit, the role moves once, before the writer's turn, to one whose turn is over and that has caught up.
    #[test]
    fn the_role_moves_before_the_writers_turn(scene in scenes()) {
        let program = scene.program();
        let away = scene.away(&program);
        let failovers = all(&program, Verb::Failover);
        let turn = away.iter().find(|(index, _)| scene.writer == Some(*index));
        let fit = scene.writer.map(|writer| scene.fit(writer)).unwrap_or_default();
        let rolls = scene.manner.strategy == Strategy::Roll && !fit.is_empty();
        prop_assert_eq!(failovers.len(), usize::from(turn.is_some() && rolls), "{:?}", program);
        let (Some(failover), Some((_, turn))) = (failovers.first(), turn) else { return Ok(()) };
        let target = program.steps[*failover].target.clone().unwrap();
        prop_assert!(scene.writer.is_some_and(|writer| target != at(&name(writer))));
        prop_assert!(turn.iter().all(|step| program.waits_for(*step, *failover)));
        let settle = all(&program, Verb::Settle).into_iter().find(|id| program.steps[*id].address == target);
        prop_assert!(settle.is_some_and(|settle| program.waits_for(*failover, settle)), "nobody waits for the target");
        for (id, step) in program.steps.iter().enumerate() {
            let before = step.address == target || (away.iter().any(|(_, steps)| steps.contains(&id)) && !turn.contains(&id));
            prop_assert!(!before || program.waits_for(*failover, id), "{} {} is not over", step.verb, step.address);
        }
        let tier = |at: &Address| scene.members[at.name()[1..].parse::<usize>().unwrap()].0;
        let lowest = fit.iter().map(|index| scene.members[*index].0).min();
        prop_assert_eq!(Some(tier(&target)), lowest);
    }

    /// Who takes over bears the writer's load, whatever the classes; where nobody does the writer restarts where it is.
    #[test]
    fn whoever_takes_over_is_strong_enough(scene in mixed()) {
        let program = scene.program();
        prop_assert!(Queue::new(&program).is_ok(), "{program:?}");
        let turn = scene.away(&program).into_iter().map(|(index, _)| index).find(|index| scene.writer == Some(*index));
        let rolls = scene.manner.strategy == Strategy::Roll;
        let expected = turn.filter(|_| rolls).and_then(|writer| scene.fit(writer).first().copied());
        let targets: Vec<Address> = program.steps.iter().filter_map(|step| step.target.clone()).collect();
        prop_assert_eq!(targets, expected.map(|index| at(&name(index))).into_iter().collect::<Vec<_>>());
    }

    /// Autoscaling keeps still from before the first turn until after the last, and only then.
    #[test]
    fn autoscaling_keeps_still(scene in scenes(), unrecorded in any::<bool>()) {
        let program = Scene { unrecorded, ..scene.clone() }.program();
        prop_assert!(Queue::new(&program).is_ok(), "{program:?}");
        let adoption = all(&program, Verb::Adopt);
        let (pauses, resumes, away) = (all(&program, Verb::Pause), all(&program, Verb::Resume), scene.away(&program));
        let expected = usize::from(scene.autoscaled.is_some() && !away.is_empty());
        prop_assert_eq!((pauses.len(), resumes.len()), (expected, expected));
        for step in away.iter().flat_map(|(_, steps)| steps) {
            prop_assert!(pauses.iter().all(|pause| program.waits_for(*step, *pause)));
            prop_assert!(resumes.iter().all(|resume| program.waits_for(*resume, *step)));
        }
        for (pause, resume) in pauses.iter().zip(&resumes) {
            prop_assert_eq!(program.steps[*resume].undoes, Some(*pause));
            prop_assert_eq!(adoption.len(), usize::from(unrecorded));
            prop_assert!(adoption.iter().all(|adoption| program.waits_for(*pause, *adoption)), "{program:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    /// Nothing waits in a circle, nothing is done twice, and the plan has a surge reader just where the program has turns.
    #[test]
    fn a_surge_has_its_place(scene in surging()) {
        let program = scene.program();
        prop_assert!(Queue::new(&program).is_ok(), "{program:?}");
        let known: BTreeSet<_> = program.steps.iter().map(|step| (&step.address, step.generation, step.verb)).collect();
        prop_assert_eq!(known.len(), program.steps.len(), "{:?}", program);
        let (made, gone, away) = (all(&program, Verb::Create), all(&program, Verb::Delete), scene.away(&program));
        let left = scene.surge != Surge::Wanted;
        prop_assert_eq!(made.len(), usize::from(!left && !away.is_empty()));
        prop_assert_eq!(gone.len(), usize::from(left || !away.is_empty()));
        for id in made.iter().chain(&gone) {
            prop_assert_eq!(&program.steps[*id].address, &surge());
        }
        if !scene.surge.is_wanted() {
            return Ok(());
        }
        for turn in away.iter().flat_map(|(_, steps)| steps) {
            prop_assert!(made.iter().all(|made| program.waits_for(*turn, *made)), "{program:?}");
            prop_assert!(gone.iter().all(|gone| program.waits_for(*gone, *turn)), "{program:?}");
        }
        for (pause, resume) in all(&program, Verb::Pause).into_iter().zip(all(&program, Verb::Resume)) {
            prop_assert!(made.iter().all(|made| program.waits_for(*made, pause)));
            prop_assert!(gone.iter().all(|gone| program.waits_for(resume, *gone)));
        }
    }

    /// Played in any order that the edges allow: nobody is away while it writes, if anybody can take over; who takes over is
    /// there and was waited for; no capacity is missing; the surge reader never goes as the writer, and it does go.
    #[test]
    fn whoever_is_away_does_not_write(scene in surging(), chance in any::<Vec<u8>>()) {
        let program = scene.program();
        let away: BTreeSet<StepId> = scene.away(&program).into_iter().flat_map(|(_, steps)| steps).collect();
        let mut queue = Queue::new(&program).unwrap();
        let mut there: BTreeSet<Address> = (0..scene.members.len()).map(|index| at(&name(index))).collect();
        let mut writer = scene.writer.map_or_else(surge, |writer| at(&name(writer)));
        let (mut pool, mut settled, mut chance) = (Vec::new(), BTreeSet::new(), chance.into_iter().cycle());
        if scene.surge != Surge::Wanted {
            there.insert(surge());
        }
        let fit = scene.writer.map_or(scene.members.len() > 1, |writer| !scene.fit(writer).is_empty());
        let helped = scene.surge.is_wanted() || fit;
        loop {
            pool.extend(std::iter::from_fn(|| queue.take()));
            if pool.is_empty() {
                break;
            }
            let id = pool.swap_remove(usize::from(chance.next().unwrap_or(0)) % pool.len());
            let step = &program.steps[id];
            if away.contains(&id) {
                prop_assert!(!helped || writer != step.address, "{} is away and writes: {program:?}", step.address);
                prop_assert!(!scene.surge.is_wanted() || there.contains(&surge()), "capacity is missing: {program:?}");
            }
            match step.verb {
                Verb::Create => drop(there.insert(step.address.clone())),
                Verb::Delete => {
                    prop_assert!(writer != step.address, "it goes as the writer: {program:?}");
                    there.remove(&step.address);
                }
                Verb::Settle => drop(settled.insert(step.address.clone())),
                Verb::Failover | Verb::Failback => {
                    writer = step.target.clone().unwrap();
                    prop_assert!(there.contains(&writer) && settled.contains(&writer), "{program:?}");
                }
                _ => {}
            }
            queue.finish(id);
        }
        prop_assert!(!there.contains(&surge()) && writer != surge(), "{program:?}");
    }
}

/// Who takes over first, if anybody does.
fn target(scene: &Scene) -> Option<Address> {
    scene.program().steps.into_iter().find_map(|step| step.target)
}

#[test]
fn a_roll_in_words() {
    let scene = cluster(&[Edit::Class; 3]);
    assert_eq!(
        scene.told(),
        [
            "update db_instance.m2",
            "settle db_instance.m2",
            "update db_instance.m1",
            "settle db_instance.m1",
            "failover db_cluster.main",
            "update db_instance.m0"
        ]
    );
    assert_eq!(target(&scene), Some(at("m1")));
}

#[test]
fn a_certificate_that_is_loaded_moves_nobody_and_still_comes_one_at_a_time() {
    let scene = Scene { surge: Surge::Wanted, autoscaled: Some(4), ..cluster(&[Edit::Certificate; 3]) };
    for strategy in [Strategy::Roll, Strategy::InPlace] {
        assert_eq!(
            scene.clone().by(strategy).told(),
            [
                "update db_instance.m2",
                "settle db_instance.m2",
                "update db_instance.m1",
                "settle db_instance.m1",
                "update db_instance.m0"
            ]
        );
    }
    assert_eq!(scene.by(Strategy::Window).program().steps.len(), 3, "AWS makes them when it will");
}

#[test]
fn the_role_moves_when_nobody_is_in_the_middle_of_anything() {
    let scene = cluster(&[Edit::Class, Edit::Nothing, Edit::Certificate]);
    assert_eq!(
        scene.told(),
        [
            "update db_instance.m2",
            "settle db_instance.m2",
            "settle db_instance.m1",
            "failover db_cluster.main",
            "update db_instance.m0"
        ]
    );
}

#[test]
fn a_capacity_range_restarts_those_who_go_by_it() {
    let scene = Scene { capacity: true, serverless: ALL, ..cluster(&[Edit::Nothing; 3]) };
    assert_eq!(
        scene.told(),
        [
            "update db_cluster.main",
            "restart db_instance.m2",
            "settle db_instance.m2",
            "restart db_instance.m1",
            "settle db_instance.m1",
            "failover db_cluster.main",
            "restart db_instance.m0"
        ]
    );
    let readers = Scene { serverless: 1..3, ..scene.clone() };
    assert_eq!(readers.told()[1..], ["restart db_instance.m2", "settle db_instance.m2", "restart db_instance.m1"]);
    let nobody = Scene { serverless: 0..0, ..scene.clone() };
    assert_eq!(nobody.told(), ["update db_cluster.main"]);
    let waiting = scene.by(Strategy::Window);
    assert_eq!(waiting.told(), ["update db_cluster.main"], "who waits for the window is not restarted");
}

#[test]
fn a_surge_reader_is_made_for_whom_a_capacity_range_restarts() {
    // One that goes by the range restarts anyway, the other does not go by it.
    for (edits, serverless, surges) in [
        ([Edit::Nothing, Edit::Nothing, Edit::Nothing], 0..0, false),
        ([Edit::Nothing, Edit::Nothing, Edit::Nothing], 2..3, true),
        ([Edit::Nothing, Edit::Nothing, Edit::Missing], 2..3, false),
        ([Edit::Nothing, Edit::Nothing, Edit::Class], 2..3, true),
    ] {
        let scene = Scene { capacity: true, serverless, surge: Surge::Wanted, ..cluster(&edits) };
        let program = scene.program();
        let made = all(&program, Verb::Create).into_iter().any(|id| program.steps[id].address == surge());
        assert_eq!((made, !scene.away(&program).is_empty()), (surges, surges), "{scene:?}");
    }
}

#[test]
fn a_cluster_of_one_lends_its_role() {
    let scene = lone(Surge::Wanted, Some(0));
    assert_eq!(
        scene.told(),
        [
            "create db_instance.surge_reader",
            "settle db_instance.surge_reader",
            "failover db_cluster.main",
            "update db_instance.m0",
            "settle db_instance.m0",
            "failback db_cluster.main",
            "delete db_instance.surge_reader"
        ]
    );
    let targets: Vec<Address> = scene.program().steps.into_iter().filter_map(|step| step.target).collect();
    assert_eq!(targets, [surge(), at("m0")]);
}

#[test]
fn a_lent_role_comes_back_after_a_crash() {
    for wanted in [true, false] {
        assert_eq!(
            lone(Surge::Left { writes: true, wanted }, None).told(),
            [
                "update db_instance.m0",
                "settle db_instance.m0",
                "failover db_cluster.main",
                "delete db_instance.surge_reader"
            ]
        );
    }
}

#[test]
fn whoever_leaves_as_the_writer_waits_for_one_that_is_only_made() {
    let scene = lone(Surge::Left { writes: true, wanted: true }, None);
    assert_eq!(
        Scene { members: vec![(0, Edit::Missing)], ..scene }.told(),
        [
            "create db_instance.m0",
            "settle db_instance.m0",
            "failover db_cluster.main",
            "delete db_instance.surge_reader"
        ]
    );
}

#[test]
fn where_a_reader_can_take_over_the_surge_only_adds_capacity() {
    let scene = Scene { surge: Surge::Wanted, ..cluster(&[Edit::Class; 3]) };
    let told = scene.told();
    assert_eq!(
        (told.first().unwrap().as_str(), told.last().unwrap().as_str()),
        ("create db_instance.surge_reader", "delete db_instance.surge_reader")
    );
    assert!(all(&scene.program(), Verb::Failback).is_empty());
    assert_eq!(told.iter().filter(|step| step.starts_with("settle")).count(), 4);
}

#[test]
fn nobody_fails_over_for_what_the_writer_does_not_feel() {
    assert_eq!(target(&cluster(&[Edit::Quiet, Edit::Class, Edit::Class])), None);
}

#[test]
fn autoscaling_goes_on_whatever_becomes_of_the_roll() {
    let program = Scene { autoscaled: Some(4), ..cluster(&[Edit::Class; 3]) }.program();
    let fails = (0..program.steps.len()).filter(|id| program.steps[*id].verb != Verb::Resume);
    for fails in fails {
        let mut queue = Queue::new(&program).unwrap();
        let mut ran = Vec::new();
        while let Some(id) = queue.take() {
            ran.push(program.steps[id].verb);
            let _ = if id == fails { queue.fail(id) } else { queue.finish(id) };
        }
        let paused = program.steps[fails].verb != Verb::Pause;
        assert_eq!(ran.last() == Some(&Verb::Resume), paused, "{ran:?}");
    }
}

#[test]
fn autoscaling_that_no_record_knows_is_taken_over_before_it_is_suspended() {
    let told = Scene { autoscaled: Some(4), unrecorded: true, ..cluster(&[Edit::Class; 3]) }.told();
    assert_eq!(told[..2], ["adopt scalable_target.readers", "pause scalable_target.readers"]);
    assert_eq!(told.last().unwrap(), "resume scalable_target.readers");
}

#[test]
fn who_has_failed_neither_holds_up_a_roll_nor_takes_over() {
    let scene = Scene { failed: Some(1), ..cluster(&[Edit::Class; 3]) };
    let program = scene.program();
    let lost = program.forward(&at("m1")).unwrap();
    assert!(program.steps.iter().all(|step| !step.after.contains(&lost)), "{program:?}");
    assert_eq!(target(&scene), Some(at("m2")));
}

#[test]
fn a_reader_that_is_too_small_does_not_take_over() {
    let scene = cluster(&[Edit::Class, Edit::Nothing, Edit::Nothing]);
    assert_eq!(Scene { classes: vec!["db.r7g.2xlarge"], ..scene }.told(), ["update db_instance.m0"]);
}

/// Who takes over from `m0`, of `m1` and `m2` with the classes and tiers given.
fn successor(writer: &'static str, readers: [(&'static str, u8); 2], max_acu: f64) -> Option<String> {
    let scene = cluster(&[]);
    let members = [(0, Edit::Class)].into_iter().chain(readers.map(|(_, tier)| (tier, Edit::Nothing))).collect();
    let classes = [writer].into_iter().chain(readers.map(|(class, _)| class)).collect();
    target(&Scene { members, classes, max_acu, ..scene }).map(|at| at.name().to_owned())
}

#[test]
fn a_serverless_reader_takes_over_where_it_grows_with_the_writer_and_far_enough() {
    let (none, m1, m2) = (None, Some("m1".to_owned()), Some("m2".to_owned()));
    let (serverless, strong, weak) = ("db.serverless", "db.r7g.4xlarge", "db.t4g.medium");
    assert_eq!(successor(strong, [(serverless, 15), (weak, 0)], 8.0), none);
    assert_eq!(successor(strong, [(serverless, 1), (weak, 0)], 8.0), none, "it grows to 16 GiB of 128");
    assert_eq!(successor(strong, [(serverless, 2), (weak, 0)], 64.0), none, "it does not follow the writer");
    assert_eq!(successor(strong, [(serverless, 1), (weak, 0)], 64.0), m1);
    assert_eq!(successor(strong, [(serverless, 0), (strong, 15)], 64.0), m2, "a class is what it is");
    assert_eq!(successor(serverless, [(serverless, 2), (serverless, 1)], 8.0), m2);
    assert_eq!(successor(serverless, [(serverless, 0), (strong, 1)], 8.0), m1);
    assert_eq!(successor(serverless, [(serverless, 2), (strong, 15)], 64.0), m2);
    assert_eq!(successor(serverless, [(serverless, 2), (strong, 15)], 65.0), none);
}

#[test]
fn a_serverless_surge_reader_takes_over_where_it_grows_with_the_writer() {
    for (stand_in, failovers) in [(("db.serverless", 1), 1), (("db.serverless", 15), 0), ((LARGE, 15), 0)] {
        let scene = Scene { classes: vec!["db.serverless"], stand_in, ..lone(Surge::Wanted, Some(0)) };
        let program = scene.program();
        assert_eq!(all(&program, Verb::Failover).len(), failovers, "{stand_in:?}");
        assert_eq!(all(&program, Verb::Failback).len(), failovers, "{stand_in:?}");
        assert_eq!(all(&program, Verb::Delete).len(), 1, "it adds capacity all the same");
    }
}
