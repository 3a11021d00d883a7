//! The policy of an endpoint: JSON that AWS writes its own way, so it is kept in one spelling.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// A policy document in canonical spelling: keys in order, no white space, lists of one as the one.
///
/// Two documents that AWS reads alike are equal, whoever wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyDocument(String);

impl PolicyDocument {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let mut canonical = String::with_capacity(text.len());
        write(&serde_json::from_str(text)?, &mut canonical);
        Ok(Self(canonical))
    }

    /// A document that AWS answered; one that is not JSON is kept as it is.
    pub(crate) fn answered(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self(text.to_owned()))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn write(value: &Value, to: &mut String) {
    match value {
        Value::Array(items) if items.len() == 1 => items.iter().for_each(|item| write(item, to)),
        Value::Array(items) => joined(to, '[', ']', items, write),
        Value::Object(map) => {
            // Whether serde_json keeps keys in order is up to a feature that any crate may switch on.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            joined(to, '{', '}', &entries, |(key, value), to| {
                to.push_str(&Value::from(key.as_str()).to_string());
                to.push(':');
                write(value, to);
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => to.push_str(&value.to_string()),
    }
}

fn joined<T>(to: &mut String, open: char, close: char, items: &[T], each: impl Fn(&T, &mut String)) {
    to.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            to.push(',');
        }
        each(item, to);
    }
    to.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_space_and_lists_of_one_do_not_count() {
        let one =
            PolicyDocument::parse(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"]}]}"#);
        let two =
            PolicyDocument::parse(r#"{ "Statement": {"Action": "s3:*", "Effect": "Allow"}, "Version": "2012-10-17" }"#);
        assert_eq!(one.unwrap(), two.unwrap());
    }

    #[test]
    fn the_order_of_longer_lists_and_texts_count() {
        let of = |text: &str| PolicyDocument::parse(text).unwrap();
        assert_ne!(of(r#"["a","b"]"#), of(r#"["b","a"]"#));
        assert_eq!(of(r#"{"b":[1,"x\"y"],"a":null}"#).as_str(), r#"{"a":null,"b":[1,"x\"y"]}"#);
        assert!(PolicyDocument::parse("{").is_err());
    }
}
