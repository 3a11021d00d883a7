//! `auroractl plan`.

use crate::args::Plan;
use crate::exit::{Exit, Failure, refusals};
use crate::rules::{self, Wish};
use crate::saved;
use crate::session::{Cloud, Query, Stack, follow_moves, invalid, nothing, open_state, options, plan, remembered};
use crate::view;
use auroractl_core::plan::Plan as Changes;
use auroractl_core::saved::Saved;
use auroractl_core::{Desired, Graph};
use auroractl_engine::refresh::{Search, Seen};
use auroractl_engine::store::Mode;
use auroractl_policy::Report;

/// Shows what apply would do.
pub(crate) async fn run(args: &Plan) -> Result<Exit, Failure> {
    let stack = Stack::open(&args.target)?;
    let mut recorded = open_state(&stack, &args.access.login, Mode::Read).await?;
    let options = options(&args.permits, &stack, args.destroy)?;
    let desired = stack.desired()?;
    follow_moves(&stack, &mut recorded.state);
    let (changes, judged) = if args.access.refresh {
        let cloud = recorded.cloud(&args.access.login, &stack.id()).await?;
        recorded.lives_in(&cloud.stack)?;
        if recorded.fresh {
            cloud.no_lost_state().await?;
        }
        verified(&cloud, &stack).await?;
        let graph = wanted(desired.clone(), args.destroy)?;
        cloud.resume(&graph, &mut recorded.state, Search::Once).await?;
        let query = Query { graph: &graph, state: &recorded.state, options: &options, refresh: true };
        let (changes, seen) = cloud.plan(&query, Search::Once).await?;
        preflight(&cloud, &stack, (&changes, &graph, &seen)).await?;
        let judged =
            judged(&stack, &Wish { desired: &desired, plan: &changes, options: &options, cloud: Some(&cloud) }).await?;
        (changes, judged)
    } else {
        let graph = wanted(desired.clone(), args.destroy)?;
        let query = Query { graph: &graph, state: &recorded.state, options: &options, refresh: false };
        let changes = plan(&auroractl_stack::registry(), &query, &remembered(&recorded.state))?;
        let judged =
            judged(&stack, &Wish { desired: &desired, plan: &changes, options: &options, cloud: None }).await?;
        (changes, judged)
    };
    let refused = refusals(&changes);
    if let Some(path) = args.out.as_ref().filter(|_| refused.is_none()) {
        let plan = Saved::new(&stack.file, (&desired, &recorded.state, &options), &changes);
        saved::write(&plan.map_err(saved::unwritable)?, path)?;
    }
    show(args, &stack, &changes, judged.as_ref())?;
    if let Some(refused) = refused {
        return Err(refused);
    }
    let changed = args.detailed_exitcode && !changes.is_empty();
    Ok(if changed { Exit::Changes } else { Exit::Done })
}

/// The graph to reach: the stack's, or none.
pub(crate) fn wanted(desired: Desired, destroy: bool) -> Result<Graph, Failure> {
    if destroy { nothing(&desired.stack) } else { Ok(desired.check()?) }
}

/// Asks AWS whether what will be made can be had, before twenty minutes have passed.
pub(crate) async fn preflight(cloud: &Cloud, stack: &Stack, look: (&Changes, &Graph, &Seen)) -> Result<(), Failure> {
    let Some(shortage) = auroractl_stack::preflight(&cloud.aws, &stack.loaded, look).await? else { return Ok(()) };
    if !shortage.findings.has_errors() {
        view::findings(&shortage.findings);
        return Ok(());
    }
    let failure = invalid(&shortage.findings);
    Err(if shortage.quota { Failure { exit: Exit::Refused, ..failure } } else { failure })
}

/// Refuses a given network that is not fit for a database.
pub(crate) async fn verified(cloud: &Cloud, stack: &Stack) -> Result<(), Failure> {
    match auroractl_stack::verify(&cloud.aws, &stack.loaded).await? {
        None => Ok(()),
        Some(found) => Err(invalid(&found)),
    }
}

/// What the design rules say; nothing about a stack that goes.
async fn judged(stack: &Stack, wish: &Wish<'_>) -> Result<Option<Report>, Failure> {
    if wish.options.destroy {
        return Ok(None);
    }
    Ok(Some(rules::planned(stack, wish, rules::today(None)).await?.report))
}

fn show(args: &Plan, stack: &Stack, changes: &Changes, rules: Option<&Report>) -> Result<Exit, Failure> {
    if args.target.json {
        view::json::plan(stack.name(), changes, rules)
    } else {
        view::plan::show(stack.name(), changes, args.all, rules)
    }
}
