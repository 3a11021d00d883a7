//! What a saved plan must be like: read back identical, or refused in words.

use auroractl_core::saved::Saved;
use auroractl_core::{digest, exact};
use serde_json::Value;

/// The document with a digest that fits, whatever else it says.
pub(crate) fn sealed(document: &Value) -> Vec<u8> {
    let mut document = document.clone();
    if document.get("digest").is_some() {
        document["digest"] = Value::from("");
        document["digest"] = Value::from(digest::of(&document).unwrap());
    }
    serde_json::to_vec(&document).unwrap()
}

/// Reads bytes as a saved plan.
pub(crate) fn judge(bytes: &[u8]) {
    match Saved::read(bytes) {
        Ok(saved) => {
            let again = Saved::read(&saved.written().unwrap()).unwrap();
            assert_eq!(again, saved);
            assert_eq!(serde_json::to_value(&saved).unwrap(), exact::parse(bytes).unwrap(), "something was left out");
        }
        Err(why) => {
            let words = why.to_string();
            assert!(words.len() > 5 && words.len() < 30_000 && !words.contains(['\n', '\u{1b}']), "{words:?}");
        }
    }
}
