//! What a stack asks of AWS before anything is written: is the given network fit, and can be had what will be made.
//!
//! Answers point into the stack file, as those of the offline checks do.

use crate::compose::compose;
use crate::diagnostics::{Diagnostics, Problem};
use crate::load::Loaded;
use crate::path::Path;
use auroractl_aws::Aws;
use auroractl_cluster::preflight::{Finding, Topic, Wish, check};
use auroractl_core::{Address, Graph, Observed, Plan};
use auroractl_engine::{CallError, Look};
use auroractl_network::existing::{self, ExistingIds};
use std::collections::BTreeMap;

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

/// What AWS does not have of what a plan makes.
#[derive(Debug)]
pub struct Shortage {
    /// The findings; there may be warnings only.
    pub findings: Diagnostics,
    /// A quota is among the errors.
    pub quota: bool,
}

/// Asks AWS for versions, classes and quotas, if the plan makes or changes what needs them.
///
/// # Errors
/// When AWS can't be asked.
pub async fn preflight(
    aws: &Aws,
    loaded: &Loaded,
    (plan, graph, observed): (&Plan, &Graph, &BTreeMap<Address, Observed>),
) -> Result<Option<Shortage>, CallError> {
    let Some(wish) = Wish::of(plan, graph, observed) else { return Ok(None) };
    let findings = check(aws, &wish).await?;
    if findings.is_empty() {
        return Ok(None);
    }
    let places = compose(loaded).map(|composed| composed.places).unwrap_or_default();
    let quota = findings.iter().any(|finding| finding.topic == Topic::Quota && !finding.warning);
    let problems = findings.iter().map(|finding| problem(finding, &places)).collect();
    Ok(Some(Shortage { findings: loaded.diagnose(problems), quota }))
}

fn problem(finding: &Finding, places: &BTreeMap<Address, Path>) -> Problem {
    let code = match finding.topic {
        Topic::Version => "version",
        Topic::Class => "class",
        Topic::Serverless => "serverless",
        Topic::Quota => "quota",
    };
    let made = if finding.warning { Problem::warning } else { Problem::error };
    let place = match finding.topic {
        Topic::Version => Some(Path::of("cluster.engine_version")),
        Topic::Serverless => Some(Path::of("cluster.serverless")),
        Topic::Class | Topic::Quota => finding.address.as_ref().and_then(|address| places.get(address)).cloned(),
    };
    let problem = made(code, finding.problem.clone()).help(finding.hint.clone());
    match place {
        Some(path) => problem.at(&path, "asked for here"),
        None => problem,
    }
}
