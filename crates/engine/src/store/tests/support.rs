//! States and journals to try the store with.

use crate::store::memory::MemDisk;
use crate::store::{Local, Mode, Opened, Store, StoreError};
use auroractl_core::address::Address;
use auroractl_core::identity::StackId;
use auroractl_core::journal::{Entry, replay};
use auroractl_core::state::{Intent, Record, Scope, State, Verb};
use futures::FutureExt as _;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(in crate::store) fn at(index: usize) -> Address {
    format!("vpc.r{index}").parse().unwrap()
}

pub(in crate::store) fn record(index: usize) -> Record {
    Record {
        kind: "vpc".to_owned(),
        version: 1,
        scope: Scope { account: "123456789012".to_owned(), region: "eu-central-1".to_owned() },
        oid: format!("oid{index}"),
        generation: 0,
        name: String::new(),
        applied: json!({"cidr": "10.0.0.0/16", "tags": {"näme": "wert \"x\"\n"}}),
        outputs: json!({"vpc_id": format!("vpc-{index}")}),
        born: 1_767_322_845,
        deps: BTreeSet::from([at(index + 1)]),
        incarnation: None,
        settled: true,
    }
}

pub(in crate::store) fn sample(resources: usize) -> State {
    let stack =
        StackId { name: "prod".to_owned(), account: "123456789012".to_owned(), region: "eu-central-1".to_owned() };
    let mut state = State::new(stack, "lineage-1".to_owned());
    state.resources = (0..resources).map(|index| (at(index), record(index))).collect();
    state
}

pub(in crate::store) fn intent(index: usize) -> Entry {
    Entry::Intent(Intent {
        address: at(index),
        generation: 0,
        oid: format!("oid{index}"),
        name: String::new(),
        verb: Verb::Create,
        spec: json!({"cidr": {"$ref": {"of": "vpc.r9", "output": "cidr"}}}),
        deps: BTreeSet::new(),
        attempted: false,
        kept_by: None,
    })
}

/// What a run of `steps` creates writes.
pub(in crate::store) fn run(steps: usize) -> Vec<Entry> {
    let start = Entry::RunStart { run: "r".to_owned(), command: "apply".to_owned(), lineage: "lineage-1".to_owned() };
    let mut entries = vec![start];
    entries.extend((0..steps).map(intent));
    for index in 0..steps {
        entries.push(Entry::Attempt { address: at(index), generation: 0, verb: Some(Verb::Create) });
        entries.push(Entry::Recorded { address: at(index), record: Box::new(record(index)) });
        entries.push(Entry::Resolved { address: at(index), generation: 0, verb: Verb::Create });
    }
    entries.push(Entry::RunEnd { run: "r".to_owned() });
    entries
}

/// A state after some lines, under a serial.
pub(in crate::store) fn after(mut state: State, entries: &[Entry], serial: u64) -> State {
    entries.iter().for_each(|entry| replay(&mut state, entry));
    State { serial, ..state }
}

pub(in crate::store) fn dir() -> PathBuf {
    PathBuf::from("/states/prod")
}

pub(in crate::store) fn file(name: &str) -> PathBuf {
    dir().join(name)
}

pub(in crate::store) fn apply() -> Mode {
    Mode::Write { command: "apply".to_owned() }
}

pub(in crate::store) fn open(disk: &MemDisk, mode: Mode) -> Result<(Local, Opened), StoreError> {
    Local::open_on(Arc::new(disk.clone()), &dir(), mode)
}

pub(in crate::store) fn look(disk: &MemDisk) -> Result<Opened, StoreError> {
    open(disk, Mode::Read).map(|(_, opened)| opened)
}

pub(in crate::store) fn append(store: &mut Local, entries: &[Entry], durable: bool) -> Result<(), StoreError> {
    store.append(entries, durable).now_or_never().unwrap()
}

pub(in crate::store) fn commit(store: &mut Local, state: &State) -> Result<(), StoreError> {
    store.commit(state).now_or_never().unwrap()
}

/// A disk with `commits` snapshots of growing states, and the store that wrote them.
pub(in crate::store) fn committed(commits: usize) -> (MemDisk, Local) {
    let disk = MemDisk::new();
    let (mut store, _) = open(&disk, apply()).unwrap();
    for resources in 1..=commits {
        commit(&mut store, &sample(resources)).unwrap();
    }
    (disk, store)
}

/// Every file under a folder, with its content.
pub(in crate::store) fn everything(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}
