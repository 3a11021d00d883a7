//! A rule is an `aws_vpc_security_group_ingress_rule` or an `aws_vpc_security_group_egress_rule`.

use super::Terraform;
use super::block::Block;
use auroractl_network::{Direction, Peer, SecurityGroupRule, Traffic};

const EGRESS: &str = "aws_vpc_security_group_egress_rule";
/// Every protocol: such a rule has no ports.
const ALL: &str = "-1";

impl Terraform for SecurityGroupRule {
    const TYPE: &'static str = "aws_vpc_security_group_ingress_rule";

    fn resource_type(&self) -> &'static str {
        match self.direction {
            Direction::Ingress => Self::TYPE,
            Direction::Egress => EGRESS,
        }
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self { group_id, direction: _, traffic, peer, description, tags } = self;
        let Traffic { ip_protocol, from_port, to_port } = traffic;
        block.input("security_group_id", group_id).set("ip_protocol", ip_protocol.as_str());
        if ip_protocol != ALL {
            block.set("from_port", *from_port).set("to_port", *to_port);
        }
        match peer {
            Peer::CidrIpv4(block_of) => block.set("cidr_ipv4", block_of.to_string()),
            Peer::CidrIpv6(block_of) => block.set("cidr_ipv6", block_of.to_string()),
            Peer::SecurityGroup(group) => block.input("referenced_security_group_id", group),
            Peer::PrefixList(list) => block.input("prefix_list_id", list),
        };
        block.maybe("description", description.as_deref()).tags(tags);
    }
}
