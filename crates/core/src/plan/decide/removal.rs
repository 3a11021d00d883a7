//! What is done to a resource that the stack does not want, and what stands against it.

use super::{Case, Run, malformed, replaced_outside};
use crate::address::Address;
use crate::guard;
use crate::observed::{Live, Observed, Owner, Readiness};
use crate::plan::{Action, Change, PlanError, Reason, RefusalClass};
use crate::standing::forgoes_data;
use crate::state::{Intent, Verb};
use std::collections::BTreeSet;

/// Removals.
impl Run<'_> {
    /// Recorded or intended resources that the stack does not want, in reverse order of address.
    pub(super) fn unwanted(&self) -> Vec<Address> {
        let state = self.inputs.state;
        let intended = state.intents.iter().filter(|intent| intent.verb == Verb::Create).map(|intent| &intent.address);
        let mut gone: BTreeSet<&Address> = state.resources.keys().chain(state.deposed.keys()).chain(intended).collect();
        gone.retain(|at| self.inputs.graph.node(at).is_none());
        gone.into_iter().rev().cloned().collect()
    }

    pub(super) fn removal(&self, address: &Address) -> Result<Change, PlanError> {
        let record = self.inputs.state.resources.get(address);
        let intent = self.inputs.state.create_intent(address);
        let kind = self.kind(address, address.kind())?;
        let left = || self.inputs.state.deposed(address).first().map(|old| &old.applied);
        let spec = record.map(|record| &record.applied).or(intent.map(|intent| &intent.spec)).or_else(left);
        let spec = spec.cloned().unwrap_or_default();
        let case = Case { address, kind, spec, record, intent, observed: self.inputs.observed.get(address) };
        let generation = record.map(|record| record.generation).or(intent.map(|intent| intent.generation)).unwrap_or(0);
        let why = match self.inputs.graph.surges().contains_key(address) {
            _ if self.inputs.options.destroy => Reason::Destroyed,
            true => Reason::StandsIn,
            false => Reason::RemovedFromStack,
        };
        let mut change = match case.observed {
            Some(Observed::Unknown(why)) => {
                return Ok(self.refuse(
                    &case,
                    RefusalClass::Unknown,
                    format!("it could not be looked at: {why}"),
                    "run again when AWS answers",
                ));
            }
            // A plan without a look goes by the records, and what an interrupted run was making stands in none.
            None if record.is_none() && intent.is_some_and(|intent| intent.attempted) => {
                return Ok(self.unsought(&case));
            }
            None | Some(Observed::Absent) if record.is_none() && intent.is_none() => {
                return self.change(&case, Action::NoOp, vec![why], generation);
            }
            None | Some(Observed::Absent) => self.change(&case, Action::Forget, vec![why], generation)?,
            // An intent that came to nothing, and somebody else has taken the name.
            Some(Observed::Live(live))
                if record.is_none() && !intent.is_some_and(|intent| live.made_as(&intent.oid)) =>
            {
                self.change(&case, Action::Forget, vec![why], generation)?
            }
            Some(Observed::Live(_)) if let Some(by) = self.needed_by_remains(address) => {
                self.change(&case, Action::Forget, vec![why, Reason::Kept { by }], generation)?
            }
            Some(Observed::Live(live)) if let Some(what) = live.needed_by.clone() => {
                self.change(&case, Action::Forget, vec![why, Reason::Needed { what }], generation)?
            }
            Some(Observed::Live(live)) => match self.may_delete(&case, live)? {
                Some(refused) => return Ok(refused),
                None => self.change(&case, Action::Delete, vec![why], generation)?,
            },
        };
        change.old_generation = Some(generation);
        if let Some(record) = record {
            (change.oid, change.name) = (record.oid.clone(), record.name.clone());
        }
        Ok(change)
    }

    /// May an interrupted run have made it, unlike the stack wants it now, and was not looked for? The same create is sent again
    /// as it was; another one would take its place in the journal, and its object would be forgotten.
    pub(super) fn edited_unsought(&self, case: &Case<'_>) -> bool {
        let wanted = self.inputs.graph.any(case.address).map(|node| &node.spec);
        let edited = |intent: &Intent| intent.attempted && wanted != Some(&intent.spec);
        case.record.is_none() && case.intent.is_some_and(edited)
    }

    pub(super) fn unsought(&self, case: &Case<'_>) -> Change {
        self.refuse(
            case,
            RefusalClass::Unknown,
            "an interrupted run may have made it, and it was not looked for".to_owned(),
            "run with a look at AWS (`--refresh=true`)",
        )
    }

    /// Whom to permit so that this one may go: a member whose cluster goes goes with it.
    fn goes_with<'s>(&'s self, address: &'s Address) -> &'s Address {
        let parent = guard::parent(address, self.inputs.state);
        parent.filter(|parent| self.inputs.graph.node(parent).is_none()).unwrap_or(address)
    }

    /// A resource that is deleted and leaves behind what needs this one: a cluster's final snapshot its key. It may be
    /// gone already, by an interrupted run.
    fn needed_by_remains(&self, address: &Address) -> Option<Address> {
        let users = self
            .inputs
            .state
            .resources
            .iter()
            .filter(|(at, record)| record.deps.contains(address) && self.inputs.graph.node(at).is_none());
        let mut leaving = users.filter(|(at, record)| {
            let needs = self.inputs.kinds.pure(at.kind()).and_then(|kind| kind.remains_need(&record.applied).ok());
            needs.is_some_and(|kinds| kinds.contains(&address.kind()))
        });
        let left = || self.inputs.state.kept_by(address);
        leaving.next().map(|(at, _)| at).or_else(left).cloned()
    }

    /// The refusal of a deletion, if it is refused.
    fn may_delete(&self, case: &Case<'_>, live: &Live) -> Result<Option<Change>, PlanError> {
        if let Some(record) = case.record
            && (replaced_outside(record, live) || matches!(&live.owner, Owner::Oid(oid) if *oid != record.oid))
        {
            let message = "the resource of this name is not the one that auroractl made".to_owned();
            return Ok(Some(self.refuse(
                case,
                RefusalClass::Conflict,
                message,
                "drop the record with `auroractl state rm`",
            )));
        }
        // A run may have been interrupted before it wrote down that it was usable, and what is being made may be usable
        // before the delete arrives.
        let usable = matches!(live.readiness, Readiness::Ready | Readiness::Pending(_) | Readiness::Halted(_));
        let settled = case.record.is_some_and(|record| record.settled) || usable;
        // Neither what is made anew counts, nor what is not there: for a while nobody would serve. Who stands in while they
        // are made goes when they are there.
        let stands_in = self.inputs.graph.surges().contains_key(case.address);
        let remains = |at: &Address| self.made.get(at).is_some_and(|made| made.is_some() || stands_in);
        let forgone = forgoes_data(self.inputs.state, self.inputs.options);
        let holds_data = settled && !forgone && guard::data_bearing(case.address, self.inputs.state, &remains);
        let malformed = |source| malformed(case.address, source);
        let obstacles = Obstacles {
            holds_data,
            permitted: guard::permitted(case.address, self.inputs.state, &self.inputs.options.allow_delete),
            // AWS refuses it in any stack, and would do so when the members are gone.
            protected: case.kind.protection(&live.spec).map_err(malformed)?,
            unsaved: case.kind.unsaved(&case.spec).map_err(malformed)?.filter(|_| holds_data),
            unheard: holds_data && self.inputs.options.ephemeral,
        };
        let refusal = obstacles.refusal(case.address, self.goes_with(case.address));
        Ok(refusal.map(|(class, message, way_out)| self.refuse(case, class, message, &way_out)))
    }
}

/// What stands against a deletion.
struct Obstacles {
    /// It holds data, in a stack whose data counts.
    holds_data: bool,
    /// The user permitted it by name.
    permitted: bool,
    /// The setting by which AWS refuses it.
    protected: Option<&'static str>,
    /// The setting because of which nothing of the data would be left.
    unsaved: Option<&'static str>,
    /// The stack file says that its data may go with it, and no earlier run has written that down.
    unheard: bool,
}

impl Obstacles {
    /// Class, message and way out: everything that has to be done, at once.
    fn refusal(&self, address: &Address, permit: &Address) -> Option<(RefusalClass, String, String)> {
        let Self { holds_data, permitted, protected, unsaved, unheard } = *self;
        let asks = holds_data && !permitted;
        if !asks && protected.is_none() && unsaved.is_none() {
            return None;
        }
        let class = if asks || unsaved.is_some() { RefusalClass::DataBearing } else { RefusalClass::Protected };
        // A member holds nothing itself; that nobody would serve what its cluster holds is as good a reason to ask.
        let holds = asks.then(|| match guard::holds_data(address.kind()) {
            true => "it holds data".to_owned(),
            false => "no member would be left to serve what its cluster holds".to_owned(),
        });
        let on = protected.map(|setting| format!("`{setting}` is on"));
        let off = unsaved.map(|setting| format!("`{setting}` is off"));
        let message: Vec<String> = holds.into_iter().chain(on).chain(off).collect();
        let lift = protected.map(|setting| format!("`{setting} = false`"));
        let save = unsaved.map(|setting| format!("`{setting} = true`"));
        let settings: Vec<String> = lift.into_iter().chain(save).collect();
        let first = match settings.is_empty() {
            true => None,
            // Rules that demand the protection admit its end where the deletion is permitted, and not otherwise.
            false => {
                let with = if asks { format!(" with `--allow-delete {permit}`") } else { String::new() };
                Some(format!("set {} in the stack file and apply that first{with}", settings.join(" and ")))
            }
        };
        let again = if first.is_some() { " again" } else { "" };
        let last = asks.then(|| format!("say `--allow-delete {permit}`{again}"));
        let way_out: Vec<String> = first.into_iter().chain(last).collect();
        let why = if asks { "to delete it for good, " } else { "" };
        let turn =
            "; or let an apply that deletes no data write `ephemeral` down first: it counts from the next run on";
        let turn = if unheard && protected.is_none() { turn } else { "" };
        Some((class, message.join(", and "), format!("{why}{}{turn}", way_out.join("; then "))))
    }
}
