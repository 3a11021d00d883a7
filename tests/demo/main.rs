//! `make demo`: the life of a production stack, with the real binary against the emulator.
//!
//! AWS's durations are kept in proportion and divided by [`SPEED`], the program's waits with them; the times that it
//! prints are AWS's. Ends with an error when a step does not do what it should.

use auroractl_testkit::cli::Cli;
use auroractl_testkit::emulator::{Emulator, Launch, workspace};
use auroractl_testkit::proxy::Proxy;
use auroractl_tests::walk::{Walk, walk};
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Instant;

/// A production cluster takes twelve minutes to come up (`make bench` prints the critical path); here twelve seconds.
const SPEED: f64 = 60.0;

fn main() -> ExitCode {
    let start = Instant::now();
    let result = demo();
    let mut out = io::stdout();
    let said = match &result {
        Ok(calls) => writeln!(out, "Done in {} s, with {calls} AWS calls.", start.elapsed().as_secs()),
        Err(why) => writeln!(io::stderr(), "\nThe demo went wrong: {why}"),
    };
    if result.is_ok() && said.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Walks, and counts the calls.
fn demo() -> io::Result<u64> {
    let mut out = io::stdout();
    writeln!(out, "Starting the AWS emulator, {SPEED} times as fast as AWS ...")?;
    let emulator = Emulator::start(Some(SPEED))?;
    let proxy = Proxy::start(emulator.url())?;
    let mut cli = Cli::new(&proxy.url())?;
    cli.set_time_scale(SPEED);
    cli.set_echo(true);
    if out.is_terminal() {
        cli.set_env("NO_COLOR", "");
        cli.set_env("CLICOLOR_FORCE", "1");
    }
    cli.write("stacks/prod.toml", &std::fs::read_to_string(workspace().join("stacks/prod.toml"))?)?;
    let python = Launch::find()?.python;
    walk(&mut Walk { cli: &cli, endpoint: proxy.url(), python, out: &mut out, echo: true })?;
    Ok(proxy.summary().calls)
}
