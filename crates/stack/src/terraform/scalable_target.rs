//! A scalable target is an `aws_appautoscaling_target`.

use super::Terraform;
use super::block::Block;
use auroractl_cluster::ScalableTarget;

/// The service and what is scaled of it, for targets and policies.
pub(super) const NAMESPACE: &str = "rds";
pub(super) const DIMENSION: &str = "rds:cluster:ReadReplicaCount";

impl Terraform for ScalableTarget {
    const TYPE: &'static str = "aws_appautoscaling_target";

    fn attribute(_output: &str) -> &'static str {
        "resource_id"
    }

    fn say(&self, block: &mut Block<'_>) {
        // The provider has no word for a target that is suspended for a while.
        let Self { db_cluster_identifier, min_capacity, max_capacity, suspended: _, tags } = self;
        block
            .set("service_namespace", NAMESPACE)
            .set("scalable_dimension", DIMENSION)
            .within("resource_id", "cluster:", db_cluster_identifier)
            .set("min_capacity", *min_capacity)
            .set("max_capacity", *max_capacity)
            .tags(tags);
    }
}
