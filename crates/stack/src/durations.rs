//! The priors of durations: `data/durations.tsv`, one line per kind and deed, each with its date and source.

use auroractl_core::durations::{Deed, Estimate, Priors};

/// The table, as it stands in the file.
const TABLE: &str = include_str!("../data/durations.tsv");

/// How long everything usually takes, before anything was measured.
#[must_use]
pub fn priors() -> Priors {
    let mut priors = Priors::default();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        if let Some((kind, deed, estimate)) = read(line) {
            priors.add(kind, deed, estimate);
        }
    }
    priors
}

/// A line of the table; `None` for one that is none, which a test rules out.
fn read(line: &str) -> Option<(&str, Deed, Estimate)> {
    let mut cells = line.split('\t');
    let (kind, name) = (cells.next()?, cells.next()?);
    let deed = Deed::TIMED.into_iter().find(|deed| deed.name() == name)?;
    let (p50, p95) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
    Some((kind, deed, Estimate { p50, p95 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_is_read_and_dated_and_sourced() {
        let lines: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        for line in &lines {
            let (_, _, estimate) = read(line).unwrap_or_else(|| panic!("{line}"));
            assert!(estimate.p50 > 0.0 && estimate.p95 >= estimate.p50, "{line}");
            let cells: Vec<&str> = line.split('\t').collect();
            assert!(cells[4].parse::<jiff::civil::Date>().is_ok() && !cells[5].is_empty(), "{line}");
        }
        assert_eq!(priors().iter().count(), lines.len(), "a line stands there twice");
    }

    #[test]
    fn every_kind_has_its_lines_and_no_line_is_of_another() {
        let (registry, priors) = (registry(), priors());
        let kinds: BTreeSet<&str> = registry.iter().map(|kind| kind.name()).collect();
        for kind in &kinds {
            for deed in [Deed::Create, Deed::First, Deed::Update, Deed::Restart, Deed::Delete] {
                assert!(priors.get(kind, deed).is_some(), "{kind} {deed} has no line");
            }
        }
        for (kind, deed) in
            [("db_cluster", Deed::Failover), ("db_instance", Deed::Settle), ("db_instance", Deed::Reboot)]
        {
            assert!(priors.get(kind, deed).is_some(), "{kind} {deed} has no line");
        }
        let told: BTreeSet<&str> = priors.iter().map(|(kind, ..)| kind).collect();
        assert_eq!(told, kinds);
    }
}
