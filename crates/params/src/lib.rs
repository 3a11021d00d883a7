//! Parameter groups of cluster and instances, the catalogue of what RDS accepts in them, and parameters by workload.
//!
//! One file per kind, one line in [`KINDS`]; what the catalogue is not sure of is found by [`preflight`].

mod db_cluster_parameter_group;
mod db_parameter_group;
mod group;
mod parameters;

pub mod catalogue;
pub mod classes;
pub mod engines;
pub mod formula;
pub mod preflight;
pub mod workload;

use auroractl_aws::Aws;
use auroractl_core::Of;
use auroractl_engine::Kind;

pub use db_cluster_parameter_group::{DbClusterParameterGroup, DbClusterParameterGroupOutputs};
pub use db_parameter_group::{DbParameterGroup, DbParameterGroupOutputs};
pub use parameters::{Edits, PER_CALL, Parameters};

/// The kinds of this crate.
pub const KINDS: &[&dyn Kind<Aws>] = &[&Of::<DbClusterParameterGroup>::NEW, &Of::<DbParameterGroup>::NEW];
