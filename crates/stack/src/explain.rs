//! Every setting with its value and who set it: what `auroractl validate --explain` prints.

use crate::load::{Loaded, Origin};
use crate::path::Path;
use crate::schema;
use serde_json::Value;

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// Its path, as TOML.
    pub path: String,
    /// Its value; `None` when it is not set and has no fixed default.
    pub value: Option<Value>,
    /// Who set it.
    pub origin: Origin,
    /// File and line, `prod.toml:12`, or `default`.
    pub source: String,
    /// First sentence of its documentation, and the words that it takes.
    pub doc: String,
}

impl Loaded {
    /// Every setting, by name within each table, with what follows from others filled in. Sections that are absent and made
    /// by nobody (`cluster.serverless`, `network.existing`) are left out.
    #[must_use]
    pub fn explain(&self) -> Vec<Explained> {
        let value = serde_json::to_value(self.config.filled()).unwrap_or(Value::Null);
        let mut settings = Vec::new();
        self.walk(&schema::merged(), Some(&value), &Path::root(), &mut settings);
        settings
    }

    fn walk(&self, schema: &Value, value: Option<&Value>, path: &Path, settings: &mut Vec<Explained>) {
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let Some(value) = value else { return };
            for (key, inner) in properties {
                self.walk(inner, value.get(key), &path.key(key.clone()), settings);
            }
            return;
        }
        let free_table = schema.get("additionalProperties").filter(|inner| inner.is_object());
        match (value, free_table, schema.get("items")) {
            (Some(Value::Object(table)), Some(inner), _) => {
                for (key, value) in table {
                    self.walk(inner, Some(value), &path.key(key.clone()), settings);
                }
            }
            (Some(Value::Array(list)), _, Some(inner)) if inner.get("properties").is_some() => {
                for (index, value) in list.iter().enumerate() {
                    self.walk(inner, Some(value), &path.item(index), settings);
                }
            }
            _ => settings.push(self.setting(schema, value, path)),
        }
    }

    fn setting(&self, schema: &Value, value: Option<&Value>, path: &Path) -> Explained {
        let origin = match (self.origin(path), filled_from(path)) {
            (Origin::Default, Some(other)) => self.origin(&other),
            (origin, _) => origin,
        };
        let source = match origin {
            Origin::Default => "default".to_owned(),
            Origin::File(place) => {
                let file = self.sources.get(place.file);
                file.map_or_else(String::new, |file| format!("{}:{}", file.name(), file.line_column(place.start).0))
            }
        };
        let sentences = [schema::first_sentence(schema), choices(schema)];
        let doc = sentences.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Explained { path: path.to_string(), value: value.cloned(), origin, source, doc }
    }
}

/// The setting that fills in this one where it is not set itself: a member without a class has that of the cluster.
fn filled_from(path: &Path) -> Option<Path> {
    let path = path.to_string();
    let of_member = path.starts_with("cluster.members[") && path.ends_with("].class");
    of_member.then(|| Path::root().key("cluster").key("class"))
}

/// The words that a setting takes, where they can be listed.
fn choices(schema: &Value) -> Option<String> {
    let (words, of) = match (schema.get("enum"), schema.get("items").and_then(|items| items.get("enum"))) {
        (Some(words), _) => (words, "One of"),
        (None, words) => (words?, "Any of"),
    };
    let words: Vec<String> =
        words.as_array()?.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
    (words.len() > 1).then(|| format!("{of} {}.", words.join(", ")))
}
