//! An internet gateway is an `aws_internet_gateway`; which VPC it serves is said by its attachment.

use super::Terraform;
use super::block::Block;
use auroractl_network::InternetGateway;

impl Terraform for InternetGateway {
    const TYPE: &'static str = "aws_internet_gateway";

    fn say(&self, block: &mut Block<'_>) {
        let Self { tags } = self;
        block.tags(tags);
    }
}
