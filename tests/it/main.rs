//! Everything that needs the whole workspace: end to end runs of the real binary against the emulator, and the rules of
//! the house. One binary, since each further one would link all SDKs again.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "all of it is test code, beside real processes, in real time"
)]

mod architecture;
mod bad_stack;
mod bad_state;
mod browser;
mod conformance;
mod data_loss;
mod documents;
mod exits;
mod forecast;
mod impact;
mod keep;
mod load;
mod mutation;
mod outage;
mod page;
mod place;
mod preflight;
mod private;
mod receivers;
mod recover;
mod recovery;
mod report;
mod roll;
mod rules;
mod s3;
mod scanners;
mod source;
mod status;
mod trials;
mod trouble;
mod walk;
