//! Facts about the network around the database.

use super::Fact;
use auroractl_core::Address;
use ipnet::IpNet;
use std::collections::BTreeSet;

/// A VPC that the stack makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vpc {
    /// Its address.
    pub address: Address,
    /// A flow log on it; `None` where there is none.
    pub flow_log: Fact<Option<FlowLog>>,
    /// Rules of its default security group.
    pub default_group_rules: Fact<usize>,
}

/// A flow log of a VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowLog {
    /// `TrafficType`.
    pub traffic: String,
    /// Why nothing arrives, where AWS says so (`DeliverLogsErrorMessage`).
    pub failing: Option<String>,
}

impl FlowLog {
    /// One that delivers.
    #[must_use]
    pub fn of(traffic: &str) -> Self {
        Self { traffic: traffic.to_owned(), failing: None }
    }
}

/// A subnet that the database may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Where it is reported: its address, or that of the subnet group that names it.
    pub address: Address,
    /// Its address as text, or its id.
    pub name: String,
    /// `AvailabilityZone`.
    pub zone: Fact<String>,
    /// `MapPublicIpOnLaunch`.
    pub map_public_ip: Fact<bool>,
    /// A default route to an internet gateway in its effective route table: its destination.
    pub internet_route: Fact<Option<String>>,
    /// A default route to a NAT gateway.
    pub nat_route: Fact<bool>,
}

/// A DB subnet group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetGroup {
    /// Its address.
    pub address: Address,
    /// How clusters name it.
    pub name: String,
    /// Names of its subnets.
    pub subnets: BTreeSet<String>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroup {
    /// Where it is reported: its address, or that of the cluster that carries it.
    pub address: Address,
    /// Its address as text, or its id.
    pub name: String,
    /// `Description`.
    pub description: Fact<String>,
    /// Its rules are all among the facts.
    pub rules_known: Fact<()>,
    /// Something that the stack makes carries it, or another group admits it.
    pub used: bool,
    /// AWS's rule that lets everything out is kept.
    pub all_egress: Fact<bool>,
}

/// A rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroupRule {
    /// Where it is reported: its address, or that of its group.
    pub address: Address,
    /// Its address as text, or its id.
    pub name: String,
    /// Name of its group.
    pub group: String,
    /// It admits traffic to the group.
    pub ingress: bool,
    /// `IpProtocol`; `-1` is every protocol.
    pub protocol: String,
    /// First and last port; -1 is every port.
    pub ports: (i32, i32),
    /// Who is at the other end.
    pub peer: Peer,
    /// `Description`.
    pub description: Option<String>,
    /// The stack made it.
    pub ours: bool,
}

impl SecurityGroupRule {
    /// Does it speak of this TCP port?
    #[must_use]
    pub fn covers(&self, port: u16) -> bool {
        let port = i32::from(port);
        let tcp = matches!(self.protocol.as_str(), "tcp" | "6");
        self.protocol == "-1" || (tcp && (self.ports.0 < 0 || (self.ports.0..=self.ports.1).contains(&port)))
    }
}

/// The other end of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A block of addresses.
    Block(IpNet),
    /// Another security group.
    Group(String),
    /// A prefix list, whose blocks are somebody else's to say.
    PrefixList(String),
}

impl Peer {
    /// Is it a block of the public internet, larger than a few hundred hosts? IPv6 has no private blocks that are
    /// written so, beside `fc00::/7`.
    #[must_use]
    pub fn is_wide_open(&self) -> bool {
        match self {
            Self::Block(IpNet::V4(block)) => {
                let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
                let inside = |text: &str| text.parse::<ipnet::Ipv4Net>().is_ok_and(|net| net.contains(block));
                block.prefix_len() < 24 && !private.iter().any(|net| inside(net))
            }
            Self::Block(IpNet::V6(block)) => block.prefix_len() < 64 && (block.addr().segments()[0] & 0xfe00) != 0xfc00,
            Self::Group(_) | Self::PrefixList(_) => false,
        }
    }

    /// Is it everybody, or a half of everybody: two such rules are one?
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        matches!(self, Self::Block(block) if block.prefix_len() <= 1)
    }
}

/// A VPC endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcEndpoint {
    /// Its address.
    pub address: Address,
    /// It is an interface endpoint.
    pub interface: bool,
    /// Names of its subnets.
    pub subnets: BTreeSet<String>,
    /// It has a policy of its own.
    pub policy: bool,
}
