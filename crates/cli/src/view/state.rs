//! What the state knows.

use crate::exit::{Exit, Failure};
use auroractl_core::State;
use auroractl_engine::recover::{Missing, Recovered, Why};
use auroractl_engine::store::Kept;
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};

/// The recorded resources.
pub(crate) fn list(state: &State) -> Result<Exit, Failure> {
    let mut table = super::table(&["address", "name", "generation", "id"]);
    for (address, record) in &state.resources {
        table.add_row([address.to_string(), record.name.clone(), record.generation.to_string(), record.oid.clone()]);
    }
    super::stdout(|out| {
        writeln!(
            out,
            "{table}\n{} resources, serial {}, lineage {}",
            state.resources.len(),
            state.serial,
            state.lineage
        )
    })
}

/// The snapshots that are kept.
pub(crate) fn history(kept: &[Kept]) -> Result<Exit, Failure> {
    let mut table = super::table(&["snapshot", "serial", "resources", "written"]);
    for snapshot in kept {
        table.add_row([
            snapshot.place.clone(),
            snapshot.serial.to_string(),
            snapshot.resources.to_string(),
            snapshot.written.clone().unwrap_or_default(),
        ]);
    }
    super::stdout(|out| writeln!(out, "{table}"))
}

/// The same for scripts.
pub(crate) fn history_json(stack: &str, kept: &[Kept]) -> Result<Exit, Failure> {
    let snapshot = |Kept { place, serial, resources, written }: &Kept| json!({"place": place, "serial": serial, "resources": resources, "written": written});
    let snapshots: Vec<Value> = kept.iter().map(snapshot).collect();
    super::json::document(&json!({"format_version": 1, "stack": stack, "snapshots": snapshots}))
}

/// What was rebuilt, and what was not. `written`: the place, unless nothing was to be written.
pub(crate) fn recovered(found: &Recovered, written: Option<&str>) -> Result<Exit, Failure> {
    let Recovered { state, missing, left } = found;
    let (records, wanted) = (state.resources.len(), state.resources.len() + missing.len());
    super::stdout(|out| {
        writeln!(
            out,
            "{} {records} of {wanted} resources of stack `{}`, lineage {}.",
            "Found:".bold(),
            state.stack.name,
            state.lineage
        )?;
        let named = |stranger: bool| missing.iter().filter(move |one| one.stranger == stranger);
        listed(out, "Not found; the next plan makes them:", named(false))?;
        listed(out, "Not of this stack, though it stands in the place of one that is:", named(true))?;
        for (address, old) in &state.deposed {
            writeln!(out, "  {address}: {} earlier generation(s) are deleted by the next plan", old.len())?;
        }
        if !left.is_empty() {
            writeln!(out, "\n{}", "They carry the stack's tags and have no record:".bold())?;
        }
        for object in left {
            writeln!(out, "  {}\n      {}", object.arn, reason(&object.why))?;
        }
        match written {
            Some(place) => writeln!(
                out,
                "\nWritten to {place}. Nothing that the stack describes was changed; `auroractl plan` shows what differs."
            ),
            None => writeln!(out, "\nNothing was written."),
        }
    })
}

fn listed<'a>(
    out: &mut dyn std::io::Write,
    title: &str,
    missing: impl Iterator<Item = &'a Missing>,
) -> std::io::Result<()> {
    for (number, one) in missing.enumerate() {
        if number == 0 {
            writeln!(out, "\n{}", title.bold())?;
        }
        writeln!(out, "  {}", one.address)?;
    }
    Ok(())
}

fn reason(why: &Why) -> String {
    match why {
        Why::Copy { of } => format!("it has the tags of {of}, which AWS copied"),
        Why::Earlier { of, generation } => {
            format!("generation {generation} of {of}, whose place another one has; it may hold data and is left alone")
        }
        Why::Elsewhere { address } => format!(
            "{address} is not in the stack file: to have it managed, put it or a `[[moved]]` entry back and run this again; else delete it by hand"
        ),
        Why::Gone { of } => format!("{of} as the index of tags remembers it; it is no longer there"),
        Why::Unattributed => "its tags do not fit together: somebody edited or copied them".to_owned(),
    }
}
