//! What the plan costs, by resource, the dearest difference first.

use super::Subject;
use super::head::sentence;
use crate::view::dollars;
use auroractl_core::Address;
use auroractl_core::cost::{Band, Total, Usd};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// At most so many resources by name.
const ROWS: usize = 150;

/// The bill before and after.
#[derive(Debug, Serialize)]
pub(super) struct Cost {
    /// What the plan does to the bill, as a clause.
    pub(super) headline: String,
    sentence: String,
    pub(super) rows: Vec<Row>,
    pub(super) total: Option<Row>,
    /// What else there is to know of it.
    pub(super) notes: Vec<String>,
    /// How to read the table.
    pub(super) legend: Vec<String>,
    /// Resources that the table leaves out, and what they come to.
    left_out: usize,
    left_out_change: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) change: String,
    tone: &'static str,
}

/// Compares both bills.
pub(super) fn cost(subject: &Subject<'_>) -> Cost {
    let money = &subject.forecast.money;
    let (before, after) = (money.before.by_address(), money.after.by_address());
    let mut names: Vec<&Address> =
        before.keys().chain(after.keys()).copied().collect::<BTreeSet<_>>().into_iter().collect();
    let weight = |total: Option<&Total>| total.map(dollars::weight).unwrap_or_default();
    names.sort_by_key(|at| Reverse((weight(money.delta.get(*at)), weight(after.get(at).or(before.get(at))))));
    let of = |bill: &BTreeMap<&Address, Total>, at: &Address| bill.get(at).cloned().unwrap_or_default();
    let rows = names
        .iter()
        .take(ROWS)
        .map(|at| row(at.to_string(), (&of(&before, at), &of(&after, at)), money.delta.get(*at)));
    let rest: Total = names.iter().skip(ROWS).filter_map(|at| money.delta.get(*at)).cloned().sum();
    let (sums, change) = ((money.before.total(), money.after.total()), money.change());
    let total = row("All".to_owned(), (&sums.0, &sums.1), Some(&change).filter(|_| !money.delta.is_empty()));
    let headline = dollars::headline(money);
    let mut notes = dollars::notes(money);
    // The table holds what does not change, too.
    let both: Total = [sums.1.clone(), change].into_iter().sum();
    notes.extend(dollars::left_out(&both));
    let mut legend = Vec::new();
    if !sums.0.is_whole() || !sums.1.is_whole() {
        legend.push("* holds only what is known".to_owned());
    }
    legend.push("list prices on demand, without tax and discounts; `auroractl cost` has every line".to_owned());
    Cost {
        sentence: sentence(&headline),
        headline,
        rows: rows.collect(),
        total: (!names.is_empty()).then_some(total),
        notes,
        legend,
        left_out: names.len().saturating_sub(ROWS),
        left_out_change: dollars::column(&rest, dollars::change(rest.known)),
    }
}

fn row(name: String, (before, after): (&Total, &Total), change: Option<&Total>) -> Row {
    let side = |total: &Total| dollars::column(total, dollars::amount(total.known));
    let told = change.map(|total| dollars::column(total, dollars::change(total.known)));
    Row {
        name,
        before: side(before),
        after: side(after),
        change: told.unwrap_or_else(|| "–".to_owned()),
        tone: change.map_or("", tone),
    }
}

/// Dearer at some load, or cheaper at one and dearer at none.
fn tone(change: &Total) -> &'static str {
    let Band { low, high, .. } = change.known;
    if high > Usd(0) {
        "more"
    } else if low < Usd(0) {
        "less"
    } else {
        ""
    }
}
