//! What AWS answered about a resource, without its Rust type.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Result of looking for one resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// It does not exist.
    Absent,
    /// It could not be told; the text says why. Never treated as absent.
    Unknown(String),
    /// It exists.
    Live(Box<Live>),
}

/// A resource as AWS has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Live {
    /// Its spec, normalised so that an unchanged resource equals what the stack wants.
    pub spec: Value,
    /// Its outputs.
    pub outputs: Value,
    /// May it be used?
    pub readiness: Readiness,
    /// Whose it is.
    pub owner: Owner,
    /// It carries its oid, and others of its ownership tags are missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unmarked: bool,
    /// AWS's immutable id (`DbClusterResourceId`), which tells a namesake from the original.
    pub incarnation: Option<String>,
    /// Edits that AWS has accepted and not yet applied: not drift.
    pub pending: BTreeMap<String, Value>,
    /// What is in force of the fields of which the spec has a pending value, since the stack left that to the maintenance
    /// window: an edit back to it withdraws what nobody has felt.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub in_force: BTreeMap<String, Value>,
    /// What needs it though no state says so: a key's snapshots. Asked only where the stack does not want it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed_by: Option<String>,
    /// Fields whose edit interrupts nobody here, which their kind can't promise: AWS says so of this very resource. Asked
    /// only where the stack edits it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub seamless: BTreeSet<String>,
    /// What AWS says of it beside its spec, in the form of its kind: for people who look. No plan goes by it, nothing
    /// is compared with it, and no record holds it. `None` where the kind keeps nothing of the sort, or where AWS was
    /// not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Value>,
}

impl Live {
    /// A resource that is ready, with nothing pending, and of which nothing more was asked.
    #[must_use]
    pub fn ready(spec: Value, outputs: Value, owner: Owner) -> Self {
        Self {
            spec,
            outputs,
            readiness: Readiness::Ready,
            owner,
            unmarked: false,
            incarnation: None,
            pending: BTreeMap::new(),
            in_force: BTreeMap::new(),
            needed_by: None,
            seamless: BTreeSet::new(),
            told: None,
        }
    }

    /// What AWS says of it beside its spec, read in the form of its kind.
    #[must_use]
    pub fn told_as<T: DeserializeOwned>(&self) -> Option<T> {
        self.told.as_ref().and_then(|told| T::deserialize(told).ok())
    }

    /// Is this what the create of this identity made?
    #[must_use]
    pub fn made_as(&self, oid: &str) -> bool {
        match &self.owner {
            Owner::Oid(own) | Owner::Partial(own) => own == oid,
            Owner::Inherited | Owner::Service => true,
            Owner::Untagged => false,
        }
    }
}

/// May a resource be used?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// Yes.
    Ready,
    /// Not yet; the text is AWS's status. Unknown states count as this.
    Pending(String),
    /// Somebody has switched it off, and no waiting brings it back; the text says status and what to do. It was in use, and
    /// is as it was when it is switched on again.
    Halted(String),
    /// It is on its way out.
    Deleting,
    /// It failed for good; the text says status and reason.
    Failed(String),
}

/// Whose a resource is, by its tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// It carries this oid.
    Oid(String),
    /// It carries this oid, and not all of the other ownership tags: by those it would not be found after a loss. Kinds answer
    /// so; the engine makes it an oid and [`Live::unmarked`].
    Partial(String),
    /// The kind has no tags: the resource belongs to whoever owns its parts.
    Inherited,
    /// AWS made it by itself for what is ours (RDS a log group for its cluster), and nobody has laid a hand on it.
    Service,
    /// It carries no tag of ours.
    Untagged,
}

impl Observed {
    /// The resource, if it exists.
    #[must_use]
    pub fn live(&self) -> Option<&Live> {
        match self {
            Self::Live(live) => Some(live),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}

impl Owner {
    /// Whose the resource is, from its tags.
    #[must_use]
    pub fn of(tags: &BTreeMap<String, String>) -> Self {
        let Some(oid) = tags.get(crate::tags::ID).cloned() else { return Self::Untagged };
        let rest = [crate::tags::STACK, crate::tags::LINEAGE, crate::tags::ADDRESS];
        if rest.iter().all(|key| tags.contains_key(*key)) { Self::Oid(oid) } else { Self::Partial(oid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags;

    #[test]
    fn an_owner_is_told_by_all_its_tags() {
        let all = [tags::ID, tags::STACK, tags::LINEAGE, tags::ADDRESS].map(|key| (key.to_owned(), "x".to_owned()));
        let all = BTreeMap::from(all);
        assert_eq!(Owner::of(&all), Owner::Oid("x".to_owned()));
        let without = |key: &str| {
            let mut some = all.clone();
            some.remove(key);
            Owner::of(&some)
        };
        assert_eq!(without(tags::ID), Owner::Untagged);
        for key in [tags::STACK, tags::LINEAGE, tags::ADDRESS] {
            assert_eq!(without(key), Owner::Partial("x".to_owned()), "{key}");
        }
    }
}
