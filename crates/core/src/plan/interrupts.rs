//! Whom a plan takes away for a while.
//!
//! What is made to stand in for somebody must be in the plan before there are steps. So it is told here from the changes,
//! by the same measure by which the owning crate gives turns to its resources; tests hold the two against each other.

use super::{Action, Change, taken_along};
use crate::address::Address;
use crate::graph::Graph;
use crate::guard;
use crate::impact::{Level, When};
use std::collections::{BTreeMap, BTreeSet};

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
    felt || (change.action.lives_on() && restarts(needed(graph, at).filter_map(|dep| changes.get(dep).copied())))
}

/// Do these edits have values that wait for a restart, and is there none that restarts everybody at once?
fn restarts<'a>(edits: impl Iterator<Item = &'a Change>) -> bool {
    let fields = edits.flat_map(|change| change.fields.iter().map(move |field| (change, &field.impact)));
    let (mut waiting, mut all) = (false, false);
    for (change, impact) in fields {
        waiting |= matches!(change.action, Action::Update | Action::Restart) && impact.when == When::AtReboot;
        let parent = change.address.kind() == guard::PARENT;
        all |= parent && impact.when == When::Now && impact.level >= Level::RebootAll;
    }
    waiting && !all
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
    fn an_edit_of_tags_takes_nobody_away_whatever_is_pending() {
        let id = StackId { name: "s".into(), account: String::new(), region: String::new() };
        let (graph, at): (Graph, Address) = (Desired::new(id).check().unwrap(), "db_instance.a".parse().unwrap());
        let away = |path: &str| {
            let impact = Impact::new(Level::None, "a page");
            let field = FieldChange { path: path.to_owned(), before: Value::Null, after: Value::Null, impact };
            let change = Change {
                fields: vec![field],
                pending: [("db_instance_class".to_owned(), Value::Null)].into(),
                ..Change::bare(at.clone(), Group::Cluster, Action::Update)
            };
            interrupts(&graph, &BTreeMap::from([(&at, &change)]), &at)
        };
        assert!(away("promotion_tier"));
        assert!(!away("tags.team"));
    }
}
