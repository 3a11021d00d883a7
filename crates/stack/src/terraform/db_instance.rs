//! An instance is an `aws_rds_cluster_instance`.

use super::Terraform;
use super::block::Block;
use super::db_cluster::ENGINE;
use auroractl_cluster::{DbCluster, DbInstance, Window};

impl Terraform for DbInstance {
    const TYPE: &'static str = "aws_rds_cluster_instance";

    fn attribute(_output: &str) -> &'static str {
        "identifier"
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self {
            db_instance_identifier,
            db_cluster_identifier,
            db_instance_class,
            availability_zone,
            promotion_tier,
            db_parameter_group_name,
            monitoring_interval,
            monitoring_role_arn,
            ca_certificate_identifier,
            auto_minor_version_upgrade,
            publicly_accessible,
            preferred_maintenance_window,
            // How auroractl changes it, not what it is.
            parameters_in_sync: _,
            deferred: _,
            tags,
        } = self;
        block
            .set("identifier", db_instance_identifier.as_str())
            .input("cluster_identifier", db_cluster_identifier)
            .set("engine", ENGINE)
            .set("instance_class", db_instance_class.as_str())
            .maybe("availability_zone", availability_zone.as_deref())
            .set("promotion_tier", *promotion_tier)
            .input("db_parameter_group_name", db_parameter_group_name)
            .set("monitoring_interval", *monitoring_interval)
            .maybe_input("monitoring_role_arn", monitoring_role_arn.as_ref())
            .maybe("ca_cert_identifier", ca_certificate_identifier.as_deref())
            .set("auto_minor_version_upgrade", *auto_minor_version_upgrade)
            .set("publicly_accessible", *publicly_accessible)
            .maybe("preferred_maintenance_window", preferred_maintenance_window.as_ref().map(Window::as_str))
            .tags(tags);
        if let Some(cluster) = block.sheet.spec::<DbCluster, _>(db_cluster_identifier) {
            inherited(block, &cluster);
        }
    }
}

/// What AWS has on the cluster and every member takes from it; the provider asks the instances for it too.
fn inherited(block: &mut Block<'_>, cluster: &DbCluster) {
    block
        .set("engine_version", cluster.engine_version.as_str())
        .input("db_subnet_group_name", &cluster.db_subnet_group_name)
        .set("copy_tags_to_snapshot", cluster.copy_tags_to_snapshot)
        .set("performance_insights_enabled", cluster.enable_performance_insights)
        .maybe("performance_insights_retention_period", cluster.performance_insights_retention_period)
        .maybe_input("performance_insights_kms_key_id", cluster.performance_insights_kms_key_id.as_ref());
}
