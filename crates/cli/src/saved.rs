//! Saved plans in files: private when written, read with limits.

use crate::exit::{Exit, Failure};
use auroractl_core::identity::StackId;
use auroractl_core::plan::Plan;
use auroractl_core::saved::{Saved, Stale};
use auroractl_core::state::State;
use auroractl_engine::private;
use std::io::ErrorKind;
use std::path::Path;

/// Largest file that is read as a saved plan, in bytes. A plan of ten thousand resources has some thirty million.
const LARGEST: u64 = 256 << 20;

/// Does this file begin as a saved plan does? A stack file is TOML, which never begins with a brace.
pub(crate) fn is_one(path: &Path) -> bool {
    private::begins_with(path, b"{")
}

/// Is there no such file, of whatever form?
pub(crate) fn is_missing(path: &Path) -> bool {
    std::fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Writes a plan, readable by its owner alone; an earlier one at this path is replaced as a whole.
pub(crate) fn write(saved: &Saved, path: &Path) -> Result<(), Failure> {
    let text = saved.written().map_err(unwritable)?;
    private::replace(path, &text).map_err(|error| Failure::io("write", path, &error))
}

/// Reads one.
pub(crate) fn read(path: &Path) -> Result<Saved, Failure> {
    let bytes = private::read(path, LARGEST).map_err(|error| Failure::io("read", path, &error))?;
    Saved::read(&bytes).map_err(|why| {
        Failure::new(Exit::Invalid, format!("{} is no saved plan: {why}", path.display()))
            .hinted("make one with `auroractl plan --out FILE`")
    })
}

/// Refuses a plan that was made for another stack, account or region.
pub(crate) fn at_home(saved: &Saved, stack: &StackId) -> Result<(), Failure> {
    let other = saved.stack.name != stack.name || saved.stack.region != stack.region;
    saved.at_home(stack).map_err(|why| match other {
        true => stale(why).hinted("name the stack file that it was made from, or none: the plan knows it"),
        false => stale(why),
    })
}

/// Refuses a plan that is not what would be planned now.
pub(crate) fn fresh(saved: &Saved, state: &State, plan: &Plan) -> Result<(), Failure> {
    saved.fresh(state, plan).map_err(stale)
}

fn stale(why: Stale) -> Failure {
    let hint = match why {
        Stale::Elsewhere { .. } => "use the credentials that it was made with, or plan again and review that",
        _ => "plan again, and review what is different",
    };
    Failure::new(Exit::Refused, format!("the saved plan is stale: {why}; nothing was changed")).hinted(hint)
}

/// A plan that has no written form.
pub(crate) fn unwritable(error: serde_json::Error) -> Failure {
    Failure::new(Exit::Error, format!("the plan can't be written: {error}"))
}
