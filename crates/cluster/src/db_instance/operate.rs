//! What a roll does to a member beside editing it: restart it, and wait until it has caught up. And what is looked at
//! right before a member is taken away from its clients: whether it still is what the plan took it for.
//!
//! A restart is for values of parameter groups, and a group's edit is answered before its members know of it: they are
//! marked (`pending-reboot`) some time later. A member that restarts before that comes back with the old values, and is
//! marked then. So it is told to restart once it is marked, and once more if it is marked still when it is back.
//!
//! A member that is `available` again has an empty cache and may lag behind the
//! writer. What lag it has, only CloudWatch tells (`AuroraReplicaLag`, a point
//! each minute, told a minute later). Where that can't be asked, or says nothing
//! for five minutes, the member's status alone counts.

use super::{DbInstance, observe};
use crate::describe::{self, AUTOSCALED};
use crate::status;
use auroractl_aws::Aws;
use auroractl_core::state::Verb;
use auroractl_core::{Identity, Readiness};
use auroractl_engine::{CallError, Class, Found, Look, Order, Past};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Statistic};
use aws_sdk_rds::types::{DbCluster as Cluster, DbInstance as Raw};
use std::time::Duration;

pub(super) const DELETE: &str = "rds:DeleteDBInstance";
const REBOOT: &str = "rds:RebootDBInstance";
const MEASURE: &str = "cloudwatch:GetMetricStatistics";
/// Seconds between two points of the metric.
const PERIOD: i32 = 60;
/// Without a point for so long none will come.
const UNMEASURED: Duration = Duration::from_secs(300);
/// For so long the mark is waited for. Who has none by then is told to restart all the same: the plan has it that values
/// wait, and AWS promises no mark.
pub(crate) const UNMARKED: Duration = Duration::from_secs(120);
/// A mark that stays for so long while the member can be used was not met by its restart. Less might be the time in which
/// the mark follows.
const UNMET: Duration = Duration::from_secs(60);
/// A member is told to restart so often: values that two restarts do not apply are a matter for people.
const RESTARTS: u8 = 2;

/// Refuses an edit that restarts a reader which has become the writer since the plan was made: that would be a failover
/// nobody announced.
pub(super) async fn still_a_reader(aws: &Aws, from: &Found<DbInstance>, to: &DbInstance) -> Result<(), CallError> {
    let restarts = from.spec.db_instance_class != to.db_instance_class
        || (to.ca_certificate_identifier.is_some()
            && from.spec.ca_certificate_identifier != to.ca_certificate_identifier)
        // What the stack left to the window stands in the spec already; the edit that waits no longer takes it along. What
        // others left there is taken back.
        || (from.spec.deferred && DbInstance::DEFERRED.iter().any(|field| from.pending.contains_key(*field)));
    if !restarts || to.deferred || from.outputs.is_writer {
        return Ok(());
    }
    let name = from.outputs.db_instance_identifier.as_str();
    let cluster = describe::cluster(aws, &Look::new(), to.db_cluster_identifier.get()?.as_str()).await?;
    let writes = cluster.as_ref().is_some_and(|cluster| observe::writes(name, cluster));
    if writes { Err(promoted("rds:ModifyDBInstance", name)) } else { Ok(()) }
}

/// Refuses the same of a deletion: a surge reader, or one that leaves the stack, to which an unplanned failover went. And
/// that of the last member where nobody permitted it: others may have gone since the plan was made. A cluster that goes as well
/// misses nobody, and while its members go Aurora promotes one after the other.
pub(super) async fn may_leave(aws: &Aws, past: &Past<DbInstance>) -> Result<(), CallError> {
    let Some(home) = past.spec.db_cluster_identifier.known().filter(|_| past.parent_stays) else { return Ok(()) };
    let name = past.outputs.db_instance_identifier.as_str();
    let Some(cluster) = precaution(describe::fetch_cluster(aws, home.as_str()).await)?.flatten() else {
        return Ok(());
    };
    if !past.outputs.is_writer && leaves_without_a_writer(name, &cluster) {
        return Err(promoted(DELETE, name));
    }
    if past.permitted {
        return Ok(());
    }
    let members = describe::fetch_instances(aws, "db-cluster-id", vec![home.as_str().to_owned()]).await;
    let members = precaution(members)?.unwrap_or_default();
    let going = members.iter().filter(|raw| status::of_instance(instance_status(raw)) == Readiness::Deleting);
    let going: Vec<&str> = going.filter_map(|raw| raw.db_instance_identifier()).collect();
    if is_the_last(name, &cluster, &going) { Err(last(name, home.as_str())) } else { Ok(()) }
}

/// A look that is a precaution: who may not look may delete all the same.
fn precaution<T>(looked: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match looked {
        Ok(seen) => Ok(Some(seen)),
        Err(error) if error.class == Class::Denied => Ok(None),
        // Nothing was sent that changes anything.
        Err(error) if error.in_doubt() => Err(CallError { class: Class::Other, ..error }),
        Err(error) => Err(error),
    }
}

fn instance_status(raw: &Raw) -> &str {
    raw.db_instance_status().unwrap_or("available")
}

/// The members of a cluster beside this one. Readers of autoscaling are none: they come and go, and stand in no plan.
fn others<'a>(name: &'a str, cluster: &'a Cluster) -> impl Iterator<Item = &'a str> {
    let names = cluster.db_cluster_members().iter().filter_map(|member| member.db_instance_identifier());
    names.filter(move |other| *other != name && !other.starts_with(AUTOSCALED))
}

/// Would nobody be left who serves the cluster? Members are listed until they are gone.
fn is_the_last(name: &str, cluster: &Cluster, going: &[&str]) -> bool {
    let ends = status::of_cluster(cluster.status().unwrap_or("available")) == Readiness::Deleting;
    !ends && others(name, cluster).all(|other| going.contains(&other))
}

fn last(name: &str, cluster: &str) -> CallError {
    let why = format!(
        "{name} is the last member of {cluster} that is left, and nobody has permitted its deletion; nothing was sent, the next plan goes by that"
    );
    CallError::new(DELETE, Class::Conflict, why)
}

/// Would the deletion of this member leave others without a writer?
fn leaves_without_a_writer(name: &str, cluster: &Cluster) -> bool {
    let going = status::of_cluster(cluster.status().unwrap_or("available")) == Readiness::Deleting;
    !going && observe::writes(name, cluster) && others(name, cluster).next().is_some()
}

fn promoted(operation: &str, name: &str) -> CallError {
    let why = format!(
        "{name} has become the writer since it was seen last; nothing was sent. The next plan goes by that; where it says the same again, move the role first (`aws rds failover-db-cluster`)"
    );
    CallError::new(operation, Class::Conflict, why)
}

/// Begins it. A restart that is under way is not asked for again, nor one that is not due yet; to catch up nothing is asked
/// for.
pub(super) async fn begin(aws: &Aws, _: &Identity, order: &Order<DbInstance>) -> Result<Readiness, CallError> {
    let name = order.on.outputs.db_instance_identifier.as_str();
    if order.verb == Verb::Settle {
        return Ok(Readiness::Pending("catching up".to_owned()));
    }
    let (raw, cluster) = look_at(aws, &Look::new(), order).await?;
    let Some(raw) = raw else { return Err(CallError::new(REBOOT, Class::Gone, format!("{name} is no longer there"))) };
    let writes = cluster.as_ref().is_some_and(|cluster| observe::writes(name, cluster));
    let (marked, restarts) =
        (observe::awaits_restart(&raw, cluster.as_ref()), raw.db_instance_status() == Some("rebooting"));
    match (order.on.outputs.is_writer, writes) {
        (false, true) => return Err(promoted(REBOOT, name)),
        // Handing its role over has restarted it.
        (true, false) if !marked => return Ok(Readiness::Pending("restarted by the failover".to_owned())),
        _ => {}
    }
    match due(order, marked) {
        _ if restarts => {}
        Due::Over => return Ok(Readiness::Pending("restarted already".to_owned())),
        Due::Later => {
            return Err(CallError::not_begun(REBOOT, "available, its new values do not wait for a restart yet"));
        }
        Due::Now => {
            aws.write(REBOOT, || aws.rds().reboot_db_instance().db_instance_identifier(name).send()).await?;
        }
    }
    Ok(Readiness::Pending("rebooting".to_owned()))
}

/// Is a restart due?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Now,
    Later,
    Over,
}

/// Is the restart of a member due that bears the mark, or bears none?
fn due(order: &Order<DbInstance>, marked: bool) -> Due {
    let was_marked = || observe::MARKS.iter().any(|mark| order.pending.contains(*mark));
    match (marked, order.begun) {
        (true, _) => Due::Now,
        (false, 0) if order.elapsed < UNMARKED => Due::Later,
        // It has restarted since the plan was made, as an interrupted run had told it to: once is enough.
        (false, 0) if was_marked() => Due::Over,
        // It has restarted with the whole cluster, and its values count since.
        (false, 0) if order.together => Due::Over,
        (false, 0) => Due::Now,
        // It was to restart once more, and its mark has gone meanwhile.
        (false, _) => Due::Over,
    }
}

/// What a mark says of a member that can be used after it was told to restart.
fn marked_still(order: &Order<DbInstance>) -> Result<Readiness, CallError> {
    if order.begun < RESTARTS && order.unchanged >= UNMET {
        return Err(CallError::not_begun(REBOOT, "it has restarted, and its new values wait for another restart"));
    }
    Ok(Readiness::Pending("available, its parameters wait for a restart".to_owned()))
}

/// How far it is.
pub(super) async fn progress(aws: &Aws, look: &Look, order: &Order<DbInstance>) -> Result<Readiness, CallError> {
    let (raw, cluster) = look_at(aws, look, order).await?;
    let Some(raw) = raw else { return Ok(Readiness::Failed("it is no longer there".to_owned())) };
    let found = observe::found(&raw, cluster.as_ref(), &order.on.spec);
    if found.readiness != Readiness::Ready {
        return Ok(found.readiness);
    }
    if order.verb == Verb::Restart && observe::awaits_restart(&raw, cluster.as_ref()) {
        return marked_still(order);
    }
    if order.verb != Verb::Settle || found.outputs.is_writer {
        return Ok(Readiness::Ready);
    }
    let lag = match lag(aws, order).await {
        // Who may not read metrics still rolls, by status alone.
        Err(error) if error.class == Class::Denied => return Ok(Readiness::Ready),
        lag => lag?,
    };
    Ok(caught_up(lag, order.max_lag, order.elapsed))
}

/// The member and its cluster.
async fn look_at(
    aws: &Aws,
    look: &Look,
    order: &Order<DbInstance>,
) -> Result<(Option<Raw>, Option<Cluster>), CallError> {
    let name = order.on.outputs.db_instance_identifier.as_str();
    let cluster = order.on.spec.db_cluster_identifier.get()?.as_str();
    let (members, cluster) =
        futures::try_join!(describe::members(aws, look, cluster), describe::cluster(aws, look, cluster))?;
    let member = members.iter().find(|raw| raw.db_instance_identifier() == Some(name)).cloned();
    Ok((member, cluster))
}

/// The newest lag that was measured since the wait began, in milliseconds; `None` while there is none.
async fn lag(aws: &Aws, order: &Order<DbInstance>) -> Result<Option<f64>, CallError> {
    let now = aws.clock().wall().as_millisecond();
    let spent = order.elapsed.max(Duration::from_secs(1)).as_millis();
    let since = now.saturating_sub(i64::try_from(spent).unwrap_or(i64::MAX));
    let name = order.on.outputs.db_instance_identifier.as_str();
    let member = Dimension::builder().name("DBInstanceIdentifier").value(name).build();
    let call = || {
        let request = aws.cloudwatch().get_metric_statistics().namespace("AWS/RDS").metric_name("AuroraReplicaLag");
        request
            .dimensions(member.clone())
            .start_time(DateTime::from_millis(since))
            .end_time(DateTime::from_millis(now))
            .period(PERIOD)
            .statistics(Statistic::Maximum)
            .send()
    };
    let answer = aws.read(MEASURE, call).await?;
    // The newest point alone: what it was before it came back does not count.
    let newest = answer.datapoints().iter().max_by_key(|point| point.timestamp().map(DateTime::as_nanos));
    Ok(newest.and_then(|point| point.maximum()))
}

fn caught_up(lag: Option<f64>, most: Duration, elapsed: Duration) -> Readiness {
    match lag {
        Some(lag) if lag <= most.as_secs_f64() * 1_000.0 => Readiness::Ready,
        Some(lag) => Readiness::Pending(format!("available, {lag:.0} ms behind the writer")),
        None if elapsed >= UNMEASURED => Readiness::Ready,
        None => Readiness::Pending("available, its lag is not measured yet".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use auroractl_engine::Past;
    use aws_sdk_rds::types::DbClusterMember;

    fn cluster(status: &str, members: &[(&str, bool)]) -> Cluster {
        let member = |(name, writes): &(&str, bool)| {
            DbClusterMember::builder().db_instance_identifier(*name).is_cluster_writer(*writes).build()
        };
        let members = members.iter().map(member).collect();
        Cluster::builder().status(status).set_db_cluster_members(Some(members)).build()
    }

    #[test]
    fn a_member_that_has_become_the_writer_does_not_leave_others_behind() {
        let (a, b, scaled) = (("a", false), ("b", true), ("application-autoscaling-1", false));
        assert!(leaves_without_a_writer("b", &cluster("available", &[a, b])));
        assert!(leaves_without_a_writer("b", &cluster("modifying", &[a, b])));
        assert!(!leaves_without_a_writer("a", &cluster("available", &[a, b])), "a reader");
        assert!(!leaves_without_a_writer("b", &cluster("deleting", &[a, b])), "the cluster goes");
        assert!(!leaves_without_a_writer("b", &cluster("available", &[b])), "the only one");
        assert!(!leaves_without_a_writer("b", &cluster("available", &[b, scaled])), "the only one of the stack's");
        assert!(!leaves_without_a_writer("c", &cluster("available", &[a, b])), "not listed yet");
    }

    #[test]
    fn the_last_member_is_told_from_one_of_several() {
        let (a, b, scaled) = (("a", false), ("b", true), ("application-autoscaling-1", false));
        assert!(!is_the_last("b", &cluster("available", &[a, b]), &[]));
        assert!(is_the_last("b", &cluster("available", &[b]), &[]), "the other one was deleted");
        assert!(is_the_last("b", &cluster("available", &[a, b]), &["a"]), "and is listed until it is gone");
        assert!(is_the_last("b", &cluster("available", &[b, scaled]), &[]), "autoscaling comes and goes");
        assert!(!is_the_last("b", &cluster("deleting", &[b]), &[]), "the cluster goes");
    }

    /// A restart that was asked for so long ago, was begun so often, and of which the same has been told for so long.
    fn restart(elapsed: Duration, begun: u8, unchanged: Duration) -> Order<DbInstance> {
        let spec = testing::member("orders-a", "db.r7g.large");
        let outputs = testing::outputs("orders-a", false);
        let (on, max_lag) = (Past { spec, outputs, parent_stays: true, permitted: false }, Duration::from_secs(1));
        Order {
            verb: Verb::Restart,
            on,
            target: None,
            max_lag,
            elapsed,
            begun,
            unchanged,
            pending: [].into(),
            together: false,
        }
    }

    #[test]
    fn a_restart_waits_for_the_mark_but_not_for_ever() {
        let (zero, nearly) = (Duration::ZERO, Duration::from_secs(119));
        assert_eq!(due(&restart(zero, 0, zero), true), Due::Now);
        assert_eq!(due(&restart(zero, 0, zero), false), Due::Later);
        assert_eq!(due(&restart(nearly, 0, zero), false), Due::Later);
        assert_eq!(due(&restart(UNMARKED, 0, zero), false), Due::Now);
        let pending = [observe::MARKS[0].to_owned()].into();
        let marked_before = Order { pending, ..restart(UNMARKED, 0, zero) };
        assert_eq!(due(&marked_before, true), Due::Now);
        assert_eq!(due(&marked_before, false), Due::Over, "an earlier run's restart has come");
        let together = |elapsed| Order { together: true, ..restart(elapsed, 0, zero) };
        assert_eq!(due(&together(zero), true), Due::Now, "the cluster's restart came before the mark");
        assert_eq!(due(&together(nearly), false), Due::Later, "the mark may follow");
        assert_eq!(due(&together(UNMARKED), false), Due::Over, "the cluster's restart has met the values");
    }

    #[test]
    fn a_mark_that_outlives_the_restart_gets_another_one_and_no_third() {
        let (zero, spent) = (Duration::ZERO, Duration::from_secs(300));
        let again = |begun, unchanged| marked_still(&restart(spent, begun, unchanged)).is_err_and(|e| e.is_not_begun());
        assert!(!again(1, UNMET - Duration::from_secs(1)), "the mark may follow");
        assert!(again(1, UNMET));
        assert!(!again(2, spent));
        assert_eq!(due(&restart(spent, 1, UNMET), true), Due::Now);
        assert_eq!(due(&restart(spent, 1, zero), false), Due::Over, "it has gone meanwhile");
    }

    #[test]
    fn a_reader_has_caught_up_when_its_lag_says_so() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        assert_eq!(caught_up(Some(1_000.0), second, minute), Readiness::Ready);
        assert!(matches!(caught_up(Some(1_001.0), second, UNMEASURED), Readiness::Pending(_)));
        assert!(matches!(caught_up(None, second, minute), Readiness::Pending(_)));
        assert_eq!(caught_up(None, second, UNMEASURED), Readiness::Ready);
    }
}
