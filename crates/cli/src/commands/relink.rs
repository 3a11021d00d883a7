//! `auroractl state relink`: what bears a recorded name now is the resource, after its owner restored it. AWS is looked at,
//! never changed.
//!
//! A restored cluster has the identifier of the lost one and another id that AWS never gives twice. To a plan that is a
//! stranger, which nobody's database must be taken for. Only its owner can say that it is the same.

use super::state::{known, unknown, write};
use crate::args::Keeper;
use crate::exit::{Exit, Failure};
use crate::session::{Cloud, Recorded};
use auroractl_core::journal::Entry;
use auroractl_core::observed::{Live, Observed, Owner};
use auroractl_core::state::Record;
use auroractl_core::{Address, State};
use auroractl_engine::look::Look;
use auroractl_engine::refresh::{learned, of_record};

/// Looks at what bears the name, and records it. What it returns is for people.
pub(super) async fn relink(recorded: &mut Recorded, address: &str, keeper: &Keeper) -> Result<String, Failure> {
    let at = known(recorded, address)?;
    let state = &recorded.state;
    let record = state.resources.get(&at).ok_or_else(|| unknown(&at))?;
    let cloud = Cloud::reach(&keeper.login, &state.stack).await?;
    let live = look(&cloud, state, (&at, record)).await?;
    if !stands_for(&live, record) {
        let whose = format!("what bears the name of {at} carries the tags of another resource; nothing was changed");
        return Err(
            Failure::new(Exit::Refused, whose).hinted("a restore that copied tags: take the `auroractl:*` tags off")
        );
    }
    let (before, now) = (record.incarnation.clone(), live.incarnation.clone());
    let Some(new) = learned(record, &live).filter(|_| before != now) else {
        return Ok(format!("{at} is the one that was recorded; nothing was changed."));
    };
    write(recorded, Entry::Recorded { address: at.clone(), record: Box::new(new) }).await?;
    let id = |id: Option<String>| id.unwrap_or_else(|| "unknown".to_owned());
    Ok(format!("{at} is {} now; it was {}. `auroractl plan` shows what differs from the stack.", id(now), id(before)))
}

/// May it be the restored resource? Tags of its own would say whose it is.
fn stands_for(live: &Live, record: &Record) -> bool {
    match &live.owner {
        Owner::Oid(oid) | Owner::Partial(oid) => *oid == record.oid,
        Owner::Untagged | Owner::Inherited | Owner::Service => true,
    }
}

async fn look(cloud: &Cloud, state: &State, (at, record): (&Address, &Record)) -> Result<Live, Failure> {
    let Some(kind) = cloud.registry.get(at.kind()) else {
        return Err(Failure::new(Exit::Invalid, format!("{} is no kind that this release knows", at.kind())));
    };
    let ask = [of_record(state, at, record)];
    match kind.survey(&*cloud.aws, &Look::new(), &ask).await?.pop() {
        Some(Observed::Live(live)) => Ok(*live),
        Some(Observed::Unknown(why)) => Err(Failure::new(Exit::Error, format!("{at} could not be looked at: {why}"))),
        _ => Err(Failure::new(Exit::Refused, format!("nothing at AWS bears the name of {at}; nothing was changed"))
            .hinted("restore it under the identifier that it had, then run this again")),
    }
}
