//! The stack's results.

use crate::exit::{Exit, Failure};
use auroractl_stack::Output;
use comfy_table::ContentArrangement;
use std::collections::BTreeMap;

/// For people.
pub(crate) fn table(outputs: &[Output]) -> Result<Exit, Failure> {
    let mut table = super::table(&["output", "value"]);
    // They are copied: an ARN in two halves is none. A narrow terminal breaks the line by itself.
    table.set_content_arrangement(ContentArrangement::Disabled);
    for output in outputs {
        table.add_row([&output.name, &output.value]);
    }
    super::stdout(|out| writeln!(out, "{table}"))
}

/// One JSON object of texts.
pub(crate) fn json(outputs: &[Output]) -> Result<Exit, Failure> {
    super::json::document(&outputs.iter().map(|output| (&output.name, &output.value)).collect::<BTreeMap<_, _>>())
}

/// `AURORA_WRITER_ENDPOINT='…'`: single quotes, in which a shell reads everything as it stands.
pub(crate) fn dotenv(outputs: &[Output]) -> Result<Exit, Failure> {
    super::stdout(|out| {
        outputs.iter().try_for_each(|output| {
            writeln!(out, "AURORA_{}='{}'", output.name.to_uppercase(), output.value.replace('\'', r"'\''"))
        })
    })
}
