//! Why a store can't be used. Each reason has a way out.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process works on this stack.
    #[error("the state is locked by {0}")]
    Locked(Holder),
    /// The snapshot is not what was written.
    #[error("{} is damaged: {why}", Shown(path))]
    Damaged {
        /// The snapshot.
        path: PathBuf,
        /// What is wrong.
        why: String,
        /// The newest backup that is sound.
        backup: Option<Backup>,
    },
    /// The snapshot has no bytes. That is damage, not a stack without resources.
    #[error("{} is empty", Shown(path))]
    Empty {
        /// The snapshot.
        path: PathBuf,
        /// The newest backup that is sound.
        backup: Option<Backup>,
    },
    /// A newer auroractl wrote it.
    #[error("{} is of a newer auroractl: {found}", Shown(path))]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// What this release does not know.
        found: String,
        /// The release that wrote it, where that is known.
        tool: String,
    },
    /// It is the state of another stack.
    #[error("the state is of another {what}: `{expected}` was expected, `{found}` was found")]
    Foreign {
        /// What differs: stack, account, region, lineage, snapshot.
        what: &'static str,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The snapshot is older than the one that the journal continues.
    #[error("{} is an old one: its serial is {found}, the journal continues serial {expected}", Shown(path))]
    RolledBack {
        /// The snapshot.
        path: PathBuf,
        /// Serial of the snapshot.
        found: u64,
        /// Serial that the journal continues.
        expected: u64,
    },
    /// The journal is damaged in its middle: lines that were durable are lost.
    #[error("{} is damaged at byte {at}: {why}", Shown(path))]
    JournalCorrupt {
        /// The journal.
        path: PathBuf,
        /// Where.
        at: u64,
        /// What is wrong.
        why: String,
    },
    /// The operating system refused something.
    #[error("can't {action} {}: {}", Shown(path), Cause(source, detail))]
    Io {
        /// What was to be done.
        action: &'static str,
        /// To which file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
        /// What helps to understand it: whose the folder is, how much space is left.
        detail: String,
    },
    /// A symbolic link stands where a file of the state should.
    #[error("{} is a symbolic link", Shown(path))]
    SymlinkRefused {
        /// The link.
        path: PathBuf,
    },
    /// A file that is written in place has a second name, under which its content would change, too.
    #[error("{} has a second name (a hard link)", Shown(path))]
    Shared {
        /// The file.
        path: PathBuf,
    },
    /// No state and no journal is that large.
    #[error("{} has {bytes} bytes, more than any state", Shown(path))]
    Huge {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
    },
    /// Something else than a file (or a folder) stands where one should.
    #[error("{} is not a {wanted}", Shown(path))]
    NotAFile {
        /// Where.
        path: PathBuf,
        /// What should stand there.
        wanted: &'static str,
    },
    /// The file system has no locks, so two runs could work on one stack.
    #[error("{} lies on a file system without locks: {source}", Shown(path))]
    NetworkFsWithoutLocks {
        /// The lock.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The name of a stack that is no name.
    #[error("`{}` can't be the name of a stack", name.escape_debug())]
    Name {
        /// The name.
        name: String,
    },
    /// There is too little space to begin.
    #[error("{} has {free} bytes of free space, {needed} are needed to begin", Shown(path))]
    Space {
        /// The folder.
        path: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that are needed.
        needed: u64,
    },
    /// An earlier write of this run failed in a way that leaves open what is on the disk.
    #[error("the state is not written any more, since an earlier write failed: {0}")]
    Broken(String),
    /// It was opened for reading, or nothing was committed yet.
    #[error("the state can't be written: {0}")]
    NotWritable(&'static str),
    /// The remote store can't be used.
    #[error(transparent)]
    Remote(#[from] super::remote::RemoteError),
    /// The state can't be written as JSON.
    #[error("the state has no written form: {0}")]
    Unwritable(#[from] serde_json::Error),
}

/// Who holds a lock, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Process.
    pub pid: u32,
    /// Machine.
    pub host: String,
    /// When it took the lock, in UTC.
    pub since: String,
    /// What it runs.
    pub command: String,
}

/// A sound backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The file.
    pub path: PathBuf,
    /// Its serial.
    pub serial: u64,
}

impl StoreError {
    /// Is what stands there of no use to any release, so that a rebuilt state may take its place?
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Empty { .. } | Self::RolledBack { .. } | Self::JournalCorrupt { .. } => true,
            Self::Foreign { what, .. } => matches!(*what, "lineage" | "snapshot"),
            _ => false,
        }
    }

    /// Has another run taken the lock away?
    #[must_use]
    pub fn fenced(&self) -> bool {
        matches!(self, Self::Remote(super::remote::RemoteError::Fenced(_)))
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Locked(_) => {
                "wait until it has ended; the lock goes with the process, so there is nothing to remove".to_owned()
            }
            Self::Damaged { path, backup, .. } | Self::Empty { path, backup } => restore(path, backup.as_ref()),
            Self::NewerFormat { tool, .. } if tool.is_empty() => {
                "use the auroractl that wrote it, or a newer one".to_owned()
            }
            Self::NewerFormat { tool, .. } => format!("use auroractl {tool}, which wrote it, or a newer one"),
            Self::Foreign { what: what @ ("account" | "region"), expected, found } => format!(
                "the stack file or the credentials say `{expected}`, and the state was written in `{found}`: correct `{what}` \
                 in the stack file, or use the credentials and the state folder of that {what}"
            ),
            Self::Foreign { .. } => "check which stack file, credentials and state folder are in use".to_owned(),
            Self::RolledBack { .. } => format!("put the newest snapshot back; if it is lost, {REBUILD}"),
            Self::JournalCorrupt { path, .. } => {
                format!(
                    "{} and run again: what was made since the snapshot is not known then; {REBUILD} to have that too",
                    aside(path)
                )
            }
            Self::Io { source, .. } => io_hint(source).to_owned(),
            Self::SymlinkRefused { .. } => {
                "put the file itself there; to keep states elsewhere, use `--state-dir`".to_owned()
            }
            Self::Shared { path } => {
                let own = path.with_extension("own");
                format!("give it a content of its own: `cp -p {0} {1} && mv {1} {0}`", Quoted(path), Quoted(&own))
            }
            Self::Huge { path, .. } => format!("look what {} is, and put the right file there", Shown(path)),
            Self::NotAFile { path, .. } => format!("move {} out of the way", Shown(path)),
            Self::NetworkFsWithoutLocks { .. } => "use a local folder (`--state-dir`)".to_owned(),
            Self::Name { .. } => format!(
                "use 1 to {} letters, digits, `-`, `_` and `.`, beginning with a letter or digit",
                super::MAX_NAME
            ),
            Self::Space { .. } => "free some space and run again; nothing was changed".to_owned(),
            Self::Remote(why) => why.hint(),
            Self::Broken(_) => "run again: what is in doubt is looked for at AWS".to_owned(),
            Self::NotWritable(_) | Self::Unwritable(_) => "this is a fault in auroractl; please report it".to_owned(),
        }
    }
}

/// The way out where no file helps.
const REBUILD: &str = "rebuild the state from the resources' tags (`auroractl state recover --replace-damaged`)";

/// How to put a backup in the place of a damaged snapshot. The journal continues the damaged one, so it makes room too.
fn restore(path: &Path, backup: Option<&Backup>) -> String {
    let Some(backup) = backup else {
        return format!("there is no sound backup: put the folder back from a backup of your own, or {REBUILD}");
    };
    let journal = path.with_file_name(super::files::JOURNAL);
    format!(
        "the newest sound backup is {} (serial {}); `{} && cp -p {} {}` puts it back; what was made after it is not in it: {REBUILD} to have that too",
        Shown(&backup.path),
        backup.serial,
        move_aside(&journal),
        Quoted(&backup.path),
        Quoted(path),
    )
}

fn aside(path: &Path) -> String {
    let journal = path.with_file_name(super::files::JOURNAL);
    format!("move the journal aside (`{}`)", move_aside(&journal))
}

fn move_aside(journal: &Path) -> String {
    format!("mv {} {}", Quoted(journal), Quoted(&journal.with_extension("old")))
}

fn io_hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space and run again",
        io::ErrorKind::ReadOnlyFilesystem => "make the file system writable, or use another folder (`--state-dir`)",
        io::ErrorKind::PermissionDenied => "give yourself access to the folder, or use another one (`--state-dir`)",
        _ => "see to the disk, then run again",
    }
}

/// What the operating system said, in words that tell the common cases apart.
struct Cause<'a>(&'a io::Error, &'a String);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(source, detail) = self;
        match source.kind() {
            io::ErrorKind::StorageFull => f.write_str("the disk is full")?,
            io::ErrorKind::QuotaExceeded => f.write_str("the disk quota is used up")?,
            io::ErrorKind::ReadOnlyFilesystem => f.write_str("the file system is read-only")?,
            io::ErrorKind::PermissionDenied => f.write_str("permission denied")?,
            _ => source.fmt(f)?,
        }
        if detail.is_empty() { Ok(()) } else { write!(f, " ({detail})") }
    }
}

/// A path on one line, whatever characters it has.
pub(super) struct Shown<'a>(pub(super) &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.display().to_string();
        if text.chars().any(char::is_control) { text.escape_debug().fmt(f) } else { f.write_str(&text) }
    }
}

/// A path as a word of a shell command.
struct Quoted<'a>(&'a Path);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.display().to_string();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
        if text.chars().any(char::is_control) {
            // As bash and zsh read it; a line feed would end the hint's line.
            f.write_str("$'")?;
            for c in text.chars() {
                match c {
                    '\'' | '\\' => write!(f, "\\{c}")?,
                    c if c.is_ascii_control() => write!(f, "\\x{:02x}", u32::from(c))?,
                    c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                    c => write!(f, "{c}")?,
                }
            }
            return f.write_str("'");
        }
        if text.chars().all(plain) { f.write_str(&text) } else { write!(f, "'{}'", text.replace('\'', r"'\''")) }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("another auroractl");
        }
        write!(f, "pid {} on {} since {}, command {}", self.pid, self.host, self.since, self.command)
    }
}

impl Holder {
    /// The content of the lock file; for people and messages only, nothing is decided by it.
    pub(super) fn written(&self) -> String {
        let line = |text: &str| text.replace(char::is_control, " ");
        format!(
            "pid {}\nhost {}\nsince {}\ncommand {}\n",
            self.pid,
            line(&self.host),
            line(&self.since),
            line(&self.command)
        )
    }

    /// Reads it back; what can't be read stays unknown.
    pub(super) fn read(text: &str) -> Self {
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap_or_default().to_owned()
        };
        let pid = field("pid").parse().unwrap_or(0);
        Self { pid, host: field("host"), since: field("since"), command: field("command") }
    }
}
