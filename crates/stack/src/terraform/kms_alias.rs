//! An alias is an `aws_kms_alias`.

use super::Terraform;
use super::block::Block;
use auroractl_security::KmsAlias;

impl Terraform for KmsAlias {
    const TYPE: &'static str = "aws_kms_alias";

    fn say(&self, block: &mut Block<'_>) {
        let Self { alias_name, target_key_arn } = self;
        block.set("name", alias_name.as_str()).input("target_key_id", target_key_arn);
    }
}
