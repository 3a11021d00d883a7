//! In which order members restart and the writer's role moves, and what the other ways would be like. Other views take the
//! words for a step from here.

use super::forecast::{estimate_json, seconds};
use super::words;
use super::wrap::{hanging, wrapped};
use auroractl_core::lower::{Step, StepId};
use auroractl_core::outage::{Felt, Window};
use auroractl_core::state::Verb;
use auroractl_core::{Deed, Estimate, Strategy, guard};
use auroractl_stack::{Alternative, Forecast, lent};
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Why a roll does not move the writer's role.
const ALONE: &str = "no reader of this stack is available and large enough to take over";

/// Shows the order, and the ways below it.
pub(super) fn show(out: &mut dyn Write, forecast: &Forecast) -> io::Result<()> {
    let order = Order::of(forecast);
    let notes = order.notes(forecast);
    if !notes.is_empty() {
        let alone = if order.one_by_one.len() > 1 && order.beside.is_empty() { " one after another" } else { "" };
        writeln!(out, "{}{}", "Order:".bold(), alone.dimmed())?;
        notes.iter().try_for_each(|note| wrapped(out, note))?;
    }
    if forecast.ways.is_empty() {
        return Ok(());
    }
    writeln!(out, "{} {}", "Ways:".bold(), "`[changes] strategy` in the stack file chooses".dimmed())?;
    for way in &forecast.ways {
        let sign = if way.chosen { "*" } else { "-" };
        hanging(out, &format!("{sign} {:<8}  ", way.strategy.to_string()), &line(way))?;
    }
    Ok(())
}

/// The order in lines: the turns of a roll with whom the writer's role moves to, and what there is to know of them.
pub(super) fn lines(forecast: &Forecast) -> Vec<String> {
    Order::of(forecast).notes(forecast)
}

/// The steps of a roll: the longest chain of those that wait for one another, and those that run beside it.
struct Order<'a> {
    one_by_one: Vec<&'a Step>,
    beside: Vec<&'a Step>,
}

impl<'a> Order<'a> {
    fn of(forecast: &'a Forecast) -> Self {
        let order = order(forecast);
        let chain = longest(&order, |later, earlier| forecast.program.waits_for(later, earlier));
        let (one_by_one, beside): (Vec<_>, Vec<_>) = order.into_iter().partition(|(id, _)| chain.contains(id));
        let steps =
            |part: Vec<(StepId, &'a Step)>| -> Vec<&'a Step> { part.into_iter().map(|(_, step)| step).collect() };
        Self { one_by_one: steps(one_by_one), beside: steps(beside) }
    }

    /// In lines, with what there is to know of it.
    fn notes(&self, forecast: &Forecast) -> Vec<String> {
        let joined =
            |steps: &[&Step], between: &str| steps.iter().map(|step| told(step)).collect::<Vec<_>>().join(between);
        let mut notes = Vec::new();
        if self.one_by_one.len() + self.beside.len() > 1 {
            notes.push(joined(&self.one_by_one, " -> "));
        }
        if !self.beside.is_empty() {
            notes.push(format!("beside that: {}", joined(&self.beside, ", ")));
        }
        notes.extend(upgraded(forecast).into_iter().chain(unmoved(forecast)));
        notes
    }
}

/// The longest chain of steps each of which waits for the one before.
fn longest(order: &[(StepId, &Step)], waits: impl Fn(StepId, StepId) -> bool) -> BTreeSet<StepId> {
    let mut chains: Vec<Vec<StepId>> = Vec::new();
    for (id, _) in order {
        let before = chains.iter().filter(|chain| chain.last().is_some_and(|last| waits(*id, *last)));
        let mut chain = before.max_by_key(|chain| chain.len()).cloned().unwrap_or_default();
        chain.push(*id);
        chains.push(chain);
    }
    chains.into_iter().max_by_key(Vec::len).unwrap_or_default().into_iter().collect()
}

/// The steps of the roll, as they come: what restarts members, one that stands in for them, one that is replaced, and
/// operations.
fn order(forecast: &Forecast) -> Vec<(StepId, &Step)> {
    let steps = forecast.program.steps.iter().zip(&forecast.rehearsal.spans).enumerate();
    let told = |id: StepId, step: &Step| match step.address.kind() {
        _ if step.verb.operates() => true,
        guard::MEMBER => {
            let comes_or_goes = || passes(forecast, step) || is_replaced(forecast, step);
            step.deed == Deed::Restart || comes_or_goes() || has_turn(forecast, id)
        }
        guard::PARENT => step.deed == Deed::Restart,
        _ => false,
    };
    let mut steps: Vec<(u64, StepId, &Step)> =
        steps.filter(|(id, (step, _))| told(*id, step)).map(|(id, (step, span))| (span.start, id, step)).collect();
    steps.sort_by_key(|(start, id, _)| (*start, *id));
    steps.into_iter().map(|(_, id, step)| (id, step)).collect()
}

/// Is this step one of the two halves of a replacement?
fn is_replaced(forecast: &Forecast, step: &Step) -> bool {
    let other = match step.verb {
        Verb::Create => Verb::Delete,
        Verb::Delete => Verb::Create,
        _ => return false,
    };
    let same = |half: &Step| half.address == step.address && half.verb == other && half.generation != step.generation;
    forecast.program.steps.iter().any(same)
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

/// What a step does, in words.
pub(super) fn told(step: &Step) -> String {
    let at = &step.address;
    match (step.verb, &step.target) {
        (Verb::Failover, Some(target)) => format!("{target} becomes the writer"),
        (Verb::Failback, Some(target)) => format!("{target} becomes the writer again"),
        (Verb::Settle, _) => format!("{at} catches up"),
        (verb, _) => format!("{} {at}", words::doing(verb)),
    }
}

/// Who orders the restarts where no step of ours does.
fn upgraded(forecast: &Forecast) -> Option<String> {
    let upgrades = |window: &&Window| window.fields.iter().any(|field| field == "engine_version");
    let by = &forecast.outage.windows.iter().find(upgrades)?.by;
    Some(format!("{by}: AWS upgrades all members with this one step, in its own order"))
}

/// Why the writer restarts where it stands, where a failover would have been shorter. Where AWS moves the role by itself, as for
/// another class, it does not.
fn unmoved(forecast: &Forecast) -> Option<String> {
    let moved = forecast.program.steps.iter().any(|step| step.verb == Verb::Failover);
    let of_member = |window: &&Window| {
        let stays = window.what == Felt::WriterUnavailable && window.handover.is_none();
        stays && window.by.kind() == "db_instance"
    };
    let by = &forecast.outage.windows.iter().find(of_member).filter(|_| !moved)?.by;
    let chosen = forecast.ways.iter().find(|way| way.chosen)?;
    let rolls = chosen.strategy == Strategy::Roll;
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
    let mut parts = vec![super::outage::words(forecast), format!("takes {}", words::about(forecast.whole))];
    if let Some(peak) = &forecast.money.peak {
        parts.push(format!("up to {} more per hour while it runs", peak.hourly_over_before));
    }
    parts.join("; ")
}

/// The same for scripts.
pub(super) fn json(forecast: &Forecast) -> Value {
    let step = |(_, step): &(StepId, &Step)| json!({"verb": step.verb, "address": step.address, "target": step.target});
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{calm, forecast, step};
    use auroractl_core::Address;
    use auroractl_core::outage::{Handover, Outage};

    /// What is shown, with single blanks.
    fn shown(steps: Vec<Step>) -> String {
        let mut text = Vec::new();
        show(&mut text, &forecast(steps, calm())).unwrap();
        let text = String::from_utf8(anstream::adapter::strip_bytes(&text).into_vec()).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn turn(address: &str, after: &[StepId]) -> Step {
        Step { deed: Deed::Restart, after: after.iter().copied().collect(), ..step(address, Verb::Update) }
    }

    #[test]
    fn who_is_edited_beside_the_others_is_told_as_such() {
        let one_by_one = vec![turn("db_instance.c", &[]), turn("db_instance.b", &[0])];
        assert_eq!(shown(one_by_one.clone()), "Order: one after another update db_instance.c -> update db_instance.b");
        let failed = [one_by_one, vec![turn("db_instance.f", &[])]].concat();
        assert_eq!(
            shown(failed),
            "Order: update db_instance.c -> update db_instance.b beside that: update db_instance.f"
        );
    }

    #[test]
    fn both_halves_of_a_replacement_and_the_clusters_own_step_have_their_place() {
        let old = Step { deed: Deed::Delete, ..turn("db_instance.b", &[0]) };
        let old = Step { verb: Verb::Delete, generation: 0, ..old };
        let new = Step { verb: Verb::Create, deed: Deed::Create, ..turn("db_instance.b", &[1]) };
        assert_eq!(
            shown(vec![turn("db_cluster.main", &[]), old, new]),
            "Order: one after another update db_cluster.main -> delete db_instance.b -> create db_instance.b"
        );
    }

    #[test]
    fn a_writer_whose_role_aws_moves_does_not_restart_where_it_stands() {
        let at = |address: &str| -> Address { address.parse().unwrap() };
        let told = |handover: Option<Handover>| {
            let (address, by) = (at("db_cluster.main"), at("db_instance.a"));
            let (what, fields) = (Felt::WriterUnavailable, vec!["db_instance_class".to_owned()]);
            let until = Some(Estimate { p50: 15.0, p95: 60.0 });
            let window = Window { what, address, by, step: 0, fields, handover, from: 0.0, until };
            let outage = Outage { windows: vec![window], ..calm() };
            let chosen = |forecast| Alternative { strategy: Strategy::InPlace, chosen: true, forecast };
            let way = chosen(forecast(Vec::new(), calm()));
            unmoved(&Forecast { ways: vec![way], ..forecast(Vec::new(), outage) })
        };
        assert!(told(None).is_some_and(|text| text.ends_with("so `[changes] strategy` has it")));
        assert_eq!(told(Some(Handover { from: Some(at("db_instance.a")), to: at("db_instance.b") })), None);
    }

    #[test]
    fn steps_are_told_in_words() {
        let at = |address: &str| address.parse().ok();
        let failover = |verb| Step { target: at("db_instance.b"), ..step("db_cluster.main", verb) };
        assert_eq!(told(&failover(Verb::Failover)), "db_instance.b becomes the writer");
        assert_eq!(told(&failover(Verb::Failback)), "db_instance.b becomes the writer again");
        assert_eq!(told(&step("scalable_target.readers", Verb::Pause)), "suspend scalable_target.readers");
        assert_eq!(told(&step("db_instance.c", Verb::Settle)), "db_instance.c catches up");
    }
}
