//! What a key's deletion would make unreadable though no state says so: snapshots and retained backups of clusters that
//! are gone, and clusters that somebody restored from them.
//!
//! KMS deletes a key whatever is encrypted with it, and has no call that tells. RDS has no filter by key either, so all
//! are listed; that is done only before a deletion.

use auroractl_aws::Aws;
use auroractl_engine::CallError;

/// Kinds of cluster snapshots that outlive their cluster. Automated ones go with it, or belong to a retained backup.
const LASTING: [&str; 2] = ["manual", "awsbackup"];

/// What outlives the clusters of the stack and needs the key.
///
/// # Errors
/// When RDS can't be asked.
pub(crate) async fn kept(aws: &Aws, key: &str) -> Result<Option<String>, CallError> {
    for sort in LASTING {
        let call = || {
            let request = aws.rds().describe_db_cluster_snapshots().snapshot_type(sort);
            async move { request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await }
        };
        let all = aws.read("rds:DescribeDBClusterSnapshots", call).await?;
        if let Some(found) = all.iter().find(|snapshot| is(key, snapshot.kms_key_id())) {
            let name = found.db_cluster_snapshot_identifier().unwrap_or_default();
            return Ok(Some(format!("the cluster snapshot {name}")));
        }
    }
    let call = || {
        let request = aws.rds().describe_db_cluster_automated_backups();
        async move { request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await }
    };
    let all = aws.read("rds:DescribeDBClusterAutomatedBackups", call).await?;
    let retained = all.iter().find(|backup| backup.status() == Some("retained") && is(key, backup.kms_key_id()));
    let name = retained.map(|backup| backup.db_cluster_identifier().unwrap_or_default());
    Ok(name.map(|name| format!("the retained backup of the cluster {name}")))
}

/// What needs the key at this moment, clusters among it: those of the stack are gone when their key goes.
///
/// # Errors
/// When RDS can't be asked.
pub(crate) async fn now(aws: &Aws, key: &str) -> Result<Option<String>, CallError> {
    let call = || {
        let request = aws.rds().describe_db_clusters();
        async move { request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await }
    };
    let all = aws.read("rds:DescribeDBClusters", call).await?;
    match all.iter().find(|cluster| is(key, cluster.kms_key_id())) {
        Some(found) => Ok(Some(format!("the cluster {}", found.db_cluster_identifier().unwrap_or_default()))),
        None => kept(aws, key).await,
    }
}

/// RDS answers with the key's ARN, whatever named it in the create.
fn is(key: &str, answered: Option<&str>) -> bool {
    answered == Some(key)
}
