//! The frame of these tests: members of the cluster `orders`, what is done to them, and what each step waits for in the end.
//! A test says only what is particular to it.

use crate::db_instance::DbInstance;
use crate::testing;
use auroractl_core::diff::FieldChange;
use auroractl_core::identity::StackId;
use auroractl_core::lower::{Lowering, Program, Step, StepId, View};
use auroractl_core::model::Group;
use auroractl_core::observed::{Live, Observed, Owner};
use auroractl_core::plan::{Action, Change, Plan};
use auroractl_core::state::{Deposed, State, Verb};
use auroractl_core::{Address, Deed, Desired, Estimate, Impact, Level, When};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The stack.
pub(super) fn id() -> StackId {
    StackId { name: "orders".into(), account: "123456789012".into(), region: "us-east-1".into() }
}

/// The address of a member.
pub(super) fn at(name: &str) -> Address {
    Address::new("db_instance", name).unwrap()
}

/// A member as the stack wants it.
pub(super) fn spec(name: &str, tier: u8) -> DbInstance {
    DbInstance { promotion_tier: tier, ..testing::member(name, "db.r7g.large") }
}

/// A member as it is there.
pub(super) fn live(name: &str, tier: u8, is_writer: bool) -> (Address, Observed) {
    let (spec, outputs) = (spec(name, tier), testing::outputs(name, is_writer));
    let (spec, outputs) = (serde_json::to_value(spec).unwrap(), serde_json::to_value(outputs).unwrap());
    (at(name), Observed::Live(Box::new(Live::ready(spec, outputs, Owner::Untagged))))
}

/// The same with something particular.
pub(super) fn but((at, mut seen): (Address, Observed), edit: impl FnOnce(&mut Live)) -> (Address, Observed) {
    if let Observed::Live(live) = &mut seen {
        edit(live);
    }
    (at, seen)
}

/// What is done to a member.
pub(super) fn change(name: &str, action: Action, impact: Level) -> Change {
    Change { impact, name: name.into(), ..Change::bare(at(name), Group::Cluster, action) }
}

/// A field that differs.
pub(super) fn field(path: &str, level: Level, when: When) -> FieldChange {
    let impact = Impact::new(level, "test").when(when);
    FieldChange { path: path.to_owned(), before: Value::Null, after: Value::Null, impact }
}

/// A cluster, what is done to its members, and the steps of that.
#[derive(Default)]
pub(super) struct Frame {
    observed: BTreeMap<Address, Observed>,
    changes: Vec<Change>,
    steps: Vec<Step>,
    left: BTreeMap<Address, Vec<Deposed>>,
}

impl Frame {
    /// A cluster of these members.
    pub(super) fn of(members: impl IntoIterator<Item = (Address, Observed)>) -> Self {
        Self { observed: members.into_iter().collect(), ..Self::default() }
    }

    /// A change, whose steps follow.
    pub(super) fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// A step behind others, which go by their numbers.
    pub(super) fn step(mut self, name: &str, verb: Verb, after: &[StepId]) -> Self {
        self.steps.push(Step {
            address: at(name),
            verb,
            generation: 0,
            target: None,
            after: after.iter().copied().collect(),
            deed: Deed::Update,
            estimate: Estimate { p50: 1.0, p95: 4.0 },
            undoes: None,
            look_after: 1.0,
        });
        self
    }

    /// An edit that restarts a member.
    pub(super) fn restarts(self, name: &str, after: &[StepId]) -> Self {
        self.with(change(name, Action::Restart, Level::RebootOne)).step(name, Verb::Update, after)
    }

    /// An edit that nobody feels.
    pub(super) fn edits(self, name: &str, after: &[StepId]) -> Self {
        self.with(change(name, Action::Update, Level::None)).step(name, Verb::Update, after)
    }

    /// What an interrupted replacement of a member left, and its name.
    pub(super) fn left(mut self, member: &str, name: &str) -> Self {
        self.left.entry(at(member)).or_default().push(Deposed {
            oid: String::new(),
            generation: 0,
            name: name.to_owned(),
            applied: Value::Null,
            outputs: Value::Null,
            deps: BTreeSet::new(),
            incarnation: None,
        });
        self
    }

    /// What each step waits for when a lowering has had its say.
    pub(super) fn refined(self, lowering: &dyn Lowering) -> Vec<Vec<StepId>> {
        let Self { observed, changes, steps, left } = self;
        let state = State { deposed: left, ..State::new(id(), "lineage".into()) };
        let (plan, mut program) = (Plan { changes }, Program { steps });
        let graph = Desired::new(id()).check().unwrap();
        let view = View { plan: &plan, graph: &graph, observed: &observed, state: &state };
        lowering.refine(&view, &mut program);
        program.steps.into_iter().map(|step| step.after.into_iter().collect()).collect()
    }
}
