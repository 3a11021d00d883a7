//! Monitoring: log groups before the cluster, alarms by name, and who is told.

use super::Draft;
use crate::config::{AlarmKind, Config, ResolvedAlarm};
use auroractl_core::graph::GraphError;
use auroractl_core::ids::{KmsKeyArn, TopicArn};
use auroractl_core::{Address, Handle, Input, Model};
use auroractl_monitoring::defaults::{
    self, Capacity, DefaultAlarm, Limit, Members, MetricUnit, NAMESPACE, default_max_connections,
};
use auroractl_monitoring::{LogGroup, MetricAlarm, SnsSubscription, SnsTopic, TopicPolicy};
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
    for wanted in &alarms {
        let key = wanted.kind.key();
        let Some(alarm) = defaults::alarm(key).filter(|alarm| applies(draft.config, alarm)) else { continue };
        let spec = alarm_spec(draft, (alarm, wanted), &topic);
        draft.add(&key.replace('_', "-"), &spec, &format!("monitoring.alarms.{key}"))?;
    }
    Ok(())
}

/// Is this field of a resource a number of bytes? A threshold has the unit of its metric, and an alarm is addressed by its key.
#[must_use]
pub fn in_bytes(at: &Address, field: &str) -> bool {
    let alarm = || defaults::alarm(&at.name().replace('-', "_"));
    let threshold = at.kind() == MetricAlarm::KIND && field == "threshold";
    threshold && alarm().is_some_and(|alarm| alarm.unit == MetricUnit::Bytes)
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

/// Does the metric exist on a member of this stack?
fn applies(config: &Config, alarm: &DefaultAlarm) -> bool {
    let members = config.members();
    match alarm.members {
        Members::All | Members::Readers => true,
        Members::Provisioned => members.iter().any(|member| member.class != SERVERLESS),
        Members::Serverless => members.iter().any(|member| member.class == SERVERLESS),
    }
}

fn alarm_spec(
    draft: &Draft<'_>,
    (alarm, wanted): (&DefaultAlarm, &ResolvedAlarm),
    topic: &Input<TopicArn>,
) -> MetricAlarm {
    let cluster = draft.config.cluster_identifier();
    let topics: BTreeSet<_> = [topic.clone()].into();
    MetricAlarm {
        alarm_description: alarm.description(cluster),
        namespace: NAMESPACE.to_owned(),
        metric_name: alarm.metric.to_owned(),
        dimensions: BTreeMap::from([("DBClusterIdentifier".to_owned(), cluster.to_owned())]),
        statistic: alarm.statistic,
        period: wanted.period_seconds,
        evaluation_periods: wanted.evaluation_periods,
        datapoints_to_alarm: wanted.evaluation_periods,
        threshold: threshold(draft.config, alarm, wanted),
        comparison_operator: alarm.comparison_operator,
        treat_missing_data: alarm.treat_missing_data,
        alarm_actions: topics.clone(),
        ok_actions: topics,
        tags: draft.tags(),
    }
}

/// The threshold in the metric's own unit. A share is of what the smallest member has.
fn threshold(config: &Config, alarm: &DefaultAlarm, wanted: &ResolvedAlarm) -> f64 {
    if let Some(value) = wanted.threshold.for_metric(wanted.kind) {
        return value;
    }
    let share = wanted.threshold.value / 100.0;
    let limit = match wanted.kind {
        AlarmKind::Connections => Limit::OfConnections(share),
        _ => Limit::OfMemory(share),
    };
    let most = config.cluster.serverless.as_ref().map(|range| range.max_acu);
    let known = config.members().into_iter().filter_map(|member| hardware(&member.class, most));
    let members: Vec<Capacity> = known.map(|hardware| capacity(&hardware)).collect();
    DefaultAlarm { limit, ..*alarm }.threshold(&members).unwrap_or_default()
}

/// The hardware of a member; of a serverless one at the most capacity of its cluster.
pub(crate) fn hardware(class: &str, most: Option<f64>) -> Option<Hardware> {
    match most {
        Some(most) if class == SERVERLESS => Some(Hardware::serverless(most)),
        _ => Hardware::of_class(class),
    }
}

/// What shares of alarms are shares of.
pub(crate) fn capacity(hardware: &Hardware) -> Capacity {
    const GIB: f64 = 1_073_741_824.0;
    #[expect(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^52")]
    let process = hardware.variables().memory as f64;
    Capacity { memory: hardware.memory_gib * GIB, max_connections: default_max_connections(process) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_of_sizes_are_bytes_and_no_others() {
        let of = |at: &str, field: &str| in_bytes(&at.parse().unwrap(), field);
        assert!(of("metric_alarm.memory", "threshold") && of("metric_alarm.local-storage", "threshold"));
        for (at, field) in [
            ("metric_alarm.memory", "period"),
            ("metric_alarm.replica-lag", "threshold"),
            ("metric_alarm.else", "threshold"),
            ("db_instance.memory", "threshold"),
        ] {
            assert!(!of(at, field), "{at} {field}");
        }
    }
}
