//! The objects, the processes that call, and what one call does.

use super::kinds::harmful;
use super::log::{Call, Deed, Log, Touched};
use super::mishap::{Boundary, Mishap, Weather};
use super::mutants::Lapse;
pub use super::object::Object;
use super::process::Process;
use auroractl_core::Identity;
use auroractl_core::identity::StackId;
use auroractl_engine::kind::Owned;
use auroractl_engine::retry::{Patience, persist};
use auroractl_engine::{CallError, Class, Clock};
use fastrand::Rng;
use futures::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest time for which a new object may be hidden from reads.
pub(super) const HORIZON: Duration = Duration::from_secs(60);

/// For so long AWS takes a signature.
const SIGNATURE: Duration = Duration::from_secs(15 * 60);

/// The simulated world as one process sees it. Clones are the same process in the same world.
#[derive(Clone, Debug)]
pub struct World {
    shared: Arc<Shared>,
    pub(super) process: Arc<Process>,
}

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    lapse: Option<Lapse>,
}

/// Everything that a call may read and change.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) objects: BTreeMap<String, Object>,
    /// Tokens whose objects are gone: AWS answers with the dead one.
    pub(super) tombs: BTreeMap<String, String>,
    /// Identities whose object was deleted.
    pub(super) ended: BTreeSet<String>,
    pub(super) now: Duration,
    pub(super) log: Log,
    rng: Rng,
    weather: Weather,
    /// Deeds that have had their one mishap, in weathers that strike each once.
    struck: BTreeSet<String>,
    next: u32,
}

impl World {
    /// An empty world, seen by process 0.
    #[must_use]
    pub fn new(seed: u64, lapse: Option<Lapse>) -> Self {
        let inner = Inner {
            objects: BTreeMap::new(),
            tombs: BTreeMap::new(),
            ended: BTreeSet::new(),
            now: Duration::ZERO,
            log: Log::default(),
            rng: Rng::with_seed(seed),
            weather: Weather::default(),
            struck: BTreeSet::new(),
            next: 0,
        };
        let clock = Clock::simulated(super::START);
        Self { shared: Arc::new(Shared { inner: Mutex::new(inner), lapse }), process: Process::new(0, clock) }
    }

    /// The same world, seen by another process, on a machine whose time of day is off by so many seconds.
    #[must_use]
    pub fn process(&self, number: u32, skew: i64) -> Self {
        Self { shared: Arc::clone(&self.shared), process: Process::new(number, self.clock().skewed(skew)) }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Number of the process.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.process.number
    }

    /// The rule that this world's program breaks.
    pub(super) fn lapse(&self) -> Option<Lapse> {
        self.shared.lapse
    }

    /// What goes wrong with calls from now on.
    pub fn weather(&self, weather: Weather) {
        self.inner().weather = weather;
    }

    /// Notes what happens, in a history that is looked into.
    pub(super) fn tell(&self, what: impl FnOnce() -> String) {
        let (now, run) = (self.clock().now().as_secs_f64(), self.number());
        if let Some(trace) = &mut self.inner().log.trace {
            trace.push(format!("{now:>9.1} [{run}] {}", what()));
        }
    }

    /// Everything that exists.
    #[must_use]
    pub fn objects(&self) -> Vec<Object> {
        self.inner().objects.values().cloned().collect()
    }

    /// The clock that it lives by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.process.clock
    }

    /// Sends a read, as persistent as the product's.
    pub(super) async fn read<T>(&self, effect: impl Fn(&mut Inner) -> T) -> Result<T, CallError> {
        persist(self.clock(), Patience::READ, || self.look(&effect)).await
    }

    async fn look<T>(&self, effect: &impl Fn(&mut Inner) -> T) -> Result<T, CallError> {
        let op = "sim:Describe";
        self.travel().await;
        self.cross(Boundary::Look).await;
        self.signed(op)?;
        let mut inner = self.inner();
        // Before what befalls it: a storm passes whether or not anybody is answered.
        inner.tick(self.clock().now());
        match inner.mishap(None) {
            Some(Mishap::Throttled) => Err(CallError::new(op, Class::Throttled, "slow down")),
            Some(Mishap::Truncated | Mishap::Reset | Mishap::Unavailable) => {
                Err(CallError::new(op, Class::Ambiguous, "no answer"))
            }
            _ => Ok(effect(&mut inner)),
        }
    }

    /// Sends a mutating call, as persistent as the product's.
    pub(super) async fn write<T: Clone>(
        &self,
        deed: Deed,
        me: &Identity,
        effect: impl Fn(&mut Inner) -> Result<(T, Touched), CallError>,
    ) -> Result<T, CallError> {
        let again = self.lapse() == Some(Lapse::AmbiguousCreateIsRetried) && deed == Deed::Create;
        let patience = if again { Patience { reads: true, ..Patience::WRITE } } else { Patience::WRITE };
        persist(self.clock(), patience, || self.send(deed, me, &effect)).await
    }

    async fn send<T: Clone>(
        &self,
        deed: Deed,
        me: &Identity,
        effect: &impl Fn(&mut Inner) -> Result<(T, Touched), CallError>,
    ) -> Result<T, CallError> {
        self.thaw().await;
        let signed = self.clock().now();
        self.fenced(deed.operation())?;
        let call = self.inner().log.sent(Call::new(self, deed, me));
        self.stand(deed, me).await;
        self.travel().await;
        self.fly(Boundary::Sent).await;
        if self.clock().now().saturating_sub(signed) > SIGNATURE {
            return Err(CallError::new(deed.operation(), Class::Credentials, "the request has expired"));
        }
        let answer = self.execute(call, deed, me, effect);
        self.tell(|| {
            let what = answer.as_ref().err().map(ToString::to_string);
            format!("{deed:?} {} g{} {} {what:?}", me.address, me.generation, me.oid)
        });
        if deed == Deed::Create && harmful(deed, me.address.kind()) && answer.is_ok() {
            self.ambushed().await;
        }
        self.cross(Boundary::Executed).await;
        self.inner().log.answered(call, answer.as_ref().err().map(|error| error.class));
        answer
    }

    fn execute<T: Clone>(
        &self,
        call: usize,
        deed: Deed,
        me: &Identity,
        effect: &impl Fn(&mut Inner) -> Result<(T, Touched), CallError>,
    ) -> Result<T, CallError> {
        let op = deed.operation();
        self.signed(op)?;
        let mut inner = self.inner();
        inner.tick(self.clock().now());
        let mishap = inner.mishap(Some((deed, me)));
        if let Some(class) = mishap.and_then(Mishap::prevents) {
            return Err(CallError::new(op, class, "not executed"));
        }
        let permits = self.life().permits.clone();
        let run = |inner: &mut Inner| {
            let (answer, touched) = effect(inner)?;
            let at = inner.now;
            inner.log.executed(call, at, Touched { permitted: permits.contains(&me.oid), ..touched });
            Ok(answer)
        };
        let answer = run(&mut inner);
        if mishap == Some(Mishap::Echo) && answer.is_ok() {
            let _ = run(&mut inner);
        }
        match mishap {
            Some(Mishap::Failed | Mishap::Truncated | Mishap::ResetBehind) if answer.is_ok() => {
                Err(CallError::new(op, Class::Ambiguous, "the answer was lost"))
            }
            _ => answer,
        }
    }

    /// The way of a call, and its answer's.
    async fn travel(&self) {
        let latency = Duration::from_millis(self.inner().rng.u64(5..400));
        self.clock().sleep(latency).await;
    }
}

impl Inner {
    /// Time goes on; what was going is gone.
    pub(super) fn tick(&mut self, now: Duration) {
        self.now = now;
        let over = |object: &&Object| object.leaving.is_some_and(|at| at <= now);
        let gone: Vec<String> = self.objects.values().filter(over).map(|object| object.id.clone()).collect();
        for id in gone {
            self.remove(&id);
        }
    }

    /// What befalls a call; reads have no deed.
    fn mishap(&mut self, deed: Option<(Deed, &Identity)>) -> Option<Mishap> {
        let weather = self.weather;
        if weather.once
            && let Some((deed, me)) = deed
            && !self.struck.insert(format!("{deed:?} {}", me.oid))
        {
            return None;
        }
        let storm = self.now < weather.storm_until && self.rng.u32(0..1000) < 900;
        let mishap = if storm { Some(Mishap::Throttled) } else { weather.strike(self.rng.u32(0..1000)) };
        let fits = |mishap: &Mishap| mishap.befalls(deed.map(|(deed, me)| (deed, me.address.kind())));
        let mishap = mishap.filter(fits)?;
        self.log.count("fault", mishap.name());
        Some(mishap)
    }

    /// Makes an object.
    pub(super) fn make(&mut self, draft: Object) -> String {
        let id = self.fresh(draft.kind);
        let weather = self.weather;
        let mut chance = |rate: u32| rate > 0 && self.rng.u32(0..1000) < rate;
        let (hidden, blinks, broken, stuck) =
            (chance(weather.hidden), chance(500), chance(weather.broken), chance(weather.stuck));
        let visible = if hidden { self.now + HORIZON.mul_f64(self.rng.f64() * 0.9) } else { self.now };
        let usual = Duration::from_millis(self.rng.u64(0..20_000));
        let ready = if stuck { Duration::MAX } else { visible + usual };
        for (name, _) in
            [("hidden read", hidden), ("failure after 200", broken), ("stuck", stuck)].iter().filter(|x| x.1)
        {
            self.log.count("fault", name);
        }
        let writer = draft.kind == "db_instance"
            && !self.objects.values().any(|other| other.parent == draft.parent && other.writer);
        let object = Object { id: id.clone(), visible, blinks, ready, broken, writer, ..draft };
        self.objects.insert(id.clone(), object);
        id
    }

    pub(super) fn fresh(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}-{}", self.next)
    }

    /// What a read shows now.
    pub(super) fn shown(&mut self) -> Vec<Object> {
        let (now, rng) = (self.now, &mut self.rng);
        for object in self.objects.values_mut() {
            object.served |= object.visible <= now && object.ready <= now && !object.broken;
        }
        let mut seen = |object: &&Object| object.visible <= now || (object.blinks && rng.bool());
        self.objects.values().filter(|object| seen(object)).cloned().collect()
    }

    /// Takes an object away.
    pub(super) fn remove(&mut self, id: &str) -> Option<Object> {
        let object = self.objects.remove(id)?;
        if !object.foreign && !object.oid.is_empty() {
            self.ended.insert(object.oid.clone());
        }
        if object.kind == "token" {
            self.tombs.insert(object.token.clone(), id.to_owned());
        }
        let sibling = |other: &&mut Object| other.kind == object.kind && other.parent == object.parent;
        if object.writer
            && let Some(heir) = self.objects.values_mut().find(sibling)
        {
            heir.writer = true;
        }
        Some(object)
    }
}

impl auroractl_engine::World for World {
    fn inventory<'a>(&'a self, _: &'a StackId) -> BoxFuture<'a, Result<Vec<Owned>, CallError>> {
        Box::pin(async {
            let tag = |oid: &str| [(auroractl_core::tags::ID.to_owned(), oid.to_owned())].into();
            let owned = |object: &Object| !object.foreign && !object.oid.is_empty();
            self.read(|inner| {
                let all = inner.objects.values().filter(|object| owned(object));
                all.map(|object| Owned { arn: object.id.clone(), tags: tag(&object.oid) }).collect()
            })
            .await
        })
    }
}
