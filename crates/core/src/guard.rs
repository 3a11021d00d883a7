//! Which resources hold data that no second run can bring back.
//!
//! The one list behind the promise that no edit deletes a database. For these
//! an edit that AWS can't make in place is a refusal, and a deletion needs
//! `--allow-delete ADDRESS`.

use crate::address::Address;
use crate::state::State;
use std::collections::BTreeSet;

/// Kinds that always hold data.
const KINDS: &[&str] = &["backup_vault", "db_cluster", "global_cluster", "kms_key", "log_group", "secret"];
/// A member kind whose last one takes its parent's availability with it.
pub const MEMBER: &str = "db_instance";
/// Their parent.
pub const PARENT: &str = "db_cluster";

/// Does every resource of this kind hold data?
#[must_use]
pub fn holds_data(kind: &str) -> bool {
    KINDS.contains(&kind)
}

/// Is this resource data-bearing, given which others remain?
///
/// `remains` tells whether an address is still there after the change.
#[must_use]
pub fn data_bearing(address: &Address, state: &State, remains: &dyn Fn(&Address) -> bool) -> bool {
    holds_data(address.kind()) || is_last_member(address, state, remains)
}

/// The parent of a member, by what was recorded, or by a create whose end nobody has seen: what it made serves as well.
#[must_use]
pub fn parent<'a>(address: &Address, state: &'a State) -> Option<&'a Address> {
    let deps = (address.kind() == MEMBER).then(|| state.used_by(address))?;
    deps.into_iter().find(|dep| dep.kind() == PARENT)
}

/// Did the user permit this deletion by name? Who lets a cluster go lets its members go.
#[must_use]
pub fn permitted(address: &Address, state: &State, allowed: &BTreeSet<Address>) -> bool {
    allowed.contains(address) || parent(address, state).is_some_and(|parent| allowed.contains(parent))
}

fn is_last_member(address: &Address, state: &State, remains: &dyn Fn(&Address) -> bool) -> bool {
    let Some(mine) = parent(address, state) else { return false };
    !state.resources.keys().any(|other| other != address && remains(other) && parent(other, state) == Some(mine))
}
