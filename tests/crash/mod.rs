//! The real program under SIGKILL and a failing disk, and whether it loses track.
//!
//! A [`Trial`] is data, and its name is enough to repeat it: which [`Scenario`], and what cuts its runs short. It starts
//! from a [`Start`], a snapshot of the emulator with the state folder that belongs to it; runs the program as often as it
//! has cuts, then once undisturbed; and compares what the emulator holds with what an undisturbed life left there.

mod disk;
mod lane;
mod scenario;
mod trial;

pub use disk::{DiskCut, Shim};
pub use lane::{Lane, Start};
pub use scenario::{DATA, Scenario, Undisturbed, unprotected};
pub use trial::{Cut, POSITIONS, Stage, Trial, Verdict};
