//! Plans of synthetic stacks: how time and memory grow with the number of resources.
//!
//! The resources are abstract: a subnet's worth of fields, one parent, one other in use. Each size runs in a process of
//! its own, so that its peak memory is its own.

use auroractl_core::durations::Priors;
use auroractl_core::identity::{StackId, oid};
use auroractl_core::ids::VpcId;
use auroractl_core::kind::PureKind;
use auroractl_core::lower::{Program, Sources, lower};
use auroractl_core::model::Timing;
use auroractl_core::plan::{Inputs, Options, plan};
use auroractl_core::state::{Record, Scope, State};
use auroractl_core::{
    Adoption, Desired, Diff, Exports, Graph, Group, Handle, Impact, Input, Kinds, Level, Model, Naming, Observed, Of,
    Plan, Tags,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Instant;

/// Of so many resources one is edited.
const EDITED: usize = 100;
/// A small stack is planned several times, and the fastest counts: up to so many resources in all.
const REPEATED: usize = 30_000;

/// What one process measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Checking the graph, planning and lowering a stack that is new.
    pub(crate) create_ms: f64,
    /// The same for one that exists, with one resource in a hundred edited.
    pub(crate) edit_ms: f64,
    /// Changes found in the second plan.
    pub(crate) changed: usize,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    home: Option<Input<VpcId>>,
    uses: BTreeMap<String, Input<VpcId>>,
    cidr_block: String,
    size: usize,
    tags: Tags,
}

/// What others refer to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Outputs {
    id: VpcId,
}

impl Exports<VpcId> for Part {
    const OUTPUT: &'static str = "id";
}

impl Model for Part {
    const KIND: &'static str = "part";
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = Adoption::Untokened;
    const TIMING: Timing = Timing::instant(0.0);
    type Outputs = Outputs;

    fn naming(&self) -> Naming {
        Naming::Server
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { home, uses, cidr_block, size, tags } = new;
        d.field("home", &old.home, home, Impact::new(Level::Replace, "measured"))
            .field("cidr_block", &old.cidr_block, cidr_block, Impact::new(Level::Replace, "measured"))
            .field("size", &old.size, size, Impact::new(Level::None, "measured"))
            .entries("uses", (&old.uses, uses), |_, _, _| Impact::new(Level::None, "measured"))
            .tags(&old.tags, tags);
    }
}

#[derive(Debug)]
struct Parts;

impl Kinds for Parts {
    fn pure(&self, name: &str) -> Option<&dyn PureKind> {
        (name == Part::KIND).then_some(&Of::<Part>::NEW as &dyn PureKind)
    }
}

/// Plans a stack of so many resources twice.
pub(crate) fn measure(resources: usize) -> io::Result<Sample> {
    let (stack, lineage) = (stack_id(), "0".repeat(32));
    let empty = State::new(stack.clone(), lineage.clone());
    let wanted = desired(resources, 0)?;
    let start = Instant::now();
    planned(wanted, &empty)?;
    let create_ms = start.elapsed().as_secs_f64() * 1000.0;
    let state = recorded(resources, &lineage)?;
    let (mut edit_ms, mut changed) = (f64::INFINITY, 0);
    for _ in 0..(REPEATED / resources.max(1)).clamp(1, 5) {
        let wanted = desired(resources, EDITED)?;
        let start = Instant::now();
        let (changes, _) = planned(wanted, &state)?;
        edit_ms = edit_ms.min(start.elapsed().as_secs_f64() * 1000.0);
        changed = changes.changes.iter().filter(|change| change.action.is_change()).count();
    }
    Ok(Sample { create_ms, edit_ms, changed })
}

/// What an offline plan does: check the graph, read the records as the world, compare, make steps of it.
fn planned(desired: Desired, state: &State) -> io::Result<(Plan, Program)> {
    let graph: Graph = desired.check().map_err(|errors| io::Error::other(format!("{errors:?}")))?;
    let observed: BTreeMap<_, _> = state
        .resources
        .iter()
        .map(|(at, record)| (at.clone(), Observed::Live(Box::new(record.remembered()))))
        .collect();
    let options = Options::default();
    let inputs = Inputs { kinds: &Parts, graph: &graph, state, observed: &observed, options: &options };
    let changes = plan(&inputs).map_err(io::Error::other)?;
    let sources = Sources { priors: &Priors::default(), graph: &graph, state, observed: &observed, lowerings: &[] };
    let program = lower(&changes, &sources);
    Ok((changes, program))
}

fn stack_id() -> StackId {
    StackId { name: "synthetic".to_owned(), account: "123456789012".to_owned(), region: "eu-central-1".to_owned() }
}

/// Which earlier resources the resource of this number needs: one to stand in, one to use.
fn needs(number: usize) -> (Option<usize>, Option<usize>) {
    let earlier = |divisor: usize| (number > 0).then_some(number / divisor);
    (earlier(3), earlier(2))
}

fn part(number: usize, link: &dyn Fn(usize) -> Input<VpcId>) -> Part {
    let (home, uses) = needs(number);
    let tags = [("Application", "orders"), ("Owner", "payments"), ("CostCenter", "4711")];
    Part {
        home: home.map(link),
        uses: uses.map(|other| (format!("u{other}"), link(other))).into_iter().collect(),
        cidr_block: format!("10.{}.{}.0/24", number / 256 % 256, number % 256),
        size: number,
        tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
    }
}

/// The stack; with `edited`, every so manieth resource differs from the first wish.
fn desired(resources: usize, edited: usize) -> io::Result<Desired> {
    let mut desired = Desired::new(stack_id());
    let mut handles: Vec<Handle<Part>> = Vec::with_capacity(resources);
    for number in 0..resources {
        let link = |other: usize| handles.get(other).map_or_else(|| Input::Value(id(other)), Handle::out);
        let mut part = part(number, &link);
        if edited > 0 && number % edited == 0 {
            part.size += 1;
        }
        let handle = desired.add(&format!("p{number}"), &part).map_err(io::Error::other)?;
        handles.push(handle);
    }
    Ok(desired)
}

fn id(number: usize) -> VpcId {
    VpcId(format!("part-{number:017x}"))
}

/// The state of the stack as it was first wished.
pub(crate) fn recorded(resources: usize, lineage: &str) -> io::Result<State> {
    let mut state = State::new(stack_id(), lineage.to_owned());
    for number in 0..resources {
        let address = auroractl_core::Address::new(Part::KIND, &format!("p{number}")).map_err(io::Error::other)?;
        let (home, uses) = needs(number);
        let deps = home.into_iter().chain(uses);
        let deps = deps.map(|other| auroractl_core::Address::new(Part::KIND, &format!("p{other}")));
        let record = Record {
            kind: Part::KIND.to_owned(),
            version: 1,
            scope: Scope { account: state.stack.account.clone(), region: state.stack.region.clone() },
            oid: oid(lineage, &address, 0),
            generation: 0,
            name: String::new(),
            applied: serde_json::to_value(part(number, &|other| Input::Value(id(other))))?,
            outputs: serde_json::to_value(Outputs { id: id(number) })?,
            deps: deps.collect::<Result<BTreeSet<_>, _>>().map_err(io::Error::other)?,
            incarnation: None,
            settled: true,
            born: 0,
        };
        state.resources.insert(address, record);
    }
    Ok(state)
}
