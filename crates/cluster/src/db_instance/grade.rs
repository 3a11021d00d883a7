//! What each edit of an instance costs: it depends on its role and on whether somebody can take over.

use super::{DbInstance, certificate};
use crate::window::{MOVING, Window};
use auroractl_core::{Context, Impact, Level, Operation, When};

/// AWS's table of what each edit does to an instance.
const MODIFYING: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Modifying.html";
const REBOOTING: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_RebootCluster.html";
const CERTIFICATES: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL-certificate-rotation.html";

/// "An outage doesn't occur during this change."
pub(super) const FREE: Impact = Impact::new(Level::None, MODIFYING);
/// The name of the group changes at once, its static values count after a restart, which AWS never does by itself.
pub(super) const PARAMETERS: Impact = Impact::new(Level::RebootOne, MODIFYING).when(When::AtReboot);
/// Only the create takes it. An instance holds no data of its own.
pub(super) const CLUSTER: Impact = Impact::new(Level::Replace, MODIFYING);

/// What a restart of this instance means for the cluster.
enum Place {
    /// It serves reads beside others.
    Reader,
    /// It serves writes, and a reader can take over.
    Writer,
    /// It serves everything.
    Alone,
}

fn place(context: &Context<'_>) -> Place {
    let own = context.observed.get(context.address).and_then(|seen| seen.live());
    let cluster = own.and_then(|live| live.spec.get("db_cluster_identifier"));
    let serves = |(_, other, _): &(_, DbInstance, _)| {
        other.db_cluster_identifier.known().map(ToString::to_string).as_deref() == cluster.and_then(|id| id.as_str())
    };
    let others = context.all::<DbInstance>().filter(serves).any(|(at, _, _)| at != context.address);
    match (context.own::<DbInstance>().is_some_and(|own| own.is_writer), others) {
        (false, _) => Place::Reader,
        (true, true) => Place::Writer,
        (true, false) => Place::Alone,
    }
}

/// A restart of minutes with the call. The writer's makes Aurora promote a reader, if there is one.
pub(super) fn class(_: &String, _: &String, context: &Context<'_>) -> Impact {
    let level = match place(context) {
        Place::Reader => Level::RebootOne,
        Place::Writer => Level::Failover,
        Place::Alone => Level::WriteOutage,
    };
    Impact::new(level, MODIFYING)
}

/// What waited for the maintenance window is applied at once. Of an instance that is a class or a certificate.
pub(super) fn undeferred(_: &bool, _: &bool, context: &Context<'_>) -> Impact {
    class(&String::new(), &String::new(), context)
}

/// Another maintenance window is nothing by itself. What the stack has left to the window waits for the new one then, and where
/// that covers the present AWS makes it at once: "If there are pending actions that cause a reboot, and the maintenance window
/// is changed to include the current time, then changing this parameter causes a reboot". What others have left there is taken
/// back by the very call, unless that waits for the window itself.
pub(super) fn window(waits: bool) -> impl Fn(&Option<Window>, &Option<Window>, &Context<'_>) -> Impact {
    move |_: &Option<Window>, _: &Option<Window>, context: &Context<'_>| {
        let own = waits && DbInstance::DEFERRED.iter().any(|field| context.pending(field));
        if own || context.pending("engine_version") {
            let Impact { level, .. } = class(&String::new(), &String::new(), context);
            return Impact::new(level, MOVING).when(When::InWindow);
        }
        FREE
    }
}

/// Versions that can't rotate without a restart restart. Which ones can, AWS says; where it was not asked, or may not be
/// asked, a restart is counted.
pub(super) fn certificate(_: &Option<String>, _: &Option<String>, context: &Context<'_>) -> Impact {
    let level = match place(context) {
        _ if context.seamless(certificate::FIELD) => Level::None,
        Place::Reader => Level::RebootOne,
        Place::Writer | Place::Alone => Level::Failover,
    };
    Impact::new(level, CERTIFICATES)
}

/// A restart, since some values wait for one.
pub(super) fn in_sync(_: &Option<bool>, _: &Option<bool>, context: &Context<'_>) -> Impact {
    let level = match place(context) {
        Place::Reader => Level::RebootOne,
        Place::Writer | Place::Alone => Level::Failover,
    };
    Impact::new(level, REBOOTING).when(When::AtReboot)
}

/// Only the create takes it. A reader is made anew; for the writer that would be a failover nobody asked for.
pub(super) fn zone(_: &Option<String>, _: &Option<String>, context: &Context<'_>) -> Impact {
    match place(context) {
        Place::Reader => Impact::new(Level::Replace, MODIFYING),
        Place::Writer | Place::Alone => Impact::impossible(
            MODIFYING,
            "add a member in the wanted zone, fail over to it, and take this one out of the stack",
            &[Operation::MoveMember],
        ),
    }
}

/// RDS could rename it, with a restart and another endpoint; the record would lose its name.
pub(super) fn rename(_: &String, _: &String, context: &Context<'_>) -> Impact {
    match place(context) {
        Place::Reader => Impact::new(Level::Replace, MODIFYING),
        Place::Writer | Place::Alone => Impact::impossible(
            MODIFYING,
            "add a member of the wanted name, fail over to it, and take this one out of the stack",
            &[Operation::MoveMember],
        ),
    }
}
