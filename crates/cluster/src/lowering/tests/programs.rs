//! Whatever is edited, and however the stack wants it: what every program of a cluster keeps to.

use super::{change, id, live, spec};
use crate::db_cluster::{DbCluster, ServerlessV2Scaling, sample};
use crate::db_instance::SERVERLESS;
use crate::scalable_target::{ScalableTarget, ScalableTargetOutputs};
use crate::{DbInstance, LOWERINGS};
use auroractl_core::diff::FieldChange;
use auroractl_core::durations::Priors;
use auroractl_core::lower::{Program, Sources, StepId, lower};
use auroractl_core::observed::{Live, Observed, Owner, Readiness};
use auroractl_core::plan::{Action, Change, Plan, interrupts};
use auroractl_core::queue::Queue;
use auroractl_core::state::{State, Verb};
use auroractl_core::{Address, Desired, Graph, Impact, Input, Level, Manner, Strategy, Tags, When};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Every member.
const ALL: Range<usize> = 0..usize::MAX;

/// What happens to one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    Nothing,
    /// Tags, beside a version that somebody left to the window: their call does not take it along.
    Quiet,
    /// Its class.
    Class,
    /// Its parameter group: a restart that AWS does not make.
    Group,
    /// An earlier run left values waiting.
    Waiting,
    /// A version that somebody left to the window, and now an edit that takes it along.
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
    /// The cluster gets another capacity range.
    capacity: bool,
    /// These members go by it.
    serverless: Range<usize>,
    autoscaled: bool,
    manner: Manner,
    surge: Surge,
    /// An interrupted run left AWS working on this member.
    unfinished: Option<usize>,
    /// Class of each member; who is not listed is a `db.r7g.large`.
    classes: Vec<&'static str>,
    /// The most capacity of serverless members.
    max_acu: f64,
    /// Class and tier of the surge reader.
    stand_in: (&'static str, u8),
    /// This member has failed for good.
    failed: Option<usize>,
}

const LARGE: &str = "db.r7g.large";

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
    let range = (any::<bool>(), prop_oneof![Just(0..0_usize), Just(ALL)]);
    let parts = (members, proptest::option::weighted(0.9, 0..6_usize), any::<bool>(), range, any::<bool>(), strategy);
    parts.prop_map(|(members, writer, static_value, (capacity, serverless), autoscaled, strategy)| {
        let writer = writer.map(|writer| writer % members.len());
        let manner = Manner { strategy, ..Manner::default() };
        let stand_in = if serverless.is_empty() { (LARGE, 15) } else { (SERVERLESS, 1) };
        Scene { members, writer, static_value, capacity, serverless, autoscaled, manner, stand_in, ..plain() }
    })
}

/// Nobody, and nothing that happens.
fn plain() -> Scene {
    Scene {
        members: Vec::new(),
        writer: None,
        static_value: false,
        capacity: false,
        serverless: 0..0,
        autoscaled: false,
        manner: Manner::default(),
        surge: Surge::Unwanted,
        unfinished: None,
        failed: None,
        classes: Vec::new(),
        max_acu: 64.0,
        stand_in: (LARGE, 15),
    }
}

/// Scenes whose members are of different classes.
fn mixed() -> impl proptest::strategy::Strategy<Value = Scene> {
    let class = prop_oneof![Just(LARGE), Just("db.r7g.xlarge"), Just("db.t4g.large"), Just("db.serverless")];
    let classes = proptest::collection::vec(class, 6);
    let tiers = proptest::collection::vec(0..4_u8, 6);
    let max_acu = prop_oneof![Just(2.0), Just(8.0), Just(16.0), Just(128.0)];
    (scenes(), classes, tiers, max_acu).prop_map(|(scene, classes, tiers, max_acu)| {
        let members = scene.members.iter().zip(tiers).map(|((_, edit), tier)| (tier, *edit)).collect();
        Scene { members, classes, max_acu, ..scene }
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
        change.pending.insert("engine_version".into(), "16.13".into());
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
fn program(scene: &Scene) -> Program {
    let home = scene.cluster();
    let mut desired = Desired { manner: scene.manner, ..Desired::new(id()) };
    let group: Address = "db_cluster_parameter_group.main".parse().unwrap();
    let node = auroractl_core::graph::Node {
        group: auroractl_core::Group::Params,
        spec: Value::Null,
        after: Default::default(),
    };
    desired.nodes.insert(group.clone(), node);
    let cluster = desired.add("main", &home).unwrap();
    desired.nodes.get_mut(cluster.address()).unwrap().after.insert(group.clone());
    let mut changes = Vec::new();
    let fields = vec![field("parameters.shared_buffers", Level::RebootAll, When::AtReboot)];
    let (action, fields) = if scene.static_value { (Action::Update, fields) } else { (Action::NoOp, vec![]) };
    changes.push(other(&group, action, fields));
    let fields = vec![field("serverless_v2_scaling_configuration.max_capacity", Level::RebootAll, When::AtReboot)];
    let (action, fields) = if scene.capacity { (Action::Restart, fields) } else { (Action::NoOp, vec![]) };
    changes.push(other(cluster.address(), action, fields));
    let mut observed = BTreeMap::from([(cluster.address().clone(), ready(&home, Value::Null))]);
    let (mut first, mut handles) = (None, Vec::new());
    for (index, (tier, edit)) in scene.members.iter().enumerate() {
        let class = scene.class(index);
        let member = of_class(spec(&name(index), *tier), class);
        let handle = desired.add(&name(index), &DbInstance { db_cluster_identifier: cluster.out(), ..member }).unwrap();
        // As `compose` does: readers are made after the first writer.
        match &first {
            None => first = Some(handle.clone()),
            Some(first) => desired.after(&handle, first),
        }
        handles.push(handle);
        changes.push(edited(index, *edit));
        if *edit != Edit::Missing {
            observed.extend([seen_as(live(&name(index), *tier, scene.writer == Some(index)), class)]);
        }
        if scene.unfinished == Some(index) {
            work_on(changes.last_mut().unwrap(), observed.get_mut(&super::at(&name(index))).unwrap());
        }
        if let Some(Observed::Live(live)) = observed.get_mut(&super::at(&name(index)))
            && scene.failed == Some(index)
        {
            live.readiness = Readiness::Failed("its status is failed".into());
        }
    }
    if scene.surge.is_wanted() {
        let (class, tier) = scene.stand_in;
        let reader = of_class(spec("orders-surge", tier), class);
        let reader = DbInstance { db_cluster_identifier: cluster.out(), ..reader };
        let _ = desired.surge("surge_reader", &reader, &handles).unwrap();
    }
    if let Surge::Left { writes, .. } = scene.surge {
        let (class, tier) = scene.stand_in;
        observed.extend([seen_as(live("surge_reader", tier, writes), class)]);
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
    lower(&plan, &sources)
}

fn of_class(member: DbInstance, class: &str) -> DbInstance {
    DbInstance { db_instance_class: class.into(), ..member }
}

/// The same member, observed to be of this class.
fn seen_as((at, mut seen): (Address, Observed), class: &str) -> (Address, Observed) {
    if let Observed::Live(live) = &mut seen {
        live.spec["db_instance_class"] = class.into();
    }
    (at, seen)
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
    fn fit(&self, writer: usize) -> Vec<usize> {
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
    fn waits(&self, index: usize) -> bool {
        let computed = self.capacity && self.serverless.contains(&index);
        match self.members[index].1 {
            Edit::Group | Edit::Waiting => true,
            Edit::Class | Edit::Missing => false,
            Edit::Nothing | Edit::Quiet | Edit::Deferred => self.static_value || computed,
        }
    }

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
        let program = program(&scene);
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
        let program = program(&scene);
        for (index, steps) in scene.away(&program) {
            let edit = scene.members[index].1;
            prop_assert!(steps.len() == 1 || edit == Edit::Deferred, "{index} is away {} times: {edit:?}", steps.len());
        }
        let expected = match scene.manner.strategy {
            Strategy::Window => 0,
            _ => (0..scene.members.len()).filter(|index| scene.waits(*index)).count(),
        };
        prop_assert_eq!(all(&program, Verb::Restart).len(), expected);
    }

    /// Where a reader is fit, the role moves once, before the writer's turn, to one whose turn is over and that has caught up.
    #[test]
    fn the_role_moves_before_the_writers_turn(scene in scenes()) {
        let program = program(&scene);
        let away = scene.away(&program);
        let failovers = all(&program, Verb::Failover);
        let turn = away.iter().find(|(index, _)| scene.writer == Some(*index));
        let fit = scene.writer.map(|writer| scene.fit(writer)).unwrap_or_default();
        let rolls = scene.manner.strategy == Strategy::Roll && !fit.is_empty();
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
        let lowest = fit.iter().map(|index| scene.members[*index].0).min();
        prop_assert_eq!(Some(tier(&target)), lowest);
    }

    /// Who takes over bears the writer's load, whatever the classes; where nobody does the writer restarts where it is.
    #[test]
    fn whoever_takes_over_is_strong_enough(scene in mixed()) {
        let program = program(&scene);
        prop_assert!(Queue::new(&program).is_ok(), "{program:?}");
        let turn = scene.away(&program).into_iter().map(|(index, _)| index).find(|index| scene.writer == Some(*index));
        let rolls = scene.manner.strategy == Strategy::Roll;
        let expected = turn.filter(|_| rolls).and_then(|writer| scene.fit(writer).first().copied());
        let targets: Vec<Address> = program.steps.iter().filter_map(|step| step.target.clone()).collect();
        prop_assert_eq!(targets, expected.map(|index| super::at(&name(index))).into_iter().collect::<Vec<_>>());
    }

    /// Autoscaling keeps still from before the first turn until after the last, and only then.
    #[test]
    fn autoscaling_keeps_still(scene in scenes()) {
        let program = program(&scene);
        let (pauses, resumes, away) = (all(&program, Verb::Pause), all(&program, Verb::Resume), scene.away(&program));
        let expected = usize::from(scene.autoscaled && !away.is_empty());
        prop_assert_eq!((pauses.len(), resumes.len()), (expected, expected));
        for step in away.iter().flat_map(|(_, steps)| steps) {
            prop_assert!(pauses.iter().all(|pause| program.waits_for(*step, *pause)));
            prop_assert!(resumes.iter().all(|resume| program.waits_for(*resume, *step)));
        }
        for (pause, resume) in pauses.iter().zip(&resumes) {
            prop_assert_eq!(program.steps[*resume].undoes, Some(*pause));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    /// Nothing waits in a circle, nothing is done twice, and the plan has a surge reader just where the program has turns.
    #[test]
    fn a_surge_has_its_place(scene in surging()) {
        let program = program(&scene);
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
        let program = program(&scene);
        let away: BTreeSet<StepId> = scene.away(&program).into_iter().flat_map(|(_, steps)| steps).collect();
        let mut queue = Queue::new(&program).unwrap();
        let mut there: BTreeSet<Address> = (0..scene.members.len()).map(|index| super::at(&name(index))).collect();
        let mut writer = scene.writer.map_or_else(surge, |writer| super::at(&name(writer)));
        let (mut pool, mut settled, mut chance) = (Vec::new(), BTreeSet::new(), chance.into_iter().cycle());
        if scene.surge != Surge::Wanted {
            there.insert(surge());
        }
        let fit = scene.writer.map_or(scene.members.len() > 1, |writer| !scene.fit(writer).is_empty());
        let helped = scene.surge.is_wanted() || fit;
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
    Scene { members, writer: Some(0), manner, ..plain() }
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
    let program = program(&three([Edit::Class; 3], Strategy::Roll));
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
fn a_capacity_range_restarts_those_who_go_by_it() {
    let scene = Scene { capacity: true, serverless: ALL, ..three([Edit::Nothing; 3], Strategy::Roll) };
    let everybody = program(&scene);
    assert_eq!(
        told(&everybody),
        [
            "update db_cluster.main",
            "restart db_instance.m2",
            "settle db_instance.m2",
            "restart db_instance.m1",
            "settle db_instance.m1",
            "failover db_cluster.main",
            "restart db_instance.m0"
        ]
    );
    let readers = program(&Scene { serverless: 1..3, ..scene.clone() });
    assert_eq!(told(&readers)[1..], ["restart db_instance.m2", "settle db_instance.m2", "restart db_instance.m1"]);
    let nobody = program(&Scene { serverless: 0..0, ..scene.clone() });
    assert_eq!(told(&nobody), ["update db_cluster.main"]);
    let waiting = program(&Scene { manner: three([Edit::Nothing; 3], Strategy::Window).manner, ..scene });
    assert_eq!(told(&waiting), ["update db_cluster.main"], "who waits for the window is not restarted");
}

#[test]
fn a_surge_reader_is_made_for_whom_a_capacity_range_restarts() {
    // One that goes by the range restarts anyway, the other does not go by it.
    for (edits, serverless, surges) in [
        ([Edit::Nothing, Edit::Nothing, Edit::Nothing], 0..0, false),
        ([Edit::Nothing, Edit::Nothing, Edit::Nothing], 2..3, true),
        ([Edit::Nothing, Edit::Nothing, Edit::Missing], 2..3, false),
        ([Edit::Nothing, Edit::Nothing, Edit::Class], 2..3, true),
    ] {
        let scene = Scene { capacity: true, serverless, surge: Surge::Wanted, ..three(edits, Strategy::Roll) };
        let program = program(&scene);
        let made = all(&program, Verb::Create).into_iter().any(|id| program.steps[id].address == surge());
        assert_eq!((made, !scene.away(&program).is_empty()), (surges, surges), "{scene:?}");
    }
}

fn lone(surge: Surge, writer: Option<usize>) -> Scene {
    Scene { members: vec![(0, Edit::Class)], writer, surge, ..three([Edit::Nothing; 3], Strategy::Roll) }
}

#[test]
fn a_cluster_of_one_lends_its_role() {
    let program = program(&lone(Surge::Wanted, Some(0)));
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
        let program = program(&lone(Surge::Left { writes: true, wanted }, None));
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
    let program = program(&Scene { members: vec![(0, Edit::Missing)], ..scene });
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
    let program = program(&Scene { surge: Surge::Wanted, ..three([Edit::Class; 3], Strategy::Roll) });
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
    let program = program(&three([Edit::Quiet, Edit::Class, Edit::Class], Strategy::Roll));
    assert!(all(&program, Verb::Failover).is_empty());
}

#[test]
fn autoscaling_goes_on_whatever_becomes_of_the_roll() {
    let program = program(&Scene { autoscaled: true, ..three([Edit::Class; 3], Strategy::Roll) });
    let fails = (0..program.steps.len()).filter(|id| program.steps[*id].verb != Verb::Resume);
    for fails in fails {
        let mut queue = Queue::new(&program).unwrap();
        let mut ran = Vec::new();
        while let Some(id) = queue.take() {
            ran.push(program.steps[id].verb);
            let _ = if id == fails { queue.fail(id) } else { queue.finish(id) };
        }
        let paused = program.steps[fails].verb != Verb::Pause;
        assert_eq!(ran.last() == Some(&Verb::Resume), paused, "{ran:?}");
    }
}

#[test]
fn who_has_failed_neither_holds_up_a_roll_nor_takes_over() {
    let program = program(&Scene { failed: Some(1), ..three([Edit::Class; 3], Strategy::Roll) });
    let lost = program.forward(&super::at("m1")).unwrap();
    assert!(program.steps.iter().all(|step| !step.after.contains(&lost)), "{program:?}");
    assert_eq!(program.steps.iter().find_map(|step| step.target.clone()), Some(super::at("m2")));
}

#[test]
fn a_reader_that_is_too_small_does_not_take_over() {
    let scene = three([Edit::Class, Edit::Nothing, Edit::Nothing], Strategy::Roll);
    let program = program(&Scene { classes: vec!["db.r7g.2xlarge"], ..scene });
    assert_eq!(told(&program), ["update db_instance.m0"]);
}

/// Who takes over from `m0`, of `m1` and `m2` with the classes and tiers given.
fn successor(writer: &'static str, readers: [(&'static str, u8); 2], max_acu: f64) -> Option<String> {
    let scene = three([Edit::Class, Edit::Nothing, Edit::Nothing], Strategy::Roll);
    let members = [(0, Edit::Class)].into_iter().chain(readers.map(|(_, tier)| (tier, Edit::Nothing))).collect();
    let classes = [writer].into_iter().chain(readers.map(|(class, _)| class)).collect();
    let program = program(&Scene { members, classes, max_acu, ..scene });
    program.steps.iter().find_map(|step| step.target.as_ref().map(|at| at.name().to_owned()))
}

#[test]
fn a_serverless_reader_takes_over_where_it_grows_with_the_writer_and_far_enough() {
    let (none, m1, m2) = (None, Some("m1".to_owned()), Some("m2".to_owned()));
    let (serverless, strong, weak) = ("db.serverless", "db.r7g.4xlarge", "db.t4g.medium");
    assert_eq!(successor(strong, [(serverless, 15), (weak, 0)], 8.0), none);
    assert_eq!(successor(strong, [(serverless, 1), (weak, 0)], 8.0), none, "it grows to 16 GiB of 128");
    assert_eq!(successor(strong, [(serverless, 2), (weak, 0)], 64.0), none, "it does not follow the writer");
    assert_eq!(successor(strong, [(serverless, 1), (weak, 0)], 64.0), m1);
    assert_eq!(successor(strong, [(serverless, 0), (strong, 15)], 64.0), m2, "a class is what it is");
    assert_eq!(successor(serverless, [(serverless, 2), (serverless, 1)], 8.0), m2);
    assert_eq!(successor(serverless, [(serverless, 0), (strong, 1)], 8.0), m1);
    assert_eq!(successor(serverless, [(serverless, 2), (strong, 15)], 64.0), m2);
    assert_eq!(successor(serverless, [(serverless, 2), (strong, 15)], 65.0), none);
}

#[test]
fn a_serverless_surge_reader_takes_over_where_it_grows_with_the_writer() {
    for (stand_in, failovers) in [(("db.serverless", 1), 1), (("db.serverless", 15), 0), ((LARGE, 15), 0)] {
        let scene = Scene { classes: vec!["db.serverless"], stand_in, ..lone(Surge::Wanted, Some(0)) };
        let program = program(&scene);
        assert_eq!(all(&program, Verb::Failover).len(), failovers, "{stand_in:?}");
        assert_eq!(all(&program, Verb::Failback).len(), failovers, "{stand_in:?}");
        assert_eq!(all(&program, Verb::Delete).len(), 1, "it adds capacity all the same");
    }
}
