//! Runs and buckets to try the store with.

use crate::clock::Clock;
use crate::store::bucket::MemBucket;
use crate::store::memory::MemDisk;
use crate::store::remote::root::Root;
use crate::store::remote::{Claim, Leased, Remote, RemoteError, Terms};
use crate::store::tests::support::{run, sample};
use crate::store::{Opened, Store as _, StoreError};
use auroractl_core::journal::{Entry, replay};
use auroractl_core::state::{Intent, State};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(super) const ROOT: &str = "states/prod/root.json";

/// A run's view of the bucket; without a disk it is a machine that has nothing else.
pub(super) fn remote(bucket: &MemBucket, clock: &Clock, nonce: &str) -> Remote {
    Remote {
        objects: Arc::new(bucket.clone()),
        prefix: "states/".to_owned(),
        stack: sample(0).stack,
        clock: clock.clone(),
        terms: Terms::STANDARD,
        mirror: None,
        nonce: nonce.to_owned(),
    }
}

/// The same on a machine with a disk.
pub(super) fn on(disk: &MemDisk, remote: Remote) -> Remote {
    Remote { mirror: Some((Arc::new(disk.clone()), PathBuf::from("/states/prod"))), ..remote }
}

pub(super) async fn open(remote: &Remote) -> Result<(Leased, Opened), StoreError> {
    remote.open(Claim { command: "apply", force: None, harmful: &|_: &Intent| false, tell: &|_: &str| {} }).await
}

/// Opens and commits `resources` resources.
pub(super) async fn begun(remote: &Remote, resources: usize) -> (Leased, State) {
    let (mut store, _) = open(remote).await.unwrap();
    let mut state = sample(resources);
    store.commit(&state).await.unwrap();
    state.serial = 1;
    (store, state)
}

/// What a run of creates does, line by line; the state follows.
pub(super) async fn work(store: &mut Leased, state: &mut State, steps: usize) -> Result<(), StoreError> {
    let entries = run(steps);
    let (intents, rest): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| matches!(entry, Entry::Intent(_) | Entry::RunStart { .. }));
    store.append(&intents, true).await?;
    intents.iter().for_each(|entry| replay(state, entry));
    for entry in rest {
        store.append(std::slice::from_ref(&entry), true).await?;
        replay(state, &entry);
    }
    Ok(())
}

pub(super) async fn close(store: Leased) -> Result<(), StoreError> {
    Box::new(store).close().await
}

/// What a reader finds.
pub(super) async fn found(bucket: &MemBucket, clock: &Clock) -> Option<State> {
    remote(bucket, clock, "reader").read().await.unwrap().state
}

pub(super) fn root(bucket: &MemBucket) -> Root {
    Root::decode(&bucket.peek(ROOT).unwrap()).unwrap()
}

pub(super) fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

#[track_caller]
pub(super) fn fenced<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Remote(RemoteError::Fenced(_)))), "{result:?}");
}
