//! What the loop does about AWS's own work: it waits, looks when a look is due, and judges the answers.
//!
//! A look changes nothing. An operation that can't be begun yet, or that a look shows to have come to nothing, is asked for
//! again by a call of its own, with the fences and interrupts that all calls have.

use super::act::Job;
use super::{Run, prepare};
use crate::error::{CallError, Class};
use crate::event::{Event, Stopped};
use crate::kind::{Kind, RawAsk, RawOrder, World};
use crate::look::Look;
use crate::wait::{Goal, Verdict, Wait};
use auroractl_core::When;
use auroractl_core::diff::{Context, FieldChange};
use auroractl_core::kind::Sides;
use auroractl_core::lower::{Step, StepId};
use auroractl_core::observed::{Live, Observed, Owner, Readiness};
use auroractl_core::state::Verb;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a look says to a wait: how it stands, or that nothing is under way of the operation, or that nobody may look at it.
type Answer = Result<Observed, CallError>;

/// A look that came back.
pub(super) struct Looked {
    kind: String,
    /// When it was sent.
    asked: Duration,
    /// Who waits for it.
    steps: Vec<StepId>,
    /// What it says, to each of them.
    answers: Result<Vec<Answer>, CallError>,
}

/// What became of an operation in this run.
#[derive(Debug, Default)]
pub(super) struct Trial {
    /// So often it was begun.
    begun: u8,
    /// Why it could not be.
    status: String,
}

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
        if matches!(what.verb, Verb::Update | Verb::Adopt) {
            wait = wait.updating(kind.timing());
        }
        if goal == Goal::Over {
            wait = wait.steady(kind.timing());
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

    /// An operation is under way.
    pub(super) fn begun(&mut self, step: StepId) {
        let trial = self.trials.entry(step).or_default();
        trial.begun = trial.begun.saturating_add(1);
        trial.status.clear();
        self.wait(step, Goal::Over);
    }

    /// Nothing is under way of an operation: it is asked for again after a while, until operations are given up.
    pub(super) fn idle(&mut self, step: StepId, error: &CallError) {
        let Some(what) = self.work.program.steps.get(step) else { return };
        let spent = Duration::from_secs_f64(self.spent(step));
        let kind = self.means.registry.get(what.address.kind()).filter(|_| spent < PATIENCE);
        let Some((kind, ask)) = kind.zip(self.book.ask(what)) else { return self.fail(step, error) };
        let wait = Wait::new(ask, Goal::Over, kind.timing(), self.means.clock.now()).idle(spent, &error.message);
        self.waits.add(step, wait);
        let trial = self.trials.entry(step).or_default();
        if trial.status != error.message {
            trial.status.clone_from(&error.message);
            let (address, status) = (what.address.clone(), error.message.clone());
            (self.report)(Event::StepWaiting { step, address, status });
        }
    }

    /// May one more call be in flight?
    pub(super) fn has_place(&self) -> bool {
        self.calls.len() < self.means.parallel.max(1)
    }

    /// Asks again for the operations of which nothing is under way, as far as there are free places for their calls. Not after
    /// an interrupt: it would begin something.
    pub(super) fn begin_idle(&mut self) {
        let now = self.means.clock.now();
        for step in self.waits.idle(now) {
            if self.summary.stopped.is_some() {
                if let Some(wait) = self.waits.get(step) {
                    wait.rest(now);
                }
                continue;
            }
            if !self.has_place() {
                return;
            }
            self.waits.remove(step);
            let Some(what) = self.work.program.steps.get(step) else { continue };
            match prepare::worker(&self.book, self.means, self.work, what) {
                Ok(mut worker) => {
                    if let Some(order) = self.order(step) {
                        worker.job = Job::Operate(order);
                    }
                    self.send(step, worker);
                }
                Err(error) => self.fail(step, &error),
            }
        }
    }

    /// Sends the looks that are due: one per kind.
    pub(super) fn look(&mut self) {
        let asked = self.means.clock.now();
        let looking = &self.looking;
        let due = self.waits.due(asked, &|kind| looking.contains(kind));
        let means = self.means;
        for (kind, asks) in due {
            let Some(acting) = means.registry.get(&kind) else { continue };
            self.looking.insert(kind.clone());
            let (steps, asks): (Vec<_>, Vec<_>) = asks.into_iter().unzip();
            let questions: Vec<Question> =
                steps.iter().map(|step| self.order(*step)).zip(asks).map(|(order, ask)| (ask, order)).collect();
            self.looks.push(Box::pin(async move {
                let answers = answers(acting, means.world, questions).await;
                Looked { kind, asked, steps, answers }
            }));
        }
    }

    /// The operation that a step asks for, if it asks for one.
    fn order(&self, step: StepId) -> Option<RawOrder> {
        let what = self.work.program.steps.get(step).filter(|what| what.verb.operates())?;
        let order = prepare::order(&self.book, self.work, what)?;
        let unchanged = self.waits.peek(step).map(|wait| wait.unchanged(self.means.clock.now()));
        Some(RawOrder {
            elapsed: Duration::from_secs_f64(self.spent(step)),
            begun: self.trials.get(&step).map_or(0, |trial| trial.begun),
            unchanged: unchanged.unwrap_or_default(),
            ..order
        })
    }

    pub(super) async fn looked(&mut self, look: Looked) {
        let Looked { kind, asked, steps, answers } = look;
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
        let answers = answers.unwrap_or_else(|error| vec![Ok(unseen(&error)); steps.len()]);
        for (step, answer) in steps.into_iter().zip(answers) {
            match answer {
                Ok(seen) => self.judged(step, seen, asked).await,
                Err(error) if !error.is_not_begun() => self.give_up(step, &error),
                Err(idle) if self.waits.remove(step).is_some() => self.idle(step, &idle),
                Err(_) => {}
            }
        }
    }

    async fn judged(&mut self, step: StepId, seen: Observed, asked: Duration) {
        let doubted = self.waits.peek(step).is_some_and(|wait| wait.compares(asked));
        let seen = if doubted { self.as_edited(step, seen) } else { seen };
        let now = self.means.clock.now();
        let Some(wait) = self.waits.get(step) else { return };
        match wait.judge(&seen, asked, now) {
            Verdict::Wait(false) => {}
            Verdict::Wait(true) => {
                let (address, status) = (wait.ask.identity.address.clone(), wait.status.clone());
                (self.report)(Event::StepWaiting { step, address, status });
            }
            Verdict::Reached => self.reached(step, &seen).await,
            Verdict::Failed(why) => {
                self.waits.remove(step);
                self.fail(step, &CallError::new("wait", Class::Other, why));
            }
        }
    }

    /// The answer, but not ready while a field that this step has edited shows what it was: then AWS has not begun, whatever
    /// the status says.
    fn as_edited(&self, step: StepId, seen: Observed) -> Observed {
        let field = seen.live().and_then(|live| self.unapplied(step, live));
        match (seen, field) {
            (Observed::Live(live), Some(field)) => {
                let readiness = Readiness::Pending(format!("available, {field} has not changed yet"));
                Observed::Live(Box::new(Live { readiness, ..*live }))
            }
            (seen, _) => seen,
        }
    }

    /// A field that this step has edited and that shows what it was, where all is well otherwise.
    fn unapplied(&self, step: StepId, live: &Live) -> Option<String> {
        if live.readiness != Readiness::Ready {
            return None;
        }
        let what = self.work.program.steps.get(step)?;
        let change = self.work.plan.changes.iter().find(|change| change.address == what.address)?;
        let ask = self.book.ask(what)?;
        let sides = Sides { applied: None, observed: &live.spec, desired: &ask.spec };
        let nothing = BTreeMap::new();
        let context = Context { address: &what.address, observed: &nothing };
        let differs = self.means.registry.get(what.address.kind())?.diff(sides, context).ok()?;
        left_of(&change.fields, differs)
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

/// The first field that was edited and differs still. Only what this very step has edited counts, so that nobody waits for
/// what somebody else made different; and neither what waits for the maintenance window nor tags, which are edited by a call
/// of their own.
fn left_of(edited: &[FieldChange], differs: Vec<FieldChange>) -> Option<String> {
    let waits = |path: &str| {
        let mut fields = edited.iter().filter(|field| field.impact.when != When::InWindow);
        !path.starts_with("tags.") && fields.any(|field| field.path == path)
    };
    differs.into_iter().map(|field| field.path).find(|path| waits(path))
}

/// Answers all questions about one kind: those about resources by one survey, those about operations one by one, within
/// the same look.
async fn answers<W: Sync>(kind: &dyn Kind<W>, world: &W, questions: Vec<Question>) -> Result<Vec<Answer>, CallError> {
    let look = Look::ready_only();
    let asks: Vec<RawAsk> = questions.iter().filter(|(_, order)| order.is_none()).map(|(ask, _)| ask.clone()).collect();
    let surveyed = if asks.is_empty() { Vec::new() } else { kind.survey(world, &look, &asks).await? };
    let mut surveyed = surveyed.into_iter();
    let mut answers = Vec::with_capacity(questions.len());
    for (_, order) in questions {
        answers.push(match order {
            None => Ok(surveyed.next().unwrap_or(Observed::Absent)),
            Some(order) => match kind.progress(world, &look, &order).await {
                Err(error) if error.class == Class::Credentials => return Err(error),
                // Of this operation alone: what else is waited for is asked by other calls.
                Err(error) if error.class == Class::Denied || error.is_not_begun() => Err(error),
                progress => Ok(told(progress, order)),
            },
        });
    }
    Ok(answers)
}

/// What is told of an operation, in the words of a survey.
fn told(progress: Result<Readiness, CallError>, order: RawOrder) -> Observed {
    match progress {
        Err(error) => unseen(&error),
        Ok(readiness) => {
            let live = Live { readiness, ..Live::ready(order.spec, order.outputs, Owner::Inherited) };
            Observed::Live(Box::new(live))
        }
    }
}

/// A look that failed. The next one may fail likewise, which is no news.
fn unseen(error: &CallError) -> Observed {
    Observed::Unknown(error.recurring())
}

#[cfg(test)]
mod tests {
    use super::super::act::tests::{KIND, Shelf, me, thing};
    use super::*;
    use auroractl_core::{Impact, Level};
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    fn fields(paths: &[(&str, When)]) -> Vec<FieldChange> {
        let field = |(path, when): &(&str, When)| {
            let impact = Impact::new(Level::None, "a page").when(*when);
            FieldChange { path: (*path).to_owned(), before: Value::Null, after: Value::Null, impact }
        };
        paths.iter().map(field).collect()
    }

    #[test]
    fn an_edit_is_waited_for_until_it_shows_and_nothing_else_is() {
        let edited = fields(&[
            ("db_cluster_parameter_group_name", When::AtReboot),
            ("engine_version", When::InWindow),
            ("port", When::Now),
            ("tags.team", When::Now),
        ]);
        let left = |path: &str| left_of(&edited, fields(&[(path, When::Now)]));
        for waited_for in ["db_cluster_parameter_group_name", "port"] {
            assert_eq!(left(waited_for).as_deref(), Some(waited_for));
        }
        for other in ["deletion_protection", "engine_version", "tags.team"] {
            assert_eq!(left(other), None, "{other}");
        }
        assert_eq!(left_of(&edited, Vec::new()), None);
    }

    #[test]
    fn a_look_that_fails_again_is_no_news() {
        let failed = |id: &str| {
            let request_id = Some(id.to_owned());
            unseen(&CallError {
                request_id,
                ..CallError::new("rds:DescribeDBInstances", Class::Throttled, "Rate exceeded")
            })
        };
        let mut wait = Wait::new(
            RawAsk { identity: me(0), spec: Value::Null, outputs: None },
            Goal::Ready,
            KIND.timing(),
            Duration::ZERO,
        );
        wait.timeout = PATIENCE;
        let mut judged = |seen: &Observed, second| {
            let at = Duration::from_secs(second);
            wait.judge(seen, at, at)
        };
        assert_eq!(judged(&failed("1f0c"), 1), Verdict::Wait(true));
        assert_eq!(judged(&failed("9d2e"), 2), Verdict::Wait(false));
        assert_eq!(failed("1f0c"), Observed::Unknown("rds:DescribeDBInstances: Rate exceeded".to_owned()));
    }

    #[tokio::test]
    async fn what_may_not_be_looked_at_ends_its_own_wait_alone() {
        let shelf = Shelf::with(thing(1, 1), &me(0).oid);
        let ask = || RawAsk { identity: me(0), spec: json!(thing(1, 1)), outputs: None };
        let order = RawOrder {
            verb: Verb::Settle,
            spec: json!(thing(1, 1)),
            outputs: json!({}),
            target: None,
            max_lag: Duration::ZERO,
            elapsed: Duration::ZERO,
            begun: 1,
            unchanged: Duration::ZERO,
            pending: BTreeSet::new(),
            together: false,
        };
        let answers = answers(KIND, &shelf, vec![(ask(), Some(order)), (ask(), None)]).await.unwrap();
        assert!(matches!(&answers[0], Err(error) if error.class == Class::Denied), "{answers:?}");
        assert!(matches!(&answers[1], Ok(Observed::Live(_))), "{answers:?}");
    }
}
