//! Which trials are run, in which order.

use crate::Ground;
use crate::options::Options;
use auroractl_testkit::proxy::fault::KillAt;
use auroractl_tests::crash::{Cut, DiskCut, POSITIONS, Scenario, Trial, Undisturbed};
use fastrand::Rng;
use std::collections::{BTreeMap, VecDeque};
use std::io;

/// Most milliseconds that the program lives on after an answer: room to write it down, or not.
const DELAY_MS: u64 = 6;
/// Most kills in a row.
const ROW: usize = 4;

/// The trials, and where further ones come from.
pub(crate) struct Trials {
    ahead: VecDeque<Trial>,
    endless: Option<(Rng, Vec<Sizes>)>,
}

/// How many calls and disk operations a scenario has.
type Sizes = (Scenario, u64, u64);

impl Trials {
    /// The next one.
    pub(crate) fn next(&mut self) -> Option<Trial> {
        self.ahead.pop_front().or_else(|| self.endless.as_mut().and_then(|(rng, sizes)| random(rng, sizes)))
    }

    /// How many there are.
    pub(crate) fn describe(&self) -> String {
        if self.endless.is_some() { "random".to_owned() } else { self.ahead.len().to_string() }
    }
}

/// Draws the trials.
pub(crate) fn trials(options: &Options, ground: &Ground, seed: u64) -> io::Result<Trials> {
    if let Some(complaint) = options.complaint() {
        return Err(io::Error::other(complaint));
    }
    let mut rng = Rng::with_seed(seed);
    if let Some(trial) = options.single() {
        let ahead = std::iter::repeat_n(trial, options.repeat).collect();
        return Ok(Trials { ahead, endless: None });
    }
    let concerned = || ground.wanted.iter().filter(|(scenario, _)| options.concerns(**scenario));
    if options.endless {
        let size = |(scenario, wanted): (&Scenario, &Undisturbed)| {
            (*scenario, wanted.calls.len() as u64, wanted.disk.len() as u64)
        };
        return Ok(Trials { ahead: VecDeque::new(), endless: Some((rng, concerned().map(size).collect())) });
    }
    let mut all = Vec::new();
    for (scenario, wanted) in concerned() {
        all.extend(of_scenario(options, (*scenario, wanted), &mut rng));
    }
    rng.shuffle(&mut all);
    if let Some(sample) = options.sample {
        let mut taken: BTreeMap<(Scenario, &str), usize> = BTreeMap::new();
        all.retain(|trial| {
            let count = taken.entry((trial.scenario, trial.class())).or_default();
            *count += 1;
            *count <= sample
        });
    }
    Ok(Trials { ahead: all.into(), endless: None })
}

/// All trials of a scenario.
fn of_scenario(options: &Options, (scenario, wanted): (Scenario, &Undisturbed), rng: &mut Rng) -> Vec<Trial> {
    let mut all = Vec::new();
    if options.wants("calls") {
        for (nth, (_, mutating)) in (1..).zip(&wanted.calls) {
            // A read has no effect: before and after it the world and what the program knows are the same.
            let sides = POSITIONS.into_iter().filter(|at| *mutating || *at != KillAt::AfterEffect);
            // What an edit after the crash adds is what it meets: an object that nobody has recorded.
            let sides = sides.filter(|at| scenario != Scenario::Edit || *mutating && *at == KillAt::AfterEffect);
            all.extend(sides.map(|at| Trial::of(scenario, kill(nth, at, rng))));
        }
    }
    if options.wants("disk") && scenario != Scenario::Edit {
        for (nth, _) in (1..).zip(&wanted.disk) {
            let faults: Vec<DiskCut> = DiskCut::all_at(nth).collect();
            // Four times as many trials as there are calls would take the night.
            let drawn = rng.choice(faults.clone());
            let taken = if options.thorough { faults } else { drawn.into_iter().collect() };
            all.extend(taken.into_iter().map(|cut| Trial::of(scenario, Cut::Disk(cut))));
        }
    }
    if options.wants("row") {
        let calls = wanted.calls.len() as u64;
        all.extend((0..options.rows).map(|_| Trial { scenario, cuts: row(calls, rng) }));
    }
    all
}

fn kill(nth: u64, at: KillAt, rng: &mut Rng) -> Cut {
    let delay_ms = if at == KillAt::AfterResponse { rng.u64(0..=DELAY_MS) } else { 0 };
    Cut::Call { nth, at, delay_ms }
}

/// Kills in a row. What a killed run did need not be done again: later runs are shorter.
fn row(calls: u64, rng: &mut Rng) -> Vec<Cut> {
    let length = rng.usize(2..=ROW) as u64;
    let mut one = |number: u64| {
        let at = rng.choice(POSITIONS).unwrap_or(KillAt::AfterEffect);
        let last = (calls / (number + 1)).max(1);
        kill(rng.u64(1..=last), at, rng)
    };
    (0..length).map(&mut one).collect()
}

/// A trial without end: kills in a row, now and then a failing disk among them.
fn random(rng: &mut Rng, sizes: &[Sizes]) -> Option<Trial> {
    let (scenario, calls, disk) = rng.choice(sizes).copied()?;
    let mut cuts = row(calls, rng);
    if rng.u8(0..4) == 0 {
        let faults: Vec<DiskCut> = DiskCut::all_at(rng.u64(1..=disk.max(1))).collect();
        if let (Some(fault), Some(first)) = (rng.choice(faults), cuts.first_mut()) {
            *first = Cut::Disk(fault);
        }
    }
    Some(Trial { scenario, cuts })
}
