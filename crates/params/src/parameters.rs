//! The parameters of a group, in one spelling.
//!
//! RDS stores a value as it was sent, so two spellings of one value would
//! differ for ever. [`Parameters`] can only be made canonical: whatever is read
//! from a stack, a state or AWS compares equal when it means the same.

use crate::catalogue;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most parameters that one Modify or Reset call takes.
pub const PER_CALL: usize = 20;

/// Parameters that RDS checks against one another: they must travel in one call.
const TOGETHER: &[&[&str]] = &[
    &["password_encryption", "rds.accepted_password_auth_method"],
    &["ssl_max_protocol_version", "ssl_min_protocol_version"],
];

/// Parameters by name; names in lower case, values in RDS's spelling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct Parameters(BTreeMap<String, String>);

impl From<BTreeMap<String, String>> for Parameters {
    fn from(raw: BTreeMap<String, String>) -> Self {
        raw.into_iter().collect()
    }
}

impl From<Parameters> for BTreeMap<String, String> {
    fn from(parameters: Parameters) -> Self {
        parameters.0
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(raw: I) -> Self {
        let one = |(name, value): (N, V)| {
            let name = name.as_ref().trim().to_ascii_lowercase();
            let value = catalogue::canonical(&name, value.as_ref());
            (name, value)
        };
        Self(raw.into_iter().map(one).collect())
    }
}

impl Parameters {
    /// The parameters by name.
    #[must_use]
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The value of one parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// These parameters with others over them.
    #[must_use]
    pub fn overridden_by(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}

/// What leads from the parameters of a group to those that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// To be set, in chunks that fit into one call each.
    pub set: Vec<Vec<(String, String)>>,
    /// To go back to their defaults, likewise.
    pub reset: Vec<Vec<String>>,
}

impl Edits {
    /// The edits between two versions of a group.
    #[must_use]
    pub fn between(from: &Parameters, to: &Parameters) -> Self {
        let set = to.0.iter().filter(|(name, value)| from.0.get(*name) != Some(*value));
        let reset = from.0.keys().filter(|name| !to.0.contains_key(*name)).cloned().map(|name| (name, String::new()));
        let set = chunks(set.map(|(name, value)| (name.clone(), value.clone())).collect());
        let reset = chunks(reset.collect()).into_iter().map(|chunk| chunk.into_iter().map(|(name, _)| name).collect());
        Self { set, reset: reset.collect() }
    }
}

/// Splits parameters into calls of at most [`PER_CALL`] and never parts those that RDS checks against one another.
fn chunks(parameters: BTreeMap<String, String>) -> Vec<Vec<(String, String)>> {
    let mut left = parameters;
    let mut bundles: Vec<Vec<(String, String)>> = Vec::new();
    for names in TOGETHER {
        bundles.push(names.iter().filter_map(|name| left.remove_entry(*name)).collect());
    }
    bundles.extend(left.into_iter().map(|entry| vec![entry]));
    let mut calls: Vec<Vec<(String, String)>> = Vec::new();
    for bundle in bundles.into_iter().filter(|bundle| !bundle.is_empty()) {
        match calls.last_mut().filter(|call| call.len() + bundle.len() <= PER_CALL) {
            Some(call) => call.extend(bundle),
            None => calls.push(bundle),
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(count: usize) -> Parameters {
        (0..count).map(|n| (format!("made.up_{n:02}"), "1")).collect()
    }

    #[test]
    fn spellings_of_one_group_are_equal() {
        let a: Parameters = [("RDS.Force_SSL", "on"), ("shared_preload_libraries", "pgaudit, pg_stat_statements")]
            .into_iter()
            .collect();
        let b: Parameters =
            [("rds.force_ssl", "1"), ("shared_preload_libraries", "pg_stat_statements,pgaudit")].into_iter().collect();
        assert_eq!(a, b);
        assert_eq!(Edits::between(&a, &b), Edits::default());
    }

    #[test]
    fn twenty_per_call() {
        let edits = Edits::between(&Parameters::default(), &many(45));
        assert_eq!(edits.set.iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 5]);
        assert!(edits.reset.is_empty());
        let back = Edits::between(&many(45), &Parameters::default());
        assert_eq!(back.reset.iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 5]);
        assert!(back.set.is_empty());
    }

    #[test]
    fn dependent_parameters_are_not_parted() {
        let mut all: BTreeMap<String, String> = many(19).into();
        for names in TOGETHER {
            all.extend(names.iter().map(|name| ((*name).to_owned(), "x".to_owned())));
        }
        for fill in 0..4 {
            all.insert(format!("a.fill_{fill}"), "1".to_owned());
            let calls = chunks(all.clone());
            assert!(calls.iter().all(|call| call.len() <= PER_CALL));
            for names in TOGETHER {
                let holds = |call: &&Vec<(String, String)>| call.iter().any(|(name, _)| names.contains(&name.as_str()));
                assert_eq!(calls.iter().filter(holds).count(), 1);
            }
        }
    }

    #[test]
    fn only_what_differs_is_sent() {
        let from: Parameters =
            [("work_mem", "64"), ("log_statement", "ddl"), ("log_lock_waits", "1")].into_iter().collect();
        let to: Parameters = [("work_mem", "128"), ("log_statement", "DDL")].into_iter().collect();
        let edits = Edits::between(&from, &to);
        assert_eq!(edits.set, [[("work_mem".to_owned(), "128".to_owned())]]);
        assert_eq!(edits.reset, [["log_lock_waits".to_owned()]]);
    }
}
