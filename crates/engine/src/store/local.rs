//! A stack's state in a folder of files.
//!
//! ```text
//! state/<stack>/            0700
//!   lock                    held by the one run that may write; dies with its process
//!   state.json              0600, the snapshot; state.json.1 to .5 are the ones before
//!   journal                 0600, what happened since
//! ```
//!
//! What the functions of [`Store`] do here they do at once, on the thread that
//! polls: an fsync takes milliseconds, and no call is sent before it is done
//! anyway.

use super::Store;
use super::disk::{Disk, DiskFile, How, Lock, RealDisk};
use super::error::{Holder, StoreError};
use super::files::{Folder, LOCK, STATE};
use super::frames::{Frame, Says, Scan};
use super::snapshot::Snapshot;
use super::writer::{Writer, continues};
use crate::clock::Clock;
use auroractl_core::journal::{self, Entry};
use auroractl_core::state::State;
use futures::future::BoxFuture;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often the lock is tried: a reader that looks whether somebody writes holds it for a moment.
const TRIES: u8 = 5;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(10);
/// How often a reader reads again while a run writes under its eyes.
const READS: u8 = 5;

/// What the store is opened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To look. Nothing is written, not even a lock.
    Read,
    /// To work: takes the lock.
    Write {
        /// What the lock's holder runs, for others' messages.
        command: String,
    },
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The snapshot with the journal replayed; `None` when there is nothing yet.
    pub state: Option<State>,
    /// The lines since the snapshot, which the state holds and no snapshot does: what a run wrote down that did not
    /// come to its end.
    pub since: Vec<Entry>,
    /// What the user should know, for example that the end of an interrupted write was cut.
    pub notes: Vec<String>,
    /// Another run holds the lock: the state is about to change. Only when reading.
    pub in_motion: bool,
}

/// A stack's state in a folder.
#[derive(Debug)]
pub struct Local {
    writer: Option<Writer>,
}

impl Local {
    /// Opens the folder of a stack, see [`super::folder`].
    ///
    /// # Errors
    /// When another run holds the lock, or the folder or what stands in it can't be used.
    pub fn open(dir: &Path, mode: Mode) -> Result<(Self, Opened), StoreError> {
        Self::open_on(Arc::new(RealDisk), dir, mode)
    }

    /// The same on any disk.
    ///
    /// # Errors
    /// See [`Local::open`].
    pub fn open_on(disk: Arc<dyn Disk>, dir: &Path, mode: Mode) -> Result<(Self, Opened), StoreError> {
        let folder = Folder { disk, dir: dir.to_owned() };
        match mode {
            Mode::Read => read(&folder).map(|opened| (Self { writer: None }, opened)),
            Mode::Write { command } => {
                write(folder, command).map(|(writer, opened)| (Self { writer: Some(writer) }, opened))
            }
        }
    }
}

/// A line or a snapshot was given to a store that was opened to look.
pub(super) const READ_ONLY: StoreError = StoreError::NotWritable("it was opened for reading");

impl Store for Local {
    fn append<'a>(&'a mut self, entries: &'a [Entry], durable: bool) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.writer.as_mut().ok_or(READ_ONLY)?.append(entries, durable) })
    }

    fn commit<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.writer.as_mut().ok_or(READ_ONLY)?.commit(state) })
    }

    fn probe(&self) -> Result<(), StoreError> {
        self.writer.as_ref().ok_or(READ_ONLY)?.probe()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        // The lock goes with its file handle.
        Box::pin(std::future::ready(Ok(())))
    }
}

fn read(folder: &Folder) -> Result<Opened, StoreError> {
    if folder.exists()?.is_none() {
        return Ok(Opened { state: None, since: Vec::new(), notes: Vec::new(), in_motion: false });
    }
    let mut left = READS;
    loop {
        let in_motion = folder.locked();
        left -= 1;
        match Loaded::from(folder) {
            Ok(loaded) => {
                let notes = if in_motion { Vec::new() } else { loaded.notes() };
                let Loaded { snapshot, scan, state, .. } = loaded;
                return Ok(Opened { state, since: since(snapshot.as_ref(), scan), notes, in_motion });
            }
            // Half of it may have been read before a write and half after.
            Err(_) if left > 0 && (in_motion || folder.locked()) => {}
            Err(why) => return Err(why),
        }
    }
}

fn write(folder: Folder, command: String) -> Result<(Writer, Opened), StoreError> {
    let mut notes = prepare(&folder)?;
    let lock = lock(&folder, command)?;
    folder.plain()?;
    let loaded = Loaded::from(&folder)?;
    notes.extend(loaded.notes());
    let Loaded { snapshot, scan, state, .. } = loaded;
    let writer = Writer::new(folder, lock, (snapshot.as_ref(), &scan))?;
    let since = since(snapshot.as_ref(), scan);
    if let Some(format) = snapshot.and_then(|snapshot| snapshot.migrated) {
        writer.keep_format(format)?;
    }
    Ok((writer, Opened { state, since, notes, in_motion: false }))
}

/// Makes the folder if need be, and takes it from the eyes of others.
fn prepare(folder: &Folder) -> Result<Vec<String>, StoreError> {
    let Folder { disk, dir } = folder;
    let Some(node) = folder.exists()? else {
        disk.make_dir(dir).map_err(folder.failed("make", dir))?;
        return Ok(Vec::new());
    };
    if node.mode & 0o077 == 0 || disk.make_private(dir).is_err() {
        return Ok(Vec::new());
    }
    Ok(vec![format!("others had access to {} (mode {:04o}); it is 0700 now", super::error::Shown(dir), node.mode)])
}

/// Takes the lock of a folder that is there; it goes with the file.
pub(super) fn lock(folder: &Folder, command: String) -> Result<Box<dyn DiskFile>, StoreError> {
    let path = folder.path(LOCK);
    let mut file = folder.open(&path, How::Write)?;
    let mut left = TRIES;
    while !file
        .try_lock(Lock::Exclusive)
        .map_err(|source| StoreError::NetworkFsWithoutLocks { path: path.clone(), source })?
    {
        left -= 1;
        if left == 0 {
            return Err(StoreError::Locked(folder.holder()));
        }
        pause();
    }
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let since = Clock::default().stamp();
    let text = Holder { pid: std::process::id(), host, since, command }.written();
    let told = file.set_len(0).and_then(|()| file.write_at(text.as_bytes(), 0));
    told.map_err(folder.failed("write", &path))?;
    Ok(file)
}

#[expect(
    clippy::disallowed_methods,
    reason = "opening comes before the engine's clock runs, and waits for a reader's moment only"
)]
fn pause() {
    std::thread::sleep(PAUSE);
}

/// Snapshot and journal, and what they add up to.
struct Loaded {
    snapshot: Option<Snapshot>,
    scan: Scan,
    state: Option<State>,
    /// There is a snapshot, and no journal at all.
    unjournalled: bool,
}

impl Loaded {
    /// Reads the journal first: a snapshot that is committed in between holds all that the journal says.
    fn from(folder: &Folder) -> Result<Self, StoreError> {
        let unjournalled = !folder.has(&folder.path(super::files::JOURNAL))?;
        let scan = folder.journal()?;
        let snapshot = folder.snapshot()?;
        let state = match &snapshot {
            Some(snapshot) => Some(replayed(folder, snapshot, &scan)?),
            None if scan.frames.is_empty() => None,
            None => {
                let why = "it is missing, its journal is not".to_owned();
                return Err(StoreError::Damaged { path: folder.path(STATE), why, backup: None });
            }
        };
        Ok(Self { unjournalled: unjournalled && snapshot.is_some(), snapshot, scan, state })
    }

    fn notes(&self) -> Vec<String> {
        let torn = (self.scan.torn > 0).then(|| {
            let torn = self.scan.torn;
            format!("the last write to the journal was interrupted: {torn} bytes are left out; what they told of is looked for at AWS")
        });
        let missing = self.unjournalled.then(|| {
            "the journal is missing: what an interrupted run made since the snapshot is not known here".to_owned()
        });
        torn.into_iter().chain(missing).collect()
    }
}

/// The snapshot with the journal's later lines.
fn replayed(folder: &Folder, snapshot: &Snapshot, scan: &Scan) -> Result<State, StoreError> {
    fits(folder, snapshot, scan)?;
    let mut state = snapshot.state.clone();
    for frame in scan.frames.iter().filter(|frame| frame.n > snapshot.head.upto) {
        let Says::Line(entry) = &frame.says else { continue };
        if let Entry::RunStart { lineage, .. } = entry
            && *lineage != state.lineage
        {
            let (expected, found) = (state.lineage, lineage.clone());
            return Err(StoreError::Foreign { what: "lineage", expected, found });
        }
        journal::replay(&mut state, entry);
    }
    Ok(state)
}

/// The lines that the snapshot does not hold.
fn since(snapshot: Option<&Snapshot>, scan: Scan) -> Vec<Entry> {
    let upto = snapshot.map_or(0, |snapshot| snapshot.head.upto);
    let line = |frame: Frame<Entry>| match frame.says {
        Says::Line(entry) if frame.n > upto => Some(entry),
        _ => None,
    };
    scan.frames.into_iter().filter_map(line).collect()
}

/// Is this the snapshot that the journal continues, or one that holds all that the journal says?
fn fits(folder: &Folder, snapshot: &Snapshot, scan: &Scan) -> Result<(), StoreError> {
    let found = snapshot.state.serial;
    let Some(first) = scan.frames.first() else { return Ok(()) };
    match &first.says {
        Says::Base { serial, .. } if *serial > found => {
            Err(StoreError::RolledBack { path: folder.path(STATE), found, expected: *serial })
        }
        Says::Base { serial, checksum } if *serial == found && *checksum != snapshot.checksum => {
            let (expected, found) = (checksum.clone(), snapshot.checksum.clone());
            Err(StoreError::Foreign { what: "snapshot", expected, found })
        }
        _ if continues(scan, snapshot) || scan.end.n <= snapshot.head.upto => Ok(()),
        _ => {
            let why = format!("its lines go on after those of another snapshot than serial {found}");
            Err(StoreError::JournalCorrupt { path: folder.path(super::files::JOURNAL), at: 0, why })
        }
    }
}
