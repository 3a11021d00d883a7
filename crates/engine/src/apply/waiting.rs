//! What the loop does about AWS's own work: it waits, looks when a look is due, and judges the answers.

use super::{Run, prepare};
use crate::error::{CallError, Class};
use crate::event::{Event, Stopped};
use crate::kind::{Kind, RawAsk, RawOrder, World};
use crate::look::Look;
use crate::wait::{Goal, Verdict, Wait};
use auroractl_core::lower::{Step, StepId};
use auroractl_core::observed::{Live, Observed, Owner, Readiness};
use auroractl_core::state::Verb;
use std::time::Duration;

/// A look's kind, the time it was sent, whose answers it brings, and they.
pub(super) type Looked = (String, Duration, Vec<StepId>, Result<Vec<Observed>, CallError>);

/// After so long an operation has not worked. AWS says less than a minute for a failover, and the lag of a copy that
/// does not catch up in this time is a matter for people.
const PATIENCE: Duration = Duration::from_secs(900);

/// What a wait asks: about the resource, or about the operation on it.
type Question = (RawAsk, Option<RawOrder>);

impl<W: World> Run<'_, W> {
    pub(super) fn wait(&mut self, step: StepId, goal: Goal) {
        let Some(what) = self.work.program.steps.get(step) else { return };
        let Some(kind) = self.means.registry.get(what.address.kind()) else { return };
        let Some(ask) = self.book.ask(what) else { return self.done(step) };
        let mut wait = Wait::new(ask, goal, kind.timing(), self.means.clock.now()).usually(what.look_after);
        if matches!(what.verb, Verb::Update | Verb::Adopt) || goal == Goal::Over {
            wait = wait.updating(kind.timing());
        }
        if goal == Goal::Over {
            wait.timeout = wait.timeout.min(PATIENCE);
        }
        if goal == Goal::Absent && !self.may_be_hidden(what) {
            wait.horizon = Duration::ZERO;
        }
        // What must be searched for so long can't be given up before.
        wait.timeout = wait.timeout.max(wait.horizon * 2);
        self.waits.add(step, wait);
    }

    /// May AWS still hide what a step deletes?
    pub(super) fn may_be_hidden(&self, step: &Step) -> bool {
        let kind = self.means.registry.get(step.address.kind());
        kind.is_some_and(|kind| {
            self.book.may_be_hidden(step, (f64::from(kind.timing().horizon), self.means.clock.wall()))
        })
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
            let (steps, asks): (Vec<_>, Vec<_>) = asks.into_iter().unzip();
            let questions: Vec<Question> =
                steps.iter().map(|step| self.order(*step)).zip(asks).map(|(order, ask)| (ask, order)).collect();
            self.looks.push(Box::pin(async move {
                let answers = answers(kind, means.world, questions).await;
                (name, asked, steps, answers)
            }));
        }
    }

    /// The operation that a step asks for, if it asks for one.
    fn order(&self, step: StepId) -> Option<RawOrder> {
        let what = self.work.program.steps.get(step).filter(|what| what.verb.operates())?;
        let order = prepare::order(&self.book, self.work, what)?;
        Some(RawOrder { elapsed: Duration::from_secs_f64(self.spent(step)), ..order })
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
            _ if what.verb.operates() => self.book.operated(what).await,
            Some(live) => self.book.settled(what, live).await,
            None => self.book.gone(what).await,
        };
        self.written(step, result);
    }
}

/// Answers all questions about one kind: those about resources by one survey, those about operations one by one, within
/// the same look.
async fn answers<W: Sync>(kind: &dyn Kind<W>, world: &W, questions: Vec<Question>) -> Result<Vec<Observed>, CallError> {
    let look = Look::ready_only();
    let asks: Vec<RawAsk> = questions.iter().filter(|(_, order)| order.is_none()).map(|(ask, _)| ask.clone()).collect();
    let surveyed = if asks.is_empty() { Vec::new() } else { kind.survey(world, &look, &asks).await? };
    let mut surveyed = surveyed.into_iter();
    let mut answers = Vec::with_capacity(questions.len());
    for (_, order) in questions {
        answers.push(match order {
            None => surveyed.next().unwrap_or(Observed::Absent),
            Some(order) => match kind.progress(world, &look, &order).await {
                Err(error) if matches!(error.class, Class::Credentials | Class::Denied) => return Err(error),
                progress => told(progress, order),
            },
        });
    }
    Ok(answers)
}

/// What is told of an operation, in the words of a survey.
fn told(progress: Result<Readiness, CallError>, order: RawOrder) -> Observed {
    match progress {
        Err(error) => Observed::Unknown(error.to_string()),
        Ok(readiness) => {
            let live = Live { readiness, ..Live::ready(order.spec, order.outputs, Owner::Inherited) };
            Observed::Live(Box::new(live))
        }
    }
}
