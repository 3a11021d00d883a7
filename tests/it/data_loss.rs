//! The thirteen ways in which people lose databases to tools of this kind, each tried on the real binary. What counts is
//! what AWS was asked to do: no call that deletes data, and the same database as before.
//!
//! The cases are those of public issue trackers: of the Terraform AWS provider, its RDS modules, Pulumi and the CDK. What is
//! not among them is tried at random in [`random`], on plans alone.

mod judge;
mod lies;
mod life;
mod random;
mod stacks;
mod tally;
mod world;

use random::fields;

use crate::place::{DATA, Place, STACK, blueprint, dev, unprotected};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Calls after which data is gone, or nobody serves it.
const DESTRUCTIVE: [&str; 5] =
    ["DeleteBackupVault", "DeleteDBCluster", "DeleteDBInstance", "DeleteLogGroup", "ScheduleKeyDeletion"];

fn applied(stack: &str) -> Place {
    let place = Place::new(stack);
    let _ = place.apply().exits(0);
    place.proxy.clear_log();
    place
}

/// A small stack whose data counts.
fn lasting() -> String {
    let text = blueprint("dev.toml").replace("ephemeral = true", "ephemeral = false");
    text.replace("final_snapshot = false", "final_snapshot = true")
}

/// The destructive calls that reached AWS since the log was cleared.
fn destroyed(place: &Place) -> Vec<String> {
    let calls = place.proxy.calls().into_iter().filter(|call| DESTRUCTIVE.contains(&call.action.as_str()));
    calls.map(|call| call.name()).collect()
}

/// AWS's immutable ids of what holds data or serves it.
fn incarnations(place: &Place) -> BTreeMap<String, Value> {
    let state = place.state();
    let records = state["resources"].as_object().unwrap().iter();
    let named = records.filter(|(_, record)| !record["incarnation"].is_null());
    named.map(|(address, record)| (address.clone(), record["incarnation"].clone())).collect()
}

/// Neither `plan` nor `apply` does it, and nothing is lost.
#[track_caller]
fn refused(place: &Place, code: i32, says: &str) {
    // A stack file that is invalid can't even be asked for its state.
    let before = (code != 6).then(|| incarnations(place));
    for (command, more) in [("plan", &[][..]), ("apply", &["--auto-approve"])] {
        let done = place.run(command, more).exits(code);
        assert!(done.stderr.contains(says), "{}", done.stderr);
    }
    assert_eq!(destroyed(place), Vec::<String>::new());
    if let Some(before) = before {
        assert_eq!(incarnations(place), before);
    }
}

/// The edit is applied, and nothing is lost.
#[track_caller]
fn unharmed(place: &Place) {
    let before = incarnations(place);
    let _ = place.apply().exits(0);
    place.settled();
    assert_eq!(destroyed(place), Vec::<String>::new());
    let ids = |all: BTreeMap<String, Value>| all.into_values().map(|id| id.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(ids(incarnations(place)), ids(before));
}

/// Zones that AWS adds to those of the stack are no difference.
#[test]
fn case_01_fewer_zones_than_aws_answers() {
    let place = applied(&blueprint("dev.toml"));
    place.behind_our_back(
        "cluster = aws('rds').describe_db_clusters()['DBClusters'][0]
assert len(cluster['AvailabilityZones']) == 3, cluster['AvailabilityZones']",
    );
    place.settled();
    unharmed(&place);
}

/// A destroy that AWS would refuse at its end takes no member away at its beginning.
#[test]
fn case_02_destroy_of_a_protected_cluster() {
    let mut place = applied(&blueprint("prod.toml"));
    place.cli.set_env("AURORACTL_ALLOW_DELETE", DATA);
    place.cli.set_env("AURORACTL_AUTO_APPROVE", "true");
    let done = place.run("destroy", &[]).exits(8);
    assert!(done.stderr.contains("`cluster.deletion_protection` is on"), "{}", done.stderr);
    assert_eq!(destroyed(&place), Vec::<String>::new(), "permission by the environment is no protection lifted");
    // Nor where the data may go with the stack.
    let place = applied(&blueprint("dev.toml").replace("deletion_protection = false", "deletion_protection = true"));
    let done = place.run("destroy", &["--auto-approve"]).exits(8);
    assert!(done.stderr.contains("`cluster.deletion_protection` is on"), "{}", done.stderr);
    assert_eq!(destroyed(&place), Vec::<String>::new());
}

/// What a run was making when it died is waited for, never tainted and made again.
#[test]
fn case_03_a_run_dies_while_the_database_is_made() {
    use auroractl_testkit::proxy::fault::{Effect, Fault};
    let place = dev();
    place.proxy.arm(Fault::on("rds:CreateDBInstance", Effect::ExpiredCredentials));
    let first = place.apply();
    assert!(matches!(first.code, Some(7 | 10)), "{:?}: {}", first.code, first.stderr);
    let cluster = incarnations(&place).get("db_cluster.main").cloned();
    assert!(cluster.is_some(), "the cluster was made");
    place.proxy.disarm();
    let _ = place.apply().exits(0);
    place.settled();
    assert_eq!(incarnations(&place).get("db_cluster.main"), cluster.as_ref());
    assert_eq!(destroyed(&place), Vec::<String>::new());
}

/// Where a database came from is no setting that could differ; one that was restored in its place stays.
#[test]
fn case_04_the_origin_of_a_restored_database() {
    let place = applied(&lasting());
    let text = place.text();
    place.edit("[cluster]\n", "[cluster]\nsnapshot_identifier = \"backup\"\n");
    refused(&place, 6, "snapshot_identifier");
    place.write(&text);
    place.behind_our_back(
        "rds = aws('rds')
rds.create_db_cluster_snapshot(DBClusterIdentifier='orders-dev', DBClusterSnapshotIdentifier='backup')
for one in rds.describe_db_instances()['DBInstances']: rds.delete_db_instance(DBInstanceIdentifier=one['DBInstanceIdentifier'])
rds.delete_db_cluster(DBClusterIdentifier='orders-dev', SkipFinalSnapshot=True)
rds.restore_db_cluster_from_snapshot(DBClusterIdentifier='orders-dev', SnapshotIdentifier='backup', Engine='aurora-postgresql')",
    );
    place.proxy.clear_log();
    refused(&place, 8, "db_cluster.main");
}

/// The same for a clone, or a restore to a point in time.
#[test]
fn case_05_the_origin_of_a_clone() {
    let place = applied(&lasting());
    let text = place.text();
    place.write(&format!("{text}\n[cluster.restore_to_point_in_time]\nsource = \"orders\"\n"));
    refused(&place, 6, "restore_to_point_in_time");
    place.write(&text);
    place.behind_our_back(
        "rds = aws('rds')
rds.restore_db_cluster_to_point_in_time(DBClusterIdentifier='clone', SourceDBClusterIdentifier='orders-dev', UseLatestRestorableTime=True)
rds.modify_db_cluster(DBClusterIdentifier='orders-dev', NewDBClusterIdentifier='old', ApplyImmediately=True)
rds.modify_db_cluster(DBClusterIdentifier='clone', NewDBClusterIdentifier='orders-dev', ApplyImmediately=True)",
    );
    refused(&place, 8, "db_cluster.main");
}

/// Another identifier is no reason for another database, whether the address follows or not.
#[test]
fn case_06_renames() {
    let place = applied(&blueprint("prod.toml"));
    let text = place.text();
    place.edit("[cluster]\n", "[cluster]\nidentifier = \"orders-new\"\n");
    refused(&place, 8, "db_cluster_identifier");
    let moved = "\n[[moved]]\nfrom = \"db_instance.a\"\nto = \"db_instance.first\"\n";
    place.write(&text.replace("name = \"a\"", "name = \"first\"").replace("writer = \"a\"", "writer = \"first\""));
    place.write(&format!("{}{moved}", place.text()));
    let state = std::fs::read(place.state_file()).unwrap();
    for done in [place.run("plan", &[]), place.apply()] {
        let done = done.exits(8);
        assert!(done.stderr.contains("db_instance.first") && done.stderr.contains("fail over"), "{}", done.stderr);
    }
    assert_eq!(destroyed(&place), Vec::<String>::new());
    assert_eq!(std::fs::read(place.state_file()).unwrap(), state);
    // What the stack still has can't have moved.
    place.write(&format!("{text}{moved}"));
    let done = place.apply().exits(6);
    assert!(done.stderr.contains("the stack still has it") && done.stderr.contains("[[moved]]"), "{}", done.stderr);
    place.write(&text);
    place.settled();
}

/// What is taken over from what AWS has (`state recover`; there is no import) loses no protection and no snapshot.
#[test]
fn case_07_what_was_taken_over_keeps_its_snapshot() {
    let place = applied(&unprotected());
    std::fs::remove_dir_all(place.state_file().parent().unwrap()).unwrap();
    let _ = place.cli.run(&["state", "recover", STACK]).unwrap().exits(0);
    unharmed(&place);
    let _ = place.destroy().exits(0);
    place.behind_our_back(
        "found = [s['DBClusterSnapshotIdentifier'] for s in aws('rds').describe_db_cluster_snapshots()['DBClusterSnapshots']]
assert len([name for name in found if '-final-' in name]) == 1, found",
    );
}

/// The final snapshot needs no name, has another one each time, and is not lost to a setting that nobody applied.
#[test]
fn case_08_final_snapshots() {
    let place = applied(&lasting().replace("ephemeral = false", "ephemeral = true"));
    let _ = place.run("destroy", &["--auto-approve"]).exits(0);
    let _ = place.apply().exits(0);
    // What counts is what was applied: this edit never was.
    place.edit("final_snapshot = true", "final_snapshot = false");
    let _ = place.run("destroy", &["--auto-approve"]).exits(0);
    place.behind_our_back(
        "found = [s['DBClusterSnapshotIdentifier'] for s in aws('rds').describe_db_cluster_snapshots()['DBClusterSnapshots']]
assert len({name for name in found if '-final-' in name}) == 2, found",
    );
    // Without a snapshot data goes with an ephemeral stack only, whatever is permitted.
    let place = applied(&lasting().replace("final_snapshot = true", "final_snapshot = false"));
    let done = place.destroy().exits(8);
    assert!(done.stderr.contains("`cluster.backup.final_snapshot` is off"), "{}", done.stderr);
    assert_eq!(destroyed(&place), Vec::<String>::new());
}

/// A snapshot that somebody has made under the final one's name, long ago perhaps, is not taken for it.
#[test]
fn a_final_snapshot_is_one_that_the_deletion_has_made() {
    let place = applied(&lasting().replace("ephemeral = false", "ephemeral = true"));
    place.behind_our_back(
        "rds = aws('rds')
cluster, = rds.describe_db_clusters()['DBClusters']
mark = {tag['Key']: tag['Value'] for tag in cluster['TagList']}['auroractl:id'][:8]
rds.create_db_cluster_snapshot(DBClusterIdentifier='orders-dev', DBClusterSnapshotIdentifier='orders-dev-final-' + mark)",
    );
    let _ = place.run("destroy", &["--auto-approve"]).exits(0);
    place.behind_our_back(
        "found = [s['DBClusterSnapshotIdentifier'] for s in aws('rds').describe_db_cluster_snapshots()['DBClusterSnapshots']]
assert len([name for name in found if name.endswith('-2')]) == 1, found",
    );
}

/// The guard is not a part of what it guards: it stays when the block goes, with all that the block said.
#[test]
fn case_09_the_guard_does_not_leave_with_the_block() {
    let place = applied(&unprotected());
    place.edit("log_exports = [\"postgresql\"]", "log_exports = []");
    refused(&place, 8, "--allow-delete log_group.postgresql");
    // All members but one may go: they hold nothing. The last one may not.
    let (head, _) = place.text().split_once("[[cluster.members]]").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let tail = place.text().split_once("[cluster.backup]").map(|(_, tail)| tail.to_owned()).unwrap();
    let head = head.replace("initial_writer = \"a\"", "initial_writer = \"z\"");
    place.write(&format!("{head}[[cluster.members]]\nname = \"z\"\naz = \"us-east-1a\"\n\n[cluster.backup]{tail}"));
    place.edit("min_readers = 2", "min_readers = 0");
    refused(&place, 8, "db_instance.");
}

/// No storage type is a reason to make a database anew, nor is the spelling of one.
#[test]
fn case_10_storage_types() {
    let place = applied(&blueprint("prod.toml"));
    place.edit("[cluster]\n", "[cluster]\nstorage = \"aurora-iopt1\"\n");
    unharmed(&place);
    place.edit("storage = \"aurora-iopt1\"\n", "storage = \"aurora\"\n");
    unharmed(&place);
    place.edit("storage = \"aurora\"\n", "");
    place.settled();
}

/// Storage is encrypted from the first day, and nothing in a stack file can ask for anything else.
#[test]
fn case_11_encryption() {
    let place = applied(&blueprint("dev.toml"));
    place.behind_our_back("assert all(c['StorageEncrypted'] for c in aws('rds').describe_db_clusters()['DBClusters'])");
    for line in ["storage_encrypted = false", "encrypted = false", "kms_key_id = \"other\""] {
        let text = place.text();
        place.edit("[cluster]\n", &format!("[cluster]\n{line}\n"));
        refused(&place, 6, line.split(' ').next().unwrap());
        place.write(&text);
    }
}

/// The order of a file is nothing, and an address that moves takes its resource with it.
#[test]
fn case_12_reordering_and_new_addresses() {
    let place = applied(&blueprint("prod.toml"));
    let text = place.text();
    let members: Vec<&str> = text.split("[[cluster.members]]").collect();
    let (last, rest) = members[3].split_once("\n\n").unwrap();
    let (a, b, c) = (members[1], members[2], format!("{last}\n\n"));
    let turned: Vec<String> = [c.as_str(), a, b].iter().map(|one| format!("[[cluster.members]]{one}")).collect();
    place.write(&format!("{}{}{rest}", members[0], turned.concat()));
    place.settled();
    let _ = place.cli.run(&["state", "mv", "db_instance.b", "db_instance.older", STACK]).unwrap().exits(0);
    place.write(&format!("{}\n[[moved]]\nfrom = \"db_instance.older\"\nto = \"db_instance.b\"\n", place.text()));
    unharmed(&place);
}

/// What AWS changes by itself is no wish to go back, and no version is a reason to make a database anew.
#[test]
fn case_13_versions() {
    let place = applied(&blueprint("prod.toml"));
    place.behind_our_back(
        "aws('rds').modify_db_cluster(DBClusterIdentifier='orders', EngineVersion='16.13', ApplyImmediately=True)",
    );
    place.settled();
    let text = place.text();
    for (version, code, says) in
        [("17.7", 8, "major upgrade"), ("15.15", 8, "can't go back"), ("16", 6, "engine_version")]
    {
        place.edit("engine_version = \"16.11\"", &format!("engine_version = \"{version}\""));
        refused(&place, code, says);
        place.write(&text);
    }
}

/// An overlay that forgets to name another stack makes production one that may be thrown away, in one file.
#[test]
fn an_overlay_that_forgets_the_name_deletes_nothing() {
    let place = applied(&blueprint("prod.toml"));
    let overlay = "extends = \"main.toml\"
unset = [\"backup\", \"cluster.autoscaling\", \"cluster.members.c\", \"network.vpc.flow_logs\"]

[stack]
environment = \"dev\"
ephemeral = true

[cluster]
deletion_protection = false

[cluster.backup]
retention_days = 1
final_snapshot = false
";
    place.cli.write("stacks/dev.toml", overlay).unwrap();
    let before = incarnations(&place);
    for command in ["apply", "destroy"] {
        let done = place.cli.run(&[command, "stacks/dev.toml", "--auto-approve"]).unwrap().exits(8);
        assert!(done.stderr.contains("--allow-delete backup_vault.main"), "{}", done.stderr);
        let becomes = done.stderr.contains("stack `orders` becomes ephemeral by this apply");
        assert_eq!(becomes, command == "apply", "{}", done.stderr);
    }
    assert_eq!((destroyed(&place), incarnations(&place)), (Vec::new(), before));
}

/// A stack becomes ephemeral by an apply of its own, which is asked for although it does nothing else.
#[test]
fn who_becomes_ephemeral_is_so_from_the_next_run_on() {
    let place = applied(&lasting());
    place.edit("ephemeral = false", "ephemeral = true");
    let done = place.run("destroy", &["--auto-approve"]).exits(8);
    assert!(done.stderr.contains("let an apply that deletes no data write `ephemeral` down first"), "{}", done.stderr);
    let _ = place.run("apply", &[]).exits(4);
    let _ = place.run("destroy", &["--auto-approve"]).exits(8);
    let comment = place.run("plan", &["--markdown"]).exits(0).stdout;
    assert!(comment.contains("becomes ephemeral by this apply"), "who approves a comment reads it there: {comment}");
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    assert!(plan["beside"][0].as_str().is_some_and(|told| told.contains("becomes ephemeral")), "{}", plan["beside"]);
    let done = place.apply().exits(0);
    assert!(done.stderr.contains("becomes ephemeral"), "{}", done.stderr);
    assert_eq!(destroyed(&place), Vec::<String>::new());
    let done = place.run("plan", &[]).exits(0);
    assert!(!done.stderr.contains("becomes ephemeral"), "{}", done.stderr);
    let _ = place.run("destroy", &["--auto-approve"]).exits(0);
}

/// What was ephemeral from the start may go although no run has ever ended well.
#[test]
fn a_stack_born_ephemeral_goes_after_a_run_that_failed() {
    use auroractl_testkit::proxy::fault::{Effect, Fault};
    let place = dev();
    place.proxy.arm(Fault::on("rds:CreateDBInstance", Effect::ExpiredCredentials));
    let first = place.apply();
    assert!(matches!(first.code, Some(7 | 10)), "{:?}: {}", first.code, first.stderr);
    place.proxy.disarm();
    assert!(incarnations(&place).contains_key("db_cluster.main"));
    let _ = place.run("destroy", &["--auto-approve"]).exits(0);
    assert_eq!(place.state()["resources"].as_object().map(serde_json::Map::len), Some(0));
}
