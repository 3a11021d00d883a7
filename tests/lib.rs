//! What end to end tests, demo and benchmark share.

pub mod walk;
