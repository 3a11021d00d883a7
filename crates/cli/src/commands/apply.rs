//! `auroractl apply` and `auroractl destroy`.

use crate::args::{Access, Apply, Destroy, Running, Target};
use crate::commands::plan::{preflight, verified, wanted};
use crate::exit::{Exit, Failure, of_run, refusals};
use crate::rules::{self, Wish};
use crate::saved;
use crate::session::{Cloud, Query, Recorded, Stack, follow_moves, open_state, options};
use crate::view;
use auroractl_core::lower::{Sources, lower};
use auroractl_core::plan::{Options, Plan};
use auroractl_core::saved::Saved;
use auroractl_core::{Desired, Graph};
use auroractl_engine::apply::{Desk, Means, Unchanged, Work, apply, settle};
use auroractl_engine::refresh::{Search, Seen};
use auroractl_engine::stop;
use auroractl_engine::store::{Mode, Store as _};
use auroractl_policy::Report;
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
    };
    execute(order).await
}

/// `apply FILE` takes either: a stack file is TOML, a saved plan is JSON.
fn saved_plan(args: &Apply) -> Result<(Target, Option<Saved>), Failure> {
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
    let mut recorded =
        open_state(&order.stack.dir, &order.stack.id(), Mode::Write { command: order.command.to_owned() })?;
    if recorded.fresh && order.options.destroy {
        return view::lines(&[format!(
            "Stack `{}` was never applied: there is nothing to destroy.",
            order.stack.name()
        )]);
    }
    // A disk that can't be written to is told before AWS is asked; asked again before the first change.
    recorded.store.probe()?;
    let cloud = Cloud::reach(order.access, &order.stack.id()).await?;
    recorded.lives_in(&cloud.stack)?;
    if let Some(saved) = order.saved.as_ref().filter(|_| recorded.fresh) {
        recorded.state.lineage.clone_from(&saved.lineage);
    }
    if recorded.fresh {
        cloud.no_lost_state().await?;
    }
    if !order.options.destroy {
        verified(&cloud, &order.stack).await?;
    }
    let graph = wanted(order.desired.clone(), order.options.destroy)?;
    let moves = follow_moves(&order.stack, &mut recorded.state);
    if !moves.is_empty() {
        recorded.store.append(&moves, true).await?;
    }
    if order.access.refresh {
        resume(&cloud, &graph, &mut recorded).await?;
    }
    let query = Query { graph: &graph, state: &recorded.state, options: &order.options, refresh: order.access.refresh };
    let (plan, observed) = cloud.plan(&query, Search::Patient).await?;
    if let Some(saved) = &order.saved {
        saved::fresh(saved, &recorded.state, &plan)?;
    }
    if let Some(refused) = refusals(&plan) {
        return Err(refused);
    }
    if plan.is_empty() {
        let work = Unchanged { plan: &plan, graph: &graph, observed: &observed };
        settle(work, &mut recorded.state, &mut recorded.store).await?;
        return nothing_to_do(&order);
    }
    preflight(&cloud, &order.stack, (&plan, &graph, &observed)).await?;
    let report = kept(&order, &plan, &cloud).await?;
    approve(&order, &plan, report.as_ref())?;
    recorded.store.probe()?;
    perform(&order, &cloud, &mut recorded, (&plan, &graph, &observed)).await
}

/// Asks the design rules, and refuses what a must rule forbids. A stack that goes need not keep them.
async fn kept(order: &Order<'_>, plan: &Plan, cloud: &Cloud) -> Result<Option<Report>, Failure> {
    if order.options.destroy {
        return Ok(None);
    }
    let wish = Wish { desired: &order.desired, plan, options: &order.options, cloud: Some(cloud) };
    let judged = rules::planned(&order.stack, &wish, rules::today(None)).await?;
    match rules::blocked(&order.stack, &judged.report)? {
        Some(blocked) => Err(blocked),
        None => Ok(Some(judged.report)),
    }
}

/// What interrupted replacements made is known before the plan, and written down.
async fn resume(cloud: &Cloud, graph: &Graph, recorded: &mut Recorded) -> Result<(), Failure> {
    let lines = cloud.resume(graph, &mut recorded.state, Search::Patient).await?;
    if !lines.is_empty() {
        recorded.store.append(&lines, true).await?;
    }
    Ok(())
}

fn nothing_to_do(order: &Order<'_>) -> Result<Exit, Failure> {
    if order.target.json {
        return view::json::nothing();
    }
    view::lines(&[format!("Nothing to change: stack `{}` is as it should be.", order.stack.name())])
}

/// Shows the plan and asks, unless it was approved before.
fn approve(order: &Order<'_>, plan: &Plan, rules: Option<&Report>) -> Result<(), Failure> {
    let name = order.stack.name();
    if order.running.auto_approve || order.saved.is_some() {
        if !order.target.json {
            view::plan::show(name, plan, false, rules)?;
        }
        return Ok(());
    }
    if order.target.json || !view::can_ask() {
        return Err(Failure::new(
            Exit::Approval,
            "approval is needed, and there is no terminal to ask; nothing was changed",
        )
        .hinted("review with `auroractl plan --out FILE` and apply that file, or say `--auto-approve`"));
    }
    view::plan::show(name, plan, false, rules)?;
    if view::ask(&format!(
        "\n{} stack `{name}`? Only `yes` does it: ",
        if order.options.destroy { "Destroy" } else { "Change" }
    ))? == "yes"
    {
        return Ok(());
    }
    Err(Failure::new(Exit::Approval, "not approved; nothing was changed"))
}

async fn perform(
    order: &Order<'_>,
    cloud: &Cloud,
    recorded: &mut Recorded,
    (plan, graph, observed): (&Plan, &Graph, &Seen),
) -> Result<Exit, Failure> {
    let Recorded { store, state, .. } = recorded;
    let sources = Sources { kinds: &cloud.registry, graph, state, observed, lowerings: auroractl_stack::LOWERINGS };
    let program = lower(plan, &sources);
    let label = format!("{}-{}", order.command, cloud.clock.wall().strftime("%Y%m%dT%H%M%SZ"));
    let means = Means {
        world: &cloud.aws,
        registry: &cloud.registry,
        clock: &cloud.clock,
        parallel: usize::from(order.running.parallel),
        deadline: order.running.timeout,
        label: (&label, order.command),
    };
    let mut view = view::progress(order.target.json, order.access.time_scale);
    let stop = interrupts()?;
    let desk = Desk { store, report: &mut |event| view.event(&event), stop };
    let summary = apply(means, Work { plan, program: &program, graph, observed }, state, desk).await?;
    view.end(&summary);
    Ok(of_run(&summary))
}

/// Hears SIGINT, SIGTERM and SIGHUP; the second one ends the process at once.
fn interrupts() -> Result<stop::Stop, Failure> {
    let (trigger, stop) = stop::channel();
    let hear = |kind| signal(kind).map_err(|error| Failure::new(Exit::Error, format!("can't hear signals: {error}")));
    let (mut int, mut term, mut hup) =
        (hear(SignalKind::interrupt())?, hear(SignalKind::terminate())?, hear(SignalKind::hangup())?);
    tokio::spawn(async move {
        loop {
            tokio::select! { _ = int.recv() => {}, _ = term.recv() => {}, _ = hup.recv() => {} }
            if trigger.raise() == stop::Urgency::Abandon {
                view::abandoned();
                std::process::exit(i32::from(Exit::Abandoned.code()));
            }
        }
    });
    Ok(stop)
}
