//! A managed policy on a role. A relation: role and policy are its identity, and attaching twice is attaching once.

use auroractl_aws::{Aws, GoneIsFine as _};
use auroractl_core::ids::RoleName;
use auroractl_core::model::{Adoption, Group, Model, ReplaceOrder, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_iam::types::AttachedPolicy;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Role and policy are its identity. The old one goes after the new one is there: no moment without a policy.
const OTHER: Impact = Impact::new(Level::Replace, DOC);
const DOC: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html";

/// An attachment as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IamRolePolicyAttachment {
    /// The role.
    pub role_name: Input<RoleName>,
    /// The managed policy.
    pub policy_arn: String,
}

/// What an attachment exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IamRolePolicyAttachmentOutputs {
    /// The role.
    pub role_name: RoleName,
}

impl Model for IamRolePolicyAttachment {
    const KIND: &'static str = "iam_role_policy_attachment";
    const GROUP: Group = Group::Security;
    const ADOPTION: Adoption = Adoption::Relation;
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = IamRolePolicyAttachmentOutputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { role_name, policy_arn } = new;
        d.field("role_name", &old.role_name, role_name, OTHER).field("policy_arn", &old.policy_arn, policy_arn, OTHER);
    }
}

impl Resource<Aws> for IamRolePolicyAttachment {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        futures::future::try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
    }

    async fn create(aws: &Aws, _: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let role = spec.role_name.get()?.clone();
        let call = || aws.iam().attach_role_policy().role_name(role.as_str()).policy_arn(&spec.policy_arn).send();
        aws.write("iam:AttachRolePolicy", call).await?;
        Ok(Done::ready(IamRolePolicyAttachmentOutputs { role_name: role }))
    }

    async fn update(_: &Aws, _: &Identity, from: &Found<Self>, _: &Self) -> Result<Done<Self>, CallError> {
        // Both fields are its identity: there is nothing to edit in place.
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let (role, policy) = (past.outputs.role_name.as_str(), past.spec.policy_arn.as_str());
        let call = || aws.iam().detach_role_policy().role_name(role).policy_arn(policy).send();
        aws.remove("iam:DetachRolePolicy", call).await.ending(Ending::Gone)
    }
}

async fn see(
    aws: &Aws,
    look: &Look,
    ask: &Ask<IamRolePolicyAttachment>,
) -> Result<Seen<IamRolePolicyAttachment>, CallError> {
    let recorded = ask.outputs.as_ref().map(|outputs| &outputs.role_name);
    let Some(role) = recorded.or(ask.spec.role_name.known()) else { return Ok(Seen::Absent) };
    let policy_arn = &ask.spec.policy_arn;
    let attached = attached(aws, look, role).await?;
    if !attached.iter().any(|policy| policy.policy_arn() == Some(policy_arn)) {
        return Ok(Seen::Absent);
    }
    let spec = IamRolePolicyAttachment { role_name: Input::Value(role.clone()), policy_arn: policy_arn.clone() };
    Ok(Found::ready(spec, IamRolePolicyAttachmentOutputs { role_name: role.clone() }, Owner::Inherited).into())
}

/// The managed policies on a role; none on one that does not exist.
async fn attached(aws: &Aws, look: &Look, role: &RoleName) -> Result<Arc<Vec<AttachedPolicy>>, CallError> {
    let query = format!("iam:ListAttachedRolePolicies {} {role}", aws.account());
    look.once(&query, async {
        let call = || {
            let pages = aws.iam().list_attached_role_policies().role_name(role.as_str()).into_paginator().items();
            async move { pages.send().collect::<Result<Vec<_>, _>>().await }
        };
        Ok(aws.read("iam:ListAttachedRolePolicies", call).await.gone_is_fine()?.unwrap_or_default())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;

    #[test]
    fn both_halves_are_its_identity() {
        let wanted = IamRolePolicyAttachment { role_name: Input::Value("r".into()), policy_arn: "p".to_owned() };
        let edits = [
            ("role_name", IamRolePolicyAttachment { role_name: Input::Value("s".into()), ..wanted.clone() }),
            ("policy_arn", IamRolePolicyAttachment { policy_arn: "q".to_owned(), ..wanted.clone() }),
        ];
        for (path, new) in edits {
            assert_eq!(changes(&wanted, &new), [(path.to_owned(), Level::Replace)]);
        }
    }
}
