//! The end of a cluster.

use super::{DbCluster, DbClusterOutputs};
use crate::describe::{self, AUTOSCALED};
use auroractl_aws::{Aws, GoneIsFine as _};
use auroractl_core::Identity;
use auroractl_core::identity::mark;
use auroractl_engine::{CallError, Class, Ending, Past};

/// Deletes a cluster whose instances are gone, with its final snapshot unless the stack said otherwise.
pub(super) async fn delete(aws: &Aws, me: &Identity, past: &Past<DbCluster>) -> Result<Ending, CallError> {
    let name = past.outputs.db_cluster_identifier.as_str();
    remove_autoscaled(aws, name).await?;
    let snapshot = past.spec.final_snapshot(&past.outputs, &me.oid);
    let keep_backups = !past.spec.skip_final_snapshot;
    match remove(aws, name, snapshot.as_deref(), keep_backups).await {
        Err(error) if error.class == Class::Exists => {
            // An earlier run was interrupted after the snapshot was begun.
            taken(aws, snapshot.as_deref().unwrap_or_default(), past).await?;
            remove(aws, name, None, keep_backups).await
        }
        result => result,
    }
}

impl DbCluster {
    /// Name of the snapshot that is made before it is deleted; `None` where the stack wants none. It is
    /// `<cluster>-final-<oid>`: the same for every attempt, another one for every generation.
    #[must_use]
    pub fn final_snapshot(&self, outputs: &DbClusterOutputs, oid: &str) -> Option<String> {
        (!self.skip_final_snapshot).then(|| format!("{}-final-{}", outputs.db_cluster_identifier, mark(oid)))
    }
}

/// RDS keeps automated backups only when told so.
async fn remove(aws: &Aws, name: &str, snapshot: Option<&str>, keep_backups: bool) -> Result<Ending, CallError> {
    let call = || {
        let delete = aws.rds().delete_db_cluster().db_cluster_identifier(name).delete_automated_backups(!keep_backups);
        let delete = delete.skip_final_snapshot(snapshot.is_none());
        delete.set_final_db_snapshot_identifier(snapshot.map(str::to_owned)).send()
    };
    aws.remove("rds:DeleteDBCluster", call).await.ending(Ending::Going)
}

/// Readers that autoscaling made outlive its target, and a cluster with members can't be deleted.
async fn remove_autoscaled(aws: &Aws, cluster: &str) -> Result<(), CallError> {
    let members = describe::fetch_instances(aws, "db-cluster-id", vec![cluster.to_owned()]).await?;
    let left = members.iter().filter(|member| member.db_instance_status() != Some("deleting"));
    for name in left.filter_map(|member| member.db_instance_identifier()).filter(|name| name.starts_with(AUTOSCALED)) {
        let call = || aws.rds().delete_db_instance().db_instance_identifier(name).send();
        aws.remove("rds:DeleteDBInstance", call).await.gone_is_fine()?;
    }
    Ok(())
}

/// Is the final snapshot there, of this very cluster, and whole?
async fn taken(aws: &Aws, snapshot: &str, past: &Past<DbCluster>) -> Result<(), CallError> {
    const CALL: &str = "rds:DescribeDBClusterSnapshots";
    let call = || aws.rds().describe_db_cluster_snapshots().db_cluster_snapshot_identifier(snapshot).send();
    let answer = aws.read(CALL, call).await?;
    let refuse = |class, why: &str| Err(CallError::new(CALL, class, format!("the final snapshot {snapshot} {why}")));
    let Some(found) = answer.db_cluster_snapshots().first() else {
        return refuse(Class::NotYet, "exists and can't be looked at yet");
    };
    if found.db_cluster_resource_id() != Some(past.outputs.db_cluster_resource_id.as_str()) {
        return refuse(Class::Conflict, "exists and is not of this cluster; rename or remove it, then run again");
    }
    match found.status() {
        Some("available") => Ok(()),
        _ => refuse(Class::NotYet, "is still being made; run again when it is available"),
    }
}
