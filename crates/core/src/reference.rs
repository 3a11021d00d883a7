//! References between resources, as data.
//!
//! A field is an [`Input<T>`]: a value, or a promise of another resource's
//! output. A promise is written as the reserved one-key object
//! `{"$ref": {"of": "vpc.main", "output": "vpc_id"}}`, so that it can be
//! printed, compared and stored. The edges of the graph are found by walking
//! that form; nobody writes them by hand.

use crate::address::Address;
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

/// The reserved key that marks a promise.
const MARK: &str = "$ref";

/// Which output of which resource is promised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Promise {
    /// The resource that will export the value.
    pub of: Address,
    /// The key of the value among that resource's outputs.
    pub output: String,
}

/// A promise that is known to be of type `T`.
pub struct Ref<T> {
    promise: Promise,
    of: PhantomData<fn() -> T>,
}

/// A field's value, or the promise of it.
#[derive(Clone, PartialEq)]
pub enum Input<T> {
    /// Known now.
    Value(T),
    /// Known when the other resource exists.
    Ref(Ref<T>),
}

/// A promise was read before it was kept. The engine resolves every promise
/// before it hands a spec to a kind, so this is a fault in auroractl.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value of `{output}` of {of} is not known yet")]
pub struct Unresolved {
    /// The resource that will export the value.
    pub of: Address,
    /// The key of the value.
    pub output: String,
}

impl<T> Ref<T> {
    /// Makes a typed promise. Only [`crate::graph::Handle::out`] calls this, which checks the type.
    pub(crate) fn new(of: Address, output: &str) -> Self {
        Self { promise: Promise { of, output: output.to_owned() }, of: PhantomData }
    }

    /// What is promised.
    #[must_use]
    pub fn promise(&self) -> &Promise {
        &self.promise
    }
}

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        Self { promise: self.promise.clone(), of: PhantomData }
    }
}

impl<T> PartialEq for Ref<T> {
    fn eq(&self, other: &Self) -> bool {
        self.promise == other.promise
    }
}

impl<T> Input<T> {
    /// The value.
    ///
    /// # Errors
    /// When it is still a promise.
    pub fn get(&self) -> Result<&T, Unresolved> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Ref(of) => {
                let Promise { of, output } = of.promise().clone();
                Err(Unresolved { of, output })
            }
        }
    }

    /// The value, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Ref(_) => None,
        }
    }
}

impl<T> From<T> for Input<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

impl<T: fmt::Debug> fmt::Debug for Input<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Ref(of) => write!(f, "({} of {})", of.promise.output, of.promise.of),
        }
    }
}

impl<T: Ord> PartialOrd for Input<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> Ord for Input<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Value(a), Self::Value(b)) => a.cmp(b),
            (Self::Ref(a), Self::Ref(b)) => a.promise.cmp(&b.promise),
            (Self::Value(_), Self::Ref(_)) => std::cmp::Ordering::Less,
            (Self::Ref(_), Self::Value(_)) => std::cmp::Ordering::Greater,
        }
    }
}

impl<T: Ord> Eq for Input<T> {}

impl<T: Serialize> Serialize for Input<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(to),
            Self::Ref(of) => {
                let mut map = to.serialize_map(Some(1))?;
                map.serialize_entry(MARK, of.promise())?;
                map.end()
            }
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Input<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        if let Some(promise) = promise_in(&value) {
            return Ok(Self::Ref(Ref { promise, of: PhantomData }));
        }
        serde_json::from_value(value).map(Self::Value).map_err(D::Error::custom)
    }
}

/// The promise that this value is, if it is one.
fn promise_in(value: &Value) -> Option<Promise> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    Promise::deserialize(map.get(MARK)?).ok()
}

/// Every promise within a serialised spec.
#[must_use]
pub fn promises(value: &Value) -> BTreeSet<Promise> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, into: &mut BTreeSet<Promise>) {
    match value {
        Value::Object(map) => match promise_in(value) {
            Some(promise) => {
                into.insert(promise);
            }
            None => map.values().for_each(|inner| collect(inner, into)),
        },
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The spec with each promise replaced that `lookup` can keep; the others stay promises.
#[must_use]
pub fn resolve(value: &Value, lookup: &dyn Fn(&Promise) -> Option<Value>) -> Value {
    match value {
        Value::Object(map) => match promise_in(value) {
            Some(promise) => lookup(&promise).unwrap_or_else(|| value.clone()),
            None => Value::Object(
                map.iter().map(|(key, inner)| (key.clone(), resolve(inner, lookup))).collect::<Map<_, _>>(),
            ),
        },
        Value::Array(items) => Value::Array(items.iter().map(|inner| resolve(inner, lookup)).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// The spec with the promises of one address as those of another: the resource was renamed.
#[must_use]
pub fn renamed(value: &Value, from: &Address, to: &Address) -> Value {
    resolve(value, &|promise| {
        let promise = Some(promise).filter(|promise| promise.of == *from)?;
        let promise = Promise { of: to.clone(), ..promise.clone() };
        let written = serde_json::to_value(&promise).ok()?;
        Some(Value::Object(Map::from_iter([(MARK.to_owned(), written)])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::VpcId;
    use serde_json::json;

    fn promise() -> Input<VpcId> {
        Input::Ref(Ref::new("vpc.main".parse().unwrap(), "vpc_id"))
    }

    #[test]
    fn a_promise_survives_its_written_form() {
        let written = serde_json::to_value(promise()).unwrap();
        assert_eq!(written, json!({"$ref": {"of": "vpc.main", "output": "vpc_id"}}));
        assert_eq!(serde_json::from_value::<Input<VpcId>>(written).unwrap(), promise());
        let value: Input<VpcId> = serde_json::from_value(json!("vpc-1")).unwrap();
        assert_eq!(value, Input::Value("vpc-1".into()));
    }

    #[test]
    fn promises_are_found_and_kept_at_any_depth() {
        let spec = json!({"a": [{"b": promise()}], "c": 1});
        let found = promises(&spec);
        assert_eq!(found.len(), 1);
        let kept = resolve(&spec, &|p| (p.output == "vpc_id").then(|| json!("vpc-1")));
        assert_eq!(kept, json!({"a": [{"b": "vpc-1"}], "c": 1}));
        assert_eq!(resolve(&spec, &|_| None), spec);
    }

    #[test]
    fn a_rename_reaches_every_promise_of_the_address_and_no_other() {
        let other: Input<VpcId> = Input::Ref(Ref::new("vpc.other".parse().unwrap(), "vpc_id"));
        let moved: Input<VpcId> = Input::Ref(Ref::new("vpc.new".parse().unwrap(), "vpc_id"));
        let spec = json!({"a": [{"b": promise()}], "c": other});
        let (from, to) = ("vpc.main".parse().unwrap(), "vpc.new".parse().unwrap());
        assert_eq!(renamed(&spec, &from, &to), json!({"a": [{"b": moved}], "c": other}));
    }

    #[test]
    fn an_unkept_promise_says_whose_it_is() {
        assert_eq!(promise().get().unwrap_err().to_string(), "the value of `vpc_id` of vpc.main is not known yet");
    }
}
