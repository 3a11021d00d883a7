//! From AWS's answer about a cluster to its spec.

use super::{DbCluster, DbClusterOutputs, InsightsMode, ServerlessV2Scaling, StorageType};
use crate::status;
use crate::told::OfCluster;
use crate::window::Window;
use auroractl_aws::tags;
use auroractl_core::ids::KmsKeyArn;
use auroractl_core::{Input, Owner, Readiness};
use auroractl_engine::Found;
use aws_sdk_rds::types::{ClusterPendingModifiedValues, DatabaseInsightsMode, DbCluster as Raw, MasterUserSecret};
use std::mem::replace;

/// What AWS answers. `asked` fills in what AWS does not tell.
pub(super) fn found(raw: &Raw, asked: &DbCluster) -> Found<DbCluster> {
    let all = tags::of_rds(raw.tag_list());
    let spec = DbCluster { tags: auroractl_core::tags::user(&all), ..spec(raw, asked) };
    let mut found = Found::ready(spec, outputs(raw), Owner::of(&all));
    if asked.deferred {
        accept(&mut found, raw, asked);
    }
    found.incarnation = raw.db_cluster_resource_id().map(str::to_owned);
    found.readiness = readiness(raw, asked);
    if let Some(values) = raw.pending_modified_values() {
        found.pending = pending(values).map(|(field, value)| (field.to_owned(), value.into())).collect();
    }
    found.telling(&OfCluster::read(raw))
}

fn spec(raw: &Raw, asked: &DbCluster) -> DbCluster {
    let secret = raw.master_user_secret();
    // The secret is made after the cluster: until then its absence is no difference.
    let unmade = secret.is_none() && raw.status().is_none_or(|status| status == "creating");
    DbCluster {
        db_cluster_identifier: owned(raw.db_cluster_identifier()),
        engine_version: owned(raw.engine_version()),
        auto_minor_version_upgrade: raw.auto_minor_version_upgrade().unwrap_or(asked.auto_minor_version_upgrade),
        // Some answers lack it; it can't have changed.
        database_name: raw.database_name().map(str::to_owned).or_else(|| asked.database_name.clone()),
        master_username: owned(raw.master_username()),
        manage_master_user_password: secret.is_some() || (unmade && asked.manage_master_user_password),
        master_user_secret_kms_key_id: key(secret.and_then(MasterUserSecret::kms_key_id))
            .or_else(|| asked.master_user_secret_kms_key_id.clone().filter(|_| unmade)),
        enable_iam_database_authentication: raw.iam_database_authentication_enabled().unwrap_or(false),
        port: port(raw),
        db_subnet_group_name: Input::Value(owned(raw.db_subnet_group()).into()),
        vpc_security_group_ids: raw
            .vpc_security_groups()
            .iter()
            .filter(|group| group.status() != Some("removing"))
            .filter_map(|group| Some(Input::Value(group.vpc_security_group_id()?.into())))
            .collect(),
        db_cluster_parameter_group_name: Input::Value(owned(raw.db_cluster_parameter_group()).into()),
        storage_encrypted: raw.storage_encrypted().unwrap_or(false),
        kms_key_id: key(raw.kms_key_id()),
        storage_type: storage_type(raw.storage_type()),
        serverless_v2_scaling_configuration: scaling(raw),
        backup_retention_period: narrow(raw.backup_retention_period()),
        preferred_backup_window: Window::from(raw.preferred_backup_window().unwrap_or_default()),
        preferred_maintenance_window: Window::from(raw.preferred_maintenance_window().unwrap_or_default()),
        copy_tags_to_snapshot: raw.copy_tags_to_snapshot().unwrap_or(false),
        deletion_protection: raw.deletion_protection().unwrap_or(false),
        skip_final_snapshot: asked.skip_final_snapshot,
        enable_cloudwatch_logs_exports: raw.enabled_cloudwatch_logs_exports().iter().cloned().collect(),
        database_insights_mode: match raw.database_insights_mode() {
            Some(DatabaseInsightsMode::Advanced) => InsightsMode::Advanced,
            _ => InsightsMode::Standard,
        },
        enable_performance_insights: raw.performance_insights_enabled().unwrap_or(false),
        performance_insights_retention_period: raw
            .performance_insights_retention_period()
            .and_then(|days| days.try_into().ok()),
        performance_insights_kms_key_id: key(raw.performance_insights_kms_key_id()),
        deferred: asked.deferred,
        tags: Default::default(),
    }
}

/// What the stack has left to the maintenance window and AWS has accepted is no difference any more. What is in force until
/// then is kept beside.
fn accept(found: &mut Found<DbCluster>, raw: &Raw, asked: &DbCluster) {
    for (field, value) in raw.pending_modified_values().into_iter().flat_map(pending) {
        if !is_asked(field, &value, asked) {
            continue;
        }
        let spec = &mut found.spec;
        let before = match field {
            "engine_version" => replace(&mut spec.engine_version, value).into(),
            "storage_type" => replace(&mut spec.storage_type, asked.storage_type).as_str().into(),
            "backup_retention_period" => {
                replace(&mut spec.backup_retention_period, asked.backup_retention_period).into()
            }
            _ => replace(&mut spec.enable_iam_database_authentication, asked.enable_iam_database_authentication).into(),
        };
        found.in_force.insert(field.to_owned(), before);
    }
}

/// Is this pending value what the stack asks for?
fn is_asked(field: &str, value: &str, asked: &DbCluster) -> bool {
    match field {
        "engine_version" => value == asked.engine_version,
        "storage_type" => value == asked.storage_type.as_str(),
        "backup_retention_period" => value == asked.backup_retention_period.to_string(),
        "enable_iam_database_authentication" => value == asked.enable_iam_database_authentication.to_string(),
        _ => false,
    }
}

/// What a cluster exports.
pub(super) fn outputs(raw: &Raw) -> DbClusterOutputs {
    DbClusterOutputs {
        db_cluster_identifier: owned(raw.db_cluster_identifier()).into(),
        db_cluster_arn: owned(raw.db_cluster_arn()),
        db_cluster_resource_id: owned(raw.db_cluster_resource_id()),
        endpoint: owned(raw.endpoint()),
        reader_endpoint: owned(raw.reader_endpoint()),
        port: port(raw),
        hosted_zone_id: raw.hosted_zone_id().map(str::to_owned),
        master_user_secret_arn: raw.master_user_secret().and_then(MasterUserSecret::secret_arn).map(str::to_owned),
    }
}

/// Has it ever been used? Then it holds data, whatever has become of it, and whether or not a run has seen it usable.
fn was_used(raw: &Raw) -> bool {
    !raw.db_cluster_members().is_empty() || raw.latest_restorable_time().is_some()
}

/// `available` is not the end while an edit of ours is still among the pending ones: RDS says `available` before it
/// begins. A value that the stack or somebody else deferred to the maintenance window may stay pending for a week and keeps nobody
/// waiting.
fn readiness(raw: &Raw, asked: &DbCluster) -> Readiness {
    let status = match status::of_cluster(raw.status().unwrap_or("creating")) {
        // It is left to people: who makes it anew would delete it first.
        Readiness::Failed(why) if was_used(raw) => Readiness::Halted(why),
        status => status,
    };
    let Some(values) = raw.pending_modified_values().filter(|_| status == Readiness::Ready) else { return status };
    let ours = |(field, value): &(&str, String)| !asked.deferred && is_asked(field, value, asked);
    let moving = pending(values).find(ours).map(|(field, _)| field);
    moving.map_or(status, |field| Readiness::Pending(format!("available, {field} is about to change")))
}

/// Accepted and not yet applied values, by field of the spec.
fn pending(values: &ClusterPendingModifiedValues) -> impl Iterator<Item = (&'static str, String)> {
    [
        ("engine_version", values.engine_version().map(str::to_owned)),
        ("storage_type", values.storage_type().map(str::to_owned)),
        ("backup_retention_period", values.backup_retention_period().map(|days| days.to_string())),
        ("enable_iam_database_authentication", values.iam_database_authentication_enabled().map(|on| on.to_string())),
        ("db_cluster_identifier", values.db_cluster_identifier().map(str::to_owned)),
    ]
    .into_iter()
    .filter_map(|(field, value)| Some((field, value?)))
}

/// RDS answers with no storage type for Aurora Standard.
fn storage_type(name: Option<&str>) -> StorageType {
    match name {
        Some("aurora-iopt1") => StorageType::AuroraIopt1,
        _ => StorageType::Aurora,
    }
}

fn scaling(raw: &Raw) -> Option<ServerlessV2Scaling> {
    let range = raw.serverless_v2_scaling_configuration()?;
    Some(ServerlessV2Scaling {
        min_capacity: range.min_capacity()?,
        max_capacity: range.max_capacity()?,
        seconds_until_auto_pause: range.seconds_until_auto_pause().and_then(|seconds| seconds.try_into().ok()),
    })
}

fn key(arn: Option<&str>) -> Option<Input<KmsKeyArn>> {
    arn.map(|arn| Input::Value(arn.into()))
}

fn owned(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn port(raw: &Raw) -> u16 {
    raw.port().and_then(|port| port.try_into().ok()).unwrap_or_default()
}

fn narrow(number: Option<i32>) -> u8 {
    number.and_then(|number| number.try_into().ok()).unwrap_or_default()
}
