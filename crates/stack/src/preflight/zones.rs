//! Availability zones of the subnets that a plan makes.

use super::{Answer, Subject};
use crate::diagnostics::Problem;
use crate::path::Path;
use auroractl_core::{Graph, Model as _, Of, Plan};
use auroractl_engine::CallError;
use auroractl_network::{Subnet, zones};
use std::collections::BTreeSet;

pub(super) fn run<'a>(subject: &'a Subject<'a>) -> Answer<'a> {
    Box::pin(ask(subject))
}

async fn ask(subject: &Subject<'_>) -> Result<Vec<Problem>, CallError> {
    let missing = zones::missing(subject.aws, &zones_of(subject.plan, subject.graph)).await?;
    Ok(missing.iter().map(problem).collect())
}

fn zones_of(plan: &Plan, graph: &Graph) -> BTreeSet<String> {
    let made = plan.changes.iter().filter(|change| change.address.kind() == Subnet::KIND && change.makes());
    let specs = made.filter_map(|change| Of::<Subnet>::spec(&graph.node(&change.address)?.spec).ok());
    specs.map(|subnet| subnet.availability_zone).collect()
}

fn problem(missing: &zones::Missing) -> Problem {
    let (zones, there) = (missing.zones.join(", "), missing.there.join(", "));
    Problem::error("network", format!("this account can't use the availability zones {zones}"))
        .at(&Path::of("network.vpc"), "subnets are made there")
        .help(format!("there are {there}: name them in `network.vpc.availability_zones`"))
}
