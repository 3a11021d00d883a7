//! Lost requests and answers, refusals, ghosts, and runs that die, at every call and by seed.

use super::support::{begun, close, fenced, found, minutes, on, open, remote, root, work};
use crate::clock::Clock;
use crate::error::Class;
use crate::store::bucket::{MemBucket, Mishap, Trouble};
use crate::store::memory::MemDisk;
use crate::store::remote::{Passage, RemoteError};
use crate::store::tests::support::{at, intent, sample};
use crate::store::{Store as _, StoreError};
use auroractl_core::journal::{Entry, replay};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A whole run on a bucket; the state that it ended with.
async fn whole(bucket: &MemBucket, clock: &Clock) -> Result<auroractl_core::State, StoreError> {
    let (mut store, _) = open(&remote(bucket, clock, "a")).await?;
    let mut state = sample(1);
    store.commit(&state).await?;
    state.serial = 1;
    work(&mut store, &mut state, 3).await?;
    clock.sleep(minutes(1)).await;
    store.commit(&state).await?;
    state.serial = 2;
    store.append(&[intent(7)], true).await?;
    replay(&mut state, &intent(7));
    close(store).await?;
    Ok(state)
}

#[tokio::test(start_paused = true)]
async fn one_mishap_anywhere_changes_nothing() {
    let clock = Clock::default();
    let calm = MemBucket::new(clock.clone());
    let expected = whole(&calm, &clock).await.unwrap();
    let ghost = Mishap::Ghost(Duration::from_secs(1));
    let reads: u64 =
        calm.calls().iter().filter(|(name, _)| matches!(**name, "get" | "list")).map(|(_, count)| count).sum();
    for mishap in [Mishap::LostAnswer, Mishap::LostRequest, ghost, Mishap::Ghost(minutes(5))] {
        let mut refused = 0;
        for at in 0..calm.sent() {
            let bucket = MemBucket::new(clock.clone());
            bucket.mishap(at, mishap);
            let got = whole(&bucket, &clock).await;
            match got {
                Ok(state) => assert_eq!(state, expected, "{mishap:?} at {at}"),
                // A read that fails is the caller's to repeat; it never fences and never loses anything.
                Err(StoreError::Remote(RemoteError::Call { source, .. })) if source.class == Class::Ambiguous => {
                    refused += 1;
                    continue;
                }
                Err(why) => panic!("{mishap:?} at {at}: {why}"),
            }
            clock.sleep(minutes(10)).await;
            let end = root(&bucket);
            assert_eq!((end.epoch, end.serial, end.lease), (1, 2, None), "{mishap:?} at {at}");
            assert_eq!(found(&bucket, &clock).await.unwrap(), expected, "{mishap:?} at {at}");
        }
        assert!(refused <= reads, "{mishap:?}: {refused} of {} runs failed, with {reads} reads in each", calm.sent());
    }
    assert!(reads < calm.sent() / 2, "most calls are writes: {:?}", calm.calls());
}

#[tokio::test(start_paused = true)]
async fn a_ghost_of_our_own_write_does_not_fence_us() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (mut store, mut state) = begun(&remote(&bucket, &clock, "a"), 1).await;
    // The request is given up and so is the look after it: in doubt. It arrives when the next one is on its way.
    bucket.mishap(bucket.sent(), Mishap::Ghost(Duration::from_secs(3)));
    bucket.mishap(bucket.sent() + 1, Mishap::LostAnswer);
    assert!(store.append(&[intent(3)], true).await.is_err());
    replay(&mut state, &intent(3));
    bucket.mishap(bucket.sent() + 1, Mishap::Late(Duration::from_secs(10)));
    store.append(&[intent(4)], true).await.unwrap();
    replay(&mut state, &intent(4));
    assert_eq!(found(&bucket, &clock).await.unwrap().intents.len(), 2);
    store.commit(&state).await.unwrap();
    close(store).await.unwrap();
    assert_eq!(found(&bucket, &clock).await.unwrap().intents, state.intents, "nothing was written twice");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_lost_in_mid_run_stops_it_and_the_next_run_goes_on() {
    let clock = Clock::default();
    let (bucket, disk) = (MemBucket::new(clock.clone()), MemDisk::new());
    let (mut store, mut state) = begun(&on(&disk, remote(&bucket, &clock, "a")), 1).await;
    store.append(&[intent(5)], true).await.unwrap();
    replay(&mut state, &intent(5));
    bucket.deny(true);
    let outcome = Entry::Recorded { address: at(9), record: Box::new(crate::store::tests::support::record(9)) };
    store.append(std::slice::from_ref(&outcome), true).await.unwrap();
    replay(&mut state, &outcome);
    clock.sleep(minutes(2)).await;
    let attempt = Entry::Attempt { address: at(5), generation: 0, verb: None };
    let why = store.append(&[attempt], true).await.unwrap_err();
    let StoreError::Remote(RemoteError::Call { .. }) = &why else { panic!("{why}") };
    assert!(why.hint().contains("journal.remote"), "{}", why.hint());
    let why = store.commit(&state).await.unwrap_err();
    assert!(why.hint().contains("journal.remote"), "{}", why.hint());
    assert!(close(store).await.is_err());
    bucket.deny(false);
    let (_store, opened) = open(&on(&disk.after_kill(), remote(&bucket, &clock, "b"))).await.unwrap();
    assert_eq!(opened.state.unwrap(), state, "what the bucket had not got was kept here");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_ignores_conditions_is_not_used() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    bucket.ignore_conditions();
    let why = open(&remote(&bucket, &clock, "a")).await.unwrap_err();
    assert!(matches!(why, StoreError::Remote(RemoteError::Careless { .. })), "{why}");
    assert_eq!(bucket.keys(), Vec::<String>::new(), "nothing is left there");
}

/// A call at AWS: who sent it, in which epoch, when, and when it may have been executed at the latest.
struct Sent {
    epoch: u64,
    at: Duration,
    until: Duration,
}

/// What a contender sent, and the lines that it was told are kept.
type Books = (Arc<Mutex<Vec<Sent>>>, Arc<Mutex<Vec<(u64, usize)>>>);

/// One contender of a history: opens, works, is disturbed, may die.
async fn contend((bucket, clock): (MemBucket, Clock), nonce: String, (calls, kept): Books, seed: u64) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut number = 0;
    for round in 0..3 {
        let site = remote(&bucket, &clock, &format!("{nonce}{round}"));
        clock.sleep(Duration::from_secs(chance.u64(0..200))).await;
        let Ok((mut store, opened)) = open(&site).await else { continue };
        let epoch = root(&bucket).epoch;
        let mut state = opened.state.unwrap_or_else(|| sample(0));
        if state.serial == 0 && store.commit(&state).await.is_err() {
            continue;
        }
        let (mut alive, mut last) = (true, Duration::ZERO);
        for _ in 0..chance.u32(1..8) {
            number += 1;
            let index = usize::try_from(seed % 1000).unwrap() * 100_000 + epoch as usize * 100 + number;
            if store.append(&[intent(index)], true).await.is_err() {
                alive = false;
                break;
            }
            replay(&mut state, &intent(index));
            kept.lock().unwrap().push((epoch, index));
            if store.gate().pass() == Passage::Open {
                let at = clock.now();
                let until = at + Duration::from_secs(chance.u64(0..120));
                last = last.max(until);
                calls.lock().unwrap().push(Sent { epoch, at, until });
            }
            clock.sleep(Duration::from_secs(chance.u64(0..90))).await;
        }
        match chance.u32(0..4) {
            0 => drop(store),
            1 if alive => drop(store.commit(&state).await),
            _ => {
                // A run gives the lease back when its calls have ended.
                clock.sleep(last.saturating_sub(clock.now())).await;
                drop(close(store).await);
            }
        }
    }
}

#[test]
fn histories_of_contenders() {
    let env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first = env("STORE_SEED").unwrap_or(1);
    for seed in first..first + env("STORE_COUNT").unwrap_or(40) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(history(seed));
    }
}

async fn history(seed: u64) {
    fastrand::seed(seed);
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let trouble =
        Trouble { lost_request: 40, lost_answer: 60, conflict: 30, throttle: 20, delay: Duration::from_secs(4) };
    bucket.trouble(seed, trouble);
    let (calls, kept) = Books::default();
    let runs = ["a", "b", "c"].into_iter().zip(0..).map(|(nonce, number)| {
        let seed = seed * 10 + number;
        contend((bucket.clone(), clock.clone()), nonce.to_owned(), (Arc::clone(&calls), Arc::clone(&kept)), seed)
    });
    futures::future::join_all(runs).await;
    let calls = std::mem::take(&mut *calls.lock().unwrap());
    for old in &calls {
        for new in calls.iter().filter(|new| new.epoch > old.epoch) {
            assert!(old.until < new.at, "seed {seed}: a call of epoch {} met one of epoch {}", old.epoch, new.epoch);
        }
    }
    let end = found(&bucket.copy(), &clock).await;
    let known: Vec<_> = end.iter().flat_map(|state| &state.intents).map(|intent| intent.address.clone()).collect();
    for (epoch, index) in kept.lock().unwrap().iter() {
        assert!(known.contains(&at(*index)), "seed {seed}: the bucket lost a line of epoch {epoch} that it had taken");
    }
}

#[tokio::test(start_paused = true)]
async fn a_root_that_vanished_fences() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (mut store, _) = begun(&remote(&bucket, &clock, "a"), 1).await;
    crate::store::objects::Objects::delete(&bucket, super::support::ROOT).await.unwrap();
    fenced(store.append(&[intent(2)], true).await);
}
