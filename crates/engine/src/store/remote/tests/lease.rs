//! Who may write, and from when.

use super::support::{begun, close, fenced, found, minutes, on, open, remote, root, work};
use crate::clock::Clock;
use crate::store::Store as _;
use crate::store::StoreError;
use crate::store::bucket::{MemBucket, Mishap};
use crate::store::memory::MemDisk;
use crate::store::remote::{Claim, Passage, RemoteError, Terms};
use crate::store::tests::support::intent;
use auroractl_core::state::Intent;
use std::sync::Mutex;
use std::time::Duration;

const T: Terms = Terms::STANDARD;

#[tokio::test(start_paused = true)]
async fn a_holder_that_lives_keeps_the_lease() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (mut store, state) = begun(&remote(&bucket, &clock, "a"), 1).await;
    for _ in 0..20 {
        let start = clock.now();
        let Err(StoreError::Remote(RemoteError::Leased { nonce, .. })) = open(&remote(&bucket, &clock, "b")).await
        else {
            panic!("two holders")
        };
        assert_eq!(nonce, "a");
        assert!(clock.now() - start <= T.beat + T.poll * 2, "one sign of life is enough to know");
        clock.sleep(minutes(3)).await;
        assert_eq!(store.gate().pass(), Passage::Open);
    }
    store.commit(&state).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dead_holder_is_taken_over_when_its_calls_have_ended() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (store, state) = begun(&remote(&bucket, &clock, "a"), 1).await;
    drop(store);
    let start = clock.now();
    let (store, opened) = open(&remote(&bucket, &clock, "b")).await.unwrap();
    let waited = clock.now() - start;
    assert!(waited > T.ttl + T.drain && waited < T.ttl + T.drain + T.poll * 2, "{waited:?}");
    assert_eq!((opened.state, root(&bucket).epoch), (Some(state), 2));
    assert!(opened.notes[0].contains("took over"), "{:?}", opened.notes);
    close(store).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dead_holder_whose_calls_would_do_harm_is_waited_for() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (mut store, _) = begun(&remote(&bucket, &clock, "a"), 1).await;
    store.append(&[intent(5)], true).await.unwrap();
    drop(store);
    let (start, told) = (clock.now(), Mutex::new(Vec::new()));
    let site = remote(&bucket, &clock, "b");
    let tell = |text: &str| told.lock().unwrap().push(text.to_owned());
    let ask = Claim { command: "apply", force: None, harmful: &|_: &Intent| true, tell: &tell };
    let (_store, opened) = site.open(ask).await.unwrap();
    assert!(clock.now() - start > T.ttl + T.long_drain);
    assert!(opened.state.unwrap().intents[0].attempted, "it may have been sent");
    assert_eq!(told.lock().unwrap().len(), 2, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_slept_is_fenced_and_the_gate_was_shut_in_time() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (mut asleep, state) = begun(&remote(&bucket, &clock, "a"), 1).await;
    // Its next sign of life is under way for an hour, as that of a process that was stopped.
    bucket.mishap(bucket.sent(), Mishap::Late(minutes(60)));
    clock.sleep(T.beat + Duration::from_secs(1)).await;
    let gate = asleep.gate();
    let other = remote(&bucket, &clock, "b");
    let taking = open(&other);
    tokio::pin!(taking);
    let (store, _) = loop {
        tokio::select! {
            biased;
            taken = &mut taking => break taken.unwrap(),
            () = clock.sleep(Duration::from_secs(1)) => {}
        }
    };
    assert_ne!(gate.pass(), Passage::Open);
    assert!(asleep.append(&[intent(3)], true).await.is_err());
    clock.sleep(minutes(61)).await;
    let Passage::Shut(why) = gate.pass() else { panic!("it must be shut for good") };
    assert!(why.contains("replaced epoch 1"), "{why}");
    tokio::time::timeout(minutes(1), asleep.lost()).await.expect("the run is told");
    fenced(asleep.commit(&state).await);
    fenced(close(asleep).await);
    assert_eq!((root(&bucket).epoch, root(&bucket).lease.unwrap().nonce), (2, "b".to_owned()));
    close(store).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn calls_wait_while_the_bucket_is_silent_for_however_long() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (store, _) = begun(&remote(&bucket, &clock, "a"), 1).await;
    bucket.deny(true);
    clock.sleep(T.ttl - T.margin + T.beat).await;
    assert!(matches!(store.gate().pass(), Passage::Wait(_)));
    bucket.deny(false);
    clock.sleep(T.beat).await;
    assert_eq!(store.gate().pass(), Passage::Open, "it heals");
    bucket.deny(true);
    clock.sleep(T.ttl + T.drain + T.beat).await;
    let Passage::Wait(why) = store.gate().pass() else { panic!("nobody has taken it") };
    assert!(why.starts_with("the lease was last renewed 1"), "{why}");
    bucket.deny(false);
    clock.sleep(T.beat).await;
    assert_eq!(store.gate().pass(), Passage::Open, "it heals as long as nobody comes");
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_broken_by_its_nonce_alone() {
    let clock = Clock::default();
    let bucket = MemBucket::new(clock.clone());
    let (mut store, state) = begun(&remote(&bucket, &clock, "a"), 1).await;
    store.append(&[intent(4)], true).await.unwrap();
    let breaking = |nonce: &'static str| {
        let site = remote(&bucket, &clock, "b");
        async move {
            let ask =
                Claim { command: "state unlock", force: Some(nonce), harmful: &|_: &Intent| true, tell: &|_: &str| {} };
            site.open(ask).await
        }
    };
    let why = breaking("wrong").await.unwrap_err();
    assert!(why.to_string().contains("lease a is held"), "{why}");
    let start = clock.now();
    let (breaker, _) = breaking("a").await.unwrap();
    assert_eq!(clock.now(), start, "without waiting");
    close(breaker).await.unwrap();
    clock.sleep(T.beat * 2).await;
    fenced(store.commit(&state).await);
    let (_next, opened) = open(&remote(&bucket, &clock, "c")).await.unwrap();
    assert!(opened.state.unwrap().intents[0].attempted, "what the broken holder may have sent is not forgotten");
    let why = breaking("a").await.unwrap_err();
    assert!(matches!(why, StoreError::Remote(RemoteError::NotHeld { .. })), "{why}");
}

#[tokio::test(start_paused = true)]
async fn of_two_that_come_at_once_one_gets_it() {
    for seed in 0..50 {
        let clock = Clock::default();
        let bucket = MemBucket::new(clock.clone());
        let (store, _) = begun(&remote(&bucket, &clock, "first"), 1).await;
        close(store).await.unwrap();
        bucket.trouble(seed, crate::store::bucket::Trouble { delay: Duration::from_secs(1), ..Default::default() });
        let (left, right) = (remote(&bucket, &clock, "l"), remote(&bucket, &clock, "r"));
        let (one, two) = tokio::join!(open(&left), open(&right));
        assert_eq!(one.is_ok(), two.is_err(), "seed {seed}: {one:?} {two:?}");
        assert_eq!(root(&bucket).epoch, 2, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_machine_knows_what_was_not_sent_and_another_does_not() {
    let clock = Clock::default();
    let (bucket, disk) = (MemBucket::new(clock.clone()), MemDisk::new());
    let (mut store, mut state) = begun(&on(&disk, remote(&bucket, &clock, "a")), 0).await;
    store.append(&[intent(1), intent(2)], true).await.unwrap();
    work(&mut store, &mut state, 1).await.unwrap();
    drop(store);
    let (here, there) = (bucket.copy(), bucket.copy());
    let (_store, opened) = open(&on(&disk.after_kill(), remote(&here, &clock, "b"))).await.unwrap();
    let known = opened.state.unwrap();
    assert_eq!(known.resources, state.resources, "the outcome was on this machine only");
    assert!(known.intents.iter().all(|intent| !intent.attempted), "{:?}", known.intents);
    let (_store, opened) = open(&remote(&there, &clock, "b")).await.unwrap();
    let unknown = opened.state.unwrap();
    assert!(unknown.resources.is_empty());
    assert!(unknown.intents.len() >= 2 && unknown.intents.iter().all(|intent| intent.attempted));
    // A copy of another run says nothing.
    let stale = on(&disk.after_kill(), remote(&there, &clock, "d"));
    clock.sleep(T.beat).await;
    drop(_store);
    let (_third, opened) = open(&stale).await.unwrap();
    assert!(opened.state.unwrap().intents.iter().all(|intent| intent.attempted));
    assert!(found(&there, &clock).await.is_some());
}
