//! An association is an `aws_route_table_association`.

use super::Terraform;
use super::block::Block;
use auroractl_network::RouteTableAssociation;

impl Terraform for RouteTableAssociation {
    const TYPE: &'static str = "aws_route_table_association";

    fn say(&self, block: &mut Block<'_>) {
        let Self { route_table_id, subnet_id } = self;
        block.input("route_table_id", route_table_id).input("subnet_id", subnet_id);
    }
}
