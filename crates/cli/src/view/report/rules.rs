//! What the design rules say, with the waivers that excuse it.

use super::told;
use crate::session::Stack;
use auroractl_policy::report::{counts, sentence, standing};
use auroractl_policy::{Finding, Report, Severity, Status, Waiver};
use auroractl_stack::facts::waivers;
use serde::Serialize;

/// At most so many findings.
const ROWS: usize = 200;

/// The verdict.
#[derive(Debug, Serialize)]
pub(super) struct Rules {
    pub(super) counts: String,
    pub(super) profile: String,
    pub(super) findings: Vec<Row>,
    pub(super) left_out: usize,
    waivers: Vec<Excuse>,
}

#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) rule: String,
    pub(super) title: String,
    pub(super) tone: &'static str,
    pub(super) standing: String,
    pub(super) sentence: String,
    pub(super) place: String,
    pub(super) remedy: String,
    pub(super) collision: String,
}

/// A documented exception.
#[derive(Debug, Serialize)]
struct Excuse {
    name: String,
    rules: String,
    reason: String,
    justification: String,
    risk: String,
    controls: Vec<String>,
    approvals: Vec<String>,
    review_by: String,
}

/// Sums the findings up, the gravest first.
pub(super) fn rules(stack: &Stack, report: &Report) -> Rules {
    let waivers = waivers(&stack.loaded.config);
    Rules {
        counts: counts(report),
        profile: report.profile.to_string(),
        findings: report.findings.iter().take(ROWS).map(row).collect(),
        left_out: report.findings.len().saturating_sub(ROWS),
        waivers: waivers.iter().map(excuse).collect(),
    }
}

fn row(finding: &Finding) -> Row {
    let tone = match (&finding.status, finding.severity) {
        (Status::Broken, Severity::Block) => "bad",
        (Status::Broken, Severity::Warn) => "warn",
        _ => "",
    };
    Row {
        rule: finding.rule.clone(),
        title: finding.title.clone(),
        tone,
        standing: standing(finding),
        sentence: told(&sentence(finding)),
        place: finding.place.as_ref().map_or_else(String::new, |place| format!("{}:{}", place.file, place.line)),
        remedy: told(&finding.remedy),
        collision: finding.collision.clone().unwrap_or_default(),
    }
}

fn excuse(waiver: &Waiver) -> Excuse {
    Excuse {
        name: waiver.name.clone(),
        rules: waiver.rules.join(", "),
        reason: waiver.reason.to_string(),
        justification: told(&waiver.justification),
        risk: told(&waiver.risk),
        controls: waiver.controls.iter().map(|text| told(text)).collect(),
        approvals: waiver.approvals.iter().map(|one| format!("{} ({}), {}", one.name, one.role, one.date)).collect(),
        review_by: waiver.review_by.to_string(),
    }
}
