//! `auroractl schema`: the JSON Schema of stack files.

use crate::exit::{Exit, Failure};
use crate::view;

/// Prints the schema.
pub(crate) fn run() -> Result<Exit, Failure> {
    view::json::document(&auroractl_stack::schema::for_editors())
}
