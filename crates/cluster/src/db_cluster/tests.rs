//! The diff table of a cluster, and what AWS's answers become.

use super::request::{exports, immediately, kept_key};
use super::*;
use crate::db_instance::SERVERLESS;
use crate::testing;
use crate::told::{OfCluster, Seat};
use auroractl_core::{Address, Level, Live, Observed, Of, Owner, When};
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{
    ClusterPendingModifiedValues, DbCluster as Raw, DbClusterMember, MasterUserSecret,
    ServerlessV2ScalingConfigurationInfo, VpcSecurityGroupMembership,
};
use std::collections::BTreeMap;

const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/1";

fn key(arn: &str) -> Option<Input<KmsKeyArn>> {
    Some(Input::Value(arn.into()))
}

pub(crate) fn cluster() -> DbCluster {
    DbCluster {
        db_cluster_identifier: "orders".into(),
        engine_version: "16.8".into(),
        auto_minor_version_upgrade: true,
        database_name: Some("orders".into()),
        master_username: "dbowner".into(),
        manage_master_user_password: true,
        master_user_secret_kms_key_id: key(KEY),
        enable_iam_database_authentication: true,
        port: 5432,
        db_subnet_group_name: Input::Value("orders-subnets".into()),
        vpc_security_group_ids: [Input::Value("sg-1".into())].into(),
        db_cluster_parameter_group_name: Input::Value("orders-main-abcdefgh".into()),
        storage_encrypted: true,
        kms_key_id: key(KEY),
        storage_type: StorageType::Aurora,
        serverless_v2_scaling_configuration: None,
        backup_retention_period: 30,
        preferred_backup_window: "03:00-04:00".into(),
        preferred_maintenance_window: "sun:04:30-sun:05:30".into(),
        copy_tags_to_snapshot: true,
        deletion_protection: true,
        skip_final_snapshot: false,
        enable_cloudwatch_logs_exports: ["postgresql".to_owned()].into(),
        database_insights_mode: InsightsMode::Standard,
        enable_performance_insights: true,
        performance_insights_retention_period: Some(7),
        performance_insights_kms_key_id: key(KEY),
        deferred: false,
        tags: [("team".to_owned(), "orders".to_owned())].into(),
    }
}

/// What AWS answers about [`cluster`].
fn answer() -> aws_sdk_rds::types::builders::DbClusterBuilder {
    let tag = |key: &str, value: &str| aws_sdk_rds::types::Tag::builder().key(key).value(value).build();
    Raw::builder()
        .db_cluster_identifier("orders")
        .status("available")
        .engine(ENGINE)
        .engine_version("16.8")
        .auto_minor_version_upgrade(true)
        .database_name("orders")
        .master_username("dbowner")
        .master_user_secret(MasterUserSecret::builder().secret_arn("arn:secret").kms_key_id(KEY).build())
        .iam_database_authentication_enabled(true)
        .port(5432)
        .db_subnet_group("orders-subnets")
        .vpc_security_groups(
            VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-1").status("active").build(),
        )
        .db_cluster_parameter_group("orders-main-abcdefgh")
        .storage_encrypted(true)
        .kms_key_id(KEY)
        .backup_retention_period(30)
        .preferred_backup_window("03:00-04:00")
        .preferred_maintenance_window("sun:04:30-sun:05:30")
        .copy_tags_to_snapshot(true)
        .deletion_protection(true)
        .enabled_cloudwatch_logs_exports("postgresql")
        .database_insights_mode(DatabaseInsightsMode::Standard)
        .performance_insights_enabled(true)
        .performance_insights_retention_period(7)
        .performance_insights_kms_key_id(KEY)
        .db_cluster_resource_id("cluster-ABC")
        .endpoint("orders.cluster-x.eu-central-1.rds.amazonaws.com")
        .tag_list(tag("team", "orders"))
        .tag_list(tag("auroractl:id", "oid"))
}

/// An edit, how bad it is, and when.
type Case = (fn(&mut DbCluster), Level, When);

fn changes(old: &DbCluster, new: &DbCluster) -> Vec<(String, Level, When)> {
    changes_among(old, new, &BTreeMap::new())
}

fn changes_among(
    old: &DbCluster,
    new: &DbCluster,
    observed: &BTreeMap<Address, Observed>,
) -> Vec<(String, Level, When)> {
    let address = Address::new("db_cluster", "main").unwrap();
    let mut diff = Diff::new(Context { address: &address, observed });
    DbCluster::diff(old, new, &mut diff);
    diff.finish().into_iter().map(|change| (change.path, change.impact.level, change.impact.when)).collect()
}

#[test]
fn an_unchanged_cluster_is_equal() {
    let found = observe::found(&answer().build(), &cluster());
    assert_eq!(found.spec, cluster());
    assert_eq!(found.readiness, Readiness::Ready);
    assert_eq!(found.owner, Owner::Partial("oid".into()));
    assert_eq!(found.incarnation.as_deref(), Some("cluster-ABC"));
    assert_eq!(changes(&found.spec, &cluster()), []);
    assert_eq!(Of::<DbCluster>::spec(&serde_json::to_value(&found.spec).unwrap()).unwrap(), found.spec);
}

#[test]
fn what_aws_leaves_out_or_respells_is_no_difference() {
    let raw = answer()
        .set_database_name(None)
        .preferred_maintenance_window("Sun:04:30-Sun:05:30")
        .set_storage_type(None)
        .build();
    assert_eq!(changes(&observe::found(&raw, &cluster()).spec, &cluster()), []);
}

#[test]
fn each_edit_has_its_grade() {
    let graded = |edit: fn(&mut DbCluster)| {
        let mut new = cluster();
        edit(&mut new);
        changes(&cluster(), &new).pop().map(|(_, level, when)| (level, when)).unwrap()
    };
    use Level::{Impossible, None as Free, RebootAll, Reconnect};
    let cases: [Case; 21] = [
        (|c| c.engine_version = "16.11".into(), RebootAll, When::Now),
        (|c| c.engine_version = "17.4".into(), Impossible, When::Now),
        (|c| c.engine_version = "15.10".into(), Impossible, When::Now),
        (|c| c.port = 5433, RebootAll, When::Now),
        (|c| c.db_cluster_parameter_group_name = Input::Value("other".into()), RebootAll, When::AtReboot),
        (|c| c.db_subnet_group_name = Input::Value("other".into()), Impossible, When::Now),
        (|c| c.kms_key_id = key("arn:other"), Impossible, When::Now),
        (|c| c.storage_encrypted = false, Impossible, When::Now),
        (|c| c.database_name = Some("other".into()), Impossible, When::Now),
        (|c| c.master_username = "other".into(), Impossible, When::Now),
        (|c| c.master_user_secret_kms_key_id = key("arn:other"), Impossible, When::Now),
        (|c| c.performance_insights_kms_key_id = key("arn:other"), Impossible, When::Now),
        (|c| c.db_cluster_identifier = "other".into(), Impossible, When::Now),
        (
            |c| c.vpc_security_group_ids = [Input::Value("sg-1".into()), Input::Value("sg-2".into())].into(),
            Free,
            When::Now,
        ),
        (|c| c.vpc_security_group_ids = [Input::Value("sg-2".into())].into(), Reconnect, When::Now),
        (|c| c.storage_type = StorageType::AuroraIopt1, Free, When::Now),
        (|c| c.deletion_protection = false, Free, When::Now),
        (|c| c.backup_retention_period = 7, Free, When::Now),
        (|c| c.enable_cloudwatch_logs_exports.clear(), Free, When::Now),
        (|c| c.database_insights_mode = InsightsMode::Advanced, Free, When::Now),
        (|c| c.skip_final_snapshot = true, Free, When::Now),
    ];
    for (index, (edit, level, when)) in cases.into_iter().enumerate() {
        assert_eq!(graded(edit), (level, when), "case {index}");
    }
}

#[test]
fn impossible_edits_name_a_way_out() {
    let mut new = cluster();
    new.engine_version = "17.4".into();
    new.kms_key_id = key("arn:other");
    let (address, observed) = (Address::new("db_cluster", "main").unwrap(), BTreeMap::new());
    let mut diff = Diff::new(Context { address: &address, observed: &observed });
    DbCluster::diff(&cluster(), &new, &mut diff);
    let found = diff.finish();
    assert_eq!(found.len(), 2);
    assert!(
        found.iter().all(|change| !change.impact.way_out.is_empty() && change.impact.source.starts_with("https://"))
    );
}

#[test]
fn aws_may_be_ahead_by_minor_versions() {
    let ahead = observe::found(&answer().engine_version("16.11").build(), &cluster()).spec;
    assert_eq!(changes(&ahead, &cluster()), []);
    let fixed = DbCluster { auto_minor_version_upgrade: false, ..cluster() };
    let found: Vec<_> = changes(&ahead, &fixed).into_iter().map(|(path, level, _)| (path, level)).collect();
    assert_eq!(found[0], ("engine_version".to_owned(), Level::Impossible));
}

#[test]
fn capacity_is_compared_number_by_number() {
    let scaling = |max, pause| {
        Some(ServerlessV2Scaling { min_capacity: 0.0, max_capacity: max, seconds_until_auto_pause: pause })
    };
    let info = ServerlessV2ScalingConfigurationInfo::builder()
        .min_capacity(0.0)
        .max_capacity(8.0)
        .seconds_until_auto_pause(300)
        .build();
    let old = observe::found(&answer().serverless_v2_scaling_configuration(info).build(), &cluster()).spec;
    let with = |range| DbCluster { serverless_v2_scaling_configuration: range, ..cluster() };
    assert_eq!(changes(&old, &with(scaling(8.0, None))), [], "AWS fills in the seconds");
    assert_eq!(changes(&old, &with(None)), [], "what left the stack stays");
    let edited = changes(&old, &with(scaling(16.0, Some(600))));
    let paths: Vec<&str> = edited.iter().map(|(path, _, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "serverless_v2_scaling_configuration.max_capacity",
            "serverless_v2_scaling_configuration.seconds_until_auto_pause"
        ]
    );
}

/// A member of this class, as it was observed.
fn member(class: &str) -> (Address, Observed) {
    let (spec, outputs) = (testing::member("orders-a", class), testing::outputs("orders-a", true));
    let (spec, outputs) = (serde_json::to_value(spec).unwrap(), serde_json::to_value(outputs).unwrap());
    let live = Live::ready(spec, outputs, Owner::Untagged);
    (Address::new("db_instance", "a").unwrap(), Observed::Live(Box::new(live)))
}

#[test]
fn what_follows_from_the_capacity_range_waits_for_a_restart_of_serverless_members() {
    let with = |(min_capacity, max_capacity): (f64, f64)| {
        let range = ServerlessV2Scaling { min_capacity, max_capacity, seconds_until_auto_pause: None };
        DbCluster { serverless_v2_scaling_configuration: Some(range), ..cluster() }
    };
    let graded = |class: &str, old: (f64, f64), new: (f64, f64)| {
        changes_among(&with(old), &with(new), &BTreeMap::from([member(class)])).pop().unwrap()
    };
    let most = "serverless_v2_scaling_configuration.max_capacity".to_owned();
    let least = "serverless_v2_scaling_configuration.min_capacity".to_owned();
    for new in [4.0, 16.0] {
        let edit = graded(SERVERLESS, (0.5, 8.0), (0.5, new));
        assert_eq!(edit, (most.clone(), Level::RebootAll, When::AtReboot), "{new}");
    }
    assert_eq!(graded("db.r7g.large", (0.5, 8.0), (0.5, 16.0)), (most, Level::None, When::Now));
    // With a least capacity below 1 connections are capped, but for a greatest one with which there are fewer anyway.
    let cases = [
        ((0.5, 16.0), 1.0, true),
        ((2.0, 16.0), 0.0, true),
        ((0.0, 16.0), 0.5, false),
        ((1.0, 16.0), 4.0, false),
        ((0.5, 8.0), 1.0, false),
    ];
    for (old, new, waits) in cases {
        let edit = graded(SERVERLESS, old, (new, old.1));
        let (level, when) = if waits { (Level::RebootAll, When::AtReboot) } else { (Level::None, When::Now) };
        assert_eq!(edit, (least.clone(), level, when), "{old:?} {new}");
        assert_eq!(graded("db.r7g.large", old, (new, old.1)).1, Level::None);
    }
}

#[test]
fn pending_values_are_seen_and_only_ours_are_waited_for() {
    let values = ClusterPendingModifiedValues::builder().engine_version("16.11").build();
    let raw = answer().pending_modified_values(values).build();
    let deferred = observe::found(&raw, &cluster());
    assert_eq!(deferred.readiness, Readiness::Ready);
    assert_eq!(deferred.pending.keys().collect::<Vec<_>>(), ["engine_version"]);
    let wanted = DbCluster { engine_version: "16.11".into(), ..cluster() };
    assert!(matches!(observe::found(&raw, &wanted).readiness, Readiness::Pending(_)));
}

#[test]
fn a_version_that_waits_for_the_window_is_no_difference() {
    let wanted =
        DbCluster { engine_version: "16.11".into(), auto_minor_version_upgrade: false, deferred: true, ..cluster() };
    let before = observe::found(&answer().auto_minor_version_upgrade(false).build(), &wanted);
    assert_eq!(changes(&before.spec, &wanted), [("engine_version".to_owned(), Level::RebootAll, When::InWindow)]);
    let values = ClusterPendingModifiedValues::builder().engine_version("16.11").build();
    let raw = answer().auto_minor_version_upgrade(false).pending_modified_values(values).build();
    let after = observe::found(&raw, &wanted);
    assert_eq!((changes(&after.spec, &wanted), after.readiness), (vec![], Readiness::Ready));
}

#[test]
fn what_waits_for_the_window_is_listed() {
    let new = DbCluster {
        engine_version: "16.11".into(),
        enable_iam_database_authentication: false,
        port: 5433,
        db_cluster_parameter_group_name: Input::Value("other".into()),
        storage_type: StorageType::AuroraIopt1,
        backup_retention_period: 31,
        deletion_protection: false,
        deferred: true,
        ..cluster()
    };
    let waits = changes(&cluster(), &new).into_iter().filter(|(_, _, when)| *when == When::InWindow);
    assert_eq!(waits.map(|(path, _, _)| path).collect::<Vec<String>>(), DbCluster::DEFERRED);
}

#[test]
fn whoever_waits_no_longer_restarts_what_waits_for_a_restart() {
    let left = DbCluster { deferred: true, ..cluster() };
    let hurried = |field: &str| changes_among(&left, &cluster(), &pending(field));
    assert_eq!(hurried("engine_version"), [("deferred".to_owned(), Level::RebootAll, When::Now)]);
    for field in ["storage_type", "backup_retention_period", "enable_iam_database_authentication"] {
        assert_eq!(hurried(field), [("deferred".to_owned(), Level::None, When::Now)], "{field}");
    }
    assert_eq!(hurried("db_cluster_identifier"), [], "somebody else's");
}

/// What is observed of the cluster while AWS has accepted an edit of this field that it has not applied.
fn pending(field: &str) -> BTreeMap<Address, Observed> {
    let live = Live {
        pending: BTreeMap::from([(field.to_owned(), serde_json::Value::Null)]),
        ..Live::ready(serde_json::Value::Null, serde_json::Value::Null, Owner::Untagged)
    };
    BTreeMap::from([(Address::new("db_cluster", "main").unwrap(), Observed::Live(Box::new(live)))])
}

/// Edits that are nothing by themselves and that AWS makes with the call only where it is told so.
const HURRIED: [fn(&mut DbCluster); 3] = [
    |c| c.backup_retention_period = 31,
    |c| c.enable_iam_database_authentication = false,
    |c| c.storage_type = StorageType::AuroraIopt1,
];
/// Edits that AWS makes with the call whatever it is told.
const AT_ONCE: [fn(&mut DbCluster); 7] = [
    |c| c.deletion_protection = false,
    |c| c.port = 5433,
    |c| c.auto_minor_version_upgrade = false,
    |c| c.preferred_backup_window = "05:00-06:00".into(),
    |c| c.enable_cloudwatch_logs_exports.clear(),
    |c| c.database_insights_mode = InsightsMode::Advanced,
    |c| c.db_cluster_parameter_group_name = Input::Value("other".into()),
];

fn edited(edit: fn(&mut DbCluster), deferred: bool) -> DbCluster {
    let mut new = DbCluster { deferred, ..cluster() };
    edit(&mut new);
    new
}

#[test]
fn a_quiet_edit_is_felt_as_what_it_takes_along() {
    for edit in HURRIED {
        let level = |deferred, field| {
            let old = DbCluster { deferred, ..cluster() };
            let found = changes_among(&old, &edited(edit, deferred), &pending(field));
            found.into_iter().map(|(_, level, when)| (level, when)).collect::<Vec<_>>()
        };
        assert_eq!(level(false, "engine_version"), [(Level::RebootAll, When::Now)]);
        assert_eq!(level(false, "db_cluster_identifier"), [(Level::None, When::Now)]);
        assert_eq!(level(true, "engine_version"), [(Level::None, When::InWindow)], "it waits with the version");
    }
    let protection = changes_among(&cluster(), &edited(AT_ONCE[0], false), &pending("engine_version"));
    assert_eq!(protection, [("deletion_protection".to_owned(), Level::None, When::Now)]);
}

#[test]
fn another_window_is_felt_as_what_waits_for_it() {
    let moved = |deferred, field| {
        let old = DbCluster { deferred, ..cluster() };
        let new = DbCluster { preferred_maintenance_window: "mon:04:30-mon:05:30".into(), ..old.clone() };
        let found = changes_among(&old, &new, &pending(field));
        found.into_iter().map(|(_, level, when)| (level, when)).collect::<Vec<_>>()
    };
    for deferred in [true, false] {
        assert_eq!(moved(deferred, "engine_version"), [(Level::RebootAll, When::InWindow)]);
        assert_eq!(moved(deferred, "backup_retention_period"), [(Level::None, When::Now)]);
    }
}

#[test]
fn aws_is_told_to_apply_at_once_only_what_would_wait() {
    let at = Address::new("db_cluster", "main").unwrap();
    let told = |from: &DbCluster, to: &DbCluster, waits: bool| immediately(&at, from, to, waits);
    let upgraded = DbCluster { engine_version: "16.11".into(), ..cluster() };
    assert!(told(&cluster(), &upgraded, true));
    assert!(!told(&cluster(), &DbCluster { deferred: true, ..upgraded }, true));
    for edit in HURRIED {
        assert!(told(&cluster(), &edited(edit, false), true));
        assert!(!told(&DbCluster { deferred: true, ..cluster() }, &edited(edit, true), true));
    }
    for (index, edit) in AT_ONCE.into_iter().enumerate() {
        assert!(!told(&cluster(), &edited(edit, false), true), "edit {index}");
        assert!(told(&cluster(), &edited(edit, false), false), "nothing waits: edit {index}");
    }
    let left = DbCluster { deferred: true, ..cluster() };
    assert!(told(&left, &cluster(), true), "what was left to the window is to come now");
}

#[test]
fn whatever_is_edited_of_insights_their_key_is_named() {
    let named = |from: &DbCluster, to: &DbCluster| kept_key(from, to).unwrap();
    let advanced = edited(|c| c.database_insights_mode = InsightsMode::Advanced, false);
    assert_eq!(named(&cluster(), &advanced).as_deref(), Some(KEY));
    let open = DbCluster { performance_insights_kms_key_id: None, ..advanced };
    assert_eq!(named(&cluster(), &open).as_deref(), Some(KEY), "the one that they have");
    assert_eq!(named(&cluster(), &DbCluster { enable_performance_insights: false, ..cluster() }), None);
    let unencrypted = DbCluster { enable_performance_insights: false, ..open.clone() };
    assert_eq!(named(&unencrypted, &open), None, "RDS takes its own");
    assert_eq!(
        changes(&DbCluster { performance_insights_kms_key_id: None, ..cluster() }, &cluster())[0].1,
        Level::None
    );
}

#[test]
fn a_password_that_is_no_longer_managed_is_drift() {
    let found = observe::found(&answer().set_master_user_secret(None).build(), &cluster());
    let paths: Vec<String> = changes(&found.spec, &cluster()).into_iter().map(|(path, _, _)| path).collect();
    assert_eq!(paths, ["manage_master_user_password", "master_user_secret_kms_key_id"]);
    let young = observe::found(&answer().status("creating").set_master_user_secret(None).build(), &cluster());
    assert_eq!(changes(&young.spec, &cluster()), [], "its secret comes after it");
}

#[test]
fn logs_are_switched_on_and_off_by_name() {
    let to = DbCluster { enable_cloudwatch_logs_exports: ["instance".to_owned()].into(), ..cluster() };
    let lists = exports(&cluster(), &to);
    assert_eq!(lists.enable_log_types(), ["instance"]);
    assert_eq!(lists.disable_log_types(), ["postgresql"]);
    let more = DbCluster {
        enable_cloudwatch_logs_exports: ["instance".to_owned(), "postgresql".to_owned()].into(),
        ..cluster()
    };
    assert!(exports(&cluster(), &more).disable_log_types.is_none());
}

#[test]
fn who_writes_and_who_else_is_there_is_kept_for_people() {
    let member = |name: &str, writes, tier| {
        DbClusterMember::builder().db_instance_identifier(name).is_cluster_writer(writes).promotion_tier(tier).build()
    };
    let raw = answer().db_cluster_members(member("orders-a", false, 0)).db_cluster_members(member("other", true, 15));
    let found = observe::found(&raw.build(), &cluster());
    let seat = |name: &str, writer, tier| Seat { identifier: name.to_owned(), writer, promotion_tier: Some(tier) };
    let members = vec![seat("orders-a", false, 0), seat("other", true, 15)];
    let told = OfCluster { status: Some("available".to_owned()), members };
    assert_eq!((found.told, found.spec), (Some(serde_json::to_value(told).unwrap()), cluster()));
}

#[test]
fn protection_names_the_setting_of_the_stack() {
    assert_eq!(cluster().protection(), Some("cluster.deletion_protection"));
    assert_eq!(DbCluster { deletion_protection: false, ..cluster() }.protection(), None);
}

#[test]
fn the_final_snapshot_is_named_by_cluster_and_generation() {
    let found = observe::found(&answer().build(), &cluster());
    let name = |spec: &DbCluster| spec.final_snapshot(&found.outputs, "abcdefghijklmnop");
    assert_eq!(name(&cluster()).as_deref(), Some("orders-final-abcdefgh"));
    assert_eq!(name(&DbCluster { skip_final_snapshot: true, ..cluster() }), None);
}

#[test]
fn one_that_was_used_is_never_taken_for_one_that_did_not_come_to_be() {
    let readiness = |raw: Raw| observe::found(&raw, &cluster()).readiness;
    let failed = || answer().status("failed");
    assert!(matches!(readiness(failed().build()), Readiness::Failed(_)), "its creation came to nothing");
    let member = DbClusterMember::builder().db_instance_identifier("by-hand").build();
    assert!(matches!(readiness(failed().db_cluster_members(member).build()), Readiness::Halted(_)));
    let restorable = failed().latest_restorable_time(DateTime::from_secs(1));
    assert!(matches!(readiness(restorable.build()), Readiness::Halted(_)));
    for status in ["inaccessible-encryption-credentials-recoverable", "incompatible-network", "incompatible-parameters"]
    {
        assert!(matches!(readiness(answer().status(status).build()), Readiness::Halted(_)), "{status}");
    }
}
