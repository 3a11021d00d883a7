//! The default security group is an `aws_default_security_group`, which Terraform finds as auroractl does.

use super::Terraform;
use super::block::Block;
use auroractl_network::DefaultSecurityGroup;
use serde_json::Value;

impl Terraform for DefaultSecurityGroup {
    const TYPE: &'static str = "aws_default_security_group";

    fn say(&self, block: &mut Block<'_>) {
        // Without a rule there is nothing to say, and to Terraform that means none as well.
        let Self { vpc_id, rules: _, tags } = self;
        let none = || Value::Array(Vec::new());
        block.input("vpc_id", vpc_id).set("ingress", none()).set("egress", none()).tags(tags);
    }
}
