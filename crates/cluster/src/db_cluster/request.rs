//! The calls that make a cluster and edit it.

use super::{DbCluster, ENGINE, ServerlessV2Scaling, grade};
use crate::edit::Edit;
use crate::version::{self, Step};
use auroractl_aws::{Aws, tags};
use auroractl_core::ids::KmsKeyArn;
use auroractl_core::plan::CLUSTER_TIMED;
use auroractl_core::{Address, Context, Diff, Identity, Input, Model as _};
use auroractl_engine::{CallError, Found};
use aws_sdk_rds::operation::create_db_cluster::builders::CreateDBClusterFluentBuilder;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;
use aws_sdk_rds::types::CloudwatchLogsExportConfiguration;
use std::collections::BTreeMap;

/// Everything in one call: what a second call would set is missing when the run is interrupted between the two.
pub(super) fn creation(aws: &Aws, me: &Identity, spec: &DbCluster) -> Result<CreateDBClusterFluentBuilder, CallError> {
    let groups = spec
        .vpc_security_group_ids
        .iter()
        .map(|id| Ok(id.get()?.to_string()))
        .collect::<Result<Vec<_>, CallError>>()?;
    let request = aws.rds().create_db_cluster().engine(ENGINE).db_cluster_identifier(&spec.db_cluster_identifier);
    let request = request
        .engine_version(&spec.engine_version)
        .auto_minor_version_upgrade(spec.auto_minor_version_upgrade)
        .set_database_name(spec.database_name.clone())
        .master_username(&spec.master_username)
        .manage_master_user_password(spec.manage_master_user_password)
        .set_master_user_secret_kms_key_id(text(spec.master_user_secret_kms_key_id.as_ref())?)
        .enable_iam_database_authentication(spec.enable_iam_database_authentication)
        .port(spec.port.into())
        .db_subnet_group_name(spec.db_subnet_group_name.get()?.as_str())
        .set_vpc_security_group_ids(Some(groups))
        .db_cluster_parameter_group_name(spec.db_cluster_parameter_group_name.get()?.as_str())
        .storage_encrypted(spec.storage_encrypted)
        .set_kms_key_id(text(spec.kms_key_id.as_ref())?)
        .storage_type(spec.storage_type.as_str())
        .set_serverless_v2_scaling_configuration(
            spec.serverless_v2_scaling_configuration.as_ref().map(ServerlessV2Scaling::sdk),
        );
    let request = request
        .backup_retention_period(spec.backup_retention_period.into())
        .preferred_backup_window(spec.preferred_backup_window.as_str())
        .preferred_maintenance_window(spec.preferred_maintenance_window.as_str())
        .copy_tags_to_snapshot(spec.copy_tags_to_snapshot)
        .deletion_protection(spec.deletion_protection)
        .set_enable_cloudwatch_logs_exports(listed(spec.enable_cloudwatch_logs_exports.iter()))
        .database_insights_mode(spec.database_insights_mode.sdk())
        .enable_performance_insights(spec.enable_performance_insights)
        .set_performance_insights_retention_period(days(spec))
        .set_performance_insights_kms_key_id(insights_key(spec)?);
    Ok(request.set_tags(Some(tags::rds(me, &spec.tags))))
}

/// The call that leads from what AWS has to what is wanted, if there is one. `AllowMajorVersionUpgrade` is never part
/// of it.
pub(super) fn modification(
    aws: &Aws,
    at: &Address,
    found: &Found<DbCluster>,
    to: &DbCluster,
) -> Result<Option<ModifyDBClusterFluentBuilder>, CallError> {
    let from = &found.spec;
    let groups =
        to.vpc_security_group_ids.iter().map(|id| Ok(id.get()?.to_string())).collect::<Result<Vec<_>, CallError>>()?;
    let parameters = to.db_cluster_parameter_group_name.get()?.as_str();
    let secret_key = text(to.master_user_secret_kms_key_id.as_ref())?;
    let request = aws
        .rds()
        .modify_db_cluster()
        .db_cluster_identifier(&from.db_cluster_identifier)
        .apply_immediately(immediately(at, from, to, !found.pending.is_empty()));
    let edit = Edit::new(request)
        .when(upgrades(from, to), |r| r.engine_version(&to.engine_version))
        .when(from.auto_minor_version_upgrade != to.auto_minor_version_upgrade, |r| {
            r.auto_minor_version_upgrade(to.auto_minor_version_upgrade)
        })
        .when(from.manage_master_user_password != to.manage_master_user_password, |r| {
            r.manage_master_user_password(to.manage_master_user_password).set_master_user_secret_kms_key_id(secret_key)
        })
        .when(from.enable_iam_database_authentication != to.enable_iam_database_authentication, |r| {
            r.enable_iam_database_authentication(to.enable_iam_database_authentication)
        })
        .when(from.port != to.port, |r| r.port(to.port.into()))
        .when(from.vpc_security_group_ids != to.vpc_security_group_ids, |r| r.set_vpc_security_group_ids(Some(groups)))
        .when(from.db_cluster_parameter_group_name != to.db_cluster_parameter_group_name, |r| {
            r.db_cluster_parameter_group_name(parameters)
        })
        .when(from.storage_type != to.storage_type, |r| r.storage_type(to.storage_type.as_str()));
    let edit = upkeep(insights(edit, from, to)?, from, to);
    // Any edit that is applied immediately takes along what waits for the maintenance window.
    let hurried = from.deferred && !to.deferred;
    Ok(edit.when(hurried, |r| r.backup_retention_period(to.backup_retention_period.into())).finish())
}

/// Is AWS told to apply the call at once? It then applies whatever anybody left to the window, too, and with a version all
/// members restart. So while something `waits` it is told so only for fields that would else wait as well, and where what
/// waits is to wait no longer: what an edit of `deletion_protection` asks for, AWS does at once in any case.
pub(super) fn immediately(at: &Address, from: &DbCluster, to: &DbCluster, waits: bool) -> bool {
    !to.deferred && (from.deferred || !waits || edits_timed(at, from, to))
}

/// Is one of those fields edited that would else wait? Which fields differ, the table of grades says; what it grades them by
/// beside does not matter here.
fn edits_timed(at: &Address, from: &DbCluster, to: &DbCluster) -> bool {
    let nothing = BTreeMap::new();
    let mut diff = Diff::new(Context { address: at, observed: &nothing });
    DbCluster::diff(from, to, &mut diff);
    diff.finish().iter().any(|field| CLUSTER_TIMED.contains(&field.path.as_str()))
}

fn upgrades(from: &DbCluster, to: &DbCluster) -> bool {
    version::step(&from.engine_version, &to.engine_version, to.auto_minor_version_upgrade) != Step::None
}

/// Backups, windows, logs, protection and capacity: nobody notices any of them.
fn upkeep(
    edit: Edit<ModifyDBClusterFluentBuilder>,
    from: &DbCluster,
    to: &DbCluster,
) -> Edit<ModifyDBClusterFluentBuilder> {
    let range = to.serverless_v2_scaling_configuration.as_ref();
    let rescale =
        range.is_some_and(|range| !grade::satisfies(from.serverless_v2_scaling_configuration.as_ref(), range));
    edit.when(rescale, |r| r.set_serverless_v2_scaling_configuration(range.map(ServerlessV2Scaling::sdk)))
        .when(from.backup_retention_period != to.backup_retention_period, |r| {
            r.backup_retention_period(to.backup_retention_period.into())
        })
        .when(from.preferred_backup_window != to.preferred_backup_window, |r| {
            r.preferred_backup_window(to.preferred_backup_window.as_str())
        })
        .when(from.preferred_maintenance_window != to.preferred_maintenance_window, |r| {
            r.preferred_maintenance_window(to.preferred_maintenance_window.as_str())
        })
        .when(from.copy_tags_to_snapshot != to.copy_tags_to_snapshot, |r| {
            r.copy_tags_to_snapshot(to.copy_tags_to_snapshot)
        })
        .when(from.deletion_protection != to.deletion_protection, |r| r.deletion_protection(to.deletion_protection))
        .when(from.enable_cloudwatch_logs_exports != to.enable_cloudwatch_logs_exports, |r| {
            r.cloudwatch_logs_export_configuration(exports(from, to))
        })
}

/// Modify takes the logs to switch on and those to switch off, not the whole list.
pub(super) fn exports(from: &DbCluster, to: &DbCluster) -> CloudwatchLogsExportConfiguration {
    let (old, new) = (&from.enable_cloudwatch_logs_exports, &to.enable_cloudwatch_logs_exports);
    let lists = CloudwatchLogsExportConfiguration::builder();
    lists.set_enable_log_types(listed(new.difference(old))).set_disable_log_types(listed(old.difference(new))).build()
}

/// RDS checks mode, switch and retention of insights against one another: they travel together, and the key with them. Without
/// one RDS takes the call to ask for its own key, and refuses it: "You can't change your Performance Insights KMS key".
fn insights(
    edit: Edit<ModifyDBClusterFluentBuilder>,
    from: &DbCluster,
    to: &DbCluster,
) -> Result<Edit<ModifyDBClusterFluentBuilder>, CallError> {
    let (days, key) = (days(to), kept_key(from, to)?);
    let new_key = key.is_some() && insights_key(from)? != key;
    let differs = from.database_insights_mode != to.database_insights_mode
        || from.enable_performance_insights != to.enable_performance_insights
        || (days.is_some() && from.performance_insights_retention_period != to.performance_insights_retention_period)
        || new_key;
    Ok(edit.when(differs, |r| {
        let r = r
            .database_insights_mode(to.database_insights_mode.sdk())
            .enable_performance_insights(to.enable_performance_insights);
        r.set_performance_insights_retention_period(days).set_performance_insights_kms_key_id(key)
    }))
}

/// Days of insights' history; RDS refuses them while insights are off.
fn days(spec: &DbCluster) -> Option<i32> {
    spec.performance_insights_retention_period.filter(|_| spec.enable_performance_insights).map(i32::from)
}

/// Key of insights' history; RDS refuses it while insights are off.
fn insights_key(spec: &DbCluster) -> Result<Option<String>, CallError> {
    text(spec.performance_insights_kms_key_id.as_ref().filter(|_| spec.enable_performance_insights))
}

/// The key that a call about insights names: the wanted one, or else the one that their history has.
pub(super) fn kept_key(from: &DbCluster, to: &DbCluster) -> Result<Option<String>, CallError> {
    let own = insights_key(to)?;
    let had = text(from.performance_insights_kms_key_id.as_ref().filter(|_| to.enable_performance_insights))?;
    Ok(own.or(had))
}

/// A list as RDS takes it: an empty one is left out.
fn listed<'l>(items: impl Iterator<Item = &'l String>) -> Option<Vec<String>> {
    Some(items.cloned().collect::<Vec<_>>()).filter(|list| !list.is_empty())
}

/// The text of a reference that may be missing.
fn text(key: Option<&Input<KmsKeyArn>>) -> Result<Option<String>, CallError> {
    Ok(key.map(Input::get).transpose()?.map(ToString::to_string))
}
