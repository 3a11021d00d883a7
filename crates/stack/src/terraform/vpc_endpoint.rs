//! A VPC endpoint is an `aws_vpc_endpoint`.

use super::Terraform;
use super::block::Block;
use auroractl_aws::PolicyDocument;
use auroractl_network::{VpcEndpoint, VpcEndpointType};

impl Terraform for VpcEndpoint {
    const TYPE: &'static str = "aws_vpc_endpoint";

    fn say(&self, block: &mut Block<'_>) {
        let Self {
            vpc_id,
            service_name,
            vpc_endpoint_type,
            route_table_ids,
            subnet_ids,
            security_group_ids,
            private_dns_enabled,
            policy_document,
            tags,
        } = self;
        let kind = match vpc_endpoint_type {
            VpcEndpointType::Gateway => "Gateway",
            VpcEndpointType::Interface => "Interface",
        };
        block
            .input("vpc_id", vpc_id)
            .set("service_name", service_name.as_str())
            .set("vpc_endpoint_type", kind)
            .inputs("route_table_ids", route_table_ids)
            .inputs("subnet_ids", subnet_ids)
            .inputs("security_group_ids", security_group_ids)
            .set("private_dns_enabled", *private_dns_enabled)
            .maybe("policy", policy_document.as_ref().map(PolicyDocument::as_str))
            .tags(tags);
    }
}
