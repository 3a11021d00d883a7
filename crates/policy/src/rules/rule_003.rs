//! RULE-003: Every connection is encrypted.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

/// What TLS 1.2 replaced, in lower case.
const OLD: [&str; 2] = ["tlsv1", "tlsv1.1"];

pub(super) const RULE: Rule = Rule {
    code: "RULE-003",
    level: Level::Must,
    title: "Every connection is encrypted",
    why: "Aurora PostgreSQL takes unencrypted connections unless `rds.force_ssl` is set: its default is 0 in \
every version. No Security Hub control sees it on a cluster.",
    remedy: "Leave `rds.force_ssl` in `params.cluster` at 1, and `ssl_min_protocol_version` at TLSv1.2 or higher.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html#AuroraPostgreSQL.Security.SSL",
    severity: [Severity::Block, Severity::Block, Severity::Block],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        prowler: "rds_instance_transport_encrypted",
        security_hub: "RDS.43 (proxies; RDS.38 skips clusters)",
        aws_config: "RDS_PROXY_TLS_ENCRYPTION",
        ..Mappings::NONE
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| {
                f.parameter_groups[0].values.remove("rds.force_ssl");
            },
            |f| {
                f.parameter_groups[0].values.insert("rds.force_ssl".to_owned(), "0".to_owned());
            },
            |f| {
                f.parameter_groups[0].values.insert("ssl_min_protocol_version".to_owned(), "TLSv1.1".to_owned());
            },
            |f| f.clusters[0].parameter_group = "default.aurora-postgresql16".to_owned(),
            |f| {
                f.stack.phase = Phase::Live;
                f.instances[0].parameters_in_sync = Fact::Known(Some("pending-reboot".to_owned()));
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for cluster in &facts.clusters {
        let Some(group) = facts.parameter_group(&cluster.parameter_group) else {
            verdict.broken(
                &cluster.address,
                "db_cluster_parameter_group_name",
                &cluster.parameter_group,
                "a parameter group of the stack's own that sets rds.force_ssl",
            );
            continue;
        };
        if !group.is_on("rds.force_ssl") {
            let observed = group.value("rds.force_ssl").unwrap_or_else(|| "not set, which is 0 on Aurora".to_owned());
            verdict.broken(&group.address, "parameters.rds.force_ssl", observed, "1");
        }
        if let Some(version) = group.value("ssl_min_protocol_version").filter(|version| OLD.contains(&version.as_str()))
        {
            verdict.broken(&group.address, "parameters.ssl_min_protocol_version", version, "TLSv1.2 or higher");
        }
        if group.value("rds.babelfish_status").as_deref() == Some("on")
            && !group.is_on("babelfishpg_tds.tds_ssl_encrypt")
        {
            verdict.broken(
                &group.address,
                "parameters.babelfishpg_tds.tds_ssl_encrypt",
                "not set",
                "1, since Babelfish is on",
            );
        }
    }
    for instance in facts.instances.iter().filter(|_| !facts.planned()) {
        if let Some(Some(status)) = verdict.known(&instance.parameters_in_sync, &instance.address, "parameters_in_sync")
        {
            verdict.weak(&instance.address, "parameters_in_sync", status, "in-sync: what is set counts only then");
        }
    }
}
