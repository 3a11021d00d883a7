//! Facts for the design rules: from the desired graph, or from what AWS answered. Both have the same specs, so one reading
//! serves both; what only AWS can tell is looked up by [`mod@look`] and is `Unknown` without it.

mod backup;
mod cluster;
mod intent;
mod look;
mod network;
mod support;
mod waivers;

pub use look::{Looked, look};
pub use waivers::waivers;

use crate::load::Loaded;
use auroractl_core::observed::Live;
use auroractl_core::{Address, Desired, Input, Model, Observed, Of, Readiness};
use auroractl_policy::facts::Key;
use auroractl_policy::{Fact, Facts, Phase, Profile};
use auroractl_security::KmsKey;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// How a stack is judged.
#[derive(Debug, Clone, Copy)]
pub struct Judgement {
    /// How strictly; `None` as the stack file says.
    pub profile: Option<Profile>,
    /// The day.
    pub today: Date,
}

/// What a stack wants, as facts.
#[must_use]
pub fn of_desired(loaded: &Loaded, desired: &Desired, looked: &Looked, how: Judgement) -> Facts {
    let specs = desired.nodes.iter().map(|(at, node)| (at, &node.spec, None));
    fill(loaded, View::new(specs, looked, Phase::Plan), how)
}

/// What AWS has of a stack, as facts.
#[must_use]
pub fn of_observed(loaded: &Loaded, observed: &BTreeMap<Address, Observed>, looked: &Looked, how: Judgement) -> Facts {
    // What is on its way out protects nothing any more.
    let stays = |live: &&Live| live.readiness != Readiness::Deleting;
    let live = observed.iter().filter_map(|(at, seen)| Some((at, seen.live().filter(stays)?)));
    let specs = live.map(|(at, live)| (at, &live.spec, Some(&live.outputs)));
    fill(loaded, View::new(specs, looked, Phase::Live), how)
}

fn fill(loaded: &Loaded, view: View<'_>, how: Judgement) -> Facts {
    let mut facts = Facts::new(intent::stack(&loaded.config, view.phase, how));
    facts.intent = intent::intent(&loaded.config);
    cluster::fill(&view, &loaded.config, &mut facts);
    backup::fill(&view, &mut facts);
    network::fill(&view, &mut facts);
    support::fill(&view, &mut facts);
    facts.surroundings.clone_from(&view.looked.surroundings);
    facts
}

/// One resource: its address, its spec, and its outputs if it exists.
type Entry<'a> = (&'a Address, &'a Value, Option<&'a Value>);

/// Resources by kind, and the addresses behind AWS's names. Every reading asks for one kind, and there may be thousands of
/// resources: nothing here looks through all of them twice.
struct View<'a> {
    kinds: HashMap<&'a str, Vec<Entry<'a>>>,
    /// By kind, then by name.
    names: HashMap<&'a str, HashMap<&'a str, &'a Address>>,
    looked: &'a Looked,
    phase: Phase,
}

impl<'a> View<'a> {
    fn new(resources: impl Iterator<Item = Entry<'a>>, looked: &'a Looked, phase: Phase) -> Self {
        let mut view = Self { kinds: HashMap::new(), names: HashMap::new(), looked, phase };
        for (address, spec, outputs) in resources {
            view.kinds.entry(address.kind()).or_default().push((address, spec, outputs));
            let texts = outputs.and_then(Value::as_object).into_iter().flat_map(|map| map.values());
            let names = view.names.entry(address.kind()).or_default();
            names.extend(texts.filter_map(Value::as_str).map(|text| (text, address)));
        }
        view
    }

    fn planned(&self) -> bool {
        self.phase == Phase::Plan
    }

    /// All resources, whatever their kind.
    fn everything(&self) -> impl Iterator<Item = Entry<'a>> {
        self.kinds.values().flatten().copied()
    }

    /// All resources of a kind, by address.
    fn all<M: Model>(&self) -> impl Iterator<Item = (&'a Address, M, Option<M::Outputs>)> {
        self.kinds.get(M::KIND).into_iter().flatten().filter_map(|(at, spec, outputs)| {
            let outputs = outputs.and_then(|value| Of::<M>::outputs(value).ok());
            Some((*at, Of::<M>::spec(spec).ok()?, outputs))
        })
    }

    /// The address behind AWS's name of a resource.
    fn behind(&self, kind: &str, name: &str) -> Option<&'a Address> {
        self.names.get(kind)?.get(name).copied()
    }

    /// How facts name what an input means: by address where the stack makes it, else as AWS does.
    fn name<T: Serialize + ToString>(&self, kind: &str, input: &Input<T>) -> String {
        match input {
            Input::Ref(of) => of.promise().of.to_string(),
            Input::Value(value) => {
                let text = value.to_string();
                self.behind(kind, &text).map_or(text, ToString::to_string)
            }
        }
    }

    /// Whose key this is; no key means that AWS takes its own.
    fn key<T: Serialize + ToString>(&self, input: Option<&Input<T>>) -> Fact<Key> {
        let Some(input) = input else { return Key::Aws.into() };
        let name = self.name(KEY, input);
        // There are few keys, whatever the size of the stack.
        if self.kinds.get(KEY).into_iter().flatten().any(|(at, ..)| at.as_str() == name) {
            return Key::Customer.into();
        }
        if name.contains("alias/aws/") {
            return Key::Aws.into();
        }
        self.looked.keys.get(&name).cloned().unwrap_or(Fact::unknown("only AWS can tell whose the given key is"))
    }
}

/// The kind of keys.
const KEY: &str = KmsKey::KIND;

/// What plans do not know, and what needs a look that was not taken.
fn not_in_a_plan<T>() -> Fact<T> {
    Fact::unknown("only AWS can tell")
}
