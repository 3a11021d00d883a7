//! Interrupts, credentials, clocks, and what others do to the account: what the real binary says, and how it ends.

use crate::place::{Place, STACK, applied, blueprint, dev, unprotected};
use auroractl_testkit::cli::Finished;
use auroractl_testkit::process;
use auroractl_testkit::proxy::fault::{Effect, Fault, KillAt, When};
use serde_json::Value;
use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// What a run asks while it waits for an instance.
const LOOK: &str = "rds:DescribeDBInstances";

/// One more run brings everything about.
#[track_caller]
fn continues(place: &Place) -> Finished {
    place.proxy.disarm();
    let done = place.apply().exits(0);
    place.settled();
    place.sound();
    done
}

#[track_caller]
fn says(done: &Finished, words: &[&str]) {
    for word in words {
        assert!(done.stderr.contains(word), "it must say `{word}`\n{}{}", done.stdout, done.stderr);
    }
}

/// F59: SIGTERM and SIGHUP end a run as the first SIGINT does: calls in flight are awaited.
#[test]
fn asked_to_stop_a_run_ends_tidily() {
    for signal in [process::terminate as fn(u32), process::hang_up] {
        let place = dev();
        place.proxy.arm(Fault::on("*", Effect::Latency { ms: 40 }).writes());
        let running = place.spawn("apply", &["--auto-approve"]);
        place.wait_for_writes(4);
        signal(running.pid());
        let done = running.wait().unwrap().exits(10);
        says(&done, &["interrupted: nothing new starts", "Run the same command again"]);
        let _ = continues(&place);
    }
}

/// F59: the second interrupt ends the process at once, with a call in flight; what that call did is looked for.
#[test]
fn a_second_interrupt_ends_it_at_once() {
    let place = dev();
    place.proxy.arm(Fault::on("kms:CreateKey", Effect::Hang { when: When::After }));
    let running = place.spawn("apply", &["--auto-approve"]);
    place.wait_for_writes(4);
    std::thread::sleep(Duration::from_millis(500));
    running.interrupt();
    // Time enough to hear the first, and too little for it to end the run.
    std::thread::sleep(Duration::from_millis(100));
    let second = Instant::now();
    running.interrupt();
    let done = running.wait().unwrap().exits(130);
    assert!(second.elapsed() < Duration::from_secs(2), "{:?}", second.elapsed());
    says(&done, &["The state is safe: run the same command again"]);
    let _ = continues(&place);
}

/// What is in flight when patience ends is told: the next run looks for it. A deadline is no more patient than an interrupt.
#[test]
fn what_is_left_in_flight_is_told() {
    let hang = || Fault::on("kms:CreateKey", Effect::Hang { when: When::After });
    let place = dev();
    place.proxy.arm(hang());
    let running = place.spawn("apply", &["--auto-approve"]);
    place.wait_for_writes(4);
    std::thread::sleep(Duration::from_millis(500));
    running.interrupt();
    let done = running.wait().unwrap().exits(10);
    says(&done, &["Interrupted:", "in doubt: kms_key.", "; the next run looks for it"]);
    let _ = continues(&place);
    let place = dev();
    place.proxy.arm(hang());
    let begun = Instant::now();
    let done = place.run("apply", &["--auto-approve", "--timeout", "10m"]).exits(11);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    says(&done, &["Deadline passed:", "in doubt: kms_key."]);
    let _ = continues(&place);
}

/// F59: nobody reads the output any more; the run goes on.
#[test]
fn a_closed_pipe_does_not_end_an_apply() {
    let place = dev();
    let mut command = place.cli.command(&["apply", STACK, "--auto-approve", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0_u8; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    place.settled();
    place.sound();
}

/// F60: a run that follows a killed one says what was in doubt and what became of it.
#[test]
fn what_was_in_doubt_is_told() {
    let place = dev();
    let kill = |at| Effect::Kill { at, pid: None, delay_ms: 0 };
    place.proxy.arm(Fault::on("ec2:CreateVpc", kill(KillAt::AfterEffect)));
    let killed = place.spawn("apply", &["--auto-approve", "--parallel", "1"]).wait().unwrap();
    assert_eq!(killed.signal, Some(9));
    assert!(place.proxy.wait_idle(Duration::from_secs(20)));
    let done = continues(&place);
    says(&done, &["resuming: ", " in doubt", "vpc.main: found, an interrupted run had made it"]);
    let quiet = place.apply().exits(0);
    assert!(!quiet.stderr.contains("resuming"), "{}", quiet.stderr);
}

/// What an interrupted run may have made is found by what was sent: an edit does not take its place unless it was looked for.
#[test]
fn what_was_not_looked_for_is_not_overwritten() {
    let place = dev();
    let kill = Effect::Kill { at: KillAt::AfterEffect, pid: None, delay_ms: 0 };
    place.proxy.arm(Fault::on("kms:CreateKey", kill));
    let killed = place.spawn("apply", &["--auto-approve", "--parallel", "1"]).wait().unwrap();
    assert_eq!(killed.signal, Some(9));
    assert!(place.proxy.wait_idle(Duration::from_secs(20)));
    place.proxy.disarm();
    place.edit("deletion_window_days = 7", "deletion_window_days = 8");
    let done = place.run("apply", &["--auto-approve", "--refresh=false"]).exits(1);
    says(&done, &["an interrupted run may have made it, and it was not looked for", "--refresh=true"]);
    let _ = continues(&place);
    assert_eq!(place.census()["kms:key"], 1);
}

/// F23: credentials that end in the middle stop the run; no call is sent with them again and again.
#[test]
fn credentials_that_expire_under_way_stop_the_run() {
    let place = dev();
    place.proxy.arm(Fault::on("rds:*", Effect::ExpiredCredentials).writes());
    let done = place.apply().exits(10);
    says(&done, &["ExpiredToken", "the credentials are no longer good", "Run the same command again"]);
    let refused = place.proxy.calls().iter().filter(|call| call.mutating && call.service == "rds").count();
    assert!(refused <= 8, "sent {refused} times");
    let _ = continues(&place);
    // While it waits for the instance: behind the looks that the plan needs, and behind its create.
    let place = dev();
    let _ = place.run("plan", &[]).exits(0);
    let looks = |place: &Place| place.proxy.calls().iter().filter(|call| call.name() == LOOK).count();
    let planned = looks(&place);
    place.proxy.clear_log();
    place.proxy.arm(Fault::on(LOOK, Effect::ExpiredCredentials).nth(planned as u64 + 1).times(u64::MAX));
    let done = place.apply().exits(10);
    says(&done, &["ExpiredToken", "Run the same command again"]);
    let calls: Vec<String> = place.proxy.calls().iter().map(|call| call.name()).collect();
    let made = calls.iter().position(|name| name == "rds:CreateDBInstance").expect("it was made");
    assert!(calls[made..].iter().any(|name| name == LOOK), "{calls:?}");
    assert!(looks(&place) <= planned + 3, "asked {} times", looks(&place));
    let _ = continues(&place);
}

/// F20, F21: what is denied names the action and is sent once; a tag is never left out to get by.
#[test]
fn a_denial_is_told_once() {
    let place = dev();
    place.proxy.arm(Fault::on("ec2:CreateVpc", Effect::AccessDenied));
    let done = place.apply().exits(10);
    says(&done, &["ec2:CreateVpc"]);
    assert_eq!(place.proxy.calls().iter().filter(|call| call.action == "CreateVpc").count(), 1);
    let _ = continues(&place);
    let place = applied();
    for (action, command) in
        [("ec2:DescribeVpcs", "plan"), ("ec2:DescribeVpcs", "apply"), ("rds:DescribeDBClusters", "status")]
    {
        place.proxy.arm(Fault::on(action, Effect::AccessDenied));
        let done = place.run(command, &[]).exits(7);
        says(&done, &[action, "nothing was changed", "hint: permit it to the caller"]);
        place.proxy.disarm();
    }
}

/// F24: a clock that is off is told as that, before anything is done.
#[test]
fn a_wrong_clock_is_told() {
    let place = dev();
    for (seconds, side) in [(1200, "behind"), (-1200, "ahead")] {
        for refuse in [false, true] {
            place.proxy.arm(Fault::on("*", Effect::ClockSkew { seconds, refuse }));
            let done = place.run("apply", &["--auto-approve"]).exits(7);
            says(&done, &["clock differs too much from AWS's", side, "set the clock"]);
            place.proxy.disarm();
        }
    }
    assert_eq!(place.proxy.summary().writes, 0);
    place.proxy.arm(Fault::on("*", Effect::ClockSkew { seconds: 200, refuse: false }));
    let _ = place.run("plan", &[]).exits(0);
}

/// F18, F19: another region is another stack; the environment's region does not count, and is told.
#[test]
fn the_region_is_the_stacks() {
    let mut place = applied();
    place.cli.set_env("AWS_REGION", "eu-west-1");
    let done = place.run("plan", &[]).exits(0);
    says(&done, &["AWS_REGION says eu-west-1; the stack's region counts: us-east-1"]);
    place.cli.set_env("AWS_REGION", "us-east-1");
    place.edit("region = \"us-east-1\"", "region = \"us-east-2\"");
    let writes = place.proxy.summary().writes;
    let done = place.apply().exits(7);
    says(&done, &["the state is of another region: `us-east-2` was expected, `us-east-1` was found"]);
    assert_eq!(place.proxy.summary().writes, writes);
}

/// F26, F27: a quota or a lack of capacity is no throttle.
#[test]
fn quotas_and_capacity_are_sent_once() {
    let place = dev();
    for (action, code) in
        [("kms:CreateKey", "LimitExceededException"), ("rds:CreateDBCluster", "InsufficientStorageClusterCapacity")]
    {
        place.proxy.clear_log();
        let error = Effect::Error { status: 400, code: code.to_owned(), message: "no more".to_owned() };
        place.proxy.arm(Fault::on(action, error));
        let done = place.apply().exits(10);
        says(&done, &[code]);
        assert_eq!(place.proxy.calls().iter().filter(|call| call.name() == action).count(), 1, "{action}");
        place.proxy.disarm();
    }
    let _ = continues(&place);
}

/// F55: what somebody made again under the same name is not the original, and is left alone.
#[test]
fn a_namesake_is_not_the_original() {
    let place = applied();
    place.behind_our_back(
        "iam = aws('iam')
role = [r for r in iam.list_roles()['Roles'] if 'monitoring' in r['RoleName']][0]
tags = iam.list_role_tags(RoleName=role['RoleName'])['Tags']
for policy in iam.list_attached_role_policies(RoleName=role['RoleName'])['AttachedPolicies']:
    iam.detach_role_policy(RoleName=role['RoleName'], PolicyArn=policy['PolicyArn'])
iam.delete_role(RoleName=role['RoleName'])
iam.create_role(RoleName=role['RoleName'], AssumeRolePolicyDocument='{}', Tags=tags)",
    );
    let before = place.inventory().len();
    for command in [&["apply", "--auto-approve"][..], &["destroy", "--auto-approve"]] {
        let done = place.run(command[0], &command[1..]).exits(8);
        says(&done, &["iam_role.monitoring", "is not the one that auroractl made"]);
    }
    assert_eq!(place.inventory().len(), before);
}

/// F56 and the uniqueness sweep: a second object with our identity is told; one that is empty stands in the next plan.
#[test]
fn second_objects_are_told_and_planned() {
    let place = applied();
    let copy = "ec2 = aws('ec2')
ours = [v for v in ec2.describe_vpcs()['Vpcs'] if any(t['Key'] == 'auroractl:id' for t in v.get('Tags', []))][0]
tags = [t for t in ours['Tags'] if not t['Key'].startswith('aws:')]
empty, used = (ec2.create_vpc(CidrBlock=c)['Vpc']['VpcId'] for c in ('10.98.0.0/16', '10.99.0.0/16'))
ec2.create_subnet(VpcId=used, CidrBlock='10.99.0.0/24')
ec2.create_tags(Resources=[empty, used], Tags=tags)
alarm = aws('cloudwatch').describe_alarms()['MetricAlarms'][0]['AlarmName']
aws('cloudwatch').delete_alarms(AlarmNames=[alarm])";
    place.behind_our_back(copy);
    let counted = |action: &str| place.proxy.calls().iter().filter(|call| call.action == action).count();
    let before = place.census()["ec2:vpc"];
    let done = place.apply().exits(0);
    says(&done, &["should not be there", "a second vpc.main, which nothing uses: the next plan deletes it"]);
    says(&done, &["a second vpc.main: find out which one is in use"]);
    assert_eq!(place.census()["ec2:vpc"], before, "the sweep reports and deletes nothing");
    let plan = place.run("plan", &["--detailed-exitcode"]).exits(2);
    assert!(plan.stdout.contains("also deletes generation"), "{}", plan.stdout);
    let _ = place.apply().exits(0);
    assert_eq!(place.census()["ec2:vpc"], before - 1, "the one that is used stays");
    place.settled();
    place.proxy.clear_log();
    let _ = place.apply().exits(0);
    assert!(counted("GetResources") <= 1, "a run without changes sweeps nothing");
}

/// F48, W10: a gateway that fails after its create was answered is told with AWS's reason, removed, and made anew.
#[test]
fn an_asynchronous_failure_is_mended_by_the_next_run() {
    let place = Place::new(&unprotected());
    place.proxy.arm(Fault::on("ec2:CreateNatGateway", Effect::AccessDenied));
    let _ = place.apply().exits(10);
    place.proxy.disarm();
    // Somebody else's gateway takes one of our addresses.
    place.behind_our_back(
        "ec2 = aws('ec2')
address = ec2.describe_addresses()['Addresses'][0]['AllocationId']
tagged = lambda s: any(t['Value'].startswith('subnet.public') for t in s.get('Tags', []))
subnet = [s['SubnetId'] for s in ec2.describe_subnets()['Subnets'] if tagged(s)][0]
ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)",
    );
    let done = place.apply().exits(10);
    says(&done, &["nat_gateway.", "failed: ", "run the same command again"]);
    place.behind_our_back(
        "ec2 = aws('ec2')
for nat in ec2.describe_nat_gateways()['NatGateways']:
    if not nat.get('Tags') and nat['State'] == 'available': ec2.delete_nat_gateway(NatGatewayId=nat['NatGatewayId'])",
    );
    let _ = continues(&place);
    let generations: Vec<u64> = place.state()["resources"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(address, _)| address.starts_with("nat_gateway."))
        .map(|(_, record)| record["generation"].as_u64().unwrap())
        .collect();
    assert_eq!(generations.iter().sum::<u64>(), 1, "the failed one's generation is used up: {generations:?}");
}

/// A moved resource's tags follow: what looks for it by its address finds it under the new one.
#[test]
fn the_address_on_the_tags_follows_a_move() {
    let place = applied();
    let (table, other) = ("route_table.private-b", "route_table.other");
    for (from, to) in [(table, other), (other, table)] {
        let done = place.cli.run(&["state", "mv", from, to, STACK, "--json"]).unwrap().exits(0);
        let told: Value = serde_json::from_str(&done.stdout).unwrap();
        assert_eq!(told["message"], format!("{from} is now {to}. Its identity stays."));
    }
    let history = place.cli.run(&["state", "history", STACK, "--json"]).unwrap().exits(0);
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    let serials: Vec<u64> =
        history["snapshots"].as_array().unwrap().iter().map(|kept| kept["serial"].as_u64().unwrap()).collect();
    assert!(serials.len() >= 3, "one of the apply and one of each move: {history}");
    for kept in history["snapshots"].as_array().unwrap() {
        let written = kept["written"].as_str().unwrap_or_default();
        assert_eq!((written.len(), written.ends_with('Z')), ("2026-01-01T00:00:00Z".len(), true), "{history}");
    }
    let plan = place.run("plan", &["--detailed-exitcode"]).exits(2);
    assert!(plan.stdout.contains("its tags name the address that it had before"), "{}", plan.stdout);
    let _ = place.apply().exits(0);
    place.settled();
    let named =
        place.inventory().into_iter().filter(|thing| thing.tags.get("auroractl:address").is_some_and(|at| at == table));
    assert_eq!(named.count(), 1);
}

/// KMS deletes a key whatever is encrypted with it: one that a snapshot needs stays, whoever made the snapshot and whenever.
#[test]
fn a_key_that_a_snapshot_needs_stays() {
    let place = applied();
    place.behind_our_back(
        "rds = aws('rds')
cluster = rds.describe_db_clusters()['DBClusters'][0]['DBClusterIdentifier']
rds.create_db_cluster_snapshot(DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier='by-hand')",
    );
    let done = place.destroy().exits(0);
    let told = "stays at AWS, only its record goes: the cluster snapshot by-hand needs it";
    assert!(done.stdout.contains(told), "{}{}", done.stdout, done.stderr);
    assert_eq!(place.census(), [("kms:key".to_owned(), 1)].into());
    assert_eq!(place.proxy.calls().iter().filter(|call| call.action == "ScheduleKeyDeletion").count(), 0);
    let _ = place.destroy().exits(0);
}

/// A subnet that the database or an endpoint has an interface in can't be deleted, which AWS says only when nothing routes it
/// any more: the edit is refused before anything is sent.
#[test]
fn a_subnet_in_use_is_not_taken_apart() {
    let place = applied();
    place.edit("az_count = 2\n", "az_count = 2\nprivate_subnets = [\"10.2.0.0/20\", \"10.2.16.0/20\"]\n");
    place.settled();
    place.edit("10.2.16.0/20", "10.2.32.0/20");
    let before = place.proxy.summary().writes;
    let done = place.apply().exits(8);
    says(&done, &["subnet.private-b", "cidr_block", "add it with the new values"]);
    assert_eq!(place.proxy.summary().writes, before);
}

/// What fails at AWS long after it was made differs in no field, and is no stack as it should be.
#[test]
fn what_has_failed_at_aws_is_told_and_left_alone() {
    let place = applied();
    let state = "inaccessible-encryption-credentials-recoverable";
    place.fail("db-cluster", "orders-dev", state);
    let writes = place.proxy.summary().writes;
    let done = place.run("status", &[]).exits(5);
    for words in [state, "its KMS key can't be used", "1 of "] {
        assert!(done.stdout.contains(words), "no `{words}` in {}", done.stdout);
    }
    let applied = place.apply().exits(0);
    for text in [place.run("plan", &["--detailed-exitcode"]).exits(0).stdout, applied.stdout] {
        assert!(text.contains(state) && !text.contains("is as it should be"), "{text}");
    }
    let told = place.run("plan", &["--json"]).exits(0).json().unwrap();
    assert_eq!((&told["summary"]["ailing"], &told["summary"]["update"]), (&1.into(), &0.into()));
    let text = place.run("plan", &["--markdown"]).exits(0).stdout;
    assert!(text.contains("**Not usable at AWS:**") && !text.contains("is as it should be"), "{text}");
    let _ = place.run("plan", &["--html", "report.html"]).exits(0);
    let page = std::fs::read_to_string(place.cli.dir().join("report.html")).unwrap();
    assert!(page.contains("class=\"ailing\"") && page.contains(state), "{page}");
    assert_eq!(place.proxy.summary().writes, writes, "it holds data");
    place.fail("db-cluster", "orders-dev", "stopped");
    let done = place.run("status", &[]).exits(5);
    assert!(done.stdout.contains("aws rds start-db-cluster"), "{}", done.stdout);
    let _ = place.apply().exits(0);
    assert_eq!(place.proxy.summary().writes, writes, "nobody waits for it");
    let text = place.text();
    place.edit("readers = 0", "readers = 1");
    for (command, more) in [("plan", &[][..]), ("apply", &["--auto-approve"])] {
        let done = place.run(command, more).exits(8);
        says(&done, &["db_cluster.main can't be used"]);
    }
    assert_eq!(place.proxy.summary().writes, writes, "no roll begins that could not end");
    place.write(&text);
    place.fail("db-cluster", "orders-dev", "available");
    place.settled();
    let _ = place.run("status", &[]).exits(0);
}

#[test]
fn database_insights_go_to_advanced_under_the_key_that_they_have() {
    let place = Place::new(&blueprint("prod.toml"));
    let _ = place.apply().exits(0);
    place.edit("mode = \"standard\"", "mode = \"advanced\"");
    // Without the key RDS takes the call to ask for another one, and refuses it.
    let _ = place.apply().exits(0);
    place.settled();
}
