//! Facts about the network: the stack's own, and the one that it is given.

use super::{View, not_in_a_plan};
use auroractl_cluster::DbCluster;
use auroractl_core::{Address, Model as _};
use auroractl_network::{
    DbSubnetGroup, DefaultSecurityGroup, Direction, FlowLog, Peer, Route, RouteTable, RouteTableAssociation,
    RouteTarget, SecurityGroup, SecurityGroupRule, Subnet, Vpc, VpcEndpoint, VpcEndpointType,
};
use auroractl_policy::{Fact, Facts, facts};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// Rules of a default security group as AWS makes it: among its members, and out to everywhere.
const AWS_RULES: usize = 2;
/// Why nothing is known of a network that the stack is given.
const GIVEN: &str = "only AWS can tell about a network that the stack is given";

pub(super) fn fill(view: &View<'_>, into: &mut Facts) {
    vpcs(view, into);
    subnets(view, into);
    groups(view, into);
    rules(view, into);
    into.endpoints.extend(view.all::<VpcEndpoint>().map(|(at, spec, _)| facts::VpcEndpoint {
        address: at.clone(),
        interface: spec.vpc_endpoint_type == VpcEndpointType::Interface,
        subnets: spec.subnet_ids.iter().map(|subnet| view.name(Subnet::KIND, subnet)).collect(),
        policy: spec.policy_document.is_some(),
    }));
}

fn vpcs(view: &View<'_>, into: &mut Facts) {
    let mut logs: BTreeMap<String, facts::FlowLog> = BTreeMap::new();
    for (_, log, _) in view.all::<FlowLog>() {
        logs.insert(view.name(Vpc::KIND, &log.vpc_id), facts::FlowLog::of(log.traffic_type.as_str()));
    }
    let groups: BTreeMap<String, usize> = view
        .all::<DefaultSecurityGroup>()
        .map(|(_, group, _)| (view.name(Vpc::KIND, &group.vpc_id), group.rules))
        .collect();
    into.vpcs.extend(view.all::<Vpc>().map(|(at, _, outputs)| {
        let seen = outputs.and_then(|outputs| view.looked.vpcs.get(outputs.vpc_id.as_str()).cloned());
        let (flow_log, default_group_rules) = match seen {
            Some(seen) => seen,
            // A VPC has what the stack makes for it, and of AWS the rules of a new default group.
            None if view.planned() => {
                (logs.get(at.as_str()).cloned().into(), groups.get(at.as_str()).copied().unwrap_or(AWS_RULES).into())
            }
            None => (not_in_a_plan(), not_in_a_plan()),
        };
        facts::Vpc { address: at.clone(), flow_log, default_group_rules }
    }));
}

/// Ways out by route table: to the internet, and to a NAT gateway.
#[derive(Default, Clone)]
struct Ways {
    internet: Option<String>,
    nat: bool,
}

fn ways(view: &View<'_>) -> BTreeMap<String, Ways> {
    let mut ways: BTreeMap<String, Ways> = BTreeMap::new();
    for (_, route, _) in view.all::<Route>() {
        let table = ways.entry(view.name(RouteTable::KIND, &route.route_table_id)).or_default();
        match route.target {
            RouteTarget::InternetGateway(_) => table.internet = Some(route.destination_cidr_block.to_string()),
            RouteTarget::NatGateway(_) => table.nat = true,
            RouteTarget::Other(_) => {}
        }
    }
    ways
}

fn subnets(view: &View<'_>, into: &mut Facts) {
    let ways = ways(view);
    let tables: BTreeMap<String, String> = view
        .all::<RouteTableAssociation>()
        .map(|(_, spec, _)| {
            (view.name(Subnet::KIND, &spec.subnet_id), view.name(RouteTable::KIND, &spec.route_table_id))
        })
        .collect();
    let mut known = BTreeSet::new();
    for (at, spec, outputs) in view.all::<Subnet>() {
        known.insert(at.to_string());
        // A subnet without a table of its own uses the VPC's main one, which has no way out unless somebody gave it one.
        let out = tables.get(at.as_str()).map(|table| ways.get(table).cloned().unwrap_or_default());
        // What runs may have routes and tables that others made: what counts is what AWS says of it.
        let effective = outputs.map(|outputs| {
            let seen = view.looked.internet_routes.get(outputs.subnet_id.as_str()).cloned();
            seen.map_or(not_in_a_plan(), Fact::Known)
        });
        let planned = || out.as_ref().map_or(not_in_a_plan(), |ways| ways.internet.clone().into());
        into.subnets.push(facts::Subnet {
            address: at.clone(),
            name: at.to_string(),
            zone: spec.availability_zone.into(),
            map_public_ip: spec.map_public_ip_on_launch.into(),
            internet_route: effective.unwrap_or_else(planned),
            nat_route: out.map_or(not_in_a_plan(), |ways| ways.nat.into()),
        });
    }
    for (at, spec, _) in view.all::<DbSubnetGroup>() {
        let names: BTreeSet<String> = spec.subnet_ids.iter().map(|subnet| view.name(Subnet::KIND, subnet)).collect();
        for name in names.iter().filter(|name| !known.contains(*name)) {
            into.subnets.push(given(view, at, name));
        }
        into.subnet_groups.push(facts::SubnetGroup { address: at.clone(), name: at.to_string(), subnets: names });
    }
}

fn given(view: &View<'_>, at: &Address, id: &str) -> facts::Subnet {
    let seen = view.looked.subnets.get(id);
    facts::Subnet {
        address: at.clone(),
        name: id.to_owned(),
        zone: seen.map_or(Fact::unknown(GIVEN), |seen| seen.availability_zone.clone().into()),
        map_public_ip: seen.map_or(Fact::unknown(GIVEN), |seen| seen.map_public_ip.into()),
        // A subnet with a route to an internet gateway is refused before it is looked at any further.
        internet_route: seen.map_or(Fact::unknown(GIVEN), |_| None.into()),
        nat_route: Fact::unknown(GIVEN),
    }
}

fn groups(view: &View<'_>, into: &mut Facts) {
    let carried: BTreeSet<String> = into.clusters.iter().flat_map(|cluster| cluster.security_groups.clone()).collect();
    let of_endpoints = view.all::<VpcEndpoint>().flat_map(|(_, spec, _)| spec.security_group_ids);
    let of_endpoints: BTreeSet<String> = of_endpoints.map(|group| view.name(SecurityGroup::KIND, &group)).collect();
    let peers = view.all::<SecurityGroupRule>().filter_map(|(_, rule, _)| match rule.peer {
        Peer::SecurityGroup(group) => Some(view.name(SecurityGroup::KIND, &group)),
        _ => None,
    });
    // A group that another one admits is there for applications to carry.
    let used: BTreeSet<String> = carried.iter().cloned().chain(of_endpoints).chain(peers).collect();
    let mut known = BTreeSet::new();
    for (at, spec, outputs) in view.all::<SecurityGroup>() {
        known.insert(at.to_string());
        // What runs may have rules that others made.
        let seen = outputs.is_some_and(|outputs| view.looked.rules.contains_key(outputs.group_id.as_str()));
        into.security_groups.push(facts::SecurityGroup {
            address: at.clone(),
            name: at.to_string(),
            description: spec.description.into(),
            rules_known: if view.planned() || seen { ().into() } else { not_in_a_plan() },
            used: used.contains(at.as_str()),
            all_egress: spec.allow_all_egress.into(),
        });
    }
    let Some((cluster, ..)) = view.all::<DbCluster>().next() else { return };
    for name in carried.difference(&known) {
        let looked = view.looked.rules.contains_key(name);
        let unless = |fact: bool| if looked { fact.into() } else { Fact::unknown(GIVEN) };
        into.security_groups.push(facts::SecurityGroup {
            address: cluster.clone(),
            name: name.clone(),
            description: Fact::unknown(GIVEN),
            rules_known: if looked { ().into() } else { Fact::unknown(GIVEN) },
            used: true,
            // Its rules that let everything out are among the rules.
            all_egress: unless(false),
        });
    }
}

fn rules(view: &View<'_>, into: &mut Facts) {
    let mut own = BTreeSet::new();
    for (at, spec, outputs) in view.all::<SecurityGroupRule>() {
        own.extend(outputs.and_then(|outputs| outputs.rule_id).map(|id| id.to_string()));
        into.security_group_rules.push(rule(view, at, &spec, at.as_str()));
    }
    for (group, seen) in &view.looked.rules {
        let cluster = into.clusters.first().map(|cluster| cluster.address.clone());
        let Some(at) = view.behind(SecurityGroup::KIND, group).cloned().or(cluster) else { continue };
        for (id, spec) in seen.iter().filter(|(id, _)| !own.contains(id.as_str())) {
            into.security_group_rules.push(facts::SecurityGroupRule { ours: false, ..rule(view, &at, spec, id) });
        }
    }
}

fn rule(view: &View<'_>, at: &Address, spec: &SecurityGroupRule, name: &str) -> facts::SecurityGroupRule {
    facts::SecurityGroupRule {
        address: at.clone(),
        name: name.to_owned(),
        group: view.name(SecurityGroup::KIND, &spec.group_id),
        ingress: spec.direction == Direction::Ingress,
        protocol: spec.traffic.ip_protocol.clone(),
        ports: (spec.traffic.from_port, spec.traffic.to_port),
        peer: match &spec.peer {
            Peer::CidrIpv4(net) => facts::Peer::Block(IpNet::V4(*net)),
            Peer::CidrIpv6(net) => facts::Peer::Block(IpNet::V6(*net)),
            Peer::SecurityGroup(group) => facts::Peer::Group(view.name(SecurityGroup::KIND, group)),
            Peer::PrefixList(list) => facts::Peer::PrefixList(view.name("prefix_list", list)),
        },
        description: spec.description.clone(),
        ours: true,
    }
}
