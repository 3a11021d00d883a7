//! `auroractl state …`: look into the state, or mend it. No AWS call, save for a rebuild.

use crate::args::{StateVerb, Target};
use crate::exit::{Exit, Failure};
use crate::session::{Recorded, Stack, open_state};
use crate::view;
use auroractl_core::Address;
use auroractl_core::journal::{self, Entry};
use auroractl_engine::store::{Mode, Store as _};

/// Does it.
pub(crate) async fn run(verb: StateVerb) -> Result<Exit, Failure> {
    match verb {
        StateVerb::List { target } => {
            let recorded = open(&target, Mode::Read)?;
            if target.json { view::json::document(&recorded.state) } else { view::state::list(&recorded.state) }
        }
        StateVerb::Show { address, target } => {
            let recorded = open(&target, Mode::Read)?;
            let at = known(&recorded, &address)?;
            match recorded.state.resources.get(&at) {
                Some(record) => view::json::document(record),
                None => Err(unknown(&at)),
            }
        }
        StateVerb::Rm { address, target } => {
            let mut recorded = open(&target, Mode::Write { command: "state rm".to_owned() })?;
            let at = known(&recorded, &address)?;
            let generation = recorded.state.resources.get(&at).map_or(0, |record| record.generation);
            write(&mut recorded, Entry::Deleted { address: at.clone(), generation }).await?;
            view::lines(&[format!("Forgot {at}. AWS keeps it; its ownership tags stay.")])
        }
        StateVerb::Mv { from, to, target } => {
            let mut recorded = open(&target, Mode::Write { command: "state mv".to_owned() })?;
            let from = known(&recorded, &from)?;
            let to: Address = to.parse().map_err(|error| Failure::new(Exit::Invalid, error))?;
            may_move(&recorded, &from, &to)?;
            write(&mut recorded, Entry::Moved { from: from.clone(), to: to.clone() }).await?;
            view::lines(&[format!("{from} is now {to}. Its identity stays.")])
        }
        StateVerb::Recover(args) => super::recover::run(&args).await,
        StateVerb::History { target } => {
            let stack = Stack::open(&target)?;
            view::state::history(&auroractl_engine::store::history(&stack.dir)?)
        }
    }
}

fn open(target: &Target, mode: Mode) -> Result<Recorded, Failure> {
    let stack = Stack::open(target)?;
    let recorded = open_state(&stack.dir, &stack.id(), mode)?;
    if recorded.fresh {
        return Err(Failure::new(Exit::Error, format!("stack `{}` has no state yet", stack.name())));
    }
    Ok(recorded)
}

fn known(recorded: &Recorded, text: &str) -> Result<Address, Failure> {
    let at: Address = text.parse().map_err(|error| Failure::new(Exit::Invalid, error))?;
    if recorded.state.resources.contains_key(&at) { Ok(at) } else { Err(unknown(&at)) }
}

fn unknown(at: &Address) -> Failure {
    Failure::new(Exit::Invalid, format!("the state has no {at}")).hinted("`auroractl state list` shows what it has")
}

fn may_move(recorded: &Recorded, from: &Address, to: &Address) -> Result<(), Failure> {
    if from.kind() != to.kind() {
        return Err(Failure::new(Exit::Invalid, format!("{from} can't become {to}: the kind must stay")));
    }
    if recorded.state.resources.contains_key(to) {
        return Err(Failure::new(Exit::Invalid, format!("the state has a {to} already")));
    }
    Ok(())
}

async fn write(recorded: &mut Recorded, entry: Entry) -> Result<(), Failure> {
    recorded.store.append(std::slice::from_ref(&entry), true).await?;
    journal::replay(&mut recorded.state, &entry);
    recorded.store.commit(&recorded.state).await?;
    Ok(())
}
