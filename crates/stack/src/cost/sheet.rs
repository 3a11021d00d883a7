//! A bill while it is written.

use super::prices::Prices;
use auroractl_core::Address;
use auroractl_core::cost::{Bill, Line, Missing, Usage};

/// Lines that are being gathered.
pub(super) struct Sheet<'a> {
    prices: &'a Prices,
    lines: Vec<Line>,
}

/// How much is used.
pub(super) enum Used {
    /// So much.
    Known(Usage),
    /// The setting of section `cost` that would say it.
    Unstated(&'static str),
}

impl Used {
    /// Without a range.
    pub(super) fn exactly(amount: f64) -> Self {
        Self::Known(Usage::exactly(amount))
    }

    /// A setting of section `cost` and its name; a share of it where several have part in it.
    pub(super) fn assumed(value: Option<f64>, (setting, among): (&'static str, usize)) -> Self {
        let parts = f64::from(u32::try_from(among.max(1)).unwrap_or(u32::MAX));
        value.map_or(Self::Unstated(setting), |value| Self::exactly(value / parts))
    }

    /// Everything multiplied.
    pub(super) fn times(self, factor: f64) -> Self {
        match self {
            Self::Known(usage) => Self::Known(usage.times(factor)),
            unstated @ Self::Unstated(_) => unstated,
        }
    }
}

/// A price by its name, and another that it is multiplied with.
#[derive(Clone, Copy)]
pub(super) struct Rate<'a> {
    /// Its name in the table.
    pub(super) key: &'a str,
    /// The name of a factor.
    pub(super) factor: Option<&'static str>,
}

impl<'a> From<&'a str> for Rate<'a> {
    fn from(key: &'a str) -> Self {
        Self { key, factor: None }
    }
}

impl<'a> Sheet<'a> {
    pub(super) fn new(prices: &'a Prices) -> Self {
        Self { prices, lines: Vec::new() }
    }

    /// Adds a line.
    pub(super) fn add<'r>(&mut self, address: &Address, item: &str, (used, rate): (Used, impl Into<Rate<'r>>)) {
        let rate = rate.into();
        let price = usd(self.prices, rate);
        let (usage, unstated) = match used {
            Used::Known(usage) => (Some(usage), None),
            Used::Unstated(setting) => (None, Some(Missing::Usage(setting.to_owned()))),
        };
        let unpriced = price.is_none().then(|| Missing::Price(rate.key.to_owned()));
        self.lines.push(Line {
            address: address.clone(),
            item: item.to_owned(),
            usage,
            unit: self.prices.unit(rate.key).to_owned(),
            price_key: rate.key.to_owned(),
            price,
            missing: unpriced.or(unstated),
        });
    }

    pub(super) fn bill(mut self) -> Bill {
        self.lines.sort_by(|a, b| a.address.cmp(&b.address));
        Bill { lines: self.lines }
    }
}

/// A price with its factor, if both are known.
pub(super) fn usd(prices: &Prices, rate: Rate<'_>) -> Option<f64> {
    let base = prices.get(rate.key)?.usd;
    rate.factor.map_or(Some(base), |factor| Some(base * prices.get(factor)?.usd))
}
