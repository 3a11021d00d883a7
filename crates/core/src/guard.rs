//! Which resources hold data that no second run can bring back.
//!
//! The one list behind the promise that no edit deletes a database. For these
//! an edit that AWS can't make in place is a refusal, and a deletion needs
//! `--allow-delete ADDRESS`.

use crate::address::Address;
use crate::state::{Record, State};

/// Kinds that always hold data.
const KINDS: &[&str] = &["backup_vault", "db_cluster", "global_cluster", "kms_key", "log_group", "secret"];
/// A member kind whose last one takes its parent's availability with it.
const LAST_OF: (&str, &str) = ("db_instance", "db_cluster");

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

fn is_last_member(address: &Address, state: &State, remains: &dyn Fn(&Address) -> bool) -> bool {
    let (member, parent) = LAST_OF;
    let parent_of = |record: &Record| record.deps.iter().find(|dep| dep.kind() == parent).cloned();
    let Some(mine) = state.resources.get(address).filter(|_| address.kind() == member).and_then(parent_of) else {
        return false;
    };
    !state.resources.iter().any(|(other, record)| {
        other != address && other.kind() == member && remains(other) && parent_of(record).as_ref() == Some(&mine)
    })
}
