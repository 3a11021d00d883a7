//! A topic is an `aws_sns_topic`.

use super::Terraform;
use super::block::Block;
use auroractl_monitoring::{SnsTopic, TopicPolicy};

impl Terraform for SnsTopic {
    const TYPE: &'static str = "aws_sns_topic";

    fn attribute(_output: &str) -> &'static str {
        "arn"
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self { kms_master_key_id, policy, tags } = self;
        block.later("name").maybe_input("kms_master_key_id", kms_master_key_id.as_ref()).tags(tags);
        match policy {
            // It names the topic's ARN, and so the name.
            TopicPolicy::Alarms => block.later("policy"),
            TopicPolicy::Document(document) => block.set("policy", document.as_str()),
        };
    }
}
