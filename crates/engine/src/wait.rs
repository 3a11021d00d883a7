//! Who waits for what, and when to look again. Pure: the loop does the looking.
//!
//! A wait looks once early (many resources are ready by then, and what fails
//! often fails early), then not before the usual duration is nearly over, then
//! every 2 s growing to 15 s.
//! It holds no slot of `--parallel`, and one look serves all waits of a kind.
//!
//! An operation that can't be begun yet, or has come to nothing, waits *idle*: when its time has come it is not looked at
//! but asked for again.

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
/// For so long it is waited for what an update has edited to show. What does not show by then is not on its way: AWS has
/// it otherwise, or somebody else has edited it, and the next plan says so.
const SHOWN: Duration = Duration::from_secs(600);

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
    /// How long it usually takes.
    pub usual: Duration,
    /// After this time the wait has failed.
    pub timeout: Duration,
    /// "Absent" is not believed before this time: AWS may not show yet what is there.
    pub horizon: Duration,
    /// AWS's last word.
    pub status: String,
    started: Duration,
    /// No answer before this time is good.
    believed: Duration,
    /// Since then AWS's last word has been the same.
    since: Duration,
    /// Nothing is under way: it is to be asked for again, and not looked at.
    idle: bool,
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
            believed: now,
            since: now,
            idle: false,
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

    /// The same for what may look as before for a moment: more than one good answer where the kind asks for it.
    #[must_use]
    pub fn steady(mut self, timing: Timing) -> Self {
        self.stable = timing.stable;
        self
    }

    /// The same for an update, which besides may not show for a while. Before that nobody looks.
    #[must_use]
    pub fn updating(self, timing: Timing) -> Self {
        let believed = self.started + Duration::from_secs_f32(timing.delay.max(0.0));
        Self { believed, next: self.next.max(believed), ..self.steady(timing) }
    }

    /// The same for an operation of which nothing is under way, after so long a time: it is asked for again after a
    /// while.
    #[must_use]
    pub fn idle(self, spent: Duration, status: &str) -> Self {
        let next = self.started + (spent / 4).clamp(PAUSE.0, PAUSE.1);
        Self { idle: true, next, status: status.to_owned(), ..self }
    }

    /// Puts an idle one off.
    pub fn rest(&mut self, now: Duration) {
        self.next = now + PAUSE.1;
    }

    /// Is what was edited to be compared with what is seen, so that a status alone does not count?
    #[must_use]
    pub fn compares(&self, asked: Duration) -> bool {
        self.believed > self.started && asked.saturating_sub(self.started) < SHOWN
    }

    /// For so long AWS's last word has been the same.
    #[must_use]
    pub fn unchanged(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since)
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
                (Readiness::Ready, Goal::Ready | Goal::Over) => return self.good_answer(asked, now),
                (Readiness::Failed(why) | Readiness::Halted(why), Goal::Ready | Goal::Over) => {
                    return Verdict::Failed(why.clone());
                }
                (Readiness::Failed(why) | Readiness::Halted(why), Goal::Absent) => why.clone(),
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
        if changed {
            self.since = now;
        }
        self.status = status;
        Verdict::Wait(changed)
    }

    fn good_answer(&mut self, asked: Duration, now: Duration) -> Verdict {
        self.since = now;
        if asked < self.believed {
            self.next = self.believed;
            return Verdict::Wait(false);
        }
        self.good += 1;
        if self.good >= self.stable {
            return Verdict::Reached;
        }
        self.next = now + PAUSE.0;
        Verdict::Wait(false)
    }

    fn later(&mut self, now: Duration) {
        let expected = (self.started + self.usual.mul_f64(EXPECTED)).max(self.believed);
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

    /// One wait as it is.
    #[must_use]
    pub fn peek(&self, step: StepId) -> Option<&Wait> {
        self.waits.get(&step)
    }

    /// The operations that are to be asked for again.
    #[must_use]
    pub fn idle(&self, now: Duration) -> Vec<StepId> {
        self.waits.iter().filter(|(_, wait)| wait.idle && wait.next <= now).map(|(step, _)| *step).collect()
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
        let looked_at = self.waits.values().filter(|wait| !wait.idle && !busy(wait.ask.identity.address.kind()));
        looked_at.map(|wait| wait.next).min()
    }

    /// When to ask for an operation again next.
    #[must_use]
    pub fn next_idle(&self) -> Option<Duration> {
        self.waits.values().filter(|wait| wait.idle).map(|wait| wait.next).min()
    }

    /// Whose answers are due: by kind, with all waits of that kind that are due soon.
    #[must_use]
    pub fn due(&self, now: Duration, busy: &dyn Fn(&str) -> bool) -> BTreeMap<String, Vec<(StepId, RawAsk)>> {
        let kind = |wait: &Wait| wait.ask.identity.address.kind().to_owned();
        let mut due: BTreeMap<String, Vec<(StepId, RawAsk)>> = self
            .waits
            .values()
            .filter(|wait| !wait.idle && wait.next <= now && !busy(&kind(wait)))
            .map(|wait| (kind(wait), Vec::new()))
            .collect();
        for (step, wait) in &self.waits {
            if !wait.idle
                && wait.next <= now + TOGETHER
                && let Some(asks) = due.get_mut(wait.ask.identity.address.kind())
            {
                asks.push((*step, wait.ask.clone()));
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::identity::{Identity, StackId};
    use auroractl_core::observed::{Live, Owner};
    use serde_json::Value;

    const SLOW: Timing = Timing { timeout: 900.0, horizon: 60.0, stable: 2, delay: 30.0 };

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn wait() -> Wait {
        let stack = StackId { name: "s".into(), account: "1".into(), region: "r".into() };
        let identity = Identity {
            stack,
            lineage: "l".into(),
            address: "db_cluster.main".parse().unwrap(),
            generation: 0,
            oid: "oid".into(),
            name: "orders".into(),
        };
        let ask = RawAsk { identity, spec: Value::Null, outputs: None };
        Wait::new(ask, Goal::Ready, SLOW, at(0)).usually(20.0)
    }

    fn seen(readiness: Readiness) -> Observed {
        let live = Live { readiness, ..Live::ready(Value::Null, Value::Null, Owner::Inherited) };
        Observed::Live(Box::new(live))
    }

    fn works() -> Observed {
        seen(Readiness::Pending("modifying".into()))
    }

    #[test]
    fn nothing_is_believed_of_an_update_before_it_can_show() {
        let (mut wait, ready) = (wait().updating(SLOW), seen(Readiness::Ready));
        assert_eq!(wait.next, at(30), "nobody looks before");
        assert_eq!(wait.judge(&ready, at(28), at(29)), Verdict::Wait(false));
        assert_eq!(wait.next, at(30));
        assert_eq!(wait.judge(&ready, at(29), at(31)), Verdict::Wait(false), "an answer is as old as its question");
        assert_eq!(wait.judge(&ready, at(31), at(32)), Verdict::Wait(false));
        assert_eq!(wait.judge(&works(), at(34), at(34)), Verdict::Wait(true));
        assert_eq!(wait.judge(&ready, at(36), at(36)), Verdict::Wait(false));
        assert_eq!(wait.judge(&ready, at(38), at(38)), Verdict::Reached);
    }

    #[test]
    fn what_is_made_and_what_is_operated_on_is_believed_at_once() {
        assert_eq!(wait().judge(&seen(Readiness::Ready), at(1), at(1)), Verdict::Reached);
        let mut operated = wait().steady(SLOW);
        assert_eq!(operated.next, at(1));
        assert_eq!(operated.judge(&seen(Readiness::Ready), at(1), at(1)), Verdict::Wait(false));
        assert_eq!(operated.judge(&seen(Readiness::Ready), at(3), at(3)), Verdict::Reached);
    }

    #[test]
    fn edits_are_compared_for_a_while_and_only_where_they_may_not_show() {
        let wait = wait();
        assert!(!wait.compares(at(40)));
        let update = wait.updating(SLOW);
        assert!(update.compares(at(40)) && !update.compares(SHOWN));
    }

    #[test]
    fn an_idle_one_is_asked_for_again_and_not_looked_at() {
        let (mut waits, idle) = (Waits::default(), wait().idle(at(20), "not yet"));
        waits.add(0, idle);
        waits.add(1, wait());
        assert_eq!((waits.next(&|_| false), waits.next_idle()), (Some(at(1)), Some(at(5))));
        assert_eq!(
            (waits.next(&|_| true), waits.next_idle()),
            (None, Some(at(5))),
            "a look at its kind is none of its own"
        );
        assert_eq!(waits.due(at(9), &|_| false).values().map(Vec::len).collect::<Vec<_>>(), [1]);
        assert_eq!((waits.idle(at(4)), waits.idle(at(5))), (vec![], vec![0]));
        waits.get(0).unwrap().rest(at(5));
        assert_eq!(waits.idle(at(19)), Vec::<StepId>::new());
    }

    #[test]
    fn it_is_known_for_how_long_the_same_has_been_said() {
        let mut wait = wait();
        let _ = wait.judge(&works(), at(1), at(1));
        let _ = wait.judge(&works(), at(20), at(20));
        assert_eq!(wait.unchanged(at(21)), at(20));
        let _ = wait.judge(&seen(Readiness::Pending("available, and waits".into())), at(30), at(30));
        assert_eq!(wait.unchanged(at(40)), at(10));
        let mut wait = wait.steady(SLOW);
        let _ = wait.judge(&seen(Readiness::Ready), at(41), at(41));
        assert_eq!(wait.unchanged(at(41)), at(0), "it was well between");
    }
}
