//! A simulated world for the engine: abstract kinds, faults by seed, virtual time, and a death at any await.
//!
//! The engine and the store are the real ones (on a disk in memory); only what stands behind
//! [`auroractl_engine::Kind`] is made up, and the command line is played by [`run`]. A [`History`] is a stack, some runs
//! that are disturbed, edits between them, and runs that are not. All of it follows from one number, so that a history
//! that goes wrong can be played again. Then the [`invariants`] are checked on what was logged.
//!
//! | module | what stands there |
//! |---|---|
//! | `world`, `object`, `effect`, `operate`, `kinds`, `cohort` | objects, calls and processes; what the calls do; the kinds and their lowering |
//! | [`mishap`] | what can go wrong with a call, and where a process can die |
//! | `disk`, `tape` | the disk and the store under a run, with their faults and the record of what was written |
//! | `stack` | the stack file and its author |
//! | `run`, [`history`] | one run as the command line does it; many of them |
//! | [`log`], [`invariants`], [`coverage`] | what happened, what must hold of it, what was met on the way |
//! | [`mutants`] | rules of the protocol that can be broken on purpose |
//!
//! No AWS operation stands here: that is the emulator's part.

mod cohort;
pub mod coverage;
mod disk;
mod effect;
pub mod history;
pub mod invariants;
mod kinds;
pub mod log;
pub mod mishap;
pub mod mutants;
mod object;
mod operate;
mod place;
mod process;
mod run;
pub mod soak;
mod stack;
mod tape;
mod world;

pub use history::{Failure, History, play};
pub use kinds::{KINDS, Outputs, Parts, Spec};
pub use world::{Object, World};

use jiff::Timestamp;

/// The time of day at which every history begins.
const START: Timestamp = Timestamp::UNIX_EPOCH;
