//! Digests over canonical JSON: of a state file, of what a saved plan was made from.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io;

/// SHA-256 of a value's JSON, in hexadecimal. Maps are ordered, so equal values have equal digests.
///
/// # Errors
/// When the value can't be written as JSON.
pub fn of(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut hash = Hasher(Sha256::new());
    // Through a tree, because a struct's fields stand in declaration order and a tree's in key order.
    serde_json::to_writer(&mut hash, &serde_json::to_value(value)?)?;
    Ok(hash.0.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
