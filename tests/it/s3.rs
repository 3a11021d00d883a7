//! A state in a bucket: several runners, runners that die or sleep, and a disk that is empty every time.

use crate::place::{Place, blueprint};
use auroractl_testkit::cli::{Finished, Running};
use auroractl_testkit::process;
use auroractl_testkit::proxy::fault::{Effect, Fault, KillAt};
use std::time::{Duration, Instant};

/// A lease of a minute lasts two seconds: long enough for a slow machine to be heard of in time.
const SCALE: f64 = 30.0;
const STACK: &str = crate::place::STACK;

fn section(bucket: &str) -> String {
    format!("\n[state]\nbackend = \"s3\"\nbucket = \"{bucket}\"\n")
}

/// A place whose small stack keeps its state in a bucket of its own.
fn place() -> Place {
    let mut place = Place::new(&blueprint("dev.toml"));
    place.cli.set_time_scale(SCALE);
    let bucket = bucket(&place);
    place.behind_our_back(&format!("aws('s3').create_bucket(Bucket='{bucket}')"));
    place.write(&(blueprint("dev.toml") + &section(&bucket)));
    place
}

fn bucket(place: &Place) -> String {
    format!("states-{}", place.account)
}

/// On another runner, whose disk knows nothing.
fn elsewhere(place: &Place, command: &str, more: &[&str]) -> Finished {
    let dir = place.cli.dir().join("elsewhere").display().to_string();
    place.run(command, &[&["--state-dir", dir.as_str()], more].concat())
}

/// Everything is there once and there is nothing to do, as seen from elsewhere.
#[track_caller]
fn whole(place: &Place) {
    place.proxy.disarm();
    let _ = elsewhere(place, "plan", &["--detailed-exitcode"]).exits(0);
    place.sound();
}

/// An apply that takes a while.
fn slow_apply(place: &Place) -> Running {
    place.proxy.arm(Fault::on("ec2:*", Effect::Latency { ms: 150 }).writes());
    place.spawn("apply", &["--auto-approve", "--parallel", "2"])
}

/// The holder's nonce, as the message about it names it.
fn nonce(place: &Place) -> String {
    let start = Instant::now();
    loop {
        let told = place.cli.run(&["state", "unlock", STACK]).unwrap();
        if told.code == Some(9) {
            let (_, rest) = told.stderr.split_once("(lease ").unwrap();
            return rest.split(',').next().unwrap().to_owned();
        }
        assert!(start.elapsed() < Duration::from_secs(60), "nobody took the lease: {}", told.stderr);
    }
}

#[test]
fn a_life_in_a_bucket() {
    let place = place();
    let applied = place.apply().exits(0);
    assert!(applied.stderr.contains("keeps no versions"), "the owner is told\n{}", applied.stderr);
    assert!(!place.cli.dir().join("state/orders-dev/state.json").exists(), "the bucket has the state");
    whole(&place);
    let _ = elsewhere(&place, "status", &[]).exits(0);
    assert!(elsewhere(&place, "output", &[]).exits(0).stdout.contains("writer_endpoint"));
    let state = |words: &[&str]| place.cli.run(&[&["state"], words, &[STACK]].concat()).unwrap();
    assert!(state(&["list"]).exits(0).stdout.contains("db_cluster.main"));
    assert!(
        state(&["history"]).exits(0).stdout.contains(&format!("s3://{}/auroractl/orders-dev/state-", bucket(&place)))
    );
    assert!(state(&["unlock"]).exits(0).stdout.contains("not locked"));
    let _ = state(&["mv", "metric_alarm.cpu", "metric_alarm.processor"]).exits(0);
    let pulled = state(&["pull"]).exits(0).stdout;
    let _ = state(&["mv", "metric_alarm.processor", "metric_alarm.cpu"]).exits(0);
    place.cli.write("old.json", &pulled).unwrap();
    let old = state(&["push", "old.json"]).exits(13);
    assert!(old.stderr.contains("older"), "{}", old.stderr);
    place.cli.write("bad.json", &pulled.replace("orders-dev", "orders-dex")).unwrap();
    assert!(state(&["push", "bad.json"]).exits(13).stderr.contains("damaged"));
    let _ = elsewhere(&place, "destroy", &["--auto-approve"]).exits(0);
    assert!(place.census().is_empty(), "{:?}", place.census());
}

#[test]
fn a_local_state_moves_into_a_bucket() {
    let place = place();
    let text = place.text();
    place.write(&blueprint("dev.toml"));
    let _ = place.apply().exits(0);
    let pulled = place.cli.run(&["state", "pull", STACK]).unwrap().exits(0).stdout;
    place.cli.write("state.copy", &pulled).unwrap();
    assert!(place.cli.run(&["state", "unlock", STACK]).unwrap().exits(0).stdout.contains("local lock"));
    place.write(&text);
    assert!(place.run("plan", &[]).exits(13).stderr.contains("no state"), "not everything anew");
    let _ = place.cli.run(&["state", "push", "state.copy", STACK]).unwrap().exits(0);
    whole(&place);
}

#[test]
fn of_two_runs_the_second_is_told_who_holds_the_lease() {
    let place = place();
    let first = slow_apply(&place);
    let held = nonce(&place);
    let second = elsewhere(&place, "apply", &["--auto-approve"]).exits(9);
    for word in ["pid", "command apply", held.as_str()] {
        assert!(second.stderr.contains(word), "no `{word}` in\n{}", second.stderr);
    }
    let reader = elsewhere(&place, "plan", &[]).exits(0);
    assert!(reader.stderr.contains("another run is at work"), "{}", reader.stderr);
    let _ = first.wait().unwrap().exits(0);
    whole(&place);
}

#[test]
fn another_runner_continues_what_a_killed_one_began() {
    let place = place();
    let kill = Effect::Kill { at: KillAt::AfterEffect, pid: None, delay_ms: 0 };
    place.proxy.arm(Fault::on("rds:CreateDBCluster", kill).times(1));
    assert_eq!(place.spawn("apply", &["--auto-approve"]).wait().unwrap().signal, Some(9));
    let done = elsewhere(&place, "apply", &["--auto-approve"]).exits(0);
    assert!(done.stderr.contains("took over from"), "{}", done.stderr);
    whole(&place);
    let clusters = place.proxy.calls().iter().filter(|call| call.name() == "rds:CreateDBCluster").count();
    assert!(clusters <= 2, "one was made; a second call may have found it");
}

#[test]
fn a_holder_that_slept_while_its_lease_was_broken_stops() {
    let place = place();
    let sleeper = slow_apply(&place);
    place.wait_for_writes(12);
    process::pause(sleeper.pid());
    let held = nonce(&place);
    let wrong = place.cli.run(&["state", "unlock", STACK, "--nonce", "0000"]).unwrap().exits(1);
    assert!(wrong.stderr.contains(&held) && !wrong.stderr.contains("breaking the lease"), "{}", wrong.stderr);
    let _ = place.cli.run(&["state", "unlock", STACK, "--nonce", &held]).unwrap().exits(0);
    // Past the time in which its lease would still be good by its own clock.
    std::thread::sleep(Duration::from_secs_f64(40.0 / SCALE));
    place.proxy.clear_log();
    process::resume(sleeper.pid());
    let done = sleeper.wait().unwrap().exits(9);
    assert!(done.stderr.contains("fenced"), "{}", done.stderr);
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    // What it had sent before it slept may arrive; after that, nothing.
    let sent: Vec<_> = place
        .proxy
        .calls()
        .into_iter()
        .filter(|call| call.mutating && call.service != "s3")
        .map(|call| call.name())
        .collect();
    assert!(sent.len() <= 2, "{sent:?}");
    place.proxy.disarm();
    let _ = elsewhere(&place, "apply", &["--auto-approve"]).exits(0);
    whole(&place);
}

#[test]
fn an_interrupt_gives_the_lease_back() {
    let place = place();
    let running = slow_apply(&place);
    place.wait_for_writes(14);
    running.interrupt();
    let _ = running.wait().unwrap().exits(10);
    assert!(place.cli.run(&["state", "unlock", STACK]).unwrap().exits(0).stdout.contains("not locked"));
    place.proxy.disarm();
    let next = elsewhere(&place, "apply", &["--auto-approve"]).exits(0);
    assert!(!next.stderr.contains("watching"), "nobody has to be waited for\n{}", next.stderr);
    whole(&place);
}

#[test]
fn a_bucket_that_cannot_be_used_is_refused_before_anything_happens() {
    let place = place();
    let bucket = bucket(&place);
    place.edit(&bucket, "no-such-bucket-at-all");
    assert!(place.apply().exits(1).stderr.contains("make the bucket first"));
    place.edit("no-such-bucket-at-all", &bucket);
    place.write(&(place.text() + "bucket_owner = \"999999999999\"\n"));
    assert!(place.apply().exits(7).stderr.contains("state.bucket_owner"));
    place.edit("bucket_owner = \"999999999999\"", "region = \"eu-central-1\"");
    assert!(place.apply().stderr.contains("us-east-1"), "it says where the bucket is");
    assert!(place.census().is_empty());
}
