//! Changes that restart members of the cluster: one after another, the writer's role first moved, in each way that a stack may
//! choose, and after kills on the way.

use crate::place::{Place, STACK, unprotected, words};
use auroractl_testkit::proxy::fault::{Effect, Fault};
use auroractl_testkit::proxy::log::Entry;
use auroractl_tests::crash::POSITIONS;
use std::time::Duration;

const CERTIFICATE: (&str, &str) = ("[cluster]\n", "[cluster]\nca_certificate = \"rds-ca-ecc384-g1\"\n");
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
    assert!(words(&text).contains(order), "{text}");
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

/// The target is there and no record says so, and the next edit suspends it.
#[test]
fn a_roll_takes_over_the_autoscaling_of_a_run_that_was_killed() {
    for edit in [CLASS, STATIC] {
        let text = unprotected();
        let (before, rest) = text.split_once("[cluster.autoscaling]\n").unwrap();
        let (_, after) = rest.split_once("\n\n").unwrap();
        let place = Place::new(&format!("{before}{after}"));
        let _ = place.apply().exits(0);
        place.write(&text);
        kill(&place, (ROLL[0], 1), 1);
        place.edit(edit.0, edit.1);
        place.proxy.clear_log();
        let _ = place.apply().exits(0);
        let calls = sent(&place);
        assert_eq!((calls.first().unwrap().as_str(), calls.last().unwrap().as_str()), (ROLL[0], ROLL[0]), "{calls:?}");
        place.behind_our_back(
            r#"
target, = aws("application-autoscaling").describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"]
assert not any((target.get("SuspendedState") or {}).values()), target
"#,
        );
        place.settled();
        place.sound();
    }
}

/// A roll that fails is mended by people, and that may take until after the next morning's peak.
#[test]
fn a_roll_that_fails_does_not_leave_autoscaling_suspended() {
    let place = production();
    place.edit(CLASS.0, CLASS.1);
    place.proxy.arm(Fault::on("rds:ModifyDBInstance", Effect::AccessDenied).nth(2).times(50));
    let done = place.apply().exits(10);
    let calls = sent(&place);
    let registered = calls.iter().filter(|call| *call == ROLL[0]).count();
    assert_eq!((registered, calls.last().map(String::as_str)), (2, Some(ROLL[0])), "{calls:?}");
    assert!(!done.stderr.contains("scalable_target.readers: skipped"), "{}", done.stderr);
    place.behind_our_back(
        r#"
target, = aws("application-autoscaling").describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"]
assert not any((target.get("SuspendedState") or {}).values()), target
"#,
    );
    place.proxy.disarm();
    let _ = place.apply().exits(0);
    place.behind_our_back(ROLLED);
    place.settled();
    place.sound();
}

#[test]
fn values_that_wait_for_a_restart_get_one() {
    let place = production();
    place.edit(STATIC.0, STATIC.1);
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let changes = plan["changes"].as_array().unwrap().iter();
    let group = changes.filter(|one| one["address"] == "db_cluster_parameter_group.main");
    assert_eq!(group.map(|one| &one["meaning"]).collect::<Vec<_>>(), ["interrupts"], "the restarts are its doing");
    let _ = place.apply().exits(0);
    let restarts: Vec<String> = sent(&place).into_iter().filter(|name| name.starts_with("rds:")).collect();
    assert_eq!(
        restarts,
        ["rds:RebootDBInstance", "rds:RebootDBInstance", "rds:FailoverDBCluster"],
        "who hands its role over restarts by that"
    );
    place.settled();
}

/// AWS marks the members some time after the edit of a group: a restart of the whole cluster may come before that.
#[test]
fn a_restart_of_the_whole_cluster_does_not_stand_for_that_of_new_values() {
    let whole = [
        ("engine_version = \"16.11\"", "engine_version = \"16.13\""),
        ("database_name = \"orders\"\n", "database_name = \"orders\"\nport = 5433\n"),
    ];
    for (old, new) in whole {
        let place = production();
        place.edit(STATIC.0, STATIC.1);
        place.edit(old, new);
        let text = place.run("plan", &[]).exits(0).stdout;
        assert!(text.contains("writer unavailable twice") && !text.contains("AWS never makes by itself"), "{text}");
        let _ = place.apply().exits(0);
        let (_, in_sync) = ROLLED.trim_end().rsplit_once('\n').unwrap();
        place.behind_our_back(&format!("cluster, = aws(\"rds\").describe_db_clusters()[\"DBClusters\"]\n{in_sync}\n"));
        place.settled();
        place.sound();
    }
}

#[test]
fn edits_that_share_a_restart_share_it() {
    let place = production();
    place.edit(CLASS.0, CLASS.1);
    place.edit(STATIC.0, STATIC.1);
    place.edit(CERTIFICATE.0, CERTIFICATE.1);
    let _ = place.apply().exits(0);
    let calls = sent(&place);
    let count = |name: &str| calls.iter().filter(|call| *call == name).count();
    assert_eq!((count("rds:ModifyDBInstance"), count("rds:RebootDBInstance")), (3, 0), "{calls:?}");
    place.behind_our_back(ROLLED);
    place.settled();
}

#[test]
fn a_certificate_that_is_loaded_without_a_restart_moves_nobody() {
    let place = production();
    place.edit(CERTIFICATE.0, CERTIFICATE.1);
    let plan = place.run("plan", &["--max-downtime", "0s"]).exits(0).stdout;
    assert!(plan.contains("ca_certificate_identifier") && !plan.contains("becomes the writer"), "{plan}");
    let order = "update db_instance.c -> db_instance.c catches up -> update db_instance.b -> db_instance.b catches up -> \
                 update db_instance.a";
    assert!(words(&plan).contains(order), "{plan}");
    place.proxy.arm(Fault::on("rds:DescribeDBEngineVersions", Effect::AccessDenied));
    let careful = place.run("plan", &[]).exits(0).stdout;
    assert!(careful.contains("db_instance.b becomes the writer"), "who may not ask has restarts counted: {careful}");
    place.proxy.disarm();
    place.proxy.clear_log();
    let _ = place.apply().exits(0);
    assert_eq!(sent(&place), ["rds:ModifyDBInstance"; 3]);
    place.settled();
    place.sound();
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

/// The members, in the end.
const RENAMED: &str = r#"
members = sorted(m["DBInstanceIdentifier"] for m in aws("rds").describe_db_instances()["DBInstances"])
assert members == ["orders-a", "orders-b", "orders-d"], members
"#;

/// The production stack, whose reader `c` is called `d` from now on, whether its address follows or not.
fn renamed(follows: bool) -> Place {
    let place = production();
    place.edit("name = \"c\"", "name = \"d\"");
    if follows {
        place.write(&format!("{}\n[[moved]]\nfrom = \"db_instance.c\"\nto = \"db_instance.d\"\n", place.text()));
    }
    place
}

#[test]
fn a_reader_of_another_name_is_there_before_the_old_one_goes() {
    for follows in [false, true] {
        let place = renamed(follows);
        let deletions = || place.proxy.calls().iter().filter(|call| call.name() == "rds:DeleteDBInstance").count();
        place.proxy.arm(Fault::on("rds:CreateDBInstance", Effect::AccessDenied).times(50));
        let _ = place.apply().exits(10);
        assert_eq!(deletions(), 0, "nobody is there in its place");
        place.proxy.disarm();
        let _ = place.apply().exits(0);
        assert_eq!(deletions(), 1);
        place.behind_our_back(RENAMED);
        place.settled();
        place.sound();
    }
}

#[test]
fn a_reader_that_was_renamed_by_a_run_that_died_is_there_once() {
    for (position, call) in
        ["rds:CreateDBInstance", "rds:CreateDBInstance", "rds:DeleteDBInstance"].into_iter().enumerate()
    {
        let place = renamed(true);
        kill(&place, (call, 1), position);
        let _ = place.apply().exits(0);
        place.behind_our_back(RENAMED);
        place.settled();
        place.sound();
    }
}

/// The rules for the database port, each once, for the new one.
const OPENED: &str = r#"
rules = [r for r in aws("ec2").describe_security_group_rules()["SecurityGroupRules"] if r.get("FromPort") in (5432, 5433)]
assert [r["FromPort"] for r in rules] == [5433] * 3, rules
cluster, = aws("rds").describe_db_clusters()["DBClusters"]
assert cluster["Port"] == 5433, cluster
"#;
const PORT: (&str, &str) = ("[cluster]\n", "[cluster]\nport = 5433\n");

#[test]
fn another_port_is_open_before_the_cluster_moves_and_the_old_one_until_it_has_moved() {
    let place = production();
    place.edit(PORT.0, PORT.1);
    let _ = place.apply().exits(0);
    let calls: Vec<String> = place.proxy.calls().iter().map(Entry::name).collect();
    let first = |call: &str| calls.iter().position(|name| name.starts_with(call)).unwrap();
    let last = |call: &str| calls.iter().rposition(|name| name.starts_with(call)).unwrap();
    let count = |call: &str| calls.iter().filter(|name| name.starts_with(call)).count();
    let (open, edit, close) = ("ec2:AuthorizeSecurityGroup", "rds:ModifyDBCluster", "ec2:RevokeSecurityGroup");
    assert_eq!((count(open), count(close)), (3, 3), "{calls:?}");
    assert!(last(open) < first(edit) && first(edit) < first(close), "{calls:?}");
    place.behind_our_back(OPENED);
    place.settled();
    place.sound();
}

#[test]
fn a_move_to_another_port_that_is_killed_is_finished_by_the_next_run() {
    for position in 0..POSITIONS.len() {
        let place = production();
        place.edit(PORT.0, PORT.1);
        kill(&place, ("rds:ModifyDBCluster", 1), position);
        let _ = place.apply().exits(0);
        place.behind_our_back(OPENED);
        place.settled();
        place.sound();
    }
}

/// All members are serverless, or `b` alone.
const SERVERLESS: (&str, &str) = (CLASS.0, "class = \"db.serverless\"");
const ONE_SERVERLESS: (&str, &str) = ("name = \"b\"\n", "name = \"b\"\nclass = \"db.serverless\"\n");
/// Another greatest capacity.
const RANGE: (&str, &str) = ("max_acu = 8", "max_acu = 16");
/// Nothing waits for a restart, and the range is the new one.
const RANGED: &str = r#"
cluster, = aws("rds").describe_db_clusters()["DBClusters"]
assert cluster["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 16, cluster
assert {m["DBClusterParameterGroupStatus"] for m in cluster["DBClusterMembers"]} == {"in-sync"}, cluster
"#;

/// The production stack with a capacity range, and members that go by it.
fn serverless((old, new): (&str, &str)) -> Place {
    let place = Place::new(&unprotected());
    place.edit(old, new);
    place.edit("[cluster.backup]\n", "[cluster.serverless]\nmin_acu = 1\nmax_acu = 8\n\n[cluster.backup]\n");
    let _ = place.apply().exits(0);
    place.proxy.clear_log();
    place
}

/// The restarts and failovers that were sent.
fn restarts(place: &Place) -> Vec<String> {
    sent(place).into_iter().filter(|name| name.ends_with("RebootDBInstance") || name.ends_with("Cluster")).collect()
}

#[test]
fn another_capacity_range_restarts_the_members_that_go_by_it() {
    let place = serverless(SERVERLESS);
    place.edit(RANGE.0, RANGE.1);
    let _ = place.run("plan", &["--max-downtime", "0s"]).exits(12);
    let text = place.run("plan", &[]).exits(0).stdout;
    let order = "restart db_instance.c -> db_instance.c catches up -> restart db_instance.b -> db_instance.b catches up -> \
                 db_instance.b becomes the writer -> restart db_instance.a";
    assert!(words(&text).contains(order), "{text}");
    assert!(text.contains("writer unavailable once"), "{text}");
    place.proxy.clear_log();
    let _ = place.apply().exits(0);
    assert_eq!(restarts(&place), ["rds:RebootDBInstance", "rds:RebootDBInstance", "rds:FailoverDBCluster"]);
    place.behind_our_back(RANGED);
    place.settled();
    place.sound();
}

#[test]
fn another_capacity_range_restarts_no_provisioned_member() {
    let place = serverless(ONE_SERVERLESS);
    place.edit(RANGE.0, RANGE.1);
    let _ = place.apply().exits(0);
    assert_eq!(restarts(&place), ["rds:RebootDBInstance"]);
    place.behind_our_back(RANGED);
    place.settled();
}

#[test]
fn a_run_that_dies_before_the_restarts_for_a_capacity_range_leaves_them_to_the_next() {
    let place = serverless(SERVERLESS);
    place.edit(RANGE.0, RANGE.1);
    kill(&place, ("rds:RebootDBInstance", 1), 0);
    let _ = place.run("plan", &["--detailed-exitcode"]).exits(2);
    let _ = place.apply().exits(0);
    assert_eq!(restarts(&place), ["rds:RebootDBInstance", "rds:RebootDBInstance", "rds:FailoverDBCluster"]);
    place.behind_our_back(RANGED);
    place.settled();
    place.sound();
}

#[test]
fn who_waits_for_the_window_restarts_nobody_for_a_capacity_range() {
    let place = serverless(SERVERLESS);
    place.edit(RANGE.0, RANGE.1);
    place.edit("[recovery]\n", "[changes]\nstrategy = \"window\"\n\n[recovery]\n");
    let _ = place.apply().exits(0);
    assert_eq!(restarts(&place), Vec::<String>::new());
    place.settled();
    let quiet = place.run("plan", &["--all"]).exits(0).stdout;
    assert!(quiet.contains("pending at AWS: db_cluster_parameter_group_name"), "{quiet}");
    place.edit("strategy = \"window\"", "strategy = \"roll\"");
    place.proxy.clear_log();
    let _ = place.apply().exits(0);
    assert_eq!(restarts(&place), ["rds:RebootDBInstance", "rds:RebootDBInstance", "rds:FailoverDBCluster"]);
    place.behind_our_back(RANGED);
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

/// The other member has gone since the plan was made, or since the look that it goes by.
#[test]
fn the_last_member_that_is_left_does_not_leave_unless_it_was_named() {
    let member = |name: &str, zone: &str, tier: u8| {
        format!("[[cluster.members]]\nname = \"{name}\"\naz = \"us-east-1{zone}\"\npromotion_tier = {tier}\n\n")
    };
    let stack = unprotected().replace("environment = \"staging\"", "environment = \"dev\"");
    let (start, end) = (stack.find("[cluster.autoscaling]").unwrap(), stack.find("# --- Parameters").unwrap());
    let stack = format!("{}{}", &stack[..start], &stack[end..]);
    let place = Place::new(&stack.replace(&member("c", "c", 2), ""));
    let _ = place.apply().exits(0);
    place.behind_our_back("aws('rds').delete_db_instance(DBInstanceIdentifier='orders-a', SkipFinalSnapshot=True)");
    place.edit(&member("b", "b", 1), "");
    place.proxy.clear_log();
    let deletions = || place.proxy.calls().iter().filter(|call| call.name() == "rds:DeleteDBInstance").count();
    let refused = place.run("apply", &["--auto-approve", "--refresh=false"]).exits(10).stderr;
    assert!(refused.contains("orders-b is the last member of orders that is left"), "{refused}");
    assert_eq!(deletions(), 0);
    let named = ["--auto-approve", "--refresh=false", "--allow-delete", "db_instance.b"];
    let _ = place.run("apply", &named).exits(0);
    assert_eq!(deletions(), 1);
}

#[test]
fn who_has_become_the_writer_since_the_plan_was_made_does_not_leave() {
    let place = production();
    place.behind_our_back(
        "aws(\"rds\").failover_db_cluster(DBClusterIdentifier=\"orders\", TargetDBInstanceIdentifier=\"orders-c\")",
    );
    place.edit("[[cluster.members]]\nname = \"c\"\naz = \"us-east-1c\"\npromotion_tier = 2\n\n", "");
    place.proxy.clear_log();
    let deletions = || place.proxy.calls().iter().filter(|call| call.name() == "rds:DeleteDBInstance").count();
    // A plan without a look goes by what an earlier one saw.
    let refused = place.run("apply", &["--auto-approve", "--refresh=false"]).exits(10).stderr;
    assert!(refused.contains("orders-c has become the writer since it was seen last"), "{refused}");
    assert_eq!(deletions(), 0);
    let _ = place.apply().exits(0);
    assert_eq!(deletions(), 1, "it hands its role over and goes");
    place.settled();
    place.sound();
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

/// A cluster of one member lends its role: the calls of its roll, and no other.
const LENT: [&str; 5] = [
    "rds:CreateDBInstance",
    "rds:FailoverDBCluster",
    "rds:ModifyDBInstance",
    "rds:FailoverDBCluster",
    "rds:DeleteDBInstance",
];
/// The only member has the class and writes, and nobody is left who stood in for it.
const ALONE: &str = r#"
cluster, = aws("rds").describe_db_clusters()["DBClusters"]
member, = aws("rds").describe_db_instances()["DBInstances"]
assert (member["DBInstanceIdentifier"], member["DBInstanceClass"]) == ("orders-a", "db.r7g.xlarge"), member
assert [m["DBInstanceIdentifier"] for m in cluster["DBClusterMembers"] if m["IsClusterWriter"]] == ["orders-a"], cluster
"#;

/// The production stack with one member, whose rolls make a surge reader. In development, since a rule demands readers
/// elsewhere.
fn alone() -> Place {
    let stack = unprotected().replace("environment = \"staging\"", "environment = \"dev\"");
    let cut = |text: &str, from: &str, to: &str| {
        let (start, end) = (text.find(from).unwrap(), text.find(to).unwrap());
        format!("{}{}", &text[..start], &text[end..])
    };
    let stack = cut(&stack, "[[cluster.members]]\nname = \"b\"", "[cluster.backup]");
    let stack = cut(&stack, "[cluster.autoscaling]", "# --- Parameters");
    let place = Place::new(&stack.replace("[recovery]\n", "[changes]\nsurge_reader = true\n\n[recovery]\n"));
    let _ = place.apply().exits(0);
    place.settled();
    place.proxy.clear_log();
    place
}

/// What was sent to members and their cluster, in its order.
fn lent(place: &Place) -> Vec<String> {
    let felt = |name: &String| LENT.contains(&name.as_str()) || name == "rds:RebootDBInstance";
    place.proxy.calls().iter().map(Entry::name).filter(felt).collect()
}

/// Kills a run at a call; the log begins anew.
fn kill(place: &Place, (action, nth): (&str, u64), position: usize) {
    let effect = Effect::Kill { at: POSITIONS[position % POSITIONS.len()], pid: None, delay_ms: 0 };
    place.proxy.arm(Fault::on(action, effect).nth(nth));
    let killed = place.spawn("apply", &["--auto-approve"]).wait().unwrap();
    assert!(place.proxy.wait_idle(Duration::from_secs(20)));
    assert_eq!(killed.signal, Some(9), "{action} {nth}\n{}{}", killed.stdout, killed.stderr);
    place.proxy.disarm();
    place.proxy.clear_log();
}

#[test]
fn a_cluster_of_one_lends_its_role_to_a_surge_reader() {
    let place = alone();
    place.edit(CLASS.0, CLASS.1);
    let text = place.run("plan", &[]).exits(0).stdout;
    let order = "create db_instance.surge_reader -> db_instance.surge_reader catches up -> db_instance.surge_reader becomes \
                 the writer -> update db_instance.a -> db_instance.a catches up -> db_instance.a becomes the writer again -> \
                 delete db_instance.surge_reader";
    assert!(words(&text).contains(order), "{text}");
    assert!(text.contains("writer unavailable twice for about 30 s"), "{text}");
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    assert_eq!((&plan["summary"]["surge"], &plan["summary"]["create"]), (&1.into(), &0.into()));
    assert!(plan["cost"]["peak"]["hourly_over_after"].as_f64().unwrap() > 0.5, "{}", plan["cost"]);
    let change = plan["changes"].as_array().unwrap().iter().find(|one| one["address"] == "db_instance.surge_reader");
    assert!(change.is_some_and(|one| one["action"] == "surge" && one["cost_change"].is_null()), "{change:?}");
    place.proxy.clear_log();
    let _ = place.apply().exits(0);
    assert_eq!(lent(&place), LENT);
    place.behind_our_back(ALONE);
    place.settled();
    place.sound();
}

#[test]
fn a_surge_reader_is_proposed_only_where_the_writer_is_away_for_less_time() {
    let place = alone();
    place.edit("surge_reader = true", "surge_reader = false");
    let told = |place: &Place| {
        let text = place.run("plan", &[]).exits(0).stdout;
        assert!(text.contains("is the writer and restarts where it stands"), "{text}");
        words(&text)
    };
    place.edit(STATIC.0, STATIC.1);
    assert!(!told(&place).contains("surge_reader"), "two failovers take as long as a restart");
    place.edit(CLASS.0, CLASS.1);
    let hint = "`[changes] surge_reader = true` makes one: unavailable for about 30 s in all";
    assert!(told(&place).contains(hint), "{}", told(&place));
}

#[test]
fn a_roll_with_a_surge_reader_that_is_killed_is_finished_by_the_next_run() {
    let calls = [(LENT[0], 1), (LENT[1], 1), (LENT[2], 1), (LENT[1], 2), (LENT[4], 1)];
    for (number, call) in calls.into_iter().enumerate() {
        for position in [number, number + 1] {
            let place = alone();
            place.edit(CLASS.0, CLASS.1);
            kill(&place, call, position);
            let _ = place.apply().exits(0);
            place.behind_our_back(ALONE);
            place.settled();
            place.sound();
        }
    }
}

#[test]
fn a_surge_reader_that_nobody_needs_any_more_hands_the_role_back_and_goes() {
    for wanted in [true, false] {
        let place = alone();
        place.edit(CLASS.0, CLASS.1);
        // The surge reader writes, the member is as it was.
        kill(&place, (LENT[2], 1), 0);
        place.edit(CLASS.1, CLASS.0);
        if !wanted {
            place.edit("surge_reader = true", "surge_reader = false");
        }
        let _ = place.run("plan", &["--detailed-exitcode"]).exits(2);
        place.proxy.clear_log();
        let _ = place.apply().exits(0);
        assert_eq!(lent(&place), LENT[3..]);
        place.behind_our_back(&ALONE.replace("xlarge", "large"));
        place.settled();
        place.sound();
    }
}

#[test]
fn a_surge_reader_that_writes_is_found_again_after_the_state_is_lost() {
    let place = alone();
    place.edit(CLASS.0, CLASS.1);
    kill(&place, (LENT[2], 1), 0);
    std::fs::remove_dir_all(place.state_file().parent().unwrap()).unwrap();
    let _ = place.cli.run(&["state", "recover", STACK]).unwrap().exits(0);
    assert!(!place.state()["resources"]["db_instance.surge_reader"].is_null());
    place.proxy.clear_log();
    let _ = place.apply().exits(0);
    assert_eq!(lent(&place), LENT[2..]);
    place.behind_our_back(ALONE);
    place.settled();
    place.sound();
}

#[test]
fn with_readers_a_surge_reader_is_capacity_and_nobody_hands_back() {
    let place = production();
    place.edit(CLASS.0, CLASS.1);
    place.edit("[recovery]\n", "[changes]\nsurge_reader = true\n\n[recovery]\n");
    place.proxy.clear_log();
    let _ = place.apply().exits(0);
    let members: Vec<String> = lent(&place);
    let modify = "rds:ModifyDBInstance";
    assert_eq!(members, [LENT[0], modify, modify, LENT[1], modify, LENT[4]]);
    let all: Vec<String> = place.proxy.calls().iter().map(Entry::name).collect();
    let at = |name: &str| all.iter().position(|call| call == name).unwrap();
    let last = |name: &str| all.iter().rposition(|call| call == name).unwrap();
    assert!(at(ROLL[0]) < at(LENT[0]) && last(ROLL[0]) > last(LENT[4]), "autoscaling keeps still meanwhile: {all:?}");
    place.behind_our_back(ROLLED);
    place.settled();
    place.sound();
}

#[test]
fn a_surge_reader_needs_a_roll_and_a_name() {
    let place = Place::new(&unprotected());
    place.edit("[recovery]\n", "[changes]\nsurge_reader = true\nstrategy = \"in_place\"\n\n[recovery]\n");
    place.edit("name = \"b\"", "name = \"surge\"");
    let refused = place.run("validate", &[]).exits(6).stderr;
    for text in ["only a roll makes a surge reader", "name of the member `surge`", "orders-surge"] {
        assert!(refused.contains(text), "{text}: {refused}");
    }
}
