//! A policy of a role's own is an `aws_iam_role_policy`.

use super::Terraform;
use super::block::Block;
use auroractl_security::IamRolePolicy;

impl Terraform for IamRolePolicy {
    const TYPE: &'static str = "aws_iam_role_policy";

    fn say(&self, block: &mut Block<'_>) {
        let Self { role_name, policy_name, policy_document } = self;
        block.input("role", role_name).set("name", policy_name.as_str()).set("policy", policy_document.as_str());
    }
}
