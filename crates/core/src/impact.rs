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
    /// The writer changes its place.
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

/// A graded edit with the source of the claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// How bad.
    pub level: Level,
    /// When.
    pub when: When,
    /// Where AWS says so: a documentation page or the contract it was taken from.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub source: Cow<'static, str>,
    /// What to do instead, for edits that AWS can't make.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub way_out: Cow<'static, str>,
}

impl Impact {
    /// Nobody notices: tags, descriptions, alarms.
    pub const NONE: Self = Self::new(Level::None, "");
    /// The resource is made anew; it holds no data.
    pub const REPLACE: Self = Self::new(Level::Replace, "");

    /// An impact that is felt with the call.
    #[must_use]
    pub const fn new(level: Level, source: &'static str) -> Self {
        Self { level, when: When::Now, source: Cow::Borrowed(source), way_out: Cow::Borrowed("") }
    }

    /// The same, felt at another time.
    #[must_use]
    pub const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// An edit that AWS can't make, with what to do instead.
    #[must_use]
    pub const fn impossible(source: &'static str, way_out: &'static str) -> Self {
        Self {
            level: Level::Impossible,
            when: When::Now,
            source: Cow::Borrowed(source),
            way_out: Cow::Borrowed(way_out),
        }
    }
}
