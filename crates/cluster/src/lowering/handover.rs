//! The writer's role moves to a reader before the writer's turn: one failover of seconds instead of a restart of minutes.
//!
//! Each reader that had its turn is waited for until it has caught up, so that
//! there is never more than one that lags or is cold. Then the role moves to the
//! reader that Aurora would choose, if one is fit; else the writer restarts
//! where it is. The role is never moved back: who writes is no part of a wish.

use super::{Member, interrupted, observed, ready};
use crate::db_cluster::DbCluster;
use crate::db_instance::DbInstance;
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::plan::Change;
use auroractl_core::state::Verb;
use auroractl_core::{Address, Model, Of, Strategy};

/// Failovers, and the waits before them. See the module.
#[derive(Clone, Copy, Debug)]
pub struct Handover;

impl Lowering for Handover {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        if view.graph.manner().strategy != Strategy::Roll {
            return;
        }
        for (cluster, members) in interrupted(view, program) {
            let settled = settle(&members, program);
            if let Some(writer) = members.last().filter(|member| member.is_writer) {
                hand_over(view, (&cluster, writer), (&members, &settled), program);
            }
        }
    }
}

/// Lets each turn wait until the reader before it has caught up. What it returns is each reader's last step.
fn settle(members: &[Member<'_>], program: &mut Program) -> Vec<StepId> {
    let mut settled = Vec::new();
    for pair in members.windows(2) {
        let [reader, next] = pair else { continue };
        let (Some(last), Some(first)) = (reader.last(), next.first()) else { continue };
        let settle = program.operate(reader.change, Verb::Settle);
        program.order(last, settle);
        program.link(settle, first);
        settled.push(settle);
    }
    settled
}

fn hand_over(
    view: &View<'_>,
    (cluster, writer): (&str, &Member<'_>),
    (members, settled): (&[Member<'_>], &[StepId]),
    program: &mut Program,
) {
    let (Some(home), Some(turn)) = (cluster_of(view, cluster), writer.first()) else { return };
    let Some(target) = successor(view, cluster, (writer, program)) else { return };
    let failover = program.operate(home, Verb::Failover);
    let waits = program.forward(&home.address).into_iter().chain(program.forward(&target.address));
    for earlier in waits.chain(settled.iter().copied()).collect::<Vec<_>>() {
        program.link(earlier, failover);
    }
    if members.iter().all(|member| member.change.address != target.address) {
        // Nothing was done to it, but it may lag all the same.
        let settle = program.operate(target, Verb::Settle);
        let before: Vec<StepId> = program.forward(&target.address).into_iter().chain(settled.iter().copied()).collect();
        before.into_iter().for_each(|earlier| program.link(earlier, settle));
        program.link(settle, failover);
    }
    if let Some(step) = program.steps.get_mut(failover) {
        step.target = Some(target.address.clone());
    }
    program.link(failover, turn);
}

/// The change of the cluster of this name, if it stays.
fn cluster_of<'a>(view: &View<'a>, name: &str) -> Option<&'a Change> {
    let named = |change: &&Change| {
        let live = view.observed.get(&change.address).and_then(|seen| seen.live());
        let spec = live.and_then(|live| Of::<DbCluster>::spec(&live.spec).ok());
        spec.is_some_and(|spec| spec.db_cluster_identifier == name)
    };
    let clusters = view.plan.changes.iter().filter(|change| change.address.kind() == DbCluster::KIND);
    clusters.filter(|change| change.action.lives_on()).find(named)
}

/// Who takes over: usable by then, of this stack, no weaker than the writer will be; the lowest tier, then another zone than
/// the writer's, then by name.
fn successor<'a>(view: &View<'a>, cluster: &str, (writer, program): (&Member<'_>, &Program)) -> Option<&'a Change> {
    let least = class_after(view, &writer.change.address).unwrap_or_else(|| writer.spec.db_instance_class.clone());
    let fit = |change: &&Change| {
        let Some((spec, outputs)) = observed(view, &change.address) else { return false };
        // Who has a step is waited for.
        let usable = ready(view, &change.address) || program.forward(&change.address).is_some();
        let class = class_after(view, &change.address).unwrap_or(spec.db_instance_class);
        change.action.lives_on()
            && !outputs.is_writer
            && usable
            && spec.db_cluster_identifier.known().is_some_and(|of| of.as_str() == cluster)
            && strength(&class) >= strength(&least)
    };
    let rank = |change: &&Change| {
        let (spec, outputs) = observed(view, &change.address)?;
        let zone = |spec: &DbInstance| spec.availability_zone.clone();
        let there = outputs.availability_zone.or_else(|| zone(&spec));
        Some((tier_after(view, &change.address).unwrap_or(spec.promotion_tier), there == zone(&writer.spec)))
    };
    let mut fit: Vec<&Change> = view.plan.changes.iter().filter(fit).collect();
    fit.sort_by_key(|change| (rank(change), change.address.clone()));
    fit.first().copied()
}

/// The spec that the stack wants of a member, as far as it can be read before the run.
fn wished(view: &View<'_>, address: &Address) -> Option<DbInstance> {
    Of::<DbInstance>::spec(&view.graph.node(address)?.spec).ok()
}

fn class_after(view: &View<'_>, address: &Address) -> Option<String> {
    wished(view, address).map(|spec| spec.db_instance_class)
}

fn tier_after(view: &View<'_>, address: &Address) -> Option<u8> {
    wished(view, address).map(|spec| spec.promotion_tier)
}

/// A measure by which classes compare: the size, in halves of `large`. A serverless member follows the writer's load in
/// the tiers that take over, so that it counts as any other's equal.
fn strength(class: &str) -> u32 {
    let size = class.rsplit('.').next().unwrap_or_default();
    match size {
        "serverless" => u32::MAX,
        "micro" | "small" => 0,
        "medium" => 1,
        "large" => 2,
        "xlarge" => 4,
        _ => size.strip_suffix("xlarge").and_then(|times| times.parse::<u32>().ok()).map_or(0, |times| times * 4),
    }
}

#[cfg(test)]
mod tests {
    use super::strength;

    #[test]
    fn classes_compare_by_their_size() {
        let order = ["db.t4g.medium", "db.r7g.large", "db.r8g.xlarge", "db.r6g.2xlarge", "db.r7g.16xlarge"];
        assert!(order.windows(2).all(|pair| strength(pair[0]) < strength(pair[1])), "{order:?}");
        assert_eq!(strength("db.r7g.large"), strength("db.r8g.large"));
        assert!(strength("db.serverless") > strength("db.r7g.16xlarge"));
    }
}
