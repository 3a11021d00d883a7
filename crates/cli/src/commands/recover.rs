//! `auroractl state recover`: rebuilds a lost state from what the resources' tags tell, and adds what bears the stack's tags
//! to one that does not know it any more. AWS is looked at, never changed.

use crate::args::{Keeper, Login, Recover};
use crate::exit::{Exit, Failure};
use crate::session::{Cloud, Recorded, Stack, open_state};
use crate::view;
use auroractl_core::state::State;
use auroractl_core::{Address, Graph};
use auroractl_engine::World as _;
use auroractl_engine::kind::Owned;
use auroractl_engine::recover::{RecoverError, Recovered, Traces, lineages, recover};
use auroractl_engine::refresh::Scene;
use auroractl_engine::store::{Local, Mode, belongs, set_aside};
use auroractl_stack::StateBackend;
use serde_json::json;
use std::collections::BTreeMap;

/// Rebuilds it.
pub(crate) async fn run(args: &Recover) -> Result<Exit, Failure> {
    let Keeper { target, login } = &args.keeper;
    let stack = Stack::open(target)?;
    let before = before(&stack, args).await?;
    let cloud = Cloud::reach(login, &stack.id()).await?;
    let owned = inventory(&cloud).await?;
    let graph: Graph = stack.desired()?.check()?;
    let state = match &before {
        Before::Readable(state) => {
            belongs(state, &cloud.stack)?;
            State::clone(state)
        }
        Before::Nothing | Before::Damaged => {
            State::new(cloud.stack.clone(), lineage(&cloud, &owned, args.lineage.as_deref())?)
        }
    };
    let scene =
        Scene { world: &*cloud.aws, registry: &cloud.registry, clock: &cloud.clock, graph: &graph, state: &state };
    let former = former(&stack);
    let found = recover(scene, Traces { owned: &owned, former: &former }).await.map_err(failed)?;
    let written = !args.dry_run && found.state != state;
    if written {
        write(&stack, login, &found.state, &before).await?;
    }
    if target.json {
        return document(&found, written);
    }
    let place = place(&stack);
    view::state::recovered(&found, written.then_some(place.as_str()))
}

/// What stands where the state belongs.
enum Before {
    /// No state.
    Nothing,
    /// One that can't be read, and that the user gave up.
    Damaged,
    /// One that can be read: it is added to.
    Readable(Box<State>),
}

/// Where the state of a stack is kept, for people.
fn place(stack: &Stack) -> String {
    let settings = &stack.loaded.config.state;
    match settings.backend {
        StateBackend::Local => stack.dir.display().to_string(),
        StateBackend::S3 => format!("bucket {}", settings.bucket.as_deref().unwrap_or_default()),
    }
}

/// What stands there. One that can be read is never replaced.
async fn before(stack: &Stack, args: &Recover) -> Result<Before, Failure> {
    let local = stack.loaded.config.state.backend == StateBackend::Local;
    if local && args.replace_damaged && Local::open(&stack.dir, Mode::Read).is_err_and(|error| error.is_damage()) {
        return Ok(Before::Damaged);
    }
    let recorded = open_state(stack, &args.keeper.login, Mode::Read).await?;
    let (fresh, state) = (recorded.fresh, recorded.state.clone());
    recorded.close(Ok(Exit::Done)).await?;
    if fresh {
        return Ok(Before::Nothing);
    }
    let (name, serial, count) = (stack.name(), state.serial, state.resources.len());
    let has = format!("stack `{name}` has a state (serial {serial}, {count} resources)");
    if args.replace_damaged {
        return Err(Failure::new(Exit::Refused, format!("{has}: nothing is rebuilt over it"))
            .hinted("without `--replace-damaged`, what it lacks is added to it"));
    }
    if args.lineage.as_ref().is_some_and(|lineage| *lineage != state.lineage) {
        return Err(Failure::new(Exit::Refused, format!("{has} of lineage {}; nothing was written", state.lineage))
            .hinted("objects of another lineage are another stack's"));
    }
    Ok(Before::Readable(Box::new(state)))
}

/// Everything that carries the stack's tags.
async fn inventory(cloud: &Cloud) -> Result<Vec<Owned>, Failure> {
    let (mut owned, unlisted) =
        futures::try_join!(cloud.aws.inventory(&cloud.stack), cloud.aws.unlisted(&cloud.stack))?;
    owned.extend(unlisted);
    owned.sort_by(|one, other| one.arn.cmp(&other.arn));
    owned.dedup_by(|one, other| one.arn == other.arn);
    Ok(owned)
}

/// The lineage: the one that the tags name, or of several the one that the user names.
fn lineage(cloud: &Cloud, owned: &[Owned], named: Option<&str>) -> Result<String, Failure> {
    let found = lineages(owned);
    let place =
        format!("stack `{}` in account {}, region {}", cloud.stack.name, cloud.stack.account, cloud.stack.region);
    let listed = || found.iter().map(|(lineage, count)| format!("  {lineage}: {count} objects"));
    match (named, found.keys().next()) {
        (Some(named), _) if found.contains_key(named) => Ok(named.to_owned()),
        (Some(named), _) => {
            Err(Failure::new(Exit::Invalid, format!("no object of {place} is of lineage {named}")).detailed(listed()))
        }
        (None, None) => Err(Failure::new(
            Exit::Error,
            format!("no object carries the tags of {place}: there is nothing to rebuild a state from"),
        )
        .hinted("where the stack was never applied, or is gone, `auroractl apply` begins it anew")),
        (None, Some(only)) if found.len() == 1 => Ok((*only).to_owned()),
        (None, Some(_)) => Err(Failure::new(
            Exit::Refused,
            format!("the objects of {place} are of several lineages; nothing was written"),
        )
        .detailed(listed())
        .hinted("say which one with `--lineage`")),
    }
}

/// The addresses that resources had before the moves that the stack file tells of, the latest first.
fn former(stack: &Stack) -> BTreeMap<Address, Vec<Address>> {
    let moves: BTreeMap<Address, Address> = stack
        .loaded
        .config
        .moved
        .iter()
        .filter_map(|moved| Some((moved.to.parse().ok()?, moved.from.parse().ok()?)))
        .collect();
    let before = |at: &Address| {
        // Each is left once, so a walk that is longer than the list goes in a circle.
        let steps = std::iter::successors(moves.get(at), |from| moves.get(*from));
        steps.take(moves.len()).cloned().collect::<Vec<_>>()
    };
    moves.keys().map(|at| (at.clone(), before(at))).collect()
}

fn failed(error: RecoverError) -> Failure {
    match error {
        RecoverError::Call(error) => error.into(),
        RecoverError::Unknown { .. } | RecoverError::Malformed { .. } => {
            Failure::new(Exit::Error, format!("{error}; nothing was written"))
        }
        RecoverError::Twins(twins) => {
            Failure::new(Exit::Refused, "several objects carry one identity; nothing was written")
                .detailed(twins.into_iter().map(|arns| format!("  {}", arns.join(" and "))))
                .hinted("find out which one the stack uses, and take the `auroractl:*` tags off the other")
        }
    }
}

/// Writes a snapshot, wherever the stack keeps its state; a damaged one makes room.
async fn write(stack: &Stack, login: &Login, state: &State, before: &Before) -> Result<Exit, Failure> {
    let mut serial = state.serial;
    if matches!(before, Before::Damaged) {
        let aside = set_aside(&stack.dir)?;
        view::note(&format!("the damaged files are in {} now", aside.to.display()));
        serial = aside.serial;
    }
    let mut recorded = open_state(stack, login, Mode::Write { command: "state recover".to_owned() }).await?;
    let done = commit(&mut recorded, &State { serial, ..state.clone() }, before).await;
    recorded.close(done).await
}

async fn commit(recorded: &mut Recorded, state: &State, before: &Before) -> Result<Exit, Failure> {
    let same = match before {
        Before::Nothing | Before::Damaged => recorded.fresh,
        Before::Readable(before) => !recorded.fresh && recorded.state == **before,
    };
    if !same {
        return Err(Failure::new(Exit::Refused, "another run wrote a state meanwhile; it was left as it is"));
    }
    recorded.store.probe()?;
    recorded.store.commit(state).await?;
    Ok(Exit::Done)
}

fn document(found: &Recovered, written: bool) -> Result<Exit, Failure> {
    let Recovered { state, missing, left } = found;
    view::json::document(&json!({
        "format_version": 1,
        "stack": state.stack.name,
        "lineage": state.lineage,
        "written": written,
        "recorded": state.resources.keys().collect::<Vec<_>>(),
        "deposed": state.deposed.keys().collect::<Vec<_>>(),
        "missing": missing,
        "left": left,
    }))
}
