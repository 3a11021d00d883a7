//! One abstract kind per adoption class, and the shapes of trouble that real kinds have: names that the stack chooses, a
//! create of two calls, data, members of a cluster.

use super::effect::{create, delete, needed, survey, update};
use super::log::Deed;
use super::operate::{operate, progress};
use super::world::{HORIZON, World};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::VpcId;
use auroractl_core::model::{Adoption, Exports, Group, Model, ReplaceOrder, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Of, Readiness};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Kind, Look, Order, Past, Resource, Seen};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a stack wants of any of these kinds.
pub trait Spec: Model<Outputs = Outputs> + Exports<VpcId> {
    /// The create is completed by a second call.
    const TWO_CALLS: bool;
    /// Makes one.
    fn make(parts: Parts) -> Self;
    /// Its parts.
    fn parts(&self) -> &Parts;
}

/// The fields that all kinds have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parts {
    /// What it belongs to.
    pub parent: Option<Input<VpcId>>,
    /// What the stack calls it, for kinds that the stack names.
    pub label: u32,
    /// Can be edited.
    pub size: u32,
    /// Can't be edited.
    pub shape: u32,
    /// It does nothing by itself. Wanted of nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}

/// What an object exports. A VPC id stands for any id here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    /// The world's id.
    pub id: VpcId,
    /// Of a cluster's members, the one that takes the writes.
    #[serde(default)]
    pub writer: bool,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $kind:literal $adoption:ident $order:ident $naming:expr, $size:expr, $two:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            #[serde(transparent)]
            pub(super) struct $name(Parts);

            impl Spec for $name {
                const TWO_CALLS: bool = $two;
                fn make(parts: Parts) -> Self {
                    Self(parts)
                }
                fn parts(&self) -> &Parts {
                    &self.0
                }
            }

            impl Exports<VpcId> for $name {
                const OUTPUT: &'static str = "id";
            }

            impl Model for $name {
                const KIND: &'static str = $kind;
                const GROUP: Group = Group::Network;
                const ADOPTION: Adoption = Adoption::$adoption;
                const REPLACE: ReplaceOrder = ReplaceOrder::$order;
                const TIMING: Timing = Timing {
                    timeout: 3600.0, horizon: HORIZON.as_secs() as f32, stable: 1, delay: 0.0,
                };
                type Outputs = Outputs;

                fn naming(&self) -> Naming {
                    let naming: fn(String) -> Naming = $naming;
                    naming(format!("{}-{}", $kind, self.0.label))
                }

                fn remains_need(&self) -> &'static [&'static str] {
                    if $kind == "db_cluster" { &["kms_key"] } else { &[] }
                }

                fn diff(Self(old): &Self, Self(new): &Self, d: &mut Diff<'_>) {
                    let Parts { parent, label: _, size, shape, paused } = new;
                    d.field("parent", &old.parent, parent, Impact::new(Level::Replace, "simulated"))
                        .field("size", &old.size, size, Impact::new($size, "simulated"))
                        .field("shape", &old.shape, shape, Impact::new(Level::Replace, "simulated"))
                        .field("paused", &old.paused, paused, Impact::new(Level::None, "simulated"));
                }
            }

            impl Resource<World> for $name {
                async fn survey(w: &World, _: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
                    survey(w, asks).await
                }
                async fn create(w: &World, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
                    create(w, me, spec).await
                }
                async fn update(w: &World, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
                    update(w, me, &from.outputs, to).await
                }
                async fn delete(w: &World, me: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
                    delete(w, me, past).await
                }
                async fn operate(w: &World, me: &Identity, order: &Order<Self>) -> Result<Readiness, CallError> {
                    operate(w, me, order).await
                }
                async fn progress(w: &World, _: &Look, order: &Order<Self>) -> Result<Readiness, CallError> {
                    progress(w, order).await
                }
                async fn needed(w: &World, outputs: &Outputs, _: &BTreeSet<String>) -> Result<Option<String>, CallError> {
                    if $kind == "kms_key" { needed(w, outputs).await } else { Ok(None) }
                }
            }
        )*

        /// The kinds.
        pub const KINDS: &[&dyn Kind<World>] = &[$(&Of::<$name>::NEW),*];
    };
}

const DERIVED: fn(String) -> Naming = |_| Naming::Derived(NameRule::regional(60));

kinds! {
    /// The client names it, by its identity.
    Named "named" Named CreateFirst DERIVED, Level::None, false;
    /// The stack names it.
    Given "given" Named CreateFirst Naming::Given, Level::None, false;
    /// The create takes a token.
    Token "token" Token CreateFirst |_| Naming::Server, Level::None, false;
    /// One of its shape per parent.
    Guard "guard" Guard DeleteFirst |_| Naming::Server, Level::None, false;
    /// Nothing tells a second from a first.
    Untokened "untokened" Untokened CreateFirst |_| Naming::Server, Level::None, false;
    /// An edge: no tags.
    Relation "relation" Relation DeleteFirst |_| Naming::Server, Level::None, false;
    /// A put under a name that the stack chose.
    Upsert "upsert" Upsert CreateFirst Naming::Given, Level::None, false;
    /// Holds data, and its create is two calls.
    Secret "secret" Named CreateFirst DERIVED, Level::None, true;
    /// Holds data, has no token, and can be deleted while it is in use.
    Key "kms_key" Untokened CreateFirst |_| Naming::Server, Level::None, false;
    /// Holds data, under a name that the stack chose.
    Cluster "db_cluster" Named CreateFirst Naming::Given, Level::None, false;
    /// A member of a cluster: an edit of its size takes it away for a while.
    Member "db_instance" Named CreateFirst Naming::Given, Level::RebootOne, false;
}

/// Would a call that comes late do harm? A second object that nothing tells apart, or a delete of whatever has the name.
pub(super) fn harmful(deed: Deed, kind: &str) -> bool {
    match deed {
        Deed::Create => matches!(kind, "untokened" | "kms_key"),
        Deed::Update | Deed::Operate | Deed::Resume => false,
        Deed::Delete => matches!(kind, "given" | "upsert" | "db_cluster" | "db_instance"),
    }
}

/// Does the stack or the identity give this kind's objects their names?
pub(super) fn has_name(kind: &str) -> bool {
    matches!(kind, "named" | "given" | "upsert" | "secret" | "db_cluster" | "db_instance")
}
