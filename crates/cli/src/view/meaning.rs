//! What a change means to whoever reads the plan: an interruption, data, money, or none of them.

use super::words;
use auroractl_core::cost::Total;
use auroractl_core::diff::FieldChange;
use auroractl_core::plan::{Action, Change};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Group, Level, When};
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
    /// Somebody who uses the database notices: while it is applied, or in the maintenance window that it is left to.
    Interrupts,
    /// Something is deleted or made anew, or would be and is refused; or an edit deletes what AWS has kept until now.
    Data,
    /// The bill changes.
    Money,
    /// None of these.
    Rest,
}

/// The meanings of a plan's changes, by its forecast.
pub(crate) struct Meanings<'a> {
    felt: BTreeSet<&'a Address>,
    edited: BTreeSet<&'a Address>,
    later: BTreeSet<(&'a Address, &'a str)>,
    bill: &'a BTreeMap<Address, Total>,
}

impl<'a> Meanings<'a> {
    /// Reads the forecast.
    pub(crate) fn by(forecast: &'a Forecast) -> Self {
        // One without fields is an operation's: a failover belongs to no change, a restart to the member that makes it.
        let caused = forecast.outage.windows.iter().filter(|window| !window.fields.is_empty());
        Self {
            felt: caused.map(|window| &window.by).chain(acted(forecast, &[Verb::Restart])).collect(),
            edited: acted(forecast, &[Verb::Update, Verb::Adopt]).collect(),
            later: forecast.outage.later.iter().map(|later| (&later.address, later.field.as_str())).collect(),
            bill: &forecast.money.delta,
        }
    }

    /// Does somebody who uses the database notice this change, while it is applied or in the maintenance window?
    pub(crate) fn interrupts(&self, change: &Change) -> bool {
        let noticed = |field: &FieldChange| self.restarts(&change.address, field) || self.waits(&change.address, field);
        self.felt.contains(&change.address) || change.fields.iter().any(noticed)
    }

    /// Does the run leave this value to the maintenance window, where it interrupts?
    fn waits(&self, address: &Address, field: &FieldChange) -> bool {
        let level = field.impact.level;
        let interrupts = level >= Level::Reconnect && level < Level::Replace;
        interrupts && field.impact.when == When::InWindow && self.edited.contains(address)
    }

    /// Does this value wait for a restart, and does the run make it? The restart is a step of the members, so that no
    /// window of the change itself tells of it.
    fn restarts(&self, address: &Address, field: &FieldChange) -> bool {
        let level = field.impact.level;
        let waits = field.impact.when == When::AtReboot && level >= Level::RebootOne && level < Level::Replace;
        waits && self.edited.contains(address) && !self.later.contains(&(address, field.path.as_str()))
    }

    /// The meaning of a change.
    pub(crate) fn of(&self, change: &Change) -> Meaning {
        let gone = matches!(change.action, Action::Refused | Action::Replace | Action::Delete | Action::Forget);
        let deletes = change.fields.iter().any(|field| field.impact.deletes());
        if gone || deletes || !change.deposed.is_empty() {
            Meaning::Data
        } else if self.interrupts(change) {
            Meaning::Interrupts
        } else if change.action.is_change() && bills(change) && self.bill.contains_key(&change.address) {
            Meaning::Money
        } else {
            Meaning::Rest
        }
    }
}

/// The resources that have a step of one of these verbs.
fn acted<'a>(forecast: &'a Forecast, verbs: &'static [Verb]) -> impl Iterator<Item = &'a Address> {
    let steps = forecast.program.steps.iter().filter(move |step| verbs.contains(&step.verb));
    steps.map(|step| &step.address)
}

impl Meaning {
    /// All, in the order in which they are shown.
    pub(crate) const ALL: [Self; 4] = [Self::Interrupts, Self::Data, Self::Money, Self::Rest];

    /// Its heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Interrupts => "Interrupts users of the database",
            Self::Data => "Deletes or replaces something, or is refused",
            Self::Money => "Changes the bill",
            Self::Rest => "Everything else",
        }
    }
}

/// Is an edit noticed, now or later?
pub(crate) fn noticed(change: &Change) -> bool {
    change.action.is_change() && change.impact > Level::None && change.impact < Level::Replace
}

/// May the bill of its resource change by its own doing? What only takes back what a run left behind (autoscaling that is
/// resumed) costs nothing: where the bill changes beside it, that is for the edits of others.
pub(crate) fn bills(change: &Change) -> bool {
    change.fields.is_empty() || change.fields.iter().any(|field| words::left_behind(&field.path).is_none())
}

/// Is there anything to say of it?
pub(crate) fn changed(change: &Change) -> bool {
    change.action.is_change() || !change.pending.is_empty() || !change.deposed.is_empty() || ails(change)
}

/// Is it left as it is though it can't be used?
pub(crate) fn ails(change: &Change) -> bool {
    !change.action.is_change() && change.ailing().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{self, calm, step};
    use auroractl_core::Impact;
    use auroractl_core::outage::{Later, Outage};
    use serde_json::Value;

    fn at(address: &str) -> Address {
        address.parse().unwrap()
    }

    fn edit(address: &str, impact: Impact) -> Change {
        let field = FieldChange { path: "field".to_owned(), before: Value::Null, after: Value::Null, impact };
        Change { fields: vec![field], ..Change::bare(at(address), Group::Params, Action::Update) }
    }

    /// Of a run with these steps, in which nobody is away, and in which these edits count later.
    fn forecast(steps: &[(&str, Verb)], later: &[&str]) -> Forecast {
        let counts = |address: &&str| Later {
            address: at(address),
            field: "field".to_owned(),
            when: When::AtReboot,
            window: None,
            level: Level::RebootAll,
        };
        let steps = steps.iter().map(|(address, verb)| step(address, *verb)).collect();
        testing::forecast(steps, Outage { later: later.iter().map(counts).collect(), ..calm() })
    }

    #[test]
    fn values_that_get_their_restart_interrupt_and_so_does_who_restarts() {
        let group = edit("db_parameter_group.main", Impact::new(Level::RebootAll, "a page").when(When::AtReboot));
        let member = Change::bare(at("db_instance.a"), Group::Cluster, Action::NoOp);
        let steps = [("db_parameter_group.main", Verb::Update), ("db_instance.a", Verb::Restart)];
        let of = |forecast: &Forecast| (Meanings::by(forecast).of(&group), Meanings::by(forecast).of(&member));
        assert_eq!(of(&forecast(&steps, &[])), (Meaning::Interrupts, Meaning::Interrupts));
        let waits = forecast(&[steps[0]], &["db_parameter_group.main"]);
        assert_eq!(of(&waits), (Meaning::Rest, Meaning::Rest), "nobody restarts in this run");
    }

    #[test]
    fn what_is_left_to_the_window_interrupts_then() {
        let class = |level| edit("db_instance.a", Impact::new(level, "a page").when(When::InWindow));
        let made = forecast(&[("db_instance.a", Verb::Update)], &[]);
        let of = |forecast: &Forecast, level| Meanings::by(forecast).of(&class(level));
        assert_eq!(of(&made, Level::Failover), Meaning::Interrupts);
        assert_eq!(of(&made, Level::None), Meaning::Rest, "nobody notices it then, either");
        assert_eq!(of(&forecast(&[], &[]), Level::Failover), Meaning::Rest, "this run does not make it");
    }

    #[test]
    fn what_only_takes_back_what_a_run_left_is_no_change_of_the_bill() {
        let impact = || Impact::new(Level::None, "a page");
        let mut resumed = edit("scalable_target.readers", impact());
        let mut forecast = forecast(&[("scalable_target.readers", Verb::Update)], &[]);
        forecast.money.delta.insert(resumed.address.clone(), Total::default());
        assert_eq!(Meanings::by(&forecast).of(&resumed), Meaning::Money);
        resumed.fields[0].path = "suspended".to_owned();
        assert_eq!(Meanings::by(&forecast).of(&resumed), Meaning::Rest);
    }

    #[test]
    fn an_edit_by_which_something_is_deleted_is_about_data() {
        let calm = forecast(&[], &[]);
        let of = |impact: Impact| Meanings::by(&calm).of(&edit("db_cluster.main", impact));
        let free = Impact::new(Level::None, "a page");
        assert_eq!((of(free.clone()), of(free.for_good())), (Meaning::Rest, Meaning::Data));
        assert_eq!(of(Impact::new(Level::RebootAll, "a page").for_good()), Meaning::Rest, "a version loses nothing");
    }
}
