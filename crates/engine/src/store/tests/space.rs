//! Disks that are full or fill up.

use super::support::*;
use crate::store::memory::MemDisk;
use crate::store::{Store as _, StoreError};
use auroractl_core::journal::Entry;

fn outcome(index: usize) -> Entry {
    Entry::Recorded { address: at(index), record: Box::new(record(index)) }
}

fn full(error: &StoreError) -> bool {
    matches!(error, StoreError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull)
}

#[test]
fn little_space_is_told_before_the_first_mutation() {
    let (disk, store) = committed(1);
    store.probe().unwrap();
    disk.limit(Some(disk.used() + (8 << 20) - 1));
    let error = store.probe().unwrap_err();
    assert!(matches!(error, StoreError::Space { needed: 8_388_608, .. }), "{error}");
    assert!(error.hint().contains("nothing was changed"));
    let names = disk.names();
    disk.limit(None);
    store.probe().unwrap();
    assert_eq!(disk.names(), names, "the probe left something behind");
}

#[test]
fn on_a_full_disk_nothing_is_declared_and_outcomes_still_find_room() {
    let (disk, mut store) = committed(1);
    append(&mut store, &[intent(0), intent(1)], true).unwrap();
    disk.limit(Some(disk.used()));
    let error = append(&mut store, &[intent(2)], true).unwrap_err();
    assert!(full(&error), "{error}");
    assert!(error.to_string().contains("the disk is full (0 bytes are free)"), "{error}");
    for index in [0, 1] {
        append(&mut store, &[outcome(index)], true).unwrap();
    }
    assert!(full(&append(&mut store, &[intent(2)], true).unwrap_err()));
    drop(store);
    let lines = [intent(0), intent(1), outcome(0), outcome(1)];
    assert_eq!(look(&disk).unwrap().state.unwrap(), after(sample(1), &lines, 1));
}

#[test]
fn the_reserve_has_an_end_and_the_journal_stays_sound_there() {
    let (disk, mut store) = committed(1);
    append(&mut store, &[intent(0)], true).unwrap();
    disk.limit(Some(disk.used()));
    let mut written = 0_usize;
    let error = loop {
        match append(&mut store, &[outcome(0)], false) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(full(&error) && written > 1000, "{written}: {error}");
    drop(store);
    let opened = look(&disk).unwrap();
    assert_eq!((opened.state.unwrap(), opened.notes), (after(sample(1), &[intent(0), outcome(0)], 1), Vec::new()));
}

#[test]
fn a_commit_on_a_full_disk_leaves_everything_as_it_was_and_works_later() {
    let (disk, mut store) = committed(2);
    append(&mut store, &[intent(0)], true).unwrap();
    let (state, journal) = (disk.get(&file("state.json")), disk.get(&file("journal")));
    disk.limit(Some(disk.used() + 100));
    assert!(full(&commit(&mut store, &sample(3)).unwrap_err()));
    assert_eq!((disk.get(&file("state.json")), disk.get(&file("journal"))), (state, journal));
    disk.limit(None);
    commit(&mut store, &sample(3)).unwrap();
    assert_eq!(look(&disk).unwrap().state.unwrap().serial, 3);
}

#[test]
fn errors_of_the_operating_system_are_told_apart() {
    use std::io::ErrorKind;
    for (kind, words) in [
        (ErrorKind::StorageFull, "the disk is full"),
        (ErrorKind::QuotaExceeded, "the disk quota is used up"),
        (ErrorKind::ReadOnlyFilesystem, "the file system is read-only"),
        (ErrorKind::PermissionDenied, "permission denied"),
    ] {
        let disk = MemDisk::new();
        disk.fault(0, crate::store::memory::Fault::Always(kind));
        let error = open(&disk, apply()).unwrap_err();
        assert!(error.to_string().contains(words) && error.to_string().contains("/states/prod"), "{error}");
        assert!(!error.hint().is_empty());
    }
}
