//! The trace: every attempt of every call as a JSON line, and how often each action was called.
//!
//! A line holds what a support case or a slow run needs: when, which action, how it ended, which request id, how long.
//! No header, no parameter and no body is written, so there is nothing to redact; error codes are read out of bodies.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Longest error code that is written; what is longer is not a code.
const LONGEST_CODE: usize = 128;

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// When it was sent.
    pub time: String,
    /// The service, as in IAM actions. Empty for unsigned calls (SSO, instance metadata).
    pub service: String,
    /// The action.
    pub action: String,
    /// The region it was signed for.
    pub region: String,
    /// HTTP status; none when there was no answer.
    pub status: Option<u16>,
    /// The service's error code.
    pub code: Option<String>,
    /// What happened to an attempt without an answer.
    pub failure: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// From sending to the answer's head (to its end, if it is an error).
    pub milliseconds: u64,
    /// Size of the request's body.
    pub request_bytes: usize,
}

/// A file of lines.
#[derive(Debug)]
pub struct TraceFile(Mutex<File>);

impl TraceFile {
    /// Appends to a file that only its owner may read.
    ///
    /// # Errors
    /// When the file can't be opened, or is not a file of its own.
    pub fn open(path: &Path) -> io::Result<Self> {
        auroractl_engine::private::append(path).map(|file| Self(Mutex::new(file)))
    }

    /// Writes a line, whole or not at all. A full disk must not end an apply: the trace is an aid, the journal is the
    /// record.
    pub fn write(&self, line: &Line) {
        let Ok(mut text) = serde_json::to_vec(line) else { return };
        text.push(b'\n');
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&text);
    }
}

/// How often an action was called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Attempts.
    pub attempts: u64,
    /// Attempts without an answer or with an error.
    pub failed: u64,
    /// Bytes of the requests' bodies.
    pub request_bytes: u64,
}

/// Counts by `service:Action`.
pub type Counts = BTreeMap<String, Count>;

/// Counts that grow.
#[derive(Debug, Default)]
pub(crate) struct Stats(Mutex<Counts>);

impl Stats {
    pub(crate) fn count(&self, line: &Line) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(format!("{}:{}", line.service, line.action)).or_default();
        count.attempts += 1;
        count.failed += u64::from(line.status.is_none_or(|status| status >= 400));
        count.request_bytes += line.request_bytes as u64;
    }

    pub(crate) fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The error code in an answer: `x-amzn-errortype` (JSON, CBOR), `__type` (JSON) or `<Code>` (XML).
pub(crate) fn wire_code(header: Option<&str>, body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let xml = || Some(text.split_once("<Code>")?.1.split_once("</Code>")?.0.to_owned());
    let json = || Some(serde_json::from_slice::<serde_json::Value>(body).ok()?.get("__type")?.as_str()?.to_owned());
    let code = header.map(str::to_owned).or_else(json).or_else(xml)?;
    // `com.amazonaws.kms#NotFoundException:http://…`
    let code = code.split(':').next().and_then(|code| code.rsplit('#').next()).unwrap_or_default().trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (!code.is_empty() && code.len() <= LONGEST_CODE && code.chars().all(plain)).then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_every_protocol() {
        let xml = b"<ErrorResponse><Error><Code>DBClusterNotFoundFault</Code></Error></ErrorResponse>".as_slice();
        let json = br#"{"__type":"com.amazonaws.kms#NotFoundException","message":"x"}"#.as_slice();
        for (header, body, code) in [
            (None, xml, Some("DBClusterNotFoundFault")),
            (None, json, Some("NotFoundException")),
            (Some("ResourceNotFound:http://x"), b"".as_slice(), Some("ResourceNotFound")),
            (None, b"<html>".as_slice(), None),
            (None, b"<Code>secret words with spaces</Code>".as_slice(), None),
        ] {
            assert_eq!(wire_code(header, body).as_deref(), code);
        }
    }
}
