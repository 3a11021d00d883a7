//! The operating system's file system.

use super::disk::{Disk, DiskFile, How, Lock, Node, NodeKind};
use jiff::Timestamp;
use rustix::fs::OFlags;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Mode of folders.
const DIR_MODE: u32 = 0o700;
/// Mode of files.
const FILE_MODE: u32 = 0o600;

/// The operating system's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn node(&self, path: &Path) -> io::Result<Option<Node>> {
        let meta = match fs::symlink_metadata(path) {
            Ok(meta) => meta,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(why),
        };
        let kind = match meta.file_type() {
            kind if kind.is_file() => NodeKind::File,
            kind if kind.is_dir() => NodeKind::Dir,
            kind if kind.is_symlink() => NodeKind::Link,
            _ => NodeKind::Other,
        };
        let (mode, uid, links) = (meta.mode() & 0o7777, meta.uid(), meta.nlink());
        let written = Timestamp::from_second(meta.mtime()).ok();
        Ok(Some(Node { kind, len: meta.len(), mode, uid, links, written }))
    }

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists()) {
            self.make_dir(parent)?;
        }
        match DirBuilder::new().mode(DIR_MODE).create(path) {
            // Another process may have been quicker.
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => return Ok(()),
            made => made?,
        }
        // The umask may have taken bits from the owner, too.
        fs::set_permissions(path, Permissions::from_mode(DIR_MODE))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        self.sync_dir(parent.unwrap_or(Path::new(".")))
    }

    fn make_private(&self, path: &Path) -> io::Result<()> {
        let meta = fs::symlink_metadata(path)?;
        let mode = if meta.is_dir() { DIR_MODE } else { FILE_MODE };
        fs::set_permissions(path, Permissions::from_mode(mode))
    }

    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn DiskFile>> {
        // A pipe would block the open for ever without NONBLOCK; files don't mind it.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        let mut options = OpenOptions::new();
        options.read(true).mode(FILE_MODE).custom_flags(flags.cast_signed());
        let file = match how {
            How::Read => options.open(path)?,
            How::Write => options.write(true).create(true).truncate(false).open(path)?,
            How::New => options.write(true).create_new(true).open(path)?,
        };
        if how == How::New || (how == How::Write && file.metadata()?.len() == 0) {
            file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        }
        Ok(Box::new(RealFile(file)))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn free(&self, path: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(path)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// An open file of the operating system.
#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.0.rewind()?;
        self.0.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, at)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }

    fn reserve(&mut self, up_to: u64) -> io::Result<bool> {
        reserve(&self.0, up_to)
    }

    fn try_lock(&mut self, lock: Lock) -> io::Result<bool> {
        let tried = match lock {
            Lock::Shared => self.0.try_lock_shared(),
            Lock::Exclusive => self.0.try_lock(),
        };
        match tried {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(why)) => Err(why),
        }
    }
}

#[cfg(target_os = "linux")]
fn reserve(file: &File, up_to: u64) -> io::Result<bool> {
    use rustix::io::Errno;
    let set_aside = || rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, up_to);
    match rustix::io::retry_on_intr(set_aside) {
        Ok(()) => Ok(true),
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(false),
        Err(why) => Err(why.into()),
    }
}

/// Only Linux sets space aside beyond the end of a file.
#[cfg(not(target_os = "linux"))]
fn reserve(_: &File, _: u64) -> io::Result<bool> {
    Ok(false)
}
