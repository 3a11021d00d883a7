//! The network crate as far as a stack file needs it.

#[path = "../../crates/network/src/cidr.rs"]
pub mod cidr;
