//! What the loop does about AWS's own work: it waits, looks when a look is due, and judges the answers.

use super::Run;
use crate::error::{CallError, Class};
use crate::event::{Event, Stopped};
use crate::kind::World;
use crate::look::Look;
use crate::wait::{Goal, Verdict, Wait};
use auroractl_core::lower::StepId;
use auroractl_core::observed::Observed;
use auroractl_core::state::Verb;
use std::time::Duration;

/// A look's kind, the time it was sent, whose answers it brings, and they.
pub(super) type Looked = (String, Duration, Vec<StepId>, Result<Vec<Observed>, CallError>);

impl<W: World> Run<'_, W> {
    pub(super) fn wait(&mut self, step: StepId, goal: Goal) {
        let Some(what) = self.work.program.steps.get(step) else { return };
        let Some(kind) = self.means.registry.get(what.address.kind()) else { return };
        let Some(ask) = self.book.ask(what) else { return self.done(step) };
        let mut wait = Wait::new(ask, goal, kind.timing(), self.means.clock.now()).usually(what.look_after);
        if what.verb == Verb::Update {
            wait = wait.updating(kind.timing());
        }
        self.waits.add(step, wait);
    }

    /// Sends the looks that are due: one per kind.
    pub(super) fn look(&mut self) {
        let looking = &self.looking;
        let asked = self.means.clock.now();
        let due = self.waits.due(asked, &|kind| looking.contains(kind));
        let means = self.means;
        for (name, asks) in due {
            let Some(kind) = means.registry.get(&name) else { continue };
            self.looking.insert(name.clone());
            self.looks.push(Box::pin(async move {
                let (steps, asks): (Vec<_>, Vec<_>) = asks.into_iter().unzip();
                let answers = kind.survey(means.world, &Look::ready_only(), &asks).await;
                (name, asked, steps, answers)
            }));
        }
    }

    pub(super) async fn looked(&mut self, (kind, asked, steps, answers): Looked) {
        self.looking.remove(&kind);
        if let Err(error) = &answers
            && error.class == Class::Credentials
        {
            self.halt(Stopped::Credentials);
        }
        if let Err(error) = &answers
            && error.class == Class::Denied
        {
            // Asking again would be answered alike until the wait's deadline.
            return steps.into_iter().for_each(|step| self.give_up(step, error));
        }
        let answers = answers.unwrap_or_else(|error| vec![Observed::Unknown(error.to_string()); steps.len()]);
        for (step, seen) in steps.into_iter().zip(answers) {
            let now = self.means.clock.now();
            let Some(wait) = self.waits.get(step) else { continue };
            match wait.judge(&seen, asked, now) {
                Verdict::Wait(false) => {}
                Verdict::Wait(true) => {
                    let (address, status) = (wait.ask.identity.address.clone(), wait.status.clone());
                    (self.report)(Event::StepWaiting { step, address, status });
                }
                Verdict::Reached => self.reached(step, &seen).await,
                Verdict::Failed(why) => {
                    let operation = wait.ask.identity.address.to_string();
                    self.waits.remove(step);
                    self.fail(step, &CallError::new(&operation, Class::Other, why));
                }
            }
        }
    }

    fn give_up(&mut self, step: StepId, error: &CallError) {
        if self.waits.remove(step).is_some() {
            self.fail(step, error);
        }
    }

    async fn reached(&mut self, step: StepId, seen: &Observed) {
        self.waits.remove(step);
        let Some(what) = self.work.program.steps.get(step) else { return };
        let result = match seen.live() {
            Some(live) => self.book.settled(what, live).await,
            None => self.book.gone(what).await,
        };
        self.written(step, result);
    }
}
