//! The real disk: what a disk in memory can't show.

use super::support::*;
use crate::store::{Kept, Local, Mode, Store as _, StoreError, history};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

fn stack() -> (tempfile::TempDir, std::path::PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("a b").join("prod");
    (temp, dir)
}

fn write(dir: &Path) -> Result<Local, StoreError> {
    Local::open(dir, apply()).map(|(store, _)| store)
}

#[test]
fn a_run_and_the_next() {
    let (_temp, dir) = stack();
    let lines = run(20);
    let mut store = write(&dir).unwrap();
    store.probe().unwrap();
    commit(&mut store, &sample(3)).unwrap();
    for line in &lines {
        append(&mut store, std::slice::from_ref(line), true).unwrap();
    }
    drop(store);
    let expected = after(sample(3), &lines, 1);
    let (mut store, opened) = Local::open(&dir, apply()).unwrap();
    assert_eq!(opened.state.as_ref(), Some(&expected));
    for _ in 0..8 {
        commit(&mut store, &expected).unwrap();
    }
    drop(store);
    assert_eq!(Local::open(&dir, Mode::Read).unwrap().1.state.unwrap().serial, 9);
    assert!(fs::metadata(dir.join("journal")).unwrap().len() < 300, "the journal was not emptied");
    assert_eq!(everything(&dir).len(), 8);
}

#[test]
fn two_runs_exclude_each_other_and_a_reader_sees_both() {
    let (_temp, dir) = stack();
    let mut first = write(&dir).unwrap();
    commit(&mut first, &sample(1)).unwrap();
    let error = write(&dir).unwrap_err();
    assert!(
        matches!(&error, StoreError::Locked(holder) if holder.pid == std::process::id() && !holder.since.is_empty()),
        "{error}"
    );
    assert!(Local::open(&dir, Mode::Read).unwrap().1.in_motion);
    drop(first);
    assert!(!Local::open(&dir, Mode::Read).unwrap().1.in_motion);
    write(&dir).unwrap();
}

#[test]
fn readers_beside_a_writer_always_see_a_whole_state() {
    let (_temp, dir) = stack();
    let mut store = write(&dir).unwrap();
    commit(&mut store, &sample(1)).unwrap();
    let at = dir.clone();
    let reader = std::thread::spawn(move || {
        let mut last = 0;
        for _ in 0..300 {
            let opened = Local::open(&at, Mode::Read).unwrap().1;
            let serial = opened.state.unwrap().serial;
            assert!(serial >= last, "the state went back");
            last = serial;
        }
    });
    let mut rounds = 0;
    while !reader.is_finished() && rounds < 500 {
        rounds += 1;
        append(&mut store, &run(3), false).unwrap();
        commit(&mut store, &sample(3)).unwrap();
    }
    reader.join().unwrap();
}

#[test]
fn looking_leaves_no_trace() {
    let (temp, dir) = stack();
    assert_eq!(Local::open(&dir, Mode::Read).unwrap().1.state, None);
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
    let mut store = write(&dir).unwrap();
    commit(&mut store, &sample(1)).unwrap();
    append(&mut store, &[intent(0)], true).unwrap();
    drop(store);
    let mut journal = fs::read(dir.join("journal")).unwrap();
    journal.extend([1, 2, 3]);
    fs::write(dir.join("journal"), journal).unwrap();
    let before = everything(&dir);
    let times = |dir: &Path| {
        let of = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        everything(dir).keys().map(|path| of(path)).chain([of(dir)]).collect::<Vec<_>>()
    };
    let modified = times(&dir);
    assert_eq!(Local::open(&dir, Mode::Read).unwrap().1.notes.len(), 1);
    assert_eq!((everything(&dir), times(&dir)), (before, modified));
}

#[test]
fn a_snapshot_says_when_it_was_written_and_a_backup_keeps_it() {
    let (_temp, dir) = stack();
    let mut store = write(&dir).unwrap();
    commit(&mut store, &sample(1)).unwrap();
    commit(&mut store, &sample(2)).unwrap();
    // 2026-01-01, and a part of a second.
    let then = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_225_600_900);
    fs::File::options().write(true).open(dir.join("state.json")).unwrap().set_modified(then).unwrap();
    let kept = |dir: &Path| -> Vec<(u64, String)> {
        let told = |Kept { serial, written, .. }: Kept| (serial, written.unwrap());
        history(dir).unwrap().into_iter().map(told).collect()
    };
    let before = kept(&dir);
    assert_eq!(before[0], (2, "2026-01-01T00:00:00Z".to_owned()));
    assert_eq!(before[1].1.len(), before[0].1.len(), "{before:?}");
    commit(&mut store, &sample(3)).unwrap();
    let after = kept(&dir);
    assert_eq!(after.iter().map(|(serial, _)| *serial).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(after[1..], before);
}

#[test]
fn what_is_no_file_is_refused() {
    for name in ["state.json", "journal", "lock"] {
        let (temp, dir) = stack();
        drop(write(&dir).unwrap());
        let path = dir.join(name);
        let _ = fs::remove_file(&path);

        let elsewhere = temp.path().join("elsewhere");
        fs::write(&elsewhere, "precious").unwrap();
        symlink(&elsewhere, &path).unwrap();
        let error = write(&dir).unwrap_err();
        assert!(matches!(&error, StoreError::SymlinkRefused { path: found } if *found == path), "{name}: {error}");
        assert_eq!(fs::read(&elsewhere).unwrap(), b"precious");

        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(write(&dir).unwrap_err(), StoreError::NotAFile { .. }), "{name}");

        fs::remove_dir(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert!(matches!(write(&dir).unwrap_err(), StoreError::NotAFile { .. }), "{name}");
    }
}

#[test]
fn a_folder_that_is_none_is_refused() {
    let (temp, dir) = stack();
    drop(write(&dir).unwrap());
    let link = temp.path().join("link");
    symlink(&dir, &link).unwrap();
    for mode in [Mode::Read, apply()] {
        assert!(matches!(Local::open(&link, mode.clone()).unwrap_err(), StoreError::SymlinkRefused { .. }));
        assert!(matches!(
            Local::open(&dir.join("lock"), mode).unwrap_err(),
            StoreError::NotAFile { wanted: "folder", .. }
        ));
    }
    let below_a_file = write(&dir.join("lock").join("x")).unwrap_err();
    assert!(matches!(below_a_file, StoreError::Io { .. }), "{below_a_file}");
}

#[test]
fn a_folder_that_others_could_read_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_temp, dir) = stack();
    drop(write(&dir).unwrap());
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    let (_, opened) = Local::open(&dir, apply()).unwrap();
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o7777, 0o700);
    assert!(opened.notes[0].contains("mode 0755"), "{:?}", opened.notes);
}
