//! The design rules from outside: verdicts on the stacks that come with the program, places in their files, formats,
//! waivers, rules of one's own, and what they do to an apply.

use crate::place::{Place, blueprint};
use auroractl_testkit::cli::{Cli, Finished};
use auroractl_testkit::emulator::workspace;
use serde_json::Value;
use std::collections::BTreeSet;

/// A place without AWS that has all stacks of the program, edited.
fn offline(edits: &[(&str, &str, &str)]) -> Cli {
    let cli = Cli::new("http://127.0.0.1:1").unwrap();
    for name in ["prod.toml", "dev.toml", "staging.toml", "existing-vpc.toml"] {
        let mut text = blueprint(name);
        for (_, old, new) in edits.iter().filter(|(file, ..)| *file == name) {
            assert!(text.contains(old), "{name} has no `{old}`");
            text = text.replacen(old, new, 1);
        }
        cli.write(&format!("stacks/{name}"), &text).unwrap();
    }
    cli
}

fn check(cli: &Cli, name: &str, more: &[&str]) -> Finished {
    cli.run(&[&["check", &format!("stacks/{name}.toml")], more].concat()).unwrap()
}

fn report(cli: &Cli, name: &str, code: i32) -> Value {
    serde_json::from_str(&check(cli, name, &["--json"]).exits(code).stdout).unwrap()
}

/// Codes of findings with this severity that nothing excuses.
fn codes(report: &Value, severity: &str) -> BTreeSet<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let open = findings.filter(|finding| finding["severity"] == severity && finding["status"] == "broken");
    open.map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_stacks_that_come_with_the_program_keep_every_must_rule() {
    let cli = offline(&[]);
    for name in ["prod", "dev", "staging", "existing-vpc"] {
        let report = report(&cli, name, 0);
        assert_eq!(codes(&report, "block"), BTreeSet::new(), "{name}");
        let wanted = if name == "existing-vpc" { "prod" } else { name };
        assert_eq!(report["profile"], wanted);
    }
    // A given network is looked at by plan and apply alone.
    let report = report(&cli, "existing-vpc", 0);
    let unknown = report["findings"].as_array().unwrap().iter().filter(|finding| finding["status"] == "unknown");
    assert!(unknown.clone().any(|finding| finding["rule"] == "RULE-004"));
    let _ = check(&cli, "prod", &["--profile", "critical"]).exits(3);
}

#[test]
fn what_is_wrong_in_an_overlay_is_shown_in_the_overlay() {
    let cli = offline(&[
        ("staging.toml", "retention_days = 7", "retention_days = 2"),
        ("prod.toml", "[params.cluster]\n\"rds.force_ssl\" = 1", "[params.cluster]\n\"rds.force_ssl\" = 0"),
    ]);
    let report = report(&cli, "staging", 3);
    let place = |rule: &str| {
        let findings = report["findings"].as_array().unwrap();
        let finding = findings.iter().find(|one| one["rule"] == rule && one["severity"] == "block").unwrap();
        let file = finding["place"]["file"].as_str().unwrap().to_owned();
        let text = std::fs::read_to_string(cli.dir().join(&file)).unwrap();
        let line = finding["place"]["line"].as_u64().unwrap();
        (file, text.lines().nth(usize::try_from(line).unwrap() - 1).unwrap().to_owned())
    };
    assert_eq!(place("RULE-006"), ("stacks/staging.toml".to_owned(), "retention_days = 2".to_owned()));
    let (file, line) = place("RULE-003");
    assert_eq!(file, "stacks/prod.toml");
    assert!(line.starts_with("\"rds.force_ssl\" = 0"), "{line}");
    let human = check(&cli, "staging", &[]).exits(3).stdout;
    for part in ["Blocks apply", "RULE-006", "stacks/staging.toml", "retention_days = 2", "help:"] {
        assert!(human.contains(part), "{part} is missing in\n{human}");
    }
}

#[test]
fn sarif_is_valid_and_points_into_the_files() {
    let cli = offline(&[("prod.toml", "retention_days = 30", "retention_days = 1")]);
    let schema = std::fs::read_to_string(workspace().join("tests/data/sarif-schema-2.1.0.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    for name in ["prod", "dev", "staging", "existing-vpc"] {
        let text = cli.run(&["check", &format!("stacks/{name}.toml"), "--format", "sarif"]).unwrap().stdout;
        let log: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let physical = &result["locations"][0]["physicalLocation"];
            if physical.is_null() {
                continue;
            }
            let file = cli.dir().join(physical["artifactLocation"]["uri"].as_str().unwrap());
            let lines = std::fs::read_to_string(file).unwrap().lines().count();
            let region = |key: &str| usize::try_from(physical["region"][key].as_u64().unwrap()).unwrap();
            assert!(region("startLine") >= 1 && region("endLine") <= lines.max(1) + 1, "{physical}");
            assert!((region("startLine"), region("startColumn")) <= (region("endLine"), region("endColumn")));
        }
    }
    let bad: Value = serde_json::from_str(r#"{"version": "2.1.0", "runs": [{"results": [{}]}]}"#).unwrap();
    assert!(!validator.is_valid(&bad), "the schema sees nothing");
}

#[test]
fn a_pull_request_gets_a_comment() {
    let cli = offline(&[("prod.toml", "retention_days = 30", "retention_days = 1")]);
    let text = check(&cli, "prod", &["--format", "markdown"]).exits(3).stdout;
    assert!(text.starts_with("## Design rules: stack `orders`, profile prod: **blocked**"), "{text}");
    assert!(text.contains("| RULE-006 |") && text.contains("`stacks/prod.toml:"), "{text}");
}

/// Days from today, as the stack file writes them.
fn day(ahead: i64) -> String {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    today.saturating_add(jiff::Span::new().days(ahead)).to_string()
}

fn waiver(edit: &[(&str, &str)]) -> String {
    let mut text = format!(
        r#"
[[policy.waivers]]
name = "short-backups"
rules = ["RULE-006"]
reason = "legacy-migration"
justification = "the old system keeps its own"
risk = "a mistake that is found late can't be undone"
compensating_controls = ["nightly dump"]
author = "A. Author"
approvals = [
  {{ role = "security-architect", name = "S. Sec", date = "{then}" }},
  {{ role = "platform-lead", name = "P. Lead", date = "{then}" }},
]
review_by = "{review}"
remediate_by = "{end}"
migration_path = "https://wiki.example.com/orders"
"#,
        then = day(-10),
        review = day(60),
        end = day(200),
    );
    for (old, new) in edit {
        assert!(text.contains(old), "no `{old}`");
        text = text.replacen(old, new, 1);
    }
    text
}

fn waived(edit: &[(&str, &str)]) -> Cli {
    let broken = format!("[recovery]\nrpo = \"5m\"\nrto = \"30m\"\n{}", waiver(edit));
    offline(&[
        ("prod.toml", "retention_days = 30", "retention_days = 1"),
        ("prod.toml", "[recovery]\nrpo = \"5m\"\nrto = \"30m\"\n", broken.as_str()),
    ])
}

#[test]
fn a_waiver_counts_while_it_is_whole() {
    let cli = waived(&[]);
    let whole = report(&cli, "prod", 0);
    assert!(whole["findings"].as_array().unwrap().iter().any(|one| one["waiver"] == "short-backups"));
    let record = check(&cli, "prod", &["--adr"]).exits(0).stdout;
    assert!(record.contains("### short-backups") && record.contains("RULE-006: ") && record.contains("nightly dump"));
    let soon = waived(&[(day(60).as_str(), day(5).as_str())]);
    assert!(codes(&report(&soon, "prod", 0), "warn").contains("waiver-expiring"));
    let expired = waived(&[(day(60).as_str(), day(-1).as_str())]);
    assert!(
        codes(&report(&expired, "prod", 3), "block")
            .is_superset(&["RULE-006", "waiver-expired"].map(str::to_owned).into())
    );
    let incomplete = waived(&[("platform-lead", "security-architect")]);
    let report = report(&incomplete, "prod", 3);
    assert!(codes(&report, "block").contains("waiver-incomplete"));
    let finding = report["findings"].as_array().unwrap().iter().find(|one| one["rule"] == "waiver-incomplete").unwrap();
    assert_eq!(finding["place"]["file"], "stacks/prod.toml");
}

#[test]
fn a_broken_waiver_is_an_input_error() {
    for (edit, said) in [
        (("\"RULE-006\"", "\"RULE-999\""), "is not the code of a rule"),
        ((day(60).as_str(), "soon"), "is not a day"),
        (("legacy-migration", "because"), "legacy-migration"),
    ] {
        let done = check(&waived(&[edit]), "prod", &[]).exits(6);
        assert!(done.stderr.contains(said) && done.stderr.contains("prod.toml:"), "{}", done.stderr);
    }
}

#[test]
fn rules_of_ones_own_are_heard_and_broken_ones_stop_everything() {
    let cli = offline(&[]);
    let rule = "package company.class\nimport rego.v1\ndeny contains {\"msg\": msg, \"address\": r.address, \"field\": \
                \"db_instance_class\", \"code\": \"COMPANY-7\"} if {\n  some r in input.resources\n  r.kind == \
                \"db_instance\"\n  not startswith(r.values.db_instance_class, \"db.r8g.\")\n  msg := sprintf(\"%s is of an \
                old family\", [r.values.db_instance_class])\n}\n";
    cli.write("stacks/policies/class.rego", rule).unwrap();
    let own = report(&cli, "prod", 3);
    let finding = own["findings"].as_array().unwrap().iter().find(|one| one["rule"] == "COMPANY-7").unwrap();
    assert_eq!(finding["place"]["file"], "stacks/prod.toml");
    assert_eq!(finding["observed"], "db.r7g.large is of an old family");
    let plan = cli.run(&["plan", "stacks/prod.toml", "--refresh=false", "--json"]).unwrap().exits(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert!(codes(&plan, "block").contains("COMPANY-7") && plan["blocked"] == true);
    cli.write("stacks/policies/class.rego", &rule.replace("some r in", "some r on")).unwrap();
    for command in ["check", "plan"] {
        let done = cli.run(&[command, "stacks/prod.toml", "--refresh=false"][..if command == "plan" { 3 } else { 2 }]);
        let done = done.unwrap().exits(6);
        assert!(done.stderr.contains("stacks/policies/class.rego:4:"), "{}", done.stderr);
    }
}

#[test]
fn the_example_of_a_rule_passes_its_tests() {
    let cli = offline(&[]);
    let dir = workspace().join("stacks/policies").display().to_string();
    let done = cli.run(&["rules", "test", &dir]).unwrap().exits(0);
    assert_eq!(done.stdout.lines().filter(|line| line.starts_with("ok ")).count(), 3, "{}", done.stdout);
}

#[test]
fn a_broken_must_rule_stops_an_apply_before_anything_is_made() {
    let place = Place::new(&blueprint("prod.toml").replace("retention_days = 30", "retention_days = 1"));
    let shown = place.run("plan", &[]).exits(0);
    assert!(shown.stdout.contains("Design rules that block apply:") && shown.stdout.contains("RULE-006"));
    let done = place.apply().exits(3);
    assert!(done.stderr.contains("RULE-006") && done.stderr.contains("retention_days = 1"), "{}", done.stderr);
    let _ = place.run("plan", &["--out", "next.plan"]).exits(0);
    let _ = place.cli.run(&["apply", "next.plan"]).unwrap().exits(3);
    assert!(place.living().is_empty(), "something was made");
}

/// Somebody opens the default security group, routes the internet into a subnet of the database, takes the flow log's
/// right to write, and switches AWS Backup off for Aurora.
const OPENED: &str = r#"
ec2, iam = aws("ec2"), aws("iam")
log = ec2.describe_flow_logs()["FlowLogs"][0]
of = lambda address: [{"Name": "tag:auroractl:address", "Values": [address]}]
table = ec2.describe_route_tables(Filters=of("route_table.private-a"))["RouteTables"][0]["RouteTableId"]
gateway = ec2.describe_internet_gateways(Filters=of("internet_gateway.main"))["InternetGateways"][0]
ec2.create_route(
    RouteTableId=table, DestinationCidrBlock="8.8.8.0/24", GatewayId=gateway["InternetGatewayId"]
)
aws("backup").update_region_settings(ResourceTypeOptInPreference={"Aurora": False})
default = [{"Name": "vpc-id", "Values": [log["ResourceId"]]}, {"Name": "group-name", "Values": ["default"]}]
group = ec2.describe_security_groups(Filters=default)["SecurityGroups"][0]["GroupId"]
ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ssh])
role = log["DeliverLogsPermissionArn"]
iam.delete_role_policy(RoleName=role.rpartition("/")[2], PolicyName="flow-logs")
ec2.delete_flow_logs(FlowLogIds=[log["FlowLogId"]])
ec2.create_flow_logs(
    ResourceIds=[log["ResourceId"]],
    ResourceType="VPC",
    TrafficType="ALL",
    LogGroupName=log["LogGroupName"],
    DeliverLogsPermissionArn=role,
)
"#;

#[test]
fn what_runs_is_judged_as_what_is_wanted() {
    let place = Place::new(&blueprint("prod.toml"));
    let _ = place.apply().exits(0);
    let done = place.run("check", &["--live", "--json"]).exits(0);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!(report["phase"], "live", "{}", done.stderr);
    let passed: BTreeSet<&str> = report["passed"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for rule in ["RULE-002", "RULE-005", "RULE-009", "RULE-010", "RULE-204", "EXT-010", "EXT-017", "EXT-030", "EXT-032"]
    {
        assert!(passed.contains(rule), "{rule}: {}", report["findings"]);
    }
    place.behind_our_back(OPENED);
    let done = place.run("check", &["--live", "--json"]).exits(3);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    for rule in ["EXT-010", "RULE-004"] {
        assert!(codes(&report, "block").contains(rule), "{rule}: {}", report["findings"]);
    }
    assert!(codes(&report, "warn").contains("EXT-017"), "{}", report["findings"]);
    conforms(&report);
    let said = report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "RULE-204").unwrap();
    assert_eq!(said["observed"], "nothing arrives: Access error");
}

#[test]
fn the_reference_page_is_what_the_rules_say() {
    let page = std::fs::read_to_string(workspace().join("docs/rules.md")).unwrap_or_default();
    assert!(page == auroractl_policy::report::reference(), "docs/rules.md is stale: run `make rules`");
}

/// A report is what its published schema says.
fn conforms(report: &Value) {
    let schema = offline(&[]).run(&["schema", "check"]).unwrap().exits(0).json().unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn reports_are_what_their_schema_says() {
    let cli = offline(&[]);
    for stack in ["stacks/prod.toml", "stacks/dev.toml", "stacks/existing-vpc.toml"] {
        let done = cli.run(&["check", stack, "--json"]).unwrap();
        conforms(&serde_json::from_str(&done.stdout).unwrap());
    }
    let mut report: Value =
        serde_json::from_str(&cli.run(&["check", "stacks/dev.toml", "--json"]).unwrap().stdout).unwrap();
    report["findings"][0]["severity"] = "fatal".into();
    let schema = cli.run(&["schema", "check"]).unwrap().json().unwrap();
    assert!(!jsonschema::is_valid(&schema, &report), "a schema that takes anything says nothing");
}
