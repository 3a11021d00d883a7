//! What the tests, the demo and the benchmarks stand on; no part of the product.
//!
//! One crate with ordinary dependencies, so that `cargo build` and `cargo test` share one feature graph: as
//! dev-dependencies the HTTP server's features would compile every AWS SDK crate a second time.
//!
//! - [`proxy`] stands before the AWS emulator: faults, kills, call log.
//! - [`emulator`] starts the emulator and stops it.
//! - [`cli`] runs the real binary in a closed environment.
//! - [`sim`] is a simulated world for the engine: faults by seed, virtual time, crashes.
//! - [`script`] replays commands with recorded output, made comparable by [`redact`].

pub mod cli;
pub mod emulator;
pub mod http;
pub mod process;
pub mod proxy;
pub mod redact;
pub mod script;
pub mod sim;
