//! Everything that can be reported of a run. Each view (live, plain, JSON
//! lines) consumes the same events; the engine never prints.

use crate::error::CallError;
use crate::sweep::Stray;
use auroractl_core::Address;
use auroractl_core::lower::StepId;
use auroractl_core::state::Verb;
use serde::Serialize;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// Steps in all.
        steps: usize,
        /// No run of these steps can be shorter, in seconds.
        critical_path_seconds: f64,
    },
    /// An earlier run left things in doubt; they are looked for.
    Resuming {
        /// How many.
        in_doubt: usize,
    },
    /// What became of an operation in doubt: the world was looked at.
    Resolved {
        /// The resource.
        address: Address,
        /// What was to be done to it.
        verb: Verb,
        /// The resource is there.
        found: bool,
    },
    /// A step's call is sent.
    StepStarted {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// What is done.
        verb: Verb,
        /// How long that usually takes, in seconds.
        expected_seconds: f32,
    },
    /// A step's call was answered; the resource is not ready yet.
    StepWaiting {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// AWS's status.
        status: String,
    },
    /// The outcome of a call is unknown; the resource is looked for.
    StepInDoubt {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// What happened.
        error: CallError,
    },
    /// A step ended well.
    StepFinished {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// What was done.
        verb: Verb,
        /// How long it took, in seconds.
        seconds: f64,
    },
    /// A step failed.
    StepFailed {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// What was to be done.
        verb: Verb,
        /// What happened.
        error: CallError,
    },
    /// A step will not start because another failed.
    StepBlocked {
        /// The step.
        step: StepId,
        /// Its resource.
        address: Address,
        /// The resource that failed.
        because: Address,
    },
    /// Nothing happened for a while: proof of life for logs.
    Heartbeat {
        /// Resources whose call is not answered, and those that are waited for, with AWS's status as far as it is known.
        active: Vec<(Address, String)>,
        /// Steps that are done.
        done: usize,
        /// Steps in all.
        steps: usize,
    },
    /// The user interrupted: nothing new starts.
    Interrupted,
    /// Objects that carry the stack's tags and should not be there, found after the run made something.
    Strays {
        /// What was found.
        strays: Vec<Stray>,
    },
    /// The run is over.
    RunFinished(Summary),
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Steps that ended well.
    pub done: usize,
    /// Steps that failed, with the reason.
    pub failed: Vec<(Address, CallError)>,
    /// Steps that could not start because of a failure.
    pub blocked: Vec<Address>,
    /// Steps that were not started because of an interrupt or the deadline.
    pub not_started: usize,
    /// Steps whose resources AWS is still working on.
    pub still_running: Vec<Address>,
    /// What was sent and whose outcome is not known: the next run looks for it.
    pub in_doubt: Vec<Address>,
    /// Why the run ended before its time.
    pub stopped: Option<Stopped>,
    /// Why journal or state could not be written, and what to do about it. Not where another run has taken the lease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwritten: Option<String>,
}

/// Why a run ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// The user interrupted.
    Interrupt,
    /// The deadline passed.
    Deadline,
    /// The credentials expired.
    Credentials,
    /// The journal could not be written.
    Store,
    /// Another run has taken the lease.
    Fenced,
}
