//! Every kind, on the real wire: drift is seen and put right, lost tags are given back, what was deleted comes back.
//!
//! What others do to the account stands in `conformance/*.py`, each behind `clients.py`. Its lines `# case: ADDRESS` name what
//! must show in the plan, `# none: KIND: REASON` a kind to which this can't happen; a kind with neither fails the test.

use crate::place::{Place, STACK, blueprint, unprotected};
use auroractl_testkit::emulator::workspace;
use std::collections::BTreeSet;

fn script(name: &str) -> String {
    let folder = workspace().join("tests/it/conformance");
    ["clients.py", name].map(|file| std::fs::read_to_string(folder.join(file)).unwrap()).concat()
}

/// What follows `mark` in lines that begin with it.
fn marked<'a>(script: &'a str, mark: &str) -> BTreeSet<&'a str> {
    script.lines().filter_map(|line| line.strip_prefix(mark)).map(str::trim).collect()
}

fn kind(case: &str) -> &str {
    case.split(['.', ':']).next().unwrap()
}

#[test]
fn every_kind_has_its_cases() {
    for name in ["drift.py", "tags.py", "deleted.py"] {
        let text = script(name);
        let told: BTreeSet<&str> =
            marked(&text, "# case:").union(&marked(&text, "# none:")).map(|case| kind(case)).collect();
        let all: BTreeSet<&str> = auroractl_stack::registry().iter().map(|kind| kind.name()).collect();
        assert_eq!(all, told, "{name}");
    }
}

/// Disturbs an applied production stack: what the script names must show, and apply must put it right.
fn mended(name: &str) {
    let place = Place::new(&blueprint("prod.toml"));
    let _ = place.apply().exits(0);
    place.settled();
    let census = place.census();
    let text = script(name);
    place.behind_our_back(&text);
    let _ = place.run("status", &[]).exits(5);
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let changes = plan["changes"].as_array().unwrap();
    let moved = changes.iter().filter(|change| change["action"] != "no_op");
    let moved: BTreeSet<&str> = moved.map(|change| change["address"].as_str().unwrap()).collect();
    let unseen: Vec<_> = marked(&text, "# case:").into_iter().filter(|case| !moved.contains(case)).collect();
    assert!(unseen.is_empty(), "not seen: {unseen:?}\nseen: {moved:?}");
    let _ = place.apply().exits(0);
    place.settled();
    place.sound();
    assert_eq!(place.census(), census);
}

#[test]
fn drift_is_put_right() {
    mended("drift.py");
}

#[test]
fn lost_tags_are_given_back() {
    mended("tags.py");
}

/// One tag of the four: what is left says whose it is, and by the others it is found after a loss.
#[test]
fn a_single_lost_tag_is_given_back() {
    let place = Place::new(&blueprint("dev.toml"));
    let _ = place.apply().exits(0);
    for key in ["auroractl:stack", "auroractl:lineage", "auroractl:address"] {
        place.behind_our_back(&format!(
            "ec2, rds = aws('ec2'), aws('rds')
vpc, = [v['VpcId'] for v in ec2.describe_vpcs()['Vpcs'] if any(t['Key'] == 'auroractl:id' for t in v.get('Tags', []))]
ec2.delete_tags(Resources=[vpc], Tags=[{{'Key': '{key}'}}])
cluster, = rds.describe_db_clusters()['DBClusters']
rds.remove_tags_from_resource(ResourceName=cluster['DBClusterArn'], TagKeys=['{key}'])"
        ));
        let plan = place.run("plan", &["--detailed-exitcode"]).exits(2);
        assert!(plan.stdout.contains("vpc.main") && plan.stdout.contains("db_cluster.main"), "{}", plan.stdout);
        let _ = place.apply().exits(0);
        place.settled();
    }
    place.sound();
}

#[test]
fn what_was_deleted_comes_back() {
    mended("deleted.py");
}

#[test]
fn data_that_vanished_is_not_replaced_by_an_empty_one() {
    let place = Place::new(&blueprint("dev.toml").replace("ephemeral = true", "ephemeral = false"));
    let _ = place.apply().exits(0);
    place.behind_our_back(&script("vanished.py"));
    let before = place.inventory().len();
    for command in ["plan", "apply"] {
        let done = place.run(command, &[]).exits(8);
        assert!(done.stderr.contains("db_cluster.main"), "{}", done.stderr);
    }
    assert_eq!(place.inventory().len(), before);
}

/// Somebody deletes the database, and keeps a snapshot.
const LOST: &str = r#"
rds = aws("rds")
for member in rds.describe_db_instances()["DBInstances"]:
    rds.delete_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"], SkipFinalSnapshot=True)
rds.delete_db_cluster(DBClusterIdentifier="orders-dev", FinalDBSnapshotIdentifier="saved")
"#;
/// Its owner brings it back, under the name that it had, with the stack's network and key.
const RESTORED: &str = r#"
rds = aws("rds")
ours = [group for group in aws("ec2").describe_security_groups()["SecurityGroups"]
        if any(tag["Value"] == "security_group.db" for tag in group.get("Tags", []))]
rds.restore_db_cluster_from_snapshot(
    DBClusterIdentifier="orders-dev", SnapshotIdentifier="saved", Engine="aurora-postgresql",
    DBSubnetGroupName=rds.describe_db_subnet_groups()["DBSubnetGroups"][0]["DBSubnetGroupName"],
    VpcSecurityGroupIds=[group["GroupId"] for group in ours])
arn = rds.describe_db_clusters()["DBClusters"][0]["DBClusterArn"]
rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["auroractl:id", "auroractl:address", "auroractl:lineage"])
"#;

#[test]
fn what_was_restored_takes_the_place_of_what_vanished() {
    let place = Place::new(&blueprint("dev.toml").replace("ephemeral = true", "ephemeral = false"));
    let _ = place.apply().exits(0);
    let relink = || place.cli.run(&["state", "relink", "db_cluster.main", STACK]).unwrap();
    assert!(relink().exits(0).stdout.contains("nothing was changed"));
    place.behind_our_back(LOST);
    let done = place.run("plan", &[]).exits(8);
    assert!(done.stderr.contains("auroractl state relink"), "{}", done.stderr);
    assert!(relink().exits(8).stderr.contains("nothing at AWS bears the name"));
    place.behind_our_back(RESTORED);
    let done = place.apply().exits(8);
    assert!(done.stderr.contains("auroractl state relink"), "{}", done.stderr);
    place.proxy.clear_log();
    let done = relink().exits(0);
    assert!(done.stdout.contains("db_cluster.main is cluster-"), "{}", done.stdout);
    assert_eq!(place.proxy.summary().writes, 0, "AWS is only looked at");
    let _ = place.apply().exits(0);
    place.settled();
    place.sound();
    assert_eq!(place.census()["rds:cluster"], 1);
}

/// AWS Backup has made a recovery point.
const BACKED_UP: &str = r#"
backup = aws("backup")
vault = backup.list_backup_vaults()["BackupVaultList"][0]["BackupVaultName"]
role = "arn:aws:iam::123456789012:role/r"
backup.start_backup_job(BackupVaultName=vault, ResourceArn="arn:aws:rds:us-east-1:1:cluster:orders", IamRoleArn=role)
"#;

#[test]
fn a_vault_that_holds_recovery_points_stays_with_its_key() {
    let place = Place::new(&unprotected());
    let _ = place.apply().exits(0);
    place.behind_our_back(BACKED_UP);
    let done = place.destroy().exits(0);
    let told = format!("{}{}", done.stdout, done.stderr);
    assert!(told.contains("what it holds (1 recovery point)"), "{told}");
    let left: BTreeSet<String> = place.living().into_iter().map(|thing| thing.kind).collect();
    assert_eq!(left, ["backup:backup-vault", "kms:key"].map(str::to_owned).into(), "the vault, and what it needs");
}
