//! What is to be tried.

use auroractl_tests::crash::{Scenario, Trial};
use clap::Parser;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// SIGKILL at every API boundary and disk operation of the real program, against the emulator.
#[derive(Parser)]
pub(crate) struct Options {
    /// Draws samples, delays and the kills in a row. Another one each time, unless it is given.
    #[arg(long)]
    seed: Option<u64>,
    /// A scenario (apply, destroy, update, roll, edit), a scenario and a kind of fault (apply:calls, apply:disk, apply:row),
    /// or one trial by its name (apply:17.effect).
    #[arg(long, value_name = "WHAT")]
    only: Option<String>,
    /// At most so many trials of each class, drawn by the seed. Without it: all there are.
    #[arg(long, value_name = "N")]
    pub(crate) sample: Option<usize>,
    /// Every fault at every disk operation. Without it: one of the four at each, drawn by the seed.
    #[arg(long)]
    pub(crate) thorough: bool,
    /// Kills in a row: so many such trials of each scenario.
    #[arg(long, value_name = "N", default_value_t = 25)]
    pub(crate) rows: usize,
    /// Nothing but random trials, kills in a row and a failing disk among them, until the time is over.
    #[arg(long)]
    pub(crate) endless: bool,
    /// No new trial begins after so many minutes.
    #[arg(long, value_name = "N")]
    minutes: Option<u64>,
    /// Repeats a single trial: calls are sent side by side, so that not every run sends them in the same order.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) repeat: usize,
    /// Emulators and programs that run side by side; one per core is best.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) lanes: usize,
    /// A line for each trial.
    #[arg(long)]
    pub(crate) verbose: bool,
}

impl Options {
    /// The seed: the time, unless one is given.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
    }

    /// The one trial that is named.
    pub(crate) fn single(&self) -> Option<Trial> {
        self.only.as_deref().and_then(Trial::parse)
    }

    /// Whether a scenario is wanted.
    pub(crate) fn concerns(&self, scenario: Scenario) -> bool {
        let Some(only) = &self.only else { return true };
        only.split(':').next() == Some(scenario.name())
    }

    /// Whether a kind of fault is wanted: `calls`, `disk` or `row`.
    pub(crate) fn wants(&self, fault: &str) -> bool {
        self.only.as_deref().and_then(|only| only.split_once(':')).is_none_or(|(_, wanted)| wanted == fault)
    }

    /// When no new trial begins any more.
    pub(crate) fn time(&self) -> Option<Duration> {
        self.minutes.map(|minutes| Duration::from_secs(60 * minutes))
    }

    /// What is wrong with `--only`.
    pub(crate) fn complaint(&self) -> Option<String> {
        let only = self.only.as_deref()?;
        let known = Scenario::ALL.into_iter().any(|scenario| self.concerns(scenario));
        let fault = only.split_once(':').is_none_or(|(_, fault)| ["calls", "disk", "row"].contains(&fault));
        let fits = known && (fault || self.single().is_some());
        (!fits).then(|| format!("`--only {only}` names no scenario, no kind of fault and no trial"))
    }
}
