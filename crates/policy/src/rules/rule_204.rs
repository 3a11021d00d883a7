//! RULE-204: Flow logs record who talks to the database.

#[cfg(test)]
use super::cases::*;
use crate::facts::Facts;
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-204",
    level: Level::Could,
    title: "Flow logs record who talks to the database",
    why: "They show what was refused, and who scanned the network before an incident.",
    remedy: "Make a flow log of traffic type ALL on the VPC, to a log group with a key.",
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Live,
    fix: Fix::Outside,
    mappings: Mappings {
        checkov: "CKV2_AWS_11",
        prowler: "vpc_flow_logs_enabled",
        security_hub: "EC2.6",
        aws_config: "VPC_FLOW_LOGS_ENABLED",
        cis: "v3/v5 3.7, v6/7 4.7",
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |f| {
            f.stack.phase = Phase::Live;
            f.vpcs[0].flow_log = Some("ALL".to_owned()).into();
        },
        breaks: &[
            |f| {
                f.stack.phase = Phase::Live;
                f.vpcs[0].flow_log = None.into();
            },
            |f| {
                f.stack.phase = Phase::Live;
                f.vpcs[0].flow_log = Some("ACCEPT".to_owned()).into();
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for vpc in &facts.vpcs {
        match verdict.known(&vpc.flow_log, &vpc.address, "flow_log") {
            Some(None) => verdict.broken(&vpc.address, "flow_log", "no flow log", "one of traffic type ALL"),
            Some(Some(kind)) if kind == "ACCEPT" => {
                verdict.broken(&vpc.address, "flow_log", "accepted traffic alone", "traffic type ALL or REJECT")
            }
            _ => {}
        }
    }
}
