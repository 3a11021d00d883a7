//! What the schema can't say: limits of AWS, values that must fit one another. All checks run, so that all mistakes show at
//! once. A check is one file here and one line in [`CHECKS`]; it is pure, and silent about what another check refuses.

mod account;
mod alarms;
mod autoscaling;
mod backup;
mod changes;
mod cidr;
mod collisions;
mod engine;
mod insights;
mod key;
mod members;
mod moved;
mod names;
mod network;
pub(crate) mod parameters;
mod policy_document;
mod prices;
mod recovery;
mod serverless;
mod state;
mod subscriptions;
mod tags;
mod waivers;
mod windows;

pub use parameters::ParameterCatalogue;

use crate::config::Config;
use crate::diagnostics::Problem;
use crate::path::Path;
use crate::tree::SpanMap;

/// What checks look at.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The stack file, defaults filled in.
    pub config: &'a Config,
    /// What the files set, and where.
    pub spans: &'a SpanMap,
    /// What is known about PostgreSQL parameters.
    pub catalogue: &'a dyn ParameterCatalogue,
}

impl Subject<'_> {
    /// Whether a file sets this path.
    pub(crate) fn sets(&self, path: &Path) -> bool {
        self.spans.get(path).is_some()
    }
}

/// One check.
pub struct Check {
    /// Its name, which is also the code of its problems.
    pub name: &'static str,
    /// What it refuses, in one sentence.
    pub about: &'static str,
    /// Runs it.
    pub run: fn(&Subject<'_>, &mut Vec<Problem>),
}

/// All checks, in the order of the file's sections.
pub const CHECKS: &[Check] = &[
    account::CHECK,
    tags::CHECK,
    names::CHECK,
    collisions::CHECK,
    network::CHECK,
    cidr::CHECK,
    key::CHECK,
    policy_document::CHECK,
    engine::CHECK,
    members::CHECK,
    serverless::CHECK,
    autoscaling::CHECK,
    windows::CHECK,
    backup::CHECK,
    insights::CHECK,
    parameters::CHECK,
    alarms::CHECK,
    subscriptions::CHECK,
    recovery::CHECK,
    changes::CHECK,
    prices::CHECK,
    waivers::CHECK,
    state::CHECK,
    moved::CHECK,
];

/// Runs all checks.
#[must_use]
pub fn run(subject: &Subject<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for check in CHECKS {
        (check.run)(subject, &mut problems);
    }
    problems
}
