//! What users of the database feel when a field is edited.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How bad it is, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nobody notices.
    None,
    /// Connections may be dropped once; clients reconnect at once.
    Reconnect,
    /// One instance restarts.
    RebootOne,
    /// A reader takes over from the writer.
    Failover,
    /// Every instance of the cluster restarts.
    RebootAll,
    /// The cluster takes no writes for minutes.
    WriteOutage,
    /// Clients must learn a new endpoint.
    EndpointChange,
    /// AWS can't edit it: the resource is made anew.
    Replace,
    /// AWS can't edit it and making it anew would lose data or an identity.
    Impossible,
}

/// When AWS applies the edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// With the call.
    Now,
    /// At the next restart of the instance.
    AtReboot,
    /// In the next maintenance window.
    InWindow,
}

/// An operation that people run, and that leads to what AWS can't edit. What each consists of is data
/// (`auroractl_stack::procedure`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A blue/green deployment to another major version.
    BlueGreen,
    /// A major upgrade in place.
    MajorInPlace,
    /// A restore from a snapshot, or to a point in time.
    Restore,
    /// A restore under the identifier of what was lost.
    RestoreLost,
    /// A restore beside, with another key or network, and a switch to it while nothing is written.
    RestoreBeside,
    /// A copy beside that follows by logical replication, and a switch to it.
    ReplicateBeside,
    /// A member beside, a failover to it, the end of the old one.
    MoveMember,
    /// A new secret for the master password.
    NewSecret,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::BlueGreen,
        Self::MajorInPlace,
        Self::Restore,
        Self::RestoreLost,
        Self::RestoreBeside,
        Self::ReplicateBeside,
        Self::MoveMember,
        Self::NewSecret,
    ];

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BlueGreen => "blue_green",
            Self::MajorInPlace => "major_in_place",
            Self::Restore => "restore",
            Self::RestoreLost => "restore_lost",
            Self::RestoreBeside => "restore_beside",
            Self::ReplicateBeside => "replicate_beside",
            Self::MoveMember => "move_member",
            Self::NewSecret => "new_secret",
        }
    }
}

/// A graded edit with the source of the claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// How bad.
    pub level: Level,
    /// When.
    pub when: When,
    /// Does the opposite edit bring back what was? What is made anew has another identity; what a shorter retention
    /// deletes is gone; a version does not go back.
    #[serde(default = "yes")]
    pub reversible: bool,
    /// Where AWS says so: a documentation page or the contract it was taken from. Never empty.
    pub source: Cow<'static, str>,
    /// What to do instead, for edits that AWS can't make.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub way_out: Cow<'static, str>,
    /// The operations that would make the edit all the same, the gentlest first.
    #[serde(default, skip_serializing_if = "<[Operation]>::is_empty")]
    pub operations: Cow<'static, [Operation]>,
}

impl Impact {
    /// An edit of the user's tags: nobody notices.
    pub const TAGS: Self =
        Self::new(Level::None, "https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html");

    /// An impact that is felt with the call.
    #[must_use]
    pub const fn new(level: Level, source: &'static str) -> Self {
        Self {
            level,
            when: When::Now,
            reversible: !matches!(level, Level::Replace),
            source: Cow::Borrowed(source),
            way_out: Cow::Borrowed(""),
            operations: Cow::Borrowed(&[]),
        }
    }

    /// The same, felt at another time.
    #[must_use]
    pub const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// The same, and the opposite edit does not bring back what was.
    #[must_use]
    pub const fn for_good(mut self) -> Self {
        self.reversible = false;
        self
    }

    /// Does the edit itself delete what AWS has kept until now? A shorter retention does, and nobody who uses the database
    /// feels it; what can't be taken back otherwise (a version) takes nothing along.
    #[must_use]
    pub fn deletes(&self) -> bool {
        !self.reversible && self.level == Level::None
    }

    /// An edit that AWS can't make, with what to do instead, and the operations that would make it all the same.
    #[must_use]
    pub const fn impossible(source: &'static str, way_out: &'static str, operations: &'static [Operation]) -> Self {
        Self {
            level: Level::Impossible,
            when: When::Now,
            reversible: true,
            source: Cow::Borrowed(source),
            way_out: Cow::Borrowed(way_out),
            operations: Cow::Borrowed(operations),
        }
    }
}

fn yes() -> bool {
    true
}
