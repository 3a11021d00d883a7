//! A state that is lost or damaged is rebuilt from the resources' tags, and AWS is not touched for it.

use crate::place::{Place, STACK, blueprint, unprotected};
use auroractl_testkit::cli::Finished;
use auroractl_testkit::proxy::fault::{Effect, Fault};
use auroractl_tests::crash::POSITIONS;
use std::collections::BTreeSet;
use std::time::Duration;

/// Runs `state recover`.
fn recover(place: &Place, more: &[&str]) -> Finished {
    place.cli.run(&[&["state", "recover", STACK], more].concat()).unwrap()
}

/// Loses the state, the whole folder.
fn lose(place: &Place) {
    std::fs::remove_dir_all(place.state_file().parent().unwrap()).unwrap();
}

/// Address, identity and generation of each record.
fn records(place: &Place) -> BTreeSet<(String, String, u64)> {
    let state = place.state();
    let one = |(address, record): (&String, &serde_json::Value)| {
        (address.clone(), record["oid"].as_str().unwrap().to_owned(), record["generation"].as_u64().unwrap())
    };
    state["resources"].as_object().unwrap().iter().map(one).collect()
}

fn applied(stack: &str) -> Place {
    let place = Place::new(stack);
    let _ = place.apply().exits(0);
    place
}

#[test]
fn a_lost_production_state_is_rebuilt() {
    let place = applied(&unprotected());
    // Second generations: of what the index of tags lists, and of a role, which it does not.
    place.behind_our_back(
        "cloudwatch, iam = aws('cloudwatch'), aws('iam')
alarm = cloudwatch.describe_alarms()['MetricAlarms'][0]['AlarmName']
cloudwatch.delete_alarms(AlarmNames=[alarm])
for role in [r['RoleName'] for r in iam.list_roles()['Roles'] if 'monitoring' in r['RoleName']]:
    for policy in iam.list_attached_role_policies(RoleName=role)['AttachedPolicies']:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy['PolicyArn'])
    iam.delete_role(RoleName=role)",
    );
    let _ = place.apply().exits(0);
    let before = records(&place);
    assert!(before.iter().filter(|(_, _, generation)| *generation > 0).count() >= 2, "{before:#?}");
    lose(&place);
    for command in ["plan", "apply", "destroy"] {
        let done = place.run(command, &[]).exits(13);
        assert!(done.stderr.contains("`auroractl state recover`"), "{}", done.stderr);
    }
    let writes = place.proxy.summary().writes;
    let dry = recover(&place, &["--dry-run"]).exits(0);
    assert!(dry.stdout.contains("Nothing was written"), "{}", dry.stdout);
    let _ = place.run("plan", &[]).exits(13);
    let done = recover(&place, &[]).exits(0);
    assert!(!done.stdout.contains("Not found"), "{}", done.stdout);
    // AWS copies a cluster's tags to its snapshots; nothing else is left without a record.
    let left: Vec<&str> = done.stdout.lines().filter(|line| line.starts_with("  arn:")).collect();
    assert!(left.iter().all(|arn| arn.contains(":cluster-snapshot:")), "{left:?}");
    // A relation's generation shows nowhere: it has no tags, no name and no token that could be used up.
    let relation = |address: &str| address.starts_with("iam_role_policy_attachment.");
    let told = |records: &BTreeSet<(String, String, u64)>| -> BTreeSet<_> {
        records.iter().filter(|(address, ..)| !relation(address)).cloned().collect()
    };
    assert_eq!(told(&records(&place)), told(&before));
    place.settled();
    let _ = place.run("status", &[]).exits(0);
    place.sound();
    assert_eq!(place.proxy.summary().writes, writes, "AWS was changed");
    let _ = place.destroy().exits(0);
    assert_eq!(place.census(), [("kms:key".to_owned(), 1)].into());
}

/// A roll that is killed leaves autoscaling suspended, and then its runner's disk is lost.
#[test]
fn a_state_that_is_rebuilt_in_the_middle_of_a_roll_can_be_read() {
    let place = applied(&unprotected());
    let suspended = |told: bool| {
        place.behind_our_back(&format!(
            "autoscaling = aws('application-autoscaling')
target, = autoscaling.describe_scalable_targets(ServiceNamespace='rds')['ScalableTargets']
parts = ['DynamicScalingInSuspended', 'DynamicScalingOutSuspended', 'ScheduledScalingSuspended']
if {told}:
    autoscaling.register_scalable_target(ServiceNamespace='rds', ResourceId='cluster:orders',
        ScalableDimension=target['ScalableDimension'], SuspendedState=dict.fromkeys(parts, True))
else:
    assert not any((target.get('SuspendedState') or {{}}).values()), target",
            told = if told { "True" } else { "False" }
        ));
    };
    suspended(true);
    lose(&place);
    let _ = recover(&place, &[]).exits(0);
    let plan = place.run("plan", &["--detailed-exitcode"]).exits(2);
    assert!(plan.stdout.contains("scalable_target.readers"), "{}", plan.stdout);
    let _ = place.apply().exits(0);
    suspended(false);
    place.settled();
    place.sound();
}

#[test]
fn a_state_that_can_be_read_is_never_replaced() {
    let place = applied(&blueprint("dev.toml"));
    let file = place.state_file();
    let kept = std::fs::read(&file).unwrap();
    let done = recover(&place, &["--replace-damaged"]).exits(8);
    assert!(done.stderr.contains("nothing is rebuilt over it"), "{}", done.stderr);
    let done = recover(&place, &[]).exits(0);
    assert!(done.stdout.contains("Nothing was written"), "{}", done.stdout);
    let _ = recover(&place, &["--lineage", "another"]).exits(8);
    assert_eq!(std::fs::read(&file).unwrap(), kept);
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, &good[..good.len() / 2]).unwrap();
    let done = recover(&place, &[]).exits(13);
    assert!(done.stderr.contains("--replace-damaged"), "{}", done.stderr);
    let _ = recover(&place, &["--replace-damaged"]).exits(0);
    place.settled();
    place.sound();
    let aside = file.with_file_name("damaged-1").join("state.json");
    assert_eq!(std::fs::read_to_string(aside).unwrap(), good[..good.len() / 2], "nothing is thrown away");
    let serial = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["serial"].as_u64().unwrap();
    assert!(serial(&std::fs::read_to_string(&file).unwrap()) > serial(&good));
}

#[test]
fn what_moved_is_found_and_what_left_the_file_is_told() {
    let place = applied(&blueprint("dev.toml"));
    let moved = |from: &str, to: &str| format!("\n[[moved]]\nfrom = \"{from}\"\nto = \"{to}\"\n");
    // The file calls its one instance `instance-1`; the state says that it was called otherwise before.
    let _ = place.cli.run(&["state", "mv", "db_instance.instance-1", "db_instance.first", STACK]).unwrap().exits(0);
    place.write(&format!("{}{}", place.text(), moved("db_instance.first", "db_instance.instance-1")));
    let _ = place.apply().exits(0);
    lose(&place);
    let _ = recover(&place, &[]).exits(0);
    place.settled();
    lose(&place);
    place.edit("acu_utilization.enabled = true", "acu_utilization.enabled = false");
    let done = recover(&place, &[]).exits(0);
    let told = "metric_alarm.acu-utilization is not in the stack file";
    assert!(done.stdout.contains(told), "{}", done.stdout);
    place.settled();
}

#[test]
fn a_reader_that_waits_to_be_renamed_is_found() {
    let place = applied(&unprotected());
    place.edit("name = \"c\"", "name = \"e\"");
    place.write(&format!("{}\n[[moved]]\nfrom = \"db_instance.c\"\nto = \"db_instance.e\"\n", place.text()));
    lose(&place);
    let done = recover(&place, &[]).exits(0);
    assert!(!done.stdout.contains("Not found") && !done.stdout.contains("no longer there"), "{}", done.stdout);
    let state = place.state();
    let record = &state["resources"]["db_instance.e"];
    let names = (record["name"].as_str(), record["applied"]["db_instance_identifier"].as_str());
    assert_eq!(names, (Some("orders-c"), Some("orders-c")));
    let _ = place.apply().exits(0);
    place.behind_our_back(
        "members = sorted(m['DBInstanceIdentifier'] for m in aws('rds').describe_db_instances()['DBInstances'])
assert members == ['orders-a', 'orders-b', 'orders-e'], members",
    );
    place.settled();
    place.sound();
}

/// By mistake, or by a rebuild with a file that lacked it.
#[test]
fn what_a_state_has_dropped_is_added_to_it_again() {
    let place = applied(&unprotected());
    let before = records(&place);
    for address in ["db_instance.b", "subnet.private-a", "nat_gateway.a"] {
        if !before.iter().any(|(known, ..)| known == address) {
            continue;
        }
        let _ = place.cli.run(&["state", "rm", address, STACK]).unwrap().exits(0);
    }
    let refused = place.run("plan", &[]).exits(8);
    assert!(refused.stderr.contains("bears the tags of this stack"), "{}", refused.stderr);
    let _ = recover(&place, &[]).exits(0);
    assert_eq!(records(&place), before);
    place.settled();
    place.sound();
}

/// What a destroy had deleted leaves nothing, and its token is answered with it.
#[test]
fn what_was_deleted_before_the_loss_is_made_anew() {
    let place = applied(&blueprint("dev.toml"));
    place.proxy.arm(Fault::on("ec2:DeleteRouteTable", Effect::Kill { at: POSITIONS[2], pid: None, delay_ms: 0 }));
    let killed = place.spawn("destroy", &["--auto-approve", "--allow-delete", &place.data()]).wait().unwrap();
    assert!(place.proxy.wait_idle(Duration::from_secs(20)));
    assert_eq!(killed.signal, Some(9), "{}{}", killed.stdout, killed.stderr);
    place.proxy.disarm();
    lose(&place);
    let _ = recover(&place, &[]).exits(0);
    let _ = place.apply().exits(0);
    place.settled();
    place.sound();
    // The tags of what was made with a drawn number say which one that is.
    let before = records(&place);
    lose(&place);
    let _ = recover(&place, &[]).exits(0);
    let anew = |records: BTreeSet<(String, String, u64)>| -> BTreeSet<_> {
        records.into_iter().filter(|(_, _, generation)| *generation > 32).collect()
    };
    let before = anew(before);
    assert!(before.iter().any(|(address, ..)| address.starts_with("route_table.")), "{before:?}");
    assert_eq!(anew(records(&place)), before);
}

#[test]
fn nothing_is_guessed() {
    let place = applied(&blueprint("dev.toml"));
    lose(&place);
    // Somebody copies all tags to a VPC of his own.
    place.behind_our_back(
        "ec2 = aws('ec2')
ours = [v for v in ec2.describe_vpcs()['Vpcs'] if any(t['Key'] == 'auroractl:id' for t in v.get('Tags', []))][0]
theirs = ec2.create_vpc(CidrBlock='10.99.0.0/16')['Vpc']['VpcId']
ec2.create_tags(Resources=[theirs], Tags=[t for t in ours['Tags'] if not t['Key'].startswith('aws:')])",
    );
    let done = recover(&place, &[]).exits(8);
    assert!(done.stderr.contains("several objects carry one identity"), "{}", done.stderr);
    assert_eq!(done.stderr.matches(":vpc/vpc-").count(), 2, "{}", done.stderr);
    // Now they say another lineage.
    place.behind_our_back(
        "ec2 = aws('ec2')
theirs = [v['VpcId'] for v in ec2.describe_vpcs()['Vpcs'] if v['CidrBlock'] == '10.99.0.0/16']
ec2.create_tags(Resources=theirs, Tags=[{'Key': 'auroractl:lineage', 'Value': 'another'}])",
    );
    let done = recover(&place, &[]).exits(8);
    assert!(done.stderr.contains("several lineages") && done.stderr.contains("another: 1 objects"), "{}", done.stderr);
    let lineage = done.stderr.lines().find(|line| line.starts_with("  ") && !line.contains("another")).unwrap();
    let lineage = lineage.trim().split(':').next().unwrap();
    let done = recover(&place, &["--lineage", lineage, "--json"]).exits(0).json().unwrap();
    let left = done["left"].as_array().unwrap().iter().find(|left| left["arn"].as_str().unwrap().contains(":vpc/"));
    assert_eq!(left.unwrap()["why"], "unattributed", "{done}");
    place.settled();
}

#[test]
fn where_nothing_was_made_there_is_nothing_to_rebuild() {
    let place = Place::new(&blueprint("dev.toml"));
    let done = recover(&place, &[]).exits(1);
    assert!(done.stderr.contains("nothing to rebuild a state from"), "{}", done.stderr);
    let done = place.run("destroy", &["--auto-approve"]).exits(0);
    assert!(done.stdout.contains("there is nothing to destroy"), "{}", done.stdout);
    assert_eq!(place.proxy.summary().writes, 0);
}
