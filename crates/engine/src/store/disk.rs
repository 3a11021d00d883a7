//! The file-system operations that the store uses, and no others: few enough
//! that a test can cut the power at each of them.

use jiff::Timestamp;
use std::fmt;
use std::io;
use std::path::Path;

pub use super::real::RealDisk;

/// A file system.
pub trait Disk: Send + Sync + fmt::Debug {
    /// What stands at a path, symbolic links not followed; `None` when nothing does.
    ///
    /// # Errors
    /// The operating system's.
    fn node(&self, path: &Path) -> io::Result<Option<Node>>;

    /// Makes a folder and its missing ancestors, mode 0700, and makes their names durable.
    ///
    /// # Errors
    /// The operating system's.
    fn make_dir(&self, path: &Path) -> io::Result<()>;

    /// Takes a file's or folder's access from everybody but its owner.
    ///
    /// # Errors
    /// The operating system's.
    fn make_private(&self, path: &Path) -> io::Result<()>;

    /// Opens a file. Symbolic links are not followed.
    ///
    /// # Errors
    /// The operating system's.
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file a second name.
    ///
    /// # Errors
    /// The operating system's.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file another name; a file that had that name loses it in the same moment.
    ///
    /// # Errors
    /// The operating system's.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a name away.
    ///
    /// # Errors
    /// The operating system's.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// The operating system's. It is not known then which names are durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Bytes that may still be written.
    ///
    /// # Errors
    /// The operating system's.
    fn free(&self, path: &Path) -> io::Result<u64>;
}

/// An open file.
pub trait DiskFile: Send + fmt::Debug {
    /// The whole content.
    ///
    /// # Errors
    /// The operating system's.
    fn read_all(&mut self) -> io::Result<Vec<u8>>;

    /// Writes all bytes at an offset. After an error some of them may be there.
    ///
    /// # Errors
    /// The operating system's.
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()>;

    /// Cuts the file, or fills it up with zeros.
    ///
    /// # Errors
    /// The operating system's.
    fn set_len(&mut self, len: u64) -> io::Result<()>;

    /// Makes content and length durable.
    ///
    /// # Errors
    /// The operating system's. It is not known then what is durable, and a second call proves nothing.
    fn sync(&mut self) -> io::Result<()>;

    /// Sets space aside up to an offset without changing the length, so that writes before it find
    /// room on a full disk. `false` where the file system can't.
    ///
    /// # Errors
    /// The operating system's, foremost that the disk is full.
    fn reserve(&mut self, up_to: u64) -> io::Result<bool>;

    /// Takes a lock that goes with this handle; `false` when another handle's lock is in the way.
    ///
    /// # Errors
    /// The operating system's: there are file systems without locks.
    fn try_lock(&mut self, lock: Lock) -> io::Result<bool>;
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Length in bytes.
    pub len: u64,
    /// Permission bits.
    pub mode: u32,
    /// Its owner's number.
    pub uid: u32,
    /// How many names it has.
    pub links: u64,
    /// When its content was last written, to the second; `None` on a disk without time. For people alone: clocks are
    /// set, and a copy may have the time at which it was made.
    pub written: Option<Timestamp>,
}

/// What something in a file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A file.
    File,
    /// A folder.
    Dir,
    /// A symbolic link.
    Link,
    /// A pipe, a socket, a device.
    Other,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// To be read; it must exist.
    Read,
    /// To be read and written; made with mode 0600 if it does not exist.
    Write,
    /// To be written; made with mode 0600, must not exist.
    New,
}

/// Which lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Beside others that share.
    Shared,
    /// Alone.
    Exclusive,
}
