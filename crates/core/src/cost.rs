//! Money: lines of a bill, their sum, and the difference between two bills.
//!
//! Amounts are whole millionths of a dollar, so that sums add up whatever their
//! order. What is not known stays unknown: a line without a price, or whose
//! usage nobody stated, is counted as such and never as nothing.

use crate::address::Address;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

/// Hours in a month, as AWS's own price pages count them.
pub const HOURS: f64 = 730.0;

/// US dollars, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Usd(pub i64);

/// An amount a month, between two ends: capacity that follows the load costs what the load makes it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// When nothing is asked of it.
    pub low: Usd,
    /// At the usage that the stack file states; the upper end where it states none.
    pub likely: Usd,
    /// At the limit.
    pub high: Usd,
    /// The stack file does not state the load that decides: only both ends are known, and `likely` is no more than the upper
    /// one.
    #[serde(default)]
    pub open: bool,
}

/// How much of something is used in a month.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// At least.
    pub low: f64,
    /// As stated; the most where nothing is stated.
    pub likely: f64,
    /// At most.
    pub high: f64,
    /// Nothing is stated, and the load decides.
    #[serde(default)]
    pub open: bool,
}

/// Why a line has no amount.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "missing", content = "name", rename_all = "snake_case")]
pub enum Missing {
    /// No table has this price; the name is its key.
    Price(String),
    /// Nobody stated how much is used; the name is the setting that would.
    Usage(String),
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The resource that causes it.
    pub address: Address,
    /// What is paid for: `instance hours`.
    pub item: String,
    /// How much of it in a month, if that is known.
    pub usage: Option<Usage>,
    /// The unit: `ACU-hour`.
    pub unit: String,
    /// Name of the price.
    pub price_key: String,
    /// US dollars for one unit, if that is known.
    pub price: Option<f64>,
    /// Why there is no amount; the first reason where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

/// All lines of a stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bill {
    /// The lines, by address and then as they were written.
    pub lines: Vec<Line>,
}

/// A sum, and what it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// What is known.
    pub known: Band,
    /// Something is known, be it that it comes to nothing.
    #[serde(default)]
    pub counted: bool,
    /// What is not in it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub missing: BTreeSet<Missing>,
}

impl Usd {
    /// So many dollars, to the nearest millionth. What is no number is nothing.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range first; no number counts as zero")]
    pub fn dollars(amount: f64) -> Self {
        Self((amount * 1.0e6).round().clamp(-9.0e18, 9.0e18) as i64)
    }

    /// The same as a number of dollars.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "amounts are far below 2^53 millionths")]
    pub fn as_dollars(self) -> f64 {
        self.0 as f64 / 1.0e6
    }
}

impl Add for Usd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Usd {
    /// `$1,234.50`, `-$0.40`; below a cent with four digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        if micros > 0 && micros < 10_000 {
            return f.pad(&format!("{sign}$0.{:04}", micros.div_ceil(100)));
        }
        let cents = (micros + 5_000) / 10_000;
        let whole = (cents / 100).to_string();
        let mut grouped = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&format!("{sign}${grouped}.{:02}", cents % 100))
    }
}

impl Band {
    /// An amount without a range.
    #[must_use]
    pub fn exactly(amount: Usd) -> Self {
        Self { low: amount, likely: amount, high: amount, open: false }
    }

    /// Is it one amount?
    #[must_use]
    pub fn is_exact(self) -> bool {
        self.low == self.high
    }

    /// The change from one band to another under the same load, its ends in order. Where the load is not stated the upper end
    /// is what it may come to: the difference of two upper ends is not, for the load that makes one of them dear may make the
    /// other dearer still.
    #[must_use]
    pub fn change(before: Self, after: Self) -> Self {
        let change = Self { open: before.open || after.open, ..Self::exactly(after.likely - before.likely) };
        change.reaching(after.low - before.low).reaching(after.high - before.high)
    }

    /// The same by the hour.
    #[must_use]
    pub fn hourly(self) -> Self {
        let hour = |month: Usd| Usd::dollars(month.as_dollars() / HOURS);
        Self { low: hour(self.low), likely: hour(self.likely), high: hour(self.high), open: self.open }
    }

    /// One that holds this amount, too.
    fn reaching(self, amount: Usd) -> Self {
        let (low, high) = (self.low.min(amount), self.high.max(amount));
        Self { low, likely: if self.open { high } else { self.likely }, high, open: self.open }
    }
}

impl Add for Band {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            likely: self.likely + other.likely,
            high: self.high + other.high,
            open: self.open || other.open,
        }
    }
}

impl Sum for Band {
    fn sum<I: Iterator<Item = Self>>(bands: I) -> Self {
        bands.fold(Self::default(), Add::add)
    }
}

impl Usage {
    /// An amount without a range.
    #[must_use]
    pub fn exactly(amount: f64) -> Self {
        Self { low: amount, likely: amount, high: amount, open: false }
    }

    /// What the load makes of it within two ends, and where the stack file says that the load is.
    #[must_use]
    pub fn between(low: f64, high: f64, stated: Option<f64>) -> Self {
        let high = high.max(low);
        let likely = stated.map_or(high, |load| load.min(high).max(low));
        Self { low, likely, high, open: stated.is_none() && low < high }
    }

    /// Everything multiplied.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        self.of_each(Self::exactly(factor))
    }

    /// So many, each of which uses so much.
    #[must_use]
    pub fn of_each(self, each: Self) -> Self {
        let (low, likely, high) = (self.low * each.low, self.likely * each.likely, self.high * each.high);
        Self { low, likely, high, open: (self.open || each.open) && low < high }
    }
}

impl Add for Usage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            likely: self.likely + other.likely,
            high: self.high + other.high,
            open: self.open || other.open,
        }
    }
}

impl Line {
    /// What it costs in a month; `None` where usage or price is not known.
    #[must_use]
    pub fn monthly(&self) -> Option<Band> {
        let (usage, price) = (self.usage?, self.price?);
        let cost = |used: f64| Usd::dollars(used * price);
        let (low, likely, high) = (cost(usage.low), cost(usage.likely), cost(usage.high));
        self.missing.is_none().then_some(Band { low, likely, high, open: usage.open && low < high })
    }

    /// What it costs when the load asks for so much.
    fn at(&self, load: f64) -> Option<Usd> {
        let (usage, price) = (self.usage?, self.price?);
        Some(Usd::dollars(load.min(usage.high).max(usage.low) * price))
    }

    /// What a line costs more than another of the same thing, whatever the load; `None` where one of them is not known. Two
    /// that count by the same unit follow one load, and the range of one may begin or end within the other's: the dearest
    /// change is then at neither end.
    fn change(before: Option<&Self>, after: Option<&Self>) -> Option<Band> {
        let amount = |line: Option<&Self>| line.map_or(Some(Band::default()), Self::monthly);
        let mut change = Band::change(amount(before)?, amount(after)?);
        if let (Some(before), Some(after)) = (before, after)
            && before.unit == after.unit
        {
            let ends = [before.usage, after.usage].into_iter().flatten().flat_map(|usage| [usage.low, usage.high]);
            for load in ends {
                change = change.reaching(after.at(load)? - before.at(load)?);
            }
        }
        Some(Band { open: change.open && !change.is_exact(), ..change })
    }
}

impl Bill {
    /// What all lines come to.
    #[must_use]
    pub fn total(&self) -> Total {
        Total::of(self.lines.iter())
    }

    /// What every resource comes to, of those that cost anything.
    #[must_use]
    pub fn by_address(&self) -> BTreeMap<&Address, Total> {
        let mut totals: BTreeMap<&Address, Total> = BTreeMap::new();
        for line in &self.lines {
            totals.entry(&line.address).or_default().add(line);
        }
        totals
    }

    /// What another bill costs more than this one, by resource. A line that is the same in both is no difference, also
    /// where it has no amount; resources without a difference are left out.
    #[must_use]
    pub fn delta(&self, after: &Self) -> BTreeMap<Address, Total> {
        let (old, new) = (self.keyed(), after.keyed());
        let mut deltas: BTreeMap<Address, Total> = BTreeMap::new();
        for key in old.keys().chain(new.keys()).copied().collect::<BTreeSet<_>>() {
            let (before, after) = (old.get(&key), new.get(&key));
            if before != after {
                let delta = deltas.entry(key.0.clone()).or_default();
                delta.change(before.copied(), after.copied());
            }
        }
        deltas
    }

    fn keyed(&self) -> BTreeMap<(&Address, &str), &Line> {
        self.lines.iter().map(|line| ((&line.address, line.item.as_str()), line)).collect()
    }
}

impl Total {
    /// The sum of lines.
    pub fn of<'a>(lines: impl Iterator<Item = &'a Line>) -> Self {
        let mut total = Self::default();
        lines.for_each(|line| total.add(line));
        total
    }

    /// Is everything in it?
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty()
    }

    /// Is there something in it, and not one amount known?
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        !self.counted && !self.is_whole()
    }

    /// The same by the hour.
    #[must_use]
    pub fn hourly(&self) -> Self {
        Self { known: self.known.hourly(), ..self.clone() }
    }

    /// Prices that no table has.
    pub fn unpriced(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().filter_map(|missing| match missing {
            Missing::Price(key) => Some(key.as_str()),
            Missing::Usage(_) => None,
        })
    }

    /// Settings that would say how much is used.
    pub fn unstated(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().filter_map(|missing| match missing {
            Missing::Usage(setting) => Some(setting.as_str()),
            Missing::Price(_) => None,
        })
    }

    fn add(&mut self, line: &Line) {
        self.count(line.monthly());
        self.missing.extend(line.missing.clone());
    }

    fn change(&mut self, before: Option<&Line>, after: Option<&Line>) {
        let missing = [before, after].into_iter().flatten().filter_map(|line| line.missing.clone());
        self.missing.extend(missing);
        self.count(Line::change(before, after));
    }

    fn count(&mut self, amount: Option<Band>) {
        self.counted |= amount.is_some();
        self.known = self.known + amount.unwrap_or_default();
    }
}

impl Sum for Total {
    fn sum<I: Iterator<Item = Self>>(totals: I) -> Self {
        totals.fold(Self::default(), |mut sum, total| {
            sum.known = sum.known + total.known;
            sum.counted |= total.counted;
            sum.missing.extend(total.missing);
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(name: u8, item: u8, usage: Option<f64>, price: Option<f64>) -> Line {
        let missing = match (usage, price) {
            (_, None) => Some(Missing::Price(format!("price {item}"))),
            (None, _) => Some(Missing::Usage(format!("usage {item}"))),
            _ => None,
        };
        let address = format!("part.p{name}").parse().unwrap();
        let usage = usage.map(|high| Usage::between(high / 2.0, high, Some(high)));
        Line {
            address,
            item: format!("item {item}"),
            usage,
            unit: "hour".to_owned(),
            price_key: format!("price {item}"),
            price,
            missing,
        }
    }

    fn bill() -> impl Strategy<Value = Bill> {
        let number = || proptest::option::weighted(0.8, 0.0..1_000.0_f64);
        let lines = proptest::collection::btree_map((0..5_u8, 0..3_u8), (number(), number()), 0..12);
        lines.prop_map(|lines| Bill {
            lines: lines.into_iter().map(|((name, item), (used, price))| line(name, item, used, price)).collect(),
        })
    }

    #[test]
    fn dollars_as_people_write_them() {
        for (micros, text) in [
            (0, "$0.00"),
            (412_300_000, "$412.30"),
            (1_234_567_890_000, "$1,234,567.89"),
            (-400_000, "-$0.40"),
            (999_999, "$1.00"),
            (200, "$0.0002"),
            (1_000_000_000, "$1,000.00"),
        ] {
            assert_eq!(Usd(micros).to_string(), text);
        }
    }

    #[test]
    fn the_unknown_is_not_nothing() {
        let known = Bill { lines: vec![line(1, 1, Some(2.0), Some(3.0))] };
        let open = Bill { lines: vec![line(1, 1, Some(2.0), Some(3.0)), line(2, 2, Some(1.0), None)] };
        assert!(known.total().is_whole() && !open.total().is_whole());
        assert_eq!(open.total().unpriced().collect::<Vec<_>>(), ["price 2"]);
        let delta: Total = known.delta(&open).into_values().sum();
        assert_eq!((delta.known, delta.is_whole()), (Band::default(), false));
        assert!(delta.is_unknown() && !open.total().is_unknown() && !Total::default().is_unknown());
        assert!(open.delta(&open).is_empty(), "the same unknown on both sides is no difference");
    }

    /// A line of which nobody has stated how much of it is used.
    fn ranging(name: u8, ends: (f64, f64), price: f64) -> Line {
        Line { usage: Some(Usage::between(ends.0, ends.1, None)), ..line(name, 1, Some(0.0), Some(price)) }
    }

    #[test]
    fn two_worst_cases_do_not_cancel() {
        // Readers that come with the load go, and those that are always there get dearer.
        let before = Bill { lines: vec![ranging(1, (0.0, 800.0), 1.0), line(2, 1, Some(600.0), Some(1.0))] };
        let after = Bill { lines: vec![Line { price: Some(2.0), ..line(2, 1, Some(600.0), Some(1.0)) }] };
        let total: Total = before.delta(&after).into_values().sum();
        let Band { low, likely, high, open } = total.known;
        assert!(open && likely == high, "what it may come to: {total:?}");
        assert_eq!((low, high), (Usd::dollars(-500.0), Usd::dollars(600.0)));
        assert_eq!(after.total().known.likely - before.total().known.likely, Usd::dollars(-200.0));
    }

    #[test]
    fn what_is_stated_is_one_amount_and_what_has_one_end_needs_no_statement() {
        let usage = |stated| Usage::between(1.0, 4.0, stated);
        assert_eq!((usage(Some(2.0)).likely, usage(Some(9.0)).likely, usage(Some(0.0)).likely), (2.0, 4.0, 1.0));
        assert!(usage(None).open && !usage(Some(2.0)).open && !Usage::between(2.0, 2.0, None).open);
        assert!(usage(Some(2.0)).of_each(usage(None)).open && !usage(None).times(0.0).open);
    }

    proptest! {
        /// The resources' amounts add up to the whole, and nothing unknown is lost on the way.
        #[test]
        fn resources_add_up(bill in bill()) {
            let sum: Total = bill.by_address().into_values().sum();
            prop_assert_eq!(sum, bill.total());
        }

        /// With nothing unknown, before and the difference add up to after; and the way back is as long.
        #[test]
        fn differences_add_up(before in bill(), after in bill()) {
            let whole = |bill: Bill| Bill { lines: bill.lines.into_iter().filter(|line| line.missing.is_none()).collect() };
            let (before, after) = (whole(before), whole(after));
            let there: Total = before.delta(&after).into_values().sum();
            let back: Total = after.delta(&before).into_values().sum();
            prop_assert_eq!(before.total().known.likely + there.known.likely, after.total().known.likely);
            prop_assert_eq!(there.known.likely, Usd(0) - back.known.likely);
            prop_assert!(there.known.low <= there.known.likely && there.known.likely <= there.known.high);
        }

        /// No load makes a change dearer or cheaper than its ends say, also where one range begins or ends within the other.
        #[test]
        fn a_change_holds_at_every_load(
            (a, b, c, d) in (0.0..9.0_f64, 0.0..9.0_f64, 0.0..9.0_f64, 0.0..9.0_f64),
            prices in (0.1..2.0_f64, 0.1..2.0_f64),
            load in 0.0..20.0_f64,
        ) {
            let (before, after) = (ranging(1, (a, a + b), prices.0), ranging(1, (c, c + d), prices.1));
            let band = Line::change(Some(&before), Some(&after)).unwrap();
            let change = after.at(load).unwrap() - before.at(load).unwrap();
            // Each amount is rounded to a millionth.
            prop_assert!(band.low.0 - 2 <= change.0 && change.0 <= band.high.0 + 2, "{change:?} in {band:?}");
            prop_assert!(!band.open || band.likely == band.high);
        }

        /// A difference knows everything that it could not count.
        #[test]
        fn unknowns_propagate(before in bill(), after in bill()) {
            let delta: Total = before.delta(&after).into_values().sum();
            let same = |line: &&Line| !before.lines.contains(line);
            let fresh: BTreeSet<Missing> = after.lines.iter().filter(same).filter_map(|line| line.missing.clone()).collect();
            prop_assert!(fresh.is_subset(&delta.missing));
            prop_assert!(before.delta(&before).is_empty());
        }
    }
}
