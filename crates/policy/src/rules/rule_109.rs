//! RULE-109: Every resource says whose it is.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule {
    code: "RULE-109",
    level: Level::Should,
    title: "Every resource says whose it is",
    why: "Cost reports, incident calls and clean-ups all begin with the question whose something is.",
    remedy: "Add the keys to `stack.tags`; `policy.required_tags` says which are needed.",
    source: "https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        security_hub: "RDS.28, RDS.29, RDS.30, RDS.31, RDS.32, RDS.33",
        aws_config: "REQUIRED_TAGS",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| {
                f.tags.values_mut().for_each(|tags| {
                    tags.remove("Owner");
                })
            },
            |f| {
                f.tags.values_mut().next().unwrap().insert("Owner".to_owned(), " ".to_owned());
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let lacks =
        |tags: &BTreeMap<String, String>, key: &String| tags.get(key).is_none_or(|value| value.trim().is_empty());
    for key in &facts.intent.required_tags {
        let without: Vec<_> = facts.tags.iter().filter(|(_, tags)| lacks(tags, key)).map(|(at, _)| at).collect();
        let cluster = facts.clusters.iter().map(|cluster| &cluster.address).find(|at| without.contains(at));
        if let Some(address) = cluster.or(without.first().copied()) {
            verdict.broken(
                address,
                "tags",
                format!("{} resources have no {key}", without.len()),
                format!("a tag {key} on each"),
            );
        }
    }
    for (address, tags) in &facts.tags {
        if tags.len() > 50 || tags.keys().any(|key| key.starts_with("aws:")) {
            verdict.refused((address, "tags"), format!("{} tags", tags.len()), "at most 50, none of AWS's own `aws:`");
        }
    }
}
