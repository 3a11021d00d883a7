//! What ends a subscription waits for what makes the same one under another name.
//!
//! SNS has one subscription of a topic, a protocol and an endpoint, and answers a second `Subscribe` with the one that is
//! there. Where an entry gets another name, or an endpoint moves from one entry to another, what begins and what ends are
//! one object. Once the new entry is on record, the engine sees that the object is still wanted and leaves it alone; side
//! by side, the end of the one would unsubscribe the other.

use crate::sns_subscription::SnsSubscription;
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::reference::resolve;
use auroractl_core::state::Verb;
use auroractl_core::{Address, Model, Of};
use std::collections::BTreeMap;

/// Subscriptions that are one. See the module.
#[derive(Clone, Copy, Debug)]
pub struct Receivers;

/// What makes a subscription the one that it is; nothing where that is not known.
type Receiver = Option<(String, String, String)>;

impl Lowering for Receivers {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        let mut made: BTreeMap<Receiver, Vec<StepId>> = BTreeMap::new();
        let mut ended: Vec<(StepId, Receiver)> = Vec::new();
        for (id, step) in program.steps.iter().enumerate() {
            match step.verb {
                _ if step.address.kind() != SnsSubscription::KIND => {}
                Verb::Create | Verb::Update | Verb::Adopt => {
                    made.entry(wanted(view, &step.address)).or_default().push(id);
                }
                Verb::Delete => ended.push((id, present(view, &step.address, step.generation))),
                _ => {}
            }
        }
        for (end, receiver) in ended {
            // Of a predecessor that an interrupted run left, nobody has said here what it was: it waits for all.
            let same = |of: &Receiver| receiver.is_none() || *of == receiver;
            let before: Vec<StepId> =
                made.iter().filter(|(of, _)| same(of)).flat_map(|(_, ids)| ids).copied().collect();
            before.into_iter().for_each(|earlier| program.link(earlier, end));
        }
    }
}

/// What the stack wants at an address. The topic may be a promise, which is known if the topic is there.
fn wanted(view: &View<'_>, address: &Address) -> Receiver {
    let node = view.graph.node(address)?;
    let spec = resolve(&node.spec, &|promise| {
        let topic = view.observed.get(&promise.of)?.live()?;
        topic.outputs.get(&promise.output).cloned()
    });
    Of::<SnsSubscription>::spec(&spec).ok()?.receiver()
}

/// What is there of this generation of an address.
fn present(view: &View<'_>, address: &Address, generation: u32) -> Receiver {
    let change = view.plan.changes.iter().find(|change| change.address == *address)?;
    if change.deposed.contains(&generation) {
        return None;
    }
    let live = view.observed.get(address)?.live()?;
    Of::<SnsSubscription>::spec(&live.spec).ok()?.receiver()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::step;
    use auroractl_core::identity::StackId;
    use auroractl_core::{Action, Change, Desired, Graph, Group, Input, Live, Observed, Owner, Plan, State};
    use std::collections::BTreeSet;

    fn subscription(endpoint: &str) -> SnsSubscription {
        SnsSubscription {
            topic_arn: Input::Value("arn:t".into()),
            protocol: "email".to_owned(),
            endpoint: endpoint.to_owned(),
        }
    }

    fn id() -> StackId {
        StackId { name: "s".into(), account: String::new(), region: String::new() }
    }

    fn stack(name: &str, endpoint: &str) -> Graph {
        let mut desired = Desired::new(id());
        desired.add(name, &subscription(endpoint)).unwrap();
        desired.check().unwrap()
    }

    /// What the step that ends `sns_subscription.old`, which is at `ops@x.com`, waits for where `sns_subscription.new` is made.
    fn waits(new: &str, deposed: bool) -> BTreeSet<StepId> {
        let (graph, before) = (stack("new", new), stack("old", "ops@x.com"));
        let old: Address = "sns_subscription.old".parse().unwrap();
        let mut change = Change::bare(old.clone(), Group::Monitoring, Action::Delete);
        change.deposed = if deposed { vec![0] } else { Vec::new() };
        let plan = Plan { changes: vec![change] };
        let spec = before.node(&old).unwrap().spec.clone();
        let live = Live::ready(spec, Default::default(), Owner::Inherited);
        let observed = BTreeMap::from([(old, Observed::Live(Box::new(live)))]);
        let steps = vec![step("sns_subscription.old", Verb::Delete), step("sns_subscription.new", Verb::Create)];
        let (mut program, state) = (Program { steps }, State::new(id(), "lineage".into()));
        Receivers.refine(&View { plan: &plan, graph: &graph, observed: &observed, state: &state }, &mut program);
        program.steps[0].after.clone()
    }

    #[test]
    fn the_end_of_one_waits_for_the_same_one_under_another_name() {
        assert_eq!(waits("Ops@x.com", false), BTreeSet::from([1]));
        assert_eq!(waits("dba@x.com", false), BTreeSet::new(), "another one is made beside it");
    }

    #[test]
    fn what_an_interrupted_replacement_left_waits_for_all() {
        assert_eq!(waits("dba@x.com", true), BTreeSet::from([1]));
    }
}
