//! The design rules on a stack: judge the facts, point every finding into the stack file, show it there.

use crate::compose::{Composed, compose};
use crate::diagnostics::{Diagnostics, Problem};
use crate::facts::waivers;
use crate::load::Loaded;
use crate::path::{Path, Segment};
use auroractl_core::graph::GraphError;
use auroractl_policy::{Facts, Finding, Place, Report, Severity, Status};

/// Judges facts, with the stack's waivers and findings of custom rules, and points into the stack file.
///
/// # Errors
/// When the stack's resources have no graph.
pub fn judge(loaded: &Loaded, facts: &Facts, custom: Vec<Finding>) -> Result<Report, GraphError> {
    let mut report = auroractl_policy::judge(facts, &waivers(&loaded.config));
    report.extend(custom);
    if report.findings.is_empty() {
        return Ok(report);
    }
    let composed = compose(loaded)?;
    for finding in &mut report.findings {
        finding.place = path(loaded, &composed, finding).and_then(|path| place(loaded, &path));
    }
    Ok(report)
}

/// Where a finding points.
fn path(loaded: &Loaded, composed: &Composed, finding: &Finding) -> Option<Path> {
    let Some(address) = &finding.address else { return waiver_path(&finding.field) };
    let path = composed.path_of(address, &finding.field)?;
    // Where no section of the path is there, the one that asks for the resource says more than the top of the file.
    let nowhere = loaded.place(&path).is_none_or(|place| place.start == place.end);
    if nowhere { composed.places.get(address).cloned().or(Some(path)) } else { Some(path) }
}

/// `policy.waivers[2].review_by`, as findings about waivers name their field.
fn waiver_path(field: &str) -> Option<Path> {
    let (index, rest) = field.strip_prefix("policy.waivers[")?.split_once(']')?;
    let path = Path::of("policy.waivers").with(Segment::Item(index.parse().ok()?));
    Some(path.key(rest.trim_start_matches('.')))
}

fn place(loaded: &Loaded, path: &Path) -> Option<Place> {
    let place = loaded.place(path)?;
    let source = loaded.sources.get(place.file)?;
    let (line, column) = source.line_column(place.start);
    let (end_line, end_column) = source.line_column(place.end);
    Some(Place { file: source.name().to_owned(), line, column, end_line, end_column })
}

/// Findings as diagnostics, with the lines of the stack file that they point at. The worst first.
///
/// # Errors
/// When the stack's resources have no graph.
pub fn shown<'f>(loaded: &Loaded, findings: impl Iterator<Item = &'f Finding>) -> Result<Diagnostics, GraphError> {
    let composed = compose(loaded)?;
    Ok(loaded.diagnose(findings.map(|finding| problem(loaded, &composed, finding)).collect()))
}

fn problem(loaded: &Loaded, composed: &Composed, finding: &Finding) -> Problem {
    let code = auroractl_policy::find(&finding.rule).map_or("CUSTOM", |rule| rule.code);
    let blocks = finding.severity == Severity::Block;
    let make = if blocks { Problem::error } else { Problem::warning };
    let unknown = if finding.status == Status::Unknown { "it can't be told: " } else { "" };
    let problem = make(code, format!("{}: {unknown}{}", finding.title, finding.observed));
    let mut help = finding.remedy.clone();
    if let Some(collision) = &finding.collision {
        help = format!("{help} Note that {collision}.");
    }
    let problem = if help.is_empty() { problem } else { problem.help(help) };
    let expected = match finding.expected.as_str() {
        "" => String::new(),
        expected => format!("{}: expected {expected}", finding.subject()),
    };
    match path(loaded, composed, finding) {
        Some(path) => problem.at(&path, expected),
        None => problem,
    }
}
