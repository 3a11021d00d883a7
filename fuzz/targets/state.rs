//! `state.json`: the bytes as they are, and as a body under a checksum that fits.
#![no_main]

#[path = "../oracles/store.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    oracle::judge(Some(bytes), None);
    if let Ok(body) = std::str::from_utf8(bytes) {
        oracle::judge(Some(&oracle::sealed(body)), None);
    }
});
