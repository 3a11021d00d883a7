//! The writer's role moves to a reader before the writer's turn: one failover of seconds instead of a restart of minutes.
//!
//! Each reader that had its turn is waited for until it has caught up, so that
//! there is never more than one that lags or is cold. Then the role moves to the
//! reader that Aurora would choose of those that can bear the writer's load
//! ([`super::memory`]); else to the surge reader, if there is one that can; else
//! the writer restarts where it is. The role is never moved back, for who writes
//! is no part of a wish; but a surge reader hands it back, since it goes.

use super::memory::{on_taking_over, strength};
use super::surges::Surge;
use super::{Member, cluster_of, failed, in_turn, observed, once, ready};
use crate::db_cluster::DbCluster;
use crate::db_instance::{DbInstance, SERVERLESS};
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
        for (cluster, members) in in_turn(view, program) {
            let settled = settle(&members, rolls, program);
            let hands_over = |member: &&Member<'_>| member.is_writer && member.is_felt;
            // Who leaves as the writer hands its role over whatever the manner: Aurora would move it all the same.
            if let Some(writer) = members.last().filter(hands_over).filter(|member| rolls || member.leaves()) {
                hand_over(view, (&cluster, writer), (&members, &settled), program);
            }
        }
    }
}

/// Lets each turn wait until the reader before it has caught up. What it returns is each reader's last step.
///
/// In a roll that is so of all readers, and else of those of which AWS says that nothing interrupts them: a member is
/// `available` for a moment, whatever comes then.
fn settle(members: &[Member<'_>], rolls: bool, program: &mut Program) -> Vec<StepId> {
    let mut settled = Vec::new();
    for pair in members.windows(2) {
        let [reader, next] = pair else { continue };
        if reader.is_felt && !rolls {
            continue;
        }
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
    let load = Load::of(view, &home.address, writer);
    let reader = successor(view, (cluster, &home.address), (writer, program), &load);
    let fit = |reader: &DbInstance| load.is_borne_by(reader);
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

/// What who takes over has to bear.
struct Load {
    /// How strong one must be for it: no weaker than the writer will be. Not set: the writer leaves, and anybody takes over.
    least: Option<f64>,
    /// The most capacity of the cluster's serverless members, as it will be: an edit of it comes before the role moves.
    max_acu: Option<f64>,
    /// The writer is provisioned.
    provisioned: bool,
}

impl Load {
    fn of(view: &View<'_>, home: &Address, writer: &Member<'_>) -> Self {
        let wished = after(view, &writer.change.address).filter(|_| !writer.leaves());
        let class = wished.map_or_else(|| writer.spec.db_instance_class.clone(), |spec| spec.db_instance_class);
        let cluster = view.graph.any(home).and_then(|node| Of::<DbCluster>::spec(&node.spec).ok());
        let range = cluster.and_then(|cluster| cluster.serverless_v2_scaling_configuration);
        let max_acu = range.map(|range| range.max_capacity);
        let least = (!writer.leaves()).then(|| strength(&class, max_acu));
        Self { least, max_acu, provisioned: class != SERVERLESS }
    }

    fn is_borne_by(&self, reader: &DbInstance) -> bool {
        let strong = |least: f64| on_taking_over(reader, self.max_acu).is_some_and(|strength| strength >= least);
        self.least.is_none_or(strong)
    }

    /// Do others that are fit come before it? That a serverless reader has grown to a provisioned writer's size is AWS's
    /// estimate; a class is what it is.
    fn is_second_choice(&self, reader: &DbInstance) -> bool {
        self.provisioned && reader.db_instance_class == SERVERLESS
    }
}

/// Who takes over: usable by then, of this stack, strong enough; a provisioned one from a provisioned one, then the lowest
/// tier, then another zone than the writer's, then by name. From one that leaves also one takes over that is only made by this
/// plan, or that nobody knows when it will be back.
fn successor<'a>(
    view: &View<'a>,
    (cluster, home): (&str, &Address),
    (writer, program): (&Member<'_>, &Program),
    load: &Load,
) -> Option<&'a Change> {
    let leaves = writer.leaves();
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
        member && stays && usable && !writes && after(view, at).is_some_and(|reader| load.is_borne_by(&reader))
    };
    let rank = |change: &Change| {
        let at = &change.address;
        let zone = |spec: &DbInstance| spec.availability_zone.clone();
        let (seen, reader) = (observed(view, at), after(view, at));
        let there = seen.and_then(|(spec, outputs)| outputs.availability_zone.or_else(|| zone(&spec)));
        let second = reader.as_ref().is_some_and(|reader| load.is_second_choice(reader));
        let tier = reader.map(|reader| reader.promotion_tier);
        (!change.action.lives_on(), second, tier, there == zone(&writer.spec))
    };
    let mut fit: Vec<&Change> = view.plan.changes.iter().filter(fit).collect();
    fit.sort_by_key(|change| (rank(change), change.address.clone()));
    fit.first().copied()
}

/// A member as it will be when the role moves: as the stack wants it, as far as that can be read before the run, else as it is.
pub(super) fn after(view: &View<'_>, address: &Address) -> Option<DbInstance> {
    let wished = view.graph.any(address).and_then(|node| Of::<DbInstance>::spec(&node.spec).ok());
    wished.or_else(|| observed(view, address).map(|(spec, _)| spec))
}
