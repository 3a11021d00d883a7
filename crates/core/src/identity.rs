//! Who a resource is, before it exists.
//!
//! Everything that is needed to find a resource again after a crash is a pure
//! function of lineage, address and generation: its oid, and from that its
//! name, its client token and its ownership tags. No run id, no time and no
//! parameter of the resource enters, so a second run after a crash sends the
//! very same name and token, and the answer (`AlreadyExists`,
//! `IdempotentParameterMismatch`) proves that the first call was executed.

use crate::address::Address;
use crate::tags;
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Length of an oid: 26 base32 characters are 130 bits, more than enough to be unique.
pub const OID_LEN: usize = 26;
/// How much of the oid stands in a derived name.
const OID_IN_NAME: usize = 8;

/// The oid of one generation of one address of one stack.
#[must_use]
pub fn oid(lineage: &str, address: &Address, generation: u32) -> String {
    let mut hash = Sha256::new();
    for part in [lineage.as_bytes(), address.as_str().as_bytes(), &generation.to_be_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut text = BASE32_NOPAD.encode(&hash.finalize()).to_ascii_lowercase();
    text.truncate(OID_LEN);
    text
}

/// The part of an oid that stands in names.
#[must_use]
pub fn mark(oid: &str) -> &str {
    oid.get(..OID_IN_NAME).unwrap_or(oid)
}

/// How a kind gets its physical name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// AWS chooses the identifier (VPCs, subnets), or the resource has none of its own (routes).
    Server,
    /// The stack chooses: people paste endpoints, dashboards and runbooks know the name.
    Given(String),
    /// Derived from the identity, within the kind's limits.
    Derived(NameRule),
}

impl Naming {
    /// The physical name of the object with this oid, empty where AWS chooses it.
    #[must_use]
    pub fn name(self, stack: &StackId, address: &Address, oid: &str) -> String {
        match self {
            Self::Server => String::new(),
            Self::Given(name) => name,
            Self::Derived(rule) => rule.name(&stack.name, &stack.region, address, oid),
        }
    }
}

/// Limits of a derived name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRule {
    /// Longest name that AWS takes, in characters.
    pub max: usize,
    /// The name space is the account's, not the region's (IAM): the region becomes part of the name.
    pub global: bool,
    /// Text before the name (`alias/`).
    pub prefix: &'static str,
}

impl NameRule {
    /// A name in the region's name space of at most `max` characters.
    #[must_use]
    pub const fn regional(max: usize) -> Self {
        Self { max, global: false, prefix: "" }
    }

    /// A name in the account's name space of at most `max` characters.
    #[must_use]
    pub const fn global(max: usize) -> Self {
        Self { max, global: true, prefix: "" }
    }

    /// The same with a fixed text before it.
    #[must_use]
    pub const fn prefixed(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    /// `<stack>-<logical>-<oid, 8>`, in lower case; when too long the middle gives way, so that the hash survives.
    #[must_use]
    pub fn name(&self, stack: &str, region: &str, address: &Address, oid: &str) -> String {
        let body = self.cut(&format!("{}-{}", self.front(stack, region), clean(address.name())));
        format!("{}{}-{}", self.prefix, body.trim_end_matches('-'), mark(oid))
    }

    /// How every name of a stack begins.
    #[must_use]
    pub fn beginning(&self, stack: &str, region: &str) -> String {
        format!("{}{}", self.prefix, self.cut(&format!("{}-", self.front(stack, region))))
    }

    fn front(&self, stack: &str, region: &str) -> String {
        if self.global { format!("{}-{}", clean(stack), clean(region)) } else { clean(stack) }
    }

    fn cut(&self, body: &str) -> String {
        body.chars().take(self.max.saturating_sub(self.prefix.len() + OID_IN_NAME + 1)).collect()
    }
}

/// Letters and digits in lower case, and single hyphens between them.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect::<String>()
        .split('-')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

/// Where a stack lives: part of every identity and asserted before the first write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackId {
    /// Name of the stack.
    pub name: String,
    /// The AWS account, 12 digits. Empty only in offline commands on stacks that name none.
    pub account: String,
    /// The AWS region.
    pub region: String,
}

/// One generation of one resource, as its kind needs it to act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The stack.
    pub stack: StackId,
    /// The lineage of the state.
    pub lineage: String,
    /// The resource.
    pub address: Address,
    /// Which generation of it.
    pub generation: u32,
    /// The identity proper.
    pub oid: String,
    /// Physical name, empty where AWS chooses it.
    pub name: String,
}

impl Identity {
    /// The client token: the oid alone. Parameters stay out of it, see the module.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.oid
    }

    /// The four ownership tags.
    #[must_use]
    pub fn ownership(&self) -> BTreeMap<String, String> {
        [
            (tags::STACK, self.stack.name.clone()),
            (tags::LINEAGE, self.lineage.clone()),
            (tags::ADDRESS, self.address.to_string()),
            (tags::ID, self.oid.clone()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
    }

    /// The user's tags and the ownership tags: what a create call sends.
    #[must_use]
    pub fn with_tags(&self, user: &tags::Tags) -> BTreeMap<String, String> {
        let mut all = user.clone();
        all.extend(self.ownership());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn an_oid_depends_on_all_three_and_on_nothing_else() {
        let base = oid("l", &at("vpc.main"), 0);
        assert_eq!(base.len(), OID_LEN);
        assert_eq!(base, oid("l", &at("vpc.main"), 0));
        for other in [oid("m", &at("vpc.main"), 0), oid("l", &at("vpc.mai"), 0), oid("l", &at("vpc.main"), 1)] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn an_oid_is_for_good() {
        // Identities of running stacks hang on this value: it may never change.
        assert_eq!(oid("l", &at("vpc.main"), 0), "her2tbxidv3wy4rg4nimvm6gp7");
    }

    #[test]
    fn long_names_keep_their_hash_and_differ() {
        let rule = NameRule::global(40);
        let (a, b) =
            (at("iam_role.enhanced-monitoring-of-the-orders-a"), at("iam_role.enhanced-monitoring-of-the-orders-b"));
        let name = |of: &Address| rule.name("orders-production", "eu-central-1", of, &oid("l", of, 0));
        assert!(name(&a).len() <= 40 && name(&b).len() <= 40);
        assert_ne!(name(&a), name(&b));
        assert!(name(&a).starts_with("orders-production-eu-central-1-"));
        assert!(name(&a).starts_with(&rule.beginning("orders-production", "eu-central-1")));
    }

    #[test]
    fn derived_names_are_plain() {
        let of = at("kms_alias.main.x");
        let name = NameRule::regional(60).prefixed("alias/").name("Orders__Prod", "r", &of, "abcdefghijk");
        assert_eq!(name, "alias/orders-prod-main-x-abcdefgh");
    }
}
