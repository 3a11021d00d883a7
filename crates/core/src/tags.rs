//! Tags: the user's own, and the four that prove ownership.

use std::collections::BTreeMap;

/// The user's tags of a resource, without auroractl's and AWS's own.
pub type Tags = BTreeMap<String, String>;

/// Prefix of the ownership tags.
pub const PREFIX: &str = "auroractl:";
/// Name of the stack.
pub const STACK: &str = "auroractl:stack";
/// Lineage of the stack's state.
pub const LINEAGE: &str = "auroractl:lineage";
/// Address of the resource.
pub const ADDRESS: &str = "auroractl:address";
/// The resource's oid: see [`crate::identity`].
pub const ID: &str = "auroractl:id";

/// Most tags that AWS lets a resource have (system tags `aws:*` do not count), less our four.
pub const MAX_USER_TAGS: usize = 50 - 4;

/// The user's part of what AWS lists: without `auroractl:*` and `aws:*`.
pub fn user(all: &BTreeMap<String, String>) -> Tags {
    all.iter()
        .filter(|(key, _)| !key.starts_with(PREFIX) && !key.starts_with("aws:"))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
