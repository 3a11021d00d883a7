//! Network: the VPC and what is in it, and the DB subnet group that the cluster is put into.
//!
//! One file per kind, one line in [`KINDS`]. Beside the kinds stand what a composition of them needs to know:
//!
//! | module | what stands there |
//! |---|---|
//! | [`cidr`] | where subnets lie when the stack file names no blocks |
//! | [`zones`] | which availability zones there are, and how many are enough |
//! | [`existing`] | whether a network that somebody else made is fit for the cluster |

mod batch;
pub mod cidr;
mod db_subnet_group;
mod default_security_group;
mod elastic_ip;
pub mod existing;
mod flow_log;
mod internet_gateway;
mod internet_gateway_attachment;
pub mod live;
mod nat_gateway;
mod route;
mod route_table;
mod route_table_association;
mod security_group;
mod security_group_rule;
mod subnet;
mod survey;
#[cfg(test)]
mod testing;
mod vpc;
mod vpc_endpoint;
pub mod zones;

use auroractl_aws::Aws;
use auroractl_core::Of;
use auroractl_engine::Kind;

pub use db_subnet_group::{DbSubnetGroup, DbSubnetGroupOutputs};
pub use default_security_group::{DefaultSecurityGroup, DefaultSecurityGroupOutputs};
pub use elastic_ip::{ElasticIp, ElasticIpOutputs};
pub use flow_log::{FlowLog, FlowLogOutputs, TrafficType};
pub use internet_gateway::{InternetGateway, InternetGatewayOutputs};
pub use internet_gateway_attachment::{InternetGatewayAttachment, InternetGatewayAttachmentOutputs};
pub use nat_gateway::{NatGateway, NatGatewayOutputs};
pub use route::{Route, RouteOutputs, RouteTarget};
pub use route_table::{RouteTable, RouteTableOutputs};
pub use route_table_association::{RouteTableAssociation, RouteTableAssociationOutputs};
pub use security_group::{SecurityGroup, SecurityGroupOutputs};
pub use security_group_rule::{Direction, Peer, SecurityGroupRule, SecurityGroupRuleOutputs, Traffic};
pub use subnet::{Subnet, SubnetOutputs};
pub use vpc::{Vpc, VpcOutputs};
pub use vpc_endpoint::{VpcEndpoint, VpcEndpointOutputs, VpcEndpointType};

/// The kinds of this crate.
pub const KINDS: &[&dyn Kind<Aws>] = &[
    &Of::<DbSubnetGroup>::NEW,
    &Of::<DefaultSecurityGroup>::NEW,
    &Of::<ElasticIp>::NEW,
    &Of::<FlowLog>::NEW,
    &Of::<InternetGateway>::NEW,
    &Of::<InternetGatewayAttachment>::NEW,
    &Of::<NatGateway>::NEW,
    &Of::<Route>::NEW,
    &Of::<RouteTable>::NEW,
    &Of::<RouteTableAssociation>::NEW,
    &Of::<SecurityGroup>::NEW,
    &Of::<SecurityGroupRule>::NEW,
    &Of::<Subnet>::NEW,
    &Of::<Vpc>::NEW,
    &Of::<VpcEndpoint>::NEW,
];
