//! A bucket in memory, for tests and simulations: honours conditions as S3
//! does, takes its time on the engine's clock, and loses requests and answers
//! by seed.
//!
//! ```
//! # use auroractl_engine::{Clock, store::{bucket::{MemBucket, Trouble}, objects::{Objects, Only}}};
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let bucket = MemBucket::new(Clock::default());
//! bucket.trouble(7, Trouble { lost_answer: 50, ..Trouble::default() });
//! let _ = bucket.put("a", b"1".to_vec(), Only::Absent).await;
//! let snapshot = bucket.copy(); // what a crash leaves: the bucket outlives every process
//! # drop(snapshot);
//! # });
//! ```

use super::objects::{Object, Objects, Only, Put};
use crate::clock::Clock;
use crate::error::{CallError, Class};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How a bucket misbehaves. The rates are of a thousand calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Calls that do not arrive, and whose sender can't know.
    pub lost_request: u32,
    /// Calls that are executed and whose answer is lost.
    pub lost_answer: u32,
    /// Writes that are refused because of another one (409).
    pub conflict: u32,
    /// Calls that are refused because there are too many.
    pub throttle: u32,
    /// The longest way of a request, and of an answer.
    pub delay: Duration,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// It does not arrive.
    LostRequest,
    /// Its answer is lost.
    LostAnswer,
    /// It arrives so much later; its sender waits.
    Late(Duration),
    /// A write arrives so much later, when its sender has long given up. Needs a tokio runtime.
    Ghost(Duration),
}

/// A bucket in memory. Clones are the same bucket.
#[derive(Clone, Debug)]
pub struct MemBucket {
    inner: Arc<Mutex<Inner>>,
    clock: Clock,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    objects: BTreeMap<String, Object>,
    /// Writes that were executed; the source of ETags.
    writes: u64,
    /// All calls that were sent, by what they were.
    calls: BTreeMap<&'static str, u64>,
    trouble: Trouble,
    chance: Option<fastrand::Rng>,
    mishaps: BTreeMap<u64, Mishap>,
    sent: u64,
    denied: bool,
    careless: bool,
}

impl MemBucket {
    /// An empty bucket on a clock.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { inner: Arc::default(), clock }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on calls go wrong, as a seed decides.
    pub fn trouble(&self, seed: u64, trouble: Trouble) {
        let mut inner = self.inner();
        inner.trouble = trouble;
        inner.chance = Some(fastrand::Rng::with_seed(seed));
    }

    /// Lets one call go wrong, counted from the bucket's first one (see [`MemBucket::sent`]).
    pub fn mishap(&self, at: u64, mishap: Mishap) {
        self.inner().mishaps.insert(at, mishap);
    }

    /// Calls so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.inner().sent
    }

    /// Calls so far by what they were: `get`, `put`, `list`, `delete`.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.inner().calls.clone()
    }

    /// Stops honouring conditions, as some stores that speak S3's protocol do.
    pub fn ignore_conditions(&self) {
        self.inner().careless = true;
    }

    /// The caller may or may not use it any more.
    pub fn deny(&self, denied: bool) {
        self.inner().denied = denied;
    }

    /// An object's content, without a call.
    #[must_use]
    pub fn peek(&self, key: &str) -> Option<Vec<u8>> {
        self.inner().objects.get(key).map(|object| object.body.clone())
    }

    /// Puts an object there, without a call.
    pub fn place_object(&self, key: &str, body: Vec<u8>) {
        self.inner().write(key, body);
    }

    /// All keys, without a call.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.inner().objects.keys().cloned().collect()
    }

    /// Another bucket with the same content and no trouble.
    #[must_use]
    pub fn copy(&self) -> Self {
        let Inner { objects, writes, .. } = self.inner().clone();
        let inner = Inner { objects, writes, ..Inner::default() };
        Self { inner: Arc::new(Mutex::new(inner)), clock: self.clock.clone() }
    }

    /// Carries a call to the bucket and its answer back.
    async fn carry<T>(&self, name: &'static str, act: impl FnOnce(&mut Inner) -> T) -> Result<T, CallError> {
        let doubt = || CallError::new("s3:Call", Class::Ambiguous, "no answer");
        let fate = self.inner().fate(name);
        self.clock.sleep(fate.there).await;
        if fate.lost_request {
            return Err(doubt());
        }
        if fate.throttled {
            return Err(CallError::new("s3:Call", Class::Throttled, "slow down"));
        }
        let done = {
            let mut inner = self.inner();
            if inner.denied {
                return Err(CallError::new("s3:Call", Class::Denied, "not allowed"));
            }
            act(&mut inner)
        };
        self.clock.sleep(fate.back).await;
        if fate.lost_answer { Err(doubt()) } else { Ok(done) }
    }
}

/// What will happen to one call.
#[derive(Default)]
struct Fate {
    there: Duration,
    back: Duration,
    lost_request: bool,
    lost_answer: bool,
    throttled: bool,
}

impl Inner {
    fn fate(&mut self, name: &'static str) -> Fate {
        *self.calls.entry(name).or_default() += 1;
        let mishap = self.mishaps.remove(&self.sent);
        self.sent += 1;
        let trouble = self.trouble;
        let mut fate = Fate::default();
        if let Some(chance) = &mut self.chance {
            let mut struck = |rate: u32| rate > 0 && chance.u32(0..1000) < rate;
            fate.lost_request = struck(trouble.lost_request);
            fate.lost_answer = struck(trouble.lost_answer);
            fate.throttled = struck(trouble.throttle);
            fate.there = trouble.delay.mul_f64(chance.f64());
            fate.back = trouble.delay.mul_f64(chance.f64());
        }
        match mishap {
            Some(Mishap::LostRequest) => fate.lost_request = true,
            Some(Mishap::LostAnswer) => fate.lost_answer = true,
            Some(Mishap::Late(time)) => fate.there = time,
            Some(Mishap::Ghost(_)) => fate.lost_request = true,
            None => {}
        }
        fate
    }

    /// What will happen to the next call, if that was decided.
    fn coming(&self) -> Option<Mishap> {
        self.mishaps.get(&self.sent).copied()
    }

    fn write(&mut self, key: &str, body: Vec<u8>) -> String {
        self.writes += 1;
        let etag = format!("\"{}\"", self.writes);
        self.objects.insert(key.to_owned(), Object { body, etag: etag.clone() });
        etag
    }

    fn put(&mut self, key: &str, body: Vec<u8>, only: &Only) -> Put {
        let conflict = self.trouble.conflict;
        if self.chance.as_mut().is_some_and(|chance| conflict > 0 && chance.u32(0..1000) < conflict) {
            return Put::Refused;
        }
        let holds = match only {
            Only::Absent => !self.objects.contains_key(key),
            Only::Unchanged(etag) => self.objects.get(key).is_some_and(|object| object.etag == *etag),
        };
        if holds || self.careless { Put::Done(self.write(key, body)) } else { Put::Refused }
    }
}

impl Objects for MemBucket {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, CallError>> {
        Box::pin(self.carry("get", move |inner| inner.objects.get(key).cloned()))
    }

    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>, only: Only) -> BoxFuture<'a, Result<Put, CallError>> {
        let (ghost, name, late) = (self.clone(), key.to_owned(), (body.clone(), only.clone()));
        Box::pin(async move {
            let mishap = self.inner().coming();
            if let Some(Mishap::Ghost(time)) = mishap {
                tokio::spawn(async move {
                    ghost.clock.sleep(time).await;
                    let _ = ghost.inner().put(&name, late.0, &late.1);
                });
            }
            self.carry("put", move |inner| inner.put(key, body, &only)).await
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, CallError>> {
        Box::pin(
            self.carry("list", move |inner| {
                inner.objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect()
            }),
        )
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(self.carry("delete", move |inner| {
            inner.objects.remove(key);
        }))
    }

    fn place(&self) -> String {
        "memory://bucket".to_owned()
    }
}
