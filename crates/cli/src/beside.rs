//! What no change of a plan says and people should know all the same.
//!
//! Readers that nobody takes away any more: autoscaling made them, and its end leaves them where they are. No record names
//! them, so no plan deletes them, and the bill of what autoscaling makes ends with it while theirs goes on. And a version
//! that was lowered in the stack file: the one that runs stays.

use crate::forecast::Ground;
use auroractl_core::plan::{Action, Plan};
use auroractl_core::state::State;
use auroractl_core::{Change, guard};
use auroractl_engine::refresh::Seen;

/// What lets autoscaling count readers.
const TARGET: &str = "scalable_target";

/// Sentences beside a plan.
pub(crate) fn told(plan: &Plan, (graph, state, seen): Ground<'_>) -> Vec<String> {
    let versions = auroractl_stack::lowered(graph, state, seen).into_iter().map(|(at, runs, wanted)| {
        format!(
            "{at} stays at version {runs}: AWS can't go back to {wanted}, which counts as the least version from now on"
        )
    });
    readers(plan, state, seen).into_iter().chain(versions).collect()
}

/// Readers that are left behind this plan. With a cluster that goes they go as well.
fn readers(plan: &Plan, state: &State, seen: &Seen) -> Option<String> {
    let goes = |change: &Change| matches!(change.action, Action::Delete | Action::Forget);
    let kept = |kind: &str| plan.changes.iter().any(|change| change.address.kind() == kind && !goes(change));
    if kept(TARGET) || !kept(guard::PARENT) {
        return None;
    }
    left(&auroractl_stack::autoscaled(state, seen))
}

fn left(names: &[String]) -> Option<String> {
    let first = names.first()?;
    let (they, stay) = match names {
        [_] => ("a reader that autoscaling made", "it stays, and is paid for, until somebody deletes it"),
        _ => ("readers that autoscaling made", "they stay, and are paid for, until somebody deletes them"),
    };
    Some(format!(
        "{}: {they}. Nothing scales the cluster without `[cluster.autoscaling]`: {stay} (`aws rds delete-db-instance --db-instance-identifier {first}`). No sum of auroractl counts that cost",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_many() {
        let names = |count: usize| (1..=count).map(|n| format!("application-autoscaling-{n}")).collect::<Vec<_>>();
        assert_eq!(left(&names(0)), None);
        let one = left(&names(1)).unwrap();
        assert!(one.starts_with("application-autoscaling-1: a reader") && one.contains("it stays"), "{one}");
        let two = left(&names(2)).unwrap();
        assert!(two.starts_with("application-autoscaling-1, application-autoscaling-2: readers"), "{two}");
        assert!(two.contains("--db-instance-identifier application-autoscaling-1`"), "{two}");
    }
}
