//! `auroractl state …`: look into the state, or mend it. No AWS call, but for a rebuild and for a state in S3.

use super::push::push;
use super::relink::relink;
use crate::args::{Keeper, StateVerb};
use crate::bucket;
use crate::exit::{Exit, Failure};
use crate::session::{Cloud, Recorded, Stack, open_state};
use crate::view;
use auroractl_core::Address;
use auroractl_core::State;
use auroractl_core::journal::{self, Entry};
use auroractl_engine::store::remote::Held;
use auroractl_engine::store::{Mode, StoreError, written_copy};
use auroractl_stack::StateBackend;

/// What encrypts other resources: they are unreadable without it.
const KEY: &str = "kms_key";

/// Does it.
pub(crate) async fn run(verb: StateVerb) -> Result<Exit, Failure> {
    match verb {
        StateVerb::List { keeper } => {
            let recorded = look(&keeper).await?;
            if keeper.target.json { view::json::document(&recorded.state) } else { view::state::list(&recorded.state) }
        }
        StateVerb::Show { address, keeper } => {
            let recorded = look(&keeper).await?;
            let at = known(&recorded, &address)?;
            match recorded.state.resources.get(&at) {
                Some(record) => view::json::document(record),
                None => Err(unknown(&at)),
            }
        }
        StateVerb::Rm { address, keeper } => {
            let mut recorded = open(&keeper, "state rm").await?;
            let done = remove(&mut recorded, &address).await.and_then(|text| told(&keeper, text));
            recorded.close(done).await
        }
        StateVerb::Mv { from, to, keeper } => {
            let mut recorded = open(&keeper, "state mv").await?;
            let done = rename(&mut recorded, (&from, &to)).await.and_then(|text| told(&keeper, text));
            recorded.close(done).await
        }
        StateVerb::Relink { address, keeper } => {
            let mut recorded = open(&keeper, "state relink").await?;
            let done = relink(&mut recorded, &address, &keeper).await.and_then(|text| told(&keeper, text));
            recorded.close(done).await
        }
        StateVerb::Recover(args) => super::recover::run(&args).await,
        StateVerb::History { keeper } => history(&keeper).await,
        StateVerb::Pull { keeper } => {
            let recorded = look(&keeper).await?;
            view::bytes(&written_copy(&recorded.state).map_err(StoreError::from)?)
        }
        StateVerb::Push { file, keeper } => push(&file, &keeper).await,
        StateVerb::Unlock { nonce, keeper } => unlock(nonce.as_deref(), &keeper).await,
    }
}

/// What was done, as a line or as a document.
pub(super) fn told(keeper: &Keeper, text: String) -> Result<Exit, Failure> {
    if keeper.target.json { view::json::message(&text) } else { view::lines(&[text]) }
}

async fn look(keeper: &Keeper) -> Result<Recorded, Failure> {
    let stack = Stack::open(&keeper.target)?;
    existing(&stack, open_state(&stack, &keeper.login, Mode::Read).await?).await
}

async fn open(keeper: &Keeper, command: &str) -> Result<Recorded, Failure> {
    let stack = Stack::open(&keeper.target)?;
    let mode = Mode::Write { command: command.to_owned() };
    existing(&stack, open_state(&stack, &keeper.login, mode).await?).await
}

async fn existing(stack: &Stack, recorded: Recorded) -> Result<Recorded, Failure> {
    if recorded.fresh {
        recorded.close(Ok(Exit::Done)).await?;
        return Err(Failure::new(Exit::Error, format!("stack `{}` has no state yet", stack.name())));
    }
    Ok(recorded)
}

pub(super) fn known(recorded: &Recorded, text: &str) -> Result<Address, Failure> {
    let at: Address = text.parse().map_err(|error| Failure::new(Exit::Invalid, error))?;
    if recorded.state.resources.contains_key(&at) { Ok(at) } else { Err(unknown(&at)) }
}

pub(super) fn unknown(at: &Address) -> Failure {
    Failure::new(Exit::Invalid, format!("the state has no {at}")).hinted("`auroractl state list` shows what it has")
}

async fn remove(recorded: &mut Recorded, address: &str) -> Result<String, Failure> {
    let at = known(recorded, address)?;
    let generation = recorded.state.resources.get(&at).map_or(0, |record| record.generation);
    let bonds = bonds(&recorded.state, &at);
    write(recorded, Entry::Deleted { address: at.clone(), generation }).await?;
    for bond in &bonds {
        view::note(bond);
    }
    Ok(format!("Forgot {at}. AWS keeps it; its ownership tags stay, and `auroractl state recover` adds it again."))
}

/// What a resource that is forgotten is bound to, in words: what stays on record goes on naming it, and it goes on needing
/// its key.
fn bonds(state: &State, at: &Address) -> Vec<String> {
    let list = |all: Vec<&Address>| all.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let users: Vec<&Address> =
        state.resources.iter().filter(|(_, record)| record.deps.contains(at)).map(|(user, _)| user).collect();
    let keys: Vec<&Address> = state.used_by(at).into_iter().filter(|dep| dep.kind() == KEY).collect();
    let used = (!users.is_empty()).then(|| {
        format!(
            "on record these depend on {at}: {}. While the stack wants it, the next plan makes another one, or is refused where its name is taken",
            list(users)
        )
    });
    let needs = (!keys.is_empty())
        .then(|| format!("{at} is encrypted with {}, which must stay as long as it does", list(keys)));
    used.into_iter().chain(needs).collect()
}

async fn rename(recorded: &mut Recorded, (from, to): (&str, &str)) -> Result<String, Failure> {
    let from = known(recorded, from)?;
    let to: Address = to.parse().map_err(|error| Failure::new(Exit::Invalid, error))?;
    may_move(recorded, &from, &to)?;
    write(recorded, Entry::Moved { from: from.clone(), to: to.clone() }).await?;
    Ok(format!("{from} is now {to}. Its identity stays."))
}

fn may_move(recorded: &Recorded, from: &Address, to: &Address) -> Result<(), Failure> {
    if from.kind() != to.kind() {
        return Err(Failure::new(Exit::Invalid, format!("{from} can't become {to}: the kind must stay")));
    }
    if recorded.state.resources.contains_key(to) {
        return Err(Failure::new(Exit::Invalid, format!("the state has a {to} already")));
    }
    if recorded.state.create_intent(to).is_some() {
        let doubt = format!("an interrupted run may have made {to}");
        return Err(Failure::new(Exit::Invalid, doubt).hinted("`auroractl apply` finds out; move it then"));
    }
    Ok(())
}

pub(super) async fn write(recorded: &mut Recorded, entry: Entry) -> Result<(), Failure> {
    recorded.store.append(std::slice::from_ref(&entry), true).await?;
    journal::replay(&mut recorded.state, &entry);
    recorded.store.commit(&recorded.state).await?;
    Ok(())
}

async fn history(keeper: &Keeper) -> Result<Exit, Failure> {
    let stack = Stack::open(&keeper.target)?;
    let kept = match stack.loaded.config.state.backend {
        StateBackend::Local => auroractl_engine::store::history(&stack.dir)?,
        StateBackend::S3 => {
            let cloud = Cloud::reach(&keeper.login, &stack.id()).await?;
            bucket::remote(&stack, &cloud)?.history().await?
        }
    };
    if keeper.target.json { view::state::history_json(stack.name(), &kept) } else { view::state::history(&kept) }
}

async fn unlock(nonce: Option<&str>, keeper: &Keeper) -> Result<Exit, Failure> {
    let stack = Stack::open(&keeper.target)?;
    if stack.loaded.config.state.backend == StateBackend::Local {
        return told(keeper, local_lock(&stack)?);
    }
    let cloud = Cloud::reach(&keeper.login, &stack.id()).await?;
    let remote = bucket::remote(&stack, &cloud)?;
    let held = remote.holder().await?;
    let Some(nonce) = nonce else {
        let Some(Held { holder, nonce, epoch }) = held else {
            return told(keeper, "The state is not locked.".to_owned());
        };
        return Err(Failure::new(Exit::Locked, format!("the state is locked by {holder} (lease {nonce}, epoch {epoch})"))
            .hinted(format!(
                "a run that died is taken over by the next one, after 2.5 minutes of silence or 21 where its calls could still do harm. To break the lease at once, be sure that the run is dead and say `auroractl state unlock --nonce {nonce}`"
            )));
    };
    // Another nonce breaks nothing, and is refused below.
    if held.is_some_and(|held| held.nonce == nonce) {
        view::note(
            "breaking the lease: a call that its holder has sent may still be executed, up to 15 minutes from now; the next run looks for what it made",
        );
    }
    bucket::break_lease(&remote, &cloud, nonce).await?.close().await?;
    told(keeper, "The lease is broken. Its holder, if it lives, notices within 15 seconds and stops.".to_owned())
}

/// A local lock is the process's: there is never one to break.
fn local_lock(stack: &Stack) -> Result<String, Failure> {
    match auroractl_engine::store::locked(&stack.dir)? {
        Some(holder) => Err(Failure::new(Exit::Locked, format!("the state is locked by {holder}"))
            .hinted("a local lock goes with its process: end that, and the lock is gone")),
        None => Ok("The state is not locked. A local lock goes with its process.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::identity::StackId;
    use auroractl_core::state::{Record, Scope};
    use serde_json::Value;
    use std::collections::BTreeSet;

    #[test]
    fn what_is_forgotten_says_what_it_is_bound_to() {
        let mut state =
            State::new(StackId { name: "s".into(), account: "1".into(), region: "r".into() }, "l".to_owned());
        let at = |text: &str| text.parse::<Address>().unwrap();
        for (address, deps) in
            [("kms_key.main", &[][..]), ("log_group.a", &["kms_key.main"]), ("db_cluster.main", &["log_group.a"])]
        {
            let record = Record {
                kind: at(address).kind().to_owned(),
                version: 1,
                scope: Scope { account: "1".into(), region: "r".into() },
                oid: String::new(),
                generation: 0,
                name: String::new(),
                applied: Value::Null,
                outputs: Value::Null,
                deps: deps.iter().map(|dep| at(dep)).collect::<BTreeSet<_>>(),
                incarnation: None,
                settled: true,
                born: 0,
            };
            state.resources.insert(at(address), record);
        }
        let told = bonds(&state, &at("log_group.a"));
        assert!(told.len() == 2 && told[0].contains("log_group.a: db_cluster.main."), "{told:?}");
        assert!(told[1].contains("encrypted with kms_key.main"), "{told:?}");
        assert_eq!(bonds(&state, &at("db_cluster.main")), Vec::<String>::new());
    }
}
