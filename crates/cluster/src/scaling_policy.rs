//! When autoscaling adds and removes readers: target tracking of a measure of theirs. Class E: a put under a derived
//! name.
//!
//! Policies have no tags. A derived name holds the oid, so nobody else's policy can carry it.

use crate::scalable_target::DIMENSION;
use auroractl_aws::{Aws, GoneIsFine as _};
use auroractl_core::identity::NameRule;
use auroractl_core::ids::ScalableTargetId;
use auroractl_core::model::{Adoption, Group, Model, Timing};
use auroractl_core::{Diff, Identity, Impact, Input, Level, Naming, Owner};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Past, Resource, Seen};
use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalingPolicy as Raw, ServiceNamespace,
    TargetTrackingScalingPolicyConfiguration,
};
use serde::{Deserialize, Serialize};

const SOURCE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html";
/// AWS's cooldown where none was said, in seconds.
const DEFAULT_COOLDOWN: u32 = 300;

/// A scaling policy as the stack wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalingPolicy {
    /// The target it scales.
    pub resource_id: Input<ScalableTargetId>,
    /// What is measured.
    pub predefined_metric_type: ReaderMetric,
    /// The average that is aimed at: percent or connections.
    pub target_value: f64,
    /// Seconds to wait after removing a reader.
    pub scale_in_cooldown: u32,
    /// Seconds to wait after adding a reader.
    pub scale_out_cooldown: u32,
    /// Readers are only added.
    pub disable_scale_in: bool,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReaderMetric {
    /// Average CPU of the readers, in percent.
    #[serde(rename = "RDSReaderAverageCPUUtilization")]
    Cpu,
    /// Average connections of the readers.
    #[serde(rename = "RDSReaderAverageDatabaseConnections")]
    Connections,
    /// Something else, as somebody else set it.
    #[serde(rename = "other")]
    Other,
}

/// What a scaling policy exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScalingPolicyOutputs {
    /// Its name.
    pub policy_name: String,
    /// The target it scales.
    pub resource_id: ScalableTargetId,
}

impl Model for ScalingPolicy {
    const KIND: &'static str = "scaling_policy";
    const GROUP: Group = Group::Cluster;
    const ADOPTION: Adoption = Adoption::Upsert;
    const TIMING: Timing = Timing::instant(120.0);
    type Outputs = ScalingPolicyOutputs;

    fn naming(&self) -> Naming {
        Naming::Derived(NameRule::regional(256))
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self {
            resource_id,
            predefined_metric_type,
            target_value,
            scale_in_cooldown,
            scale_out_cooldown,
            disable_scale_in,
        } = new;
        let free = Impact::new(Level::None, SOURCE);
        d.field("resource_id", &old.resource_id, resource_id, Impact::new(Level::Replace, SOURCE))
            .field("predefined_metric_type", &old.predefined_metric_type, predefined_metric_type, free.clone())
            .field("target_value", &old.target_value, target_value, free.clone())
            .field("scale_in_cooldown", &old.scale_in_cooldown, scale_in_cooldown, free.clone())
            .field("scale_out_cooldown", &old.scale_out_cooldown, scale_out_cooldown, free.clone())
            .field("disable_scale_in", &old.disable_scale_in, disable_scale_in, free);
    }
}

impl Resource<Aws> for ScalingPolicy {
    async fn survey(aws: &Aws, _: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let names: Vec<String> = asks.iter().map(|ask| name(ask).to_owned()).collect();
        let call = || {
            let policies = aws.autoscaling().describe_scaling_policies().service_namespace(ServiceNamespace::Rds);
            // By name alone: "If you specify a scalable dimension, you must also specify a resource ID".
            let pages = policies.set_policy_names(Some(names.clone())).into_paginator();
            async move { pages.items().send().collect::<Result<Vec<_>, _>>().await }
        };
        let all = aws.read("application-autoscaling:DescribeScalingPolicies", call).await?;
        let one = |ask: &Ask<Self>| {
            all.iter().find(|raw| raw.policy_name() == name(ask)).map_or(Seen::Absent, |raw| found(raw).into())
        };
        Ok(asks.iter().map(one).collect())
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let resource_id = spec.resource_id.get()?.clone();
        put(aws, &me.name, resource_id.as_str(), spec).await?;
        Ok(Done::ready(ScalingPolicyOutputs { policy_name: me.name.clone(), resource_id }))
    }

    async fn update(aws: &Aws, _: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        put(aws, &from.outputs.policy_name, from.outputs.resource_id.as_str(), to).await?;
        Ok(Done::ready(from.outputs.clone()))
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let ScalingPolicyOutputs { policy_name, resource_id } = &past.outputs;
        let call = || {
            let policy = aws.autoscaling().delete_scaling_policy().service_namespace(ServiceNamespace::Rds);
            policy.policy_name(policy_name).resource_id(resource_id.as_str()).scalable_dimension(DIMENSION).send()
        };
        aws.remove("application-autoscaling:DeleteScalingPolicy", call).await.ending(Ending::Gone)
    }
}

impl ReaderMetric {
    fn sdk(self) -> MetricType {
        match self {
            Self::Connections => MetricType::RdsReaderAverageDatabaseConnections,
            Self::Cpu | Self::Other => MetricType::RdsReaderAverageCpuUtilization,
        }
    }

    fn of(metric: Option<&MetricType>) -> Self {
        match metric {
            Some(MetricType::RdsReaderAverageCpuUtilization) => Self::Cpu,
            Some(MetricType::RdsReaderAverageDatabaseConnections) => Self::Connections,
            _ => Self::Other,
        }
    }
}

fn name(ask: &Ask<ScalingPolicy>) -> &str {
    ask.outputs.as_ref().map_or(ask.identity.name.as_str(), |outputs| outputs.policy_name.as_str())
}

async fn put(aws: &Aws, name: &str, target: &str, spec: &ScalingPolicy) -> Result<(), CallError> {
    const CALL: &str = "application-autoscaling:PutScalingPolicy";
    let unbuilt = |why: &dyn std::fmt::Display| CallError::new(CALL, auroractl_engine::Class::Invalid, why.to_string());
    let metric = PredefinedMetricSpecification::builder().predefined_metric_type(spec.predefined_metric_type.sdk());
    let metric = metric.build().map_err(|why| unbuilt(&why))?;
    let seconds = |seconds: u32| i32::try_from(seconds).unwrap_or(i32::MAX);
    let tracking = TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(spec.target_value)
        .predefined_metric_specification(metric)
        .scale_in_cooldown(seconds(spec.scale_in_cooldown))
        .scale_out_cooldown(seconds(spec.scale_out_cooldown))
        .disable_scale_in(spec.disable_scale_in)
        .build()
        .map_err(|why| unbuilt(&why))?;
    let call = || {
        let policy = aws.autoscaling().put_scaling_policy().service_namespace(ServiceNamespace::Rds).policy_name(name);
        let policy =
            policy.resource_id(target).scalable_dimension(DIMENSION).policy_type(PolicyType::TargetTrackingScaling);
        policy.target_tracking_scaling_policy_configuration(tracking.clone()).send()
    };
    aws.write(CALL, call).await?;
    Ok(())
}

fn found(raw: &Raw) -> Found<ScalingPolicy> {
    let tracking = raw.target_tracking_scaling_policy_configuration();
    let seconds = |value: Option<i32>| value.and_then(|seconds| seconds.try_into().ok()).unwrap_or(DEFAULT_COOLDOWN);
    let metric =
        tracking.and_then(|t| t.predefined_metric_specification()).map(|metric| metric.predefined_metric_type());
    let spec = ScalingPolicy {
        resource_id: Input::Value(raw.resource_id().into()),
        predefined_metric_type: ReaderMetric::of(metric),
        target_value: tracking.map_or(0.0, |t| t.target_value()),
        scale_in_cooldown: seconds(tracking.and_then(|t| t.scale_in_cooldown())),
        scale_out_cooldown: seconds(tracking.and_then(|t| t.scale_out_cooldown())),
        disable_scale_in: tracking.and_then(|t| t.disable_scale_in()).unwrap_or(false),
    };
    let outputs =
        ScalingPolicyOutputs { policy_name: raw.policy_name().to_owned(), resource_id: raw.resource_id().into() };
    Found::ready(spec, outputs, Owner::Inherited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_aws_names() {
        for metric in [ReaderMetric::Cpu, ReaderMetric::Connections] {
            assert_eq!(ReaderMetric::of(Some(&metric.sdk())), metric);
        }
        assert_eq!(ReaderMetric::of(None), ReaderMetric::Other);
    }
}
