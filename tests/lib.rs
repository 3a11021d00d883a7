//! What end to end tests, demo, benchmark and chaos share.

pub mod crash;
pub mod walk;
pub mod world;
