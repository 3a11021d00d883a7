//! A cluster is an `aws_rds_cluster`.

use super::Terraform;
use super::block::{Block, Nested};
use auroractl_cluster::{DbCluster, InsightsMode, StorageType};

/// The engine of every cluster and instance.
pub(super) const ENGINE: &str = "aurora-postgresql";

impl Terraform for DbCluster {
    const TYPE: &'static str = "aws_rds_cluster";

    fn attribute(_output: &str) -> &'static str {
        "cluster_identifier"
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self {
            db_cluster_identifier,
            engine_version,
            // The provider has it on the instances alone, which say the same.
            auto_minor_version_upgrade: _,
            database_name,
            master_username,
            manage_master_user_password,
            master_user_secret_kms_key_id,
            enable_iam_database_authentication,
            port,
            db_subnet_group_name,
            vpc_security_group_ids,
            db_cluster_parameter_group_name,
            storage_encrypted,
            kms_key_id,
            storage_type,
            serverless_v2_scaling_configuration,
            backup_retention_period,
            preferred_backup_window,
            preferred_maintenance_window,
            copy_tags_to_snapshot,
            deletion_protection,
            skip_final_snapshot,
            enable_cloudwatch_logs_exports,
            database_insights_mode,
            enable_performance_insights,
            performance_insights_retention_period,
            performance_insights_kms_key_id,
            // How auroractl changes it, not what it is.
            deferred: _,
            tags,
        } = self;
        block
            .set("cluster_identifier", db_cluster_identifier.as_str())
            .set("engine", ENGINE)
            .set("engine_mode", "provisioned")
            .set("engine_version", engine_version.as_str())
            .maybe("database_name", database_name.as_deref())
            .set("master_username", master_username.as_str())
            .set("manage_master_user_password", *manage_master_user_password)
            .maybe_input("master_user_secret_kms_key_id", master_user_secret_kms_key_id.as_ref())
            .set("iam_database_authentication_enabled", *enable_iam_database_authentication)
            .set("port", *port)
            .input("db_subnet_group_name", db_subnet_group_name)
            .inputs("vpc_security_group_ids", vpc_security_group_ids)
            .input("db_cluster_parameter_group_name", db_cluster_parameter_group_name);
        block
            .set("storage_encrypted", *storage_encrypted)
            .maybe_input("kms_key_id", kms_key_id.as_ref())
            .set("storage_type", storage(*storage_type))
            .set("backup_retention_period", *backup_retention_period)
            .set("preferred_backup_window", preferred_backup_window.as_str())
            .set("preferred_maintenance_window", preferred_maintenance_window.as_str())
            .set("copy_tags_to_snapshot", *copy_tags_to_snapshot)
            .set("deletion_protection", *deletion_protection)
            .set("skip_final_snapshot", *skip_final_snapshot)
            .texts("enabled_cloudwatch_logs_exports", enable_cloudwatch_logs_exports)
            .set("database_insights_mode", insights(*database_insights_mode))
            .set("performance_insights_enabled", *enable_performance_insights)
            .maybe("performance_insights_retention_period", *performance_insights_retention_period)
            .maybe_input("performance_insights_kms_key_id", performance_insights_kms_key_id.as_ref())
            .tags(tags);
        if !skip_final_snapshot {
            block.later("final_snapshot_identifier");
        }
        if let Some(range) = serverless_v2_scaling_configuration {
            let capacity = Nested::default()
                .with("min_capacity", range.min_capacity)
                .with("max_capacity", range.max_capacity)
                .maybe("seconds_until_auto_pause", range.seconds_until_auto_pause);
            block.blocks("serverlessv2_scaling_configuration", vec![capacity]);
        }
    }
}

/// The provider's word for Aurora Standard is no word.
fn storage(storage: StorageType) -> &'static str {
    match storage {
        StorageType::Aurora => "",
        StorageType::AuroraIopt1 => storage.as_str(),
    }
}

fn insights(mode: InsightsMode) -> &'static str {
    match mode {
        InsightsMode::Standard => "standard",
        InsightsMode::Advanced => "advanced",
    }
}
