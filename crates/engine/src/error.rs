//! What a failed call means.

use auroractl_core::kind::Malformed;
use auroractl_core::reference::Unresolved;
use serde::Serialize;
use std::fmt;

/// The meaning of a failure, whatever service it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The resource does not exist.
    Gone,
    /// Something of that name exists: go and look whose it is. Never success by itself.
    Exists,
    /// Not executed, send again later.
    Throttled,
    /// Not executed: something it needs is not visible or not in the right state yet.
    NotYet,
    /// Not executed: something still uses the resource.
    InUse,
    /// Not executed: the caller may not do this.
    Denied,
    /// Not executed: the credentials are missing, wrong or expired.
    Credentials,
    /// Not executed: a quota is used up. Sending again is pointless.
    Quota,
    /// Not executed: AWS has no capacity for it now.
    Capacity,
    /// Not executed: the request is wrong.
    Invalid,
    /// It may or may not have been executed: 5xx, timeout, reset, unreadable answer.
    Ambiguous,
    /// Another client or AWS itself got in the way: the resource is in a state that forbids this.
    Conflict,
    /// The resource was made, and a call behind its create was refused for good: it stands half configured, and sending
    /// that call again is pointless. A later run finds the resource and edits it.
    Unfinished,
    /// Not sent: this run does not hold the stack's lease any more.
    Fenced,
    /// None of the above; the service's own words stand in the message.
    Other,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct CallError {
    /// `service:Action`, for example `ec2:CreateVpc`.
    pub operation: String,
    /// What it means.
    pub class: Class,
    /// The service's error code.
    pub code: Option<String>,
    /// The service's words.
    pub message: String,
    /// The request's id, for a support case.
    pub request_id: Option<String>,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.operation)?;
        if let Some(code) = &self.code {
            write!(f, ": {code}")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message.trim_end_matches('.'))?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl CallError {
    /// A failure that did not come from a service's answer.
    #[must_use]
    pub fn new(operation: &str, class: Class, message: impl Into<String>) -> Self {
        Self { operation: operation.to_owned(), class, code: None, message: message.into(), request_id: None }
    }

    /// The answer lacks a member that AWS always sends; it can't be told what happened.
    #[must_use]
    pub fn missing(operation: &str, member: &str) -> Self {
        Self::new(operation, Class::Ambiguous, format!("the answer has no {member}"))
    }

    /// For operations ([`crate::Resource::operate`], [`crate::Resource::progress`]): nothing is under way, since what it
    /// needs is not there yet. The engine asks for the operation again.
    #[must_use]
    pub fn not_begun(operation: &str, why: impl Into<String>) -> Self {
        Self::new(operation, Class::NotYet, why)
    }

    /// Is it [`CallError::not_begun`]? What a service answers has a code, and was asked for again for long enough by then.
    #[must_use]
    pub fn is_not_begun(&self) -> bool {
        self.class == Class::NotYet && self.code.is_none()
    }

    /// A call after the create failed: the resource exists, half configured. Never "not made": ambiguous, so that the
    /// engine looks for it and edits what is missing, or unfinished, where that would be refused again.
    #[must_use]
    pub fn half_done(self) -> Self {
        let class = match self.class {
            Class::Credentials | Class::Fenced => self.class,
            Class::Denied | Class::Quota | Class::Invalid => Class::Unfinished,
            _ => Class::Ambiguous,
        };
        Self { class, ..self }
    }

    /// What it says, without the request's id: of a failure that comes again with each look the same words.
    #[must_use]
    pub fn recurring(&self) -> String {
        Self { request_id: None, ..self.clone() }.to_string()
    }

    /// May the call have been executed?
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        matches!(self.class, Class::Ambiguous)
    }
}

impl From<Unresolved> for CallError {
    fn from(why: Unresolved) -> Self {
        Self::new("auroractl", Class::Other, why.to_string())
    }
}

impl From<Malformed> for CallError {
    fn from(why: Malformed) -> Self {
        Self::new("auroractl", Class::Other, why.to_string())
    }
}
