//! `auroractl check`: the design rules on a stack, without changing anything.

use crate::args::{Check, CheckFormat, Permits, Strictness};
use crate::exit::{Exit, Failure};
use crate::rules::{self, Judged, Wish, today};
use crate::session::{Query, Stack, follow_moves, open_state, options, plan, remembered};
use crate::view;
use auroractl_engine::refresh::Search;
use auroractl_engine::store::Mode;
use auroractl_policy::{Profile, decision, report};
use auroractl_stack::facts::waivers;

/// Checks.
pub(crate) async fn run(args: &Check) -> Result<Exit, Failure> {
    let stack = Stack::open(&args.target)?;
    let judged = if args.live { live(args, &stack).await? } else { wanted(args, &stack).await? };
    if args.adr {
        let waivers = waivers(&stack.loaded.config);
        let record = decision::record(&judged.facts, &waivers, &judged.report);
        return view::bytes(record.map_err(|error| Failure::new(Exit::Error, error))?.as_bytes());
    }
    let format = if args.target.json { CheckFormat::Json } else { args.format };
    match format {
        CheckFormat::Human => view::rules::report(&stack.loaded, &judged.report)?,
        CheckFormat::Json => view::json::document(&report::Document::of(&judged.report))?,
        CheckFormat::Sarif => view::json::document(&report::sarif(&judged.report, env!("CARGO_PKG_VERSION")))?,
        CheckFormat::Markdown => view::bytes(report::markdown(&judged.report).as_bytes())?,
    };
    let blocked = judged.report.blocking(false).next().is_some();
    Ok(if blocked { Exit::Blocked } else { Exit::Done })
}

fn profile(args: &Check) -> Option<Profile> {
    args.profile.map(|strictness| match strictness {
        Strictness::Prod => Profile::Prod,
        Strictness::Staging => Profile::Staging,
        Strictness::Dev => Profile::Dev,
        Strictness::Critical => Profile::Critical,
    })
}

/// What the stack wants; no AWS call, but for a state in S3.
async fn wanted(args: &Check, stack: &Stack) -> Result<Judged, Failure> {
    let mut recorded = open_state(stack, &args.login(), Mode::Read).await?;
    follow_moves(stack, &mut recorded.state);
    let desired = stack.desired()?;
    let graph = desired.clone().check()?;
    let options = options(&Permits::default(), stack, false)?;
    let query = Query { graph: &graph, state: &recorded.state, options: &options, refresh: false };
    let changes = plan(&auroractl_stack::registry(), &query, &remembered(&recorded.state))?;
    let wish = Wish { desired: &desired, plan: &changes, options: &options, cloud: None };
    rules::planned(stack, &wish, today(profile(args))).await
}

/// What AWS has of what was applied.
async fn live(args: &Check, stack: &Stack) -> Result<Judged, Failure> {
    let login = args.login();
    let mut recorded = open_state(stack, &login, Mode::Read).await?;
    if recorded.fresh {
        return Err(Failure::new(Exit::Error, format!("stack `{}` was never applied", stack.name()))
            .hinted("without `--live`, `auroractl check` checks what the stack wants"));
    }
    let cloud = recorded.cloud(&login, &stack.id()).await?;
    let options = options(&Permits::default(), stack, false)?;
    let graph = auroractl_stack::remembered(&recorded.state).check()?;
    let query = Query { graph: &graph, state: &recorded.state, options: &options, refresh: true };
    let (_, observed) = cloud.plan(&query, Search::Once).await?;
    rules::live(stack, &observed, &cloud, today(profile(args))).await
}
