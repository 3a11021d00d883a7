//! Facts about clusters, their members and their parameters.

use super::{Fact, Key};
use auroractl_core::Address;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// A DB cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its address.
    pub address: Address,
    /// `DBClusterIdentifier`.
    pub identifier: String,
    /// Its engine version.
    pub engine: Engine,
    /// `MasterUsername`.
    pub master_username: String,
    /// How the master user logs in.
    pub password: Password,
    /// Key of the master user's secret.
    pub secret_key: Fact<Key>,
    /// `MasterUserSecret.SecretStatus`; plans do not know it.
    pub secret_status: Fact<String>,
    /// `EnableIAMDatabaseAuthentication`.
    pub iam_authentication: bool,
    /// `Port`.
    pub port: u16,
    /// Name of its DB subnet group: an address where the stack makes it.
    pub subnet_group: String,
    /// Its security groups: addresses where the stack makes them, else ids.
    pub security_groups: BTreeSet<String>,
    /// Name of its parameter group: an address where the stack makes it.
    pub parameter_group: String,
    /// `StorageEncrypted`.
    pub encrypted: bool,
    /// Key of its storage.
    pub key: Fact<Key>,
    /// Serverless v2 capacity.
    pub serverless: Option<Serverless>,
    /// `BackupRetentionPeriod`, in days.
    pub backup_retention: u8,
    /// `PreferredBackupWindow`, daily.
    pub backup_window: Option<Window>,
    /// `PreferredMaintenanceWindow`, weekly.
    pub maintenance_window: Option<Window>,
    /// Minutes since `LatestRestorableTime`; plans do not know it.
    pub restorable_lag: Fact<i64>,
    /// `CopyTagsToSnapshot`.
    pub copy_tags: bool,
    /// `DeletionProtection`.
    pub deletion_protection: bool,
    /// A final snapshot is made when it is deleted.
    pub final_snapshot: bool,
    /// `EnableCloudwatchLogsExports`.
    pub log_exports: BTreeSet<String>,
    /// `DatabaseInsightsMode` is `advanced`.
    pub insights_advanced: bool,
    /// `EnablePerformanceInsights`.
    pub performance_insights: bool,
    /// `PerformanceInsightsRetentionPeriod`, in days.
    pub insights_retention: Option<u16>,
    /// Key of the insights.
    pub insights_key: Fact<Key>,
    /// `AutoMinorVersionUpgrade`.
    pub auto_minor_upgrade: bool,
    /// `EnableHttpEndpoint`: the Data API.
    pub http_endpoint: Fact<bool>,
    /// `InternetAccessGatewayEnabled`, or made by the express configuration.
    pub internet_gateway: Fact<bool>,
    /// `MultiAZ`; plans do not know it.
    pub multi_az: Fact<bool>,
    /// `ActivityStreamStatus` is `started`.
    pub activity_stream: Fact<bool>,
    /// `GlobalClusterIdentifier` names one.
    pub global: Fact<bool>,
    /// Feature names of its associated roles.
    pub roles: Fact<Vec<String>>,
}

/// An engine version, and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// `EngineVersion`, for example `16.11`.
    pub version: String,
    /// Its major version.
    pub major: u32,
    /// RDS can create a cluster of it.
    pub creatable: Fact<bool>,
    /// It is the major's long-term support minor.
    pub lts: bool,
    /// Last day of the major's standard support.
    pub support_ends: Fact<Date>,
}

/// How the master user logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Password {
    /// `ManageMasterUserPassword`: RDS keeps it in Secrets Manager and rotates it every seven days.
    Managed,
    /// `MasterUserAuthenticationType=iam-db-auth`: there is none.
    Iam,
    /// Somebody sets it.
    Own,
}

/// `ServerlessV2ScalingConfiguration`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Serverless {
    /// `MinCapacity`, in capacity units.
    pub min: f64,
    /// `MaxCapacity`, in capacity units.
    pub max: f64,
    /// `SecondsUntilAutoPause`.
    pub pause_after: Option<u32>,
}

/// A time of the day or of the week, in minutes, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First minute of the day, or of the week that begins on Monday.
    pub start: u32,
    /// Length in minutes.
    pub minutes: u32,
}

impl Window {
    const DAY: u32 = 24 * 60;
    const WEEK: u32 = 7 * Self::DAY;

    /// Do two windows ever share a minute of the day?
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let gap = |from: u32, to: u32| (to % Self::DAY + Self::DAY - from % Self::DAY) % Self::DAY;
        gap(self.start, other.start) < self.minutes || gap(other.start, self.start) < other.minutes
    }

    /// Does this weekly window lie within another weekly one?
    #[must_use]
    pub fn within(self, other: Self) -> bool {
        let offset = (self.start + Self::WEEK - other.start) % Self::WEEK;
        offset + self.minutes <= other.minutes
    }
}

/// A DB instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Its address.
    pub address: Address,
    /// Its cluster: an address where the stack makes it.
    pub cluster: String,
    /// `DBInstanceClass`.
    pub class: String,
    /// Memory of the class in GiB; for Serverless v2 at its greatest capacity. `None` for a class that is not known.
    pub memory: Option<f64>,
    /// Default `max_connections` of the class.
    pub max_connections: Option<f64>,
    /// `AvailabilityZone`, where it is pinned or known.
    pub zone: Option<String>,
    /// `PromotionTier`.
    pub tier: u8,
    /// It is the writer, or will be the first one.
    pub writer: bool,
    /// Name of its parameter group: an address where the stack makes it.
    pub parameter_group: String,
    /// `MonitoringInterval`, in seconds.
    pub monitoring_interval: u8,
    /// It has a `MonitoringRoleArn`.
    pub monitoring_role: bool,
    /// `PubliclyAccessible`.
    pub public: bool,
    /// `AutoMinorVersionUpgrade`.
    pub auto_minor_upgrade: bool,
    /// `CACertificateIdentifier`.
    pub ca: Option<String>,
    /// Last day of its server certificate; plans do not know it.
    pub certificate_until: Fact<Date>,
    /// `PreferredMaintenanceWindow`, weekly.
    pub maintenance_window: Option<Window>,
    /// Every parameter group is `in-sync`; the text is the status that is not. Plans do not know it.
    pub parameters_in_sync: Fact<Option<String>>,
}

impl Instance {
    /// Is it a Serverless v2 member?
    #[must_use]
    pub fn serverless(&self) -> bool {
        self.class == "db.serverless"
    }
}

/// A parameter group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterGroup {
    /// Its address.
    pub address: Address,
    /// How clusters and instances name it.
    pub name: String,
    /// It is a cluster's.
    pub of_cluster: bool,
    /// `DBParameterGroupFamily`.
    pub family: String,
    /// The values that are set.
    pub values: BTreeMap<String, String>,
}

impl ParameterGroup {
    /// A value without its case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.to_ascii_lowercase())
    }

    /// Is one of a list's items set?
    #[must_use]
    pub fn lists(&self, name: &str, item: &str) -> bool {
        self.value(name).is_some_and(|list| list.split(',').any(|part| part.trim() == item))
    }

    /// Is a truth value on?
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| matches!(value.as_str(), "1" | "on" | "true"))
    }
}

/// Readers that come and go: `RegisterScalableTarget` on `rds:cluster:ReadReplicaCount`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalableReaders {
    /// Its address.
    pub address: Address,
    /// `MinCapacity`.
    pub min: u8,
    /// `MaxCapacity`.
    pub max: u8,
}
