//! Facts about the cluster, its members and their parameters.

use super::{View, intent, not_in_a_plan};
use crate::compose::{capacity, hardware};
use crate::config::{BackupWindow, Config};
use auroractl_cluster::{DbCluster, DbInstance, InsightsMode, ScalableTarget};
use auroractl_core::{Address, Model as _};
use auroractl_network::{DbSubnetGroup, SecurityGroup};
use auroractl_params::{DbClusterParameterGroup, DbParameterGroup, Parameters, engines};
use auroractl_policy::facts::{Engine, Password, Serverless, Window};
use auroractl_policy::{Fact, Facts, facts};

pub(super) fn fill(view: &View<'_>, config: &Config, into: &mut Facts) {
    into.clusters.extend(view.all::<DbCluster>().map(|(at, spec, _)| cluster(view, at, spec)));
    let writer = config.members().into_iter().find(|member| member.initial_writer).map(|member| member.identifier);
    into.instances.extend(view.all::<DbInstance>().map(|(at, spec, outputs)| {
        let first = writer.as_ref() == Some(&spec.db_instance_identifier);
        let writes = outputs.as_ref().map_or(first, |outputs| outputs.is_writer);
        let zone = outputs.and_then(|outputs| outputs.availability_zone);
        facts::Instance { writer: writes, zone: zone.or(spec.availability_zone.clone()), ..instance(view, at, &spec) }
    }));
    let most = into.clusters.iter().find_map(|cluster| cluster.serverless).map(|range| range.max);
    for instance in &mut into.instances {
        let hardware = hardware(&instance.class, most);
        instance.memory = hardware.map(|hardware| hardware.memory_gib);
        instance.max_connections = hardware.map(|hardware| capacity(&hardware).max_connections);
    }
    let of_cluster = view.all::<DbClusterParameterGroup>();
    into.parameter_groups.extend(of_cluster.map(|(at, spec, _)| group(at, (true, spec.family), &spec.parameters)));
    let of_instance = view.all::<DbParameterGroup>();
    into.parameter_groups.extend(of_instance.map(|(at, spec, _)| group(at, (false, spec.family), &spec.parameters)));
    into.readers.extend(view.all::<ScalableTarget>().map(|(at, spec, _)| facts::ScalableReaders {
        address: at.clone(),
        min: spec.min_capacity,
        max: spec.max_capacity,
    }));
}

fn cluster(view: &View<'_>, at: &Address, spec: DbCluster) -> facts::Cluster {
    let live = view.looked.clusters.get(&spec.db_cluster_identifier);
    let groups = spec.vpc_security_group_ids.iter().map(|group| view.name(SecurityGroup::KIND, group)).collect();
    // The stack has no word for these: what it makes has none of them.
    let absent = |seen: Option<Fact<bool>>| if view.planned() { false.into() } else { seen.unwrap_or(not_in_a_plan()) };
    let seen = |fact: fn(&super::look::ClusterLook) -> Fact<bool>| live.map(fact);
    facts::Cluster {
        address: at.clone(),
        engine: engine(&spec.engine_version),
        password: if spec.manage_master_user_password { Password::Managed } else { Password::Own },
        secret_key: view.key(spec.master_user_secret_kms_key_id.as_ref()),
        secret_status: live.map_or(not_in_a_plan(), |live| live.secret_status.clone()),
        subnet_group: view.name(DbSubnetGroup::KIND, &spec.db_subnet_group_name),
        security_groups: groups,
        parameter_group: view.name(DbClusterParameterGroup::KIND, &spec.db_cluster_parameter_group_name),
        key: view.key(spec.kms_key_id.as_ref()),
        serverless: spec.serverless_v2_scaling_configuration.map(|range| Serverless {
            min: range.min_capacity,
            max: range.max_capacity,
            pause_after: range.seconds_until_auto_pause,
        }),
        backup_window: daily(spec.preferred_backup_window.as_str()),
        maintenance_window: intent::weekly(spec.preferred_maintenance_window.as_str()),
        restorable_lag: live.map_or(not_in_a_plan(), |live| live.restorable_lag.clone()),
        insights_advanced: spec.database_insights_mode == InsightsMode::Advanced,
        insights_key: view.key(spec.performance_insights_kms_key_id.as_ref()),
        http_endpoint: absent(seen(|live| live.http_endpoint.clone())),
        internet_gateway: absent(seen(|live| live.internet_gateway.clone())),
        multi_az: live.map_or(not_in_a_plan(), |live| live.multi_az.clone()),
        activity_stream: absent(seen(|live| live.activity_stream.clone())),
        global: absent(seen(|live| live.global.clone())),
        roles: match live {
            Some(live) => live.roles.clone(),
            None if view.planned() => Vec::new().into(),
            None => not_in_a_plan(),
        },
        identifier: spec.db_cluster_identifier,
        master_username: spec.master_username,
        iam_authentication: spec.enable_iam_database_authentication,
        port: spec.port,
        encrypted: spec.storage_encrypted,
        backup_retention: spec.backup_retention_period,
        copy_tags: spec.copy_tags_to_snapshot,
        deletion_protection: spec.deletion_protection,
        final_snapshot: !spec.skip_final_snapshot,
        log_exports: spec.enable_cloudwatch_logs_exports,
        performance_insights: spec.enable_performance_insights,
        insights_retention: spec.performance_insights_retention_period,
        auto_minor_upgrade: spec.auto_minor_version_upgrade,
    }
}

fn engine(version: &str) -> Engine {
    let known = engines::of(version);
    Engine {
        version: version.to_owned(),
        major: version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default(),
        creatable: known.as_ref().and_then(|known| known.creatable).map_or(not_in_a_plan(), Fact::Known),
        lts: known.as_ref().is_some_and(|known| known.lts),
        support_ends: known
            .and_then(|known| known.support_ends.parse().ok())
            .map_or(Fact::unknown("the version is newer than this auroractl"), Fact::Known),
    }
}

fn instance(view: &View<'_>, at: &Address, spec: &DbInstance) -> facts::Instance {
    let live = view.looked.instances.get(&spec.db_instance_identifier);
    facts::Instance {
        address: at.clone(),
        cluster: view.name(DbCluster::KIND, &spec.db_cluster_identifier),
        class: spec.db_instance_class.clone(),
        memory: None,
        max_connections: None,
        zone: None,
        tier: spec.promotion_tier,
        writer: false,
        parameter_group: view.name(DbParameterGroup::KIND, &spec.db_parameter_group_name),
        monitoring_interval: spec.monitoring_interval,
        monitoring_role: spec.monitoring_role_arn.is_some(),
        public: spec.publicly_accessible,
        auto_minor_upgrade: spec.auto_minor_version_upgrade,
        ca: spec.ca_certificate_identifier.clone(),
        certificate_until: live.map_or(not_in_a_plan(), |live| live.certificate_until.clone()),
        maintenance_window: spec.preferred_maintenance_window.as_ref().and_then(|w| intent::weekly(w.as_str())),
        parameters_in_sync: live.map_or(not_in_a_plan(), |live| live.parameters_in_sync.clone()),
    }
}

fn group(at: &Address, (of_cluster, family): (bool, String), parameters: &Parameters) -> facts::ParameterGroup {
    let values = parameters.as_map().clone();
    facts::ParameterGroup { address: at.clone(), name: at.to_string(), of_cluster, family, values }
}

/// A daily window.
fn daily(text: &str) -> Option<Window> {
    let window: BackupWindow = text.parse().ok()?;
    Some(Window { start: window.start, minutes: window.minutes })
}
