//! How a command ends: one file maps every failure to its exit code.

use auroractl_aws::ConnectError;
use auroractl_core::graph::GraphError;
use auroractl_core::plan::{Plan, PlanError, RefusalClass};
use auroractl_engine::apply::ApplyError;
use auroractl_engine::event::{Stopped, Summary};
use auroractl_engine::store::StoreError;
use auroractl_engine::store::remote::RemoteError;
use auroractl_engine::{CallError, Class};
use auroractl_stack::terraform::TerraformError;
use std::fmt::Display;

/// Exit codes. Scripts rely on them: a number never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Done = 0,
    Error = 1,
    Changes = 2,
    Blocked = 3,
    Approval = 4,
    Drift = 5,
    Invalid = 6,
    Credentials = 7,
    Refused = 8,
    Locked = 9,
    Partial = 10,
    Deadline = 11,
    Budget = 12,
    State = 13,
    Abandoned = 130,
}

impl Exit {
    /// All codes, in order: the source of the table in the documentation.
    pub(crate) const ALL: &[Self] = &[
        Self::Done,
        Self::Error,
        Self::Changes,
        Self::Blocked,
        Self::Approval,
        Self::Drift,
        Self::Invalid,
        Self::Credentials,
        Self::Refused,
        Self::Locked,
        Self::Partial,
        Self::Deadline,
        Self::Budget,
        Self::State,
        Self::Abandoned,
    ];

    /// The number.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// What it means.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to change",
            Self::Error => "an error of another kind; the message says which",
            Self::Changes => "changes present (`plan --detailed-exitcode`)",
            Self::Blocked => "blocked by a rule",
            Self::Approval => "approval needed: no terminal, `--auto-approve` or saved plan; or the answer was no",
            Self::Drift => "drift (`status`)",
            Self::Invalid => "invalid stack file or usage",
            Self::Credentials => "credentials, account, region or permission; or AWS can't be reached at the start",
            Self::Refused => "refused: quota, capacity, a stranger's resource, or data would be lost",
            Self::Locked => "another run holds the lock, or has taken it over",
            Self::Partial => "partial: some steps failed or the run was interrupted; run again to resume",
            Self::Deadline => "the deadline passed; AWS is still working",
            Self::Budget => "over the downtime or cost budget",
            Self::State => "the state can't be used",
            Self::Abandoned => "second interrupt; the state is safe, run again",
        }
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// What is wrong: one sentence.
    pub(crate) message: String,
    /// More lines, shown as they are.
    pub(crate) details: Vec<String>,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A failure with its sentence.
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: message.to_string(), details: Vec::new(), hint: None }
    }

    /// The same with a way out.
    pub(crate) fn hinted(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// The same with more lines.
    pub(crate) fn detailed(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    /// A file that can't be read or written.
    pub(crate) fn io(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Exit::Error, format!("can't {action} {}: {error}", path.display()))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = match &error {
            StoreError::Remote(error) => of_remote(error),
            StoreError::Locked(_) => Exit::Locked,
            StoreError::Foreign { what: "stack" | "account" | "region", .. } => Exit::Credentials,
            StoreError::Name { .. } => Exit::Invalid,
            StoreError::Damaged { .. }
            | StoreError::Empty { .. }
            | StoreError::NewerFormat { .. }
            | StoreError::Foreign { .. }
            | StoreError::RolledBack { .. }
            | StoreError::Huge { .. }
            | StoreError::JournalCorrupt { .. } => Exit::State,
            _ => Exit::Error,
        };
        Self::new(exit, &error).hinted(error.hint())
    }
}

fn of_remote(error: &RemoteError) -> Exit {
    match error {
        RemoteError::Leased { .. } | RemoteError::Fenced(_) => Exit::Locked,
        RemoteError::NotHeld { .. } => Exit::Error,
        RemoteError::Call { source, .. } => of_call(source),
        RemoteError::Careless { .. } | RemoteError::Damaged { .. } | RemoteError::Newer { .. } => Exit::State,
    }
}

fn of_call(error: &CallError) -> Exit {
    match error.class {
        Class::Denied | Class::Credentials => Exit::Credentials,
        Class::Quota | Class::Capacity | Class::Conflict => Exit::Refused,
        Class::Fenced => Exit::Locked,
        _ => Exit::Error,
    }
}

impl From<TerraformError> for Failure {
    fn from(error: TerraformError) -> Self {
        Self::new(Exit::Error, error)
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let (exit, hint) = match &error {
            ConnectError::Trace { .. } => (Exit::Error, error.hint()),
            _ => (Exit::Credentials, error.hint()),
        };
        Self::new(exit, error).hinted(hint)
    }
}

/// A call that failed before a run began: looks, and nothing else.
impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let hint = match error.class {
            Class::Denied => Some("permit it to the caller, or use other credentials (`--profile`, `--assume-role`)"),
            Class::Credentials => Some("get new ones (`aws sso login`, or a new session token) and run again"),
            _ => None,
        };
        let failure = Self::new(of_call(&error), format!("{error}; nothing was changed"));
        match hint {
            Some(hint) => failure.hinted(hint),
            None => failure,
        }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        Self::new(Exit::State, error)
    }
}

impl From<Vec<GraphError>> for Failure {
    fn from(errors: Vec<GraphError>) -> Self {
        Self::new(Exit::Invalid, "the stack's resources do not form a graph")
            .detailed(errors.iter().map(|error| format!("  {error}")))
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Store(error) => {
                let failure = Self::from(error);
                Self { message: format!("nothing was changed: {}", failure.message), ..failure }
            }
            ApplyError::Knot(knot) => Self::new(Exit::Error, format!("nothing was changed: {knot}")),
        }
    }
}

/// The failure that a plan with refusals is, if it has any.
pub(crate) fn refusals(plan: &Plan) -> Option<Failure> {
    let refused: Vec<_> =
        plan.refused().filter_map(|change| Some((&change.address, change.refusal.as_ref()?))).collect();
    if refused.is_empty() {
        return None;
    }
    let unknown = refused.iter().all(|(_, refusal)| refusal.class == RefusalClass::Unknown);
    let details = refused.iter().flat_map(|(address, refusal)| {
        let told = [format!("  {address}: {}", refusal.message), format!("      -> {}", refusal.way_out)];
        told.into_iter().chain(refusal.operations.iter().flat_map(|one| crate::view::operation(*one)))
    });
    let count = refused.len();
    let what = if count == 1 { "1 change is refused".to_owned() } else { format!("{count} changes are refused") };
    let exit = if unknown { Exit::Error } else { Exit::Refused };
    Some(Failure::new(exit, format!("{what}; nothing was changed")).detailed(details))
}

/// How a run's summary ends the command.
pub(crate) fn of_run(summary: &Summary) -> Exit {
    match summary.stopped {
        Some(Stopped::Deadline) => Exit::Deadline,
        Some(Stopped::Fenced) => Exit::Locked,
        Some(Stopped::Interrupt | Stopped::Credentials | Stopped::Store) => Exit::Partial,
        None if summary.failed.is_empty() => Exit::Done,
        None => Exit::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_contract() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 130]);
    }
}
