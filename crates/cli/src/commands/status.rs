//! `auroractl status`: how is the database? Has somebody else changed what was applied, or has it failed at AWS?
//!
//! The state itself is read as the wish, so the same plan that drives apply finds the drift. What was looked at for it
//! tells how the database is.

use crate::args::{Permits, Status};
use crate::beside;
use crate::exit::{Exit, Failure, refusals};
use crate::session::{Query, Stack, open_state, options};
use crate::view;
use auroractl_engine::refresh::Search;
use auroractl_engine::store::Mode;

/// Looks and compares.
pub(crate) async fn run(args: &Status) -> Result<Exit, Failure> {
    let stack = Stack::open(&args.target)?;
    let mut recorded = open_state(&stack, &args.access.login, Mode::Read).await?;
    if recorded.fresh {
        return Err(Failure::new(Exit::Error, format!("stack `{}` was never applied", stack.name()))
            .hinted("`auroractl plan` shows what apply would do"));
    }
    let cloud = recorded.cloud(&args.access.login, &stack.id()).await?;
    recorded.lives_in(&cloud.stack)?;
    let options = options(&Permits::default(), &stack, false)?;
    if args.access.refresh {
        // Of an interrupted replacement the second half may be there and not on record.
        let graph = auroractl_stack::remembered(&recorded.state).check()?;
        cloud.resume(&graph, &mut recorded.state, Search::Once).await?;
    }
    let graph = auroractl_stack::remembered(&recorded.state).check()?;
    let query = Query { graph: &graph, state: &recorded.state, options: &options, refresh: args.access.refresh };
    let (drift, seen) = cloud.plan(&query, Search::Once).await?;
    let clusters = auroractl_stack::overview(&recorded.state, &seen);
    if args.target.json {
        view::json::document(&view::overview::document(stack.name(), &drift, &clusters))?
    } else {
        view::plan::status(stack.name(), &drift, &clusters, &stack.file)?
    };
    for note in beside::told(&drift, (&graph, &recorded.state, &seen)) {
        view::note(&note);
    }
    // What was not seen may be as it was: that is an error, and no drift.
    let failed = drift.ailing().next().is_some();
    match (view::plan::drift(&drift), refusals(&drift)) {
        ((_, 0), Some(unseen)) if !failed => Err(unseen),
        ((0, 0), None) if !failed => Ok(Exit::Done),
        _ => Ok(Exit::Drift),
    }
}
