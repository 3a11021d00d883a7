//! RULE-004: The database is private.

#[cfg(test)]
use super::cases::*;
use crate::facts::{Cluster, Fact, Facts, Peer};
use crate::judgement::Verdict;
use crate::rule::{Fix, Level, Mappings, Rule, Severity, When};
use std::collections::BTreeSet;

pub(super) const RULE: Rule = Rule {
    code: "RULE-004",
    level: Level::Must,
    title: "The database is private",
    why: "A database that the internet can reach is tried within minutes. Checkov and Trivy look at the public \
flag alone; routes and rules of security groups decide.",
    remedy: "Put the cluster into private subnets (`network.vpc`, or others in `network.existing`) and admit \
blocks of your own in `network.access.allowed_cidrs`.",
    source: "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html",
    severity: [Severity::Block, Severity::Block, Severity::Block],
    when: When::Both,
    fix: Fix::InPlace,
    mappings: Mappings {
        checkov: "CKV_AWS_17, CKV_AWS_130",
        prowler: "rds_instance_no_public_access, vpc_subnet_no_public_ip_by_default, \
ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_postgres_5432",
        security_hub: "RDS.2, RDS.46, EC2.15, EC2.18, EC2.19",
        aws_config: "RDS_INSTANCE_PUBLIC_ACCESS_CHECK, RDS_INSTANCE_SUBNET_IGW_CHECK, NO_UNRESTRICTED_ROUTE_TO_IGW, \
VPC_SG_OPEN_ONLY_TO_AUTHORIZED_PORTS",
        cis: "v3 2.3.3, v5 2.2.3, v6/7 3.2.3",
    },
    check,
    #[cfg(test)]
    cases: Cases {
        keeps: |_| {},
        breaks: &[
            |f| f.instances[0].public = true,
            |f| f.clusters[0].subnet_group = "default".to_owned(),
            |f| f.clusters[0].internet_gateway = true.into(),
            |f| f.clusters[0].internet_gateway = Fact::unknown("AWS was asked in vain"),
            |f| f.subnets[0].map_public_ip = true.into(),
            |f| f.subnets[0].internet_route = Some("0.0.0.0/0".to_owned()).into(),
            |f| f.security_group_rules[0].peer = Peer::Block("0.0.0.0/0".parse().unwrap()),
            |f| f.security_group_rules[0].peer = Peer::Block("52.0.0.0/11".parse().unwrap()),
            |f| {
                f.security_group_rules[0].peer = Peer::Block("::/0".parse().unwrap());
                f.security_group_rules[0].protocol = "-1".to_owned();
            },
            |f| f.subnets[0].internet_route = Fact::unknown("the network is not the stack's own"),
            |f| f.security_group_rules[0].peer = Peer::PrefixList("pl-1".to_owned()),
        ],
    },
};

fn check(facts: &Facts, verdict: &mut Verdict<'_>) {
    for instance in facts.instances.iter().filter(|instance| instance.public) {
        verdict.broken(&instance.address, "publicly_accessible", "true", "false");
    }
    for cluster in &facts.clusters {
        if cluster.subnet_group == "default" {
            verdict.broken(&cluster.address, "db_subnet_group_name", "default", "a subnet group of private subnets");
        }
        if verdict.known(&cluster.internet_gateway, &cluster.address, "internet_gateway") == Some(&true) {
            verdict.broken(&cluster.address, "internet_gateway", "an internet access gateway", "none");
        }
        doors(facts, cluster, verdict);
    }
    let used: BTreeSet<&String> = facts.subnet_groups.iter().flat_map(|group| &group.subnets).collect();
    for subnet in facts.subnets.iter().filter(|subnet| used.contains(&subnet.name)) {
        if verdict.known(&subnet.map_public_ip, &subnet.address, "map_public_ip_on_launch") == Some(&true) {
            verdict.broken(&subnet.address, "map_public_ip_on_launch", "true", "false");
        }
        if let Some(Some(route)) = verdict.known(&subnet.internet_route, &subnet.address, "route") {
            verdict.broken(
                &subnet.address,
                "route",
                format!("{}: {route} goes to an internet gateway", subnet.name),
                "no route to an internet gateway",
            );
        }
        if subnet.nat_route.known() == Some(&true) {
            verdict.hint(
                &subnet.address,
                "route",
                "a NAT gateway is reachable",
                "a database needs no way out: keep it if applications share the subnet",
            );
        }
    }
}

/// Rules of the cluster's security groups that admit the internet to the database port.
fn doors(facts: &Facts, cluster: &Cluster, verdict: &mut Verdict<'_>) {
    for group in facts.security_groups.iter().filter(|group| cluster.security_groups.contains(&group.name)) {
        verdict.known(&group.rules_known, &group.address, "rules");
    }
    let ingress = facts.security_group_rules.iter().filter(|rule| rule.ingress && rule.covers(cluster.port));
    for rule in ingress.filter(|rule| cluster.security_groups.contains(&rule.group)) {
        if let Peer::PrefixList(list) = &rule.peer {
            let why = format!("which blocks may connect is for prefix list {list} to say");
            verdict.known(&Fact::<()>::Unknown(why.into()), &rule.address, "peer");
        }
        if let Peer::Block(block) = &rule.peer
            && rule.peer.is_wide_open()
        {
            let whose = if rule.ours { "" } else { ", made by somebody else" };
            verdict.broken(
                &rule.address,
                "peer",
                format!("{block} may connect to port {}{whose}", cluster.port),
                "blocks and groups of your own",
            );
        }
    }
}
