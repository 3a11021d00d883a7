//! The call log: what was asked, when, beside what else, and what came of it.
//!
//! The benchmarks count calls here, the chaos runs find their API boundaries here, and a failing test prints it. An
//! entry stands from the moment a call is accepted, so that a call whose client died is on record too.

use super::lock;
use super::wire::{Call, Protocol};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// One call.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Position in the log, from 1, in the order of arrival.
    pub seq: u64,
    /// The service.
    pub service: String,
    /// The action.
    pub action: String,
    /// The region of the signature.
    pub region: String,
    /// The protocol.
    pub protocol: Protocol,
    /// Whether it may change the world.
    pub mutating: bool,
    /// Arrival, in microseconds since the Unix epoch.
    pub start_us: u64,
    /// When its fate was decided, likewise; absent while it is under way.
    pub end_us: Option<u64>,
    /// Calls under way at its arrival, itself included.
    pub in_flight: u64,
    /// HTTP status as the client sees it; absent if it gets no answer.
    pub status: Option<u16>,
    /// HTTP status of the emulator; absent if the call never got there, so nothing can have happened.
    pub upstream_status: Option<u16>,
    /// AWS error code of the answer.
    pub error: Option<String>,
    /// AWS request id of the answer.
    pub request_id: Option<String>,
    /// The fault that struck, by the `kind` of its effect.
    pub fault: Option<&'static str>,
    /// SHA-256 of the request's body, 16 hexadecimal digits, where the log was asked for it.
    pub body_sha256: Option<String>,
}

impl Entry {
    /// `service:Action`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.action)
    }
}

/// What came of a call.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// See [`Entry::status`].
    pub status: Option<u16>,
    /// See [`Entry::upstream_status`].
    pub upstream_status: Option<u16>,
    /// See [`Entry::error`].
    pub error: Option<String>,
    /// See [`Entry::request_id`].
    pub request_id: Option<String>,
    /// See [`Entry::fault`].
    pub fault: Option<&'static str>,
}

/// Counts over the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Calls in all.
    pub calls: u64,
    /// Those that may change the world.
    pub writes: u64,
    /// Those that can't.
    pub reads: u64,
    /// Those answered with an error or not at all.
    pub failed: u64,
    /// Most calls under way at once.
    pub peak_in_flight: u64,
    /// Calls by `service:Action`.
    pub by_action: BTreeMap<String, u64>,
    /// Failed calls by error code.
    pub by_error: BTreeMap<String, u64>,
    /// Struck calls by fault.
    pub by_fault: BTreeMap<String, u64>,
}

/// The log; shared by all connections.
#[derive(Debug, Default)]
pub struct Log {
    inner: Mutex<Inner>,
    file: Option<Mutex<File>>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: Vec<Entry>,
    last: u64,
    in_flight: u64,
}

impl Log {
    /// A log that also appends every finished call to `file`, one JSON document a line.
    ///
    /// # Errors
    /// The file can't be opened for appending.
    pub fn open(file: Option<&Path>) -> std::io::Result<Self> {
        let open = |path| File::options().create(true).append(true).open(path).map(Mutex::new);
        Ok(Self { file: file.map(open).transpose()?, ..Self::default() })
    }

    /// Records the arrival of a call; the answer is its `seq`.
    pub fn begin(&self, call: &Call, body_sha256: Option<String>) -> u64 {
        let mut inner = lock(&self.inner);
        inner.last += 1;
        inner.in_flight += 1;
        let entry = Entry {
            seq: inner.last,
            service: call.service.clone(),
            action: call.action.clone(),
            region: call.region.clone(),
            protocol: call.protocol,
            mutating: call.mutating,
            start_us: now_us(),
            end_us: None,
            in_flight: inner.in_flight,
            status: None,
            upstream_status: None,
            error: None,
            request_id: None,
            fault: None,
            body_sha256,
        };
        inner.entries.push(entry);
        inner.last
    }

    /// Records what came of the call `seq`.
    pub fn finish(&self, seq: u64, outcome: Outcome) {
        let mut inner = lock(&self.inner);
        inner.in_flight = inner.in_flight.saturating_sub(1);
        let Some(entry) = inner.entries.iter_mut().rev().find(|entry| entry.seq == seq) else { return };
        entry.end_us = Some(now_us());
        entry.status = outcome.status;
        entry.upstream_status = outcome.upstream_status;
        entry.error = outcome.error;
        entry.request_id = outcome.request_id;
        entry.fault = outcome.fault;
        if let (Some(file), Ok(mut line)) = (&self.file, serde_json::to_vec(&*entry)) {
            line.push(b'\n');
            // A test log that can't be written must not change what the test sees.
            lock(file).write_all(&line).ok();
        }
    }

    /// All calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Entry> {
        lock(&self.inner).entries.clone()
    }

    /// Calls under way.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        lock(&self.inner).in_flight
    }

    /// Forgets all calls; sequence numbers go on.
    pub fn clear(&self) {
        lock(&self.inner).entries.clear();
    }

    /// Counts over the calls so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut sum = Summary::default();
        for entry in &lock(&self.inner).entries {
            sum.add(entry);
        }
        sum
    }
}

impl Summary {
    fn add(&mut self, entry: &Entry) {
        self.calls += 1;
        if entry.mutating {
            self.writes += 1;
        } else {
            self.reads += 1;
        }
        let answered = entry.status.is_some_and(|status| status < 400);
        self.failed += u64::from(entry.end_us.is_some() && !answered);
        self.peak_in_flight = self.peak_in_flight.max(entry.in_flight);
        *self.by_action.entry(entry.name()).or_default() += 1;
        if let Some(error) = &entry.error {
            *self.by_error.entry(error.clone()).or_default() += 1;
        }
        if let Some(fault) = entry.fault {
            *self.by_fault.entry(fault.to_owned()).or_default() += 1;
        }
    }
}

fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &str, mutating: bool) -> Call {
        let (service, action, region) = ("rds".to_owned(), action.to_owned(), "eu-central-1".to_owned());
        Call { service, action, region, protocol: Protocol::Query, mutating, signed_at: None }
    }

    #[test]
    fn counts_calls_errors_and_the_peak() {
        let log = Log::default();
        let first = log.begin(&call("CreateDBCluster", true), None);
        let second = log.begin(&call("DescribeDBClusters", false), None);
        log.finish(second, Outcome { status: Some(200), ..Outcome::default() });
        let error = Some("Throttling".to_owned());
        log.finish(first, Outcome { status: Some(400), error, fault: Some("throttle"), ..Outcome::default() });
        log.begin(&call("DescribeDBClusters", false), None);
        let sum = log.summary();
        assert_eq!((sum.calls, sum.writes, sum.reads, sum.failed, sum.peak_in_flight), (3, 1, 2, 1, 2));
        assert_eq!(sum.by_action["rds:DescribeDBClusters"], 2);
        assert_eq!((sum.by_error["Throttling"], sum.by_fault["throttle"]), (1, 1));
        assert_eq!(log.in_flight(), 1);
    }

    #[test]
    fn clearing_keeps_counting() {
        let log = Log::default();
        let first = log.begin(&call("CreateDBCluster", true), None);
        log.clear();
        log.finish(first, Outcome::default());
        assert_eq!(log.begin(&call("CreateDBCluster", true), None), 2);
        assert_eq!(log.in_flight(), 1);
        assert_eq!(log.calls().len(), 1);
    }

    #[test]
    fn the_file_has_a_line_a_call() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("calls.jsonl");
        let log = Log::open(Some(&path)).unwrap();
        for _ in 0..2 {
            let seq = log.begin(&call("CreateDBCluster", true), Some("00ff".to_owned()));
            log.finish(seq, Outcome { status: Some(200), ..Outcome::default() });
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[1]["seq"], &lines[1]["action"]), (&2.into(), &"CreateDBCluster".into()));
    }
}
