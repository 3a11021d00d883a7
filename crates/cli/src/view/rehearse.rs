//! A rehearsed run: a chart of time as wide as the terminal, and a table of several.

use super::forecast::{critical_json, estimate_json, seconds};
use super::roll::told;
use super::words;
use crate::exit::{Exit, Failure};
use auroractl_core::lower::{Program, StepId};
use auroractl_core::plan::Plan;
use auroractl_core::rehearse::{Gate, Rehearsal, Span};
use auroractl_stack::Forecast;
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// A narrower terminal gets no bars.
const WITH_BARS: usize = 70;
/// A bar is at least so wide: names give way to it, and it to names.
const BAR: usize = 16;
/// What takes more than this part of the whole, or begins later, says what it waited for.
const TELLING: u64 = 20;

/// Shows the first run in full, and all of them side by side.
pub(crate) fn show(stack: &str, plan: &Plan, runs: &[Forecast]) -> Result<Exit, Failure> {
    let Some(first) = runs.first() else { return Ok(Exit::Done) };
    super::stdout(|out| {
        if first.program.steps.is_empty() {
            return super::plan::nothing(stack, plan).iter().try_for_each(|line| writeln!(out, "{line}"));
        }
        chart(out, (&first.program, &first.rehearsal), usize::from(super::console_width()))?;
        let steps = words::count(first.program.steps.len(), "step");
        let calls = words::count(first.rehearsal.parallel, "call");
        writeln!(
            out,
            "\n{} {steps} in {}, {calls} at once. {} decides when it ends.",
            "Time:".bold(),
            words::about(first.whole),
            "*".bold()
        )?;
        if runs.len() > 1 { compared(out, runs) } else { Ok(()) }
    })
}

/// The steps in the order of their start. What decides the end is marked, and says what it waited for; so do what takes long
/// and what begins late, unless it only waited for a place.
fn chart(out: &mut dyn Write, (program, run): (&Program, &Rehearsal), width: usize) -> io::Result<()> {
    let critical: BTreeSet<StepId> = run.critical.iter().copied().collect();
    let names: Vec<String> = program.steps.iter().map(told).collect();
    let times: Vec<String> = run.spans.iter().map(times).collect();
    // Signs and spaces take four columns.
    let room = width.saturating_sub(widest(&times) + 4);
    let name_width = widest(&names).min(width / 2).min(room.saturating_sub(BAR));
    let mut order: Vec<(StepId, &Span)> = run.spans.iter().enumerate().collect();
    order.sort_by_key(|(id, span)| (span.start, span.end, *id));
    for (id, span) in order {
        let Some((name, times)) = names.get(id).zip(times.get(id)) else { continue };
        let mark = if critical.contains(&id) { "*" } else { " " };
        if width >= WITH_BARS {
            let bar = bar(span, run.makespan, room.saturating_sub(name_width));
            writeln!(out, "{mark} {:name_width$} {bar} {times}", short(name, name_width))?;
        } else {
            writeln!(out, "{mark} {}", short(name, width.saturating_sub(2)))?;
            writeln!(out, "    {times}")?;
        }
        let late = span.start * TELLING > run.makespan && matches!(span.gate, Gate::Need(_));
        let telling = critical.contains(&id) || late || (span.end - span.start) * TELLING > run.makespan;
        if let Some(gate) = gate(span.gate, program).filter(|_| telling) {
            writeln!(out, "    {}", short(&gate, width.saturating_sub(4)).dimmed())?;
        }
    }
    Ok(())
}

fn widest(texts: &[String]) -> usize {
    texts.iter().map(|text| text.chars().count()).max().unwrap_or(0)
}

/// `1 min 54 s + 1 s`: when a step begins, and how long it takes.
fn times(span: &Span) -> String {
    let (start, length) = (seconds(span.start), seconds(span.end - span.start));
    format!("{} + {}", words::seconds(start), words::seconds(length))
}

/// The end of a text that is too long gives way.
fn short(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// A step's part of the whole.
fn bar(span: &Span, whole: u64, width: usize) -> String {
    let width = u64::try_from(width).unwrap_or(0).max(1);
    let column = |at: u64| (u128::from(at) * u128::from(width) / u128::from(whole.max(1))).min(u128::from(width));
    let from = column(span.start).min(u128::from(width) - 1);
    let to = column(span.end).max(from + 1);
    (0..u128::from(width)).map(|at| if (from..to).contains(&at) { '█' } else { '·' }).collect()
}

/// Why a step starts when it does; `None` for one that starts at once.
fn gate(gate: Gate, program: &Program) -> Option<String> {
    let name = |id: StepId| program.steps.get(id).map(told);
    match gate {
        Gate::Free => None,
        Gate::Need(by) => Some(format!("after {}", name(by)?)),
        Gate::Place(by) => Some(format!("when a place is free, after {}", name(by)?)),
    }
}

/// One line for each number of calls in flight.
fn compared(out: &mut dyn Write, runs: &[Forecast]) -> io::Result<()> {
    let mut table = super::table(&["calls at once", "about", "p95", "longest chain", "steps that wait for a place"]);
    for run in runs {
        let held = run.rehearsal.spans.iter().filter(|span| matches!(span.gate, Gate::Place(_))).count();
        table.add_row([
            run.rehearsal.parallel.to_string(),
            words::seconds(run.whole.p50.into()),
            words::seconds(run.whole.p95.into()),
            words::seconds(seconds(run.rehearsal.longest)),
            held.to_string(),
        ]);
    }
    writeln!(out, "\n{table}")?;
    let mut sorted: Vec<&Forecast> = runs.iter().collect();
    sorted.sort_by_key(|run| run.rehearsal.parallel);
    for pair in sorted.windows(2) {
        if let [fewer, more] = pair
            && more.rehearsal.makespan > fewer.rehearsal.makespan
        {
            let (more, fewer) = (more.rehearsal.parallel, fewer.rehearsal.parallel);
            writeln!(
                out,
                "{more} calls at once are slower than {fewer}: what has the longest way before it starts first, which is a good rule and not always the best one."
            )?;
        }
    }
    Ok(())
}

/// Prints all runs as JSON.
pub(crate) fn json(stack: &str, runs: &[Forecast]) -> Result<Exit, Failure> {
    let runs: Vec<Value> = runs.iter().map(one).collect();
    super::json::document(&json!({"format_version": 1, "stack": stack, "runs": runs}))
}

fn one(run: &Forecast) -> Value {
    let steps: Vec<Value> = run
        .program
        .steps
        .iter()
        .zip(&run.rehearsal.spans)
        .enumerate()
        .map(|(id, (step, span))| {
            json!({
                "step": id, "address": step.address, "verb": step.verb, "deed": step.deed,
                "start_seconds": seconds(span.start), "end_seconds": seconds(span.end), "gate": span.gate,
                "estimate": estimate_json(step.estimate),
            })
        })
        .collect();
    let mut value = estimate_json(run.whole);
    if let Some(map) = value.as_object_mut() {
        map.insert("parallel".to_owned(), json!(run.rehearsal.parallel));
        map.insert("longest_chain_seconds".to_owned(), json!(seconds(run.rehearsal.longest)));
        map.insert("critical_path".to_owned(), critical_json(run));
        map.insert("steps".to_owned(), Value::Array(steps));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::lower::Step;
    use auroractl_core::rehearse::rehearse;
    use auroractl_core::state::Verb;
    use auroractl_core::{Deed, Estimate};

    /// Twenty steps, each after the one two before it, one of them with a long name.
    fn program() -> Program {
        let step = |id: usize| Step {
            address: format!("db_instance.{}", if id == 7 { "n".repeat(80) } else { format!("n{id}") })
                .parse()
                .unwrap(),
            verb: Verb::Create,
            generation: 0,
            target: None,
            after: id.checked_sub(2).into_iter().collect(),
            deed: Deed::Create,
            estimate: Estimate { p50: 3_599.0, p95: 7_000.0 },
            undoes: None,
            look_after: 0.0,
        };
        Program { steps: (0..20).map(step).collect() }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let program = program();
        let run = rehearse(&program, 1).unwrap();
        for width in 40..=140 {
            let mut text = Vec::new();
            chart(&mut text, (&program, &run), width).unwrap();
            let plain = anstream::adapter::strip_bytes(&text).into_vec();
            for line in String::from_utf8(plain).unwrap().lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
        }
    }

    /// The chart without its colours.
    fn text(program: &Program, parallel: usize, width: usize) -> String {
        let mut text = Vec::new();
        chart(&mut text, (program, &rehearse(program, parallel).unwrap()), width).unwrap();
        String::from_utf8(anstream::adapter::strip_bytes(&text).into_vec()).unwrap()
    }

    #[test]
    fn names_are_cut_where_there_is_no_room_alone() {
        let mut program = program();
        program.steps[7].address = "iam_role_policy_attachment.monitoring".parse().unwrap();
        program.steps.iter_mut().for_each(|step| step.estimate = Estimate { p50: 1.0, p95: 4.0 });
        let name = told(&program.steps[7]);
        let name = name.as_str();
        assert!(text(&program, 16, 100).contains(name) && text(&program, 16, 90).contains(name));
        let narrow = text(&program, 16, 70);
        assert!(!narrow.lines().any(|line| line.contains(name) && !line.trim_start().starts_with("after")), "{narrow}");
    }

    #[test]
    fn what_begins_late_says_what_it_waited_for() {
        let mut program = program();
        program.steps.truncate(4);
        // Short, and decides nothing: it comes after the first of two chains of which the second is longer.
        program.steps[2].estimate = Estimate { p50: 1.0, p95: 4.0 };
        let told = text(&program, 16, 100);
        assert!(
            told.contains("create db_instance.n2 ") && told.contains("    after create db_instance.n0\n"),
            "{told}"
        );
    }

    #[test]
    fn a_bar_has_its_place_and_is_never_empty() {
        let span = |start, end| Span { start, end, gate: Gate::Free };
        assert_eq!(bar(&span(0, 100), 100, 10), "█".repeat(10));
        assert_eq!(bar(&span(50, 100), 100, 10), "·····█████");
        assert_eq!(bar(&span(99, 99), 100, 10), "·········█");
        assert_eq!(bar(&span(0, 0), 0, 4), "█···");
    }
}
