//! One object of the simulated world.

use auroractl_core::Readiness;
use std::time::Duration;

/// Kind of what a cluster leaves behind: encrypted with its key, and nobody's to delete.
pub(super) const SNAPSHOT: &str = "snapshot";

/// One object of the simulated world.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The world's own id, never used twice.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// Physical name, empty where the world chooses.
    pub name: String,
    /// Client token of its create.
    pub token: String,
    /// Ownership tag; empty for kinds without tags and for strangers.
    pub oid: String,
    /// Somebody else made it.
    pub foreign: bool,
    /// The object it belongs to, by id.
    pub parent: Option<String>,
    /// A property that can be edited.
    pub size: u32,
    /// A property that can't.
    pub shape: u32,
    /// The member that takes the writes.
    pub writer: bool,
    /// It does nothing by itself for the time being.
    pub paused: bool,
    /// When reads begin to show it for certain.
    pub(super) visible: Duration,
    /// Before, some reads show it and some don't.
    pub(super) blinks: bool,
    /// When it is usable.
    pub(super) ready: Duration,
    /// It will never be usable.
    pub(super) broken: bool,
    /// It has been seen usable.
    pub(super) served: bool,
    /// It is going, and gone at this time.
    pub(super) leaving: Option<Duration>,
}

impl Object {
    /// An object that does not exist yet.
    pub(super) fn draft(kind: &'static str) -> Self {
        Self {
            id: String::new(),
            kind,
            name: String::new(),
            token: String::new(),
            oid: String::new(),
            foreign: false,
            parent: None,
            size: 0,
            shape: 0,
            writer: false,
            paused: false,
            visible: Duration::ZERO,
            blinks: false,
            ready: Duration::ZERO,
            broken: false,
            served: false,
            leaving: None,
        }
    }

    pub(super) fn readiness(&self, now: Duration) -> Readiness {
        if self.leaving.is_some() {
            return Readiness::Deleting;
        }
        match (self.broken, self.ready <= now) {
            // A word that no release knows: it must count as "not yet".
            (_, false) => Readiness::Pending(if self.blinks { "recalibrating" } else { "creating" }.to_owned()),
            (true, true) => Readiness::Failed("failed".to_owned()),
            (false, true) => Readiness::Ready,
        }
    }
}
