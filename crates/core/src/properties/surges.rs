//! One that stands in for others is there while they are away, and neither before nor after.

use super::edits;
use super::kinds::{Abstract, Id, Thing};
use super::runs::{Planned, Site, Trouble, applicable, config};
use super::world::Object;
use crate::graph::{Desired, Graph, GraphError, Handle};
use crate::observed::{Observed, Owner, Readiness};
use crate::plan::{Action, Inputs, Options, Reason, RefusalClass, plan};
use crate::state::Verb;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

/// A cluster with two members, and one that stands in for them. A member of another `hard` has to be made anew.
fn cluster(soft: u8, hard: u8, surges: bool) -> Graph {
    let mut desired = Desired::new(edits::id());
    let parts = BTreeMap::new;
    let main = Thing::<5> { label: "main".to_owned(), soft: 0, hard: 0, home: None, parts: parts() };
    let main: Handle<Thing<5>> = desired.add("main", &main).unwrap();
    let member = |label: &str, soft, hard| Thing::<6> {
        label: label.to_owned(),
        soft,
        hard,
        home: Some(main.out::<Id>()),
        parts: parts(),
    };
    let members = ["a", "b"].map(|name| desired.add(name, &member(name, soft, hard)).unwrap());
    if surges {
        let _ = desired.surge("surge", &member("surge", 9, 9), &members).unwrap();
    }
    desired.check().unwrap()
}

fn steps(planned: &Planned) -> Vec<(Verb, &str)> {
    let mut steps: Vec<_> = planned.program.steps.iter().map(|step| (step.verb, step.address.name())).collect();
    steps.sort_unstable();
    steps
}

/// The stack as it was applied.
fn applied() -> Site {
    let mut site = Site::new(1);
    let graph = cluster(0, 0, true);
    let planned = site.plan(&graph, &Options::default());
    let expected = [(Verb::Create, "a"), (Verb::Create, "b"), (Verb::Create, "main")];
    assert_eq!(steps(&planned), expected, "nobody is away who was never there");
    site.run(&graph, &planned, Trouble::None).unwrap();
    site
}

#[test]
fn it_comes_for_an_interruption_and_goes_with_it() {
    let mut site = applied();
    assert!(site.plan(&cluster(0, 0, true), &Options::default()).plan.is_empty());
    let quiet = site.plan(&cluster(1, 0, true), &Options::default());
    assert_eq!(steps(&quiet), [(Verb::Update, "a"), (Verb::Update, "b")], "nobody feels the edit");
    let graph = cluster(0, 1, true);
    let planned = site.plan(&graph, &Options::default());
    let surge = planned.plan.changes.iter().find(|change| change.address == edits::surge()).unwrap();
    assert_eq!((surge.action, &surge.reasons), (Action::Surge, &vec![Reason::StandsIn]));
    assert_eq!(planned.plan.summary().surge, 1);
    let its: Vec<Verb> =
        steps(&planned).into_iter().filter(|(_, name)| *name == "surge").map(|(verb, _)| verb).collect();
    assert_eq!(its, [Verb::Create, Verb::Delete]);
    site.run(&graph, &planned, Trouble::None).unwrap();
    site.converged(&graph).unwrap();
    assert!(site.plan(&graph, &Options::default()).plan.is_empty());
}

#[test]
fn one_that_is_there_is_not_made_again_and_goes_with_the_plan() {
    for (hard, surges) in [(1, true), (0, true), (1, false), (0, false)] {
        let (graph, made) =
            (cluster(0, 1, true), |site: &Site| site.world.objects.values().any(|it| it.name == "surge"));
        // Killed when it was made and that was not written down.
        let interrupted = (0..9).map(|at| {
            let mut site = applied();
            let planned = site.plan(&graph, &Options::default());
            site.run(&graph, &planned, Trouble::Unwritten(at)).unwrap();
            site
        });
        let mut site = interrupted.into_iter().find(made).unwrap();
        let wish = cluster(0, hard, surges);
        let mut next = site.plan(&wish, &Options::default());
        if hard == 1 && !surges {
            // The members are made anew, and nothing tells it to wait for them: nobody would serve.
            assert_eq!(next.plan.refused().map(|change| &change.address).collect::<Vec<_>>(), [&edits::surge()]);
            let allow_delete = [edits::surge()].into();
            next = site.plan(&wish, &Options { allow_delete, ..Options::default() });
        }
        let surge = next.plan.changes.iter().find(|change| change.address == edits::surge()).unwrap();
        let reason = if surges { Reason::StandsIn } else { Reason::RemovedFromStack };
        assert_eq!((surge.action, &surge.reasons), (Action::Delete, &vec![reason]));
        site.run(&wish, &next, Trouble::None).unwrap();
        site.converged(&wish).unwrap();
        assert!(site.plan(&wish, &Options::default()).plan.is_empty());
    }
}

#[test]
fn a_stranger_of_its_name_is_left_alone() {
    let mut site = applied();
    let spec = json!({"label": "surge", "soft": 0, "hard": 0, "home": null, "parts": {}});
    let object =
        Object { kind: "db_instance".to_owned(), oid: "stranger-surge".to_owned(), name: "surge".to_owned(), spec };
    site.world.create(&edits::surge(), object).unwrap();
    assert!(site.plan(&cluster(0, 0, true), &Options::default()).plan.is_empty(), "who needs no name has no conflict");
    let plan = site.plan(&cluster(0, 1, true), &Options::default()).plan;
    let refusal = plan.refused().next().and_then(|change| change.refusal.clone()).unwrap();
    assert_eq!(refusal.class, RefusalClass::Conflict);
    assert!(refusal.way_out.contains("surge_reader = false"), "{}", refusal.way_out);
}

#[test]
fn one_that_failed_goes_before_another_is_made() {
    let (site, graph) = (applied(), cluster(0, 1, true));
    let mut observed = site.observe(&graph);
    let Some(Observed::Live(a)) = observed.get(&"db_instance.a".parse().unwrap()).cloned() else {
        panic!("a is there")
    };
    let oid = crate::identity::oid("lineage", &edits::surge(), 0);
    let mut failed = *a;
    failed.owner = Owner::Oid(oid);
    failed.readiness = Readiness::Failed("insufficient-capacity".to_owned());
    failed.spec["label"] = json!("surge");
    observed.insert(edits::surge(), Observed::Live(Box::new(failed)));
    let inputs = Inputs {
        kinds: &Abstract,
        graph: &graph,
        state: &site.state,
        observed: &observed,
        options: &Options::default(),
    };
    let plan = plan(&inputs).unwrap();
    let surge = plan.changes.iter().find(|change| change.address == edits::surge()).unwrap();
    assert_eq!((surge.action, surge.old_generation, surge.generation), (Action::Surge, Some(0), 1));
}

#[test]
fn nothing_refers_to_it_and_nothing_shares_its_address() {
    let graph = cluster(0, 0, true);
    let mut desired = graph.desired().clone();
    let spec = Thing::<6> { label: "x".to_owned(), soft: 0, hard: 0, home: None, parts: BTreeMap::new() };
    assert_eq!(desired.add("surge", &spec).unwrap_err(), GraphError::Duplicate(edits::surge()));
    assert_eq!(desired.surge("a", &spec, &[]).unwrap_err(), GraphError::Duplicate("db_instance.a".parse().unwrap()));
    let handle = desired.surge("other", &spec, &[]).unwrap();
    let part = Thing::<0> {
        parts: BTreeMap::from([("p".to_owned(), handle.out())]),
        label: "y".to_owned(),
        soft: 0,
        hard: 0,
        home: None,
    };
    let _ = desired.add("y", &part).unwrap();
    assert!(matches!(desired.check().unwrap_err()[..], [GraphError::Dangling { .. }]));
    assert!(graph.node(&edits::surge()).is_none() && graph.any(&edits::surge()).is_some());
    assert!(!graph.order().contains(&edits::surge()));
}

proptest! {
    #![proptest_config(config(300))]

    /// A plan makes it if and only if members that are there are made anew, and it is made and removed by that very plan.
    #[test]
    fn it_is_in_a_plan_for_a_reason(stacks in edits::stacks(4), chance in any::<u64>()) {
        let mut site = Site::new(chance);
        for stack in &stacks {
            let Some((graph, planned)) = applicable(&mut site, stack) else { continue };
            let members = planned.plan.changes.iter().filter(|change| change.address.kind() == "db_instance");
            let anew = members.filter(|change| change.action == Action::Replace).count();
            let made = planned.plan.changes.iter().filter(|change| change.action == Action::Surge).count();
            prop_assert_eq!(made, usize::from(anew > 0 && !graph.surges().is_empty()));
            site.run(&graph, &planned, Trouble::None).map_err(TestCaseError::fail)?;
            prop_assert!(!site.state.resources.contains_key(&edits::surge()));
        }
    }
}
