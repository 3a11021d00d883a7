//! A run in virtual time: the same program, the same queue, no world.
//!
//! A step is a call and then a wait. Only the call counts against the limit of
//! calls in flight, as in the apply loop; so a rehearsal starts what a run
//! would start, in the same order, at the predicted time. What it tells beside
//! times is who gates whom: each step's start has one cause, and the causes
//! from the last step backwards are the critical path.

use crate::durations::{Estimate, narrow};
use crate::lower::{Program, StepId};
use crate::queue::{Knot, Queue, millis, seconds};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A call takes at most so long, in milliseconds; the rest of a step is waiting, which holds no place.
const CALL: u64 = 1_000;
/// So many steps are walked in all to find the 95th percentile.
const EFFORT: usize = 200_000;
/// At least and at most so many draws.
const DRAWS: (usize, usize) = (19, 199);

/// Why a step starts when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "gate", content = "step", rename_all = "snake_case")]
pub enum Gate {
    /// It needs nothing, and there is room.
    Free,
    /// It waited for this step's end.
    Need(StepId),
    /// It was ready, and this step's call held the last place.
    Place(StepId),
}

/// One step's place in time, in milliseconds from the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Span {
    /// When it starts.
    pub start: u64,
    /// When its resource is usable, or gone.
    pub end: u64,
    /// What it waited for.
    pub gate: Gate,
}

/// A rehearsed run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rehearsal {
    /// The limit of calls in flight.
    pub parallel: usize,
    /// Every step, by its id.
    pub spans: Vec<Span>,
    /// How long the whole takes, in milliseconds.
    pub makespan: u64,
    /// The longest chain of needs, in milliseconds: no run can be shorter.
    pub longest: u64,
    /// The steps that decide when the run ends, first to last: each starts because of the one before it.
    pub critical: Vec<StepId>,
}

/// Runs the program with every step as long as its median.
///
/// # Errors
/// When steps wait for one another in a circle.
pub fn rehearse(program: &Program, parallel: usize) -> Result<Rehearsal, Knot> {
    let queue = Queue::new(program)?;
    let longest = queue.critical_millis();
    let spans = run(queue, program, parallel, &|estimate, _| millis(f64::from(estimate.p50)));
    let last = spans.iter().enumerate().max_by_key(|(id, span)| (span.end, Reverse(*id))).map(|(id, _)| id);
    let makespan = last.and_then(|id| spans.get(id)).map_or(0, |span| span.end);
    Ok(Rehearsal { parallel: parallel.max(1), critical: causes(&spans, last), spans, makespan, longest })
}

/// How long a run of the program takes, in seconds.
///
/// The median is the rehearsal's. For the 95th percentile the run is rehearsed with durations drawn by the steps'
/// estimates, each step for itself, and the draws are the same every time: equal programs have equal estimates.
///
/// # Errors
/// When steps wait for one another in a circle.
pub fn estimate(program: &Program, parallel: usize) -> Result<Estimate, Knot> {
    let queue = Queue::new(program)?;
    let draws = (EFFORT / program.steps.len().max(1)).clamp(DRAWS.0, DRAWS.1);
    let makespan = |seconds: &dyn Fn(Estimate, StepId) -> u64| {
        run(queue.clone(), program, parallel, seconds).iter().map(|span| span.end).max().unwrap_or(0)
    };
    let median = makespan(&|estimate, _| millis(f64::from(estimate.p50)));
    let mut drawn: Vec<u64> =
        (0..draws).map(|draw| makespan(&|estimate, step| millis(estimate.at(normal(draw, step))))).collect();
    drawn.sort_unstable();
    let high = drawn.get((draws * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or(median);
    Ok(Estimate { p50: narrow(seconds(median)), p95: narrow(seconds(high.max(median))) })
}

/// The loop of apply without the world: start what may start, let the next thing end, repeat.
fn run(mut queue: Queue, program: &Program, parallel: usize, lasts: &dyn Fn(Estimate, StepId) -> u64) -> Vec<Span> {
    let mut spans = vec![Span { start: 0, end: 0, gate: Gate::Free }; program.steps.len()];
    // What happens next: a step's end before the end of a call, then by number, so that equal times have one order.
    let mut next: BinaryHeap<Reverse<(u64, bool, StepId)>> = BinaryHeap::new();
    let mut ready_by: Vec<Option<StepId>> = vec![None; program.steps.len()];
    let (mut now, mut calls, mut freed) = (0, 0, None);
    loop {
        while calls < parallel.max(1)
            && let Some(id) = queue.take()
        {
            let estimate = program.steps.get(id).map_or(Estimate::NOTHING, |step| step.estimate);
            let whole = lasts(estimate, id);
            let need = ready_by.get(id).copied().flatten();
            let ready_at = need.and_then(|by| spans.get(by)).map_or(0, |span: &Span| span.end);
            let gate = match (freed, need) {
                (Some(by), _) if now > ready_at => Gate::Place(by),
                (_, Some(by)) => Gate::Need(by),
                (_, None) => Gate::Free,
            };
            if let Some(span) = spans.get_mut(id) {
                *span = Span { start: now, end: now + whole, gate };
            }
            calls += 1;
            next.push(Reverse((now + whole.min(CALL), true, id)));
        }
        let Some(Reverse((at, call, id))) = next.pop() else { return spans };
        now = at;
        let end = spans.get(id).map_or(now, |span| span.end);
        if call {
            calls -= 1;
            freed = Some(id);
            if end > now {
                next.push(Reverse((end, false, id)));
                continue;
            }
        }
        for opened in queue.finish(id) {
            if let Some(by) = ready_by.get_mut(opened) {
                *by = Some(id);
            }
        }
    }
}

/// The chain of causes that ends with this step, first to last.
fn causes(spans: &[Span], last: Option<StepId>) -> Vec<StepId> {
    let mut chain = Vec::new();
    let mut at = last;
    while let Some(id) = at {
        chain.push(id);
        at = match spans.get(id).map(|span| span.gate) {
            Some(Gate::Need(by) | Gate::Place(by)) => Some(by),
            Some(Gate::Free) | None => None,
        };
    }
    chain.reverse();
    chain
}

/// A number of the standard normal distribution, the same for the same draw and step: a hash, spread by Tukey's lambda
/// approximation of the inverse distribution, which is true to 0.01 between the first and the last percent.
fn normal(draw: usize, step: StepId) -> f64 {
    let seed = u64::try_from(draw).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bits = seed ^ u64::try_from(step).unwrap_or(0).wrapping_mul(0xd1b5_4a32_d192_ed03);
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb), (31, 1)] {
        bits = (bits ^ (bits >> shift)).wrapping_mul(factor);
    }
    let part = (f64::from(u32::try_from(bits >> 32).unwrap_or(0)) + 0.5) / 4_294_967_296.0;
    (part.powf(0.135) - (1.0 - part).powf(0.135)) / 0.1975
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durations::{Deed, Z95};
    use crate::properties::queues::program;
    use crate::state::Verb;
    use proptest::prelude::*;

    /// Steps with their medians and what they wait for.
    fn steps(of: &[(f32, &[StepId])]) -> Program {
        let step = |(id, (p50, after)): (usize, &(f32, &[StepId]))| crate::lower::Step {
            address: format!("part.p{id}").parse().unwrap(),
            verb: Verb::Create,
            generation: 0,
            target: None,
            after: after.iter().copied().collect(),
            deed: Deed::Create,
            estimate: Estimate { p50: *p50, p95: p50 * 2.0 },
            undoes: None,
            look_after: 0.0,
        };
        Program { steps: of.iter().enumerate().map(step).collect() }
    }

    #[test]
    fn waits_hold_no_place() {
        let three = steps(&[(100.0, &[]), (100.0, &[]), (100.0, &[])]);
        let alone = rehearse(&three, 1).unwrap();
        assert_eq!(alone.makespan, 102_000, "calls one after the other, waits side by side");
        assert_eq!(alone.spans.iter().map(|span| span.start).collect::<Vec<_>>(), [0, 1_000, 2_000]);
        assert_eq!(alone.critical, [0, 1, 2]);
        assert_eq!(alone.spans[2].gate, Gate::Place(1));
        assert_eq!(rehearse(&three, 3).unwrap().makespan, 100_000);
    }

    #[test]
    fn who_gates_whom() {
        // A cluster after its key and its subnets; two instances after the cluster.
        let program = steps(&[(3.0, &[]), (20.0, &[]), (40.0, &[0, 1]), (270.0, &[2]), (200.0, &[2])]);
        let run = rehearse(&program, 16).unwrap();
        assert_eq!(run.critical, [1, 2, 3]);
        assert_eq!((run.makespan, run.longest), (330_000, 330_000));
        assert_eq!(run.spans[2].gate, Gate::Need(1), "the one that ended last");
        assert_eq!(run.spans[0].gate, Gate::Free);
    }

    #[test]
    fn nothing_takes_no_time() {
        assert_eq!(rehearse(&Program::default(), 4).unwrap().makespan, 0);
        assert_eq!(estimate(&Program::default(), 4).unwrap(), Estimate::NOTHING);
    }

    #[test]
    fn one_step_is_as_long_as_its_own_estimate() {
        let whole = estimate(&steps(&[(270.0, &[])]), 16).unwrap();
        assert_eq!(whole.p50, 270.0);
        assert!((whole.p95 / 540.0 - 1.0).abs() < 0.1, "{whole:?}");
    }

    #[test]
    fn the_draws_are_normal() {
        let mut drawn: Vec<f64> = (0..200).flat_map(|draw| (0..50).map(move |step| normal(draw, step))).collect();
        drawn.sort_by(f64::total_cmp);
        for (part, z) in [(0.05, -Z95), (0.25, -0.674), (0.5, 0.0), (0.75, 0.674), (0.95, Z95)] {
            let found = drawn[(10_000.0 * part) as usize];
            assert!((found - z).abs() < 0.06, "{part}: {found} instead of {z}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        /// Every step starts when everything it needs has ended, and for the reason it names; the whole is no shorter
        /// than the longest chain, and no longer than Graham's bound: that chain, and the calls one after another.
        #[test]
        fn a_rehearsal_is_a_schedule(program in program(), parallel in 1..6_usize) {
            let run = rehearse(&program, parallel).unwrap();
            let mut work = 0;
            for (id, step) in program.steps.iter().enumerate() {
                let span = run.spans[id];
                let length = millis(f64::from(step.estimate.p50));
                prop_assert_eq!(span.end - span.start, length);
                let needs = step.after.iter().map(|by| run.spans[*by].end).max().unwrap_or(0);
                prop_assert!(span.start >= needs);
                match span.gate {
                    Gate::Free => prop_assert_eq!(span.start, 0),
                    Gate::Need(by) => prop_assert!(step.after.contains(&by) && run.spans[by].end == span.start),
                    Gate::Place(by) => {
                        let call = run.spans[by];
                        prop_assert_eq!(call.start + (call.end - call.start).min(CALL), span.start);
                    }
                }
                work += length.min(CALL);
            }
            let limit = u64::try_from(parallel).unwrap();
            prop_assert!(run.makespan >= run.longest);
            prop_assert!(run.makespan <= run.longest + work.div_ceil(limit));
            for at in run.spans.iter().map(|span| span.start) {
                let busy = |span: &&Span| span.start <= at && at < span.start + (span.end - span.start).min(CALL);
                prop_assert!(run.spans.iter().filter(busy).count() <= parallel);
            }
        }

        /// With a place for everybody, needs alone decide.
        #[test]
        fn enough_places_are_as_good_as_any(program in program()) {
            let run = rehearse(&program, program.steps.len()).unwrap();
            prop_assert_eq!(run.makespan, run.longest);
            prop_assert!(run.makespan <= rehearse(&program, 1).unwrap().makespan);
        }

        /// The critical path is a chain of causes from the beginning to the end.
        #[test]
        fn the_critical_path_leads_to_the_end(program in program(), parallel in 1..6_usize) {
            let run = rehearse(&program, parallel).unwrap();
            let first = run.critical.first().map(|id| run.spans[*id].gate);
            prop_assert!(first == Some(Gate::Free));
            prop_assert_eq!(run.critical.last().map(|id| run.spans[*id].end), Some(run.makespan));
            let whole = estimate(&program, parallel).unwrap();
            prop_assert!(whole.p95 >= whole.p50);
            prop_assert_eq!(estimate(&program, parallel).unwrap(), whole);
        }
    }
}
