//! What end to end tests, demo, benchmark and load share.

pub mod load;
pub mod walk;
