//! A subscription is an `aws_sns_topic_subscription`.

use super::Terraform;
use super::block::Block;
use auroractl_monitoring::SnsSubscription;

impl Terraform for SnsSubscription {
    const TYPE: &'static str = "aws_sns_topic_subscription";

    fn say(&self, block: &mut Block<'_>) {
        let Self { topic_arn, protocol, endpoint } = self;
        block.input("topic_arn", topic_arn).set("protocol", protocol.as_str()).set("endpoint", endpoint.as_str());
    }
}
