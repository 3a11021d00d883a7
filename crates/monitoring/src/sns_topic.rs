//! The topic that alarms go to. Class A by a derived name: `CreateTopic` answers with an existing topic of that name
//! and no word about it, so the oid within the name, and the tags, which take part in that comparison, keep it from
//! being a stranger's.

use auroractl_aws::{Aws, GoneIsFine as _, PolicyDocument, tags};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::{KmsKeyArn, TopicArn};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Look, Past, Resource, Seen};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

const IN_PLACE: Impact = Impact::new(Level::None, DOC);
const DOC: &str = "https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html";

/// A topic as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnsTopic {
    /// The key that encrypts messages at rest; `None` leaves that as it is, which for a new topic is unencrypted.
    /// CloudWatch can't publish to a topic under the AWS-managed key.
    pub kms_master_key_id: Option<Input<KmsKeyArn>>,
    /// Who may publish.
    pub policy: TopicPolicy,
    /// The user's tags.
    pub tags: Tags,
}

/// Who may publish to a topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicPolicy {
    /// The account, and CloudWatch alarms and RDS events of this account.
    Alarms,
    /// The stack's own document.
    Document(PolicyDocument),
}

/// What a topic exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SnsTopicOutputs {
    /// Its ARN.
    pub topic_arn: TopicArn,
}

impl Exports<TopicArn> for SnsTopic {
    const OUTPUT: &'static str = "topic_arn";
}

impl Model for SnsTopic {
    const KIND: &'static str = "sns_topic";
    const GROUP: Group = Group::Monitoring;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = SnsTopicOutputs;

    fn naming(&self) -> Naming {
        Naming::Derived(NameRule::regional(256))
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { kms_master_key_id, policy, tags } = new;
        d.managed("kms_master_key_id", &old.kms_master_key_id, kms_master_key_id, IN_PLACE)
            .field("policy", &old.policy, policy, IN_PLACE)
            .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for SnsTopic {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        futures::future::try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let tagged = tags::sns(me, &spec.tags)?;
        let arn = aws.arn("sns", &me.name);
        let mut attributes =
            HashMap::from([("Policy".to_owned(), document(aws, &arn, &spec.policy).as_str().to_owned())]);
        if let Some(key) = &spec.kms_master_key_id {
            attributes.insert("KmsMasterKeyId".to_owned(), key.get()?.to_string());
        }
        let call = || {
            let create = aws.sns().create_topic().name(&me.name).set_attributes(Some(attributes.clone()));
            create.set_tags(Some(tagged.clone())).send()
        };
        let made = aws.write("sns:CreateTopic", call).await.map_err(taken)?;
        let arn = made.topic_arn().ok_or_else(|| CallError::missing("sns:CreateTopic", "TopicArn"))?;
        Ok(Done::ready(SnsTopicOutputs { topic_arn: arn.into() }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let arn = from.outputs.topic_arn.as_str();
        if let Some(key) = &to.kms_master_key_id
            && from.spec.kms_master_key_id != to.kms_master_key_id
        {
            set(aws, arn, "KmsMasterKeyId", key.get()?.as_str()).await?;
        }
        if from.spec.policy != to.policy {
            set(aws, arn, "Policy", document(aws, arn, &to.policy).as_str()).await?;
        }
        retag(aws, arn, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.sns().delete_topic().topic_arn(past.outputs.topic_arn.as_str()).send();
        aws.remove("sns:DeleteTopic", call).await.ending(Ending::Gone)
    }
}

/// A topic of this name whose tags or attributes differ: AWS calls that a wrong parameter.
fn taken(error: CallError) -> CallError {
    let class = if error.message.contains("already exists with different") { Class::Exists } else { error.class };
    CallError { class, ..error }
}

async fn see(aws: &Aws, look: &Look, ask: &Ask<SnsTopic>) -> Result<Seen<SnsTopic>, CallError> {
    let derived = || aws.arn("sns", &ask.identity.name);
    let arn = ask.outputs.as_ref().map_or_else(derived, |outputs| outputs.topic_arn.to_string());
    let call = || aws.sns().get_topic_attributes().topic_arn(&arn).send();
    let Some(answer) = aws.read("sns:GetTopicAttributes", call).await.gone_is_fine()? else { return Ok(Seen::Absent) };
    let all = aws.tags_of(look, (&ask.identity, Some(&ask.spec.tags)), &arn).await?;
    let attribute = |name: &str| answer.attributes().and_then(|all| all.get(name)).filter(|text| !text.is_empty());
    let policy = PolicyDocument::answered(attribute("Policy").map_or("{}", String::as_str));
    let standard = policy == document(aws, &arn, &TopicPolicy::Alarms);
    let spec = SnsTopic {
        kms_master_key_id: attribute("KmsMasterKeyId").map(|key| Input::Value(key.as_str().into())),
        policy: if standard { TopicPolicy::Alarms } else { TopicPolicy::Document(policy) },
        tags: auroractl_core::tags::user(&all),
    };
    Ok(Found::ready(spec, SnsTopicOutputs { topic_arn: arn.as_str().into() }, Owner::of(&all)).into())
}

async fn set(aws: &Aws, arn: &str, name: &str, value: &str) -> Result<(), CallError> {
    let call = || aws.sns().set_topic_attributes().topic_arn(arn).attribute_name(name).attribute_value(value).send();
    aws.write("sns:SetTopicAttributes", call).await.map(|_| ())
}

async fn retag(aws: &Aws, arn: &str, edit: &tags::TagEdit) -> Result<(), CallError> {
    if !edit.unset.is_empty() {
        let call = || aws.sns().untag_resource().resource_arn(arn).set_tag_keys(Some(edit.unset.clone())).send();
        aws.write("sns:UntagResource", call).await?;
    }
    if !edit.set.is_empty() {
        let tags = tags::sns_map(&edit.set)?;
        let call = || aws.sns().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send();
        aws.write("sns:TagResource", call).await?;
    }
    Ok(())
}

fn document(aws: &Aws, arn: &str, policy: &TopicPolicy) -> PolicyDocument {
    match policy {
        TopicPolicy::Document(document) => document.clone(),
        TopicPolicy::Alarms => alarms(aws.partition(), aws.account(), arn),
    }
}

/// The statements that AWS documents for CloudWatch alarms and RDS events, bound to the account: a topic that admits a
/// service without a condition admits everybody's alarms
/// (<https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>,
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.GrantingPermissions.html>).
fn alarms(partition: &str, account: &str, arn: &str) -> PolicyDocument {
    PolicyDocument::answered(&format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Sid":"Account","Effect":"Allow","Principal":{{"AWS":"arn:{partition}:iam::{account}:root"}},"Action":["sns:GetTopicAttributes","sns:ListSubscriptionsByTopic","sns:Publish","sns:SetTopicAttributes","sns:Subscribe"],"Resource":"{arn}"}},
        {{"Sid":"Services","Effect":"Allow","Principal":{{"Service":["cloudwatch.amazonaws.com","events.rds.amazonaws.com"]}},"Action":"sns:Publish","Resource":"{arn}","Condition":{{"StringEquals":{{"aws:SourceAccount":"{account}"}}}}}}
        ]}}"#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;

    fn wanted() -> SnsTopic {
        SnsTopic {
            kms_master_key_id: Some(Input::Value("arn:key".into())),
            policy: TopicPolicy::Alarms,
            tags: Tags::new(),
        }
    }

    #[test]
    fn services_publish_for_this_account_only() {
        let policy = alarms("aws", "123456789012", "arn:aws:sns:eu-west-1:123456789012:t");
        let bound = r#"{"Action":"sns:Publish","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}"#;
        assert!(policy.as_str().contains(bound), "{policy}");
        assert_eq!(
            policy.as_str().matches("Service").count(),
            2,
            "the name of the statement and one principal: {policy}"
        );
    }

    #[test]
    fn a_topic_with_other_tags_exists() {
        let refused = |message: &str| taken(CallError::new("sns:CreateTopic", Class::Invalid, message)).class;
        assert_eq!(refused("Invalid parameter: Tags Reason: Topic already exists with different tags"), Class::Exists);
        assert_eq!(refused("Invalid parameter: Topic Name"), Class::Invalid);
    }

    #[test]
    fn grades() {
        let document = TopicPolicy::Document(PolicyDocument::answered("{}"));
        let edits = [
            ("kms_master_key_id", SnsTopic { kms_master_key_id: Some(Input::Value("arn:x".into())), ..wanted() }),
            ("policy", SnsTopic { policy: document, ..wanted() }),
        ];
        for (path, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), Level::None)]);
        }
        assert_eq!(changes(&wanted(), &SnsTopic { kms_master_key_id: None, ..wanted() }), []);
    }
}
