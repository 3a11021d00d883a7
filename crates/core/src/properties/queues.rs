//! Queues over random programs.

use super::runs::config;
use crate::address::Address;
use crate::durations::{Deed, Estimate};
use crate::lower::{Program, Step, StepId};
use crate::queue::{Place, Queue};
use crate::state::Verb;
use proptest::prelude::*;
use std::collections::BTreeSet;

const MOST: usize = 14;

/// As many seconds as said; thrice as many on a bad day.
pub(super) fn usual(seconds: u16) -> Estimate {
    Estimate { p50: f32::from(seconds), p95: 3.0 * f32::from(seconds) }
}

/// A program without circles: a step waits for some of those before it in a random order.
pub(crate) fn program() -> impl Strategy<Value = Program> {
    let steps = proptest::collection::vec((0..50_u16, proptest::collection::vec(any::<bool>(), MOST)), 1..MOST);
    (steps, any::<bool>()).prop_map(|(steps, backwards)| {
        let count = steps.len();
        let place = |index: usize| if backwards { count - 1 - index } else { index };
        let mut program = Program::default();
        let mut made: Vec<(StepId, Step)> = Vec::new();
        for (index, (seconds, picks)) in steps.into_iter().enumerate() {
            let after = (0..index).filter(|earlier| picks[*earlier] && (index + earlier) % 3 == 0).map(place).collect();
            let address: Address = format!("free.s{}", place(index)).parse().unwrap();
            made.push((
                place(index),
                Step {
                    address,
                    verb: Verb::Create,
                    generation: 0,
                    target: None,
                    after,
                    deed: Deed::Create,
                    estimate: usual(seconds),
                    look_after: 0.0,
                },
            ));
        }
        made.sort_by_key(|(id, _)| *id);
        program.steps = made.into_iter().map(|(_, step)| step).collect();
        program
    })
}

/// Seconds from a step's start to the end of the longest path through it.
fn longest(program: &Program, id: StepId) -> f64 {
    let users = (0..program.steps.len()).filter(|user| program.steps[*user].after.contains(&id));
    f64::from(program.steps[id].estimate.p50) + users.map(|user| longest(program, user)).fold(0.0, f64::max)
}

/// Everything that waits for one of these, however indirectly.
fn dependants(program: &Program, of: &BTreeSet<StepId>) -> BTreeSet<StepId> {
    let mut found = BTreeSet::new();
    loop {
        let before = found.len();
        for (id, step) in program.steps.iter().enumerate() {
            if step.after.iter().any(|earlier| of.contains(earlier) || found.contains(earlier)) {
                found.insert(id);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

proptest! {
    #![proptest_config(config(500))]

    /// Of the steps that may start, none has a longer path before it than the one that is handed out.
    #[test]
    fn the_longest_path_goes_first(program in program()) {
        let mut queue = Queue::new(&program).unwrap();
        let all = 0..program.steps.len();
        let critical = all.clone().map(|id| longest(&program, id)).fold(0.0, f64::max);
        prop_assert_eq!(queue.critical_path(), critical);
        while let Some(id) = queue.take() {
            prop_assert!(program.steps[id].after.iter().all(|earlier| queue.at(*earlier) == Place::Done));
            prop_assert_eq!(queue.remaining(id), longest(&program, id));
            for other in all.clone().filter(|other| queue.at(*other) == Place::Ready) {
                prop_assert!(longest(&program, other) <= longest(&program, id));
            }
            queue.finish(id);
        }
        prop_assert_eq!(queue.count(Place::Done), program.steps.len());
    }

    /// A failure blocks exactly what waits for it; everything else still runs, whatever ends first.
    #[test]
    fn a_failure_blocks_its_dependants_alone(
        program in program(),
        fails in proptest::collection::vec(proptest::bool::weighted(0.2), MOST),
        picks in proptest::collection::vec(any::<usize>(), MOST),
    ) {
        let mut queue = Queue::new(&program).unwrap();
        let (mut running, mut failed, mut blocked) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for pick in picks.iter().cycle() {
            running.extend(std::iter::from_fn(|| queue.take()));
            if running.is_empty() {
                break;
            }
            let id: StepId = running.swap_remove(pick % running.len());
            if fails[id] {
                failed.insert(id);
                let new = queue.fail(id);
                prop_assert!(new.iter().all(|id| blocked.insert(*id)), "a step was blocked twice");
            } else {
                queue.finish(id);
            }
        }
        prop_assert_eq!(&blocked, &dependants(&program, &failed));
        let at = |place| (0..program.steps.len()).filter(|id| queue.at(*id) == place).collect::<BTreeSet<_>>();
        prop_assert_eq!(at(Place::Failed), failed);
        prop_assert_eq!(at(Place::Blocked), blocked);
        prop_assert_eq!(at(Place::Waiting).len() + at(Place::Ready).len() + at(Place::Running).len(), 0);
    }

    /// A circle is told, and its steps are among those named.
    #[test]
    fn a_circle_is_no_queue(program in program(), ends in (any::<usize>(), any::<usize>())) {
        let mut program = program;
        let count = program.steps.len();
        let (one, other) = (ends.0 % count, ends.1 % count);
        let closes = one == other || dependants(&program, &BTreeSet::from([one])).contains(&other);
        program.steps[one].after.insert(other);
        match Queue::new(&program) {
            Ok(_) => prop_assert!(!closes),
            Err(knot) => prop_assert!(closes && knot.0.contains(&one) && knot.0.contains(&other), "{knot:?}"),
        }
    }
}
