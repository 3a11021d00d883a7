//! The local copy of what a run has written down and the bucket has perhaps not
//! got yet.
//!
//! It decides nothing: a run on another machine looks at AWS instead. Where it
//! is there, and is of the very run that died, the next run knows which creates
//! were never sent and what the others gave back, and need not wait until a
//! consistency horizon has passed.

use crate::store::disk::{DiskFile, How};
use crate::store::error::StoreError;
use crate::store::files::Folder;
use crate::store::frames::{self, End, Frame, Says};
use auroractl_core::journal::Entry;
use std::path::PathBuf;

/// Its name. One run's replaces the one before.
const NAME: &str = "journal.remote";
const TEMP: &str = "journal.remote.tmp";

/// The local copy.
#[derive(Debug)]
pub(super) struct Mirror {
    folder: Folder,
    file: Box<dyn DiskFile>,
    end: End,
}

impl Mirror {
    /// The lines of a run after number `lines`; `None` when they are not here. An empty list is an answer: there are none
    /// beyond those.
    pub(super) fn left_by(folder: &Folder, nonce: &str, lines: u64) -> Option<Vec<Entry>> {
        let bytes = folder.read(&folder.path(NAME)).ok()??;
        let scan = frames::scan(&bytes).ok()?;
        let mut frames = scan.frames.into_iter();
        let base = frames.next()?;
        let ours = matches!(&base.says, Says::Base { checksum, .. } if checksum == nonce);
        // Beyond the bucket's last line without a gap, or else it is not known what lies between.
        if !ours || base.n > lines || scan.end.n < lines {
            return None;
        }
        let line = |frame: Frame<Entry>| match frame.says {
            Says::Line(entry) if frame.n > lines => Some(entry),
            _ => None,
        };
        Some(frames.filter_map(line).collect())
    }

    /// Begins the copy of a run, with lines that the bucket has not got. The one before is replaced in one step.
    pub(super) fn begin(folder: Folder, run: (&str, u64), unsent: &[Entry]) -> Result<Self, StoreError> {
        let (nonce, lines) = run;
        let (path, temp) = (folder.path(NAME), folder.path(TEMP));
        if folder.exists()?.is_none() {
            folder.disk.make_dir(&folder.dir).map_err(folder.failed("make", &folder.dir))?;
        }
        if folder.has(&temp)? {
            folder.disk.remove(&temp).map_err(folder.failed("remove", &temp))?;
        }
        let mut file = folder.open(&temp, How::New)?;
        let says = Says::Base { serial: 0, checksum: nonce.to_owned() };
        let (mut bytes, hash) = frames::encode(&Frame { n: lines, prev: String::new(), synced: lines, says })?;
        let mut end = End { bytes: bytes.len() as u64, n: lines, hash };
        append(&mut bytes, &mut end, unsent)?;
        let written = file.write_at(&bytes, 0).and_then(|()| file.sync());
        written.map_err(folder.failed("write", &temp))?;
        folder.disk.rename(&temp, &path).map_err(folder.failed("replace", &path))?;
        folder.disk.sync_dir(&folder.dir).map_err(folder.failed("make durable", &path))?;
        Ok(Self { folder, file, end })
    }

    /// Adds lines; with `durable` they outlive a power cut.
    pub(super) fn append(&mut self, entries: &[Entry], durable: bool) -> Result<(), StoreError> {
        let (mut bytes, mut end) = (Vec::new(), self.end.clone());
        append(&mut bytes, &mut end, entries)?;
        let path = self.path();
        self.file.write_at(&bytes, self.end.bytes).map_err(self.folder.failed("append to", &path))?;
        self.end = end;
        if durable { self.file.sync().map_err(self.folder.failed("make durable", &path)) } else { Ok(()) }
    }

    /// Removes it: everything is in the bucket, or it can't be kept complete.
    pub(super) fn remove(self) -> Result<(), StoreError> {
        let path = self.path();
        self.folder.disk.remove(&path).map_err(self.folder.failed("remove", &path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path(NAME)
    }
}

fn append(bytes: &mut Vec<u8>, end: &mut End, entries: &[Entry]) -> Result<(), StoreError> {
    for entry in entries {
        let frame = Frame { n: end.n + 1, prev: end.hash.clone(), synced: end.n, says: Says::Line(entry) };
        let (more, hash) = frames::encode(&frame)?;
        bytes.extend(&more);
        *end = End { bytes: end.bytes + more.len() as u64, n: frame.n, hash };
    }
    Ok(())
}
