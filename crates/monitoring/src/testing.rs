//! Shared by the unit tests of the kinds.

use auroractl_core::diff::Context;
use auroractl_core::lower::Step;
use auroractl_core::state::Verb;
use auroractl_core::{Address, Deed, Diff, Estimate, Level, Model};
use std::collections::{BTreeMap, BTreeSet};

/// Path and level of every field that differs.
pub(crate) fn changes<M: Model>(old: &M, new: &M) -> Vec<(String, Level)> {
    let address = Address::new(M::KIND, "x").unwrap();
    let observed = BTreeMap::new();
    let mut diff = Diff::new(Context { address: &address, observed: &observed });
    M::diff(old, new, &mut diff);
    let changes = diff.finish();
    assert!(changes.iter().all(|change| change.path.starts_with("tags.") || !change.impact.source.is_empty()));
    changes.into_iter().map(|change| (change.path, change.impact.level)).collect()
}

/// A step of generation 0 that waits for nothing.
pub(crate) fn step(address: &str, verb: Verb) -> Step {
    Step {
        address: address.parse().unwrap(),
        verb,
        generation: 0,
        target: None,
        undoes: None,
        after: BTreeSet::new(),
        deed: Deed::Create,
        estimate: Estimate::NOTHING,
        look_after: 0.0,
    }
}
