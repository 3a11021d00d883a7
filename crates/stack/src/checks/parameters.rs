//! PostgreSQL parameters against the catalogue: they exist in the family, may be set, stand in the right group, and have an
//! allowed value.

use super::{Check, Subject};
use crate::config::ParamValue;
use crate::diagnostics::{At, Problem};
use crate::path::Path;
use auroractl_params::catalogue::{Problem as Fault, Scope};
use std::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    name: "parameter",
    about: "Parameters exist, may be set, stand in the right group, and have allowed values.",
    run,
};

/// What is known about PostgreSQL parameters on Aurora; an argument, so that a list fresh from AWS can take the place of the
/// one that comes with auroractl.
pub trait ParameterCatalogue {
    /// Judges one parameter of a group of a family such as `aurora-postgresql16`.
    ///
    /// # Errors
    /// What AWS would refuse, or might.
    fn check(&self, scope: Scope, family: &str, name: &str, value: &str) -> Result<(), Fault>;
}

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let params = &subject.config.params;
    for (scope, list) in [(Scope::Cluster, &params.cluster), (Scope::Instance, &params.instance)] {
        group(subject, scope, list, problems);
    }
}

fn group(subject: &Subject<'_>, scope: Scope, list: &BTreeMap<String, ParamValue>, problems: &mut Vec<Problem>) {
    // A version that has no family is refused by another check.
    let Some(family) = subject.config.parameter_family() else { return };
    for (name, value) in list {
        if let Err(fault) = subject.catalogue.check(scope, &family, name, value.as_str()) {
            let path = Path::of("params").key(scope.to_string()).key(name.clone());
            problems.extend(explain(&fault, &path));
        }
    }
}

/// A problem of a parameter, at its place; `None` for a family that does not exist, which is said at the engine version.
pub(crate) fn explain(fault: &Fault, path: &Path) -> Option<Problem> {
    let made = if fault.is_warning() { Problem::warning } else { Problem::error };
    let problem = made(CHECK.name, fault.to_string());
    let key = At::Key(path.clone());
    Some(match fault {
        Fault::Family(_) => return None,
        Fault::Unknown { .. } | Fault::Unlisted { .. } => problem.mark(key, "not known"),
        Fault::Unseen { operation, .. } => problem.mark(key, "not looked up").help(format!("allow {operation}")),
        Fault::NotOnAurora(_) => problem.mark(key, "not settable on Aurora"),
        Fault::WrongMajor { .. } => problem.mark(key, "another major version"),
        Fault::WrongGroup { belongs, .. } => {
            problem.mark(key, format!("{belongs} parameter")).help(format!("move it to `[params.{belongs}]`"))
        }
        Fault::NotModifiable(_) => problem.mark(key, "set by AWS"),
        Fault::Value { .. } => problem.at(path, "not allowed"),
        Fault::Formula { .. } => problem.at(path, "not a formula that RDS reads"),
    })
}
