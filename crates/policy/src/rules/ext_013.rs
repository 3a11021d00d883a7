//! EXT-013: Minor versions follow, or a long-term support minor is kept on purpose.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-013",
    level: Level::Should,
    title: "Minor versions follow, or a long-term support minor is kept on purpose",
    why: "Minor versions mend security holes. Only an LTS minor is mended for years without being left.",
    remedy: "Set `cluster.maintenance.auto_minor_version_upgrade = true`; on an LTS minor set it to false.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.Upgrading.html",
    severity: [Severity::Warn, Severity::Warn, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_226",
        prowler: "rds_cluster_minor_version_upgrade_enabled",
        security_hub: "RDS.35, RDS.13",
        aws_config: "RDS_CLUSTER_AUTO_MINOR_VERSION_UPGRADE_ENABLE, RDS_AUTOMATIC_MINOR_VERSION_UPGRADE_ENABLED",
        cis: "v3 2.3.2, v5 2.2.2, v6/7 3.2.2",
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.clusters[0].auto_minor_upgrade = false,
            |f| f.clusters[0].engine.lts = true,
            |f| f.instances[0].auto_minor_upgrade = false,
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for (cluster, members) in facts.with_members() {
        let lts = cluster.engine.lts;
        if !cluster.auto_minor_upgrade && !lts {
            verdict.broken(&cluster.address, "auto_minor_version_upgrade", "false", "true, since this minor is no LTS");
        }
        if cluster.auto_minor_upgrade && lts {
            verdict.broken(
                &cluster.address,
                "auto_minor_version_upgrade",
                format!("true, which would leave LTS {}", cluster.engine.version),
                "false on an LTS minor",
            );
        }
        if let Some(member) = members.iter().find(|member| member.auto_minor_upgrade != cluster.auto_minor_upgrade) {
            verdict.broken(&member.address, "auto_minor_version_upgrade", member.auto_minor_upgrade, "as its cluster");
        }
    }
}
