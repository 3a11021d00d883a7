//! A run as plain lines, for logs: one line per event that matters, with the time since the start.

use super::pace::{self, Pace, against, overdue};
use super::words::doing;
use super::{Progress, words};
use auroractl_core::lower::Program;
use auroractl_core::state::Verb;
use auroractl_core::{Address, Estimate};
use auroractl_engine::Event;
use auroractl_engine::event::{Stopped, Summary};
use auroractl_engine::sweep::{Astray, Stray};
use owo_colors::OwoColorize as _;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// As wide as the longest time before a line: `10 min 12 s`, `100 h 12 min`.
const TIME: usize = 12;

/// Plain lines on stderr.
pub(crate) struct Plain(Pace);

impl Plain {
    /// Begins a run of this program now, with how long the whole is predicted to take. Times are the clock's, which a test may
    /// let run faster.
    pub(crate) fn new(program: &Program, whole: Estimate, scale: f64) -> Self {
        Self(Pace::new(program, whole, scale))
    }

    fn line(&self, text: &str) {
        let seconds = self.0.now();
        super::stderr(|out| writeln!(out, "{:>TIME$}  {text}", words::seconds(seconds)));
    }
}

impl Progress for Plain {
    fn event(&mut self, event: &Event) {
        // Before the pace follows: an event that ends a step tells how long it was under way.
        let text = sentence(event, &self.0);
        self.0.note(event);
        if let Some(text) = text {
            self.line(&text);
        }
    }

    fn end(&mut self, summary: &Summary, again: &str) {
        super::stderr(|out| closing(out, summary, &self.0, again));
    }
}

/// An event as a sentence; `None` for those that only a live view shows.
pub(super) fn sentence(event: &Event, pace: &Pace) -> Option<String> {
    Some(match event {
        Event::RunStarted { steps, critical_path_seconds } => {
            let steps = words::count(*steps, "step");
            format!("{steps}; the longest chain usually takes {}", words::seconds(*critical_path_seconds))
        }
        Event::Resuming { in_doubt } => format!("resuming: {} in doubt", words::count(*in_doubt, "operation")),
        Event::Resolved { address, verb, found } => format!("{address}: {}", resolved(*verb, *found)),
        Event::StepStarted { address, verb, .. } => format!("{address}: {} ...", doing(*verb)),
        Event::StepWaiting { address, status, .. } => format!("{address}: {status}"),
        Event::StepInDoubt { address, error, .. } => format!("{address}: result unknown, looking for it ({error})"),
        Event::StepFinished { step, address, verb, seconds } => {
            let estimate = pace.estimate(*step);
            let late = if overdue(*seconds, estimate) { ", later than p95" } else { "" };
            format!("{address}: {} done in {}{late}", doing(*verb), against(*seconds, estimate))
        }
        Event::StepFailed { address, verb, error, .. } => {
            format!("{address}: {} {}: {error}", doing(*verb), "failed".red())
        }
        Event::StepBlocked { step, address, because } => {
            let verb = pace.verb(*step).map(|verb| format!("{} ", doing(verb))).unwrap_or_default();
            format!("{address}: {verb}skipped, because {because} failed")
        }
        Event::Heartbeat { active, done, steps } => heartbeat(active, (*done, *steps), pace),
        Event::Interrupted => "interrupted: nothing new starts; calls in flight are awaited".to_owned(),
        Event::Strays { strays } => astray(strays),
        Event::RunFinished(_) => return None,
    })
}

/// What carries the stack's tags and should not be there: a line each, below the first.
fn astray(strays: &[Stray]) -> String {
    let why = |why: &Astray| match why {
        Astray::Twin { of, planned: true } => format!("a second {of}, which nothing uses: the next plan deletes it"),
        Astray::Twin { of, planned: false } => {
            format!("a second {of}: find out which one is in use, and take the `auroractl:*` tags off the other")
        }
        Astray::Unknown { address } => format!("it says that it is {address}, and no run on record made it"),
        Astray::Lineage { lineage } => format!("it is of another stack of this name, lineage {lineage}"),
    };
    // Below the text of the first, behind its time.
    let lines = strays.iter().map(|stray| format!("\n{:TIME$}    {}: {}", "", stray.arn, why(&stray.why)));
    let count = words::count(strays.len(), "object");
    format!("{count} with the tags of this stack should not be there:{}", lines.collect::<String>())
}

/// What became of an operation that an interrupted run had begun.
fn resolved(verb: Verb, found: bool) -> &'static str {
    match (verb, found) {
        (Verb::Create | Verb::Adopt, true) => "found, an interrupted run had made it",
        (Verb::Create | Verb::Adopt, false) => "not there, an interrupted run had not made it",
        (Verb::Delete | Verb::Forget, true) => "still there",
        (verb, true) if verb.operates() => "looked at: the plan goes by what is there now",
        (_, true) => "found, and compared with what the stack wants",
        (_, false) => "gone",
    }
}

fn heartbeat(active: &[(Address, String)], (done, steps): (usize, usize), pace: &Pace) -> String {
    let waiting: Vec<String> = active.iter().take(4).map(|(address, status)| waits(address, status, pace)).collect();
    let more = active.len().saturating_sub(waiting.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let left = match pace::left(pace.left()) {
        text if text.is_empty() => text,
        text => format!(", {text}"),
    };
    format!("{done} of {} done{left}; waiting for {}{more}", words::count(steps, "step"), waiting.join(", "))
}

/// `db_instance.a (creating, 6 min 2 s, usually 4 min 30 s)`.
fn waits(address: &Address, status: &str, pace: &Pace) -> String {
    let status = if status.is_empty() { "waiting" } else { status };
    let Some((spent, estimate)) = pace.of(address) else { return format!("{address} ({status})") };
    let late = if overdue(spent, estimate) { format!(", {}", "overdue".yellow()) } else { String::new() };
    format!("{address} ({status}, {}{late})", against(spent, estimate))
}

/// How the run ended, what is in doubt, and what to do next.
pub(super) fn closing(out: &mut dyn Write, summary: &Summary, pace: &Pace, again: &str) -> io::Result<()> {
    for (address, error) in &summary.failed {
        writeln!(out, "  {} {address}: {error}", "failed:".red())?;
    }
    if let Some(why) = &summary.unwritten {
        writeln!(out, "  {} {why}", "not written:".red())?;
    }
    if !summary.blocked.is_empty() {
        // Several steps of one resource are one to whoever reads the end; which they were, the lines above say.
        let mut told = BTreeSet::new();
        let blocked = summary.blocked.iter().filter(|address| told.insert(*address));
        let blocked: Vec<String> = blocked.map(ToString::to_string).collect();
        writeln!(out, "  skipped: {}", blocked.join(", "))?;
    }
    for address in &summary.in_doubt {
        writeln!(out, "  in doubt: {address}; the next run looks for it")?;
    }
    if !summary.still_running.is_empty() {
        let running: Vec<String> = summary.still_running.iter().map(ToString::to_string).collect();
        writeln!(out, "  AWS is still working on: {}", running.join(", "))?;
    }
    for address in pace.suspended() {
        writeln!(out, "  {} reader autoscaling ({address}), until the next run resumes it", "suspended:".yellow())?;
    }
    let done = words::count(summary.done, "step");
    match (summary.stopped, summary.failed.len(), summary.not_started) {
        (None, 0, _) => {
            let (took, whole) = (words::seconds(pace.now()), pace.whole());
            let (p50, p95) = (words::seconds(whole.p50.into()), words::seconds(whole.p95.into()));
            writeln!(out, "{} {done} in {took} (predicted {p50}, p95 {p95}).", "Done:".green().bold())
        }
        (None, failed, _) => writeln!(
            out,
            "{} {done} done, {failed} failed, {} skipped. Mend the cause and run {again}: it continues from here.",
            "Partial:".yellow().bold(),
            summary.blocked.len()
        ),
        (Some(why), failed, left) => writeln!(
            out,
            "{} {done} done, {failed} failed, {left} not started. Run {again} to continue.",
            stopped(why).yellow().bold()
        ),
    }
}

fn stopped(why: Stopped) -> &'static str {
    match why {
        Stopped::Interrupt => "Interrupted:",
        Stopped::Deadline => "Deadline passed:",
        Stopped::Credentials => "Stopped, the credentials are no longer good:",
        Stopped::Store => "Stopped, the journal can't be written:",
        Stopped::Fenced => "Stopped, another run has taken the lease:",
    }
}

#[cfg(test)]
mod tests {
    use super::super::pace::tests::roll;
    use super::*;

    fn last_words(summary: &Summary, pace: &Pace) -> String {
        let mut text = Vec::new();
        closing(&mut text, summary, pace, "it again").unwrap();
        String::from_utf8(anstream::adapter::strip_bytes(&text).into_vec()).unwrap()
    }

    #[test]
    fn the_last_line_compares_with_what_was_predicted() {
        let summary = Summary { done: 3, ..Summary::default() };
        let told = last_words(&summary, &roll(3, 3));
        assert_eq!(told, "Done: 3 steps in 0 s (predicted 11 min 28 s, p95 28 min 31 s).\n");
    }

    #[test]
    fn what_an_interrupted_roll_leaves_suspended_is_told() {
        let summary = Summary { done: 1, not_started: 1, stopped: Some(Stopped::Interrupt), ..Summary::default() };
        let told = last_words(&summary, &roll(2, 1));
        assert_eq!(
            told,
            "  suspended: reader autoscaling (scalable_target.readers), until the next run resumes it\n\
             Interrupted: 1 step done, 0 failed, 1 not started. Run it again to continue.\n"
        );
        assert!(!last_words(&summary, &roll(0, 0)).contains("suspended"));
    }
}
