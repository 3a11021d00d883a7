//! Is what a stack is given at AWS fit for it? Answers point into the stack file, as those of the offline checks do.

use crate::diagnostics::{Diagnostics, Problem};
use crate::load::Loaded;
use crate::path::Path;
use auroractl_aws::Aws;
use auroractl_engine::{CallError, Look};
use auroractl_network::existing::{self, ExistingIds};

/// Verifies a network that exists; `None` when the stack makes its own, or all is well.
///
/// # Errors
/// When AWS can't be asked.
pub async fn verify(aws: &Aws, loaded: &Loaded) -> Result<Option<Diagnostics>, CallError> {
    let Some(given) = &loaded.config.network.existing else { return Ok(None) };
    let ids = ExistingIds {
        vpc_id: given.vpc_id.as_str().into(),
        subnet_ids: given.subnet_ids.iter().map(|id| id.as_str().into()).collect(),
        security_group_ids: given.security_group_ids.iter().map(|id| id.as_str().into()).collect(),
    };
    let Err(problems) = existing::verify(aws, &Look::new(), &ids).await? else { return Ok(None) };
    let at = Path::of("network.existing");
    let told = |problem: &existing::Problem| {
        Problem::error("network", problem.to_string()).at(&at, "this network").help(problem.hint())
    };
    Ok(Some(loaded.diagnose(problems.iter().map(told).collect())))
}
