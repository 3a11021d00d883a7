//! A route is an `aws_route`.

use super::Terraform;
use super::block::Block;
use auroractl_network::{Route, RouteTarget};

impl Terraform for Route {
    const TYPE: &'static str = "aws_route";

    fn say(&self, block: &mut Block<'_>) {
        let Self { route_table_id, destination_cidr_block, target } = self;
        block.input("route_table_id", route_table_id).set("destination_cidr_block", destination_cidr_block.to_string());
        match target {
            RouteTarget::InternetGateway(gateway) => block.input("gateway_id", gateway),
            RouteTarget::NatGateway(gateway) => block.input("nat_gateway_id", gateway),
            // Only ever observed: no stack asks for one.
            RouteTarget::Other(_) => block,
        };
    }
}
