//! Damage to a state folder: bytes and structure of `state.json` and `journal`. The folder in `fuzz/seeds` is one that a
//! killed run left; what `make fuzz` finds is put beside it and is tried here from then on.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

#[path = "../../../fuzz/oracles/mutate.rs"]
mod mutate;
#[path = "../../../fuzz/oracles/store.rs"]
mod oracle;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;
use std::path::PathBuf;

fn seeds(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target)
}

fn state() -> Vec<u8> {
    std::fs::read(seeds("state").join("killed.json")).unwrap()
}

fn journal() -> Vec<u8> {
    std::fs::read(seeds("journal").join("killed")).unwrap()
}

fn found(target: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(seeds(target)).unwrap();
    entries.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

/// The body of a snapshot: all but its checksum.
fn body() -> Value {
    let mut value: Value = serde_json::from_slice(&state()).unwrap();
    value.as_object_mut().unwrap().remove("checksum");
    value
}

fn values() -> Vec<Value> {
    oracle::lines(&journal()).iter().map(|line| serde_json::from_slice(line).unwrap()).collect()
}

#[test]
fn the_seed_is_understood() {
    assert_eq!(oracle::sealed(&serde_json::to_string_pretty(&body()).unwrap()).len() + 1, state().len());
    assert_eq!(oracle::framed(&oracle::lines(&journal())), journal());
    assert!(values().len() > 10);
    oracle::judge(Some(&state()), Some(&journal()));
    oracle::judge(Some(&state()), None);
    oracle::judge(None, Some(&journal()));
    oracle::judge(None, None);
    oracle::judge(Some(b""), Some(b""));
}

#[test]
fn whatever_was_found_once_is_answered() {
    for bytes in found("state") {
        oracle::judge(Some(&bytes), None);
        oracle::judge(Some(&oracle::sealed(&String::from_utf8_lossy(&bytes))), None);
    }
    for bytes in found("journal") {
        oracle::judge(Some(&state()), Some(&bytes));
        let lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        oracle::judge(Some(&state()), Some(&oracle::framed(&lines)));
    }
}

#[test]
fn numbers_without_end_and_nesting_without_end() {
    for (member, how) in [("serial", u64::MAX), ("journal_upto", u64::MAX), ("epoch", u64::MAX), ("serial", 1 << 53)] {
        let mut huge = body();
        huge[member] = how.into();
        oracle::judge(Some(&oracle::sealed(&huge.to_string())), None);
    }
    for open in ["{\"a\":", "["] {
        oracle::judge(Some(&oracle::sealed(&format!("{{\"a\": {}", open.repeat(100_000)))), None);
        let line = format!("{{\"n\":1,\"x\":{}", open.repeat(100_000)).into_bytes();
        oracle::judge(Some(&state()), Some(&oracle::framed(&[line])));
    }
    // A frame that claims four gigabytes.
    oracle::judge(Some(&state()), Some(&[&[0xff; 8], journal().as_slice()].concat()));
    oracle::judge(Some(&state()), Some(&[journal().as_slice(), &[0xff; 8]].concat()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn bytes_of_a_state(at in any::<Index>(), to in any::<Index>(), bit in 0..8_u8, how in 0..4_u8) {
        oracle::judge(Some(&bytes(state(), at, to, (bit, how))), Some(&journal()));
    }

    #[test]
    fn bytes_of_a_journal(at in any::<Index>(), to in any::<Index>(), bit in 0..8_u8, how in 0..4_u8) {
        oracle::judge(Some(&state()), Some(&bytes(journal(), at, to, (bit, how))));
    }

    #[test]
    fn structure_of_a_state(at in any::<usize>(), how in 0..mutate::KINDS, again in prop::option::of(any::<usize>())) {
        let mut value = body();
        mutate::structure(&mut value, at, how);
        if let Some(at) = again {
            mutate::structure(&mut value, at, how.wrapping_mul(7));
        }
        oracle::judge(Some(&oracle::sealed(&value.to_string())), Some(&journal()));
        oracle::judge(Some(&oracle::sealed(&value.to_string())), None);
        if let Some(text) = mutate::twice(&body(), at) {
            oracle::judge(Some(&oracle::sealed(&text)), None);
        }
    }

    #[test]
    fn structure_of_a_journal(line in any::<Index>(), at in any::<usize>(), how in 0..mutate::KINDS, cut in any::<Index>()) {
        let mut values = values();
        let line = line.index(values.len());
        mutate::structure(&mut values[line], at, how);
        let lines = oracle::chained(&values);
        oracle::judge(Some(&state()), Some(&oracle::framed(&lines)));
        oracle::judge(Some(&state()), Some(&oracle::framed(&lines[cut.index(lines.len())..])));
        let mut doubled = oracle::lines(&journal());
        if let Some(text) = mutate::twice(&serde_json::from_slice(&doubled[line]).unwrap(), at) {
            doubled[line] = text.into_bytes();
            oracle::judge(Some(&state()), Some(&oracle::framed(&doubled)));
        }
    }

    #[test]
    fn lines_that_came_out_of_order(one in any::<Index>(), other in any::<Index>()) {
        let mut values = values();
        let (one, other) = (one.index(values.len()), other.index(values.len()));
        values.swap(one, other);
        oracle::judge(Some(&state()), Some(&oracle::framed(&oracle::chained(&values))));
        values.remove(one);
        oracle::judge(Some(&state()), Some(&oracle::framed(&oracle::chained(&values))));
    }
}

/// A flip, a cut, a hole, or an end that is put before the beginning.
fn bytes(mut bytes: Vec<u8>, at: Index, to: Index, (bit, how): (u8, u8)) -> Vec<u8> {
    let (at, to) = (at.index(bytes.len()), to.index(bytes.len()));
    match how {
        0 => bytes[at] ^= 1 << bit,
        1 => bytes.truncate(at),
        2 => drop(bytes.drain(at.min(to)..at.max(to))),
        _ => bytes.rotate_left(at),
    }
    bytes
}
