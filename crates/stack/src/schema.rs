//! The JSON Schema of the stack file, made from the types, and the look-ups in it.
//!
//! Three small changes make it fit for TOML and for error messages: `null` is no value in TOML, an enum is one list of words
//! instead of alternatives, and nothing is referenced, so that a path in the file is a path in the schema.

use crate::config::Config;
use crate::path::{Path, Segment};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The schema that the merged file has to meet.
#[must_use]
pub fn merged() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Config>().to_value();
    simplify(&mut schema);
    schema
}

/// The schema for editors, of one file: with `extends` and `unset`, and with nothing required, since an overlay may leave
/// out anything. Completeness is checked by `validate`.
#[must_use]
pub fn for_editors() -> Value {
    let mut schema = merged();
    drop_required(&mut schema);
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert(
            "extends".to_owned(),
            json!({ "type": "string", "description": "The stack file that this one builds on, relative to it." }),
        );
        properties.insert(
            "unset".to_owned(),
            json!({
                "type": "array",
                "items": { "type": "string" },
                "description": "Paths that are dropped from the file that this one builds on.",
            }),
        );
    }
    schema
}

/// The schema of the value at a path; `None` where the schema knows none.
#[must_use]
pub fn at<'a>(schema: &'a Value, path: &Path) -> Option<&'a Value> {
    path.segments().iter().try_fold(schema, |here, segment| match segment {
        Segment::Item(_) => here.get("items"),
        Segment::Key(key) => here
            .get("properties")
            .and_then(|p| p.get(key))
            .or_else(|| here.get("additionalProperties").filter(|schema| schema.is_object())),
    })
}

/// The names that a table may have, according to its schema.
pub(crate) fn known_keys(schema: &Value) -> Vec<&str> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// The first sentence of a schema's description.
pub(crate) fn first_sentence(schema: &Value) -> Option<String> {
    let text = schema.get("description")?.as_str()?.replace('\n', " ");
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    text.get(..end).map(str::to_owned)
}

/// All paths at which the schema has a property of this name.
pub(crate) fn places_of(schema: &Value, name: &str) -> Vec<Path> {
    let mut found = Vec::new();
    collect(schema, &Path::root(), name, &mut found);
    found
}

fn collect(schema: &Value, path: &Path, name: &str, found: &mut Vec<Path>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    for (key, inner) in properties {
        let here = path.key(key.clone());
        if key == name {
            found.push(here.clone());
        }
        collect(inner.get("items").unwrap_or(inner), &here, name, found);
    }
}

fn simplify(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(simplify),
        Value::Object(object) => {
            drop_null(object);
            if let Some(Value::String(description)) = object.get_mut("description") {
                *description = unwrapped(description);
            }
            list_words(object);
            // `uint8` and the like are no formats of JSON Schema, and the bounds say the same.
            if object.get("type").is_some_and(|kind| kind == "integer" || kind == "number") {
                object.remove("format");
            }
            object.values_mut().for_each(simplify);
        }
        _ => {}
    }
}

/// Documentation without the line breaks of the source code; paragraphs stay.
fn unwrapped(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// Takes `null` out of an optional value's schema.
fn drop_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(kinds)) = object.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    let Some(Value::Array(alternatives)) = object.get_mut("anyOf") else { return };
    alternatives.retain(|alternative| alternative.get("type").is_none_or(|kind| kind != "null"));
    if let [Value::Object(only)] = alternatives.as_mut_slice() {
        let only = std::mem::take(only);
        object.remove("anyOf");
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
}

/// Makes one list of words of the alternatives that a documented enum has.
fn list_words(object: &mut Map<String, Value>) {
    let word = |alternative: &Value| alternative.get("const").and_then(Value::as_str).map(str::to_owned);
    let Some(alternatives) = object.get("oneOf").and_then(Value::as_array) else { return };
    let Some(words) = alternatives.iter().map(word).collect::<Option<Vec<_>>>() else { return };
    let explain = |(word, alternative): (&String, &Value)| {
        let text = alternative.get("description").and_then(Value::as_str).unwrap_or_default();
        format!("`{word}`: {}", unwrapped(text))
    };
    let meanings: Vec<_> = words.iter().zip(alternatives).map(explain).collect();
    let general = object.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{general}\n\n{}", meanings.join("\n"));
    object.remove("oneOf");
    object.insert("type".to_owned(), json!("string"));
    object.insert("enum".to_owned(), json!(words));
    object.insert("description".to_owned(), json!(description.trim()));
}

fn drop_required(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(drop_required),
        Value::Object(object) => {
            if object.get("required").is_some_and(Value::is_array) {
                object.remove("required");
            }
            object.values_mut().for_each(drop_required);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_the_file_is_a_path_in_the_schema() {
        let schema = merged();
        let window = at(&schema, &Path::of("cluster.backup.window")).unwrap();
        assert_eq!(window["type"], "string");
        assert_eq!(window["default"], "03:00-04:00");
        let class = at(&schema, &Path::of("cluster.members").item(0).key("class")).unwrap();
        assert_eq!(class["type"], "string");
        assert!(at(&schema, &Path::of("params.cluster").key("rds.force_ssl")).is_some());
        let environment = at(&schema, &Path::of("stack.environment")).unwrap();
        assert_eq!(environment["enum"], json!(["prod", "staging", "dev"]));
        let text = schema.to_string();
        for absent in ["\"$ref\"", "\"null\"", "\"oneOf\"", "\"anyOf\""] {
            assert!(!text.contains(absent), "{absent}");
        }
    }

    #[test]
    fn the_schema_has_only_keywords_that_are_checked() {
        fn unknown(schema: &Value, found: &mut Vec<String>) {
            let Some(object) = schema.as_object() else { return };
            found.extend(object.keys().filter(|key| !crate::validate::KEYWORDS.contains(&key.as_str())).cloned());
            object
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .for_each(|(_, s)| unknown(s, found));
            for key in ["items", "additionalProperties"] {
                object.get(key).into_iter().for_each(|schema| unknown(schema, found));
            }
        }
        let mut found = Vec::new();
        unknown(&merged(), &mut found);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn every_setting_is_documented() {
        fn undocumented(schema: &Value, path: &str, found: &mut Vec<String>) {
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
            for (key, inner) in properties {
                let here = format!("{path}.{key}");
                if first_sentence(inner).is_none() {
                    found.push(here.clone());
                }
                undocumented(inner.get("items").unwrap_or(inner), &here, found);
            }
        }
        let mut found = Vec::new();
        undocumented(&merged(), "", &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
