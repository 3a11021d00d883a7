//! Section `cluster`: the Aurora PostgreSQL cluster, its members, backups, windows and capacity.

use super::window::{BackupWindow, MaintenanceWindow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Section `cluster`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// `DBClusterIdentifier`, the first part of the endpoints. Default: the name of the stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Version of Aurora PostgreSQL, major and minor, for example `16.11`.
    pub engine_version: String,
    /// A database that is created with the cluster, beside `postgres`. Can't be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_name: Option<String>,
    /// Name of the master user. Its password is made and rotated by RDS in Secrets Manager. Can't be changed later.
    #[serde(default = "defaults::master_username")]
    pub master_username: String,
    /// Port of all endpoints. A change restarts every instance at once.
    #[serde(default = "defaults::port")]
    #[schemars(range(min = 1150, max = 65535))]
    pub port: u16,
    /// The instances by name. Which of them is the writer is AWS's business after the first day: see `initial_writer`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<Member>,
    /// Shorthand for `members`: this many readers beside one writer, named `instance-1`, `instance-2` and so on, spread over
    /// the zones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 15))]
    pub readers: Option<u8>,
    /// Instance class of members that name none, for example `db.r7g.large`, or `db.serverless`. Default with a
    /// `serverless` section: `db.serverless`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The member that is created first and so becomes the first writer. Default: the first one. After a failover the role
    /// has moved, and no plan moves it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_writer: Option<String>,
    /// Capacity range for members of class `db.serverless`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serverless: Option<Serverless>,
    /// Storage configuration.
    #[serde(default)]
    pub storage: StorageType,
    /// Automated backups and what is kept when the cluster goes.
    #[serde(default)]
    pub backup: Backup,
    /// When AWS may work on the cluster.
    #[serde(default)]
    pub maintenance: Maintenance,
    /// Refuses deletion of the cluster, here and in AWS. It does not protect instances in AWS; auroractl does.
    #[serde(default = "defaults::yes")]
    pub deletion_protection: bool,
    /// Logs that go to CloudWatch Logs.
    #[serde(default = "defaults::log_exports")]
    pub log_exports: Vec<LogExport>,
    /// Database Insights (formerly Performance Insights).
    #[serde(default)]
    pub insights: Insights,
    /// Seconds between points of enhanced (operating system) monitoring; 0 turns it off.
    #[serde(default = "defaults::monitoring_interval")]
    #[schemars(extend("enum" = [0, 1, 5, 10, 15, 30, 60]))]
    pub enhanced_monitoring_interval: u32,
    /// The certificate authority of the servers' certificates.
    #[serde(default = "defaults::ca_certificate")]
    pub ca_certificate: String,
    /// Adds and removes readers with the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoscaling: Option<Autoscaling>,
}

/// One instance of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Name within the cluster. The `DBInstanceIdentifier` is `<cluster identifier>-<name>`.
    pub name: String,
    /// Instance class. Default: `cluster.class`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Availability zone, for example `us-east-1a`. Not set: RDS chooses. Can't be changed in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub az: Option<String>,
    /// Who takes over at a failover: the lowest number first. Serverless readers at 0 and 1 follow the writer's capacity.
    #[serde(default = "defaults::promotion_tier")]
    #[schemars(range(min = 0, max = 15))]
    pub promotion_tier: u8,
}

/// Capacity range of Serverless v2, in Aurora capacity units (ACU, about 2 GiB of memory each).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Serverless {
    /// Least capacity, in steps of 0.5. 0 lets the instances pause when nobody is connected. Below 1 Aurora caps
    /// `max_connections` at 2,000.
    #[serde(default = "defaults::min_acu")]
    #[schemars(range(min = 0, max = 256))]
    pub min_acu: f64,
    /// Most capacity, in steps of 0.5. `max_connections` follows from it, so that a change restarts the serverless members,
    /// as section `changes` has it.
    #[schemars(range(min = 1, max = 256))]
    pub max_acu: f64,
    /// Seconds without a connection after which an instance pauses. Only with `min_acu = 0`; default then 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 300, max = 86400))]
    pub seconds_until_auto_pause: Option<u32>,
}

impl Serverless {
    /// Seconds until an idle instance pauses, 300 (AWS's default) when nothing is said; `None` when it never pauses.
    #[must_use]
    pub fn auto_pause(&self) -> Option<u32> {
        (self.min_acu == 0.0).then(|| self.seconds_until_auto_pause.unwrap_or(300))
    }
}

/// Storage configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StorageType {
    /// Aurora Standard: I/O is paid by request.
    #[default]
    Aurora,
    /// Aurora I/O-Optimized: no charge for I/O, dearer storage and compute. Worth it from about 25 % I/O cost.
    #[serde(rename = "aurora-iopt1")]
    AuroraIopt1,
}

/// Automated backups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Backup {
    /// Days that automated backups are kept; point-in-time restore reaches as far back.
    #[schemars(range(min = 1, max = 35))]
    pub retention_days: u8,
    /// Daily window in UTC, for example `03:00-04:00`. At least 30 minutes, outside of the maintenance window.
    pub window: String,
    /// Copies the cluster's tags to its snapshots.
    pub copy_tags_to_snapshot: bool,
    /// Makes a final snapshot when the cluster is destroyed.
    pub final_snapshot: bool,
}

impl Default for Backup {
    fn default() -> Self {
        Self { retention_days: 30, window: "03:00-04:00".to_owned(), copy_tags_to_snapshot: true, final_snapshot: true }
    }
}

impl Backup {
    /// The window, read; `None` when it is malformed (which a check has refused).
    #[must_use]
    pub fn parsed(&self) -> Option<BackupWindow> {
        self.window.parse().ok()
    }
}

/// Maintenance by AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Maintenance {
    /// Weekly window in UTC, for example `sun:04:30-sun:05:30`. At least 30 minutes.
    pub window: String,
    /// Lets AWS install minor versions in the window.
    pub auto_minor_version_upgrade: bool,
}

impl Default for Maintenance {
    fn default() -> Self {
        Self { window: "sun:04:30-sun:05:30".to_owned(), auto_minor_version_upgrade: true }
    }
}

impl Maintenance {
    /// The window, read; `None` when it is malformed (which a check has refused).
    #[must_use]
    pub fn parsed(&self) -> Option<MaintenanceWindow> {
        self.window.parse().ok()
    }
}

/// A log that Aurora PostgreSQL can export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogExport {
    /// The PostgreSQL log.
    Postgresql,
    /// The instance log.
    Instance,
    /// Failed logins with IAM tokens.
    IamDbAuthError,
}

impl LogExport {
    /// The name that RDS uses, also the last part of the log group's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::Instance => "instance",
            Self::IamDbAuthError => "iam-db-auth-error",
        }
    }
}

/// Database Insights.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Insights {
    /// Which edition.
    pub mode: InsightsMode,
    /// Days of history: 7, 731, or a multiple of 31 up to 713. Default 7 for `standard`, 465 for `advanced`, which allows
    /// no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 7, max = 731))]
    pub retention_days: Option<u32>,
}

impl Insights {
    /// Days of history, the default filled in.
    #[must_use]
    pub fn retention(&self) -> u32 {
        self.retention_days.unwrap_or(match self.mode {
            InsightsMode::Standard => 7,
            InsightsMode::Advanced => 465,
        })
    }
}

/// Edition of Database Insights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InsightsMode {
    /// Counters and top SQL.
    #[default]
    Standard,
    /// With execution plans, on-demand analysis and fleet views; charged by vCPU or ACU.
    Advanced,
}

/// Readers that come and go with the load. They get the writer's class and promotion tier 15.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Autoscaling {
    /// Fewest readers, the declared ones counted.
    #[serde(default = "defaults::one")]
    #[schemars(range(min = 0, max = 15))]
    pub min_readers: u8,
    /// Most readers, the declared ones counted.
    #[schemars(range(min = 1, max = 15))]
    pub max_readers: u8,
    /// What is measured.
    #[serde(default)]
    pub metric: AutoscalingMetric,
    /// The average that is aimed at: percent for `cpu`, connections for `connections`. There is no separate threshold for
    /// removing readers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub target: Option<f64>,
    /// Seconds to wait after removing a reader.
    #[serde(default = "defaults::cooldown")]
    #[schemars(range(min = 0, max = 86400))]
    pub scale_in_cooldown: u32,
    /// Seconds to wait after adding a reader.
    #[serde(default = "defaults::cooldown")]
    #[schemars(range(min = 0, max = 86400))]
    pub scale_out_cooldown: u32,
}

impl Autoscaling {
    /// The average that is aimed at: 70 % of CPU (as the reference architecture has it) when nothing is said. `None` for
    /// connections without a target, which a check has refused.
    #[must_use]
    pub fn target_value(&self) -> Option<f64> {
        self.target.or(match self.metric {
            AutoscalingMetric::Cpu => Some(70.0),
            AutoscalingMetric::Connections => None,
        })
    }
}

/// What reader autoscaling measures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AutoscalingMetric {
    /// Average CPU of the readers (`RDSReaderAverageCPUUtilization`).
    #[default]
    Cpu,
    /// Average connections of the readers (`RDSReaderAverageDatabaseConnections`).
    Connections,
}

/// Defaults of generation 1, one place.
mod defaults {
    use super::LogExport;

    /// Not one of the names that everybody tries first (Security Hub RDS.24).
    pub(super) fn master_username() -> String {
        "dbowner".to_owned()
    }
    pub(super) fn port() -> u16 {
        5432
    }
    pub(super) fn yes() -> bool {
        true
    }
    pub(super) fn one() -> u8 {
        1
    }
    pub(super) fn log_exports() -> Vec<LogExport> {
        vec![LogExport::Postgresql]
    }
    pub(super) fn monitoring_interval() -> u32 {
        60
    }
    pub(super) fn ca_certificate() -> String {
        "rds-ca-rsa2048-g1".to_owned()
    }
    /// AWS's own default for cluster members.
    pub(super) fn promotion_tier() -> u8 {
        1
    }
    pub(super) fn min_acu() -> f64 {
        0.5
    }
    /// AWS's own default for target tracking of Aurora readers.
    pub(super) fn cooldown() -> u32 {
        300
    }
}
