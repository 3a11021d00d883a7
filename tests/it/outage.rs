//! What users feel, as the real binary tells it, and the budget for it.

use crate::place::{Place, applied, blueprint, words};
use auroractl_tests::world::Difference;
use serde_json::Value;

const CLASS: (&str, &str) = ("class = \"db.r7g.large\"", "class = \"db.r7g.xlarge\"");

fn production() -> Place {
    let place = Place::new(&blueprint("prod.toml"));
    let _ = place.apply().exits(0);
    place
}

/// The windows of a plan: what, of whom, by which fields.
fn windows(plan: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let windows = plan["outage"]["windows"].as_array().unwrap();
    windows.iter().map(|one| (text(&one["what"]), text(&one["by"]), one["fields"].to_string())).collect()
}

#[test]
fn a_new_cluster_interrupts_nobody_and_an_edit_tells_what_it_does() {
    let place = Place::new(&blueprint("prod.toml"));
    let first = place.run("plan", &["--json", "--refresh=false"]).exits(0).json().unwrap();
    assert_eq!(first["outage"]["windows"], Value::Array(Vec::new()));
    let _ = place.apply().exits(0);
    place.edit(CLASS.0, CLASS.1);
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let field = "[\"db_instance_class\"]".to_owned();
    let one = |what: &str, by: &str| (what.to_owned(), by.to_owned(), field.clone());
    assert_eq!(
        windows(&plan),
        [
            one("reader_restarts", "db_instance.c"),
            one("reader_restarts", "db_instance.b"),
            ("writer_unavailable".to_owned(), "db_cluster.main".to_owned(), "[]".to_owned()),
            one("reader_restarts", "db_instance.a")
        ]
    );
    let outage = &plan["outage"];
    assert_eq!(outage["writer_unavailable"], serde_json::json!({"times": 1, "p50_seconds": 15.0, "p95_seconds": 60.0}));
    assert_eq!(outage["readers_restarted"], serde_json::json!({"times": 3, "at_once": 1, "replaced": 0}));
    let ends: Vec<f64> =
        outage["windows"].as_array().unwrap().iter().filter_map(|one| one["until"]["p50_seconds"].as_f64()).collect();
    assert!(ends.is_sorted() && ends.last() <= plan["duration"]["p50_seconds"].as_f64().as_ref(), "{outage}");
    let text = words(&place.run("plan", &[]).exits(0).stdout);
    let sentence = "Impact: writer unavailable once for about 15 s (p95 1 min 0 s); db_instance.b becomes the writer; \
                    3 readers restarted, one at a time.";
    assert!(text.contains(sentence), "{text}");
    let roles = serde_json::json!({"from": "db_instance.a", "to": "db_instance.b"});
    assert_eq!(outage["windows"][2]["failover"], roles, "{outage}");
    assert_eq!(outage["in_window"], Value::Null);
}

#[test]
fn a_downtime_budget_stops_before_anything_is_changed() {
    let place = production();
    place.edit(CLASS.0, CLASS.1);
    let before = place.portrait();
    for (command, more) in [("plan", ["--out", "next.plan"]), ("apply", ["--auto-approve", "--refresh=true"])] {
        let over = place.run(command, &[&more[..], &["--max-downtime", "30s"]].concat()).exits(12);
        let unsaved = "  nothing was saved to next.plan";
        assert_eq!(over.stderr.contains(unsaved), command == "plan", "{}", over.stderr);
        let told: Vec<&str> = over.stderr.lines().filter(|line| *line != unsaved).collect();
        assert_eq!(
            told.get(told.len().saturating_sub(3)..).unwrap_or_default(),
            [
                "error: the writer may be unavailable for 1 min 0 s (p95), and the budget is 30 s; nothing was changed",
                "  db_cluster.main (failover from db_instance.a to db_instance.b): writer unavailable for about 15 s (p95 1 min 0 s)",
                " hint: raise `--max-downtime`, or leave these changes out",
            ]
        );
    }
    assert!(!place.cli.dir().join("next.plan").exists());
    let told = place.run("plan", &["--json", "--max-downtime", "30s"]).exits(12).json().unwrap();
    assert_eq!(told["stopped"]["exit_code"], 12, "{told}");
    assert!(told["stopped"]["message"].as_str().unwrap().contains("the budget is 30 s"), "{}", told["stopped"]);
    assert_eq!(place.run("plan", &["--json"]).exits(0).json().unwrap()["stopped"], Value::Null);
    assert_eq!(place.portrait().against(&before), Difference::default(), "something was changed");
    let _ = place.run("plan", &["--max-downtime", "soon"]).exits(6);
    let _ = place.run("apply", &["--auto-approve", "--max-downtime", "60s"]).exits(0);
    place.settled();
}

#[test]
fn nothing_is_written_while_the_only_member_is_made_anew() {
    let place = applied();
    let (text, _) = place.text().split_once("[cluster.serverless]").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    place.write(&text.replace("[cluster]\n", "[cluster]\nclass = \"db.r7g.large\"\n"));
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let writer = &plan["outage"]["writer_unavailable"];
    assert_eq!((&writer["p50_seconds"], &writer["p95_seconds"]), (&300.0.into(), &600.0.into()), "{}", plan["outage"]);
    let _ = place.run("plan", &["--max-downtime", "9m"]).exits(12);
    let _ = place.run("plan", &["--max-downtime", "10m"]).exits(0);
}

#[test]
fn a_database_that_goes_is_over_every_budget() {
    let place = applied();
    let over = place.run("plan", &["--destroy", "--max-downtime", "24h"]).exits(12);
    assert!(over.stderr.contains("db_cluster.main would be gone for good"), "{}", over.stderr);
    let plan = place.run("plan", &["--destroy", "--json"]).exits(0).json().unwrap();
    let told = plan["outage"]["summary"].as_str().unwrap();
    assert!(told.contains("gone for good; ") && told.contains("final snapshot"), "{told}");
}

#[test]
fn what_is_left_to_the_window_counts_and_is_told_with_it() {
    let place = production();
    place.edit(CLASS.0, CLASS.1);
    place.edit("[recovery]\n", "[changes]\nstrategy = \"window\"\n\n[recovery]\n");
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let outage = &plan["outage"];
    assert_eq!(outage["windows"], Value::Array(Vec::new()));
    let later = &outage["in_window"];
    assert_eq!(later["maintenance_windows"], serde_json::json!(["sun:04:30-sun:05:30"]));
    let writer = serde_json::json!({"times": 1, "p50_seconds": 15.0, "p95_seconds": 600.0});
    assert_eq!((&later["writer_unavailable"], &later["together"]), (&writer, &true.into()));
    let changes = plan["changes"].as_array().unwrap().iter().filter(|one| one["kind"] == "db_instance");
    assert!(changes.clone().count() == 3 && changes.clone().all(|one| one["meaning"] == "interrupts"), "{plan}");
    let text = words(&place.run("plan", &[]).exits(0).stdout);
    let told =
        "nobody is interrupted while it runs; in the maintenance window (sun 04:30-05:30 UTC): writer unavailable once";
    for text in [text, place.run("plan", &["--markdown"]).exits(0).stdout.to_lowercase()] {
        assert!(text.to_lowercase().contains(&told.to_lowercase()), "{text}");
    }
    let over = place.run("plan", &["--max-downtime", "1s"]).exits(12).stderr;
    assert!(over.contains("  in the maintenance window (sun 04:30-05:30 UTC): writer unavailable once"), "{over}");
    let _ = place.run("plan", &["--max-downtime", "10m"]).exits(0);
    let _ = place.apply().exits(0);
    let waits = "db_instance.a: db_instance_class = \"db.r7g.xlarge\", in the maintenance window";
    let views: [&[&str]; 2] = [&[], &["--markdown"]];
    for more in views {
        let quiet = place.run("plan", more).exits(0).stdout.replace('\\', "");
        assert!(quiet.contains(waits) && !quiet.contains("is as it should be"), "{quiet}");
    }
    // To take it back interrupts nobody, costs nothing, and is no downtime.
    place.edit(CLASS.1, CLASS.0);
    let back = place.run("plan", &["--json", "--max-downtime", "0s"]).exits(0).json().unwrap();
    assert_eq!(
        (&back["outage"]["in_window"], &back["cost"]["change"]["likely"]),
        (&Value::Null, &0.0.into()),
        "{back}"
    );
    let text = place.run("plan", &[]).exits(0).stdout;
    assert!(text.contains("(pending, not applied)") && text.contains("withdraws what AWS has not applied"), "{text}");
    let _ = place.apply().exits(0);
    assert!(place.run("plan", &[]).exits(0).stdout.contains("is as it should be"));
}

/// Somebody leaves a class of the writer to the maintenance window.
const LEFT: &str = "aws(\"rds\").modify_db_instance(DBInstanceIdentifier=\"orders-a\", DBInstanceClass=\"db.r7g.2xlarge\", \
                    ApplyImmediately=False)";
/// An edit that nobody feels.
const QUIET: (&str, &str) = ("enhanced_monitoring_interval = 60", "enhanced_monitoring_interval = 30");

#[test]
fn a_quiet_edit_takes_back_a_class_that_somebody_left_to_the_window() {
    let place = production();
    place.behind_our_back(LEFT);
    place.edit(QUIET.0, QUIET.1);
    let text = place.run("plan", &["--max-downtime", "0s"]).exits(0).stdout;
    assert!(text.contains("Impact: nobody who uses the database is interrupted"), "{text}");
    assert!(text.contains("db.r7g.2xlarge\" (the stack does not want it: this edit takes it back)"), "{text}");
    let _ = place.apply().exits(0);
    place.behind_our_back(
        r#"
members = aws("rds").describe_db_instances()["DBInstances"]
assert {m["DBInstanceClass"] for m in members} == {"db.r7g.large"}, members
assert not any(m.get("PendingModifiedValues") for m in members), members
assert {m["MonitoringInterval"] for m in members} == {30}, members
"#,
    );
    place.settled();
}

#[test]
fn who_waits_for_the_window_announces_nothing_that_does_not_happen() {
    let place = production();
    place.edit(CLASS.0, CLASS.1);
    place.edit("[recovery]\n", "[changes]\nstrategy = \"window\"\n\n[recovery]\n");
    let _ = place.apply().exits(0);
    place.edit(QUIET.0, QUIET.1);
    let plan = place.run("plan", &["--json", "--max-downtime", "0s"]).exits(0).json().unwrap();
    assert_eq!(plan["outage"]["windows"], Value::Array(Vec::new()), "{}", plan["outage"]);
    let _ = place.apply().exits(0);
    place.behind_our_back(
        r#"
members = aws("rds").describe_db_instances()["DBInstances"]
assert {m["DBInstanceClass"] for m in members} == {"db.r7g.large"}, members
assert {m["PendingModifiedValues"].get("DBInstanceClass") for m in members} == {"db.r7g.xlarge"}, members
"#,
    );
}

#[test]
fn another_maintenance_window_takes_what_is_pending_with_it() {
    let place = production();
    place.behind_our_back(
        "aws(\"rds\").modify_db_cluster(DBClusterIdentifier=\"orders\", EngineVersion=\"16.13\", ApplyImmediately=False)",
    );
    place.edit("\"sun:04:30-sun:05:30\"", "\"mon:04:30-mon:05:30\"");
    let _ = place.run("plan", &["--max-downtime", "1s"]).exits(12);
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let later = &plan["outage"]["in_window"];
    assert_eq!(later["maintenance_windows"], serde_json::json!(["mon:04:30-mon:05:30"]), "{}", plan["outage"]);
    assert_eq!(later["writer_unavailable"]["times"], 1, "{later}");
    let text = place.run("plan", &[]).exits(0).stdout;
    assert!(words(&text).contains("as what is pending is made in it, at once where that is now"), "{text}");
}

#[test]
fn what_clients_are_kept_from_is_told_though_nobody_is_interrupted() {
    let place = production();
    place.edit("allowed_cidrs = [\"10.20.0.0/16\"]", "allowed_cidrs = []");
    place.edit("[params.cluster]\n", "[params.cluster]\nstatement_timeout = 30000\n");
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let notes = serde_json::json!([
        "clients of 10.20.0.0/16 lose access for good",
        "from now on statements that run longer are cancelled (statement_timeout)"
    ]);
    assert_eq!(plan["outage"]["notes"], notes, "{}", plan["outage"]);
    let text = place.run("plan", &[]).exits(0).stdout;
    assert!(words(&text).contains("lose access for good; from now on statements"), "{text}");
    let page = place.run("plan", &["--markdown"]).exits(0).stdout;
    let figures = page.lines().find(|line| line.starts_with("| **")).unwrap_or_default();
    assert!(figures.contains("lose access for good; from now on statements"), "{figures}");
    place.edit("app_security_group = true", "app_security_group = false");
    let text = words(&place.run("plan", &[]).exits(0).stdout);
    assert!(text.contains("clients of security_group.app lose access for good"), "{text}");
}
