//! The writer's role moves to a reader: `FailoverDBCluster`.
//!
//! The call is answered before anything happens, so that it has worked only when
//! the cluster names the target as its writer. Aurora may also go back: under
//! heavy writes it has been seen to promote the old writer again, and then the
//! wait ends without success. A later plan accepts whoever is the writer.

use super::DbCluster;
use crate::db_instance::{UNMARKED, awaits_restart};
use crate::describe::{self, AUTOSCALED};
use crate::status;
use auroractl_aws::Aws;
use auroractl_core::{Identity, Readiness};
use auroractl_engine::{CallError, Class, Look, Order};
use aws_sdk_rds::types::{DbCluster as Raw, DbInstance};
use std::time::Duration;

const OPERATION: &str = "rds:FailoverDBCluster";

/// Sends the call, unless the target is the writer or a failover is under way. Not to a target that could not take over:
/// AWS would refuse it, or choose another.
pub(super) async fn begin(aws: &Aws, _: &Identity, order: &Order<DbCluster>) -> Result<Readiness, CallError> {
    let target = target(order)?;
    let (cluster, members) = both(aws, &Look::new(), order).await?;
    let Some(cluster) = cluster else { return Err(refused("the cluster is no longer there")) };
    if writer(&cluster) == Some(target) || cluster.status() == Some("failing-over") {
        return Ok(stand(&cluster, &members, target));
    }
    if order.together && !waits(&cluster, &members) {
        return needless(order.elapsed);
    }
    let status = members.iter().find(|member| member.db_instance_identifier() == Some(target));
    match status.and_then(DbInstance::db_instance_status) {
        Some("available") => {}
        Some(status) => return Err(refused(&format!("{target} can't take over, its status is {status}"))),
        None => return Err(refused(&format!("{target} can't take over, it is not there"))),
    }
    at_rest(&cluster)?;
    let name = order.on.outputs.db_cluster_identifier.as_str();
    let call =
        || aws.rds().failover_db_cluster().db_cluster_identifier(name).target_db_instance_identifier(target).send();
    aws.write(OPERATION, call).await?;
    Ok(Readiness::Pending("failing over".to_owned()))
}

/// Aurora moves the role in a cluster that is available alone. A backup or an edit passes, and is waited for.
fn at_rest(cluster: &Raw) -> Result<(), CallError> {
    match status::of_cluster(cluster.status().unwrap_or("available")) {
        Readiness::Ready => Ok(()),
        Readiness::Pending(status) => {
            Err(CallError::not_begun(OPERATION, format!("the cluster is {status}, which it waits for")))
        }
        Readiness::Halted(why) | Readiness::Failed(why) => Err(refused(&format!("the cluster can't be used: {why}"))),
        Readiness::Deleting => Err(refused("the cluster is on its way out")),
    }
}

/// Do values of the writer wait for a restart?
fn waits(cluster: &Raw, members: &[DbInstance]) -> bool {
    let writes = |member: &&DbInstance| member.db_instance_identifier() == writer(cluster);
    members.iter().find(writes).is_some_and(|member| awaits_restart(member, Some(cluster)))
}

/// The writer has restarted with the whole cluster and needs to make way for nobody, unless its mark is yet to come.
fn needless(elapsed: Duration) -> Result<Readiness, CallError> {
    if elapsed < UNMARKED {
        return Err(CallError::not_begun(
            OPERATION,
            "available, the writer's new values do not wait for a restart yet",
        ));
    }
    Ok(Readiness::Ready)
}

/// How far it is.
pub(super) async fn progress(aws: &Aws, look: &Look, order: &Order<DbCluster>) -> Result<Readiness, CallError> {
    let target = target(order)?;
    let (cluster, members) = both(aws, look, order).await?;
    Ok(cluster.map_or_else(
        || Readiness::Failed("the cluster is no longer there".to_owned()),
        |cluster| stand(&cluster, &members, target),
    ))
}

async fn both(
    aws: &Aws,
    look: &Look,
    order: &Order<DbCluster>,
) -> Result<(Option<Raw>, std::sync::Arc<Vec<DbInstance>>), CallError> {
    let name = order.on.outputs.db_cluster_identifier.as_str();
    futures::try_join!(describe::cluster(aws, look, name), describe::members(aws, look, name))
}

fn target(order: &Order<DbCluster>) -> Result<&str, CallError> {
    order.target.as_deref().ok_or_else(|| refused("nobody is named who takes over"))
}

fn writer(cluster: &Raw) -> Option<&str> {
    let members = cluster.db_cluster_members();
    members.iter().find(|member| member.is_cluster_writer() == Some(true))?.db_instance_identifier()
}

/// It has ended when the target writes, the cluster is at rest, and the old writer has restarted as a reader. Readers of
/// autoscaling come and go as they like.
fn stand(cluster: &Raw, members: &[DbInstance], target: &str) -> Readiness {
    let status = cluster.status().unwrap_or("available");
    match writer(cluster) {
        Some(writer) if writer == target && status == "available" => {}
        Some(writer) if status == "available" => {
            return Readiness::Pending(format!("available, {writer} is still the writer"));
        }
        _ => return Readiness::Pending(status.to_owned()),
    }
    let declared =
        |member: &&DbInstance| member.db_instance_identifier().is_some_and(|name| !name.starts_with(AUTOSCALED));
    let restarting = members
        .iter()
        .filter(declared)
        .find(|member| member.db_instance_status().is_some_and(|status| status == "rebooting"))
        .and_then(DbInstance::db_instance_identifier);
    restarting.map_or(Readiness::Ready, |name| Readiness::Pending(format!("{target} is the writer, {name} restarts")))
}

fn refused(why: &str) -> CallError {
    CallError::new(OPERATION, Class::Conflict, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_rds::types::DbClusterMember;

    fn cluster(status: &str, writer: &str) -> Raw {
        let member = |name: &str| {
            let member = DbClusterMember::builder().db_instance_identifier(name);
            member.is_cluster_writer(name == writer).build()
        };
        Raw::builder().status(status).db_cluster_members(member("a")).db_cluster_members(member("b")).build()
    }

    fn instance(name: &str, status: &str) -> DbInstance {
        DbInstance::builder().db_instance_identifier(name).db_instance_status(status).build()
    }

    #[test]
    fn it_has_worked_when_the_target_writes_and_the_old_writer_is_back() {
        let back = [instance("a", "available"), instance("b", "available")];
        assert_eq!(stand(&cluster("available", "b"), &back, "b"), Readiness::Ready);
        for (status, writer, old) in [
            ("available", "a", "available"),
            ("failing-over", "a", "available"),
            ("failing-over", "b", "available"),
            ("available", "b", "rebooting"),
            ("available", "", "available"),
        ] {
            let members = [instance("a", old), instance("b", "available")];
            let stand = stand(&cluster(status, writer), &members, "b");
            assert!(matches!(stand, Readiness::Pending(_)), "{status} {writer} {old}: {stand:?}");
        }
    }

    #[test]
    fn a_cluster_that_is_busy_is_waited_for_and_one_that_is_halted_is_not() {
        assert!(at_rest(&cluster("available", "a")).is_ok());
        for status in ["backing-up", "modifying"] {
            assert!(at_rest(&cluster(status, "a")).is_err_and(|error| error.is_not_begun()), "{status}");
        }
        for status in ["stopped", "inaccessible-encryption-credentials", "deleting"] {
            assert!(at_rest(&cluster(status, "a")).is_err_and(|error| !error.is_not_begun()), "{status}");
        }
    }

    #[test]
    fn nobody_makes_way_where_the_clusters_restart_has_met_the_values() {
        let marked = |name: &str, status: &str| {
            let member = DbClusterMember::builder().db_instance_identifier(name).is_cluster_writer(name == "a");
            member.db_cluster_parameter_group_status(status).build()
        };
        let cluster = |writer: &str, reader: &str| {
            let members = vec![marked("a", writer), marked("b", reader)];
            Raw::builder().set_db_cluster_members(Some(members)).build()
        };
        let members = [instance("a", "available"), instance("b", "available")];
        assert!(waits(&cluster("pending-reboot", "in-sync"), &members));
        assert!(!waits(&cluster("in-sync", "pending-reboot"), &members), "the reader's restart is its own");
        assert!(needless(Duration::ZERO).is_err_and(|error| error.is_not_begun()), "the mark may follow");
        assert!(matches!(needless(UNMARKED), Ok(Readiness::Ready)));
    }

    #[test]
    fn readers_of_autoscaling_keep_nobody_waiting() {
        let members = [instance("a", "available"), instance("application-autoscaling-1", "rebooting")];
        assert_eq!(stand(&cluster("available", "b"), &members, "b"), Readiness::Ready);
    }
}
