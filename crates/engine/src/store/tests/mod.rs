//! Tests of the store: on a disk in memory that fails, and on the real one.

mod crash;
mod journal;
mod real;
mod refusals;
mod space;
pub(in crate::store) mod support;
