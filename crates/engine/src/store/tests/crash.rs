//! Power cuts and kills at every operation.

use super::support::*;
use crate::store::memory::{Fault, MemDisk};
use crate::store::{Local, StoreError};
use auroractl_core::State;

/// Seeds of power cuts: nothing, everything, and mixtures of what was not durable survives.
const CUTS: u64 = 10;

/// A run from an empty disk: two commits with journalled lines before, between and behind. Calls `done`
/// with the state that is durable from then on, and the one that would be if everything survives.
fn script(disk: &MemDisk, mut done: impl FnMut(&State)) -> Result<(), StoreError> {
    let (mut store, _): (Local, _) = open(disk, apply())?;
    let mut serial = 0;
    let mut state = sample(2);
    for round in 0..2 {
        commit(&mut store, &state)?;
        serial += 1;
        state = State { serial, ..state };
        done(&state);
        for (n, line) in run(2).iter().enumerate() {
            append(&mut store, std::slice::from_ref(line), n % 2 == round % 2)?;
            state = after(state, std::slice::from_ref(line), serial);
            if n % 2 == round % 2 {
                done(&state);
            }
        }
    }
    commit(&mut store, &state)?;
    done(&State { serial: serial + 1, ..state });
    Ok(())
}

/// Every state that the script passes, durable or not, each later one behind the earlier.
fn passed() -> Vec<State> {
    let mut all = Vec::new();
    let mut state = sample(2);
    for serial in 1..=2 {
        state = State { serial, ..state };
        all.push(state.clone());
        for line in run(2) {
            state = after(state, &[line], serial);
            all.push(state.clone());
        }
    }
    all.push(State { serial: 3, ..state });
    all.dedup();
    all
}

/// Index of the state that a disk holds among those the script passes; 0 when there is none, from 1.
fn place(disk: &MemDisk, all: &[State], why: &str) -> usize {
    let read = look(disk).unwrap_or_else(|error| panic!("{why}: {error}"));
    let (_, written) = open(disk, apply()).unwrap_or_else(|error| panic!("{why}: {error}"));
    assert_eq!(read.state, written.state, "{why}: reader and writer differ");
    read.state.map_or(0, |state| {
        1 + all.iter().rposition(|other| *other == state).unwrap_or_else(|| panic!("{why}: {state:?}"))
    })
}

#[test]
fn a_cut_at_any_operation_leaves_what_was_durable_or_something_later() {
    let all = passed();
    let ops = {
        let disk = MemDisk::new();
        script(&disk, |_| {}).unwrap();
        disk.ops()
    };
    assert!(ops > 70, "the script is too short to prove anything: {ops}");
    for op in 0..ops {
        for fault in [Fault::Off, Fault::Half] {
            let disk = MemDisk::new();
            disk.fault(op, fault);
            let mut durable = 0;
            let _ = script(&disk, |state| durable = 1 + all.iter().position(|other| other == state).unwrap());
            for seed in 0..CUTS {
                let why = format!("{fault:?} at {op}, seed {seed}");
                let found = place(&disk.after_power_cut(seed), &all, &why);
                assert!(found >= durable, "{why}: state {found} is older than the durable {durable}");
            }
            let why = format!("killed at {op}");
            assert!(place(&disk.after_kill(), &all, &why) >= durable, "{why}");
        }
    }
}

#[test]
fn a_run_goes_on_after_a_cut_at_any_operation_of_its_recovery() {
    let all = passed();
    let disk = MemDisk::new();
    disk.fault(60, Fault::Half);
    script(&disk, |_| {}).unwrap_err();
    let crashed = disk.after_power_cut(5);
    let before = place(&crashed.after_kill(), &all, "before");
    for op in 0..40 {
        let disk = crashed.after_kill();
        disk.fault(op, Fault::Half);
        let recovered = open(&disk, apply()).and_then(|(mut store, opened)| commit(&mut store, &opened.state.unwrap()));
        for seed in 0..CUTS {
            let state = look(&disk.after_power_cut(seed)).unwrap().state.unwrap();
            let same =
                all.iter().rposition(|other| other.resources == state.resources && other.intents == state.intents);
            assert!(same.unwrap() + 1 >= before, "cut at {op}, seed {seed}");
        }
        if recovered.is_ok() {
            return;
        }
    }
    panic!("the recovery never ended");
}

#[test]
fn an_error_at_any_operation_is_reported_and_loses_nothing() {
    let all = passed();
    let kinds = [std::io::ErrorKind::StorageFull, std::io::ErrorKind::PermissionDenied, std::io::ErrorKind::Other];
    for (op, kind) in (0..80).flat_map(|op| kinds.map(|kind| (op, kind))) {
        for fault in [Fault::Once(kind), Fault::Always(kind)] {
            let disk = MemDisk::new();
            disk.fault(op, fault);
            let mut durable = 0;
            let ended = script(&disk, |state| durable = 1 + all.iter().position(|other| other == state).unwrap());
            let why = format!("{fault:?} at {op}: {ended:?}");
            for seed in 0..4 {
                assert!(place(&disk.after_power_cut(seed), &all, &why) >= durable, "{why}");
            }
        }
    }
}

#[test]
fn lines_that_the_snapshot_holds_are_not_replayed() {
    // The commit is cut between the new name and the emptying of the journal.
    let (disk, mut store) = committed(1);
    append(&mut store, &run(2), true).unwrap();
    disk.fault(disk.ops() + 6, Fault::Off);
    commit(&mut store, &sample(0)).unwrap_err();
    for disk in [disk.after_kill(), disk.after_power_cut(0)] {
        assert!(disk.get(&file("journal")).unwrap().len() > 1000, "the journal was emptied already");
        let expected = State { serial: 2, ..sample(0) };
        assert_eq!(look(&disk).unwrap().state.unwrap(), expected);
        let (mut store, opened) = open(&disk, apply()).unwrap();
        assert_eq!(opened.state.unwrap(), expected);
        append(&mut store, &[intent(5)], true).unwrap();
        drop(store);
        assert_eq!(look(&disk).unwrap().state.unwrap(), after(sample(0), &[intent(5)], 2));
    }
}

#[test]
fn after_an_fsync_error_nothing_is_written_any_more() {
    let (disk, mut store) = committed(1);
    // Reserve, write, sync.
    disk.fault(disk.ops() + 2, Fault::Once(std::io::ErrorKind::Other));
    assert!(matches!(append(&mut store, &[intent(0)], true), Err(StoreError::Io { action: "make durable", .. })));
    let ops = disk.ops();
    assert!(matches!(append(&mut store, &[intent(1)], false), Err(StoreError::Broken(_))));
    assert!(matches!(commit(&mut store, &sample(1)), Err(StoreError::Broken(_))));
    assert_eq!(disk.ops(), ops);
}

#[test]
fn a_snapshot_that_reads_back_otherwise_keeps_the_journal() {
    #[derive(Debug)]
    struct Liar(MemDisk);
    use crate::store::disk::{Disk, DiskFile, How, Node};
    use std::path::Path;
    impl Disk for Liar {
        fn node(&self, path: &Path) -> std::io::Result<Option<Node>> {
            self.0.node(path)
        }
        fn make_dir(&self, path: &Path) -> std::io::Result<()> {
            self.0.make_dir(path)
        }
        fn make_private(&self, path: &Path) -> std::io::Result<()> {
            self.0.make_private(path)
        }
        fn open(&self, path: &Path, how: How) -> std::io::Result<Box<dyn DiskFile>> {
            self.0.open(path, how)
        }
        fn link(&self, from: &Path, to: &Path) -> std::io::Result<()> {
            self.0.link(from, to)
        }
        fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
            self.0.rename(from, to)?;
            if to.ends_with("state.json")
                && from.ends_with("state.json.tmp")
                && self.0.get(&file("state.json.1")).is_some()
            {
                let mut bytes = self.0.get(to).unwrap();
                bytes[300] ^= 4;
                self.0.put(to, &bytes);
            }
            Ok(())
        }
        fn remove(&self, path: &Path) -> std::io::Result<()> {
            self.0.remove(path)
        }
        fn sync_dir(&self, path: &Path) -> std::io::Result<()> {
            self.0.sync_dir(path)
        }
        fn free(&self, path: &Path) -> std::io::Result<u64> {
            self.0.free(path)
        }
    }
    let disk = MemDisk::new();
    let (mut store, _) = Local::open_on(std::sync::Arc::new(Liar(disk.clone())), &dir(), apply()).unwrap();
    commit(&mut store, &sample(1)).unwrap();
    append(&mut store, &[intent(0)], true).unwrap();
    let journal = disk.get(&file("journal"));
    let error = commit(&mut store, &sample(2)).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { backup: Some(backup), .. } if backup.serial == 1), "{error}");
    assert_eq!(disk.get(&file("journal")), journal);
}
