//! Makes room for a rebuilt state where the old one is damaged: nothing is thrown away.

use super::disk::RealDisk;
use super::error::StoreError;
use super::files::{BACKUPS, Folder, JOURNAL, STATE, TEMP};
use super::local::lock;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So many damaged states may lie aside; somebody who has more has another problem.
const MOST: u32 = 1000;

/// Where the old files lie now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Their folder, within the stack's.
    pub to: PathBuf,
    /// The highest serial that the old files can have had: a rebuilt state goes on after it.
    pub serial: u64,
}

/// Moves snapshot, backups and journal of a stack's folder into a folder of their own.
///
/// # Errors
/// When another run holds the lock, or the files can't be moved.
pub fn set_aside(dir: &Path) -> Result<Aside, StoreError> {
    let folder = Folder { disk: Arc::new(RealDisk), dir: dir.to_owned() };
    let _held = lock(&folder, "state recover".to_owned())?;
    // The damaged snapshot came after its newest backup.
    let serial = folder.newest_backup().map_or(1, |backup| backup.serial + 1);
    let to = room(&folder)?;
    folder.disk.make_dir(&to).map_err(folder.failed("make", &to))?;
    let backups = (1..=BACKUPS).map(|number| format!("{STATE}.{number}"));
    for name in [STATE, JOURNAL, TEMP].map(str::to_owned).into_iter().chain(backups) {
        let from = folder.path(&name);
        if folder.disk.node(&from).map_err(folder.failed("look at", &from))?.is_some() {
            folder.disk.rename(&from, &to.join(&name)).map_err(folder.failed("move", &from))?;
        }
    }
    for at in [&to, dir] {
        folder.disk.sync_dir(at).map_err(folder.failed("make durable", at))?;
    }
    Ok(Aside { to, serial })
}

/// A name that is free.
fn room(folder: &Folder) -> Result<PathBuf, StoreError> {
    let mut taken = PathBuf::new();
    for number in 1..=MOST {
        let to = folder.path(&format!("damaged-{number}"));
        if folder.disk.node(&to).map_err(folder.failed("look at", &to))?.is_none() {
            return Ok(to);
        }
        taken = to;
    }
    Err(StoreError::NotAFile { path: taken, wanted: "free name" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Local, Mode, Store as _};
    use auroractl_core::State;
    use auroractl_core::identity::StackId;

    fn state() -> State {
        let stack = StackId { name: "s".into(), account: "1".into(), region: "r".into() };
        State::new(stack, "l".to_owned())
    }

    #[tokio::test]
    async fn nothing_is_lost_and_the_folder_is_fresh() {
        let states = tempfile::tempdir().unwrap();
        let dir = states.path().join("s");
        let write = || Mode::Write { command: "test".to_owned() };
        let (mut store, _) = Local::open(&dir, write()).unwrap();
        assert!(matches!(set_aside(&dir), Err(StoreError::Locked(_))), "another run is at work");
        store.commit(&state()).await.unwrap();
        store.commit(&state()).await.unwrap();
        drop(store);
        std::fs::write(dir.join("state.json"), "{").unwrap();
        assert!(Local::open(&dir, Mode::Read).is_err());
        let aside = set_aside(&dir).unwrap();
        assert_eq!((aside.to.clone(), aside.serial), (dir.join("damaged-1"), 2));
        assert_eq!(std::fs::read_to_string(aside.to.join("state.json")).unwrap(), "{");
        assert!(aside.to.join("state.json.1").exists() && aside.to.join("journal").exists());
        let (mut store, opened) = Local::open(&dir, write()).unwrap();
        assert_eq!(opened.state, None);
        store.commit(&State { serial: aside.serial, ..state() }).await.unwrap();
        drop(store);
        let (_, opened) = Local::open(&dir, Mode::Read).unwrap();
        assert_eq!(opened.state.unwrap().serial, 3, "it goes on after the damaged one");
        assert_eq!(set_aside(&dir).unwrap().to, dir.join("damaged-2"));
    }
}
