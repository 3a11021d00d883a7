//! Another port of the cluster is open before the cluster listens there, and the old one is closed when nobody listens there
//! any more: no rule of a security group shuts clients out while the cluster moves.
//!
//! For a while each rule for the database port is two, and AWS limits how many there are ([`MOST`]). In a group that has no
//! room for both the old ones go first, as they must: nobody new gets in until the cluster has moved.
//!
//! It stands here since the rules are one domain's and the cluster is another's.

use auroractl_cluster::DbCluster;
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::plan::{Action, Change};
use auroractl_core::reference::resolve;
use auroractl_core::state::Verb;
use auroractl_core::{Address, Model, Of};
use auroractl_network::{Direction, SecurityGroupRule};
use std::collections::{BTreeMap, BTreeSet};

/// The most rules of a security group in one direction, if nobody has asked AWS for more
/// (<https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>).
const MOST: usize = 60;
/// The field of the cluster.
const PORT: &str = "port";
/// The field of a rule.
const TRAFFIC: &str = "traffic";

/// Rules of security groups, around the cluster's move to another port. See the module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports;

/// A group by its id, and whether it is about who comes in.
type Side = (String, bool);

impl Lowering for Ports {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        let (moves, crowded) = (moves(view, program), crowded(view));
        for change in rules(view) {
            let made = program.forward(&change.address).filter(|_| change.action == Action::Replace);
            close_left_over((view, change), (made, &moves), program);
            let (Some(made), Some(gone)) = (made, end(change, program)) else { continue };
            if there(view, change).and_then(|rule| side(&rule)).is_some_and(|side| crowded.contains(&side)) {
                program.turn_round(made, gone);
            }
            if change.fields.iter().any(|field| field.path == TRAFFIC) {
                moves.iter().for_each(|edit| program.link(made, *edit));
                moves.iter().for_each(|edit| program.link(*edit, gone));
            }
        }
    }
}

/// The changes of rules.
fn rules<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Change> {
    view.plan.changes.iter().filter(|change| change.address.kind() == SecurityGroupRule::KIND)
}

/// The steps with which clusters get another port. What an interrupted run has left AWS working on may be such a one.
fn moves(view: &View<'_>, program: &Program) -> Vec<StepId> {
    let moves = |change: &&Change| {
        let unfinished = change.action == Action::Adopt;
        change.address.kind() == DbCluster::KIND && (unfinished || change.fields.iter().any(|field| field.path == PORT))
    };
    view.plan.changes.iter().filter(moves).filter_map(|change| program.forward(&change.address)).collect()
}

/// Rules that an interrupted run has replaced go when the cluster has moved; but one that is wanted again, as it was, goes
/// before: AWS admits no rule twice.
fn close_left_over(
    (view, change): (&View<'_>, &Change),
    (made, moves): (Option<StepId>, &[StepId]),
    program: &mut Program,
) {
    let (at, wanted) = (&change.address, wanted(view, &change.address));
    for (gone, generation) in program.left_over(change) {
        let old = view.state.deposed(at).iter().find(|old| old.generation == generation);
        let old = old.and_then(|old| Of::<SecurityGroupRule>::spec(&old.applied).ok());
        let again = wanted.as_ref().zip(old.as_ref()).is_some_and(|(new, old)| are_one(new, old));
        match made.filter(|_| again) {
            Some(made) => program.link(gone, made),
            None => moves.iter().for_each(|edit| program.link(*edit, gone)),
        }
    }
}

/// The step that deletes what a change replaces.
fn end(change: &Change, program: &Program) -> Option<StepId> {
    let generation = change.old_generation?;
    let mut steps = program.steps.iter();
    steps.position(|step| (&step.address, step.verb, step.generation) == (&change.address, Verb::Delete, generation))
}

/// The groups that have no room for what this plan makes beside what is there.
fn crowded(view: &View<'_>) -> BTreeSet<Side> {
    let mut count: BTreeMap<Side, usize> = BTreeMap::new();
    for change in rules(view) {
        let made = wanted(view, &change.address).filter(|_| matches!(change.action, Action::Create | Action::Replace));
        let left = view.state.deposed(&change.address).iter();
        let left = left.filter_map(|old| Of::<SecurityGroupRule>::spec(&old.applied).ok());
        for side in there(view, change).into_iter().chain(made).chain(left).filter_map(|rule| side(&rule)) {
            *count.entry(side).or_default() += 1;
        }
    }
    count.into_iter().filter(|(_, count)| *count > MOST).map(|(side, _)| side).collect()
}

/// Where a rule is; nothing where its group is only made.
fn side(rule: &SecurityGroupRule) -> Option<Side> {
    Some((rule.group_id.known()?.to_string(), rule.direction == Direction::Ingress))
}

/// Does AWS take two rules for one?
fn are_one(one: &SecurityGroupRule, other: &SecurityGroupRule) -> bool {
    (side(one), &one.traffic, &one.peer) == (side(other), &other.traffic, &other.peer)
}

/// A rule as it is.
fn there(view: &View<'_>, change: &Change) -> Option<SecurityGroupRule> {
    let live = view.observed.get(&change.address)?.live()?;
    Of::<SecurityGroupRule>::spec(&live.spec).ok()
}

/// A rule as the stack wants it, with the ids of groups that are there.
fn wanted(view: &View<'_>, at: &Address) -> Option<SecurityGroupRule> {
    let node = view.graph.node(at)?;
    let spec = resolve(&node.spec, &|promise| {
        let group = view.observed.get(&promise.of)?.live()?;
        group.outputs.get(&promise.output).cloned()
    });
    Of::<SecurityGroupRule>::spec(&spec).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::durations::Priors;
    use auroractl_core::identity::StackId;
    use auroractl_core::lower::{Sources, lower};
    use auroractl_core::queue::Queue;
    use auroractl_core::state::{Deposed, State};
    use auroractl_core::{
        Desired, FieldChange, Group, Impact, Input, Level, Live, Observed, Owner, Plan, ReplaceOrder, Tags,
    };
    use auroractl_network::{Peer, Traffic};
    use serde_json::Value;

    fn rule(index: usize, port: u16) -> SecurityGroupRule {
        SecurityGroupRule {
            group_id: Input::Value("sg-1".into()),
            direction: Direction::Ingress,
            traffic: Traffic::tcp(port),
            peer: Peer::CidrIpv4(format!("10.{index}.0.0/16").parse().unwrap()),
            description: None,
            tags: Tags::new(),
        }
    }

    fn change(address: &str, action: Action, field: &str) -> Change {
        let impact = Impact::new(Level::None, "a page");
        let field = FieldChange { path: field.to_owned(), before: Value::Null, after: Value::Null, impact };
        Change { fields: vec![field], ..Change::bare(address.parse().unwrap(), Group::Network, action) }
    }

    /// What is there and what is wanted.
    struct Move<'a> {
        /// So many rules.
        rules: usize,
        /// The field of the cluster that differs.
        field: &'a str,
        /// The port of the rules before and after.
        ports: (u16, u16),
        /// What interrupted runs left of each rule, by generation and port.
        left: &'a [(u32, u16)],
    }

    const MOVE: Move<'static> = Move { rules: 1, field: PORT, ports: (5432, 5433), left: &[] };

    impl Move<'_> {
        fn change(&self, at: &Address) -> Change {
            let generation = self.left.iter().map(|(generation, _)| generation + 1).max().unwrap_or(0);
            let deposed = self.left.iter().map(|(generation, _)| *generation).collect();
            if self.ports.0 == self.ports.1 {
                return Change { generation, deposed, ..change(at.as_str(), Action::NoOp, TRAFFIC) };
            }
            let (order, old_generation) = (Some(ReplaceOrder::CreateFirst), Some(generation));
            let replaced = change(at.as_str(), Action::Replace, TRAFFIC);
            Change { order, old_generation, generation: generation + 1, deposed, ..replaced }
        }

        fn program(&self) -> Program {
            let id = StackId { name: "orders".into(), account: String::new(), region: String::new() };
            let (mut desired, mut state) = (Desired::new(id.clone()), State::new(id, "lineage".into()));
            let mut observed = BTreeMap::new();
            let mut changes = vec![change("db_cluster.main", Action::Restart, self.field)];
            for index in 0..self.rules {
                let handle = desired.add(&format!("r{index}"), &rule(index, self.ports.1)).unwrap();
                let (at, spec) = (handle.address(), |port| serde_json::to_value(rule(index, port)).unwrap());
                let live = Live::ready(spec(self.ports.0), Value::Null, Owner::Inherited);
                observed.insert(at.clone(), Observed::Live(Box::new(live)));
                changes.push(self.change(at));
                let left = self.left.iter().map(|(generation, port)| Deposed {
                    oid: String::new(),
                    generation: *generation,
                    name: String::new(),
                    applied: spec(*port),
                    outputs: Value::Null,
                    deps: [].into(),
                    incarnation: None,
                });
                state.deposed.insert(at.clone(), left.collect());
            }
            let (plan, priors, graph) = (Plan { changes }, Priors::default(), desired.check().unwrap());
            let (state, observed, lowerings): (_, _, &[&dyn Lowering]) = (&state, &observed, &[&Ports]);
            lower(&plan, &Sources { priors: &priors, graph: &graph, state, observed, lowerings })
        }

        /// The steps as they come: what is done to which generation.
        fn told(&self) -> Vec<String> {
            let program = self.program();
            let mut queue = Queue::new(&program).unwrap();
            let mut told = Vec::new();
            while let Some(id) = queue.take() {
                let step = &program.steps[id];
                told.push(format!("{} {} {}", step.verb, step.address.name(), step.generation));
                queue.finish(id);
            }
            told
        }
    }

    /// Where in the order stands the first step of this sort, and where the last?
    fn span(told: &[String], verb: &str) -> (usize, usize) {
        let is = |step: &String| step.starts_with(verb);
        (told.iter().position(is).unwrap(), told.iter().rposition(is).unwrap())
    }

    #[test]
    fn the_new_port_is_open_before_the_cluster_moves_and_the_old_one_until_it_has_moved() {
        assert_eq!(MOVE.told(), ["create r0 1", "update main 0", "delete r0 0"]);
        let told = Move { rules: 30, ..MOVE }.told();
        let (made, edit, gone) = (span(&told, "create"), span(&told, "update"), span(&told, "delete"));
        assert!(made.1 < edit.0 && edit.1 < gone.0, "{told:?}");
    }

    #[test]
    fn a_group_without_room_for_both_closes_the_old_port_first() {
        let told = Move { rules: 31, ..MOVE }.told();
        let at = |step: &str| told.iter().position(|one| one == step).unwrap();
        for index in 0..31 {
            let (gone, made) = (at(&format!("delete r{index} 0")), at(&format!("create r{index} 1")));
            assert!(gone < made && made < at("update main 0"), "{told:?}");
        }
    }

    #[test]
    fn another_edit_of_the_cluster_waits_for_no_rule_and_no_rule_for_it() {
        let (field, ports) = ("deletion_protection", (5433, 5433));
        let edges = |program: Program| program.steps.iter().map(|step| step.after.len()).collect::<Vec<_>>();
        assert_eq!(edges(Move { field, ..MOVE }.program()), [0, 1, 0], "the old rule waits for the new one");
        assert_eq!(edges(Move { field, ports, left: &[(0, 5432)], ..MOVE }.program()), [0, 0]);
    }

    #[test]
    fn what_an_interrupted_run_left_is_closed_when_the_cluster_has_moved() {
        let left = Move { ports: (5433, 5433), left: &[(0, 5432)], ..MOVE };
        assert_eq!(left.told(), ["update main 0", "delete r0 0"]);
        let on = Move { ports: (5433, 5434), left: &[(0, 5432)], ..MOVE }.told();
        assert_eq!(on[..2], ["create r0 2", "update main 0"]);
    }

    #[test]
    fn a_port_that_is_taken_back_is_free_before_it_is_opened_again() {
        let back = Move { ports: (5433, 5432), left: &[(0, 5432)], ..MOVE };
        assert_eq!(back.told(), ["delete r0 0", "create r0 2", "update main 0", "delete r0 1"]);
    }
}
