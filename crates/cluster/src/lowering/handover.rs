//! The writer's role moves to a reader before the writer's turn: one failover of seconds instead of a restart of minutes.
//!
//! Each reader that had its turn is waited for until it has caught up, so that
//! there is never more than one that lags or is cold. Then the role moves to the
//! reader that Aurora would choose, if one is fit; else to the surge reader, if
//! there is one; else the writer restarts where it is. The role is never moved
//! back, for who writes is no part of a wish; but a surge reader hands it back,
//! since it goes.

use super::surges::Surge;
use super::{Member, cluster_of, failed, interrupted, observed, once, ready};
use crate::db_instance::DbInstance;
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::plan::{Action, Change};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Model, Of, Strategy};

/// Failovers, and the waits before them. See the module.
#[derive(Clone, Copy, Debug)]
pub struct Handover;

impl Lowering for Handover {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        let rolls = view.graph.manner().strategy == Strategy::Roll;
        for (cluster, members) in interrupted(view, program) {
            let settled = if rolls { settle(&members, program) } else { Vec::new() };
            // Who leaves as the writer hands its role over whatever the manner: Aurora would move it all the same.
            if let Some(writer) = members.last().filter(|member| member.is_writer && (rolls || member.leaves())) {
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
        let settle = once(reader.change, Verb::Settle, program);
        program.link(last, settle);
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
    let least = least(view, writer);
    let fit = |class: &str| strength(class) >= least;
    let reader = successor(view, (cluster, &home.address), (writer, program));
    let surge = Surge::of(view, cluster, program).filter(|surge| reader.is_none() && surge.is_fit(view, fit));
    let surge = surge.filter(|_| !writer.leaves());
    let Some(target) = reader.or(surge.as_ref().map(|surge| surge.change)) else { return };
    let failover = program.operate(home, Verb::Failover);
    let waits = program.forward(&home.address).into_iter().chain(program.forward(&target.address));
    for earlier in waits.chain(settled.iter().copied()).collect::<Vec<_>>() {
        program.link(earlier, failover);
    }
    if members.iter().all(|member| member.change.address != target.address) {
        // Nothing was done to it, but it may lag all the same.
        let settle = once(target, Verb::Settle, program);
        let before: Vec<StepId> = program.forward(&target.address).into_iter().chain(settled.iter().copied()).collect();
        before.into_iter().for_each(|earlier| program.link(earlier, settle));
        program.link(settle, failover);
    }
    aim(failover, target, program);
    program.link(failover, turn);
    if let Some(surge) = surge {
        give_back(home, writer, (failover, surge.end), program);
    }
}

/// The role goes back when its first holder has caught up, and only then the other goes.
fn give_back(home: &Change, writer: &Member<'_>, (failover, end): (StepId, StepId), program: &mut Program) {
    let settle = once(writer.change, Verb::Settle, program);
    let back = program.operate(home, Verb::Failback);
    for earlier in writer.steps.iter().copied().chain([failover, settle]) {
        program.link(earlier, back);
    }
    writer.steps.iter().for_each(|turn| program.link(*turn, settle));
    aim(back, writer.change, program);
    program.link(back, end);
}

fn aim(step: StepId, target: &Change, program: &mut Program) {
    if let Some(step) = program.steps.get_mut(step) {
        step.target = Some(target.address.clone());
    }
}

/// How strong one must be who takes over: no weaker than the writer will be. From one that leaves anybody takes it.
fn least(view: &View<'_>, writer: &Member<'_>) -> u32 {
    let class = || class_after(view, &writer.change.address).unwrap_or_else(|| writer.spec.db_instance_class.clone());
    if writer.leaves() { 0 } else { strength(&class()) }
}

/// Who takes over: usable by then, of this stack, strong enough; the lowest tier, then another zone than the writer's, then by
/// name. From one that leaves also one takes over that is only made by this plan, or that nobody knows when it will be back.
fn successor<'a>(
    view: &View<'a>,
    (cluster, home): (&str, &Address),
    (writer, program): (&Member<'_>, &Program),
) -> Option<&'a Change> {
    let (least, leaves) = (least(view, writer), writer.leaves());
    let fit = |change: &&Change| {
        let at = &change.address;
        let seen = observed(view, at);
        let member = match &seen {
            Some((spec, _)) => spec.db_cluster_identifier.known().is_some_and(|of| of.as_str() == cluster),
            None => at.kind() == DbInstance::KIND && view.graph.deps(at).any(|dep| dep == home),
        };
        let stays = match change.action {
            Action::Create | Action::Replace => leaves,
            action => action.lives_on() && seen.is_some(),
        };
        // Who has a step is waited for, unless it has failed.
        let usable = leaves || ready(view, at) || (program.forward(at).is_some() && !failed(view, at));
        let writes = seen.as_ref().is_some_and(|(_, outputs)| outputs.is_writer);
        let class = class_after(view, at).or(seen.map(|(spec, _)| spec.db_instance_class));
        member && stays && usable && !writes && class.is_some_and(|class| strength(&class) >= least)
    };
    let rank = |change: &Change| {
        let at = &change.address;
        let zone = |spec: &DbInstance| spec.availability_zone.clone();
        let seen = observed(view, at);
        let tier = tier_after(view, at).or(seen.as_ref().map(|(spec, _)| spec.promotion_tier));
        let there = seen.as_ref().and_then(|(spec, outputs)| outputs.availability_zone.clone().or_else(|| zone(spec)));
        (!change.action.lives_on(), tier, there == zone(&writer.spec))
    };
    let mut fit: Vec<&Change> = view.plan.changes.iter().filter(fit).collect();
    fit.sort_by_key(|change| (rank(change), change.address.clone()));
    fit.first().copied()
}

/// The spec that the stack wants of a member, as far as it can be read before the run.
fn wished(view: &View<'_>, address: &Address) -> Option<DbInstance> {
    Of::<DbInstance>::spec(&view.graph.any(address)?.spec).ok()
}

pub(super) fn class_after(view: &View<'_>, address: &Address) -> Option<String> {
    wished(view, address).map(|spec| spec.db_instance_class)
}

fn tier_after(view: &View<'_>, address: &Address) -> Option<u8> {
    wished(view, address).map(|spec| spec.promotion_tier)
}

/// A measure by which classes compare: the size, in halves of `large`. A serverless member follows the writer's load in
/// the tiers that take over, so that it counts as any other's equal.
#[must_use]
pub fn strength(class: &str) -> u32 {
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
