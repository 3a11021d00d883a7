//! Who moved: the stack or the world, what the stack no longer says, and whose what is there is.

use super::Reason;
use crate::diff::FieldChange;
use crate::observed::Live;
use crate::state::Record;
use serde_json::Value;

/// Splits the fields by who moved: the stack (edited), or the world. Of the latter, what AWS has accepted and not applied is
/// nobody's doing, and what an edit of ours has left whose end nobody saw (`cut_short`) may be ours; the rest has drifted.
pub(super) fn causes(applied: &Value, fields: &[FieldChange], (live, cut_short): (&Live, bool)) -> Vec<Reason> {
    let sent = |field: &FieldChange| at_path(applied, &field.path).cloned().unwrap_or(Value::Null);
    let accepted = |field: &&FieldChange| live.pending.get(&field.path).is_some_and(|value| same(value, &field.after));
    let (moved, edited): (Vec<&FieldChange>, Vec<_>) = fields.iter().partition(|field| sent(field) == field.after);
    let (unapplied, moved): (Vec<_>, Vec<_>) = moved.into_iter().partition(accepted);
    let names = |fields: Vec<&FieldChange>| fields.into_iter().map(|field| field.path.clone()).collect::<Vec<_>>();
    let mut reasons = Vec::new();
    if !edited.is_empty() {
        reasons.push(Reason::Edited { fields: names(edited) });
    }
    if !unapplied.is_empty() {
        reasons.push(Reason::Unapplied { fields: names(unapplied) });
    }
    if !moved.is_empty() {
        let fields = names(moved);
        reasons.push(if cut_short { Reason::CutShort { fields } } else { Reason::Drifted { fields } });
    }
    reasons
}

/// Is a pending value the wanted one? AWS tells numbers and yes or no among pending values as texts.
fn same(pending: &Value, wanted: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text(pending) == text(wanted)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impact::{Impact, Level};
    use crate::observed::Owner;
    use serde_json::json;

    #[test]
    fn what_a_run_has_begun_is_no_ones_drift() {
        let (applied, impact) = (json!({"class": "new", "days": 7}), Impact::new(Level::None, "a page"));
        let field = |path: &str, after: Value| FieldChange {
            path: path.to_owned(),
            before: Value::Null,
            after,
            impact: impact.clone(),
        };
        let told = |pending: &[(&str, &str)], cut_short| {
            let mut live = Live::ready(json!({}), json!({}), Owner::Inherited);
            live.pending = pending.iter().map(|(field, value)| ((*field).to_owned(), json!(value))).collect();
            causes(&applied, &[field("class", json!("new")), field("days", json!(7))], (&live, cut_short))
        };
        let both = || vec!["class".to_owned(), "days".to_owned()];
        assert_eq!(told(&[], false), [Reason::Drifted { fields: both() }]);
        assert_eq!(told(&[], true), [Reason::CutShort { fields: both() }]);
        assert_eq!(told(&[("class", "new"), ("days", "7")], true), [Reason::Unapplied { fields: both() }]);
        let one = |field: &str| vec![field.to_owned()];
        assert_eq!(
            told(&[("class", "new"), ("days", "30")], false),
            [Reason::Unapplied { fields: one("class") }, Reason::Drifted { fields: one("days") }],
            "another value is not what was sent"
        );
    }
}
