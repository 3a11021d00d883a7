//! In which order members restart and the writer's role moves, and what the other ways would be like.

use super::forecast::{estimate_json, seconds};
use super::words;
use super::wrap::{hanging, wrapped};
use auroractl_core::lower::Step;
use auroractl_core::outage::{Felt, Window};
use auroractl_core::state::Verb;
use auroractl_core::{Deed, Strategy, When, guard};
use auroractl_stack::{Alternative, Forecast};
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Shows the order, and the ways below it.
pub(super) fn show(out: &mut dyn Write, forecast: &Forecast) -> io::Result<()> {
    let (order, ways) = (order(forecast), &forecast.ways);
    if order.iter().any(|step| step.verb.operates()) {
        let told: Vec<String> = order.iter().map(|step| told(step)).collect();
        writeln!(out, "{} {}", "Order:".bold(), "one after another".dimmed())?;
        wrapped(out, &told.join(" -> "))?;
    }
    if let Some(window) =
        forecast.outage.windows.iter().find(|window| window.fields.iter().any(|f| f == "engine_version"))
    {
        wrapped(out, &format!("{}: AWS upgrades all members with this one step, in its own order", window.by))?;
    }
    if let Some(reason) = unmoved(forecast) {
        wrapped(out, &reason)?;
    }
    if ways.is_empty() {
        return Ok(());
    }
    writeln!(out, "{} {}", "Ways:".bold(), "`[changes] strategy` in the stack file chooses".dimmed())?;
    for way in ways {
        let sign = if way.chosen { "*" } else { "-" };
        hanging(out, &format!("{sign} {:<8}  ", way.strategy.to_string()), &line(way))?;
    }
    Ok(())
}

/// The steps of the roll, as they come: members that restart, one that stands in for them, and operations.
fn order(forecast: &Forecast) -> Vec<&Step> {
    let mut steps: Vec<(u64, &Step)> = forecast
        .program
        .steps
        .iter()
        .zip(&forecast.rehearsal.spans)
        .filter(|(step, _)| {
            let member = step.address.kind() == guard::MEMBER;
            step.verb.operates() || (member && (step.deed == Deed::Restart || passes(forecast, step)))
        })
        .map(|(step, span)| (span.start, step))
        .collect();
    steps.sort_by_key(|(start, _)| *start);
    steps.into_iter().map(|(_, step)| step).collect()
}

/// Does this step make or delete what has a part in the roll and is not there when it is done?
fn passes(forecast: &Forecast, step: &Step) -> bool {
    let steps = &forecast.program.steps;
    let same = |other: &&Step| other.address == step.address && other.generation == step.generation;
    let mut others = steps.iter().filter(same);
    let mut earlier = step.after.iter().filter_map(|id| steps.get(*id));
    match step.verb {
        Verb::Create => others.any(|other| other.verb == Verb::Delete),
        Verb::Delete => {
            others.any(|other| matches!(other.verb, Verb::Create | Verb::Settle))
                || earlier.any(|other| matches!(other.verb, Verb::Failover | Verb::Failback))
        }
        _ => false,
    }
}

fn told(step: &Step) -> String {
    let at = &step.address;
    match (step.verb, &step.target) {
        (Verb::Failover, Some(target)) => format!("{target} becomes the writer"),
        (Verb::Failback, Some(target)) => format!("{target} becomes the writer again"),
        (Verb::Settle, _) => format!("{at} catches up"),
        (Verb::Restart, _) => format!("restart {at}"),
        (Verb::Pause, _) => format!("suspend {at}"),
        (Verb::Resume, _) => format!("resume {at}"),
        (verb, _) => format!("{verb} {at}"),
    }
}

/// Why the writer restarts where it stands, where a failover would have been shorter.
fn unmoved(forecast: &Forecast) -> Option<String> {
    let moved = forecast.program.steps.iter().any(|step| step.verb == Verb::Failover);
    let of_member = |window: &&Window| window.what == Felt::WriterUnavailable && window.by.kind() == "db_instance";
    let by = &forecast.outage.windows.iter().find(of_member).filter(|_| !moved)?.by;
    let rolls = forecast.ways.iter().any(|way| way.chosen && way.strategy == Strategy::Roll);
    let why = if rolls {
        "no reader of this stack is available and large enough to take over; `[changes] surge_reader = true` makes one"
    } else {
        "so `[changes] strategy` has it"
    };
    Some(format!("{by} is the writer and restarts where it stands: {why}"))
}

/// `writer unavailable once for about 15 s …; takes about 35 min`.
fn line(way: &Alternative) -> String {
    let forecast = &way.forecast;
    let (p50, p95) = (words::seconds(forecast.whole.p50.into()), words::seconds(forecast.whole.p95.into()));
    let mut parts = vec![super::outage::words(forecast), format!("takes about {p50} (p95 {p95})")];
    if forecast.outage.later.iter().any(|later| later.when == When::InWindow) {
        parts.push("members may restart together in the maintenance window".to_owned());
    }
    if let Some(peak) = &forecast.money.peak {
        parts.push(format!("up to {} an hour more while it runs", peak.hourly_over_before));
    }
    parts.join("; ")
}

/// The same for scripts.
pub(super) fn json(forecast: &Forecast) -> Value {
    let step = |step: &&Step| json!({"verb": step.verb, "address": step.address, "target": step.target});
    let way = |way: &Alternative| {
        let Forecast { whole, money, rehearsal, .. } = &way.forecast;
        json!({
            "strategy": way.strategy,
            "chosen": way.chosen,
            "duration": estimate_json(*whole),
            "makespan_seconds": seconds(rehearsal.makespan),
            "outage": super::outage::json(&way.forecast),
            "hourly_over_before": money.peak.as_ref().map(|peak| peak.hourly_over_before.as_dollars()),
            "waits_for_window": way.strategy == Strategy::Window,
        })
    };
    json!({
        "order": order(forecast).iter().map(step).collect::<Vec<_>>(),
        "alternatives": forecast.ways.iter().map(way).collect::<Vec<_>>(),
    })
}
