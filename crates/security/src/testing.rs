//! Shared by the unit tests of the kinds.

use auroractl_core::diff::Context;
use auroractl_core::identity::StackId;
use auroractl_core::{Address, Diff, Identity, Level, Model};
use std::collections::BTreeMap;

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

/// An identity of lineage `lineage` in the stack `orders`.
pub(crate) fn identity(address: &str) -> Identity {
    let address: Address = address.parse().unwrap();
    Identity {
        stack: StackId {
            name: "orders".to_owned(),
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
        },
        lineage: "lineage".to_owned(),
        oid: auroractl_core::identity::oid("lineage", &address, 0),
        address,
        generation: 0,
        name: String::new(),
    }
}
