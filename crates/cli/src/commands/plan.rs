//! `auroractl plan`.

use crate::args::{Asked, Login, Plan, STDOUT};
use crate::beside;
use crate::exit::{Exit, Failure, refusals};
use crate::forecast::{PARALLEL, foretell, over_budget};
use crate::report;
use crate::rules::{self, Wish};
use crate::saved;
use crate::session::{
    Cloud, Query, Recorded, Stack, follow_moves, invalid, nothing, open_state, options, permitted, plan, remembered,
};
use crate::standing;
use crate::target::{Kind, allows};
use crate::view;
use crate::view::forecast::Aside;
use crate::view::plan::Beside;
use crate::view::report::{Origin, Subject, markdown};
use auroractl_core::plan::{Options, Plan as Changes};
use auroractl_core::saved::Saved;
use auroractl_core::state::State;
use auroractl_core::{Desired, Graph};
use auroractl_engine::refresh::{Search, Seen};
use auroractl_engine::store::Mode;
use auroractl_policy::Report;
use auroractl_stack::Forecast;
use std::path::Path;

/// A plan, and what it was made from.
pub(crate) struct Gathered {
    pub(crate) stack: Stack,
    pub(crate) changes: Changes,
    desired: Desired,
    options: Options,
    graph: Graph,
    state: State,
    seen: Seen,
    /// AWS, where it was looked at.
    cloud: Option<Cloud>,
}

impl Gathered {
    /// Time and money.
    pub(crate) fn forecast(&self, parallel: u16) -> Result<Forecast, Failure> {
        foretell(&self.stack, &self.changes, (&self.graph, &self.state, &self.seen), parallel)
    }

    /// Who planned, when, and from what.
    fn origin(&self) -> Result<Origin, Failure> {
        let made_from = (&self.desired, &self.state, &self.options);
        report::origin(&self.stack, self.cloud.as_ref(), made_from, &self.changes)
    }

    /// What the design rules say; nothing about a stack that goes.
    async fn judged(&self) -> Result<Option<Report>, Failure> {
        let Self { stack, changes, desired, options, cloud, .. } = self;
        if options.destroy {
            return Ok(None);
        }
        let wish = Wish { desired, plan: changes, options, cloud: cloud.as_ref() };
        Ok(Some(rules::planned(stack, &wish, rules::today(None)).await?.report))
    }
}

/// Plans, with a look at AWS or without.
pub(crate) async fn gather(asked: &Asked) -> Result<Gathered, Failure> {
    let Asked { target, access, permits, destroy } = asked;
    let destroy = *destroy;
    let stack = Stack::open(target)?;
    let mut recorded = open_state(&stack, &access.login, Mode::Read).await?;
    let options = options(permits, &stack, destroy)?;
    let desired = stack.desired()?;
    permitted(&options, &desired, &recorded.state)?;
    follow_moves(&stack, &mut recorded.state);
    let graph = wanted(desired.clone(), destroy)?;
    let (changes, seen, cloud) = if access.refresh {
        let cloud = reached(&stack, &mut recorded, (&access.login, destroy)).await?;
        cloud.resume(&graph, &mut recorded.state, Search::Once).await?;
        let query = Query { graph: &graph, state: &recorded.state, options: &options, refresh: true };
        let (changes, seen) = cloud.plan(&query, Search::Once).await?;
        preflight(&cloud, &stack, (&changes, &graph, &seen)).await?;
        (changes, seen, Some(cloud))
    } else {
        let query = Query { graph: &graph, state: &recorded.state, options: &options, refresh: false };
        let seen = remembered(&recorded.state);
        (plan(&auroractl_stack::registry(), &query, &seen)?, seen, None)
    };
    Ok(Gathered { stack, changes, desired, options, graph, state: recorded.state, seen, cloud })
}

/// Shows what apply would do.
pub(crate) async fn run(args: &Plan) -> Result<Exit, Failure> {
    if args.asked.target.json && args.markdown.as_deref() == Some(Path::new(STDOUT)) {
        return Err(Failure::new(Exit::Invalid, "`--json` and `--markdown` both print on stdout; nothing was changed")
            .hinted("write one of them to a file: `--markdown=FILE`"));
    }
    may_write(args)?;
    let gathered = gather(&args.asked).await?;
    let Gathered { stack, changes, desired, options, state, .. } = &gathered;
    let (forecast, judged) = (gathered.forecast(PARALLEL)?, gathered.judged().await?);
    let stopped = refusals(changes).or_else(|| over_budget(&forecast, &args.budget));
    if let Some(path) = args.out.as_ref().filter(|_| stopped.is_none()) {
        let plan = Saved::new(&stack.file, (desired, state, options), changes);
        saved::write(&plan.map_err(saved::unwritable)?, path)?;
    }
    let becomes = standing::told(stack.name(), state, options);
    let others = beside::told(changes, (&gathered.graph, state, &gathered.seen));
    becomes.iter().for_each(|told| view::note(told));
    let all: Vec<String> = becomes.into_iter().chain(others.iter().cloned()).collect();
    show(args, &gathered, (&forecast, judged.as_ref(), stopped.as_ref()), &all)?;
    others.iter().for_each(|told| view::note(told));
    if let Some(stopped) = stopped {
        return Err(unsaved(stopped, args.out.as_deref()));
    }
    let changed = args.detailed_exitcode && !changes.is_empty();
    Ok(if changed { Exit::Changes } else { Exit::Done })
}

/// Refuses to write over what is not a plan or a report, before AWS is asked.
fn may_write(args: &Plan) -> Result<(), Failure> {
    let text = args.markdown.as_ref().filter(|path| path.as_path() != Path::new(STDOUT));
    let files = [(args.out.as_ref(), Kind::Plan), (args.html.as_ref(), Kind::Page), (text, Kind::Text)];
    files.into_iter().filter_map(|(path, kind)| Some((path?, kind))).try_for_each(|(path, kind)| allows(path, kind))
}

/// The failure, which says as well that no plan was saved where one was asked for.
fn unsaved(stopped: Failure, out: Option<&Path>) -> Failure {
    let Some(path) = out else { return stopped };
    let left = if saved::is_missing(path) { "" } else { ": what is there is of another plan" };
    stopped.detailed([format!("  nothing was saved to {}{left}", path.display())])
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
    Err(if shortage.refused { Failure { exit: Exit::Refused, ..failure } } else { failure })
}

/// AWS, where the stack lives: in the account of its state, with nothing whose state was lost, and unless the stack goes, with
/// a network that is fit for a database.
pub(crate) async fn reached(
    stack: &Stack,
    recorded: &mut Recorded,
    (login, destroy): (&Login, bool),
) -> Result<Cloud, Failure> {
    let cloud = recorded.cloud(login, &stack.id()).await?;
    recorded.lives_in(&cloud.stack)?;
    if recorded.fresh {
        cloud.no_lost_state().await?;
    }
    if !destroy {
        verified(&cloud, stack).await?;
    }
    Ok(cloud)
}

/// Refuses a given network that is not fit for a database.
async fn verified(cloud: &Cloud, stack: &Stack) -> Result<(), Failure> {
    match auroractl_stack::verify(&cloud.aws, &stack.loaded).await? {
        None => Ok(()),
        Some(found) => Err(invalid(&found)),
    }
}

/// Shows the plan in the forms that were asked for.
fn show(
    args: &Plan,
    gathered: &Gathered,
    (forecast, rules, stopped): (&Forecast, Option<&Report>, Option<&Failure>),
    beside: &[String],
) -> Result<Exit, Failure> {
    let Gathered { stack, changes: plan, graph, state, .. } = gathered;
    // What a saved plan says holds, and only of a stack that was never applied each plan draws a lineage.
    let drawn = state.serial == 0 && (args.out.is_none() || stopped.is_some());
    let people = || {
        view::plan::show(stack.name(), plan, Beside { forecast, rules, all: args.all, drawn })?;
        view::forecast::show(plan, forecast)
    };
    if args.html.is_none() && args.markdown.is_none() && !args.asked.target.json {
        return people();
    }
    let origin = gathered.origin()?;
    let subject = Subject { stack, plan, forecast, graph, rules, origin: &origin, stopped, run: None, beside };
    if let Some(path) = &args.html {
        report::write(path, &subject)?;
    }
    if let Some(path) = args.markdown.as_deref() {
        let text = markdown(&subject);
        if path == Path::new(STDOUT) {
            return view::bytes(text.as_bytes());
        }
        report::write_text(path, &text)?;
    }
    if args.asked.target.json {
        let aside = Aside { forecast, rules, origin: &origin, stopped, beside };
        return view::forecast::json(stack.name(), plan, aside);
    }
    people()
}
