//! The binary `auroractl`: parse, run a command, end with its exit code.

mod args;
mod beside;
mod bucket;
mod commands;
mod exit;
mod forecast;
mod record;
mod report;
mod rules;
mod saved;
mod session;
mod standing;
mod target;
mod view;

use args::{Cli, Command};
use exit::Exit;
use std::panic;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The message of a panic may hold what was worked on; where it was is enough to find the fault.
    panic::set_hook(Box::new(|panic| view::fault(panic.location())));
    let Ok(exit) = panic::catch_unwind(run) else { return ExitCode::from(Exit::Error.code()) };
    exit
}

fn run() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Invalid.code() } else { Exit::Done.code() });
        }
    };
    ExitCode::from(command(cli.command).code())
}

/// Runs a command and tells why it failed, if it did.
fn command(command: Command) -> Exit {
    let result = match command {
        Command::Init(args) => commands::init::run(&args),
        Command::Validate(args) => commands::validate::run(&args),
        Command::Graph(args) => commands::graph::run(&args),
        Command::Export(args) => commands::export::run(args.form),
        Command::State(args) => online(commands::state::run(args.verb)),
        Command::Output(args) => online(commands::output::run(&args)),
        Command::Schema { of } => commands::schema::run(of),
        Command::Completions { shell } => commands::docs::completions(shell),
        Command::Man => commands::docs::man(),
        Command::Check(args) => online(commands::check::run(&args)),
        Command::Rules(args) => commands::rules::run(&args.verb),
        Command::Plan(args) => online(commands::plan::run(&args)),
        Command::Rehearse(args) => online(commands::rehearse::run(&args)),
        Command::Cost(args) => commands::cost::run(&args),
        Command::Apply(args) => online(commands::apply::run(&args)),
        Command::Destroy(args) => online(commands::apply::destroy(&args)),
        Command::Status(args) => online(commands::status::run(&args)),
    };
    result.unwrap_or_else(|failure| {
        view::failure(&failure);
        failure.exit
    })
}

/// Runs a command that waits. One thread: the work is waiting, and a plan starts sooner.
fn online(command: impl Future<Output = Result<Exit, exit::Failure>>) -> Result<Exit, exit::Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| exit::Failure::new(Exit::Error, format!("can't start the runtime: {error}")))?;
    let result = runtime.block_on(command);
    // A name look-up that hangs in its own thread must not hold the process.
    runtime.shutdown_background();
    result
}
