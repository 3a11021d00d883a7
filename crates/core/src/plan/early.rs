//! Which old objects go before new ones are made.
//!
//! Where AWS admits only one, the old one goes first. Whatever refers to it and
//! goes as well must go before it, so that goes early, too. If such a one is
//! replaced, its new half can't come first: it may need, through others, what
//! is only made when the early ones are gone.

use super::{Action, Change};
use crate::address::Address;
use crate::model::ReplaceOrder;
use crate::state::State;
use std::collections::{BTreeMap, BTreeSet};

/// The addresses whose old objects go before anything new is made that takes their place.
pub(crate) fn early(changes: &[Change], state: &State) -> BTreeSet<Address> {
    let mut users: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for change in changes {
        for dep in old_deps(change, state) {
            users.entry(dep).or_default().push(&change.address);
        }
    }
    let first = |change: &&Change| change.order == Some(ReplaceOrder::DeleteFirst);
    let mut next: Vec<&Address> = changes.iter().filter(first).map(|change| &change.address).collect();
    let mut found = BTreeSet::new();
    while let Some(at) = next.pop() {
        if found.insert(at.clone()) {
            next.extend(users.get(at).into_iter().flatten());
        }
    }
    found
}

/// Does an object go with this change, or is one let go of that is still there? What is gone already holds nothing up.
pub(crate) fn lets_go(change: &Change) -> bool {
    match change.action {
        Action::Replace | Action::Delete => true,
        Action::Forget => change.stays(),
        Action::Surge => change.old_generation.is_some(),
        _ => false,
    }
}

/// What the objects refer to that go with this change.
fn old_deps<'a>(change: &'a Change, state: &'a State) -> impl Iterator<Item = &'a Address> {
    let recorded = lets_go(change).then(|| state.used_by(&change.address)).into_iter().flatten();
    recorded.chain(state.deposed(&change.address).iter().flat_map(|old| &old.deps))
}
