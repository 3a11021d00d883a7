//! Who moved: the stack or the world, what the stack no longer says, and whose what is there is.

use super::Reason;
use crate::diff::FieldChange;
use crate::observed::Live;
use crate::state::Record;
use serde_json::Value;

/// Splits the fields by who moved: the stack (edited) or the world (drifted).
pub(super) fn causes(applied: &Value, fields: &[FieldChange]) -> Vec<Reason> {
    let sent = |field: &FieldChange| at_path(applied, &field.path).cloned().unwrap_or(Value::Null);
    let (drifted, edited): (Vec<_>, Vec<_>) = fields.iter().partition(|field| sent(field) == field.after);
    let names = |fields: Vec<&FieldChange>| fields.into_iter().map(|field| field.path.clone()).collect::<Vec<_>>();
    let mut reasons = Vec::new();
    if !edited.is_empty() {
        reasons.push(Reason::Edited { fields: names(edited) });
    }
    if !drifted.is_empty() {
        reasons.push(Reason::Drifted { fields: names(drifted) });
    }
    reasons
}

/// The value at a path. Keys may have dots themselves (`parameters.rds.force_ssl`): the longest one that exists counts.
fn at_path<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    path.match_indices('.').rev().find_map(|(dot, _)| at_path(value.get(path.get(..dot)?)?, path.get(dot + 1..)?))
}

/// Fields that were sent once and that the stack no longer sets.
pub(super) fn relinquished(applied: &Value, desired: &Value) -> Vec<String> {
    let unset = |value: Option<&Value>| value.is_none_or(Value::is_null);
    let Some(before) = applied.as_object() else { return Vec::new() };
    before
        .iter()
        .filter(|(key, value)| !value.is_null() && unset(desired.get(key.as_str())))
        .map(|(key, _)| key.clone())
        .collect()
}

/// Deleted and made again under the same name by somebody else?
pub(super) fn replaced_outside(record: &Record, live: &Live) -> bool {
    matches!((&record.incarnation, &live.incarnation), (Some(ours), Some(theirs)) if ours != theirs)
}
