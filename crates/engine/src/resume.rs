//! Before a plan: the second halves of interrupted replacements.
//!
//! A create in doubt is looked for by the refresh, which then finds the object
//! under its address. Not so where the address still has a record: there the
//! refresh looks at the recorded object, and what the replacement made beside
//! it would be forgotten as soon as the stack no longer asks for it. So these
//! are looked for first. One that was made takes the record's place, and the
//! recorded object awaits its deletion as any predecessor does.

use crate::error::CallError;
use crate::event::Event;
use crate::kind::Kind;
use crate::look::Look;
use crate::refresh::{Scene, Search, Seen, of_intent};
use crate::searching::Searching;
use auroractl_core::journal::Entry;
use auroractl_core::kind::{Sides, without_foreign_tags};
use auroractl_core::observed::{Live, Observed};
use auroractl_core::state::{Intent, Record, Scope, State, Verb};
use futures::future::try_join_all;
use std::time::Duration;

/// Looks for the second halves and says what was found, as lines of the journal. To be written where a run follows,
/// and replayed on the state before the refresh and the plan. Sends no call where there are none.
///
/// # Errors
/// When it could not be looked.
pub async fn resume<W: Sync>(scene: Scene<'_, W>, search: Search) -> Result<Vec<Entry>, CallError> {
    let beside = |intent: &&Intent| intent.verb == Verb::Create && scene.state.resources.contains_key(&intent.address);
    let doubts = scene.state.intents.iter().filter(beside);
    let lines = try_join_all(doubts.map(|intent| end(scene, intent, search))).await?;
    Ok(lines.into_iter().flatten().collect())
}

/// How one doubt ends; `None` when it does not.
async fn end<W: Sync>(scene: Scene<'_, W>, intent: &Intent, search: Search) -> Result<Option<Entry>, CallError> {
    let (address, generation) = (intent.address.clone(), intent.generation);
    let Some(kind) = scene.registry.get(address.kind()) else { return Ok(None) };
    let vain = Entry::Resolved { address: address.clone(), generation, verb: Verb::Create };
    if !intent.attempted {
        return Ok(Some(vain));
    }
    Ok(match look(scene, kind, intent, search).await? {
        Observed::Live(live) if live.made_as(&intent.oid) => {
            let stamp = (kind.version(), scene.clock.wall().as_second());
            Some(Entry::Recorded { address, record: Box::new(record(scene.state, intent, &live, stamp)) })
        }
        Observed::Live(_) => Some(vain),
        Observed::Absent => (search == Search::Patient).then_some(vain),
        Observed::Unknown(_) => None,
    })
}

/// Looks until it is there or, with patience, until the consistency horizon has passed.
async fn look<W: Sync>(
    scene: Scene<'_, W>,
    kind: &dyn Kind<W>,
    intent: &Intent,
    search: Search,
) -> Result<Observed, CallError> {
    let horizon = Duration::from_secs_f32(kind.timing().horizon.max(0.0));
    let ask = [of_intent(scene.state, intent)];
    let mut searching = Searching::new(scene.clock, Duration::from_secs(2));
    loop {
        let over = search == Search::Once || searching.spent() >= horizon;
        let seen = kind.survey(scene.world, &Look::new(), &ask).await?.pop().unwrap_or(Observed::Absent);
        if seen != Observed::Absent || over {
            return Ok(seen);
        }
        searching.pause().await;
    }
}

/// What an earlier run left in doubt. Operations whose calls were certainly not sent are none.
#[must_use]
pub fn doubts(state: &State) -> Vec<Intent> {
    let mut doubts: Vec<Intent> = state.intents.iter().filter(|intent| intent.attempted).cloned().collect();
    // An adoption stands beside the create that it resolves.
    doubts.retain(|intent| intent.verb != Verb::Adopt);
    doubts
}

/// What became of them, as far as a look could tell. `state` has the second halves that were found.
#[must_use]
pub fn outcomes(doubts: &[Intent], state: &State, seen: &Seen) -> Vec<Event> {
    let outcome = |intent: &Intent| {
        let address = intent.address.clone();
        let recorded = state.resources.get(&address).map(|record| record.generation);
        let found = match (seen.get(&address)?, intent.verb) {
            (Observed::Unknown(_), _) => return None,
            (Observed::Live(_), Verb::Create) if recorded.is_some() => recorded == Some(intent.generation),
            (Observed::Live(live), Verb::Create) => live.made_as(&intent.oid),
            (Observed::Live(_), _) => recorded.is_none_or(|generation| generation == intent.generation),
            (Observed::Absent, _) => false,
        };
        Some(Event::Resolved { address, verb: intent.verb, found })
    };
    doubts.iter().filter_map(outcome).collect()
}

/// The record of what an interrupted create made. `stamp` is the version of the kind's stored form and the time now,
/// in Unix seconds.
pub(crate) fn record(state: &State, intent: &Intent, live: &Live, stamp: (u32, i64)) -> Record {
    let (version, born) = stamp;
    Record {
        kind: intent.address.kind().to_owned(),
        version,
        scope: Scope { account: state.stack.account.clone(), region: state.stack.region.clone() },
        oid: intent.oid.clone(),
        generation: intent.generation,
        name: intent.name.clone(),
        // Tags that others have put on it meanwhile were not sent: as sent ones the next plan would take them off.
        applied: without_foreign_tags(Sides { applied: None, observed: &live.spec, desired: &intent.spec })
            .into_owned(),
        outputs: live.outputs.clone(),
        deps: intent.deps.clone(),
        incarnation: live.incarnation.clone(),
        settled: false,
        born,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::Owner;
    use auroractl_core::identity::StackId;
    use serde_json::json;

    #[test]
    fn what_others_put_on_it_was_not_sent() {
        let stack = StackId { name: "s".into(), account: "1".into(), region: "r".into() };
        let intent = Intent {
            address: "vpc.main".parse().unwrap(),
            generation: 0,
            oid: "o".into(),
            name: String::new(),
            verb: Verb::Create,
            spec: json!({"cidr_block": "10.0.0.0/16", "tags": {"team": "data"}}),
            deps: [].into(),
            attempted: true,
            kept_by: None,
        };
        let tagged = json!({"cidr_block": "10.0.0.0/16", "tags": {"team": "data", "cost-centre": "7"}});
        let live = Live::ready(tagged, json!({}), Owner::Oid("o".into()));
        let made = record(&State::new(stack, "lineage".into()), &intent, &live, (1, 0));
        assert_eq!(made.applied, intent.spec);
    }
}
