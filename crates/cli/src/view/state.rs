//! What the state knows.

use crate::exit::{Exit, Failure};
use auroractl_core::State;
use auroractl_engine::store::Kept;

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
