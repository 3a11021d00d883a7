//! Time, money and interruptions of a plan.

use super::meaning::Meanings;
use super::report::Origin;
use super::roll::told;
use super::wrap::{headed, wrapped};
use super::{dollars, words};
use crate::exit::{Exit, Failure};
use auroractl_core::cost::{Band, Total, Usd};
use auroractl_core::durations::Basis;
use auroractl_core::plan::Plan;
use auroractl_core::rehearse::Rehearsal;
use auroractl_policy::Report;
use auroractl_stack::{Forecast, Money, Outlook};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Steps of the critical path that are shorter are passed over, in milliseconds.
const WORTH_TELLING: u64 = 2_000;
/// What happens to users of a plan that can't be applied.
pub(super) const REFUSED: &str = "nothing happens: the plan holds a change that is refused";

/// Shows it below the plan.
pub(crate) fn show(plan: &Plan, forecast: &Forecast) -> Result<Exit, Failure> {
    super::stdout(|out| {
        if plan.is_empty() {
            return Ok(());
        }
        if plan.refused().next().is_some() {
            return headed(out, "Impact:", &format!("{REFUSED}."));
        }
        super::outage::show(out, forecast)?;
        super::roll::show(out, forecast)?;
        time(out, forecast)?;
        money(out, &forecast.money)
    })
}

fn time(out: &mut dyn Write, forecast: &Forecast) -> io::Result<()> {
    let calls = words::count(forecast.rehearsal.parallel, "call");
    headed(out, "Time:", &format!("{}, {calls} at once.", words::about(forecast.whole)))?;
    let chain = chain(forecast);
    if !chain.is_empty() {
        wrapped(out, &format!("longest chain: {}", chain.join(" -> ")))?;
    }
    wrapped(out, &basis(forecast))
}

/// The critical path in words, short steps left out.
fn chain(forecast: &Forecast) -> Vec<String> {
    let told = forecast.rehearsal.critical.iter().filter_map(|id| {
        let (step, span) = (forecast.program.steps.get(*id)?, forecast.rehearsal.spans.get(*id)?);
        let length = span.end.saturating_sub(span.start);
        let time = words::seconds(seconds(length));
        (length >= WORTH_TELLING).then(|| format!("{} ({time})", told(step)))
    });
    told.collect()
}

/// Where the estimates come from.
pub(super) fn basis(forecast: &Forecast) -> String {
    let all = forecast.changes.len();
    let count = |is: fn(&Basis) -> bool| forecast.changes.values().filter(|outlook| is(&outlook.basis)).count();
    let measured = count(|basis| matches!(basis, Basis::Measured { .. }));
    match measured {
        0 => "estimated by the usual durations; nothing of the kind had been measured on this stack before".to_owned(),
        _ if measured == all => "estimated by what was measured on this stack".to_owned(),
        _ => format!(
            "estimated by what was measured on this stack for {measured} of {all} changes, by the usual durations for the rest"
        ),
    }
}

fn money(out: &mut dyn Write, money: &Money) -> io::Result<()> {
    headed(out, "Cost:", &format!("{}.", dollars::headline(money)))?;
    dollars::notes(money).iter().chain(&dollars::gaps(money)).try_for_each(|note| wrapped(out, note))
}

/// What a document says beside the plan.
#[derive(Clone, Copy)]
pub(crate) struct Aside<'a> {
    /// Time, money and interruptions.
    pub(crate) forecast: &'a Forecast,
    /// What the design rules say.
    pub(crate) rules: Option<&'a Report>,
    /// Where the plan comes from.
    pub(crate) origin: &'a Origin,
    /// Why the command stops here, if it does.
    pub(crate) stopped: Option<&'a Failure>,
    /// What no change says and people should know all the same.
    pub(crate) beside: &'a [String],
}

/// Prints the plan with all of it.
pub(crate) fn json(stack: &str, plan: &Plan, aside: Aside<'_>) -> Result<Exit, Failure> {
    let Aside { forecast, rules, origin, stopped, beside } = aside;
    let meanings = Meanings::by(forecast);
    let mut document = super::json::judged_document(stack, plan, rules);
    if let Some(changes) = document.get_mut("changes").and_then(Value::as_array_mut) {
        for (value, change) in changes.iter_mut().zip(&plan.changes) {
            let Some(map) = value.as_object_mut() else { continue };
            map.insert("meaning".to_owned(), json!(meanings.of(change)));
            if let Some(outlook) = forecast.changes.get(&change.address) {
                map.insert("estimate".to_owned(), outlook_json(*outlook));
            }
            if let Some(delta) = forecast.money.delta.get(&change.address) {
                map.insert("cost_change".to_owned(), total_json(delta));
            }
            if let Some(total) = forecast.money.meanwhile.get(&change.address) {
                map.insert("hourly_while_there".to_owned(), total_json(&total.hourly()));
            }
        }
    }
    if let Some(map) = document.as_object_mut() {
        map.insert("outage".to_owned(), super::outage::json(forecast));
        map.insert("origin".to_owned(), json!(origin));
        map.insert("duration".to_owned(), duration_json(forecast));
        map.insert("cost".to_owned(), money_json(&forecast.money));
        map.insert("roll".to_owned(), super::roll::json(forecast));
        map.insert("stopped".to_owned(), json!(stopped.map(super::json::stopped)));
        map.insert("beside".to_owned(), json!(beside));
    }
    super::json::document(&document)
}

fn outlook_json(outlook: Outlook) -> Value {
    let mut value = estimate_json(outlook.estimate);
    let basis = serde_json::to_value(outlook.basis).unwrap_or_default();
    if let (Some(map), Value::Object(basis)) = (value.as_object_mut(), basis) {
        map.extend(basis);
    }
    value
}

/// Median and 95th percentile.
pub(super) fn estimate_json(estimate: auroractl_core::Estimate) -> Value {
    json!({"p50_seconds": tenths(estimate.p50.into()), "p95_seconds": tenths(estimate.p95.into())})
}

fn duration_json(forecast: &Forecast) -> Value {
    let mut value = estimate_json(forecast.whole);
    if let Some(map) = value.as_object_mut() {
        map.insert("parallel".to_owned(), json!(forecast.rehearsal.parallel));
        map.insert("longest_chain_seconds".to_owned(), json!(seconds(forecast.rehearsal.longest)));
        map.insert("critical_path".to_owned(), critical_json(forecast));
    }
    value
}

/// The steps that decide when the run ends.
pub(super) fn critical_json(forecast: &Forecast) -> Value {
    let Rehearsal { critical, spans, .. } = &forecast.rehearsal;
    let steps = critical.iter().filter_map(|id| {
        let (step, span) = (forecast.program.steps.get(*id)?, spans.get(*id)?);
        let times = (seconds(span.start), seconds(span.end));
        Some(json!({"address": step.address, "verb": step.verb, "start_seconds": times.0, "end_seconds": times.1}))
    });
    steps.collect()
}

fn money_json(money: &Money) -> Value {
    let peak = money.peak.as_ref().map(|peak| {
        json!({
            "hourly": peak.hourly.as_dollars(),
            "hourly_over_before": peak.hourly_over_before.as_dollars(),
            "hourly_over_after": peak.hourly_over_after.as_dollars(),
            "at_seconds": seconds(peak.at),
        })
    });
    json!({
        "currency": "USD",
        "per": "month",
        "before": total_json(&money.before.total()),
        "after": total_json(&money.after.total()),
        "change": total_json(&money.change()),
        "peak": peak,
    })
}

/// A sum in dollars, with what it leaves out. Of what is not known at all nothing is said, least of all that it is nothing.
pub(super) fn total_json(total: &Total) -> Value {
    let nothing = || json!({"low": null, "likely": null, "high": null, "open": false});
    let mut value = if total.is_unknown() { nothing() } else { band_json(total.known) };
    let list = |items: Vec<&str>| json!(items);
    if let Some(map) = value.as_object_mut() {
        map.insert("without_price".to_owned(), list(total.unpriced().collect()));
        map.insert("without_usage".to_owned(), list(total.unstated().collect()));
    }
    value
}

/// Dollars.
pub(super) fn band_json(band: Band) -> Value {
    let dollars = Usd::as_dollars;
    json!({
        "low": dollars(band.low),
        "likely": dollars(band.likely),
        "high": dollars(band.high),
        "open": band.open,
    })
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "durations of days in milliseconds are far below 2^52")]
pub(super) fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

/// Seconds, as exact as anybody reads them.
pub(super) fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}
