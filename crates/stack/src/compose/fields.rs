//! Which line of the stack file asks for a field of a resource: where a finding about the field points.
//!
//! A field that the stack file has no word for points at the part that asks for the resource.

use super::Composed;
use crate::path::Path;
use auroractl_core::Address;

/// Kind and field of a resource, and the path that sets it.
const FIELDS: &[(&str, &str, &str)] = &[
    ("db_cluster", "members", "cluster.members"),
    ("db_cluster", "multi_az", "cluster.members"),
    ("db_cluster", "engine_version", "cluster.engine_version"),
    ("db_cluster", "master_username", "cluster.master_username"),
    ("db_cluster", "port", "cluster.port"),
    ("db_cluster", "enable_iam_database_authentication", "security.iam_database_authentication"),
    ("db_cluster", "kms_key_id", "security.kms.key_arn"),
    ("db_cluster", "master_user_secret_kms_key_id", "security.kms.key_arn"),
    ("db_cluster", "performance_insights_kms_key_id", "security.kms.key_arn"),
    ("db_cluster", "serverless_v2_scaling_configuration", "cluster.serverless"),
    ("db_cluster", "backup_retention_period", "cluster.backup.retention_days"),
    ("db_cluster", "preferred_backup_window", "cluster.backup.window"),
    ("db_cluster", "copy_tags_to_snapshot", "cluster.backup.copy_tags_to_snapshot"),
    ("db_cluster", "skip_final_snapshot", "cluster.backup.final_snapshot"),
    ("db_cluster", "preferred_maintenance_window", "cluster.maintenance.window"),
    ("db_cluster", "auto_minor_version_upgrade", "cluster.maintenance.auto_minor_version_upgrade"),
    ("db_cluster", "deletion_protection", "cluster.deletion_protection"),
    ("db_cluster", "enable_cloudwatch_logs_exports", "cluster.log_exports"),
    ("db_cluster", "performance_insights_retention_period", "cluster.insights.retention_days"),
    ("db_cluster", "enable_performance_insights", "cluster.insights"),
    ("db_cluster", "autoscaling", "cluster.autoscaling"),
    ("db_cluster", "connections", "policy.workload.connections"),
    ("db_cluster", "backup_copy", "policy.evidence.backup_copy_region"),
    ("backup_plan", "copies", "backup.copy_to"),
    ("backup_plan", "rules", "backup.retention_days"),
    ("backup_vault", "backup_vault_name", "backup.vault"),
    ("db_cluster", "alarms", "monitoring.alarms"),
    ("db_cluster", "alarms.transaction_ids", "monitoring.alarms.transaction_ids"),
    ("db_instance", "monitoring_interval", "cluster.enhanced_monitoring_interval"),
    ("db_instance", "monitoring_role_arn", "cluster.enhanced_monitoring_interval"),
    ("db_instance", "ca_certificate_identifier", "cluster.ca_certificate"),
    ("db_instance", "auto_minor_version_upgrade", "cluster.maintenance.auto_minor_version_upgrade"),
    ("db_instance", "preferred_maintenance_window", "cluster.maintenance.window"),
    ("db_subnet_group", "subnet_ids", "network"),
    ("scalable_target", "max_capacity", "cluster.autoscaling.max_readers"),
    ("vpc", "flow_log", "network.vpc.flow_logs"),
    ("vpc", "default_security_group", "network.vpc.close_default_security_group"),
    ("kms_key", "rotation_period_in_days", "security.kms.rotation_days"),
    ("kms_key", "deletion_window_in_days", "security.kms.deletion_window_days"),
    ("kms_key", "policy", "security.kms.policy"),
    ("iam_role", "assume_role_policy_document", "stack.account"),
    ("log_group", "retention_in_days", "monitoring.log_retention_days"),
    ("sns_topic", "subscriptions", "monitoring.subscriptions"),
];

/// What asks for flow logs says for itself how long they are kept.
const FLOW_LOGS: &str = "network.vpc.flow_logs";

impl Composed {
    /// The path of the stack file behind a field of a resource; `None` for a resource that it does not ask for.
    #[must_use]
    pub fn path_of(&self, address: &Address, field: &str) -> Option<Path> {
        if field == "tags" || field.starts_with("tags.") {
            return Some(Path::of("stack.tags"));
        }
        if let Some(name) = field.strip_prefix("parameters.") {
            let section = if address.kind() == "db_cluster_parameter_group" { "cluster" } else { "instance" };
            return Some(Path::of("params").key(section).key(name));
        }
        let whole = self.places.get(address);
        // A member may say for itself what its cluster says for all.
        if let (Some(member), "db_instance_class") = (whole, field) {
            let of_all = if member.segments().len() > 1 { member.key("class") } else { Path::of("cluster.class") };
            return Some(of_all);
        }
        if let (Some(logs), "retention_in_days") = (whole, field)
            && *logs == Path::of(FLOW_LOGS)
        {
            return Some(logs.key("retention_days"));
        }
        let said = FIELDS.iter().find(|(kind, name, _)| *kind == address.kind() && *name == field);
        said.map(|(_, _, path)| Path::of(path)).or_else(|| whole.cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Does the schema have this path?
    fn known(schema: &Value, path: &str) -> bool {
        let mut at = schema;
        for key in path.split('.') {
            let Some(next) = at.get("properties").and_then(|all| all.get(key)) else { return false };
            at = next;
        }
        true
    }

    #[test]
    fn every_path_is_one_of_the_schema() {
        let schema = crate::schema::merged();
        for (kind, field, path) in FIELDS {
            assert!(known(&schema, path), "{kind}.{field} points at {path}, which no stack file has");
        }
    }
}
