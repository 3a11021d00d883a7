//! A log group is an `aws_cloudwatch_log_group`.

use super::Terraform;
use super::block::Block;
use auroractl_monitoring::LogGroup;

impl Terraform for LogGroup {
    const TYPE: &'static str = "aws_cloudwatch_log_group";

    fn attribute(_output: &str) -> &'static str {
        "name"
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self { log_group_name, retention_in_days, kms_key_id, tags } = self;
        block
            .set("name", log_group_name.as_str())
            .maybe("retention_in_days", *retention_in_days)
            .maybe_input("kms_key_id", kms_key_id.as_ref())
            .tags(tags);
    }
}
