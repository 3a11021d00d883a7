//! Field by field: what differs, and what the edit costs.

use crate::address::Address;
use crate::impact::{Impact, Level};
use crate::model::Model;
use crate::observed::{Live, Observed};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One field that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Path within the spec, for example `parameters.work_mem`.
    pub path: String,
    /// What AWS has.
    pub before: Value,
    /// What the stack wants; a promise where it is not known yet.
    pub after: Value,
    /// What the edit costs.
    pub impact: Impact,
}

/// What a grade may look at beside the two values: the resource itself and its siblings as they were observed.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The resource whose field is graded.
    pub address: &'a Address,
    /// Everything that was observed.
    pub observed: &'a BTreeMap<Address, Observed>,
}

impl Context<'_> {
    /// The observed outputs of a resource of kind `M`, if it is there.
    #[must_use]
    pub fn outputs<M: Model>(&self, of: &Address) -> Option<M::Outputs> {
        let live = self.observed.get(of)?.live()?;
        serde_json::from_value(live.outputs.clone()).ok()
    }

    /// The observed outputs of this resource itself.
    #[must_use]
    pub fn own<M: Model>(&self) -> Option<M::Outputs> {
        self.outputs::<M>(self.address)
    }

    /// Has AWS accepted an edit of this field of this resource that it has not applied yet?
    #[must_use]
    pub fn pending(&self, field: &str) -> bool {
        let live = self.observed.get(self.address).and_then(Observed::live);
        live.is_some_and(|live| live.pending.contains_key(field))
    }

    /// Does an edit of this field to this value withdraw one that AWS has accepted and not applied? Nobody has felt that, and
    /// nobody will.
    #[must_use]
    pub fn withdraws(&self, field: &str, value: &Value) -> bool {
        let live = self.observed.get(self.address).and_then(Observed::live);
        live.is_some_and(|live| live.in_force.get(field) == Some(value))
    }

    /// Does AWS say that an edit of this field of this resource interrupts nobody? No, where it was not asked.
    #[must_use]
    pub fn seamless(&self, field: &str) -> bool {
        let live = self.observed.get(self.address).and_then(Observed::live);
        live.is_some_and(|live| live.seamless.contains(field))
    }

    /// The observed specs of all resources of kind `M`.
    pub fn all<M: Model>(&self) -> impl Iterator<Item = (&Address, M, M::Outputs)> {
        self.observed.iter().filter(|(at, _)| at.kind() == M::KIND).filter_map(|(at, seen)| {
            let Live { spec, outputs, .. } = seen.live()?;
            Some((at, serde_json::from_value(spec.clone()).ok()?, serde_json::from_value(outputs.clone()).ok()?))
        })
    }
}

/// Grades an edit from one value to another.
pub trait Grade<T> {
    /// The impact of this edit.
    fn grade(&self, old: &T, new: &T, context: &Context<'_>) -> Impact;
}

impl<T> Grade<T> for Impact {
    fn grade(&self, _: &T, _: &T, _: &Context<'_>) -> Impact {
        self.clone()
    }
}

impl<T, F: Fn(&T, &T, &Context<'_>) -> Impact> Grade<T> for F {
    fn grade(&self, old: &T, new: &T, context: &Context<'_>) -> Impact {
        self(old, new, context)
    }
}

/// Collects the fields that differ. See [`Model::diff`].
#[derive(Debug)]
pub struct Diff<'a> {
    context: Context<'a>,
    changes: Vec<FieldChange>,
}

impl<'a> Diff<'a> {
    /// An empty comparison.
    #[must_use]
    pub fn new(context: Context<'a>) -> Self {
        Self { context, changes: Vec::new() }
    }

    /// See [`Context::pending`].
    #[must_use]
    pub fn pending(&self, field: &str) -> bool {
        self.context.pending(field)
    }

    /// The same, where no edit that was found so far takes the place of the one that waits.
    #[must_use]
    pub fn waits(&self, field: &str) -> bool {
        self.pending(field) && self.changes.iter().all(|change| change.path != field)
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Vec<FieldChange> {
        self.changes
    }

    /// A field that is always managed.
    pub fn field<T>(&mut self, path: &str, old: &T, new: &T, grade: impl Grade<T>) -> &mut Self
    where
        T: PartialEq + Serialize,
    {
        if old != new {
            let impact = grade.grade(old, new, &self.context);
            self.push(path, old, new, impact);
        }
        self
    }

    /// A field that is managed only while the stack sets it: `None` leaves AWS's value alone.
    pub fn managed<T>(
        &mut self,
        path: &str,
        old: &Option<T>,
        new: &Option<T>,
        grade: impl Grade<Option<T>>,
    ) -> &mut Self
    where
        T: PartialEq + Serialize,
    {
        if new.is_some() {
            self.field(path, old, new, grade);
        }
        self
    }

    /// A map whose entries are edited one by one; an entry that left the stack is removed.
    ///
    /// `grade` is told the key and both values.
    pub fn entries<T>(
        &mut self,
        path: &str,
        sides: (&BTreeMap<String, T>, &BTreeMap<String, T>),
        grade: impl Fn(&str, Option<&T>, Option<&T>) -> Impact,
    ) -> &mut Self
    where
        T: PartialEq + Serialize,
    {
        let (old, new) = sides;
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for key in keys {
            let (before, after) = (old.get(key), new.get(key));
            if before != after {
                let impact = grade(key, before, after);
                self.push(&format!("{path}.{key}"), &before, &after, impact);
            }
        }
        self
    }

    /// The user's tags: nobody feels an edit.
    pub fn tags(&mut self, old: &crate::Tags, new: &crate::Tags) -> &mut Self {
        self.entries("tags", (old, new), |_, _, _| Impact::TAGS)
    }

    fn push(&mut self, path: &str, old: &impl Serialize, new: &impl Serialize, impact: Impact) {
        // Specs are plain data with text keys, which serde_json can always write.
        let written = |value: Result<Value, _>| value.unwrap_or(Value::Null);
        let (before, after) = (written(serde_json::to_value(old)), written(serde_json::to_value(new)));
        let withdraws = impact.level < Level::Replace && self.context.withdraws(path, &after);
        let impact = if withdraws { Impact { level: Level::None, reversible: true, ..impact } } else { impact };
        self.changes.push(FieldChange { path: path.to_owned(), before, after, impact });
    }
}
