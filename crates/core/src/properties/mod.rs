//! Properties of plans, programs, queues and journals, over random stacks.
//!
//! [`kinds`] has one abstract kind for each way in which kinds differ,
//! [`edits`] makes random stacks of them, and [`world`] is a toy AWS which
//! refuses what AWS refuses: to delete what is in use, to make what needs
//! something that is not there, and a second one where only one may be.

mod ailing;
mod edits;
mod journal;
mod kinds;
mod plans;
pub(crate) mod queues;
mod renames;
mod runs;
mod surges;
mod world;
