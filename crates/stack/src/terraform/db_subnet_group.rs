//! A DB subnet group is an `aws_db_subnet_group`.

use super::Terraform;
use super::block::Block;
use auroractl_network::DbSubnetGroup;

impl Terraform for DbSubnetGroup {
    const TYPE: &'static str = "aws_db_subnet_group";

    fn attribute(_output: &str) -> &'static str {
        "name"
    }

    fn say(&self, block: &mut Block<'_>) {
        // The VPC follows from the subnets; Terraform does not ask for it.
        let Self { vpc_id: _, description, subnet_ids, tags } = self;
        block.later("name").set("description", description.as_str()).inputs("subnet_ids", subnet_ids).tags(tags);
    }
}
