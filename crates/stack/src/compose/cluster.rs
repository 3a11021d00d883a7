//! The cluster, its members, and readers that come and go.

use super::Draft;
use super::network::Network;
use super::params::Groups;
use super::security::Role;
use crate::config;
use auroractl_cluster::{
    DbCluster, DbInstance, InsightsMode, LAST_FOLLOWING_TIER, ReaderMetric, ScalableTarget, ScalingPolicy,
    ServerlessV2Scaling, StorageType, Window, strength,
};
use auroractl_core::graph::GraphError;
use auroractl_core::ids::{ClusterId, KmsKeyArn};
use auroractl_core::{Handle, Input};
use auroractl_monitoring::LogGroup;
use auroractl_params::classes::SERVERLESS;

/// What the cluster is made from.
pub(super) struct Needs<'a> {
    pub(super) key: &'a Input<KmsKeyArn>,
    pub(super) role: Option<&'a Role>,
    pub(super) network: &'a Network,
    pub(super) groups: &'a Groups,
    pub(super) logs: &'a [Handle<LogGroup>],
}

/// The cluster and its readers.
pub(super) struct Made {
    cluster: Handle<DbCluster>,
    readers: Vec<Handle<DbInstance>>,
    writer: Option<Handle<DbInstance>>,
}

impl Made {
    /// The cluster's identifier.
    pub(super) fn id(&self) -> Input<ClusterId> {
        self.cluster.out()
    }
}

/// Makes the cluster, then the first writer alone, then the readers side by side.
///
/// The order decides the roles: the first instance of a cluster becomes its writer, and of several that are made at once
/// AWS picks one.
pub(super) fn cluster(draft: &mut Draft<'_>, needs: &Needs<'_>) -> Result<Made, GraphError> {
    let cluster = draft.add("main", &cluster_spec(draft, needs), "cluster")?;
    for log in needs.logs {
        // RDS would make the group itself, without retention and key.
        draft.desired.after(&cluster, log);
    }
    let members = draft.config.members();
    let mut made = Made { cluster, readers: Vec::new(), writer: None };
    let (first, others): (Vec<_>, Vec<_>) = members.iter().partition(|member| member.initial_writer);
    for member in first.into_iter().chain(others) {
        let at = member.declared.map_or_else(|| "cluster".to_owned(), |index| format!("cluster.members[{index}]"));
        let spec = member_spec(draft, needs, &made.cluster, member);
        let handle = draft.add(&member.name, &spec, &at)?;
        if let Some(role) = needs.role {
            draft.desired.after(&handle, &role.attachment);
        }
        match &made.writer {
            None => made.writer = Some(handle),
            Some(writer) => {
                draft.desired.after(&handle, writer);
                made.readers.push(handle);
            }
        }
    }
    if draft.config.changes.surges() {
        surge(draft, needs, (&made, &members))?;
    }
    Ok(made)
}

/// The reader that a roll makes: as strong as the strongest member, since it may have to write for any. AWS chooses its zone.
fn surge(
    draft: &mut Draft<'_>,
    needs: &Needs<'_>,
    (made, members): (&Made, &[config::ResolvedMember]),
) -> Result<(), GraphError> {
    let max_acu = draft.config.cluster.serverless.as_ref().map(|range| range.max_acu);
    let memory = |member: &config::ResolvedMember| strength(&member.class, max_acu);
    let strongest = members.iter().rev().max_by(|a, b| memory(a).total_cmp(&memory(b)));
    let Some(strongest) = strongest else { return Ok(()) };
    let member = config::ResolvedMember {
        name: config::Changes::SURGE.to_owned(),
        identifier: draft.config.surge_identifier(),
        az: None,
        // Where others can take over they come first; but a serverless one that does not follow the writer can't.
        promotion_tier: if members.len() > 1 && strongest.class != SERVERLESS { 15 } else { LAST_FOLLOWING_TIER },
        initial_writer: false,
        declared: None,
        class: strongest.class.clone(),
    };
    let of: Vec<Handle<DbInstance>> = made.writer.iter().chain(&made.readers).cloned().collect();
    let spec = member_spec(draft, needs, &made.cluster, &member);
    let handle = draft.surge(&spec, &of)?;
    if let Some(role) = needs.role {
        draft.desired.after(&handle, &role.attachment);
    }
    Ok(())
}

fn cluster_spec(draft: &Draft<'_>, needs: &Needs<'_>) -> DbCluster {
    let config = draft.config;
    let cluster = &config.cluster;
    DbCluster {
        db_cluster_identifier: config.cluster_identifier().to_owned(),
        engine_version: cluster.engine_version.clone(),
        auto_minor_version_upgrade: cluster.maintenance.auto_minor_version_upgrade,
        database_name: cluster.database_name.clone(),
        master_username: cluster.master_username.clone(),
        manage_master_user_password: true,
        master_user_secret_kms_key_id: Some(needs.key.clone()),
        enable_iam_database_authentication: config.security.iam_database_authentication,
        port: cluster.port,
        db_subnet_group_name: needs.network.subnet_group.clone(),
        vpc_security_group_ids: needs.network.security_groups.clone(),
        db_cluster_parameter_group_name: needs.groups.cluster.clone(),
        storage_encrypted: true,
        kms_key_id: Some(needs.key.clone()),
        storage_type: match cluster.storage {
            config::StorageType::Aurora => StorageType::Aurora,
            config::StorageType::AuroraIopt1 => StorageType::AuroraIopt1,
        },
        serverless_v2_scaling_configuration: cluster.serverless.as_ref().map(|range| ServerlessV2Scaling {
            min_capacity: range.min_acu,
            max_capacity: range.max_acu,
            seconds_until_auto_pause: range.seconds_until_auto_pause,
        }),
        backup_retention_period: cluster.backup.retention_days,
        preferred_backup_window: Window::from(cluster.backup.window.as_str()),
        preferred_maintenance_window: Window::from(cluster.maintenance.window.as_str()),
        copy_tags_to_snapshot: cluster.backup.copy_tags_to_snapshot,
        deletion_protection: cluster.deletion_protection,
        skip_final_snapshot: !cluster.backup.final_snapshot,
        enable_cloudwatch_logs_exports: cluster.log_exports.iter().map(|log| log.as_str().to_owned()).collect(),
        database_insights_mode: match cluster.insights.mode {
            config::InsightsMode::Standard => InsightsMode::Standard,
            config::InsightsMode::Advanced => InsightsMode::Advanced,
        },
        enable_performance_insights: true,
        performance_insights_retention_period: u16::try_from(cluster.insights.retention()).ok(),
        performance_insights_kms_key_id: Some(needs.key.clone()),
        deferred: draft.deferred(),
        tags: draft.tags(),
    }
}

fn member_spec(
    draft: &Draft<'_>,
    needs: &Needs<'_>,
    of: &Handle<DbCluster>,
    member: &config::ResolvedMember,
) -> DbInstance {
    let cluster = &draft.config.cluster;
    DbInstance {
        db_instance_identifier: member.identifier.clone(),
        db_cluster_identifier: of.out(),
        db_instance_class: member.class.clone(),
        availability_zone: member.az.clone(),
        promotion_tier: member.promotion_tier,
        db_parameter_group_name: needs.groups.instance.clone(),
        monitoring_interval: u8::try_from(cluster.enhanced_monitoring_interval).unwrap_or_default(),
        monitoring_role_arn: needs.role.map(|role| role.arn.clone()),
        ca_certificate_identifier: Some(cluster.ca_certificate.clone()),
        auto_minor_version_upgrade: cluster.maintenance.auto_minor_version_upgrade,
        publicly_accessible: false,
        preferred_maintenance_window: Some(Window::from(cluster.maintenance.window.as_str())),
        parameters_in_sync: (!draft.deferred()).then_some(true),
        deferred: draft.deferred(),
        tags: draft.tags(),
    }
}

/// Readers that come and go with the load: after the declared ones, which would else be counted as too few.
pub(super) fn autoscaling(draft: &mut Draft<'_>, made: &Made) -> Result<(), GraphError> {
    let Some(wanted) = draft.config.cluster.autoscaling.clone() else { return Ok(()) };
    let target = ScalableTarget {
        db_cluster_identifier: made.cluster.out(),
        min_capacity: wanted.min_readers,
        max_capacity: wanted.max_readers,
        suspended: false,
        tags: draft.tags(),
    };
    let target = draft.add("readers", &target, "cluster.autoscaling")?;
    for member in made.writer.iter().chain(&made.readers) {
        draft.desired.after(&target, member);
    }
    let policy = ScalingPolicy {
        resource_id: target.out(),
        predefined_metric_type: match wanted.metric {
            config::AutoscalingMetric::Cpu => ReaderMetric::Cpu,
            config::AutoscalingMetric::Connections => ReaderMetric::Connections,
        },
        target_value: wanted.target_value().unwrap_or_default(),
        scale_in_cooldown: wanted.scale_in_cooldown,
        scale_out_cooldown: wanted.scale_out_cooldown,
        disable_scale_in: false,
    };
    draft.add("readers", &policy, "cluster.autoscaling").map(|_| ())
}

#[cfg(test)]
mod tests {
    use crate::{Files, Known, compose, load_from};
    use auroractl_cluster::{DbInstance, strength};
    use auroractl_core::{Address, Desired, Of};
    use auroractl_params::classes::{Hardware, SERVERLESS};
    use std::io;
    use std::path::Path;

    struct One(String);

    impl Files for One {
        fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
            Ok(self.0.clone().into_bytes())
        }
    }

    /// The production stack with these edits.
    fn composed(edits: &[(&str, &str)]) -> Desired {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks/prod.toml");
        let text = std::fs::read_to_string(path).unwrap();
        let text = edits.iter().fold(text, |text, (old, new)| text.replacen(old, new, 1));
        let loaded = load_from(&One(text), Path::new("stack.toml"), &Known).expect("valid");
        compose(&loaded).unwrap().desired
    }

    const SURGE: (&str, &str) = ("[recovery]\n", "[changes]\nsurge_reader = true\n\n[recovery]\n");

    #[test]
    fn a_serverless_surge_reader_follows_the_writer() {
        let serverless = ("name = \"c\"\n", "name = \"c\"\nclass = \"db.serverless\"\n");
        for (range, expected) in [
            ("[cluster.serverless]\nmax_acu = 4\n\n[cluster.backup]\n", ("db.r7g.large", 15)),
            ("[cluster.serverless]\nmax_acu = 64\n\n[cluster.backup]\n", ("db.serverless", 1)),
        ] {
            let desired = composed(&[serverless, ("[cluster.backup]\n", range), SURGE]);
            let at: Address = "db_instance.surge_reader".parse().unwrap();
            let spec = Of::<DbInstance>::spec(&desired.surges[&at].node.spec).unwrap();
            assert_eq!((spec.db_instance_class.as_str(), spec.promotion_tier), expected);
        }
    }

    #[test]
    fn members_compare_by_the_memory_of_the_table() {
        for class in include_str!("../../../params/data/classes.tsv").lines().filter_map(|line| line.split('\t').next())
        {
            let (memory, strength) = (Hardware::of_class(class).unwrap().memory_gib, strength(class, None));
            // A `db.r4.large` has three quarters of a GiB less than its successors, and is no weaker for that.
            assert!((strength - memory).abs() <= strength / 16.0, "{class}: {strength} and {memory}");
        }
        assert_eq!(strength(SERVERLESS, Some(8.0)), Hardware::serverless(8.0).memory_gib);
    }

    #[test]
    fn a_surge_reader_stands_beside_the_resources() {
        let larger = ("name = \"c\"\n", "name = \"c\"\nclass = \"db.r7g.4xlarge\"\n");
        let (without, with) = (composed(&[larger]), composed(&[larger, SURGE]));
        assert_eq!(without.nodes, with.nodes);
        assert!(without.surges.is_empty());
        let at: Address = "db_instance.surge_reader".parse().unwrap();
        let surge = &with.surges[&at];
        let members: Vec<&str> = surge.of.iter().map(Address::name).collect();
        assert_eq!(members, ["a", "b", "c"]);
        let spec = Of::<DbInstance>::spec(&surge.node.spec).unwrap();
        let told = (spec.db_instance_identifier.as_str(), spec.db_instance_class.as_str(), spec.promotion_tier);
        assert_eq!(told, ("orders-surge", "db.r7g.4xlarge", 15));
        let graph = with.check().unwrap();
        let a = Of::<DbInstance>::spec(&graph.node(&"db_instance.a".parse().unwrap()).unwrap().spec).unwrap();
        assert_eq!(spec.db_parameter_group_name, a.db_parameter_group_name);
        assert!(graph.deps(&at).any(|dep| dep.as_str() == "db_cluster.main"));
    }
}
