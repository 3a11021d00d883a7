//! The Aurora PostgreSQL cluster, its instances, the autoscaling of its readers, and its backups by AWS Backup.
//!
//! One file per kind, one line in [`KINDS`]; what must move together stands in
//! [`LOWERINGS`]; what AWS would refuse is found by [`preflight`] and [`authorities`].

mod backup_plan;
mod backup_selection;
mod backup_vault;
mod db_cluster;
mod db_instance;
mod describe;
mod edit;
mod founders;
mod lowering;
mod overview;
mod scalable_target;
mod scaling_policy;
mod status;
#[cfg(test)]
mod testing;
mod told;
mod version;
mod window;

pub mod authorities;
pub mod live;
pub mod preflight;

use auroractl_aws::Aws;
use auroractl_core::Of;
use auroractl_core::lower::Lowering;
use auroractl_engine::Kind;

pub use backup_plan::{BackupPlan, BackupPlanOutputs, BackupRule};
pub use backup_selection::{BackupSelection, BackupSelectionOutputs};
pub use backup_vault::{BackupVault, BackupVaultOutputs};
pub use db_cluster::{DbCluster, DbClusterOutputs, InsightsMode, ServerlessV2Scaling, StorageType};
pub use db_instance::{DbInstance, DbInstanceOutputs};
pub use founders::Founders;
pub use lowering::{Handover, LAST_FOLLOWING_TIER, Members, Newcomers, Pauses, Restarts, Surges, strength};
pub use overview::{ClusterOverview, MemberOverview, autoscaled, lowered, overview};
pub use scalable_target::{ScalableTarget, ScalableTargetOutputs};
pub use scaling_policy::{ReaderMetric, ScalingPolicy, ScalingPolicyOutputs};
pub use window::Window;

/// The kinds of this crate.
pub const KINDS: &[&dyn Kind<Aws>] = &[
    &Of::<BackupPlan>::NEW,
    &Of::<BackupSelection>::NEW,
    &Of::<BackupVault>::NEW,
    &Of::<DbCluster>::NEW,
    &Of::<DbInstance>::NEW,
    &Of::<ScalableTarget>::NEW,
    &Of::<ScalingPolicy>::NEW,
];

/// Resources that must move together. Restarts are parts of turns, and so are both halves of a replacement in their order;
/// what follows goes by the turns.
pub const LOWERINGS: &[&dyn Lowering] = &[&Restarts, &Newcomers, &Members, &Surges, &Handover, &Pauses, &Founders];
