//! What a change means to whoever reads the plan: an interruption, data, money, or none of them.

use auroractl_core::cost::Total;
use auroractl_core::plan::{Action, Change};
use auroractl_core::{Address, Group, Level};
use auroractl_stack::Forecast;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The parts of a stack, in the order in which they are shown.
pub(crate) const GROUPS: [Group; 5] =
    [Group::Network, Group::Security, Group::Params, Group::Cluster, Group::Monitoring];

/// What a change means, the gravest first. Every change has one meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Meaning {
    /// Somebody who uses the database notices while it is applied.
    Interrupts,
    /// Something is deleted or made anew, or would be and is refused.
    Data,
    /// The bill changes.
    Money,
    /// None of these.
    Rest,
}

/// The meanings of a plan's changes, by its forecast.
pub(crate) struct Meanings<'a> {
    felt: BTreeSet<&'a Address>,
    bill: &'a BTreeMap<Address, Total>,
}

impl<'a> Meanings<'a> {
    /// Reads the forecast.
    pub(crate) fn by(forecast: &'a Forecast) -> Self {
        // One without fields is an operation's, a failover for example: it belongs to no change.
        let caused = forecast.outage.windows.iter().filter(|window| !window.fields.is_empty());
        let felt = caused.map(|window| &window.by).collect();
        Self { felt, bill: &forecast.money.delta }
    }

    /// Does somebody who uses the database notice this change while it is applied?
    pub(crate) fn interrupts(&self, change: &Change) -> bool {
        self.felt.contains(&change.address)
    }

    /// The meaning of a change.
    pub(crate) fn of(&self, change: &Change) -> Meaning {
        let gone = matches!(change.action, Action::Refused | Action::Replace | Action::Delete | Action::Forget);
        if gone || !change.deposed.is_empty() {
            Meaning::Data
        } else if self.interrupts(change) {
            Meaning::Interrupts
        } else if change.action.is_change() && self.bill.contains_key(&change.address) {
            Meaning::Money
        } else {
            Meaning::Rest
        }
    }
}

impl Meaning {
    /// All, in the order in which they are shown.
    pub(crate) const ALL: [Self; 4] = [Self::Interrupts, Self::Data, Self::Money, Self::Rest];

    /// Its heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Interrupts => "Interrupts users of the database",
            Self::Data => "Deletes, replaces, is refused",
            Self::Money => "Changes the bill",
            Self::Rest => "Everything else",
        }
    }
}

/// Is an edit noticed, now or later?
pub(crate) fn noticed(change: &Change) -> bool {
    change.action.is_change() && change.impact > Level::None && change.impact < Level::Replace
}

/// Is there anything to say of it?
pub(crate) fn changed(change: &Change) -> bool {
    change.action.is_change() || !change.pending.is_empty() || !change.deposed.is_empty() || ails(change)
}

/// Is it left as it is though it can't be used?
pub(crate) fn ails(change: &Change) -> bool {
    !change.action.is_change() && change.ailing().is_some()
}
