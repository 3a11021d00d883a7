//! What the plan costs, by resource, the dearest difference first.

use super::Subject;
use crate::forecast::signed;
use crate::view::forecast::{amount, left_out_sentences, peak_words};
use auroractl_core::Address;
use auroractl_core::cost::{Total, Usd};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// At most so many resources by name.
const ROWS: usize = 150;

/// The bill before and after.
#[derive(Debug, Serialize)]
pub(super) struct Cost {
    pub(super) sentence: String,
    pub(super) rows: Vec<Row>,
    pub(super) total: Option<Row>,
    pub(super) notes: Vec<String>,
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
    let none = Total::default();
    let delta = |at: &Address| money.delta.get(at).map_or(Usd(0), |total| total.known.likely);
    let weight = |at: &Address| after.get(at).or(before.get(at)).map_or(0, |total| total.known.likely.0);
    names.sort_by_key(|at| std::cmp::Reverse((delta(at).0.abs(), weight(at))));
    let of = |bill: &BTreeMap<&Address, Total>, at: &Address| bill.get(at).unwrap_or(&none).clone();
    let rows = names.iter().take(ROWS).map(|at| row(at.to_string(), (&of(&before, at), &of(&after, at)), delta(at)));
    let rest: Usd = names.iter().skip(ROWS).fold(Usd(0), |sum, at| sum + delta(at));
    let (sums, change) = ((money.before.total(), money.after.total()), money.change());
    let total = row("All".to_owned(), (&sums.0, &sums.1), change.known.likely);
    let mut notes: Vec<String> = money.peak.as_ref().map(peak_words).into_iter().collect();
    notes.extend(left_out_sentences(&sums.1));
    if !sums.0.is_whole() || !sums.1.is_whole() {
        notes.push("* holds only what is known".to_owned());
    }
    notes.push("list prices on demand, without tax and discounts; `auroractl cost` has every line".to_owned());
    Cost {
        sentence: format!(
            "{} → {} a month, {}.",
            sums.0.known.likely,
            amount(sums.1.known),
            signed(change.known.likely)
        ),
        rows: rows.collect(),
        total: (!names.is_empty()).then_some(total),
        notes,
        left_out: names.len().saturating_sub(ROWS),
        left_out_change: signed(rest),
    }
}

/// A sum, with an asterisk where it leaves something out; in words where nothing else is known.
pub(super) fn known(total: &Total, sum: String) -> String {
    match (total.known.likely, total.is_whole()) {
        (_, true) => sum,
        (Usd(0), false) => "by use".to_owned(),
        (_, false) => format!("{sum} *"),
    }
}

fn row(name: String, (before, after): (&Total, &Total), change: Usd) -> Row {
    let tone = match change.0 {
        0 => "",
        more if more > 0 => "more",
        _ => "less",
    };
    Row {
        name,
        before: known(before, before.known.likely.to_string()),
        after: known(after, amount(after.known)),
        change: if change == Usd(0) { "–".to_owned() } else { signed(change) },
        tone,
    }
}
