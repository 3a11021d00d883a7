//! A plan for people.

use super::words;
use crate::exit::{Exit, Failure};
use auroractl_core::model::Group;
use auroractl_core::plan::{Action, Change, Plan, Reason};
use auroractl_policy::Report;
use owo_colors::OwoColorize as _;
use std::io::{self, Write};

const GROUPS: [Group; 5] = [Group::Network, Group::Security, Group::Params, Group::Cluster, Group::Monitoring];

/// Shows a plan: by part of the stack, then the sums.
pub(crate) fn show(stack: &str, plan: &Plan, all: bool, rules: Option<&Report>) -> Result<Exit, Failure> {
    super::stdout(|out| {
        if plan.is_empty() && !all {
            return writeln!(out, "Nothing to change: stack `{stack}` is as it should be.");
        }
        if plan.changes.iter().any(|change| change.reasons.contains(&Reason::Destroyed)) {
            writeln!(out, "{}\n", "The stack is destroyed.".red().bold())?;
        }
        changes(out, plan, all)?;
        if let Some(report) = rules {
            super::rules::beside(out, report)?;
            writeln!(out)?;
        }
        writeln!(out, "{} {}.", "Plan:".bold(), words::summary(&plan.summary()))
    })
}

/// Shows drift.
pub(crate) fn status(stack: &str, plan: &Plan) -> Result<Exit, Failure> {
    super::stdout(|out| {
        if plan.is_empty() {
            return writeln!(out, "No drift: stack `{stack}` is as it was applied ({} resources).", plan.changes.len());
        }
        changes(out, plan, false)?;
        let drifted =
            plan.changes.iter().filter(|change| change.action.is_change() || !change.deposed.is_empty()).count();
        writeln!(
            out,
            "\n{} {drifted} of {} resources differ. `auroractl apply` puts them back.",
            "Drift:".bold(),
            plan.changes.len()
        )
    })
}

fn changes(out: &mut dyn Write, plan: &Plan, all: bool) -> io::Result<()> {
    for group in GROUPS {
        let shown: Vec<&Change> =
            plan.changes.iter().filter(|change| change.group == group && (all || visible(change))).collect();
        if shown.is_empty() {
            continue;
        }
        writeln!(out, "{}", words::group(group).bold().underline())?;
        for change in shown {
            one(out, change)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn visible(change: &Change) -> bool {
    change.action.is_change() || !change.pending.is_empty() || !change.deposed.is_empty()
}

fn one(out: &mut dyn Write, change: &Change) -> io::Result<()> {
    let style = words::style(change.action);
    let name = if change.name.is_empty() { String::new() } else { format!(" ({})", change.name) };
    let sign = words::sign(change.action);
    writeln!(
        out,
        "  {} {}{}  {}",
        sign.style(style),
        change.address.style(style),
        name.dimmed(),
        words::verb(change.action)
    )?;
    if change.action != Action::Create {
        // That the whole stack goes is said once, above.
        for reason in change.reasons.iter().filter(|reason| **reason != Reason::Destroyed) {
            writeln!(out, "      {}", words::reason(reason).dimmed())?;
        }
    }
    if let Some(refusal) = &change.refusal {
        writeln!(out, "      {}", refusal.message.red())?;
        writeln!(out, "      -> {}", refusal.way_out)?;
    }
    for field in &change.fields {
        let impact = words::impact(&field.impact);
        let felt = if impact.is_empty() { String::new() } else { format!("  [{impact}]") };
        writeln!(
            out,
            "      {}: {} -> {}{}",
            field.path,
            words::value(&field.before),
            words::value(&field.after),
            felt.yellow()
        )?;
    }
    for (field, value) in &change.pending {
        writeln!(out, "      {} {field}: {}", "pending at AWS:".dimmed(), words::value(value))?;
    }
    for generation in &change.deposed {
        writeln!(out, "      also deletes generation {generation}, which an earlier run left")?;
    }
    Ok(())
}
