//! The stack file, and the only place where the five domains meet.
//!
//! A stack file is TOML with overlays. [`load()`] reads it into a tree in which every key and value knows its place, merges the
//! overlays, checks the result against the JSON Schema of [`config`] and then against what AWS allows ([`checks`]), and
//! answers with typed configuration and its provenance ([`Loaded`]), or with everything that is wrong ([`Diagnostics`]).

pub mod blueprint;
pub mod checks;
pub mod config;
pub mod cost;
pub mod facts;
pub mod rules;
pub mod schema;
pub mod terraform;

mod alternatives;
mod compose;
mod diagnostics;
mod durations;
mod explain;
mod forecast;
mod load;
mod merge;
mod moves;
mod notes;
mod operations;
mod outage;
mod outputs;
mod parameters;
mod path;
mod ports;
mod preflight;
mod registry;
mod render;
mod secrets;
mod source;
mod suggest;
mod syntax;
mod tree;
mod validate;
mod world;

pub use alternatives::{Alternative, alternatives, lent};
pub use checks::ParameterCatalogue;
pub use compose::{Composed, compose, in_bytes, stack_id};
pub use config::{Config, State as StateSettings, StateBackend};
pub use diagnostics::{At, Diagnostic, Diagnostics, Label, Problem, Severity};
pub use durations::priors;
pub use explain::Explained;
pub use forecast::{Forecast, Means, Money, Outlook, Peak, forecast};
pub use load::{Loaded, Origin, load, load_from};
pub use moves::unmoved;
pub use notes::Note;
pub use operations::{Procedure, procedure};
pub use outputs::{Output, outputs};
pub use parameters::Known;
pub use path::{Path, Place, Segment};
pub use preflight::{Shortage, preflight};
pub use registry::{LOWERINGS, registry, remembered};
pub use render::Style;
pub use secrets::masked;
pub use source::{Disk, Files, MAX_BYTES, SourceFile, Sources};
pub use tree::{SpanMap, Spans};
pub use world::verify;

pub use auroractl_cluster::{ClusterOverview, MemberOverview, autoscaled, lowered, overview};

#[cfg(test)]
mod tests;
