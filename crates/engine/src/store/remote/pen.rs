//! The holder's writes. One at a time, whoever wants them: the loop that runs
//! the steps, and the task that gives signs of life.
//!
//! Lines are gathered and written together, in their order, so what is in the
//! bucket is always a beginning of what happened. A group costs one write of the
//! root however large the stack is.

use super::error::RemoteError;
use super::gate::{Gate, Terms};
use super::root::{Blob, Lines, Root, Snap, Write, name};
use super::site::{Site, Swap};
use crate::error::{CallError, Class};
use crate::store::belongs;
use crate::store::error::StoreError;
use crate::store::objects::Only;
use crate::store::snapshot::{self, Head, TOOL};
use auroractl_core::journal::Entry;
use auroractl_core::state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Lines longer than this move from the root to a blob, in bytes.
const TAIL: usize = 16 * 1024;
/// Earlier snapshots that are kept.
const HISTORY: usize = 5;

/// What a holder writes with.
#[derive(Debug)]
pub(super) struct Pen {
    site: Site,
    terms: Terms,
    nonce: String,
    gate: Arc<Gate>,
    paper: tokio::sync::Mutex<Paper>,
    queue: Mutex<Queue>,
    wanted: Notify,
}

/// The root as it is known to be.
#[derive(Debug)]
struct Paper {
    root: Root,
    etag: String,
    /// A write may have been executed that is not known to have been.
    doubt: bool,
    /// Writes so far, those in doubt included.
    writes: u64,
}

/// What came of an attempt to write.
enum Written {
    /// It is there.
    Done,
    /// An earlier write of this run was executed late, and got in the way. To be made anew, from its root.
    Again,
}

#[derive(Debug, Default)]
struct Queue {
    /// Lines that the root is not known to have.
    lines: Vec<Entry>,
    /// Number of the line before the first of them.
    before: u64,
    /// Why the last write failed.
    trouble: Option<CallError>,
}

impl Pen {
    pub(super) fn new(site: Site, (terms, nonce): (Terms, String), paper: (Root, String), gate: Arc<Gate>) -> Self {
        let (root, etag) = paper;
        let queue = Mutex::new(Queue { before: root.lines, ..Queue::default() });
        let writes = root.write.number;
        let paper = tokio::sync::Mutex::new(Paper { root, etag, doubt: false, writes });
        Self { site, terms, nonce, gate, paper, queue, wanted: Notify::new() }
    }

    pub(super) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds lines to those that are to be written.
    pub(super) fn add(&self, entries: &[Entry]) {
        self.queue().lines.extend_from_slice(entries);
    }

    /// Has them written soon, together with what comes meanwhile.
    pub(super) fn soon(&self) {
        self.wanted.notify_one();
    }

    /// An error if another run has the lease, or this one gave it back.
    fn open(&self) -> Result<(), StoreError> {
        self.gate.why().map_or(Ok(()), |why| Err(RemoteError::Fenced(why).into()))
    }

    /// May these lines still be added? Not when another run has the lease; and while the bucket can't be written, nothing
    /// that a call would follow.
    pub(super) fn usable(&self, entries: &[Entry]) -> Result<(), StoreError> {
        self.open()?;
        let announces = entries.iter().any(|entry| matches!(entry, Entry::Attempt { .. } | Entry::Intent(_)));
        match &self.queue().trouble {
            Some(why) if announces && self.gate.silent() > self.terms.ttl => {
                Err(self.site.failed("write", super::site::ROOT)(why.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Writes what is to be written; a sign of life if that is nothing.
    pub(super) async fn write(&self) -> Result<(), StoreError> {
        let mut paper = self.paper.lock().await;
        loop {
            self.open()?;
            self.settle(&mut paper).await?;
            let root = self.with_lines(&paper).await?;
            if let Written::Done = self.replace(&mut paper, root).await? {
                return Ok(());
            }
        }
    }

    /// Replaces the snapshot; it holds what the lines say.
    pub(super) async fn commit(&self, state: &State) -> Result<(), StoreError> {
        let mut paper = self.paper.lock().await;
        loop {
            self.open()?;
            self.settle(&mut paper).await?;
            let root = self.with_snapshot(&paper, state).await?;
            if let Written::Done = self.replace(&mut paper, root).await? {
                break;
            }
        }
        // What is left behind costs a little space; the next snapshot tries again.
        let _ = self.site.sweep(&paper.root).await;
        Ok(())
    }

    /// Writes what is left and gives the lease back. Afterwards the gate is shut.
    pub(super) async fn release(&self) -> Result<(), StoreError> {
        let mut paper = self.paper.lock().await;
        self.open()?;
        // First, since a call that is sent while the lease is given back could meet the next holder's.
        self.gate.shut("the lease was given back");
        loop {
            self.settle(&mut paper).await?;
            let root = self.with_lines(&paper).await?;
            if let Written::Done = self.replace(&mut paper, Root { lease: None, ..root }).await? {
                return Ok(());
            }
        }
    }

    /// The root with the lines that wait. Where its own lines grow long they move to a blob.
    async fn with_lines(&self, paper: &Paper) -> Result<Root, StoreError> {
        let lines = self.queue().lines.clone();
        let mut root = paper.root.clone();
        let more = !lines.is_empty();
        root.lines += lines.len() as u64;
        root.tail.extend(lines);
        if more && serde_json::to_vec(&root.tail)?.len() > TAIL {
            let (before, lines) = (root.journal.take(), std::mem::take(&mut root.tail));
            let (bytes, blob) = Lines::new(&root, before, lines).encode(root.epoch)?;
            self.site.write(&blob, &bytes).await?;
            root.journal = Some(blob);
        }
        Ok(root)
    }

    /// The root with a new snapshot, which holds what the lines say.
    async fn with_snapshot(&self, paper: &Paper, state: &State) -> Result<Root, StoreError> {
        let root = paper.root.clone();
        if root.snapshot.is_some() {
            belongs(state, &root.stack)?;
            if root.lineage != state.lineage {
                let (expected, found) = (root.lineage, state.lineage.clone());
                return Err(StoreError::Foreign { what: "lineage", expected, found });
            }
        }
        let state = State { serial: root.serial + 1, ..state.clone() };
        let head = Head { epoch: root.epoch, upto: root.lines + self.queue().lines.len() as u64 };
        let (bytes, sum) = snapshot::encode(&state, &head)?;
        let blob = Blob { name: name("state", (root.epoch, state.serial), &sum), sum };
        self.site.write(&blob, &bytes).await?;
        let at = self.site.clock.stamp();
        let snap = Snap { blob, serial: state.serial, resources: state.resources.len(), at };
        let history = root.snapshot.iter().chain(&root.history).take(HISTORY).cloned().collect();
        Ok(Root {
            stack: state.stack,
            lineage: state.lineage,
            serial: state.serial,
            snapshot: Some(snap),
            history,
            journal: None,
            lines: head.upto,
            tail: Vec::new(),
            ..root
        })
    }

    /// Replaces the root.
    async fn replace(&self, paper: &mut Paper, root: Root) -> Result<Written, StoreError> {
        paper.writes += 1;
        let write = Write { nonce: self.nonce.clone(), number: paper.writes };
        let next = Root { write, tool: TOOL.to_owned(), ..root };
        match self.site.swap(&Only::Unchanged(paper.etag.clone()), &next).await {
            Ok(Swap::Done(etag, sent)) => {
                self.gate.renew(sent);
                self.know(paper, next, etag);
                Ok(Written::Done)
            }
            Ok(Swap::Lost(Some(found))) if self.mine(&found.0) => {
                let (root, etag) = *found;
                self.know(paper, root, etag);
                Ok(Written::Again)
            }
            Ok(Swap::Lost(found)) => Err(self.fenced(paper, found.map(|found| found.0))),
            Err(why) => {
                // It may be the read after the write that failed, so the write is in doubt whatever the error says.
                paper.doubt = true;
                self.queue().trouble = Some(cause(&why));
                Err(why)
            }
        }
    }

    fn mine(&self, root: &Root) -> bool {
        root.write.nonce == self.nonce
    }

    /// The root is known: its lines need not be written again.
    fn know(&self, paper: &mut Paper, root: Root, etag: String) {
        let mut queue = self.queue();
        let taken = usize::try_from(root.lines.saturating_sub(queue.before)).unwrap_or(usize::MAX);
        let taken = taken.min(queue.lines.len());
        queue.lines.drain(..taken);
        queue.before = root.lines;
        queue.trouble = None;
        (paper.root, paper.etag, paper.doubt) = (root, etag, false);
    }

    /// Before a write: did the one before it get there?
    async fn settle(&self, paper: &mut Paper) -> Result<(), StoreError> {
        if !paper.doubt {
            return Ok(());
        }
        match self.site.root().await? {
            Some((root, etag)) if self.mine(&root) => self.know(paper, root, etag),
            found => return Err(self.fenced(paper, found.map(|found| found.0))),
        }
        Ok(())
    }

    /// Another root is there: this run is over.
    fn fenced(&self, paper: &Paper, found: Option<Root>) -> StoreError {
        let mine = paper.root.epoch;
        let why = match found {
            None => format!("the state of epoch {mine} is gone from {}", self.site.place("")),
            Some(Root { epoch, lease, .. }) => {
                let by = lease.map(|lease| format!(" of {}", lease.holder())).unwrap_or_default();
                format!("epoch {epoch}{by} replaced epoch {mine} of this run")
            }
        };
        self.gate.shut(&why);
        RemoteError::Fenced(why).into()
    }
}

fn cause(why: &StoreError) -> CallError {
    match why {
        StoreError::Remote(RemoteError::Call { source, .. }) => CallError::clone(source),
        other => CallError::new("s3:PutObject", Class::Other, other.to_string()),
    }
}

/// Gives signs of life, and writes groups of lines, until the lease is lost or given back.
pub(super) async fn keep_alive(pen: Arc<Pen>) {
    let clock = pen.site.clock.clone();
    let mut pause = pen.terms.beat;
    loop {
        tokio::select! {
            () = clock.sleep(pause) => {}
            () = pen.wanted.notified() => clock.sleep(pen.terms.linger).await,
        }
        match pen.write().await {
            Ok(()) => pause = pen.terms.beat,
            Err(StoreError::Remote(RemoteError::Fenced(_))) => return,
            // Soon again: the lease runs out meanwhile.
            Err(_) => pause = (pen.terms.beat / 5).max(Duration::from_millis(1)),
        }
    }
}
