//! Saved plans: what was reviewed is what is applied, or nothing is.
//!
//! A saved plan holds everything it was made from (the account, the desired resources, the lineage, the permissions). Whoever applies
//! it looks at the world again, plans again, and compares: a plan that comes out differently is stale. The digest is no
//! signature; it tells a file that was cut, edited or mixed up from one that was made.

use crate::exact;
use crate::graph::Desired;
use crate::identity::StackId;
use crate::plan::{Options, Plan};
use crate::state::State;
use crate::{Address, digest};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Version of the written form.
const FORMAT: u32 = 1;

/// A plan with what it was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// Version of this form.
    pub format_version: u32,
    /// The release that wrote it.
    pub tool_version: String,
    /// The stack file, as it was named: it tells where the state lives.
    pub stack_file: PathBuf,
    /// The stack with the account that was asserted when it was made, which `desired` need not name. Empty where AWS was
    /// neither asked nor ever applied to.
    pub stack: StackId,
    /// What the stack wanted.
    pub desired: Desired,
    /// The lineage; for a stack that was never applied, the one that apply will use.
    pub lineage: String,
    /// Serial of the state it was made from.
    pub serial: u64,
    /// What the user permitted.
    pub options: Options,
    /// The plan.
    pub plan: Plan,
    /// Over all of the above.
    digest: String,
}

/// Why a file is no saved plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Not JSON, or not of this shape.
    #[error("{0}")]
    Shape(String),
    /// Another release wrote it.
    #[error("its format is {found}, this auroractl reads {FORMAT}")]
    Format {
        /// Its format.
        found: u64,
    },
    /// Its content is not what was saved.
    #[error("it was edited after it was made (its digest differs)")]
    Edited,
}

/// Why a saved plan is not what would be planned now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// It is of another stack: what is reviewed for one account is not applied in another.
    #[error("it was made for {then}, and this is {now}")]
    Elsewhere {
        /// For which stack it was made, in words.
        then: String,
        /// The present one.
        now: String,
    },
    /// Something was applied since.
    #[error("it was made from serial {then} of the state, which is at {now} now")]
    Serial {
        /// Serial of the state it was made from.
        then: u64,
        /// Serial of the present state.
        now: u64,
    },
    /// A change is another one now.
    #[error("{0} has changed since")]
    Changed(Address),
    /// The changes are of other resources.
    #[error("resources came or went since")]
    Others,
}

impl Saved {
    /// Gathers a plan and what it was made from.
    ///
    /// # Errors
    /// When a part can't be written as JSON.
    pub fn new(
        stack_file: &Path,
        (desired, state, options): (&Desired, &State, &Options),
        plan: &Plan,
    ) -> Result<Self, serde_json::Error> {
        let saved = Self {
            format_version: FORMAT,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            stack_file: stack_file.to_owned(),
            stack: state.stack.clone(),
            desired: desired.clone(),
            lineage: state.lineage.clone(),
            serial: state.serial,
            options: options.clone(),
            plan: plan.clone(),
            digest: String::new(),
        };
        Ok(Self { digest: saved.computed()?, ..saved })
    }

    /// Its written form.
    ///
    /// # Errors
    /// When the stack file's path is no text.
    pub fn written(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(self)
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// When the bytes are not exactly what [`Saved::written`] gave, but for spaces and the order of members.
    pub fn read(bytes: &[u8]) -> Result<Self, Unusable> {
        let shape = |why: serde_json::Error| Unusable::Shape(why.to_string());
        let value = exact::parse(bytes).map_err(shape)?;
        let format = value.get("format_version").and_then(serde_json::Value::as_u64);
        if let Some(found) = format.filter(|found| *found != u64::from(FORMAT)) {
            return Err(Unusable::Format { found });
        }
        let saved: Self = exact::typed(&value).map_err(Unusable::Shape)?;
        if saved.computed().map_err(shape)? == saved.digest { Ok(saved) } else { Err(Unusable::Edited) }
    }

    /// SHA-256 over all of it, in hexadecimal: what a reviewer compares.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    fn computed(&self) -> Result<String, serde_json::Error> {
        digest::of(&Self { digest: String::new(), ..self.clone() })
    }

    /// Was it made for this stack in this account and region? A stack that was never applied has no state to tell.
    ///
    /// # Errors
    /// When not.
    pub fn at_home(&self, stack: &StackId) -> Result<(), Stale> {
        if self.stack == *stack {
            return Ok(());
        }
        Err(Stale::Elsewhere { then: told(&self.stack), now: told(stack) })
    }

    /// Is this what would be planned now?
    ///
    /// # Errors
    /// When not.
    pub fn fresh(&self, state: &State, plan: &Plan) -> Result<(), Stale> {
        if state.serial != self.serial {
            return Err(Stale::Serial { then: self.serial, now: state.serial });
        }
        let mut pairs = self.plan.changes.iter().zip(&plan.changes);
        match pairs.find(|(then, now)| then != now) {
            Some((then, now)) if then.address == now.address => Err(Stale::Changed(then.address.clone())),
            None if self.plan.changes.len() == plan.changes.len() => Ok(()),
            Some(_) | None => Err(Stale::Others),
        }
    }
}

/// A stack and where it is, in words.
fn told(stack: &StackId) -> String {
    let StackId { name, account, region } = stack;
    if account.is_empty() {
        return format!("stack `{name}` in no account (AWS was not asked) and region {region}");
    }
    format!("stack `{name}` in account {account} and region {region}")
}
