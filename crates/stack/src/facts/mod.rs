//! Facts for the design rules: from the desired graph, or from what AWS answered. Both have the same specs, so one reading
//! serves both; what only AWS can tell is looked up by [`mod@look`] and is `Unknown` without it.

mod cluster;
mod intent;
mod look;
mod network;
mod support;
mod waivers;

pub use look::{Looked, look};
pub use waivers::waivers;

use crate::load::Loaded;
use auroractl_core::{Address, Desired, Input, Model, Observed, Of};
use auroractl_policy::facts::Key;
use auroractl_policy::{Fact, Facts, Phase, Profile};
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
    let specs = desired.nodes.iter().map(|(at, node)| (at.clone(), (node.spec.clone(), None))).collect();
    fill(loaded, View::new(specs, looked, Phase::Plan), how)
}

/// What AWS has of a stack, as facts.
#[must_use]
pub fn of_observed(loaded: &Loaded, observed: &BTreeMap<Address, Observed>, looked: &Looked, how: Judgement) -> Facts {
    let live = observed.iter().filter_map(|(at, seen)| Some((at.clone(), seen.live()?)));
    let specs = live.map(|(at, live)| (at, (live.spec.clone(), Some(live.outputs.clone())))).collect();
    fill(loaded, View::new(specs, looked, Phase::Live), how)
}

fn fill(loaded: &Loaded, view: View<'_>, how: Judgement) -> Facts {
    let mut facts = Facts::new(intent::stack(&loaded.config, view.phase, how));
    facts.intent = intent::intent(&loaded.config);
    cluster::fill(&view, &loaded.config, &mut facts);
    network::fill(&view, &mut facts);
    support::fill(&view, &mut facts);
    facts.surroundings.clone_from(&view.looked.surroundings);
    facts
}

/// Spec and outputs of one resource.
type Spec = (Value, Option<Value>);

/// Specs by address, and the addresses behind AWS's names.
struct View<'a> {
    specs: BTreeMap<Address, Spec>,
    names: HashMap<(String, String), Address>,
    looked: &'a Looked,
    phase: Phase,
}

impl<'a> View<'a> {
    fn new(specs: BTreeMap<Address, Spec>, looked: &'a Looked, phase: Phase) -> Self {
        let mut names = HashMap::new();
        for (address, (_, outputs)) in &specs {
            for text in
                outputs.iter().filter_map(Value::as_object).flat_map(|map| map.values()).filter_map(Value::as_str)
            {
                names.insert((address.kind().to_owned(), text.to_owned()), address.clone());
            }
        }
        Self { specs, names, looked, phase }
    }

    fn planned(&self) -> bool {
        self.phase == Phase::Plan
    }

    /// All resources of a kind.
    fn all<M: Model>(&self) -> impl Iterator<Item = (&Address, M, Option<M::Outputs>)> {
        let of_kind = self.specs.iter().filter(|(at, _)| at.kind() == M::KIND);
        of_kind.filter_map(|(at, (spec, outputs))| {
            let outputs = outputs.as_ref().and_then(|value| Of::<M>::outputs(value).ok());
            Some((at, Of::<M>::spec(spec).ok()?, outputs))
        })
    }

    /// How facts name what an input means: by address where the stack makes it, else as AWS does.
    fn name<T: Serialize + ToString>(&self, kind: &str, input: &Input<T>) -> String {
        match input {
            Input::Ref(of) => of.promise().of.to_string(),
            Input::Value(value) => {
                let text = value.to_string();
                let known = self.names.get(&(kind.to_owned(), text.clone()));
                known.map_or(text, ToString::to_string)
            }
        }
    }

    /// Whose key this is; no key means that AWS takes its own.
    fn key<T: Serialize + ToString>(&self, input: Option<&Input<T>>) -> Fact<Key> {
        let Some(input) = input else { return Key::Aws.into() };
        let name = self.name("kms_key", input);
        if self.specs.keys().any(|at| at.kind() == "kms_key" && at.as_str() == name) {
            return Key::Customer.into();
        }
        if name.contains("alias/aws/") {
            return Key::Aws.into();
        }
        self.looked.keys.get(&name).cloned().unwrap_or(Fact::unknown("only AWS can tell whose the given key is"))
    }
}

/// What plans do not know, and what needs a look that was not taken.
fn not_in_a_plan<T>() -> Fact<T> {
    Fact::unknown("only AWS can tell")
}
