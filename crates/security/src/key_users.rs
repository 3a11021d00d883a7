//! What a key's deletion would make unreadable though no state says so: snapshots and retained backups of clusters that
//! are gone, clusters that somebody restored from them, and log groups and backup vaults that were dropped from the state.
//!
//! KMS deletes a key whatever is encrypted with it, and has no call that tells. The services have no filter by key either,
//! so all are listed; that is done only before a deletion. Where log groups or vaults may not be listed, the key stays.

use auroractl_aws::Aws;
use auroractl_engine::{CallError, Class};
use std::collections::BTreeSet;

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

/// What needs the key when all that is leaving is gone.
///
/// # Errors
/// When AWS can't be asked.
pub(crate) async fn afterwards(aws: &Aws, key: &str, leaving: &BTreeSet<String>) -> Result<Option<String>, CallError> {
    match kept(aws, key).await? {
        None => beside(aws, key, leaving).await,
        what => Ok(what),
    }
}

/// Log groups and vaults that are encrypted with the key.
async fn beside(aws: &Aws, key: &str, leaving: &BTreeSet<String>) -> Result<Option<String>, CallError> {
    let call = || {
        let request = aws.logs().describe_log_groups();
        async move { request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await }
    };
    let groups = match aws.read("logs:DescribeLogGroups", call).await {
        Err(error) if error.class == Class::Denied => return Ok(Some(unseen("a log group", &error))),
        groups => groups?,
    };
    let mut theirs =
        groups.iter().filter(|group| is(key, group.kms_key_id())).filter_map(|group| group.log_group_name());
    if let Some(name) = theirs.find(|name| !leaving.contains(*name)) {
        return Ok(Some(format!("the log group {name}")));
    }
    let call = || {
        let request = aws.backup().list_backup_vaults();
        async move { request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await }
    };
    let vaults = match aws.read("backup:ListBackupVaults", call).await {
        Err(error) if error.class == Class::Denied => return Ok(Some(unseen("a backup vault", &error))),
        vaults => vaults?,
    };
    // A vault that holds anything stays, whoever wants it to go.
    let found = vaults.iter().filter(|vault| is(key, vault.encryption_key_arn())).find(|vault| {
        vault.number_of_recovery_points() > 0 || !vault.backup_vault_name().is_some_and(|name| leaving.contains(name))
    });
    Ok(found.map(|vault| format!("the backup vault {}", vault.backup_vault_name().unwrap_or_default())))
}

/// What may not be listed may need it.
fn unseen(what: &str, error: &CallError) -> String {
    format!("perhaps {what} (`{}` is denied)", error.operation)
}

/// What needs the key at this moment, clusters among it: those of the stack are gone when their key goes.
///
/// # Errors
/// When AWS can't be asked.
pub(crate) async fn now(aws: &Aws, key: &str) -> Result<Option<String>, CallError> {
    let call = || {
        let request = aws.rds().describe_db_clusters();
        async move { request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await }
    };
    let all = aws.read("rds:DescribeDBClusters", call).await?;
    match all.iter().find(|cluster| is(key, cluster.kms_key_id())) {
        Some(found) => Ok(Some(format!("the cluster {}", found.db_cluster_identifier().unwrap_or_default()))),
        None => afterwards(aws, key, &BTreeSet::new()).await,
    }
}

/// The services answer with the key's ARN, whatever named it in the create.
fn is(key: &str, answered: Option<&str>) -> bool {
    answered == Some(key)
}
