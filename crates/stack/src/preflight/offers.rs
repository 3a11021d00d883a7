//! Versions, classes, capacity and quotas.

use super::{Answer, Subject};
use crate::compose::compose;
use crate::diagnostics::Problem;
use crate::path::Path;
use auroractl_cluster::preflight::{Finding, Topic, Wish, check};
use auroractl_core::Address;
use auroractl_engine::CallError;
use std::collections::BTreeMap;

/// Code of findings about quotas: a run that ends for one has another exit code.
pub(super) const QUOTA: &str = "quota";

pub(super) fn run<'a>(subject: &'a Subject<'a>) -> Answer<'a> {
    Box::pin(ask(subject))
}

async fn ask(subject: &Subject<'_>) -> Result<Vec<Problem>, CallError> {
    let Some(wish) = Wish::of(subject.plan, subject.graph, subject.observed) else { return Ok(Vec::new()) };
    let findings = check(subject.aws, &wish).await?;
    if findings.is_empty() {
        return Ok(Vec::new());
    }
    let places = compose(subject.loaded).map(|composed| composed.places).unwrap_or_default();
    Ok(findings.iter().map(|finding| problem(finding, &places)).collect())
}

fn problem(finding: &Finding, places: &BTreeMap<Address, Path>) -> Problem {
    let code = match finding.topic {
        Topic::Version => "version",
        Topic::Class => "class",
        Topic::Serverless => "serverless",
        Topic::Quota => QUOTA,
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
