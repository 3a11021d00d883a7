//! Network: the VPC and what is in it, and the DB subnet group that the cluster is put into.
//!
//! One file per kind, one line in [`KINDS`].

mod vpc;

use auroractl_aws::Aws;
use auroractl_core::Of;
use auroractl_engine::Kind;

pub use vpc::{Vpc, VpcOutputs};

/// The kinds of this crate.
pub const KINDS: &[&dyn Kind<Aws>] = &[&Of::<Vpc>::NEW];
