//! Which step may start now. Pure: no clock, no task, no I/O.
//!
//! Among the steps that may start, the one with the longest remaining path
//! goes first: that keeps the critical path busy.
//!
//! A step that failed blocks what waits for it. A step that undoes another
//! ([`Step::undoes`](crate::lower::Step::undoes)) is blocked by that one alone:
//! where anything else failed, it starts when all before it is over.

use crate::lower::{Program, StepId};
use std::collections::{BTreeMap, BTreeSet};

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It waits for others.
    Waiting,
    /// It may start.
    Ready,
    /// It was handed out.
    Running,
    /// It ended well.
    Done,
    /// It failed.
    Failed,
    /// It will never start, since a step that it needs failed.
    Blocked,
}

/// The steps of a program and where they stand.
#[derive(Clone, Debug)]
pub struct Queue {
    place: Vec<Place>,
    missing: Vec<usize>,
    users: Vec<Vec<StepId>>,
    path: Vec<u64>,
    ready: BTreeSet<(std::cmp::Reverse<u64>, StepId)>,
    undoing: BTreeMap<StepId, Undoing>,
}

/// A step that undoes another.
#[derive(Clone, Debug)]
struct Undoing {
    /// What it undoes.
    done: StepId,
    /// What must be over, however it ended.
    before: BTreeSet<StepId>,
}

/// The program's edges run in a circle: a fault in a lowering.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} steps wait for one another in a circle", .0.len())]
pub struct Knot(pub Vec<StepId>);

impl Queue {
    /// All steps of a program.
    ///
    /// # Errors
    /// When steps wait for one another in a circle.
    pub fn new(program: &Program) -> Result<Self, Knot> {
        let count = program.steps.len();
        let missing: Vec<usize> = program.steps.iter().map(|step| step.after.len()).collect();
        let mut users: Vec<Vec<StepId>> = vec![Vec::new(); count];
        for (id, step) in program.steps.iter().enumerate() {
            for earlier in &step.after {
                if let Some(list) = users.get_mut(*earlier) {
                    list.push(id);
                }
            }
        }
        let order = topological(&missing, &users)?;
        let path = longest_paths(program, &users, &order);
        let (place, ready, undoing) = (vec![Place::Waiting; count], BTreeSet::new(), undoing(program));
        let mut queue = Self { place, missing, users, path, ready, undoing };
        for id in 0..count {
            queue.offer(id);
        }
        Ok(queue)
    }

    /// Hands out the ready step with the longest remaining path.
    pub fn take(&mut self) -> Option<StepId> {
        let (_, id) = self.ready.pop_first()?;
        self.set(id, Place::Running);
        Some(id)
    }

    /// A step ended well; steps that waited only for its end become ready, and are returned.
    pub fn finish(&mut self, id: StepId) -> Vec<StepId> {
        self.set(id, Place::Done);
        let mut opened = self.users.get(id).cloned().unwrap_or_default();
        for user in &opened {
            if let Some(missing) = self.missing.get_mut(*user) {
                *missing = missing.saturating_sub(1);
            }
            self.offer(*user);
        }
        opened.retain(|user| self.at(*user) == Place::Ready);
        opened.extend(self.release());
        opened
    }

    /// A step failed; returns the steps that will never start because of it.
    pub fn fail(&mut self, id: StepId) -> Vec<StepId> {
        self.fell(id, false)
    }

    /// A step failed that may have been executed all the same: what undoes it is not blocked by that.
    pub fn doubt(&mut self, id: StepId) -> Vec<StepId> {
        self.fell(id, true)
    }

    fn fell(&mut self, id: StepId, in_doubt: bool) -> Vec<StepId> {
        self.set(id, Place::Failed);
        let (mut blocked, mut lost) = (Vec::new(), vec![id]);
        while let Some(step) = lost.pop() {
            for user in self.users.get(step).cloned().unwrap_or_default() {
                let undoes = self.undoing.get(&user).map(|undoing| undoing.done);
                let spared = undoes.is_some_and(|done| done != step || (in_doubt && step == id));
                if self.at(user) == Place::Waiting && !spared {
                    self.set(user, Place::Blocked);
                    blocked.push(user);
                    lost.push(user);
                }
            }
        }
        blocked.sort_unstable();
        self.release();
        blocked
    }

    /// Lets those start that undo what was done though not all between ended well; they are returned.
    fn release(&mut self) -> Vec<StepId> {
        let over = |id: &StepId| matches!(self.at(*id), Place::Done | Place::Failed | Place::Blocked);
        let waits = self.undoing.iter().filter(|(id, _)| self.at(**id) == Place::Waiting);
        let free = waits.filter(|(_, undoing)| undoing.before.iter().all(over));
        let free: Vec<StepId> = free.map(|(id, _)| *id).collect();
        free.iter().for_each(|id| self.open(*id));
        free
    }

    /// Where a step stands.
    #[must_use]
    pub fn at(&self, id: StepId) -> Place {
        self.place.get(id).copied().unwrap_or(Place::Blocked)
    }

    /// How many steps stand at a place.
    #[must_use]
    pub fn count(&self, place: Place) -> usize {
        self.place.iter().filter(|at| **at == place).count()
    }

    /// Seconds from the start of this step to the end of the longest path through it.
    #[must_use]
    pub fn remaining(&self, id: StepId) -> f64 {
        self.path.get(id).map_or(0.0, |millis| seconds(*millis))
    }

    /// Length of the longest path, in seconds: no apply can be shorter.
    #[must_use]
    pub fn critical_path(&self) -> f64 {
        seconds(self.critical_millis())
    }

    /// The same in milliseconds.
    #[must_use]
    pub fn critical_millis(&self) -> u64 {
        self.path.iter().max().copied().unwrap_or(0)
    }

    fn offer(&mut self, id: StepId) {
        if self.at(id) == Place::Waiting && self.missing.get(id) == Some(&0) {
            self.open(id);
        }
    }

    fn open(&mut self, id: StepId) {
        self.set(id, Place::Ready);
        let path = self.path.get(id).copied().unwrap_or(0);
        self.ready.insert((std::cmp::Reverse(path), id));
    }

    fn set(&mut self, id: StepId, place: Place) {
        if let Some(at) = self.place.get_mut(id) {
            *at = place;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations of days in milliseconds are far below 2^52")]
pub(crate) fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

/// The steps that undo others, each with all that it waits for.
fn undoing(program: &Program) -> BTreeMap<StepId, Undoing> {
    let steps = program.steps.iter().enumerate();
    let undo = steps.filter_map(|(id, step)| Some((id, step.undoes.filter(|done| step.after.contains(done))?)));
    undo.map(|(id, done)| (id, Undoing { done, before: program.before(id) })).collect()
}

fn topological(missing: &[usize], users: &[Vec<StepId>]) -> Result<Vec<StepId>, Knot> {
    let mut left: BTreeMap<StepId, usize> = missing.iter().copied().enumerate().collect();
    let mut order: Vec<StepId> = missing.iter().enumerate().filter(|(_, n)| **n == 0).map(|(id, _)| id).collect();
    let mut next = 0;
    while let Some(id) = order.get(next).copied() {
        next += 1;
        left.remove(&id);
        for user in users.get(id).into_iter().flatten() {
            if let Some(n) = left.get_mut(user) {
                *n -= 1;
                if *n == 0 {
                    order.push(*user);
                }
            }
        }
    }
    if left.is_empty() { Ok(order) } else { Err(Knot(left.into_keys().collect())) }
}

/// Milliseconds from each step's start to the end of the longest path through it.
///
/// Whole milliseconds, since floating-point sums have no total order to sort by.
fn longest_paths(program: &Program, users: &[Vec<StepId>], order: &[StepId]) -> Vec<u64> {
    let mut path = vec![0_u64; program.steps.len()];
    for id in order.iter().rev() {
        let rest = users.get(*id).into_iter().flatten().filter_map(|user| path.get(*user)).max().copied().unwrap_or(0);
        let own = program.steps.get(*id).map_or(0, |step| millis(f64::from(step.estimate.p50)));
        if let Some(at) = path.get_mut(*id) {
            *at = rest + own;
        }
    }
    path
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
pub(crate) fn millis(seconds: f64) -> u64 {
    (seconds.clamp(0.0, 1.0e9) * 1000.0) as u64
}
