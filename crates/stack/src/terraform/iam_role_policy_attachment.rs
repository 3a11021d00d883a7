//! An attachment is an `aws_iam_role_policy_attachment`.

use super::Terraform;
use super::block::Block;
use auroractl_security::IamRolePolicyAttachment;

impl Terraform for IamRolePolicyAttachment {
    const TYPE: &'static str = "aws_iam_role_policy_attachment";

    fn say(&self, block: &mut Block<'_>) {
        let Self { role_name, policy_arn } = self;
        block.input("role", role_name).set("policy_arn", policy_arn.as_str());
    }
}
