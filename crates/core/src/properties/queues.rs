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
                    undoes: None,
                    look_after: 0.0,
                },
            ));
        }
        made.sort_by_key(|(id, _)| *id);
        program.steps = made.into_iter().map(|(_, step)| step).collect();
        program
    })
}

/// The same, where some steps undo one of those that they wait for.
fn undoing() -> impl Strategy<Value = Program> {
    let picks = proptest::collection::vec(proptest::option::weighted(0.4, any::<usize>()), MOST);
    (program(), picks).prop_map(|(mut program, picks)| {
        for (step, pick) in program.steps.iter_mut().zip(picks) {
            let before: Vec<StepId> = step.after.iter().copied().collect();
            step.undoes = pick.filter(|_| !before.is_empty()).map(|pick| before[pick % before.len()]);
        }
        program
    })
}

/// Something is paused (0), two have their turns (1, 2), and it is resumed (3); the second turn needs something else (4).
fn roll() -> Program {
    let step = |id: StepId, after: &[StepId]| Step {
        address: format!("free.s{id}").parse().unwrap(),
        verb: Verb::Update,
        generation: 0,
        target: None,
        after: after.iter().copied().collect(),
        undoes: None,
        deed: Deed::Update,
        estimate: usual(1),
        look_after: 0.0,
    };
    let steps = vec![step(0, &[]), step(1, &[0]), step(2, &[1, 4]), step(3, &[1, 2]), step(4, &[])];
    let mut program = Program { steps };
    program.undo(0, 3);
    program
}

fn over(place: Place) -> bool {
    matches!(place, Place::Done | Place::Failed | Place::Blocked)
}

#[test]
fn what_was_paused_is_resumed_when_all_is_over() {
    let mut queue = Queue::new(&roll()).unwrap();
    assert_eq!((queue.take(), queue.take()), (Some(0), Some(4)));
    assert_eq!(queue.finish(0), [1]);
    assert_eq!(queue.take(), Some(1));
    assert_eq!(queue.fail(1), [2], "what undoes is not blocked");
    assert_eq!(queue.take(), None, "something before it is still under way");
    assert_eq!(queue.finish(4), [3]);
    assert_eq!(queue.take(), Some(3));
    assert_eq!(queue.finish(3), Vec::<StepId>::new());
    let count = |place| queue.count(place);
    assert_eq!((count(Place::Done), count(Place::Failed), count(Place::Blocked)), (3, 1, 1));
}

#[test]
fn what_was_not_paused_is_not_resumed() {
    for (in_doubt, blocked) in [(false, vec![1, 2, 3]), (true, vec![1, 2])] {
        let mut queue = Queue::new(&roll()).unwrap();
        assert_eq!((queue.take(), queue.take()), (Some(0), Some(4)));
        queue.finish(4);
        assert_eq!(if in_doubt { queue.doubt(0) } else { queue.fail(0) }, blocked);
        assert_eq!(queue.take(), in_doubt.then_some(3), "it may have been executed: {in_doubt}");
    }
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

    /// What undoes another step is blocked by that one alone, and starts when everything before it is over.
    #[test]
    fn what_was_done_is_undone_whatever_failed(
        program in undoing(),
        fails in proptest::collection::vec(proptest::bool::weighted(0.3), MOST),
        doubts in proptest::collection::vec(any::<bool>(), MOST),
        picks in proptest::collection::vec(any::<usize>(), MOST),
    ) {
        let mut queue = Queue::new(&program).unwrap();
        let (mut running, mut blocked) = (Vec::new(), Vec::new());
        for pick in picks.iter().cycle() {
            while let Some(id) = queue.take() {
                prop_assert!(program.before(id).into_iter().all(|earlier| over(queue.at(earlier))));
                running.push(id);
            }
            if running.is_empty() {
                break;
            }
            let id: StepId = running.swap_remove(pick % running.len());
            match (fails[id], doubts[id]) {
                (false, _) => drop(queue.finish(id)),
                (true, false) => blocked.extend(queue.fail(id)),
                (true, true) => blocked.extend(queue.doubt(id)),
            }
        }
        blocked.sort_unstable();
        let lost = |id: &StepId| matches!(queue.at(*id), Place::Failed | Place::Blocked);
        let doubtful = |id: StepId| queue.at(id) == Place::Failed && doubts[id];
        let expected = (0..program.steps.len()).filter(|id| match program.steps[*id].undoes {
            Some(done) => lost(&done) && !doubtful(done),
            None => program.steps[*id].after.iter().any(lost),
        });
        prop_assert_eq!(&blocked, &expected.collect::<Vec<_>>());
        prop_assert!((0..program.steps.len()).all(|id| over(queue.at(id))));
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
