//! The journal beside a sound snapshot: the bytes as they are, and as lines in frames that fit.
#![no_main]

#[path = "../oracles/store.rs"]
mod oracle;

const STATE: &[u8] = include_bytes!("../seeds/state/killed.json");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    oracle::judge(Some(STATE), Some(bytes));
    let lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    oracle::judge(Some(STATE), Some(&oracle::framed(&lines)));
    let values: Vec<_> = lines.iter().filter_map(|line| serde_json::from_slice(line).ok()).collect();
    oracle::judge(Some(STATE), Some(&oracle::framed(&oracle::chained(&values))));
});
