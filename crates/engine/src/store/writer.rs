//! The half of the local store that writes: it exists only while the lock is held.

use super::disk::{DiskFile, How};
use super::error::StoreError;
use super::files::{BACKUPS, Folder, JOURNAL, PROBE, STATE, TEMP};
use super::frames::{self, End, Frame, Says};
use super::snapshot::{self, Head, Snapshot};
use auroractl_core::identity::StackId;
use auroractl_core::journal::Entry;
use auroractl_core::state::State;
use std::io;

/// Space that is set aside behind the journal's end before a mutation is declared: so much room the
/// outcomes of calls in flight have on a disk that fills up.
const RESERVE: u64 = 1 << 20;
/// Space that must be free before the first mutation.
const FREE: u64 = 8 << 20;

/// What writes, while the lock is held.
#[derive(Debug)]
pub(super) struct Writer {
    folder: Folder,
    /// Held for its lock alone.
    _lock: Box<dyn DiskFile>,
    journal: Box<dyn DiskFile>,
    end: End,
    /// The last line that is known to be durable.
    synced: u64,
    /// Serial, epoch and owner of the snapshot; `None` before the first one.
    last: Option<Last>,
    /// Why nothing is written any more.
    broken: Option<String>,
}

/// The snapshot that the journal continues.
#[derive(Debug)]
struct Last {
    serial: u64,
    epoch: u64,
    stack: StackId,
    lineage: String,
}

impl Last {
    fn of(snapshot: &Snapshot) -> Self {
        let State { serial, stack, lineage, .. } = &snapshot.state;
        Self { serial: *serial, epoch: snapshot.head.epoch, stack: stack.clone(), lineage: lineage.clone() }
    }
}

impl Writer {
    /// Continues a journal: cuts its torn end, and begins it anew where it does not continue the snapshot.
    pub(super) fn new(
        folder: Folder,
        lock: Box<dyn DiskFile>,
        found: (Option<&Snapshot>, &frames::Scan),
    ) -> Result<Self, StoreError> {
        let (snapshot, scan) = found;
        let path = folder.path(JOURNAL);
        let new = !folder.has(&path)?;
        let journal = folder.open(&path, How::Write)?;
        if new {
            // Lines are no more durable than the name of the file that they stand in.
            folder.disk.sync_dir(&folder.dir).map_err(folder.failed("make durable", &path))?;
        }
        let (end, synced) = (scan.end.clone(), scan.end.n);
        let mut writer = Self { folder, _lock: lock, journal, end, synced, last: snapshot.map(Last::of), broken: None };
        match snapshot {
            Some(snapshot) if !continues(scan, snapshot) => writer.restart(snapshot)?,
            _ => writer.cut(scan.torn)?,
        }
        Ok(writer)
    }

    fn cut(&mut self, torn: u64) -> Result<(), StoreError> {
        if torn > 0 {
            let path = self.folder.path(JOURNAL);
            let cut = self.journal.set_len(self.end.bytes).and_then(|()| self.journal.sync());
            cut.map_err(self.folder.failed("cut the torn end of", &path))?;
        }
        Ok(())
    }

    /// Can it be written, and is there room? To be asked before the first mutation.
    pub(super) fn probe(&self) -> Result<(), StoreError> {
        let Folder { disk, dir } = &self.folder;
        let free = disk.free(dir).map_err(self.folder.failed("ask for the free space of", dir))?;
        if free < FREE {
            return Err(StoreError::Space { path: dir.clone(), free, needed: FREE });
        }
        let path = self.folder.path(PROBE);
        self.discard(PROBE)?;
        let written = self.fresh(PROBE, &[0; 4096]);
        let removed = self.discard(PROBE);
        written.and(removed).and_then(|()| disk.sync_dir(dir).map_err(self.folder.failed("write to", &path)))
    }

    /// Adds lines to the journal.
    pub(super) fn append(&mut self, entries: &[Entry], durable: bool) -> Result<(), StoreError> {
        self.usable()?;
        if self.last.is_none() {
            return Err(StoreError::NotWritable("the first snapshot comes before the first line"));
        }
        let (bytes, end) = self.framed(entries)?;
        let path = self.folder.path(JOURNAL);
        if entries.iter().any(declares) {
            let reserved = self.journal.reserve(end.bytes + RESERVE);
            reserved.map_err(self.folder.failed("set space aside for", &path))?;
        }
        if let Err(why) = self.journal.write_at(&bytes, self.end.bytes) {
            self.unwrite(&why);
            return Err(self.folder.failed("append to", &path)(why));
        }
        self.end = end;
        if durable { self.sync() } else { Ok(()) }
    }

    fn framed(&self, entries: &[Entry]) -> Result<(Vec<u8>, End), StoreError> {
        let (mut bytes, mut end) = (Vec::new(), self.end.clone());
        for entry in entries {
            let frame = Frame { n: end.n + 1, prev: end.hash, synced: self.synced, says: Says::Line(entry) };
            let (more, hash) = frames::encode(&frame)?;
            bytes.extend(&more);
            end = End { bytes: end.bytes + more.len() as u64, n: frame.n, hash };
        }
        Ok((bytes, end))
    }

    /// Takes back what an interrupted append left.
    fn unwrite(&mut self, why: &io::Error) {
        if self.journal.set_len(self.end.bytes).is_err() {
            self.broken = Some(why.to_string());
        }
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        match self.journal.sync() {
            Ok(()) => {
                self.synced = self.end.n;
                Ok(())
            }
            Err(why) => Err(self.broke("make durable", JOURNAL, why)),
        }
    }

    /// An error after which it is open what the disk holds: a second try would prove nothing.
    fn broke(&mut self, action: &'static str, name: &str, why: io::Error) -> StoreError {
        self.broken = Some(why.to_string());
        self.folder.failed(action, &self.folder.path(name))(why)
    }

    fn usable(&self) -> Result<(), StoreError> {
        self.broken.clone().map_or(Ok(()), |why| Err(StoreError::Broken(why)))
    }

    /// Replaces the snapshot and begins a new journal.
    pub(super) fn commit(&mut self, state: &State) -> Result<(), StoreError> {
        self.usable()?;
        self.same_stack(state)?;
        let (serial, epoch) = self.last.as_ref().map_or((state.serial + 1, 0), |last| (last.serial + 1, last.epoch));
        let head = Head { epoch, upto: self.end.n };
        let state = State { serial, ..state.clone() };
        let (bytes, checksum) = snapshot::encode(&state, &head)?;
        self.discard(TEMP)?;
        self.fresh(TEMP, &bytes)?;
        self.rotate()?;
        self.publish()?;
        self.verify(&bytes)?;
        self.restart(&Snapshot { state, head, checksum, migrated: None })
    }

    fn same_stack(&self, state: &State) -> Result<(), StoreError> {
        let Some(last) = &self.last else { return Ok(()) };
        super::belongs(state, &last.stack)?;
        if last.lineage == state.lineage {
            return Ok(());
        }
        let (expected, found) = (last.lineage.clone(), state.lineage.clone());
        Err(StoreError::Foreign { what: "lineage", expected, found })
    }

    /// Makes a durable file.
    fn fresh(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.folder.path(name);
        let write = || {
            let mut file = self.folder.disk.open(&path, How::New)?;
            file.write_at(bytes, 0)?;
            file.sync()
        };
        write().map_err(self.folder.failed("write", &path))
    }

    /// Removes a file that may be there.
    fn discard(&self, name: &str) -> Result<(), StoreError> {
        let path = self.folder.path(name);
        if self.folder.disk.node(&path).map_err(self.folder.failed("look at", &path))?.is_none() {
            return Ok(());
        }
        self.folder.disk.remove(&path).map_err(self.folder.failed("remove", &path))
    }

    /// Makes the snapshot its own newest backup. No file ever loses its name without another having its content.
    fn rotate(&self) -> Result<(), StoreError> {
        let Folder { disk, .. } = &self.folder;
        let newest = self.folder.path(STATE);
        if !self.folder.has(&newest)? {
            return Ok(());
        }
        for number in (1..=BACKUPS).rev() {
            let (from, to) = (self.folder.backup(number), self.folder.backup(number + 1));
            if self.folder.has(&from)? {
                let moved = if number == BACKUPS { disk.remove(&from) } else { disk.rename(&from, &to) };
                moved.map_err(self.folder.failed("make room after", &from))?;
            }
        }
        self.keep(&self.folder.backup(1))
    }

    /// Keeps the snapshot under a second name: as a link, or as a copy where the file system has no links.
    fn keep(&self, to: &std::path::Path) -> Result<(), StoreError> {
        let newest = self.folder.path(STATE);
        if self.folder.disk.link(&newest, to).is_ok() {
            return Ok(());
        }
        let copy = || {
            let bytes = self.folder.disk.open(&newest, How::Read)?.read_all()?;
            let mut file = self.folder.disk.open(to, How::New)?;
            file.write_at(&bytes, 0)?;
            file.sync()
        };
        copy().map_err(self.folder.failed("keep a backup at", to))
    }

    /// Keeps a snapshot of an older format for good, beside the backups that later commits push out.
    pub(super) fn keep_format(&self, format: u32) -> Result<(), StoreError> {
        let to = self.folder.path(&format!("{STATE}.format-{format}"));
        if self.folder.has(&to)? { Ok(()) } else { self.keep(&to) }
    }

    fn publish(&mut self) -> Result<(), StoreError> {
        let (temp, newest) = (self.folder.path(TEMP), self.folder.path(STATE));
        let renamed = self.folder.disk.rename(&temp, &newest);
        renamed.map_err(|why| self.broke("replace", STATE, why))?;
        let synced = self.folder.disk.sync_dir(&self.folder.dir);
        synced.map_err(|why| self.broke("make durable", STATE, why))
    }

    /// Reads the snapshot back, as long as the journal could still make up for it.
    fn verify(&mut self, written: &[u8]) -> Result<(), StoreError> {
        let path = self.folder.path(STATE);
        let why = match self.folder.read(&path) {
            Ok(Some(read)) if read == written => return Ok(()),
            Ok(_) => "it was read back otherwise than it was written".to_owned(),
            Err(why) => format!("it could not be read back: {why}"),
        };
        self.broken = Some(why.clone());
        Err(StoreError::Damaged { path, why, backup: self.folder.newest_backup() })
    }

    /// Begins a new journal behind a snapshot. Emptying it and filling it are made durable one after the
    /// other, so that no cut of the power leaves new frames before the rest of old ones.
    fn restart(&mut self, snapshot: &Snapshot) -> Result<(), StoreError> {
        let (serial, checksum, n) = (snapshot.state.serial, snapshot.checksum.clone(), snapshot.head.upto);
        let base = Frame { n, prev: String::new(), synced: n, says: Says::Base { serial, checksum } };
        let (bytes, hash) = frames::encode(&base)?;
        let emptied = self.journal.set_len(0).and_then(|()| self.journal.sync());
        emptied
            .and_then(|()| self.journal.write_at(&bytes, 0))
            .and_then(|()| self.journal.sync())
            .map_err(|why| self.broke("begin", JOURNAL, why))?;
        self.end = End { bytes: bytes.len() as u64, n, hash };
        self.synced = n;
        self.last = Some(Last::of(snapshot));
        // Emptying gave the reserve back. On a disk without room the next declaration tells.
        let _ = self.journal.reserve(self.end.bytes + RESERVE);
        Ok(())
    }
}

/// Is the journal's first frame the base of this snapshot?
pub(super) fn continues(scan: &frames::Scan, snapshot: &Snapshot) -> bool {
    scan.frames
        .first()
        .is_some_and(|frame| matches!(&frame.says, Says::Base { serial, .. } if *serial == snapshot.state.serial))
}

/// Does this line announce a mutation? Then there must be room for its outcome, too.
fn declares(entry: &Entry) -> bool {
    matches!(entry, Entry::RunStart { .. } | Entry::Intent(_) | Entry::Attempt { .. } | Entry::Moved { .. })
}
