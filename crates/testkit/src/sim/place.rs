//! Where a history keeps its state: on one machine's disk, or in a bucket that several machines share.

use super::kinds::harmful;
use super::log::Deed;
use super::mutants::Lapse;
use super::run::DIR;
use super::stack::Stack;
use super::world::World;
use auroractl_core::State;
use auroractl_core::state::{Intent, Verb};
use auroractl_engine::store::bucket::MemBucket;
use auroractl_engine::store::disk::Disk;
use auroractl_engine::store::memory::MemDisk;
use auroractl_engine::store::objects::{Object, Objects, Only, Put};
use auroractl_engine::store::remote::{Claim, Remote, Terms};
use auroractl_engine::store::{Local, Mode, Opened, Store, StoreError};
use auroractl_engine::{CallError, Clock};
use futures::future::BoxFuture;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where the state of a history is kept.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The machine's own disk: the state, or the copy of what the bucket has not got yet.
    pub(super) disk: MemDisk,
    /// The bucket, if the state lives in one.
    pub(super) bucket: Option<MemBucket>,
}

impl Place {
    /// An empty one, in a bucket or not.
    pub(super) fn new(clock: &Clock, shared: bool) -> Self {
        Self { disk: MemDisk::new(), bucket: shared.then(|| MemBucket::new(clock.clone())) }
    }

    /// The same bucket, from a machine with another disk.
    pub(super) fn elsewhere(&self) -> Self {
        let disk = if self.bucket.is_some() { MemDisk::new() } else { self.disk.clone() };
        Self { disk, bucket: self.bucket.clone() }
    }

    /// Opens the state to write to it, on a disk that may fail. What a bucket's lease allows, the world's gate asks.
    pub(super) async fn open(
        &self,
        world: &World,
        disk: Arc<dyn Disk>,
    ) -> Result<(Box<dyn Store>, Opened), StoreError> {
        let command = "apply".to_owned();
        let Some(bucket) = &self.bucket else {
            let (store, opened) = Local::open_on(disk, Path::new(DIR), Mode::Write { command })?;
            return Ok((Box::new(store), opened));
        };
        let objects = Arc::new(Wire { bucket: bucket.clone(), world: world.clone() });
        let lapse = world.lapse();
        let terms = match lapse {
            Some(Lapse::NoDrain) => Terms { drain: Duration::ZERO, long_drain: Duration::ZERO, ..Terms::STANDARD },
            Some(Lapse::NoLongDrain) => Terms { long_drain: Terms::STANDARD.drain, ..Terms::STANDARD },
            _ => Terms::STANDARD,
        };
        let remote = Remote {
            mirror: Some((disk, PathBuf::from(DIR))),
            nonce: format!("run-{}", world.number()),
            ..remote(objects, world.clock(), terms)
        };
        let ask = Claim { command: &command, force: None, harmful: &late, tell: &|_: &str| {} };
        let (leased, opened) = remote.open(ask).await?;
        world.fence(leased.gate());
        Ok((Box::new(leased), opened))
    }

    /// What is kept there, for somebody who only looks.
    pub(super) async fn read(&self, clock: &Clock) -> Option<State> {
        match &self.bucket {
            None => Local::open_on(Arc::new(self.disk.clone()), Path::new(DIR), Mode::Read).ok()?.1.state,
            Some(bucket) => remote(Arc::new(bucket.copy()), clock, Terms::STANDARD).read().await.ok()?.state,
        }
    }
}

fn remote(objects: Arc<dyn Objects>, clock: &Clock, terms: Terms) -> Remote {
    let (stack, clock) = (Stack::id(), clock.clone());
    Remote { objects, prefix: String::new(), stack, clock, terms, mirror: None, nonce: "reader".to_owned() }
}

/// Would it do harm if a call of this intent came late?
fn late(intent: &Intent) -> bool {
    let deed = match intent.verb {
        Verb::Create => Deed::Create,
        Verb::Delete => Deed::Delete,
        _ => Deed::Update,
    };
    harmful(deed, intent.address.kind())
}

/// A process's way to the bucket: while it stands still it sends nothing and hears nothing.
#[derive(Clone, Debug)]
struct Wire {
    bucket: MemBucket,
    world: World,
}

impl Wire {
    async fn carry<T>(&self, call: impl Future<Output = T>) -> T {
        self.world.thaw().await;
        let answer = call.await;
        self.world.thaw().await;
        answer
    }
}

impl Objects for Wire {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, CallError>> {
        Box::pin(self.carry(self.bucket.get(key)))
    }
    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>, only: Only) -> BoxFuture<'a, Result<Put, CallError>> {
        Box::pin(self.carry(self.bucket.put(key, body, only)))
    }
    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, CallError>> {
        Box::pin(self.carry(self.bucket.list(prefix)))
    }
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(self.carry(self.bucket.delete(key)))
    }
    fn place(&self) -> String {
        self.bucket.place()
    }
}
