//! The same changes, made in each of the ways that a stack may choose: what each interrupts, how long it takes, what it costs
//! at its dearest moment.
//!
//! The plan of one strategy is turned into that of another by when its edits count; then each is lowered and foretold as if it
//! were the plan.

use crate::forecast::{Forecast, Means, forecast};
use crate::outage::lasts;
use auroractl_cluster::{DbCluster, DbInstance};
use auroractl_core::diff::FieldChange;
use auroractl_core::lower::Sources;
use auroractl_core::queue::Knot;
use auroractl_core::{Action, Change, Estimate, Level, Manner, Model, Plan, Strategy, When};

/// The edits that AWS makes with the call or in the maintenance window, as it is asked to.
const DEFERRABLE: [(&str, &[&str]); 2] =
    [(DbInstance::KIND, DbInstance::DEFERRED), (DbCluster::KIND, DbCluster::DEFERRED)];

/// One way.
#[derive(Clone, Debug)]
pub struct Alternative {
    /// Which.
    pub strategy: Strategy,
    /// It is the one that the stack has chosen.
    pub chosen: bool,
    /// What comes of it.
    pub forecast: Forecast,
}

/// All ways, where there is a difference: for a plan that restarts members.
///
/// # Errors
/// When steps wait for one another in a circle: a fault in a lowering.
pub fn alternatives(plan: &Plan, means: Means<'_>) -> Result<Vec<Alternative>, Knot> {
    if !plan.changes.iter().any(restarts) {
        return Ok(Vec::new());
    }
    let wanted = means.sources.graph.manner();
    let one = |strategy: Strategy| {
        let graph = means.sources.graph.with_manner(Manner { strategy, ..wanted });
        let means = Means { sources: Sources { graph: &graph, ..means.sources }, ..means };
        let forecast = forecast(&as_of(plan, strategy), means)?;
        Ok(Alternative { strategy, chosen: strategy == wanted.strategy, forecast })
    };
    Strategy::ALL.into_iter().map(one).collect()
}

/// How long nothing could be written if a writer lent its role to a surge reader for its turn, one failover there and one back,
/// instead of being away for so long. None where that is no shorter, as for a mere restart.
#[must_use]
pub fn lent(away: Estimate) -> Option<Estimate> {
    let failover = lasts().get("failover")?;
    Some(failover.then(failover)).filter(|lent| lent.p50 < away.p50 && lent.p95 < away.p95)
}

/// Does something restart because of it, now or later? Nobody chooses when a new member comes up.
fn restarts(change: &Change) -> bool {
    let felt =
        |field: &FieldChange| field.impact.level > Level::Reconnect && field.impact.level < Level::EndpointChange;
    change.fields.iter().any(felt)
}

/// Is it for the stack to say when this edit is made? `deferred` stands for all that was left to the window earlier: whoever
/// waits no longer makes it now.
fn is_deferrable(kind: &str, path: &str) -> bool {
    DEFERRABLE.iter().any(|(of, fields)| *of == kind && (path == "deferred" || fields.contains(&path)))
}

fn as_of(plan: &Plan, strategy: Strategy) -> Plan {
    let mut plan = plan.clone();
    // Who restarts where it stands needs nobody to stand in.
    plan.changes.retain(|change| change.action != Action::Surge || strategy == Strategy::Roll);
    for change in &mut plan.changes {
        let kind = change.address.kind().to_owned();
        change.deferred = strategy == Strategy::Window && DEFERRABLE.iter().any(|(of, _)| *of == kind);
        for field in &mut change.fields {
            if is_deferrable(&kind, &field.path) && field.impact.level > Level::None {
                field.impact.when = if strategy == Strategy::Window { When::InWindow } else { When::Now };
            }
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::{Group, Impact};
    use serde_json::Value;

    fn when(kind: &str, path: &str, strategy: Strategy) -> When {
        let impact = Impact::new(Level::RebootOne, "a page");
        let field = FieldChange { path: path.to_owned(), before: Value::Null, after: Value::Null, impact };
        let change = Change {
            fields: vec![field],
            impact: Level::RebootOne,
            generation: 1,
            ..Change::bare(format!("{kind}.a").parse().unwrap(), Group::Cluster, Action::Restart)
        };
        as_of(&Plan { changes: vec![change] }, strategy).changes[0].fields[0].impact.when
    }

    #[test]
    fn a_role_is_lent_only_where_that_is_shorter() {
        let away = |cause: &str| lasts().get(cause).unwrap();
        assert_eq!(lent(away("restart")), None, "two failovers are no shorter");
        let class = lent(away("db_instance.db_instance_class")).unwrap();
        assert_eq!(class, away("failover").then(away("failover")));
    }

    #[test]
    fn what_may_wait_for_the_window_waits_where_that_is_the_way() {
        for (kind, path) in
            [("db_instance", "db_instance_class"), ("db_cluster", "engine_version"), ("db_instance", "deferred")]
        {
            assert_eq!(when(kind, path, Strategy::Window), When::InWindow, "{kind} {path}");
            assert_eq!(when(kind, path, Strategy::Roll), When::Now, "{kind} {path}");
        }
        assert_eq!(when("db_cluster", "port", Strategy::Window), When::Now, "it never waits");
    }
}
