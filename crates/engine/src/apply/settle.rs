//! The end of a run whose plan is empty.

use super::prepare;
use crate::store::{Store, StoreError};
use auroractl_core::journal;
use auroractl_core::observed::Observed;
use auroractl_core::plan::{Options, Plan};
use auroractl_core::state::State;
use auroractl_core::{Address, Graph, Kinds, standing};
use std::collections::BTreeMap;

/// A plan without changes, and what it was made from.
#[derive(Clone, Copy)]
pub struct Unchanged<'a> {
    /// The kinds.
    pub kinds: &'a dyn Kinds,
    /// The plan.
    pub plan: &'a Plan,
    /// What the stack wants.
    pub graph: &'a Graph,
    /// What was observed.
    pub observed: &'a BTreeMap<Address, Observed>,
    /// What the plan was made with.
    pub options: &'a Options,
}

/// Ends a run whose plan is empty: what the look taught is kept (outputs, that a resource was seen usable, what it
/// refers to), intents of updates and deletes are over, and what the stack says of itself counts from here on. Commits only
/// if there is anything new.
///
/// # Errors
/// When the snapshot could not be written.
pub async fn settle(work: Unchanged<'_>, state: &mut State, store: &mut dyn Store) -> Result<(), StoreError> {
    let mut lines = prepare::learned(state, &work);
    lines.iter().for_each(|line| journal::replay(state, line));
    if let Some(line) = standing::ended(state, work.options) {
        journal::replay(state, &line);
        lines.push(line);
    }
    if lines.is_empty() { Ok(()) } else { store.commit(state).await }
}
