//! `auroractl apply` and `auroractl destroy`.

use crate::args::{Access, Apply, Budget, Destroy, Running, Target};
use crate::beside;
use crate::commands::plan::{preflight, reached, wanted};
use crate::exit::{Exit, Failure, of_run, refusals};
use crate::forecast::{foretell, over_budget};
use crate::record::Record;
use crate::report;
use crate::rules::{self, Wish};
use crate::saved;
use crate::session::{self, Cloud, Query, Recorded, Stack, follow_moves, open_state, options};
use crate::standing;
use crate::target::{Kind, allows};
use crate::view;
use crate::view::plan::Beside;
use crate::view::report::{Origin, Run, Subject};
use auroractl_core::journal::Entry;
use auroractl_core::plan::{Options, Plan};
use auroractl_core::saved::Saved;
use auroractl_core::state::State;
use auroractl_core::{Desired, Graph};
use auroractl_engine::apply::{Desk, Means, Unchanged, Work, apply, settle};
use auroractl_engine::event::Event;
use auroractl_engine::refresh::{Search, Seen};
use auroractl_engine::resume::{doubts, outcomes};
use auroractl_engine::stop;
use auroractl_engine::store::Mode;
use auroractl_policy::Report;
use auroractl_stack::Forecast;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Everything that is decided before the world is looked at.
struct Order<'a> {
    stack: Stack,
    desired: Desired,
    options: Options,
    saved: Option<Saved>,
    target: &'a Target,
    access: &'a Access,
    running: &'a Running,
    command: &'static str,
    budget: Budget,
}

/// Applies a stack file or a saved plan.
pub(crate) async fn run(args: &Apply) -> Result<Exit, Failure> {
    let (target, saved) = saved_plan(args)?;
    let stack = Stack::open(&target)?;
    let (desired, options) = match &saved {
        Some(saved) => (saved.desired.clone(), saved.options.clone()),
        None => (stack.desired()?, options(&args.permits, &stack, false)?),
    };
    let order = Order {
        stack,
        desired,
        options,
        saved,
        target: &target,
        access: &args.access,
        running: &args.running,
        command: "apply",
        budget: args.budget.clone(),
    };
    execute(order).await
}

/// Deletes everything the state knows.
pub(crate) async fn destroy(args: &Destroy) -> Result<Exit, Failure> {
    let stack = Stack::open(&args.target)?;
    let options = options(&args.permits, &stack, true)?;
    let desired = stack.desired()?;
    let order = Order {
        stack,
        desired,
        options,
        saved: None,
        target: &args.target,
        access: &args.access,
        running: &args.running,
        command: "destroy",
        budget: Budget::default(),
    };
    execute(order).await
}

/// `apply FILE` takes either: a stack file is TOML, a saved plan is JSON. A file that is not there could have been both.
fn saved_plan(args: &Apply) -> Result<(Target, Option<Saved>), Failure> {
    if let Some(path) = args.target.stack.as_ref().filter(|path| args.plan.is_none() && saved::is_missing(path)) {
        return Err(Failure::new(Exit::Invalid, format!("there is no file {}; nothing was changed", path.display()))
            .hinted("name a stack file, or a plan that `auroractl plan --out FILE` saved"));
    }
    let path = args.plan.clone().or_else(|| args.target.stack.clone().filter(|path| saved::is_one(path)));
    let Some(path) = path else { return Ok((args.target.clone(), None)) };
    let saved = saved::read(&path)?;
    let stack = match &args.target.stack {
        Some(file) if *file != path => file.clone(),
        _ => saved.stack_file.clone(),
    };
    Ok((Target { stack: Some(stack), ..args.target.clone() }, Some(saved)))
}

async fn execute(order: Order<'_>) -> Result<Exit, Failure> {
    if let Some(path) = &order.running.html {
        allows(path, Kind::Page)?;
    }
    let mut stop = interrupts(again(&order))?;
    let mode = Mode::Write { command: order.command.to_owned() };
    let mut recorded = unless(&mut stop, open_state(&order.stack, &order.access.login, mode)).await?;
    let worked = work(&order, &mut recorded, stop).await;
    recorded.close(worked).await
}

/// What continues a run that did not come to its end. A saved plan fits once: what was done of it has made it stale.
fn again(order: &Order<'_>) -> String {
    if order.saved.is_none() {
        return "the same command again".to_owned();
    }
    let dir = order.target.state_dir.as_ref().map(|dir| format!(" --state-dir {}", dir.display()));
    let (file, dir) = (order.stack.file.display(), dir.unwrap_or_default());
    format!("`auroractl apply {file}{dir}` (the saved plan is stale by now)")
}

/// Does something before which nothing is changed; an interrupt ends it.
async fn unless<T>(stop: &mut stop::Stop, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        _ = stop.above(stop::Urgency::Run) => Err(Failure::new(Exit::Partial, "interrupted; nothing was changed")),
    }
}

async fn work(order: &Order<'_>, recorded: &mut Recorded, mut stop: stop::Stop) -> Result<Exit, Failure> {
    match unless(&mut stop, prepare(order, recorded)).await? {
        Prepared::Over(exit) => Ok(exit),
        Prepared::Ready(ready) => perform(order, recorded, *ready, stop).await,
    }
}

/// What is known before the first call that changes something.
enum Prepared {
    /// There is nothing to do.
    Over(Exit),
    /// A plan that was approved.
    Ready(Box<Ready>),
}

struct Ready {
    cloud: Cloud,
    plan: Plan,
    forecast: Forecast,
    graph: Graph,
    observed: Seen,
    /// What the state has learned by now and no journal says: what moved, and what interrupted replacements made.
    lines: Vec<Entry>,
    rules: Option<Report>,
    /// Where the plan comes from, where a report tells of it.
    origin: Option<Origin>,
    /// What no change says and people should know all the same.
    beside: Vec<String>,
}

/// Looks, plans, asks.
async fn prepare(order: &Order<'_>, recorded: &mut Recorded) -> Result<Prepared, Failure> {
    // What a saved plan permits was known when it was made.
    if order.saved.is_none() {
        session::permitted(&order.options, &order.desired, &recorded.state)?;
    }
    // A disk that can't be written to is told before AWS is asked; asked again before the first change.
    recorded.store.probe()?;
    let cloud = reached(&order.stack, recorded, (&order.access.login, order.options.destroy)).await?;
    // Not before AWS was asked: a state folder that was lost or mistaken looks like that of a stack without any.
    if recorded.fresh && order.options.destroy {
        let text = format!("Stack `{}` was never applied: there is nothing to destroy.", order.stack.name());
        return nothing_to_do(order, text).map(Prepared::Over);
    }
    if let Some(saved) = &order.saved {
        saved::at_home(saved, &cloud.stack)?;
        if recorded.fresh {
            recorded.state.lineage.clone_from(&saved.lineage);
        }
    }
    let graph = wanted(order.desired.clone(), order.options.destroy)?;
    // Written when the run is approved: of one that is not nothing stays.
    let mut lines = follow_moves(&order.stack, &mut recorded.state);
    let doubts = doubts(&recorded.state);
    let mut told = view::prologue(order.target.json, order.access.login.manner.time_scale);
    if order.access.refresh {
        if !doubts.is_empty() {
            told.event(&Event::Resuming { in_doubt: doubts.len() });
        }
        // What interrupted replacements made is known before the plan.
        lines.extend(cloud.resume(&graph, &mut recorded.state, Search::Patient).await?);
    }
    let query = Query { graph: &graph, state: &recorded.state, options: &order.options, refresh: order.access.refresh };
    let (plan, observed) = cloud.plan(&query, Search::Patient).await?;
    if order.access.refresh {
        outcomes(&doubts, &recorded.state, &observed).iter().for_each(|event| told.event(event));
    }
    if let Some(saved) = &order.saved {
        saved::fresh(saved, &recorded.state, &plan)?;
    }
    let becomes = standing::told(order.stack.name(), &recorded.state, &order.options);
    let forecast = foretell(&order.stack, &plan, (&graph, &recorded.state, &observed), order.running.parallel)?;
    let others = beside::told(&plan, (&graph, &recorded.state, &observed));
    let beside: Vec<String> = becomes.into_iter().chain(others).collect();
    beside.iter().for_each(|told| view::note(told));
    let origin = origin_of(order, &recorded.state, (&cloud, &plan))?;
    let mut ready = Ready { cloud, plan, forecast, graph, observed, lines, rules: None, origin, beside };
    if ready.plan.is_empty() {
        return settled(order, recorded, &ready).await.map(Prepared::Over);
    }
    if let Err(failure) = permitted(order, &mut ready).await {
        tell(report(order, &ready, None, Some(&failure)));
        return Err(failure);
    }
    let now = ready.cloud.clock.wall().as_second();
    if let Some(ago) = youngest(&recorded.state, (!doubts.is_empty()).then_some(0), now) {
        ready.cloud.aws.note_young(ago);
    }
    recorded.store.probe()?;
    Ok(Prepared::Ready(Box::new(ready)))
}

/// Ends a run whose plan is empty. What the stack becomes by it is a permission, and is asked for like any other.
async fn settled(order: &Order<'_>, recorded: &mut Recorded, ready: &Ready) -> Result<Exit, Failure> {
    if standing::permits(&recorded.state, &order.options) && !approved(order) {
        ask(order, || Ok(Exit::Done)).await?;
    }
    let Ready { cloud, plan, graph, observed, lines, .. } = ready;
    learned(lines, recorded).await?;
    let work = Unchanged { kinds: &cloud.registry, plan, graph, observed, options: &order.options };
    settle(work, &mut recorded.state, &mut *recorded.store).await?;
    report(order, ready, None, None)?;
    nothing_to_do(order, view::plan::nothing(order.stack.name(), plan).join("\n"))
}

/// Nothing forbids the plan, and somebody approved it.
async fn permitted(order: &Order<'_>, ready: &mut Ready) -> Result<(), Failure> {
    if let Some(refused) = refusals(&ready.plan) {
        return Err(refused);
    }
    preflight(&ready.cloud, &order.stack, (&ready.plan, &ready.graph, &ready.observed)).await?;
    if let Some(judged) = judged(order, ready).await? {
        let blocked = rules::blocked(&order.stack, &judged)?;
        ready.rules = Some(judged);
        if let Some(blocked) = blocked {
            return Err(blocked);
        }
    }
    if let Some(over) = over_budget(&ready.forecast, &order.budget) {
        return Err(over);
    }
    approve(order, &ready.plan, (ready.rules.as_ref(), &ready.forecast)).await
}

/// Where the plan comes from, where a report is asked for. A saved plan keeps the digest that was reviewed.
fn origin_of(order: &Order<'_>, state: &State, (cloud, plan): (&Cloud, &Plan)) -> Result<Option<Origin>, Failure> {
    if order.running.html.is_none() {
        return Ok(None);
    }
    let mut origin = report::origin(&order.stack, Some(cloud), (&order.desired, state, &order.options), plan)?;
    if let Some(saved) = &order.saved {
        saved.digest().clone_into(&mut origin.digest);
    }
    Ok(Some(origin))
}

/// Writes the report, where one is asked for.
fn report(order: &Order<'_>, ready: &Ready, run: Option<Run<'_>>, stopped: Option<&Failure>) -> Result<(), Failure> {
    let (Some(path), Some(origin)) = (&order.running.html, &ready.origin) else { return Ok(()) };
    let Ready { plan, forecast, graph, rules, beside, .. } = ready;
    let (stack, rules) = (&order.stack, rules.as_ref());
    report::write(path, &Subject { stack, plan, forecast, graph, rules, origin, stopped, run, beside })
}

/// What happened counts; that its report can't be written is said beside it.
fn tell(written: Result<(), Failure>) {
    if let Err(failure) = written {
        view::failure(&failure);
    }
}

/// How long ago an earlier run made the youngest of the stack's resources; in doubt, just now.
fn youngest(state: &State, doubt: Option<u64>, now: i64) -> Option<Duration> {
    let ages = state.resources.values().filter_map(|record| u64::try_from(now - record.born).ok());
    ages.chain(doubt).min().map(Duration::from_secs)
}

/// What the design rules say. A stack that goes need not keep them.
async fn judged(order: &Order<'_>, ready: &Ready) -> Result<Option<Report>, Failure> {
    if order.options.destroy {
        return Ok(None);
    }
    let wish = Wish { desired: &order.desired, plan: &ready.plan, options: &order.options, cloud: Some(&ready.cloud) };
    Ok(Some(rules::planned(&order.stack, &wish, rules::today(None)).await?.report))
}

/// Writes down what the state has learned before the run.
async fn learned(lines: &[Entry], recorded: &mut Recorded) -> Result<(), Failure> {
    if !lines.is_empty() {
        recorded.store.append(lines, true).await?;
    }
    Ok(())
}

/// Ends a run that has nothing to do: with a sentence, or with the event that ends every run.
fn nothing_to_do(order: &Order<'_>, text: String) -> Result<Exit, Failure> {
    if order.target.json { view::json::nothing() } else { view::lines(&[text]) }
}

/// Shows the plan and asks, unless it was approved before.
async fn approve(order: &Order<'_>, plan: &Plan, told: (Option<&Report>, &Forecast)) -> Result<(), Failure> {
    let name = order.stack.name();
    let (rules, forecast) = told;
    let show = || {
        view::plan::show(name, plan, Beside { forecast, rules, all: false, drawn: false })
            .and_then(|_| view::forecast::show(plan, forecast))
    };
    if approved(order) {
        if !order.target.json {
            show()?;
        }
        return Ok(());
    }
    ask(order, show).await
}

/// Was it approved before?
fn approved(order: &Order<'_>) -> bool {
    order.running.auto_approve || order.saved.is_some()
}

/// Shows what it is about and asks.
async fn ask(order: &Order<'_>, show: impl FnOnce() -> Result<Exit, Failure>) -> Result<(), Failure> {
    if order.target.json || !view::can_ask() {
        return Err(Failure::new(
            Exit::Approval,
            "approval is needed, and there is no terminal to ask; nothing was changed",
        )
        .hinted("review with `auroractl plan --out FILE` and apply that file, or say `--auto-approve`"));
    }
    show()?;
    let (name, verb) = (order.stack.name(), if order.options.destroy { "Destroy" } else { "Change" });
    let question = format!("\n{verb} stack `{name}`? Only `yes` does it: ");
    // Beside this thread, which has to keep the lock meanwhile and to hear interrupts.
    let answer = tokio::task::spawn_blocking(move || view::ask(&question)).await;
    let answer = answer.map_err(|error| Failure::new(Exit::Error, format!("can't ask: {error}")))??;
    if answer == "yes" {
        return Ok(());
    }
    Err(Failure::new(Exit::Approval, "not approved; nothing was changed"))
}

async fn perform(order: &Order<'_>, recorded: &mut Recorded, ready: Ready, stop: stop::Stop) -> Result<Exit, Failure> {
    let Ready { cloud, plan, forecast, graph, observed, lines, .. } = &ready;
    let label = format!("{}-{}", order.command, cloud.clock.wall().strftime("%Y%m%dT%H%M%SZ"));
    let means = Means {
        world: &*cloud.aws,
        registry: &cloud.registry,
        clock: &cloud.clock,
        parallel: usize::from(order.running.parallel),
        deadline: order.running.timeout,
        run: &label,
        command: order.command,
    };
    let mut record = Record::new(cloud.clock.wall(), cloud.clock.now());
    // Written now, it tells of a run that was killed; and that it can't be written is known before anything is changed.
    report(order, &ready, Some(Run { record: &record, end: None }), None)?;
    learned(lines, recorded).await?;
    let Recorded { store, state, .. } = recorded;
    let (what, scale) = ((&forecast.program, forecast.whole), order.access.login.manner.time_scale);
    let mut view = view::progress(order.target.json, what, scale);
    let mut hear = |event| {
        record.note(&event, cloud.clock.now());
        view.event(&event);
    };
    let desk = Desk { store: &mut **store, report: &mut hear, stop };
    let work = Work { plan, program: &forecast.program, graph, observed, options: &order.options };
    let ended = apply(means, work, state, desk).await;
    let summary = match ended.map_err(Failure::from) {
        Ok(summary) => summary,
        Err(failure) => {
            tell(report(order, &ready, None, Some(&failure)));
            return Err(failure);
        }
    };
    view.end(&summary, &again(order));
    let exit = of_run(&summary);
    tell(report(order, &ready, Some(Run { record: &record, end: Some((exit, &summary)) }), None));
    Ok(exit)
}

/// Hears SIGINT, SIGTERM and SIGHUP; the second one ends the process at once, and says what continues the run.
fn interrupts(again: String) -> Result<stop::Stop, Failure> {
    let (trigger, stop) = stop::channel();
    let hear = |kind| signal(kind).map_err(|error| Failure::new(Exit::Error, format!("can't hear signals: {error}")));
    let (mut int, mut term, mut hup) =
        (hear(SignalKind::interrupt())?, hear(SignalKind::terminate())?, hear(SignalKind::hangup())?);
    tokio::spawn(async move {
        loop {
            tokio::select! { _ = int.recv() => {}, _ = term.recv() => {}, _ = hup.recv() => {} }
            if trigger.raise() == stop::Urgency::Abandon {
                view::abandoned(&again);
                std::process::exit(i32::from(Exit::Abandoned.code()));
            }
        }
    });
    Ok(stop)
}
