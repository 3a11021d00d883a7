//! What is refused, and what is said then.

use super::support::*;
use crate::store::memory::MemDisk;
use crate::store::{Mode, Store as _, StoreError, belongs, folder};
use auroractl_core::identity::StackId;
use std::path::Path;

#[test]
fn a_new_folder_is_empty_and_a_first_snapshot_comes_first() {
    let disk = MemDisk::new();
    assert_eq!(look(&disk).unwrap().state, None);
    assert_eq!(disk.ops(), 0, "looking wrote something");
    let (mut store, opened) = open(&disk, apply()).unwrap();
    assert_eq!((opened.state, opened.notes), (None, Vec::new()));
    assert!(matches!(append(&mut store, &[intent(0)], true), Err(StoreError::NotWritable(_))));
    commit(&mut store, &sample(0)).unwrap();
    append(&mut store, &[intent(0)], true).unwrap();
    drop(store);
    assert_eq!(look(&disk).unwrap().state.unwrap(), after(sample(0), &[intent(0)], 1));
}

#[test]
fn a_damaged_snapshot_names_the_newest_sound_backup() {
    let (disk, store) = committed(3);
    drop(store);
    let bytes = disk.get(&file("state.json")).unwrap();
    for cut in 0..bytes.len() {
        let disk = disk.after_kill();
        disk.put(&file("state.json"), &bytes[..cut]);
        for mode in [Mode::Read, apply()] {
            let error = open(&disk, mode).unwrap_err();
            let (StoreError::Damaged { backup, .. } | StoreError::Empty { backup, .. }) = &error else {
                panic!("{error}")
            };
            assert_eq!(backup.as_ref().unwrap().serial, 2, "cut at {cut}");
            assert!(
                error.hint().contains("cp -p /states/prod/state.json.1 /states/prod/state.json"),
                "{}",
                error.hint()
            );
        }
        assert_eq!(disk.get(&file("state.json")).unwrap(), &bytes[..cut], "a damaged snapshot was touched");
    }
}

#[test]
fn the_backup_that_the_hint_names_can_be_put_back() {
    let (disk, store) = committed(3);
    drop(store);
    disk.put(&file("state.json"), b"");
    // The newest backup is damaged as well.
    disk.put(&file("state.json.1"), b"{}");
    let error = look(&disk).unwrap_err();
    assert!(
        matches!(&error, StoreError::Empty { backup: Some(backup), .. } if backup.path == file("state.json.2")),
        "{error}"
    );
    disk.put(&file("state.json"), &disk.get(&file("state.json.2")).unwrap());

    // Alone it is a rollback, since the journal continues a later one.
    let error = look(&disk).unwrap_err();
    assert!(matches!(error, StoreError::RolledBack { found: 1, expected: 3, .. }), "{error}");
    use crate::store::disk::Disk as _;
    disk.rename(&file("journal"), &file("journal.old")).unwrap();
    let (_, opened) = open(&disk, apply()).unwrap();
    assert_eq!(opened.state.unwrap().serial, 1);
}

#[test]
fn a_missing_snapshot_is_no_new_stack_while_anything_tells_of_one() {
    use crate::store::disk::Disk as _;
    let (disk, mut store) = committed(2);
    append(&mut store, &[intent(0)], true).unwrap();
    drop(store);
    disk.remove(&file("state.json")).unwrap();
    let error = look(&disk).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { backup: Some(_), .. }), "{error}");
    disk.remove(&file("state.json.1")).unwrap();
    let error = look(&disk).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { backup: None, .. }), "{error}");
    assert!(error.hint().contains("backup of your own"), "{}", error.hint());
}

#[test]
fn another_snapshot_of_the_same_serial_does_not_fit_the_journal() {
    let (disk, store) = committed(2);
    let (other, _) = committed(1);
    drop(store);
    let (mut store, _) = open(&other.after_kill(), apply()).unwrap();
    commit(&mut store, &sample(7)).unwrap();
    let other = {
        let (disk, mut store) = committed(1);
        commit(&mut store, &sample(7)).unwrap();
        disk.get(&file("state.json")).unwrap()
    };
    disk.put(&file("state.json"), &other);
    assert!(matches!(look(&disk).unwrap_err(), StoreError::Foreign { what: "snapshot", .. }));
}

#[test]
fn five_backups_are_kept_in_order() {
    let (disk, store) = committed(9);
    drop(store);
    assert_eq!(look(&disk).unwrap().state.unwrap().serial, 9);
    let names: Vec<_> =
        disk.names().iter().map(|name| name.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let expected = [
        "journal",
        "lock",
        "state.json",
        "state.json.1",
        "state.json.2",
        "state.json.3",
        "state.json.4",
        "state.json.5",
    ];
    assert_eq!(names, expected);
    for number in 1..=5_usize {
        disk.put(&file("state.json"), &disk.get(&file(&format!("state.json.{number}"))).unwrap());
        let error = look(&disk).unwrap_err();
        let StoreError::RolledBack { found, .. } = error else { panic!("{error}") };
        assert_eq!(found, 9 - number as u64);
    }
}

#[test]
fn two_writers_and_a_reader() {
    let (disk, mut store) = committed(1);
    let error = open(&disk, apply()).unwrap_err();
    let StoreError::Locked(holder) = &error else { panic!("{error}") };
    assert_eq!((holder.pid, holder.command.as_str()), (std::process::id(), "apply"));
    assert_eq!(holder.since.len(), "2026-01-01T00:00:00Z".len(), "{}", holder.since);
    assert!(
        error.to_string().starts_with(&format!("the state is locked by pid {} on ", std::process::id())),
        "{error}"
    );
    append(&mut store, &[intent(0)], false).unwrap();
    let ops = disk.ops();
    let opened = look(&disk).unwrap();
    assert!(opened.in_motion);
    assert_eq!(opened.state.unwrap(), after(sample(1), &[intent(0)], 1));
    assert_eq!(disk.ops(), ops, "looking wrote something");
    drop(store);
    assert!(!look(&disk).unwrap().in_motion);
    open(&disk, apply()).unwrap();
}

#[test]
fn a_reader_can_not_write() {
    let (disk, store) = committed(1);
    drop(store);
    let (mut store, _) = open(&disk, Mode::Read).unwrap();
    let ops = disk.ops();
    assert!(matches!(append(&mut store, &[intent(0)], true), Err(StoreError::NotWritable(_))));
    assert!(matches!(commit(&mut store, &sample(1)), Err(StoreError::NotWritable(_))));
    assert!(matches!(store.probe(), Err(StoreError::NotWritable(_))));
    assert_eq!(disk.ops(), ops);
}

#[test]
fn a_commit_never_changes_whose_state_it_is() {
    let (_, mut store) = committed(1);
    let mut other = sample(1);
    other.lineage = "lineage-2".to_owned();
    assert!(matches!(commit(&mut store, &other), Err(StoreError::Foreign { what: "lineage", .. })));
    let mut other = sample(1);
    other.stack.region = "us-east-1".to_owned();
    assert!(matches!(commit(&mut store, &other), Err(StoreError::Foreign { what: "region", .. })));
}

#[test]
fn whose_state_it_is() {
    let state = sample(1);
    let stack = |name: &str, account: &str, region: &str| StackId {
        name: name.to_owned(),
        account: account.to_owned(),
        region: region.to_owned(),
    };
    assert!(belongs(&state, &state.stack).is_ok());
    assert!(belongs(&state, &stack("prod", "", "eu-central-1")).is_ok());
    for (other, what) in [
        (stack("test", "123456789012", "eu-central-1"), "stack"),
        (stack("prod", "210987654321", "eu-central-1"), "account"),
        (stack("prod", "123456789012", "eu-west-1"), "region"),
    ] {
        let error = belongs(&state, &other).unwrap_err();
        assert!(matches!(&error, StoreError::Foreign { what: found, .. } if *found == what), "{error}");
    }
}

#[test]
fn names_of_stacks_stay_in_their_folder() {
    let states = Path::new("/states");
    assert_eq!(folder(states, "orders-prod_2.eu").unwrap(), Path::new("/states/orders-prod_2.eu"));
    for name in ["", ".", "..", "../x", "a/b", "/etc", "a\0b", "a\nb", "-rf", ".hidden", "a b", "é", &"a".repeat(64)] {
        let error = folder(states, name).unwrap_err();
        assert!(!error.to_string().contains('\n') && !error.hint().is_empty(), "{error}");
    }
}
