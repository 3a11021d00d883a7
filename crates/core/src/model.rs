//! The pure half of a kind: what a resource of this kind looks like, how two
//! versions of it differ, and how it is found again after a crash.

use crate::diff::Diff;
use crate::identity::Naming;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt::Debug;

/// Which part of the stack a kind belongs to; plans are grouped by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// VPC and what is in it.
    Network,
    /// Keys, roles, secrets.
    Security,
    /// Parameter groups.
    Params,
    /// The cluster, its instances, its scaling.
    Cluster,
    /// Logs, alarms, topics.
    Monitoring,
}

/// How a create of this kind is found again when its answer was lost.
///
/// The classes are those of the apply protocol; each kind's class is a fact
/// about AWS, not a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adoption {
    /// The client chooses a unique name; AWS refuses a second one.
    Named,
    /// The create takes a client token.
    Token,
    /// Another unique property refuses a second one (a subnet's CIDR block).
    Guard,
    /// Nothing refuses a second one: only the ownership tag, written with the create, tells.
    Untokened,
    /// An edge between two resources; the pair is the identity.
    Relation,
    /// A put: repeating it is harmless, but it would overwrite a stranger's.
    Upsert,
}

/// Which half of a replacement comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceOrder {
    /// The new one is made, dependants move over, the old one goes: no gap.
    CreateFirst,
    /// The old one must go first, since AWS admits only one (a subnet's CIDR block, a route).
    DeleteFirst,
}

/// Limits of patience with a kind, in seconds. How long it usually takes is data: [`crate::durations`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// After this time a wait gives up.
    pub timeout: f32,
    /// For so long after a create AWS may still answer "not found" (eventual consistency).
    pub horizon: f32,
    /// So many reads in a row must say "ready" after an update: some services answer
    /// `available` for a moment before they turn to `modifying`.
    pub stable: u8,
    /// For so long after an update was sent its answers are not believed: some services take that long to turn to
    /// `modifying`. Then what the update has edited is also compared with what is seen.
    pub delay: f32,
}

impl Timing {
    /// A kind whose calls take effect at once: ten minutes are ample.
    #[must_use]
    pub const fn instant(horizon: f32) -> Self {
        Self { timeout: 600.0, horizon, stable: 1, delay: 0.0 }
    }
}

/// A record's spec as an older release wrote it, to be brought up to date.
#[derive(Debug)]
pub struct Stored<'a>(pub(crate) &'a mut Value);

impl Stored<'_> {
    /// Gives a field another name; a missing field stays missing.
    pub fn rename(&mut self, from: &str, to: &str) {
        if let Some(map) = self.0.as_object_mut()
            && let Some(value) = map.remove(from)
        {
            map.insert(to.to_owned(), value);
        }
    }
}

/// The pure half of a kind.
pub trait Model: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Name of the kind, the first part of its addresses.
    const KIND: &'static str;
    /// Which part of the stack it belongs to.
    const GROUP: Group;
    /// How it is found again.
    const ADOPTION: Adoption;
    /// Which half of a replacement comes first.
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    /// Version of the stored form; [`Model::upgrade`] brings older ones up to date.
    const VERSION: u32 = 1;
    /// How long to be patient with it.
    const TIMING: Timing;
    /// What other resources may refer to, and what is needed to find it again.
    type Outputs: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// How it gets its physical name.
    fn naming(&self) -> Naming;

    /// Compares what AWS answered (`old`) with what the stack says (`new`), field by field.
    ///
    /// Implementations destructure `new` exhaustively, so that a field which nobody graded does not compile.
    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>);

    /// The setting that makes AWS refuse the deletion, if it is on.
    fn protection(&self) -> Option<&'static str> {
        None
    }

    /// The setting because of which its deletion would leave nothing of its data, if it is so set.
    fn unsaved(&self) -> Option<&'static str> {
        None
    }

    /// The kinds that what its deletion leaves behind goes on needing: a final snapshot its key.
    fn remains_need(&self) -> &'static [&'static str] {
        &[]
    }

    /// Brings a stored spec of version `from` up to date.
    fn upgrade(_stored: &mut Stored<'_>, _from: u32) {}
}

/// A kind's promise that its outputs hold a `T` under [`Exports::OUTPUT`].
pub trait Exports<T>: Model {
    /// Key of the value among the outputs.
    const OUTPUT: &'static str;
}
