//! The stack crate as far as it reads files: the same sources, without `compose` and the SDK of every service behind it.

#![allow(dead_code, reason = "the other half of the stack crate uses the rest")]

#[path = "../../crates/stack/src/checks/mod.rs"]
pub mod checks;
#[path = "../../crates/stack/src/config/mod.rs"]
pub mod config;
#[path = "../../crates/stack/src/diagnostics.rs"]
mod diagnostics;
#[path = "../../crates/stack/src/explain.rs"]
mod explain;
#[path = "../../crates/stack/src/load.rs"]
mod load;
#[path = "../../crates/stack/src/merge.rs"]
mod merge;
#[path = "../../crates/stack/src/parameters.rs"]
mod parameters;
#[path = "../../crates/stack/src/path.rs"]
mod path;
#[path = "../../crates/stack/src/render.rs"]
mod render;
#[path = "../../crates/stack/src/schema.rs"]
pub mod schema;
#[path = "../../crates/stack/src/secrets.rs"]
mod secrets;
#[path = "../../crates/stack/src/source.rs"]
mod source;
#[path = "../../crates/stack/src/suggest.rs"]
mod suggest;
#[path = "../../crates/stack/src/syntax.rs"]
mod syntax;
#[path = "../../crates/stack/src/tree.rs"]
mod tree;
#[path = "../../crates/stack/src/validate.rs"]
mod validate;

pub use checks::ParameterCatalogue;
pub use config::Config;
pub use diagnostics::{At, Diagnostic, Diagnostics, Label, Problem, Severity};
pub use explain::Explained;
pub use load::{Loaded, Origin, load, load_from};
pub use parameters::Known;
pub use path::{Path, Place, Segment};
pub use render::Style;
pub use source::{Disk, Files, MAX_BYTES, SourceFile, Sources};
pub use tree::{SpanMap, Spans};
