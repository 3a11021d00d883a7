//! Facts about keys, roles, logs, alarms, topics and tags.

use super::View;
use auroractl_core::Model as _;
use auroractl_monitoring::{LogGroup, MetricAlarm, SnsSubscription, SnsTopic, TopicPolicy};
use auroractl_policy::{Fact, Facts, facts};
use auroractl_security::{IamRole, IamRolePolicy, IamRolePolicyAttachment, KeyPolicy, KmsKey};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn fill(view: &View<'_>, into: &mut Facts) {
    security(view, into);
    logs(view, into);
    alarms(view, into);
    into.tags = tags(view);
}

fn security(view: &View<'_>, into: &mut Facts) {
    into.keys.extend(view.all::<KmsKey>().map(|(at, key, _)| facts::KmsKey {
        address: at.clone(),
        rotation: key.rotation_period_in_days.is_some(),
        pending_window: key.deletion_window_in_days,
        enabled: key.enabled,
        policy: match key.policy {
            KeyPolicy::Standard => None,
            KeyPolicy::Document(document) => Some(document.to_string()),
        },
    }));
    let mut policies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, attached, _) in view.all::<IamRolePolicyAttachment>() {
        policies.entry(view.name(IamRole::KIND, &attached.role_name)).or_default().push(attached.policy_arn);
    }
    let mut documents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, own, _) in view.all::<IamRolePolicy>() {
        let of = documents.entry(view.name(IamRole::KIND, &own.role_name)).or_default();
        of.push(own.policy_document.to_string());
    }
    into.roles.extend(view.all::<IamRole>().map(|(at, role, _)| facts::Role {
        address: at.clone(),
        trust: role.assume_role_policy_document.to_string(),
        policies: policies.remove(at.as_str()).unwrap_or_default(),
        documents: documents.remove(at.as_str()).unwrap_or_default(),
    }));
}

fn logs(view: &View<'_>, into: &mut Facts) {
    into.log_groups.extend(view.all::<LogGroup>().map(|(at, group, _)| facts::LogGroup {
        address: at.clone(),
        name: group.log_group_name,
        retention: group.retention_in_days,
        key: view.key(group.kms_key_id.as_ref()),
    }));
}

fn alarms(view: &View<'_>, into: &mut Facts) {
    into.topics.extend(view.all::<SnsTopic>().map(|(at, topic, _)| {
        facts::Topic {
            address: at.clone(),
            name: at.to_string(),
            key: view.key(topic.kms_master_key_id.as_ref()),
            policy: match topic.policy {
                TopicPolicy::Alarms => None,
                TopicPolicy::Document(document) => Some(document.to_string()),
            }
            .into(),
        }
    }));
    let mut known: BTreeSet<String> = into.topics.iter().map(|topic| topic.name.clone()).collect();
    for (at, alarm, _) in view.all::<MetricAlarm>() {
        let actions: Vec<String> = alarm.alarm_actions.iter().map(|topic| view.name(SnsTopic::KIND, topic)).collect();
        for name in &actions {
            if known.insert(name.clone()) {
                let looked = view.looked.topics.get(name);
                let (key, policy) = looked.cloned().unwrap_or((Fact::unknown(GIVEN), Fact::unknown(GIVEN)));
                into.topics.push(facts::Topic { address: at.clone(), name: name.clone(), key, policy });
            }
        }
        into.alarms.push(facts::Alarm {
            address: at.clone(),
            metric: alarm.metric_name,
            dimensions: alarm.dimensions,
            threshold: alarm.threshold,
            actions,
        });
    }
    into.subscriptions.extend(view.all::<SnsSubscription>().map(|(at, subscription, outputs)| facts::Subscription {
        address: at.clone(),
        topic: view.name(SnsTopic::KIND, &subscription.topic_arn),
        protocol: subscription.protocol,
        confirmed: match outputs {
            Some(outputs) => outputs.subscription_arn.starts_with("arn:").into(),
            None => super::not_in_a_plan(),
        },
    }));
}

/// Why nothing is known of a topic that the stack is given.
const GIVEN: &str = "only AWS can tell how the given topic is protected";

/// Tags of everything that has a field for them.
fn tags(view: &View<'_>) -> BTreeMap<auroractl_core::Address, BTreeMap<String, String>> {
    let tagged = view.everything().filter_map(|(at, spec, _)| Some((at, spec.get("tags")?.as_object()?)));
    tagged
        .map(|(at, map)| {
            let texts = map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
            (at.clone(), texts.collect())
        })
        .collect()
}
