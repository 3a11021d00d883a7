//! The decision record of a stack's waivers (an ADR), as Markdown.

use crate::facts::Facts;
use crate::judgement::{Report, Status};
use crate::rules::find;
use crate::waiver::Waiver;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;

const TEMPLATE: &str = include_str!("../templates/decision.md");

/// A waiver as the record shows it.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    rules: Vec<String>,
    addresses: Vec<String>,
    reason: String,
    justification: String,
    risk: String,
    controls: Vec<String>,
    author: String,
    approvals: Vec<String>,
    review_by: String,
    remediate_by: String,
    migration_path: Option<String>,
    excuses: Vec<String>,
    flaws: Vec<String>,
}

/// Why a record can't be written: a fault in its template.
#[derive(Debug, thiserror::Error)]
#[error("the decision record can't be written: {0}")]
pub struct Unwritable(#[from] minijinja::Error);

/// The record.
///
/// # Errors
/// When the template does not fit what is put into it, which a test rules out.
pub fn record(facts: &Facts, waivers: &[Waiver], report: &Report) -> Result<String, Unwritable> {
    let shown: Vec<Shown> = waivers.iter().map(|waiver| show(waiver, facts, report)).collect();
    let mut templates = Environment::new();
    templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    let context = context! {
        stack => facts.stack.name.clone(),
        profile => facts.stack.profile.to_string(),
        today => facts.stack.today.to_string(),
        waivers => Serde(shown),
    };
    Ok(templates.render_str(TEMPLATE, context)?)
}

fn show(waiver: &Waiver, facts: &Facts, report: &Report) -> Shown {
    let by_this = |status: &Status| matches!(status, Status::Waived { waiver: name } if *name == waiver.name);
    let excused = report.findings.iter().filter(|finding| by_this(&finding.status));
    let rule = |code: &String| match find(code) {
        Some(rule) => format!("{}: {}", rule.code, rule.title),
        None => code.clone(),
    };
    let flaws = waiver.flaws(facts.stack.today, facts.stack.profile);
    Shown {
        name: waiver.name.clone(),
        rules: waiver.rules.iter().map(rule).collect(),
        addresses: waiver.addresses.clone(),
        reason: waiver.reason.to_string(),
        justification: waiver.justification.clone(),
        risk: waiver.risk.clone(),
        controls: waiver.controls.clone(),
        author: waiver.author.clone(),
        approvals: waiver.approvals.iter().map(|one| format!("{} ({}), {}", one.name, one.role, one.date)).collect(),
        review_by: waiver.review_by.to_string(),
        remediate_by: waiver.remediate_by.map_or_else(|| "not set".to_owned(), |day| day.to_string()),
        migration_path: waiver.migration_path.clone(),
        excuses: excused
            .map(|finding| format!("{} at {}: {}", finding.rule, finding.subject(), finding.observed))
            .collect(),
        flaws: flaws.into_iter().map(|flaw| format!("{}: {}", flaw.field, flaw.what)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judgement::judge;
    use crate::rules::tests::sound;
    use crate::waiver::Reason;

    #[test]
    fn the_record_says_what_the_process_asks_for() {
        let mut facts = sound();
        facts.clusters[0].deletion_protection = false;
        let waiver = Waiver {
            name: "no-protection".to_owned(),
            rules: vec!["RULE-009".to_owned()],
            addresses: vec!["db_cluster.main".to_owned()],
            reason: Reason::LegacyMigration,
            justification: "the old tool deletes and makes it every night".to_owned(),
            risk: "a wrong command deletes it".to_owned(),
            controls: vec!["nightly snapshot".to_owned()],
            author: "A. Author".to_owned(),
            approvals: vec![],
            review_by: "2027-01-31".parse().unwrap(),
            remediate_by: None,
            migration_path: None,
        };
        let waivers = [waiver];
        let text = record(&facts, &waivers, &judge(&facts, &waivers)).unwrap();
        for part in ["# ", "orders", "RULE-009: Deletion protection is on", "nightly snapshot", "does not count"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains("{{") && !text.contains("\n\n\n"), "{text}");
    }

    #[test]
    fn a_stack_without_waivers_says_so() {
        let facts = sound();
        assert!(record(&facts, &[], &judge(&facts, &[])).unwrap().contains("no exceptions"));
    }
}
