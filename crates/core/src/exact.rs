//! JSON of which nothing gets lost in reading.
//!
//! State, journal and saved plans are read by one rule. What the type would leave out (a member of a newer release, or
//! one that somebody wrote by hand) is an error that names it; so is a member that stands twice, of which a parser
//! silently keeps the last.

use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// Reads JSON of which every object has each member once.
///
/// # Errors
/// Where it is no JSON, nested deeper than 127 levels, or a member stands twice.
pub fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice::<Once>(bytes)?;
    serde_json::from_slice(bytes)
}

/// Reads a value of a type that leaves nothing of it out.
///
/// # Errors
/// Where it does not fit, or the type does not know all of it.
pub fn typed<T: Serialize + DeserializeOwned>(value: &Value) -> Result<T, String> {
    let typed = T::deserialize(value).map_err(|why| why.to_string())?;
    let back = serde_json::to_value(&typed).map_err(|why| why.to_string())?;
    match lost(value, &back, "") {
        Some(why) => Err(why),
        None => Ok(typed),
    }
}

/// What becomes of the first member that is in `from` and not, or with another value, in `to`.
fn lost(from: &Value, to: &Value, path: &str) -> Option<String> {
    let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => from.iter().find_map(|(key, value)| match to.get(key) {
            Some(kept) => lost(value, kept, &at(key)),
            None => Some(format!("unknown field `{}`", at(key))),
        }),
        (Value::Array(from), Value::Array(to)) if from.len() == to.len() => {
            from.iter().zip(to).enumerate().find_map(|(index, (from, to))| lost(from, to, &at(&index.to_string())))
        }
        _ => (from != to).then(|| format!("`{path}` would be read as another value")),
    }
}

/// Any JSON; reading it fails where a member stands twice.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut seen = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(A::Error::custom(format_args!("`{}` stands twice", key.escape_debug())));
            }
            seen.insert(key);
            map.next_value::<Self>()?;
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Scope;
    use proptest::prelude::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn a_member_that_stands_twice_is_refused_wherever_it_stands() {
        for text in
            [r#"{"a": 1, "b": 2, "a": 1}"#, r#"{"x": [{"y": {"a": 1, "a": 1}}]}"#, r#"{"a": null, "\u0061": null}"#]
        {
            let why = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(why.starts_with("`a` stands twice at line 1 column"), "{why}");
        }
        assert_eq!(parse(br#"[{"a": {"a": 1}}, {"a": -1.5}]"#).unwrap(), json!([{"a": {"a": 1}}, {"a": -1.5}]));
    }

    #[test]
    fn what_the_type_leaves_out_is_named() {
        let scope = json!({"account": "1", "region": "eu", "partition": {"of": "aws"}});
        assert_eq!(typed::<Scope>(&scope).unwrap_err(), "unknown field `partition`");
        assert!(typed::<Scope>(&json!({"account": 1, "region": "eu"})).unwrap_err().contains("expected a string"));
        let twice = typed::<BTreeMap<String, BTreeSet<u8>>>(&json!({"a": [1, 1]}));
        assert_eq!(twice.unwrap_err(), "`a` would be read as another value");
    }

    #[test]
    fn depth_and_size_are_refused_not_endured() {
        for open in ["[", "{\"a\":"] {
            let why = parse(open.repeat(100_000).as_bytes()).unwrap_err().to_string();
            assert!(why.contains("recursion limit"), "{why}");
        }
        assert!(parse(format!("[{}]", "9".repeat(400)).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_is_read_is_what_serde_reads(text in r#"[\[\]{}:,"a-c0-9.e\\ \-]{0,60}"#) {
            if let Ok(read) = parse(text.as_bytes()) {
                prop_assert_eq!(read, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }
}
