//! Money in words, the same in every view.
//!
//! Where nobody has stated the load that decides, both ends are told: the upper one alone would pass for the amount. What is
//! not known says why: a price that is missing is another thing than use that nobody has stated.

use super::forecast::seconds;
use super::words;
use crate::forecast::signed;
use auroractl_core::Address;
use auroractl_core::cost::{Band, Missing, Total, Usd};
use auroractl_stack::{Money, Peak};
use std::cmp::Reverse;

/// Stands for an amount of which a price is missing.
pub(super) const NOT_KNOWN: &str = "not known";
/// Prices that are named in a row; more are counted.
const PRICES: usize = 3;
/// Resources that are named in a row.
const RESOURCES: usize = 6;

/// `$1.00`; both ends where nobody has stated the load.
pub(super) fn amount(band: Band) -> String {
    briefly(band, plain)
}

/// The same of a difference: `+$1.00 to +$3.00`.
pub(crate) fn change(band: Band) -> String {
    briefly(band, signed)
}

/// `$1.00`, with both ends behind it where the load decides.
pub(super) fn ranged(band: Band) -> String {
    if band.is_exact() || band.open {
        return amount(band);
    }
    format!("{} ({} to {})", band.likely, band.low, band.high)
}

/// `$2.00 a month ($1.00 to $3.00, depending on the load)`.
pub(super) fn a_month(band: Band) -> String {
    monthly(band, plain)
}

fn plain(amount: Usd) -> String {
    amount.to_string()
}

fn briefly(band: Band, told: fn(Usd) -> String) -> String {
    if band.open && !band.is_exact() { format!("{} to {}", told(band.low), told(band.high)) } else { told(band.likely) }
}

fn monthly(band: Band, told: fn(Usd) -> String) -> String {
    let sum = briefly(band, told);
    match (band.is_exact(), band.open) {
        (true, _) => format!("{sum} a month"),
        (false, true) => format!("{sum} a month, depending on the load"),
        (false, false) => format!("{sum} a month ({} to {}, depending on the load)", told(band.low), told(band.high)),
    }
}

/// What a plan does to the bill.
pub(super) fn headline(money: &Money) -> String {
    let (after, change) = (money.after.total(), money.change());
    if stays(money) {
        return format!("no change, {}{}", a_month(after.known), beyond(&after));
    }
    match prices(&change) {
        Some(names) => format!("change not known: no price of {names}"),
        None if change.is_unknown() => "change by use that the stack file does not state".to_owned(),
        None => monthly(change.known, signed),
    }
}

/// Does the bill stay, as far as it is known? Edits may cancel each other: a reader of another name, say.
pub(super) fn stays(money: &Money) -> bool {
    let change = money.change();
    let cancel = prices(&change).is_none() && !change.is_unknown() && is_nothing(change.known);
    money.delta.is_empty() || cancel
}

/// What a reader of it wants to know besides: both sides, what of it follows from the edits, and the dearest moment.
pub(super) fn notes(money: &Money) -> Vec<String> {
    let mut notes = Vec::new();
    if !money.delta.is_empty() {
        let change = money.change();
        notes.extend((!stays(money)).then(|| sides(money)));
        if prices(&change).is_some() && !is_nothing(change.known) {
            notes.push(format!("what has a price changes by {}", monthly(change.known, signed)));
        }
        notes.extend(followers(money));
    }
    notes.extend(money.peak.as_ref().map(dearest));
    notes
}

/// `before $1.00, after $2.00`.
pub(super) fn sides(money: &Money) -> String {
    let side = |total: Total| format!("{}{}", amount(total.known), beyond(&total));
    format!("before {}, after {}", side(money.before.total()), side(money.after.total()))
}

fn beyond(total: &Total) -> &'static str {
    if prices(total).is_some() { " and what has no known price" } else { "" }
}

/// Without them the edits do not add up to the whole.
fn followers(money: &Money) -> Option<String> {
    let mut all: Vec<(&Address, &Total)> = money.followers().collect();
    all.sort_by_key(|(_, total)| Reverse(weight(total)));
    let told = all.iter().map(|(at, total)| format!("{at} {}", column(total, change(total.known))));
    listed(told.collect(), RESOURCES).map(|told| format!("of it follows for what is not edited: {told}"))
}

/// How much there is to see in a difference: what is not known comes first.
pub(super) fn weight(total: &Total) -> (bool, u64) {
    let Band { low, high, .. } = total.known;
    (prices(total).is_some(), low.0.unsigned_abs().max(high.0.unsigned_abs()))
}

/// The dearest moment.
fn dearest(peak: &Peak) -> String {
    let Peak { hourly, hourly_over_before, at, .. } = peak;
    let since =
        if *at == 0 { "from the start".to_owned() } else { format!("from {} on", words::seconds(seconds(*at))) };
    format!("while it runs up to {hourly} an hour, {hourly_over_before} more than before ({since})")
}

/// What the difference leaves out, and what both sides have no price of.
pub(super) fn gaps(money: &Money) -> Vec<String> {
    let sides = [money.before.total(), money.after.total()].into_iter().flat_map(|total| total.missing);
    let mut all = money.change();
    all.missing.extend(sides.filter(|missing| matches!(missing, Missing::Price(_))));
    left_out(&all)
}

/// What a sum leaves out, and how it would not; empty where it leaves nothing out.
pub(super) fn left_out(total: &Total) -> Vec<String> {
    let (unpriced, unstated): (Vec<&str>, Vec<&str>) = (total.unpriced().collect(), total.unstated().collect());
    let without = [
        ("without what has no known price (`[cost.prices]` of the stack file takes them)", unpriced),
        ("without what depends on use that the stack file does not state", unstated),
    ];
    let told = without.iter().filter(|(_, names)| !names.is_empty());
    told.map(|(what, names)| format!("{what}: {}", names.join(", "))).collect()
}

/// What a change costs, behind its address; `None` where there is nothing to tell.
pub(super) fn of_change(money: &Money, at: &Address) -> Option<String> {
    if let Some(total) = money.meanwhile.get(at) {
        let unknown = |names| format!("cost not known: no price of {names}");
        return Some(prices(total).map_or_else(|| format!("{} while it is there", by_the_hour(total)), unknown));
    }
    let total = money.of(at).filter(|total| !total.is_whole() || !is_nothing(total.known))?;
    let sum = change(total.known);
    Some(match (prices(&total), total.is_unknown()) {
        (Some(names), true) => format!("cost not known: no price of {names}"),
        (Some(names), false) => format!("{sum} a month and what has no price: {names}"),
        (None, true) => "cost by use".to_owned(),
        (None, false) if total.is_whole() => format!("{sum} a month"),
        (None, false) => format!("{sum} a month and by use"),
    })
}

/// The same in a column of amounts a month; empty where the bill stays.
pub(super) fn in_column(money: &Money, at: &Address) -> String {
    let passing = money.meanwhile.get(at).map(by_the_hour);
    let lasting = || money.of(at).map(|total| column(&total, change(total.known)));
    passing.or_else(lasting).unwrap_or_default()
}

fn by_the_hour(total: &Total) -> String {
    if prices(total).is_some() { NOT_KNOWN.to_owned() } else { format!("{} an hour", amount(total.hourly().known)) }
}

/// A sum in a column: with an asterisk where it leaves something out, in words where nothing is known.
pub(super) fn column(total: &Total, sum: String) -> String {
    match (total.is_unknown(), total.is_whole()) {
        (true, _) if prices(total).is_some() => NOT_KNOWN.to_owned(),
        (true, _) => "by use".to_owned(),
        (false, true) => sum,
        (false, false) => format!("{sum} *"),
    }
}

fn is_nothing(band: Band) -> bool {
    band.is_exact() && band.likely == Usd(0)
}

/// The prices that a sum lacks, the first of them by name.
pub(super) fn prices(total: &Total) -> Option<String> {
    listed(total.unpriced().map(str::to_owned).collect(), PRICES)
}

/// `a, b and 2 more`; `None` for an empty list.
fn listed(all: Vec<String>, most: usize) -> Option<String> {
    let more = all.len().saturating_sub(most);
    let shown: Vec<String> = all.into_iter().take(most).collect();
    match (shown.is_empty(), more) {
        (true, _) => None,
        (_, 0) => Some(shown.join(", ")),
        (_, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::cost::{Bill, Line, Usage};
    use std::collections::{BTreeMap, BTreeSet};

    fn at(address: &str) -> Address {
        address.parse().unwrap()
    }

    fn line(address: &str, usage: Option<Usage>, price: Option<f64>) -> Line {
        let missing = match (usage, price) {
            (_, None) => Some(Missing::Price("db.r7i.large".to_owned())),
            (None, _) => Some(Missing::Usage("cost.io_millions".to_owned())),
            _ => None,
        };
        let (item, unit, price_key) = ("hours".to_owned(), "hour".to_owned(), "x".to_owned());
        Line { address: at(address), item, usage, unit, price_key, price, missing }
    }

    fn money(before: Vec<Line>, after: Vec<Line>, edited: &[&str]) -> Money {
        let (before, after) = (Bill { lines: before }, Bill { lines: after });
        Money {
            delta: before.delta(&after),
            before,
            after,
            meanwhile: BTreeMap::new(),
            edited: edited.iter().map(|address| at(address)).collect::<BTreeSet<_>>(),
            peak: None,
        }
    }

    const A: &str = "db_instance.a";
    const READERS: &str = "scalable_target.readers";

    /// A member that gets dearer, and readers that come with the load and get dearer with it.
    fn grown(stated: Option<f64>) -> Money {
        let lines = |price: f64| {
            let readers = Usage::between(0.0, 4.0, stated);
            vec![line(A, Some(Usage::exactly(1.0)), Some(price)), line(READERS, Some(readers), Some(price))]
        };
        money(lines(100.0), lines(300.0), &[A, "metric_alarm.cpu"])
    }

    #[test]
    fn the_most_does_not_pass_for_the_amount() {
        let open = grown(None);
        assert_eq!(headline(&open), "+$200.00 to +$1,000.00 a month, depending on the load");
        let notes = notes(&open);
        assert_eq!(notes[0], "before $100.00 to $500.00, after $300.00 to $1,500.00");
        assert!(notes[1].ends_with("scalable_target.readers $0.00 to +$800.00"), "{notes:?}");
        assert_eq!(of_change(&open, &at(A)).unwrap(), "+$200.00 a month");
        assert_eq!(of_change(&open, &at("metric_alarm.cpu")), None);
    }

    #[test]
    fn what_is_stated_is_told_with_its_ends() {
        let stated = grown(Some(1.0));
        assert_eq!(headline(&stated), "+$400.00 a month (+$200.00 to +$1,000.00, depending on the load)");
        assert_eq!(notes(&stated)[0], "before $200.00, after $600.00");
        assert_eq!(ranged(stated.after.total().known), "$600.00 ($300.00 to $1,500.00)");
        let same = money(stated.after.lines.clone(), stated.after.lines, &[]);
        assert_eq!(headline(&same), "no change, $600.00 a month ($300.00 to $1,500.00, depending on the load)");
        assert!(notes(&same).is_empty());
    }

    #[test]
    fn edits_that_cancel_each_other_leave_the_bill_as_it_is() {
        let month = |address: &str| line(address, Some(Usage::exactly(1.0)), Some(100.0));
        let by_use = |address: &str| Line { item: "metrics".to_owned(), ..line(address, None, Some(1.0)) };
        let b = "db_instance.b";
        let renamed = money(vec![month(A), by_use(A)], vec![month(b), by_use(b)], &[A, b]);
        assert_eq!(headline(&renamed), "no change, $100.00 a month");
        assert!(notes(&renamed).is_empty(), "{:?}", notes(&renamed));
        assert_eq!(of_change(&renamed, &at(b)).unwrap(), "+$100.00 a month and by use");
        assert!(!gaps(&renamed).is_empty(), "what depends on use may have changed");
        assert!(!stays(&money(vec![month(A)], vec![by_use(A)], &[A])) && stays(&money(vec![], vec![], &[])));
    }

    #[test]
    fn a_price_that_is_missing_is_no_use_that_nobody_stated() {
        let priced = vec![line(A, Some(Usage::exactly(1.0)), Some(100.0))];
        let unpriced = money(priced.clone(), vec![line(A, Some(Usage::exactly(1.0)), None)], &[A]);
        assert_eq!(headline(&unpriced), "change not known: no price of db.r7i.large");
        assert_eq!(notes(&unpriced), ["before $100.00, after $0.00 and what has no known price"]);
        assert_eq!(of_change(&unpriced, &at(A)).unwrap(), "cost not known: no price of db.r7i.large");
        assert_eq!(in_column(&unpriced, &at(A)), "not known");
        assert!(gaps(&unpriced)[0].contains("[cost.prices]"), "{:?}", gaps(&unpriced));
        let unstated = money(priced, vec![line(A, None, Some(1.0))], &[A]);
        assert_eq!(headline(&unstated), "change by use that the stack file does not state");
        assert_eq!(
            (of_change(&unstated, &at(A)).unwrap().as_str(), in_column(&unstated, &at(A)).as_str()),
            ("cost by use", "by use")
        );
        assert!(gaps(&unstated)[0].ends_with("cost.io_millions"), "{:?}", gaps(&unstated));
    }

    #[test]
    fn what_is_there_for_a_while_costs_by_the_hour() {
        let surge = "db_instance.surge_reader";
        let bill = Bill { lines: vec![line(surge, Some(Usage::exactly(730.0)), Some(0.5))] };
        let meanwhile = BTreeMap::from([(at(surge), bill.total())]);
        let money = Money { meanwhile, ..money(Vec::new(), Vec::new(), &[]) };
        assert_eq!(of_change(&money, &at(surge)).unwrap(), "$0.50 an hour while it is there");
        assert_eq!(in_column(&money, &at(surge)), "$0.50 an hour");
        let bill = Bill { lines: vec![line(surge, Some(Usage::exactly(730.0)), None)] };
        let money = Money { meanwhile: BTreeMap::from([(at(surge), bill.total())]), ..money };
        assert_eq!(of_change(&money, &at(surge)).unwrap(), "cost not known: no price of db.r7i.large");
        assert_eq!(in_column(&money, &at(surge)), NOT_KNOWN);
    }

    #[test]
    fn a_moment_at_the_start_is_the_start() {
        let peak = |at| {
            let (hourly, over) = (Usd::dollars(4.64), Usd::dollars(2.49));
            Peak { hourly, hourly_over_before: over, hourly_over_after: over, at }
        };
        assert!(dearest(&peak(0)).ends_with("(from the start)"), "{}", dearest(&peak(0)));
        assert!(dearest(&peak(360_000)).ends_with("(from 6 min 0 s on)"), "{}", dearest(&peak(360_000)));
    }

    #[test]
    fn long_lists_are_counted() {
        let names = |count: usize| (0..count).map(|n| format!("n{n}")).collect::<Vec<_>>();
        assert_eq!(listed(names(0), 2), None);
        assert_eq!(listed(names(2), 2).unwrap(), "n0, n1");
        assert_eq!(listed(names(5), 2).unwrap(), "n0, n1 and 3 more");
    }
}
