//! A simulated world for the engine: one abstract kind per adoption class,
//! faults by seed, virtual time, and a crash before or after any call.
//!
//! The engine and the store are the real ones (on a disk in memory); only what
//! stands behind [`auroractl_engine::Kind`] is made up. A history is a stack, a
//! number of runs that are disturbed, edits between them, and a run that is
//! not: then the world must be what the stack says, with nothing beside it.
//!
//! No AWS operation stands here: that is the emulator's part.

mod history;
mod kinds;
mod world;

pub use history::{Failure, History, Report, play};
pub use kinds::{Guard, KINDS, Named, Outputs, Relation, Spec, Token, Untokened, Upsert};
pub use world::{Faults, Object, World};
