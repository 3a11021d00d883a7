//! The summary for a change request: where the plan stands, five figures, and where it comes from.

use super::{Run, Subject, felt, told};
use crate::exit::Exit;
use crate::forecast::signed;
use crate::view::forecast::basis;
use crate::view::{dollars, words};
use auroractl_core::cost::Usd;
use auroractl_core::plan::{Plan, Reason};
use auroractl_engine::event::{Stopped, Summary};
use auroractl_policy::{Severity, report};
use serde::Serialize;
use serde_json::json;

/// The head of a report.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    pub(super) title: String,
    pub(super) eyebrow: &'static str,
    pub(super) stack: String,
    pub(super) environment: String,
    pub(super) standing: Standing,
    /// What has failed at AWS, whatever the plan does about it.
    pub(super) ailing: Vec<String>,
    /// What no change says and people should know all the same.
    pub(super) beside: Vec<String>,
    /// What users of the database feel.
    pub(super) lead: String,
    pub(super) figures: Vec<Figure>,
    pub(super) facts: Vec<Fact>,
    /// Why it stopped, in the failure's own lines; none that stand further down anyway.
    pub(super) why: Vec<String>,
    /// What to do about it.
    pub(super) hindrances: Vec<String>,
}

/// Where it stands, in a word and a sentence.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    pub(super) tone: &'static str,
    pub(super) word: &'static str,
    pub(super) text: String,
}

/// A figure: what, how much, and what to know of it.
#[derive(Debug, Serialize)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) note: String,
    pub(super) tone: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) code: bool,
}

/// Sums it up.
pub(super) fn head(subject: &Subject<'_>) -> Head {
    let Subject { stack, run, .. } = subject;
    let environment = json!(subject.origin.environment).as_str().unwrap_or_default().to_owned();
    let kind = if run.is_some() { "Run" } else { "Plan" };
    Head {
        title: format!("{kind} of {}", stack.name()),
        eyebrow: if run.is_some() { "Change report: run" } else { "Change report: plan" },
        stack: stack.name().to_owned(),
        environment,
        standing: standing(subject),
        ailing: words::ailing(subject.plan).iter().map(|line| told(line)).collect(),
        beside: subject.beside.iter().map(|line| told(line)).collect(),
        lead: felt::sentence(subject),
        figures: vec![impact(subject), duration(subject), money(subject), rules(subject), changes(subject)],
        facts: facts(subject),
        why: why(subject),
        hindrances: subject.stopped.and_then(|failure| failure.hint.as_deref()).map(told).into_iter().collect(),
    }
}

/// The lines of a failure that nothing else on the page tells.
fn why(subject: &Subject<'_>) -> Vec<String> {
    let Some(failure) = subject.stopped else { return Vec::new() };
    // Findings, what is over a budget, and refusals stand with the rules, the impact or the cost, and the changes.
    // Refusals are asked for first, so that no other failure has a plan with one.
    let below = matches!(failure.exit, Exit::Blocked | Exit::Budget) || subject.plan.refused().next().is_some();
    if below {
        return Vec::new();
    }
    // They were made for a terminal, colours and all.
    let text = anstream::adapter::strip_str(&failure.details.join("\n")).to_string();
    // Hidden as a whole: a private key has many lines.
    told(&text).lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn standing(subject: &Subject<'_>) -> Standing {
    let (tone, word, text) = match (subject.run, subject.stopped) {
        (Some(run), _) => return ran(run),
        (None, Some(failure)) => {
            let word = match failure.exit {
                Exit::Budget => "Over budget",
                Exit::Blocked => "Blocked",
                Exit::Approval => "Not approved",
                Exit::Refused | Exit::Invalid => "Refused",
                _ => "Stopped",
            };
            ("bad", word, sentence(&told(&failure.message)))
        }
        (None, None) if subject.plan.is_empty() => quiet(subject.plan),
        (None, None) if blocking(subject) > 0 => {
            let what = words::count(blocking(subject), "finding");
            ("bad", "Blocked", format!("{what} of must rules; apply would change nothing."))
        }
        (None, None) => ("good", "Ready to apply", "No refusal, and no rule that blocks.".to_owned()),
    };
    Standing { tone, word, text }
}

/// Where a stack stands in which nothing is to be changed.
fn quiet(plan: &Plan) -> (&'static str, &'static str, String) {
    let (ailing, pending) = (plan.ailing().count(), words::pending(plan));
    let (tone, text) = match (ailing, pending.as_slice()) {
        (0, []) => ("good", "The stack is as it should be.".to_owned()),
        (0, pending) => ("wait", format!("Pending at AWS: {}.", pending.join("; "))),
        (some, _) => {
            let what = words::count(some, "resource");
            ("bad", format!("But the stack is not well: {what} can't be used at AWS."))
        }
    };
    (tone, "Nothing to change", text)
}

/// A message as a sentence. The name of a file, a call or a resource at its start stays as it is.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let word = text.split_whitespace().next().unwrap_or_default().trim_end_matches([',', ';']);
    if !word.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '\'') {
        return format!("{text}.");
    }
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// How a run went.
fn ran(run: Run<'_>) -> Standing {
    let Some((exit, summary)) = run.end else {
        let text = "This was written before the first call. Where no later report replaced it, the run was killed, and the \
                    next one resumes it.";
        return Standing { tone: "wait", word: "Begun", text: text.to_owned() };
    };
    let Summary { done, failed, blocked, not_started, stopped, .. } = summary;
    let (tone, word) = match (stopped, failed.len()) {
        (None, 0) => ("good", "Applied"),
        (None, _) => ("bad", "Partly applied"),
        (Some(Stopped::Interrupt), _) => ("bad", "Interrupted"),
        (Some(Stopped::Deadline), _) => ("bad", "Deadline passed"),
        (Some(_), _) => ("bad", "Stopped"),
    };
    let mut parts = vec![format!("{} done", words::count(*done, "step"))];
    let more = [(failed.len(), "failed"), (blocked.len(), "skipped because of that"), (*not_started, "not started")];
    parts.extend(more.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    // What a script reads from zero, that it is done or had nothing to do, the word and the count say better.
    let meaning = if exit == Exit::Done { String::new() } else { format!(": {}", exit.meaning()) };
    Standing { tone, word, text: format!("{}. Exit {}{meaning}.", parts.join(", "), exit.code()) }
}

fn blocking(subject: &Subject<'_>) -> usize {
    subject.rules.map_or(0, |report| report.blocking(true).count())
}

fn impact(subject: &Subject<'_>) -> Figure {
    let (value, note, tone) = felt::figure(subject);
    Figure { name: "Felt by users", value, note, tone }
}

fn duration(subject: &Subject<'_>) -> Figure {
    let whole = subject.forecast.whole;
    let (p50, p95) = (words::seconds(whole.p50.into()), words::seconds(whole.p95.into()));
    let measured = subject.run.filter(|run| run.end.is_some()).map(|run| run.record.lasted);
    let (value, note, tone) = match measured {
        Some(lasted) => {
            let tone = if lasted > f64::from(whole.p95) { "warn" } else { "" };
            (words::seconds(lasted), format!("predicted {p50} (p95 {p95})"), tone)
        }
        None if subject.plan.is_empty() || subject.plan.refused().next().is_some() => {
            ("none".to_owned(), String::new(), "")
        }
        None => (p50, format!("p95 {p95}"), ""),
    };
    Figure { name: "Duration", value, note, tone }
}

fn money(subject: &Subject<'_>) -> Figure {
    let money = &subject.forecast.money;
    let (after, change) = (money.after.total(), money.change());
    let (value, mut note) = match (dollars::stays(money), dollars::prices(&change)) {
        (true, _) => ("no change".to_owned(), dollars::a_month(after.known)),
        (_, Some(names)) => (dollars::NOT_KNOWN.to_owned(), format!("no price of {names}; {}", dollars::sides(money))),
        (_, None) if change.is_unknown() => ("by use".to_owned(), dollars::sides(money)),
        (_, None) => (dollars::change(change.known), dollars::sides(money)),
    };
    if let Some(peak) = &money.peak {
        note.push_str(&format!("; peak {} an hour", signed(peak.hourly_over_before)));
    }
    if change.unstated().next().is_some() {
        note.push_str("; without what depends on use that is not stated");
    }
    if subject.run.is_some() {
        note.insert_str(0, "planned: ");
    }
    let tone = match dollars::prices(&change) {
        Some(_) => "warn",
        None if change.known.likely > Usd(0) => "more",
        None => "",
    };
    Figure { name: "Monthly cost", value, note, tone }
}

fn rules(subject: &Subject<'_>) -> Figure {
    let Some(report) = subject.rules else {
        let goes = |reason: &Reason| matches!(reason, Reason::Destroyed);
        let note = if subject.plan.is_empty() {
            "nothing changes"
        } else if subject.plan.changes.iter().any(|change| change.reasons.iter().any(goes)) {
            "what goes need not keep them"
        } else {
            "stopped before they were asked"
        };
        let note = note.to_owned();
        return Figure { name: "Design rules", value: "not asked".to_owned(), note, tone: "" };
    };
    let (value, tone) = match (blocking(subject), report.count(Severity::Warn)) {
        (0, 0) => ("kept".to_owned(), "good"),
        (0, look) => (format!("{look} to look at"), "warn"),
        (blocks, _) => (format!("{blocks} blocking"), "bad"),
    };
    let note = beyond(&report::counts(report), &value).to_owned();
    Figure { name: "Design rules", value, note, tone }
}

/// The counts without the first, where the figure says that one already.
fn beyond<'a>(counts: &'a str, figure: &str) -> &'a str {
    counts.strip_prefix(figure).map_or(counts, |rest| rest.trim_start_matches([',', ';', ' ']))
}

fn changes(subject: &Subject<'_>) -> Figure {
    let sum = subject.plan.summary();
    let changed = subject.plan.changes.iter().filter(|change| change.action.is_change()).count();
    let grave = sum.delete + sum.replace + sum.refused + subject.forecast.outage.losses.len();
    let tone = if grave > 0 { "bad" } else { "" };
    Figure { name: "Changes", value: changed.to_string(), note: words::summary(&sum), tone }
}

fn facts(subject: &Subject<'_>) -> Vec<Fact> {
    let Subject { origin, forecast, .. } = subject;
    let text = |name, value: String| Fact { name, value, code: false };
    let code = |name, value: String| Fact { name, value, code: true };
    let account = if origin.account.is_empty() { "not named".to_owned() } else { origin.account.clone() };
    let state = match origin.serial {
        0 => format!("never applied, lineage {} of this plan alone", origin.lineage),
        serial => format!("serial {serial}, lineage {}", origin.lineage),
    };
    let caller = origin.caller.clone();
    let mut facts = vec![
        code("Account", account),
        code("Region", origin.region.clone()),
        code("Stack file", origin.stack_file.display().to_string()),
        text("Planned on", format!("{} (UTC)", origin.day)),
        match caller {
            Some(caller) => code("Planned as", told(&caller)),
            None => text("Planned as", "nobody: without a look at AWS, on the state alone".to_owned()),
        },
        code("State", state),
        code("Digest of the plan", origin.digest.clone()),
        text(
            "Estimates",
            format!("{} at once; {}", words::count(forecast.rehearsal.parallel, "call"), basis(forecast)),
        ),
    ];
    if let Some(Run { record, .. }) = subject.run {
        facts.push(text("Run began", record.begun.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use jiff::Timestamp;
    use std::time::Duration;

    #[test]
    fn nothing_is_said_twice() {
        assert_eq!(beyond("3 to look at, 7 to note; 35 rules kept", "3 to look at"), "7 to note; 35 rules kept");
        assert_eq!(beyond("7 to note; 35 rules kept", "kept"), "7 to note; 35 rules kept");
        let record = Record::new(Timestamp::UNIX_EPOCH, Duration::ZERO);
        let ended = |exit, summary: &Summary| ran(Run { record: &record, end: Some((exit, summary)) }).text;
        let summary = Summary { done: 71, ..Summary::default() };
        assert_eq!(ended(Exit::Done, &summary), "71 steps done. Exit 0.");
        let stopped = Summary { done: 1, not_started: 2, stopped: Some(Stopped::Deadline), ..Summary::default() };
        assert_eq!(
            ended(Exit::Deadline, &stopped),
            "1 step done, 2 not started. Exit 11: the deadline passed; AWS is still working."
        );
    }
}
