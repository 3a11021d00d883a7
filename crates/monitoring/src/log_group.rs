//! A log group. Class A. Made before the cluster: RDS would make it itself, without retention and without key.

use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::ids::{KmsKeyArn, LogGroupName};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_cloudwatchlogs::types::LogGroup as Raw;
use serde::{Deserialize, Serialize};

/// Under this prefix RDS makes groups by itself, without tags. One of a cluster that is ours is ours.
const OF_RDS: &str = "/aws/rds/cluster/";

/// A log group as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// Its name, `/aws/rds/cluster/<cluster>/postgresql`.
    pub log_group_name: String,
    /// Days that log events are kept; `None` keeps them for ever.
    pub retention_in_days: Option<u32>,
    /// The key that encrypts it; `None` leaves that to CloudWatch Logs.
    pub kms_key_id: Option<Input<KmsKeyArn>>,
    /// The user's tags.
    pub tags: Tags,
}

/// What a log group exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogGroupOutputs {
    /// Its name.
    pub log_group_name: LogGroupName,
    /// Its ARN, without the `:*` that some calls append.
    pub arn: String,
}

impl Exports<LogGroupName> for LogGroup {
    const OUTPUT: &'static str = "log_group_name";
}

impl Model for LogGroup {
    const KIND: &'static str = "log_group";
    const GROUP: Group = Group::Monitoring;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = LogGroupOutputs;

    fn naming(&self) -> Naming {
        Naming::Given(self.log_group_name.clone())
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { log_group_name, retention_in_days, kms_key_id, tags } = new;
        d.field("log_group_name", &old.log_group_name, log_group_name, Impact::REPLACE)
            .field("retention_in_days", &old.retention_in_days, retention_in_days, Impact::NONE)
            .field("kms_key_id", &old.kms_key_id, kms_key_id, Impact::NONE)
            .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for LogGroup {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        futures::future::try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let key = spec.kms_key_id.as_ref().map(Input::get).transpose()?.map(ToString::to_string);
        let tagged: std::collections::HashMap<String, String> = me.with_tags(&spec.tags).into_iter().collect();
        let name = spec.log_group_name.as_str();
        let call = || {
            let create = aws.logs().create_log_group().log_group_name(name).set_kms_key_id(key.clone());
            create.set_tags(Some(tagged.clone())).send()
        };
        aws.write("logs:CreateLogGroup", call).await?;
        retain(aws, name, spec.retention_in_days).await.map_err(CallError::half_done)?;
        Ok(Done::pending(outputs(aws, name)))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let name = from.outputs.log_group_name.as_str();
        if from.spec.retention_in_days != to.retention_in_days {
            retain(aws, name, to.retention_in_days).await?;
        }
        if from.spec.kms_key_id != to.kms_key_id {
            encrypt(aws, name, to.kms_key_id.as_ref()).await?;
        }
        retag(aws, &from.outputs.arn, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.logs().delete_log_group().log_group_name(past.outputs.log_group_name.as_str()).send();
        aws.remove("logs:DeleteLogGroup", call).await.gone_is_fine()?;
        Ok(Ending::Gone)
    }
}

fn outputs(aws: &Aws, name: &str) -> LogGroupOutputs {
    LogGroupOutputs { log_group_name: name.into(), arn: aws.arn("logs", &format!("log-group:{name}")) }
}

async fn see(aws: &Aws, look: &Look, ask: &Ask<LogGroup>) -> Result<Seen<LogGroup>, CallError> {
    let name = ask.outputs.as_ref().map_or(ask.spec.log_group_name.as_str(), |outputs| outputs.log_group_name.as_str());
    let call = || {
        let pages = aws.logs().describe_log_groups().log_group_name_prefix(name).into_paginator().items();
        async move { pages.send().collect::<Result<Vec<_>, _>>().await }
    };
    let groups = aws.read("logs:DescribeLogGroups", call).await?;
    // The filter is a prefix: `…/postgresql` finds `…/postgresql-audit` too.
    let Some(raw) = groups.iter().find(|group| group.log_group_name() == Some(name)) else { return Ok(Seen::Absent) };
    let outputs = outputs(aws, name);
    let all = aws.tags_of(look, &ask.identity, &outputs.arn).await?;
    let owner = match Owner::of(&all) {
        Owner::Untagged if name.starts_with(OF_RDS) => Owner::Inherited,
        owner => owner,
    };
    Ok(Found::ready(spec(raw, name, auroractl_core::tags::user(&all)), outputs, owner).into())
}

fn spec(raw: &Raw, name: &str, tags: Tags) -> LogGroup {
    LogGroup {
        log_group_name: name.to_owned(),
        retention_in_days: raw.retention_in_days().and_then(|days| u32::try_from(days).ok()),
        kms_key_id: raw.kms_key_id().map(|key| Input::Value(key.into())),
        tags,
    }
}

async fn retain(aws: &Aws, name: &str, days: Option<u32>) -> Result<(), CallError> {
    match days.and_then(|days| i32::try_from(days).ok()) {
        Some(days) => {
            let call = || aws.logs().put_retention_policy().log_group_name(name).retention_in_days(days).send();
            aws.write("logs:PutRetentionPolicy", call).await.map(|_| ())
        }
        None => {
            let call = || aws.logs().delete_retention_policy().log_group_name(name).send();
            aws.write("logs:DeleteRetentionPolicy", call).await.gone_is_fine().map(|_| ())
        }
    }
}

async fn encrypt(aws: &Aws, name: &str, key: Option<&Input<KmsKeyArn>>) -> Result<(), CallError> {
    match key.map(Input::get).transpose()? {
        Some(key) => {
            let call = || aws.logs().associate_kms_key().log_group_name(name).kms_key_id(key.as_str()).send();
            aws.write("logs:AssociateKmsKey", call).await.map(|_| ())
        }
        None => {
            let call = || aws.logs().disassociate_kms_key().log_group_name(name).send();
            aws.write("logs:DisassociateKmsKey", call).await.map(|_| ())
        }
    }
}

async fn retag(aws: &Aws, arn: &str, edit: &tags::TagEdit) -> Result<(), CallError> {
    if !edit.set.is_empty() {
        let tags: std::collections::HashMap<String, String> = edit.set.clone().into_iter().collect();
        let call = || aws.logs().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send();
        aws.write("logs:TagResource", call).await?;
    }
    if !edit.unset.is_empty() {
        let call = || aws.logs().untag_resource().resource_arn(arn).set_tag_keys(Some(edit.unset.clone())).send();
        aws.write("logs:UntagResource", call).await?;
    }
    Ok(())
}
