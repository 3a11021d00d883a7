//! EXT-028: Network ACLs leave no door open for administrators of the whole world.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "EXT-028",
    level: Level::Could,
    title: "Network ACLs leave no door open for administrators of the whole world",
    why: "An ACL that admits everybody to SSH or RDP undoes what a security group of another team forgot.",
    remedy: "Take the entry off, or narrow its block. auroractl makes no network ACLs; the VPC's default one \
admits everything and leaves the work to security groups.",
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Live,
    fix: Fix::Outside,
    mappings: Mappings {
        checkov: "CKV_AWS_229, CKV_AWS_230, CKV_AWS_231, CKV_AWS_232, CKV2_AWS_1",
        prowler: "ec2_networkacl_allow_ingress_tcp_port_22, ec2_networkacl_allow_ingress_tcp_port_3389",
        security_hub: "EC2.16, EC2.21",
        aws_config: "NACL_NO_UNRESTRICTED_SSH_RDP",
        cis: "v3 5.1, v5 5.2, v6/7 6.2",
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.stack.phase = Phase::Live;
            f.surroundings.acl_holes = vec![].into();
        },
        breaks: &[|f| {
            f.stack.phase = Phase::Live;
            f.surroundings.acl_holes = vec!["acl-1 admits 0.0.0.0/0 to port 22".to_owned()].into();
        }],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    let Some(cluster) = verdict.main_cluster(facts) else { return };
    let Some(holes) = verdict.known(&facts.surroundings.acl_holes, &cluster.address, "network_acls") else { return };
    for hole in holes {
        verdict.broken(&cluster.address, "network_acls", hole, "no entry for everybody on ports 22 and 3389");
    }
}
