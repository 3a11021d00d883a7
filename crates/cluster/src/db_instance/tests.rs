//! The diff table of an instance by its role, and what AWS's answers become.

use super::*;
use crate::told::OfInstance;
use auroractl_core::observed::{Live, Observed};
use auroractl_core::{Address, Context, Level, Owner, When};
use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{
    CertificateDetails, DbCluster, DbClusterMember, DbParameterGroupStatus, PendingModifiedValues,
};
use std::collections::BTreeMap;

fn instance(name: &str) -> DbInstance {
    DbInstance {
        db_instance_identifier: format!("orders-{name}"),
        db_cluster_identifier: Input::Value("orders".into()),
        db_instance_class: "db.r7g.large".into(),
        availability_zone: Some("eu-central-1a".into()),
        promotion_tier: 1,
        db_parameter_group_name: Input::Value("orders-main-abcdefgh".into()),
        monitoring_interval: 60,
        monitoring_role_arn: Some(Input::Value("arn:role".into())),
        ca_certificate_identifier: Some("rds-ca-rsa2048-g1".into()),
        auto_minor_version_upgrade: true,
        publicly_accessible: false,
        preferred_maintenance_window: None,
        parameters_in_sync: None,
        deferred: false,
        tags: Tags::new(),
    }
}

fn live(name: &str, is_writer: bool) -> (Address, Observed) {
    let outputs = DbInstanceOutputs {
        db_instance_identifier: format!("orders-{name}").into(),
        db_instance_arn: String::new(),
        dbi_resource_id: String::new(),
        endpoint: None,
        availability_zone: None,
        is_writer,
    };
    let (spec, outputs) = (serde_json::to_value(instance(name)).unwrap(), serde_json::to_value(outputs).unwrap());
    let live = Live::ready(spec, outputs, Owner::Untagged);
    (Address::new("db_instance", name).unwrap(), Observed::Live(Box::new(live)))
}

/// An edit, how bad it is, and when.
type Case = (fn(&mut DbInstance), Level, When);

fn graded(name: &str, observed: &[(Address, Observed)], edit: fn(&mut DbInstance)) -> (Level, When) {
    let (address, observed) = (Address::new("db_instance", name).unwrap(), observed.iter().cloned().collect());
    let mut new = instance(name);
    edit(&mut new);
    let mut diff = Diff::new(Context { address: &address, observed: &observed });
    DbInstance::diff(&instance(name), &new, &mut diff);
    let change = diff.finish().pop().unwrap();
    (change.impact.level, change.impact.when)
}

#[test]
fn the_role_decides_what_an_edit_costs() {
    let pair = [live("a", true), live("b", false)];
    let single = [live("a", true)];
    let class: fn(&mut DbInstance) = |i| i.db_instance_class = "db.r7g.xlarge".into();
    assert_eq!(graded("b", &pair, class).0, Level::RebootOne);
    assert_eq!(graded("a", &pair, class).0, Level::Failover);
    assert_eq!(graded("a", &single, class).0, Level::WriteOutage);
    let zone: fn(&mut DbInstance) = |i| i.availability_zone = Some("eu-central-1b".into());
    assert_eq!(graded("b", &pair, zone).0, Level::Replace);
    assert_eq!(graded("a", &pair, zone).0, Level::Impossible);
    let ca: fn(&mut DbInstance) = |i| i.ca_certificate_identifier = Some("rds-ca-rsa4096-g1".into());
    assert_eq!(graded("b", &pair, ca).0, Level::RebootOne);
    assert_eq!(graded("a", &pair, ca).0, Level::Failover);
    let as_it_runs = |(at, seen): (Address, Observed)| {
        let live = Live { seamless: ["ca_certificate_identifier".to_owned()].into(), ..seen.live().unwrap().clone() };
        (at, Observed::Live(Box::new(live)))
    };
    let able = pair.clone().map(as_it_runs);
    assert_eq!((graded("a", &able, ca).0, graded("b", &able, ca).0), (Level::None, Level::None));
    assert_eq!(graded("a", &able, class).0, Level::Failover);
}

#[test]
fn other_edits_do_not_depend_on_it() {
    let pair = [live("a", true), live("b", false)];
    let cases: [Case; 5] = [
        (|i| i.promotion_tier = 0, Level::None, When::Now),
        (|i| i.monitoring_interval = 0, Level::None, When::Now),
        (|i| i.publicly_accessible = true, Level::None, When::Now),
        (|i| i.preferred_maintenance_window = Some("mon:01:00-mon:02:00".into()), Level::None, When::Now),
        (|i| i.db_parameter_group_name = Input::Value("other".into()), Level::RebootOne, When::AtReboot),
    ];
    for (edit, level, when) in cases {
        assert_eq!(graded("a", &pair, edit), (level, when));
    }
}

fn answer() -> aws_sdk_rds::types::builders::DbInstanceBuilder {
    let group = DbParameterGroupStatus::builder()
        .db_parameter_group_name("orders-main-abcdefgh")
        .parameter_apply_status("in-sync");
    Raw::builder()
        .db_instance_identifier("orders-a")
        .db_instance_status("available")
        .db_cluster_identifier("orders")
        .db_instance_class("db.r7g.large")
        .availability_zone("eu-central-1a")
        .promotion_tier(1)
        .db_parameter_groups(group.build())
        .monitoring_interval(60)
        .monitoring_role_arn("arn:role")
        .ca_certificate_identifier("rds-ca-rsa2048-g1")
        .auto_minor_version_upgrade(true)
        .publicly_accessible(false)
        .preferred_maintenance_window("mon:01:00-mon:02:00")
        .dbi_resource_id("db-ABC")
}

fn cluster(writer: bool, status: &str) -> DbCluster {
    let member = DbClusterMember::builder().db_instance_identifier("orders-a").is_cluster_writer(writer);
    DbCluster::builder().db_cluster_members(member.db_cluster_parameter_group_status(status).build()).build()
}

#[test]
fn an_unchanged_instance_is_equal() {
    let found = observe::found(&answer().build(), Some(&cluster(true, "in-sync")), &instance("a"));
    let (address, observed) = (Address::new("db_instance", "a").unwrap(), BTreeMap::new());
    let mut diff = Diff::new(Context { address: &address, observed: &observed });
    DbInstance::diff(&found.spec, &instance("a"), &mut diff);
    assert_eq!(diff.finish(), []);
    assert!(found.outputs.is_writer && found.pending.is_empty());
    assert_eq!(found.readiness, Readiness::Ready);
    assert_eq!(found.incarnation.as_deref(), Some("db-ABC"));
}

#[test]
fn what_no_stack_can_ask_for_is_kept_for_people() {
    let details = CertificateDetails::builder().valid_till(DateTime::from_secs(1_800_000_000)).build();
    let found = observe::found(&answer().certificate_details(details).build(), None, &instance("a"));
    let told = OfInstance { status: Some("available".to_owned()), certificate_until: Some(1_800_000_000) };
    assert_eq!(found.told, Some(serde_json::to_value(told).unwrap()));
    assert_eq!(differences(&found.spec, &instance("a")), Vec::<String>::new(), "and differs from nothing");
}

#[test]
fn what_aws_does_not_tell_yet_is_no_difference() {
    let raw = answer().db_instance_status("creating").set_availability_zone(None).set_ca_certificate_identifier(None);
    let (address, observed) = (Address::new("db_instance", "a").unwrap(), BTreeMap::new());
    let differs = |raw: &Raw| {
        let found = observe::found(raw, None, &instance("a"));
        let mut diff = Diff::new(Context { address: &address, observed: &observed });
        DbInstance::diff(&found.spec, &instance("a"), &mut diff);
        diff.finish().len()
    };
    assert_eq!(differs(&raw.clone().build()), 0);
    assert_eq!(differs(&raw.db_instance_status("available").build()), 2);
}

fn differences(found: &DbInstance, wanted: &DbInstance) -> Vec<String> {
    let (address, observed) = (Address::new("db_instance", "a").unwrap(), BTreeMap::new());
    let mut diff = Diff::new(Context { address: &address, observed: &observed });
    DbInstance::diff(found, wanted, &mut diff);
    diff.finish().into_iter().map(|change| change.path).collect()
}

#[test]
fn values_that_wait_for_a_restart_are_a_difference_where_the_stack_says_so() {
    let waits = observe::found(&answer().build(), Some(&cluster(true, "pending-reboot")), &instance("a")).spec;
    assert_eq!(differences(&waits, &instance("a")), Vec::<String>::new());
    let rolls = DbInstance { parameters_in_sync: Some(true), ..instance("a") };
    assert_eq!(differences(&waits, &rolls), ["parameters_in_sync"]);
    assert_eq!(
        differences(&instance("a"), &rolls),
        Vec::<String>::new(),
        "an earlier release's record says nothing of it"
    );
}

#[test]
fn what_was_left_to_the_window_is_accepted_and_keeps_nobody_waiting() {
    let wanted = DbInstance { db_instance_class: "db.r7g.xlarge".into(), deferred: true, ..instance("a") };
    let before = observe::found(&answer().build(), Some(&cluster(true, "in-sync")), &wanted);
    assert_eq!(differences(&before.spec, &wanted), ["db_instance_class"]);
    let values = PendingModifiedValues::builder().db_instance_class("db.r7g.xlarge").build();
    let raw = answer().pending_modified_values(values).build();
    let after = observe::found(&raw, Some(&cluster(true, "in-sync")), &wanted);
    assert_eq!((differences(&after.spec, &wanted), after.readiness), (Vec::new(), Readiness::Ready));
    assert_eq!(after.pending["db_instance_class"], "db.r7g.xlarge");
    assert_eq!(after.in_force["db_instance_class"], "db.r7g.large");
    let hasty = DbInstance { deferred: false, ..wanted };
    let found = observe::found(&raw, Some(&cluster(true, "in-sync")), &hasty);
    assert_eq!(differences(&found.spec, &hasty), ["db_instance_class"], "whoever will not wait changes it now");
}

#[test]
fn an_edit_that_takes_back_what_waits_is_felt_by_nobody() {
    let left = DbInstance { db_instance_class: "db.r7g.xlarge".into(), deferred: true, ..instance("a") };
    let values = PendingModifiedValues::builder().db_instance_class("db.r7g.xlarge").build();
    let raw = answer().pending_modified_values(values).build();
    let found = observe::found(&raw, Some(&cluster(true, "in-sync")), &left);
    let (address, mut seen) = live("a", true);
    if let Observed::Live(live) = &mut seen {
        (live.pending, live.in_force) = (found.pending.clone(), found.in_force.clone());
    }
    let observed = BTreeMap::from([(address.clone(), seen), live("b", false)]);
    let graded = |class: &str, deferred: bool| {
        let new = DbInstance { db_instance_class: class.into(), deferred, ..left.clone() };
        let mut diff = Diff::new(Context { address: &address, observed: &observed });
        DbInstance::diff(&found.spec, &new, &mut diff);
        diff.finish().into_iter().map(|change| (change.path, change.impact.level)).collect::<Vec<_>>()
    };
    let class = |level| vec![("db_instance_class".to_owned(), level)];
    for deferred in [true, false] {
        assert_eq!(graded("db.r7g.large", deferred), class(Level::None), "it runs with that");
        assert_eq!(graded("db.r7g.2xlarge", deferred), class(Level::Failover));
    }
    assert_eq!(graded("db.r7g.xlarge", false), [("deferred".to_owned(), Level::Failover)], "it is made now");
}

#[test]
fn what_somebody_left_to_the_window_is_taken_back_by_the_next_call() {
    let values =
        PendingModifiedValues::builder().db_instance_class("db.r7g.2xlarge").ca_certificate_identifier("other");
    let raw = answer().pending_modified_values(values.build()).build();
    let back = |wanted: &DbInstance| {
        let found = observe::found(&raw, Some(&cluster(true, "in-sync")), wanted);
        let Back { class, certificate } = Back::of(&found, wanted);
        (class.map(str::to_owned), certificate.map(str::to_owned))
    };
    let said = |class: &str, authority: &str| (Some(class.to_owned()), Some(authority.to_owned()));
    assert_eq!(back(&instance("a")), said("db.r7g.large", "rds-ca-rsa2048-g1"));
    let open = DbInstance { ca_certificate_identifier: None, ..instance("a") };
    assert_eq!(back(&open), said("db.r7g.large", "rds-ca-rsa2048-g1"), "as it is");
    let wanted = DbInstance { db_instance_class: "db.r7g.2xlarge".into(), ..instance("a") };
    assert_eq!(back(&wanted).0, None, "what the stack wants, too, is made");
    assert_eq!(back(&DbInstance { deferred: true, ..instance("a") }), (None, None), "nothing is applied at once");
}

/// What differs where the stack left edits to the window, has AWS's answer in view, and now rolls.
fn undeferred(raw: &Raw, cluster: &DbCluster, left: &DbInstance) -> Vec<(String, When)> {
    let found = observe::found(raw, Some(cluster), left);
    let (address, mut seen) = live("a", true);
    if let Observed::Live(live) = &mut seen {
        live.pending = found.pending;
    }
    let observed = BTreeMap::from([(address.clone(), seen)]);
    let mut diff = Diff::new(Context { address: &address, observed: &observed });
    let rolls = DbInstance { deferred: false, parameters_in_sync: Some(true), ..left.clone() };
    DbInstance::diff(&found.spec, &rolls, &mut diff);
    diff.finish().into_iter().map(|change| (change.path, change.impact.when)).collect()
}

#[test]
fn what_no_call_applies_does_not_undo_what_was_left_to_the_window() {
    let left = DbInstance { deferred: true, ..instance("a") };
    let waits = undeferred(&answer().build(), &cluster(true, "pending-reboot"), &left);
    assert_eq!(waits, [("parameters_in_sync".to_owned(), When::AtReboot)], "a restart, and no edit that makes it");
    let left = DbInstance { db_instance_class: "db.r7g.xlarge".into(), ..left };
    let values = PendingModifiedValues::builder().db_instance_class("db.r7g.xlarge").build();
    let raw = answer().pending_modified_values(values).build();
    assert_eq!(undeferred(&raw, &cluster(true, "in-sync"), &left), [("deferred".to_owned(), When::Now)]);
}

#[test]
fn another_window_is_felt_as_what_waits_for_it() {
    let moved = |deferred, field: &str| {
        let (address, mut seen) = live("a", true);
        if let Observed::Live(live) = &mut seen {
            live.pending.insert(field.to_owned(), "other".into());
        }
        let observed = BTreeMap::from([(address.clone(), seen), self::live("b", false)]);
        let old = DbInstance { deferred, ..instance("a") };
        let new = DbInstance { preferred_maintenance_window: Some("mon:01:00-mon:02:00".into()), ..old.clone() };
        let mut diff = Diff::new(Context { address: &address, observed: &observed });
        DbInstance::diff(&old, &new, &mut diff);
        let found = diff.finish().into_iter().find(|change| change.path == "preferred_maintenance_window").unwrap();
        (found.impact.level, found.impact.when)
    };
    assert_eq!(moved(true, "db_instance_class"), (Level::Failover, When::InWindow));
    assert_eq!(moved(false, "db_instance_class"), (Level::None, When::Now), "the call takes it back");
    assert_eq!(moved(false, "engine_version"), (Level::Failover, When::InWindow));
    assert_eq!(moved(true, "db_parameter_group_name"), (Level::None, When::Now), "that waits for a restart");
}

#[test]
fn what_waits_for_the_window_is_listed() {
    let new = DbInstance {
        db_instance_class: "db.r7g.xlarge".into(),
        promotion_tier: 0,
        db_parameter_group_name: Input::Value("other".into()),
        monitoring_interval: 0,
        ca_certificate_identifier: Some("rds-ca-rsa4096-g1".into()),
        auto_minor_version_upgrade: false,
        publicly_accessible: true,
        deferred: true,
        ..instance("a")
    };
    let (address, observed) = (Address::new("db_instance", "a").unwrap(), BTreeMap::new());
    let mut diff = Diff::new(Context { address: &address, observed: &observed });
    DbInstance::diff(&instance("a"), &new, &mut diff);
    let changes = diff.finish().into_iter().filter(|change| change.impact.when == When::InWindow);
    assert_eq!(changes.map(|change| change.path).collect::<Vec<String>>(), DbInstance::DEFERRED);
}

#[test]
fn available_is_not_always_ready() {
    let read = |raw: &Raw, cluster: &DbCluster, asked: &DbInstance| observe::found(raw, Some(cluster), asked).readiness;
    let pending = |readiness| matches!(readiness, Readiness::Pending(_));
    assert!(pending(read(&answer().build(), &DbCluster::builder().build(), &instance("a"))), "not listed yet");
    let group = DbParameterGroupStatus::builder().parameter_apply_status("applying").build();
    assert!(pending(read(&answer().db_parameter_groups(group).build(), &cluster(true, "in-sync"), &instance("a"))));
    let values = PendingModifiedValues::builder().db_instance_class("db.r7g.xlarge").build();
    let raw = answer().pending_modified_values(values).build();
    let wanted = DbInstance { db_instance_class: "db.r7g.xlarge".into(), ..instance("a") };
    assert!(pending(read(&raw, &cluster(true, "in-sync"), &wanted)));
    assert_eq!(read(&raw, &cluster(true, "in-sync"), &instance("a")), Readiness::Ready, "somebody else's");
}

#[test]
fn a_restart_that_is_due_is_pending_and_no_drift() {
    let found = observe::found(&answer().build(), Some(&cluster(false, "pending-reboot")), &instance("a"));
    assert_eq!(found.readiness, Readiness::Ready);
    assert_eq!(found.pending.keys().collect::<Vec<_>>(), ["db_cluster_parameter_group_name"]);
}
