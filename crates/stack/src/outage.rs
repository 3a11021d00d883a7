//! What a plan interrupts: who serves writes and reads, and `data/outages.tsv`, how long interruptions last, each line with
//! its date and source.

use auroractl_cluster::{DbCluster, DbInstance, DbInstanceOutputs};
use auroractl_core::graph::Graph;
use auroractl_core::lower::{Program, Sources};
use auroractl_core::observed::Readiness;
use auroractl_core::outage::{Lasts, Member, Outage, Scene, outage};
use auroractl_core::plan::{Action, Change};
use auroractl_core::rehearse::Rehearsal;
use auroractl_core::state::State;
use auroractl_core::{Address, Estimate, Live, Model, Of, Plan, guard};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The table, as it stands in the file.
const TABLE: &str = include_str!("../data/outages.tsv");

/// What users of the database feel while the program runs.
pub(crate) fn foretell((plan, program, rehearsal): (&Plan, &Program, &Rehearsal), sources: &Sources<'_>) -> Outage {
    let (cast, maintenance, lasts) = (cast(sources), maintenance(sources), lasts());
    outage(&Scene { plan, program, rehearsal, cast: &cast, maintenance: &maintenance, lasts: &lasts })
}

/// What is left of the clusters that go: the final snapshot that is made first, or nothing.
pub(crate) fn farewells(plan: &Plan, state: &State) -> BTreeMap<Address, Option<String>> {
    let goes = |change: &&Change| change.action == Action::Delete && change.address.kind() == DbCluster::KIND;
    let snapshot = |change: &Change| {
        let record = state.resources.get(&change.address)?;
        let spec = Of::<DbCluster>::spec(&record.applied).ok()?;
        Some(spec.final_snapshot(&Of::<DbCluster>::outputs(&record.outputs).ok()?, &record.oid))
    };
    let going = plan.changes.iter().filter(goes);
    going.filter_map(|change| Some((change.address.clone(), snapshot(change)?))).collect()
}

/// The members of all clusters: those that are there, and those that the stack wants, and be it for a while.
fn cast(sources: &Sources<'_>) -> BTreeMap<Address, Member> {
    let graph = sources.graph;
    let wanted = graph.order().iter().chain(graph.surges().keys()).filter(|at| at.kind() == DbInstance::KIND);
    let recorded = sources.state.resources.keys().filter(|at| at.kind() == DbInstance::KIND);
    let all: BTreeSet<&Address> = wanted.chain(recorded).collect();
    all.into_iter().filter_map(|at| Some((at.clone(), member(at, sources)?))).collect()
}

fn member(at: &Address, sources: &Sources<'_>) -> Option<Member> {
    let parent = || needed(at, sources.graph).or_else(|| guard::parent(at, sources.state));
    let live = sources.observed.get(at).and_then(|seen| seen.live());
    let spec = live.map(|live| &live.spec).or_else(|| sources.graph.any(at).map(|node| &node.spec));
    let tier = spec.and_then(|spec| Of::<DbInstance>::spec(spec).ok()).map_or(0, |spec| spec.promotion_tier);
    let outputs = |live: &Live| Of::<DbInstance>::outputs(&live.outputs).ok();
    Some(Member {
        cluster: parent()?.clone(),
        writer: live.and_then(outputs).is_some_and(|DbInstanceOutputs { is_writer, .. }| is_writer),
        ready: live.is_some_and(|live| live.readiness == Readiness::Ready),
        tier,
        exists: live.is_some(),
    })
}

/// When AWS works on clusters and members by itself: as the stack wants it, else as it is.
fn maintenance(sources: &Sources<'_>) -> BTreeMap<Address, String> {
    let graph = sources.graph;
    let wanted = |at: &Address| graph.node(at).and_then(|node| window(at, &node.spec));
    let found = |at: &Address| {
        let live = sources.observed.get(at).and_then(|seen| seen.live());
        live.and_then(|live| window(at, &live.spec))
    };
    let all: BTreeSet<&Address> = graph.order().iter().chain(sources.state.resources.keys()).collect();
    all.into_iter().filter_map(|at| Some((at.clone(), wanted(at).or_else(|| found(at))?))).collect()
}

/// The maintenance window in a spec, of a kind that has one.
fn window(at: &Address, spec: &Value) -> Option<String> {
    let window = match at.kind() {
        DbCluster::KIND => Some(Of::<DbCluster>::spec(spec).ok()?.preferred_maintenance_window),
        DbInstance::KIND => Of::<DbInstance>::spec(spec).ok()?.preferred_maintenance_window,
        _ => None,
    };
    window.map(|window| window.to_string()).filter(|window| !window.is_empty())
}

/// The cluster that a wanted member belongs to.
fn needed<'a>(at: &Address, graph: &'a Graph) -> Option<&'a Address> {
    graph.deps(at).find(|dep| dep.kind() == guard::PARENT)
}

/// How long interruptions last: the table.
pub(crate) fn lasts() -> Lasts {
    let mut lasts = Lasts::default();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        if let Some((cause, estimate)) = read(line) {
            lasts.add(cause, estimate);
        }
    }
    lasts
}

/// A line of the table; `None` for one that is none, which a test rules out.
fn read(line: &str) -> Option<(&str, Estimate)> {
    let mut cells = line.split('\t');
    let cause = cells.next()?;
    let (p50, p95) = (cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
    Some((cause, Estimate { p50, p95 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry;

    #[test]
    fn every_line_is_read_and_dated_and_sourced_and_of_a_kind() {
        let registry = registry();
        let kinds: BTreeSet<&str> = registry.iter().map(|kind| kind.name()).collect();
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let (cause, estimate) = read(line).unwrap_or_else(|| panic!("{line}"));
            assert!(estimate.p50 > 0.0 && estimate.p95 >= estimate.p50, "{line}");
            let cells: Vec<&str> = line.split('\t').collect();
            assert!(cells[3].parse::<jiff::civil::Date>().is_ok() && !cells[4].is_empty(), "{line}");
            assert!(cause.split_once('.').is_none_or(|(kind, _)| kinds.contains(kind)), "{line}");
        }
        for level in Lasts::LEVELS.into_iter().chain(["failover"]) {
            assert!(lasts().get(level).is_some(), "{level} has no line");
        }
    }
}
