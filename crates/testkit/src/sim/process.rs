//! One run of the program as a process: where it dies or stands still, what its credentials, its lease and its disk are
//! good for.

use super::kinds::harmful;
use super::log::Deed;
use super::mishap::{Boundary, Fuse};
use super::mutants::Lapse;
use super::world::World;
use auroractl_core::Identity;
use auroractl_engine::store::memory::Fault;
use auroractl_engine::store::remote::{Gate, Passage};
use auroractl_engine::{CallError, Class, Clock};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Longest time that an attempt takes here; the terms of the lease allow for 120 s.
const ATTEMPT: Duration = Duration::from_secs(100);

/// One run of the program.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) number: u32,
    pub(super) clock: Clock,
    life: Mutex<Life>,
    ended: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Life {
    fuse: Option<Fuse>,
    /// It dies behind the effect of a create that nothing tells apart.
    ambush: bool,
    /// For so long it stands still between the fence and the way of a call that does harm when it comes late.
    held: Option<Duration>,
    /// It stands still until then.
    frozen: Duration,
    /// The fence of its lease.
    gate: Option<Arc<Gate>>,
    died_at: Option<Boundary>,
    /// Calls until the credentials expire.
    credentials: Option<u32>,
    pub(super) permits: BTreeSet<String>,
    /// Disk operations until one goes wrong, and how.
    disk: Option<(u32, DiskTrouble)>,
    /// The last disk operation.
    last: &'static str,
}

/// How a disk fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum DiskTrouble {
    /// An operation fails, or all from then on.
    Fails(Fault),
    /// There is next to no room any more.
    Full,
}

impl World {
    pub(super) fn life(&self) -> MutexGuard<'_, Life> {
        self.process.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the process die at a boundary.
    pub(super) fn arm(&self, fuse: Option<Fuse>) {
        self.life().fuse = fuse;
    }

    /// Lets the process die right behind the effect of a create that nothing but its tag tells from a second one.
    pub(super) fn lurk(&self) {
        self.life().ambush = true;
    }

    /// Lets it stand still for so long where its next call would do harm that comes late.
    pub(super) fn hold(&self, pause: Duration) {
        self.life().held = Some(pause);
    }

    /// The fence that mutating calls have to pass from now on.
    pub(super) fn fence(&self, gate: Arc<Gate>) {
        self.life().gate = Some(gate);
    }

    /// Waits while the process stands still.
    pub(super) async fn thaw(&self) {
        loop {
            let left = self.life().frozen.saturating_sub(self.clock().now());
            if left.is_zero() {
                return;
            }
            self.clock().sleep(left).await;
        }
    }

    /// Lets the credentials expire after so many calls.
    pub(super) fn expire_after(&self, calls: u32) {
        self.life().credentials = Some(calls);
    }

    /// Lets the disk fail after so many operations.
    pub(super) fn fail_disk(&self, after: u32, how: DiskTrouble) {
        self.life().disk = Some((after, how));
    }

    /// A disk operation begins; what goes wrong with it?
    pub(super) fn disk_trouble(&self, what: &'static str) -> Option<DiskTrouble> {
        let mut life = self.life();
        life.last = what;
        let (left, how) = life.disk.as_mut()?;
        *left = left.saturating_sub(1);
        let how = *how;
        if *left > 0 {
            return None;
        }
        life.disk = None;
        drop(life);
        self.inner().log.count("fault", if matches!(how, DiskTrouble::Full) { "disk full" } else { "disk error" });
        Some(how)
    }

    /// The power goes at this disk operation: which window is that?
    pub(super) fn note_cut(&self, boundary: Boundary, what: &'static str, path: &Path) {
        let before = self.life().last;
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let window = match (boundary, what, file.as_str()) {
            (Boundary::HalfDisk, "write", "journal") => "W8",
            (_, "write" | "sync" | "create" | "link" | "rename", name) if name.starts_with("state.json") => "W2",
            (_, "sync", "sim") if before == "rename" => "W3",
            (_, "cut", "journal") => "W12",
            (_, "sync", "journal") if before == "cut" => "W13",
            _ => return,
        };
        self.inner().log.count("window", window);
    }

    /// What the user has allowed this process to delete, by ownership tag.
    pub(super) fn permit(&self, oids: BTreeSet<String>) {
        self.life().permits = oids;
    }

    /// Ends when the process has died.
    pub async fn died(&self) -> Boundary {
        loop {
            if let Some(at) = self.life().died_at {
                return at;
            }
            self.process.ended.notified().await;
        }
    }

    /// The process passes a boundary; it may die there.
    pub(super) async fn cross(&self, boundary: Boundary) {
        self.thaw().await;
        self.fly(boundary).await;
        self.thaw().await;
    }

    /// The same for what arrives whether the process stands still or not.
    pub(super) async fn fly(&self, boundary: Boundary) {
        if !self.passes(boundary) {
            std::future::pending::<()>().await;
        }
    }

    /// Does the process live on behind this boundary?
    pub(super) fn passes(&self, boundary: Boundary) -> bool {
        let mut life = self.life();
        if life.died_at.is_some() {
            return false;
        }
        let Some(fuse) = life.fuse.as_mut().filter(|fuse| fuse.boundary == boundary) else { return true };
        fuse.left = fuse.left.saturating_sub(1);
        if fuse.left > 0 {
            return true;
        }
        if let Some(pause) = life.fuse.take().and_then(|fuse| fuse.pause) {
            life.frozen = self.clock().now() + pause;
            drop(life);
            self.inner().log.count("fault", "frozen");
            return true;
        }
        life.died_at = Some(boundary);
        self.process.ended.notify_one();
        false
    }

    /// May this run still change anything?
    pub(super) fn fenced(&self, op: &str) -> Result<(), CallError> {
        let gate = self.life().gate.clone().filter(|_| self.lapse() != Some(Lapse::GateNotAsked));
        match gate.map_or(Passage::Open, |gate| gate.pass()) {
            Passage::Open => Ok(()),
            Passage::Wait(why) => Err(CallError::new(op, Class::Throttled, why)),
            Passage::Shut(why) => Err(CallError::new(op, Class::Fenced, why)),
        }
    }

    /// Between its fence and its way a call may be held up: for as long as its attempt takes at most, or, where a
    /// contender waits the longer for it, for any time.
    pub(super) async fn stand(&self, deed: Deed, me: &Identity) {
        if harmful(deed, me.address.kind()) {
            self.dawdle()
        } else {
            self.hurry()
        }
        self.cross(Boundary::Signed).await;
    }

    /// The process dies here, if somebody lies in wait.
    pub(super) async fn ambushed(&self) {
        if !self.falls() {
            return;
        }
        self.process.ended.notify_one();
        std::future::pending::<()>().await;
    }

    /// Does somebody lie in wait?
    fn falls(&self) -> bool {
        let mut life = self.life();
        if life.ambush && life.died_at.is_none() {
            life.died_at = Some(Boundary::Executed);
        }
        life.ambush
    }

    /// What is held up may be for long.
    fn dawdle(&self) {
        let mut life = self.life();
        if let Some(pause) = life.held.take() {
            life.frozen = self.clock().now() + pause;
            drop(life);
            self.inner().log.count("fault", "frozen");
        }
    }

    /// What is held up now goes on within the time of an attempt.
    fn hurry(&self) {
        let mut life = self.life();
        if let Some(fuse) = life.fuse.as_mut().filter(|fuse| fuse.boundary == Boundary::Signed) {
            fuse.pause = fuse.pause.map(|pause| pause.min(ATTEMPT));
        }
    }

    /// Are the credentials still good?
    pub(super) fn signed(&self, op: &str) -> Result<(), CallError> {
        let mut life = self.life();
        match life.credentials.as_mut() {
            Some(0) => {
                drop(life);
                self.inner().log.count("fault", "expired credentials");
                Err(CallError::new(op, Class::Credentials, "the security token is expired"))
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Process {
    pub(super) fn new(number: u32, clock: Clock) -> Arc<Self> {
        Arc::new(Self { number, clock, life: Mutex::default(), ended: Notify::new() })
    }
}
