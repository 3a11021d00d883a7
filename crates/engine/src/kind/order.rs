//! What is asked of an operation, with its type and without.

use super::Past;
use crate::error::CallError;
use auroractl_core::kind::Of;
use auroractl_core::model::Model;
use auroractl_core::state::Verb;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// An operation on a resource that stays as it is recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Order<R: Model> {
    /// Which: one of those that [operate](Verb::operates).
    pub verb: Verb,
    /// The resource.
    pub on: Past<R>,
    /// The physical name of who takes over, where something is handed over.
    pub target: Option<String>,
    /// So far may it lag behind and count as caught up.
    pub max_lag: Duration,
    /// So long ago it was asked for first.
    pub elapsed: Duration,
    /// So often was it begun in this run: what has come to nothing is begun again.
    pub begun: u8,
    /// For so long its progress has been told in the same words.
    pub unchanged: Duration,
    /// What AWS had accepted of the resource and not applied when the plan was made, by field.
    pub pending: BTreeSet<String>,
    /// The plan restarts the whole cluster before it: it is due only where values wait for a restart all the same.
    pub together: bool,
}

/// [`Order`] without its type.
#[derive(Clone, Debug, PartialEq)]
pub struct RawOrder {
    /// Which.
    pub verb: Verb,
    /// What was last sent.
    pub spec: Value,
    /// Its outputs.
    pub outputs: Value,
    /// The physical name of who takes over.
    pub target: Option<String>,
    /// So far may it lag behind.
    pub max_lag: Duration,
    /// So long ago it was asked for first.
    pub elapsed: Duration,
    /// So often was it begun in this run.
    pub begun: u8,
    /// For so long its progress has been told in the same words.
    pub unchanged: Duration,
    /// What AWS had accepted of it and not applied when the plan was made, by field.
    pub pending: BTreeSet<String>,
    /// The plan restarts the whole cluster before it.
    pub together: bool,
}

pub(super) fn ordered<R: Model>(order: &RawOrder) -> Result<Order<R>, CallError> {
    let RawOrder { verb, spec, outputs, target, max_lag, elapsed, begun, unchanged, pending, together } = order;
    Ok(Order {
        verb: *verb,
        on: Past {
            spec: Of::<R>::spec(spec)?,
            outputs: Of::<R>::outputs(outputs)?,
            parent_stays: true,
            permitted: false,
        },
        target: target.clone(),
        max_lag: *max_lag,
        elapsed: *elapsed,
        begun: *begun,
        unchanged: *unchanged,
        pending: pending.clone(),
        together: *together,
    })
}
