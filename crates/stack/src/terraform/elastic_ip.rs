//! An Elastic IP address is an `aws_eip`.

use super::Terraform;
use super::block::Block;
use auroractl_network::ElasticIp;

impl Terraform for ElasticIp {
    const TYPE: &'static str = "aws_eip";

    fn attribute(_output: &str) -> &'static str {
        "allocation_id"
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self { tags } = self;
        block.set("domain", "vpc").tags(tags);
    }
}
