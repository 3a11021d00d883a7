//! A KMS key is an `aws_kms_key`.

use super::Terraform;
use super::block::Block;
use crate::compose::partition;
use auroractl_security::KmsKey;

impl Terraform for KmsKey {
    const TYPE: &'static str = "aws_kms_key";

    fn attribute(_output: &str) -> &'static str {
        "arn"
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self { description, policy, rotation_period_in_days, deletion_window_in_days, enabled, tags } = self;
        let (account, region) = (block.sheet.account(), block.sheet.region());
        let document = policy.written(partition(region), account, region);
        block
            .set("description", description.as_str())
            .set("policy", document.as_str())
            .set("enable_key_rotation", rotation_period_in_days.is_some())
            .maybe("rotation_period_in_days", *rotation_period_in_days)
            .set("deletion_window_in_days", *deletion_window_in_days)
            .set("is_enabled", *enabled)
            .tags(tags);
    }
}
