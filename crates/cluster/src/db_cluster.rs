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
mod request;

use crate::describe;
use crate::edit::{Timed, table};
use crate::version::{self, Step};
use crate::window::Window;
use auroractl_aws::{Aws, tags};
use auroractl_core::ids::{ClusterId, ClusterParameterGroupName, KmsKeyArn, SecurityGroupId, SubnetGroupName};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Context, Diff, Identity, Input, Naming, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Order, Past, Resource, Seen};
use aws_sdk_rds::types::{DatabaseInsightsMode, ServerlessV2ScalingConfiguration};
use request::{creation, modification};
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
    const TIMING: Timing = Timing { timeout: 7200.0, horizon: 60.0, stable: 3, delay: 30.0 };
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
                managed performance_insights_kms_key_id, grade::insights_key;
            }
        }
        table! { d, old:
            field db_cluster_identifier, grade::NAME;
            field auto_minor_version_upgrade, grade::FREE;
            managed database_name, grade::DATABASE;
            field master_username, grade::MASTER_USER;
            field manage_master_user_password, grade::FREE;
            managed master_user_secret_kms_key_id, grade::secret_key;
            field enable_iam_database_authentication, timed.by(grade::hurried(*deferred, grade::free::<bool>));
            field port, grade::PORT;
            field db_subnet_group_name, grade::SUBNETS;
            field vpc_security_group_ids, grade::security_groups;
            field db_cluster_parameter_group_name, grade::PARAMETERS;
            field storage_encrypted, grade::ENCRYPTION;
            managed kms_key_id, grade::ENCRYPTION;
            field storage_type, timed.by(grade::hurried(*deferred, grade::storage_type));
            field backup_retention_period, timed.by(grade::hurried(*deferred, grade::retention::<u8>));
            field preferred_backup_window, grade::FREE;
            field preferred_maintenance_window, grade::window;
            field copy_tags_to_snapshot, grade::FREE;
            field deletion_protection, grade::FREE;
            field skip_final_snapshot, grade::FREE;
            field enable_cloudwatch_logs_exports, grade::FREE;
            field database_insights_mode, grade::FREE;
            field enable_performance_insights, grade::FREE;
        }
        if old.deferred && Self::DEFERRED.iter().any(|field| d.waits(field)) {
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
        let modify = modification(aws, &me.address, from, to)?;
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

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::cluster as sample;
