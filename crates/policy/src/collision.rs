//! Rules that contradict one another in a stack, and what decides between them.
//!
//! The design rules give an order: security over cost, availability over performance, compliance over convenience. Where it
//! decides, the lesser rule yields and says so; where it does not, the finding names the choices.

use crate::facts::Facts;

/// The orders of the design rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// "Security requirements always take precedence over cost optimization."
    SecurityOverCost,
    /// "High availability requirements supersede performance optimizations."
    AvailabilityOverPerformance,
    /// "Compliance and regulatory requirements override operational convenience."
    ComplianceOverConvenience,
}

impl Priority {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::SecurityOverCost => "security goes before cost",
            Self::AvailabilityOverPerformance => "availability goes before performance",
            Self::ComplianceOverConvenience => "compliance goes before convenience",
        }
    }
}

/// What decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This rule goes first.
    First {
        /// The rule.
        rule: &'static str,
        /// By which order.
        by: Priority,
    },
    /// Nothing: people choose.
    Choose,
}

/// Two demands that can't both be met.
#[derive(Clone, Copy)]
pub struct Collision {
    /// The rules.
    pub rules: &'static [&'static str],
    /// What contradicts what.
    pub why: &'static str,
    /// What decides.
    pub decision: Decision,
    /// What can be done.
    pub ways: &'static str,
    /// Where AWS says so.
    pub source: &'static str,
    here: fn(&Facts) -> bool,
}

impl Collision {
    /// Is this one of its rules?
    #[must_use]
    pub fn concerns(&self, rule: &str) -> bool {
        self.rules.contains(&rule)
    }

    /// The explanation.
    #[must_use]
    pub fn text(&self) -> String {
        match self.decision {
            Decision::First { rule, by } => {
                format!("{}; {rule} goes first, since {}: {}", self.why, by.words(), self.ways)
            }
            Decision::Choose => format!("{}; no priority of the design rules decides: {}", self.why, self.ways),
        }
    }
}

/// The collisions that this stack has.
pub fn present(facts: &Facts) -> impl Iterator<Item = &'static Collision> {
    COLLISIONS.iter().filter(|collision| (collision.here)(facts))
}

fn serverless(facts: &Facts) -> bool {
    facts.clusters.iter().any(|cluster| cluster.serverless.is_some())
}

fn pauses(facts: &Facts) -> bool {
    facts.clusters.iter().filter_map(|cluster| cluster.serverless).any(|range| range.min == 0.0)
}

fn global(facts: &Facts) -> bool {
    facts.intent.multi_region || facts.clusters.iter().any(|cluster| cluster.global.known() == Some(&true))
}

fn logical(facts: &Facts) -> bool {
    facts.parameter_groups.iter().any(|group| group.of_cluster && group.is_on("rds.logical_replication"))
}

/// All of them.
pub const COLLISIONS: &[Collision] = &[
    Collision {
        rules: &["RULE-005", "RULE-201"],
        why: "a master password that RDS manages and a global database were documented as excluding one another",
        decision: Decision::First { rule: "RULE-005", by: Priority::SecurityOverCost },
        ways: "keep the managed password and copy backups to the other region, or let the master user log in by IAM",
        source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html#rds-secrets-manager-limitations",
        here: global,
    },
    Collision {
        rules: &["RULE-101", "RULE-102"],
        why: "Aurora Serverless v2 has no database activity streams",
        decision: Decision::First { rule: "RULE-101", by: Priority::ComplianceOverConvenience },
        ways: "audit with pgAudit (`shared_preload_libraries` and `pgaudit.log` in `params.cluster`), which counts here, or \
               take a provisioned class",
        source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/DBActivityStreams.Overview.html",
        here: serverless,
    },
    Collision {
        rules: &["RULE-102", "RULE-104"],
        why: "a pooler keeps connections open, and a cluster with open connections never pauses",
        decision: Decision::Choose,
        ways: "give `cluster.serverless.min_acu` 0.5 or more and keep the pooler, or pause and do without it",
        source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html",
        here: |facts| pauses(facts) && facts.intent.pooling.is_some(),
    },
    Collision {
        rules: &["RULE-102", "RULE-201"],
        why: "the primary of a global database never pauses, and its secondaries need 8 capacity units or more",
        decision: Decision::First { rule: "RULE-201", by: Priority::AvailabilityOverPerformance },
        ways: "give `cluster.serverless.min_acu` 8 or more",
        source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html",
        here: |facts| pauses(facts) && global(facts),
    },
    Collision {
        rules: &["RULE-102"],
        why: "logical replication keeps a cluster awake, which `cluster.serverless.min_acu = 0` wants to pause",
        decision: Decision::Choose,
        ways: "give `cluster.serverless.min_acu` 0.5 or more, or switch `rds.logical_replication` off",
        source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html",
        here: |facts| pauses(facts) && logical(facts),
    },
    Collision {
        rules: &["EXT-013"],
        why: "AWS advises to keep automatic minor upgrades off for a cluster that stays on a long-term support minor",
        decision: Decision::Choose,
        ways: "stay on the LTS minor and say `auto_minor_version_upgrade = false`, or leave the LTS minor",
        source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/AuroraPostgreSQL.Updates.LTS.html",
        here: |facts| facts.clusters.iter().any(|cluster| cluster.engine.lts && cluster.auto_minor_upgrade),
    },
    Collision {
        rules: &["RULE-009"],
        why: "a stack that may be thrown away with its data can't have deletion protection",
        decision: Decision::Choose,
        ways: "drop `stack.ephemeral`, or keep the stack out of production",
        source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html",
        here: |facts| facts.stack.ephemeral,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Serverless;
    use crate::judgement::{Status, judge};
    use crate::rules::tests::sound;

    #[test]
    fn collisions_name_rules_that_exist() {
        for collision in COLLISIONS {
            assert!(!collision.rules.is_empty());
            assert!(collision.rules.iter().all(|code| crate::find(code).is_some()), "{:?}", collision.rules);
            if let Decision::First { rule, .. } = collision.decision {
                assert!(collision.concerns(rule) && collision.rules.len() > 1);
            }
        }
    }

    #[test]
    fn the_lesser_rule_yields_where_the_documents_decide() {
        let mut facts = sound();
        facts.intent.multi_region = true;
        let report = judge(&facts, &[]);
        let global = report.findings.iter().find(|finding| finding.rule == "RULE-201").unwrap();
        assert_eq!(global.status, Status::Yields { to: "RULE-005" });
        assert!(global.collision.as_ref().unwrap().contains("security goes before cost"));
    }

    #[test]
    fn where_nothing_decides_the_choices_are_named_and_the_severity_stays() {
        let mut facts = sound();
        facts.clusters[0].engine.lts = true;
        facts.clusters[0].auto_minor_upgrade = true;
        let report = judge(&facts, &[]);
        let found = report.findings.iter().find(|finding| finding.rule == "EXT-013").unwrap();
        assert_eq!(found.status, Status::Broken);
        assert!(found.collision.as_ref().unwrap().contains("no priority"));
    }

    #[test]
    fn a_stack_without_the_contradiction_has_no_word_of_it() {
        let mut facts = sound();
        assert_eq!(present(&facts).count(), 0);
        facts.clusters[0].serverless = Some(Serverless { min: 0.0, max: 8.0, pause_after: Some(300) });
        assert!(present(&facts).count() > 0);
    }
}
