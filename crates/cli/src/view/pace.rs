//! A run against its prediction: how far each step is, what is late, how long the rest takes, and what it would leave behind.

use super::words;
use auroractl_core::lower::{Program, Step, StepId};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Estimate};
use auroractl_engine::Event;
use std::collections::BTreeSet;
use std::time::Instant;

/// What is predicted to take less, in seconds, is over before anybody compares.
const WORTH_TELLING: f32 = 5.0;

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Ahead,
    /// Since then, in seconds of the run.
    Running(f64),
    /// It ended well.
    Done,
    /// It failed, or will not start.
    Failed,
}

/// A step, and where it is.
struct Slot {
    address: Address,
    verb: Verb,
    estimate: Estimate,
    after: BTreeSet<StepId>,
    undoes: Option<StepId>,
    place: Place,
}

/// A run as it goes. Times are the clock's, which a test may let run faster.
pub(super) struct Pace {
    begun: Instant,
    scale: f64,
    whole: Estimate,
    steps: Vec<Slot>,
}

/// How long the rest of a run takes, in seconds: the longest chain of steps that are not over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Left {
    /// As a rule. What has passed its median may end at any moment, and counts for nothing.
    usual: f64,
    /// Where what has passed its median goes on until its 95th percentile.
    late: f64,
}

impl Pace {
    /// A run that begins now, and how long the whole of it is predicted to take.
    pub(super) fn new(program: &Program, whole: Estimate, scale: f64) -> Self {
        Self { begun: Instant::now(), scale, whole, steps: program.steps.iter().map(Slot::of).collect() }
    }

    /// How long the whole is predicted to take.
    pub(super) fn whole(&self) -> Estimate {
        self.whole
    }

    /// What a step does.
    pub(super) fn verb(&self, step: StepId) -> Option<Verb> {
        self.steps.get(step).map(|slot| slot.verb)
    }

    /// Seconds since it began.
    pub(super) fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64() * self.scale
    }

    /// Something happened.
    pub(super) fn note(&mut self, event: &Event) {
        let now = self.now();
        match event {
            Event::StepStarted { step, .. } => self.set(*step, Place::Running(now)),
            Event::StepFinished { step, .. } => self.set(*step, Place::Done),
            Event::StepFailed { step, .. } | Event::StepBlocked { step, .. } => self.set(*step, Place::Failed),
            _ => {}
        }
    }

    fn set(&mut self, step: StepId, place: Place) {
        if let Some(slot) = self.steps.get_mut(step) {
            slot.place = place;
        }
    }

    /// How long a step is predicted to take.
    pub(super) fn estimate(&self, step: StepId) -> Estimate {
        self.steps.get(step).map_or(Estimate::NOTHING, |slot| slot.estimate)
    }

    /// How long the running step of a resource is under way, and how long that was predicted to take.
    pub(super) fn of(&self, address: &Address) -> Option<(f64, Estimate)> {
        let mut own = self.steps.iter().filter(|slot| slot.address == *address);
        own.find_map(|slot| match slot.place {
            Place::Running(since) => Some((self.now() - since, slot.estimate)),
            Place::Ahead | Place::Done | Place::Failed => None,
        })
    }

    /// What this run has suspended and not resumed. A call without an answer may have been executed.
    pub(super) fn suspended(&self) -> Vec<&Address> {
        let resumed = |id| self.steps.iter().any(|slot| slot.undoes == Some(id) && slot.place == Place::Done);
        let sent = |slot: &Slot| matches!(slot.place, Place::Running(_) | Place::Done);
        let pauses = self.steps.iter().enumerate().filter(|(_, slot)| slot.verb == Verb::Pause && sent(slot));
        pauses.filter(|(id, _)| !resumed(*id)).map(|(_, slot)| &slot.address).collect()
    }

    /// How long what is left takes.
    pub(super) fn left(&self) -> Left {
        self.left_at(self.now())
    }

    fn left_at(&self, now: f64) -> Left {
        Left { usual: self.chain(&|slot| slot.rest(now).0), late: self.chain(&|slot| slot.rest(now).1) }
    }

    /// The longest chain of steps that are not over, each as long as it says.
    fn chain(&self, rest: &dyn Fn(&Slot) -> f64) -> f64 {
        let mut ends: Vec<Option<f64>> = vec![None; self.steps.len()];
        let mut open: Vec<StepId> = (0..self.steps.len()).rev().collect();
        // Depth first without recursion: a step is visited again when what it waits for is known.
        while let Some(id) = open.last().copied() {
            let Some(slot) = self.steps.get(id) else { return 0.0 };
            let known = |id: &StepId| ends.get(*id).copied().flatten();
            if known(&id).is_some() || slot.is_over() {
                open.pop();
                if let Some(end) = ends.get_mut(id).filter(|end| end.is_none()) {
                    *end = Some(0.0);
                }
                continue;
            }
            let unknown: Vec<StepId> = slot.after.iter().copied().filter(|id| known(id).is_none()).collect();
            if unknown.is_empty() {
                let start = slot.after.iter().filter_map(known).fold(0.0, f64::max);
                open.pop();
                if let Some(end) = ends.get_mut(id) {
                    *end = Some(start + rest(slot));
                }
            } else {
                open.extend(unknown);
            }
        }
        ends.into_iter().flatten().fold(0.0, f64::max)
    }
}

impl Slot {
    fn of(step: &Step) -> Self {
        let Step { address, verb, estimate, after, undoes, .. } = step.clone();
        Self { address, verb, estimate, after, undoes, place: Place::Ahead }
    }

    fn is_over(&self) -> bool {
        matches!(self.place, Place::Done | Place::Failed)
    }

    /// How long it still takes: until its median, and from there on nothing, or until its 95th percentile.
    fn rest(&self, now: f64) -> (f64, f64) {
        let (p50, p95) = (f64::from(self.estimate.p50), f64::from(self.estimate.p95));
        match self.place {
            Place::Ahead => (p50, p50),
            Place::Running(since) if now - since < p50 => (p50 - (now - since), p50 - (now - since)),
            Place::Running(since) => (0.0, (p95 - (now - since)).max(0.0)),
            Place::Done | Place::Failed => (0.0, 0.0),
        }
    }
}

/// Is it later than its 95th percentile?
pub(super) fn overdue(spent: f64, estimate: Estimate) -> bool {
    estimate.p95 >= WORTH_TELLING && spent > f64::from(estimate.p95)
}

/// `about 6 min 0 s left`; nothing where nothing is. A step that is late makes no new promise: what was told does not jump.
pub(super) fn left(Left { usual, late }: Left) -> String {
    let worth = f64::from(WORTH_TELLING);
    match (usual, late - usual) {
        (usual, more) if more >= worth && usual < worth => format!("any moment, at most {}", words::seconds(late)),
        (usual, more) if more >= worth => format!("about {} left, or more", words::seconds(usual)),
        (usual, _) if usual < 1.0 => String::new(),
        (usual, _) => format!("about {} left", words::seconds(usual)),
    }
}

/// `12 s, usually 15 s`; the time alone where nobody would compare.
pub(super) fn against(spent: f64, estimate: Estimate) -> String {
    let time = words::seconds(spent);
    if estimate.p50 < WORTH_TELLING { time } else { format!("{time}, usually {}", words::seconds(estimate.p50.into())) }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use auroractl_core::Deed;

    /// Steps with their medians and what they wait for; 95th percentiles are twice as long.
    fn pace(steps: &[(f32, &[StepId])]) -> Pace {
        let slot = |(p50, after): &(f32, &[StepId])| Slot {
            address: "db_instance.a".parse().unwrap(),
            verb: Verb::Create,
            estimate: Estimate { p50: *p50, p95: p50 * 2.0 },
            after: after.iter().copied().collect(),
            undoes: None,
            place: Place::Ahead,
        };
        let whole = Estimate { p50: 688.0, p95: 1711.0 };
        Pace { begun: Instant::now(), scale: 1.0, whole, steps: steps.iter().map(slot).collect() }
    }

    fn at_most(usual: f64, late: f64) -> Left {
        Left { usual, late }
    }

    /// A roll of which these steps have been begun, and these have ended well.
    pub(in crate::view) fn roll(begun: usize, done: usize) -> Pace {
        let step = |(id, verb): (usize, Verb)| Step {
            address: ["scalable_target.readers", "db_instance.a"][id % 2].parse().unwrap(),
            verb,
            generation: 1,
            target: None,
            after: id.checked_sub(1).into_iter().collect(),
            undoes: (verb == Verb::Resume).then_some(0),
            deed: Deed::Update,
            estimate: Estimate { p50: 1.0, p95: 4.0 },
            look_after: 0.0,
        };
        let steps = [Verb::Pause, Verb::Update, Verb::Resume].into_iter().enumerate().map(step);
        let program = Program { steps: steps.collect() };
        let mut pace = Pace::new(&program, Estimate { p50: 688.0, p95: 1711.0 }, 1.0);
        (0..begun).for_each(|step| pace.set(step, Place::Running(0.0)));
        (0..done).for_each(|step| pace.set(step, Place::Done));
        pace
    }

    #[test]
    fn what_is_left_is_the_longest_chain() {
        let mut pace = pace(&[(10.0, &[]), (20.0, &[0]), (5.0, &[0]), (7.0, &[1, 2])]);
        assert_eq!(pace.left_at(0.0), at_most(37.0, 37.0));
        pace.set(0, Place::Running(0.0));
        assert_eq!(pace.left_at(4.0), at_most(33.0, 33.0));
        assert_eq!(pace.left_at(15.0), at_most(27.0, 32.0), "past its median it may take until its 95th percentile");
        assert_eq!(pace.left_at(100.0), at_most(27.0, 27.0), "and nothing is promised beyond");
        pace.set(0, Place::Done);
        pace.set(1, Place::Failed);
        assert_eq!(pace.left_at(100.0), at_most(12.0, 12.0));
        (2..4).for_each(|step| pace.set(step, Place::Done));
        assert_eq!(pace.left_at(100.0), at_most(0.0, 0.0));
    }

    #[test]
    fn what_is_told_of_the_rest_does_not_jump_where_a_step_is_late() {
        let told = |usual, late| left(at_most(usual, late));
        assert_eq!(told(11.0, 11.0), "about 11 s left");
        assert_eq!(told(0.0, 511.0), "any moment, at most 8 min 31 s");
        assert_eq!(told(2.0, 513.0), "any moment, at most 8 min 33 s", "two calls come after it");
        assert_eq!(told(270.0, 500.0), "about 4 min 30 s left, or more");
        assert_eq!(told(270.0, 273.0), "about 4 min 30 s left", "a call that is slow is no event");
        assert_eq!((told(0.0, 0.0), told(0.0, 4.0)), (String::new(), String::new()));
    }

    #[test]
    fn what_is_suspended_and_not_resumed() {
        let told = |begun, done| roll(begun, done).suspended().len();
        assert_eq!([told(0, 0), told(1, 0), told(2, 1), told(3, 2), told(3, 3)], [0, 1, 1, 1, 0]);
        let mut failed = roll(1, 0);
        failed.set(0, Place::Failed);
        assert!(failed.suspended().is_empty());
    }

    #[test]
    fn late_is_later_than_nineteen_of_twenty() {
        let estimate = Estimate { p50: 15.0, p95: 60.0 };
        assert!(!overdue(59.0, estimate) && overdue(61.0, estimate));
        assert!(!overdue(30.0, Estimate { p50: 1.0, p95: 4.0 }), "a call that is slow is no event");
        assert_eq!(against(12.0, estimate), "12 s, usually 15 s");
        assert_eq!(against(1.0, Estimate { p50: 1.0, p95: 4.0 }), "1 s");
    }
}
