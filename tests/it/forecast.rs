//! Time and money of a plan, as the real binary tells them.

use crate::place::{Place, blueprint};
use serde_json::Value;

/// What a stack file may say of its use.
const STATED: &str = "\n[cost]\nstorage_gib = 200\nio_millions = 500\nbackup_gib = 50\nrecovery_point_gib = 100\nflow_log_gib = 20\nlog_gib = 10\nos_metrics_gib = 1\n\
                      nat_gib = 30\nendpoint_gib = 6\nautoscaled_readers = 1\naverage_acu = 1\n";

fn place(stack: &str, more: &str) -> Place {
    Place::new(&format!("{}{more}", blueprint(stack)))
}

/// A number; what is none compares with nothing, and so fails every assertion.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[test]
fn a_plan_tells_time_and_money_of_every_change() {
    let place = place("prod.toml", STATED);
    let plan = place.run("plan", &["--json", "--refresh=false"]).exits(0).json().unwrap();
    assert_eq!(place.proxy.summary().calls, 0, "a plan without a look calls nobody");
    let (p50, p95) = (number(&plan["duration"]["p50_seconds"]), number(&plan["duration"]["p95_seconds"]));
    assert!(p50 + 0.1 >= number(&plan["duration"]["longest_chain_seconds"]) && p95 > p50, "{}", plan["duration"]);
    let path = plan["duration"]["critical_path"].as_array().unwrap();
    let kinds: Vec<&str> = path.iter().filter_map(|step| step["address"].as_str()?.split('.').next()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "db_instance").count(), 2, "a writer, then a reader: {kinds:?}");
    let changes = plan["changes"].as_array().unwrap();
    let mut sum = 0.0;
    for change in changes {
        assert_eq!(change["estimate"]["basis"], "prior", "{change}");
        assert!(number(&change["estimate"]["p95_seconds"]) >= number(&change["estimate"]["p50_seconds"]));
        sum += change.get("cost_change").map_or(0.0, |cost| number(&cost["likely"]));
    }
    let cost = &plan["cost"];
    assert!((sum - number(&cost["change"]["likely"])).abs() < 0.000_1, "the changes add up to the whole");
    assert!((number(&cost["after"]["likely"]) - sum).abs() < 0.000_1 && number(&cost["before"]["likely"]) == 0.0);
    assert_eq!(cost["change"]["without_price"], Value::Array(Vec::new()));
}

#[test]
fn what_a_run_measures_replaces_the_priors() {
    let place = place("dev.toml", "");
    let _ = place.apply().exits(0);
    let measured = &place.state()["durations"];
    assert_eq!(measured["db_cluster"]["create"].as_array().map(Vec::len), Some(1), "{measured}");
    let alarms = measured["metric_alarm"]["create"].as_array().map(Vec::len);
    assert!(alarms.is_some_and(|alarms| alarms > 2), "{measured}");
    assert_eq!(measured["db_instance"]["first"].as_array().map(Vec::len), Some(1), "{measured}");
    place.edit("readers = 0", "readers = 1");
    let _ = place.apply().exits(0);
    assert_eq!(place.state()["durations"]["db_instance"]["create"].as_array().map(Vec::len), Some(1));
    place.edit("readers = 1", "readers = 2");
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let mut changes = plan["changes"].as_array().unwrap().iter();
    let made = changes.find(|change| change["action"] == "create" && change["kind"] == "db_instance").unwrap();
    assert_eq!((&made["estimate"]["basis"], &made["estimate"]["samples"]), (&"measured".into(), &1.into()), "{made}");
    let text = place.run("plan", &[]).exits(0).stdout;
    assert!(text.contains("Time:") && text.contains("measured on this stack"), "{text}");
    let _ = place.apply().exits(0);
    place.settled();
}

#[test]
fn an_edit_tells_what_it_changes_of_the_bill() {
    let place = place("prod.toml", STATED);
    let _ = place.apply().exits(0);
    let same = place.run("plan", &["--json"]).exits(0).json().unwrap();
    assert_eq!(same["cost"]["change"]["likely"], 0.0, "{}", same["cost"]);
    assert_eq!(same["cost"]["before"], same["cost"]["after"]);
    place.edit("[cluster]\n", "[cluster]\nstorage = \"aurora-iopt1\"\n");
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let (before, after) = (number(&plan["cost"]["before"]["likely"]), number(&plan["cost"]["after"]["likely"]));
    // Compute of three members and one more reader by 30 %, storage 0.125 dearer, and no I/O.
    let expected = 4.0 * 0.276 * 730.0 * 0.3 + 200.0 * 0.125 - 500.0 * 0.2;
    assert!((after - before - expected).abs() < 0.001, "{} instead of {expected}", after - before);
    let text = place.run("plan", &[]).exits(0).stdout;
    assert!(text.contains("Cost: +$"), "{text}");
}

#[test]
fn a_load_that_nobody_states_is_told_by_both_ends() {
    let place = place("prod.toml", "\n[changes]\nsurge_reader = true\n");
    let _ = place.apply().exits(0);
    place.edit("class = \"db.r7g.large\"", "class = \"db.r7g.xlarge\"");
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let (change, peak) = (&plan["cost"]["change"], &plan["cost"]["peak"]);
    let is = |value: &Value, dollars: f64| (number(value) - dollars).abs() < 0.01;
    assert!(change["open"] == true && is(&change["low"], 606.63) && is(&change["high"], 1_415.47), "{change}");
    // The larger members, as many readers as may come with the load, and the one that stands in for those that restart.
    assert!(is(&peak["hourly"], 4.64) && is(&peak["hourly_over_after"], 0.55), "{peak}");
    let mut changes = plan["changes"].as_array().unwrap().iter();
    let surge = changes.find(|change| change["address"] == "db_instance.surge_reader").unwrap();
    assert!(is(&surge["hourly_while_there"]["likely"], 0.553), "{surge}");
    let text = place.run("plan", &["--markdown=plan.md"]).exits(0).stdout;
    let comment = std::fs::read_to_string(place.cli.dir().join("plan.md")).unwrap().replace('\\', "");
    for told in ["+$606.63 to +$1,415.47 a month", "for what is not edited: scalable_target.readers $0.00 to +$808.84"]
    {
        assert!(text.contains(told) && comment.contains(told), "no `{told}` in {text}{comment}");
    }
    assert!(comment.contains("$0.55 an hour while it is there"), "{comment}");
    // Readers that come with the load go: what they cost at most does not pay for the larger members where none came.
    let text = place.text();
    let from = text.find("[cluster.autoscaling]").unwrap();
    let until = from + text[from..].find("\n\n").unwrap();
    place.write(&format!("{}{}", &text[..from], &text[until..]));
    let over = place.run("plan", &["--max-cost", "+100"]).exits(12);
    assert!(over.stderr.contains("may cost up to +$606.63 a month"), "{}", over.stderr);
    let _ = place.run("plan", &["--max-cost", "+607"]).exits(0);
}

#[test]
fn a_price_that_is_missing_is_said_to_be_missing() {
    let place = place("prod.toml", "");
    let _ = place.apply().exits(0);
    place.edit("class = \"db.r7g.large\"", "class = \"db.r7i.large\"");
    let text = place.run("plan", &["--html", "plan.html"]).exits(0).stdout;
    let comment = place.run("plan", &["--markdown"]).exits(0).stdout.replace('\\', "");
    let page = std::fs::read_to_string(place.cli.dir().join("plan.html")).unwrap();
    for told in ["change not known: no price of db.r7i.large", "[cost.prices]"] {
        assert!(text.contains(told) && comment.contains(told), "no `{told}` in {text}{comment}");
    }
    assert!(page.contains("no price of db.r7i.large") && page.contains("not known"), "{page}");
    for shown in [&text, &comment, &page] {
        assert!(!shown.contains("by use a month"), "{shown}");
    }
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    assert!(plan["cost"]["change"]["likely"].is_null(), "{}", plan["cost"]["change"]);
    // Where every price is known and only use is not stated, none is said to be missing.
    let new = self::place("dev.toml", "").run("plan", &["--refresh=false", "--markdown"]).exits(0).stdout;
    assert!(!new.contains("price of") && new.contains("depends on use that is not stated"), "{new}");
}

#[test]
fn a_region_without_prices_says_so_first() {
    let place = place("dev.toml", "");
    place.edit("region = \"us-east-1\"", "region = \"eu-central-1\"");
    let text = place.run("cost", &[]).exits(0).stdout;
    assert!(text.starts_with("Not all prices are known.") && text.contains("[cost.prices]"), "{text}");
    assert!(text.contains("and what has no known price."), "{text}");
}

#[test]
fn a_budget_stops_before_anything_is_changed() {
    let place = place("prod.toml", STATED);
    let before = place.living().len();
    for command in ["plan", "apply"] {
        let more = if command == "apply" { vec!["--auto-approve"] } else { vec!["--out", "next.plan"] };
        let over = place.run(command, &[&more[..], &["--max-cost", "+100"]].concat()).exits(12);
        assert!(
            over.stderr.contains("the budget is +$100.00") && over.stderr.contains("db_instance.a"),
            "{}",
            over.stderr
        );
    }
    assert!(!place.cli.dir().join("next.plan").exists());
    assert_eq!(place.living().len(), before, "something was made");
    let _ = place.run("plan", &["--max-cost", "5000"]).exits(0);
    let _ = place.run("plan", &["--max-cost", "a lot"]).exits(6);
    place.edit("class = \"db.r7g.large\"", "class = \"db.r8gd.large\"");
    let unknown = place.run("plan", &["--max-cost", "5000", "--refresh=false"]).exits(12);
    assert!(unknown.stderr.contains("no price of db.r8gd.large"), "{}", unknown.stderr);
    let _ = place.run("plan", &["--refresh=false"]).exits(0);
}

#[test]
fn rehearsals() {
    let place = place("prod.toml", "");
    let text = place.run("rehearse", &["--refresh=false", "--parallel", "16,4,1"]).exits(0).stdout;
    insta::assert_snapshot!("rehearse", text);
    let all = place.run("rehearse", &["--refresh=false", "--parallel", "16,4,1", "--json"]).exits(0).json().unwrap();
    assert_eq!(place.proxy.summary().calls, 0);
    let runs = all["runs"].as_array().unwrap();
    let p50: Vec<f64> = runs.iter().map(|run| number(&run["p50_seconds"])).collect();
    assert!(p50[0] <= p50[1] && p50[1] <= p50[2], "fewer calls at once are not faster here: {p50:?}");
    for run in runs {
        assert!(number(&run["p50_seconds"]) >= number(&run["longest_chain_seconds"]) - 0.1);
        for step in run["steps"].as_array().unwrap() {
            let gate = step["gate"]["gate"].as_str().unwrap();
            assert_eq!(gate == "free", step["gate"]["step"].is_null(), "{step}");
        }
    }
    let _ = place.run("rehearse", &["--refresh=false", "--parallel", "0"]).exits(6);
    let plan = place.run("plan", &["--refresh=false", "--json"]).exits(0).json().unwrap();
    assert_eq!(plan["duration"]["p50_seconds"], runs[0]["p50_seconds"], "plan and rehearsal say the same");
}

#[test]
fn the_bill() {
    for (stack, more) in [("dev", ""), ("prod", STATED)] {
        let place = place(&format!("{stack}.toml"), more);
        insta::assert_snapshot!(format!("cost_{stack}"), place.run("cost", &[]).exits(0).stdout);
        let bill = place.run("cost", &["--json"]).exits(0).json().unwrap();
        let lines = bill["lines"].as_array().unwrap();
        let sum: f64 = lines.iter().filter_map(|line| line["monthly"]["likely"].as_f64()).sum();
        assert!((sum - number(&bill["total"]["likely"])).abs() < 0.001);
        assert_eq!(place.proxy.summary().calls, 0);
        if stack == "dev" {
            insta::assert_json_snapshot!("cost_dev_json", bill);
        }
    }
    let wrong = place("dev.toml", "\n[cost.prices]\n\"db.r7g\" = 1\nnat_hour = -1\n");
    let refused = wrong.run("cost", &[]).exits(6);
    assert!(refused.stderr.contains("db.r7g") && refused.stderr.contains("0 or more"), "{}", refused.stderr);
}

#[test]
fn the_graph_in_every_format() {
    let place = place("prod.toml", "");
    let all = place.run("graph", &["--json"]).exits(0).json().unwrap();
    let addresses: Vec<&str> =
        all["resources"].as_array().unwrap().iter().map(|one| one["address"].as_str().unwrap()).collect();
    for format in ["dot", "mermaid", "svg"] {
        let text = place.run("graph", &["--format", format]).exits(0).stdout;
        for address in &addresses {
            assert!(text.contains(address), "{format} has no {address}");
        }
        assert!(text.contains("Each line leads from a resource to one that needs it."), "{format}");
        if format == "dot" {
            assert!(text.contains("\"vpc.main\" -> \"subnet.private-a\""), "as in the picture: {text}");
        }
        if format == "svg" {
            assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n") && !text.contains("NaN"));
            assert_eq!(text.matches("class=\"box\"").count(), addresses.len());
            assert_eq!(text, place.run("graph", &["--format", format]).exits(0).stdout);
        }
    }
}
