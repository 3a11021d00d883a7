//! Trials side by side, each lane with an emulator of its own.

use crate::Ground;
use crate::draw::Trials;
use crate::options::Options;
use auroractl_tests::crash::{Lane, Stage, Trial, Verdict};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Instant;

/// What came of a trial: a verdict, or the failure of what it stands on.
pub(crate) enum Found {
    /// The program was judged.
    Judged(Verdict),
    /// It could not be.
    Failed(io::Error),
}

impl Found {
    /// In one line.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Judged(verdict) => format!("{} kills, {}", verdict.kills, verdict.struck.join("; ")),
            Self::Failed(why) => why.to_string(),
        }
    }
}

/// Runs all trials, `judge` hears of each as it ends.
pub(crate) fn run(
    (options, ground): (&Options, &Ground),
    (first, trials): (Lane, Trials),
    judge: &mut dyn FnMut(&Trial, Found) -> io::Result<()>,
) -> io::Result<()> {
    let (trials, start) = (Mutex::new(trials), Instant::now());
    let over = || options.time().is_some_and(|time| start.elapsed() > time);
    let next = || if over() { None } else { lock(&trials).next() };
    std::thread::scope(|scope| {
        let (sender, ended) = mpsc::channel();
        let mut opened = Some(first);
        for _ in 0..options.lanes.max(1) {
            let (mut lane, sender, next) = (opened.take(), sender.clone(), &next);
            scope.spawn(move || {
                while let Some(trial) = next() {
                    let found = within(&mut lane, ground, &trial);
                    if sender.send((trial, found)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        ended.into_iter().try_for_each(|(trial, found)| judge(&trial, found))
    })
}

/// Runs a trial; a lane that fails is opened anew for the next one.
fn within(lane: &mut Option<Lane>, ground: &Ground, trial: &Trial) -> Found {
    let mut tried = || {
        let wanted = ground.wanted.get(&trial.scenario).ok_or_else(|| io::Error::other("an unknown scenario"))?;
        let stage = Stage { wanted, shim: Some(&ground.shim) };
        let here = match lane {
            Some(here) => here,
            None => lane.insert(Lane::open()?),
        };
        trial.run(here, &ground.applied, stage)
    };
    let found = tried();
    match found {
        Ok(verdict) => Found::Judged(verdict),
        Err(why) => {
            *lane = None;
            Found::Failed(why)
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
