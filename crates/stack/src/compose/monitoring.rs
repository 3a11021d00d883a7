//! Monitoring: log groups before the cluster, alarms by name, and who is told.

use super::Draft;
use crate::config::{AlarmKind, Comparison, ResolvedAlarm, Unit};
use auroractl_core::graph::GraphError;
use auroractl_core::ids::{KmsKeyArn, TopicArn};
use auroractl_core::{Handle, Input};
use auroractl_monitoring::{
    ComparisonOperator, LogGroup, MetricAlarm, SnsSubscription, SnsTopic, Statistic, TopicPolicy, TreatMissingData,
};
use auroractl_params::classes::{Hardware, SERVERLESS};
use std::collections::{BTreeMap, BTreeSet};

/// One log group for each exported log.
pub(super) fn log_groups(draft: &mut Draft<'_>, key: &Input<KmsKeyArn>) -> Result<Vec<Handle<LogGroup>>, GraphError> {
    let config = draft.config;
    let group = |log: &str| LogGroup {
        log_group_name: format!("/aws/rds/cluster/{}/{log}", config.cluster_identifier()),
        retention_in_days: Some(config.monitoring.log_retention_days),
        kms_key_id: Some(key.clone()),
        tags: config.stack.tags.clone(),
    };
    let logs = config.cluster.log_exports.iter().map(|log| log.as_str());
    logs.map(|log| draft.add(log, &group(log), "monitoring.log_retention_days")).collect()
}

/// The topic, its receivers, and the alarms that speak to it.
///
/// Alarms name the cluster and need no instance: they are there before the first reader is.
pub(super) fn alarms(draft: &mut Draft<'_>, key: &Input<KmsKeyArn>) -> Result<(), GraphError> {
    let alarms = draft.config.monitoring.alarms.resolved();
    if alarms.is_empty() && draft.config.monitoring.subscriptions.is_empty() {
        return Ok(());
    }
    let topic = topic(draft, key)?;
    for alarm in &alarms {
        let at = format!("monitoring.alarms.{}", alarm.kind.key());
        let spec = alarm_spec(draft, alarm, &topic);
        draft.add(&alarm.kind.key().replace('_', "-"), &spec, &at)?;
    }
    Ok(())
}

fn topic(draft: &mut Draft<'_>, key: &Input<KmsKeyArn>) -> Result<Input<TopicArn>, GraphError> {
    let config = draft.config;
    let topic = match &config.monitoring.sns_topic_arn {
        Some(arn) => Input::Value(arn.as_str().into()),
        None => {
            let spec =
                SnsTopic { kms_master_key_id: Some(key.clone()), policy: TopicPolicy::Alarms, tags: draft.tags() };
            draft.add("alarms", &spec, "monitoring")?.out()
        }
    };
    for (index, receiver) in config.monitoring.subscriptions.iter().enumerate() {
        let spec = SnsSubscription {
            topic_arn: topic.clone(),
            protocol: receiver.protocol.as_str().to_owned(),
            endpoint: receiver.endpoint.clone(),
        };
        draft.add(&receiver.name, &spec, &format!("monitoring.subscriptions[{index}]"))?;
    }
    Ok(topic)
}

fn alarm_spec(draft: &Draft<'_>, alarm: &ResolvedAlarm, topic: &Input<TopicArn>) -> MetricAlarm {
    let topics: BTreeSet<_> = [topic.clone()].into();
    MetricAlarm {
        alarm_description: format!(
            "{} of cluster {} {} {}",
            alarm.kind.metric(),
            draft.config.cluster_identifier(),
            if alarm.kind.comparison() == Comparison::Above { "above" } else { "below" },
            alarm.threshold
        ),
        namespace: "AWS/RDS".to_owned(),
        metric_name: alarm.kind.metric().to_owned(),
        dimensions: BTreeMap::from([("DBClusterIdentifier".to_owned(), draft.config.cluster_identifier().to_owned())]),
        statistic: statistic(alarm.kind),
        period: alarm.period_seconds,
        evaluation_periods: alarm.evaluation_periods,
        datapoints_to_alarm: alarm.evaluation_periods,
        threshold: threshold(draft, alarm),
        comparison_operator: match alarm.kind.comparison() {
            Comparison::Above => ComparisonOperator::GreaterThanThreshold,
            Comparison::Below => ComparisonOperator::LessThanThreshold,
        },
        treat_missing_data: missing(alarm.kind),
        alarm_actions: topics.clone(),
        ok_actions: topics,
        tags: draft.tags(),
    }
}

/// Over all members of a cluster the worst one counts; a rate is a mean.
fn statistic(kind: AlarmKind) -> Statistic {
    match kind {
        AlarmKind::Memory | AlarmKind::LocalStorage => Statistic::Minimum,
        AlarmKind::Deadlocks | AlarmKind::ReadLatency | AlarmKind::WriteLatency => Statistic::Average,
        AlarmKind::Cpu
        | AlarmKind::Connections
        | AlarmKind::ReplicaLag
        | AlarmKind::AcuUtilization
        | AlarmKind::TransactionIds => Statistic::Maximum,
    }
}

/// Without readers there is no lag, and a paused instance reports nothing: neither is a fault.
fn missing(kind: AlarmKind) -> TreatMissingData {
    match kind {
        AlarmKind::ReplicaLag | AlarmKind::Deadlocks | AlarmKind::ReadLatency | AlarmKind::WriteLatency => {
            TreatMissingData::NotBreaching
        }
        _ => TreatMissingData::Missing,
    }
}

/// The threshold in the metric's own unit. A share of what the class has is worked out here, for the smallest member: it is
/// the first to run out.
fn threshold(draft: &Draft<'_>, alarm: &ResolvedAlarm) -> f64 {
    if let Some(value) = alarm.threshold.for_metric(alarm.kind) {
        return value;
    }
    debug_assert_eq!(alarm.threshold.unit, Unit::Percent);
    let whole = hardware(draft).map(|hardware| whole(alarm.kind, &hardware)).reduce(f64::min);
    (whole.unwrap_or_default() * alarm.threshold.value / 100.0).round()
}

fn hardware(draft: &Draft<'_>) -> impl Iterator<Item = Hardware> {
    let most = draft.config.cluster.serverless.as_ref().map(|range| range.max_acu);
    draft.config.members().into_iter().filter_map(move |member| match most {
        Some(most) if member.class == SERVERLESS => Some(Hardware::serverless(most)),
        _ => Hardware::of_class(&member.class),
    })
}

/// What a share is a share of.
fn whole(kind: AlarmKind, hardware: &Hardware) -> f64 {
    const GIB: f64 = 1_073_741_824.0;
    match kind {
        // Aurora's default: LEAST({DBInstanceClassMemory/9531392},5000).
        AlarmKind::Connections => {
            #[expect(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^52")]
            let memory = hardware.variables().memory as f64;
            (memory / 9_531_392.0).min(5000.0)
        }
        // Local storage of Aurora classes is about twice their memory.
        AlarmKind::LocalStorage => hardware.memory_gib * 2.0 * GIB,
        _ => hardware.memory_gib * GIB,
    }
}
