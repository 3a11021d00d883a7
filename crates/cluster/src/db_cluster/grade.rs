//! What each edit of a cluster costs.

use super::{DbCluster, ServerlessV2Scaling, StorageType};
use crate::db_instance::{DbInstance, SERVERLESS};
use crate::version::{self, Step};
use crate::window::{MOVING, Window};
use auroractl_core::ids::{KmsKeyArn, SecurityGroupId};
use auroractl_core::plan::CLUSTER_TIMED;
use auroractl_core::{Context, Diff, Impact, Input, Level, Operation, When};
use std::collections::BTreeSet;

/// Into another network, or under another key: a new cluster either way.
const BESIDE: &[Operation] = &[Operation::ReplicateBeside, Operation::RestoreBeside];
/// AWS's table of what each edit does to a cluster.
const MODIFYING: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Modifying.html";
const MAJOR: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html";
const MINOR: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.PostgreSQL.MinorUpgrade.html";
const PARAMETER_GROUPS: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_WorkingWithDBClusterParamGroups.html";
const ENCRYPTING: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html";
const SECRET: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html";
/// AWS's answer, "You can't change your Performance Insights KMS key", which no page of its documentation has.
const INSIGHTS: &str = "https://github.com/hashicorp/terraform-provider-aws/issues/42981";
const CAPACITY: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html";
const STORAGE: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.Aurora_Fea_Regions_DB-eng.Feature.storage-type.html";

impl DbCluster {
    /// The fields whose edits wait for the maintenance window where the stack says so.
    pub const DEFERRED: &'static [&'static str] = CLUSTER_TIMED;
}

/// "An outage doesn't occur during this change."
pub(super) const FREE: Impact = Impact::new(Level::None, MODIFYING);
/// All instances restart at once, whatever `ApplyImmediately` says.
pub(super) const PORT: Impact = Impact::new(Level::RebootAll, MODIFYING);
/// The new group is in use at once and its static values after a restart, which AWS never does by itself.
pub(super) const PARAMETERS: Impact = Impact::new(Level::RebootAll, PARAMETER_GROUPS).when(When::AtReboot);
/// The new range is in use at once. What follows from it and is static (`max_connections`, the number of autovacuum workers)
/// counts after a restart of each serverless member, as in a parameter group.
const COMPUTED: Impact = Impact::new(Level::RebootAll, CAPACITY).when(When::AtReboot);
/// `ModifyDBCluster` can rename; every client would have to learn new endpoints, and the record its new name.
pub(super) const NAME: Impact = Impact::impossible(
    MODIFYING,
    "put the old identifier back; a cluster can't get another name through auroractl",
    &[],
);
/// Only the create takes it.
pub(super) const DATABASE: Impact =
    Impact::impossible(MODIFYING, "put the old name back and make the further database with CREATE DATABASE", &[]);
/// Only the create takes it.
pub(super) const MASTER_USER: Impact = Impact::impossible(
    MODIFYING,
    "put the old name back and make the further user with CREATE ROLE … IN ROLE rds_superuser",
    &[],
);
/// Only the create takes it; another VPC means another cluster.
pub(super) const SUBNETS: Impact = Impact::impossible(
    MODIFYING,
    "put the old subnet group back; to move, restore or clone into the other group under a new identifier, then switch over",
    BESIDE,
);
/// Only create and restore take it.
pub(super) const ENCRYPTION: Impact = Impact::impossible(
    ENCRYPTING,
    "put the old key back; to change it, restore a snapshot with the new key under a new identifier, then switch over",
    BESIDE,
);

/// What waited for the maintenance window is applied at once: of all that waits a version restarts, and a storage type
/// where it does so at any time.
pub(super) fn undeferred(_: &bool, _: &bool, context: &Context<'_>) -> Impact {
    if context.pending("engine_version") {
        return Impact::new(Level::RebootAll, MODIFYING);
    }
    if context.pending("storage_type") {
        return storage_type(&StorageType::Aurora, &StorageType::AuroraIopt1, context);
    }
    FREE
}

/// Another maintenance window is nothing by itself. What is pending waits for it then, and where it covers the present AWS makes
/// that at once: "If there are pending actions that cause a reboot, and the maintenance window is changed to include the current
/// time, then changing this parameter causes a reboot". No plan knows when it will be applied, so it is counted in the window.
pub(super) fn window(_: &Window, _: &Window, context: &Context<'_>) -> Impact {
    match undeferred(&true, &false, context).level {
        Level::None => FREE,
        level => Impact::new(level, MOVING).when(When::InWindow),
    }
}

/// An edit whose call AWS is told to apply at once: it takes along what was left to the maintenance window, whoever left it
/// there, and is felt as the worse of both. One that waits for the window itself takes nothing along.
pub(super) fn hurried<T>(
    waits: bool,
    grade: impl Fn(&T, &T, &Context<'_>) -> Impact,
) -> impl Fn(&T, &T, &Context<'_>) -> Impact {
    move |old: &T, new: &T, context: &Context<'_>| {
        let own = grade(old, new, context);
        let along = undeferred(&true, &false, context).level;
        if waits || along <= own.level {
            return own;
        }
        Impact { level: along, reversible: own.reversible && !context.pending("engine_version"), ..own }
    }
}

/// Nobody notices, whenever it is.
pub(super) fn free<T>(_: &T, _: &T, _: &Context<'_>) -> Impact {
    FREE
}

/// A version goes up by minor versions only, and never back.
pub(super) fn engine_version(old: &str, new: &str) -> Impact {
    match version::step(old, new, false) {
        Step::None | Step::Minor => Impact::new(Level::RebootAll, MINOR).for_good(),
        Step::Back => Impact::impossible(
            MINOR,
            "a version can't go back: write the version that AWS runs into the stack, or set auto_minor_version_upgrade, \
             which makes the stack's version the least one",
            &[Operation::Restore],
        ),
        Step::Major => Impact::impossible(
            MAJOR,
            "a major upgrade is an operation of its own: rehearse it on a clone, make it at AWS (blue/green or in place), \
             then write the new version into the stack",
            &[Operation::BlueGreen, Operation::MajorInPlace],
        ),
    }
}

/// What is older than a shorter retention goes: RDS deletes automated backups, and the history of insights.
pub(super) fn retention<T: PartialOrd>(old: &T, new: &T, _: &Context<'_>) -> Impact {
    if new < old { FREE.for_good() } else { FREE }
}

/// Clients of a group that leaves are cut off; the others notice nothing.
pub(super) fn security_groups(
    old: &BTreeSet<Input<SecurityGroupId>>,
    new: &BTreeSet<Input<SecurityGroupId>>,
    _: &Context<'_>,
) -> Impact {
    let level = if old.is_subset(new) { Level::None } else { Level::Reconnect };
    Impact::new(level, MODIFYING)
}

/// While RDS manages the password, the key of its secret is fixed.
pub(super) fn secret_key(old: &Option<Input<KmsKeyArn>>, _: &Option<Input<KmsKeyArn>>, _: &Context<'_>) -> Impact {
    match old {
        None => FREE,
        Some(_) => Impact::impossible(
            SECRET,
            "put the old key back; to change it, let RDS stop managing the password and start again at AWS, which makes a new secret",
            &[Operation::NewSecret],
        ),
    }
}

/// The key of insights' history is fixed from the moment there is one.
pub(super) fn insights_key(old: &Option<Input<KmsKeyArn>>, _: &Option<Input<KmsKeyArn>>, _: &Context<'_>) -> Impact {
    match old {
        None => FREE,
        Some(_) => Impact::impossible(
            INSIGHTS,
            "put the old key back: RDS keeps the key that Performance Insights were first encrypted with",
            &[],
        ),
    }
}

/// Free, except that classes with local NVMe storage restart.
pub(super) fn storage_type(_: &StorageType, _: &StorageType, context: &Context<'_>) -> Impact {
    let local = |class: &str| class.split('.').nth(1).is_some_and(|family| family.ends_with('d'));
    let restarts = context.all::<DbInstance>().any(|(_, instance, _)| local(&instance.db_instance_class));
    Impact::new(if restarts { Level::RebootAll } else { Level::None }, STORAGE)
}

/// Compares capacity ranges number by number: what the stack leaves open is AWS's. Where there is no serverless member
/// nobody goes by them.
pub(super) fn serverless(old: Option<&ServerlessV2Scaling>, new: Option<&ServerlessV2Scaling>, d: &mut Diff<'_>) {
    let Some(new) = new else { return };
    let path = |field: &str| format!("serverless_v2_scaling_configuration.{field}");
    let bound = |least: f64| binds(least, new.max_capacity);
    let rebinds = old.is_some_and(|old| bound(old.min_capacity) != bound(new.min_capacity));
    let least = |_: &Option<f64>, _: &Option<f64>, context: &Context<'_>| {
        if rebinds && goes_by_range(context) { COMPUTED } else { FREE }
    };
    let most = |_: &Option<f64>, _: &Option<f64>, context: &Context<'_>| {
        if goes_by_range(context) { COMPUTED } else { FREE }
    };
    d.field(&path("min_capacity"), &old.map(|range| range.min_capacity), &Some(new.min_capacity), least)
        .field(&path("max_capacity"), &old.map(|range| range.max_capacity), &Some(new.max_capacity), most)
        .managed(
            &path("seconds_until_auto_pause"),
            &old.and_then(|range| range.seconds_until_auto_pause),
            &new.seconds_until_auto_pause,
            FREE,
        );
}

/// Is a member there whose values follow from the capacity range?
fn goes_by_range(context: &Context<'_>) -> bool {
    context.all::<DbInstance>().any(|(_, instance, _)| instance.db_instance_class == SERVERLESS)
}

/// Does the least capacity bound `max_connections`? AWS caps it at 2,000 where that is 0 or 0.5 units; from the greatest
/// capacity alone it would be 1,669 with 8 units, and more than the cap only with more of them.
fn binds(least: f64, most: f64) -> bool {
    least < 1.0 && most > 8.0
}

/// Is a capacity range as wanted? AWS fills in the seconds that the stack leaves open.
pub(super) fn satisfies(old: Option<&ServerlessV2Scaling>, new: &ServerlessV2Scaling) -> bool {
    let filled = |old: &ServerlessV2Scaling| ServerlessV2Scaling {
        seconds_until_auto_pause: new.seconds_until_auto_pause.and(old.seconds_until_auto_pause),
        ..*old
    };
    old.map(filled).as_ref() == Some(new)
}
