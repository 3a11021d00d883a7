//! Members that a plan makes or interrupts while their cluster can't be used: AWS takes none of it, and a roll would end half
//! way, with autoscaling suspended and the writer's role where it was. What passes by itself is waited for instead.

use super::{Answer, Subject};
use crate::diagnostics::Problem;
use crate::path::Path;
use auroractl_cluster::{DbCluster, DbInstance};
use auroractl_core::plan::Change;
use auroractl_core::{Action, Address, Model as _, Observed, Plan, Readiness};
use std::collections::BTreeMap;

/// Code of the findings.
pub(super) const HALTED: &str = "halted";
/// A restart for values alone may be what brings the cluster back.
const VALUES: &str = "parameters_in_sync";

pub(super) fn run<'a>(subject: &'a Subject<'a>) -> Answer<'a> {
    Box::pin(std::future::ready(Ok(found(subject.plan, subject.observed))))
}

fn found(plan: &Plan, observed: &BTreeMap<Address, Observed>) -> Vec<Problem> {
    let touched = plan.changes.iter().filter(|change| touches(change)).count();
    if touched == 0 {
        return Vec::new();
    }
    let clusters = observed.iter().filter(|(at, _)| at.kind() == DbCluster::KIND);
    let halted = clusters.filter_map(|(at, seen)| match &seen.live()?.readiness {
        Readiness::Halted(why) => Some((at, why)),
        Readiness::Ready | Readiness::Pending(_) | Readiness::Deleting | Readiness::Failed(_) => None,
    });
    let problem = |(at, why): (&Address, &String)| {
        let text = format!("{at} can't be used, and AWS takes no such change of its members: {why}");
        let members = if touched == 1 { "a member is".to_owned() } else { format!("{touched} members are") };
        Problem::error(HALTED, text)
            .at(&Path::of("cluster"), format!("{members} to be made, restarted or made anew"))
            .help("bring the cluster back first, then plan again; other changes can be applied without this one")
    };
    halted.map(problem).collect()
}

fn touches(change: &Change) -> bool {
    let interrupts = match change.action {
        Action::Create | Action::Replace | Action::Surge => true,
        Action::Restart => change.fields.iter().any(|field| field.path != VALUES),
        Action::NoOp | Action::Update | Action::Delete | Action::Adopt | Action::Forget | Action::Refused => false,
    };
    change.address.kind() == DbInstance::KIND && interrupts
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::{Group, Live, Owner};
    use serde_json::json;

    fn told(readiness: Readiness, action: Action) -> usize {
        let plan = Plan { changes: vec![Change::bare("db_instance.a".parse().unwrap(), Group::Cluster, action)] };
        let live = Live { readiness, ..Live::ready(json!({}), json!({}), Owner::Untagged) };
        let observed = [("db_cluster.main".parse().unwrap(), Observed::Live(Box::new(live)))].into();
        found(&plan, &observed).len()
    }

    #[test]
    fn members_of_a_cluster_that_is_stopped_are_left_alone() {
        let stopped = || Readiness::Halted("its status is stopped".to_owned());
        assert_eq!(told(stopped(), Action::Create), 1);
        assert_eq!(told(stopped(), Action::NoOp), 0);
        assert_eq!(told(stopped(), Action::Restart), 0, "for values alone");
        assert_eq!(told(Readiness::Ready, Action::Create), 0);
        assert_eq!(told(Readiness::Pending("backing-up".to_owned()), Action::Create), 0, "that passes");
    }
}
