//! A log group. Class A. Made before the cluster: RDS would make it itself, without retention and without key.
//!
//! Where RDS came first, its group is taken over: it is told by its name, under the cluster's, and by nobody having
//! configured it. A group that somebody has tagged or given a retention is a stranger's. So is one that RDS made for a
//! former cluster of the name: RDS leaves it when the cluster goes, and a retention would delete what people kept.

use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::ids::{KmsKeyArn, LogGroupName};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::tags::LINEAGE;
use auroractl_core::{Context, Diff, Identity, Impact, Input, Level, Naming, Owner, Tags};
use auroractl_engine::{Ask, CallError, Class, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_cloudwatchlogs::types::LogGroup as Raw;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const IN_PLACE: Impact = Impact::new(Level::None, DOC);
/// The events stay in the group of the old name.
const RENAMED: Impact =
    Impact::impossible(DOC, "keep the name, or drop the group from the state and let a new one be made beside it", &[]);
const DOC: &str = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html";
/// Under this prefix RDS makes groups by itself
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.CloudWatch.html>).
const OF_RDS: &str = "/aws/rds/cluster/";

/// A log group as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// Its name, `/aws/rds/cluster/<cluster>/postgresql`.
    pub log_group_name: String,
    /// Days that log events are kept; `None` leaves that as it is, which for a new group is for ever.
    pub retention_in_days: Option<u32>,
    /// The key that encrypts it; `None` leaves that as it is, which for a new group is CloudWatch Logs' own.
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
        d.field("log_group_name", &old.log_group_name, log_group_name, RENAMED)
            .managed("retention_in_days", &old.retention_in_days, retention_in_days, retention)
            .managed("kms_key_id", &old.kms_key_id, kms_key_id, IN_PLACE)
            .tags(&old.tags, tags);
    }
}

/// CloudWatch Logs deletes what is older than a shorter retention. `None` is for ever.
fn retention(old: &Option<u32>, new: &Option<u32>, _: &Context<'_>) -> Impact {
    let shorter = new.is_some_and(|new| old.is_none_or(|old| new < old));
    if shorter { IN_PLACE.for_good() } else { IN_PLACE }
}

impl Resource<Aws> for LogGroup {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        try_join_all(asks.iter().map(|ask| see(aws, look, ask))).await
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
        // First: one of RDS's that is half taken over would be a stranger's to the next run.
        retag(aws, &from.outputs.arn, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        if from.spec.retention_in_days != to.retention_in_days {
            retain(aws, name, to.retention_in_days).await?;
        }
        if from.spec.kms_key_id != to.kms_key_id {
            encrypt(aws, name, to.kms_key_id.as_ref()).await?;
        }
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let call = || aws.logs().delete_log_group().log_group_name(past.outputs.log_group_name.as_str()).send();
        aws.remove("logs:DeleteLogGroup", call).await.ending(Ending::Gone)
    }
}

fn outputs(aws: &Aws, name: &str) -> LogGroupOutputs {
    LogGroupOutputs { log_group_name: name.into(), arn: aws.arn("logs", &format!("log-group:{name}")) }
}

async fn see(aws: &Aws, look: &Look, ask: &Ask<LogGroup>) -> Result<Seen<LogGroup>, CallError> {
    let name = ask.outputs.as_ref().map_or(ask.spec.log_group_name.as_str(), |outputs| outputs.log_group_name.as_str());
    let groups = groups(aws, look, folder(name)).await?;
    let Some(raw) = groups.iter().find(|group| group.log_group_name() == Some(name)) else { return Ok(Seen::Absent) };
    let outputs = outputs(aws, name);
    let all = aws.tags_of(look, (&ask.identity, Some(&ask.spec.tags)), &outputs.arn).await?;
    let ours = ask.outputs.is_none() && made_by_rds(raw, &all) && made_for_us(aws, raw, &ask.identity.lineage).await?;
    let owner = if ours { Owner::Service } else { Owner::of(&all) };
    let mut spec = spec(raw, name, auroractl_core::tags::user(&all));
    if raw.retention_policy_name().is_some() {
        // The account's policy wins, and is all that is shown: whether the group's own retention differs, nobody can tell.
        spec.retention_in_days = ask.spec.retention_in_days;
    }
    Ok(Found::ready(spec, outputs, owner).into())
}

/// What the groups of one cluster have in common, so that one call finds all of them. A name without a folder is its
/// own.
fn folder(name: &str) -> &str {
    name.rfind('/').filter(|at| *at > 0).and_then(|at| name.get(..=at)).unwrap_or(name)
}

/// The groups whose names begin so.
async fn groups(aws: &Aws, look: &Look, prefix: &str) -> Result<Arc<Vec<Raw>>, CallError> {
    let query = format!("logs:DescribeLogGroups {} {prefix}", aws.region());
    look.once(&query, async {
        let call = || {
            let pages = aws.logs().describe_log_groups().log_group_name_prefix(prefix).into_paginator().items();
            async move { pages.send().collect::<Result<Vec<_>, _>>().await }
        };
        aws.read("logs:DescribeLogGroups", call).await
    })
    .await
}

/// Has RDS made it, and nobody touched it since?
fn made_by_rds(raw: &Raw, tags: &tags::Map) -> bool {
    raw.log_group_name().is_some_and(|name| name.starts_with(OF_RDS))
        && (raw.retention_in_days().is_none() || raw.retention_policy_name().is_some())
        && tags.is_empty()
}

/// Does it hold nothing, or has RDS made it for the cluster that this stack has now? What is older is the log of a former
/// one.
async fn made_for_us(aws: &Aws, raw: &Raw, lineage: &str) -> Result<bool, CallError> {
    let name = raw.log_group_name().unwrap_or_default();
    if is_empty(aws, raw, name).await? {
        return Ok(true);
    }
    let Some(cluster) = cluster(name) else { return Ok(false) };
    let call = || aws.rds().describe_db_clusters().db_cluster_identifier(cluster).send();
    let answer = match aws.read("rds:DescribeDBClusters", call).await.gone_is_fine() {
        Err(error) if error.class == Class::Denied => return Ok(false),
        answer => answer?,
    };
    let clusters = answer.and_then(|answer| answer.db_clusters).unwrap_or_default();
    Ok(clusters.first().is_some_and(|cluster| {
        let born = cluster.cluster_create_time().map(|born| born.secs());
        tags::of_rds(cluster.tag_list()).get(LINEAGE).is_some_and(|own| own == lineage) && younger(raw, born)
    }))
}

/// Is the group not older than a cluster that was born then, in Unix seconds? What is not known is no.
fn younger(raw: &Raw, born: Option<i64>) -> bool {
    let made = raw.creation_time().map(|millis| millis.div_euclid(1000));
    made.zip(born).is_some_and(|(made, born)| made >= born)
}

/// The sum of the stored bytes comes hours later, so streams count as content.
async fn is_empty(aws: &Aws, raw: &Raw, name: &str) -> Result<bool, CallError> {
    if raw.stored_bytes().is_some_and(|bytes| bytes > 0) {
        return Ok(false);
    }
    let call = || aws.logs().describe_log_streams().log_group_name(name).limit(1).send();
    match aws.read("logs:DescribeLogStreams", call).await {
        Ok(answer) => Ok(answer.log_streams().is_empty()),
        // Who may not look does not know.
        Err(error) if matches!(error.class, Class::Denied | Class::Gone) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The cluster that such a name is of.
fn cluster(name: &str) -> Option<&str> {
    name.strip_prefix(OF_RDS)?.split('/').next().filter(|cluster| !cluster.is_empty())
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
    let Some(days) = days.map(|days| i32::try_from(days).unwrap_or(i32::MAX)) else { return Ok(()) };
    let call = || aws.logs().put_retention_policy().log_group_name(name).retention_in_days(days).send();
    aws.write("logs:PutRetentionPolicy", call).await.map(|_| ())
}

async fn encrypt(aws: &Aws, name: &str, key: Option<&Input<KmsKeyArn>>) -> Result<(), CallError> {
    let Some(key) = key.map(Input::get).transpose()? else { return Ok(()) };
    let call = || aws.logs().associate_kms_key().log_group_name(name).kms_key_id(key.as_str()).send();
    aws.write("logs:AssociateKmsKey", call).await.map(|_| ())
}

async fn retag(aws: &Aws, arn: &str, edit: &tags::TagEdit) -> Result<(), CallError> {
    if !edit.unset.is_empty() {
        let call = || aws.logs().untag_resource().resource_arn(arn).set_tag_keys(Some(edit.unset.clone())).send();
        aws.write("logs:UntagResource", call).await?;
    }
    if !edit.set.is_empty() {
        let tags: std::collections::HashMap<String, String> = edit.set.clone().into_iter().collect();
        let call = || aws.logs().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send();
        aws.write("logs:TagResource", call).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::changes;

    const NAME: &str = "/aws/rds/cluster/orders/postgresql";

    fn wanted() -> LogGroup {
        LogGroup {
            log_group_name: NAME.to_owned(),
            retention_in_days: Some(365),
            kms_key_id: Some(Input::Value("arn:key".into())),
            tags: Tags::new(),
        }
    }

    #[test]
    fn an_unchanged_group_equals_what_the_stack_wants() {
        let raw = Raw::builder().log_group_name(NAME).retention_in_days(365).kms_key_id("arn:key").build();
        assert_eq!(spec(&raw, NAME, Tags::new()), wanted());
    }

    #[test]
    fn only_what_rds_made_and_nobody_touched_is_taken_over() {
        let tags = tags::Map::from([("team".to_owned(), "x".to_owned())]);
        let raw = Raw::builder().log_group_name(NAME);
        assert!(made_by_rds(&raw.clone().build(), &tags::Map::new()));
        assert!(!made_by_rds(&raw.clone().build(), &tags));
        assert!(!made_by_rds(&raw.retention_in_days(7).build(), &tags::Map::new()));
        assert!(!made_by_rds(&Raw::builder().log_group_name("/app/orders").build(), &tags::Map::new()));
    }

    #[test]
    fn what_is_older_than_the_cluster_is_the_log_of_a_former_one() {
        let raw = |millis| Raw::builder().log_group_name(NAME).creation_time(millis).build();
        assert!(younger(&raw(5_000), Some(5)) && younger(&raw(5_900), Some(5)) && younger(&raw(9_000), Some(5)));
        assert!(!younger(&raw(4_999), Some(5)));
        assert!(!younger(&raw(5_000), None) && !younger(&Raw::builder().build(), Some(5)));
        assert_eq!((cluster(NAME), cluster("/app/orders"), cluster(OF_RDS)), (Some("orders"), None, None));
    }

    #[test]
    fn the_groups_of_a_cluster_are_found_together() {
        assert_eq!(folder(NAME), "/aws/rds/cluster/orders/");
        assert_eq!(folder("orders"), "orders");
        assert_eq!(folder("/orders"), "/orders");
    }

    #[test]
    fn grades() {
        let edits = [
            ("log_group_name", Level::Impossible, LogGroup { log_group_name: "x".to_owned(), ..wanted() }),
            ("retention_in_days", Level::None, LogGroup { retention_in_days: Some(30), ..wanted() }),
            ("kms_key_id", Level::None, LogGroup { kms_key_id: Some(Input::Value("arn:other".into())), ..wanted() }),
        ];
        for (path, level, new) in edits {
            assert_eq!(changes(&wanted(), &new), [(path.to_owned(), level)]);
        }
        let relinquished = LogGroup { retention_in_days: None, kms_key_id: None, ..wanted() };
        assert_eq!(changes(&wanted(), &relinquished), []);
    }
}
