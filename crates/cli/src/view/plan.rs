//! A plan for people.

use super::meaning::{GROUPS, Meaning, Meanings, ails, changed};
use super::wrap::{hanging, indented};
use super::{dollars, words};
use crate::exit::{Exit, Failure};
use auroractl_core::plan::{Action, Change, Plan, Reason, RefusalClass};
use auroractl_policy::Report;
use auroractl_stack::{ClusterOverview, Forecast, masked};
use owo_colors::OwoColorize as _;
use std::io::{self, Write};
use std::path::Path;

/// What stands beside a plan.
#[derive(Clone, Copy)]
pub(crate) struct Beside<'a> {
    /// Time, money and interruptions.
    pub(crate) forecast: &'a Forecast,
    /// What the design rules say.
    pub(crate) rules: Option<&'a Report>,
    /// Unchanged resources too.
    pub(crate) all: bool,
    /// Identities and the names that hold them are of this plan alone: see [`words::DRAWN`].
    pub(crate) drawn: bool,
}

/// What is said of a plan without changes. One that names no resource at all is that of a stack that is gone; where something
/// has failed at AWS, or AWS has accepted what it has not applied, not all is as it should be.
pub(crate) fn nothing(stack: &str, plan: &Plan) -> Vec<String> {
    let (ailing, pending) = (words::ailing(plan), words::pending(plan));
    let indented = |lines: Vec<String>| lines.into_iter().map(|line| format!("  {line}"));
    let head = match (plan.changes.as_slice(), ailing.as_slice(), pending.as_slice()) {
        ([], ..) => format!("Nothing to change: nothing is left of stack `{stack}`."),
        (_, [], []) => format!("Nothing to change: stack `{stack}` is as it should be."),
        (_, [], _) => format!("Nothing to change in stack `{stack}`. Pending at AWS:"),
        _ => format!("Nothing to change, but stack `{stack}` is not well. Not usable at AWS:"),
    };
    let also = (!ailing.is_empty() && !pending.is_empty()).then(|| "Pending at AWS:".to_owned());
    [head].into_iter().chain(indented(ailing)).chain(also).chain(indented(pending)).collect()
}

/// Shows a plan: by what a change means to the user, then by part of the stack; then the sums.
pub(crate) fn show(stack: &str, plan: &Plan, beside: Beside<'_>) -> Result<Exit, Failure> {
    super::stdout(|out| {
        if plan.changes.is_empty() || (plan.is_empty() && !beside.all) {
            return nothing(stack, plan).iter().try_for_each(|line| writeln!(out, "{line}"));
        }
        if plan.changes.iter().any(|change| change.reasons.contains(&Reason::Destroyed)) {
            writeln!(out, "{}\n", "The stack is destroyed.".red().bold())?;
        }
        let ailing = words::ailing(plan);
        if !ailing.is_empty() {
            writeln!(out, "{}", "Not usable at AWS:".red().bold())?;
            ailing.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
            writeln!(out)?;
        }
        let meanings = Meanings::by(beside.forecast);
        for meaning in Meaning::ALL {
            let means = |change: &&Change| meanings.of(change) == meaning;
            let of: Vec<&Change> = plan.changes.iter().filter(means).collect();
            if of.iter().any(|change| beside.all || changed(change)) {
                writeln!(out, "{}", heading(meaning))?;
                parts(out, &of, (beside.all, Some(beside.forecast)))?;
            }
        }
        if let Some(report) = beside.rules {
            super::rules::beside(out, report)?;
            writeln!(out)?;
        }
        writeln!(out, "{} {}.", "Plan:".bold(), words::summary(&plan.summary()))?;
        if beside.drawn {
            super::wrap::wrapped(out, words::DRAWN)?;
        }
        if beside.rules.is_some_and(|report| report.blocking(true).next().is_some()) {
            writeln!(out, "{} `auroractl apply` changes nothing and ends with exit code 3.", "Blocked:".red().bold())?;
        }
        Ok(())
    })
}

fn heading(meaning: Meaning) -> String {
    match meaning {
        Meaning::Interrupts => meaning.title().magenta().bold().to_string(),
        Meaning::Data => meaning.title().red().bold().to_string(),
        Meaning::Money | Meaning::Rest => meaning.title().bold().to_string(),
    }
}

/// Shows how the database is, then drift, and says what it does not look at.
pub(crate) fn status(stack: &str, plan: &Plan, clusters: &[ClusterOverview], file: &Path) -> Result<Exit, Failure> {
    super::stdout(|out| {
        super::overview::show(out, clusters)?;
        standing(out, stack, plan, file)
    })
}

fn standing(out: &mut dyn Write, stack: &str, plan: &Plan, file: &Path) -> io::Result<()> {
    if plan.changes.is_empty() {
        return writeln!(out, "No drift: nothing is left of stack `{stack}`.");
    }
    parts(out, &plan.changes.iter().collect::<Vec<_>>(), (false, None))?;
    verdict(stack, plan).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    writeln!(
        out,
        "Not looked at: what others added beside the stack's own, like rules of security groups, routes and members. \
             `auroractl check {} --live` judges the rules and routes.",
        file.display()
    )
}

/// Drift, and what has failed at AWS, in a sentence each.
fn verdict(stack: &str, plan: &Plan) -> Vec<String> {
    let all = words::count(plan.changes.len(), "resource");
    let ailing = plan.ailing().count();
    let failed = format!("{} {ailing} of {all} can't be used at AWS: see above.", "Failed:".red().bold());
    let failed = (ailing > 0).then_some(failed);
    if plan.is_empty() {
        let well = format!("No drift: stack `{stack}` is as it was applied ({all}).");
        return vec![failed.unwrap_or(well)];
    }
    [differences(plan, &all)].into_iter().chain(failed).collect()
}

fn differences(plan: &Plan, all: &str) -> String {
    let (unseen, drifted) = drift(plan);
    if drifted == 0 {
        return format!("{} {unseen} of {all} could not be looked at.", "Unknown:".bold());
    }
    let (differ, them) = if drifted == 1 { ("differs", "it") } else { ("differ", "them") };
    let sum = format!("{} {drifted} of {all} {differ}", "Drift:".bold());
    if plan.refused().next().is_none() {
        return format!("{sum}. `auroractl apply` puts {them} back.");
    }
    let unseen = if unseen > 0 { format!(", {unseen} could not be looked at") } else { String::new() };
    format!("{sum}{unseen}. `auroractl apply` changes nothing while something is refused: see above.")
}

/// How many resources could not be looked at, and how many others differ.
pub(crate) fn drift(plan: &Plan) -> (usize, usize) {
    let unknown =
        |change: &&Change| change.refusal.as_ref().is_some_and(|refusal| refusal.class == RefusalClass::Unknown);
    let differ = plan.changes.iter().filter(|change| change.action.is_change() || !change.deposed.is_empty());
    let (unseen, drifted): (Vec<&Change>, Vec<&Change>) = differ.partition(unknown);
    (unseen.len(), drifted.len())
}

/// The changes by part of the stack.
fn parts(out: &mut dyn Write, of: &[&Change], (all, forecast): (bool, Option<&Forecast>)) -> io::Result<()> {
    for group in GROUPS {
        let shown: Vec<&&Change> =
            of.iter().filter(|change| change.group == group && (all || changed(change))).collect();
        if shown.is_empty() {
            continue;
        }
        writeln!(out, "{}", words::group(group).underline())?;
        for change in shown {
            one(out, change, forecast)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn one(out: &mut dyn Write, change: &Change, forecast: Option<&Forecast>) -> io::Result<()> {
    // Nothing is done about it, and yet it is no line to be passed over.
    let (style, verb) = match ails(change) {
        true => (words::style(Action::Refused), words::AILING),
        false => (words::style(change.action), words::verb(change.action)),
    };
    let name = if change.name.is_empty() { String::new() } else { format!(" ({})", change.name) };
    let sign = words::sign(change.action);
    let taken = format!("  {sign} {}{name}  {verb}", change.address).chars().count();
    let costs = forecast.map(|forecast| costs(change, forecast)).filter(|text| !text.is_empty());
    let room = usize::from(super::console_width()).saturating_sub(taken + 2);
    let (beside, under) = match costs {
        Some(text) if text.chars().count() <= room => (format!("  {text}"), None),
        costs => (String::new(), costs),
    };
    writeln!(
        out,
        "  {} {}{}  {verb}{}",
        sign.style(style),
        change.address.style(style),
        name.dimmed(),
        beside.dimmed()
    )?;
    under.iter().try_for_each(|text| writeln!(out, "      {}", text.dimmed()))?;
    below(out, change, forecast.is_none())
}

/// `about 4 min 30 s, +$201.48 a month`: what is worth telling of one change.
fn costs(change: &Change, forecast: &Forecast) -> String {
    let time = forecast.changes.get(&change.address).map(|outlook| f64::from(outlook.estimate.p50));
    let time = time.filter(|seconds| *seconds >= 10.0).map(|seconds| format!("about {}", words::seconds(seconds)));
    let money = dollars::of_change(&forecast.money, &change.address);
    time.into_iter().chain(money).collect::<Vec<_>>().join(", ")
}

/// Why, what differs, and what to do. Of drift both sides are told by whose they are: none of them is a wish.
fn below(out: &mut dyn Write, change: &Change, drift: bool) -> io::Result<()> {
    // What is new says so by its verb and what is refused by its refusal; that the whole stack goes is said once, above.
    let told = |reason: &&Reason| !matches!(reason, Reason::New | Reason::Refused | Reason::Destroyed);
    for reason in change.reasons.iter().filter(told) {
        let text = words::reason(reason);
        match reason {
            Reason::Ailing { .. } => writeln!(out, "      {}", text.red())?,
            _ => writeln!(out, "      {}", text.dimmed())?,
        }
    }
    if let Some(refusal) = &change.refusal {
        indented(&refusal.message).iter().try_for_each(|line| writeln!(out, "      {}", line.red()))?;
        hanging(out, "-> ", &refusal.way_out)?;
    }
    for field in &change.fields {
        let impact = words::edit(change, field);
        let felt = if impact.is_empty() { String::new() } else { format!("  [{impact}]") };
        let (before, after) = (masked(&field.path, &field.before), masked(&field.path, &field.after));
        let (path, before, after) = words::sides((&change.address, &field.path), (&before, &after));
        let before = if words::takes_back(change, field) { before + words::NOT_APPLIED } else { before };
        // What stands there in words is no value that was sent.
        let sides = if drift && path == field.path {
            format!("{after} was applied, AWS has {before}")
        } else {
            format!("{before} -> {after}")
        };
        writeln!(out, "      {path}: {sides}{}", felt.yellow())?;
    }
    for (field, value) in &change.pending {
        let value = words::of_field((&change.address, field), &masked(field, value));
        let fate = words::fate(change, field);
        writeln!(out, "      {} {field}: {value}{fate}", "pending at AWS:".dimmed())?;
    }
    for generation in &change.deposed {
        writeln!(out, "      also deletes generation {generation}, which an earlier run left")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::Group;

    const STATUS: &str = "its status is incompatible-network: its subnets have no free addresses";

    fn change(address: &str, group: Group, action: Action, reason: Reason) -> Change {
        Change { reasons: vec![reason], ..Change::bare(address.parse().unwrap(), group, action) }
    }

    /// A network as it should be, and a cluster.
    fn plan(action: Action, reason: Reason) -> Plan {
        let network = change("vpc.main", Group::Network, Action::NoOp, Reason::Unchanged);
        Plan { changes: vec![network, change("db_cluster.main", Group::Cluster, action, reason)] }
    }

    fn sick() -> Plan {
        plan(Action::NoOp, Reason::Ailing { status: STATUS.to_owned() })
    }

    fn status_of(plan: &Plan) -> String {
        let mut text = Vec::new();
        standing(&mut text, "orders", plan, Path::new("orders.toml")).unwrap();
        String::from_utf8(anstream::adapter::strip_bytes(&text).into_vec()).unwrap()
    }

    #[test]
    fn what_has_failed_at_aws_is_not_passed_over() {
        let text = status_of(&sick());
        for words in ["db_cluster.main", "NOT USABLE", STATUS, "1 of 2 resources can't be used"] {
            assert!(text.contains(words), "no `{words}` in {text}");
        }
        for words in ["No drift", "Drift:", "vpc.main"] {
            assert!(!text.contains(words), "`{words}` in {text}");
        }
        let lines = nothing("orders", &sick());
        assert!(!lines[0].contains("as it should be"), "{lines:?}");
        assert_eq!(lines[1..], [format!("  db_cluster.main: {STATUS}")]);
    }

    #[test]
    fn what_is_pending_is_not_passed_over() {
        let mut waits = plan(Action::NoOp, Reason::Unchanged);
        waits.changes[1].pending = [("engine_version".to_owned(), serde_json::Value::from("16.12"))].into();
        let told = "  db_cluster.main: engine_version = \"16.12\", in the maintenance window";
        assert_eq!(nothing("orders", &waits), ["Nothing to change in stack `orders`. Pending at AWS:", told]);
        waits.changes[1].reasons = vec![Reason::Ailing { status: STATUS.to_owned() }];
        let lines = nothing("orders", &waits);
        assert!(lines[0].contains("not well"), "{lines:?}");
        assert_eq!(lines[2..], ["Pending at AWS:".to_owned(), told.to_owned()]);
    }

    #[test]
    fn what_is_well_is_told_as_before() {
        let well = plan(Action::NoOp, Reason::Unchanged);
        assert_eq!(nothing("orders", &well), ["Nothing to change: stack `orders` is as it should be."]);
        assert!(status_of(&well).starts_with("No drift"));
        let drifted = plan(Action::Update, Reason::Drifted { fields: vec!["port".to_owned()] });
        let text = status_of(&drifted);
        assert!(text.contains("1 of 2 resources differs") && !text.contains("Failed:"), "{text}");
    }
}
