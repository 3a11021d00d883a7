//! Saved plans: what was reviewed is what is applied, or nothing is.
//!
//! A saved plan holds everything it was made from (the desired resources, the
//! lineage, the permissions). Applying it looks at the world again, plans
//! again, and compares: a plan that comes out differently is stale.

use crate::exit::{Exit, Failure};
use auroractl_core::Desired;
use auroractl_core::digest;
use auroractl_core::plan::{Options, Plan};
use auroractl_core::state::State;
use serde::{Deserialize, Serialize};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

const FORMAT: u32 = 1;

/// A plan in a file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Saved {
    /// Version of this form.
    pub(crate) format_version: u32,
    /// The release that wrote it.
    pub(crate) tool_version: String,
    /// The stack file, as it was named: it tells where the state lives.
    pub(crate) stack_file: PathBuf,
    /// What the stack wanted.
    pub(crate) desired: Desired,
    /// The lineage; for a stack that was never applied, the one that apply will use.
    pub(crate) lineage: String,
    /// Serial of the state it was made from.
    pub(crate) serial: u64,
    /// What the user permitted.
    pub(crate) options: Options,
    /// The plan.
    pub(crate) plan: Plan,
    /// Over all of the above.
    pub(crate) digest: String,
}

impl Saved {
    /// Gathers a plan and what it was made from.
    pub(crate) fn new(stack_file: &Path, parts: (&Desired, &State, &Options), plan: &Plan) -> Result<Self, Failure> {
        let (desired, state, options) = parts;
        let mut saved = Self {
            format_version: FORMAT,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            stack_file: stack_file.to_owned(),
            desired: desired.clone(),
            lineage: state.lineage.clone(),
            serial: state.serial,
            options: options.clone(),
            plan: plan.clone(),
            digest: String::new(),
        };
        saved.digest = saved.computed()?;
        Ok(saved)
    }

    fn computed(&self) -> Result<String, Failure> {
        let parts = (&self.desired, &self.lineage, self.serial, &self.options, &self.plan);
        digest::of(&parts).map_err(|error| Failure::new(Exit::Error, format!("the plan can't be written: {error}")))
    }

    /// Writes it, readable by its owner alone.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| Failure::new(Exit::Error, error))?;
        let open = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        open.and_then(|mut file| file.write_all(&text)).map_err(|error| Failure::io("write", path, &error))
    }

    /// Reads one.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| Failure::io("read", path, &error))?;
        let unreadable = |why: String| {
            Failure::new(Exit::Invalid, format!("{} is no saved plan: {why}", path.display()))
                .hinted("make one with `auroractl plan --out FILE`")
        };
        let saved: Self = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if saved.format_version != FORMAT {
            return Err(unreadable(format!("its format is {}, this auroractl reads {FORMAT}", saved.format_version)));
        }
        if saved.computed()? != saved.digest {
            return Err(unreadable("it was edited after it was made (its digest differs)".to_owned()));
        }
        Ok(saved)
    }

    /// Is this what would be planned now?
    pub(crate) fn fresh(&self, state: &State, plan: &Plan) -> Result<(), Failure> {
        let stale = |why: String| {
            Failure::new(Exit::Refused, format!("the saved plan is stale: {why}; nothing was changed"))
                .hinted("plan again, and review what is different")
        };
        if state.serial != self.serial {
            return Err(stale(format!(
                "it was made from serial {} of the state, which is at {} now",
                self.serial, state.serial
            )));
        }
        let moved = self.plan.changes.iter().zip(&plan.changes).find(|(then, now)| then != now);
        match moved {
            Some((then, _)) => Err(stale(format!("{} has changed since", then.address))),
            None if self.plan.changes.len() != plan.changes.len() => {
                Err(stale("resources came or went since".to_owned()))
            }
            None => Ok(()),
        }
    }
}
