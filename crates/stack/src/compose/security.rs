//! Security: the key that encrypts everything, and the role by which RDS reports on its hosts.

use super::Draft;
use auroractl_aws::PolicyDocument;
use auroractl_core::Input;
use auroractl_core::graph::GraphError;
use auroractl_core::ids::{KmsKeyArn, RoleArn, RoleName};
use auroractl_security::{IamRole, IamRolePolicyAttachment, KeyPolicy, KmsAlias, KmsKey};

/// Only this service may assume the role; in a stack that names its account, only on that account's behalf
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>).
pub(super) fn trust(service: &str, account: Option<&str>) -> PolicyDocument {
    let bound = account.map(|id| format!(r#","Condition":{{"StringEquals":{{"aws:SourceAccount":"{id}"}}}}"#));
    PolicyDocument::answered(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}.amazonaws.com"}},"Action":"sts:AssumeRole"{}}}]}}"#,
        bound.unwrap_or_default()
    ))
}
/// AWS's own policy for enhanced monitoring.
const MONITORING: &str = "iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole";

/// The key: the stack's own, or the one that it names.
pub(super) fn key(draft: &mut Draft<'_>) -> Result<Input<KmsKeyArn>, GraphError> {
    let (config, at) = (draft.config, "security.kms");
    let kms = &config.security.kms;
    if let Some(arn) = &kms.key_arn {
        return Ok(Input::Value(arn.as_str().into()));
    }
    let document = kms.policy.as_deref().map(PolicyDocument::answered);
    let spec = KmsKey {
        description: format!(
            "Aurora PostgreSQL of stack {}: storage, secret, insights, logs, alarms",
            config.stack.name
        ),
        policy: document.map_or(KeyPolicy::Standard, KeyPolicy::Document),
        rotation_period_in_days: Some(kms.rotation_days),
        deletion_window_in_days: kms.deletion_window_days,
        enabled: true,
        tags: draft.tags(),
    };
    let key = draft.add("main", &spec, at)?;
    let alias = KmsAlias { alias_name: config.key_alias(), target_key_arn: key.out() };
    draft.add("main", &alias, at)?;
    Ok(key.out())
}

/// The role for enhanced monitoring; none where it is off.
///
/// Instances come after its attachment: RDS refuses a role that may not write its metrics yet.
pub(super) fn monitoring_role(draft: &mut Draft<'_>) -> Result<Option<Role>, GraphError> {
    let at = "cluster.enhanced_monitoring_interval";
    if draft.config.cluster.enhanced_monitoring_interval == 0 {
        return Ok(None);
    }
    let spec = IamRole {
        description: format!("Lets RDS write enhanced monitoring of stack {}", draft.config.stack.name),
        assume_role_policy_document: trust("monitoring.rds", draft.config.stack.account.as_deref()),
        tags: draft.tags(),
    };
    let role = draft.add("monitoring", &spec, at)?;
    let policy_arn = format!("arn:{}:{MONITORING}", partition(&draft.config.stack.region));
    let attachment = IamRolePolicyAttachment { role_name: role.out::<RoleName>(), policy_arn };
    let attachment = draft.add("monitoring", &attachment, at)?;
    Ok(Some(Role { arn: role.out(), attachment }))
}

/// The role for enhanced monitoring, and what makes it one.
pub(super) struct Role {
    /// The role.
    pub(super) arn: Input<RoleArn>,
    /// The policy on it.
    pub(super) attachment: auroractl_core::Handle<IamRolePolicyAttachment>,
}

/// The partition of a region, by AWS's naming of regions.
pub(crate) fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
