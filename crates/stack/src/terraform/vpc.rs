//! A VPC is an `aws_vpc`.

use super::Terraform;
use super::block::Block;
use auroractl_network::Vpc;

impl Terraform for Vpc {
    const TYPE: &'static str = "aws_vpc";

    fn say(&self, block: &mut Block<'_>) {
        let Self { cidr_block, enable_dns_support, enable_dns_hostnames, tags } = self;
        block
            .set("cidr_block", cidr_block.to_string())
            .set("enable_dns_support", *enable_dns_support)
            .set("enable_dns_hostnames", *enable_dns_hostnames)
            .tags(tags);
    }
}
