//! Facts about plans of AWS Backup.

use super::{Fact, Key};
use auroractl_core::Address;
use std::collections::BTreeSet;

/// A plan of AWS Backup that the stack makes, with what it selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupPlan {
    /// Its address.
    pub address: Address,
    /// Names of the clusters that it selects.
    pub clusters: BTreeSet<String>,
    /// Regions that its recovery points are copied to.
    pub copies: BTreeSet<String>,
    /// Keys of the vaults that it writes to; a vault that the stack does not make is not among them.
    pub vault_keys: Vec<Fact<Key>>,
}
