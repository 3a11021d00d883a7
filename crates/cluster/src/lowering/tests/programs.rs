//! Whatever is edited, and however the stack wants it: what every program of a cluster keeps to.

use super::{change, id, live, spec};
use crate::db_cluster::{DbCluster, sample};
use crate::scalable_target::{ScalableTarget, ScalableTargetOutputs};
use crate::{DbInstance, LOWERINGS};
use auroractl_core::diff::FieldChange;
use auroractl_core::durations::Priors;
use auroractl_core::lower::{Program, Sources, StepId, lower};
use auroractl_core::observed::{Live, Observed, Owner, Readiness};
use auroractl_core::plan::{Action, Change, Plan, interrupts};
use auroractl_core::queue::Queue;
use auroractl_core::state::{State, Verb};
use auroractl_core::{Address, Desired, Graph, Impact, Input, Level, Manner, Model, Strategy, Tags, When};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What happens to one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    Nothing,
    /// Tags, beside a class that somebody left to the window: their call does not take it along.
    Quiet,
    /// Its class.
    Class,
    /// Its parameter group: a restart that AWS does not make.
    Group,
    /// An earlier run left values waiting.
    Waiting,
    /// A class that somebody left to the window, and now an edit that takes it along.
    Deferred,
    /// It is not there, and is made.
    Missing,
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
    surge: Surge,
    /// An interrupted run left AWS working on this member.
    unfinished: Option<usize>,
}

/// The surge reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surge {
    Unwanted,
    Wanted,
    /// An interrupted roll left it: does it write, and does the stack still want one for its rolls?
    Left {
        writes: bool,
        wanted: bool,
    },
}

impl Surge {
    fn is_wanted(self) -> bool {
        matches!(self, Self::Wanted | Self::Left { wanted: true, .. })
    }
}

fn surge() -> Address {
    super::at("surge_reader")
}

/// Scenes of a stack that rolls and wants a surge reader, or has wanted one.
fn surging() -> impl proptest::strategy::Strategy<Value = Scene> {
    let left = (any::<bool>(), any::<bool>()).prop_map(|(writes, wanted)| Surge::Left { writes, wanted });
    let surge = prop_oneof![Just(Surge::Wanted), left];
    (scenes(), surge, proptest::option::weighted(0.3, 0..6_usize)).prop_map(|(scene, surge, unfinished)| {
        let writes = matches!(surge, Surge::Left { writes: true, .. });
        let writer = if writes { None } else { scene.writer.or(Some(0)) };
        let unfinished = unfinished.map(|index| index % scene.members.len());
        let manner = Manner { strategy: Strategy::Roll, ..scene.manner };
        Scene { writer, manner, surge, unfinished, ..scene }
    })
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
        Scene { members, writer, static_value, autoscaled, manner, surge: Surge::Unwanted, unfinished: None }
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
        Edit::Missing => (Action::Create, vec![]),
        Edit::Quiet => (Action::Update, vec![field("tags.a", Level::None, When::Now)]),
        Edit::Deferred => (Action::Update, vec![field("promotion_tier", Level::None, When::Now)]),
        Edit::Class => (Action::Restart, vec![field("db_instance_class", Level::RebootOne, When::Now)]),
        Edit::Group => (Action::Restart, vec![field("db_parameter_group_name", Level::RebootOne, When::AtReboot)]),
        Edit::Waiting => (Action::Restart, vec![field("parameters_in_sync", Level::RebootOne, When::AtReboot)]),
    };
    let impact = fields.iter().map(|field| field.impact.level).max().unwrap_or(Level::None);
    let mut change = Change { fields, ..change(&name(index), action, impact) };
    if matches!(edit, Edit::Quiet | Edit::Deferred) {
        change.pending.insert("db_instance_class".into(), "db.r7g.xlarge".into());
    }
    change
}

fn ready(spec: &impl serde::Serialize, outputs: Value) -> Observed {
    Observed::Live(Box::new(Live::ready(serde_json::to_value(spec).unwrap(), outputs, Owner::Untagged)))
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
    let (mut first, mut handles) = (None, Vec::new());
    for (index, (tier, edit)) in scene.members.iter().enumerate() {
        let of = cluster.out();
        let handle = desired.add(&name(index), &DbInstance { db_cluster_identifier: of, ..spec(&name(index), *tier) });
        let handle = handle.unwrap();
        // As `compose` does: readers are made after the first writer.
        match &first {
            None => first = Some(handle.clone()),
            Some(first) => desired.after(&handle, first),
        }
        handles.push(handle);
        changes.push(edited(index, *edit));
        if *edit != Edit::Missing {
            observed.extend([live(&name(index), *tier, scene.writer == Some(index))]);
        }
        if scene.unfinished == Some(index) {
            work_on(changes.last_mut().unwrap(), observed.get_mut(&super::at(&name(index))).unwrap());
        }
    }
    if scene.surge.is_wanted() {
        let spec = DbInstance { db_cluster_identifier: cluster.out(), ..spec("orders-surge", 15) };
        let _ = desired.surge("surge_reader", &spec, &handles).unwrap();
    }
    if let Surge::Left { writes, .. } = scene.surge {
        observed.extend([live("surge_reader", 15, writes)]);
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
    changes.extend(surge_change(scene, &graph, &changes));
    let (plan, state, priors) = (Plan { changes }, State::new(id(), "lineage".into()), Priors::default());
    let sources = Sources { priors: &priors, graph: &graph, state: &state, observed: &observed, lowerings: LOWERINGS };
    (lower(&plan, &sources), graph)
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
    let interrupted = (0..scene.members.len()).any(|index| interrupts(graph, &by, &super::at(&name(index))));
    let action = match scene.surge {
        Surge::Wanted if interrupted => Action::Surge,
        Surge::Left { .. } => Action::Delete,
        Surge::Wanted | Surge::Unwanted => return None,
    };
    Some(change("surge_reader", action, Level::None))
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    /// Nothing waits in a circle, nothing is done twice, and the plan has a surge reader just where the program has turns.
    #[test]
    fn a_surge_has_its_place(scene in surging()) {
        let (program, _) = program(&scene);
        prop_assert!(Queue::new(&program).is_ok(), "{program:?}");
        let known: BTreeSet<_> = program.steps.iter().map(|step| (&step.address, step.generation, step.verb)).collect();
        prop_assert_eq!(known.len(), program.steps.len(), "{:?}", program);
        let (made, gone, away) = (all(&program, Verb::Create), all(&program, Verb::Delete), scene.away(&program));
        let left = scene.surge != Surge::Wanted;
        prop_assert_eq!(made.len(), usize::from(!left && !away.is_empty()));
        prop_assert_eq!(gone.len(), usize::from(left || !away.is_empty()));
        for id in made.iter().chain(&gone) {
            prop_assert_eq!(&program.steps[*id].address, &surge());
        }
        if !scene.surge.is_wanted() {
            return Ok(());
        }
        for turn in away.iter().flat_map(|(_, steps)| steps) {
            prop_assert!(made.iter().all(|made| program.waits_for(*turn, *made)), "{program:?}");
            prop_assert!(gone.iter().all(|gone| program.waits_for(*gone, *turn)), "{program:?}");
        }
        for (pause, resume) in all(&program, Verb::Pause).into_iter().zip(all(&program, Verb::Resume)) {
            prop_assert!(made.iter().all(|made| program.waits_for(*made, pause)));
            prop_assert!(gone.iter().all(|gone| program.waits_for(resume, *gone)));
        }
    }

    /// Played in any order that the edges allow: nobody is away while it writes, if anybody can take over; who takes over is
    /// there and was waited for; no capacity is missing; the surge reader never goes as the writer, and it does go.
    #[test]
    fn whoever_is_away_does_not_write(scene in surging(), chance in any::<Vec<u8>>()) {
        let (program, _) = program(&scene);
        let away: BTreeSet<StepId> = scene.away(&program).into_iter().flat_map(|(_, steps)| steps).collect();
        let mut queue = Queue::new(&program).unwrap();
        let mut there: BTreeSet<Address> = (0..scene.members.len()).map(|index| super::at(&name(index))).collect();
        let mut writer = scene.writer.map_or_else(surge, |writer| super::at(&name(writer)));
        let (mut pool, mut settled, mut chance) = (Vec::new(), BTreeSet::new(), chance.into_iter().cycle());
        if scene.surge != Surge::Wanted {
            there.insert(surge());
        }
        let helped = scene.surge.is_wanted() || scene.members.len() > 1;
        loop {
            pool.extend(std::iter::from_fn(|| queue.take()));
            if pool.is_empty() {
                break;
            }
            let id = pool.swap_remove(usize::from(chance.next().unwrap_or(0)) % pool.len());
            let step = &program.steps[id];
            if away.contains(&id) {
                prop_assert!(!helped || writer != step.address, "{} is away and writes: {program:?}", step.address);
                prop_assert!(!scene.surge.is_wanted() || there.contains(&surge()), "capacity is missing: {program:?}");
            }
            match step.verb {
                Verb::Create => drop(there.insert(step.address.clone())),
                Verb::Delete => {
                    prop_assert!(writer != step.address, "it goes as the writer: {program:?}");
                    there.remove(&step.address);
                }
                Verb::Settle => drop(settled.insert(step.address.clone())),
                Verb::Failover | Verb::Failback => {
                    writer = step.target.clone().unwrap();
                    prop_assert!(there.contains(&writer) && settled.contains(&writer), "{program:?}");
                }
                _ => {}
            }
            queue.finish(id);
        }
        prop_assert!(!there.contains(&surge()) && writer != surge(), "{program:?}");
    }
}

fn three(edits: [Edit; 3], strategy: Strategy) -> Scene {
    let members = edits.iter().enumerate().map(|(index, edit)| (u8::try_from(index).unwrap(), *edit)).collect();
    let manner = Manner { strategy, ..Manner::default() };
    let (surge, unfinished) = (Surge::Unwanted, None);
    Scene { members, writer: Some(0), static_value: false, autoscaled: false, manner, surge, unfinished }
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

fn lone(surge: Surge, writer: Option<usize>) -> Scene {
    Scene { members: vec![(0, Edit::Class)], writer, surge, ..three([Edit::Nothing; 3], Strategy::Roll) }
}

#[test]
fn a_cluster_of_one_lends_its_role() {
    let (program, _) = program(&lone(Surge::Wanted, Some(0)));
    assert_eq!(
        told(&program),
        [
            "create db_instance.surge_reader",
            "settle db_instance.surge_reader",
            "failover db_cluster.main",
            "update db_instance.m0",
            "settle db_instance.m0",
            "failback db_cluster.main",
            "delete db_instance.surge_reader"
        ]
    );
    let targets: Vec<Address> = program.steps.iter().filter_map(|step| step.target.clone()).collect();
    assert_eq!(targets, [surge(), super::at("m0")]);
}

#[test]
fn a_lent_role_comes_back_after_a_crash() {
    for wanted in [true, false] {
        let (program, _) = program(&lone(Surge::Left { writes: true, wanted }, None));
        assert_eq!(
            told(&program),
            [
                "update db_instance.m0",
                "settle db_instance.m0",
                "failover db_cluster.main",
                "delete db_instance.surge_reader"
            ]
        );
    }
}

#[test]
fn whoever_leaves_as_the_writer_waits_for_one_that_is_only_made() {
    let scene = lone(Surge::Left { writes: true, wanted: true }, None);
    let (program, _) = program(&Scene { members: vec![(0, Edit::Missing)], ..scene });
    assert_eq!(
        told(&program),
        [
            "create db_instance.m0",
            "settle db_instance.m0",
            "failover db_cluster.main",
            "delete db_instance.surge_reader"
        ]
    );
}

#[test]
fn where_a_reader_can_take_over_the_surge_only_adds_capacity() {
    let (program, _) = program(&Scene { surge: Surge::Wanted, ..three([Edit::Class; 3], Strategy::Roll) });
    let told = told(&program);
    assert_eq!(
        (told.first().unwrap().as_str(), told.last().unwrap().as_str()),
        ("create db_instance.surge_reader", "delete db_instance.surge_reader")
    );
    assert!(all(&program, Verb::Failback).is_empty());
    assert_eq!(told.iter().filter(|step| step.starts_with("settle")).count(), 4);
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
