//! `make chaos`: SIGKILL at every API boundary and every disk operation of the real program, in one table.
//!
//! Every trial starts from the same moment, so that they can run side by side, in any order, and one by one again. The
//! verdicts are the emulator's: what lives there, compared with what an undisturbed life leaves.

mod draw;
mod lanes;
mod options;
mod table;

use auroractl_tests::crash::{Lane, Scenario, Shim, Start, Trial, Undisturbed};
use clap::Parser as _;
use lanes::Found;
use options::Options;
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;
use table::Table;

/// What all trials start from and are judged by.
pub(crate) struct Ground {
    /// The production stack, applied.
    pub(crate) applied: Start,
    /// What each scenario leaves undisturbed.
    pub(crate) wanted: BTreeMap<Scenario, Undisturbed>,
    /// The failing disk.
    pub(crate) shim: Shim,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match chaos(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            let _ = writeln!(io::stderr(), "chaos could not be made: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the trials and prints the table; says whether the program passed them all.
fn chaos(options: &Options) -> io::Result<bool> {
    let start = Instant::now();
    let seed = options.seed();
    let mut lane = Lane::open()?;
    let ground = survey(&mut lane, options)?;
    let trials = draw::trials(options, &ground, seed)?;
    let mut out = io::stdout();
    for (scenario, wanted) in &ground.wanted {
        let writes = wanted.calls.iter().filter(|(_, mutating)| *mutating).count();
        let (calls, disk, things) = (wanted.calls.len(), wanted.disk.len(), wanted.portrait.len());
        let name = scenario.name();
        writeln!(
            out,
            "{name}: {calls} calls, {writes} of them writes; {disk} disk operations; leaves {things} things"
        )?;
    }
    writeln!(out, "{} trials in {} lanes, seed {seed}", trials.describe(), options.lanes)?;
    let mut table = Table::default();
    let mut judge = |trial: &Trial, found: Found| -> io::Result<()> {
        if let Some(complaint) = table.enter(trial, &found) {
            writeln!(out, "{trial} is NOT SOUND\n{complaint}  again: make chaos ARGS='--only {trial} --repeat 5'")?;
        } else if options.verbose {
            writeln!(out, "{trial}: {}", found.summary())?;
        }
        if table.trials() % 100 == 0 {
            writeln!(out, "{} trials after {} s", table.trials(), start.elapsed().as_secs())?;
        }
        out.flush()
    };
    lanes::run((options, &ground), (lane, trials), &mut judge)?;
    writeln!(out, "{}\n{}", table.render(), table.totals())?;
    Ok(table.is_sound())
}

/// Lives the undisturbed lives.
fn survey(lane: &mut Lane, options: &Options) -> io::Result<Ground> {
    let shim = Shim::compile()?;
    let nowhere = lane.remember()?;
    let created = Scenario::Apply.undisturbed(lane, &nowhere, Some(&shim))?;
    let applied = lane.remember()?;
    let mut wanted = BTreeMap::from([(Scenario::Apply, created)]);
    for scenario in Scenario::ALL.into_iter().filter(|scenario| *scenario != Scenario::Apply) {
        if options.concerns(scenario) {
            wanted.insert(scenario, scenario.undisturbed(lane, &applied, Some(&shim))?);
        }
    }
    Ok(Ground { applied, wanted, shim })
}
