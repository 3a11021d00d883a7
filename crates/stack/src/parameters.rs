//! The catalogue of PostgreSQL parameters that comes with auroractl, as the checks of the stack file ask it.

use crate::checks::ParameterCatalogue;
use auroractl_params::catalogue::{self, Problem, Scope};

/// What auroractl knows about parameters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known;

impl ParameterCatalogue for Known {
    fn check(&self, scope: Scope, family: &str, name: &str, value: &str) -> Result<(), Problem> {
        catalogue::check(scope, family, name, value)
    }
}
