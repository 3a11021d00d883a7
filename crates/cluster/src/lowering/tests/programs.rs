//! Whatever is edited, and however the stack wants it: what every program of a cluster keeps to.

use super::{change, id, live, spec};
use crate::db_cluster::{DbCluster, sample};
use crate::scalable_target::{ScalableTarget, ScalableTargetOutputs};
use crate::{DbInstance, LOWERINGS};
use auroractl_core::diff::FieldChange;
use auroractl_core::durations::Priors;
use auroractl_core::lower::{Program, Sources, StepId, lower};
use auroractl_core::observed::{Live, Observed, Owner, Readiness};
use auroractl_core::plan::{Action, Change, Plan};
use auroractl_core::queue::Queue;
use auroractl_core::state::{State, Verb};
use auroractl_core::{Address, Desired, Graph, Impact, Input, Level, Manner, Model, Strategy, Tags, When};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use serde_json::Value;
use std::collections::BTreeMap;

/// What happens to one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    Nothing,
    /// Tags.
    Quiet,
    /// Its class.
    Class,
    /// Its parameter group: a restart that AWS does not make.
    Group,
    /// An earlier run left values waiting.
    Waiting,
    /// A class that somebody left to the window, and now tags.
    Deferred,
}

#[derive(Clone, Debug)]
struct Scene {
    /// Tier and edit of each member; the writer's place among them.
    members: Vec<(u8, Edit)>,
    writer: Option<usize>,
    /// The cluster's parameter group gets a static value.
    static_value: bool,
    autoscaled: bool,
    manner: Manner,
}

fn scenes() -> impl proptest::strategy::Strategy<Value = Scene> {
    let edit = prop_oneof![
        1 => Just(Edit::Nothing),
        1 => Just(Edit::Quiet),
        3 => Just(Edit::Class),
        1 => Just(Edit::Group),
        1 => Just(Edit::Waiting),
        1 => Just(Edit::Deferred),
    ];
    let strategy = prop_oneof![4 => Just(Strategy::Roll), 1 => Just(Strategy::InPlace), 1 => Just(Strategy::Window)];
    let members = proptest::collection::vec((0..16_u8, edit), 1..6);
    let parts = (members, proptest::option::weighted(0.9, 0..6_usize), any::<bool>(), any::<bool>(), strategy);
    parts.prop_map(|(members, writer, static_value, autoscaled, strategy)| {
        let writer = writer.map(|writer| writer % members.len());
        let manner = Manner { strategy, ..Manner::default() };
        Scene { members, writer, static_value, autoscaled, manner }
    })
}

fn name(index: usize) -> String {
    format!("m{index}")
}

fn field(path: &str, level: Level, when: When) -> FieldChange {
    let impact = Impact::new(level, "test").when(when);
    FieldChange { path: path.to_owned(), before: Value::Null, after: Value::Null, impact }
}

fn edited(index: usize, edit: Edit) -> Change {
    let (action, fields) = match edit {
        Edit::Nothing => (Action::NoOp, vec![]),
        Edit::Quiet | Edit::Deferred => (Action::Update, vec![field("tags.a", Level::None, When::Now)]),
        Edit::Class => (Action::Restart, vec![field("db_instance_class", Level::RebootOne, When::Now)]),
        Edit::Group => (Action::Restart, vec![field("db_parameter_group_name", Level::RebootOne, When::AtReboot)]),
        Edit::Waiting => (Action::Restart, vec![field("parameters_in_sync", Level::RebootOne, When::AtReboot)]),
    };
    let impact = fields.iter().map(|field| field.impact.level).max().unwrap_or(Level::None);
    let mut change = Change { fields, ..change(&name(index), action, impact) };
    if edit == Edit::Deferred {
        change.pending.insert("db_instance_class".into(), "db.r7g.xlarge".into());
    }
    change
}

fn ready(spec: &impl serde::Serialize, outputs: Value) -> Observed {
    Observed::Live(Box::new(Live {
        spec: serde_json::to_value(spec).unwrap(),
        outputs,
        readiness: Readiness::Ready,
        owner: Owner::Untagged,
        incarnation: None,
        pending: BTreeMap::new(),
        needed_by: None,
    }))
}

fn other(address: &Address, action: Action, fields: Vec<FieldChange>) -> Change {
    Change { address: address.clone(), fields, ..change("x", action, Level::None) }
}

/// The scene as a plan, and its program.
fn program(scene: &Scene) -> (Program, Graph) {
    let mut desired = Desired { manner: scene.manner, ..Desired::new(id()) };
    let group: Address = "db_cluster_parameter_group.main".parse().unwrap();
    let node = auroractl_core::graph::Node {
        group: auroractl_core::Group::Params,
        spec: Value::Null,
        after: Default::default(),
    };
    desired.nodes.insert(group.clone(), node);
    let cluster = desired.add("main", &sample()).unwrap();
    desired.nodes.get_mut(cluster.address()).unwrap().after.insert(group.clone());
    let mut changes = Vec::new();
    let fields = vec![field("parameters.shared_buffers", Level::RebootAll, When::AtReboot)];
    let (action, fields) = if scene.static_value { (Action::Update, fields) } else { (Action::NoOp, vec![]) };
    changes.push(other(&group, action, fields));
    changes.push(other(cluster.address(), Action::NoOp, vec![]));
    let mut observed = BTreeMap::from([(cluster.address().clone(), ready(&sample(), Value::Null))]);
    let mut first = None;
    for (index, (tier, edit)) in scene.members.iter().enumerate() {
        let of = cluster.out();
        let handle = desired.add(&name(index), &DbInstance { db_cluster_identifier: of, ..spec(&name(index), *tier) });
        let handle = handle.unwrap();
        // As `compose` does: readers are made after the first writer.
        match &first {
            None => first = Some(handle),
            Some(first) => desired.after(&handle, first),
        }
        changes.push(edited(index, *edit));
        observed.extend([live(&name(index), *tier, scene.writer == Some(index))]);
    }
    if scene.autoscaled {
        let target = ScalableTarget {
            db_cluster_identifier: Input::Value("orders".into()),
            min_capacity: 1,
            max_capacity: 4,
            suspended: false,
            tags: Tags::new(),
        };
        let outputs =
            ScalableTargetOutputs { resource_id: "cluster:orders".into(), scalable_target_arn: String::new() };
        let handle = desired.add("readers", &target).unwrap();
        observed.insert(handle.address().clone(), ready(&target, serde_json::to_value(outputs).unwrap()));
        changes.push(other(handle.address(), Action::NoOp, vec![]));
    }
    let graph = desired.check().unwrap();
    let (plan, state, priors) = (Plan { changes }, State::new(id(), "lineage".into()), Priors::default());
    let sources = Sources { priors: &priors, graph: &graph, state: &state, observed: &observed, lowerings: LOWERINGS };
    (lower(&plan, &sources), graph)
}

impl Scene {
    /// Members that are away at some time, by the steps that take them away.
    fn away(&self, program: &Program) -> Vec<(usize, Vec<StepId>)> {
        let felt = |index: usize| {
            let at = super::at(&name(index));
            let edits = matches!(self.members[index].1, Edit::Class | Edit::Deferred)
                && self.manner.strategy != Strategy::Window;
            let takes = |verb| verb == Verb::Restart || (verb == Verb::Update && edits);
            let steps = program.steps.iter().enumerate();
            steps.filter(|(_, step)| step.address == at && takes(step.verb)).map(|(id, _)| id).collect::<Vec<_>>()
        };
        (0..self.members.len()).map(|index| (index, felt(index))).filter(|(_, steps)| !steps.is_empty()).collect()
    }
}

fn all(program: &Program, verb: Verb) -> Vec<StepId> {
    (0..program.steps.len()).filter(|id| program.steps[*id].verb == verb).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Nothing waits in a circle, nobody is made or deleted, and members are away one at a time, the writer last.
    #[test]
    fn one_at_a_time_the_writer_last(scene in scenes()) {
        let (program, _) = program(&scene);
        prop_assert!(Queue::new(&program).is_ok(), "{program:?}");
        prop_assert!(all(&program, Verb::Create).is_empty() && all(&program, Verb::Delete).is_empty());
        let away = scene.away(&program);
        for (index, steps) in &away {
            for (other, others) in away.iter().filter(|(other, _)| other > index) {
                for (a, b) in steps.iter().flat_map(|a| others.iter().map(move |b| (*a, *b))) {
                    let (ab, ba) = (program.waits_for(b, a), program.waits_for(a, b));
                    prop_assert!(ab != ba, "{index} and {other} may be away together: {program:?}");
                    prop_assert!(scene.writer != Some(*index) || ba, "the writer's turn is not the last");
                    prop_assert!(scene.writer != Some(*other) || ab, "the writer's turn is not the last");
                }
            }
        }
    }

    /// Who is away twice for one plan is away too often: an edit that restarts takes the waiting values along.
    #[test]
    fn edits_that_share_a_restart_share_it(scene in scenes()) {
        let (program, _) = program(&scene);
        for (index, steps) in scene.away(&program) {
            let edit = scene.members[index].1;
            prop_assert!(steps.len() == 1 || edit == Edit::Deferred, "{index} is away {} times: {edit:?}", steps.len());
        }
        let waits = |edit: Edit| matches!(edit, Edit::Group | Edit::Waiting) || (scene.static_value && edit != Edit::Class);
        let expected = match scene.manner.strategy {
            Strategy::Window => 0,
            _ => scene.members.iter().filter(|(_, edit)| waits(*edit)).count(),
        };
        prop_assert_eq!(all(&program, Verb::Restart).len(), expected);
    }

    /// The role moves once, before the writer's turn, to a reader whose turn is over and that has caught up.
    #[test]
    fn the_role_moves_before_the_writers_turn(scene in scenes()) {
        let (program, _) = program(&scene);
        let away = scene.away(&program);
        let failovers = all(&program, Verb::Failover);
        let turn = away.iter().find(|(index, _)| scene.writer == Some(*index));
        let rolls = scene.manner.strategy == Strategy::Roll && scene.members.len() > 1;
        prop_assert_eq!(failovers.len(), usize::from(turn.is_some() && rolls), "{:?}", program);
        let (Some(failover), Some((_, turn))) = (failovers.first(), turn) else { return Ok(()) };
        let target = program.steps[*failover].target.clone().unwrap();
        prop_assert!(scene.writer.is_some_and(|writer| target != super::at(&name(writer))));
        prop_assert!(turn.iter().all(|step| program.waits_for(*step, *failover)));
        let settle = all(&program, Verb::Settle).into_iter().find(|id| program.steps[*id].address == target);
        prop_assert!(settle.is_some_and(|settle| program.waits_for(*failover, settle)), "nobody waits for the target");
        for (id, step) in program.steps.iter().enumerate() {
            let before = step.address == target || (away.iter().any(|(_, steps)| steps.contains(&id)) && !turn.contains(&id));
            prop_assert!(!before || program.waits_for(*failover, id), "{} {} is not over", step.verb, step.address);
        }
        let tier = |at: &Address| scene.members[at.name()[1..].parse::<usize>().unwrap()].0;
        let lowest = (0..scene.members.len()).filter(|index| scene.writer != Some(*index)).map(|index| scene.members[index].0).min();
        prop_assert_eq!(Some(tier(&target)), lowest);
    }

    /// Autoscaling keeps still from before the first turn until after the last, and only then.
    #[test]
    fn autoscaling_keeps_still(scene in scenes()) {
        let (program, _) = program(&scene);
        let (pauses, resumes, away) = (all(&program, Verb::Pause), all(&program, Verb::Resume), scene.away(&program));
        let expected = usize::from(scene.autoscaled && !away.is_empty());
        prop_assert_eq!((pauses.len(), resumes.len()), (expected, expected));
        for step in away.iter().flat_map(|(_, steps)| steps) {
            prop_assert!(pauses.iter().all(|pause| program.waits_for(*step, *pause)));
            prop_assert!(resumes.iter().all(|resume| program.waits_for(*resume, *step)));
        }
    }
}

fn three(edits: [Edit; 3], strategy: Strategy) -> Scene {
    let members = edits.iter().enumerate().map(|(index, edit)| (u8::try_from(index).unwrap(), *edit)).collect();
    let manner = Manner { strategy, ..Manner::default() };
    Scene { members, writer: Some(0), static_value: false, autoscaled: false, manner }
}

fn told(program: &Program) -> Vec<String> {
    let mut queue = Queue::new(program).unwrap();
    let mut told = Vec::new();
    while let Some(id) = queue.take() {
        told.push(format!("{} {}", program.steps[id].verb, program.steps[id].address));
        queue.finish(id);
    }
    told
}

#[test]
fn a_roll_in_words() {
    let (program, _) = program(&three([Edit::Class; 3], Strategy::Roll));
    assert_eq!(
        told(&program),
        [
            "update db_instance.m2",
            "settle db_instance.m2",
            "update db_instance.m1",
            "settle db_instance.m1",
            "failover db_cluster.main",
            "update db_instance.m0"
        ]
    );
    assert_eq!(program.steps.iter().find_map(|step| step.target.clone()), Some(super::at("m1")));
}

#[test]
fn nobody_fails_over_for_what_the_writer_does_not_feel() {
    let (program, _) = program(&three([Edit::Quiet, Edit::Class, Edit::Class], Strategy::Roll));
    assert!(all(&program, Verb::Failover).is_empty());
}

#[test]
fn a_reader_that_is_too_small_does_not_take_over() {
    let scene = three([Edit::Class, Edit::Nothing, Edit::Nothing], Strategy::Roll);
    let (_, graph) = program(&scene);
    let mut desired = graph.desired().clone();
    for (at, node) in desired.nodes.iter_mut().filter(|(at, _)| at.kind() == DbInstance::KIND) {
        let class = if at.name() == "m0" { "db.r7g.2xlarge" } else { "db.r7g.large" };
        node.spec["db_instance_class"] = class.into();
    }
    let graph = desired.check().unwrap();
    let observed: BTreeMap<Address, Observed> = (0..3_u8)
        .map(|index| live(&name(index.into()), index, index == 0))
        .chain([("db_cluster.main".parse().unwrap(), ready(&sample(), Value::Null))])
        .collect();
    let changes = scene.members.iter().enumerate().map(|(index, (_, edit))| edited(index, *edit));
    let home: Address = Address::new(DbCluster::KIND, "main").unwrap();
    let plan = Plan { changes: changes.chain([other(&home, Action::NoOp, vec![])]).collect() };
    let (state, priors) = (State::new(id(), "lineage".into()), Priors::default());
    let sources = Sources { priors: &priors, graph: &graph, state: &state, observed: &observed, lowerings: LOWERINGS };
    assert_eq!(told(&lower(&plan, &sources)), ["update db_instance.m0"]);
}
