//! An IAM role that a service assumes. Class A in the account's name space: the region is part of its derived name.

use auroractl_aws::{Aws, GoneIsFine as _, PolicyDocument, tags};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::{RoleArn, RoleName};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Level, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_iam::types::Role;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

const IN_PLACE: Impact = Impact::new(Level::None, DOC);
const DOC: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_modify.html";

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
        d.field("description", &old.description, description, IN_PLACE)
            .field(trust, &old.assume_role_policy_document, assume_role_policy_document, IN_PLACE)
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
        aws.remove("iam:DeleteRole", call).await.ending(Ending::Gone)
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
    Ok(found(role).into())
}

fn found(role: &Role) -> Found<IamRole> {
    let all = tags::of_iam(role.tags());
    // IAM answers with the document percent-encoded.
    let encoded = role.assume_role_policy_document().unwrap_or_default();
    let trust = percent_decode_str(encoded).decode_utf8_lossy();
    let spec = IamRole {
        description: role.description().unwrap_or_default().to_owned(),
        assume_role_policy_document: PolicyDocument::answered(&trust),
        tags: auroractl_core::tags::user(&all),
    };
    let incarnation = Some(role.role_id().to_owned()).filter(|id| !id.is_empty());
    Found { incarnation, ..Found::ready(spec, outputs(role), Owner::of(&all)) }
}

async fn retag(aws: &Aws, name: &str, edit: &tags::TagEdit) -> Result<(), CallError> {
    if !edit.unset.is_empty() {
        let call = || aws.iam().untag_role().role_name(name).set_tag_keys(Some(edit.unset.clone())).send();
        aws.write("iam:UntagRole", call).await?;
    }
    if !edit.set.is_empty() {
        let tags = tags::iam_map(&edit.set)?;
        let call = || aws.iam().tag_role().role_name(name).set_tags(Some(tags.clone())).send();
        aws.write("iam:TagRole", call).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;
    use aws_sdk_iam::primitives::DateTime;
    use aws_sdk_iam::types::Tag;

    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"monitoring.rds.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    /// The same as IAM answers it: percent-encoded, with other white space and order.
    const ANSWERED: &str = "%7B%22Statement%22%3A%20%5B%7B%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22monitoring.rds.amazonaws.com%22%7D%7D%5D%2C%22Version%22%3A%222012-10-17%22%7D";

    fn wanted() -> IamRole {
        IamRole {
            description: "monitoring".to_owned(),
            assume_role_policy_document: PolicyDocument::answered(TRUST),
            tags: Tags::from([("team".to_owned(), "data".to_owned())]),
        }
    }

    #[test]
    fn an_unchanged_role_equals_what_the_stack_wants() {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
        let builder = Role::builder().path("/").role_name("r").role_id("AROA1").arn("arn:aws:iam::1:role/r");
        let builder = builder.create_date(DateTime::from_secs(0)).description("monitoring");
        let builder = builder.assume_role_policy_document(ANSWERED).tags(tag("team", "data"));
        let found = found(&builder.tags(tag("auroractl:id", "oid")).build().unwrap());
        assert_eq!(found.spec, wanted());
        assert_eq!((found.owner, found.incarnation), (Owner::Partial("oid".to_owned()), Some("AROA1".to_owned())));
    }

    #[test]
    fn grades() {
        let document = PolicyDocument::answered("{}");
        let edits = [
            ("description", IamRole { description: "x".to_owned(), ..wanted() }),
            ("assume_role_policy_document", IamRole { assume_role_policy_document: document, ..wanted() }),
            ("tags.team", IamRole { tags: Tags::new(), ..wanted() }),
        ];
        for (path, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), Level::None)]);
        }
    }
}
