//! The Aurora PostgreSQL cluster, provisioned or Serverless v2. Class A: its name is the stack's, and AWS refuses a
//! second one.
//!
//! It holds the data. So an edit that AWS can't make in place is impossible and
//! never a replacement; a major upgrade is never asked for; the delete keeps a
//! final snapshot and the automated backups unless the stack says otherwise.
//! Until its first instance is there a cluster is `available` and of no use.

mod end;
mod failover;
mod grade;
mod observe;

use crate::describe;
use crate::edit::{Edit, Timed, table};
use crate::version::{self, Step};
use crate::window::Window;
use auroractl_aws::{Aws, tags};
use auroractl_core::ids::{ClusterId, ClusterParameterGroupName, KmsKeyArn, SecurityGroupId, SubnetGroupName};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Context, Diff, Identity, Input, Naming, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Order, Past, Resource, Seen};
use aws_sdk_rds::operation::create_db_cluster::builders::CreateDBClusterFluentBuilder;
use aws_sdk_rds::operation::modify_db_cluster::builders::ModifyDBClusterFluentBuilder;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, DatabaseInsightsMode, ServerlessV2ScalingConfiguration};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The engine of every cluster and instance here.
pub(crate) const ENGINE: &str = "aurora-postgresql";

/// A cluster as the stack wants it; fields are named as in AWS's API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbCluster {
    /// Its name, the first part of its endpoints.
    pub db_cluster_identifier: String,
    /// Major and minor version, for example `16.11`; with `auto_minor_version_upgrade` the least minor version.
    pub engine_version: String,
    /// AWS may install newer minor versions in the maintenance window.
    pub auto_minor_version_upgrade: bool,
    /// A database made with the cluster, beside `postgres`.
    pub database_name: Option<String>,
    /// Name of the master user.
    pub master_username: String,
    /// RDS makes, keeps and rotates the master password in Secrets Manager. A stack has no other way to give one.
    pub manage_master_user_password: bool,
    /// Key of that secret.
    pub master_user_secret_kms_key_id: Option<Input<KmsKeyArn>>,
    /// Database users may log in with IAM tokens.
    pub enable_iam_database_authentication: bool,
    /// Port of all endpoints.
    pub port: u16,
    /// Where its instances live.
    pub db_subnet_group_name: Input<SubnetGroupName>,
    /// Who may connect.
    pub vpc_security_group_ids: BTreeSet<Input<SecurityGroupId>>,
    /// Its parameters.
    pub db_cluster_parameter_group_name: Input<ClusterParameterGroupName>,
    /// Its storage is encrypted.
    pub storage_encrypted: bool,
    /// Key of the storage.
    pub kms_key_id: Option<Input<KmsKeyArn>>,
    /// How I/O is paid.
    pub storage_type: StorageType,
    /// Capacity range of its `db.serverless` members. When it leaves the stack AWS keeps the last one, which does no
    /// harm.
    pub serverless_v2_scaling_configuration: Option<ServerlessV2Scaling>,
    /// Days that automated backups are kept.
    pub backup_retention_period: u8,
    /// When the daily backup starts.
    pub preferred_backup_window: Window,
    /// When AWS may work on the cluster.
    pub preferred_maintenance_window: Window,
    /// Snapshots get the cluster's tags.
    pub copy_tags_to_snapshot: bool,
    /// AWS refuses to delete the cluster. It does not protect instances.
    pub deletion_protection: bool,
    /// No snapshot is made when the cluster is deleted, and its automated backups go with it. Known here only, not at
    /// AWS.
    pub skip_final_snapshot: bool,
    /// Logs that go to CloudWatch Logs (`postgresql`, `instance`, `iam-db-auth-error`).
    pub enable_cloudwatch_logs_exports: BTreeSet<String>,
    /// Edition of Database Insights; `advanced` asks for a retention of 465 days.
    pub database_insights_mode: InsightsMode,
    /// Performance Insights, the counters beneath Database Insights. Instances follow the cluster.
    pub enable_performance_insights: bool,
    /// Days that its history is kept.
    pub performance_insights_retention_period: Option<u16>,
    /// Key of its history.
    pub performance_insights_kms_key_id: Option<Input<KmsKeyArn>>,
    /// Edits wait for the maintenance window where AWS lets them (`ApplyImmediately` is false). Known here only.
    #[serde(default)]
    pub deferred: bool,
    /// The user's tags.
    pub tags: Tags,
}

/// How I/O is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageType {
    /// Aurora Standard: by request. AWS answers with no storage type for it.
    #[default]
    #[serde(rename = "aurora")]
    Aurora,
    /// Aurora I/O-Optimized: not at all; storage and compute are dearer. Can be switched on once in 30 days.
    #[serde(rename = "aurora-iopt1")]
    AuroraIopt1,
}

/// Edition of Database Insights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InsightsMode {
    /// Counters and top SQL.
    #[default]
    Standard,
    /// With execution plans and fleet views; charged.
    Advanced,
}

/// Capacity range of Serverless v2, in Aurora capacity units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerlessV2Scaling {
    /// Least capacity, in steps of 0.5; 0 lets idle instances pause.
    pub min_capacity: f64,
    /// Most capacity, in steps of 0.5.
    pub max_capacity: f64,
    /// Idle seconds before an instance pauses; only with a least capacity of 0.
    pub seconds_until_auto_pause: Option<u32>,
}

/// What a cluster exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DbClusterOutputs {
    /// Its name.
    pub db_cluster_identifier: ClusterId,
    /// Its ARN.
    pub db_cluster_arn: String,
    /// AWS's immutable id, `cluster-…`; IAM policies for logins name it.
    pub db_cluster_resource_id: String,
    /// Where writes go.
    pub endpoint: String,
    /// Where reads may go: balanced over the readers.
    pub reader_endpoint: String,
    /// Port of both.
    pub port: u16,
    /// Route 53 zone of the endpoints, for aliases.
    pub hosted_zone_id: Option<String>,
    /// The secret with master user and password.
    pub master_user_secret_arn: Option<String>,
}

impl Exports<ClusterId> for DbCluster {
    const OUTPUT: &'static str = "db_cluster_identifier";
}

impl StorageType {
    /// AWS's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aurora => "aurora",
            Self::AuroraIopt1 => "aurora-iopt1",
        }
    }
}

impl InsightsMode {
    fn sdk(self) -> DatabaseInsightsMode {
        match self {
            Self::Standard => DatabaseInsightsMode::Standard,
            Self::Advanced => DatabaseInsightsMode::Advanced,
        }
    }
}

impl ServerlessV2Scaling {
    fn sdk(&self) -> ServerlessV2ScalingConfiguration {
        let range =
            ServerlessV2ScalingConfiguration::builder().min_capacity(self.min_capacity).max_capacity(self.max_capacity);
        range
            .set_seconds_until_auto_pause(self.seconds_until_auto_pause.and_then(|seconds| i32::try_from(seconds).ok()))
            .build()
    }
}

impl Model for DbCluster {
    const KIND: &'static str = "db_cluster";
    const GROUP: Group = Group::Cluster;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing { timeout: 7200.0, horizon: 60.0, stable: 3 };
    type Outputs = DbClusterOutputs;

    fn naming(&self) -> Naming {
        Naming::Given(self.db_cluster_identifier.clone())
    }

    fn remains_need(&self) -> &'static [&'static str] {
        if self.skip_final_snapshot { &[] } else { &["kms_key"] }
    }

    fn protection(&self) -> Option<&'static str> {
        self.deletion_protection.then_some("cluster.deletion_protection")
    }

    fn unsaved(&self) -> Option<&'static str> {
        self.skip_final_snapshot.then_some("cluster.backup.final_snapshot")
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self {
            db_cluster_identifier,
            engine_version,
            auto_minor_version_upgrade,
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
            deferred,
            tags,
        } = new;
        let timed = Timed { deferred: *deferred };
        if version::step(&old.engine_version, engine_version, *auto_minor_version_upgrade) != Step::None {
            let step = |old: &String, new: &String, _: &Context<'_>| grade::engine_version(old, new);
            d.field("engine_version", &old.engine_version, engine_version, timed.by(step));
        }
        grade::serverless(
            old.serverless_v2_scaling_configuration.as_ref(),
            serverless_v2_scaling_configuration.as_ref(),
            d,
        );
        if *enable_performance_insights {
            table! { d, old:
                managed performance_insights_retention_period, grade::retention;
                managed performance_insights_kms_key_id, grade::FREE;
            }
        }
        table! { d, old:
            field db_cluster_identifier, grade::NAME;
            field auto_minor_version_upgrade, grade::FREE;
            managed database_name, grade::DATABASE;
            field master_username, grade::MASTER_USER;
            field manage_master_user_password, grade::FREE;
            managed master_user_secret_kms_key_id, grade::secret_key;
            field enable_iam_database_authentication, timed.by(grade::free::<bool>);
            field port, grade::PORT;
            field db_subnet_group_name, grade::SUBNETS;
            field vpc_security_group_ids, grade::security_groups;
            field db_cluster_parameter_group_name, grade::PARAMETERS;
            field storage_encrypted, grade::ENCRYPTION;
            managed kms_key_id, grade::ENCRYPTION;
            field storage_type, timed.by(grade::storage_type);
            field backup_retention_period, timed.by(grade::retention::<u8>);
            field preferred_backup_window, grade::FREE;
            field preferred_maintenance_window, grade::FREE;
            field copy_tags_to_snapshot, grade::FREE;
            field deletion_protection, grade::FREE;
            field skip_final_snapshot, grade::FREE;
            field enable_cloudwatch_logs_exports, grade::FREE;
            field database_insights_mode, grade::FREE;
            field enable_performance_insights, grade::FREE;
        }
        if old.deferred && Self::DEFERRED.iter().any(|field| d.pending(field)) {
            d.field("deferred", &old.deferred, deferred, grade::undeferred);
        }
        d.tags(&old.tags, tags);
    }
}

impl Resource<Aws> for DbCluster {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let one = async |ask: &Ask<Self>| {
            let name = ask
                .outputs
                .as_ref()
                .map_or(ask.spec.db_cluster_identifier.as_str(), |o| o.db_cluster_identifier.as_str());
            let raw = describe::cluster(aws, look, name).await?;
            Ok::<_, CallError>(raw.map_or(Seen::Absent, |raw| observe::found(&raw, &ask.spec).into()))
        };
        futures::future::try_join_all(asks.iter().map(one)).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let request = creation(aws, me, spec)?;
        let answer = aws.write("rds:CreateDBCluster", || request.clone().send()).await?;
        let raw = answer.db_cluster().ok_or_else(|| CallError::missing("rds:CreateDBCluster", "DBCluster"))?;
        Ok(Done {
            incarnation: raw.db_cluster_resource_id().map(str::to_owned),
            ..Done::pending(observe::outputs(raw))
        })
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let modify = modification(aws, &from.spec, to)?;
        let sent = modify.is_some();
        if let Some(request) = modify {
            aws.write("rds:ModifyDBCluster", || request.clone().send()).await?;
        }
        aws.retag_rds(&from.outputs.db_cluster_arn, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        let ready = !sent && from.readiness == Readiness::Ready;
        Ok(Done { outputs: from.outputs.clone(), incarnation: from.incarnation.clone(), ready })
    }

    async fn delete(aws: &Aws, me: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        end::delete(aws, me, past).await
    }

    async fn operate(aws: &Aws, me: &Identity, order: &Order<Self>) -> Result<Readiness, CallError> {
        failover::begin(aws, me, order).await
    }

    async fn progress(aws: &Aws, look: &Look, order: &Order<Self>) -> Result<Readiness, CallError> {
        failover::progress(aws, look, order).await
    }
}

/// Everything in one call: what a second call would set is missing when the run is interrupted between the two.
fn creation(aws: &Aws, me: &Identity, spec: &DbCluster) -> Result<CreateDBClusterFluentBuilder, CallError> {
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
fn modification(
    aws: &Aws,
    from: &DbCluster,
    to: &DbCluster,
) -> Result<Option<ModifyDBClusterFluentBuilder>, CallError> {
    let groups =
        to.vpc_security_group_ids.iter().map(|id| Ok(id.get()?.to_string())).collect::<Result<Vec<_>, CallError>>()?;
    let parameters = to.db_cluster_parameter_group_name.get()?.as_str();
    let secret_key = text(to.master_user_secret_kms_key_id.as_ref())?;
    // Any edit that is applied immediately takes along what waits for the maintenance window.
    let hurried = from.deferred && !to.deferred;
    let upgrade = version::step(&from.engine_version, &to.engine_version, to.auto_minor_version_upgrade) != Step::None;
    let request = aws
        .rds()
        .modify_db_cluster()
        .db_cluster_identifier(&from.db_cluster_identifier)
        .apply_immediately(!to.deferred);
    let edit = Edit::new(request)
        .when(upgrade, |r| r.engine_version(&to.engine_version))
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
    Ok(edit.when(hurried, |r| r.backup_retention_period(to.backup_retention_period.into())).finish())
}

/// Backups, windows, logs, protection and capacity: nobody notices the call for any of them.
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
fn exports(from: &DbCluster, to: &DbCluster) -> CloudwatchLogsExportConfiguration {
    let (old, new) = (&from.enable_cloudwatch_logs_exports, &to.enable_cloudwatch_logs_exports);
    let lists = CloudwatchLogsExportConfiguration::builder();
    lists.set_enable_log_types(listed(new.difference(old))).set_disable_log_types(listed(old.difference(new))).build()
}

/// RDS checks mode, switch and retention of insights against one another: they travel together.
fn insights(
    edit: Edit<ModifyDBClusterFluentBuilder>,
    from: &DbCluster,
    to: &DbCluster,
) -> Result<Edit<ModifyDBClusterFluentBuilder>, CallError> {
    let (days, key) = (days(to), insights_key(to)?);
    let new_key = key.is_some() && from.performance_insights_kms_key_id != to.performance_insights_kms_key_id;
    let differs = from.database_insights_mode != to.database_insights_mode
        || from.enable_performance_insights != to.enable_performance_insights
        || (days.is_some() && from.performance_insights_retention_period != to.performance_insights_retention_period)
        || new_key;
    Ok(edit.when(differs, |r| {
        let r = r
            .database_insights_mode(to.database_insights_mode.sdk())
            .enable_performance_insights(to.enable_performance_insights);
        r.set_performance_insights_retention_period(days).set_performance_insights_kms_key_id(key.filter(|_| new_key))
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

/// A list as RDS takes it: an empty one is left out.
fn listed<'l>(items: impl Iterator<Item = &'l String>) -> Option<Vec<String>> {
    Some(items.cloned().collect::<Vec<_>>()).filter(|list| !list.is_empty())
}

/// The text of a reference that may be missing.
fn text(key: Option<&Input<KmsKeyArn>>) -> Result<Option<String>, CallError> {
    Ok(key.map(Input::get).transpose()?.map(ToString::to_string))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::cluster as sample;
