//! What people do where AWS can't edit in place: `data/operations.toml`, each operation with its steps, its duration and its
//! outage, its date and source. A refusal names them; auroractl runs none of them.

use auroractl_core::{Estimate, Operation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The table, as it stands in the file.
const TABLE: &str = include_str!("../data/operations.toml");

/// An operation as people run it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// What it does.
    pub title: String,
    /// Its steps, in their order.
    pub steps: Vec<String>,
    /// How long it takes, in seconds.
    pub duration: Estimate,
    /// How long nothing can be written, in seconds.
    pub outage: Estimate,
    /// When that was looked up.
    pub date: String,
    /// Where it comes from.
    pub source: String,
}

/// What an operation consists of; every operation has an entry, which a test checks.
#[must_use]
pub fn procedure(of: Operation) -> Option<Procedure> {
    table()?.remove(of.name())
}

fn table() -> Option<BTreeMap<String, Procedure>> {
    toml::from_str(TABLE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_has_its_entry_and_no_entry_is_of_another() {
        let table: BTreeMap<String, Procedure> = toml::from_str(TABLE).unwrap();
        for (name, one) in &table {
            assert!(one.steps.len() > 2 && !one.source.is_empty(), "{name}");
            assert!(one.date.parse::<jiff::civil::Date>().is_ok(), "{name}");
            for estimate in [one.duration, one.outage] {
                assert!(estimate.p50 >= 0.0 && estimate.p95 >= estimate.p50, "{name}");
            }
            assert!(one.outage.p50 <= one.duration.p50, "{name}");
        }
        let names: BTreeSet<&str> = Operation::ALL.iter().map(|one| one.name()).collect();
        assert_eq!(table.keys().map(String::as_str).collect::<BTreeSet<_>>(), names);
        for one in Operation::ALL {
            assert_eq!(serde_json::to_value(one).unwrap(), one.name());
        }
    }
}
