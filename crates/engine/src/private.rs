//! Files outside of the store: a saved plan, a trace. They tell of a network from the inside, so they are their owner's
//! alone, under any umask, and they are never written through a name that leads elsewhere.

use rustix::fs::OFlags;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Mode of files.
const MODE: u32 = 0o600;

/// Writes a file as a whole: who reads it finds the earlier content or this one, also after a crash or on a full disk.
///
/// # Errors
/// The operating system's, and where something else than a file stands at the path.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) => file(&meta)?,
        Err(why) if why.kind() == io::ErrorKind::NotFound => {}
        Err(why) => return Err(why),
    }
    let temp = beside(path)?;
    // What a process of this number left behind that was killed: in containers the numbers come again.
    let _ = fs::remove_file(&temp);
    let written = fresh(&temp, bytes).and_then(|()| fs::rename(&temp, path));
    if written.is_err() {
        // What counts is the first error.
        let _ = fs::remove_file(&temp);
    }
    written
}

/// A name in the same folder that no other process uses now.
fn beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it is not the name of a file"))?;
    let mut temp = std::ffi::OsString::from(".");
    temp.push(name);
    temp.push(format!(".{}.tmp", std::process::id()));
    Ok(path.with_file_name(temp))
}

fn fresh(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Opens a file to add to it.
///
/// # Errors
/// The operating system's, and where something else than a file of its own stands at the path.
pub fn append(path: &Path) -> io::Result<File> {
    // A pipe would block the open for ever without NONBLOCK; files don't mind it.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    if let Ok(meta) = fs::symlink_metadata(path) {
        self::file(&meta)?;
    }
    let opened = OpenOptions::new().append(true).create(true).mode(MODE).custom_flags(flags).open(path)?;
    let meta = opened.metadata()?;
    self::file(&meta)?;
    if meta.nlink() > 1 {
        return Err(io::Error::other("it has a second name (a hard link)"));
    }
    // An earlier file may have been open to others, and the umask may have closed a new one to its owner.
    opened.set_permissions(Permissions::from_mode(MODE))?;
    Ok(opened)
}

/// The whole of a file.
///
/// # Errors
/// The operating system's, where it is no regular file, or larger than `most` bytes.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it is larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

/// The first bytes of a file, so many at the most.
///
/// # Errors
/// The operating system's, and where it is no regular file.
pub fn opening(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Is there a regular file that begins with these bytes?
#[must_use]
pub fn begins_with(path: &Path, start: &[u8]) -> bool {
    let mut bytes = vec![0; start.len()];
    regular(path).and_then(|mut file| file.read_exact(&mut bytes)).is_ok() && bytes == start
}

/// Opens a file to read it. A link may lead to it: it is the user who named it.
fn regular(path: &Path) -> io::Result<File> {
    let opened = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    if opened.metadata()?.is_file() { Ok(opened) } else { Err(io::Error::other("it is not a regular file")) }
}

fn file(meta: &Metadata) -> io::Result<()> {
    if meta.is_symlink() {
        return Err(io::Error::other("it is a symbolic link; name the file itself"));
    }
    if meta.is_file() { Ok(()) } else { Err(io::Error::other("it is not a regular file")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = entries.collect();
        names.sort();
        names
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn an_open_file_is_closed_to_others() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["plan", "trace"] {
            fs::write(temp.path().join(name), "before").unwrap();
            fs::set_permissions(temp.path().join(name), Permissions::from_mode(0o666)).unwrap();
        }
        replace(&temp.path().join("plan"), b"after").unwrap();
        append(&temp.path().join("trace")).unwrap().write_all(b" and after").unwrap();
        assert_eq!(fs::read(temp.path().join("plan")).unwrap(), b"after");
        assert_eq!(fs::read(temp.path().join("trace")).unwrap(), b"before and after");
        assert_eq!((mode(&temp.path().join("plan")), mode(&temp.path().join("trace"))), (0o600, 0o600));
        assert_eq!(names(temp.path()), ["plan", "trace"], "something was left behind");
    }

    #[test]
    fn nothing_is_written_through_a_name_that_leads_elsewhere() {
        let temp = tempfile::tempdir().unwrap();
        let (precious, name) = (temp.path().join("precious"), temp.path().join("name"));
        fs::write(&precious, "precious").unwrap();
        let refused = |words: &str| {
            for why in [replace(&name, b"x").err(), append(&name).err()] {
                assert!(why.as_ref().is_some_and(|why| why.to_string().contains(words)), "{why:?}");
            }
        };
        symlink(&precious, &name).unwrap();
        refused("symbolic link");
        fs::remove_file(&name).unwrap();
        symlink(temp.path().join("nowhere"), &name).unwrap();
        refused("symbolic link");
        fs::remove_file(&name).unwrap();
        fs::create_dir(&name).unwrap();
        refused("not a regular file");
        fs::remove_dir(&name).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&name).status().unwrap().success());
        refused("not a regular file");
        assert!(read(&name, 10).unwrap_err().to_string().contains("not a regular file"));
        assert!(!begins_with(&name, b"{"));
        fs::remove_file(&name).unwrap();
        fs::hard_link(&precious, &name).unwrap();
        assert!(append(&name).unwrap_err().to_string().contains("hard link"));
        replace(&name, b"x").unwrap();
        assert_eq!((fs::read(&precious).unwrap(), fs::read(&name).unwrap()), (b"precious".to_vec(), b"x".to_vec()));
    }

    #[test]
    fn a_file_without_end_is_not_read() {
        assert!(read(Path::new("/dev/zero"), 10).is_err());
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(read(&path, 1 << 20).unwrap_err().to_string().contains("larger than 1 MiB"));
        assert!(begins_with(&path, &[0, 0]) && !begins_with(&path, b"{"));
        assert_eq!(read(&path, 0).unwrap_err().kind(), io::ErrorKind::Other);
    }

    #[test]
    fn what_a_killed_process_left_is_in_nobodys_way() {
        let temp = tempfile::tempdir().unwrap();
        let (path, precious) = (temp.path().join("plan"), temp.path().join("precious"));
        fs::write(beside(&path).unwrap(), "half of a pl").unwrap();
        replace(&path, b"whole").unwrap();
        fs::write(&precious, "precious").unwrap();
        symlink(&precious, beside(&path).unwrap()).unwrap();
        replace(&path, b"and again").unwrap();
        assert_eq!(
            (fs::read(&path).unwrap(), fs::read(&precious).unwrap()),
            (b"and again".to_vec(), b"precious".to_vec())
        );
        assert_eq!(names(temp.path()), ["plan", "precious"]);
    }

    #[test]
    fn a_failed_write_leaves_the_earlier_file_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("plan");
        fs::write(&path, "before").unwrap();
        // The name of the temporary file is taken by a folder.
        fs::create_dir(beside(&path).unwrap()).unwrap();
        assert!(replace(&path, b"after").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"before");
        assert!(replace(&temp.path().join("no/such/plan"), b"x").is_err());
        assert!(replace(Path::new("/"), b"x").is_err());
    }
}
