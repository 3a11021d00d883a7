//! The reference page of the rules, `docs/rules.md`.

use crate::collision::{COLLISIONS, Decision};
use crate::rule::{Level, Rule, Severity};
use crate::rules::RULES;
use std::fmt::Write as _;

/// What stands above the rules.
const HEAD: &str = include_str!("../../templates/rules.md");

/// The page.
#[must_use]
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n## All rules\n\n| Rule | Level | Demands | prod | staging | dev | Looks at |\n|---|---|---|---|---|---|---|\n");
    for rule in RULES {
        let [prod, staging, dev] = rule.severity;
        let anchor = rule.code.to_ascii_lowercase();
        let _ = writeln!(
            text,
            "| [{}](#{anchor}) | {} | {} | {} | {} | {} | {} |",
            rule.code,
            rule.level,
            rule.title,
            shown(prod),
            shown(staging),
            shown(dev),
            rule.when
        );
    }
    collisions(&mut text);
    for level in [Level::Must, Level::Should, Level::Could] {
        let heading = match level {
            Level::Must => "Must",
            Level::Should => "Should",
            Level::Could => "Could",
        };
        let _ = writeln!(text, "\n## {heading}");
        RULES.iter().filter(|rule| rule.level == level).for_each(|rule| text.push_str(&explained(rule)));
    }
    text
}

fn collisions(text: &mut String) {
    text.push_str("\n## Rules that contradict one another\n\n");
    for collision in COLLISIONS {
        let decided = match collision.decision {
            Decision::First { rule, by } => format!("{rule} goes first, since {}", by.words()),
            Decision::Choose => "no priority decides".to_owned(),
        };
        let _ = writeln!(
            text,
            "- **{}**: {} ([AWS]({})). {decided}: {}.",
            collision.rules.join(" and "),
            collision.why,
            collision.source,
            collision.ways
        );
    }
}

fn shown(severity: Severity) -> String {
    if severity == Severity::Off { "-".to_owned() } else { severity.to_string() }
}

/// One rule, as a section.
fn explained(rule: &Rule) -> String {
    let mut text = format!("\n### {}\n\n**{}.** {}\n\n", rule.code, rule.title, rule.why);
    let _ = writeln!(text, "{}\n", rule.remedy);
    let _ = writeln!(text, "- Mending it costs: {}", rule.fix);
    let _ = writeln!(text, "- Source: <{}>", rule.source);
    for (catalogue, ids) in rule.mappings.named() {
        let _ = writeln!(text, "- {catalogue}: {ids}");
    }
    text
}
