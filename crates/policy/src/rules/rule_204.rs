//! RULE-204: Flow logs record who talks to the database.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Facts, FlowLog};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};

pub(super) const RULE: Rule = Rule {
    code: "RULE-204",
    level: Level::Could,
    title: "Flow logs record who talks to the database",
    why: "They show what was refused, and who scanned the network before an incident.",
    remedy: "Add `[network.vpc.flow_logs]`: it makes a flow log of traffic type ALL, a log group with the stack's key, and \
a role that may write to it.",
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
    severity: [Severity::Info, Severity::Info, Severity::Info],
    when: When::Both,
    fix: Fix::InPlace,
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
        keeps: |f| f.vpcs[0].flow_log = Some(FlowLog::of("REJECT")).into(),
        breaks: &[
            |f| f.vpcs[0].flow_log = None.into(),
            |f| f.vpcs[0].flow_log = Some(FlowLog::of("ACCEPT")).into(),
            |f| {
                f.stack.phase = Phase::Live;
                let failing = Some("Access error".to_owned());
                f.vpcs[0].flow_log = Some(FlowLog { failing, ..FlowLog::of("ALL") }).into();
            },
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    if facts.vpcs.is_empty() {
        verdict.skip("the VPC is not the stack's own");
    }
    for vpc in &facts.vpcs {
        let Some(log) = verdict.known(&vpc.flow_log, &vpc.address, "flow_log") else { continue };
        let broken = match log {
            None => "no flow log".to_owned(),
            Some(FlowLog { failing: Some(why), .. }) => format!("nothing arrives: {why}"),
            Some(FlowLog { traffic, .. }) if traffic == "ACCEPT" => "accepted traffic alone".to_owned(),
            Some(_) => continue,
        };
        verdict.broken(&vpc.address, "flow_log", broken, "a flow log of traffic type ALL or REJECT that delivers");
    }
}
