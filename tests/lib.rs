//! What end to end tests, demo, benchmark, chaos and load share.

pub mod crash;
pub mod load;
pub mod walk;
pub mod world;
