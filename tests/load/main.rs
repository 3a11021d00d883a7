//! `auroractl-load [--stacks N] [--processes N] [--storm SECONDS] [--seed N]`: many stacks at once, in one account and one
//! bucket, through a storm of throttling. Prints what came of it; its last line has the totals. Ends with an error when
//! anything is twice, lost, orphaned or not as its stack says.

use auroractl_tests::load::{Load, play};
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let Some(load) = arguments(std::env::args().skip(1)) else {
        let usage = "usage: auroractl-load [--stacks N] [--processes N] [--storm SECONDS] [--seed N]";
        writeln!(io::stderr(), "{usage}").ok();
        return ExitCode::from(2);
    };
    match play(load) {
        Ok(outcome) => {
            writeln!(io::stdout(), "{outcome}").ok();
            if outcome.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            writeln!(io::stderr(), "the load could not be played: {why}").ok();
            ExitCode::FAILURE
        }
    }
}

fn arguments(words: impl Iterator<Item = String>) -> Option<Load> {
    let mut load = Load { stacks: 20, processes: 8, storm: Duration::from_secs(20), throttled: 900, seed: 1 };
    let words: Vec<String> = words.collect();
    for pair in words.chunks(2) {
        let [name, value] = pair else { return None };
        let number: u32 = value.parse().ok()?;
        match name.as_str() {
            "--stacks" => load.stacks = number,
            "--processes" => load.processes = number,
            "--storm" => load.storm = Duration::from_secs(number.into()),
            "--seed" => load.seed = number.into(),
            _ => return None,
        }
    }
    Some(load)
}
