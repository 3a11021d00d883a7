//! Rules and findings for people, and their JSON.

use crate::exit::{Exit, Failure};
use auroractl_policy::report::{counts, sentence, standing};
use auroractl_policy::{Finding, RULES, Report, Rule, Severity, Status};
use auroractl_stack::Loaded;
use auroractl_stack::rules::shown;
use owo_colors::{OwoColorize as _, Style};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Shows a report: what blocks and what to look at with the lines of the stack file, the rest in a line each.
pub(crate) fn report(loaded: &Loaded, report: &Report) -> Result<Exit, Failure> {
    let serious = |finding: &&Finding| finding.severity >= Severity::Warn && finding.status == Status::Broken;
    let (serious, others): (Vec<&Finding>, Vec<&Finding>) = report.findings.iter().partition(|one| serious(one));
    let blocking = serious.iter().copied().filter(|finding| finding.severity == Severity::Block);
    let warnings = serious.iter().copied().filter(|finding| finding.severity != Severity::Block);
    let blocking = super::rendered(&shown(loaded, blocking).map_err(|error| vec![error])?);
    let warnings = super::rendered(&shown(loaded, warnings).map_err(|error| vec![error])?);
    super::stdout(|out| {
        if !blocking.is_empty() {
            writeln!(out, "{}\n{blocking}", "Blocks apply".red().bold().underline())?;
        }
        if !warnings.is_empty() {
            writeln!(out, "{}\n{warnings}", "Worth a look".yellow().bold().underline())?;
        }
        if !others.is_empty() {
            writeln!(out, "{}", "Also".bold().underline())?;
            others.iter().try_for_each(|finding| line(out, finding))?;
            writeln!(out)?;
        }
        let what = if report.blocking(false).next().is_some() { "Blocked:" } else { "Rules:" };
        writeln!(out, "{} {} (profile {}).", what.bold(), counts(report), report.profile)
    })
}

/// One finding on one line.
fn line(out: &mut dyn Write, finding: &Finding) -> io::Result<()> {
    writeln!(
        out,
        "  {} {}  {}{}",
        finding.rule,
        sentence(finding),
        format!("[{}]", standing(finding)).dimmed(),
        place(finding)
    )
}

fn place(finding: &Finding) -> String {
    finding.place.as_ref().map_or_else(String::new, |place| format!("  {}:{}", place.file, place.line))
}

/// The findings below a plan: what blocks in a line each, the rest by their codes.
pub(crate) fn beside(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let blocking: Vec<&Finding> = report.blocking(true).collect();
    if !blocking.is_empty() {
        writeln!(out, "{}", "Design rules that block apply:".red().bold())?;
        blocking.iter().try_for_each(|finding| line(out, finding))?;
    }
    let mut codes: Vec<&str> = Vec::new();
    let open = |finding: &&Finding| finding.severity == Severity::Warn && finding.status == Status::Broken;
    for finding in report.findings.iter().filter(open) {
        if !codes.contains(&finding.rule.as_str()) {
            codes.push(&finding.rule);
        }
    }
    let more =
        if codes.is_empty() { String::new() } else { format!("; look at {} with `auroractl check`", codes.join(", ")) };
    writeln!(out, "{} {}{more}.", "Rules:".bold(), counts(report))
}

/// All rules as one document.
pub(crate) fn listed() -> Value {
    let rule = |rule: &Rule| {
        let [prod, staging, dev] = rule.severity;
        json!({
            "code": rule.code,
            "level": rule.level,
            "title": rule.title,
            "severity": {"prod": prod, "staging": staging, "dev": dev},
            "when": rule.when.to_string(),
            "source": rule.source,
            "mappings": rule.mappings,
        })
    };
    json!({"format_version": 1, "rules": RULES.iter().map(rule).collect::<Vec<_>>()})
}

/// All rules, a line each.
pub(crate) fn list() -> Result<Exit, Failure> {
    let mut table = super::table(&["rule", "level", "prod", "staging", "dev", "demands"]);
    for rule in RULES {
        let [prod, staging, dev] = rule.severity.map(|severity| severity.to_string());
        table.add_row([rule.code, &rule.level.to_string(), &prod, &staging, &dev, rule.title]);
    }
    super::stdout(|out| writeln!(out, "{table}"))
}

/// One rule.
pub(crate) fn explain(rule: &Rule) -> Result<Exit, Failure> {
    let label = Style::new().bold();
    super::stdout(|out| {
        let [prod, staging, dev] = rule.severity;
        writeln!(out, "{} ({}): {}\n", rule.code.style(label), rule.level, rule.title)?;
        writeln!(out, "{} {}", "Why:".style(label), rule.why)?;
        writeln!(out, "{} {}", "What to do:".style(label), rule.remedy)?;
        writeln!(out, "{} prod {prod}, staging {staging}, dev {dev}", "When it is broken:".style(label))?;
        writeln!(out, "{} {}", "Looks at:".style(label), rule.when)?;
        writeln!(out, "{} {}", "Mending it costs:".style(label), rule.fix)?;
        writeln!(out, "{} {}", "Source:".style(label), rule.source)?;
        rule.mappings
            .named()
            .try_for_each(|(catalogue, ids)| writeln!(out, "{} {ids}", format!("{catalogue}:").style(label)))
    })
}
