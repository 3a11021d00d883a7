//! Findings for a pull request, as Markdown.

use crate::judgement::{Finding, Report, Status};
use crate::report::{counts, sentence, standing};
use crate::rule::Severity;
use std::fmt::Write as _;

/// The report, to be posted as a comment.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut text = String::new();
    let blocked = report.blocking(false).count();
    let verdict = match blocked {
        0 => "nothing blocks",
        _ => "**blocked**",
    };
    let _ = writeln!(text, "## Design rules: stack `{}`, profile {}: {verdict}\n", report.stack, report.profile);
    let _ = writeln!(text, "{}.\n", counts(report));
    if report.findings.is_empty() {
        return text;
    }
    text.push_str("| | Rule | What | Where |\n|---|---|---|---|\n");
    for finding in &report.findings {
        let _ = writeln!(
            text,
            "| {} {} | {} | {} | {} |",
            sign(finding),
            standing(finding),
            cell(&finding.rule),
            cell(&sentence(finding)),
            finding.place.as_ref().map_or_else(String::new, |place| format!("`{}:{}`", place.file, place.line)),
        );
    }
    let open = |finding: &&Finding| finding.status == Status::Broken && finding.severity >= Severity::Warn;
    let mut told: Vec<&str> = Vec::new();
    for finding in report.findings.iter().filter(open) {
        if told.contains(&finding.rule.as_str()) {
            continue;
        }
        if told.is_empty() {
            text.push_str("\n<details><summary>What to do</summary>\n\n");
        }
        told.push(&finding.rule);
        let _ = writeln!(text, "- **{}** {}: {}", finding.rule, finding.title, finding.remedy);
        if let Some(collision) = &finding.collision {
            let _ = writeln!(text, "  - Note that {collision}.");
        }
    }
    if !told.is_empty() {
        text.push_str("\n</details>\n");
    }
    text
}

fn sign(finding: &Finding) -> &'static str {
    match (&finding.status, finding.severity) {
        (Status::Broken, Severity::Block) => "🛑",
        (Status::Broken, Severity::Warn) => "⚠️",
        (Status::Unknown, _) => "❔",
        _ => "ℹ️",
    }
}

/// A text that does not end its cell of a table, nor begins markup of its own.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            '|' | '<' | '>' | '\\' | '[' | ']' | '*' => safe.extend(['\\', character]),
            '\n' | '\r' => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judgement::judge;
    use crate::rules::tests::sound;

    #[test]
    fn a_comment_says_what_blocks_and_what_to_do() {
        let mut facts = sound();
        facts.clusters[0].deletion_protection = false;
        facts.clusters[0].parameter_group = "a|b\n<b>".to_owned();
        let text = markdown(&judge(&facts, &[]));
        assert!(
            text.contains("**blocked**")
                && text.contains("| RULE-009 |")
                && text.contains("cluster.deletion_protection = true")
        );
        assert!(!text.contains("a|b") && text.contains(r"a\|b \<b\>"), "{text}");
        assert!(markdown(&judge(&sound(), &[])).contains("nothing blocks"));
    }
}
