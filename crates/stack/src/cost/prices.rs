//! List prices: `data/prices.tsv`, every line with its date and source, and the stack file's own prices before them.

use serde::Serialize;
use std::collections::BTreeMap;

/// The table, as it stands in the file.
const TABLE: &str = include_str!("../../data/prices.tsv");
/// Prices that are charged and that no source here has.
const UNLISTED: [(&str, &str); 3] =
    [("insights_advanced", "vCPU-hour"), ("insights_advanced_acu", "ACU-hour"), ("insights_history", "vCPU-month")];
/// The region column of a price that is the same everywhere.
const EVERYWHERE: &str = "*";

/// One price.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Price {
    /// US dollars for one unit.
    pub usd: f64,
    /// The unit.
    pub unit: String,
    /// The day that it was true on; empty for one of the stack file.
    pub date: String,
    /// Who says so.
    pub source: String,
}

/// The prices of one region.
#[derive(Clone, Debug)]
pub struct Prices {
    known: BTreeMap<String, Price>,
    /// The units of all names, also of those without a price here.
    units: BTreeMap<&'static str, &'static str>,
}

impl Prices {
    /// The list of a region, with the stack file's prices.
    #[must_use]
    pub fn of_region(region: &str, own: &BTreeMap<String, f64>) -> Self {
        let listed = rows().filter(|row| row.region == region || row.region == EVERYWHERE);
        let known = listed.map(|row| (row.key.to_owned(), row.price())).collect();
        let units = rows().map(|row| (row.key, row.unit)).chain(UNLISTED).collect();
        let mut prices = Self { known, units };
        for (key, usd) in own {
            let (usd, unit) = (*usd, prices.unit(key).to_owned());
            let price = Price { usd, unit, date: String::new(), source: "the stack file".to_owned() };
            prices.known.insert(key.clone(), price);
        }
        prices
    }

    /// The unit of a price, known or not.
    pub(super) fn unit(&self, key: &str) -> &'static str {
        if key.starts_with("db.") { "hour" } else { self.units.get(key).copied().unwrap_or("unit") }
    }

    /// A price, if it is known.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Price> {
        self.known.get(key)
    }

    /// The instance classes that have a price, by name.
    pub(super) fn classes(&self) -> impl Iterator<Item = (&str, f64)> {
        self.known.iter().filter(|(key, _)| key.starts_with("db.")).map(|(key, price)| (key.as_str(), price.usd))
    }
}

/// Is this the name of something that may stand on a bill?
#[must_use]
pub fn is_price(key: &str) -> bool {
    let class = key.strip_prefix("db.").is_some_and(|class| class.split('.').count() == 2 && key != "db.serverless");
    class || UNLISTED.iter().any(|(name, _)| *name == key) || rows().any(|row| row.key == key)
}

/// A line of the table.
struct Row {
    key: &'static str,
    region: &'static str,
    usd: f64,
    unit: &'static str,
    date: &'static str,
    source: &'static str,
}

impl Row {
    fn price(&self) -> Price {
        let Self { usd, unit, date, source, .. } = *self;
        Price { usd, unit: unit.to_owned(), date: date.to_owned(), source: source.to_owned() }
    }
}

fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(row)
}

/// A line of the table; `None` for one that is none, which a test rules out.
fn row(line: &'static str) -> Option<Row> {
    let mut cells = line.split('\t');
    let (key, region, usd) = (cells.next()?, cells.next()?, cells.next()?.parse().ok()?);
    Some(Row { key, region, usd, unit: cells.next()?, date: cells.next()?, source: cells.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_is_read_and_dated_and_sourced() {
        let lines: Vec<&'static str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        let mut seen = BTreeSet::new();
        for line in lines {
            let row = row(line).unwrap_or_else(|| panic!("{line}"));
            assert!(row.usd > 0.0 && row.usd.is_finite(), "{line}");
            assert!(row.date.parse::<jiff::civil::Date>().is_ok() && !row.source.is_empty(), "{line}");
            assert!(seen.insert((row.key, row.region)), "{line} stands there twice");
            assert!(is_price(row.key));
        }
    }

    #[test]
    fn a_region_that_is_not_listed_has_no_prices_but_those_of_everywhere() {
        let prices = Prices::of_region("mars-north-1", &BTreeMap::new());
        assert_eq!(prices.get("db.r7g.large"), None);
        assert_eq!(prices.get("public_ipv4").map(|price| price.usd), Some(0.005));
    }

    #[test]
    fn the_stack_file_has_the_last_word() {
        let own = BTreeMap::from([("db.r7g.large".to_owned(), 0.2), ("insights_advanced".to_owned(), 0.01)]);
        let prices = Prices::of_region("us-east-1", &own);
        assert_eq!(prices.get("db.r7g.large").map(|price| (price.usd, price.date.as_str())), Some((0.2, "")));
        assert_eq!(prices.get("insights_advanced").map(|price| price.unit.as_str()), Some("vCPU-hour"));
    }

    #[test]
    fn names_of_prices() {
        for (key, is) in
            [("db.r9g.large", true), ("nat_hour", true), ("db.serverless", false), ("db.r7g", false), ("x", false)]
        {
            assert_eq!(is_price(key), is, "{key}");
        }
    }
}
