//! How many readers autoscaling may keep. Class E: a put, so that a stranger's would be overwritten without a word.
//!
//! There is one per cluster, whoever made it: its name is asked for before it is
//! registered, and a target without our tag is a stranger's.

use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::ids::{ClusterId, ScalableTargetId};
use auroractl_core::model::{Adoption, Exports, Group, Model, ReplaceOrder, Timing};
use auroractl_core::state::Verb;
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Order, Past, Resource, Seen};
use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalableTarget as Raw, ServiceNamespace, SuspendedState,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

const SOURCE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html";
/// Text before the cluster's name in the id of its target.
const PREFIX: &str = "cluster:";
const REGISTER: &str = "application-autoscaling:RegisterScalableTarget";
/// What is scaled.
pub(crate) const DIMENSION: ScalableDimension = ScalableDimension::RdsClusterReadReplicaCount;

/// A scalable target as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalableTarget {
    /// The cluster whose readers are counted.
    pub db_cluster_identifier: Input<ClusterId>,
    /// Fewest readers, the declared ones counted.
    pub min_capacity: u8,
    /// Most readers, the declared ones counted.
    pub max_capacity: u8,
    /// It adds and removes no readers (`SuspendedState`, all three of its parts). A stack never wants that for long: a roll
    /// suspends it and resumes it, and this is how one that was interrupted is seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// The user's tags.
    pub tags: Tags,
}

/// What a scalable target exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScalableTargetOutputs {
    /// Its id, `cluster:<cluster>`.
    pub resource_id: ScalableTargetId,
    /// Its ARN.
    pub scalable_target_arn: String,
}

impl Exports<ScalableTargetId> for ScalableTarget {
    const OUTPUT: &'static str = "resource_id";
}

impl Model for ScalableTarget {
    const KIND: &'static str = "scalable_target";
    const GROUP: Group = Group::Cluster;
    const ADOPTION: Adoption = Adoption::Upsert;
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = ScalableTargetOutputs;

    /// Before its cluster exists nobody can have registered one.
    fn naming(&self) -> Naming {
        self.db_cluster_identifier.known().map_or(Naming::Server, |cluster| Naming::Given(id(cluster)))
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { db_cluster_identifier, min_capacity, max_capacity, suspended, tags } = new;
        let free = Impact::new(Level::None, SOURCE);
        d.field(
            "db_cluster_identifier",
            &old.db_cluster_identifier,
            db_cluster_identifier,
            Impact::new(Level::Replace, SOURCE),
        )
        .field("min_capacity", &old.min_capacity, min_capacity, free.clone())
        .field("max_capacity", &old.max_capacity, max_capacity, free.clone())
        .field("suspended", &old.suspended, suspended, free)
        .tags(&old.tags, tags);
    }
}

impl Resource<Aws> for ScalableTarget {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let ids: Vec<Option<String>> = asks.iter().map(known).collect();
        let wanted: Vec<String> = ids.iter().flatten().cloned().collect();
        let all = if wanted.is_empty() { Vec::new() } else { described(aws, wanted).await? };
        let one = async |(ask, id): (&Ask<Self>, &Option<String>)| match all
            .iter()
            .find(|raw| Some(raw.resource_id()) == id.as_deref())
        {
            Some(raw) => found(aws, look, ask, raw).await.map(Seen::from),
            None => Ok(Seen::Absent),
        };
        futures::future::try_join_all(asks.iter().zip(&ids).map(one)).await
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let id = id(spec.db_cluster_identifier.get()?);
        let arn = register(aws, &id, spec, Some(me.with_tags(&spec.tags).into_iter().collect())).await?;
        let arn = arn
            .ok_or_else(|| CallError::missing("application-autoscaling:RegisterScalableTarget", "ScalableTargetARN"))?;
        Ok(Done::ready(ScalableTargetOutputs { resource_id: id.into(), scalable_target_arn: arn }))
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let (id, arn) = (from.outputs.resource_id.as_str(), from.outputs.scalable_target_arn.as_str());
        let parts = |spec: &Self| (spec.min_capacity, spec.max_capacity, spec.suspended);
        if parts(&from.spec) != parts(to) {
            // Tags are taken only when the target is new.
            register(aws, id, to, None).await?;
        }
        retag(aws, arn, tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let id = past.outputs.resource_id.as_str();
        let call = || {
            let target = aws.autoscaling().deregister_scalable_target().service_namespace(ServiceNamespace::Rds);
            target.resource_id(id).scalable_dimension(DIMENSION).send()
        };
        aws.remove("application-autoscaling:DeregisterScalableTarget", call).await.ending(Ending::Gone)
    }

    async fn operate(aws: &Aws, _: &Identity, order: &Order<Self>) -> Result<Readiness, CallError> {
        let (id, suspended) = (order.on.outputs.resource_id.as_str(), order.verb == Verb::Pause);
        // Without the bounds: where readers were added or removed meanwhile, registering them would move capacity at once.
        let call = || {
            let target = aws.autoscaling().register_scalable_target().service_namespace(ServiceNamespace::Rds);
            target.resource_id(id).scalable_dimension(DIMENSION).suspended_state(state(suspended)).send()
        };
        aws.write(REGISTER, call).await?;
        Ok(Readiness::Ready)
    }
}

fn id(cluster: &ClusterId) -> String {
    format!("{PREFIX}{cluster}")
}

/// Which target an ask is about, as soon as it is known.
fn known(ask: &Ask<ScalableTarget>) -> Option<String> {
    let recorded = ask.outputs.as_ref().map(|outputs| outputs.resource_id.to_string());
    recorded.or_else(|| ask.spec.db_cluster_identifier.known().map(id))
}

async fn described(aws: &Aws, ids: Vec<String>) -> Result<Vec<Raw>, CallError> {
    let call = || {
        let targets = aws.autoscaling().describe_scalable_targets().service_namespace(ServiceNamespace::Rds);
        let pages = targets.set_resource_ids(Some(ids.clone())).scalable_dimension(DIMENSION).into_paginator();
        async move { pages.items().send().collect::<Result<Vec<_>, _>>().await }
    };
    aws.read("application-autoscaling:DescribeScalableTargets", call).await
}

async fn found(
    aws: &Aws,
    look: &Look,
    ask: &Ask<ScalableTarget>,
    raw: &Raw,
) -> Result<Found<ScalableTarget>, CallError> {
    let arn = raw.scalable_target_arn().unwrap_or_default();
    let all = aws.tags_of(look, (&ask.identity, Some(&ask.spec.tags)), arn).await?;
    let narrow = |readers: i32| readers.try_into().unwrap_or(u8::MAX);
    let cluster = raw.resource_id().strip_prefix(PREFIX).unwrap_or_default();
    let spec = ScalableTarget {
        db_cluster_identifier: Input::Value(cluster.into()),
        min_capacity: narrow(raw.min_capacity()),
        max_capacity: narrow(raw.max_capacity()),
        suspended: suspended(raw),
        tags: auroractl_core::tags::user(&all),
    };
    let outputs = ScalableTargetOutputs { resource_id: raw.resource_id().into(), scalable_target_arn: arn.to_owned() };
    Ok(Found::ready(spec, outputs, Owner::of(&all)))
}

/// All that a target does by itself, switched off or on.
fn state(suspended: bool) -> SuspendedState {
    SuspendedState::builder()
        .dynamic_scaling_in_suspended(suspended)
        .dynamic_scaling_out_suspended(suspended)
        .scheduled_scaling_suspended(suspended)
        .build()
}

/// Is any of it switched off?
fn suspended(raw: &Raw) -> bool {
    let parts = |state: &SuspendedState| {
        [
            state.dynamic_scaling_in_suspended(),
            state.dynamic_scaling_out_suspended(),
            state.scheduled_scaling_suspended(),
        ]
        .contains(&Some(true))
    };
    raw.suspended_state().is_some_and(parts)
}

async fn register(
    aws: &Aws,
    id: &str,
    spec: &ScalableTarget,
    tags: Option<HashMap<String, String>>,
) -> Result<Option<String>, CallError> {
    let call = || {
        let target = aws.autoscaling().register_scalable_target().service_namespace(ServiceNamespace::Rds);
        let target = target.resource_id(id).scalable_dimension(DIMENSION).set_tags(tags.clone());
        let target = target.min_capacity(spec.min_capacity.into()).max_capacity(spec.max_capacity.into());
        target.suspended_state(state(spec.suspended)).send()
    };
    let answer = aws.write(REGISTER, call).await?;
    Ok(answer.scalable_target_arn().map(str::to_owned))
}

async fn retag(aws: &Aws, arn: &str, edit: tags::TagEdit) -> Result<(), CallError> {
    if !edit.unset.is_empty() {
        let call =
            || aws.autoscaling().untag_resource().resource_arn(arn).set_tag_keys(Some(edit.unset.clone())).send();
        aws.write("application-autoscaling:UntagResource", call).await?;
    }
    if !edit.set.is_empty() {
        let set: HashMap<String, String> = edit.set.into_iter().collect();
        let call = || aws.autoscaling().tag_resource().resource_arn(arn).set_tags(Some(set.clone())).send();
        aws.write("application-autoscaling:TagResource", call).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::{Address, Context};
    use std::collections::BTreeMap;

    fn target(cluster: &str, min: u8, max: u8) -> ScalableTarget {
        let cluster = Input::Value(cluster.into());
        let suspended = false;
        ScalableTarget {
            db_cluster_identifier: cluster,
            min_capacity: min,
            max_capacity: max,
            suspended,
            tags: Tags::new(),
        }
    }

    #[test]
    fn its_name_is_its_clusters() {
        assert_eq!(target("orders", 1, 4).naming(), Naming::Given("cluster:orders".to_owned()));
    }

    #[test]
    fn bounds_are_edited_in_place() {
        let (address, observed) = (Address::new("scalable_target", "readers").unwrap(), BTreeMap::new());
        let changes = |old, new| {
            let mut diff = Diff::new(Context { address: &address, observed: &observed });
            ScalableTarget::diff(&old, &new, &mut diff);
            diff.finish().into_iter().map(|change| (change.path, change.impact.level)).collect::<Vec<_>>()
        };
        assert_eq!(changes(target("a", 1, 4), target("a", 1, 6)), [("max_capacity".to_owned(), Level::None)]);
        assert_eq!(
            changes(target("a", 1, 4), target("b", 1, 4)),
            [("db_cluster_identifier".to_owned(), Level::Replace)]
        );
    }
}
