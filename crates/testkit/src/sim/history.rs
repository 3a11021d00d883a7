//! Histories: disturbed runs with edits between them, then some that are not disturbed.

use super::coverage;
use super::invariants;
use super::log::{Ended, Log};
use super::mishap::{Boundary, Fuse, Mishap, Weather};
use super::mutants::Lapse;
use super::place::Place;
use super::process::DiskTrouble;
use super::run::{Saved, Setting};
use super::stack::{Edit, Stack};
use super::world::{HORIZON, Object, World};
use auroractl_core::plan::Options;
use auroractl_core::{Address, State};
use auroractl_engine::store::bucket::Trouble;
use auroractl_engine::store::memory::Fault;
use fastrand::Rng;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::time::Duration;

mod meddling;

/// A history is its seed and the rule that is broken in it.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// Everything random follows from it.
    pub seed: u64,
    /// Keep words for everything that happens.
    pub traced: bool,
    /// The rule that the program breaks, if any.
    pub lapse: Option<Lapse>,
}

/// A broken promise, with the seed that shows it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Number of the invariant and what was found, for each that is broken.
    pub broken: Vec<(u8, String)>,
    /// Words for everything that happened, where they were asked for.
    pub trace: Vec<String>,
}

/// Undisturbed runs after which the world must be right. More than one, because a resource that failed for good in a
/// disturbed run is found by one run, and its replacement's dependants move in the next.
const CALM: u32 = 5;
/// Most resources of a stack at first.
const RESOURCES: u32 = 8;
/// Where a process dies, beside its disk.
const CALLS: [Boundary; 6] =
    [Boundary::Look, Boundary::Signed, Boundary::Sent, Boundary::Executed, Boundary::Line, Boundary::Written];

/// Where a process stands still: most often with calls ahead.
const PAUSES: [Boundary; 6] =
    [Boundary::Look, Boundary::Signed, Boundary::Executed, Boundary::Line, Boundary::Written, Boundary::Written];

/// Plays a history. Needs a runtime whose time is paused.
///
/// # Errors
/// When an invariant is broken.
pub async fn play(history: History) -> Result<Log, Failure> {
    // The product's jitter too must follow from the seed.
    fastrand::seed(history.seed);
    let mut game = Game::new(history);
    for _ in 0..game.rng.u32(1..=4) {
        game.disturbed().await;
    }
    game.calm().await;
    let mut inner = game.world.inner();
    // Of two that were at work at once, the one that began later stands later.
    inner.log.runs.sort_by_key(|run| run.number);
    coverage::windows(&mut inner.log);
    let mut log = std::mem::take(&mut inner.log);
    let broken = invariants::broken(&log);
    if broken.is_empty() {
        return Ok(log);
    }
    Err(Failure { seed: history.seed, broken, trace: log.trace.take().unwrap_or_default() })
}

struct Game {
    world: World,
    place: Place,
    /// What the state says now.
    known: Option<State>,
    rng: Rng,
    stack: Stack,
    /// Data that the user lets go.
    allowed: BTreeSet<Address>,
    /// Data that the user took out of the stack without saying so.
    removed: BTreeSet<Address>,
    saved: Option<Saved>,
    number: u32,
    weather: Weather,
    /// Taken away behind our back, and to be put back: it held data.
    vanished: Vec<Object>,
    skew: i64,
}

impl Game {
    fn new(history: History) -> Self {
        let mut rng = Rng::with_seed(history.seed);
        let world = World::new(rng.u64(..), history.lapse);
        world.inner().log.trace = history.traced.then(Vec::new);
        let stack = Stack::new(&mut rng, RESOURCES);
        let weather = weather(&mut rng);
        // The lease of a bucket has its own faults; where the disk is all there is, it has.
        let place = Place::new(world.clock(), rng.u32(0..5) == 0);
        Self {
            world,
            place,
            known: None,
            rng,
            stack,
            allowed: BTreeSet::new(),
            removed: BTreeSet::new(),
            saved: None,
            number: 0,
            weather,
            vanished: Vec::new(),
            skew: 0,
        }
    }

    fn count(&self, class: &'static str, what: &str) {
        self.world.tell(|| format!("-- {class}: {what}"));
        self.world.inner().log.count(class, what);
    }

    /// The next run, as its author wants it.
    fn setting(&mut self, disturbed: bool) -> Setting {
        self.number += 1;
        let world = self.world.process(self.number, self.skew);
        let allowed =
            self.allowed.iter().filter(|at| !self.stack.wishes.iter().any(|wish| wish.address().as_ref() == Some(at)));
        let options = Options { allow_delete: allowed.cloned().collect(), ..Options::default() };
        Setting {
            world,
            place: self.place.clone(),
            stack: self.stack.clone(),
            options,
            saved: None,
            interrupts: Vec::new(),
            disturbed,
            parallel: self.rng.usize(1..6),
            storm: false,
            usurped: false,
        }
    }

    async fn disturbed(&mut self) {
        self.skew = if self.rng.u32(0..4) == 0 { self.rng.i64(-290..290) } else { 0 };
        let mut weather = self.weather;
        if self.rng.u32(0..12) == 0 {
            weather.storm_until = self.world.clock().now() + Duration::from_secs(600);
            self.count("fault", "throttling storm");
        }
        self.world.weather(weather);
        if let Some(bucket) = &self.place.bucket {
            bucket.trouble(self.rng.u64(..), outage(&mut self.rng));
        }
        let mut setting = self.setting(true);
        setting.usurped = self.rng.u32(0..3) == 0;
        setting.storm = weather.storm_until > Duration::ZERO;
        let power = self.trouble(&mut setting);
        if self.rng.u32(0..6) == 0 {
            self.older(&mut setting);
        }
        let shared = self.place.bucket.is_some();
        let ended = match self.rng.u32(0..12) {
            0 | 1 if !power || shared => self.beside(&setting).await,
            3.. if shared => self.beside(&setting).await,
            2 => self.overtaken(&setting).await,
            _ => setting.run().await,
        };
        self.aftermath(&ended, power).await;
        self.meddle().await;
        self.edit(matches!(ended, Ended::Died(_)));
        if self.rng.u32(0..4) == 0 {
            let setting = self.setting(true);
            self.saved = setting.plan().await;
        }
    }

    /// A plan that was reviewed earlier is applied.
    fn older(&mut self, setting: &mut Setting) {
        let Some(saved) = self.saved.take() else { return };
        self.count("edit", "older plan");
        setting.stack = saved.stack.clone();
        setting.saved = Some(saved);
    }

    /// Another run of the same stack begins while this one works, on another machine where the state is shared. There the
    /// first may stand still for a while, or be dead: the other one takes over.
    async fn beside(&mut self, setting: &Setting) -> Ended {
        let shared = self.place.bucket.is_some();
        self.skew = if shared && self.rng.bool() { self.rng.i64(-290..290) } else { self.skew };
        let mut other = self.setting(true);
        other.place = self.place.elsewhere();
        // Where a run shares its state, it takes a while until it has the lease and a plan.
        let pause = Duration::from_millis(if shared { self.rng.u64(15_000..200_000) } else { self.rng.u64(0..60_000) });
        let later = async {
            other.world.clock().sleep(pause).await;
            other.run().await
        };
        let (ended, other) = futures::join!(setting.run(), later);
        if other == Ended::Refused("locked".to_owned()) {
            self.count("fault", "contender");
        } else if shared {
            self.count("fault", "two machines");
        }
        if ended.fenced() {
            self.count("fault", "fenced");
        }
        ended
    }

    /// A stranger takes a name while a run is about to.
    async fn overtaken(&mut self, setting: &Setting) -> Ended {
        let pause = Duration::from_millis(self.rng.u64(0..5_000));
        let later = async {
            self.world.clock().sleep(pause).await;
            // A put overwrites whoever came after the look: AWS offers no condition for it.
            self.stranger(&["given", "db_cluster", "db_instance"]);
        };
        let (ended, ()) = futures::join!(setting.run(), later);
        ended
    }

    /// What will go wrong with a run, beside its calls. Says whether the power may go.
    fn trouble(&mut self, setting: &mut Setting) -> bool {
        let shared = self.place.bucket.is_some();
        let rng = &mut self.rng;
        let (world, mut power) = (&setting.world, false);
        match rng.u32(0..20) {
            0..8 => {
                let boundary = CALLS.get(rng.usize(..CALLS.len())).copied().unwrap_or(Boundary::Sent);
                // A replacement is the first thing that a run does after one was asked for.
                let most = if self.stack.reshaped() && rng.bool() { 3 } else { 14 };
                world.arm(Some(Fuse { boundary, left: rng.u32(1..most), pause: None }));
                power = rng.bool();
            }
            8 | 9 if shared => world.hold(Duration::from_secs(rng.u64(100..1_000))),
            10 | 11 if shared => {
                let boundary = PAUSES.get(rng.usize(..PAUSES.len())).copied().unwrap_or(Boundary::Written);
                // Longer than a silent holder is waited for, with and without a call that does harm.
                let longest = [100, 300, 2400, 2400].get(rng.usize(..4)).copied().unwrap_or(100);
                let pause = Some(Duration::from_secs(rng.u64(longest / 10..=longest)));
                world.arm(Some(Fuse { boundary, left: rng.u32(1..14), pause }));
            }
            8..12 => {
                let boundary = if rng.bool() { Boundary::Disk } else { Boundary::HalfDisk };
                world.arm(Some(Fuse { boundary, left: rng.u32(1..70), pause: None }));
                power = true;
            }
            19 => {
                // What it made is hidden from the next run, and what it wrote last is gone.
                world.lurk();
                world.weather(Weather { hidden: 1000, ..self.weather });
                power = true;
            }
            12 | 13 => {
                let kinds = [ErrorKind::StorageFull, ErrorKind::Other, ErrorKind::ReadOnlyFilesystem];
                let kind = kinds.get(rng.usize(..kinds.len())).copied().unwrap_or(ErrorKind::Other);
                let fault = if rng.bool() { Fault::Once(kind) } else { Fault::Always(kind) };
                let trouble = if rng.u32(0..3) == 0 { DiskTrouble::Full } else { DiskTrouble::Fails(fault) };
                world.fail_disk(rng.u32(1..60), trouble);
            }
            14 => world.expire_after(rng.u32(0..40)),
            15 | 16 => {
                let times = rng.usize(1..3);
                setting.interrupts = (0..times).map(|_| Duration::from_millis(rng.u64(0..30_000))).collect();
            }
            _ => {}
        }
        power
    }

    /// What the machine is like after a run.
    async fn aftermath(&mut self, ended: &Ended, power: bool) {
        if let Ended::Died(boundary) = ended {
            self.count("fault", if power { "power cut" } else { "kill" });
            let off = matches!(boundary, Boundary::Disk | Boundary::HalfDisk);
            self.reboot(power || off);
        }
        if let Ended::Refused(why) = ended {
            self.count("refused", why);
            self.learn().await;
            self.relent();
        }
        // A disk that fails is mended before the next run, at times with the power off.
        let broke = self.world.inner().log.lines.last().is_some_and(|line| !line.ok);
        let off = self.rng.bool();
        self.reboot(broke && off);
        self.place.disk.limit(None);
        self.learn().await;
        if let Ended::Partly(summary) = ended
            && let Some(stopped) = summary.stopped
        {
            self.count("stopped", &format!("{stopped:?}"));
        }
    }

    /// No process runs on the machine any more; with the power off, what was not durable may be gone.
    fn reboot(&mut self, off: bool) {
        let (disk, seed) = (&self.place.disk, self.rng.u64(..));
        self.place.disk = if off { disk.after_power_cut(seed) } else { disk.after_kill() };
    }

    /// Reads what the state says now.
    async fn learn(&mut self) {
        self.known = self.place.read(self.world.clock()).await;
    }

    fn edit(&mut self, crashed: bool) {
        let (edit, gone) = self.stack.edit(&mut self.rng, crashed);
        self.count("edit", edit.name());
        if crashed && edit != Edit::Nothing {
            self.count("edit", "right after a crash");
        }
        let told = self.rng.bool();
        if told { self.allowed.extend(gone) } else { self.removed.extend(gone) }
    }

    /// The user has read why a run was refused, and sees to it.
    fn relent(&mut self) {
        self.stack.relent(&self.world.objects());
        self.allowed.append(&mut self.removed);
        let vanished = std::mem::take(&mut self.vanished);
        // What was let go meanwhile stays away, and so does what was never seen usable: it is made anew.
        let settled = |object: &Object| self.recorded(object).is_some_and(|record| record.settled);
        let (missed, open): (Vec<Object>, Vec<Object>) = vanished.into_iter().partition(settled);
        self.vanished = open.into_iter().filter(|object| self.recorded(object).is_some()).collect();
        let mut inner = self.world.inner();
        inner.objects.retain(|_, object| !object.foreign);
        for object in missed {
            inner.ended.remove(&object.oid);
            inner.objects.entry(object.id.clone()).or_insert(object);
        }
    }

    /// Undisturbed runs, until nothing is left to do; at times the end of the stack.
    async fn calm(&mut self) {
        self.world.weather(Weather::default());
        if let Some(bucket) = &self.place.bucket {
            bucket.trouble(0, Trouble::default());
        }
        self.skew = 0;
        self.rest(CALM).await;
        if self.rng.u32(0..3) == 0 {
            self.allowed.extend(self.stack.wishes.iter().filter_map(super::stack::Wish::address));
            self.stack.clear();
            self.count("edit", "destroy");
            self.rest(3).await;
        }
    }

    async fn rest(&mut self, runs: u32) {
        for _ in 0..runs {
            // What was hidden comes to light: a run that comes too soon may fail on it, and the next one finds it.
            self.world.clock().sleep(HORIZON).await;
            self.learn().await;
            self.relent();
            self.heal();
            if self.setting(false).run().await == Ended::Nothing {
                return;
            }
        }
    }

    /// What was stuck moves on.
    fn heal(&self) {
        let now = self.world.clock().now();
        for object in self.world.inner().objects.values_mut() {
            if object.ready == Duration::MAX {
                object.ready = now;
            }
        }
    }
}

/// What goes wrong with a bucket.
fn outage(rng: &mut Rng) -> Trouble {
    Trouble {
        lost_request: rng.u32(0..40),
        lost_answer: rng.u32(0..40),
        conflict: rng.u32(0..20),
        throttle: rng.u32(0..20),
        delay: Duration::from_millis(rng.u64(0..700)),
    }
}

/// The weather of a history.
fn weather(rng: &mut Rng) -> Weather {
    match rng.u32(0..10) {
        0 => Weather::always(Mishap::Failed),
        1 => Weather::always(Mishap::Unavailable),
        2 => Weather::always(Mishap::Echo),
        3 => Weather { hidden: 1000, ..Weather::default() },
        _ => {
            let mut weather = Weather {
                hidden: rng.u32(0..400),
                broken: rng.u32(0..80),
                stuck: if rng.u32(0..6) == 0 { 100 } else { 0 },
                ..Weather::default()
            };
            for (rate, mishap) in weather.rates.iter_mut().zip(Mishap::ALL) {
                *rate = match mishap {
                    Mishap::Throttled => rng.u32(0..150),
                    Mishap::Quota | Mishap::Invalid | Mishap::Denied => rng.u32(0..15),
                    _ => rng.u32(0..60),
                };
            }
            weather
        }
    }
}
