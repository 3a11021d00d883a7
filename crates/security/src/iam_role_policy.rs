//! A policy of a role's own. Class E: a put under a name within the role. It is for what AWS has no managed policy for, or
//! only one that admits to more than the role needs.

use auroractl_aws::{Aws, GoneIsFine as _, PolicyDocument};
use auroractl_core::ids::RoleName;
use auroractl_core::model::{Adoption, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_iam::operation::get_role_policy::GetRolePolicyOutput;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

const IN_PLACE: Impact = Impact::new(Level::None, DOC);
/// Role and name are its identity.
const OTHER: Impact = Impact::new(Level::Replace, DOC);
const DOC: &str = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html";

/// A policy as the stack wants it. It has no tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IamRolePolicy {
    /// The role.
    pub role_name: Input<RoleName>,
    /// Its name, unique within the role.
    pub policy_name: String,
    /// What it admits to.
    pub policy_document: PolicyDocument,
}

/// What is needed to find a policy again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IamRolePolicyOutputs {
    /// The role.
    pub role_name: RoleName,
    /// Its name.
    pub policy_name: String,
}

impl Model for IamRolePolicy {
    const KIND: &'static str = "iam_role_policy";
    const GROUP: Group = Group::Security;
    const ADOPTION: Adoption = Adoption::Upsert;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = IamRolePolicyOutputs;

    fn naming(&self) -> Naming {
        Naming::Given(self.policy_name.clone())
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { role_name, policy_name, policy_document } = new;
        d.field("role_name", &old.role_name, role_name, OTHER)
            .field("policy_name", &old.policy_name, policy_name, OTHER)
            .field("policy_document", &old.policy_document, policy_document, IN_PLACE);
    }
}

impl Resource<Aws> for IamRolePolicy {
    async fn survey(aws: &Aws, _: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        futures::future::try_join_all(asks.iter().map(|ask| see(aws, ask))).await
    }

    async fn create(aws: &Aws, _: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let role_name = spec.role_name.get()?.clone();
        let outputs = IamRolePolicyOutputs { role_name, policy_name: spec.policy_name.clone() };
        put(aws, &outputs, spec).await?;
        Ok(Done::ready(outputs))
    }

    async fn update(aws: &Aws, _: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        put(aws, &from.outputs, to).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let IamRolePolicyOutputs { role_name, policy_name } = &past.outputs;
        let call = || aws.iam().delete_role_policy().role_name(role_name.as_str()).policy_name(policy_name).send();
        aws.remove("iam:DeleteRolePolicy", call).await.ending(Ending::Gone)
    }
}

async fn put(aws: &Aws, at: &IamRolePolicyOutputs, spec: &IamRolePolicy) -> Result<(), CallError> {
    let (role, name, document) = (at.role_name.as_str(), &at.policy_name, spec.policy_document.as_str());
    let call = || aws.iam().put_role_policy().role_name(role).policy_name(name).policy_document(document).send();
    aws.write("iam:PutRolePolicy", call).await?;
    Ok(())
}

async fn see(aws: &Aws, ask: &Ask<IamRolePolicy>) -> Result<Seen<IamRolePolicy>, CallError> {
    let recorded = ask.outputs.as_ref();
    let Some(role) = recorded.map(|outputs| &outputs.role_name).or(ask.spec.role_name.known()) else {
        return Ok(Seen::Absent);
    };
    let name = recorded.map_or(&ask.spec.policy_name, |outputs| &outputs.policy_name);
    let call = || aws.iam().get_role_policy().role_name(role.as_str()).policy_name(name).send();
    let answer = aws.read("iam:GetRolePolicy", call).await.gone_is_fine()?;
    Ok(answer.map_or(Seen::Absent, |answer| found(&answer).into()))
}

fn found(answer: &GetRolePolicyOutput) -> Found<IamRolePolicy> {
    let (role_name, policy_name) = (RoleName::from(answer.role_name()), answer.policy_name().to_owned());
    // IAM answers with the document percent-encoded.
    let document = percent_decode_str(answer.policy_document()).decode_utf8_lossy();
    let spec = IamRolePolicy {
        role_name: Input::Value(role_name.clone()),
        policy_name: policy_name.clone(),
        policy_document: PolicyDocument::answered(&document),
    };
    Found::ready(spec, IamRolePolicyOutputs { role_name, policy_name }, Owner::Inherited)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;

    fn wanted() -> IamRolePolicy {
        IamRolePolicy {
            role_name: Input::Value("r".into()),
            policy_name: "flow-logs".to_owned(),
            policy_document: PolicyDocument::answered(r#"{"Statement":[{"Action":["logs:PutLogEvents"]}]}"#),
        }
    }

    #[test]
    fn an_unchanged_policy_equals_what_the_stack_wants() {
        let answer = GetRolePolicyOutput::builder().role_name("r").policy_name("flow-logs");
        let encoded = "%7B%22Statement%22%3A%20%7B%22Action%22%3A%22logs%3APutLogEvents%22%7D%7D";
        let found = found(&answer.policy_document(encoded).build().unwrap());
        assert_eq!((found.spec, found.owner), (wanted(), Owner::Inherited));
    }

    #[test]
    fn grades() {
        let edits = [
            ("role_name", Level::Replace, IamRolePolicy { role_name: Input::Value("s".into()), ..wanted() }),
            ("policy_name", Level::Replace, IamRolePolicy { policy_name: "x".to_owned(), ..wanted() }),
            (
                "policy_document",
                Level::None,
                IamRolePolicy { policy_document: PolicyDocument::answered("{}"), ..wanted() },
            ),
        ];
        for (path, level, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), level)]);
        }
    }
}
