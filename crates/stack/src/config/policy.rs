//! Section `policy`: what the design rules can't see by themselves, and waivers, the documented exceptions from them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Section `policy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// A database that the business can't be without: should rules block, too.
    pub critical: bool,
    /// Keys of tags that every resource needs.
    pub required_tags: Vec<String>,
    /// Extended Support is wanted, and paid for, when the standard support of the major version ends.
    pub extended_support: bool,
    /// What the load is like: some rules apply to some loads only.
    pub workload: Load,
    /// What is done outside of this stack; auroractl takes it at its word.
    pub evidence: Evidence,
    /// Approved exceptions. An expired or incomplete one blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
}

impl Default for Policy {
    fn default() -> Self {
        let tags = ["Environment", "Owner", "CostCenter", "Application", "ManagedBy"];
        Self {
            critical: false,
            required_tags: tags.map(str::to_owned).into(),
            extended_support: false,
            workload: Load::default(),
            evidence: Evidence::default(),
            waivers: Vec::new(),
        }
    }
}

/// What the load is like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// How it comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<LoadPattern>,
    /// Connections at the busiest time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// Reads among a hundred statements.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub read_percent: Option<u8>,
    /// The pooler before the database, for example `pgbouncer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooling: Option<String>,
    /// Readers in several regions.
    pub multi_region: bool,
    /// Statements call Aurora Machine Learning.
    pub machine_learning: bool,
    /// Hours of low load in UTC, as `sun:01:00-sun:06:00`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_traffic: Option<String>,
}

/// How the load comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LoadPattern {
    /// The same all day.
    Steady,
    /// It varies, or nobody knows.
    Variable,
}

/// What is done outside of the stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Evidence {
    /// Day of the last restore that was tested, as `2026-11-20`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_tested: Option<String>,
    /// Region that backups are copied to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup_copy_region: Option<String>,
    /// A plan of AWS Backup that is not this stack's covers the cluster.
    pub backup_plan: bool,
}

/// One exception from design rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Name of the waiver, for reports.
    pub name: String,
    /// The rules it covers, for example `["RULE-001"]`.
    #[schemars(length(min = 1))]
    pub rules: Vec<String>,
    /// The addresses it covers, for example `["db_cluster.main"]`. Empty: every resource of the stack.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Class of reason.
    pub reason: WaiverReason,
    /// Why the exception is needed.
    pub justification: String,
    /// What can go wrong because of it.
    pub risk: String,
    /// What is done instead; `["none"]` says so explicitly.
    #[serde(default)]
    pub compensating_controls: Vec<String>,
    /// Who asks for the exception; an author can't approve.
    pub author: String,
    /// Who approved it: a security architect and a platform lead, and legal for regulatory reasons.
    #[serde(default)]
    pub approvals: Vec<Approval>,
    /// Day of the next review, at most 92 days after the last approval of each role that the waiver needs, as `2027-01-31`.
    pub review_by: String,
    /// Day by which the stack will follow the rule, as `2027-06-30`. A waiver without it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remediate_by: Option<String>,
    /// For `legacy-migration`: where the way to compliance is written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration_path: Option<String>,
}

/// Reasons that the design rules accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaiverReason {
    /// A development or test environment.
    DevTest,
    /// A legacy system on its way to compliance.
    LegacyMigration,
    /// A law or a contract that asks for something else.
    Regulatory,
}

/// One approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// In which role the person approved.
    pub role: ApproverRole,
    /// Who.
    pub name: String,
    /// When, as `2026-11-30`.
    pub date: String,
}

/// Roles that may approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ApproverRole {
    /// Security architect.
    SecurityArchitect,
    /// Lead of platform engineering.
    PlatformLead,
    /// Legal department.
    Legal,
}
