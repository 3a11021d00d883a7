//! A toy AWS. It refuses what AWS refuses, so that a wrong order of steps does
//! not pass.

use super::kinds::{ALL, Style, Traits};
use crate::address::Address;
use crate::model::ReplaceOrder;
use crate::observed::{Live, Observed, Owner};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Everything that exists.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub objects: BTreeMap<String, Object>,
    made: u32,
}

/// Something that exists.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object {
    pub kind: String,
    pub oid: String,
    pub name: String,
    pub spec: Value,
}

/// What others do to the world between runs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meddling {
    Nothing,
    Delete,
    Edit,
    TakeName,
}

/// How the oid of what is not ours begins.
const STRANGER: &str = "stranger-";

pub(super) fn traits(kind: &str) -> &'static Traits {
    ALL.iter().find(|traits| traits.name == kind).unwrap()
}

impl World {
    /// Makes an object; finds the one that the same identity has already made.
    pub(super) fn create(&mut self, address: &Address, object: Object) -> Result<String, String> {
        self.check(&object)?;
        if let Some((id, there)) = self.objects.iter_mut().find(|(_, there)| there.oid == object.oid) {
            let fixed = ["label", "hard", "home"];
            if fixed.iter().any(|field| there.spec[field] != object.spec[field]) {
                return Err(format!("{address}: what an interrupted create made can't be edited into {}", object.spec));
            }
            there.spec = object.spec;
            return Ok(id.clone());
        }
        self.made += 1;
        let id = format!("{}-{}", object.kind, self.made);
        self.objects.insert(id.clone(), object);
        Ok(id)
    }

    /// What a new object needs: that all it refers to exists, and no rival where only one may be.
    fn check(&self, object: &Object) -> Result<(), String> {
        self.known(&object.spec)?;
        let Traits { name: kind, naming, order, .. } = traits(&object.kind);
        let rival = self.objects.values().find(|other| {
            let same_name = *naming != Style::Server && other.name == object.name;
            let same_place = *order == ReplaceOrder::DeleteFirst && other.spec["label"] == object.spec["label"];
            other.kind == *kind && other.oid != object.oid && (same_name || same_place)
        });
        rival.map_or(Ok(()), |rival| Err(format!("there is a {kind} already: {rival:?}")))
    }

    fn known(&self, spec: &Value) -> Result<(), String> {
        match references(spec).find(|id| !self.objects.contains_key(*id)) {
            Some(id) => Err(format!("there is no {id}")),
            None => Ok(()),
        }
    }

    /// Edits an object in place.
    pub(super) fn update(&mut self, id: &str, spec: Value) -> Result<(), String> {
        self.known(&spec)?;
        let object = self.objects.get_mut(id).ok_or_else(|| format!("there is no {id}"))?;
        if object.oid.starts_with(STRANGER) {
            return Err(format!("{id} is not ours"));
        }
        if ["label", "hard", "home"].iter().any(|field| object.spec[field] != spec[field]) {
            return Err(format!("{id} can't be edited from {} to {spec}", object.spec));
        }
        object.spec = spec;
        Ok(())
    }

    /// What others do: `which` of the objects, or of the names, is meant.
    pub(super) fn meddle(&mut self, with: Meddling, which: usize) {
        let at = super::edits::address(which % super::edits::COUNT);
        let nth = self.objects.keys().nth(which % self.objects.len().max(1)).cloned().unwrap_or_default();
        let data = crate::guard::holds_data(self.objects.get(&nth).map_or("", |object| &object.kind));
        match with {
            Meddling::Nothing => {}
            Meddling::Delete if data => {}
            Meddling::Delete => drop(self.delete(&nth, false)),
            Meddling::Edit => {
                if let Some(object) = self.objects.get_mut(&nth) {
                    object.spec["soft"] = json!(7);
                }
            }
            Meddling::TakeName if traits(at.kind()).naming == Style::Given => {
                let spec = json!({"label": at.name(), "soft": 9, "hard": 9, "home": null, "parts": {}});
                let (kind, name, oid) = (at.kind().to_owned(), at.name().to_owned(), format!("{STRANGER}{at}"));
                let _ = self.create(&at, Object { kind, oid, name, spec });
            }
            Meddling::TakeName => {}
        }
    }

    /// Others take what is theirs away.
    pub(super) fn strangers_leave(&mut self) {
        self.objects.retain(|_, object| !object.oid.starts_with(STRANGER));
    }

    /// Deletes an object that nothing uses. Where its successor can only be made afterwards (`early`),
    /// those that could be edited have nowhere to go yet and may still refer to it.
    pub(super) fn delete(&mut self, id: &str, early: bool) -> Result<(), String> {
        let uses =
            |object: &Object| object.spec["home"] == *id || (!early && references(&object.spec).any(|used| used == id));
        if self.objects.get(id).is_some_and(|object| object.oid.starts_with(STRANGER)) {
            return Err(format!("{id} is not ours"));
        }
        if let Some((user, _)) = self.objects.iter().find(|(_, object)| uses(object)) {
            return Err(format!("{id} can't be deleted: {user} uses it"));
        }
        self.objects.remove(id);
        Ok(())
    }

    /// Looks for an object by its id.
    pub(super) fn by_id(&self, id: &Value) -> Observed {
        let id = id.as_str().unwrap_or_default();
        self.objects.get(id).map_or(Observed::Absent, |object| live(id, object))
    }

    /// Looks for what a create may have made.
    pub(super) fn by_identity(&self, kind: &str, oid: &str, name: &str, label: &Value) -> Observed {
        let Traits { naming, adoption, .. } = traits(kind);
        let found = self.objects.iter().find(|(_, object)| {
            let named = *naming == Style::Given && object.name == name;
            let related = *adoption == crate::Adoption::Relation && object.spec["label"] == *label;
            object.kind == kind && (object.oid == oid || named || related)
        });
        found.map_or(Observed::Absent, |(id, object)| live(id, object))
    }
}

fn live(id: &str, object: &Object) -> Observed {
    let owner = match traits(&object.kind).adoption {
        crate::Adoption::Relation => Owner::Inherited,
        _ => Owner::Oid(object.oid.clone()),
    };
    Observed::Live(Box::new(Live {
        incarnation: Some(id.to_owned()),
        ..Live::ready(object.spec.clone(), json!({"id": id}), owner)
    }))
}

/// The ids that a spec refers to.
fn references(spec: &Value) -> impl Iterator<Item = &str> {
    let parts = spec["parts"].as_object().into_iter().flat_map(|parts| parts.values());
    parts.chain([&spec["home"]]).filter_map(Value::as_str)
}
