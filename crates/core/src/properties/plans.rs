//! What a single plan and its program must be like.

use super::edits;
use super::kinds::{Abstract, Id, Thing};
use super::runs::{Planned, Site, Trouble, applicable, config, trouble};
use crate::address::Address;
use crate::durations::Priors;
use crate::graph::{Desired, Graph, Handle};
use crate::guard;
use crate::lower::{Sources, StepId, lower};
use crate::plan::{Action, Inputs, Options, Plan, RefusalClass, plan};
use crate::state::{Intent, State, Verb};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The same value, written and read back.
fn reread<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_value(serde_json::to_value(value).unwrap()).unwrap()
}

/// A site after some runs, whole ones or not.
fn after(stacks: &[edits::Stack], troubles: &[Trouble], chance: u64) -> Result<Site, TestCaseError> {
    let mut site = Site::new(chance);
    for (stack, trouble) in stacks.iter().zip(troubles) {
        if let Some((graph, planned)) = applicable(&mut site, stack) {
            site.run(&graph, &planned, *trouble).map_err(TestCaseError::fail)?;
        }
    }
    Ok(site)
}

/// The bytes of a plan and of its program.
fn bytes(site: &Site, graph: &Graph, state: &State) -> (String, String) {
    let (observed, options) = (site.observe(graph), Options::default());
    let inputs = Inputs { kinds: &Abstract, graph, state, observed: &observed, options: &options };
    let plan = plan(&inputs).unwrap();
    let sources = Sources { priors: &Priors::default(), graph, state, observed: &observed, lowerings: &[] };
    let program = lower(&plan, &sources);
    (serde_json::to_string(&plan).unwrap(), serde_json::to_string(&program).unwrap())
}

/// Does this resource hold data, asked in another way than the guard does?
fn holds_data(state: &State, graph: &Graph, address: &Address) -> bool {
    let cluster = |of: &Address| state.resources.get(of)?.deps.iter().find(|dep| dep.kind() == "db_cluster").cloned();
    let rests = |of: &Address| of != address && of.kind() == "db_instance" && graph.node(of).is_some();
    let last = cluster(address).is_some_and(|mine| {
        !state.resources.keys().any(|other| rests(other) && cluster(other).as_ref() == Some(&mine))
    });
    address.kind() == "db_cluster" || (address.kind() == "db_instance" && last)
}

/// What a plan does to data without permission.
fn losses(state: &State, graph: &Graph, plan: &Plan, permitted: &BTreeSet<Address>) -> Vec<String> {
    let lost = plan.changes.iter().filter(|change| {
        let at = &change.address;
        let settled = state.resources.get(at).is_some_and(|record| record.settled);
        settled
            && match change.action {
                Action::Delete => !allowed(at, state, permitted) && holds_data(state, graph, at),
                Action::Replace | Action::Create => guard::holds_data(at.kind()),
                _ => false,
            }
    });
    lost.map(|change| format!("{:?} {}", change.action, change.address)).collect()
}

/// Permitted by its own name, or a member by its cluster's.
fn allowed(at: &Address, state: &State, permitted: &BTreeSet<Address>) -> bool {
    permitted.contains(at) || guard::parent(at, state).is_some_and(|parent| permitted.contains(parent))
}

/// `last` uses `middle`, `middle` uses `first`.
fn chain(soft: [u8; 3]) -> Graph {
    let mut desired = Desired::new(edits::id());
    let mut made = BTreeMap::new();
    for (name, soft) in ["first", "middle", "last"].into_iter().zip(soft) {
        let parts = std::mem::take(&mut made);
        let spec = Thing::<0> { label: name.to_owned(), soft, hard: 0, home: None, parts };
        let handle: Handle<Thing<0>> = desired.add(name, &spec).unwrap();
        made.insert(name.to_owned(), handle.out::<Id>());
    }
    desired.check().unwrap()
}

#[test]
fn what_needs_no_step_is_looked_through() {
    let mut site = Site::new(1);
    for graph in [chain([0, 0, 0]), chain([1, 0, 1])] {
        let planned = site.plan(&graph, &Options::default());
        site.run(&graph, &planned, Trouble::None).unwrap();
    }
    let Planned { program, .. } = site.plan(&chain([2, 1, 2]), &Options::default());
    assert_eq!(program.steps.len(), 3);
    let Planned { program, .. } = site.plan(&chain([2, 0, 2]), &Options::default());
    let after: Vec<_> = program.steps.iter().map(|step| (step.address.name(), step.after.len())).collect();
    assert_eq!(after, [("first", 0), ("last", 1)]);
}

/// A plan without a look goes by the records, and what an interrupted run was making stands in none.
#[test]
fn what_was_edited_and_not_looked_for_is_refused() {
    let mut site = Site::new(1);
    let graph = chain([0, 0, 0]);
    let planned = site.plan(&graph, &Options::default());
    site.run(&graph, &planned, Trouble::Unwritten(0)).unwrap();
    let (observed, options) = (BTreeMap::new(), Options::default());
    let refused = |graph: &Graph| -> Vec<RefusalClass> {
        let inputs = Inputs { kinds: &Abstract, graph, state: &site.state, observed: &observed, options: &options };
        plan(&inputs).unwrap().refused().map(|change| change.refusal.as_ref().unwrap().class).collect()
    };
    assert_eq!(refused(&graph), Vec::new(), "the same create may be sent again");
    assert_eq!(refused(&chain([0, 1, 0])), Vec::new(), "of the others none was sent");
    assert_eq!(refused(&chain([1, 0, 0])), vec![RefusalClass::Unknown]);
}

/// What leaves something behind may be gone when the run is interrupted, and with it its record.
#[test]
fn what_an_interrupted_run_had_to_keep_is_still_kept() {
    let mut site = Site::new(1);
    let planned = site.plan(&chain([0, 0, 0]), &Options::default());
    site.run(&chain([0, 0, 0]), &planned, Trouble::None).unwrap();
    let (at, gone) = (planned.plan.changes[0].address.clone(), edits::address(5));
    let record = site.state.resources[&at].clone();
    site.state.intents.push(Intent {
        address: at.clone(),
        generation: record.generation,
        oid: record.oid,
        name: record.name,
        verb: Verb::Forget,
        spec: record.applied,
        deps: record.deps,
        attempted: false,
        kept_by: Some(gone.clone()),
    });
    let destroy = Options { destroy: true, ..Options::default() };
    let changes = site.plan(&edits::nothing(), &destroy).plan.changes;
    let change = changes.iter().find(|change| change.address == at).unwrap();
    assert_eq!((change.action, change.kept_by()), (Action::Forget, Some(&gone)));
    assert!(changes.iter().filter(|change| change.address != at).all(|change| change.action == Action::Delete));
}

proptest! {
    #![proptest_config(config(300))]

    /// Equal inputs give equal bytes, in whatever order they were gathered.
    #[test]
    fn a_plan_is_a_function(
        stacks in edits::stacks(3),
        troubles in proptest::collection::vec(trouble(), 3),
        chance in any::<u64>(),
    ) {
        let site = after(&stacks, &troubles, chance)?;
        let graph = edits::graph(stacks.last().unwrap());
        let mut desired = Desired::new(edits::id());
        desired.nodes.extend(graph.desired().nodes.clone().into_iter().rev());
        desired.surges.clone_from(graph.surges());
        let same_graph = reread(&desired).check().unwrap();
        let mut same_state = reread(&site.state);
        same_state.intents.reverse();
        prop_assert_eq!(bytes(&site, &graph, &site.state), bytes(&site, &same_graph, &same_state));
    }

    /// No edit deletes data, or makes something empty in its place, without permission for just that resource.
    #[test]
    fn data_is_only_deleted_with_permission(
        stacks in edits::stacks(3),
        next in edits::stack(),
        permitted in 0..edits::COUNT,
        vanish in any::<bool>(),
        chance in any::<u64>(),
    ) {
        let mut site = after(&stacks, &[Trouble::None; 3], chance)?;
        if vanish {
            site.world.objects.retain(|_, object| !guard::holds_data(&object.kind));
        }
        let allow_delete = BTreeSet::from([edits::address(permitted)]);
        for graph in [edits::graph(&next), edits::nothing()] {
            for destroy in [false, true] {
                let options = Options { allow_delete: allow_delete.clone(), destroy, ..Options::default() };
                let Planned { plan, program, .. } = site.plan(&graph, &options);
                let losses = losses(&site.state, &graph, &plan, &allow_delete);
                prop_assert!(losses.is_empty(), "{losses:?}");
                let deletes = program.steps.iter().filter(|step| step.verb == Verb::Delete);
                let data = deletes.filter(|step| guard::holds_data(step.address.kind()) && !allow_delete.contains(&step.address));
                prop_assert_eq!(data.count(), 0);
            }
        }
    }

    /// The program says each order that there is a reason for.
    #[test]
    fn a_program_has_every_edge(stacks in edits::stacks(3), next in edits::stack(), chance in any::<u64>()) {
        let mut site = after(&stacks, &[Trouble::None; 3], chance)?;
        let Some((graph, planned)) = applicable(&mut site, &next) else { return Ok(()) };
        let step = |at: &Address, forward: bool| -> Option<StepId> {
            let fits = |verb| verb != Verb::Forget && (verb == Verb::Delete) != forward;
            planned.program.steps.iter().position(|step| step.address == *at && fits(step.verb))
        };
        let waits = |later: StepId, earlier: StepId| planned.program.steps[later].after.contains(&earlier);
        for (at, dep) in graph.order().iter().flat_map(|at| graph.deps(at).map(move |dep| (at, dep))) {
            if let (Some(later), Some(earlier)) = (step(at, true), step(dep, true)) {
                prop_assert!(waits(later, earlier), "{at} is made before {dep}");
            }
        }
        for (at, record) in &site.state.resources {
            for dep in &record.deps {
                if let (Some(earlier), Some(later)) = (step(at, false), step(dep, false)) {
                    prop_assert!(waits(later, earlier), "{dep} goes before {at}");
                }
            }
        }
    }
}
