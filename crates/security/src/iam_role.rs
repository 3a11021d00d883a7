//! An IAM role that a service assumes. Class A in the account's name space: the region is part of its derived name.

use auroractl_aws::{Aws, GoneIsFine as _, PolicyDocument, tags};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::{RoleArn, RoleName};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_iam::types::Role;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// A role as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IamRole {
    /// What it is for.
    pub description: String,
    /// Who may assume it.
    pub assume_role_policy_document: PolicyDocument,
    /// The user's tags.
    pub tags: Tags,
}

/// What a role exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IamRoleOutputs {
    /// Its name.
    pub role_name: RoleName,
    /// Its ARN.
    pub role_arn: RoleArn,
}

impl Exports<RoleArn> for IamRole {
    const OUTPUT: &'static str = "role_arn";
}

impl Exports<RoleName> for IamRole {
    const OUTPUT: &'static str = "role_name";
}

impl Model for IamRole {
    const KIND: &'static str = "iam_role";
    const GROUP: Group = Group::Security;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = IamRoleOutputs;

    fn naming(&self) -> Naming {
        Naming::Derived(NameRule::global(64))
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { description, assume_role_policy_document, tags } = new;
        let trust = "assume_role_policy_document";
        d.field("description", &old.description, description, Impact::NONE)
            .field(trust, &old.assume_role_policy_document, assume_role_policy_document, Impact::NONE)
            .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for IamRole {
    async fn survey(aws: &Aws, _: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        futures::future::try_join_all(asks.iter().map(|ask| see(aws, ask))).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let tagged = tags::iam(me, &spec.tags)?;
        let call = || {
            let create = aws.iam().create_role().role_name(&me.name).description(&spec.description);
            let trust = spec.assume_role_policy_document.as_str();
            create.assume_role_policy_document(trust).set_tags(Some(tagged.clone())).send()
        };
        let made = aws.write("iam:CreateRole", call).await?;
        let role = made.role().ok_or_else(|| CallError::missing("iam:CreateRole", "Role"))?;
        Ok(Done { incarnation: Some(role.role_id().to_owned()), ..Done::ready(outputs(role)) })
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let name = from.outputs.role_name.as_str();
        if from.spec.description != to.description {
            let call = || aws.iam().update_role().role_name(name).description(&to.description).send();
            aws.write("iam:UpdateRole", call).await?;
        }
        if from.spec.assume_role_policy_document != to.assume_role_policy_document {
            let trust = to.assume_role_policy_document.as_str();
            let call = || aws.iam().update_assume_role_policy().role_name(name).policy_document(trust).send();
            aws.write("iam:UpdateAssumeRolePolicy", call).await?;
        }
        retag(aws, name, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.iam().delete_role().role_name(past.outputs.role_name.as_str()).send();
        aws.remove("iam:DeleteRole", call).await.gone_is_fine()?;
        Ok(Ending::Gone)
    }
}

fn outputs(role: &Role) -> IamRoleOutputs {
    IamRoleOutputs { role_name: role.role_name().into(), role_arn: role.arn().into() }
}

async fn see(aws: &Aws, ask: &Ask<IamRole>) -> Result<Seen<IamRole>, CallError> {
    let name = ask.outputs.as_ref().map_or(ask.identity.name.as_str(), |outputs| outputs.role_name.as_str());
    let call = || aws.iam().get_role().role_name(name).send();
    let answer = aws.read("iam:GetRole", call).await.gone_is_fine()?;
    let Some(role) = answer.as_ref().and_then(|answer| answer.role()) else { return Ok(Seen::Absent) };
    let all = tags::of_iam(role.tags());
    // IAM answers with the document percent-encoded.
    let trust = percent_decode_str(role.assume_role_policy_document().unwrap_or_default()).decode_utf8_lossy().into_owned();
    let spec = IamRole {
        description: role.description().unwrap_or_default().to_owned(),
        assume_role_policy_document: PolicyDocument::answered(&trust),
        tags: auroractl_core::tags::user(&all),
    };
    let incarnation = Some(role.role_id().to_owned()).filter(|id| !id.is_empty());
    Ok(Found { incarnation, ..Found::ready(spec, outputs(role), Owner::of(&all)) }.into())
}

async fn retag(aws: &Aws, name: &str, edit: &tags::TagEdit) -> Result<(), CallError> {
    if !edit.set.is_empty() {
        let tags = tags::iam_map(&edit.set)?;
        let call = || aws.iam().tag_role().role_name(name).set_tags(Some(tags.clone())).send();
        aws.write("iam:TagRole", call).await?;
    }
    if !edit.unset.is_empty() {
        let call = || aws.iam().untag_role().role_name(name).set_tag_keys(Some(edit.unset.clone())).send();
        aws.write("iam:UntagRole", call).await?;
    }
    Ok(())
}
