//! EXT-025: Statements are logged, and their literals are not.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-025",
    level: Level::Should,
    title: "Statements are logged, and their literals are not",
    why: "Schema changes and slow statements belong into the log. `log_statement = all` logs literals too, and \
passwords among them.",
    remedy: "Set `log_statement` to `ddl` or `mod` and `log_min_duration_statement` to 0 or more in \
`params.cluster`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_LogAccess.Concepts.PostgreSQL.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings { checkov: "CKV2_AWS_27", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| {
                f.parameter_groups[0].values.insert("log_statement".to_owned(), "all".to_owned());
            },
            |f| {
                f.parameter_groups[0].values.insert("log_min_duration_statement".to_owned(), "-1".to_owned());
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        let Some(group) = facts.parameter_group(&cluster.parameter_group) else { continue };
        let logged = group.value("log_statement").unwrap_or_else(|| "none".to_owned());
        if !matches!(logged.as_str(), "ddl" | "mod") {
            verdict.broken(&group.address, "parameters.log_statement", logged, "ddl or mod");
        }
        let slow = group.value("log_min_duration_statement").unwrap_or_else(|| "-1".to_owned());
        if slow.starts_with('-') {
            verdict.broken(&group.address, "parameters.log_min_duration_statement", slow, "0 or more milliseconds");
        }
    }
}
