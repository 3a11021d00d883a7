//! Structural damage to JSON: what a flipped byte hardly ever makes, since a checksum or a bracket stands in its way.

use serde_json::{Map, Value, json};

/// How many kinds of damage [`structure`] knows.
pub(crate) const KINDS: u8 = 16;

/// Damages one node of a document; `at` is taken modulo the number of nodes.
pub(crate) fn structure(root: &mut Value, at: usize, how: u8) {
    let mut left = at % count(root);
    if let Some(node) = nth(root, &mut left) {
        *node = damaged(node.take(), how);
    }
}

/// The document with the first member of one of its objects standing there twice, as text.
pub(crate) fn twice(root: &Value, at: usize) -> Option<String> {
    let text = root.to_string();
    let starts: Vec<usize> = text.match_indices("{\"").map(|(start, _)| start + 1).collect();
    let start = *starts.get(at % starts.len().max(1))?;
    let rest = text.get(start..)?;
    let key = rest.get(..rest.find("\":")? + 2)?;
    Some(format!("{}{key}null,{rest}", text.get(..start)?))
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

fn nth<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth(item, left)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, left)),
        _ => None,
    }
}

fn damaged(value: Value, how: u8) -> Value {
    match how % KINDS {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(u64::MAX),
        4 => json!(u32::MAX),
        5 => json!(1e308),
        6 => json!(""),
        7 => json!([]),
        8 => json!({}),
        9 => json!([value]),
        10 => (0..100).fold(value, |inner, _| json!([inner])),
        11 => (0..300).fold(value, |inner, _| Value::Array(vec![inner])),
        12 => json!("x".repeat(10_000)),
        13 => json!(value.to_string()),
        14 => without_first(value),
        _ => with_stranger(value),
    }
}

fn without_first(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.into_iter().skip(1).collect()),
        Value::Array(items) => Value::Array(items.into_iter().skip(1).collect()),
        _ => Value::Null,
    }
}

fn with_stranger(value: Value) -> Value {
    match value {
        Value::Object(mut members) => {
            members.insert("stranger".to_owned(), json!({"of": "a newer release"}));
            Value::Object(members)
        }
        other => Value::Object(Map::from_iter([("stranger".to_owned(), other)])),
    }
}
