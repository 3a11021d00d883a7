//! In which order members restart and the writer's role moves, and what the other ways would be like.

use super::forecast::{estimate_json, seconds};
use super::words;
use super::wrap::{hanging, wrapped};
use auroractl_core::lower::{Step, StepId};
use auroractl_core::outage::{Felt, Window};
use auroractl_core::state::Verb;
use auroractl_core::{Deed, Estimate, Strategy, When, guard};
use auroractl_stack::{Alternative, Forecast, lent};
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Why a roll does not move the writer's role.
const ALONE: &str = "no reader of this stack is available and large enough to take over";

/// Shows the order, and the ways below it.
pub(super) fn show(out: &mut dyn Write, forecast: &Forecast) -> io::Result<()> {
    let (lines, ways) = (lines(forecast), &forecast.ways);
    if rolls(&order(forecast)) {
        writeln!(out, "{} {}", "Order:".bold(), "one after another".dimmed())?;
    }
    lines.iter().try_for_each(|line| wrapped(out, line))?;
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

/// The order in lines: the turns of a roll with whom the writer's role moves to, and what there is to know of them.
pub(super) fn lines(forecast: &Forecast) -> Vec<String> {
    let order = order(forecast);
    let turns = || order.iter().map(|step| told(step)).collect::<Vec<_>>().join(" -> ");
    let upgrades = |window: &&Window| window.fields.iter().any(|field| field == "engine_version");
    let upgraded = forecast.outage.windows.iter().find(upgrades);
    let upgraded =
        upgraded.map(|window| format!("{}: AWS upgrades all members with this one step, in its own order", window.by));
    rolls(&order).then(turns).into_iter().chain(upgraded).chain(unmoved(forecast)).collect()
}

/// Do these steps wait for one another, as in a roll?
fn rolls(order: &[&Step]) -> bool {
    order.iter().any(|step| step.verb.operates())
}

/// The steps of the roll, as they come: members that restart or have turns for another reason, one that stands in for them,
/// and operations.
fn order(forecast: &Forecast) -> Vec<&Step> {
    let mut steps: Vec<(u64, &Step)> = forecast
        .program
        .steps
        .iter()
        .enumerate()
        .zip(&forecast.rehearsal.spans)
        .filter(|((id, step), _)| {
            let part = || step.deed == Deed::Restart || passes(forecast, step) || has_turn(forecast, *id);
            step.verb.operates() || (step.address.kind() == guard::MEMBER && part())
        })
        .map(|((_, step), span)| (span.start, step))
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

/// Is this an edit before or behind which somebody is waited for?
fn has_turn(forecast: &Forecast, id: StepId) -> bool {
    let steps = &forecast.program.steps;
    let settles = |step: &Step| step.verb == Verb::Settle;
    let edit = steps.get(id).filter(|step| matches!(step.verb, Verb::Update | Verb::Adopt));
    edit.is_some_and(|edit| {
        let mut earlier = edit.after.iter().filter_map(|earlier| steps.get(*earlier));
        earlier.any(settles) || steps.iter().any(|later| settles(later) && later.after.contains(&id))
    })
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
    let own = forecast.outage.windows.iter().filter(of_member).filter(|window| window.by == *by);
    let why = match lent(own.map(Window::lasts).fold(Estimate::NOTHING, Estimate::then)) {
        _ if !rolls => "so `[changes] strategy` has it".to_owned(),
        None => ALONE.to_owned(),
        Some(lent) => {
            let (p50, p95) = (words::seconds(lent.p50.into()), words::seconds(lent.p95.into()));
            format!(
                "{ALONE}; `[changes] surge_reader = true` makes one: unavailable for about {p50} in all (p95 {p95})"
            )
        }
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
