//! What a run leaves alone: logs of a former cluster, keys that something still needs, readers that autoscaling made, and the
//! files of a stack and its state.

use crate::place::{Place, STACK, applied, blueprint, dev, words};
use auroractl_testkit::proxy::fault::{Effect, Fault};

/// The group that RDS would make by itself for the cluster of the small stack.
const LOGS: &str = "/aws/rds/cluster/orders-dev/postgresql";

/// Makes the group as RDS does, without a tag and for ever, with an event in it or without.
fn made_by_rds(place: &Place, event: bool) {
    let event = match event {
        true => format!(
            "import time
logs.create_log_stream(logGroupName='{LOGS}', logStreamName='orders-dev-1.0')
logs.put_log_events(logGroupName='{LOGS}', logStreamName='orders-dev-1.0', logEvents=[{{'timestamp': int(time.time() * 1000) - 3000, 'message': 'audit'}}])"
        ),
        false => String::new(),
    };
    place.behind_our_back(&format!("logs = aws('logs')\nlogs.create_log_group(logGroupName='{LOGS}')\n{event}"));
}

fn drop_logs(place: &Place) {
    place.behind_our_back(&format!("aws('logs').delete_log_group(logGroupName='{LOGS}')"));
}

/// The retention of the group, as AWS has it.
#[track_caller]
fn retention(place: &Place, days: &str) {
    place.behind_our_back(&format!(
        "groups = [g for g in aws('logs').describe_log_groups()['logGroups'] if g['logGroupName'] == '{LOGS}']
assert [g.get('retentionInDays') for g in groups] == [{days}], groups"
    ));
}

/// F54: RDS leaves its group when the cluster goes. A retention would delete what people kept, a destroy all of it.
#[test]
fn the_logs_of_a_former_cluster_are_left_alone() {
    let place = dev();
    made_by_rds(&place, true);
    let before = place.inventory().len();
    for (command, more) in [("plan", &[][..]), ("apply", &["--auto-approve"])] {
        let done = place.run(command, more).exits(8);
        let told = words(&done.stderr);
        assert!(told.contains("a log group of this name exists already"), "{told}");
        assert!(told.contains("aws logs delete-log-group"), "{told}");
    }
    assert_eq!(place.inventory().len(), before, "nothing may be made");
    retention(&place, "None");
    drop_logs(&place);
    let _ = place.apply().exits(0);
    place.settled();
    retention(&place, "30");
}

/// A log group that was dropped from the state stays when the stack goes, and so does the key that it can't be read without.
#[test]
fn the_key_of_logs_that_are_kept_stays() {
    let place = applied();
    let told = words(&place.cli.run(&["state", "rm", "log_group.postgresql", STACK]).unwrap().exits(0).stderr);
    assert!(told.contains("db_cluster.main") && told.contains("encrypted with kms_key.main"), "{told}");
    let plan = words(&place.run("plan", &["--destroy"]).exits(0).stdout);
    assert!(plan.contains(&format!("the log group {LOGS} needs it")), "{plan}");
    place.proxy.clear_log();
    let _ = place.destroy().exits(0);
    assert!(!place.proxy.calls().iter().any(|call| call.action == "ScheduleKeyDeletion"));
    place.behind_our_back(&format!(
        "group = aws('logs').describe_log_groups(logGroupNamePrefix='{LOGS}')['logGroups'][0]
assert aws('kms').describe_key(KeyId=group['kmsKeyId'])['KeyMetadata']['KeyState'] == 'Enabled'"
    ));
}

/// Who may not list what a key encrypts does not delete it.
#[test]
fn a_key_stays_where_nobody_may_look() {
    let place = applied();
    // The small stack has no vault: only the key's deletion asks for them.
    place.proxy.arm(Fault::on("backup:GET /backup-vaults*", Effect::AccessDenied).times(u64::MAX));
    let done = place.destroy().exits(0);
    assert!(words(&done.stdout).contains("perhaps a backup vault"), "{}", done.stdout);
    assert!(!place.proxy.calls().iter().any(|call| call.action == "ScheduleKeyDeletion"));
}

/// The end of autoscaling takes nobody away: who is left is told by every look at the stack.
#[test]
fn readers_that_autoscaling_left_are_told() {
    let place = Place::new(&blueprint("prod.toml"));
    let _ = place.apply().exits(0);
    let reader = "application-autoscaling-77";
    place.behind_our_back(&format!(
        "aws('rds').create_db_instance(DBInstanceIdentifier='{reader}', DBClusterIdentifier='orders', DBInstanceClass='db.r7g.large', Engine='aurora-postgresql')"
    ));
    let told = |command: &str, more: &[&str]| {
        words(&place.run(command, more).exits(0).stderr).contains(&format!("{reader}: a reader that autoscaling made"))
    };
    assert!(!told("plan", &[]) && !told("status", &[]), "it is autoscaling's");
    let text = place.text();
    let (before, rest) = text.split_once("[cluster.autoscaling]").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    place.write(&format!("{before}{after}"));
    assert!(told("plan", &[]));
    assert!(told("apply", &["--auto-approve"]));
    assert!(told("plan", &[]) && told("status", &[]), "nobody takes it away");
    place.behind_our_back(&format!("aws('rds').delete_db_instance(DBInstanceIdentifier='{reader}')"));
    assert!(!told("plan", &[]) && !told("status", &[]));
}

/// A permission for what is not there permits nothing: the slip is told.
#[test]
fn what_is_permitted_has_to_be_there() {
    let place = applied();
    for (command, more) in [("plan", &[][..]), ("apply", &["--auto-approve"]), ("destroy", &["--auto-approve"])] {
        let done = place.run(command, &[more, &["--allow-delete", "db_cluster.mian"]].concat()).exits(6);
        assert!(
            words(&done.stderr).contains("neither the stack nor its state has a db_cluster.mian"),
            "{}",
            done.stderr
        );
    }
    let _ = place.run("plan", &["--allow-delete", "db_cluster.main,log_group.postgresql"]).exits(0);
}

/// Where AWS installs minor versions, the stated one is the least: that a lower one changes nothing is told.
#[test]
fn a_lower_minor_version_changes_nothing_and_says_so() {
    let place = applied();
    place.edit("engine_version = \"16.11\"", "engine_version = \"16.8\"");
    let told = words(&place.run("plan", &[]).exits(0).stderr);
    assert!(
        told.contains("db_cluster.main stays at version 16.11") && told.contains("can't go back to 16.8"),
        "{told}"
    );
}

/// A path that leads to the stack file, to the state or to its journal is refused, whichever flag or variable names it.
#[test]
fn neither_stack_file_nor_state_is_written_over() {
    let mut place = applied();
    place.edit("retention_days = 1", "retention_days = 2");
    let folder = place.state_file().parent().unwrap().to_owned();
    let all = |place: &Place| {
        let files = [place.cli.dir().join(STACK), folder.join("state.json"), folder.join("journal")];
        files.map(|path| std::fs::read(path).unwrap())
    };
    let (before, calls) = (all(&place), place.proxy.summary().calls);
    let (state, journal) = (folder.join("state.json"), folder.join("journal"));
    for path in [STACK, state.to_str().unwrap(), journal.to_str().unwrap(), folder.join("new").to_str().unwrap()] {
        for flag in ["--out", "--html", "--trace-file"] {
            let told = place.run("plan", &[flag, path]).exits(6).stderr;
            assert!(told.contains("nothing was changed") && told.contains("hint:"), "{flag} {path}: {told}");
        }
        let _ = place.run("plan", &[&format!("--markdown={path}")]).exits(6);
        let _ = place.run("apply", &["--auto-approve", "--html", path]).exits(6);
        for variable in ["AURORACTL_OUT", "AURORACTL_HTML", "AURORACTL_TRACE_FILE"] {
            place.cli.set_env(variable, path);
            let _ = place.run("plan", &[]).exits(6);
            place.cli.unset_env(variable);
        }
    }
    assert_eq!(all(&place), before);
    assert_eq!(place.proxy.summary().calls, calls, "refused before AWS is asked");
    // Its like is replaced.
    for _ in 0..2 {
        let _ = place.run("plan", &["--out", "next.plan", "--html", "next.html", "--trace-file", "trace"]).exits(0);
    }
    // What was written over the journal by other means is damage, not the end of an interrupted write.
    std::fs::copy(place.cli.dir().join("next.plan"), &journal).unwrap();
    for (command, more) in [("plan", &[][..]), ("apply", &["--auto-approve"])] {
        let told = place.run(command, more).exits(13).stderr;
        assert!(words(&told).contains("does not begin as a journal does"), "{told}");
    }
}

/// F54: what holds nothing, and what RDS made for the cluster that is there now, is taken over and configured.
#[test]
fn a_log_group_that_rds_made_for_this_cluster_is_taken_over() {
    let place = dev();
    made_by_rds(&place, false);
    let _ = place.apply().exits(0);
    place.settled();
    retention(&place, "30");
    let _ = place.cli.run(&["state", "rm", "log_group.postgresql", STACK]).unwrap().exits(0);
    drop_logs(&place);
    made_by_rds(&place, true);
    let told = words(&place.run("plan", &[]).exits(0).stdout);
    assert!(told.contains("AWS made it by itself for this stack") && !told.contains("interrupted run"), "{told}");
    let _ = place.apply().exits(0);
    place.settled();
    retention(&place, "30");
    place.sound();
}
