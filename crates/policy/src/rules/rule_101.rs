//! RULE-101: Who did what is audited.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-101",
    level: Level::Should,
    title: "Who did what is audited",
    why: "After an incident the question is who read and changed what. The database has to have been asked \
before.",
    remedy: "Switch pgAudit on: `\"pgaudit.log\" = \"ddl,role\"` in `params.cluster`, with `postgresql` among \
`cluster.log_exports`; the library is loaded by every profile. Or start an activity stream on a \
provisioned class.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/DBActivityStreams.Overview.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings { checkov: "CKV_AWS_246", ..Mappings::NONE },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| {
                f.parameter_groups[0].values.remove("pgaudit.log");
            },
            |f| {
                f.clusters[0].log_exports.clear();
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        let group = facts.parameter_group(&cluster.parameter_group);
        let audits = group.is_some_and(|group| {
            let log = group.value("pgaudit.log").unwrap_or_default();
            group.lists("shared_preload_libraries", "pgaudit") && !matches!(log.as_str(), "" | "none")
        });
        let exported = cluster.log_exports.contains("postgresql");
        if (audits && exported)
            || verdict.known(&cluster.activity_stream, &cluster.address, "activity_stream") != Some(&false)
        {
            continue;
        }
        let observed = if audits {
            "pgAudit writes to a log that is not exported"
        } else {
            "neither an activity stream nor pgAudit"
        };
        let address = group.map_or(&cluster.address, |group| &group.address);
        verdict.broken(
            address,
            "parameters.pgaudit.log",
            observed,
            "an activity stream, or pgAudit with its log exported",
        );
    }
}
