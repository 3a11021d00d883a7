//! Changes that restart members of the cluster: one after another, the writer's role first moved, in each way that a stack may
//! choose, and after kills on the way.

use crate::place::{Place, unprotected};
use auroractl_testkit::proxy::fault::{Effect, Fault};
use auroractl_testkit::proxy::log::Entry;
use auroractl_tests::crash::POSITIONS;
use std::time::Duration;

const CLASS: (&str, &str) = ("class = \"db.r7g.large\"", "class = \"db.r7g.xlarge\"");
/// A static parameter of the cluster.
const STATIC: (&str, &str) = ("[params.cluster]\n", "[params.cluster]\nmax_worker_processes = 32\n");
/// The calls of a roll of three members, and no other.
const ROLL: [&str; 6] = [
    "application-autoscaling:RegisterScalableTarget",
    "rds:ModifyDBInstance",
    "rds:ModifyDBInstance",
    "rds:FailoverDBCluster",
    "rds:ModifyDBInstance",
    "application-autoscaling:RegisterScalableTarget",
];
/// Every member has the class, `b` writes, nothing is suspended, nothing waits for a restart.
const ROLLED: &str = r#"
cluster, = aws("rds").describe_db_clusters()["DBClusters"]
members = aws("rds").describe_db_instances()["DBInstances"]
target, = aws("application-autoscaling").describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"]
assert {m["DBInstanceClass"] for m in members} == {"db.r7g.xlarge"}, members
assert sorted(m["DBInstanceIdentifier"] for m in members) == ["orders-a", "orders-b", "orders-c"], members
assert [m["DBInstanceIdentifier"] for m in cluster["DBClusterMembers"] if m["IsClusterWriter"]] == ["orders-b"], cluster
assert not any((target.get("SuspendedState") or {}).values()), target
assert {m["DBClusterParameterGroupStatus"] for m in cluster["DBClusterMembers"]} == {"in-sync"}, cluster
"#;

fn production() -> Place {
    let place = Place::new(&unprotected());
    let _ = place.apply().exits(0);
    place.proxy.clear_log();
    place
}

/// What was sent that members or their autoscaling feel, in its order. A class has other values of parameters and alarms, too.
fn sent(place: &Place) -> Vec<String> {
    let felt = |name: &String| ROLL.contains(&name.as_str()) || name == "rds:RebootDBInstance";
    place.proxy.calls().iter().map(Entry::name).filter(felt).collect()
}

#[test]
fn the_writers_role_moves_before_its_turn() {
    let place = production();
    place.edit(CLASS.0, CLASS.1);
    let text = place.run("plan", &[]).exits(0).stdout;
    let order = "suspend scalable_target.readers -> update db_instance.c -> db_instance.c catches up -> update db_instance.b \
                 -> db_instance.b catches up -> db_instance.b becomes the writer -> update db_instance.a -> resume \
                 scalable_target.readers";
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(words.join(" ").contains(&order.split_whitespace().collect::<Vec<_>>().join(" ")), "{text}");
    assert!(text.contains("* roll") && text.contains("- in_place") && text.contains("- window"), "{text}");
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let ways = plan["roll"]["alternatives"].as_array().unwrap();
    let chosen: Vec<_> = ways.iter().map(|way| (way["strategy"].as_str().unwrap(), way["chosen"] == true)).collect();
    assert_eq!(chosen, [("roll", true), ("in_place", false), ("window", false)]);
    place.proxy.clear_log();
    let _ = place.apply().exits(0);
    assert_eq!(sent(&place), ROLL);
    place.behind_our_back(ROLLED);
    place.settled();
    place.sound();
}

#[test]
fn a_roll_that_is_killed_at_each_of_its_calls_is_finished_by_the_next_run() {
    let calls = [(ROLL[0], 1), (ROLL[1], 1), (ROLL[1], 2), (ROLL[3], 1), (ROLL[1], 3), (ROLL[0], 2)];
    for (number, (action, nth)) in calls.into_iter().enumerate() {
        let position = POSITIONS[(number + 1) % POSITIONS.len()];
        let place = production();
        place.edit(CLASS.0, CLASS.1);
        place.proxy.arm(Fault::on(action, Effect::Kill { at: position, pid: None, delay_ms: 0 }).nth(nth));
        let killed = place.spawn("apply", &["--auto-approve"]).wait().unwrap();
        assert!(place.proxy.wait_idle(Duration::from_secs(20)));
        assert_eq!(killed.signal, Some(9), "{action} {nth} {position:?}\n{}{}", killed.stdout, killed.stderr);
        place.proxy.disarm();
        let _ = place.apply().exits(0);
        place.behind_our_back(ROLLED);
        place.settled();
        place.sound();
    }
}

#[test]
fn values_that_wait_for_a_restart_get_one() {
    let place = production();
    place.edit(STATIC.0, STATIC.1);
    let _ = place.apply().exits(0);
    let restarts: Vec<String> = sent(&place).into_iter().filter(|name| name.starts_with("rds:")).collect();
    assert_eq!(
        restarts,
        ["rds:RebootDBInstance", "rds:RebootDBInstance", "rds:FailoverDBCluster"],
        "who hands its role over restarts by that"
    );
    place.settled();
}

#[test]
fn edits_that_share_a_restart_share_it() {
    let place = production();
    place.edit(CLASS.0, CLASS.1);
    place.edit(STATIC.0, STATIC.1);
    place.edit("[cluster]\n", "[cluster]\nca_certificate = \"rds-ca-ecc384-g1\"\n");
    let _ = place.apply().exits(0);
    let calls = sent(&place);
    let count = |name: &str| calls.iter().filter(|call| *call == name).count();
    assert_eq!((count("rds:ModifyDBInstance"), count("rds:RebootDBInstance")), (3, 0), "{calls:?}");
    place.behind_our_back(ROLLED);
    place.settled();
}

#[test]
fn a_run_that_dies_before_the_restarts_leaves_them_to_the_next() {
    let place = production();
    place.edit(STATIC.0, STATIC.1);
    let kill = Effect::Kill { at: POSITIONS[0], pid: None, delay_ms: 0 };
    place.proxy.arm(Fault::on("rds:RebootDBInstance", kill).nth(2));
    let killed = place.spawn("apply", &["--auto-approve"]).wait().unwrap();
    assert_eq!(killed.signal, Some(9), "{}{}", killed.stdout, killed.stderr);
    assert!(place.proxy.wait_idle(Duration::from_secs(20)));
    place.proxy.disarm();
    let _ = place.run("plan", &["--detailed-exitcode"]).exits(2);
    let _ = place.apply().exits(0);
    place.settled();
}

#[test]
fn in_place_moves_nobody() {
    let place = production();
    place.edit(CLASS.0, CLASS.1);
    place.edit("[recovery]\n", "[changes]\nstrategy = \"in_place\"\n\n[recovery]\n");
    let _ = place.apply().exits(0);
    let rds: Vec<String> = sent(&place).into_iter().filter(|name| name.starts_with("rds:")).collect();
    assert_eq!(rds, ["rds:ModifyDBInstance"; 3]);
    place.behind_our_back(&ROLLED.replace("[\"orders-b\"]", "[\"orders-a\"]"));
    place.settled();
}

#[test]
fn what_waits_for_the_window_is_pending_and_no_difference() {
    let place = production();
    place.edit(CLASS.0, CLASS.1);
    place.edit("[recovery]\n", "[changes]\nstrategy = \"window\"\n\n[recovery]\n");
    let plan = place.run("plan", &[]).exits(0).stdout;
    assert!(plan.contains("in the maintenance window"), "{plan}");
    let _ = place.apply().exits(0);
    assert_eq!(sent(&place), ["rds:ModifyDBInstance"; 3]);
    place.behind_our_back(
        r#"
members = aws("rds").describe_db_instances()["DBInstances"]
assert {m["DBInstanceClass"] for m in members} == {"db.r7g.large"}, members
assert {m["PendingModifiedValues"]["DBInstanceClass"] for m in members} == {"db.r7g.xlarge"}, members
"#,
    );
    place.settled();
    let quiet = place.run("plan", &["--all"]).exits(0).stdout;
    assert!(quiet.contains("pending at AWS: db_instance_class"), "{quiet}");
    // Whoever does not want to wait any longer rolls.
    place.edit("strategy = \"window\"", "strategy = \"roll\"");
    place.proxy.clear_log();
    let _ = place.apply().exits(0);
    assert_eq!(sent(&place), ROLL);
    place.behind_our_back(ROLLED);
    place.settled();
}

#[test]
fn a_limit_that_is_none_is_refused() {
    let place = Place::new(&unprotected());
    place.edit("[recovery]\n", "[changes]\nmax_replica_lag = \"soon\"\nstrategy = \"sometimes\"\n\n[recovery]\n");
    let refused = place.run("validate", &[]).exits(6);
    assert!(refused.stderr.contains("strategy") && refused.stderr.contains("in_place"), "{}", refused.stderr);
    place.edit("strategy = \"sometimes\"\n", "");
    let refused = place.run("validate", &[]).exits(6);
    assert!(refused.stderr.contains("`soon` is no lag that can be waited for"), "{}", refused.stderr);
}
