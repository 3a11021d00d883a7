//! Every exit code that a script may rely on, with what a person reads beside it.

use crate::place::{Place, SECRET, applied, blueprint, dev, words};
use auroractl_testkit::cli::Finished;
use auroractl_testkit::proxy::fault::{Effect, Fault};
use auroractl_testkit::redact::Redactions;

/// Asserts the code, and compares standard error with what was recorded. Progress lines differ in order and time, and
/// are left out.
#[track_caller]
fn ends(place: &Place, name: &str, done: Finished, code: i32) -> Finished {
    let done = done.exits(code);
    insta::assert_snapshot!(name, told(place, &done));
    done
}

/// What a person reads, without what differs from run to run; with what no message may have.
#[track_caller]
pub(crate) fn told(place: &Place, done: &Finished) -> String {
    assert!(!done.stderr.contains("panicked") && !done.stderr.contains("RUST_BACKTRACE"), "{}", done.stderr);
    hides_secrets(done);
    let mut redactions = Redactions::standard();
    redactions.add_literal(&place.cli.dir().display().to_string(), "[DIR]");
    redactions.add(r"\b[0-9a-f]{32,64}\b", "[HEX]");
    redactions.add(r"\bpid \d+", "pid [PID]");
    redactions.add(r"on \S+ since", "on [HOST] since");
    redactions.add(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[TIME]");
    redactions.add(r"-[a-z2-7]{8}\b", "-[OID]");
    let kept: Vec<&str> = done.stderr.lines().filter(|line| !is_progress(line)).collect();
    redactions.apply(&kept.join("\n"))
}

/// Does the line begin with a time, right-aligned, and two spaces?
fn is_progress(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(|first: char| first.is_ascii_digit())
        && line
            .split_once("  ")
            .is_some_and(|(time, _)| time.ends_with('s') || time.ends_with("min") || time.ends_with('h'))
}

#[track_caller]
fn hides_secrets(done: &Finished) {
    assert!(!done.stdout.contains(SECRET) && !done.stderr.contains(SECRET), "the secret key was printed");
}

#[test]
fn done_changes_and_approval() {
    let place = dev();
    let _ = ends(&place, "changes", place.run("plan", &["--detailed-exitcode"]), 2);
    let _ = ends(&place, "approval", place.run("apply", &[]), 4);
    let _ = ends(&place, "done", place.apply(), 0);
    let _ = ends(&place, "nothing_to_change", place.apply(), 0);
    let out = "no/such/folder/next.plan";
    let _ = ends(&place, "error", place.run("plan", &["--out", out]), 1);
    let _ = ends(&place, "destroy_approval", place.run("destroy", &[]), 4);
}

#[test]
fn invalid() {
    let place = dev();
    let _ = ends(&place, "bad_flag", place.run("apply", &["--no-such-flag"]), 6);
    let _ = ends(&place, "bad_timeout", place.run("apply", &["--timeout", "soon"]), 6);
    place.edit("readers = 0", "raeders = 0");
    place.edit("az_count = 2", "az_count = \"two\"");
    for command in ["validate", "plan", "apply", "destroy", "status"] {
        let _ = ends(&place, "bad_stack", place.run(command, &[]), 6);
    }
    place.write("");
    let _ = ends(&place, "empty_stack", place.run("plan", &[]), 6);
    let _ = ends(&place, "no_stack", place.cli.run(&["plan", "stacks/none.toml"]).unwrap(), 6);
    assert_eq!(place.proxy.summary().calls, 0, "a stack that is invalid is no reason to call AWS");
}

#[test]
fn drift() {
    let place = applied();
    let _ = ends(&place, "no_drift", place.run("status", &[]), 0);
    place.behind_our_back("logs = aws('logs')\nfor g in logs.describe_log_groups()['logGroups']: logs.put_retention_policy(logGroupName=g['logGroupName'], retentionInDays=3)");
    let _ = ends(&place, "drift", place.run("status", &[]), 5);
}

#[test]
fn what_could_not_be_looked_at_is_no_drift() {
    let place = applied();
    let (code, message) = ("InvalidParameterValue".to_owned(), "not now".to_owned());
    place.proxy.arm(Fault::on("rds:DescribeDBClusters", Effect::Error { status: 400, code, message }));
    let done = place.run("status", &[]).exits(1);
    assert!(done.stdout.contains("Unknown: ") && !done.stdout.contains("puts them back"), "{}", done.stdout);
    assert!(done.stderr.contains("db_cluster.main: it could not be looked at"), "{}", done.stderr);
    place.proxy.disarm();
    let done = place.run("status", &[]).exits(0);
    assert!(done.stdout.contains("`auroractl check stacks/main.toml --live`"), "{}", done.stdout);
}

#[test]
fn credentials() {
    let mut place = dev();
    place.edit("region = \"us-east-1\"\n", "region = \"us-east-1\"\naccount = \"999999999999\"\n");
    let _ = ends(&place, "wrong_account", place.apply(), 7);
    place.edit("account = \"999999999999\"\n", "");
    place.proxy.arm(Fault::on("rds:DescribeOrderableDBInstanceOptions", Effect::AccessDenied));
    let _ = ends(&place, "denied_plan", place.run("plan", &[]), 7);
    place.proxy.disarm();
    place.proxy.arm(Fault::on("*", Effect::ExpiredCredentials));
    let _ = ends(&place, "expired", place.run("plan", &[]), 7);
    place.proxy.disarm();
    place.cli.set_env("AWS_ACCESS_KEY_ID", "");
    place.cli.set_env("AWS_SECRET_ACCESS_KEY", "");
    let _ = ends(&place, "no_credentials", place.run("plan", &[]), 7);
    assert_eq!(place.proxy.summary().writes, 0);
}

#[test]
fn refused_to_lose_data() {
    let place = Place::new(&blueprint("prod.toml"));
    let _ = place.apply().exits(0);
    let census = place.census();
    let _ = ends(&place, "holds_data", place.run("destroy", &["--auto-approve"]), 8);
    let _ = ends(&place, "protected", place.destroy(), 8);
    place.edit("database_name = \"orders\"", "database_name = \"other\"");
    let _ = ends(&place, "no_replacement", place.apply(), 8);
    assert_eq!(place.census(), census);
}

#[test]
fn refused_because_of_strangers() {
    let place = dev();
    place.behind_our_back(
        "key = aws('kms').create_key()['KeyMetadata']['KeyId']
aws('kms').create_alias(AliasName='alias/orders-dev', TargetKeyId=key)
aws('rds').create_db_cluster(DBClusterIdentifier='orders-dev', Engine='aurora-postgresql', MasterUsername='them', MasterUserPassword='theirs-not-ours')",
    );
    let before = place.inventory().len();
    let _ = ends(&place, "strangers", place.apply(), 8);
    assert_eq!(place.inventory().len(), before, "nothing may be made");
}

#[test]
fn a_file_that_is_not_there_could_have_been_a_saved_plan() {
    let place = dev();
    let told = place.cli.run(&["apply", "next.plan"]).unwrap().exits(6).stderr;
    assert!(told.contains("there is no file next.plan") && told.contains("`auroractl plan --out FILE`"), "{told}");
}

#[test]
fn what_a_plan_draws_is_kept_by_the_plan_that_is_saved() {
    let place = dev();
    let drawn = |more: &[&str]| {
        let text = place.run("plan", more).exits(0).stdout;
        words(&text).contains("drawn anew by each plan")
    };
    assert!(drawn(&[]) && !drawn(&["--out", "next.plan"]));
    let _ = place.cli.run(&["apply", "next.plan"]).unwrap().exits(0);
    place.edit("retention_days = 1", "retention_days = 2");
    assert!(!drawn(&[]), "a lineage is for good");
}

#[test]
fn refused_because_the_plan_is_stale() {
    let place = dev();
    let _ = place.run("plan", &["--out", "next.plan"]).exits(0);
    let _ = place.apply().exits(0);
    let _ = ends(&place, "stale_plan", place.cli.run(&["apply", "next.plan"]).unwrap(), 8);
}

#[test]
fn refused_because_the_plan_is_of_another_account() {
    let (here, there) = (dev(), dev());
    let _ = here.run("plan", &["--out", "next.plan"]).exits(0);
    there.cli.write("next.plan", &std::fs::read_to_string(here.cli.dir().join("next.plan")).unwrap()).unwrap();
    let done = there.cli.run(&["apply", "next.plan"]).unwrap().exits(8);
    for account in [&here.account, &there.account] {
        assert!(done.stderr.contains(&format!("account {account}")), "{}", done.stderr);
    }
    assert_eq!(there.proxy.summary().writes, 0);
    let _ = here.cli.run(&["apply", "next.plan"]).unwrap().exits(0);
}

#[test]
fn a_saved_plan_is_continued_by_its_stack_file() {
    let place = dev();
    let _ = place.run("plan", &["--out", "next.plan"]).exits(0);
    place.proxy.arm(Fault::on("rds:CreateDBInstance", Effect::AccessDenied));
    let done = place.cli.run(&["apply", "next.plan"]).unwrap().exits(10);
    assert!(
        done.stderr.contains("run `auroractl apply stacks/main.toml` (the saved plan is stale by now)"),
        "{}",
        done.stderr
    );
    place.proxy.disarm();
    let _ = place.cli.run(&["apply", "next.plan"]).unwrap().exits(8);
    let _ = place.apply().exits(0);
    place.settled();
}

#[test]
fn locked() {
    let place = dev();
    place.proxy.arm(Fault::on("*", Effect::Latency { ms: 300 }).writes());
    let first = place.spawn("apply", &["--auto-approve"]);
    place.wait_for_writes(1);
    let _ = ends(&place, "locked", place.apply(), 9);
    place.proxy.disarm();
    let _ = first.wait().unwrap().exits(0);
    place.settled();
}

#[test]
fn partial_and_deadline() {
    let place = dev();
    place.proxy.arm(Fault::on("rds:CreateDBInstance", Effect::AccessDenied));
    let _ = ends(&place, "partial", place.apply(), 10);
    place.proxy.disarm();
    place.proxy.arm(Fault::on("rds:DescribeDBInstances", Effect::Latency { ms: 100 }));
    let done = place.run("apply", &["--auto-approve", "--timeout", "1s"]).exits(11);
    assert!(done.stderr.contains("Deadline passed"), "{}", done.stderr);
    place.proxy.disarm();
    let _ = place.apply().exits(0);
    place.settled();
}

#[test]
fn unusable_state() {
    let place = applied();
    let calls = place.proxy.summary().writes;
    let file = place.state_file();
    let good = std::fs::read_to_string(&file).unwrap();
    let damage = [
        ("damaged", good.replacen("db_cluster", "db_clutser", 1)),
        ("truncated", good[..good.len() / 2].to_owned()),
        ("empty", String::new()),
        ("newer", good.replacen("\"format\": 1", "\"format\": 99", 1)),
    ];
    for (name, text) in damage {
        assert_ne!(text, good, "{name}");
        std::fs::write(&file, text).unwrap();
        let _ = ends(&place, &format!("state_{name}"), place.apply(), 13);
        let _ = place.run("plan", &[]).exits(13);
        let _ = place.run("destroy", &["--auto-approve"]).exits(13);
    }
    std::fs::remove_dir_all(file.parent().unwrap()).unwrap();
    let _ = ends(&place, "state_lost", place.apply(), 13);
    let _ = place.run("plan", &[]).exits(13);
    let _ = place.run("destroy", &["--auto-approve"]).exits(13);
    let _ = place.run("destroy", &["--auto-approve", "--state-dir", "elsewhere"]).exits(13);
    assert_eq!(place.proxy.summary().writes, calls, "nothing may be changed");
}
