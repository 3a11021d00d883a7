//! What was usable and has failed at AWS since is told, and left as it is.

use super::edits;
use super::kinds::{Abstract, Id, Thing};
use super::runs::{Site, Trouble};
use crate::address::Address;
use crate::graph::{Desired, Graph, Handle};
use crate::observed::{Observed, Readiness};
use crate::plan::{Action, Change, Inputs, Options, Plan, Reason, RefusalClass, plan};
use crate::saved::Saved;
use std::collections::BTreeMap;
use std::path::Path;

const STATUS: &str = "its status is incompatible-network";

/// A cluster with a member. Another `hard` would need another cluster.
fn cluster(soft: u8, hard: u8) -> Graph {
    let mut desired = Desired::new(edits::id());
    let main = Thing::<5> { label: "main".to_owned(), soft, hard, home: None, parts: BTreeMap::new() };
    let main: Handle<Thing<5>> = desired.add("main", &main).unwrap();
    let home = Some(main.out::<Id>());
    let member = Thing::<6> { label: "a".to_owned(), soft: 0, hard: 0, home, parts: BTreeMap::new() };
    let _ = desired.add("a", &member).unwrap();
    desired.check().unwrap()
}

fn main_address() -> Address {
    "db_cluster.main".parse().unwrap()
}

/// The stack as it was applied.
fn applied() -> Site {
    let mut site = Site::new(1);
    let graph = cluster(0, 0);
    let planned = site.plan(&graph, &Options::default());
    site.run(&graph, &planned, Trouble::None).unwrap();
    site
}

/// The plan when the cluster has failed.
fn failed(site: &Site, graph: &Graph) -> Plan {
    seen_as(Readiness::Failed(STATUS.to_owned()), site, graph)
}

fn seen_as(readiness: Readiness, site: &Site, graph: &Graph) -> Plan {
    let mut observed = site.observe(graph);
    let Some(Observed::Live(live)) = observed.get_mut(&main_address()) else { panic!("it is there") };
    live.readiness = readiness;
    let options = Options::default();
    let inputs = Inputs { kinds: &Abstract, graph, state: &site.state, observed: &observed, options: &options };
    plan(&inputs).unwrap()
}

fn main_of(plan: &Plan) -> &Change {
    plan.changes.iter().find(|change| change.address == main_address()).unwrap()
}

fn ailing() -> Reason {
    Reason::Ailing { status: STATUS.to_owned() }
}

#[test]
fn one_that_failed_is_told_and_left_as_it_is() {
    let (site, graph) = (applied(), cluster(0, 0));
    let plan = failed(&site, &graph);
    let change = main_of(&plan);
    assert_eq!((change.action, &change.reasons), (Action::NoOp, &vec![ailing()]));
    assert!(plan.is_empty(), "there is nothing that apply could do");
    assert_eq!(plan.ailing().collect::<Vec<_>>(), [(&main_address(), STATUS)]);
    assert_eq!((plan.summary().ailing, plan.summary().noop), (1, 2));
}

#[test]
fn an_edit_of_one_that_failed_is_an_edit() {
    let plan = failed(&applied(), &cluster(1, 0));
    let change = main_of(&plan);
    let edited = Reason::Edited { fields: vec!["soft".to_owned()] };
    assert_eq!((change.action, &change.reasons), (Action::Update, &vec![edited, ailing()]));
}

#[test]
fn a_refusal_does_not_hide_it() {
    let plan = failed(&applied(), &cluster(0, 1));
    let change = main_of(&plan);
    assert_eq!(change.refusal.as_ref().map(|refusal| refusal.class), Some(RefusalClass::DataBearing));
    assert_eq!(change.ailing(), Some(STATUS));
}

#[test]
fn one_that_never_was_usable_is_made_anew() {
    let (mut site, graph) = (applied(), cluster(0, 0));
    site.state.resources.get_mut(&main_address()).unwrap().settled = false;
    let plan = failed(&site, &graph);
    assert_eq!((main_of(&plan).action, main_of(&plan).ailing()), (Action::Replace, None));
}

#[test]
fn one_that_somebody_switched_off_is_told_and_never_made_anew() {
    let (mut site, graph) = (applied(), cluster(0, 0));
    for settled in [true, false] {
        site.state.resources.get_mut(&main_address()).unwrap().settled = settled;
        let plan = seen_as(Readiness::Halted(STATUS.to_owned()), &site, &graph);
        assert_eq!((main_of(&plan).action, main_of(&plan).ailing()), (Action::NoOp, Some(STATUS)));
    }
}

#[test]
fn a_saved_plan_keeps_it_and_a_healthy_one_has_nothing_of_it() {
    let (site, graph) = (applied(), cluster(0, 0));
    let options = Options::default();
    let made_from = (graph.desired(), &site.state, &options);
    let sick = failed(&site, &graph);
    let saved = Saved::new(Path::new("stack.toml"), made_from, &sick).unwrap();
    let read = Saved::read(&saved.written().unwrap()).unwrap();
    assert_eq!((read.plan.clone(), read.digest()), (sick.clone(), saved.digest()));
    let inputs = Inputs {
        kinds: &Abstract,
        graph: &graph,
        state: &site.state,
        observed: &site.observe(&graph),
        options: &options,
    };
    let healthy = plan(&inputs).unwrap();
    assert!(!serde_json::to_string(&healthy).unwrap().contains("ailing"));
    assert!(read.fresh(&site.state, &healthy).is_err() && read.fresh(&site.state, &sick).is_ok());
}
