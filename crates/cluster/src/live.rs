//! What the design rules want to know about a running cluster beyond what the stack asks for: is its secret healthy, how far
//! behind are backups, do parameters count yet, who may restore its snapshots, who hears its events.

use crate::describe;
use auroractl_aws::Aws;
use auroractl_engine::{CallError, Look};
use aws_sdk_rds::types::{ActivityStreamStatus, DbCluster, DbInstance};
use std::collections::BTreeMap;

/// A running cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterLook {
    /// `MasterUserSecret.SecretStatus`, if RDS keeps the secret.
    pub secret_status: Option<String>,
    /// `LatestRestorableTime`, in seconds since 1970.
    pub latest_restorable: Option<i64>,
    /// `MultiAZ`.
    pub multi_az: bool,
    /// `HttpEndpointEnabled`.
    pub http_endpoint: bool,
    /// `ActivityStreamStatus` is `started`.
    pub activity_stream: bool,
    /// It is a member of a global database.
    pub global: bool,
    /// It has an internet access gateway, or is in no VPC.
    pub internet_gateway: bool,
    /// Feature names of its associated roles that are active.
    pub roles: Vec<String>,
    /// Its members, by `DBInstanceIdentifier`.
    pub instances: BTreeMap<String, InstanceLook>,
}

/// A running instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceLook {
    /// `CertificateDetails.ValidTill`, in seconds since 1970.
    pub certificate_until: Option<i64>,
    /// Status of its parameter groups that is not `in-sync`: its own, or its cluster's.
    pub out_of_sync: Option<String>,
}

/// A snapshot of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotLook {
    /// `DBClusterSnapshotIdentifier`.
    pub identifier: String,
    /// `StorageEncrypted`.
    pub encrypted: bool,
    /// Everybody may restore it.
    pub public: bool,
}

/// Looks at a cluster and its members; `None` when it is not there.
///
/// # Errors
/// When AWS can't be asked.
pub async fn cluster(aws: &Aws, identifier: &str) -> Result<Option<ClusterLook>, CallError> {
    let look = Look::new();
    let Some(raw) = describe::cluster(aws, &look, identifier).await? else { return Ok(None) };
    let members = describe::members(aws, &look, identifier).await?;
    Ok(Some(read(&raw, &members)))
}

fn read(raw: &DbCluster, members: &[DbInstance]) -> ClusterLook {
    let of_cluster: BTreeMap<&str, &str> = raw
        .db_cluster_members()
        .iter()
        .filter_map(|member| Some((member.db_instance_identifier()?, member.db_cluster_parameter_group_status()?)))
        .collect();
    let instances = members.iter().filter_map(|member| {
        let id = member.db_instance_identifier()?;
        let own = member.db_parameter_groups().iter().filter_map(|group| group.parameter_apply_status());
        let mut statuses = own.chain(of_cluster.get(id).copied());
        let look = InstanceLook {
            certificate_until: member.certificate_details().and_then(|of| of.valid_till()).map(|time| time.secs()),
            out_of_sync: statuses.find(|status| *status != "in-sync").map(str::to_owned),
        };
        Some((id.to_owned(), look))
    });
    let active = |role: &&aws_sdk_rds::types::DbClusterRole| role.status() == Some("ACTIVE");
    let roles = raw.associated_roles().iter().filter(active).filter_map(|role| role.feature_name());
    ClusterLook {
        secret_status: raw.master_user_secret().and_then(|secret| secret.secret_status()).map(str::to_owned),
        latest_restorable: raw.latest_restorable_time().map(|time| time.secs()),
        multi_az: raw.multi_az().unwrap_or(false),
        http_endpoint: raw.http_endpoint_enabled().unwrap_or(false),
        activity_stream: raw.activity_stream_status() == Some(&ActivityStreamStatus::Started),
        global: raw.global_cluster_identifier().is_some_and(|id| !id.is_empty()),
        internet_gateway: raw.internet_access_gateway_enabled() == Some(true)
            || raw.vpc_networking_enabled() == Some(false),
        roles: roles.map(str::to_owned).collect(),
        instances: instances.collect(),
    }
}

/// The snapshots of a cluster that people made or kept; only such can be shared.
///
/// # Errors
/// When AWS can't be asked.
pub async fn snapshots(aws: &Aws, cluster: &str) -> Result<Vec<SnapshotLook>, CallError> {
    let call = || {
        let request = aws.rds().describe_db_cluster_snapshots().db_cluster_identifier(cluster).snapshot_type("manual");
        async move { request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await }
    };
    let mut found = Vec::new();
    for raw in aws.read("rds:DescribeDBClusterSnapshots", call).await? {
        let identifier = raw.db_cluster_snapshot_identifier().unwrap_or_default().to_owned();
        let call =
            || aws.rds().describe_db_cluster_snapshot_attributes().db_cluster_snapshot_identifier(&identifier).send();
        let answer = aws.read("rds:DescribeDBClusterSnapshotAttributes", call).await?;
        let attributes =
            answer.db_cluster_snapshot_attributes_result().map(|result| result.db_cluster_snapshot_attributes());
        let public = attributes.unwrap_or_default().iter().any(|attribute| {
            attribute.attribute_name() == Some("restore") && attribute.attribute_values().iter().any(|who| who == "all")
        });
        found.push(SnapshotLook { identifier, encrypted: raw.storage_encrypted().unwrap_or(false), public });
    }
    Ok(found)
}

/// Categories of enabled event subscriptions by source type; no category means all of them.
///
/// # Errors
/// When AWS can't be asked.
pub async fn events(aws: &Aws) -> Result<BTreeMap<String, Vec<String>>, CallError> {
    let call = || {
        let request = aws.rds().describe_event_subscriptions();
        async move { request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await }
    };
    let mut heard: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for raw in aws.read("rds:DescribeEventSubscriptions", call).await? {
        if let (Some(true), Some(source)) = (raw.enabled(), raw.source_type()) {
            heard.entry(source.to_owned()).or_default().extend(raw.event_categories_list().iter().cloned());
        }
    }
    Ok(heard)
}

/// Does AWS Backup take Aurora clusters here? A plan that names one does nothing otherwise
/// (<https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources-json.html>).
///
/// # Errors
/// When AWS can't be asked.
pub async fn opted_in(aws: &Aws) -> Result<bool, CallError> {
    let call = || aws.backup().describe_region_settings().send();
    let answer = aws.read("backup:DescribeRegionSettings", call).await?;
    Ok(answer.resource_type_opt_in_preference().and_then(|all| all.get("Aurora").copied()).unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_rds::types::{DbClusterMember, DbParameterGroupStatus, MasterUserSecret};

    #[test]
    fn a_parameter_that_does_not_count_yet_is_seen_at_either_group() {
        let status = |status: &str| DbParameterGroupStatus::builder().parameter_apply_status(status).build();
        let member =
            |own: &str| DbInstance::builder().db_instance_identifier("a").db_parameter_groups(status(own)).build();
        let of_cluster = |status: &str| {
            let member =
                DbClusterMember::builder().db_instance_identifier("a").db_cluster_parameter_group_status(status);
            let secret = MasterUserSecret::builder().secret_status("impaired").build();
            DbCluster::builder().db_cluster_members(member.build()).master_user_secret(secret).build()
        };
        let sync = |cluster: &str, own: &str| {
            let look = read(&of_cluster(cluster), &[member(own)]);
            assert_eq!(look.secret_status.as_deref(), Some("impaired"));
            look.instances["a"].out_of_sync.clone()
        };
        assert_eq!(sync("in-sync", "in-sync"), None);
        assert_eq!(sync("pending-reboot", "in-sync").as_deref(), Some("pending-reboot"));
        assert_eq!(sync("in-sync", "applying").as_deref(), Some("applying"));
    }
}
