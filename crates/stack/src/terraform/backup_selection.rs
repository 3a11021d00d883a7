//! A selection is an `aws_backup_selection`.

use super::Terraform;
use super::block::Block;
use crate::compose::partition;
use auroractl_cluster::BackupSelection;

impl Terraform for BackupSelection {
    const TYPE: &'static str = "aws_backup_selection";

    fn say(&self, block: &mut Block<'_>) {
        let Self { backup_plan_id, iam_role_arn, db_cluster_identifier } = self;
        let (region, account) = (block.sheet.region(), block.sheet.account());
        // AWS Backup takes ARNs, and a cluster's follows from its name.
        let clusters = format!("arn:{}:rds:{region}:{account}:cluster:", partition(region));
        block.later("name").input("plan_id", backup_plan_id).input("iam_role_arn", iam_role_arn).listed(
            "resources",
            &clusters,
            db_cluster_identifier,
        );
    }
}
