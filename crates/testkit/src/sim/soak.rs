//! Many histories on all cores.

use super::coverage::{self, Hits};
use super::history::{Failure, History, play};
use super::mutants::Lapse;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Which histories are played.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// The first seed; the others follow.
    pub first: u64,
    /// How many; without a number, until the time is over.
    pub count: Option<u64>,
    /// How long.
    pub time: Option<Duration>,
    /// On how many threads.
    pub threads: usize,
    /// The rule that the program breaks, if any.
    pub lapse: Option<Lapse>,
    /// Keep words for everything that happens.
    pub traced: bool,
    /// Stop at the first broken promise.
    pub to_the_first: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Histories that were played.
    pub played: u64,
    /// How many of them hit what.
    pub hits: Hits,
    /// Broken promises, by seed.
    pub failures: Vec<Failure>,
    /// Calls that changed the world.
    pub calls: u64,
    /// Runs, and those that were killed.
    pub runs: (u64, u64),
}

impl Soak {
    /// Histories from a first seed on all cores.
    #[must_use]
    pub fn new(first: u64, count: u64) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { first, count: Some(count), time: None, threads, lapse: None, traced: false, to_the_first: false }
    }

    /// Plays them.
    ///
    /// # Errors
    /// When a runtime can't be made.
    pub fn play(&self) -> io::Result<Tally> {
        let (next, over) = (AtomicU64::new(0), AtomicBool::new(false));
        let tally = Mutex::new(Tally::default());
        let begun = Instant::now();
        let work = || -> io::Result<()> {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let late = self.time.is_some_and(|time| begun.elapsed() > time);
                if late || over.load(Ordering::Relaxed) || self.count.is_some_and(|count| at >= count) {
                    return Ok(());
                }
                let traced = self.traced;
                let played = one(History { seed: self.first.wrapping_add(at), lapse: self.lapse, traced })?;
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                tally.add(played);
                over.fetch_or(self.to_the_first && !tally.failures.is_empty(), Ordering::Relaxed);
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.max(1)).map(|_| scope.spawn(work)).collect();
            let joined = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Err(io::Error::other("a history panicked"))));
            joined.collect::<io::Result<Vec<()>>>()
        })?;
        let mut tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        tally.failures.sort_by_key(|failure| failure.seed);
        Ok(tally)
    }
}

/// Plays one history, in a runtime of its own with paused time.
///
/// # Errors
/// When the runtime can't be made.
pub fn one(history: History) -> io::Result<Result<super::log::Log, Failure>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(runtime.block_on(play(history)))
}

impl Tally {
    fn add(&mut self, played: Result<super::log::Log, Failure>) {
        self.played += 1;
        match played {
            Ok(log) => {
                coverage::add(&mut self.hits, &log);
                self.calls += log.calls.len() as u64;
                self.runs.0 += log.runs.len() as u64;
                let died = |run: &&super::log::RunLog| matches!(run.ended, super::log::Ended::Died(_));
                self.runs.1 += log.runs.iter().filter(died).count() as u64;
            }
            Err(failure) => self.failures.push(failure),
        }
    }
}

#[cfg(test)]
mod tests;
