//! A security group is an `aws_security_group`; its rules are resources of their own, but for the open one.

use super::Terraform;
use super::block::{Block, Nested};
use auroractl_network::SecurityGroup;

impl Terraform for SecurityGroup {
    const TYPE: &'static str = "aws_security_group";

    fn say(&self, block: &mut Block<'_>) {
        let Self { vpc_id, description, allow_all_egress, vpc_has_ipv6, tags } = self;
        block.later("name").set("description", description.as_str()).input("vpc_id", vpc_id).tags(tags);
        if *allow_all_egress {
            // AWS puts this rule into a new group, Terraform takes it out: where it stays it has to be said.
            let open = Nested::default().with("from_port", 0).with("to_port", 0).with("protocol", "-1");
            let open = open.with("cidr_blocks", vec!["0.0.0.0/0"]);
            block.blocks("egress", vec![open.maybe("ipv6_cidr_blocks", vpc_has_ipv6.then(|| vec!["::/0"]))]);
        }
    }
}
