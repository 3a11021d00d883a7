//! What a stack costs in a month: every resource's lines, from list prices and the stack file's assumptions.
//!
//! One priced thing is one file here and one line in [`PRICED`]. All of it is
//! pure: the resources, the prices, the assumptions and the day are arguments.
//! A kind that costs nothing by itself has a line in [`FREE`], so that none is
//! forgotten.

mod alarms;
mod autoscaling;
mod backup;
mod break_even;
mod capacity;
mod endpoints;
mod enhanced_monitoring;
mod extended_support;
mod flow_logs;
mod insights;
mod instance_hours;
mod io;
mod keys;
mod logs;
mod nat;
mod prices;
mod public_addresses;
mod recovery_points;
mod secrets;
mod sheet;
mod site;
mod storage;
#[cfg(test)]
mod tests;

pub use break_even::{BreakEven, Question};
pub use prices::{Price, Prices, is_price};

use crate::config::{Config, Cost};
use auroractl_core::Address;
use auroractl_core::cost::Bill;
use jiff::civil::Date;
use serde_json::Value;
use sheet::Sheet;
use site::Site;
use std::collections::{BTreeMap, BTreeSet};

/// Something that is paid for.
struct Priced {
    /// The kind whose resources cause it.
    kind: &'static str,
    /// Writes its lines.
    lines: fn(&Site<'_>, &mut Sheet<'_>),
}

/// Everything that is paid for.
const PRICED: &[Priced] = &[
    instance_hours::PRICED,
    capacity::PRICED,
    autoscaling::PRICED,
    storage::PRICED,
    io::PRICED,
    backup::PRICED,
    recovery_points::PRICED,
    extended_support::PRICED,
    insights::PRICED,
    enhanced_monitoring::PRICED,
    secrets::PRICED,
    nat::PRICED,
    public_addresses::PRICED,
    endpoints::PRICED,
    keys::PRICED,
    alarms::PRICED,
    logs::PRICED,
    flow_logs::PRICED,
];

/// Kinds that AWS charges nothing for, and why.
pub const FREE: &[(&str, &str)] = &[
    ("vpc", "free"),
    ("subnet", "free"),
    ("internet_gateway", "free; traffic to the internet is the applications'"),
    ("internet_gateway_attachment", "free"),
    ("route_table", "free"),
    ("route", "free"),
    ("route_table_association", "free"),
    ("security_group", "free"),
    ("security_group_rule", "free"),
    ("default_security_group", "free"),
    ("db_subnet_group", "free"),
    ("kms_alias", "free"),
    ("iam_role", "free"),
    ("iam_role_policy", "free"),
    ("iam_role_policy_attachment", "free"),
    ("db_cluster_parameter_group", "free"),
    ("db_parameter_group", "free"),
    ("backup_plan", "free; what it keeps is the vault's"),
    ("backup_selection", "free"),
    ("scaling_policy", "free"),
    ("sns_topic", "free"),
    ("sns_subscription", "free"),
];

/// What AWS charges for and no bill here counts, by the kind that it comes with.
pub const UNCOUNTED: &[(&str, &str)] = &[
    (
        "kms_key",
        "requests to the key ($0.03 for 10,000), and its first two rotations, each of which adds the price of a key",
    ),
    ("scaling_policy", "the alarms that Application Auto Scaling makes for itself"),
    ("sns_topic", "messages of alarms (the first thousand e-mails a month are free)"),
];

/// Those that come with resources of these kinds.
#[must_use]
pub fn uncounted(kinds: &BTreeSet<&str>) -> Vec<(&'static str, &'static str)> {
    UNCOUNTED.iter().copied().filter(|(kind, _)| kinds.contains(kind)).collect()
}

/// What a bill is made with, beside the resources.
#[derive(Clone, Debug)]
pub struct Pricing {
    prices: Prices,
    assumed: Cost,
    region: String,
    today: Date,
}

impl Pricing {
    /// Prices of a stack's region and its assumptions, on a day: support for a version ends on one.
    #[must_use]
    pub fn new(config: &Config, today: Date) -> Self {
        let prices = Prices::of_region(&config.stack.region, &config.cost.prices);
        Self { prices, assumed: config.cost.clone(), region: config.stack.region.clone(), today }
    }

    /// The bill of resources, given by their specs.
    pub fn bill<'a>(&'a self, specs: impl Iterator<Item = (&'a Address, &'a Value)>) -> Bill {
        let site = Site::new(self, specs);
        let mut sheet = Sheet::new(&self.prices);
        for priced in PRICED.iter().filter(|priced| site.has(priced.kind)) {
            (priced.lines)(&site, &mut sheet);
        }
        sheet.bill()
    }

    /// Where another choice would be cheaper, and from which load on.
    pub fn break_evens<'a>(&'a self, specs: impl Iterator<Item = (&'a Address, &'a Value)>) -> Vec<BreakEven> {
        break_even::all(&Site::new(self, specs))
    }

    /// The prices that a bill was made with, by name.
    #[must_use]
    pub fn used(&self, bill: &Bill) -> BTreeMap<String, Price> {
        let keys: BTreeSet<String> = bill.lines.iter().map(|line| line.price_key.clone()).collect();
        keys.into_iter().filter_map(|key| self.prices.get(&key).cloned().map(|price| (key, price))).collect()
    }

    /// The region that the prices are of.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}
