//! `make bench`: what the program costs, in one table.
//!
//! Everything is measured on processes of a release build, through the real SDK, against the emulator. Calls are counted
//! by the proxy before it, CPU time and memory by the kernel. Wall times on a shared machine are noisy: where a target
//! is one, the minimum counts.

mod accuracy;
mod forecast;
mod graph;
mod journal;
mod roll;
mod rules;
mod scene;
mod stack;
mod table;
mod terraform;
mod usage;

use std::io::{self, Write as _};
use std::process::{Command, ExitCode};
use table::Row;

/// Sizes of the synthetic stacks.
const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];
/// First argument of a process that measures one size.
const SIZE: &str = "plan-graph";
/// First argument of a process that measures one of [`ALONE`].
const PART: &str = "part";
/// Parts that start no command. Each has a process of its own: what this one holds at a fork counts as its child's memory.
const ALONE: [&str; 3] = ["rules", "journal", "forecast"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.as_slice() {
        [child, size] if child == SIZE => one_size(size),
        [child, part] if child == PART => one_part(part),
        only => whole(only),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(io::stderr(), "the benchmark went wrong: {why}");
            ExitCode::FAILURE
        }
    }
}

/// In a process of its own: measures one size, and prints it as JSON.
fn one_size(size: &str) -> io::Result<()> {
    let sample = graph::measure(size.parse().map_err(io::Error::other)?)?;
    writeln!(io::stdout(), "{}", serde_json::to_string(&sample)?)
}

/// The same with the lines of a part.
fn one_part(part: &str) -> io::Result<()> {
    let rows = match part {
        "rules" => rules::measure(&auroractl_testkit::emulator::workspace())?,
        "journal" => journal::rows()?,
        "forecast" => {
            let sample = forecast::measure(10_000)?;
            let what = format!("steps, rehearsal and cost of a plan that makes {} resources", sample.resources);
            vec![Row::at_most(&what, (sample.milliseconds, 500.0), "ms")]
        }
        other => return Err(io::Error::other(format!("there is no part {other}"))),
    };
    writeln!(io::stdout(), "{}", serde_json::to_string(&rows)?)
}

/// Measures what is named (`graphs`, `journal`, `rules`, `forecast`, `stack`, `pace`, `accuracy`, `roll`, `terraform`), or all.
fn whole(only: &[String]) -> io::Result<()> {
    let wanted = |part: &str| only.is_empty() || only.iter().any(|name| name == part);
    let mut out = io::stdout();
    if cfg!(debug_assertions) {
        writeln!(out, "This is a development build: its times and memory say little.")?;
    }
    let mut rows = Vec::new();
    if wanted("graphs") {
        rows.extend(graphs()?);
    }
    for part in ALONE.into_iter().filter(|part| wanted(part)) {
        let used = usage::run(Command::new(std::env::current_exe()?).args([PART, part]))?.exits(0)?;
        rows.extend(serde_json::from_str::<Vec<Row>>(&used.stdout)?);
    }
    let beside = if wanted("terraform") { beside(&mut out)? } else { None };
    let mut reads = 0;
    if wanted("stack") {
        let found = stack::instant(beside.as_ref())?;
        writeln!(out, "{}", found.actions)?;
        reads = found.reads;
        rows.extend(found.rows);
    }
    if wanted("pace") {
        rows.extend(stack::lifecycles(reads)?);
    }
    if wanted("accuracy") {
        rows.extend(accuracy::rows()?);
    }
    if wanted("roll") {
        rows.extend(roll::rows()?);
    }
    writeln!(out, "{}", table::render(&rows))
}

fn beside(out: &mut impl io::Write) -> io::Result<Option<terraform::Beside>> {
    match terraform::run()? {
        Ok(beside) => Ok(Some(beside)),
        Err(why) => {
            writeln!(out, "Terraform was not measured: {why}.")?;
            Ok(None)
        }
    }
}

/// One line per size of synthetic stacks.
fn graphs() -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut last = None;
    for size in SIZES {
        let used = usage::run(Command::new(std::env::current_exe()?).args([SIZE, &size.to_string()]))?.exits(0)?;
        let sample: graph::Sample = serde_json::from_str(&used.stdout)?;
        let memory = usage::Runs::of(1, || Ok(used.clone()))?.rss() / 1.0e6;
        let what = format!("offline plan of {size} resources, {} of them edited", sample.changed);
        if size == 10_000 {
            rows.push(Row::at_most(&what, (sample.edit_ms, 300.0), "ms"));
            rows.push(Row::at_most(&format!("{what}: peak memory"), (memory, 150.0), "MB"));
        } else {
            rows.push(Row::new(&what, format!("{:.2} ms, {memory:.0} MB", sample.edit_ms)));
        }
        rows.push(Row::new(format!("{what}: when all are new"), format!("{:.2} ms", sample.create_ms)));
        if let Some((_, before)) = last.filter(|(smaller, _)| *smaller == 10_000) {
            rows.push(Row::at_most(
                "growth from 10000 to 100000, per resource",
                (sample.edit_ms / before / 10.0, 1.5),
                "times",
            ));
        }
        last = Some((size, sample.edit_ms));
    }
    Ok(rows)
}
