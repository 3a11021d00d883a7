//! Whom a plan takes away for a while.
//!
//! What is made to stand in for somebody must be in the plan before there are steps. So it is told here from the changes,
//! by the same measure by which the owning crate gives turns to its resources; tests hold the two against each other.

use super::{Action, Change, taken_along};
use crate::address::Address;
use crate::diff::FieldChange;
use crate::graph::Graph;
use crate::guard;
use crate::impact::{Level, When};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Edits that not all who use the resource wait for: kind and field of the edit, field and value of those who do. What
/// follows from a capacity range follows from the class elsewhere.
const FOR_SOME: &[(&str, &str, &str, &str)] =
    &[(guard::PARENT, "serverless_v2_scaling_configuration", "db_instance_class", "db.serverless")];

/// Is this resource away at some time, by an edit of its own or by a restart for the values of what it needs?
#[must_use]
pub fn interrupts(graph: &Graph, changes: &BTreeMap<&Address, &Change>, at: &Address) -> bool {
    let Some(change) = changes.get(at) else { return false };
    let felt = match change.action {
        Action::Update | Action::Restart | Action::Adopt => {
            change.impact > Level::None || taken_along(change).next().is_some()
        }
        Action::Replace => true,
        _ => false,
    };
    felt || (change.action.lives_on() && restarts(graph, changes, at))
}

/// Does it wait for a restart? One that comes to the whole cluster beside that may be too early for the values to count.
fn restarts(graph: &Graph, changes: &BTreeMap<&Address, &Change>, at: &Address) -> bool {
    let mut edits = needed(graph, at).filter_map(|dep| changes.get(dep).copied());
    edits.any(|edit| awaits_restart(graph, edit, at))
}

/// Does this plan restart a member, or a cluster, with an edit that restarts all members at once (another port, a minor version)?
/// Values that wait for a restart may count then: AWS marks members some time after a group's edit, and whether that restart met
/// the mark only the mark tells. So a restart for them is planned all the same, and made if it is still due.
#[must_use]
pub fn restarted_together(graph: &Graph, changes: &BTreeMap<&Address, &Change>, at: &Address) -> bool {
    needed(graph, at).chain([at]).filter_map(|dep| changes.get(dep)).any(|edit| restarts_everybody(edit))
}

/// Has this edit values that count for a resource when it restarts? The resource uses the edited one, or is it.
#[must_use]
pub fn awaits_restart(graph: &Graph, edit: &Change, at: &Address) -> bool {
    let waits = |field: &FieldChange| field.impact.when == When::AtReboot && concerns(graph, edit, &field.path, at);
    matches!(edit.action, Action::Update | Action::Restart) && edit.fields.iter().any(waits)
}

/// Is this resource one of those who wait for an edit of this field?
fn concerns(graph: &Graph, edit: &Change, path: &str, at: &Address) -> bool {
    let field = path.split('.').next().unwrap_or(path);
    let mut rows = FOR_SOME.iter().filter(|(kind, name, ..)| (*kind, *name) == (edit.address.kind(), field));
    rows.all(|(_, _, own, value)| {
        let has = graph.any(at).and_then(|node| node.spec.get(*own)).and_then(Value::as_str);
        has == Some(*value)
    })
}

/// Does it restart all members at once?
fn restarts_everybody(edit: &Change) -> bool {
    let now = |field: &FieldChange| field.impact.when == When::Now && field.impact.level >= Level::RebootAll;
    edit.address.kind() == guard::PARENT && edit.fields.iter().any(now)
}

/// What a resource needs, however indirectly, but for others of its kind.
fn needed<'a>(graph: &'a Graph, at: &'a Address) -> impl Iterator<Item = &'a Address> {
    let (mut found, mut next) = (BTreeSet::new(), vec![at]);
    while let Some(from) = next.pop() {
        let deps = graph.deps(from).filter(|dep| dep.kind() != at.kind());
        next.extend(deps.filter(|dep| found.insert(*dep)));
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::FieldChange;
    use crate::graph::Desired;
    use crate::identity::StackId;
    use crate::impact::Impact;
    use crate::model::Group;
    use serde_json::Value;

    #[test]
    fn another_port_and_a_minor_version_restart_everybody() {
        let id = StackId { name: "s".into(), account: String::new(), region: String::new() };
        let (graph, at): (Graph, Address) = (Desired::new(id).check().unwrap(), "db_cluster.main".parse().unwrap());
        let together = |level: Level, when: When| {
            let impact = Impact::new(level, "a page").when(when);
            let field = FieldChange { path: "port".to_owned(), before: Value::Null, after: Value::Null, impact };
            let change = Change { fields: vec![field], ..Change::bare(at.clone(), Group::Cluster, Action::Restart) };
            restarted_together(&graph, &BTreeMap::from([(&at, &change)]), &at)
        };
        assert!(together(Level::RebootAll, When::Now));
        assert!(!together(Level::RebootAll, When::AtReboot) && !together(Level::RebootAll, When::InWindow));
        assert!(!together(Level::Reconnect, When::Now));
    }

    #[test]
    fn an_edit_of_tags_takes_nobody_away_whatever_is_pending() {
        let id = StackId { name: "s".into(), account: String::new(), region: String::new() };
        let (graph, at): (Graph, Address) = (Desired::new(id).check().unwrap(), "db_instance.a".parse().unwrap());
        let away = |path: &str| {
            let impact = Impact::new(Level::None, "a page");
            let field = FieldChange { path: path.to_owned(), before: Value::Null, after: Value::Null, impact };
            let change = Change {
                fields: vec![field],
                pending: [("engine_version".to_owned(), Value::Null)].into(),
                ..Change::bare(at.clone(), Group::Cluster, Action::Update)
            };
            interrupts(&graph, &BTreeMap::from([(&at, &change)]), &at)
        };
        assert!(away("promotion_tier"));
        assert!(!away("tags.team"));
    }
}
