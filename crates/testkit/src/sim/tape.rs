//! The store that a run writes to, with a tape running: what was written when, and whether the store said yes.

use super::log::Line;
use super::mishap::Boundary;
use super::mutants::Lapse;
use super::world::World;
use auroractl_core::journal::Entry;
use auroractl_core::state::State;
use auroractl_engine::store::{Store, StoreError};
use futures::future::BoxFuture;

/// A store on tape. Where a rule is broken on purpose, it breaks here, above the tape.
pub(super) struct Tape {
    pub(super) store: Box<dyn Store>,
    pub(super) world: World,
    /// In a bucket only those lines are kept at once by which the next run knows what to look for.
    pub(super) remote: bool,
}

impl Store for Tape {
    fn append<'a>(&'a mut self, entries: &'a [Entry], durable: bool) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.world.cross(Boundary::Line).await;
            let (entries, durable) = bent(self.world.lapse(), entries, durable);
            let result = self.store.append(&entries, durable).await;
            self.note((entries, durable), false, result.is_ok());
            self.world.cross(Boundary::Written).await;
            result
        })
    }

    fn commit<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.world.cross(Boundary::Line).await;
            let mut state = state.clone();
            if self.world.lapse() == Some(Lapse::CompactionDropsIntents) {
                state.intents.clear();
            }
            let result = self.store.commit(&state).await;
            self.note((Vec::new(), true), true, result.is_ok());
            self.world.cross(Boundary::Written).await;
            result
        })
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        self.store.close()
    }

    fn lost(&self) -> BoxFuture<'static, ()> {
        self.store.lost()
    }

    fn probe(&self) -> Result<(), StoreError> {
        self.store.probe()
    }
}

impl Tape {
    fn note(&self, (entries, durable): (Vec<Entry>, bool), commit: bool, ok: bool) {
        let durable = durable && (!self.remote || commit || entries.iter().any(binding));
        self.world.inner().log.wrote(Line { seq: 0, run: self.world.number(), entries, durable, commit, ok });
    }
}

/// Lines that a bucket has before anything else happens.
fn binding(entry: &Entry) -> bool {
    matches!(entry, Entry::RunStart { .. } | Entry::Intent(_) | Entry::Moved { .. })
}

/// The lines as a program without this rule would write them.
fn bent(lapse: Option<Lapse>, entries: &[Entry], durable: bool) -> (Vec<Entry>, bool) {
    let is_attempt = |entry: &Entry| matches!(entry, Entry::Attempt { .. });
    let mut lines = entries.to_vec();
    match lapse {
        Some(Lapse::IntentsNotWritten) => lines.retain(|entry| !matches!(entry, Entry::Intent(_))),
        Some(Lapse::IntentsNotDurable) => {
            return (lines, durable && !entries.iter().any(|entry| matches!(entry, Entry::Intent(_))));
        }
        Some(Lapse::AttemptNotDurable) => return (lines, durable && !entries.iter().any(is_attempt)),
        _ => {}
    }
    (lines, durable)
}
