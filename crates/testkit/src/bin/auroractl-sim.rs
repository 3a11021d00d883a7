//! Simulated histories for as long as one likes: `make soak`, and a seed that is looked into.

use auroractl_testkit::sim::mutants::Lapse;
use auroractl_testkit::sim::soak::{Soak, Tally};
use clap::Parser;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Plays simulated histories of the engine and checks the promises of its protocol on each.
#[derive(Parser)]
struct Arguments {
    /// The first seed; the others follow.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many; without a number, until `--minutes` are over, or for ever.
    #[arg(long)]
    count: Option<u64>,
    /// How long.
    #[arg(long)]
    minutes: Option<u64>,
    /// On how many threads; all cores if not said.
    #[arg(long)]
    jobs: Option<usize>,
    /// Play a program that breaks this rule (`list` names them).
    #[arg(long)]
    without: Option<String>,
    /// Say everything that happens in histories that fail.
    #[arg(long)]
    trace: bool,
    /// Go on after the first broken promise.
    #[arg(long)]
    keep_going: bool,
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let mut out = io::stdout();
    let lapse = match arguments.without.as_deref().map(|name| (name, named(name))) {
        None => None,
        Some((_, Some(lapse))) => Some(lapse),
        Some((name, None)) => {
            for lapse in Lapse::ALL {
                writeln!(out, "{lapse:?}")?;
            }
            return Ok(if name == "list" { ExitCode::SUCCESS } else { ExitCode::from(2) });
        }
    };
    let whole = Soak::new(arguments.seed, 0);
    let soak = Soak {
        count: arguments.count,
        time: arguments.minutes.map(|minutes| Duration::from_secs(minutes * 60)),
        threads: arguments.jobs.unwrap_or(whole.threads),
        lapse,
        traced: arguments.trace,
        to_the_first: !arguments.keep_going,
        ..whole
    };
    let begun = Instant::now();
    let tally = soak.play()?;
    report(&mut out, &tally, begun.elapsed())?;
    Ok(if tally.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn named(name: &str) -> Option<Lapse> {
    Lapse::ALL.into_iter().find(|lapse| format!("{lapse:?}") == name)
}

fn report(out: &mut impl io::Write, tally: &Tally, took: Duration) -> io::Result<()> {
    for ((class, name), times) in &tally.hits {
        writeln!(out, "{class:>10}  {name:<42} {times:>8}")?;
    }
    for failure in &tally.failures {
        for line in &failure.trace {
            writeln!(out, "{line}")?;
        }
        for (number, why) in &failure.broken {
            writeln!(out, "seed {}: I{number}: {why}", failure.seed)?;
        }
    }
    writeln!(
        out,
        "{} histories in {:.1} s: {} runs, {} killed, {} mutating calls, {} histories with a broken promise",
        tally.played,
        took.as_secs_f64(),
        tally.runs.0,
        tally.runs.1,
        tally.calls,
        tally.failures.len(),
    )
}
