//! What an edit takes along, or takes back, that was left to the maintenance window.
//!
//! A call with `ApplyImmediately` applies what was deferred earlier as well, whoever deferred it. So a quiet edit may
//! interrupt as the deferred one would have. Where the call can say the value that the stack wants, it says so and nothing is
//! applied: a class that somebody left to the window and that the stack does not want would interrupt twice, once for
//! coming and once for being taken back. Who counts interruptions and who orders them ask here.

use super::Change;
use crate::guard;

/// The fields of a cluster that AWS edits with the call only where it is told so (`ApplyImmediately`). All others it
/// edits at once in any case, so that a call with none of these is not told so while anything waits, and takes nothing along.
pub const CLUSTER_TIMED: &[&str] =
    &["engine_version", "enable_iam_database_authentication", "storage_type", "backup_retention_period"];

/// The fields of a member whose edits can wait for the window. A call that is applied at once says all of them that are
/// pending, so that what the stack does not want is withdrawn.
pub const MEMBER_TIMED: &[&str] = &["db_instance_class", "ca_certificate_identifier"];

/// What is pending of a member and waits for a restart of its own: no call applies it, whatever it says.
const AT_RESTART: &[&str] = &["db_parameter_group_name", "db_cluster_parameter_group_name"];
/// What is pending of a cluster and restarts its members when it is applied.
const RESTARTS_ALL: &str = "engine_version";
/// The field that says whether edits wait for the window; that they no longer do is sent with `ApplyImmediately`.
const DEFERRED: &str = "deferred";
/// A difference of a member that a restart ends and no edit.
const IN_SYNC: &str = "parameters_in_sync";

/// The pending values that this change's call takes along and that interrupt, by field; what it edits itself is none of
/// them.
pub fn taken_along(change: &Change) -> impl Iterator<Item = &str> {
    let at_once = !change.deferred;
    let called = at_once && edited(change).next().is_some();
    let undeferred = edited(change).any(|path| path == DEFERRED);
    let hurried = at_once && (undeferred || edited(change).any(|path| CLUSTER_TIMED.contains(&path)));
    change.pending.keys().map(String::as_str).filter(move |path| {
        let taken = match change.address.kind() {
            guard::MEMBER => called && !AT_RESTART.contains(path) && (undeferred || !MEMBER_TIMED.contains(path)),
            guard::PARENT => hurried && *path == RESTARTS_ALL,
            _ => false,
        };
        taken && edited(change).all(|edited| edited != *path)
    })
}

/// The pending values that this change's call takes back, by field: nobody has felt them, and nobody will.
pub fn taken_back(change: &Change) -> impl Iterator<Item = &str> {
    let undeferred = edited(change).any(|path| path == DEFERRED);
    let called = change.address.kind() == guard::MEMBER && !change.deferred && edited(change).next().is_some();
    let taken = move |path: &&str| called && !undeferred && MEMBER_TIMED.contains(path);
    let pending = change.pending.keys().map(String::as_str).filter(taken);
    pending.filter(move |path| edited(change).all(|edited| edited != *path))
}

/// The fields that the call edits. Tags have a call of their own, which takes nothing along, and a restart is none.
fn edited(change: &Change) -> impl Iterator<Item = &str> {
    let paths = change.fields.iter().map(|field| field.path.as_str());
    paths.filter(|path| !path.starts_with("tags.") && *path != IN_SYNC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::FieldChange;
    use crate::impact::{Impact, Level};
    use crate::model::Group;
    use crate::plan::Action;
    use serde_json::Value;

    fn change(address: &str, (fields, deferred): (&[&str], bool), pending: &[&str]) -> Change {
        let field = |path: &&str| FieldChange {
            path: (*path).to_owned(),
            before: Value::Null,
            after: Value::Null,
            impact: Impact::new(Level::None, "a page"),
        };
        Change {
            fields: fields.iter().map(field).collect(),
            pending: pending.iter().map(|path| ((*path).to_owned(), Value::Null)).collect(),
            deferred,
            ..Change::bare(address.parse().unwrap(), Group::Cluster, Action::Update)
        }
    }

    /// What is taken along, and what is taken back.
    fn both(change: &Change) -> (Vec<&str>, Vec<&str>) {
        (taken_along(change).collect(), taken_back(change).collect())
    }

    #[test]
    fn a_members_edit_takes_back_what_can_be_said_and_takes_along_what_can_not() {
        let pending = ["db_cluster_parameter_group_name", "db_instance_class", "engine_version"];
        let member = |fields: &[&str], deferred| change("db_instance.a", (fields, deferred), &pending);
        for fields in [&["promotion_tier"][..], &["promotion_tier", "tags.team"], &["db_parameter_group_name"]] {
            let told = member(fields, false);
            assert_eq!(both(&told), (vec!["engine_version"], vec!["db_instance_class"]), "{fields:?}");
        }
        let class = member(&["db_instance_class"], false);
        assert_eq!(both(&class), (vec!["engine_version"], vec![]), "it says another class itself");
        for none in ["tags.team", "parameters_in_sync"] {
            assert_eq!(both(&member(&[none], false)), (vec![], vec![]), "{none}");
        }
    }

    #[test]
    fn what_was_left_to_the_window_is_made_when_it_is_not_to_wait_any_longer() {
        let undeferred = change("db_instance.a", (&["deferred"], false), &["db_instance_class"]);
        assert_eq!(both(&undeferred), (vec!["db_instance_class"], vec![]));
    }

    #[test]
    fn a_call_that_is_not_applied_at_once_leaves_to_the_window_what_waits_for_it() {
        for (address, field, pending) in [
            ("db_instance.a", "promotion_tier", "db_instance_class"),
            ("db_instance.a", "promotion_tier", "engine_version"),
            ("db_cluster.main", "backup_retention_period", "engine_version"),
        ] {
            assert_eq!(both(&change(address, (&[field], true), &[pending])), (vec![], vec![]), "{address} {pending}");
        }
    }

    #[test]
    fn a_clusters_edit_takes_a_version_along_only_if_it_is_told_to_apply_at_once() {
        let pending = ["engine_version", "storage_type"];
        for path in ["backup_retention_period", "enable_iam_database_authentication", "storage_type", "deferred"] {
            assert_eq!(both(&change("db_cluster.main", (&[path], false), &pending)), (vec!["engine_version"], vec![]));
        }
        for path in ["deletion_protection", "port", "tags.team", "engine_version"] {
            assert_eq!(both(&change("db_cluster.main", (&[path], false), &pending)), (vec![], vec![]), "{path}");
        }
    }
}
