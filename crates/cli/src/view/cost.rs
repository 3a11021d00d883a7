//! A bill.

use super::columns::fitted;
use super::dollars::{a_month, left_out, prices, ranged};
use super::forecast::{band_json, total_json};
use super::wrap::wrapped;
use crate::exit::{Exit, Failure};
use auroractl_core::cost::{Bill, Line, Missing, Usage};
use auroractl_stack::cost::{BreakEven, FREE, Pricing, Question};
use comfy_table::Table;
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The columns of a bill.
const HEADER: [&str; 5] = ["resource", "item", "usage a month", "price", "a month"];
/// What storage is called by AWS.
const IO_OPTIMIZED: &str = "I/O-Optimized";
const STANDARD: &str = "Standard";
/// Blanks beside the texts of a column.
const PADDING: usize = 2;

/// The bill and what is told beside it.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    /// The bill.
    pub(crate) bill: &'a Bill,
    /// Where another choice would be cheaper.
    pub(crate) choices: &'a [BreakEven],
    /// What is charged and not on it, by kind.
    pub(crate) uncounted: &'a [(&'static str, &'static str)],
    /// What it was made with.
    pub(crate) pricing: &'a Pricing,
}

/// Shows a bill line by line, what it leaves out, and where another choice would be cheaper.
pub(crate) fn show(stack: &str, told: Told<'_>) -> Result<Exit, Failure> {
    let Told { bill, choices, uncounted, pricing } = told;
    let total = bill.total();
    super::stdout(|out| {
        if let Some(warning) = unpriced(told) {
            writeln!(out, "{}", "Not all prices are known.".yellow().bold())?;
            wrapped(out, &warning)?;
            writeln!(out)?;
        }
        writeln!(out, "{}\n", table(bill))?;
        let beyond = if prices(&total).is_some() { ", and what has no known price" } else { "" };
        let sum = a_month(total.known);
        writeln!(out, "{} stack `{stack}` in {}: {sum}{beyond}.", "Cost:".bold(), pricing.region())?;
        left_out(&total).iter().try_for_each(|sentence| wrapped(out, sentence))?;
        for (kind, what) in uncounted {
            wrapped(out, &format!("not counted for {kind}: {what}"))?;
        }
        wrapped(out, &dated(pricing, bill))?;
        if !choices.is_empty() {
            writeln!(out, "{}", "Choices:".bold())?;
        }
        choices.iter().try_for_each(|one| wrapped(out, &choice(one)))
    })
}

/// What a reader has to know before he believes a sum: how many prices the list lacks, and who may give them.
fn unpriced(Told { bill, pricing, .. }: Told<'_>) -> Option<String> {
    let all = bill.lines.iter().map(|line| line.price_key.as_str()).collect::<BTreeSet<_>>().len();
    let missing = bill.total().unpriced().count();
    (missing > 0).then(|| {
        format!(
            "The list has {} of the {all} prices of this bill for {}; the other {missing} are in no sum below. \
             `[cost.prices]` of the stack file takes them, by the names in brackets.",
            all.saturating_sub(missing),
            pricing.region()
        )
    })
}

fn table(bill: &Bill) -> Table {
    let mut rows = vec![HEADER.map(str::to_owned)];
    let mut last = None;
    for line in &bill.lines {
        let name = if last == Some(&line.address) { String::new() } else { line.address.to_string() };
        last = Some(&line.address);
        rows.push([name, line.item.clone(), usage(line), price(line), monthly(line)]);
    }
    let mut table = super::table(&[]);
    if let Some(width) = table.width() {
        rows = fitted(rows, usize::from(width).saturating_sub(PADDING * HEADER.len()));
    }
    let mut rows = rows.into_iter();
    table.set_header(rows.next().into_iter().flatten().map(|text| text.to_uppercase()));
    table.add_rows(rows);
    table
}

fn usage(line: &Line) -> String {
    match (&line.usage, &line.missing) {
        (Some(Usage { low, high, open: true, .. }), _) => {
            format!("{} to {} {}", number(*low), number(*high), plural(&line.unit, *high))
        }
        (Some(Usage { low, likely, high, .. }), _) => {
            let range = if low < high { format!(" ({} to {})", number(*low), number(*high)) } else { String::new() };
            format!("{} {}{range}", number(*likely), plural(&line.unit, *likely))
        }
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
        (Some(band), _) => ranged(band),
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
    let mut text = match days(&dates) {
        Some(days) => format!("list prices of {days}, on demand, without tax and discounts"),
        None => "no list price was used".to_owned(),
    };
    if own > 0 {
        text.push_str(&format!("; {own} of the stack file"));
    }
    text
}

/// `2025-03-05 to 2026-08-20`; one day as one.
fn days(dates: &BTreeSet<&str>) -> Option<String> {
    let (first, last) = (dates.first()?, dates.last()?);
    Some(if first == last { (*first).to_owned() } else { format!("{first} to {last}") })
}

/// A choice, and on which side of its break-even the stated load falls.
fn choice(choice: &BreakEven) -> String {
    let at = &choice.address;
    match &choice.question {
        Question::IoOptimized {
            above_io_millions,
            range_io_millions: [least, most],
            open,
            assumed_io_millions,
            cheaper,
            chosen,
            storage_counted,
        } => {
            let now = if *chosen { IO_OPTIMIZED } else { STANDARD };
            let counted = if *storage_counted { "" } else { ", dearer storage not counted" };
            let (least, most) = (number(least.round()), number(most.round()));
            let (above, open) = match (*open, least == most) {
                (true, false) => (format!("{least} to {most}"), ", depending on the load"),
                _ => (number(above_io_millions.round()), ""),
            };
            let side = cheaper.map(|cheaper| if cheaper { IO_OPTIMIZED } else { STANDARD });
            format!(
                "{at}: {now}; {IO_OPTIMIZED} is cheaper above {above} million I/Os a month{open}{counted}{}",
                stated(*assumed_io_millions, "million", side)
            )
        }
        Question::Serverless { below_acu, assumed_acu, cheaper, chosen, class } => {
            let below = number((below_acu * 100.0).round() / 100.0);
            let now = if *chosen {
                format!("serverless; cheaper than {class} below {below} ACU on average")
            } else {
                format!("{class}; serverless would be cheaper below {below} ACU on average")
            };
            let side = cheaper.map(|cheaper| if cheaper { "serverless" } else { class.as_str() });
            format!("{at}: {now}{}", stated(*assumed_acu, "ACU", side))
        }
    }
}

/// ` (stated: 500 million, so Standard is cheaper)`.
fn stated(assumed: Option<f64>, unit: &str, cheaper: Option<&str>) -> String {
    let side = cheaper.map_or_else(String::new, |cheaper| format!(", so {cheaper} is cheaper"));
    assumed.map_or_else(String::new, |value| format!(" (stated: {} {unit}{side})", number(value)))
}

/// Prints the bill as JSON.
pub(crate) fn json(stack: &str, Told { bill, choices, uncounted, pricing }: Told<'_>) -> Result<Exit, Failure> {
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
        "not_counted": uncounted.iter().map(|(kind, what)| json!({"kind": kind, "what": what})).collect::<Vec<_>>(),
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
    use auroractl_core::Address;

    fn line(usage: Usage) -> Line {
        Line {
            address: "db_instance.a".parse().unwrap(),
            item: "capacity".to_owned(),
            usage: Some(usage),
            unit: "ACU-hour".to_owned(),
            price_key: "acu".to_owned(),
            price: Some(0.1),
            missing: None,
        }
    }

    #[test]
    fn lines_add_up_where_the_load_is_stated() {
        let told = |stated| {
            let line = line(Usage::between(100.0, 800.0, stated));
            (usage(&line), monthly(&line))
        };
        let of = |usage: &str, monthly: &str| (usage.to_owned(), monthly.to_owned());
        assert_eq!(told(Some(300.0)), of("300 ACU-hours (100 to 800)", "$30.00 ($10.00 to $80.00)"));
        assert_eq!(told(None), of("100 to 800 ACU-hours", "$10.00 to $80.00"));
        assert_eq!(usage(&line(Usage::exactly(1.0))), "1 ACU-hour");
    }

    #[test]
    fn one_day_is_told_once() {
        assert_eq!(days(&BTreeSet::from(["2026-08-20"])).unwrap(), "2026-08-20");
        assert_eq!(days(&BTreeSet::from(["2026-08-20", "2025-03-05"])).unwrap(), "2025-03-05 to 2026-08-20");
        assert_eq!(days(&BTreeSet::new()), None);
    }

    #[test]
    fn a_break_even_says_which_side_the_stated_load_is_on() {
        let address: Address = "db_cluster.main".parse().unwrap();
        let told = |open, cheaper| {
            let question = Question::IoOptimized {
                above_io_millions: 1_636.1,
                range_io_millions: [1_031.7, 2_240.4],
                open,
                assumed_io_millions: Some(1_150.0),
                cheaper,
                chosen: false,
                storage_counted: true,
            };
            choice(&BreakEven { address: address.clone(), question })
        };
        let stated = told(false, Some(false));
        assert!(
            stated.ends_with("above 1636 million I/Os a month (stated: 1150 million, so Standard is cheaper)"),
            "{stated}"
        );
        let open = told(true, None);
        assert!(
            open.ends_with("above 1032 to 2240 million I/Os a month, depending on the load (stated: 1150 million)"),
            "{open}"
        );
    }

    #[test]
    fn prices_have_cents() {
        let told = [1.0, 0.1, 0.12, 0.021, 0.0225].map(dollars);
        assert_eq!(told, ["$1.00", "$0.10", "$0.12", "$0.021", "$0.0225"]);
    }
}
