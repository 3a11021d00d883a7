//! A saved plan: the bytes as they are, and under a digest that fits.
#![no_main]

#[path = "../oracles/saved.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    oracle::judge(bytes);
    if let Ok(document) = serde_json::from_slice(bytes) {
        oracle::judge(&oracle::sealed(&document));
    }
});
