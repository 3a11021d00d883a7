//! The single place where kinds lose their Rust type.
//!
//! `Of<M>` turns the pure half of a kind into a [`PureKind`] over JSON values;
//! the engine adds the acting half for the same `Of<R>`.

use crate::diff::{Context, Diff, FieldChange};
use crate::identity::Naming;
use crate::model::{Adoption, Group, Model, ReplaceOrder, Stored, Timing};
use serde::Deserialize as _;
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A kind by its type.
pub struct Of<M>(PhantomData<fn() -> M>);

impl<M> Of<M> {
    /// The kind.
    pub const NEW: Self = Self(PhantomData);
}

/// A stored or observed value is not of its kind's form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the stored form of this {kind} can't be read: {why}")]
pub struct Malformed {
    /// The kind.
    pub kind: &'static str,
    /// What serde says.
    pub why: String,
}

/// Three views of one resource's spec.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    /// What was last sent, if anything was.
    pub applied: Option<&'a Value>,
    /// What AWS has.
    pub observed: &'a Value,
    /// What the stack wants.
    pub desired: &'a Value,
}

/// The pure half of a kind without its type.
pub trait PureKind: Sync + fmt::Debug {
    /// Name of the kind.
    fn name(&self) -> &'static str;
    /// Which part of the stack it belongs to.
    fn group(&self) -> Group;
    /// How it is found again.
    fn adoption(&self) -> Adoption;
    /// Which half of a replacement comes first.
    fn replace_order(&self) -> ReplaceOrder;
    /// Version of the stored form.
    fn version(&self) -> u32;
    /// How long to be patient with it.
    fn timing(&self) -> Timing;
    /// How a resource with this spec gets its name.
    ///
    /// # Errors
    /// When the spec is not of the kind's form.
    fn naming(&self, spec: &Value) -> Result<Naming, Malformed>;
    /// The spec as the kind itself would write it: sets in the order of their values, not of the promises they were.
    ///
    /// # Errors
    /// When the spec is not of the kind's form.
    fn canonical(&self, spec: &Value) -> Result<Value, Malformed>;
    /// Which fields differ.
    ///
    /// # Errors
    /// When a spec is not of the kind's form.
    fn diff(&self, sides: Sides<'_>, context: Context<'_>) -> Result<Vec<FieldChange>, Malformed>;
    /// The setting that makes AWS refuse the deletion, if it is on.
    ///
    /// # Errors
    /// When the spec is not of the kind's form.
    fn protection(&self, spec: &Value) -> Result<Option<&'static str>, Malformed>;
    /// The setting because of which its deletion would leave nothing of its data, if it is so set.
    ///
    /// # Errors
    /// When the spec is not of the kind's form.
    fn unsaved(&self, spec: &Value) -> Result<Option<&'static str>, Malformed>;
    /// The kinds that what its deletion leaves behind goes on needing.
    ///
    /// # Errors
    /// When the spec is not of the kind's form.
    fn remains_need(&self, spec: &Value) -> Result<&'static [&'static str], Malformed>;
    /// Brings a stored spec up to date.
    fn upgrade(&self, spec: &mut Value, from: u32);
}

/// Kinds by name.
pub trait Kinds {
    /// The kind of this name.
    fn pure(&self, name: &str) -> Option<&dyn PureKind>;
}

impl<M: Model> fmt::Debug for Of<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(M::KIND)
    }
}

impl<M: Model> Of<M> {
    /// Reads a spec.
    ///
    /// # Errors
    /// When it is not of the kind's form.
    pub fn spec(value: &Value) -> Result<M, Malformed> {
        M::deserialize(value).map_err(|why| Malformed { kind: M::KIND, why: why.to_string() })
    }

    /// Reads outputs.
    ///
    /// # Errors
    /// When they are not of the kind's form.
    pub fn outputs(value: &Value) -> Result<M::Outputs, Malformed> {
        M::Outputs::deserialize(value).map_err(|why| Malformed { kind: M::KIND, why: why.to_string() })
    }
}

impl<M: Model> PureKind for Of<M> {
    fn name(&self) -> &'static str {
        M::KIND
    }
    fn group(&self) -> Group {
        M::GROUP
    }
    fn adoption(&self) -> Adoption {
        M::ADOPTION
    }
    fn replace_order(&self) -> ReplaceOrder {
        M::REPLACE
    }
    fn version(&self) -> u32 {
        M::VERSION
    }
    fn timing(&self) -> Timing {
        M::TIMING
    }
    fn naming(&self, spec: &Value) -> Result<Naming, Malformed> {
        Ok(Self::spec(spec)?.naming())
    }
    fn canonical(&self, spec: &Value) -> Result<Value, Malformed> {
        serde_json::to_value(Self::spec(spec)?).map_err(|why| Malformed { kind: M::KIND, why: why.to_string() })
    }
    fn diff(&self, sides: Sides<'_>, context: Context<'_>) -> Result<Vec<FieldChange>, Malformed> {
        let old = Self::spec(&without_foreign_tags(sides))?;
        let new = Self::spec(sides.desired)?;
        let mut diff = Diff::new(context);
        M::diff(&old, &new, &mut diff);
        Ok(diff.finish())
    }
    fn protection(&self, spec: &Value) -> Result<Option<&'static str>, Malformed> {
        Ok(Self::spec(spec)?.protection())
    }
    fn unsaved(&self, spec: &Value) -> Result<Option<&'static str>, Malformed> {
        Ok(Self::spec(spec)?.unsaved())
    }
    fn remains_need(&self, spec: &Value) -> Result<&'static [&'static str], Malformed> {
        Ok(Self::spec(spec)?.remains_need())
    }
    fn upgrade(&self, spec: &mut Value, from: u32) {
        if from < M::VERSION {
            M::upgrade(&mut Stored(spec), from);
        }
    }
}

/// The observed spec without tags that somebody else put on the resource: those
/// neither wanted now nor sent by us before are none of our business.
#[must_use]
pub fn without_foreign_tags(sides: Sides<'_>) -> Cow<'_, Value> {
    let within = |spec: Option<&Value>, key: &str| spec.and_then(tags).is_some_and(|tags| tags.contains_key(key));
    let ours = |key: &String| within(Some(sides.desired), key) || within(sides.applied, key);
    if tags(sides.observed).is_none_or(|tags| tags.keys().all(ours)) {
        return Cow::Borrowed(sides.observed);
    }
    let mut observed = sides.observed.clone();
    if let Some(tags) = observed.get_mut("tags").and_then(Value::as_object_mut) {
        tags.retain(|key, _| ours(key));
    }
    Cow::Owned(observed)
}

fn tags(spec: &Value) -> Option<&serde_json::Map<String, Value>> {
    spec.get("tags").and_then(Value::as_object)
}
