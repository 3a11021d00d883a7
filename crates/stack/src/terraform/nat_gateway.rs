//! A NAT gateway is an `aws_nat_gateway`.

use super::Terraform;
use super::block::Block;
use auroractl_network::NatGateway;

impl Terraform for NatGateway {
    const TYPE: &'static str = "aws_nat_gateway";

    fn say(&self, block: &mut Block<'_>) {
        let Self { subnet_id, allocation_id, tags } = self;
        block
            .set("connectivity_type", "public")
            .input("subnet_id", subnet_id)
            .input("allocation_id", allocation_id)
            .tags(tags);
    }
}
