//! What rules look at: plain values about a stack, free of any crate that knows AWS.
//!
//! The same facts describe what a stack wants and what AWS has, so that one rule judges both. A value that can't be told
//! without asking AWS, or before apply, is [`Fact::Unknown`] with the reason: a rule never takes it for a pass.

mod backup;
mod cluster;
mod network;
mod support;

pub use backup::BackupPlan;
pub use cluster::{Cluster, Engine, Instance, ParameterGroup, Password, ScalableReaders, Serverless, Window};
pub use network::{FlowLog, Peer, SecurityGroup, SecurityGroupRule, Subnet, SubnetGroup, Vpc, VpcEndpoint};
pub use support::{Alarm, Key, KmsKey, LogGroup, Role, Subscription, Topic};

use crate::rule::{Phase, Profile};
use auroractl_core::Address;
use jiff::civil::Date;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A value that may not be known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<T> {
    /// The value.
    Known(T),
    /// Why it is not known, as a clause: "the key is not the stack's own".
    Unknown(Cow<'static, str>),
}

impl<T> Fact<T> {
    /// Not known, for a fixed reason.
    #[must_use]
    pub const fn unknown(why: &'static str) -> Self {
        Self::Unknown(Cow::Borrowed(why))
    }

    /// The value, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

impl<T> From<T> for Fact<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

/// Days from one day to another; fewer than none if it is earlier.
pub(crate) fn days(from: Date, to: Date) -> i32 {
    from.until(to).map_or(i32::MAX, |span| span.get_days())
}

/// Everything that is known about a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Name, place and profile.
    pub stack: Stack,
    /// What the stack file says about its load and about what is done outside of it.
    pub intent: Intent,
    /// DB clusters.
    pub clusters: Vec<Cluster>,
    /// DB instances.
    pub instances: Vec<Instance>,
    /// Parameter groups of clusters and instances.
    pub parameter_groups: Vec<ParameterGroup>,
    /// Reader autoscaling.
    pub readers: Vec<ScalableReaders>,
    /// Plans of AWS Backup.
    pub backup_plans: Vec<BackupPlan>,
    /// VPCs that the stack makes.
    pub vpcs: Vec<Vpc>,
    /// Subnets: the stack's own, and those it is given.
    pub subnets: Vec<Subnet>,
    /// DB subnet groups.
    pub subnet_groups: Vec<SubnetGroup>,
    /// Security groups: the stack's own, and those it is given.
    pub security_groups: Vec<SecurityGroup>,
    /// Rules of security groups, whoever made them.
    pub security_group_rules: Vec<SecurityGroupRule>,
    /// VPC endpoints.
    pub endpoints: Vec<VpcEndpoint>,
    /// KMS keys that the stack makes.
    pub keys: Vec<KmsKey>,
    /// IAM roles.
    pub roles: Vec<Role>,
    /// CloudWatch log groups.
    pub log_groups: Vec<LogGroup>,
    /// CloudWatch alarms.
    pub alarms: Vec<Alarm>,
    /// SNS topics: the stack's own, and the one it is given.
    pub topics: Vec<Topic>,
    /// SNS subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Tags of every resource that can have tags.
    pub tags: BTreeMap<Address, BTreeMap<String, String>>,
    /// What lies around the stack, in its account and region.
    pub surroundings: Surroundings,
}

/// Name, place and profile of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// How strictly it is judged.
    pub profile: Profile,
    /// Its region.
    pub region: String,
    /// It may be thrown away with its data.
    pub ephemeral: bool,
    /// What the user permits to be deleted: the protection of it may be lifted.
    pub leaving: BTreeSet<Address>,
    /// Is a wish judged, or what AWS has?
    pub phase: Phase,
    /// The day of the judgement.
    pub today: Date,
}

/// How the load comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The same all day.
    Steady,
    /// It varies, or nobody knows.
    Variable,
}

/// What only people know: from the stack file's section `policy`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intent {
    /// How the load comes.
    pub pattern: Option<Pattern>,
    /// Connections at the busiest time.
    pub connections: Option<u32>,
    /// Share of reads among the statements, from 0 to 1.
    pub read_ratio: Option<f64>,
    /// A pooler stands before the database; its name.
    pub pooling: Option<String>,
    /// Readers in several regions.
    pub multi_region: bool,
    /// Statements call Aurora Machine Learning.
    pub machine_learning: bool,
    /// When the load is low, as RDS writes a maintenance window.
    pub low_traffic: Option<Window>,
    /// Region that backups are copied to by AWS Backup or a schedule of one's own.
    pub backup_copy_region: Option<String>,
    /// AWS Backup has a plan that covers the cluster.
    pub backup_plan: bool,
    /// Day of the last successful restore test.
    pub restore_tested: Option<Date>,
    /// Extended Support is wanted, and paid for.
    pub extended_support: bool,
    /// Keys that every taggable resource carries.
    pub required_tags: Vec<String>,
}

/// What lies around the stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Surroundings {
    /// Snapshots of the stack's clusters.
    pub snapshots: Fact<Vec<Snapshot>>,
    /// Mode of VPC Block Public Access in the region; `off` where it is not on.
    pub block_public_access: Fact<String>,
    /// Entries of network ACLs around the database, other than the VPC's default one, that admit everybody to SSH or RDP.
    pub acl_holes: Fact<Vec<String>>,
    /// AWS Config records RDS resources.
    pub config_recorder: Fact<bool>,
    /// GuardDuty's RDS Protection is on.
    pub guardduty: Fact<bool>,
    /// A dashboard shows the cluster.
    pub dashboard: Fact<bool>,
    /// Categories of enabled RDS event subscriptions, by source type.
    pub events: Fact<BTreeMap<String, Vec<String>>>,
    /// AWS Backup takes Aurora clusters in the region.
    pub backup_opt_in: Fact<bool>,
    /// Names of SSM parameters under `/<stack>/`.
    pub ssm_parameters: Fact<Vec<String>>,
}

/// A snapshot of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// `DBClusterSnapshotIdentifier`.
    pub identifier: String,
    /// Of which cluster.
    pub cluster: Address,
    /// `StorageEncrypted`.
    pub encrypted: bool,
    /// Its restore attribute names `all`.
    pub public: Fact<bool>,
}

impl Surroundings {
    /// Nothing was looked at.
    #[must_use]
    pub fn unseen(why: &'static str) -> Self {
        Self {
            snapshots: Fact::unknown(why),
            block_public_access: Fact::unknown(why),
            acl_holes: Fact::unknown(why),
            config_recorder: Fact::unknown(why),
            guardduty: Fact::unknown(why),
            dashboard: Fact::unknown(why),
            events: Fact::unknown(why),
            backup_opt_in: Fact::unknown(why),
            ssm_parameters: Fact::unknown(why),
        }
    }
}

impl Facts {
    /// Facts about a stack without resources.
    #[must_use]
    pub fn new(stack: Stack) -> Self {
        Self {
            stack,
            intent: Intent::default(),
            clusters: Vec::new(),
            instances: Vec::new(),
            parameter_groups: Vec::new(),
            readers: Vec::new(),
            backup_plans: Vec::new(),
            vpcs: Vec::new(),
            subnets: Vec::new(),
            subnet_groups: Vec::new(),
            security_groups: Vec::new(),
            security_group_rules: Vec::new(),
            endpoints: Vec::new(),
            keys: Vec::new(),
            roles: Vec::new(),
            log_groups: Vec::new(),
            alarms: Vec::new(),
            topics: Vec::new(),
            subscriptions: Vec::new(),
            tags: BTreeMap::new(),
            surroundings: Surroundings::unseen("it was not looked at"),
        }
    }

    /// The stack's clusters with their members.
    pub(crate) fn with_members(&self) -> Vec<(&Cluster, Vec<&Instance>)> {
        let mut by_cluster: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
        for instance in &self.instances {
            by_cluster.entry(instance.cluster.as_str()).or_default().push(instance);
        }
        let mut members = |cluster: &Cluster| by_cluster.remove(cluster.address.as_str()).unwrap_or_default();
        self.clusters.iter().map(|cluster| (cluster, members(cluster))).collect()
    }

    /// The parameter group that a cluster or an instance names.
    pub(crate) fn parameter_group(&self, name: &str) -> Option<&ParameterGroup> {
        self.parameter_groups.iter().find(|group| group.name == name)
    }

    /// Is a wish judged?
    pub(crate) fn planned(&self) -> bool {
        self.stack.phase == Phase::Plan
    }
}
