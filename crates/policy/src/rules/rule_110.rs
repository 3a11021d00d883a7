//! RULE-110: A restore was tested this month.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, days};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

/// Days between two restore tests.
const MONTH: i32 = 31;

pub(super) const RULE: Rule = Rule {
    code: "RULE-110",
    level: Level::Should,
    title: "A restore was tested this month",
    why: "A backup that was never restored is a hope. Restoring also shows how long it takes, which no \
document says.",
    remedy: "Restore into a cluster beside this one, check it, delete it, and write the day into \
`policy.evidence.restore_tested`.",
    source: "https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html",
    severity: [Severity::Warn, Severity::Info, Severity::Info],
    when: When::Both,
    fix: Fix::Outside,
    mappings: Mappings::NONE,
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.intent.restore_tested = None,
            |f| f.intent.restore_tested = Some("2026-09-01".parse().unwrap()),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let Some(tested) = facts.intent.restore_tested else {
        verdict.missing(facts, "no restore test is known", "one within the last 31 days");
        return;
    };
    let ago = days(tested, facts.stack.today);
    if ago > MONTH {
        verdict.missing(
            facts,
            format!("the last restore test was {ago} days ago"),
            format!("one within the last {MONTH} days"),
        );
    }
}
