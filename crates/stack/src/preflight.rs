//! What AWS would refuse of a plan, asked before anything is written: the call that makes it would tell when half of the
//! stack is there. Answers point into the stack file, as those of the offline checks do.
//!
//! All checks run, so that everything shows at once. A check is one file here and one line in [`CHECKS`]. It asks AWS
//! nothing where the plan has nothing for it to judge.

mod authorities;
mod halted;
mod offers;
mod parameters;
mod zones;

use crate::diagnostics::{Diagnostics, Problem, Severity};
use crate::load::Loaded;
use auroractl_aws::Aws;
use auroractl_core::{Address, Graph, Observed, Plan};
use auroractl_engine::CallError;
use std::collections::BTreeMap;
use std::pin::Pin;

/// What checks go by.
struct Subject<'a> {
    aws: &'a Aws,
    loaded: &'a Loaded,
    plan: &'a Plan,
    graph: &'a Graph,
    observed: &'a BTreeMap<Address, Observed>,
}

/// What a check has found.
type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<Problem>, CallError>> + 'a>>;
/// One check.
type Check = for<'a> fn(&'a Subject<'a>) -> Answer<'a>;

/// All checks.
const CHECKS: &[Check] = &[halted::run, offers::run, zones::run, parameters::run, authorities::run];

/// What AWS does not have of what a plan makes or changes.
#[derive(Debug)]
pub struct Shortage {
    /// The findings; there may be warnings only.
    pub findings: Diagnostics,
    /// Among the errors is one that no edit of the stack file mends: a quota, or a cluster that can't be used.
    pub refused: bool,
}

/// Asks AWS whether it would refuse anything of a plan.
///
/// # Errors
/// When AWS can't be asked.
pub async fn preflight(
    aws: &Aws,
    loaded: &Loaded,
    (plan, graph, observed): (&Plan, &Graph, &BTreeMap<Address, Observed>),
) -> Result<Option<Shortage>, CallError> {
    let subject = Subject { aws, loaded, plan, graph, observed };
    let mut problems: Vec<Problem> = Vec::new();
    for check in CHECKS {
        problems.extend(check(&subject).await?);
    }
    if problems.is_empty() {
        return Ok(None);
    }
    let given = [offers::QUOTA, halted::HALTED];
    let refused = problems.iter().any(|problem| given.contains(&problem.code) && problem.severity == Severity::Error);
    Ok(Some(Shortage { findings: loaded.diagnose(problems), refused }))
}
