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
    /// First sentence of its documentation.
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
        let origin = self.origin(path);
        let source = match origin {
            Origin::Default => "default".to_owned(),
            Origin::File(place) => {
                let file = self.sources.get(place.file);
                file.map_or_else(String::new, |file| format!("{}:{}", file.name(), file.line_column(place.start).0))
            }
        };
        let doc = schema::first_sentence(schema).unwrap_or_default();
        Explained { path: path.to_string(), value: value.cloned(), origin, source, doc }
    }
}
