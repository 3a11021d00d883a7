//! From AWS's answer about an instance to its spec.

use super::{DbInstance, DbInstanceOutputs};
use crate::status;
use crate::told::OfInstance;
use crate::window::Window;
use auroractl_aws::tags;
use auroractl_core::{Input, Owner, Readiness};
use auroractl_engine::Found;
use aws_sdk_rds::types::{DbCluster, DbClusterMember, DbInstance as Raw, PendingModifiedValues};

/// What AWS answers. The role stands in the answer about its cluster.
pub(super) fn found(raw: &Raw, cluster: Option<&DbCluster>, asked: &DbInstance) -> Found<DbInstance> {
    let all = tags::of_rds(raw.tag_list());
    let member = cluster.and_then(|cluster| membership(raw, cluster));
    let writes = member.and_then(DbClusterMember::is_cluster_writer).unwrap_or(false);
    let in_sync = !awaits_restart(raw, cluster);
    let mut spec = DbInstance { tags: auroractl_core::tags::user(&all), ..spec(raw, asked) };
    spec.parameters_in_sync = Some(in_sync);
    let mut found = Found::ready(spec, outputs(raw, writes), Owner::of(&all));
    if asked.deferred {
        accept(&mut found, raw, asked);
    }
    found.incarnation = raw.dbi_resource_id().map(str::to_owned);
    found.readiness = readiness(raw, cluster.is_some() && member.is_none(), asked);
    let values = raw.pending_modified_values().into_iter().flat_map(pending);
    found.pending = values.chain(restart(raw, member)).map(|(field, value)| (field.to_owned(), value.into())).collect();
    found.telling(&OfInstance::read(raw))
}

/// What the stack has left to the maintenance window and AWS has accepted is no difference any more. What is in force until
/// then is kept beside.
fn accept(found: &mut Found<DbInstance>, raw: &Raw, asked: &DbInstance) {
    for (field, value) in raw.pending_modified_values().into_iter().flat_map(pending) {
        if !is_asked(field, &value, asked) {
            continue;
        }
        let spec = &mut found.spec;
        let before = match field {
            "db_instance_class" => Some(std::mem::replace(&mut spec.db_instance_class, value)),
            _ => spec.ca_certificate_identifier.replace(value),
        };
        if let Some(before) = before {
            found.in_force.insert(field.to_owned(), before.into());
        }
    }
}

/// Is this pending value what the stack asks for?
fn is_asked(field: &str, value: &str, asked: &DbInstance) -> bool {
    match field {
        "db_instance_class" => value == asked.db_instance_class,
        "ca_certificate_identifier" => Some(value) == asked.ca_certificate_identifier.as_deref(),
        _ => false,
    }
}

fn membership<'c>(raw: &Raw, cluster: &'c DbCluster) -> Option<&'c DbClusterMember> {
    cluster.db_cluster_members().iter().find(|member| member.db_instance_identifier() == raw.db_instance_identifier())
}

fn spec(raw: &Raw, asked: &DbInstance) -> DbInstance {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let asked_to_defer = asked.deferred;
    // What AWS does not tell before it has placed an instance is no difference yet.
    let asked = Some(asked).filter(|_| raw.db_instance_status().is_none_or(|status| status == "creating"));
    let group = raw.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name());
    DbInstance {
        db_instance_identifier: text(raw.db_instance_identifier()),
        db_cluster_identifier: Input::Value(text(raw.db_cluster_identifier()).into()),
        db_instance_class: text(raw.db_instance_class()),
        availability_zone: raw
            .availability_zone()
            .map(str::to_owned)
            .or_else(|| asked.and_then(|asked| asked.availability_zone.clone())),
        // AWS's default; some answers leave it out.
        promotion_tier: raw.promotion_tier().and_then(|tier| tier.try_into().ok()).unwrap_or(1),
        db_parameter_group_name: Input::Value(text(group).into()),
        monitoring_interval: raw.monitoring_interval().and_then(|seconds| seconds.try_into().ok()).unwrap_or(0),
        monitoring_role_arn: raw.monitoring_role_arn().map(|arn| Input::Value(arn.into())),
        ca_certificate_identifier: raw
            .ca_certificate_identifier()
            .map(str::to_owned)
            .or_else(|| asked.and_then(|asked| asked.ca_certificate_identifier.clone())),
        auto_minor_version_upgrade: raw.auto_minor_version_upgrade().unwrap_or(false),
        publicly_accessible: raw.publicly_accessible().unwrap_or(false),
        preferred_maintenance_window: raw.preferred_maintenance_window().map(Window::from),
        parameters_in_sync: None,
        deferred: asked_to_defer,
        tags: Default::default(),
    }
}

/// What an instance exports.
pub(super) fn outputs(raw: &Raw, is_writer: bool) -> DbInstanceOutputs {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    DbInstanceOutputs {
        db_instance_identifier: text(raw.db_instance_identifier()).into(),
        db_instance_arn: text(raw.db_instance_arn()),
        dbi_resource_id: text(raw.dbi_resource_id()),
        endpoint: raw.endpoint().and_then(|endpoint| endpoint.address()).map(str::to_owned),
        availability_zone: raw.availability_zone().map(str::to_owned),
        is_writer,
    }
}

/// `available` is not the end before the cluster lists it, while a parameter group is being applied, or while an edit
/// of ours is among the pending ones. What the stack or somebody else deferred to the maintenance window keeps nobody waiting.
fn readiness(raw: &Raw, unlisted: bool, asked: &DbInstance) -> Readiness {
    let status = status::of_instance(raw.db_instance_status().unwrap_or("creating"));
    if status != Readiness::Ready {
        return status;
    }
    let applying = raw.db_parameter_groups().iter().any(|group| group.parameter_apply_status() == Some("applying"));
    let ours = |(field, value): &(&str, String)| !asked.deferred && is_asked(field, value, asked);
    let moving = raw.pending_modified_values().into_iter().flat_map(pending).find(ours);
    match moving {
        Some((field, _)) => Readiness::Pending(format!("available, {field} is about to change")),
        None if unlisted => Readiness::Pending("available, not yet listed by its cluster".to_owned()),
        None if applying => Readiness::Pending("available, its parameters are being applied".to_owned()),
        None => Readiness::Ready,
    }
}

/// Accepted and not yet applied values, by field of the spec.
fn pending(values: &PendingModifiedValues) -> impl Iterator<Item = (&'static str, String)> {
    [
        ("db_instance_class", values.db_instance_class()),
        ("ca_certificate_identifier", values.ca_certificate_identifier()),
        ("engine_version", values.engine_version()),
        ("db_instance_identifier", values.db_instance_identifier()),
    ]
    .into_iter()
    .filter_map(|(field, value)| Some((field, value?.to_owned())))
}

/// Is the instance of this name the writer of its cluster?
pub(super) fn writes(name: &str, cluster: &DbCluster) -> bool {
    let members = cluster.db_cluster_members().iter();
    members
        .filter(|member| member.is_cluster_writer() == Some(true))
        .any(|member| member.db_instance_identifier() == Some(name))
}

/// Do values of its parameter groups wait for a restart?
pub(crate) fn awaits_restart(raw: &Raw, cluster: Option<&DbCluster>) -> bool {
    restart(raw, cluster.and_then(|cluster| membership(raw, cluster))).next().is_some()
}

/// The fields that are pending while values of parameter groups wait for a restart: of the instance's own, and of its
/// cluster's.
pub(crate) const MARKS: [&str; 2] = ["db_parameter_group_name", "db_cluster_parameter_group_name"];

/// Parameter groups whose static values wait for a restart.
fn restart(raw: &Raw, member: Option<&DbClusterMember>) -> impl Iterator<Item = (&'static str, String)> {
    const WAITS: &str = "pending-reboot";
    let own = raw.db_parameter_groups().iter().any(|group| group.parameter_apply_status() == Some(WAITS));
    let cluster = member.and_then(DbClusterMember::db_cluster_parameter_group_status) == Some(WAITS);
    MARKS.into_iter().zip([own, cluster]).filter(|(_, waits)| *waits).map(|(field, _)| (field, WAITS.to_owned()))
}
