//! A report as one JSON document, for programs; its schema is made from the same types.

use crate::judgement::Report;
use schemars::{JsonSchema, schema_for};
use serde::Serialize;
use serde_json::Value;

/// What `auroractl check --json` answers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Document<'a> {
    /// Version of this form. Members may be added within a version; none goes or changes its meaning.
    pub format_version: u32,
    /// A must rule is broken, and nothing excuses it: an apply would be refused.
    pub blocked: bool,
    /// What the rules say.
    #[serde(flatten)]
    pub report: &'a Report,
}

impl<'a> Document<'a> {
    /// The document of a report.
    #[must_use]
    pub fn of(report: &'a Report) -> Self {
        Self { format_version: 1, blocked: report.blocking(false).next().is_some(), report }
    }
}

/// The JSON Schema of [`Document`].
#[must_use]
pub fn schema() -> Value {
    schema_for!(Document<'_>).to_value()
}
