//! What a state folder must be like to whoever reads it, whatever bytes stand in it: understood to the last line, or
//! refused in words. Never a panic, never less than was written.

use auroractl_core::exact;
use auroractl_core::journal::{Entry, replay};
use auroractl_core::state::State;
use auroractl_engine::store::disk::Disk as _;
use auroractl_engine::store::memory::MemDisk;
use auroractl_engine::store::{Local, Mode, Opened, Store as _, StoreError};
use data_encoding::HEXLOWER;
use futures::FutureExt as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::Path;
use std::sync::Arc;

const FOLDER: &str = "/states/orders-dev";

/// A snapshot's bytes with a checksum that fits, whatever the body says.
pub(crate) fn sealed(body: &str) -> Vec<u8> {
    let rest = body.trim_start().strip_prefix('{').unwrap_or(body);
    let rest = rest.trim_start_matches('\n');
    let sum = HEXLOWER.encode(&Sha256::digest(rest));
    format!("{{\n  \"checksum\": \"{sum}\",\n{rest}").into_bytes()
}

/// A journal's bytes with lengths, sums and hashes that fit, whatever the lines say.
pub(crate) fn framed(lines: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        let len = u32::try_from(line.len()).unwrap().to_le_bytes();
        let sum = crc32fast::hash(&[&len, line.as_slice()].concat()).to_le_bytes();
        bytes.extend([&len, &sum, line.as_slice()].concat());
    }
    bytes
}

/// The lines of a sound journal.
pub(crate) fn lines(journal: &[u8]) -> Vec<Vec<u8>> {
    let (mut lines, mut rest) = (Vec::new(), journal);
    while let Some((len, behind)) = rest.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        let Some(line) = behind.get(4..4 + len) else { break };
        lines.push(line.to_vec());
        rest = &behind[4 + len..];
    }
    lines
}

/// Gives each line the hash of the one before, so that what else was done to them is looked at.
pub(crate) fn chained(values: &[Value]) -> Vec<Vec<u8>> {
    let mut before = String::new();
    let chain = |value: &Value| {
        let mut value = value.clone();
        if let Some(members) = value.as_object_mut() {
            members.insert("prev".to_owned(), json!(before));
        }
        let line = serde_json::to_vec(&value).unwrap();
        before = HEXLOWER.encode(&Sha256::digest(&line)).chars().take(16).collect();
        line
    };
    values.iter().map(chain).collect()
}

/// Reads a folder in every way.
pub(crate) fn judge(state: Option<&[u8]>, journal: Option<&[u8]>) {
    let disk = disk(state, journal);
    let looked = open(&disk, Mode::Read);
    match &looked {
        Ok((_, opened)) => nothing_less(opened, state, journal),
        Err(error) => in_words(error),
    }
    match (looked, open(&disk, Mode::Write { command: "apply".to_owned() })) {
        (Ok((_, looked)), Ok((mut store, opened))) => {
            assert_eq!(looked.state, opened.state, "a run knows something else than a look");
            carries_on(&disk, &mut store, &opened);
        }
        (Err(_), Err(_)) => {
            assert_eq!(disk.get(&at("state.json")).as_deref(), state, "what is damaged is left alone");
            assert_eq!(disk.get(&at("journal")).as_deref(), journal, "what is damaged is left alone");
        }
        (Ok(_), Err(error)) => panic!("a look is allowed and a run is not: {error}"),
        (Err(error), Ok(_)) => panic!("a run is allowed and a look is not: {error}"),
    }
}

fn at(name: &str) -> std::path::PathBuf {
    Path::new(FOLDER).join(name)
}

fn disk(state: Option<&[u8]>, journal: Option<&[u8]>) -> MemDisk {
    let disk = MemDisk::new();
    disk.make_dir(Path::new(FOLDER)).unwrap();
    for (name, bytes) in [("state.json", state), ("journal", journal)] {
        if let Some(bytes) = bytes {
            disk.put(&at(name), bytes);
        }
    }
    disk
}

fn open(disk: &MemDisk, mode: Mode) -> Result<(Local, Opened), StoreError> {
    Local::open_on(Arc::new(disk.clone()), Path::new(FOLDER), mode)
}

fn in_words(error: &StoreError) {
    for words in [error.to_string(), error.hint()] {
        assert!(words.len() > 10 && words.len() < 30_000, "{} bytes: {words}", words.len());
        assert!(!words.contains(['\n', '\0', '\u{1b}']), "one line: {words:?}");
    }
}

/// All that the bytes say is known.
fn nothing_less(opened: &Opened, state: Option<&[u8]>, journal: Option<&[u8]>) {
    let Some(bytes) = state else {
        assert_eq!(opened.state, None);
        return;
    };
    let mut said = exact::parse(bytes).unwrap();
    let members = said.as_object_mut().unwrap();
    for own in ["checksum", "epoch", "tool"] {
        members.remove(own);
    }
    let upto = members.remove("journal_upto").and_then(|upto| upto.as_u64()).unwrap();
    let mut expected: State = exact::typed(&said).unwrap();
    let told = if opened.notes.is_empty() { journal.map(lines).unwrap_or_default() } else { return };
    for line in told {
        let line = exact::parse(&line).unwrap();
        if line["n"].as_u64().unwrap() > upto && line["says"]["line"].is_object() {
            replay(&mut expected, &exact::typed::<Entry>(&line["says"]["line"]).unwrap());
        }
    }
    assert_eq!(opened.state.as_ref(), Some(&expected), "less was read than was written");
}

/// What was read can be written, and read again.
fn carries_on(disk: &MemDisk, store: &mut Local, opened: &Opened) {
    let Some(state) = &opened.state else { return };
    let line = Entry::RunEnd { run: "r".to_owned() };
    match store.append(&[line], true).now_or_never().unwrap().and_then(|()| store.commit(state).now_or_never().unwrap())
    {
        Ok(()) => {
            let (_, again) = open(disk, Mode::Read).unwrap();
            assert_eq!(again.state, Some(State { serial: state.serial + 1, ..state.clone() }));
        }
        Err(error) => in_words(&error),
    }
}
