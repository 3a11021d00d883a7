//! The folder of one stack: which files stand in it, how they are read, and
//! what an operating system's error means there.

use super::disk::{Disk, DiskFile, How, Lock, Node, NodeKind};
use super::error::{Backup, Holder, StoreError};
use super::frames::{self, Fault, Scan};
use super::snapshot::{self, Snapshot, Unusable};
use jiff::Timestamp;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The snapshot.
pub(super) const STATE: &str = "state.json";
/// The journal.
pub(super) const JOURNAL: &str = "journal";
/// The lock; its content is for messages only.
pub(super) const LOCK: &str = "lock";
/// A snapshot on its way to becoming [`STATE`].
pub(super) const TEMP: &str = "state.json.tmp";
/// Written and removed to see whether writing works.
pub(super) const PROBE: &str = "probe.tmp";
/// Larger files are not read, in bytes: a hundred thousand resources have a tenth of it.
const LARGEST: u64 = 1 << 30;
/// How many earlier snapshots are kept.
pub(super) const BACKUPS: u8 = 5;

/// The folder of one stack.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// Where it is.
    pub disk: Arc<dyn Disk>,
    /// Its path.
    pub dir: PathBuf,
}

impl Folder {
    /// Path of a file in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Path of a backup; 1 is the newest.
    pub(super) fn backup(&self, number: u8) -> PathBuf {
        self.path(&format!("{STATE}.{number}"))
    }

    /// Is the folder there? It must be one of its own, not a link to another.
    pub(super) fn exists(&self) -> Result<Option<Node>, StoreError> {
        self.node(&self.dir, NodeKind::Dir)
    }

    /// What stands at a path, which must be of this kind.
    fn node(&self, path: &Path, wanted: NodeKind) -> Result<Option<Node>, StoreError> {
        let node = self.disk.node(path).map_err(self.failed("look at", path))?;
        match node.map(|node| node.kind) {
            None => Ok(None),
            Some(kind) if kind == wanted => Ok(node),
            Some(NodeKind::Link) => Err(StoreError::SymlinkRefused { path: path.to_owned() }),
            Some(_) => {
                let wanted = if wanted == NodeKind::Dir { "folder" } else { "file" };
                Err(StoreError::NotAFile { path: path.to_owned(), wanted })
            }
        }
    }

    /// When the content of a file was written, where that is known.
    pub(super) fn written(&self, path: &Path) -> Option<Timestamp> {
        self.disk.node(path).ok().flatten()?.written
    }

    /// Is there a file at this path?
    pub(super) fn has(&self, path: &Path) -> Result<bool, StoreError> {
        Ok(self.node(path, NodeKind::File)?.is_some())
    }

    /// Refuses what a commit would stumble over: links, folders and pipes where backups and temporary files stand.
    pub(super) fn plain(&self) -> Result<(), StoreError> {
        let temporary = [TEMP, PROBE].map(|name| self.path(name));
        (1..=BACKUPS)
            .map(|number| self.backup(number))
            .chain(temporary)
            .try_for_each(|path| self.has(&path).map(|_| ()))
    }

    /// Opens a file of the folder.
    pub(super) fn open(&self, path: &Path, how: How) -> Result<Box<dyn DiskFile>, StoreError> {
        let node = self.node(path, NodeKind::File)?;
        if how == How::Write && node.is_some_and(|node| node.links > 1) {
            return Err(StoreError::Shared { path: path.to_owned() });
        }
        self.disk.open(path, how).map_err(self.failed("open", path))
    }

    /// Content of a file, if it is there.
    pub(super) fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(node) = self.node(path, NodeKind::File)? else { return Ok(None) };
        if node.len > LARGEST {
            return Err(StoreError::Huge { path: path.to_owned(), bytes: node.len });
        }
        match self.disk.open(path, How::Read).and_then(|mut file| file.read_all()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(self.failed("read", path)(why)),
        }
    }

    /// The journal; a missing one is empty.
    pub(super) fn journal(&self) -> Result<Scan, StoreError> {
        let path = self.path(JOURNAL);
        let bytes = self.read(&path)?.unwrap_or_default();
        frames::scan(&bytes).map_err(|fault| match fault {
            Fault::Corrupt { at, why } => StoreError::JournalCorrupt { path, at, why },
            Fault::Newer { found } => StoreError::NewerFormat { path, found, tool: String::new() },
        })
    }

    /// The snapshot, if there is one. Where there are backups, there must be one.
    pub(super) fn snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        let path = self.path(STATE);
        let Some(bytes) = self.read(&path)? else {
            return match self.newest_backup() {
                None => Ok(None),
                backup => {
                    Err(StoreError::Damaged { path, why: "it is missing, its backups are not".to_owned(), backup })
                }
            };
        };
        snapshot::decode(&bytes).map(Some).map_err(|why| match why {
            Unusable::Empty => StoreError::Empty { path, backup: self.newest_backup() },
            Unusable::Damaged(why) => StoreError::Damaged { path, why, backup: self.newest_backup() },
            Unusable::Newer { found, tool } => StoreError::NewerFormat { path, found, tool },
        })
    }

    /// The newest backup that is sound.
    pub(super) fn newest_backup(&self) -> Option<Backup> {
        (1..=BACKUPS).find_map(|number| {
            let snapshot = self.sound(number)?;
            Some(Backup { path: self.backup(number), serial: snapshot.state.serial })
        })
    }

    /// A backup, if it is there and sound.
    pub(super) fn sound(&self, number: u8) -> Option<Snapshot> {
        snapshot::decode(&self.read(&self.backup(number)).ok()??).ok()
    }

    /// Does a run hold the lock? Leaves nothing behind, and where it can't be told the answer is no.
    pub(super) fn locked(&self) -> bool {
        let path = self.path(LOCK);
        let Ok(true) = self.has(&path) else { return false };
        let Ok(mut file) = self.disk.open(&path, How::Read) else { return false };
        matches!(file.try_lock(Lock::Shared), Ok(false))
    }

    /// Who holds the lock, according to its content.
    pub(super) fn holder(&self) -> Holder {
        let bytes = self.read(&self.path(LOCK)).ok().flatten().unwrap_or_default();
        Holder::read(&String::from_utf8_lossy(&bytes))
    }

    /// Turns an operating system's error into one that says what was to be done, where, and what helps.
    pub(super) fn failed<'a>(
        &'a self,
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> StoreError + 'a {
        move |source| {
            let detail = self.detail(&source, path).unwrap_or_default();
            StoreError::Io { action, path: path.to_owned(), source, detail }
        }
    }

    fn detail(&self, source: &io::Error, path: &Path) -> Option<String> {
        match source.kind() {
            io::ErrorKind::StorageFull => {
                let free = self.disk.free(&self.dir).ok()?;
                Some(format!("{free} bytes are free"))
            }
            io::ErrorKind::PermissionDenied => {
                let at = [Some(path), path.parent()].into_iter().flatten();
                let mut nodes = at.filter_map(|at| Some((at, self.disk.node(at).ok()??)));
                let (at, Node { mode, uid, .. }) = nodes.next()?;
                Some(format!("{} has mode {mode:04o} and belongs to uid {uid}", super::error::Shown(at)))
            }
            _ => None,
        }
    }
}
