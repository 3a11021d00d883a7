//! A run against its prediction: how far each step is, what is late, and how long the rest takes.

use super::words;
use auroractl_core::lower::{Program, StepId};
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
    Over,
}

/// A run as it goes. Times are the clock's, which a test may let run faster.
pub(super) struct Pace {
    begun: Instant,
    scale: f64,
    steps: Vec<(Estimate, BTreeSet<StepId>, Place)>,
    addresses: Vec<Address>,
    verbs: Vec<Verb>,
}

impl Pace {
    /// A run that begins now.
    pub(super) fn new(program: &Program, scale: f64) -> Self {
        let steps = program.steps.iter().map(|step| (step.estimate, step.after.clone(), Place::Ahead));
        let addresses = program.steps.iter().map(|step| step.address.clone());
        let verbs = program.steps.iter().map(|step| step.verb).collect();
        Self { begun: Instant::now(), scale, steps: steps.collect(), addresses: addresses.collect(), verbs }
    }

    /// What a step does.
    pub(super) fn verb(&self, step: StepId) -> Option<Verb> {
        self.verbs.get(step).copied()
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
            Event::StepFinished { step, .. } | Event::StepFailed { step, .. } | Event::StepBlocked { step, .. } => {
                self.set(*step, Place::Over);
            }
            _ => {}
        }
    }

    fn set(&mut self, step: StepId, place: Place) {
        if let Some(slot) = self.steps.get_mut(step) {
            slot.2 = place;
        }
    }

    /// How long a step is predicted to take.
    pub(super) fn estimate(&self, step: StepId) -> Estimate {
        self.steps.get(step).map_or(Estimate::NOTHING, |(estimate, ..)| *estimate)
    }

    /// How long the running step of a resource is under way, and how long that was predicted to take.
    pub(super) fn of(&self, address: &Address) -> Option<(f64, Estimate)> {
        let mut own = self.steps.iter().zip(&self.addresses).filter(|(_, own)| *own == address);
        own.find_map(|((estimate, _, place), _)| match place {
            Place::Running(since) => Some((self.now() - since, *estimate)),
            Place::Ahead | Place::Over => None,
        })
    }

    /// How long what is left takes, in seconds: the longest chain of steps that are not over.
    pub(super) fn left(&self) -> f64 {
        self.left_at(self.now())
    }

    fn left_at(&self, now: f64) -> f64 {
        let mut ends: Vec<Option<f64>> = vec![None; self.steps.len()];
        let mut open: Vec<StepId> = (0..self.steps.len()).rev().collect();
        // Depth first without recursion: a step is visited again when what it waits for is known.
        while let Some(id) = open.last().copied() {
            let Some((estimate, after, place)) = self.steps.get(id) else { return 0.0 };
            let known = |id: &StepId| ends.get(*id).copied().flatten();
            if known(&id).is_some() || *place == Place::Over {
                open.pop();
                if let Some(slot) = ends.get_mut(id).filter(|slot| slot.is_none()) {
                    *slot = Some(0.0);
                }
                continue;
            }
            let unknown: Vec<StepId> = after.iter().copied().filter(|id| known(id).is_none()).collect();
            if unknown.is_empty() {
                let start = after.iter().filter_map(known).fold(0.0, f64::max);
                let end = start + rest(*estimate, *place, now);
                open.pop();
                if let Some(slot) = ends.get_mut(id) {
                    *slot = Some(end);
                }
            } else {
                open.extend(unknown);
            }
        }
        ends.into_iter().flatten().fold(0.0, f64::max)
    }
}

/// How long a step still takes: until its median, and once that has passed, until its 95th percentile.
fn rest(estimate: Estimate, place: Place, now: f64) -> f64 {
    let (p50, p95) = (f64::from(estimate.p50), f64::from(estimate.p95));
    match place {
        Place::Ahead => p50,
        Place::Running(since) if now - since < p50 => p50 - (now - since),
        Place::Running(since) => (p95 - (now - since)).max(0.0),
        Place::Over => 0.0,
    }
}

/// Is it later than its 95th percentile?
pub(super) fn overdue(spent: f64, estimate: Estimate) -> bool {
    estimate.p95 >= WORTH_TELLING && spent > f64::from(estimate.p95)
}

/// `about 6 min 0 s left`; nothing where nothing is.
pub(super) fn left(seconds: f64) -> String {
    if seconds < 1.0 { String::new() } else { format!("about {} left", words::seconds(seconds)) }
}

/// `12 s, usually 15 s`; the time alone where nobody would compare.
pub(super) fn against(spent: f64, estimate: Estimate) -> String {
    let time = words::seconds(spent);
    if estimate.p50 < WORTH_TELLING { time } else { format!("{time}, usually {}", words::seconds(estimate.p50.into())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps with their medians and what they wait for; 95th percentiles are twice as long.
    fn pace(steps: &[(f32, &[StepId])]) -> Pace {
        let step = |(p50, after): &(f32, &[StepId])| {
            (Estimate { p50: *p50, p95: p50 * 2.0 }, after.iter().copied().collect(), Place::Ahead)
        };
        Pace {
            begun: Instant::now(),
            scale: 1.0,
            steps: steps.iter().map(step).collect(),
            addresses: Vec::new(),
            verbs: Vec::new(),
        }
    }

    #[test]
    fn what_is_left_is_the_longest_chain() {
        let mut pace = pace(&[(10.0, &[]), (20.0, &[0]), (5.0, &[0]), (7.0, &[1, 2])]);
        assert_eq!(pace.left_at(0.0), 37.0);
        pace.set(0, Place::Running(0.0));
        assert_eq!(pace.left_at(4.0), 33.0);
        assert_eq!(pace.left_at(15.0), 32.0, "past its median it may take until its 95th percentile");
        assert_eq!(pace.left_at(100.0), 27.0, "and nothing is promised beyond");
        pace.set(0, Place::Over);
        pace.set(1, Place::Over);
        assert_eq!(pace.left_at(100.0), 12.0);
        (2..4).for_each(|step| pace.set(step, Place::Over));
        assert_eq!(pace.left_at(100.0), 0.0);
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
