//! The snapshots that are kept, and who holds the lock.

use super::disk::RealDisk;
use super::error::{Holder, StoreError};
use super::files::{BACKUPS, Folder, STATE};
use super::snapshot::Snapshot;
use crate::clock::stamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its file or object.
    pub place: String,
    /// Its serial.
    pub serial: u64,
    /// How many resources it knows.
    pub resources: usize,
    /// When it was written, in UTC to the second (`2026-01-01T00:00:00Z`), where that is known. Of a file it is what
    /// the file system says, which a copy of the folder may have lost.
    pub written: Option<String>,
}

/// Who holds the lock of a folder, if anybody does.
///
/// # Errors
/// When the folder can't be looked at.
pub fn locked(dir: &Path) -> Result<Option<Holder>, StoreError> {
    let folder = Folder { disk: Arc::new(RealDisk), dir: dir.to_owned() };
    let there = folder.exists()?.is_some();
    Ok((there && folder.locked()).then(|| folder.holder()))
}

/// The present snapshot and the sound backups, newest first.
///
/// # Errors
/// When the present one can't be read.
pub fn history(dir: &Path) -> Result<Vec<Kept>, StoreError> {
    let folder = Folder { disk: Arc::new(RealDisk), dir: dir.to_owned() };
    let kept = |path: PathBuf, Snapshot { state, .. }: Snapshot| Kept {
        place: path.display().to_string(),
        serial: state.serial,
        resources: state.resources.len(),
        written: folder.written(&path).map(stamp),
    };
    let present = folder.snapshot()?.map(|snapshot| kept(folder.path(STATE), snapshot));
    let backups = (1..=BACKUPS).filter_map(|number| Some(kept(folder.backup(number), folder.sound(number)?)));
    Ok(present.into_iter().chain(backups).collect())
}
