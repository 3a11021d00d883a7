//! `[[moved]]` beside what the stack describes. The checks of the file see addresses alone; here both are known.

use crate::diagnostics::{Diagnostics, Problem};
use crate::load::Loaded;
use crate::path::Path;
use auroractl_core::{Address, Desired};

/// Moves of what the stack still describes; `None` when there is none. To take its past away would leave it as one that is
/// to be made, under a name that is taken.
#[must_use]
pub fn unmoved(loaded: &Loaded, desired: &Desired) -> Option<Diagnostics> {
    let list = Path::of("moved");
    let mut problems = Vec::new();
    for (index, moved) in loaded.config.moved.iter().enumerate() {
        let from: Option<Address> = moved.from.parse().ok();
        if from.is_some_and(|from| desired.nodes.contains_key(&from)) {
            problems.push(
                Problem::error("moved", format!("`{}` can't have moved: the stack still has it", moved.from))
                    .at(&list.item(index).key("from"), "still in this file")
                    .help("where the move was applied, take this entry out; else describe it under one address"),
            );
        }
    }
    (!problems.is_empty()).then(|| loaded.diagnose(problems))
}
