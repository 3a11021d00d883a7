//! What one step does at the world, beside all others.
//!
//! A create whose outcome is unknown is never sent again blindly: its worker
//! looks for the resource until the kind's consistency horizon has passed.

use crate::clock::Clock;
use crate::error::{CallError, Class};
use crate::event::Event;
use crate::kind::{Edit, Ending, Kind, RawAsk, RawDone, RawOrder, RawPast};
use crate::look::Look;
use crate::searching::Searching;
use auroractl_core::diff::Context;
use auroractl_core::identity::{Identity, Naming};
use auroractl_core::impact::Level;
use auroractl_core::kind::{Sides, without_foreign_tags};
use auroractl_core::lower::StepId;
use auroractl_core::model::Adoption;
use auroractl_core::observed::{Live, Observed, Owner, Readiness};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// A create is sent so often, when looking shows each time that it was not executed.
const CREATE_ATTEMPTS: u32 = 4;

/// One step's kind, identity and task.
pub(super) struct Worker<W: 'static> {
    pub(super) kind: &'static dyn Kind<W>,
    pub(super) me: Identity,
    pub(super) job: Job,
}

/// The task.
pub(super) enum Job {
    /// Make it. `look_first`: an earlier run may have.
    Create { spec: Value, look_first: bool },
    /// Edit it, if it differs.
    Update { spec: Value, from: Box<Live>, differs: bool },
    /// Delete it, as it is on record.
    Delete(Target),
    /// Send nothing: what is to be deleted is on record elsewhere as well, and stays.
    Leave,
    /// Operate on it.
    Operate(RawOrder),
}

/// What a delete is about.
pub(super) struct Target {
    /// The question about it.
    pub(super) ask: RawAsk,
    /// AWS's immutable id, as it was recorded.
    pub(super) incarnation: Option<String>,
    /// The identities of other objects that are on record under its address.
    pub(super) others: Vec<String>,
    /// See [`crate::kind::Past::parent_stays`].
    pub(super) parent_stays: bool,
    /// See [`crate::kind::Past::permitted`].
    pub(super) permitted: bool,
}

/// What was done.
pub(super) enum Acted {
    Made(RawDone),
    Ended(Ending),
    /// An operation was begun, or has ended already.
    Operated(Readiness),
    /// A create may have been executed, and what was to follow failed: the next run has to look.
    Open(CallError),
}

type Notes = (StepId, UnboundedSender<Event>);

/// Does the task.
pub(super) async fn perform<W: Sync>(
    worker: Worker<W>,
    world: &W,
    clock: &Clock,
    notes: Notes,
) -> (StepId, Result<Acted, CallError>) {
    let step = notes.0;
    let Worker { kind, me, job } = worker;
    let result = match job {
        Job::Create { spec, look_first } => {
            let create = Create { kind, me: &me, spec: &spec, world, clock, notes };
            create.run(look_first).await
        }
        Job::Update { spec, from, differs: true } => {
            let edit = Edit { from: &from, to: &spec };
            kind.update(world, &me, edit).await.map(|done| Acted::Made(waited_for(done, &from)))
        }
        Job::Update { from, differs: false, .. } => Ok(Acted::Made(unchanged(*from))),
        Job::Delete(target) => delete((kind, &me, world), target).await.map(Acted::Ended),
        Job::Leave => Ok(Acted::Ended(Ending::Gone)),
        Job::Operate(order) => kind.operate(world, &me, &order).await.map(Acted::Operated),
    };
    (step, result)
}

fn unchanged(live: Live) -> RawDone {
    let ready = live.readiness == Readiness::Ready;
    RawDone { outputs: live.outputs, incarnation: live.incarnation, ready }
}

/// An edit that takes effect at once does not make usable what AWS is still making.
fn waited_for(done: RawDone, before: &Live) -> RawDone {
    RawDone { ready: done.ready && !matches!(before.readiness, Readiness::Pending(_)), ..done }
}

/// Deletes what is on record. Under a name that people can choose, or that has changed hands before, AWS deletes whatever
/// bears it at that moment: it is looked at right before the call, and what is not ours stays.
async fn delete<W: Sync>(
    (kind, me, world): (&dyn Kind<W>, &Identity, &W),
    target: Target,
) -> Result<Ending, CallError> {
    let Target { ask, incarnation, others, parent_stays, permitted } = target;
    let given = matches!(kind.naming(&ask.spec), Ok(Naming::Given(_)));
    if incarnation.is_some() || given {
        let refuse = |class, why: &str| Err(CallError::new(&format!("delete {}", me.address), class, why));
        match kind.survey(world, &Look::new(), std::slice::from_ref(&ask)).await.map(|mut seen| seen.pop()) {
            // One object bears a name: where its successor does, it is gone. The line that says so may have been lost with
            // the machine of an earlier run.
            Ok(Some(Observed::Live(live))) if given && succeeded(&live, me, &others) => return Ok(Ending::Gone),
            Ok(Some(Observed::Live(live))) if !recorded(&live, me, incarnation.as_ref()) => {
                return refuse(Class::Conflict, "what bears its name now is not what was recorded: it was left alone");
            }
            Ok(Some(Observed::Unknown(why))) => return refuse(Class::Other, &why),
            // Nothing was sent that changes anything.
            Err(error) if error.in_doubt() => return Err(CallError { class: Class::Other, ..error }),
            Err(error) => return Err(error),
            Ok(_) => {}
        }
    }
    let nothing = Value::Null;
    let outputs = ask.outputs.as_ref().unwrap_or(&nothing);
    kind.delete(world, me, RawPast { spec: &ask.spec, outputs, parent_stays, permitted }).await
}

/// Is this another object that is on record under the same address?
fn succeeded(live: &Live, me: &Identity, others: &[String]) -> bool {
    matches!(&live.owner, Owner::Oid(oid) if *oid != me.oid && others.contains(oid))
}

/// Is this the very object that was recorded? Its tags may have been taken off.
fn recorded(live: &Live, me: &Identity, incarnation: Option<&String>) -> bool {
    let same = incarnation.zip(live.incarnation.as_ref()).is_none_or(|(ours, theirs)| ours == theirs);
    same && !matches!(&live.owner, Owner::Oid(oid) if *oid != me.oid)
}

/// A create in progress.
struct Create<'a, W: 'static> {
    kind: &'static dyn Kind<W>,
    me: &'a Identity,
    spec: &'a Value,
    world: &'a W,
    clock: &'a Clock,
    notes: Notes,
}

impl<W: Sync> Create<'_, W> {
    async fn run(&self, look_first: bool) -> Result<Acted, CallError> {
        let mut doubt =
            look_first.then(|| CallError::new("create", Class::Ambiguous, "an earlier run was interrupted"));
        let (mut attempt, mut doubted) = (0, look_first);
        loop {
            if let Some(error) = doubt.take() {
                let earlier = std::mem::replace(&mut doubted, true);
                match self.look(&error).await {
                    Ok(Some(live)) => match self.converge(live).await {
                        // An answer was lost again, a later one: what it did shows at the next look.
                        Err(error) if error.in_doubt() && attempt < CREATE_ATTEMPTS => {
                            attempt += 1;
                            doubt = Some(error);
                            continue;
                        }
                        Err(error) => return Ok(Acted::Open(error)),
                        Ok(done) => return Ok(Acted::Made(done)),
                    },
                    Ok(None) if attempt >= CREATE_ATTEMPTS => return Err(error),
                    Ok(None) => {}
                    // What stands there is not ours: nothing was made. If it can't be told whose it is, that holds for the
                    // first call alone: it may be what an earlier one made.
                    Err(error) if error.class == Class::Conflict => return Err(error),
                    Err(error) if error.class == Class::Exists && !earlier => return Err(error),
                    Err(error) => return Ok(Acted::Open(error)),
                }
            }
            attempt += 1;
            match self.kind.create(self.world, self.me, self.spec).await {
                Err(error) if error.in_doubt() || error.class == Class::Exists => {
                    let (step, notes) = &self.notes;
                    let address = self.me.address.clone();
                    let _ = notes.send(Event::StepInDoubt { step: *step, address, error: error.clone() });
                    doubt = Some(error);
                }
                // Certain of this attempt only: an earlier one may have been executed.
                Err(error) if doubted || error.class == Class::Unfinished => return Ok(Acted::Open(error)),
                result => return result.map(Acted::Made),
            }
        }
    }

    /// Looks for the resource: until the horizon where only the ownership tag
    /// tells, or where AWS says that it exists; else once, since name, token or
    /// guard make a second create harmless.
    async fn look(&self, doubt: &CallError) -> Result<Option<Live>, CallError> {
        let must_wait = self.kind.adoption() == Adoption::Untokened || doubt.class == Class::Exists;
        let horizon = Duration::from_secs_f32(self.kind.timing().horizon.max(0.0));
        let ask = [RawAsk { identity: self.me.clone(), spec: self.spec.clone(), outputs: None }];
        let mut searching = Searching::new(self.clock, Duration::from_secs(1));
        loop {
            let spent = searching.spent();
            let seen = self.kind.survey(self.world, &Look::new(), &ask).await?.pop();
            match seen {
                Some(Observed::Live(live)) => return self.ours(*live, doubt).map(Some),
                _ if must_wait && spent < horizon => {}
                Some(Observed::Absent) | None if doubt.class != Class::Exists => return Ok(None),
                _ => return Err(doubt.clone()),
            }
            searching.pause().await;
        }
    }

    fn ours(&self, live: Live, doubt: &CallError) -> Result<Live, CallError> {
        if live.made_as(&self.me.oid) {
            return Ok(live);
        }
        let why = "a resource of this name exists and does not belong to this stack";
        Err(CallError { message: why.to_owned(), class: Class::Conflict, ..doubt.clone() })
    }

    /// Found: what the lost or half-done create left out is edited now.
    async fn converge(&self, mut live: Live) -> Result<RawDone, CallError> {
        live.spec =
            without_foreign_tags(Sides { applied: None, observed: &live.spec, desired: self.spec }).into_owned();
        let sides = Sides { applied: None, observed: &live.spec, desired: self.spec };
        let nothing = BTreeMap::new();
        let fields = self.kind.diff(sides, Context { address: &self.me.address, observed: &nothing })?;
        // What AWS made by itself bears no mark yet.
        if fields.is_empty() && live.owner != Owner::Service {
            return Ok(unchanged(live));
        }
        // No edit brings it about, and some calls would seem to: the next run looks, and makes it anew.
        let stuck: Vec<&str> = fields
            .iter()
            .filter(|field| field.impact.level >= Level::Replace)
            .map(|field| field.path.as_str())
            .collect();
        if !stuck.is_empty() {
            let why = format!("an earlier run made it otherwise, and AWS can't change {} in place", stuck.join(", "));
            return Err(CallError::new(&format!("create {}", self.me.address), Class::Other, why));
        }
        let edit = Edit { from: &live, to: self.spec };
        self.kind.update(self.world, self.me, edit).await.map(|done| waited_for(done, &live))
    }
}

#[cfg(test)]
pub(super) mod tests;
