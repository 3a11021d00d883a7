//! The account as the emulator knows it: what lives there, and how two accounts differ.
//!
//! Counted at AWS's end, never in our own state: that is the thing under test.

use auroractl_testkit::emulator::Emulator;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;

/// One thing that lives in the account.
#[derive(Clone, Debug, Deserialize)]
pub struct Thing {
    /// Its type: `ec2:vpc`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// Its state.
    pub status: String,
}

impl Thing {
    /// It only waits for its end, or is a copy that AWS keeps of something that is gone.
    #[must_use]
    pub fn is_remains(&self) -> bool {
        self.status == "PendingDeletion"
            || self.kind == "ec2:natgateway" && ["deleted", "failed"].contains(&self.status.as_str())
            || self.kind.contains("snapshot")
    }
}

/// What somebody created in the account; AWS's own defaults are left out.
///
/// # Errors
/// The emulator does not answer as it should.
pub fn inventory(emulator: &Emulator, account: &str) -> io::Result<Vec<Thing>> {
    let mut answer = emulator.admin("GET", "inventory", &Value::Null)?;
    let listed = answer.get_mut("resources").map(Value::take).unwrap_or_default();
    let all: Vec<Thing> = serde_json::from_value(listed).map_err(io::Error::other)?;
    Ok(all.into_iter().filter(|thing| thing.arn.contains(account)).collect())
}

/// Every resource of an account with all its attributes, without ids, times and chance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portrait(BTreeMap<String, Vec<Value>>);

/// How one account differs from another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What is there beside what should be, with nothing of the kind and address wanted.
    pub orphans: Vec<String>,
    /// What is there more often than it should be.
    pub duplicates: Vec<String>,
    /// What is not there.
    pub lost: Vec<String>,
    /// What is there with other attributes: the first one that differs.
    pub changed: Vec<String>,
}

impl Portrait {
    /// Takes the portrait of an account.
    ///
    /// # Errors
    /// The emulator does not answer as it should.
    pub fn take(emulator: &Emulator, account: &str) -> io::Result<Self> {
        let mut answer = emulator.admin("POST", "portrait", &json!({ "account": account }))?;
        let listed = answer.get_mut("resources").map(Value::take).unwrap_or_default();
        let all: Vec<Value> = serde_json::from_value(listed).map_err(io::Error::other)?;
        let mut portrait = Self::default();
        for thing in all.into_iter().filter(|thing| !is_tombstone(thing)) {
            portrait.0.entry(format!("{} {}", text(&thing, "type"), text(&thing, "name"))).or_default().push(thing);
        }
        Ok(portrait)
    }

    /// How many things are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Whether the account is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How this account differs from the one that it should be.
    #[must_use]
    pub fn against(&self, wanted: &Self) -> Difference {
        let mut found = Difference::default();
        for (name, things) in &self.0 {
            let due = wanted.0.get(name).map_or(0, Vec::len);
            let list = if due == 0 { &mut found.orphans } else { &mut found.duplicates };
            list.extend(std::iter::repeat_n(name.clone(), things.len().saturating_sub(due)));
        }
        for (name, due) in &wanted.0 {
            let things = self.0.get(name).map(Vec::as_slice).unwrap_or_default();
            found.lost.extend(std::iter::repeat_n(name.clone(), due.len().saturating_sub(things.len())));
            if things.len() == due.len() {
                let changes = things.iter().zip(due).filter_map(|(there, due)| differs(name, there, due));
                found.changed.extend(changes);
            }
        }
        found
    }
}

/// AWS shows a deleted NAT gateway for an hour.
fn is_tombstone(thing: &Value) -> bool {
    text(thing, "type") == "ec2:natgateway" && ["deleted", "failed"].contains(&text(thing, "status"))
}

fn text<'a>(thing: &'a Value, name: &str) -> &'a str {
    thing.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The first attribute that differs, with both values.
fn differs(path: &str, there: &Value, due: &Value) -> Option<String> {
    if there == due {
        return None;
    }
    match (there, due) {
        (Value::Object(left), Value::Object(right)) => {
            let names = left.keys().chain(right.keys());
            names.filter_map(|name| inner(&format!("{path}.{name}"), left.get(name), right.get(name))).next()
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            left.iter().zip(right).find_map(|(left, right)| differs(&format!("{path}[]"), left, right))
        }
        _ => Some(format!("{path}: {there} instead of {due}")),
    }
}

fn inner(path: &str, there: Option<&Value>, due: Option<&Value>) -> Option<String> {
    differs(path, there.unwrap_or(&Value::Null), due.unwrap_or(&Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portrait(things: Value) -> Portrait {
        let mut portrait = Portrait::default();
        for thing in things.as_array().unwrap() {
            let name = format!("{} {}", text(thing, "type"), text(thing, "name"));
            portrait.0.entry(name).or_default().push(thing.clone());
        }
        portrait
    }

    #[test]
    fn every_way_to_differ_has_its_name() {
        let wanted = portrait(json!([
            {"type": "vpc", "name": "main", "attributes": {"dns": true}},
            {"type": "key", "name": "main", "attributes": {"days": 30}},
            {"type": "topic", "name": "alarms"},
        ]));
        let there = portrait(json!([
            {"type": "vpc", "name": "main", "attributes": {"dns": true}},
            {"type": "vpc", "name": "main", "attributes": {"dns": true}},
            {"type": "key", "name": "main", "attributes": {"days": 31}},
            {"type": "eip", "name": "a"},
        ]));
        let found = there.against(&wanted);
        assert_eq!(found.duplicates, ["vpc main"]);
        assert_eq!(found.orphans, ["eip a"]);
        assert_eq!(found.lost, ["topic alarms"]);
        assert_eq!(found.changed, ["key main.attributes.days: 31 instead of 30"]);
        assert_eq!(wanted.against(&wanted), Difference::default());
    }
}
