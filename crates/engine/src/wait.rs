//! Who waits for what, and when to look again. Pure: the loop does the looking.
//!
//! A wait looks once early (many resources are ready by then, and what fails
//! often fails early), then not before the usual duration is nearly over, then
//! every 2 s growing to 15 s.
//! It holds no slot of `--parallel`, and one look serves all waits of a kind.

use crate::kind::RawAsk;
use auroractl_core::lower::StepId;
use auroractl_core::model::Timing;
use auroractl_core::observed::{Observed, Readiness};
use std::collections::BTreeMap;
use std::time::Duration;

/// First look, after the call's answer: when this part of the usual duration has passed, between these bounds.
const EARLY: f64 = 0.05;
const FIRST: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(15));
/// Shortest and longest pause once the usual duration has passed.
const PAUSE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(15));
/// Waits of one kind that are due so soon are served by the same look.
const TOGETHER: Duration = Duration::from_secs(3);
/// The second look comes when this part of the usual duration has passed.
const EXPECTED: f64 = 0.95;

/// What a wait waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// It is usable.
    Ready,
    /// It is gone.
    Absent,
    /// The operation on it has ended. Its answers are about the operation, not about the resource.
    Over,
}

/// One wait.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Whom to ask about.
    pub ask: RawAsk,
    /// For what.
    pub goal: Goal,
    /// So many answers in a row must be good.
    pub stable: u8,
    /// How long it usually takes and when to give up.
    pub usual: Duration,
    /// After this time the wait has failed.
    pub timeout: Duration,
    /// "Absent" is not believed before this time: AWS may not show yet what is there.
    pub horizon: Duration,
    /// AWS's last word.
    pub status: String,
    started: Duration,
    next: Duration,
    pause: Duration,
    good: u8,
}

/// What an answer means for a wait.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Look again later; `true` when AWS's status changed.
    Wait(bool),
    /// The goal is reached.
    Reached,
    /// It will never be reached.
    Failed(String),
}

impl Wait {
    /// A wait that starts now.
    #[must_use]
    pub fn new(ask: RawAsk, goal: Goal, timing: Timing, now: Duration) -> Self {
        let seconds = |value: f32| Duration::from_secs_f32(value.max(0.0));
        Self {
            ask,
            goal,
            stable: 1,
            usual: Duration::ZERO,
            timeout: seconds(timing.timeout),
            horizon: seconds(timing.horizon),
            status: String::new(),
            started: now,
            next: now + FIRST.0,
            pause: PAUSE.0,
            good: 0,
        }
    }

    /// The same for what usually takes so many seconds: before that nobody looks a second time.
    #[must_use]
    pub fn usually(mut self, seconds: f32) -> Self {
        self.usual = Duration::from_secs_f32(seconds.max(0.0));
        self.next = self.started + self.usual.mul_f64(EARLY).clamp(FIRST.0, FIRST.1);
        self
    }

    /// The same for an update: more than one good answer where the kind asks for it.
    #[must_use]
    pub fn updating(mut self, timing: Timing) -> Self {
        self.stable = timing.stable;
        self
    }

    /// What an answer means. It is as old as its question, which was `asked` at that time.
    pub fn judge(&mut self, seen: &Observed, asked: Duration, now: Duration) -> Verdict {
        let spent = now.saturating_sub(self.started);
        let status = match (self.goal, seen) {
            (goal, Observed::Absent) if asked.saturating_sub(self.started) >= self.horizon => {
                return match goal {
                    Goal::Absent => Verdict::Reached,
                    Goal::Ready | Goal::Over => Verdict::Failed("it is no longer there".to_owned()),
                };
            }
            (_, Observed::Absent) => "not visible yet".to_owned(),
            (_, Observed::Unknown(why)) => why.clone(),
            (goal, Observed::Live(live)) => match (&live.readiness, goal) {
                (Readiness::Ready, Goal::Ready | Goal::Over) => return self.good_answer(now),
                (Readiness::Failed(why), Goal::Ready | Goal::Over) => return Verdict::Failed(why.clone()),
                (Readiness::Failed(why), Goal::Absent) => why.clone(),
                (Readiness::Pending(status), _) => status.clone(),
                (Readiness::Ready, Goal::Absent) => "available".to_owned(),
                (Readiness::Deleting, _) => "deleting".to_owned(),
            },
        };
        self.good = 0;
        if spent >= self.timeout {
            return Verdict::Failed(format!("still {status} after {} s", spent.as_secs()));
        }
        self.later(now);
        let changed = self.status != status;
        self.status = status;
        Verdict::Wait(changed)
    }

    fn good_answer(&mut self, now: Duration) -> Verdict {
        self.good += 1;
        if self.good >= self.stable {
            return Verdict::Reached;
        }
        self.next = now + PAUSE.0;
        Verdict::Wait(false)
    }

    fn later(&mut self, now: Duration) {
        let expected = self.started + self.usual.mul_f64(EXPECTED);
        if now < expected {
            self.next = expected;
            return;
        }
        self.next = now + self.pause;
        self.pause = self.pause.mul_f64(1.5).min(PAUSE.1);
    }
}

/// All waits of a run.
#[derive(Debug, Default)]
pub struct Waits {
    waits: BTreeMap<StepId, Wait>,
}

impl Waits {
    /// Adds a wait.
    pub fn add(&mut self, step: StepId, wait: Wait) {
        self.waits.insert(step, wait);
    }

    /// One wait, while an answer is judged.
    pub fn get(&mut self, step: StepId) -> Option<&mut Wait> {
        self.waits.get_mut(&step)
    }

    /// Ends a wait.
    pub fn remove(&mut self, step: StepId) -> Option<Wait> {
        self.waits.remove(&step)
    }

    /// Is nobody waiting?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waits.is_empty()
    }

    /// All waits.
    pub fn iter(&self) -> impl Iterator<Item = (StepId, &Wait)> {
        self.waits.iter().map(|(step, wait)| (*step, wait))
    }

    /// When to look next, leaving out kinds that are being looked at.
    #[must_use]
    pub fn next(&self, busy: &dyn Fn(&str) -> bool) -> Option<Duration> {
        self.waits.values().filter(|wait| !busy(wait.ask.identity.address.kind())).map(|wait| wait.next).min()
    }

    /// Whose answers are due: by kind, with all waits of that kind that are due soon.
    #[must_use]
    pub fn due(&self, now: Duration, busy: &dyn Fn(&str) -> bool) -> BTreeMap<String, Vec<(StepId, RawAsk)>> {
        let kind = |wait: &Wait| wait.ask.identity.address.kind().to_owned();
        let mut due: BTreeMap<String, Vec<(StepId, RawAsk)>> = self
            .waits
            .values()
            .filter(|wait| wait.next <= now && !busy(&kind(wait)))
            .map(|wait| (kind(wait), Vec::new()))
            .collect();
        for (step, wait) in &self.waits {
            if wait.next <= now + TOGETHER
                && let Some(asks) = due.get_mut(wait.ask.identity.address.kind())
            {
                asks.push((*step, wait.ask.clone()));
            }
        }
        due
    }
}
