//! A scaling policy is an `aws_appautoscaling_policy`.

use super::Terraform;
use super::block::{Block, Nested};
use super::scalable_target::{DIMENSION, NAMESPACE};
use auroractl_cluster::{ReaderMetric, ScalingPolicy};

impl Terraform for ScalingPolicy {
    const TYPE: &'static str = "aws_appautoscaling_policy";

    fn say(&self, block: &mut Block<'_>) {
        let Self {
            resource_id,
            predefined_metric_type,
            target_value,
            scale_in_cooldown,
            scale_out_cooldown,
            disable_scale_in,
        } = self;
        let metric = Nested::default().maybe("predefined_metric_type", metric(*predefined_metric_type));
        let tracking = Nested::default()
            .block("predefined_metric_specification", metric)
            .with("target_value", *target_value)
            .with("scale_in_cooldown", *scale_in_cooldown)
            .with("scale_out_cooldown", *scale_out_cooldown)
            .with("disable_scale_in", *disable_scale_in);
        block
            .later("name")
            .set("policy_type", "TargetTrackingScaling")
            .set("service_namespace", NAMESPACE)
            .set("scalable_dimension", DIMENSION)
            .input("resource_id", resource_id)
            .blocks("target_tracking_scaling_policy_configuration", vec![tracking]);
    }
}

fn metric(metric: ReaderMetric) -> Option<&'static str> {
    match metric {
        ReaderMetric::Cpu => Some("RDSReaderAverageCPUUtilization"),
        ReaderMetric::Connections => Some("RDSReaderAverageDatabaseConnections"),
        // Only ever observed: no stack asks for one.
        ReaderMetric::Other => None,
    }
}
