//! The two queries that clusters and instances share within one look.

use auroractl_aws::{Aws, GoneIsFine as _};
use auroractl_engine::{CallError, Look};
use aws_sdk_rds::types::{DbCluster, DbInstance, Filter};
use std::sync::Arc;

/// Readers that Application Auto Scaling makes. They are AWS's to make and to remove, and never a difference.
pub(crate) const AUTOSCALED: &str = "application-autoscaling-";

/// The cluster of this name, if there is one.
pub(crate) async fn cluster(aws: &Aws, look: &Look, id: &str) -> Result<Option<DbCluster>, CallError> {
    let query = format!("rds:DescribeDBClusters {} {id}", aws.region());
    let found: Arc<Option<DbCluster>> = look.once(&query, fetch_cluster(aws, id)).await?;
    Ok(Option::clone(&found))
}

/// The same without a look: for a delete, which is no part of one.
pub(crate) async fn fetch_cluster(aws: &Aws, id: &str) -> Result<Option<DbCluster>, CallError> {
    let call = || aws.rds().describe_db_clusters().db_cluster_identifier(id).send();
    let answer = aws.read("rds:DescribeDBClusters", call).await.gone_is_fine()?;
    // Neptune and DocumentDB share the name space; their clusters are no less in the way of ours.
    let named = |raw: &DbCluster| raw.db_cluster_identifier().is_some_and(|found| found.eq_ignore_ascii_case(id));
    Ok(answer.and_then(|answer| answer.db_clusters.unwrap_or_default().into_iter().find(named)))
}

/// All members of a cluster, the autoscaled ones among them.
pub(crate) async fn members(aws: &Aws, look: &Look, cluster: &str) -> Result<Arc<Vec<DbInstance>>, CallError> {
    let query = format!("rds:DescribeDBInstances {} db-cluster-id={cluster}", aws.region());
    look.once(&query, fetch_instances(aws, "db-cluster-id", vec![cluster.to_owned()])).await
}

/// Instances by name, whatever cluster they are in.
pub(crate) async fn named(aws: &Aws, look: &Look, mut names: Vec<String>) -> Result<Arc<Vec<DbInstance>>, CallError> {
    names.sort();
    names.dedup();
    let query = format!("rds:DescribeDBInstances {} db-instance-id={}", aws.region(), names.join(","));
    look.once(&query, fetch_instances(aws, "db-instance-id", names)).await
}

/// Instances by a filter: a filter that matches nothing is an empty answer, a name that is not there would be an
/// error for all.
pub(crate) async fn fetch_instances(
    aws: &Aws,
    filter: &str,
    values: Vec<String>,
) -> Result<Vec<DbInstance>, CallError> {
    let by = Filter::builder().name(filter).set_values(Some(values)).build();
    let call = || {
        let pages = aws.rds().describe_db_instances().filters(by.clone()).into_paginator();
        async move { pages.items().send().collect::<Result<Vec<_>, _>>().await }
    };
    Ok(aws.read("rds:DescribeDBInstances", call).await.gone_is_fine()?.unwrap_or_default())
}
