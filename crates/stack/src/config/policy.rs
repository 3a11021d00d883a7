//! Section `policy`: waivers, the documented exceptions from the design rules.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Section `policy`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Approved exceptions. An expired or incomplete one blocks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
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
    /// Day of the next review, at most 92 days after the last, as `2027-01-31`.
    pub review_by: String,
    /// Day by which the stack will follow the rule, as `2027-06-30`.
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
