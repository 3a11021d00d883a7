//! The first instance of a new cluster takes longer than the others: the volume comes up with it.
//!
//! Nothing about the order changes, only how long the step is expected to take.

use crate::db_cluster::DbCluster;
use crate::db_instance::DbInstance;
use auroractl_core::lower::{Lowering, Program, StepId, View};
use auroractl_core::state::Verb;
use auroractl_core::{Deed, Model};

/// First instances. See the module.
#[derive(Clone, Copy, Debug)]
pub struct Founders;

impl Lowering for Founders {
    fn refine(&self, _: &View<'_>, program: &mut Program) {
        let first: Vec<StepId> = (0..program.steps.len()).filter(|id| founds(*id, program)).collect();
        for id in first {
            if let Some(step) = program.steps.get_mut(id) {
                step.deed = Deed::First;
            }
        }
    }
}

/// Is an instance made right after its cluster, and after no other instance?
fn founds(id: StepId, program: &Program) -> bool {
    let makes = |id: StepId, kind: &str| {
        program.steps.get(id).is_some_and(|step| step.verb == Verb::Create && step.address.kind() == kind)
    };
    let after = |kind| program.steps.get(id).is_some_and(|step| step.after.iter().any(|earlier| makes(*earlier, kind)));
    makes(id, DbInstance::KIND) && after(DbCluster::KIND) && !after(DbInstance::KIND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::identity::StackId;
    use auroractl_core::lower::Step;
    use auroractl_core::{Desired, Estimate, Plan, State};
    use std::collections::BTreeMap;

    fn step(address: &str, after: &[StepId]) -> Step {
        Step {
            address: address.parse().unwrap(),
            verb: Verb::Create,
            generation: 0,
            target: None,
            after: after.iter().copied().collect(),
            deed: Deed::Create,
            estimate: Estimate::NOTHING,
            undoes: None,
            look_after: 0.0,
        }
    }

    fn deeds(steps: Vec<Step>) -> Vec<Deed> {
        let (plan, observed) = (Plan { changes: Vec::new() }, BTreeMap::new());
        let mut program = Program { steps };
        let id = StackId { name: "s".into(), account: String::new(), region: String::new() };
        let (graph, state) = (Desired::new(id.clone()).check().unwrap(), State::new(id, "lineage".into()));
        Founders.refine(&View { plan: &plan, graph: &graph, observed: &observed, state: &state }, &mut program);
        program.steps.iter().map(|step| step.deed).collect()
    }

    #[test]
    fn the_first_instance_of_a_new_cluster() {
        let steps = vec![step("db_cluster.main", &[]), step("db_instance.a", &[0]), step("db_instance.b", &[0, 1])];
        assert_eq!(deeds(steps), [Deed::Create, Deed::First, Deed::Create]);
    }

    #[test]
    fn a_reader_of_a_cluster_that_is_there_is_no_first() {
        assert_eq!(deeds(vec![step("db_instance.b", &[])]), [Deed::Create]);
    }
}
