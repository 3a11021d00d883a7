//! Cuts and flips of a journal.

use super::support::*;
use crate::store::StoreError;
use crate::store::memory::MemDisk;
use auroractl_core::State;
use auroractl_core::journal::Entry;

/// A disk with one snapshot and a journal of that many steps, and the states after each prefix of the lines.
fn journalled(steps: usize) -> (MemDisk, Vec<State>) {
    let (disk, mut store) = committed(1);
    let lines = run(steps);
    for line in &lines {
        append(&mut store, std::slice::from_ref(line), true).unwrap();
    }
    let states = (0..=lines.len()).map(|n| after(sample(1), &lines[..n], 1)).collect();
    (disk, states)
}

/// The same disk with another journal.
fn with_journal(disk: &MemDisk, bytes: &[u8]) -> MemDisk {
    let disk = disk.after_kill();
    disk.put(&file("journal"), bytes);
    disk
}

#[test]
fn a_reopened_store_has_every_line() {
    let (disk, states) = journalled(4);
    assert_eq!(look(&disk).unwrap().state.as_ref(), states.last());
    let (_, opened) = open(&disk.after_kill(), apply()).unwrap();
    assert_eq!((opened.state.as_ref(), opened.notes), (states.last(), Vec::new()));
}

#[test]
fn the_lines_that_no_snapshot_has_are_told() {
    let (disk, mut store) = committed(1);
    append(&mut store, &run(2), true).unwrap();
    drop(store);
    assert_eq!(look(&disk).unwrap().since, run(2));
    let (mut store, opened) = open(&disk, apply()).unwrap();
    assert_eq!(opened.since, run(2));
    commit(&mut store, &opened.state.unwrap()).unwrap();
    assert_eq!(look(&disk).unwrap().since, []);
    append(&mut store, &[intent(5)], true).unwrap();
    assert_eq!(look(&disk).unwrap().since, [intent(5)]);
}

#[test]
fn every_cut_gives_a_prefix() {
    let (disk, states) = journalled(1);
    let bytes = disk.get(&file("journal")).unwrap();
    let mut at_least = 0;
    for cut in 0..bytes.len() {
        let disk = with_journal(&disk, &bytes[..cut]);
        let opened = look(&disk).unwrap();
        let n = states
            .iter()
            .rposition(|state| Some(state) == opened.state.as_ref())
            .unwrap_or_else(|| panic!("cut at {cut}"));
        assert!(n >= at_least, "a longer journal gave an older state");
        at_least = states.iter().position(|state| Some(state) == opened.state.as_ref()).unwrap();

        // The writer cuts what the reader left out, and goes on behind it.
        let (mut store, opened_to_write) = open(&disk, apply()).unwrap();
        assert_eq!(opened_to_write.state, opened.state);
        append(&mut store, &[intent(7)], true).unwrap();
        drop(store);
        let expected = after(opened.state.unwrap(), &[intent(7)], 1);
        let again = look(&disk).unwrap();
        assert_eq!((again.state.unwrap(), again.notes), (expected, Vec::new()));
    }
}

#[test]
fn every_flip_is_refused_or_cuts_the_last_line() {
    let (disk, states) = journalled(2);
    let bytes = disk.get(&file("journal")).unwrap();
    let last_two = &states[states.len() - 2..];
    for at in 0..bytes.len() {
        for bit in [0, 7] {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            match look(&with_journal(&disk, &flipped)) {
                Ok(opened) => assert!(last_two.contains(opened.state.as_ref().unwrap()), "bit {bit} of byte {at}"),
                Err(StoreError::JournalCorrupt { .. }) => {}
                Err(other) => panic!("bit {bit} of byte {at}: {other}"),
            }
        }
    }
}

#[test]
fn a_flip_within_one_append_is_refused_once_another_followed() {
    // The lines of an append claim only what was durable before it; the next append claims them.
    let (disk, mut store) = committed(1);
    append(&mut store, &run(2)[..3], true).unwrap();
    let first = disk.get(&file("journal")).unwrap().len();
    append(&mut store, &[intent(5)], true).unwrap();
    let mut bytes = disk.get(&file("journal")).unwrap();
    bytes[first - 20] ^= 1;
    let error = look(&with_journal(&disk, &bytes)).unwrap_err();
    assert!(matches!(error, StoreError::JournalCorrupt { .. }), "{error}");
    assert!(error.hint().contains("state recover"), "{}", error.hint());
}

#[test]
fn a_hole_in_lines_that_nobody_relied_on_cuts_there() {
    let (disk, mut store) = committed(1);
    append(&mut store, &[intent(1)], true).unwrap();
    let sound = disk.get(&file("journal")).unwrap().len();
    append(&mut store, &[intent(2)], false).unwrap();
    let hole = disk.get(&file("journal")).unwrap().len();
    append(&mut store, &[intent(3)], false).unwrap();
    let mut bytes = disk.get(&file("journal")).unwrap();
    bytes[sound..hole].fill(0);
    let opened = look(&with_journal(&disk, &bytes)).unwrap();
    assert_eq!(opened.state.unwrap(), after(sample(1), &[intent(1)], 1));
    assert_eq!(opened.notes.len(), 1);
}

#[test]
fn what_is_no_journal_is_damage_and_no_torn_end() {
    let (disk, _) = journalled(1);
    let page = b"<!doctype html>\n<html lang=\"en\">";
    for other in [&b"{\n  \"format_version\": 1,\n  \"tool_version\""[..], page, b"[stack]\nname = \"orders\"\n"] {
        let error = look(&with_journal(&disk, other)).unwrap_err();
        assert!(matches!(error, StoreError::JournalCorrupt { at: 0, .. }), "{error}");
        assert!(open(&with_journal(&disk, other), apply()).is_err(), "nothing is cut off");
    }
    // What the very first write of a journal leaves when it is interrupted.
    let bytes = disk.get(&file("journal")).unwrap();
    for left in [&[][..], &[0; 64], &bytes[..7], &bytes[..20]] {
        assert!(look(&with_journal(&disk, left)).is_ok(), "{left:?}");
    }
}

#[test]
fn a_lost_line_in_the_middle_is_noticed() {
    let (disk, mut store) = committed(1);
    let mut parts = vec![disk.get(&file("journal")).unwrap().len()];
    for index in 0..3 {
        append(&mut store, &[intent(index)], true).unwrap();
        parts.push(disk.get(&file("journal")).unwrap().len());
    }
    let bytes = disk.get(&file("journal")).unwrap();
    let without = [&bytes[..parts[1]], &bytes[parts[2]..]].concat();
    let swapped =
        [&bytes[..parts[0]], &bytes[parts[1]..parts[2]], &bytes[parts[0]..parts[1]], &bytes[parts[2]..]].concat();
    for changed in [without, swapped] {
        let error = look(&with_journal(&disk, &changed)).unwrap_err();
        assert!(matches!(error, StoreError::JournalCorrupt { .. }), "{error}");
    }
}

#[test]
fn a_missing_journal_is_told_and_begun_anew() {
    let (disk, states) = journalled(1);
    let disk = disk.after_kill();
    use crate::store::disk::Disk as _;
    disk.remove(&file("journal")).unwrap();
    let (mut store, opened) = open(&disk, apply()).unwrap();
    assert_eq!(opened.state.as_ref(), states.first());
    assert!(opened.notes[0].contains("the journal is missing"), "{:?}", opened.notes);
    // The new file's name must be as durable as its lines.
    append(&mut store, &[intent(3)], true).unwrap();
    let opened = look(&disk.after_power_cut(0)).unwrap();
    assert_eq!(opened.state.unwrap(), after(sample(1), &[intent(3)], 1));
}

#[test]
fn a_line_of_another_lineage_is_refused() {
    let (disk, mut store) = committed(1);
    let line = Entry::RunStart { run: "r".to_owned(), command: "apply".to_owned(), lineage: "other".to_owned() };
    append(&mut store, &[line], true).unwrap();
    assert!(matches!(look(&disk).unwrap_err(), StoreError::Foreign { what: "lineage", .. }));
}

#[test]
fn appending_rewrites_nothing() {
    let (disk, mut store) = committed(1);
    append(&mut store, &[intent(0)], true).unwrap();
    let before = (disk.ops(), disk.get(&file("journal")).unwrap());
    for _ in 0..200 {
        append(&mut store, &[intent(0)], true).unwrap();
    }
    // Reserve, write, sync: as many operations for the last line as for the first.
    assert_eq!(disk.ops() - before.0, 200 * 3);
    assert!(disk.get(&file("journal")).unwrap().starts_with(&before.1));
}

/// Bytes and operations of fifty steps in a stack of so many resources.
fn cost(resources: usize) -> (usize, u64) {
    let disk = MemDisk::new();
    let (mut store, _) = open(&disk, apply()).unwrap();
    commit(&mut store, &sample(resources)).unwrap();
    let before = (disk.get(&file("journal")).unwrap().len(), disk.ops());
    for line in run(50) {
        append(&mut store, std::slice::from_ref(&line), true).unwrap();
    }
    (disk.get(&file("journal")).unwrap().len() - before.0, disk.ops() - before.1)
}

#[test]
fn a_step_costs_the_same_however_large_the_stack_is() {
    let costs = [0, 100, 10_000].map(cost);
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
    assert!(costs[0].0 < 50 * 2_000, "{costs:?}");
}
