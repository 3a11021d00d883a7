//! The apply loop: start what may start, await the next result, write it down,
//! report it, repeat.
//!
//! This loop alone writes journal and state and emits events; workers return
//! results. Nothing is retried here: that belongs to the call
//! ([`crate::retry`]), to an in-doubt create ([`act`]), or to the next run.

mod act;
mod book;
mod prepare;
mod settle;
mod waiting;

pub use settle::{Unchanged, settle};

use crate::clock::Clock;
use crate::error::{CallError, Class};
use crate::event::{Event, Stopped, Summary};
use crate::kind::{Ending, Registry, World};
use crate::stop::{Stop, Urgency};
use crate::store::{Store, StoreError};
use crate::sweep;
use crate::wait::{Goal, Waits};
use act::{Acted, Worker};
use auroractl_core::journal::Entry;
use auroractl_core::lower::{Program, StepId};
use auroractl_core::observed::{Observed, Readiness};
use auroractl_core::plan::{Options, Plan};
use auroractl_core::queue::{Knot, Place, Queue};
use auroractl_core::state::{State, Verb};
use auroractl_core::{Address, Graph};
use book::Book;
use futures::StreamExt as _;
use futures::future::{BoxFuture, Fuse, FutureExt as _};
use futures::stream::FuturesUnordered;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::mpsc;
use waiting::{Looked, Trial};

/// So long after a run was told to stop, for whatever reason, calls in flight may still end. What lasts longer (a throttled
/// call that waits for its next attempt, a search for what was made) is left to the next run, as after a kill.
const GRACE: Duration = Duration::from_secs(62);
/// Without an event for so long, a heartbeat is emitted.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// What a run does.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// The plan, without refusals.
    pub plan: &'a Plan,
    /// The plan as steps.
    pub program: &'a Program,
    /// What the stack wants.
    pub graph: &'a Graph,
    /// What was observed when the plan was made.
    pub observed: &'a BTreeMap<Address, Observed>,
    /// What the plan was made with.
    pub options: &'a Options,
}

/// What a run may use.
pub struct Means<'a, W: 'static> {
    /// The world.
    pub world: &'a W,
    /// Its kinds.
    pub registry: &'a Registry<W>,
    /// The clock.
    pub clock: &'a Clock,
    /// How many calls may be in flight at once.
    pub parallel: usize,
    /// When to stop waiting, from the start of the run.
    pub deadline: Option<Duration>,
    /// Label of the run, for the journal.
    pub run: &'a str,
    /// The command, for the journal.
    pub command: &'a str,
}

// By hand: a derive would ask `W: Copy`.
impl<W> Clone for Means<'_, W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for Means<'_, W> {}

/// Why a run could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The journal could not be written: nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault in a lowering: nothing was changed.
    #[error(transparent)]
    Knot(#[from] Knot),
}

/// Where a run writes and reports.
pub struct Desk<'a> {
    /// The store.
    pub store: &'a mut dyn Store,
    /// The view.
    pub report: &'a mut dyn FnMut(Event),
    /// The interrupts.
    pub stop: Stop,
}

/// Runs the program. The state is updated in place and committed at the end, however it ends.
///
/// # Errors
/// When the intents could not be written; then no mutating call was sent.
pub async fn apply<W: World>(
    means: Means<'_, W>,
    work: Work<'_>,
    state: &mut State,
    desk: Desk<'_>,
) -> Result<Summary, ApplyError> {
    let queue = Queue::new(work.program)?;
    let mut book = Book::new(state, desk.store);
    prepare::declare(&mut book, work, means).await?;
    (desk.report)(Event::RunStarted { steps: work.program.steps.len(), critical_path_seconds: queue.critical_path() });
    let (notes, heard) = mpsc::unbounded_channel();
    let lost = book.lost().fuse();
    let mut run = Run {
        means,
        work,
        book,
        queue,
        report: desk.report,
        stop: desk.stop,
        calls: FuturesUnordered::new(),
        looks: FuturesUnordered::new(),
        looking: BTreeSet::new(),
        waits: Waits::default(),
        started: BTreeMap::new(),
        trials: BTreeMap::new(),
        summary: Summary::default(),
        last: None,
        notes,
        heard,
        lost,
    };
    run.drive().await;
    Ok(run.finish().await)
}

struct Run<'a, W: 'static> {
    means: Means<'a, W>,
    work: Work<'a>,
    book: Book<'a>,
    queue: Queue,
    report: &'a mut dyn FnMut(Event),
    stop: Stop,
    calls: FuturesUnordered<BoxFuture<'a, (StepId, Result<Acted, CallError>)>>,
    looks: FuturesUnordered<BoxFuture<'a, Looked>>,
    looking: BTreeSet<String>,
    waits: Waits,
    started: BTreeMap<StepId, Duration>,
    /// What became of operations so far.
    trials: BTreeMap<StepId, Trial>,
    summary: Summary,
    /// Once the run is to stop: until when calls in flight are awaited.
    last: Option<Duration>,
    notes: mpsc::UnboundedSender<Event>,
    heard: mpsc::UnboundedReceiver<Event>,
    /// Ends when another run has taken the lease.
    lost: Fuse<BoxFuture<'static, ()>>,
}

/// What woke the loop.
enum Wake {
    Called(StepId, Result<Acted, CallError>),
    Looked(Looked),
    Heard(Event),
    Due,
    Quiet,
    Deadline,
    Lost,
    /// The run was told to stop long enough ago.
    Enough,
    Stop(Urgency),
}

impl<W: World> Run<'_, W> {
    async fn drive(&mut self) {
        let begun = self.means.clock.now();
        let mut urgency = Urgency::Run;
        loop {
            self.launch().await;
            if self.calls.is_empty() && (self.waits.is_empty() || self.summary.stopped.is_some()) {
                return;
            }
            match self.wake(begun, urgency).await {
                Wake::Called(step, result) => self.called(step, result).await,
                Wake::Looked(answers) => self.looked(answers).await,
                Wake::Heard(event) => (self.report)(event),
                Wake::Due => self.look(),
                Wake::Quiet => self.heartbeat(),
                Wake::Deadline => self.halt(Stopped::Deadline),
                Wake::Lost => self.halt(Stopped::Fenced),
                Wake::Enough => return,
                Wake::Stop(now) => {
                    urgency = now;
                    self.halt(Stopped::Interrupt);
                    (self.report)(Event::Interrupted);
                    if now == Urgency::Abandon {
                        return;
                    }
                }
            }
        }
    }

    /// The next thing that happens.
    async fn wake(&mut self, begun: Duration, urgency: Urgency) -> Wake {
        let clock = self.means.clock;
        let now = clock.now();
        let until = |at: Option<Duration>| clock_until(clock, at, now);
        let looking = &self.looking;
        let look = self.waits.next(&|kind| looking.contains(kind));
        // Without a free place the end of a call is what it waits for.
        let again = self.waits.next_idle().filter(|_| self.has_place());
        let due = until([look, again].into_iter().flatten().min());
        let deadline = until(self.means.deadline.filter(|_| self.summary.stopped.is_none()).map(|time| begun + time));
        let enough = until(self.last);
        tokio::select! {
            biased;
            now = self.stop.above(urgency) => Wake::Stop(now),
            () = &mut self.lost => Wake::Lost,
            Some((step, result)) = self.calls.next() => Wake::Called(step, result),
            Some(event) = self.heard.recv() => Wake::Heard(event),
            Some(answers) = self.looks.next() => Wake::Looked(answers),
            () = due => Wake::Due,
            () = deadline => Wake::Deadline,
            () = enough => Wake::Enough,
            () = clock.sleep(HEARTBEAT) => Wake::Quiet,
        }
    }

    /// Nothing new starts from here on. What is in flight has a bounded time, whatever the reason: else a deadline would be
    /// none while a call is throttled.
    fn halt(&mut self, why: Stopped) {
        self.summary.stopped.get_or_insert(why);
        self.last.get_or_insert(self.means.clock.now() + GRACE);
    }

    /// Starts what may start. What is asked for again goes first: others have waited for it for some time.
    async fn launch(&mut self) {
        self.begin_idle();
        while self.summary.stopped.is_none() && self.has_place() {
            let Some(step) = self.queue.take() else { return };
            self.start(step).await;
        }
    }

    async fn start(&mut self, step: StepId) {
        let Some(what) = self.work.program.steps.get(step) else { return };
        self.started.insert(step, self.means.clock.now());
        (self.report)(Event::StepStarted {
            step,
            address: what.address.clone(),
            verb: what.verb,
            expected_seconds: what.estimate.p50,
        });
        if what.verb == Verb::Forget {
            return match self.book.gone(what).await {
                Ok(()) => self.done(step),
                Err(error) => self.unsent(step, &error),
            };
        }
        match prepare::worker(&self.book, self.means, self.work, what) {
            Ok(worker) => match self.book.attempt(what).await {
                Ok(()) => self.send(step, worker),
                Err(error) => self.unsent(step, &error),
            },
            Err(error) => self.fail(step, &error),
        }
    }

    fn send(&mut self, step: StepId, worker: Worker<W>) {
        let (notes, means) = (self.notes.clone(), self.means);
        self.calls.push(Box::pin(act::perform(worker, means.world, means.clock, (step, notes))));
    }

    /// A call was answered.
    async fn called(&mut self, step: StepId, result: Result<Acted, CallError>) {
        let Some(what) = self.work.program.steps.get(step) else { return };
        match result {
            Ok(Acted::Made(done)) => {
                let ready = done.ready;
                if let Err(error) = self.book.made(what, done, self.means).await {
                    return self.written(step, Err(error));
                }
                if ready { self.done(step) } else { self.wait(step, Goal::Ready) }
            }
            // AWS may not show yet what an earlier run made: that is not gone before it has been looked for.
            Ok(Acted::Ended(ending))
                if ending == Ending::Going || (ending == Ending::Unknown && self.may_be_hidden(what)) =>
            {
                self.wait(step, Goal::Absent)
            }
            Ok(Acted::Ended(_)) => {
                let gone = self.book.gone(what).await;
                self.written(step, gone);
            }
            Ok(Acted::Operated(Readiness::Ready)) => {
                let over = self.book.operated(what).await;
                self.written(step, over);
            }
            Ok(Acted::Operated(_)) => self.begun(step),
            Err(error) if what.verb.operates() && error.is_not_begun() => self.idle(step, &error),
            Err(error) => {
                // These may come from a second call behind a create that was executed.
                let later = matches!(error.class, Class::Credentials | Class::Denied | Class::Fenced);
                let certain = !error.in_doubt() && !later;
                if certain
                    && what.verb == Verb::Create
                    && let Err(why) = self.book.dismiss(what).await
                {
                    self.unwritten(&why);
                }
                if error.in_doubt() { self.open(step, &error) } else { self.fail(step, &error) }
            }
            Ok(Acted::Open(error)) => self.open(step, &error),
        }
    }

    /// A call may have been executed, and no line says what became of it: the next run looks. The error may be of something
    /// that came after the call.
    fn open(&mut self, step: StepId, error: &CallError) {
        if let Some(what) = self.work.program.steps.get(step) {
            self.summary.in_doubt.push(what.address.clone());
        }
        self.fail(step, error);
    }

    /// The line behind a step's call was written, or could not be.
    fn written(&mut self, step: StepId, result: Result<(), StoreError>) {
        match result {
            Ok(()) => self.done(step),
            Err(error) => {
                self.unwritten(&error);
                self.open(step, &prepare::unwritten(&error));
            }
        }
    }

    /// A step's line could not be written, and nothing was sent.
    fn unsent(&mut self, step: StepId, error: &StoreError) {
        self.unwritten(error);
        self.fail(step, &prepare::unwritten(error));
    }

    /// The store took no more lines: nothing new starts. Of several errors the first one is the cause.
    fn unwritten(&mut self, error: &StoreError) {
        if error.fenced() {
            return self.halt(Stopped::Fenced);
        }
        self.halt(Stopped::Store);
        self.summary.unwritten.get_or_insert_with(|| format!("{error}; {}", error.hint()));
    }

    fn done(&mut self, step: StepId) {
        self.queue.finish(step);
        let Some(what) = self.work.program.steps.get(step) else { return };
        let (address, verb, seconds) = (what.address.clone(), what.verb, self.spent(step));
        self.book.measured(what, seconds);
        (self.report)(Event::StepFinished { step, address, verb, seconds });
    }

    fn fail(&mut self, step: StepId, error: &CallError) {
        match error.class {
            Class::Credentials => self.halt(Stopped::Credentials),
            Class::Fenced => self.halt(Stopped::Fenced),
            _ => {}
        }
        // What may have been executed must be undone as if it had been.
        let blocked = if error.in_doubt() { self.queue.doubt(step) } else { self.queue.fail(step) };
        let Some(what) = self.work.program.steps.get(step) else { return };
        let address = what.address.clone();
        self.summary.failed.push((address.clone(), error.clone()));
        (self.report)(Event::StepFailed { step, address, verb: what.verb, error: error.clone() });
        for other in blocked {
            let Some(held) = self.work.program.steps.get(other) else { continue };
            self.summary.blocked.push(held.address.clone());
            let (address, because) = (held.address.clone(), what.address.clone());
            (self.report)(Event::StepBlocked { step: other, address, because });
        }
    }

    /// Seconds since a step was started.
    fn spent(&self, step: StepId) -> f64 {
        let begun = self.started.get(&step).copied().unwrap_or_default();
        self.means.clock.now().saturating_sub(begun).as_secs_f64()
    }

    fn heartbeat(&mut self) {
        let called = self.unanswered().into_iter().map(|address| (address, String::new()));
        let waits = self.waits.iter().map(|(_, wait)| (wait.ask.identity.address.clone(), wait.status.clone()));
        (self.report)(Event::Heartbeat {
            active: called.chain(waits).collect(),
            done: self.queue.count(Place::Done),
            steps: self.work.program.steps.len(),
        });
    }

    /// Looks for what should not be there, where something was made. It is a courtesy: where it can't be had, the run
    /// is what it is, and who interrupts need not wait for it.
    async fn sweep(&mut self) {
        let mut stop = self.stop.clone();
        let looked = tokio::select! {
            biased;
            _ = stop.above(Urgency::Run) => return,
            () = &mut self.lost => return,
            looked = strays(self.means, self.book.state) => looked,
        };
        let Ok((strays, lines)) = looked else { return };
        if !lines.is_empty()
            && let Err(error) = self.book.write(&lines, false).await
        {
            self.unwritten(&error);
        }
        if !strays.is_empty() {
            (self.report)(Event::Strays { strays });
        }
    }

    /// Has this run made anything, and ended by itself?
    fn made_something(&self) -> bool {
        let mut steps = self.work.program.steps.iter().enumerate();
        self.summary.stopped.is_none()
            && steps.any(|(id, step)| step.verb == Verb::Create && self.queue.at(id) == Place::Done)
    }

    /// What was sent, or is about to be, and is not answered.
    fn unanswered(&self) -> Vec<Address> {
        let steps = self.work.program.steps.iter().enumerate();
        let called = steps.filter(|(id, _)| self.queue.at(*id) == Place::Running && self.waits.peek(*id).is_none());
        called.map(|(_, step)| step.address.clone()).collect()
    }

    /// Commits and sums up.
    async fn finish(mut self) -> Summary {
        if self.made_something() {
            self.sweep().await;
        }
        let (by_itself, failed) = (self.summary.stopped.is_none(), !self.summary.failed.is_empty());
        let options = (by_itself && !failed).then_some(self.work.options);
        let ended = self.book.finish(by_itself.then_some(self.means.run), options).await;
        if let Err(error) = &ended {
            self.unwritten(error);
        }
        let dropped = self.unanswered();
        self.summary.in_doubt.extend(dropped);
        self.summary.still_running = self.waits.iter().map(|(_, wait)| wait.ask.identity.address.clone()).collect();
        self.summary.done = self.queue.count(Place::Done);
        self.summary.not_started = self.queue.count(Place::Ready) + self.queue.count(Place::Waiting);
        (self.report)(Event::RunFinished(self.summary.clone()));
        self.summary
    }
}

/// What should not be there, and the lines by which the next plan deletes what nothing uses of it.
async fn strays<W: World>(means: Means<'_, W>, state: &State) -> Result<(Vec<sweep::Stray>, Vec<Entry>), CallError> {
    let owned = means.world.inventory(&state.stack).await?;
    let mut strays = sweep::strays(state, &owned);
    let lines = sweep::spares(means.world, means.registry, state, &mut strays).await?;
    Ok((strays, lines))
}

async fn clock_until(clock: &Clock, at: Option<Duration>, now: Duration) {
    match at {
        Some(at) => clock.sleep(at.saturating_sub(now)).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
