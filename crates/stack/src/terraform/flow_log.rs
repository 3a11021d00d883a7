//! A flow log is an `aws_flow_log`.

use super::Terraform;
use super::block::Block;
use crate::compose::partition;
use auroractl_network::FlowLog;

impl Terraform for FlowLog {
    const TYPE: &'static str = "aws_flow_log";

    fn say(&self, block: &mut Block<'_>) {
        let Self { vpc_id, traffic_type, log_group_name, deliver_logs_permission_arn, max_aggregation_interval, tags } =
            self;
        let (region, account) = (block.sheet.region(), block.sheet.account());
        // The provider takes the group's ARN, which follows from its name.
        let groups = format!("arn:{}:logs:{region}:{account}:log-group:", partition(region));
        block
            .input("vpc_id", vpc_id)
            .set("traffic_type", traffic_type.as_str())
            .set("log_destination_type", "cloud-watch-logs")
            .within("log_destination", &groups, log_group_name)
            .input("iam_role_arn", deliver_logs_permission_arn)
            .set("max_aggregation_interval", *max_aggregation_interval)
            .tags(tags);
    }
}
