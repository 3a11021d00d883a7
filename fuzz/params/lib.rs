//! The params crate as far as a stack file needs it.

#[path = "../../crates/params/src/catalogue.rs"]
pub mod catalogue;
#[path = "../../crates/params/src/formula.rs"]
pub mod formula;
