//! A route table is an `aws_route_table`; its routes are resources of their own.

use super::Terraform;
use super::block::Block;
use auroractl_network::RouteTable;

impl Terraform for RouteTable {
    const TYPE: &'static str = "aws_route_table";

    fn say(&self, block: &mut Block<'_>) {
        let Self { vpc_id, tags } = self;
        block.input("vpc_id", vpc_id).tags(tags);
    }
}
