//! From desired, recorded and observed state to changes.
//!
//! [`plan`] is a function: same inputs, same bytes. It decides everything that
//! apply will do (names, generations, identities), so that apply invents
//! nothing.

mod along;
mod causes;
mod decide;
mod early;
mod interrupts;

pub use along::{CLUSTER_TIMED, MEMBER_TIMED, taken_along, taken_back};
pub(crate) use early::{early, lets_go};
pub use interrupts::{awaits_restart, interrupts, restarted_together};

use crate::address::Address;
use crate::diff::FieldChange;
use crate::graph::Graph;
use crate::guard;
use crate::impact::{Level, Operation, When};
use crate::kind::{Kinds, Malformed};
use crate::model::{Group, ReplaceOrder};
use crate::observed::Observed;
use crate::state::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Everything a plan depends on.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The kinds.
    pub kinds: &'a dyn Kinds,
    /// What the stack wants; an empty graph when it is to be destroyed.
    pub graph: &'a Graph,
    /// What was recorded.
    pub state: &'a State,
    /// What was observed, by address; an address that is missing was not looked for and cannot exist.
    pub observed: &'a BTreeMap<Address, Observed>,
    /// What the user permits.
    pub options: &'a Options,
}

/// What the user permits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Data-bearing resources that may be deleted.
    pub allow_delete: BTreeSet<Address>,
    /// The stack is marked `ephemeral`: its data may go with it, where an earlier run has written that down
    /// ([`crate::standing`]).
    pub ephemeral: bool,
    /// The environment that the stack file names. Empty where nobody says it: a plan without a stack file, or one that an
    /// earlier release has saved.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// The whole stack goes.
    pub destroy: bool,
}

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Made.
    Create,
    /// Edited in place; nobody is interrupted.
    Update,
    /// Edited in place; an instance restarts or the writer changes.
    Restart,
    /// Made anew.
    Replace,
    /// Deleted.
    Delete,
    /// Found to be ours and recorded.
    Adopt,
    /// Gone already; the record goes too.
    Forget,
    /// Made, and deleted again when those are back that it stands in for.
    Surge,
    /// Not done, and nothing else is done either.
    Refused,
}

/// Why it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// It is as the stack wants it.
    Unchanged,
    /// It is new in the stack.
    New,
    /// It was there and was deleted by somebody else.
    DeletedOutside,
    /// The stack's wish changed.
    Edited {
        /// The fields.
        fields: Vec<String>,
    },
    /// Somebody else changed it.
    Drifted {
        /// The fields.
        fields: Vec<String>,
    },
    /// It is as it was sent: AWS has accepted that and not applied it yet.
    Unapplied {
        /// The fields.
        fields: Vec<String>,
    },
    /// An edit of ours has begun whose end nobody has seen, and this is not as it was sent.
    CutShort {
        /// The fields.
        fields: Vec<String>,
    },
    /// These fields left the stack: AWS keeps their last value and auroractl no longer looks at them.
    Relinquished {
        /// The fields.
        fields: Vec<String>,
    },
    /// AWS can't edit these fields in place.
    CannotUpdate {
        /// The fields.
        fields: Vec<String>,
    },
    /// It left the stack.
    RemovedFromStack,
    /// The stack is destroyed.
    Destroyed,
    /// It stays at AWS, and is only forgotten: what this resource leaves behind needs it.
    Kept {
        /// The resource that goes and leaves something.
        by: Address,
    },
    /// It stays at AWS, and is only forgotten: something that is not the stack's needs it (a snapshot its key).
    Needed {
        /// What needs it.
        what: String,
    },
    /// An earlier run made it and was interrupted before it could record it.
    FoundOwned,
    /// AWS made it by itself for what is the stack's, and nobody has laid a hand on it.
    MadeByAws,
    /// An interrupted run left AWS working on it: apply waits until it is usable.
    Unfinished {
        /// AWS's status.
        status: String,
    },
    /// An earlier attempt failed at AWS; it is removed and made again.
    FailedEarlier {
        /// AWS's status.
        status: String,
    },
    /// It was usable and has failed at AWS since. It holds what it holds, so that it is neither made anew nor deleted.
    Ailing {
        /// AWS's status, and what people can do where that is known.
        status: String,
    },
    /// It is there only while others are away.
    StandsIn,
    /// Its ownership tags are missing.
    TagsMissing,
    /// It has moved: its tags still name the address that it had before.
    Moved,
    /// See the refusal.
    Refused,
}

/// Why nothing is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of obstacle.
    pub class: RefusalClass,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub way_out: String,
    /// The operations that people may run instead, the gentlest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<Operation>,
}

/// What kind of obstacle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalClass {
    /// It holds data and would be deleted or made anew.
    DataBearing,
    /// Its deletion protection is on.
    Protected,
    /// A resource of that name belongs to somebody else.
    Conflict,
    /// It holds data and is no longer there.
    Vanished,
    /// It could not be looked at.
    Unknown,
}

/// One resource's way from observed to desired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The resource.
    pub address: Address,
    /// Which part of the stack it belongs to.
    pub group: Group,
    /// What is done.
    pub action: Action,
    /// Why; never empty.
    pub reasons: Vec<Reason>,
    /// What differs.
    pub fields: Vec<FieldChange>,
    /// The worst impact of its fields.
    pub impact: Level,
    /// Edits that AWS has accepted and not yet applied.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<String, Value>,
    /// Its edits wait for the maintenance window where AWS lets them, as the stack wants it: its call is not one that is
    /// applied at once, whatever it edits.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deferred: bool,
    /// The generation that will be there afterwards.
    pub generation: u32,
    /// The identity that will be there afterwards.
    pub oid: String,
    /// The physical name that will be there afterwards, empty where AWS chooses it.
    pub name: String,
    /// For a replacement, which half comes first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<ReplaceOrder>,
    /// The generation of the object that goes, for deletions and replacements. Of a surge: one of an earlier run, which
    /// can't be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_generation: Option<u32>,
    /// Predecessors of interrupted replacements that are deleted as well, by generation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deposed: Vec<u32>,
    /// Why it is refused, for refused changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
}

/// How many changes of each action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// [`Action::Create`].
    pub create: usize,
    /// [`Action::Update`].
    pub update: usize,
    /// [`Action::Restart`].
    pub restart: usize,
    /// [`Action::Replace`].
    pub replace: usize,
    /// [`Action::Delete`].
    pub delete: usize,
    /// [`Action::Adopt`].
    pub adopt: usize,
    /// [`Action::Forget`].
    pub forget: usize,
    /// [`Action::Surge`].
    pub surge: usize,
    /// [`Action::NoOp`].
    pub noop: usize,
    /// [`Action::Refused`].
    pub refused: usize,
    /// Resources with edits that AWS has accepted and not yet applied.
    pub pending: usize,
    /// Resources that were usable and have failed at AWS since, whatever is done to them.
    pub ailing: usize,
}

/// What will be done to a stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// One change per address: forward changes in the order of need, what stands in for them, then deletions.
    pub changes: Vec<Change>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The stack or the state names a kind that this auroractl does not know.
    #[error("this auroractl knows no kind `{kind}` (of {address}); a newer release may")]
    UnknownKind {
        /// The resource.
        address: Address,
        /// Its kind.
        kind: String,
    },
    /// A stored value can't be read.
    #[error("{address}: {source}")]
    Malformed {
        /// The resource.
        address: Address,
        /// What is wrong.
        source: Malformed,
    },
}

/// Computes the plan.
///
/// # Errors
/// When a kind is unknown or a stored value can't be read.
pub fn plan(inputs: &Inputs<'_>) -> Result<Plan, PlanError> {
    decide::all(inputs).map(|changes| Plan { changes })
}

impl Change {
    /// A change of which nothing more is known: no field differs, and nobody feels it.
    #[must_use]
    pub fn bare(address: Address, group: Group, action: Action) -> Self {
        Self {
            address,
            group,
            action,
            reasons: Vec::new(),
            fields: Vec::new(),
            impact: Level::None,
            pending: BTreeMap::new(),
            deferred: false,
            generation: 0,
            oid: String::new(),
            name: String::new(),
            order: None,
            old_generation: None,
            deposed: Vec::new(),
            refusal: None,
        }
    }

    /// Is the resource made, be it anew or for a while?
    #[must_use]
    pub fn makes(&self) -> bool {
        matches!(self.action, Action::Create | Action::Replace | Action::Surge)
    }

    /// Does this field, or one below it, differ?
    #[must_use]
    pub fn edits(&self, field: &str) -> bool {
        let below = |path: &str| path.strip_prefix(field).is_some_and(|rest| rest.starts_with('.'));
        self.fields.iter().any(|edit| edit.path == field || below(&edit.path))
    }

    /// Is AWS told a wish for this field, or one below it: is the resource made, or the field edited in place?
    #[must_use]
    pub fn sends(&self, field: &str) -> bool {
        match self.action {
            Action::Create | Action::Replace | Action::Surge => true,
            Action::Update | Action::Restart | Action::Adopt => self.edits(field),
            Action::NoOp | Action::Delete | Action::Forget | Action::Refused => false,
        }
    }

    /// The worst that users feel of the call itself, with what it takes along: what counts at a restart or in the maintenance
    /// window is felt then.
    #[must_use]
    pub fn felt_now(&self) -> Level {
        let now = self.fields.iter().filter(|field| field.impact.when == When::Now).map(|field| field.impact.level);
        let own = if self.fields.is_empty() { self.impact } else { now.max().unwrap_or(Level::None) };
        let along = taken_along(self).next().map_or(Level::None, |_| match self.address.kind() {
            guard::PARENT => Level::RebootAll,
            _ => Level::RebootOne,
        });
        own.max(along)
    }

    /// Who leaves something behind that needs this resource: then it is forgotten and stays at AWS.
    #[must_use]
    pub fn kept_by(&self) -> Option<&Address> {
        self.reasons.iter().find_map(|reason| match reason {
            Reason::Kept { by } => Some(by),
            _ => None,
        })
    }

    /// Did an earlier run make it, and no record says so before this plan has taken it over?
    #[must_use]
    pub fn is_unrecorded(&self) -> bool {
        self.action == Action::Adopt && self.reasons.contains(&Reason::FoundOwned)
    }

    /// AWS's status of one that was usable and has failed since.
    #[must_use]
    pub fn ailing(&self) -> Option<&str> {
        self.reasons.iter().find_map(|reason| match reason {
            Reason::Ailing { status } => Some(status.as_str()),
            _ => None,
        })
    }

    /// Is it forgotten though it stays at AWS?
    #[must_use]
    pub fn stays(&self) -> bool {
        self.reasons.iter().any(|reason| matches!(reason, Reason::Kept { .. } | Reason::Needed { .. }))
    }
}

impl Action {
    /// Does it change anything, at AWS or in the state?
    #[must_use]
    pub fn is_change(self) -> bool {
        self != Self::NoOp
    }

    /// Is the object that is there also the one that is there afterwards, as a part of the stack? Not to be mixed up with
    /// [`Change::stays`], which is of objects that are forgotten.
    #[must_use]
    pub fn lives_on(self) -> bool {
        matches!(self, Self::NoOp | Self::Update | Self::Restart | Self::Adopt)
    }
}

impl Plan {
    /// Is there nothing to do? What has failed at AWS is no work: see [`Plan::ailing`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|change| !change.action.is_change() && change.deposed.is_empty())
    }

    /// The changes that are refused; if there is one, the plan can't be applied.
    pub fn refused(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.action == Action::Refused)
    }

    /// What was usable and has failed at AWS since, with AWS's status.
    pub fn ailing(&self) -> impl Iterator<Item = (&Address, &str)> {
        self.changes.iter().filter_map(|change| Some((&change.address, change.ailing()?)))
    }

    /// How many changes of each action.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut sum = Summary::default();
        for change in &self.changes {
            *sum.slot(change.action) += 1;
            sum.pending += usize::from(!change.pending.is_empty());
            sum.ailing += usize::from(change.ailing().is_some());
        }
        sum
    }

    /// The worst impact of any change.
    #[must_use]
    pub fn impact(&self) -> Level {
        self.changes.iter().map(|change| change.impact).max().unwrap_or(Level::None)
    }
}

impl Summary {
    fn slot(&mut self, action: Action) -> &mut usize {
        match action {
            Action::NoOp => &mut self.noop,
            Action::Create => &mut self.create,
            Action::Update => &mut self.update,
            Action::Restart => &mut self.restart,
            Action::Replace => &mut self.replace,
            Action::Delete => &mut self.delete,
            Action::Adopt => &mut self.adopt,
            Action::Forget => &mut self.forget,
            Action::Surge => &mut self.surge,
            Action::Refused => &mut self.refused,
        }
    }
}
