//! An instance of the cluster. Class A: its name is the stack's, and AWS refuses a second one.
//!
//! The first instance becomes the writer; `compose` lets the others come after
//! it. After that the role is AWS's: it is observed, exported and counted in
//! what an edit costs, and never a difference. Readers that autoscaling makes
//! are not asked about.

mod certificate;
mod grade;
mod observe;
mod operate;

use crate::db_cluster::ENGINE;
use crate::describe;
use crate::edit::{Edit, Timed, table};
use crate::window::Window;
use auroractl_aws::{Aws, GoneIsFine as _, tags};
use auroractl_core::ids::{ClusterId, InstanceId, ParameterGroupName, RoleArn};
use auroractl_core::model::{Adoption, Exports, Group, Model, Timing};
use auroractl_core::plan::MEMBER_TIMED;
use auroractl_core::{Diff, Identity, Input, Naming, Readiness, Tags};
use auroractl_engine::{Ask, CallError, Done, Ending, Found, Look, Order, Past, Resource, Seen};
use aws_sdk_rds::operation::create_db_instance::builders::CreateDBInstanceFluentBuilder;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder;
use aws_sdk_rds::types::{DbCluster as Cluster, DbInstance as Raw};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) use observe::{MARKS, awaits_restart};
pub(crate) use operate::UNMARKED;

/// The class of members whose capacity follows the load, within the cluster's range.
pub(crate) const SERVERLESS: &str = "db.serverless";

/// An instance as the stack wants it; fields are named as in AWS's API. Insights, logs, backups, version and snapshot
/// tags are the cluster's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbInstance {
    /// Its name.
    pub db_instance_identifier: String,
    /// The cluster it belongs to.
    pub db_cluster_identifier: Input<ClusterId>,
    /// Its class, for example `db.r7g.large` or `db.serverless`.
    pub db_instance_class: String,
    /// Its availability zone; not set: RDS chooses.
    pub availability_zone: Option<String>,
    /// Who takes over at a failover: the lowest number first, 0 to 15.
    pub promotion_tier: u8,
    /// Its parameters.
    pub db_parameter_group_name: Input<ParameterGroupName>,
    /// Seconds between points of enhanced monitoring; 0 is off.
    pub monitoring_interval: u8,
    /// Role that enhanced monitoring writes its logs with.
    pub monitoring_role_arn: Option<Input<RoleArn>>,
    /// Certificate authority of its server certificate.
    pub ca_certificate_identifier: Option<String>,
    /// AWS may install newer minor versions. All members of a cluster should say the same.
    pub auto_minor_version_upgrade: bool,
    /// Does its name resolve to a public address? RDS's own default depends on the subnet group, so it is always said.
    pub publicly_accessible: bool,
    /// When AWS may work on it; not set: RDS chooses.
    pub preferred_maintenance_window: Option<Window>,
    /// Every value of its parameter groups counts; none waits for a restart. Not set: they may wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters_in_sync: Option<bool>,
    /// An edit that interrupts waits for the maintenance window (`ApplyImmediately` is false). Known here only.
    #[serde(default)]
    pub deferred: bool,
    /// The user's tags.
    pub tags: Tags,
}

/// What an instance exports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DbInstanceOutputs {
    /// Its name.
    pub db_instance_identifier: InstanceId,
    /// Its ARN.
    pub db_instance_arn: String,
    /// AWS's immutable id, `db-…`; Performance Insights and audit trails name it.
    pub dbi_resource_id: String,
    /// Its own endpoint, not there before it is up.
    pub endpoint: Option<String>,
    /// Its availability zone.
    pub availability_zone: Option<String>,
    /// Was it the writer when it was last looked at?
    pub is_writer: bool,
}

impl DbInstance {
    /// The fields whose edits wait for the maintenance window where the stack says so.
    pub const DEFERRED: &'static [&'static str] = MEMBER_TIMED;
}

impl Exports<InstanceId> for DbInstance {
    const OUTPUT: &'static str = "db_instance_identifier";
}

impl Model for DbInstance {
    const KIND: &'static str = "db_instance";
    const GROUP: Group = Group::Cluster;
    const ADOPTION: Adoption = Adoption::Named;
    const TIMING: Timing = Timing { timeout: 5400.0, horizon: 60.0, stable: 2, delay: 0.0 };
    type Outputs = DbInstanceOutputs;

    fn naming(&self) -> Naming {
        Naming::Given(self.db_instance_identifier.clone())
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self {
            db_instance_identifier,
            db_cluster_identifier,
            db_instance_class,
            availability_zone,
            promotion_tier,
            db_parameter_group_name,
            monitoring_interval,
            monitoring_role_arn,
            ca_certificate_identifier,
            auto_minor_version_upgrade,
            publicly_accessible,
            preferred_maintenance_window,
            parameters_in_sync,
            deferred,
            tags,
        } = new;
        let timed = Timed { deferred: *deferred };
        if *monitoring_interval > 0 {
            d.managed("monitoring_role_arn", &old.monitoring_role_arn, monitoring_role_arn, grade::FREE);
        }
        table! { d, old:
            field db_instance_identifier, grade::rename;
            field db_cluster_identifier, grade::CLUSTER;
            field db_instance_class, timed.by(grade::class);
            managed availability_zone, grade::zone;
            field promotion_tier, grade::FREE;
            field db_parameter_group_name, grade::PARAMETERS;
            field monitoring_interval, grade::FREE;
            managed ca_certificate_identifier, timed.by(grade::certificate);
            field auto_minor_version_upgrade, grade::FREE;
            field publicly_accessible, grade::FREE;
            managed preferred_maintenance_window, grade::window(*deferred);
        }
        if old.parameters_in_sync == Some(false) {
            // A record of an earlier release does not say.
            d.managed("parameters_in_sync", &old.parameters_in_sync, parameters_in_sync, grade::in_sync);
        }
        if old.deferred && Self::DEFERRED.iter().any(|field| d.waits(field)) {
            d.field("deferred", &old.deferred, deferred, grade::undeferred);
        }
        d.tags(&old.tags, tags);
    }
}

impl Resource<Aws> for DbInstance {
    async fn survey(aws: &Aws, look: &Look, asks: &[Ask<Self>]) -> Result<Vec<Seen<Self>>, CallError> {
        let clusters: BTreeSet<&str> = asks.iter().filter_map(cluster_of).collect();
        let known = futures::future::try_join_all(clusters.iter().map(|cluster| membership(aws, look, cluster)));
        // While the cluster is only promised there may be a stranger of the instance's name.
        let names: Vec<String> =
            asks.iter().filter(|ask| cluster_of(ask).is_none()).map(|ask| name_of(ask).to_owned()).collect();
        let strangers =
            async { if names.is_empty() { Ok(Arc::default()) } else { describe::named(aws, look, names).await } };
        let (known, strangers) = futures::try_join!(known, strangers)?;
        let one = |ask: &Ask<Self>| {
            let named =
                |raw: &&Raw| raw.db_instance_identifier().is_some_and(|name| name.eq_ignore_ascii_case(name_of(ask)));
            let member =
                known.iter().find_map(|(members, cluster)| Some((members.iter().find(named)?, cluster.as_ref())));
            match member.or_else(|| Some((strangers.iter().find(named)?, None))) {
                Some((raw, cluster)) => observe::found(raw, cluster, &ask.spec).into(),
                None => Seen::Absent,
            }
        };
        Ok(asks.iter().map(one).collect())
    }

    async fn create(aws: &Aws, me: &Identity, spec: &Self) -> Result<Done<Self>, CallError> {
        let request = creation(aws, me, spec)?;
        let answer = aws.write("rds:CreateDBInstance", || request.clone().send()).await?;
        let raw = answer.db_instance().ok_or_else(|| CallError::missing("rds:CreateDBInstance", "DBInstance"))?;
        Ok(Done {
            incarnation: raw.dbi_resource_id().map(str::to_owned),
            ..Done::pending(observe::outputs(raw, false))
        })
    }

    async fn update(aws: &Aws, me: &Identity, from: &Found<Self>, to: &Self) -> Result<Done<Self>, CallError> {
        let modify = modification(aws, from, to)?;
        let sent = modify.is_some();
        if let Some(request) = modify {
            operate::still_a_reader(aws, from, to).await?;
            aws.write("rds:ModifyDBInstance", || request.clone().send()).await?;
        }
        aws.retag_rds(&from.outputs.db_instance_arn, &tags::edit(me, &from.owner, &from.spec.tags, &to.tags)).await?;
        let ready = !sent && from.readiness == Readiness::Ready;
        Ok(Done { outputs: from.outputs.clone(), incarnation: from.incarnation.clone(), ready })
    }

    async fn delete(aws: &Aws, _: &Identity, past: &Past<Self>) -> Result<Ending, CallError> {
        let name = past.outputs.db_instance_identifier.as_str();
        operate::may_leave(aws, past).await?;
        // No final snapshot: the data is the cluster's.
        let call = || aws.rds().delete_db_instance().db_instance_identifier(name).send();
        aws.remove(operate::DELETE, call).await.ending(Ending::Going)
    }

    async fn operate(aws: &Aws, me: &Identity, order: &Order<Self>) -> Result<Readiness, CallError> {
        operate::begin(aws, me, order).await
    }

    async fn progress(aws: &Aws, look: &Look, order: &Order<Self>) -> Result<Readiness, CallError> {
        operate::progress(aws, look, order).await
    }

    async fn seamless(
        aws: &Aws,
        look: &Look,
        found: &Found<Self>,
        to: &Self,
    ) -> Result<&'static [&'static str], CallError> {
        certificate::seamless(aws, look, &found.spec, to).await
    }
}

/// The members of a cluster, and the answer about the cluster, which tells their roles. While all members are being
/// made there are no roles to tell: then nothing but the members is asked for, since a wait for new members polls this.
async fn membership(aws: &Aws, look: &Look, cluster: &str) -> Result<(Arc<Vec<Raw>>, Option<Cluster>), CallError> {
    let members = describe::members(aws, look, cluster).await?;
    if members.iter().all(|member| member.db_instance_status() == Some("creating")) {
        return Ok((members, None));
    }
    let cluster = describe::cluster(aws, look, cluster).await?;
    Ok((members, cluster))
}

/// The cluster that an ask names, as soon as it is known.
fn cluster_of(ask: &Ask<DbInstance>) -> Option<&str> {
    ask.spec.db_cluster_identifier.known().map(ClusterId::as_str)
}

fn name_of(ask: &Ask<DbInstance>) -> &str {
    ask.outputs
        .as_ref()
        .map_or(ask.spec.db_instance_identifier.as_str(), |outputs| outputs.db_instance_identifier.as_str())
}

fn creation(aws: &Aws, me: &Identity, spec: &DbInstance) -> Result<CreateDBInstanceFluentBuilder, CallError> {
    let role = role(spec)?;
    let request = aws.rds().create_db_instance().engine(ENGINE).db_instance_identifier(&spec.db_instance_identifier);
    Ok(request
        .db_cluster_identifier(spec.db_cluster_identifier.get()?.as_str())
        .db_instance_class(&spec.db_instance_class)
        .set_availability_zone(spec.availability_zone.clone())
        .promotion_tier(spec.promotion_tier.into())
        .db_parameter_group_name(spec.db_parameter_group_name.get()?.as_str())
        .monitoring_interval(spec.monitoring_interval.into())
        .set_monitoring_role_arn(role)
        .set_ca_certificate_identifier(spec.ca_certificate_identifier.clone())
        .auto_minor_version_upgrade(spec.auto_minor_version_upgrade)
        .publicly_accessible(spec.publicly_accessible)
        .set_preferred_maintenance_window(spec.preferred_maintenance_window.as_ref().map(ToString::to_string))
        .set_tags(Some(tags::rds(me, &spec.tags))))
}

/// The call that leads from what AWS has to what is wanted, if there is one.
fn modification(
    aws: &Aws,
    found: &Found<DbInstance>,
    to: &DbInstance,
) -> Result<Option<ModifyDBInstanceFluentBuilder>, CallError> {
    let from = &found.spec;
    let back = Back::of(found, to);
    let group = to.db_parameter_group_name.get()?.as_str();
    let role = role(to)?;
    let watched = from.monitoring_interval != to.monitoring_interval
        || (role.is_some() && from.monitoring_role_arn != to.monitoring_role_arn);
    // Any edit that is applied immediately takes along what waits for the maintenance window, unless it says otherwise.
    let hurried = from.deferred && !to.deferred;
    let request = aws
        .rds()
        .modify_db_instance()
        .db_instance_identifier(&from.db_instance_identifier)
        .apply_immediately(!to.deferred);
    let edit = Edit::new(request)
        .when(from.db_instance_class != to.db_instance_class || hurried, |r| r.db_instance_class(&to.db_instance_class))
        .when(from.promotion_tier != to.promotion_tier, |r| r.promotion_tier(to.promotion_tier.into()))
        .when(from.db_parameter_group_name != to.db_parameter_group_name, |r| r.db_parameter_group_name(group))
        .when(watched, |r| r.monitoring_interval(to.monitoring_interval.into()).set_monitoring_role_arn(role))
        .managed(&from.ca_certificate_identifier, &to.ca_certificate_identifier, |r, ca| {
            r.ca_certificate_identifier(ca)
        })
        .when(from.auto_minor_version_upgrade != to.auto_minor_version_upgrade, |r| {
            r.auto_minor_version_upgrade(to.auto_minor_version_upgrade)
        })
        .when(from.publicly_accessible != to.publicly_accessible, |r| r.publicly_accessible(to.publicly_accessible))
        .managed(&from.preferred_maintenance_window, &to.preferred_maintenance_window, |r, window| {
            r.preferred_maintenance_window(window.as_str())
        })
        .beside(back.class, |r, class| r.db_instance_class(class))
        .beside(back.certificate, |r, authority| r.ca_certificate_identifier(authority));
    Ok(edit.finish())
}

/// What a call that is applied at once says beside its edits, since another value waits for the maintenance window that the
/// stack does not want: RDS then drops that one. Left alone it would be applied, would restart the member, and would be
/// taken back by the next run with another restart.
#[derive(Debug, PartialEq)]
struct Back<'a> {
    class: Option<&'a str>,
    certificate: Option<&'a str>,
}

impl<'a> Back<'a> {
    fn of(found: &'a Found<DbInstance>, to: &'a DbInstance) -> Self {
        let other = |field: &str, wanted: &str| {
            let waits = found.pending.get(field).and_then(|value| value.as_str());
            !to.deferred && waits.is_some_and(|value| value != wanted)
        };
        let said = |field: &str, wanted: &'a str| Some(wanted).filter(|wanted| other(field, wanted));
        // Where the stack leaves the authority open it stays what it is.
        let authority = to.ca_certificate_identifier.as_deref().or(found.spec.ca_certificate_identifier.as_deref());
        Self {
            class: said("db_instance_class", &to.db_instance_class),
            certificate: authority.and_then(|authority| said("ca_certificate_identifier", authority)),
        }
    }
}

/// The role of enhanced monitoring: RDS wants it with every interval but 0, and with 0 it refuses it.
fn role(spec: &DbInstance) -> Result<Option<String>, CallError> {
    let role = spec.monitoring_role_arn.as_ref().filter(|_| spec.monitoring_interval > 0);
    Ok(role.map(Input::get).transpose()?.map(ToString::to_string))
}

#[cfg(test)]
mod tests;
