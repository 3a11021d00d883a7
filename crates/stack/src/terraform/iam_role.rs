//! A role is an `aws_iam_role`.

use super::Terraform;
use super::block::Block;
use auroractl_core::Exports;
use auroractl_core::ids::RoleArn;
use auroractl_security::IamRole;

impl Terraform for IamRole {
    const TYPE: &'static str = "aws_iam_role";

    fn attribute(output: &str) -> &'static str {
        if output == <Self as Exports<RoleArn>>::OUTPUT { "arn" } else { "name" }
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self { description, assume_role_policy_document, tags } = self;
        block
            .later("name")
            .set("description", description.as_str())
            .set("assume_role_policy", assume_role_policy_document.as_str())
            .tags(tags);
    }
}
