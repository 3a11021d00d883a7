//! A subnet is an `aws_subnet`.

use super::Terraform;
use super::block::Block;
use auroractl_network::Subnet;

impl Terraform for Subnet {
    const TYPE: &'static str = "aws_subnet";

    fn say(&self, block: &mut Block<'_>) {
        let Self { vpc_id, cidr_block, availability_zone, map_public_ip_on_launch, tags } = self;
        block
            .input("vpc_id", vpc_id)
            .set("cidr_block", cidr_block.to_string())
            .set("availability_zone", availability_zone.as_str())
            .set("map_public_ip_on_launch", *map_public_ip_on_launch)
            .tags(tags);
    }
}
