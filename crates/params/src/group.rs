//! What both kinds of parameter groups have in common.

use crate::catalogue::{self, Scope};
use auroractl_core::{Identity, Impact, Level, When};
use aws_sdk_rds::types::{ApplyMethod, Parameter};

/// Where AWS says what static and dynamic parameters do.
const SOURCE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_WorkingWithParamGroups.html";

/// A new family needs a new group; the one in use stays until the cluster has moved.
pub(crate) const FAMILY: Impact = Impact::new(Level::Replace, SOURCE);

/// What an edit of one parameter costs: a dynamic one nothing; a static one counts when the instances that use the
/// group restart, which AWS never does by itself, not even in the maintenance window.
pub(crate) fn grade(scope: Scope, name: &str) -> Impact {
    let level = match (catalogue::is_static(name), scope) {
        (false, _) => return Impact::new(Level::None, SOURCE),
        (true, Scope::Cluster) => Level::RebootAll,
        (true, Scope::Instance) => Level::RebootOne,
    };
    Impact::new(level, SOURCE).when(When::AtReboot)
}

/// A parameter as Modify takes it. RDS refuses `immediate` for static parameters.
pub(crate) fn set(name: &str, value: &str) -> Parameter {
    Parameter::builder().parameter_name(name).parameter_value(value).apply_method(method(name)).build()
}

/// A parameter as Reset takes it.
pub(crate) fn reset(name: &str) -> Parameter {
    Parameter::builder().parameter_name(name).apply_method(method(name)).build()
}

fn method(name: &str) -> ApplyMethod {
    if catalogue::is_static(name) { ApplyMethod::PendingReboot } else { ApplyMethod::Immediate }
}

/// What RDS answers, as name and value; a parameter without a value is at its default.
pub(crate) fn read(parameters: &[Parameter]) -> crate::Parameters {
    parameters.iter().filter_map(|one| Some((one.parameter_name()?, one.parameter_value()?))).collect()
}

/// The description of a group. It can't be edited, so nothing that may change stands in it.
pub(crate) fn description(me: &Identity) -> String {
    format!("auroractl: stack {}, {}", me.stack.name, me.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_parameters_wait_for_a_restart() {
        let graded = |scope, name| {
            let impact = grade(scope, name);
            (impact.level, impact.when)
        };
        assert_eq!(graded(Scope::Cluster, "rds.force_ssl"), (Level::None, When::Now));
        assert_eq!(graded(Scope::Cluster, "shared_preload_libraries"), (Level::RebootAll, When::AtReboot));
        assert_eq!(graded(Scope::Instance, "max_connections"), (Level::RebootOne, When::AtReboot));
    }

    #[test]
    fn the_method_follows_the_type() {
        assert_eq!(set("work_mem", "64").apply_method(), Some(&ApplyMethod::Immediate));
        assert_eq!(reset("max_connections").apply_method(), Some(&ApplyMethod::PendingReboot));
    }
}
