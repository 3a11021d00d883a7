//! Nothing is lost and nothing is made twice, whatever happens on the way: lost answers, errors, kills, interrupts.
//!
//! The real binary, the whole production stack, every mutating action.

use crate::place::{DATA, Place, blueprint, unprotected};
use auroractl_testkit::proxy::fault::{Effect, Fault, When};
use auroractl_tests::crash::{Lane, POSITIONS, Scenario, Shim, Stage, Trial};
use auroractl_tests::world::{Difference, Portrait};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Several calls are in flight when a process dies, and few enough that many processes have something to die at.
const FEW_AT_A_TIME: &[&str] = &["--auto-approve", "--parallel", "3"];

/// What an undisturbed life of the production stack consists of: for each part the mutating actions, and the account
/// afterwards.
struct Life {
    created: (Vec<String>, Portrait),
    updated: (Vec<String>, Portrait),
    deleted: (Vec<String>, Portrait),
    census: BTreeMap<String, usize>,
}

/// Mutating actions of what was done since the log was cleared, in the order of their first call.
fn actions(place: &Place) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for call in place.proxy.calls().into_iter().filter(|call| call.mutating) {
        if !names.contains(&call.name()) {
            names.push(call.name());
        }
    }
    names
}

fn life() -> &'static Life {
    static LIFE: OnceLock<Life> = OnceLock::new();
    LIFE.get_or_init(|| {
        let place = Place::new(&unprotected());
        let _ = place.apply().exits(0);
        place.settled();
        place.sound();
        let (created, census) = ((actions(&place), place.portrait()), place.census());
        place.proxy.clear_log();
        place.write(&Scenario::Update.stack().unwrap());
        let _ = place.apply().exits(0);
        place.settled();
        place.sound();
        let updated = (actions(&place), place.portrait());
        place.proxy.clear_log();
        let _ = place.destroy().exits(0);
        assert_eq!(place.census(), kept(), "destroy left something else behind");
        Life { created, updated, deleted: (actions(&place), place.portrait()), census }
    })
}

/// What stays when the production stack is destroyed: its final snapshot can't be read without the key.
fn kept() -> BTreeMap<String, usize> {
    [("kms:key".to_owned(), 1)].into()
}

/// Everything is there once, and there is nothing to do.
#[track_caller]
fn whole(place: &Place, seed: u64) {
    place.proxy.disarm();
    place.settled();
    place.sound();
    assert_eq!(place.census(), life().census, "seed {seed}");
    assert_eq!(place.portrait().against(&life().created.1), Difference::default(), "seed {seed}");
}

/// Applies until it says that it is done, at most `runs` times.
#[track_caller]
fn apply_within(place: &Place, runs: u32) {
    let mut last = place.apply();
    for _ in 1..runs {
        if last.code == Some(0) {
            break;
        }
        assert_eq!(last.code, Some(10), "{}{}", last.stdout, last.stderr);
        last = place.apply();
    }
    let _ = last.exits(0);
}

/// Every test that rolls dice can be repeated: `AURORACTL_TEST_SEED`.
fn seed() -> u64 {
    let given = std::env::var("AURORACTL_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs());
    println!("AURORACTL_TEST_SEED={seed} repeats this");
    seed
}

/// The prod stack with each effect striking once at every mutating action of its creation.
fn once_everywhere(effect: Effect) {
    let place = Place::new(&unprotected());
    for action in &life().created.0 {
        place.proxy.arm(Fault::on(action, effect.clone()).times(1));
    }
    apply_within(&place, 2);
    let spared: Vec<_> =
        place.proxy.faults().into_iter().filter(|rule| rule.fired == 0).map(|rule| rule.fault.on).collect();
    assert!(spared.is_empty(), "never struck: {spared:?}");
    whole(&place, 0);
}

#[test]
fn every_answer_lost_once() {
    once_everywhere(Effect::Reset { when: When::After });
}

#[test]
fn every_action_fails_once_before_its_effect() {
    once_everywhere(Effect::ServerError { when: When::Before, status: 500 });
}

#[test]
fn every_action_fails_once_after_its_effect() {
    once_everywhere(Effect::ServerError { when: When::After, status: 503 });
}

#[test]
fn every_answer_truncated_once() {
    once_everywhere(Effect::Truncate { whole: true });
}

/// Runs `command` until it ends by itself, killed at the first call of each action: a run continues what the last one
/// left, and dies at the next action that has not killed one yet. The three `turn`s kill on the three sides of each action;
/// which comes first depends on the seed.
fn killed_at_each(place: &Place, actions: &[String], command: (&str, &[&str]), (turn, seed): (u64, u64)) {
    let kill = |(number, action): (usize, &String)| {
        let at = POSITIONS[(number + (turn + seed) as usize) % POSITIONS.len()];
        let delay_ms = (seed + number as u64) % 5;
        Fault::on(action, Effect::Kill { at, pid: None, delay_ms }).times(1)
    };
    let mut ahead: Vec<Fault> = actions.iter().enumerate().map(kill).collect();
    loop {
        place.proxy.disarm();
        ahead.iter().for_each(|fault| place.proxy.arm(fault.clone()));
        let done = place.spawn(command.0, command.1).wait().unwrap();
        assert!(place.proxy.wait_idle(Duration::from_secs(20)));
        if done.signal != Some(9) {
            assert_eq!(done.code, Some(0), "seed {seed}\n{}{}", done.stdout, done.stderr);
            break;
        }
        ahead = place.proxy.faults().into_iter().filter(|rule| rule.fired == 0).map(|rule| rule.fault).collect();
    }
    place.proxy.disarm();
    // An action may be over before the process that was killed by the one before it is dead. Not many.
    assert!(ahead.len() * 4 < actions.len(), "seed {seed}: never reached: {ahead:#?}");
}

/// Every action that creates something, so every kind.
fn creates_killed(turn: u64) {
    let seed = seed();
    let place = Place::new(&unprotected());
    killed_at_each(&place, &life().created.0, ("apply", FEW_AT_A_TIME), (turn, seed));
    whole(&place, seed);
}

/// Every action of an edit that touches most kinds.
fn updates_killed(turn: u64) {
    let seed = seed();
    let place = Place::new(&unprotected());
    let _ = place.apply().exits(0);
    place.write(&Scenario::Update.stack().unwrap());
    killed_at_each(&place, &life().updated.0, ("apply", FEW_AT_A_TIME), (turn, seed));
    place.settled();
    place.sound();
    assert_eq!(place.portrait().against(&life().updated.1), Difference::default(), "seed {seed}");
}

/// Every action that deletes something.
fn deletes_killed(turn: u64) {
    let seed = seed();
    let place = Place::new(&unprotected());
    place.write(&Scenario::Update.stack().unwrap());
    let _ = place.apply().exits(0);
    let destroy = [FEW_AT_A_TIME, &["--allow-delete", DATA]].concat();
    killed_at_each(&place, &life().deleted.0, ("destroy", &destroy), (turn, seed));
    assert_eq!(place.portrait().against(&life().deleted.1), Difference::default(), "seed {seed}");
}

#[test]
fn killed_at_every_create_on_one_side() {
    creates_killed(0);
}

#[test]
fn killed_at_every_create_on_another_side() {
    creates_killed(1);
}

#[test]
fn killed_at_every_create_on_the_third_side() {
    creates_killed(2);
}

#[test]
fn killed_at_every_update_on_one_side() {
    updates_killed(0);
}

#[test]
fn killed_at_every_update_on_another_side() {
    updates_killed(1);
}

#[test]
fn killed_at_every_update_on_the_third_side() {
    updates_killed(2);
}

#[test]
fn killed_at_every_delete_on_one_side() {
    deletes_killed(0);
}

#[test]
fn killed_at_every_delete_on_another_side() {
    deletes_killed(1);
}

#[test]
fn killed_at_every_delete_on_the_third_side() {
    deletes_killed(2);
}

/// A disk that is cut, fails or is full at operations of a run's own folder, drawn by the seed: every fault twice.
#[test]
fn a_disk_that_fails_loses_nothing() {
    let seed = seed();
    let mut rng = fastrand::Rng::with_seed(seed);
    let shim = Shim::compile().unwrap();
    let mut lane = Lane::open().unwrap();
    let nowhere = lane.remember().unwrap();
    let wanted = Scenario::Apply.undisturbed(&mut lane, &nowhere, Some(&shim)).unwrap();
    assert!(wanted.disk.len() > 100, "{:?}", wanted.disk);
    let stage = Stage { wanted: &wanted, shim: Some(&shim) };
    for fault in ["before", "torn", "eio", "enospc"].repeat(2) {
        let name = format!("apply:disk{}.{fault}", rng.usize(1..=wanted.disk.len()));
        let verdict = Trial::parse(&name).unwrap().run(&mut lane, &nowhere, stage).unwrap();
        assert!(verdict.is_sound(), "seed {seed}: {name}\n{verdict}");
    }
}

#[test]
fn a_throttling_storm_passes() {
    let seed = seed();
    let place = Place::new(&unprotected());
    place.proxy.arm(Fault::on("*", Effect::Throttle).chance(0.5, seed));
    let done = place.apply();
    assert_eq!(done.code, Some(0), "seed {seed}\n{}{}", done.stdout, done.stderr);
    whole(&place, seed);
}

#[test]
fn a_denied_action_blocks_only_its_dependants() {
    let place = Place::new(&unprotected());
    place.proxy.arm(Fault::on("rds:CreateDBCluster", Effect::AccessDenied));
    let done = place.apply().exits(10);
    assert!(done.stderr.contains("rds:CreateDBCluster"), "the message must name the action\n{}", done.stderr);
    let skipped = done.stderr.lines().find_map(|line| line.trim().strip_prefix("skipped: ")).unwrap();
    let mut skipped: Vec<&str> = skipped.split(", ").collect();
    skipped.sort_unstable();
    // What needs the cluster; the alarms name it and need nothing.
    let expected = [
        "backup_selection.main",
        "db_instance.a",
        "db_instance.b",
        "db_instance.c",
        "scalable_target.readers",
        "scaling_policy.readers",
    ];
    assert_eq!(skipped, expected, "{}", done.stderr);
    let sent = place.proxy.calls().iter().filter(|call| call.name() == "rds:CreateDBCluster").count();
    assert_eq!(sent, 1, "a denial is not retried");
    place.proxy.disarm();
    let _ = place.apply().exits(0);
    whole(&place, 0);
}

#[test]
fn an_interrupted_run_continues() {
    let place = Place::new(&unprotected());
    place.proxy.arm(Fault::on("*", Effect::Latency { ms: 40 }).writes());
    let running = place.spawn("apply", &["--auto-approve"]);
    place.wait_for_writes(6);
    running.interrupt();
    let done = running.wait().unwrap().exits(10);
    assert!(done.stderr.contains("Run the same command again"), "{}", done.stderr);
    place.proxy.disarm();
    let _ = place.apply().exits(0);
    whole(&place, 0);
}

#[test]
fn a_small_stack_lives_through_a_storm_and_dies() {
    let seed = seed();
    let place = Place::new(&blueprint("dev.toml"));
    place.proxy.arm(Fault::on("*", Effect::Reset { when: When::After }).writes().chance(0.2, seed));
    place.proxy.arm(Fault::on("*", Effect::Throttle).chance(0.2, seed + 1));
    apply_within(&place, 4);
    place.proxy.disarm();
    place.settled();
    place.sound();
    let _ = place.run("destroy", &["--auto-approve"]).exits(0);
    assert_eq!(place.census(), BTreeMap::new(), "seed {seed}");
}
