//! The pure heart of auroractl: what a resource is, how resources refer to one
//! another, and how desired, recorded and observed state become a plan.
//!
//! Nothing here reads a clock, the environment, a file or the network, and
//! nothing is random: identifiers and times are arguments. So no function of
//! this crate can fail for a reason that is not among its arguments, and the
//! same arguments give the same bytes.
//!
//! | module | what stands there |
//! |---|---|
//! | [`address`], [`ids`] | stable names of resources; newtypes that cross crate borders |
//! | [`mod@reference`] | `Input<T>`: a value, or a promise of another resource's output |
//! | [`model`], [`diff`], [`impact`] | the pure half of a kind; what an edit changes and what it costs |
//! | [`kind`] | the single place where kinds lose their Rust type |
//! | [`identity`], [`tags`] | names, tokens and ownership tags, derived and never invented |
//! | [`graph`] | the desired resources and their dependencies |
//! | [`state`], [`observed`], [`journal`] | what was recorded, what AWS answered, what a run wrote down |
//! | [`cost`] | lines of a bill, sums and differences |
//! | [`durations`] | how long things take: priors, and what was measured |
//! | [`manner`] | how a stack wants its changes made |
//! | [`plan`], [`lower`], [`queue`] | from difference to changes, from changes to steps, which step may start |
//! | [`standing`] | what a stack said of itself in earlier runs: whether its data may go with it |
//! | [`saved`], [`exact`], [`digest`] | a plan in a file; reading JSON without loss; what two things being equal means |
//! | [`rehearse`], [`outage`] | a run in virtual time; what users of the database feel meanwhile |

pub mod address;
pub mod cost;
pub mod diff;
pub mod digest;
pub mod durations;
pub mod exact;
pub mod graph;
pub mod guard;
pub mod identity;
pub mod ids;
pub mod impact;
pub mod journal;
pub mod kind;
pub mod lower;
pub mod manner;
pub mod model;
pub mod observed;
pub mod outage;
pub mod plan;
#[cfg(test)]
mod properties;
pub mod queue;
pub mod reference;
pub mod rehearse;
pub mod saved;
pub mod standing;
pub mod state;
pub mod tags;

pub use address::Address;
pub use diff::{Context, Diff, FieldChange};
pub use durations::{Deed, Durations, Estimate};
pub use graph::{Desired, Graph, Handle};
pub use identity::{Identity, Naming};
pub use impact::{Impact, Level, Operation, When};
pub use kind::{Kinds, Of, PureKind};
pub use manner::{Manner, Strategy};
pub use model::{Adoption, Exports, Group, Model, ReplaceOrder};
pub use observed::{Live, Observed, Owner, Readiness};
pub use plan::{Action, Change, Plan};
pub use reference::Input;
pub use standing::Standing;
pub use state::{Record, Scope, State};
pub use tags::Tags;
