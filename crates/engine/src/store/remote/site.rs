//! One stack's folder in a bucket: reading and writing its objects.

use super::error::RemoteError;
use super::root::{Blob, Lines, Root};
use crate::clock::{Clock, Moment};
use crate::error::{CallError, Class};
use crate::store::error::StoreError;
use crate::store::objects::{Object, Objects, Only, Put};
use crate::store::snapshot::{self, Snapshot, Unusable};
use auroractl_core::journal::{self, Entry};
use auroractl_core::state::State;
use std::sync::Arc;
use std::time::Duration;

/// Name of the root.
pub(super) const ROOT: &str = "root.json";
/// A write whose outcome is in doubt, or that another one was in the way of, is looked into so often.
const TRIES: u32 = 8;
/// The first pause between two tries; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

/// One stack's folder in a bucket.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) objects: Arc<dyn Objects>,
    /// With a slash at its end.
    pub(super) prefix: String,
    pub(super) clock: Clock,
}

/// How an attempt to replace the root ended.
#[derive(Debug)]
pub(super) enum Swap {
    /// It was replaced, by a request that was sent then; the new ETag.
    Done(String, Moment),
    /// Another root is there.
    Lost(Option<Box<(Root, String)>>),
}

impl Site {
    /// Where an object is, for messages.
    pub(super) fn place(&self, name: &str) -> String {
        format!("{}/{}{name}", self.objects.place(), self.prefix)
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Turns a call's failure into one that says what was to be done.
    pub(super) fn failed<'a>(
        &'a self,
        action: &'static str,
        name: &'a str,
    ) -> impl FnOnce(CallError) -> StoreError + 'a {
        move |source| RemoteError::Call { action, place: self.place(name), source: Box::new(source), kept: None }.into()
    }

    fn unusable(&self, name: &str, why: Unusable) -> StoreError {
        let place = self.place(name);
        match why {
            Unusable::Empty => RemoteError::Damaged { place, why: "it is empty".to_owned() },
            Unusable::Damaged(why) => RemoteError::Damaged { place, why },
            Unusable::Newer { found, tool } => RemoteError::Newer { place, found, tool },
        }
        .into()
    }

    /// The root and its ETag.
    pub(super) async fn root(&self) -> Result<Option<(Root, String)>, StoreError> {
        let found = self.objects.get(&self.key(ROOT)).await.map_err(self.failed("read", ROOT))?;
        let Some(Object { body, etag }) = found else { return Ok(None) };
        let root = Root::decode(&body).map_err(|why| self.unusable(ROOT, why))?;
        Ok(Some((root, etag)))
    }

    /// Replaces the root. Where it is open whether that was done, or where it was refused, the root is read: our own
    /// write is known by its nonce and number, however often the answer was lost.
    pub(super) async fn swap(&self, only: &Only, next: &Root) -> Result<Swap, StoreError> {
        let (key, body) = (self.key(ROOT), next.encode()?);
        let first = self.clock.moment();
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            let sent = self.clock.moment();
            match self.objects.put(&key, body.clone(), only.clone()).await {
                Ok(Put::Done(etag)) => return Ok(Swap::Done(etag, sent)),
                Ok(Put::Refused) => {}
                Err(error) if error.in_doubt() => {}
                Err(error) => return Err(self.failed("write", ROOT)(error)),
            }
            match (self.root().await?, only) {
                // Which of the requests it was is open: the first may have been.
                (Some((root, etag)), _) if root.write == next.write => return Ok(Swap::Done(etag, first)),
                // Not executed, so it is sent again. One that comes late will be refused.
                (Some((_, etag)), Only::Unchanged(old)) if etag == *old => {}
                (None, Only::Absent) => {}
                (other, _) => return Ok(Swap::Lost(other.map(Box::new))),
            }
            self.clock.sleep(pause).await;
            pause *= 2;
        }
        let doubt = CallError::new("s3:PutObject", Class::Ambiguous, "the write may or may not have been executed");
        Err(self.failed("write", ROOT)(doubt))
    }

    /// Writes an immutable object.
    pub(super) async fn write(&self, blob: &Blob, bytes: &[u8]) -> Result<(), StoreError> {
        let key = self.key(&blob.name);
        let mut pause = PAUSE;
        let mut last = CallError::new("s3:PutObject", Class::Conflict, "another write was in the way");
        for _ in 0..TRIES {
            match self.objects.put(&key, bytes.to_vec(), Only::Absent).await {
                Ok(Put::Done(_)) => return Ok(()),
                Ok(Put::Refused) => {
                    let there = self.objects.get(&key).await.map_err(self.failed("read", &blob.name))?;
                    if there.is_some_and(|object| object.body == bytes) {
                        return Ok(());
                    }
                }
                Err(error) if error.in_doubt() => last = error,
                Err(error) => return Err(self.failed("write", &blob.name)(error)),
            }
            self.clock.sleep(pause).await;
            pause *= 2;
        }
        Err(self.failed("write", &blob.name)(last))
    }

    /// An immutable object. That it is not there is `None`: a reader may have come too late for it.
    async fn read(&self, blob: &Blob) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.objects.get(&self.key(&blob.name)).await.map_err(self.failed("read", &blob.name))?;
        Ok(found.map(|object| object.body))
    }

    /// Deletes what a root without journal blobs does not need, of its and earlier epochs. A later holder's objects stay:
    /// he may have come while this run slept.
    pub(super) async fn sweep(&self, root: &Root) -> Result<(), StoreError> {
        if root.journal.is_some() {
            return Ok(());
        }
        let keys = self.objects.list(&self.prefix).await.map_err(self.failed("list", ""))?;
        let needed: Vec<&str> = root.names().collect();
        for key in keys {
            let Some(name) = key.strip_prefix(&self.prefix) else { continue };
            let old = super::root::epoch_of(name).is_some_and(|epoch| epoch <= root.epoch);
            if old && !needed.contains(&name) {
                self.objects.delete(&key).await.map_err(self.failed("delete", name))?;
            }
        }
        Ok(())
    }

    /// What a root's snapshot and lines add up to. `Ok(None)`: an object is gone, so the root is not the newest.
    pub(super) async fn load(&self, root: &Root) -> Result<Option<Loaded>, StoreError> {
        let mut state = match &root.snapshot {
            None => None,
            Some(snap) => {
                let Some(bytes) = self.read(&snap.blob).await? else { return Ok(None) };
                Some(self.snapshot(&snap.blob, &bytes, root)?)
            }
        };
        let Some(lines) = self.lines(root).await? else { return Ok(None) };
        if let Some(state) = &mut state {
            lines.iter().for_each(|line| journal::replay(state, line));
        } else if !lines.is_empty() {
            return Err(self.unusable(ROOT, Unusable::Damaged("it has lines and no snapshot".to_owned())));
        }
        Ok(Some(Loaded { state, lines }))
    }

    fn snapshot(&self, blob: &Blob, bytes: &[u8], root: &Root) -> Result<State, StoreError> {
        let Snapshot { state, checksum, .. } = snapshot::decode(bytes).map_err(|why| self.unusable(&blob.name, why))?;
        if checksum != blob.sum {
            return Err(self.unusable(&blob.name, Unusable::Damaged("the root names another content".to_owned())));
        }
        if state.lineage != root.lineage {
            let (expected, found) = (root.lineage.clone(), state.lineage);
            return Err(StoreError::Foreign { what: "lineage", expected, found });
        }
        Ok(state)
    }

    /// All lines since the snapshot: the chain of blobs, oldest first, then the root's own.
    async fn lines(&self, root: &Root) -> Result<Option<Vec<Entry>>, StoreError> {
        let mut parts = vec![root.tail.clone()];
        let mut next = root.journal.clone();
        while let Some(blob) = next {
            let Some(bytes) = self.read(&blob).await? else { return Ok(None) };
            let (lines, sum) = Lines::decode(&bytes).map_err(|why| self.unusable(&blob.name, why))?;
            if sum != blob.sum || lines.lineage != root.lineage {
                let why = "it is not the one that is named".to_owned();
                return Err(self.unusable(&blob.name, Unusable::Damaged(why)));
            }
            parts.push(lines.lines);
            next = lines.before;
        }
        Ok(Some(parts.into_iter().rev().flatten().collect()))
    }
}

/// What was read.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Snapshot and lines; `None` before the first snapshot.
    pub(super) state: Option<State>,
    /// The lines since the snapshot.
    pub(super) lines: Vec<Entry>,
}
