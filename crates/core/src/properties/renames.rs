//! What gets another name is made under it before the old one goes. Not where the name is taken by what goes.

use super::edits;
use super::kinds::Thing;
use super::runs::{Planned, Site, Trouble};
use crate::graph::{Desired, Graph};
use crate::plan::{Options, Plan};
use crate::queue::Queue;
use crate::state::Verb;
use std::collections::BTreeMap;

/// One resource of the kind that the stack names.
fn named(label: &str, hard: u8) -> Graph {
    let mut desired = Desired::new(edits::id());
    let spec = Thing::<2> { label: label.to_owned(), soft: 0, hard, home: None, parts: BTreeMap::new() };
    let _ = desired.add("one", &spec).unwrap();
    desired.check().unwrap()
}

/// The steps as they come, each with its generation.
fn steps(planned: &Planned) -> Vec<(Verb, u32)> {
    let mut queue = Queue::new(&planned.program).unwrap();
    let mut steps = Vec::new();
    while let Some(id) = queue.take() {
        let step = &planned.program.steps[id];
        steps.push((step.verb, step.generation));
        queue.finish(id);
    }
    steps
}

/// A site where this was applied, or as far as a run came that died.
fn after(graphs: &[(Graph, Trouble)]) -> Site {
    let mut site = Site::new(1);
    for (graph, trouble) in graphs {
        let planned = site.plan(graph, &Options::default());
        site.run(graph, &planned, *trouble).unwrap();
    }
    site
}

/// The steps of the plan for this stack, which is then reached.
fn reached(mut site: Site, graph: &Graph) -> Vec<(Verb, u32)> {
    let planned = site.plan(graph, &Options::default());
    site.run(graph, &planned, Trouble::None).unwrap();
    site.converged(graph).unwrap();
    let Plan { changes } = site.plan(graph, &Options::default()).plan;
    assert!(changes.iter().all(|change| !change.action.is_change()), "{changes:?}");
    steps(&planned)
}

#[test]
fn two_names_stand_side_by_side_and_two_of_one_name_do_not() {
    let before = || after(&[(named("old", 0), Trouble::None)]);
    assert_eq!(reached(before(), &named("new", 0)), [(Verb::Create, 1), (Verb::Delete, 0)]);
    assert_eq!(reached(before(), &named("old", 1)), [(Verb::Delete, 0), (Verb::Create, 1)]);
    assert_eq!(reached(before(), &named("OLD", 0)), [(Verb::Delete, 0), (Verb::Create, 1)], "case tells none apart");
}

#[test]
fn a_name_that_is_taken_back_is_free_first() {
    let half_done = || after(&[(named("old", 0), Trouble::None), (named("new", 0), Trouble::Behind(0))]);
    assert_eq!(reached(half_done(), &named("new", 0)), [(Verb::Delete, 0)]);
    let mut back = reached(half_done(), &named("old", 0));
    assert_eq!(back.pop(), Some((Verb::Create, 2)));
    back.sort_unstable();
    assert_eq!(back, [(Verb::Delete, 0), (Verb::Delete, 1)]);
}
