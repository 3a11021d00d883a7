//! What a stack gives to those who use it: endpoints, the secret, identifiers. Read from the state alone.

use auroractl_cluster::{DbCluster, DbInstance};
use auroractl_core::{Model, Of, State};
use auroractl_monitoring::SnsTopic;
use auroractl_network::{SecurityGroup, Vpc};
use auroractl_security::KmsKey;

/// One result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name, for example `writer_endpoint`.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The results of what the state knows; empty before the first apply.
#[must_use]
pub fn outputs(state: &State) -> Vec<Output> {
    let mut found = Vec::new();
    let mut push = |name: &str, value: Option<String>| {
        found.extend(value.map(|value| Output { name: name.to_owned(), value }));
    };
    if let Some((spec, cluster)) = first::<DbCluster>(state, "main") {
        push("cluster_identifier", Some(cluster.db_cluster_identifier.to_string()));
        push("cluster_arn", Some(cluster.db_cluster_arn));
        push("writer_endpoint", Some(cluster.endpoint));
        push("reader_endpoint", Some(cluster.reader_endpoint));
        push("port", Some(cluster.port.to_string()));
        push("database", spec.database_name);
        push("master_username", Some(spec.master_username));
        push("master_user_secret_arn", cluster.master_user_secret_arn);
    }
    for (address, record) in state.resources.iter().filter(|(at, _)| at.kind() == DbInstance::KIND) {
        let endpoint = Of::<DbInstance>::outputs(&record.outputs).ok().and_then(|outputs| outputs.endpoint);
        push(&format!("instance_{}_endpoint", address.name().replace(['-', '.'], "_")), endpoint);
    }
    push("kms_key_arn", first::<KmsKey>(state, "main").map(|(_, key)| key.key_arn.to_string()));
    push("vpc_id", first::<Vpc>(state, "main").map(|(_, vpc)| vpc.vpc_id.to_string()));
    push(
        "database_security_group_id",
        first::<SecurityGroup>(state, "db").map(|(_, group)| group.group_id.to_string()),
    );
    push(
        "application_security_group_id",
        first::<SecurityGroup>(state, "app").map(|(_, group)| group.group_id.to_string()),
    );
    push("alarm_topic_arn", first::<SnsTopic>(state, "alarms").map(|(_, topic)| topic.topic_arn.to_string()));
    found
}

/// Spec and outputs of a recorded resource.
fn first<M: Model>(state: &State, name: &str) -> Option<(M, M::Outputs)> {
    let (_, record) = state.resources.iter().find(|(at, _)| at.kind() == M::KIND && at.name() == name)?;
    Some((Of::<M>::spec(&record.applied).ok()?, Of::<M>::outputs(&record.outputs).ok()?))
}
