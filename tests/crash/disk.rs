//! A disk that fails at a chosen operation of the real program.
//!
//! By a small library between program and libc (`disk.c`), compiled on the spot: whoever links Rust has the C compiler.
//! It needs no privileges, hits exactly one operation of the state folder, and can tear a write in half. The program asks
//! the kernel itself for the reservation of space and for the free space; these two it does not see.

use std::io;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Nothing; operations are listed.
    Count,
    /// SIGKILL before it.
    Before,
    /// SIGKILL in the middle of it, where it has one, or else after it.
    Torn,
    /// EIO, once.
    Eio,
    /// ENOSPC, from then on.
    Enospc,
}

/// All that go wrong.
const FAULTS: [How; 4] = [How::Before, How::Torn, How::Eio, How::Enospc];

impl How {
    /// Its name, here and in `disk.c`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Before => "before",
            Self::Torn => "torn",
            Self::Eio => "eio",
            Self::Enospc => "enospc",
        }
    }
}

/// A fault of the disk at one operation of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskCut {
    /// Which operation, counted from 1.
    pub(super) nth: u64,
    /// What becomes of it.
    pub(super) how: How,
}

impl DiskCut {
    /// No fault: operations are listed.
    #[must_use]
    pub const fn count() -> Self {
        Self { nth: 0, how: How::Count }
    }

    /// Every fault at an operation.
    pub fn all_at(nth: u64) -> impl Iterator<Item = Self> {
        FAULTS.into_iter().map(move |how| Self { nth, how })
    }

    /// Whether the process dies of it.
    #[must_use]
    pub fn kills(self) -> bool {
        matches!(self.how, How::Before | How::Torn)
    }

    /// Reads `17.torn`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (nth, how) = text.split_once('.')?;
        let how = FAULTS.into_iter().find(|known| known.name() == how)?;
        Some(Self { nth: nth.parse().ok()?, how })
    }

    /// Its class in the table.
    pub(super) const fn class(self) -> &'static str {
        match self.how {
            How::Count => "disk: none",
            How::Before => "disk: cut before",
            How::Torn => "disk: cut within",
            How::Eio => "disk: EIO",
            How::Enospc => "disk: ENOSPC",
        }
    }
}

/// The compiled library.
#[derive(Debug)]
pub struct Shim {
    folder: TempDir,
}

impl Shim {
    /// Compiles it.
    ///
    /// # Errors
    /// There is no C compiler (`cc`), or not for a system with `LD_PRELOAD`.
    pub fn compile() -> io::Result<Self> {
        let shim = Self { folder: TempDir::new()? };
        let source = shim.folder.path().join("disk.c");
        std::fs::write(&source, include_str!("disk.c"))?;
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-shared", "-fPIC", "-o"]).arg(shim.library()).arg(&source).arg("-ldl");
        let output = compiler.output().map_err(|why| io::Error::other(format!("no C compiler `cc`: {why}")))?;
        if output.status.success() {
            return Ok(shim);
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(io::Error::other(format!("the failing disk can't be compiled:\n{said}")))
    }

    fn library(&self) -> std::path::PathBuf {
        self.folder.path().join("disk.so")
    }

    /// What the program's environment must say; `under` is the folder that fails, `log` gets what was struck.
    pub(super) fn settings(&self, cut: &DiskCut, (under, log): (&Path, &Path)) -> [(&'static str, String); 5] {
        [
            ("LD_PRELOAD", self.library().display().to_string()),
            ("DISK_UNDER", under.display().to_string()),
            ("DISK_LOG", log.display().to_string()),
            ("DISK_NTH", cut.nth.to_string()),
            ("DISK_HOW", cut.how.name().to_owned()),
        ]
    }
}
