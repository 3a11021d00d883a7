//! What every command does first: find the stack file, find its state, reach AWS.

use crate::args::{Login, Permits, Target};
use crate::bucket;
use crate::exit::{Exit, Failure};
use crate::target::{Kind, allows};
use crate::view;
use auroractl_aws::Aws;
use auroractl_core::identity::StackId;
use auroractl_core::journal::{self, Entry, replay};
use auroractl_core::plan::{Inputs, Options, Plan};
use auroractl_core::state::State;
use auroractl_core::{Address, Desired, Graph, Observed, Record};
use auroractl_engine::refresh::{Scene, Search, Seen, refresh};
use auroractl_engine::resume::resume;
use auroractl_engine::store::{Local, Mode, Opened, Store, belongs, folder};
use auroractl_engine::{Clock, Registry, World as _};
use auroractl_stack::{Diagnostics, Loaded, StateBackend};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folder in which stack files are looked for, and the state folder's name.
const STACKS: &str = "stacks";
const STATE: &str = "state";

/// Why a plan without a look goes no further.
const UNSOUGHT: &str =
    "an interrupted run may have made its successor, and only a look at AWS (`--refresh=true`) tells whether it did";

/// A stack file that was read, and where its state lives.
pub(crate) struct Stack {
    /// The file as it was named.
    pub(crate) file: PathBuf,
    /// What it says.
    pub(crate) loaded: Loaded,
    /// Its state folder.
    pub(crate) dir: PathBuf,
}

impl Stack {
    /// Finds and reads the stack file.
    pub(crate) fn open(target: &Target) -> Result<Self, Failure> {
        let file = match &target.stack {
            Some(file) => file.clone(),
            None => the_only_one()?,
        };
        let loaded = auroractl_stack::load(&file, &auroractl_stack::Known).map_err(|found| invalid(&found))?;
        crate::view::findings(&loaded.warnings);
        let dir = folder(&state_dir(target, &file), &loaded.config.stack.name)?;
        Ok(Self { file, loaded, dir })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.loaded.config.stack.name
    }

    /// Its name and place.
    pub(crate) fn id(&self) -> StackId {
        auroractl_stack::stack_id(&self.loaded.config)
    }

    /// The resources that it describes, none of which is said to have moved away.
    pub(crate) fn desired(&self) -> Result<Desired, Failure> {
        let desired = auroractl_stack::compose(&self.loaded).map_err(|error| vec![error])?.desired;
        match auroractl_stack::unmoved(&self.loaded, &desired) {
            Some(found) => Err(invalid(&found)),
            None => Ok(desired),
        }
    }
}

/// Errors of a stack file, rendered with their places.
pub(crate) fn invalid(found: &Diagnostics) -> Failure {
    Failure::new(Exit::Invalid, format!("{found}; nothing was changed")).detailed([crate::view::rendered(found)])
}

fn the_only_one() -> Result<PathBuf, Failure> {
    let toml = |dir: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
        entries
            .filter(|path| {
                path.extension().is_some_and(|ext| ext == "toml")
                    && path.file_name().is_some_and(|name| name != "Cargo.toml" && name != "rustfmt.toml")
            })
            .collect()
    };
    let mut found = toml(Path::new(STACKS));
    if found.is_empty() {
        found = toml(Path::new("."));
    }
    found.sort();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Failure::new(Exit::Invalid, "there is no stack file here")
            .hinted("name one, or write a first one with `auroractl init`")),
        many => Err(Failure::new(Exit::Invalid, "there are several stack files here; name one")
            .detailed(many.iter().map(|path| format!("  {}", path.display())))),
    }
}

/// `--state-dir`, or `state/` in the nearest folder above the stack file that has one, or beside the file.
pub(crate) fn state_dir(target: &Target, file: &Path) -> PathBuf {
    if let Some(dir) = &target.state_dir {
        return dir.clone();
    }
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let above = absolute.ancestors().skip(1).map(|dir| dir.join(STATE)).find(|dir| dir.is_dir());
    above.unwrap_or_else(|| absolute.parent().unwrap_or(Path::new(".")).join(STATE))
}

/// A state that was opened, wherever it is kept.
pub(crate) struct Recorded {
    /// The store; in write mode it holds the lock. To be closed, see [`Recorded::close`].
    pub(crate) store: Box<dyn Store>,
    /// The state; a fresh one when the stack was never applied.
    pub(crate) state: State,
    /// The stack was never applied.
    pub(crate) fresh: bool,
    /// What a run wrote down that did not come to its end, and no snapshot has: see [`Opened::since`].
    pub(crate) since: Vec<Entry>,
    /// AWS, where it had to be reached for the state.
    cloud: Option<Cloud>,
}

impl Recorded {
    /// Takes the account over that the credentials belong to. A stack file need not name it; the state does.
    pub(crate) fn lives_in(&mut self, stack: &StackId) -> Result<(), Failure> {
        if !self.fresh {
            belongs(&self.state, stack)?;
        }
        self.state.stack.clone_from(stack);
        Ok(())
    }

    /// AWS: the one that was reached for the state, or reached now.
    pub(crate) async fn cloud(&mut self, login: &Login, stack: &StackId) -> Result<Cloud, Failure> {
        match self.cloud.take() {
            Some(cloud) => Ok(cloud),
            None => Cloud::reach(login, stack).await,
        }
    }

    /// Gives the lock back, however the work ended. That another run had taken it is how the command ends; that it could
    /// not be given back is told, and the work counts.
    pub(crate) async fn close(self, worked: Result<Exit, Failure>) -> Result<Exit, Failure> {
        let Err(error) = self.store.close().await else { return worked };
        let fenced = error.fenced();
        let failure = Failure::from(error);
        if fenced && worked.is_ok() {
            return Err(failure);
        }
        view::failure(&Failure { message: format!("the lock was not given back: {}", failure.message), ..failure });
        worked
    }
}

/// Opens the state of a stack where its file says that it is.
pub(crate) async fn open_state(stack: &Stack, login: &Login, mode: Mode) -> Result<Recorded, Failure> {
    let id = stack.id();
    let (store, opened, cloud): (Box<dyn Store>, _, _) = match stack.loaded.config.state.backend {
        StateBackend::Local => {
            let (store, opened) = Local::open(&stack.dir, mode)?;
            (Box::new(store), opened, None)
        }
        StateBackend::S3 => {
            let cloud = Cloud::reach(login, &id).await?;
            let (store, opened) = bucket::open(stack, &cloud, mode).await?;
            (store, opened, Some(cloud))
        }
    };
    let Opened { state, since, notes, in_motion } = opened;
    notes.iter().for_each(|note| view::note(note));
    if in_motion {
        view::note("another run is at work: what is shown may change under way");
    }
    let fresh = state.is_none();
    let state = match state {
        Some(state) => state,
        None => State::new(id.clone(), random()?),
    };
    let recorded = Recorded { store, state, fresh, since, cloud };
    if let Err(error) = belongs(&recorded.state, &id) {
        recorded.close(Ok(Exit::Done)).await?;
        return Err(error.into());
    }
    Ok(recorded)
}

/// The `[[moved]]` entries of a stack file that the state has not followed yet, as lines for the journal. The state follows.
pub(crate) fn follow_moves(stack: &Stack, state: &mut State) -> Vec<Entry> {
    let moves =
        stack.loaded.config.moved.iter().filter_map(|moved| Some((moved.from.parse().ok()?, moved.to.parse().ok()?)));
    journal::follow(state, moves)
}

/// Today in UTC, by which waivers end and prices are of age.
pub(crate) fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// 128 random bits: the lineage of a new stack, the name of a lease.
pub(crate) fn random() -> Result<String, Failure> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Exit::Error, format!("the system gives no random numbers: {error}")))?;
    Ok(HEXLOWER.encode(&bytes))
}

/// AWS, reached and asserted to be the right account and region.
pub(crate) struct Cloud {
    /// The clients.
    pub(crate) aws: Arc<Aws>,
    /// The clock.
    pub(crate) clock: Clock,
    /// The kinds.
    pub(crate) registry: Registry<Aws>,
    /// The stack with the account that it runs in.
    pub(crate) stack: StackId,
}

impl Cloud {
    /// Connects, and compares account and region with the stack file's.
    pub(crate) async fn reach(login: &Login, stack: &StackId) -> Result<Self, Failure> {
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            if let Some(other) =
                std::env::var(variable).ok().filter(|value| !value.is_empty() && *value != stack.region)
            {
                crate::view::note(&format!("{variable} says {other}; the stack's region counts: {}", stack.region));
            }
        }
        if let Some(path) = &login.manner.trace_file {
            allows(path, Kind::Trace)?;
        }
        let clock = Clock::scaled(login.manner.time_scale);
        let options = auroractl_aws::Options {
            region: stack.region.clone(),
            account: Some(stack.account.clone()).filter(|account| !account.is_empty()),
            profile: login.profile.clone(),
            assume_role: login.manner.assume_role.clone(),
            trace_file: login.manner.trace_file.clone(),
            clock: clock.clone(),
        };
        let aws = Arc::new(Aws::connect(options).await?);
        aws.on_slow(Arc::new(|service, rate| {
            crate::view::note(&format!("{service} throttled, slowing to {rate:.1} calls a second"))
        }));
        let stack = StackId { account: aws.account().to_owned(), ..stack.clone() };
        Ok(Self { aws, clock, registry: auroractl_stack::registry(), stack })
    }

    /// Refuses to start afresh where owned objects exist: a lost state must never read as "nothing there".
    pub(crate) async fn no_lost_state(&self) -> Result<(), Failure> {
        let owned = self.aws.inventory(&self.stack).await?;
        let Some(first) = owned.first() else { return Ok(()) };
        let lineage = first.tags.get(auroractl_core::tags::LINEAGE).cloned().unwrap_or_default();
        let count = owned.len();
        Err(Failure::new(
            Exit::State,
            format!(
                "found {count} objects of stack `{}` (lineage {lineage}) but no state; nothing was changed",
                self.stack.name
            ),
        )
        .detailed(owned.iter().take(5).map(|object| format!("  {}", object.arn)))
        .hinted(
            "bring the state folder back, or rebuild the state from these objects' tags with `auroractl state recover`",
        ))
    }

    /// Looks for what interrupted replacements made and lets the state know. Returns the lines for the journal.
    pub(crate) async fn resume(&self, graph: &Graph, state: &mut State, search: Search) -> Result<Vec<Entry>, Failure> {
        let scene = Scene { world: &*self.aws, registry: &self.registry, clock: &self.clock, graph, state };
        let lines = resume(scene, search).await?;
        lines.iter().for_each(|line| replay(state, line));
        Ok(lines)
    }

    /// Looks at AWS, or remembers, and plans.
    pub(crate) async fn plan(&self, query: &Query<'_>, search: Search) -> Result<(Plan, Seen), Failure> {
        let scene = Scene {
            world: &*self.aws,
            registry: &self.registry,
            clock: &self.clock,
            graph: query.graph,
            state: query.state,
        };
        let observed = if query.refresh { refresh(scene, search).await? } else { remembered(query.state) };
        let plan = plan(&self.registry, query, &observed)?;
        Ok((plan, observed))
    }
}

/// What a plan is made from, beside the world.
pub(crate) struct Query<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) state: &'a State,
    pub(crate) options: &'a Options,
    pub(crate) refresh: bool,
}

/// Plans.
pub(crate) fn plan(registry: &Registry<Aws>, query: &Query<'_>, observed: &Seen) -> Result<Plan, Failure> {
    let inputs = Inputs { kinds: registry, graph: query.graph, state: query.state, observed, options: query.options };
    Ok(auroractl_core::plan::plan(&inputs)?)
}

/// The records read as observations: what a plan without refresh works on. Where an interrupted run may have put another object
/// in the place of the recorded one, only a look tells.
pub(crate) fn remembered(state: &State) -> Seen {
    let seen = |at: &Address, record: &Record| match state.create_intent(at) {
        Some(intent) if intent.attempted => Observed::Unknown(UNSOUGHT.to_owned()),
        _ => Observed::Live(Box::new(record.remembered())),
    };
    state.resources.iter().map(|(at, record)| (at.clone(), seen(at, record))).collect()
}

/// The user's permissions as plan options.
pub(crate) fn options(permits: &Permits, stack: &Stack, destroy: bool) -> Result<Options, Failure> {
    let mut allow_delete = BTreeSet::new();
    for text in &permits.allow_delete {
        let address: Address =
            text.parse().map_err(|error| Failure::new(Exit::Invalid, format!("--allow-delete: {error}")))?;
        allow_delete.insert(address);
    }
    let said = &stack.loaded.config.stack;
    Ok(Options { allow_delete, ephemeral: said.ephemeral, environment: said.environment.as_str().to_owned(), destroy })
}

/// Refuses a permission for what neither the stack nor its state has: a slip of the pen permits nothing, and reads as if it
/// did. What was deleted under a permission is known still, so that an interrupted run is continued by the same command.
pub(crate) fn permitted(options: &Options, desired: &Desired, state: &State) -> Result<(), Failure> {
    let graph = desired.clone().check()?;
    let known = |at: &Address| {
        graph.any(at).is_some()
            || state.resources.contains_key(at)
            || state.deposed.contains_key(at)
            || state.generations.contains_key(at)
            || state.intents.iter().any(|intent| intent.address == *at)
    };
    let Some(slip) = options.allow_delete.iter().find(|at| !known(at)) else { return Ok(()) };
    let why = format!("--allow-delete: neither the stack nor its state has a {slip}; nothing was changed");
    Err(Failure::new(Exit::Invalid, why).hinted("`auroractl state list` shows what the state has"))
}

/// A graph without resources: what a destroyed stack wants.
pub(crate) fn nothing(stack: &StackId) -> Result<Graph, Failure> {
    Ok(Desired::new(stack.clone()).check()?)
}
