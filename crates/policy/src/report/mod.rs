//! Findings and rules as documents: SARIF for code scanning, Markdown for a pull request, the reference page of the rules.

mod document;
mod markdown;
mod reference;
mod sarif;

pub use document::{Document, schema};
pub use markdown::markdown;
pub use reference::reference;
pub use sarif::sarif;

use crate::judgement::{Finding, Report, Status};
use crate::rule::Severity;

/// One sentence about a finding, without its place.
#[must_use]
pub fn sentence(finding: &Finding) -> String {
    let observed = &finding.observed;
    let expected = match finding.expected.as_str() {
        "" => String::new(),
        expected => format!("; expected: {expected}"),
    };
    format!("{}: {observed}{expected}", finding.subject())
}

/// What became of a finding, in a word or two.
#[must_use]
pub fn standing(finding: &Finding) -> String {
    match &finding.status {
        Status::Broken => match finding.severity {
            Severity::Block => "blocks".to_owned(),
            Severity::Warn => "warning".to_owned(),
            Severity::Info | Severity::Off => "note".to_owned(),
        },
        Status::Unknown => "can't be told yet".to_owned(),
        Status::Waived { waiver } => format!("waived by `{waiver}`"),
        Status::Yields { to } => format!("yields to {to}"),
    }
}

/// `2 block, 5 warnings, 3 notes`, and what is excused or unknown.
#[must_use]
pub fn counts(report: &Report) -> String {
    let with = |wanted: fn(&Status) -> bool| report.findings.iter().filter(|one| wanted(&one.status)).count();
    let parts = [
        (report.count(Severity::Block), "blocking"),
        (report.count(Severity::Warn), "to look at"),
        (report.count(Severity::Info), "to note"),
        (with(|status| *status == Status::Unknown), "unknown"),
        (with(|status| matches!(status, Status::Waived { .. })), "waived"),
        (with(|status| matches!(status, Status::Yields { .. })), "yielding"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let kept = format!("{} rules kept", report.passed.len());
    if said.is_empty() { kept } else { format!("{}; {kept}", said.join(", ")) }
}
