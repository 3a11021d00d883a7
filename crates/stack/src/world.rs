//! What a stack asks of AWS before anything is written: is the given network fit, and can be had what will be made.
//!
//! Answers point into the stack file, as those of the offline checks do.

use crate::compose::compose;
use crate::diagnostics::{Diagnostics, Problem};
use crate::load::Loaded;
use crate::path::Path;
use auroractl_aws::Aws;
use auroractl_cluster::preflight::{Finding, Topic, Wish, check};
use auroractl_core::plan::Action;
use auroractl_core::{Address, Graph, Model as _, Observed, Of, Plan};
use auroractl_engine::{CallError, Look};
use auroractl_network::existing::{self, ExistingIds};
use auroractl_network::{Subnet, zones};
use std::collections::{BTreeMap, BTreeSet};

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

/// Asks AWS for versions, classes, quotas and zones, if the plan makes or changes what needs them.
///
/// # Errors
/// When AWS can't be asked.
pub async fn preflight(
    aws: &Aws,
    loaded: &Loaded,
    (plan, graph, observed): (&Plan, &Graph, &BTreeMap<Address, Observed>),
) -> Result<Option<Shortage>, CallError> {
    let wish = Wish::of(plan, graph, observed);
    let findings = match &wish {
        Some(wish) => check(aws, wish).await?,
        None => Vec::new(),
    };
    let missing = zones::missing(aws, &zones_of(plan, graph)).await?;
    if findings.is_empty() && missing.is_none() {
        return Ok(None);
    }
    let places = compose(loaded).map(|composed| composed.places).unwrap_or_default();
    let quota = findings.iter().any(|finding| finding.topic == Topic::Quota && !finding.warning);
    let problems =
        missing.iter().map(no_zone).chain(findings.iter().map(|finding| problem(finding, &places))).collect();
    Ok(Some(Shortage { findings: loaded.diagnose(problems), quota }))
}

/// The zones of the subnets that a plan makes.
fn zones_of(plan: &Plan, graph: &Graph) -> BTreeSet<String> {
    let made = plan.changes.iter().filter(|change| {
        change.address.kind() == Subnet::KIND && matches!(change.action, Action::Create | Action::Replace)
    });
    let specs = made.filter_map(|change| Of::<Subnet>::spec(&graph.node(&change.address)?.spec).ok());
    specs.map(|subnet| subnet.availability_zone).collect()
}

fn no_zone(missing: &zones::Missing) -> Problem {
    let (zones, there) = (missing.zones.join(", "), missing.there.join(", "));
    Problem::error("network", format!("this account can't use the availability zones {zones}"))
        .at(&Path::of("network.vpc"), "subnets are made there")
        .help(format!("there are {there}: name them in `network.vpc.availability_zones`"))
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
