//! A network that exists already: looked at in one batch, judged as a whole, never changed.
//!
//! The look ([`verify`]) fills plain values; the judgement ([`judge`]) is pure and names everything that is wrong at
//! once, so that whoever owns the network is asked one time.

use crate::survey::described;
use crate::zones::{self, TooFewZones};
use auroractl_aws::{Aws, ec2};
use auroractl_core::ids::{RouteTableId, SecurityGroupId, SubnetId, VpcId};
use auroractl_engine::{CallError, Look};
use aws_sdk_ec2::types::{RouteTable, SecurityGroup, Subnet, Vpc};
use ipnet::Ipv4Net;
use std::collections::{BTreeMap, BTreeSet};

/// What the stack file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingIds {
    /// The VPC.
    pub vpc_id: VpcId,
    /// The subnets that the cluster is put into.
    pub subnet_ids: Vec<SubnetId>,
    /// The groups that are attached to it beside its own.
    pub security_group_ids: Vec<SecurityGroupId>,
}

/// What is known of a network that is fit for use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFacts {
    /// All IPv4 blocks of the VPC, the primary one first.
    pub cidr_blocks: Vec<Ipv4Net>,
    /// Whether it has an IPv6 block: see [`crate::SecurityGroup::vpc_has_ipv6`].
    pub has_ipv6: bool,
    /// The subnets.
    pub subnets: BTreeMap<SubnetId, SubnetFacts>,
}

impl NetworkFacts {
    /// The zones that the subnets lie in.
    #[must_use]
    pub fn availability_zones(&self) -> BTreeSet<&str> {
        self.subnets.values().map(|subnet| subnet.availability_zone.as_str()).collect()
    }
}

/// What is known of a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetFacts {
    /// Its zone, by name.
    pub availability_zone: String,
    /// Its block.
    pub cidr_block: Ipv4Net,
    /// How many addresses are free.
    pub free_addresses: i32,
    /// What is launched in it gets a public address.
    pub map_public_ip: bool,
}

/// Something about the network that keeps the cluster out of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no such VPC.
    #[error("there is no VPC {vpc_id} in this account and region")]
    NoVpc {
        /// Its id.
        vpc_id: VpcId,
    },
    /// An attribute of the VPC is off.
    #[error("{} of {vpc_id} is off", attribute.name())]
    DnsOff {
        /// The VPC.
        vpc_id: VpcId,
        /// The attribute.
        attribute: DnsAttribute,
    },
    /// There is no such subnet.
    #[error("there is no subnet {subnet_id} in this account and region")]
    NoSubnet {
        /// Its id.
        subnet_id: SubnetId,
    },
    /// The subnet is in another VPC.
    #[error("subnet {subnet_id} is in {is_in}, not in {vpc_id}")]
    ForeignSubnet {
        /// The subnet.
        subnet_id: SubnetId,
        /// The VPC that it is in.
        is_in: VpcId,
        /// The VPC that the stack names.
        vpc_id: VpcId,
    },
    /// The subnet has a way in from the internet.
    #[error("subnet {subnet_id} is public: {table} has a route for {destination} to {gateway}")]
    PublicSubnet {
        /// The subnet.
        subnet_id: SubnetId,
        /// The route table that counts for it.
        table: EffectiveTable,
        /// What the route is for: a block or a prefix list.
        destination: String,
        /// The internet gateway.
        gateway: String,
    },
    /// Neither an association nor a main table: it can't be told whether the subnet is private.
    #[error("no route table of subnet {subnet_id} can be seen")]
    NoTable {
        /// The subnet.
        subnet_id: SubnetId,
    },
    /// The subnets lie in too few zones.
    #[error(transparent)]
    Zones(#[from] TooFewZones),
    /// There is no such group.
    #[error("there is no security group {group_id} in this account and region")]
    NoGroup {
        /// Its id.
        group_id: SecurityGroupId,
    },
    /// The group is in another VPC.
    #[error("security group {group_id} is in {is_in}, not in {vpc_id}")]
    ForeignGroup {
        /// The group.
        group_id: SecurityGroupId,
        /// The VPC that it is in.
        is_in: VpcId,
        /// The VPC that the stack names.
        vpc_id: VpcId,
    },
}

impl Problem {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoVpc { .. } | Self::NoSubnet { .. } | Self::NoGroup { .. } => {
                "check the id, and that the stack's account and region are those it belongs to".to_owned()
            }
            Self::DnsOff { vpc_id, attribute } => format!(
                "its owner switches it on with `aws ec2 modify-vpc-attribute --vpc-id {vpc_id} {}`; auroractl never changes a network that it did not make",
                attribute.option()
            ),
            Self::ForeignSubnet { .. } => "name subnets of one VPC".to_owned(),
            Self::PublicSubnet { .. } => {
                "name subnets whose route table has no route to an internet gateway; one to a NAT gateway is fine"
                    .to_owned()
            }
            Self::NoTable { .. } => "allow ec2:DescribeRouteTables for this VPC".to_owned(),
            Self::Zones(_) => "name subnets in at least two availability zones, better three".to_owned(),
            Self::ForeignGroup { .. } => "name security groups of the cluster's VPC".to_owned(),
        }
    }
}

/// The DNS attributes of a VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsAttribute {
    /// Names are resolved; without it nobody in the VPC finds the cluster.
    Support,
    /// Interfaces have names; private DNS of interface endpoints needs it.
    Hostnames,
}

impl DnsAttribute {
    /// AWS's name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Support => "enableDnsSupport",
            Self::Hostnames => "enableDnsHostnames",
        }
    }

    /// The option of AWS's own command line that switches it on.
    fn option(self) -> &'static str {
        match self {
            Self::Support => "--enable-dns-support",
            Self::Hostnames => "--enable-dns-hostnames",
        }
    }
}

/// The route table that counts for a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectiveTable {
    /// The one it is associated with.
    Associated(RouteTableId),
    /// The VPC's main one, since it is associated with none.
    Main(RouteTableId),
}

impl std::fmt::Display for EffectiveTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Associated(id) => write!(f, "its route table {id}"),
            Self::Main(id) => write!(f, "the VPC's main route table {id}, which it uses for want of one of its own,"),
        }
    }
}

/// What AWS answered about the network, whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// The VPC, if it is there.
    pub vpc: Option<Vpc>,
    /// Its DNS attributes: support, host names.
    pub dns: (bool, bool),
    /// Those of the named subnets that are there.
    pub subnets: Vec<Subnet>,
    /// All route tables of the VPC.
    pub tables: Vec<RouteTable>,
    /// Those of the named groups that are there.
    pub groups: Vec<SecurityGroup>,
}

/// Looks at the network and judges it. The inner result is the judgement.
///
/// # Errors
/// When it could not be looked at.
pub async fn verify(
    aws: &Aws,
    look: &Look,
    ids: &ExistingIds,
) -> Result<Result<NetworkFacts, Vec<Problem>>, CallError> {
    // Boxed: six calls in flight make a future of some hundred kilobytes, too much for a caller's stack.
    let scene = look.once(&format!("existing network {ids:?}"), Box::pin(scene(aws, ids))).await?;
    Ok(judge(&scene, ids))
}

/// The look: all calls at once, each with a filter, so that one wrong id does not fail the others' look-up.
async fn scene(aws: &Aws, ids: &ExistingIds) -> Result<Scene, CallError> {
    let vpc = ids.vpc_id.as_str();
    let vpcs = described!(aws, "ec2:DescribeVpcs", describe_vpcs);
    let subnets = described!(aws, "ec2:DescribeSubnets", describe_subnets);
    let tables = described!(aws, "ec2:DescribeRouteTables", describe_route_tables);
    let groups = described!(aws, "ec2:DescribeSecurityGroups", describe_security_groups);
    let filter = |name: &str, ids: Vec<String>| vec![ec2::filter(name, ids)];
    let subnet_ids = ids.subnet_ids.iter().map(ToString::to_string).collect();
    let group_ids: Vec<String> = ids.security_group_ids.iter().map(ToString::to_string).collect();
    let groups =
        async { if group_ids.is_empty() { Ok(Vec::new()) } else { groups(filter("group-id", group_ids)).await } };
    // Of a VPC that is not there nothing else is judged.
    let dns = async { crate::vpc::dns(aws, vpc).await.map(Option::unwrap_or_default) };
    let (vpcs, dns, subnets, tables, groups) = futures::try_join!(
        vpcs(filter("vpc-id", vec![vpc.to_owned()])),
        dns,
        subnets(filter("subnet-id", subnet_ids)),
        tables(filter("vpc-id", vec![vpc.to_owned()])),
        groups,
    )?;
    Ok(Scene { vpc: vpcs.into_iter().next(), dns, subnets, tables, groups })
}

/// The judgement: the facts of a network that is fit, or everything that is wrong with one that is not.
///
/// # Errors
/// All problems, those of the VPC first, then in the order of the named subnets and groups.
pub fn judge(scene: &Scene, ids: &ExistingIds) -> Result<NetworkFacts, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut facts = NetworkFacts { cidr_blocks: Vec::new(), has_ipv6: false, subnets: BTreeMap::new() };
    match &scene.vpc {
        Some(vpc) => {
            facts.cidr_blocks = blocks(vpc);
            facts.has_ipv6 = !vpc.ipv6_cidr_block_association_set().is_empty();
            let attributes = [(scene.dns.0, DnsAttribute::Support), (scene.dns.1, DnsAttribute::Hostnames)];
            let off = attributes.into_iter().filter(|(on, _)| !on);
            problems.extend(off.map(|(_, attribute)| Problem::DnsOff { vpc_id: ids.vpc_id.clone(), attribute }));
        }
        None => problems.push(Problem::NoVpc { vpc_id: ids.vpc_id.clone() }),
    }
    facts.subnets = subnets(scene, ids, &mut problems);
    problems.extend(ids.security_group_ids.iter().filter_map(|id| wrong_group(scene, id, &ids.vpc_id)));
    if problems.is_empty() { Ok(facts) } else { Err(problems) }
}

/// All IPv4 blocks, the primary one first.
fn blocks(vpc: &Vpc) -> Vec<Ipv4Net> {
    let primary = vpc.cidr_block();
    let more = vpc.cidr_block_association_set().iter().filter_map(|block| block.cidr_block());
    let texts = primary.into_iter().chain(more.filter(|block| Some(*block) != primary));
    texts.filter_map(|text| text.parse().ok()).collect()
}

/// The named subnets that are there, with what is wrong with each and with all of them.
fn subnets(scene: &Scene, ids: &ExistingIds, problems: &mut Vec<Problem>) -> BTreeMap<SubnetId, SubnetFacts> {
    let wanted: BTreeSet<&SubnetId> = ids.subnet_ids.iter().collect();
    let mut facts = BTreeMap::new();
    for subnet_id in wanted {
        let subnet_id = subnet_id.clone();
        let Some(raw) = scene.subnets.iter().find(|raw| raw.subnet_id() == Some(subnet_id.as_str())) else {
            problems.push(Problem::NoSubnet { subnet_id });
            continue;
        };
        if raw.vpc_id() != Some(ids.vpc_id.as_str()) {
            let is_in = raw.vpc_id().unwrap_or_default().into();
            problems.push(Problem::ForeignSubnet { subnet_id, is_in, vpc_id: ids.vpc_id.clone() });
            continue;
        }
        problems.extend(reachable(scene, &subnet_id));
        facts.insert(subnet_id, subnet(raw));
    }
    // While subnets are missing it can't be told which zones are.
    if facts.len() == ids.subnet_ids.iter().collect::<BTreeSet<_>>().len() {
        let zones: Vec<String> = facts.values().map(|subnet: &SubnetFacts| subnet.availability_zone.clone()).collect();
        problems.extend(zones::cover(&zones).err().map(Problem::Zones));
    }
    facts
}

fn subnet(raw: &Subnet) -> SubnetFacts {
    SubnetFacts {
        availability_zone: raw.availability_zone().unwrap_or_default().to_owned(),
        cidr_block: raw.cidr_block().and_then(|text| text.parse().ok()).unwrap_or_default(),
        free_addresses: raw.available_ip_address_count().unwrap_or(0),
        map_public_ip: raw.map_public_ip_on_launch().unwrap_or(false),
    }
}

/// Is the subnet reachable from the internet, by the table that counts for it?
fn reachable(scene: &Scene, subnet_id: &SubnetId) -> Option<Problem> {
    let Some((raw, table)) = effective(&scene.tables, subnet_id.as_str()) else {
        // Without a VPC there are no tables; that is said already.
        return scene.vpc.as_ref().map(|_| Problem::NoTable { subnet_id: subnet_id.clone() });
    };
    let (destination, gateway) = way_in(raw)?;
    Some(Problem::PublicSubnet { subnet_id: subnet_id.clone(), table, destination, gateway })
}

/// The table that counts for a subnet, of all tables of its VPC; `None` when none can be seen.
pub(crate) fn effective<'t>(tables: &'t [RouteTable], subnet: &str) -> Option<(&'t RouteTable, EffectiveTable)> {
    let associated =
        |table: &&RouteTable| table.associations().iter().any(|association| association.subnet_id() == Some(subnet));
    let main = |table: &&RouteTable| table.associations().iter().any(|association| association.main() == Some(true));
    let id = |table: &RouteTable| RouteTableId::from(table.route_table_id().unwrap_or_default());
    match (tables.iter().find(associated), tables.iter().find(main)) {
        (Some(raw), _) => Some((raw, EffectiveTable::Associated(id(raw)))),
        (None, Some(raw)) => Some((raw, EffectiveTable::Main(id(raw)))),
        (None, None) => None,
    }
}

/// What a table sends to an internet gateway, and to which.
pub(crate) fn way_in(table: &RouteTable) -> Option<(String, String)> {
    let to_internet = |gateway: &str| gateway.starts_with("igw-");
    let out = table.routes().iter().find(|route| route.gateway_id().is_some_and(to_internet))?;
    let destinations =
        [out.destination_cidr_block(), out.destination_ipv6_cidr_block(), out.destination_prefix_list_id()];
    let destination = destinations.into_iter().flatten().next().unwrap_or_default().to_owned();
    Some((destination, out.gateway_id().unwrap_or_default().to_owned()))
}

fn wrong_group(scene: &Scene, id: &SecurityGroupId, vpc_id: &VpcId) -> Option<Problem> {
    let group_id = id.clone();
    match scene.groups.iter().find(|raw| raw.group_id() == Some(id.as_str())) {
        None => Some(Problem::NoGroup { group_id }),
        Some(raw) if raw.vpc_id() == Some(vpc_id.as_str()) => None,
        Some(raw) => {
            let is_in = raw.vpc_id().unwrap_or_default().into();
            Some(Problem::ForeignGroup { group_id, is_in, vpc_id: vpc_id.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::{Route, RouteTableAssociation, VpcCidrBlockAssociation, VpcIpv6CidrBlockAssociation};

    fn ids() -> ExistingIds {
        ExistingIds {
            vpc_id: "vpc-1".into(),
            subnet_ids: vec!["subnet-a".into(), "subnet-b".into()],
            security_group_ids: vec!["sg-1".into()],
        }
    }

    fn subnet(id: &str, vpc: &str, zone: &str) -> Subnet {
        let subnet = Subnet::builder().subnet_id(id).vpc_id(vpc).availability_zone(zone);
        subnet.cidr_block("10.0.0.0/20").available_ip_address_count(4000).build()
    }

    fn table(id: &str, subnets: &[&str], gateway: &str) -> RouteTable {
        let mut table = RouteTable::builder().route_table_id(id);
        if subnets.is_empty() {
            table = table.associations(RouteTableAssociation::builder().main(true).build());
        }
        for subnet in subnets {
            table = table.associations(RouteTableAssociation::builder().main(false).subnet_id(*subnet).build());
        }
        let local = Route::builder().destination_cidr_block("10.0.0.0/16").gateway_id("local").build();
        let out = Route::builder().destination_cidr_block("0.0.0.0/0");
        let out = if gateway.starts_with("nat-") { out.nat_gateway_id(gateway) } else { out.gateway_id(gateway) };
        table.routes(local).routes(out.build()).build()
    }

    fn group(id: &str, vpc: &str) -> SecurityGroup {
        SecurityGroup::builder().group_id(id).vpc_id(vpc).build()
    }

    fn fit() -> Scene {
        let block = |text: &str| VpcCidrBlockAssociation::builder().cidr_block(text).build();
        let vpc = Vpc::builder().vpc_id("vpc-1").cidr_block("10.0.0.0/16");
        Scene {
            vpc: Some(
                vpc.cidr_block_association_set(block("10.0.0.0/16"))
                    .cidr_block_association_set(block("10.1.0.0/16"))
                    .build(),
            ),
            dns: (true, true),
            subnets: vec![subnet("subnet-a", "vpc-1", "us-east-1a"), subnet("subnet-b", "vpc-1", "us-east-1b")],
            tables: vec![table("rtb-main", &[], "igw-1"), table("rtb-p", &["subnet-a", "subnet-b"], "nat-1")],
            groups: vec![group("sg-1", "vpc-1")],
        }
    }

    fn texts(scene: &Scene, ids: &ExistingIds) -> Vec<String> {
        judge(scene, ids).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_fit_network_yields_its_facts() {
        let facts = judge(&fit(), &ids()).unwrap();
        assert_eq!(
            facts.cidr_blocks.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.0/16", "10.1.0.0/16"]
        );
        assert_eq!(facts.availability_zones().into_iter().collect::<Vec<_>>(), ["us-east-1a", "us-east-1b"]);
        assert_eq!(facts.subnets.get(&"subnet-a".into()).map(|subnet| subnet.free_addresses), Some(4000));
        assert!(!facts.has_ipv6);
    }

    #[test]
    fn an_ipv6_block_is_a_fact() {
        let block = VpcIpv6CidrBlockAssociation::builder().ipv6_cidr_block("2001:db8::/56").build();
        let vpc = Vpc::builder().vpc_id("vpc-1").ipv6_cidr_block_association_set(block).build();
        assert!(judge(&Scene { vpc: Some(vpc), ..fit() }, &ids()).unwrap().has_ipv6);
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let scene = Scene {
            dns: (true, false),
            subnets: vec![subnet("subnet-a", "vpc-1", "us-east-1a"), subnet("subnet-c", "vpc-2", "us-east-1c")],
            tables: vec![table("rtb-main", &[], "igw-1")],
            groups: vec![group("sg-2", "vpc-2")],
            ..fit()
        };
        let ids = ExistingIds {
            subnet_ids: ["subnet-a", "subnet-b", "subnet-c"].map(SubnetId::from).to_vec(),
            security_group_ids: vec!["sg-1".into(), "sg-2".into()],
            ..ids()
        };
        assert_eq!(
            texts(&scene, &ids),
            [
                "enableDnsHostnames of vpc-1 is off",
                "subnet subnet-a is public: the VPC's main route table rtb-main, which it uses for want of one of its own, \
                 has a route for 0.0.0.0/0 to igw-1",
                "there is no subnet subnet-b in this account and region",
                "subnet subnet-c is in vpc-2, not in vpc-1",
                "there is no security group sg-1 in this account and region",
                "security group sg-2 is in vpc-2, not in vpc-1",
            ]
        );
        for problem in judge(&scene, &ids).unwrap_err() {
            assert!(!problem.hint().is_empty(), "{problem}");
        }
    }

    #[test]
    fn a_subnets_own_table_counts_before_the_main_one() {
        let own = table("rtb-p", &["subnet-a", "subnet-b"], "igw-1");
        let scene = Scene { tables: vec![table("rtb-main", &[], "nat-1"), own], ..fit() };
        let found = texts(&scene, &ids());
        assert_eq!(
            found.first().map(String::as_str),
            Some("subnet subnet-a is public: its route table rtb-p has a route for 0.0.0.0/0 to igw-1")
        );
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn a_gateway_endpoint_is_no_way_in() {
        let tables = vec![table("rtb-p", &["subnet-a", "subnet-b"], "vpce-1")];
        assert_eq!(texts(&Scene { tables, ..fit() }, &ids()), [""; 0]);
    }

    #[test]
    fn one_zone_is_too_few() {
        let subnets = vec![subnet("subnet-a", "vpc-1", "us-east-1a"), subnet("subnet-b", "vpc-1", "us-east-1a")];
        let text = "a DB subnet group needs subnets in at least 2 availability zones, got us-east-1a twice";
        assert_eq!(texts(&Scene { subnets, ..fit() }, &ids()), [text]);
        let twice = ExistingIds { subnet_ids: vec!["subnet-a".into(), "subnet-a".into()], ..ids() };
        assert_eq!(texts(&fit(), &twice).len(), 1);
    }

    #[test]
    fn without_a_vpc_that_is_the_problem() {
        let found = texts(&Scene { vpc: None, dns: (false, false), tables: Vec::new(), ..fit() }, &ids());
        assert_eq!(found, ["there is no VPC vpc-1 in this account and region"]);
    }
}
