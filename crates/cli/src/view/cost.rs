//! A bill.

use super::forecast::{amount, band_json, left_out, total_json, wrapped};
use crate::exit::{Exit, Failure};
use auroractl_core::cost::{Band, Bill, Line, Missing, Usage};
use auroractl_stack::cost::{BreakEven, FREE, Pricing, Question};
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// The bill and the choices beside it.
type Told<'a> = (&'a Bill, &'a [BreakEven]);

/// Shows a bill line by line, what it leaves out, and where another choice would be cheaper.
pub(crate) fn show(stack: &str, pricing: &Pricing, (bill, choices): Told<'_>) -> Result<Exit, Failure> {
    let mut table = super::table(&["resource", "item", "usage a month", "price", "a month"]);
    let mut last = None;
    for line in &bill.lines {
        let name = if last == Some(&line.address) { String::new() } else { line.address.to_string() };
        last = Some(&line.address);
        table.add_row([name, line.item.clone(), usage(line), price(line), monthly(line)]);
    }
    let total = bill.total();
    super::stdout(|out| {
        writeln!(out, "{table}\n")?;
        let Band { low, high, .. } = total.known;
        let range =
            if total.known.is_exact() { String::new() } else { format!(" ({low} to {high}, as the load has it)") };
        writeln!(
            out,
            "{} stack `{stack}` in {}: {} a month{range}.",
            "Cost:".bold(),
            pricing.region(),
            total.known.likely
        )?;
        left_out(out, &total)?;
        wrapped(out, &dated(pricing, bill))?;
        if !choices.is_empty() {
            writeln!(out, "{}", "Choices:".bold())?;
        }
        choices.iter().try_for_each(|choice| told(out, choice))
    })
}

fn usage(line: &Line) -> String {
    match (&line.usage, &line.missing) {
        (Some(Usage { low, high, .. }), _) if low < high => {
            format!("{} to {} {}", number(*low), number(*high), plural(&line.unit, *high))
        }
        (Some(usage), _) => format!("{} {}", number(usage.likely), plural(&line.unit, usage.likely)),
        (None, Some(Missing::Usage(setting))) => format!("not stated ({setting})"),
        (None, _) => format!("? {}", line.unit),
    }
}

fn price(line: &Line) -> String {
    line.price.map_or_else(|| format!("unknown ({})", line.price_key), dollars)
}

/// `$0.10`, `$0.021`: cents, and as many digits behind them as it needs, two at the most.
fn dollars(usd: f64) -> String {
    let text = format!("{usd:.4}");
    let short = text.strip_suffix("00").or_else(|| text.strip_suffix('0')).unwrap_or(&text);
    format!("${short}")
}

fn monthly(line: &Line) -> String {
    match (line.monthly(), &line.missing) {
        (Some(band), _) => amount(band),
        (None, Some(Missing::Usage(_))) => "by use".to_owned(),
        (None, _) => "unknown".to_owned(),
    }
}

/// `hours` for more than one of them; `GiB` has no other form.
fn plural(unit: &str, count: f64) -> String {
    let counted = unit.ends_with("hour") || unit.ends_with("month");
    if counted && count != 1.0 { format!("{unit}s") } else { unit.to_owned() }
}

/// As many digits as it needs, four behind the point at most.
fn number(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How old the prices are.
fn dated(pricing: &Pricing, bill: &Bill) -> String {
    let used = pricing.used(bill);
    let dates: BTreeSet<&str> =
        used.values().map(|price| price.date.as_str()).filter(|date| !date.is_empty()).collect();
    let own = used.values().filter(|price| price.date.is_empty()).count();
    let mut text = match (dates.first(), dates.last()) {
        (Some(first), Some(last)) => format!("list prices of {first} to {last}, on demand, without tax and discounts"),
        _ => "no list price was used".to_owned(),
    };
    if own > 0 {
        text.push_str(&format!("; {own} of the stack file"));
    }
    text
}

fn told(out: &mut dyn Write, choice: &BreakEven) -> io::Result<()> {
    let at = &choice.address;
    let text = match &choice.question {
        Question::IoOptimized { above_io_millions, assumed_io_millions, chosen, storage_counted } => {
            let now = if *chosen { "I/O-Optimized" } else { "Standard" };
            let counted = if *storage_counted { "" } else { ", dearer storage not counted" };
            format!(
                "{at}: {now}; I/O-Optimized is cheaper above {} million I/Os a month{counted}{}",
                number(above_io_millions.round()),
                stated(*assumed_io_millions, "million")
            )
        }
        Question::Serverless { below_acu, assumed_acu, chosen: true, class } => format!(
            "{at}: serverless; cheaper than {class} below {} ACU on average{}",
            number((below_acu * 100.0).round() / 100.0),
            stated(*assumed_acu, "ACU")
        ),
        Question::Serverless { below_acu, class, .. } => format!(
            "{at}: {class}; serverless would be cheaper below {} ACU on average",
            number((below_acu * 100.0).round() / 100.0)
        ),
    };
    wrapped(out, &text)
}

fn stated(assumed: Option<f64>, unit: &str) -> String {
    assumed.map_or_else(String::new, |value| format!(" (stated: {} {unit})", number(value)))
}

/// Prints the bill as JSON.
pub(crate) fn json(stack: &str, pricing: &Pricing, (bill, choices): Told<'_>) -> Result<Exit, Failure> {
    let resources: Vec<Value> =
        bill.by_address().into_iter().map(|(at, total)| json!({"address": at, "total": total_json(&total)})).collect();
    super::json::document(&json!({
        "format_version": 1,
        "stack": stack,
        "region": pricing.region(),
        "currency": "USD",
        "per": "month",
        "total": total_json(&bill.total()),
        "resources": resources,
        "lines": bill.lines.iter().map(line_json).collect::<Vec<_>>(),
        "break_evens": choices,
        "prices": pricing.used(bill),
        "free": FREE.iter().map(|(kind, why)| json!({"kind": kind, "why": why})).collect::<Vec<_>>(),
    }))
}

fn line_json(line: &Line) -> Value {
    json!({
        "address": line.address,
        "item": line.item,
        "usage": line.usage,
        "unit": line.unit,
        "price_key": line.price_key,
        "price": line.price,
        "monthly": line.monthly().map(band_json),
        "missing": line.missing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_have_cents() {
        let told = [1.0, 0.1, 0.12, 0.021, 0.0225].map(dollars);
        assert_eq!(told, ["$1.00", "$0.10", "$0.12", "$0.021", "$0.0225"]);
    }
}
