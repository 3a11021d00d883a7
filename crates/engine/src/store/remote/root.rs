//! The root: the one small object that says who works on a stack and where its
//! state is. Everything else is immutable and counts only if the root names it.
//!
//! ```text
//! <prefix>/<stack>/root.json                          lease, epoch, pointers, the newest lines
//! <prefix>/<stack>/state-<epoch>-<serial>-<sum>.json  a snapshot, as a local state.json
//! <prefix>/<stack>/journal-<epoch>-<line>-<sum>.json  lines that were too many for the root, with the one before
//! ```
//!
//! The newest lines stand in the root itself, so that a group of them costs one
//! write; where they grow long they move to a blob. Blobs form a chain, so the
//! root stays small however long a run is. A blob's name holds the sum of its
//! content: two different contents can't meet under one name.

use crate::store::error::Holder;
use crate::store::snapshot::{self, TOOL, Unusable, seal};
use auroractl_core::exact;
use auroractl_core::identity::StackId;
use auroractl_core::journal::Entry;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the root's and the journal blobs' written form.
const FORMAT: u32 = 1;
/// Digits of a sum in a name.
const SUM: usize = 16;

/// The root object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Root {
    /// [`FORMAT`].
    pub format: u32,
    /// The release that wrote it.
    pub tool: String,
    /// The stack.
    pub stack: StackId,
    /// Lineage of the state; empty before the first snapshot.
    pub lineage: String,
    /// Rises by one with every change of the holder.
    pub epoch: u64,
    /// Who works on the stack; nobody after a release.
    pub lease: Option<Lease>,
    /// Who wrote this, and his how-manieth write it was: how a writer knows his own write again.
    pub write: Write,
    /// Rises by one with every snapshot.
    pub serial: u64,
    /// The present snapshot.
    pub snapshot: Option<Snap>,
    /// The ones before, newest first.
    pub history: Vec<Snap>,
    /// The newest blob of lines since the snapshot.
    pub journal: Option<Blob>,
    /// Number of the last line; the numbers go on for as long as the stack lives.
    pub lines: u64,
    /// The lines after those in blobs.
    pub tail: Vec<Entry>,
}

/// The right to write, until somebody else may have taken it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lease {
    /// Made by chance for each run.
    pub nonce: String,
    /// Process of the holder; for messages only, as the next three.
    pub pid: u32,
    /// Machine of the holder.
    pub host: String,
    /// When it took the lease, in UTC.
    pub since: String,
    /// What it runs.
    pub command: String,
    /// A holder that was silent for so long writes nothing any more, in seconds.
    pub ttl: u64,
}

/// A write of the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Write {
    /// The writer.
    pub nonce: String,
    /// Rises by one with each of his writes.
    pub number: u64,
}

/// Names an immutable object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Blob {
    /// Its name within the stack's folder.
    pub name: String,
    /// SHA-256 of its content, as it stands in it.
    pub sum: String,
}

/// Names a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snap {
    /// The object.
    pub blob: Blob,
    /// Its serial.
    pub serial: u64,
    /// How many resources it knows.
    pub resources: usize,
    /// When it was written, in UTC; for people.
    pub at: String,
}

/// A blob of journal lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Lines {
    /// [`FORMAT`].
    pub format: u32,
    /// Lineage of the state.
    pub lineage: String,
    /// Number of its last line.
    pub upto: u64,
    /// The blob before.
    pub before: Option<Blob>,
    /// The lines.
    pub lines: Vec<Entry>,
}

impl Root {
    /// The root of a stack that nobody has worked on.
    pub(super) fn first(stack: StackId) -> Self {
        Self {
            format: FORMAT,
            tool: TOOL.to_owned(),
            stack,
            lineage: String::new(),
            epoch: 0,
            lease: None,
            write: Write { nonce: String::new(), number: 0 },
            serial: 0,
            snapshot: None,
            history: Vec::new(),
            journal: None,
            lines: 0,
            tail: Vec::new(),
        }
    }

    /// The same with a new holder.
    pub(super) fn taken(self, lease: Lease) -> Self {
        let write = Write { nonce: lease.nonce.clone(), number: 1 };
        Self { epoch: self.epoch + 1, lease: Some(lease), write, tool: TOOL.to_owned(), ..self }
    }

    /// Names of the blobs that it needs, the journal's chain aside.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let snaps = self.snapshot.iter().chain(&self.history).map(|snap| snap.blob.name.as_str());
        snaps.chain(self.journal.iter().map(|blob| blob.name.as_str()))
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        Ok(seal(&serde_json::to_value(self)?)?.0)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Unusable> {
        let (root, _): (Self, _) = decoded(bytes)?;
        let ttl = root.lease.as_ref().map_or(0, |lease| lease.ttl);
        match snapshot::beyond(&[root.epoch, root.serial, root.lines, root.write.number, ttl]) {
            Some(huge) => Err(Unusable::Damaged(format!("it counts to {huge}"))),
            None => Ok(root),
        }
    }
}

impl Lease {
    /// The holder, for messages.
    pub(super) fn holder(&self) -> Holder {
        let Self { pid, host, since, command, .. } = self.clone();
        Holder { pid, host, since, command }
    }
}

impl Lines {
    pub(super) fn new(root: &Root, before: Option<Blob>, lines: Vec<Entry>) -> Self {
        Self { format: FORMAT, lineage: root.lineage.clone(), upto: root.lines, before, lines }
    }

    /// Its bytes, and its name in an epoch.
    pub(super) fn encode(&self, epoch: u64) -> Result<(Vec<u8>, Blob), serde_json::Error> {
        let (bytes, sum) = seal(&serde_json::to_value(self)?)?;
        Ok((bytes, Blob { name: name("journal", (epoch, self.upto), &sum), sum }))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, String), Unusable> {
        decoded(bytes)
    }
}

/// Name of a blob: what it is, epoch and number, the beginning of its sum.
pub(super) fn name(what: &str, (epoch, number): (u64, u64), sum: &str) -> String {
    format!("{what}-{epoch}-{number}-{}.json", sum.get(..SUM).unwrap_or(sum))
}

/// The epoch in a blob's name; `None` for anything else.
pub(super) fn epoch_of(name: &str) -> Option<u64> {
    let mut parts = name.strip_suffix(".json")?.split('-');
    let known = matches!(parts.next()?, "state" | "journal");
    parts.next()?.parse().ok().filter(|_| known)
}

fn decoded<T: Serialize + serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<(T, String), Unusable> {
    let (members, sum) = snapshot::unseal(bytes, FORMAT)?;
    let tool = members.get("tool").and_then(Value::as_str).unwrap_or_default().to_owned();
    let typed = exact::typed(&Value::Object(members)).map_err(|found| Unusable::Newer { found, tool })?;
    Ok((typed, sum))
}
