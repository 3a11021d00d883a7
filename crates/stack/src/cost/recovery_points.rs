//! Recovery points of AWS Backup. Those of Aurora cost as its own backups do, whole: nothing of them is free. A copy in
//! another region costs there, at that region's price, and is not counted.

use super::Priced;
use super::sheet::{Sheet, Used};
use super::site::Site;
use auroractl_cluster::BackupVault;
use auroractl_core::Model as _;

pub(super) const PRICED: Priced = Priced { kind: BackupVault::KIND, lines };

fn lines(site: &Site<'_>, sheet: &mut Sheet<'_>) {
    let vaults = site.all::<BackupVault>();
    for (at, _) in &vaults {
        let used = Used::assumed(site.assumed().recovery_point_gib, ("cost.recovery_point_gib", vaults.len()));
        sheet.add(at, "recovery points", (used, "backup"));
    }
}
