//! EXT-009: The database's security groups let nothing out.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "EXT-009",
    level: Level::Should,
    title: "The database's security groups let nothing out",
    why: "Aurora needs no way out. Whoever has taken over the database would.",
    remedy: "Keep the group that the stack makes; take the egress rule off a group that it is given.",
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings { checkov: "CKV_AWS_382", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.security_groups[0].all_egress = true.into(),
            |f| {
                f.security_group_rules[0].ingress = false;
                f.security_group_rules[0].peer = Peer::Block("0.0.0.0/0".parse().unwrap());
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let carried: BTreeSet<&String> = facts.clusters.iter().flat_map(|cluster| &cluster.security_groups).collect();
    for group in facts.security_groups.iter().filter(|group| carried.contains(&group.name)) {
        if verdict.known(&group.all_egress, &group.address, "allow_all_egress") == Some(&true) {
            verdict.broken(&group.address, "allow_all_egress", "everything may go out", "no egress");
        }
    }
    for rule in facts.security_group_rules.iter().filter(|rule| !rule.ingress && carried.contains(&rule.group)) {
        if rule.peer.is_everybody() {
            verdict.broken(&rule.address, "peer", "traffic to anywhere may go out", "no egress to everywhere");
        }
    }
}
