//! What is written, and what it adds up to.

use super::support::{begun, close, found, on, open, remote, root, work};
use crate::clock::Clock;
use crate::store::Store as _;
use crate::store::bucket::MemBucket;
use crate::store::memory::MemDisk;
use crate::store::tests::support::{at, intent, run};
use auroractl_core::journal::Entry;
use std::path::Path;

#[tokio::test(start_paused = true)]
async fn what_is_written_is_read_elsewhere() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let site = remote(&bucket, &clock, "a");
    assert_eq!(site.read().await.unwrap().state, None);
    let (mut store, mut state) = begun(&site, 2).await;
    work(&mut store, &mut state, 3).await.unwrap();
    close(store).await.unwrap();
    assert_eq!(found(&bucket, &clock).await.unwrap(), state, "lines that were given back are there");
    let (mut store, opened) = open(&remote(&bucket, &clock, "b")).await.unwrap();
    assert_eq!(opened.state.as_ref(), Some(&state));
    assert_eq!(opened.since.len(), run(3).len(), "no snapshot has them");
    store.commit(&state).await.unwrap();
    close(store).await.unwrap();
    assert_eq!(site.read().await.unwrap().since, []);
    let state = auroractl_core::State { serial: 2, ..state };
    assert_eq!(found(&bucket, &clock).await.unwrap(), state);
    assert_eq!(root(&bucket).epoch, 2);
}

#[tokio::test(start_paused = true)]
async fn intents_are_there_before_the_answer_and_outcomes_soon() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (mut store, _) = begun(&remote(&bucket, &clock, "a"), 0).await;
    store.append(&[intent(1)], true).await.unwrap();
    assert_eq!(found(&bucket, &clock).await.unwrap().intents.len(), 1);
    let before = bucket.calls()["put"];
    for index in 1..20 {
        let attempt = Entry::Attempt { address: at(index), generation: 0, verb: None };
        store.append(&[attempt], true).await.unwrap();
    }
    assert_eq!(bucket.calls()["put"], before, "nothing that can be looked up again waits for the bucket");
    clock.sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(bucket.calls()["put"], before + 1, "and it goes there together");
    assert_eq!(root(&bucket).lines, 20);
}

#[tokio::test(start_paused = true)]
async fn the_root_stays_small_and_nothing_is_left_behind() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (mut store, mut state) = begun(&remote(&bucket, &clock, "a"), 1).await;
    for _ in 0..40 {
        work(&mut store, &mut state, 20).await.unwrap();
    }
    store.append(&[], true).await.unwrap();
    assert!(bucket.peek(super::support::ROOT).unwrap().len() < 64 * 1024);
    assert!(bucket.keys().iter().filter(|key| key.contains("journal-")).count() > 5, "{:?}", bucket.keys());
    assert_eq!(found(&bucket, &clock).await.unwrap().resources, state.resources);
    for _ in 0..8 {
        store.commit(&state).await.unwrap();
    }
    let keys = bucket.keys();
    assert!(!keys.iter().any(|key| key.contains("journal-") || key.contains("probe-")), "{keys:?}");
    assert_eq!(keys.len(), 7, "the root, the snapshot and five before it: {keys:?}");
    assert_eq!(remote(&bucket, &clock, "r").history().await.unwrap().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_step_costs_the_same_in_a_large_stack() {
    let cost = |resources: usize| async move {
        let clock = Clock::default();
        let bucket = MemBucket::new(clock.clone());
        let (mut store, mut state) = begun(&remote(&bucket, &clock, "a"), resources).await;
        let before = bucket.calls()["put"];
        for _ in 0..10 {
            work(&mut store, &mut state, 1).await.unwrap();
            clock.sleep(std::time::Duration::from_secs(2)).await;
        }
        bucket.calls()["put"] - before
    };
    assert_eq!(cost(1).await, cost(3000).await);
}

#[tokio::test(start_paused = true)]
async fn the_local_copy_goes_with_the_release() {
    let clock = Clock::default();
    let (bucket, disk) = (MemBucket::new(clock.clone()), MemDisk::new());
    let (mut store, mut state) = begun(&on(&disk, remote(&bucket, &clock, "a")), 1).await;
    work(&mut store, &mut state, 2).await.unwrap();
    assert!(disk.get(Path::new("/states/prod/journal.remote")).is_some());
    close(store).await.unwrap();
    assert_eq!(disk.names(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(start_paused = true)]
async fn another_lineage_and_another_stack_are_refused() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (mut store, state) = begun(&remote(&bucket, &clock, "a"), 1).await;
    let other = auroractl_core::State { lineage: "other".to_owned(), ..state.clone() };
    assert!(store.commit(&other).await.unwrap_err().to_string().contains("lineage"));
    close(store).await.unwrap();
    let mut elsewhere = remote(&bucket, &clock, "b");
    elsewhere.stack.region = "us-east-1".to_owned();
    assert!(open(&elsewhere).await.unwrap_err().to_string().contains("region"));
    assert!(open(&remote(&bucket, &clock, "c")).await.is_ok(), "a refusal gives the lease back");
}

#[tokio::test(start_paused = true)]
async fn damage_is_noticed_and_never_read_as_nothing() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (mut store, mut state) = begun(&remote(&bucket, &clock, "a"), 2).await;
    for _ in 0..4 {
        work(&mut store, &mut state, 30).await.unwrap();
    }
    close(store).await.unwrap();
    for key in bucket.keys() {
        let bytes = bucket.peek(&key).unwrap();
        for at in [0, bytes.len() / 3, bytes.len() / 2, bytes.len() - 2] {
            let damaged = bucket.copy();
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            damaged.place_object(&key, flipped);
            let why = remote(&damaged, &clock, "b").read().await.unwrap_err();
            assert!(why.to_string().contains(&key) && !why.hint().is_empty(), "{why}");
            damaged.place_object(&key, Vec::new());
            assert!(remote(&damaged, &clock, "b").read().await.is_err(), "{key} emptied");
        }
    }
    assert_eq!(found(&bucket, &clock).await.unwrap().resources, state.resources);
}
