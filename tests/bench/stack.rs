//! The production stack: made, looked at, and left alone, where AWS takes no time; and made where it takes its own.

use crate::scene::{Measured, NO_WAITS, STACK, Scene};
use crate::table::Row;
use crate::terraform::Beside;
use crate::usage::{MIB, Runs, Usage};
use auroractl_testkit::emulator::Emulator;
use auroractl_testkit::proxy::log::Summary;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

/// Runs of each command that changes nothing.
const RUNS: usize = 7;
/// So many times as fast as AWS the emulator's lifecycles run, and the program's waits with them. What the program does
/// itself is not sped up: a second of it counts as so many seconds of AWS, to its disadvantage.
const SPEED: f64 = 5.0;

/// An overlay without flow logs and without a plan of AWS Backup.
const SMALLER: &str = "stacks/smaller.toml";
const WITHOUT: &str = "extends = \"prod.toml\"
unset = [\"backup\", \"network.vpc.flow_logs\"]
";

/// What was found on an emulator without delays.
pub(crate) struct Instant {
    /// Lines of the table.
    pub(crate) rows: Vec<Row>,
    /// Calls by action, as text.
    pub(crate) actions: String,
    /// Reads of the create: what remains of them when nothing is waited for.
    pub(crate) reads: u64,
}

/// Measures on an emulator without delays.
pub(crate) fn instant(beside: Option<&Beside>) -> io::Result<Instant> {
    let emulator = Emulator::start(Some(0.0))?;
    let scene = Scene::new(&emulator, NO_WAITS)?;
    let created = scene.measure(&["apply", STACK, "--auto-approve"])?;
    let mut planned = Vec::new();
    let plans = repeat(&scene, &mut planned, &["plan", STACK, "--detailed-exitcode"])?;
    let mut applied = Vec::new();
    let applies = repeat(&scene, &mut applied, &["apply", STACK, "--auto-approve"])?;
    let offline =
        Runs::of(RUNS, || Ok(scene.measure(&["plan", STACK, "--refresh=false", "--detailed-exitcode"])?.usage))?;
    let [Some(refresh), Some(noop)] = [planned.pop(), applied.pop()] else {
        return Err(io::Error::other("nothing was measured"));
    };
    let mut rows = create_rows(&created, beside);
    rows.extend(refresh_rows(&refresh, &plans, beside));
    rows.extend(smaller(&emulator)?);
    rows.push(Row::at_most("no-op apply: API calls", (count(noop.calls), 45.0), ""));
    rows.push(Row::at_most("no-op apply: of them writes", (count(noop.writes), 0.0), ""));
    rows.push(Row::new("no-op apply: wall", spread(applies.wall())));
    rows.push(Row::new("no-op apply: CPU", spread(applies.cpu())));
    let (_, cpu) = offline.cpu();
    rows.push(Row::at_most("offline plan of the stack: CPU, median", (cpu * 1000.0, 20.0), "ms"));
    rows.push(Row::new("offline plan of the stack: wall", spread(offline.wall())));
    rows.push(Row::new("offline plan of the stack: peak memory", format!("{:.1} MiB", offline.rss() / MIB)));
    let actions = format!("create:\n{}\nrefresh plan:\n{}", actions(&created.calls), actions(&refresh));
    Ok(Instant { rows, actions, reads: created.calls.reads })
}

/// Several runs; their calls, one summary each, are added to `calls`.
fn repeat(scene: &Scene, calls: &mut Vec<Summary>, arguments: &[&str]) -> io::Result<Runs> {
    Runs::of(RUNS, || {
        let measured = scene.measure(arguments)?;
        calls.push(measured.calls);
        Ok(measured.usage)
    })
}

/// The stack as it was when the first targets were set, but for the default security group of its VPC.
fn smaller(emulator: &Emulator) -> io::Result<Vec<Row>> {
    let scene = Scene::new(emulator, NO_WAITS)?;
    scene.cli.write(SMALLER, WITHOUT)?;
    let created = scene.measure(&["apply", SMALLER, "--auto-approve"])?;
    let planned = scene.measure(&["plan", SMALLER, "--detailed-exitcode"])?;
    Ok(vec![
        Row::at_most("without flow logs and backup plan: create: writes", (count(created.calls.writes), 78.0), ""),
        Row::at_most("without flow logs and backup plan: create: reads", (count(created.calls.reads), 25.0), ""),
        Row::at_most(
            "without flow logs and backup plan: refresh plan: API calls",
            (count(planned.calls.calls), 36.0),
            "",
        ),
    ])
}

fn create_rows(created: &Measured, beside: Option<&Beside>) -> Vec<Row> {
    let Measured { usage, calls } = created;
    let theirs = beside.map(|beside| &beside.apply);
    let of = |text: &dyn Fn(&Measured) -> String| theirs.map(text);
    vec![
        Row::at_most("create: writes", (count(calls.writes), 85.0), "")
            .beside(of(&|them| them.calls.writes.to_string())),
        Row::at_most("create: reads", (count(calls.reads), 34.0), "").beside(of(&|them| them.calls.reads.to_string())),
        Row::at_most("create: wall", (seconds(usage), 5.0), "s")
            .beside(of(&|them| format!("{:.1} s", seconds(&them.usage)))),
        Row::new("create: CPU", format!("{:.2} s", usage.cpu.as_secs_f64()))
            .beside(of(&|them| format!("{:.2} s", them.usage.cpu.as_secs_f64()))),
        Row::new("create: peak of calls in flight", calls.peak_in_flight.to_string())
            .beside(of(&|them| them.calls.peak_in_flight.to_string())),
    ]
}

fn refresh_rows(refresh: &Summary, plans: &Runs, beside: Option<&Beside>) -> Vec<Row> {
    let theirs = beside.map(|beside| &beside.plan);
    let of = |text: &dyn Fn(&Measured) -> String| theirs.map(text);
    vec![
        Row::at_most("refresh plan: API calls", (count(refresh.calls), 45.0), "")
            .beside(of(&|them| them.calls.calls.to_string())),
        Row::at_most("refresh plan: wall, minimum", (plans.wall().0, 1.0), "s")
            .beside(of(&|them| format!("{:.2} s", seconds(&them.usage)))),
        Row::new("refresh plan: wall", spread(plans.wall())),
        Row::at_most("refresh plan: CPU, median", (plans.cpu().1, 0.3), "s")
            .beside(of(&|them| format!("{:.2} s", them.usage.cpu.as_secs_f64()))),
        Row::at_most("refresh plan: peak memory", (plans.rss() / MIB, 40.0), "MiB")
            .beside(of(&|them| format!("{} MiB", them.usage.rss >> 20))),
    ]
}

/// Makes the stack where things take their time, against the bound that no client can beat.
pub(crate) fn lifecycles(instant_reads: u64) -> io::Result<Vec<Row>> {
    let emulator = Emulator::start(Some(SPEED))?;
    let scene = Scene::new(&emulator, SPEED)?;
    let bound = bound(&scene, &durations(&emulator)?)?;
    let made = scene.measure(&["apply", STACK, "--auto-approve"])?;
    let makespan = seconds(&made.usage) * SPEED;
    let polls = made.calls.reads.saturating_sub(instant_reads);
    Ok(vec![
        Row::new(format!("create at AWS's pace (in {SPEED}-fold time): bound"), format!("{bound:.0} s")),
        Row::at_most("create at AWS's pace: makespan", (makespan.round(), (bound * 1.05).round()), "s"),
        Row::new("create at AWS's pace: over the bound", format!("{:.1} %", (makespan / bound - 1.0) * 100.0)),
        Row::at_most("create at AWS's pace: reads for polling", (count(polls), 100.0), ""),
    ])
}

/// What the emulator lets things take, in seconds, by their names there.
fn durations(emulator: &Emulator) -> io::Result<BTreeMap<String, f64>> {
    let mut answer = emulator.admin("POST", "durations", &serde_json::json!({}))?;
    Ok(serde_json::from_value(answer.get_mut("durations").map(Value::take).unwrap_or_default())?)
}

/// The name of a create's duration. Whatever is not here takes no time.
fn lasts(kind: &str, name: &str) -> Option<&'static str> {
    Some(match (kind, name) {
        ("db_cluster", _) => "db-cluster.create",
        ("db_instance", "a") => "db-instance.create-first",
        ("db_instance", _) => "db-instance.create-next",
        ("nat_gateway", _) => "nat-gateway.create",
        ("vpc_endpoint", "s3") => "vpc-endpoint.create-gateway",
        ("vpc_endpoint", _) => "vpc-endpoint.create-interface",
        _ => return None,
    })
}

/// The longest chain of the stack's graph, calls taken as free. AWS makes the first instance before it goes on with
/// others, so they come after it.
fn bound(scene: &Scene, durations: &BTreeMap<String, f64>) -> io::Result<f64> {
    let graph = scene.measure(&["graph", STACK, "--json"])?;
    let graph: Value = serde_json::from_str(&graph.usage.stdout)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut ends: BTreeMap<String, f64> = BTreeMap::new();
    let resources = graph.get("resources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    // The list is in the order of need, except that the first instance is no need of the others.
    let (later, sooner): (Vec<&Value>, Vec<&Value>) = resources.iter().partition(|resource| {
        let address = resource.get("address").map(text).unwrap_or_default();
        address.starts_with("db_instance.") && address != "db_instance.a"
    });
    for resource in sooner.into_iter().chain(later) {
        let address = resource.get("address").map(text).unwrap_or_default();
        let (kind, name) = address.split_once('.').unwrap_or_default();
        let mut needs: Vec<String> = resource
            .get("needs")
            .and_then(Value::as_array)
            .map(|list| list.iter().map(text).collect())
            .unwrap_or_default();
        if kind == "db_instance" && name != "a" {
            needs.push("db_instance.a".to_owned());
        }
        let start = needs.iter().filter_map(|need| ends.get(need)).copied().fold(0.0, f64::max);
        let takes = lasts(kind, name).and_then(|name| durations.get(name)).copied().unwrap_or(0.0);
        ends.insert(address.clone(), start + takes);
    }
    Ok(ends.into_values().fold(0.0, f64::max))
}

fn seconds(usage: &Usage) -> f64 {
    usage.wall.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls are small")]
fn count(calls: u64) -> f64 {
    calls as f64
}

fn spread((minimum, median): (f64, f64)) -> String {
    format!("{minimum:.3} s, median of {RUNS} {median:.3} s")
}

fn actions(calls: &Summary) -> String {
    calls.by_action.iter().fold(String::new(), |mut text, (action, count)| {
        let _ = writeln!(text, "{count:5} {action}");
        text
    })
}
