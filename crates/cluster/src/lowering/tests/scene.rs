//! Whole programs of a cluster: a scene says what is there and what happens, and all lowerings have their say.

use super::frame::{at, but, change, field, id, live, spec};
use crate::db_cluster::{DbCluster, ServerlessV2Scaling, sample};
use crate::db_instance::SERVERLESS;
use crate::scalable_target::{ScalableTarget, ScalableTargetOutputs};
use crate::{DbInstance, LOWERINGS};
use auroractl_core::diff::FieldChange;
use auroractl_core::durations::Priors;
use auroractl_core::graph::Node;
use auroractl_core::lower::{Program, Sources, StepId, lower};
use auroractl_core::model::{Group, ReplaceOrder};
use auroractl_core::observed::{Live, Observed, Owner, Readiness};
use auroractl_core::plan::{Action, Change, Plan, Reason, interrupts};
use auroractl_core::queue::Queue;
use auroractl_core::state::{State, Verb};
use auroractl_core::{Address, Desired, Graph, Handle, Input, Level, Manner, Strategy, Tags, When};
use proptest::prelude::*;
use proptest::strategy::Strategy as Strategies;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

/// Every member.
pub(super) const ALL: Range<usize> = 0..usize::MAX;
/// The class of who has no other.
pub(super) const LARGE: &str = "db.r7g.large";
const CERTIFICATE: &str = "ca_certificate_identifier";

/// What happens to one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    Nothing,
    /// Tags, beside a version that somebody left to the window: their call does not take it along.
    Quiet,
    /// Its class.
    Class,
    /// A certificate that it loads as it runs, by AWS's word.
    Certificate,
    /// Its parameter group: a restart that AWS does not make.
    Group,
    /// An earlier run left values waiting.
    Waiting,
    /// A version that somebody left to the window, and now an edit that takes it along.
    Deferred,
    /// It is not there, and is made.
    Missing,
    /// It leaves the stack.
    Leaves,
    /// It gets another name.
    Renamed,
}

/// What is there, what happens, and how the stack wants it.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    /// Tier and edit of each member.
    pub(super) members: Vec<(u8, Edit)>,
    /// The writer's place among them.
    pub(super) writer: Option<usize>,
    /// The cluster's parameter group gets a static value.
    pub(super) static_value: bool,
    /// The cluster gets another capacity range.
    pub(super) capacity: bool,
    /// These members go by it.
    pub(super) serverless: Range<usize>,
    /// The most readers, where autoscaling makes some.
    pub(super) autoscaled: Option<u8>,
    /// An interrupted run made its target, and no record says so.
    pub(super) unrecorded: bool,
    pub(super) manner: Manner,
    pub(super) surge: Surge,
    /// An interrupted run left AWS working on this member.
    pub(super) unfinished: Option<usize>,
    /// Class of each member; who is not listed is a [`LARGE`].
    pub(super) classes: Vec<&'static str>,
    /// The most capacity of serverless members.
    pub(super) max_acu: f64,
    /// Class and tier of the surge reader.
    pub(super) stand_in: (&'static str, u8),
    /// This member has failed for good.
    pub(super) failed: Option<usize>,
}

/// The surge reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surge {
    Unwanted,
    Wanted,
    /// An interrupted roll left it: does it write, and does the stack still want one for its rolls?
    Left {
        writes: bool,
        wanted: bool,
    },
}

impl Surge {
    pub(super) fn is_wanted(self) -> bool {
        matches!(self, Self::Wanted | Self::Left { wanted: true, .. })
    }
}

/// The surge reader's address.
pub(super) fn surge() -> Address {
    at("surge_reader")
}

/// The name of a member, by its place.
pub(super) fn name(index: usize) -> String {
    format!("m{index}")
}

/// The steps of this verb.
pub(super) fn all(program: &Program, verb: Verb) -> Vec<StepId> {
    (0..program.steps.len()).filter(|id| program.steps[*id].verb == verb).collect()
}

/// A cluster that rolls and whose first member writes; tiers rise with the members' places.
pub(super) fn cluster(edits: &[Edit]) -> Scene {
    let tier = |index: usize| u8::try_from(index).unwrap().min(15);
    let members = edits.iter().enumerate().map(|(index, edit)| (tier(index), *edit)).collect();
    Scene {
        members,
        writer: Some(0),
        static_value: false,
        capacity: false,
        serverless: 0..0,
        autoscaled: None,
        unrecorded: false,
        manner: Manner::default(),
        surge: Surge::Unwanted,
        unfinished: None,
        failed: None,
        classes: Vec::new(),
        max_acu: 64.0,
        stand_in: (LARGE, 15),
    }
}

/// A cluster of one.
pub(super) fn lone(surge: Surge, writer: Option<usize>) -> Scene {
    Scene { writer, surge, ..cluster(&[Edit::Class]) }
}

/// Scenes in which members are edited.
pub(super) fn scenes() -> impl Strategies<Value = Scene> {
    let edit = prop_oneof![
        1 => Just(Edit::Nothing),
        1 => Just(Edit::Quiet),
        3 => Just(Edit::Class),
        1 => Just(Edit::Certificate),
        1 => Just(Edit::Group),
        1 => Just(Edit::Waiting),
        1 => Just(Edit::Deferred),
    ];
    let strategy = prop_oneof![4 => Just(Strategy::Roll), 1 => Just(Strategy::InPlace), 1 => Just(Strategy::Window)];
    let members = proptest::collection::vec((0..16_u8, edit), 1..6);
    let range = (any::<bool>(), prop_oneof![Just(0..0_usize), Just(ALL)]);
    let parts = (members, proptest::option::weighted(0.9, 0..6_usize), any::<bool>(), range, any::<bool>(), strategy);
    parts.prop_map(|(members, writer, static_value, (capacity, serverless), autoscaled, strategy)| {
        let writer = writer.map(|writer| writer % members.len());
        let stand_in = if serverless.is_empty() { (LARGE, 15) } else { (SERVERLESS, 1) };
        let autoscaled = autoscaled.then_some(4);
        let scene = Scene { members, writer, static_value, capacity, serverless, autoscaled, stand_in, ..cluster(&[]) };
        scene.by(strategy)
    })
}

/// Scenes of a stack that rolls and wants a surge reader, or has wanted one.
pub(super) fn surging() -> impl Strategies<Value = Scene> {
    let left = (any::<bool>(), any::<bool>()).prop_map(|(writes, wanted)| Surge::Left { writes, wanted });
    let surge = prop_oneof![Just(Surge::Wanted), left];
    (scenes(), surge, proptest::option::weighted(0.3, 0..6_usize)).prop_map(|(scene, surge, unfinished)| {
        let writes = matches!(surge, Surge::Left { writes: true, .. });
        let writer = if writes { None } else { scene.writer.or(Some(0)) };
        let unfinished = unfinished.map(|index| index % scene.members.len());
        Scene { writer, surge, unfinished, ..scene.by(Strategy::Roll) }
    })
}

/// Scenes whose members are of different classes.
pub(super) fn mixed() -> impl Strategies<Value = Scene> {
    let class = prop_oneof![Just(LARGE), Just("db.r7g.xlarge"), Just("db.t4g.large"), Just("db.serverless")];
    let classes = proptest::collection::vec(class, 6);
    let tiers = proptest::collection::vec(0..4_u8, 6);
    let max_acu = prop_oneof![Just(2.0), Just(8.0), Just(16.0), Just(128.0)];
    (scenes(), classes, tiers, max_acu).prop_map(|(scene, classes, tiers, max_acu)| {
        let members = scene.members.iter().zip(tiers).map(|((_, edit), tier)| (tier, *edit)).collect();
        Scene { members, classes, max_acu, ..scene }
    })
}

/// Scenes in which members come and go, up to as many as a cluster can have.
pub(super) fn comings_and_goings() -> impl Strategies<Value = Scene> {
    let edit = prop_oneof![
        3 => Just(Edit::Nothing),
        1 => Just(Edit::Class),
        2 => Just(Edit::Missing),
        2 => Just(Edit::Leaves),
        1 => Just(Edit::Renamed),
    ];
    proptest::collection::vec(edit, 2..18).prop_map(|mut edits| {
        // Somebody is there who writes, and for the writer another name is refused.
        if let Some(first) = edits.first_mut().filter(|edit| matches!(edit, Edit::Missing | Edit::Renamed)) {
            *first = Edit::Nothing;
        }
        cluster(&edits)
    })
}

/// What is done to a member.
fn edited(index: usize, edit: Edit) -> Change {
    let (action, fields) = match edit {
        Edit::Nothing => (Action::NoOp, vec![]),
        Edit::Missing => (Action::Create, vec![]),
        Edit::Leaves => (Action::Delete, vec![]),
        Edit::Renamed => (Action::Replace, vec![field("db_instance_identifier", Level::Replace, When::Now)]),
        Edit::Quiet => (Action::Update, vec![field("tags.a", Level::None, When::Now)]),
        Edit::Deferred => (Action::Update, vec![field("promotion_tier", Level::None, When::Now)]),
        Edit::Certificate => (Action::Update, vec![field(CERTIFICATE, Level::None, When::Now)]),
        Edit::Class => (Action::Restart, vec![field("db_instance_class", Level::RebootOne, When::Now)]),
        Edit::Group => (Action::Restart, vec![field("db_parameter_group_name", Level::RebootOne, When::AtReboot)]),
        Edit::Waiting => (Action::Restart, vec![field("parameters_in_sync", Level::RebootOne, When::AtReboot)]),
    };
    let impact = fields.iter().map(|field| field.impact.level).max().unwrap_or(Level::None);
    let mut change = Change { fields, ..change(&name(index), action, impact) };
    if matches!(edit, Edit::Quiet | Edit::Deferred) {
        change.pending.insert("engine_version".into(), "16.13".into());
    }
    if edit == Edit::Renamed {
        (change.generation, change.old_generation, change.order) = (1, Some(0), Some(ReplaceOrder::CreateFirst));
    }
    change
}

fn ready(spec: &impl serde::Serialize, outputs: Value) -> Observed {
    Observed::Live(Box::new(Live::ready(serde_json::to_value(spec).unwrap(), outputs, Owner::Untagged)))
}

fn other(address: &Address, action: Action, fields: Vec<FieldChange>) -> Change {
    Change { address: address.clone(), fields, ..change("x", action, Level::None) }
}

fn of_class(member: DbInstance, class: &str) -> DbInstance {
    DbInstance { db_instance_class: class.into(), ..member }
}

/// The same member, there and of this class.
fn seen_as(member: (Address, Observed), class: &str) -> (Address, Observed) {
    but(member, |live| live.spec["db_instance_class"] = class.into())
}

/// A scene while it is turned into a plan.
struct Draft<'s> {
    scene: &'s Scene,
    desired: Desired,
    changes: Vec<Change>,
    observed: BTreeMap<Address, Observed>,
    /// The members that are wanted.
    members: Vec<Handle<DbInstance>>,
}

impl<'s> Draft<'s> {
    fn new(scene: &'s Scene) -> Self {
        let desired = Desired { manner: scene.manner, ..Desired::new(id()) };
        Self { scene, desired, changes: Vec::new(), observed: BTreeMap::new(), members: Vec::new() }
    }

    /// The cluster and its parameter group.
    fn add_cluster(&mut self) -> Handle<DbCluster> {
        let (scene, home) = (self.scene, self.scene.cluster());
        let group: Address = "db_cluster_parameter_group.main".parse().unwrap();
        let node = Node { group: Group::Params, spec: Value::Null, after: Default::default() };
        self.desired.nodes.insert(group.clone(), node);
        let cluster = self.desired.add("main", &home).unwrap();
        self.desired.nodes.get_mut(cluster.address()).unwrap().after.insert(group.clone());
        let fields = vec![field("parameters.shared_buffers", Level::RebootAll, When::AtReboot)];
        let (action, fields) = if scene.static_value { (Action::Update, fields) } else { (Action::NoOp, vec![]) };
        self.changes.push(other(&group, action, fields));
        let fields = vec![field("serverless_v2_scaling_configuration.max_capacity", Level::RebootAll, When::AtReboot)];
        let (action, fields) = if scene.capacity { (Action::Restart, fields) } else { (Action::NoOp, vec![]) };
        self.changes.push(other(cluster.address(), action, fields));
        self.observed.insert(cluster.address().clone(), ready(&home, Value::Null));
        cluster
    }

    fn add_member(&mut self, index: usize, cluster: &Handle<DbCluster>) {
        let (scene, (tier, edit)) = (self.scene, self.scene.members[index]);
        let (name, class) = (name(index), scene.class(index));
        if edit != Edit::Leaves {
            let member = of_class(spec(&name, tier), class);
            let member = DbInstance { db_cluster_identifier: cluster.out(), ..member };
            let handle = self.desired.add(&name, &member).unwrap();
            // As `compose` does: readers are made after the first writer.
            if let Some(first) = self.members.first() {
                self.desired.after(&handle, first);
            }
            self.members.push(handle);
        }
        let mut change = edited(index, edit);
        if edit != Edit::Missing {
            let there = seen_as(live(&name, tier, scene.writer == Some(index)), class);
            let (at, mut seen) = but(there, |live| {
                if edit == Edit::Certificate {
                    live.seamless.insert(CERTIFICATE.to_owned());
                }
                if scene.failed == Some(index) {
                    live.readiness = Readiness::Failed("its status is failed".into());
                }
            });
            if scene.unfinished == Some(index) {
                work_on(&mut change, &mut seen);
            }
            self.observed.insert(at, seen);
        }
        self.changes.push(change);
    }

    fn add_surge(&mut self, cluster: &Handle<DbCluster>) {
        let (class, tier) = self.scene.stand_in;
        if self.scene.surge.is_wanted() {
            let reader = of_class(spec("orders-surge", tier), class);
            let reader = DbInstance { db_cluster_identifier: cluster.out(), ..reader };
            let _ = self.desired.surge("surge_reader", &reader, &self.members).unwrap();
        }
        if let Surge::Left { writes, .. } = self.scene.surge {
            self.observed.extend([seen_as(live("surge_reader", tier, writes), class)]);
        }
    }

    fn add_autoscaling(&mut self, most: u8) {
        let target = ScalableTarget {
            db_cluster_identifier: Input::Value("orders".into()),
            min_capacity: 1,
            max_capacity: most,
            suspended: false,
            tags: Tags::new(),
        };
        let outputs =
            ScalableTargetOutputs { resource_id: "cluster:orders".into(), scalable_target_arn: String::new() };
        let handle = self.desired.add("readers", &target).unwrap();
        let seen = ready(&target, serde_json::to_value(outputs).unwrap());
        self.observed.insert(handle.address().clone(), seen);
        // As `compose` does: declared readers would else count as too few.
        for member in &self.members {
            self.desired.after(&handle, member);
        }
        let found = Change { reasons: vec![Reason::FoundOwned], ..other(handle.address(), Action::Adopt, vec![]) };
        let known = other(handle.address(), Action::NoOp, vec![]);
        self.changes.push(if self.scene.unrecorded { found } else { known });
    }

    /// The plan's program.
    fn program(mut self) -> Program {
        let graph = self.desired.check().unwrap();
        self.changes.extend(surge_change(self.scene, &graph, &self.changes));
        let (plan, state) = (Plan { changes: self.changes }, State::new(id(), "lineage".into()));
        let (priors, observed) = (Priors::default(), self.observed);
        let sources =
            Sources { priors: &priors, graph: &graph, state: &state, observed: &observed, lowerings: LOWERINGS };
        lower(&plan, &sources)
    }
}

/// AWS is still at work on it.
fn work_on(change: &mut Change, observed: &mut Observed) {
    if change.action == Action::NoOp {
        change.action = Action::Adopt;
    }
    if let Observed::Live(live) = observed {
        live.readiness = Readiness::Pending("modifying".into());
    }
}

/// What a plan has for the surge reader.
fn surge_change(scene: &Scene, graph: &Graph, changes: &[Change]) -> Option<Change> {
    let by: BTreeMap<&Address, &Change> = changes.iter().map(|change| (&change.address, change)).collect();
    let interrupted = (0..scene.members.len()).any(|index| interrupts(graph, &by, &at(&name(index))));
    let action = match scene.surge {
        Surge::Wanted if interrupted => Action::Surge,
        Surge::Left { .. } => Action::Delete,
        Surge::Wanted | Surge::Unwanted => return None,
    };
    Some(change("surge_reader", action, Level::None))
}

impl Scene {
    /// The same, changed in this way.
    pub(super) fn by(self, strategy: Strategy) -> Self {
        let manner = Manner { strategy, ..self.manner };
        Self { manner, ..self }
    }

    /// The scene as a plan, and the plan as a program.
    pub(super) fn program(&self) -> Program {
        let mut draft = Draft::new(self);
        let cluster = draft.add_cluster();
        (0..self.members.len()).for_each(|index| draft.add_member(index, &cluster));
        draft.add_surge(&cluster);
        if let Some(most) = self.autoscaled {
            draft.add_autoscaling(most);
        }
        draft.program()
    }

    /// The program in words, step by step.
    pub(super) fn told(&self) -> Vec<String> {
        let program = self.program();
        let mut queue = Queue::new(&program).unwrap();
        let mut told = Vec::new();
        while let Some(id) = queue.take() {
            told.push(format!("{} {}", program.steps[id].verb, program.steps[id].address));
            queue.finish(id);
        }
        told
    }

    fn class(&self, index: usize) -> &'static str {
        let usual = if self.serverless.contains(&index) { SERVERLESS } else { LARGE };
        self.classes.get(index).copied().unwrap_or(usual)
    }

    fn cluster(&self) -> DbCluster {
        let (max_capacity, seconds_until_auto_pause) = (self.max_acu, None);
        let range = ServerlessV2Scaling { min_capacity: 0.5, max_capacity, seconds_until_auto_pause };
        DbCluster { serverless_v2_scaling_configuration: Some(range), ..sample() }
    }

    /// Readers that can bear the writer's load, by their rank. Memory is written out, so that nothing is judged by itself.
    pub(super) fn fit(&self, writer: usize) -> Vec<usize> {
        let memory = |index: usize| match self.class(index) {
            "db.t4g.large" => 8.0,
            "db.r7g.xlarge" => 32.0,
            "db.serverless" => 2.0 * self.max_acu,
            _ => 16.0,
        };
        let serverless = |index: usize| self.class(index) == "db.serverless";
        let follows = |index: &usize| !serverless(*index) || self.members[*index].0 <= 1;
        let strong = |index: &usize| memory(*index) >= memory(writer);
        let readers = (0..self.members.len()).filter(|index| *index != writer);
        let mut fit: Vec<usize> = readers.filter(follows).filter(strong).collect();
        fit.sort_by_key(|index| (!serverless(writer) && serverless(*index), self.members[*index].0, *index));
        fit
    }

    /// Does this member wait for values that count after a restart, and not restart anyway?
    pub(super) fn waits(&self, index: usize) -> bool {
        let computed = self.capacity && self.serverless.contains(&index);
        match self.members[index].1 {
            Edit::Group | Edit::Waiting => true,
            Edit::Class | Edit::Missing | Edit::Leaves | Edit::Renamed => false,
            Edit::Nothing | Edit::Quiet | Edit::Deferred | Edit::Certificate => self.static_value || computed,
        }
    }

    /// Members that are away at some time, by the steps that take them away.
    pub(super) fn away(&self, program: &Program) -> Vec<(usize, Vec<StepId>)> {
        self.taken(program, |edit| matches!(edit, Edit::Class | Edit::Deferred))
    }

    /// The same with those that would be away if AWS's word were wrong.
    pub(super) fn in_turn(&self, program: &Program) -> Vec<(usize, Vec<StepId>)> {
        self.taken(program, |edit| matches!(edit, Edit::Class | Edit::Deferred | Edit::Certificate))
    }

    fn taken(&self, program: &Program, by: impl Fn(Edit) -> bool) -> Vec<(usize, Vec<StepId>)> {
        let steps_of = |index: usize| {
            let member = at(&name(index));
            let edits = by(self.members[index].1) && self.manner.strategy != Strategy::Window;
            let takes = |verb| verb == Verb::Restart || (verb == Verb::Update && edits);
            let steps = program.steps.iter().enumerate();
            steps.filter(|(_, step)| step.address == member && takes(step.verb)).map(|(id, _)| id).collect::<Vec<_>>()
        };
        (0..self.members.len()).map(|index| (index, steps_of(index))).filter(|(_, steps)| !steps.is_empty()).collect()
    }
}
