//! Reports in files: where they come from, and that they are their owner's alone.

use crate::exit::Failure;
use crate::saved::unwritable;
use crate::session::{Cloud, Stack, today};
use crate::view::report::{Origin, Subject, html};
use auroractl_core::Desired;
use auroractl_core::plan::{Options, Plan};
use auroractl_core::saved::Saved;
use auroractl_core::state::State;
use auroractl_engine::private;
use std::path::Path;

/// Where a plan comes from.
pub(crate) fn origin(
    stack: &Stack,
    cloud: Option<&Cloud>,
    (desired, state, options): (&Desired, &State, &Options),
    plan: &Plan,
) -> Result<Origin, Failure> {
    let saved = Saved::new(&stack.file, (desired, state, options), plan).map_err(unwritable)?;
    let account = cloud.map_or_else(|| stack.id().account, |cloud| cloud.stack.account.clone());
    let config = &stack.loaded.config.stack;
    Ok(Origin {
        account,
        region: config.region.clone(),
        environment: config.environment,
        stack_file: stack.file.clone(),
        caller: cloud.map(|cloud| cloud.aws.caller().to_owned()),
        lineage: state.lineage.clone(),
        serial: state.serial,
        digest: saved.digest().to_owned(),
        day: today(),
    })
}

/// Writes a report, readable by its owner alone; an earlier one at this path is replaced as a whole.
pub(crate) fn write(path: &Path, subject: &Subject<'_>) -> Result<(), Failure> {
    write_text(path, &html(subject)?)
}

/// Writes a text likewise.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<(), Failure> {
    private::replace(path, text.as_bytes()).map_err(|error| Failure::io("write", path, &error))
}
