//! What people and scripts see. Results go to stdout, progress and notes to stderr.
//!
//! A view reads values and events and decides nothing.

mod columns;
pub(crate) mod cost;
pub(crate) mod dollars;
pub(crate) mod forecast;
pub(crate) mod graph;
pub(crate) mod json;
mod layers;
mod live;
mod meaning;
pub(crate) mod outage;
pub(crate) mod outputs;
pub(crate) mod overview;
mod pace;
mod plain;
pub(crate) mod plan;
pub(crate) mod rehearse;
pub(crate) mod report;
mod roll;
pub(crate) mod rules;
pub(crate) mod state;
mod svg;
mod template;
#[cfg(test)]
mod testing;
mod words;
mod wrap;

use crate::exit::{Exit, Failure};
use auroractl_core::Estimate;
use auroractl_core::lower::Program;
use auroractl_engine::Event;
use auroractl_engine::event::Summary;
use auroractl_stack::{Diagnostics, Explained, Style};
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use owo_colors::OwoColorize as _;
use std::io::{self, IsTerminal as _, Write};
use std::panic::Location;

/// Shows a run while it runs.
pub(crate) trait Progress {
    /// Something happened.
    fn event(&mut self, event: &Event);
    /// The run is over; `again` says in words what continues it.
    fn end(&mut self, summary: &Summary, again: &str);
}

/// The view that fits: JSON lines if asked for, live on a terminal, plain lines in a log. It is told what is run, and how long
/// the whole is predicted to take.
pub(crate) fn progress(json: bool, (program, whole): (&Program, Estimate), time_scale: f64) -> Box<dyn Progress> {
    if json {
        Box::new(json::Lines::new(program, whole, time_scale))
    } else if io::stderr().is_terminal() {
        Box::new(live::Live::new(program, whole, time_scale))
    } else {
        Box::new(plain::Plain::new(program, whole, time_scale))
    }
}

/// Tells what comes before a run: lines, whatever the stream is.
pub(crate) fn prologue(json: bool, time_scale: f64) -> Box<dyn Progress> {
    let (none, whole) = (Program::default(), Estimate::NOTHING);
    if json {
        Box::new(json::Lines::new(&none, whole, time_scale))
    } else {
        Box::new(plain::Plain::new(&none, whole, time_scale))
    }
}

/// Writes to stdout. A reader that went away (`| head`) is no error of ours.
pub(crate) fn stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Exit, Failure> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Error, format!("can't write to stdout: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}

/// Writes to stderr; nothing can be done about a failure there.
pub(crate) fn stderr(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let mut out = anstream::AutoStream::auto(io::stderr().lock());
    let _ = write(&mut out);
}

/// Plain lines on stdout.
pub(crate) fn lines(lines: &[String]) -> Result<Exit, Failure> {
    stdout(|out| lines.iter().try_for_each(|line| writeln!(out, "{line}")))
}

/// Bytes on stdout, as they are.
pub(crate) fn bytes(text: &[u8]) -> Result<Exit, Failure> {
    stdout(|out| out.write_all(text))
}

/// A remark on stderr.
pub(crate) fn note(text: &str) {
    stderr(|out| writeln!(out, "{} {text}", "note:".cyan()));
}

/// Why the command did not do what was asked.
pub(crate) fn failure(failure: &Failure) {
    stderr(|out| {
        writeln!(out, "{} {}", "error:".red().bold(), failure.message)?;
        failure.details.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        failure.hint.iter().try_for_each(|hint| writeln!(out, " {} {hint}", "hint:".cyan()))
    });
}

/// An operation that people may run instead of what was refused: what it does and takes, then its steps.
pub(crate) fn operation(of: auroractl_core::Operation) -> Vec<String> {
    let Some((what, steps)) = procedure(of) else { return Vec::new() };
    let steps = steps.iter().zip(1..).map(|(step, number)| format!("          {number}. {step}"));
    std::iter::once(format!("      or: {what}")).chain(steps).collect()
}

/// The same without its form: what it does and takes, and its steps.
fn procedure(of: auroractl_core::Operation) -> Option<(String, Vec<String>)> {
    let one = auroractl_stack::procedure(of)?;
    let both = |time: auroractl_core::Estimate| {
        format!("about {} (p95 {})", words::seconds(time.p50.into()), words::seconds(time.p95.into()))
    };
    let outage =
        if one.outage.p95 > 0.0 { format!("no writes for {}", both(one.outage)) } else { "no outage".to_owned() };
    Some((format!("{}; takes {}, {outage}", one.title, both(one.duration)), one.steps))
}

/// A panic: a fault of this program, which no stack file, state or answer of AWS should be able to reach.
pub(crate) fn fault(at: Option<&Location<'_>>) {
    stderr(|out| {
        writeln!(out, "{} auroractl ended by a fault of its own{}", "error:".red().bold(), place(at))?;
        writeln!(
            out,
            " {} what was begun stands in the journal: run the same command again. Please report the line above.",
            "hint:".cyan()
        )
    });
}

/// A place in the source, without the folders of the machine that compiled it.
fn place(at: Option<&Location<'_>>) -> String {
    at.map_or_else(String::new, |at| {
        let file = at.file().rsplit_once("/registry/src/").map_or(at.file(), |(_, rest)| rest);
        format!(" at {file}:{}:{}", at.line(), at.column())
    })
}

/// Findings of a stack file as text, as wide as the terminal, in colour where that is wanted.
pub(crate) fn rendered(found: &Diagnostics) -> String {
    let width = usize::from(console_width());
    // Colours go in here and come out again where the stream or NO_COLOR does not want them.
    found.render(Style { width, color: true, unicode: true })
}

/// Columns of the terminal; 100 where there is none.
fn console_width() -> u16 {
    Table::new().width().unwrap_or(100).clamp(40, 140)
}

/// Findings that stop nothing.
pub(crate) fn findings(found: &Diagnostics) {
    if !found.items.is_empty() {
        stderr(|out| write!(out, "{}", rendered(found)));
    }
}

/// The last words before a second interrupt ends the process, with what continues the run.
pub(crate) fn abandoned(again: &str) {
    stderr(|out| writeln!(out, "\nStopped at once. The state is safe: run {again} to resume."));
}

/// Is there somebody to ask?
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on stderr, reads a line from stdin.
pub(crate) fn ask(question: &str) -> Result<String, Failure> {
    stderr(|out| write!(out, "{question}").and_then(|()| out.flush()));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Failure::new(Exit::Error, format!("can't read the answer: {error}")))?;
    Ok(answer.trim().to_owned())
}

/// A table without frames, as wide as the terminal.
fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|text| text.to_uppercase()));
    table
}

/// Every setting with its origin.
pub(crate) fn settings(settings: &[Explained]) -> Result<Exit, Failure> {
    let mut table = table(&["setting", "value", "from", "meaning"]);
    for setting in settings {
        let value = setting.value.as_ref().map_or_else(|| "(not set)".to_owned(), words::value);
        table.add_row([&setting.path, &value, &setting.source, &setting.doc]);
    }
    stdout(|out| writeln!(out, "{table}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_where_it_is_and_nothing_else() {
        let text = place(Some(Location::caller()));
        assert!(text.starts_with(" at crates/cli/src/view/mod.rs:"), "{text}");
        assert_eq!(place(None), "");
    }
}
