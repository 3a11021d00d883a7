//! What auroractl remembers of a stack between runs.

use crate::address::Address;
use crate::durations::History;
use crate::identity::StackId;
use crate::observed::{Live, Owner};
use crate::standing::Standing;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Version of the state's written form.
pub const FORMAT: u32 = 1;

/// Where a resource lives; per resource, since a stack may span regions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// AWS account, 12 digits.
    pub account: String,
    /// AWS region.
    pub region: String,
}

/// What is known of one resource. Wholly known: no promise stands in a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Its kind.
    pub kind: String,
    /// Version of the kind's stored form.
    pub version: u32,
    /// Account and region.
    pub scope: Scope,
    /// Its identity at birth. A rename of the address leaves it as it is.
    pub oid: String,
    /// Which generation of its address.
    pub generation: u32,
    /// Physical name at birth, empty where AWS chooses.
    pub name: String,
    /// What was last sent.
    pub applied: Value,
    /// What AWS gave back.
    pub outputs: Value,
    /// What it refers to: deletion needs the order when the stack file no longer tells.
    pub deps: BTreeSet<Address>,
    /// AWS's immutable id.
    pub incarnation: Option<String>,
    /// A survey has seen it usable. A data-bearing resource that never was holds no data.
    pub settled: bool,
    /// When it was made, in Unix seconds: bounds for how long an unseen one is searched, nothing else.
    pub born: i64,
}

/// A predecessor in a half-done replacement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deposed {
    /// Its identity.
    pub oid: String,
    /// Its generation.
    pub generation: u32,
    /// Its physical name.
    pub name: String,
    /// What was last sent.
    pub applied: Value,
    /// What AWS gave back.
    pub outputs: Value,
    /// What it refers to.
    pub deps: BTreeSet<Address>,
    /// AWS's immutable id.
    pub incarnation: Option<String>,
}

/// A create, update or delete that was declared and whose end is not known.
///
/// It is dropped only when the world has been looked at, never because a later intent came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// The resource.
    pub address: Address,
    /// Its generation.
    pub generation: u32,
    /// Its identity.
    pub oid: String,
    /// Its physical name, empty where AWS chooses.
    pub name: String,
    /// What was to be done.
    pub verb: Verb,
    /// The spec as far as it was known then; promises may stand in it.
    pub spec: Value,
    /// What it refers to.
    pub deps: BTreeSet<Address>,
    /// A call may have been sent.
    pub attempted: bool,
    /// It stays at AWS and is only forgotten, since what this resource leaves behind needs it. Written down, for the
    /// record that says so goes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_by: Option<Address>,
}

/// What a step does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Make it.
    Create,
    /// Edit it in place.
    Update,
    /// Record one that was found to be ours, then edit it if it differs.
    Adopt,
    /// Delete it, or the deposed predecessor of that generation.
    Delete,
    /// Drop the record of one that is already gone.
    Forget,
    /// Hand over what only one of several can do: the step says to whom.
    Failover,
    /// Hand it back: the step says to whom. A verb of its own, since a run may do both, and an intent is known by its verb.
    Failback,
    /// Wait until it has caught up with the others. Nothing is sent.
    Settle,
    /// Restart it as it is: what was accepted earlier counts from then on.
    Restart,
    /// Keep it from acting by itself.
    Pause,
    /// Let it act by itself again.
    Resume,
}

impl Verb {
    /// Those that act on a resource and leave it as it is recorded. One of them whose end is not known is looked into by
    /// the next plan, like an edit: it goes by what it sees, and asks for the operation again where it is still needed.
    #[must_use]
    pub fn operates(self) -> bool {
        match self {
            Self::Failover | Self::Failback | Self::Settle | Self::Restart | Self::Pause | Self::Resume => true,
            Self::Create | Self::Update | Self::Adopt | Self::Delete | Self::Forget => false,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Adopt => "adopt",
            Self::Delete => "delete",
            Self::Forget => "forget",
            Self::Failover => "failover",
            Self::Failback => "failback",
            Self::Settle => "settle",
            Self::Restart => "restart",
            Self::Pause => "pause",
            Self::Resume => "resume",
        })
    }
}

/// The state of one stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// [`FORMAT`].
    pub format: u32,
    /// The stack.
    pub stack: StackId,
    /// Made once, by the first apply; part of every identity.
    pub lineage: String,
    /// Rises by one with every commit.
    pub serial: u64,
    /// The resources.
    pub resources: BTreeMap<Address, Record>,
    /// Predecessors of half-done replacements that still await deletion. Beside the records, since the
    /// successor may be gone before they are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deposed: BTreeMap<Address, Vec<Deposed>>,
    /// The next generation of addresses whose generation 0 is burned, also of addresses that are gone.
    pub generations: BTreeMap<Address, u32>,
    /// Unresolved intents.
    pub intents: Vec<Intent>,
    /// How long what was done took.
    #[serde(default, skip_serializing_if = "History::is_empty")]
    pub durations: History,
    /// Resources that have moved and whose tags still name the address that they had before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub untold: BTreeSet<Address>,
    /// What the stack has said of itself in runs that are over. An earlier release wrote nothing of it, and a rebuilt state
    /// does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
}

impl State {
    /// The state of a stack that has never been applied.
    #[must_use]
    pub fn new(stack: StackId, lineage: String) -> Self {
        Self {
            format: FORMAT,
            stack,
            lineage,
            serial: 0,
            resources: BTreeMap::new(),
            deposed: BTreeMap::new(),
            generations: BTreeMap::new(),
            intents: Vec::new(),
            durations: History::default(),
            untold: BTreeSet::new(),
            standing: None,
        }
    }

    /// The generation that a create of this address would get now.
    #[must_use]
    pub fn generation(&self, address: &Address) -> u32 {
        self.generations.get(address).copied().unwrap_or(0)
    }

    /// The create of a resource whose end is not known, if there is one.
    #[must_use]
    pub fn create_intent(&self, address: &Address) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent.verb == Verb::Create && intent.address == *address)
    }

    /// Who left something behind that needs this resource, as an interrupted run has found and not yet acted upon.
    #[must_use]
    pub fn kept_by(&self, address: &Address) -> Option<&Address> {
        let of = |intent: &&Intent| intent.verb == Verb::Forget && intent.address == *address;
        self.intents.iter().filter(of).find_map(|intent| intent.kept_by.as_ref())
    }

    /// What a resource may refer to at AWS: by its record, and by edits and creates whose end is not known.
    #[must_use]
    pub fn used_by(&self, address: &Address) -> BTreeSet<&Address> {
        let in_doubt = |intent: &&Intent| {
            intent.address == *address && matches!(intent.verb, Verb::Create | Verb::Update | Verb::Adopt)
        };
        let intended = self.intents.iter().filter(in_doubt).map(|intent| &intent.deps);
        self.resources.get(address).map(|record| &record.deps).into_iter().chain(intended).flatten().collect()
    }

    /// The predecessors of a resource that still await deletion.
    #[must_use]
    pub fn deposed(&self, address: &Address) -> &[Deposed] {
        self.deposed.get(address).map_or(&[], Vec::as_slice)
    }

    /// Marks a generation as used up, so that its name and token are never sent for another object.
    pub fn burn(&mut self, address: &Address, generation: u32) {
        let next = self.generations.entry(address.clone()).or_insert(0);
        *next = (*next).max(generation.saturating_add(1));
    }
}

impl Record {
    /// The record read as an observation: what a plan without refresh works on.
    #[must_use]
    pub fn remembered(&self) -> Live {
        Live {
            incarnation: self.incarnation.clone(),
            ..Live::ready(self.applied.clone(), self.outputs.clone(), Owner::Oid(self.oid.clone()))
        }
    }

    /// The record as the predecessor of its replacement.
    #[must_use]
    pub fn depose(&self) -> Deposed {
        Deposed {
            oid: self.oid.clone(),
            generation: self.generation,
            name: self.name.clone(),
            applied: self.applied.clone(),
            outputs: self.outputs.clone(),
            deps: self.deps.clone(),
            incarnation: self.incarnation.clone(),
        }
    }
}
