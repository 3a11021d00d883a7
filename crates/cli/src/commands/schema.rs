//! `auroractl schema`: the JSON Schema of stack files, and of what commands answer.

use crate::args::SchemaOf;
use crate::exit::{Exit, Failure};
use crate::view;

/// Prints a schema.
pub(crate) fn run(of: SchemaOf) -> Result<Exit, Failure> {
    view::json::document(&match of {
        SchemaOf::Stack => auroractl_stack::schema::for_editors(),
        SchemaOf::Check => auroractl_policy::report::schema(),
    })
}
