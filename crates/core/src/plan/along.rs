//! What an edit takes along that was left to the maintenance window.
//!
//! A call with `ApplyImmediately` applies what was deferred earlier as well, whoever deferred it. So a quiet edit may
//! interrupt as the deferred one would have. Who counts interruptions and who orders them ask here.

use super::Change;
use crate::guard;
use crate::impact::When;

/// The fields of a cluster that AWS edits with the call only where it is told so (`ApplyImmediately`). All others it
/// edits at once in any case, so that a call with none of these is not told so while anything waits, and takes nothing along.
pub const CLUSTER_TIMED: &[&str] =
    &["engine_version", "enable_iam_database_authentication", "storage_type", "backup_retention_period"];

/// What is pending of a member and waits for a restart of its own: no call applies it, whatever it says.
const AT_RESTART: &[&str] = &["db_parameter_group_name", "db_cluster_parameter_group_name"];
/// What is pending of a cluster and restarts its members when it is applied.
const RESTARTS_ALL: &str = "engine_version";
/// The field that says whether edits wait for the window; that they no longer do is sent with `ApplyImmediately`.
const DEFERRED: &str = "deferred";

/// The pending values that this change's call takes along and that interrupt, by field; what it edits itself is none of
/// them. Tags have a call of their own, which takes nothing along.
pub fn taken_along(change: &Change) -> impl Iterator<Item = &str> {
    let waits = change.fields.iter().any(|field| field.impact.when == When::InWindow);
    let paths = move || change.fields.iter().map(|field| field.path.as_str()).filter(|path| !path.starts_with("tags."));
    let called = !waits && paths().next().is_some();
    let hurried = !waits && paths().any(|path| path == DEFERRED || CLUSTER_TIMED.contains(&path));
    change.pending.keys().map(String::as_str).filter(move |path| {
        let taken = match change.address.kind() {
            guard::MEMBER => called && !AT_RESTART.contains(path),
            guard::PARENT => hurried && *path == RESTARTS_ALL,
            _ => false,
        };
        taken && paths().all(|edited| edited != *path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::FieldChange;
    use crate::impact::{Impact, Level};
    use crate::model::Group;
    use crate::plan::Action;
    use serde_json::Value;

    fn taken(address: &str, fields: &[(&str, When)], pending: &[&str]) -> Vec<String> {
        let field = |(path, when): &(&str, When)| FieldChange {
            path: (*path).to_owned(),
            before: Value::Null,
            after: Value::Null,
            impact: Impact::new(Level::None, "a page").when(*when),
        };
        let change = Change {
            fields: fields.iter().map(field).collect(),
            pending: pending.iter().map(|path| ((*path).to_owned(), Value::Null)).collect(),
            ..Change::bare(address.parse().unwrap(), Group::Cluster, Action::Update)
        };
        taken_along(&change).map(str::to_owned).collect()
    }

    #[test]
    fn a_members_edit_takes_along_what_was_deferred_and_not_what_waits_for_a_restart() {
        let pending = ["db_cluster_parameter_group_name", "db_instance_class", "db_parameter_group_name"];
        let taken = |fields: &[(&str, When)]| taken("db_instance.a", fields, &pending);
        assert_eq!(taken(&[("promotion_tier", When::Now)]), ["db_instance_class"]);
        assert_eq!(taken(&[("promotion_tier", When::Now), ("tags.team", When::Now)]), ["db_instance_class"]);
        for none in [
            vec![],
            vec![("tags.team", When::Now)],
            vec![("ca_certificate_identifier", When::InWindow), ("promotion_tier", When::Now)],
            vec![("db_instance_class", When::Now)],
        ] {
            assert_eq!(taken(&none), Vec::<String>::new(), "{none:?}");
        }
    }

    #[test]
    fn a_clusters_edit_takes_a_version_along_only_if_it_is_told_to_apply_at_once() {
        let taken = |path, when| taken("db_cluster.main", &[(path, when)], &["engine_version", "storage_type"]);
        for path in ["backup_retention_period", "enable_iam_database_authentication", "storage_type", "deferred"] {
            assert_eq!(taken(path, When::Now), ["engine_version"], "{path}");
        }
        for path in ["deletion_protection", "port", "tags.team", "engine_version"] {
            assert_eq!(taken(path, When::Now), Vec::<String>::new(), "{path}");
        }
        assert_eq!(taken("backup_retention_period", When::InWindow), Vec::<String>::new());
    }
}
