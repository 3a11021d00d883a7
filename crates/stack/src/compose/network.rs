//! Network: a VPC of the stack's own, or one that exists; and who may reach the database.

use super::Draft;
use crate::config::{CreatedVpc, Endpoint, ExistingNetwork, Nat, SubnetPlan, SubnetTier};
use auroractl_core::graph::GraphError;
use auroractl_core::ids::{
    InternetGatewayId, NatGatewayId, RouteTableId, SecurityGroupId, SubnetGroupName, SubnetId, VpcId,
};
use auroractl_core::{Handle, Input};
use auroractl_network::{
    DbSubnetGroup, DefaultSecurityGroup, Direction, ElasticIp, InternetGateway, InternetGatewayAttachment, NatGateway,
    Peer, Route, RouteTable, RouteTableAssociation, RouteTarget, SecurityGroup, SecurityGroupRule, Subnet, Traffic,
    Vpc, VpcEndpoint, VpcEndpointType,
};
use ipnet::{IpNet, Ipv4Net};
use std::collections::{BTreeMap, BTreeSet};

/// Everything from everywhere.
const ANYWHERE: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::UNSPECIFIED, 0);
const HTTPS: u16 = 443;

/// What the cluster needs of the network.
pub(super) struct Network {
    /// The VPC.
    pub(super) vpc: Input<VpcId>,
    /// The DB subnet group.
    pub(super) subnet_group: Input<SubnetGroupName>,
    /// The security groups that the cluster carries.
    pub(super) security_groups: BTreeSet<Input<SecurityGroupId>>,
}

/// Where the database goes.
struct Place {
    vpc: Input<VpcId>,
    private: Vec<Input<SubnetId>>,
}

/// Makes the network.
pub(super) fn network(draft: &mut Draft<'_>) -> Result<Network, GraphError> {
    let config = draft.config;
    let place = match (&config.network.vpc, &config.network.existing) {
        (_, Some(existing)) => given(existing),
        (vpc, None) => created(draft, &vpc.clone().unwrap_or_default())?,
    };
    let subnet_group = DbSubnetGroup {
        vpc_id: place.vpc.clone(),
        description: format!("Private subnets of stack {}", config.stack.name),
        subnet_ids: place.private.iter().cloned().collect(),
        tags: draft.tags(),
    };
    let subnet_group = draft.add("main", &subnet_group, "network")?;
    let db = access(draft, &place.vpc)?;
    let extra = config.network.existing.iter().flat_map(|existing| &existing.security_group_ids);
    let given = extra.map(|id| Input::Value(id.as_str().into()));
    let security_groups = given.chain([db]).collect();
    Ok(Network { vpc: place.vpc, subnet_group: subnet_group.out(), security_groups })
}

fn given(existing: &ExistingNetwork) -> Place {
    let subnets = existing.subnet_ids.iter().map(|id| Input::Value(id.as_str().into()));
    Place { vpc: Input::Value(existing.vpc_id.as_str().into()), private: subnets.collect() }
}

fn created(draft: &mut Draft<'_>, vpc: &CreatedVpc) -> Result<Place, GraphError> {
    // A block that can't be read was refused by the checks of the stack file.
    let cidr_block: Ipv4Net = vpc.cidr.parse().unwrap_or_default();
    let spec = Vpc { cidr_block, enable_dns_support: true, enable_dns_hostnames: true, tags: draft.named("vpc") };
    let made = draft.add("main", &spec, "network.vpc")?;
    if vpc.close_default_security_group {
        let closed = DefaultSecurityGroup { vpc_id: made.out(), rules: 0, tags: draft.named("default") };
        draft.add("main", &closed, "network.vpc.close_default_security_group")?;
    }
    let mut subnets = Subnets::new(draft, &made)?;
    if vpc.nat != Nat::None {
        outside(draft, &made, vpc.nat, &mut subnets)?;
    }
    endpoints(draft, (&made, cidr_block), vpc, &subnets)?;
    Ok(Place { vpc: made.out(), private: subnets.private.values().map(|subnet| subnet.handle.out()).collect() })
}

/// One subnet with the table that routes it.
struct Routed {
    handle: Handle<Subnet>,
    table: Handle<RouteTable>,
}

/// The subnets by zone.
struct Subnets {
    private: BTreeMap<String, Routed>,
    public: BTreeMap<String, Handle<Subnet>>,
    public_table: Option<Handle<RouteTable>>,
}

impl Subnets {
    fn new(draft: &mut Draft<'_>, vpc: &Handle<Vpc>) -> Result<Self, GraphError> {
        let mut subnets = Self { private: BTreeMap::new(), public: BTreeMap::new(), public_table: None };
        for plan in draft.config.subnets() {
            let at = place_of(&plan);
            let handle = draft.add(&plan.name, &subnet(draft, vpc, &plan), &at)?;
            match plan.tier {
                SubnetTier::Public => {
                    subnets.public.insert(plan.az, handle);
                }
                SubnetTier::Private => {
                    let table = routed(draft, vpc, (&plan.name, &handle), &at)?;
                    subnets.private.insert(plan.az, Routed { handle, table });
                }
            }
        }
        Ok(subnets)
    }
}

fn place_of(plan: &SubnetPlan) -> String {
    let list = if plan.tier == SubnetTier::Private { "private_subnets" } else { "public_subnets" };
    plan.declared.map_or_else(|| "network.vpc".to_owned(), |index| format!("network.vpc.{list}[{index}]"))
}

fn subnet(draft: &Draft<'_>, vpc: &Handle<Vpc>, plan: &SubnetPlan) -> Subnet {
    Subnet {
        vpc_id: vpc.out(),
        cidr_block: plan.cidr,
        availability_zone: plan.az.clone(),
        // NAT gateways bring their own addresses; nothing else should be made in a public subnet by accident.
        map_public_ip_on_launch: false,
        tags: draft.named(&plan.name),
    }
}

/// A route table of its own for a subnet.
fn routed(
    draft: &mut Draft<'_>,
    vpc: &Handle<Vpc>,
    (name, subnet): (&str, &Handle<Subnet>),
    at: &str,
) -> Result<Handle<RouteTable>, GraphError> {
    let table = draft.add(name, &RouteTable { vpc_id: vpc.out(), tags: draft.named(name) }, at)?;
    draft.add(name, &RouteTableAssociation { route_table_id: table.out(), subnet_id: subnet.out() }, at)?;
    Ok(table)
}

/// The way out: internet gateway, public routes, NAT gateways.
fn outside(draft: &mut Draft<'_>, vpc: &Handle<Vpc>, nat: Nat, subnets: &mut Subnets) -> Result<(), GraphError> {
    let at = "network.vpc.nat";
    let gateway = draft.add("main", &InternetGateway { tags: draft.named("internet") }, at)?;
    let attachment =
        InternetGatewayAttachment { internet_gateway_id: gateway.out::<InternetGatewayId>(), vpc_id: vpc.out() };
    let attachment = draft.add("main", &attachment, at)?;
    let table = draft.add("public", &RouteTable { vpc_id: vpc.out(), tags: draft.named("public") }, at)?;
    route(draft, "public", &table, RouteTarget::InternetGateway(attachment.out()))?;
    for (az, subnet) in &subnets.public {
        let name = format!("public-{}", zone(draft, az));
        draft.add(&name, &RouteTableAssociation { route_table_id: table.out(), subnet_id: subnet.out() }, at)?;
    }
    let mut gateways: Vec<(String, Handle<NatGateway>)> = Vec::new();
    for (az, subnet) in &subnets.public {
        if nat == Nat::PerAz || gateways.is_empty() {
            let made = nat_gateway(draft, az, subnet)?;
            // Without a way to the internet a NAT gateway fails for good.
            draft.desired.after(&made, &attachment);
            gateways.push((az.clone(), made));
        }
    }
    for (az, routed) in &subnets.private {
        let own = gateways.iter().find(|(zone, _)| zone == az).or(gateways.first());
        if let Some((_, gateway)) = own {
            let name = format!("private-{}", zone(draft, az));
            route(draft, &name, &routed.table, RouteTarget::NatGateway(gateway.out::<NatGatewayId>()))?;
        }
    }
    subnets.public_table = Some(table);
    Ok(())
}

fn route(draft: &mut Draft<'_>, name: &str, table: &Handle<RouteTable>, target: RouteTarget) -> Result<(), GraphError> {
    let route = Route { route_table_id: table.out(), destination_cidr_block: ANYWHERE, target };
    draft.add(&format!("{name}-default"), &route, "network.vpc.nat").map(|_| ())
}

fn nat_gateway(draft: &mut Draft<'_>, az: &str, subnet: &Handle<Subnet>) -> Result<Handle<NatGateway>, GraphError> {
    let name = zone(draft, az);
    let tags = draft.named(&format!("nat-{name}"));
    let address = draft.add(&name, &ElasticIp { tags: tags.clone() }, "network.vpc.nat")?;
    let gateway = NatGateway { subnet_id: subnet.out(), allocation_id: address.out(), tags };
    draft.add(&name, &gateway, "network.vpc.nat")
}

/// The part of a zone's name that tells it from the region's other zones.
fn zone(draft: &Draft<'_>, az: &str) -> String {
    az.strip_prefix(draft.config.stack.region.as_str()).unwrap_or(az).trim_start_matches('-').to_owned()
}

fn endpoints(
    draft: &mut Draft<'_>,
    (vpc, cidr_block): (&Handle<Vpc>, Ipv4Net),
    config: &CreatedVpc,
    subnets: &Subnets,
) -> Result<(), GraphError> {
    let at = "network.vpc.endpoints";
    let interfaces: Vec<Endpoint> =
        config.endpoints.iter().copied().filter(|endpoint| !endpoint.is_gateway()).collect();
    let group = match interfaces.is_empty() {
        true => None,
        false => Some(endpoint_group(draft, vpc, cidr_block)?),
    };
    for endpoint in &config.endpoints {
        let service = endpoint.service();
        let tables = subnets.private.values().map(|routed| &routed.table).chain(&subnets.public_table);
        let gateway = endpoint.is_gateway();
        let spec = VpcEndpoint {
            vpc_id: vpc.out(),
            service_name: endpoint.service_name(&draft.config.stack.region),
            vpc_endpoint_type: if gateway { VpcEndpointType::Gateway } else { VpcEndpointType::Interface },
            route_table_ids: tables.filter(|_| gateway).map(|table| table.out::<RouteTableId>()).collect(),
            subnet_ids: subnets.private.values().filter(|_| !gateway).map(|routed| routed.handle.out()).collect(),
            security_group_ids: group.iter().filter(|_| !gateway).map(Handle::out).collect(),
            private_dns_enabled: !gateway,
            policy_document: None,
            tags: draft.named(service),
        };
        draft.add(service, &spec, at)?;
    }
    Ok(())
}

fn endpoint_group(
    draft: &mut Draft<'_>,
    vpc: &Handle<Vpc>,
    cidr: Ipv4Net,
) -> Result<Handle<SecurityGroup>, GraphError> {
    let at = "network.vpc.endpoints";
    let group = security_group(draft, "endpoints", "Interface endpoints: HTTPS from the VPC", &vpc.out(), at)?;
    let rule = Rule { group: &group, direction: Direction::Ingress, port: HTTPS, peer: Peer::CidrIpv4(cidr.trunc()) };
    rule.add(draft, "endpoints-from-vpc", "HTTPS from the VPC", at)?;
    Ok(group)
}

fn security_group(
    draft: &mut Draft<'_>,
    name: &str,
    about: &str,
    vpc: &Input<VpcId>,
    at: &str,
) -> Result<Handle<SecurityGroup>, GraphError> {
    let spec = SecurityGroup {
        vpc_id: vpc.clone(),
        description: about.to_owned(),
        allow_all_egress: false,
        // A given VPC may have an IPv6 block, and with it a second open rule that a new group must lose.
        vpc_has_ipv6: draft.config.network.existing.is_some(),
        tags: draft.named(name),
    };
    draft.add(name, &spec, at)
}

/// One rule of a security group, over one TCP port.
struct Rule<'a> {
    group: &'a Handle<SecurityGroup>,
    direction: Direction,
    port: u16,
    peer: Peer,
}

impl Rule<'_> {
    fn add(self, draft: &mut Draft<'_>, name: &str, about: &str, at: &str) -> Result<(), GraphError> {
        let port = i32::from(self.port);
        let spec = SecurityGroupRule {
            group_id: self.group.out(),
            direction: self.direction,
            traffic: Traffic { ip_protocol: "tcp".to_owned(), from_port: port, to_port: port },
            peer: self.peer,
            description: Some(about.to_owned()),
            tags: draft.tags(),
        };
        draft.add(name, &spec, at).map(|_| ())
    }
}

/// Who may reach the database: its own group, and a rule for each of those whom the stack admits.
fn access(draft: &mut Draft<'_>, vpc: &Input<VpcId>) -> Result<Input<SecurityGroupId>, GraphError> {
    let (config, at) = (draft.config, "network.access");
    let port = config.cluster.port;
    let db = security_group(draft, "db", "Aurora PostgreSQL: the database port from those who may connect", vpc, at)?;
    let admit = |peer| Rule { group: &db, direction: Direction::Ingress, port, peer };
    if config.network.access.app_security_group {
        let app = security_group(draft, "app", "Applications that may connect to the database", vpc, at)?;
        let peer = Peer::SecurityGroup(app.out());
        admit(peer).add(draft, "db-from-app", "PostgreSQL from the applications", at)?;
        let out = Rule { group: &app, direction: Direction::Egress, port, peer: Peer::SecurityGroup(db.out()) };
        out.add(draft, "app-to-db", "PostgreSQL to the database", at)?;
    }
    for (index, text) in config.network.access.allowed_cidrs.iter().enumerate() {
        // A range that can't be read was refused by the checks of the stack file; none may become a wider one.
        let Ok(clients) = text.parse::<IpNet>() else { continue };
        let (peer, place) = match clients {
            IpNet::V4(net) => (Peer::CidrIpv4(net), net.addr().to_string().replace('.', "-")),
            IpNet::V6(net) => (Peer::CidrIpv6(net), net.addr().segments().map(|part| format!("{part:x}")).join("-")),
        };
        let name = format!("db-from-{place}-{}", clients.prefix_len());
        let at = format!("network.access.allowed_cidrs[{index}]");
        admit(peer).add(draft, &name, &format!("PostgreSQL from {clients}"), &at)?;
    }
    for (index, id) in config.network.access.allowed_security_groups.iter().enumerate() {
        let at = format!("network.access.allowed_security_groups[{index}]");
        let peer = Peer::SecurityGroup(Input::Value(id.as_str().into()));
        admit(peer).add(draft, &format!("db-from-{id}"), &format!("PostgreSQL from {id}"), &at)?;
    }
    Ok(db.out())
}
