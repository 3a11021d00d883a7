//! The end of a cluster.

use super::{DbCluster, DbClusterOutputs};
use crate::describe::{self, AUTOSCALED};
use crate::status;
use auroractl_aws::{Aws, GoneIsFine as _};
use auroractl_core::identity::mark;
use auroractl_core::{Identity, Readiness};
use auroractl_engine::{CallError, Class, Ending, Past};
use aws_sdk_rds::types::DbCluster as Cluster;

const DELETE: &str = "rds:DeleteDBCluster";

/// Under how many further names the final snapshot is tried.
const FURTHER: u8 = 8;

/// Deletes a cluster whose instances are gone, with its final snapshot unless the stack said otherwise.
pub(super) async fn delete(aws: &Aws, me: &Identity, past: &Past<DbCluster>) -> Result<Ending, CallError> {
    let name = past.outputs.db_cluster_identifier.as_str();
    remove_autoscaled(aws, name).await?;
    let keep_backups = !past.spec.skip_final_snapshot;
    let Some(snapshot) = past.spec.final_snapshot(&past.outputs, &me.oid) else {
        return remove(aws, name, None, keep_backups).await;
    };
    match remove(aws, name, Some(snapshot.as_str()), keep_backups).await {
        Err(error) if error.class == Class::Exists => beside(aws, name, (snapshot.as_str(), keep_backups)).await,
        result => result,
    }
}

/// There is a snapshot of the final one's name. RDS makes it with the deletion, so that it is this cluster's last word if the
/// cluster is going: an earlier run was interrupted behind its call. If not, it is somebody's of whatever age, or that of a
/// deletion which came to nothing, and what was written since stands in none: another one is made, under the next free name.
async fn beside(aws: &Aws, name: &str, (taken, keep_backups): (&str, bool)) -> Result<Ending, CallError> {
    let going = |cluster: &Cluster| status::of_cluster(cluster.status().unwrap_or_default()) == Readiness::Deleting;
    if describe::fetch_cluster(aws, name).await?.as_ref().is_none_or(going) {
        return Ok(Ending::Going);
    }
    for other in further(taken) {
        match remove(aws, name, Some(other.as_str()), keep_backups).await {
            Err(error) if error.class == Class::Exists => {}
            result => return result,
        }
    }
    let why = format!("the final snapshot {taken} exists, and further ones; remove what nobody needs, then run again");
    Err(CallError::new(DELETE, Class::Conflict, why))
}

/// The names of the final snapshot where its own is taken.
fn further(taken: &str) -> impl Iterator<Item = String> {
    (2..2 + FURTHER).map(move |number| format!("{taken}-{number}"))
}

impl DbCluster {
    /// Name of the snapshot that is made before it is deleted; `None` where the stack wants none. It is
    /// `<cluster>-final-<oid>`: the same for every attempt, another one for every generation. Where that is taken by a
    /// snapshot that no deletion of it has made, a number follows.
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
    aws.remove(DELETE, call).await.ending(Ending::Going)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_names_differ_from_the_first() {
        let names: Vec<String> = further("orders-final-abc").collect();
        assert_eq!((names.len(), names[0].as_str()), (usize::from(FURTHER), "orders-final-abc-2"));
        assert!(names.iter().all(|name| name != "orders-final-abc"));
    }
}
