//! Reports: what stands in them, that nothing else does, and how they look in a browser.

use crate::browser::{Browser, View};
use crate::page::Page;
use crate::place::{Place, SECRET, STACK, applied, blueprint, dev};
use auroractl_testkit::emulator::workspace;
use auroractl_testkit::proxy::fault::{Effect, Fault};
use serde_json::Value;
use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt as _, symlink};

/// The file that is written.
const FILE: &str = "report.html";
/// Markup that would do something if it were taken for markup.
const MARKUP: &str = "</code><script>alert(1)</script><img src=x onerror=alert(2)>";

fn html(place: &Place) -> String {
    std::fs::read_to_string(place.cli.dir().join(FILE)).unwrap()
}

/// The report that was written last, read and found to be inert.
#[track_caller]
fn written(place: &Place) -> Page {
    let text = html(place);
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"), "no whole page");
    assert!(!text.contains(SECRET), "a secret");
    let page = Page::read(&text);
    page.is_inert_and_whole();
    page
}

#[test]
fn a_plan_as_a_report() {
    let place = Place::new(&blueprint("prod.toml"));
    let told = place.run("plan", &["--html", FILE, "--json"]).exits(0).json().unwrap();
    let page = written(&place);
    for text in ["Ready to apply", "Nobody who uses the database is interrupted", &place.account, "us-east-1", "prod"] {
        assert!(page.text.contains(text), "no `{text}`");
    }
    let changes = told["changes"].as_array().unwrap();
    for change in changes {
        assert!(page.text.contains(change["address"].as_str().unwrap()), "{change}");
    }
    assert_eq!(page.of_class("box").len(), changes.len(), "every resource is a box of the graph");
    assert_eq!(page.of_class("change").len(), changes.len());
    let critical = told["duration"]["critical_path"].as_array().unwrap().len();
    assert_eq!(page.of_class("critical").len(), critical, "every step of the critical path is marked");
    assert!(page.of_class("measured").is_empty(), "nothing was measured yet");
    for step in told["duration"]["critical_path"].as_array().unwrap() {
        let name = format!("{} {}", step["verb"].as_str().unwrap(), step["address"].as_str().unwrap());
        assert!(page.text.contains(&name), "{name}");
    }
    for finding in told["findings"].as_array().unwrap() {
        assert!(page.text.contains(finding["title"].as_str().unwrap()), "{finding}");
    }
    let file = place.cli.dir().join(FILE);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_report_says_the_digest_that_a_saved_plan_has() {
    let place = dev();
    let _ = place.run("plan", &["--html", FILE, "--out", "next.plan"]).exits(0);
    let saved: Value =
        serde_json::from_str(&std::fs::read_to_string(place.cli.dir().join("next.plan")).unwrap()).unwrap();
    let digest = saved["digest"].as_str().unwrap();
    assert!(written(&place).text.contains(digest));
    let _ = place.cli.run(&["apply", "next.plan", "--html", FILE]).unwrap().exits(0);
    let page = written(&place);
    assert!(page.text.contains(digest) && page.text.contains("Applied"), "{}", page.text);
}

#[test]
fn equal_plans_give_equal_bytes() {
    let place = applied();
    place.edit("retention_days = 1", "retention_days = 2");
    let _ = place.run("plan", &["--html", FILE]).exits(0);
    let first = html(&place);
    let _ = place.run("plan", &["--html", FILE]).exits(0);
    assert_eq!(first, html(&place));
    let page = written(&place);
    for text in ["backup_retention_period", "the stack changed", "update in place"] {
        assert!(page.text.contains(text), "no `{text}` in {}", page.text);
    }
}

#[test]
fn a_run_as_a_report_predicted_beside_measured() {
    let place = dev();
    let _ = place.run("apply", &["--auto-approve", "--html", FILE]).exits(0);
    let page = written(&place);
    let bars = page.of_class("predicted").len();
    assert!(bars > 3 && page.of_class("measured").len() == bars, "{bars} bars");
    assert!(!page.of_class("critical").is_empty() && page.of_class("failed").is_empty());
    assert!(page.text.contains("Applied") && page.text.contains("Exit 0"), "{}", page.text);
    let _ = place.run("apply", &["--auto-approve", "--html", FILE]).exits(0);
    assert!(written(&place).text.contains("Nothing to change"));
}

#[test]
fn a_run_that_fails_tells_what_was_done_and_what_not() {
    let place = dev();
    place.proxy.arm(Fault::on("rds:CreateDBCluster", Effect::AccessDenied));
    let _ = place.run("apply", &["--auto-approve", "--html", FILE]).exits(10);
    let page = written(&place);
    for text in [
        "Partly applied",
        "Exit 10",
        "failed: ",
        "AccessDenied",
        "not started, because",
        "1 failed",
        "The time of a change is what its steps took.",
    ] {
        assert!(page.text.contains(text), "no `{text}` in {}", page.text);
    }
    assert!(!page.of_class("failed").is_empty() && page.of_class("measured").len() > 3);
}

#[test]
fn what_a_run_did_not_come_to_was_felt_by_nobody() {
    let place = Place::new(&blueprint("prod.toml"));
    let _ = place.apply().exits(0);
    place.edit("class = \"db.r7g.large\"", "class = \"db.r7g.xlarge\"");
    place.proxy.arm(Fault::on("rds:ModifyDBInstance", Effect::AccessDenied));
    let _ = place.run("apply", &["--auto-approve", "--html", FILE]).exits(10);
    let page = written(&place);
    for text in ["Predicted: 1 reader restarted.", "it may have been felt", "not started: nobody felt it"] {
        assert!(page.text.contains(text), "no `{text}` in {}", page.text);
    }
    assert!(!page.text.contains("Predicted: writer"), "no failover was begun: {}", page.text);
    place.proxy.disarm();
    let _ = place.run("apply", &["--auto-approve", "--html", FILE]).exits(0);
    let page = written(&place);
    for text in ["Predicted: writer unavailable once for about", "(its step took", "How long it lasted is predicted"] {
        assert!(page.text.contains(text), "no `{text}` in {}", page.text);
    }
}

#[test]
fn a_run_that_is_interrupted_or_killed_leaves_a_report() {
    let place = dev();
    place.proxy.arm(Fault::on("*", Effect::Latency { ms: 40 }).writes());
    let running = place.spawn("apply", &["--auto-approve", "--html", FILE]);
    place.wait_for_writes(4);
    running.interrupt();
    let _ = running.wait().unwrap().exits(10);
    let page = written(&place);
    assert!(page.text.contains("Interrupted") && page.text.contains("not started"), "{}", page.text);
    let before = place.proxy.summary().writes;
    let running = place.spawn("apply", &["--auto-approve", "--html", FILE]);
    place.wait_for_writes(before + 3);
    running.kill();
    assert_eq!(running.wait().unwrap().signal, Some(9));
    assert!(written(&place).text.contains("the run was killed"));
}

#[test]
fn what_is_refused_is_told_with_the_way_out() {
    let place = Place::new(&blueprint("prod.toml"));
    let _ = place.apply().exits(0);
    place.edit("database_name = \"orders\"", "database_name = \"other\"");
    for command in ["plan", "apply"] {
        let more: &[&str] = if command == "apply" { &["--auto-approve"] } else { &[] };
        let _ = std::fs::remove_file(place.cli.dir().join(FILE));
        let _ = place.run(command, &[more, &["--html", FILE]].concat()).exits(8);
        let page = written(&place);
        let refusals = page.of_class("refusal").len();
        assert!(page.of_class("gantt").is_empty(), "{command}: no step is made of it");
        assert!(page.text.contains("Refused") && refusals == 1, "{command}: {refusals}, {}", page.text);
        assert_eq!(page.text.contains("stopped before they were asked"), command == "apply", "{}", page.text);
    }
    let _ = place.run("apply", &["--html", FILE]).exits(8);
    let text = place.run("plan", &[]).exits(8).stdout;
    let (refused, nothing) = ("Impact: nothing happens: the plan holds a change that is refused.", "interrupted");
    assert!(text.contains(refused) && !text.contains(nothing) && !text.contains("Time:"), "{text}");
    place.edit("database_name = \"other\"", "database_name = \"orders\"");
    place.edit("retention_days = 30", "retention_days = 14");
    let text = place.run("plan", &[]).exits(0).stdout;
    let lost = "backup_retention_period: 30 -> 14  [for good: what is older is deleted]";
    assert!(text.contains("Deletes or replaces something, or is refused") && text.contains(lost), "{text}");
    place.edit("engine_version = \"16.11\"", "engine_version = \"17.7\"");
    let _ = place.run("plan", &["--html", FILE]).exits(8);
    let page = written(&place);
    assert!(page.text.contains("Or: ") && page.text.contains("no writes for"), "the operations: {}", page.text);
}

#[test]
fn what_aws_does_not_offer_is_told_in_the_report() {
    let place = dev();
    // Newer than the table of versions: only AWS can say.
    place.edit("engine_version = \"16.11\"", "engine_version = \"16.99\"");
    let done = place.run("apply", &["--auto-approve", "--html", FILE]).exits(6);
    assert!(done.stderr.contains("16.99") && place.proxy.summary().writes == 0, "{}", done.stderr);
    let page = written(&place);
    for text in
        ["Refused", "stacks/main.toml has 1 error", "16.99 is not offered here", "stopped before they were asked"]
    {
        assert!(page.text.contains(text), "no `{text}` in {}", page.text);
    }
}

#[test]
fn what_nobody_approved_is_told_as_such() {
    let place = dev();
    let _ = place.run("apply", &["--html", FILE]).exits(4);
    let page = written(&place);
    for text in ["Not approved", "Approval is needed", "review with"] {
        assert!(page.text.contains(text), "no `{text}` in {}", page.text);
    }
}

#[test]
fn a_report_that_can_not_be_written_stops_before_the_first_change() {
    let place = dev();
    symlink(place.cli.dir().join("elsewhere"), place.cli.dir().join("link")).unwrap();
    for path in ["link", "no/such/folder/report.html"] {
        let done = place.run("apply", &["--auto-approve", "--html", path]).exits(1);
        assert!(done.stderr.contains("can't write"), "{}", done.stderr);
    }
    assert_eq!(place.proxy.summary().writes, 0);
}

/// A waiver whose every text is markup.
fn waiver() -> String {
    format!(
        "\n[[policy.waivers]]\nname = \"odd\"\nrules = [\"RULE-006\"]\nreason = \"dev-test\"\njustification = \"{MARKUP}\"\n\
         risk = \"{MARKUP}\"\ncompensating_controls = [\"{MARKUP}\"]\nauthor = \"{MARKUP}\"\napprovals = []\n\
         review_by = \"2030-01-01\"\n"
    )
}

#[test]
fn markup_of_others_is_text_and_what_they_hid_stays_hidden() {
    let place = applied();
    place.write(&format!("{}{}", place.text(), waiver()));
    place.behind_our_back(
        "rds = aws('rds')
for c in rds.describe_db_clusters()['DBClusters']:
  rds.add_tags_to_resource(ResourceName=c['DBClusterArn'], Tags=[
    {'Key': 'Owner', 'Value': 'postgres://me:canary-hunter3@db/x'}, {'Key': 'CostCenter', 'Value': 'AKIACANARYCANARY1234'}])",
    );
    let odd = "stacks/<img src=x onerror=alert(3)>.toml";
    place.cli.write(odd, &place.text()).unwrap();
    let told = place.cli.run(&["plan", odd, "--html", FILE]).unwrap().exits(0);
    let page = written(&place);
    assert!(page.text.matches("<script>alert(1)</script>").count() >= 3, "{}", page.text);
    assert!(page.text.contains(odd), "the file as it was named");
    let text = html(&place);
    for canary in ["canary-hunter3", "CANARYCANARY1234"] {
        assert!(!text.contains(canary) && !told.stdout.contains(canary), "{canary}");
    }
    for shown in [&page.text, &told.stdout] {
        assert!(shown.contains("tags.Owner") && shown.contains("postgres://me:****"), "{}", told.stdout);
    }
}

#[test]
fn ten_thousand_resources_fit_into_a_page() {
    let place = Place::new(&many());
    let _ = place.run("plan", &["--refresh=false", "--html", FILE]).exits(0);
    let page = written(&place);
    let size = html(&place).len();
    assert!(size < 6_000_000, "{size} bytes");
    assert!(page.of_class("box").len() < 60 && page.text.contains("every box is a kind"));
    assert!(page.of_class("bar").len() < 100, "{} bars", page.of_class("bar").len());
    assert_eq!(page.of_class("change").len(), place_changes(&place));
}

/// Asserts what every comment keeps: folds that end, and a size that GitHub takes.
#[track_caller]
fn is_a_comment(text: &str) {
    assert!(text.starts_with("### Plan of `") && text.ends_with("</sub>\n"), "{text}");
    assert_eq!(text.matches("<details").count(), text.matches("</details>").count(), "{text}");
    assert!(text.chars().count() <= 65_536, "{} characters", text.chars().count());
}

#[test]
fn a_plan_for_a_pull_request() {
    let place = Place::new(&format!("{}{}", blueprint("dev.toml"), waiver()));
    let new = place.run("plan", &["--markdown"]).exits(0).stdout;
    is_a_comment(&new);
    for text in ["| Felt by users | Duration | Monthly cost |", "**Cluster**", "`db_cluster.main`"] {
        assert!(new.contains(text), "no `{text}` in {new}");
    }
    assert!(!new.contains("Cut:"), "{new}");
    // The waiver has no approval, and would block.
    place.write(&blueprint("dev.toml"));
    let _ = place.apply().exits(0);
    place.edit("retention_days = 1", "retention_days = 2");
    let shown = place.run("plan", &["--markdown=plan.md"]).exits(0).stdout;
    assert!(shown.contains("Plan:"), "the terminal still shows it: {shown}");
    let text = std::fs::read_to_string(place.cli.dir().join("plan.md")).unwrap();
    is_a_comment(&text);
    assert!(text.contains("`backup_retention_period`: `1` → `2`"), "{text}");
    let _ = place.run("plan", &["--markdown", "--json"]).exits(6);
    let before = place.text();
    // A path behind the flag is the stack file, never a file that is written.
    let _ = place.cli.run(&["plan", "--markdown", STACK]).unwrap().exits(0);
    assert_eq!(place.text(), before, "the stack file was overwritten");
}

#[test]
fn a_pull_request_is_told_what_the_page_tells() {
    let place = Place::new(&blueprint("prod.toml"));
    let _ = place.apply().exits(0);
    place.edit("class = \"db.r7g.large\"", "class = \"db.r7g.xlarge\"");
    let text = place.run("plan", &["--markdown"]).exits(0).stdout;
    is_a_comment(&text);
    for part in [
        "<details open><summary>Impact on users of the database: ",
        "| Who | Feels | From | For about | p95 | Because of |",
        "| `db_cluster.main` | writer unavailable | ",
        r"`db_instance.c` db\_instance\_class |",
        r"db\_instance.b becomes the writer → update db\_instance.a",
        "| **`roll`** chosen | ",
        "| `in_place` | ",
        "<details><summary>Cost: ",
        "| `db_instance.a` | $",
        "| **All** | $",
        "- without what depends on use that the stack file does not state: ",
        r"- \* holds only what is known",
    ] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    assert!(!text.contains("| `vpc.main` |"), "it costs what it cost");
    place.edit("database_name = \"orders\"", "database_name = \"other\"");
    let refused = place.run("plan", &["--markdown"]).exits(8).stdout;
    is_a_comment(&refused);
    assert!(!refused.contains("Impact on users") && refused.contains("is refused"), "{refused}");
}

#[test]
fn a_comment_that_would_be_too_long_is_cut_and_says_so() {
    let place = Place::new(&many());
    let text = place.run("plan", &["--refresh=false", "--markdown"]).exits(0).stdout;
    is_a_comment(&text);
    assert!(text.contains("**Cut:** 8") || text.contains("**Cut:** 9"), "{}", &text[text.len() - 900..]);
    assert!(text.contains("`auroractl plan --html FILE`"));
}

/// The production stack with ten thousand subscriptions.
fn many() -> String {
    let one = |n| {
        format!(
            "\n[[monitoring.subscriptions]]\nname = \"s{n}\"\nprotocol = \"email\"\nendpoint = \"s{n}@example.com\"\n"
        )
    };
    format!("{}{}", blueprint("prod.toml"), (0..10_000).map(one).collect::<String>())
}

/// How many resources the stack has.
fn place_changes(place: &Place) -> usize {
    let graph = place.run("graph", &["--json"]).exits(0).json().unwrap();
    graph["resources"].as_array().unwrap().len()
}

/// The names of all members of a document, but for those that are data: names of fields, settings and addresses.
fn members(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| {
            found.insert(name.clone());
            if !["before", "after", "pending"].contains(&name.as_str()) || value.get("likely").is_some() {
                members(value, found);
            }
        }),
        Value::Array(items) => items.iter().for_each(|item| members(item, found)),
        _ => {}
    }
}

#[test]
fn the_page_about_json_names_every_member() {
    let place = Place::new(&blueprint("prod.toml"));
    let mut found = BTreeSet::new();
    let mut look = |place: &Place, command: &str, code| {
        let mut plan = place.run(command, &["--json"]).exits(code).json().unwrap();
        // The reference of the rules tells of findings.
        plan["findings"] = Value::Null;
        members(&plan, &mut found);
    };
    look(&place, "plan", 0);
    let run = place.run("apply", &["--auto-approve", "--json"]).exits(0);
    let events: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    look(&place, "status", 0);
    place.edit("class = \"db.r7g.large\"", "class = \"db.r7g.xlarge\"");
    look(&place, "plan", 0);
    place.edit("database_name = \"orders\"", "database_name = \"other\"");
    look(&place, "plan", 8);
    place.edit("database_name = \"other\"", "database_name = \"orders\"");
    place.edit("engine_version = \"16.11\"", "engine_version = \"17.7\"");
    look(&place, "plan", 8);
    assert!(events.last().is_some_and(|last| last["predicted"]["p50_seconds"].as_f64() > Some(0.0)), "{events:?}");
    events.iter().for_each(|event| members(event, &mut found));
    let page = std::fs::read_to_string(workspace().join("docs/plan-json.md")).unwrap();
    let untold: Vec<&String> = found.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert_eq!(untold, Vec::<&String>::new());
}

/// Looks that people and machines take.
const VIEWS: [View; 4] = [
    View { name: "light", size: (1280, 900), dark: false, print: false },
    View { name: "dark", size: (1280, 900), dark: true, print: false },
    View { name: "phone", size: (390, 844), dark: false, print: false },
    View { name: "paper", size: (720, 1000), dark: false, print: true },
];
/// What is measured on the page. Texts within closed parts are not rendered, so `innerText` leaves them out.
const MEASURE: &str = include_str!("measure.js");

#[test]
fn a_browser_shows_the_production_stack() {
    let Some(mut browser) = Browser::start() else { return };
    let place = Place::new(&blueprint("prod.toml"));
    let _ = place.run("plan", &["--html", FILE]).exits(0);
    looks(&mut browser, &place, "plan");
    place.proxy.arm(Fault::on("cloudwatch:PutMetricAlarm", Effect::AccessDenied).times(1));
    let _ = place.run("apply", &["--auto-approve", "--html", FILE]).exits(10);
    looks(&mut browser, &place, "run");
    place.proxy.disarm();
    let _ = place.apply().exits(0);
    place.edit("class = \"db.r7g.large\"", "class = \"db.r7g.xlarge\"");
    place.edit("retention_days = 30", "retention_days = 35");
    let _ = place.run("plan", &["--html", FILE]).exits(0);
    assert!(written(&place).of_class("outage").len() > 3, "a class change is felt, and drawn");
    looks(&mut browser, &place, "edit");
    let heading = browser.ask("getComputedStyle(document.querySelector('nav')).display");
    assert_eq!(heading, "none", "the last look was on paper");
}

/// Looks at the report in every way.
#[track_caller]
fn looks(browser: &mut Browser, place: &Place, what: &str) {
    let mut backgrounds = Vec::new();
    for view in VIEWS {
        browser.open(view, &place.cli.dir().join(FILE));
        let seen = browser.ask(MEASURE);
        let name = format!("{what} {}", view.name);
        keep(&format!("{what}-{}.png", view.name), &browser.picture());
        assert_eq!(browser.complaints(), Vec::<String>::new(), "{name}");
        assert_eq!((&seen["overflow"], &seen["outside"]), (&0.into(), &Value::Array(Vec::new())), "{name}");
        assert_eq!(seen["pale"], Value::Array(Vec::new()), "{name}: too little contrast");
        for part in ["bars", "boxes", "edges", "changes", "figures"] {
            assert!(seen[part].as_u64().is_some_and(|count| count > 3), "{name}: {part} {}", seen[part]);
        }
        let text = seen["text"].as_str().unwrap();
        for words in ["orders", "prod", "Duration", "Monthly cost", "Design rules", "db_instance.a"] {
            assert!(text.contains(words), "{name}: `{words}` is not to be seen in {text}");
        }
        backgrounds.push(seen["background"].as_str().unwrap().to_owned());
        if view.print {
            let folded = if what == "plan" { "subnet.private-a" } else { "db_instance.b" };
            assert!(text.contains(folded) && !text.contains("master_username"), "{name}: {text}");
            let paper = browser.paper();
            assert!(paper.starts_with("JVBERi"), "{name}: no PDF");
            keep(&format!("{what}.pdf"), &paper);
        }
    }
    assert!(backgrounds[0] != backgrounds[1] && backgrounds[0] == backgrounds[2], "{backgrounds:?}");
}

/// Keeps a picture for people, where `AURORACTL_TEST_PICTURES` names a folder.
fn keep(name: &str, base64: &str) {
    let Some(folder) = std::env::var_os("AURORACTL_TEST_PICTURES") else { return };
    let path = std::path::PathBuf::from(folder).join(name);
    let mut decoder = std::process::Command::new("base64");
    decoder.arg("-d").stdin(std::process::Stdio::piped()).stdout(std::fs::File::create(path).unwrap());
    let mut child = decoder.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), base64.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}
