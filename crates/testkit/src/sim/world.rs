//! The objects, and what can go wrong with a call.

use auroractl_core::identity::StackId;
use auroractl_engine::retry::{Patience, persist};
use auroractl_engine::{CallError, Class, Clock};
use fastrand::Rng;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Longest time for which a new object may be hidden from reads.
pub(super) const HORIZON: Duration = Duration::from_secs(60);

/// One object of the simulated world.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The world's own id.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// Physical name, empty where the world chooses.
    pub name: String,
    /// Client token of its create.
    pub token: String,
    /// Ownership tag; empty for kinds without tags.
    pub oid: String,
    /// The object it belongs to.
    pub parent: Option<String>,
    /// A property that can be edited.
    pub size: u32,
    /// A property that can't.
    pub shape: u32,
    /// When reads begin to show it.
    pub(super) visible: Duration,
    /// When it is usable.
    pub(super) ready: Duration,
    /// It will never be usable.
    pub(super) broken: bool,
}

/// How often what goes wrong, in thousandths of all calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Not executed, "slow down".
    pub throttle: u32,
    /// Not executed, 5xx.
    pub lost_request: u32,
    /// Executed, and the answer is lost.
    pub lost_answer: u32,
    /// A create whose object is hidden for a while.
    pub hidden: u32,
    /// A create whose object never becomes usable.
    pub broken: u32,
    /// The process dies at the n-th mutating call: before its effect, or after.
    pub crash: Option<(u32, bool)>,
}

/// The simulated world. Clones are the same world.
#[derive(Clone, Debug)]
pub struct World(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    clock: Clock,
    died: Notify,
}

/// Everything that a call may read and change.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) now: Duration,
    rng: Rng,
    faults: Faults,
    next: u32,
    writes: u32,
}

/// What befalls one call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Well,
    Throttled,
    RequestLost,
    AnswerLost,
    DiesBefore,
    DiesAfter,
}

impl World {
    /// An empty world.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let rng = Rng::with_seed(seed);
        let (objects, faults) = (BTreeMap::new(), Faults::default());
        let inner = Inner { objects, now: Duration::ZERO, rng, faults, next: 0, writes: 0 };
        Self(Arc::new(Shared { inner: Mutex::new(inner), clock: Clock::default(), died: Notify::new() }))
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What goes wrong from now on; the count of mutating calls begins anew.
    pub fn disturb(&self, faults: Faults) {
        let mut inner = self.inner();
        inner.faults = faults;
        inner.writes = 0;
    }

    /// Ends when the process would have died.
    pub async fn died(&self) {
        self.0.died.notified().await;
    }

    /// Everything that exists.
    #[must_use]
    pub fn objects(&self) -> Vec<Object> {
        self.inner().objects.values().cloned().collect()
    }

    /// Mutating calls since the last [`World::disturb`].
    #[must_use]
    pub fn writes(&self) -> u32 {
        self.inner().writes
    }

    /// The clock that it lives by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Sends a read, as persistent as the product's.
    pub(super) async fn read<T>(
        &self,
        op: &'static str,
        effect: impl Fn(&mut Inner) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        persist(&self.0.clock, Patience::READ, || self.attempt(op, false, &effect)).await
    }

    /// Sends a mutating call, as persistent as the product's.
    pub(super) async fn write<T>(
        &self,
        op: &'static str,
        effect: impl Fn(&mut Inner) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        persist(&self.0.clock, Patience::WRITE, || self.attempt(op, true, &effect)).await
    }

    async fn attempt<T>(
        &self,
        op: &'static str,
        writes: bool,
        effect: &impl Fn(&mut Inner) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        let latency = Duration::from_millis(self.inner().rng.u64(5..400));
        self.0.clock.sleep(latency).await;
        let fate = self.inner().fate(writes);
        let lost = || Err(CallError::new(op, Class::Ambiguous, "the answer was lost"));
        match fate {
            Fate::Throttled => return Err(CallError::new(op, Class::Throttled, "slow down")),
            Fate::RequestLost => return lost(),
            Fate::DiesBefore => self.die().await,
            Fate::Well | Fate::AnswerLost | Fate::DiesAfter => {}
        }
        let answer = {
            let mut inner = self.inner();
            inner.now = self.0.clock.now();
            effect(&mut inner)
        };
        match fate {
            Fate::AnswerLost => lost(),
            Fate::DiesAfter => {
                self.die().await;
                answer
            }
            _ => answer,
        }
    }

    async fn die(&self) {
        self.0.died.notify_one();
        std::future::pending::<()>().await;
    }
}

impl Inner {
    fn fate(&mut self, writes: bool) -> Fate {
        let faults = self.faults;
        if writes {
            self.writes += 1;
            if let Some((at, after)) = faults.crash
                && at == self.writes
            {
                return if after { Fate::DiesAfter } else { Fate::DiesBefore };
            }
        }
        let roll = self.rng.u32(0..1000);
        let (throttle, request) = (faults.throttle, faults.throttle + faults.lost_request);
        match roll {
            roll if roll < throttle => Fate::Throttled,
            roll if roll < request => Fate::RequestLost,
            roll if roll < request + faults.lost_answer => Fate::AnswerLost,
            _ => Fate::Well,
        }
    }

    /// Makes an object.
    pub(super) fn make(&mut self, object: Object) -> String {
        self.next += 1;
        let id = format!("{}-{}", object.kind, self.next);
        let hidden = self.rng.u32(0..1000) < self.faults.hidden;
        let broken = self.rng.u32(0..1000) < self.faults.broken;
        let visible = if hidden { self.now + HORIZON.mul_f64(self.rng.f64() * 0.9) } else { self.now };
        let ready = visible + Duration::from_millis(self.rng.u64(0..20_000));
        self.objects.insert(id.clone(), Object { id: id.clone(), visible, ready, broken, ..object });
        id
    }

    /// What a read shows now.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Object> {
        self.objects.values().filter(|object| object.visible <= self.now)
    }
}

impl Object {
    /// An object that does not exist yet.
    pub(super) fn draft(kind: &'static str) -> Self {
        Self {
            id: String::new(),
            kind,
            name: String::new(),
            token: String::new(),
            oid: String::new(),
            parent: None,
            size: 0,
            shape: 0,
            visible: Duration::ZERO,
            ready: Duration::ZERO,
            broken: false,
        }
    }

    pub(super) fn readiness(&self, now: Duration) -> auroractl_core::Readiness {
        use auroractl_core::Readiness;
        match (self.broken, self.ready <= now) {
            (_, false) => Readiness::Pending("creating".to_owned()),
            (true, true) => Readiness::Failed("failed".to_owned()),
            (false, true) => Readiness::Ready,
        }
    }
}

impl auroractl_engine::World for World {
    fn inventory<'a>(&'a self, _: &'a StackId) -> BoxFuture<'a, Result<Vec<auroractl_engine::kind::Owned>, CallError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
