//! The remote store on a bucket in memory, in virtual time.

mod faults;
mod lease;
mod support;
mod writes;
