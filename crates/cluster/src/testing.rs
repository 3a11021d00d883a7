//! Shared by the unit tests of the kinds.

use crate::db_instance::{DbInstance, DbInstanceOutputs};
use auroractl_core::diff::Context;
use auroractl_core::{Address, Diff, Input, Level, Model, Tags};
use std::collections::BTreeMap;

/// Path and level of every field that differs.
pub(crate) fn changes<M: Model>(old: &M, new: &M) -> Vec<(String, Level)> {
    let address = Address::new(M::KIND, "x").unwrap();
    let observed = BTreeMap::new();
    let mut diff = Diff::new(Context { address: &address, observed: &observed });
    M::diff(old, new, &mut diff);
    diff.finish().into_iter().map(|change| (change.path, change.impact.level)).collect()
}

/// A member of the cluster `orders` of which nothing is said that nobody asks about.
pub(crate) fn member(name: &str, class: &str) -> DbInstance {
    DbInstance {
        db_instance_identifier: name.into(),
        db_cluster_identifier: Input::Value("orders".into()),
        db_instance_class: class.into(),
        availability_zone: None,
        promotion_tier: 1,
        db_parameter_group_name: Input::Value("g".into()),
        monitoring_interval: 0,
        monitoring_role_arn: None,
        ca_certificate_identifier: None,
        auto_minor_version_upgrade: true,
        publicly_accessible: false,
        preferred_maintenance_window: None,
        parameters_in_sync: None,
        deferred: false,
        tags: Tags::new(),
    }
}

/// What it exports.
pub(crate) fn outputs(name: &str, is_writer: bool) -> DbInstanceOutputs {
    DbInstanceOutputs {
        db_instance_identifier: name.into(),
        db_instance_arn: String::new(),
        dbi_resource_id: String::new(),
        endpoint: None,
        availability_zone: None,
        is_writer,
    }
}
