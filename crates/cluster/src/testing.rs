//! Shared by the unit tests of the kinds.

use auroractl_core::diff::Context;
use auroractl_core::{Address, Diff, Level, Model};
use std::collections::BTreeMap;

/// Path and level of every field that differs.
pub(crate) fn changes<M: Model>(old: &M, new: &M) -> Vec<(String, Level)> {
    let address = Address::new(M::KIND, "x").unwrap();
    let observed = BTreeMap::new();
    let mut diff = Diff::new(Context { address: &address, observed: &observed });
    M::diff(old, new, &mut diff);
    diff.finish().into_iter().map(|change| (change.path, change.impact.level)).collect()
}
