//! The stack file as types. Their doc comments become the JSON Schema that editors use, the text of
//! `validate --explain` and the reference page, so they are written for the person who writes a stack file.
//!
//! Nothing here is keyed by position and no field can hold a secret. Every default is the secure one; the set of
//! defaults is pinned by `stack.defaults`, so that a newer auroractl never edits a running stack by itself.

mod alarm;
mod backup;
mod changes;
mod cluster;
mod cost;
mod derive;
mod monitoring;
mod network;
mod params;
mod policy;
mod security;
mod stack;
mod window;

pub use alarm::{Alarm, AlarmKind, Alarms, ResolvedAlarm, Threshold, Unit, UnitFamily};
pub use backup::BackupPlan;
pub use changes::{Changes, Strategy};
pub use cluster::{
    Autoscaling, AutoscalingMetric, Backup, Cluster, Insights, InsightsMode, LogExport, Maintenance, Member,
    Serverless, StorageType,
};
pub use cost::Cost;
pub use derive::{ResolvedMember, SubnetPlan, SubnetTier};
pub use monitoring::{LogRetention, Monitoring, Protocol, Subscription};
pub use network::{Access, CreatedVpc, Endpoint, ExistingNetwork, FlowLogs, FlowTraffic, Nat, Network};
pub use params::{ParamValue, Params, Workload};
pub use policy::{Approval, ApproverRole, Evidence, Load, LoadPattern, Policy, Waiver, WaiverReason};
pub use security::{Kms, Security};
pub(crate) use stack::is_account;
pub use stack::{DefaultsVersion, Environment, Moved, Recovery, Stack, State, StateBackend};
pub use window::{BackupWindow, MaintenanceWindow, Weekday, WindowError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stack file: one Aurora PostgreSQL cluster with everything around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which stack this is, and where it lives.
    pub stack: Stack,
    /// The network around the cluster: one that this stack makes, or one that exists.
    pub network: Network,
    /// The encryption key and who may log in how.
    #[serde(default)]
    pub security: Security,
    /// The Aurora PostgreSQL cluster and its members.
    pub cluster: Cluster,
    /// A plan of AWS Backup for the cluster. Not set: none is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupPlan>,
    /// PostgreSQL parameters: a workload profile and overrides.
    #[serde(default)]
    pub params: Params,
    /// Logs, alarms and who is told about them.
    #[serde(default)]
    pub monitoring: Monitoring,
    /// What a disaster may cost: the targets that drills are measured against.
    #[serde(default)]
    pub recovery: Recovery,
    /// How changes are made that restart members of the cluster.
    #[serde(default)]
    pub changes: Changes,
    /// Assumptions about the use of the stack, for its bill.
    #[serde(default)]
    pub cost: Cost,
    /// What the design rules can't see by themselves, and approved exceptions from them.
    #[serde(default)]
    pub policy: Policy,
    /// Where the record of what was made is kept.
    #[serde(default)]
    pub state: State,
    /// Resources that changed their address: they keep their identity instead of being made anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Moved>,
}
