//! A stack's state in an object store, for teams and for machines that vanish.
//!
//! | module | what stands there |
//! |---|---|
//! | `root` | the written form: one small root, immutable blobs |
//! | `site` | reading and writing them; a root is replaced only if it is the one that was read |
//! | `claim` | taking the lease; when a holder counts as dead |
//! | [`gate`] | the fence: may this run still change anything? |
//! | `pen` | the holder's writes: groups of lines, snapshots, signs of life, the release |
//! | `mirror` | the local copy of lines that the bucket may not have |
//! | `probe` | does the store honour conditions? |
//!
//! What makes it safe, in order of importance:
//!
//! 1. Every write of the root is conditional on the ETag that was read, and everything that counts hangs on the root. So
//!    of two runs one wins, and the loser notices before it can do harm.
//! 2. A run whose root was replaced by another never writes again, and its gate is shut.
//! 3. A call is signed, then the gate is asked, then it is sent: a process that sleeps between the last two sends an old
//!    signature, which AWS refuses.
//! 4. The intents of a run are in the bucket before its first call. What follows is written in groups: if it is lost, the
//!    next run looks at AWS.

mod claim;
pub mod error;
pub mod gate;
mod mirror;
mod pen;
mod probe;
mod root;
mod site;
#[cfg(test)]
mod tests;

pub use claim::Claim;
pub use error::RemoteError;
pub use gate::{Gate, Passage, Terms};

use super::disk::Disk;
use super::error::{Holder, StoreError};
use super::files::Folder;
use super::history::Kept;
use super::local::{Opened, READ_ONLY};
use super::objects::Objects;
use super::{Store, belongs};
use crate::clock::Clock;
use auroractl_core::identity::StackId;
use auroractl_core::journal::{Entry, replay};
use auroractl_core::state::State;
use claim::{Claimed, claim};
use futures::future::BoxFuture;
use mirror::Mirror;
use pen::Pen;
use root::{Lease, Root};
use site::{Loaded, Site};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// A reader whose objects were swept away under its eyes begins anew so often.
const READS: u32 = 5;

/// Where a stack's state is kept, and by which rules.
#[derive(Clone, Debug)]
pub struct Remote {
    /// The bucket.
    pub objects: Arc<dyn Objects>,
    /// Beginning of all keys; empty, or with a slash at its end.
    pub prefix: String,
    /// The stack.
    pub stack: StackId,
    /// The clock.
    pub clock: Clock,
    /// How long things take.
    pub terms: Terms,
    /// The folder for the local copy of the journal; none is kept without.
    pub mirror: Option<(Arc<dyn Disk>, PathBuf)>,
    /// Made by chance: names this run's lease.
    pub nonce: String,
}

/// The lease of a stack, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Who holds it.
    pub holder: Holder,
    /// Names it.
    pub nonce: String,
    /// Its number.
    pub epoch: u64,
}

impl Remote {
    fn site(&self) -> Site {
        let prefix = format!("{}{}/", self.prefix, self.stack.name);
        Site { objects: Arc::clone(&self.objects), prefix, clock: self.clock.clone() }
    }

    fn folder(&self) -> Option<Folder> {
        self.mirror.as_ref().map(|(disk, dir)| Folder { disk: Arc::clone(disk), dir: dir.clone() })
    }

    /// Where the state is, for messages: `s3://bucket/prefix/stack/`.
    #[must_use]
    pub fn place(&self) -> String {
        self.site().place("")
    }

    /// Reads the state. Nothing is written.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn read(&self) -> Result<Opened, StoreError> {
        let site = self.site();
        let nothing = || Opened { state: None, since: Vec::new(), notes: Vec::new(), in_motion: false };
        for _ in 0..READS {
            let Some((root, _)) = site.root().await? else { return Ok(nothing()) };
            if let Some(mut loaded) = site.load(&root).await? {
                let in_motion = root.lease.is_some();
                if let Some(state) = loaded.state.as_mut().filter(|_| in_motion) {
                    // Its holder may be dead, and his local copy is not ours to read.
                    attempted(state).iter().for_each(|line| replay(state, line));
                }
                return Ok(Opened { state: loaded.state, since: loaded.lines, notes: Vec::new(), in_motion });
            }
            // A run replaced the root in between.
        }
        if let Some((root, _)) = site.root().await? {
            return Err(missing(&site, &root));
        }
        Ok(nothing())
    }

    /// Who holds the lease.
    ///
    /// # Errors
    /// When the root can't be read.
    pub async fn holder(&self) -> Result<Option<Held>, StoreError> {
        let root = self.site().root().await?.map(|(root, _)| root);
        Ok(root.and_then(|Root { lease, epoch, .. }| {
            lease.map(|lease| Held { holder: lease.holder(), nonce: lease.nonce, epoch })
        }))
    }

    /// The present snapshot and the ones before, newest first.
    ///
    /// # Errors
    /// When the root can't be read.
    pub async fn history(&self) -> Result<Vec<Kept>, StoreError> {
        let site = self.site();
        let Some((root, _)) = site.root().await? else { return Ok(Vec::new()) };
        let kept = |snap: &root::Snap| Kept {
            place: site.place(&snap.blob.name),
            serial: snap.serial,
            resources: snap.resources,
            written: Some(snap.at.clone()),
        };
        Ok(root.snapshot.iter().chain(&root.history).map(kept).collect())
    }

    /// Takes the lease and reads the state.
    ///
    /// # Errors
    /// When another run holds the lease and lives, or the bucket or what stands in it can't be used.
    pub async fn open(&self, ask: Claim<'_>) -> Result<(Leased, Opened), StoreError> {
        let site = self.site();
        let claimed = claim(&site, &self.terms, &self.stack, (self.lease(ask.command), ask)).await?;
        let Claimed { root, etag, sent, before, mut notes } = claimed;
        let gate = Arc::new(Gate::new(self.clock.clone(), self.terms, sent));
        let pen = Pen::new(site, (self.terms, self.nonce.clone()), (root.clone(), etag), Arc::clone(&gate));
        let mut leased = Leased { pen: Arc::new(pen), mirror: None, task: None };
        match self.continued(&mut leased, &root, before.as_ref()).await {
            Ok(opened) => {
                notes.extend(opened.notes);
                leased.task = Some(tokio::spawn(pen::keep_alive(Arc::clone(&leased.pen))));
                Ok((leased, Opened { notes, ..opened }))
            }
            Err(why) => {
                // What can't be used is no reason to lock others out; but of a holder that died it would be forgotten
                // which calls he may have sent.
                if before.is_none() {
                    let _ = leased.pen.release().await;
                }
                Err(why)
            }
        }
    }

    fn lease(&self, command: &str) -> Lease {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Lease {
            nonce: self.nonce.clone(),
            pid: std::process::id(),
            host,
            since: self.clock.stamp(),
            command: command.to_owned(),
            ttl: self.terms.ttl.as_secs(),
        }
    }

    /// The state as the holder before left it. Of one who died it is not known which calls he sent: unless his local copy
    /// is here, each of his intents counts as attempted.
    async fn continued(&self, leased: &mut Leased, root: &Root, before: Option<&Lease>) -> Result<Opened, StoreError> {
        let site = self.site();
        let Loaded { mut state, lines: mut since } = site.load(root).await?.ok_or_else(|| missing(&site, root))?;
        if let Some(state) = &state {
            belongs(state, &self.stack)?;
        }
        let folder = self.folder();
        let mut notes = Vec::new();
        let mut lines = Vec::new();
        if let Some((before, state)) = before.zip(state.as_mut()) {
            notes.push(format!("took over from {}, which ended without giving the state back", before.holder()));
            let copy = folder.as_ref().and_then(|folder| Mirror::left_by(folder, &before.nonce, root.lines));
            lines = copy.unwrap_or_else(|| attempted(state));
            lines.iter().for_each(|line| replay(state, line));
        }
        if let Some(folder) = folder {
            match Mirror::begin(folder, (&self.nonce, root.lines), &lines) {
                Ok(mirror) => leased.mirror = Some(mirror),
                Err(why) => notes.push(format!("no local copy of the journal is kept: {why}")),
            }
        }
        leased.pen.add(&lines);
        since.extend(lines);
        Ok(Opened { state, since, notes, in_motion: false })
    }
}

fn missing(site: &Site, root: &Root) -> StoreError {
    let name = root.names().next().unwrap_or(site::ROOT).to_owned();
    RemoteError::Damaged { place: site.place(&name), why: "it is missing, or an object before it is".to_owned() }.into()
}

/// Lines that say of every intent that a call may have been sent.
fn attempted(state: &State) -> Vec<Entry> {
    let open = state.intents.iter().filter(|intent| !intent.attempted);
    open.map(|intent| Entry::Attempt {
        address: intent.address.clone(),
        generation: intent.generation,
        verb: Some(intent.verb),
    })
    .collect()
}

/// The state of a stack while this run holds its lease.
#[derive(Debug)]
pub struct Leased {
    pen: Arc<Pen>,
    mirror: Option<Mirror>,
    task: Option<JoinHandle<()>>,
}

impl Leased {
    /// The fence that every mutating call of this run must pass.
    #[must_use]
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(self.pen.gate())
    }

    /// Names where the local copy is in an error of the bucket: with it, nothing is lost.
    fn kept(&self, why: StoreError) -> StoreError {
        let path = self.mirror.as_ref().map(Mirror::path);
        match why {
            StoreError::Remote(RemoteError::Call { action, place, source, .. }) => {
                RemoteError::Call { action, place, source, kept: path }.into()
            }
            other => other,
        }
    }

    /// Keeps lines on this machine. A copy with a gap would mislead, so one that can't be continued is removed.
    fn copy(&mut self, entries: &[Entry], durable: bool) -> Result<(), StoreError> {
        let Some(mirror) = &mut self.mirror else { return Ok(()) };
        match mirror.append(entries, durable) {
            Ok(()) => Ok(()),
            Err(_) => self.mirror.take().map_or(Ok(()), Mirror::remove),
        }
    }
}

impl Store for Leased {
    fn append<'a>(&'a mut self, entries: &'a [Entry], durable: bool) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.pen.usable(entries).map_err(|why| self.kept(why))?;
            self.copy(entries, durable)?;
            self.pen.add(entries);
            if entries.iter().any(binding) || (entries.is_empty() && durable) {
                return self.pen.write().await.map_err(|why| self.kept(why));
            }
            self.pen.soon();
            Ok(())
        })
    }

    fn commit<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move { self.pen.commit(state).await.map_err(|why| self.kept(why)) })
    }

    fn lost(&self) -> BoxFuture<'static, ()> {
        Box::pin(self.pen.gate().fenced())
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(async move {
            let released = self.pen.release().await;
            if let Some(task) = self.task.take() {
                task.abort();
            }
            match (released, self.mirror.take()) {
                (Ok(()), Some(mirror)) => mirror.remove(),
                (released, mirror) => {
                    self.mirror = mirror;
                    released.map_err(|why| self.kept(why))
                }
            }
        })
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// A store that was opened to look.
#[derive(Clone, Copy, Debug)]
pub struct ReadOnly;

impl Store for ReadOnly {
    fn append<'a>(&'a mut self, _: &'a [Entry], _: bool) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(std::future::ready(Err(READ_ONLY)))
    }

    fn commit<'a>(&'a mut self, _: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(std::future::ready(Err(READ_ONLY)))
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Must this line be in the bucket before anything else happens? Without intents and renames the next run would not know
/// what to look for. All others only save looking.
fn binding(entry: &Entry) -> bool {
    matches!(entry, Entry::RunStart { .. } | Entry::Intent(_) | Entry::Moved { .. })
}
