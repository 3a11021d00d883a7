//! An attachment is an `aws_internet_gateway_attachment`.

use super::Terraform;
use super::block::Block;
use auroractl_network::InternetGatewayAttachment;

impl Terraform for InternetGatewayAttachment {
    const TYPE: &'static str = "aws_internet_gateway_attachment";

    fn attribute(_output: &str) -> &'static str {
        "internet_gateway_id"
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self { internet_gateway_id, vpc_id } = self;
        block.input("internet_gateway_id", internet_gateway_id).input("vpc_id", vpc_id);
    }
}
