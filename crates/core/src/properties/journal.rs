//! What the lines of a journal add up to.

use super::edits;
use super::runs::config;
use crate::address::Address;
use crate::journal::{Entry, replay};
use crate::state::{Intent, Record, Scope, State, Verb};
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

type Key = (Address, u32, Verb);

fn record(address: &Address, generation: u32) -> Record {
    Record {
        kind: address.kind().to_owned(),
        version: 1,
        scope: Scope { account: edits::id().account, region: edits::id().region },
        oid: crate::identity::oid("lineage", address, generation),
        generation,
        name: String::new(),
        applied: json!({"soft": generation}),
        outputs: json!({"id": format!("{address}-{generation}")}),
        deps: BTreeSet::from([edits::address(0)]),
        incarnation: None,
        settled: true,
        born: 0,
    }
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![
        Just(Verb::Create),
        Just(Verb::Update),
        Just(Verb::Delete),
        Just(Verb::Adopt),
        Just(Verb::Failover),
        Just(Verb::Restart),
        Just(Verb::Pause)
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let place = || ((0..3_usize).prop_map(edits::address), 0..3_u32);
    prop_oneof![
        3 => (place(), verb(), any::<bool>()).prop_map(|((address, generation), verb, attempted)| {
            let Record { oid, name, applied: spec, deps, .. } = record(&address, generation);
            Entry::Intent(Intent { address, generation, oid, name, verb, spec, deps, attempted, kept_by: None })
        }),
        2 => place().prop_map(|(address, generation)| Entry::Attempt { address, generation }),
        2 => place().prop_map(|(address, generation)| {
            let record = Box::new(record(&address, generation));
            Entry::Recorded { address, record }
        }),
        1 => place().prop_map(|(address, generation)| Entry::Deleted { address, generation }),
        1 => (place(), verb()).prop_map(|((address, generation), verb)| Entry::Resolved { address, generation, verb }),
        1 => place().prop_map(|(address, generation)| Entry::Burned { address, generation }),
        1 => Just(Entry::RunStart { run: "r".to_owned(), command: "apply".to_owned(), lineage: "lineage".to_owned() }),
    ]
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    proptest::collection::vec(entry(), 0..30)
}

fn empty() -> State {
    State::new(edits::id(), "lineage".to_owned())
}

fn replayed(entries: &[Entry]) -> State {
    let mut state = empty();
    entries.iter().for_each(|entry| replay(&mut state, entry));
    state
}

/// The intents in doubt after some lines, and which of them may have been sent, told in another way than by replay.
fn in_doubt(entries: &[Entry]) -> BTreeMap<Key, bool> {
    let mut open: BTreeMap<Key, bool> = BTreeMap::new();
    for entry in entries {
        match entry {
            Entry::Intent(intent) => {
                let sent = open.entry((intent.address.clone(), intent.generation, intent.verb)).or_default();
                *sent |= intent.attempted;
            }
            Entry::Attempt { address, generation } => {
                let same = |key: &Key| key.0 == *address && key.1 == *generation;
                open.iter_mut().filter(|(key, _)| same(key)).for_each(|(_, sent)| *sent = true);
            }
            Entry::Resolved { address, generation, verb } => {
                open.remove(&(address.clone(), *generation, *verb));
            }
            Entry::Recorded { address, record } => {
                open.remove(&(address.clone(), record.generation, Verb::Create));
            }
            _ => {}
        }
    }
    open
}

/// The objects that were recorded and not deleted.
fn alive(entries: &[Entry]) -> BTreeSet<(Address, u32)> {
    let mut alive = BTreeSet::new();
    for entry in entries {
        match entry {
            Entry::Recorded { address, record } => drop(alive.insert((address.clone(), record.generation))),
            Entry::Deleted { address, generation } => drop(alive.remove(&(address.clone(), *generation))),
            _ => {}
        }
    }
    alive
}

proptest! {
    #![proptest_config(config(500))]

    /// After each prefix: no intent is dropped unresolved, no object is forgotten undeleted, no burned generation
    /// comes back.
    #[test]
    fn every_prefix_keeps_what_is_open(entries in entries()) {
        let mut generations = BTreeMap::new();
        for end in 0..=entries.len() {
            let (prefix, state) = (&entries[..end], replayed(&entries[..end]));
            let intents: Vec<(Key, bool)> = state.intents.iter().map(|i| ((i.address.clone(), i.generation, i.verb), i.attempted)).collect();
            let open: BTreeMap<Key, bool> = intents.iter().cloned().collect();
            prop_assert_eq!(open.len(), intents.len(), "an intent stands twice");
            prop_assert_eq!(open, in_doubt(prefix));
            let current = state.resources.iter().map(|(at, record)| (at.clone(), record.generation));
            let deposed = state.deposed.iter().flat_map(|(at, all)| all.iter().map(|old| (at.clone(), old.generation)));
            let known: Vec<_> = current.chain(deposed).collect();
            prop_assert_eq!(known.len(), alive(prefix).len(), "an object stands twice");
            prop_assert_eq!(known.into_iter().collect::<BTreeSet<_>>(), alive(prefix));
            for (at, next) in &state.generations {
                prop_assert!(generations.insert(at.clone(), *next).unwrap_or(0) <= *next);
            }
        }
    }

    /// A line that is read twice counts once, and nothing is lost in writing and reading.
    #[test]
    fn lines_are_idempotent_and_survive_their_written_form(entries in entries()) {
        let mut state = empty();
        for entry in &entries {
            let text = serde_json::to_string(entry).unwrap();
            let again: Entry = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&again, entry);
            replay(&mut state, entry);
            let once = state.clone();
            replay(&mut state, &again);
            prop_assert_eq!(&state, &once, "{}", text);
        }
        let text = serde_json::to_string(&state).unwrap();
        prop_assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
    }

    /// A rename takes everything along that is known of an address, and no generation of either address comes back.
    #[test]
    fn a_rename_loses_nothing(entries in entries()) {
        let (from, to) = (edits::address(1), edits::address(9));
        let before = replayed(&entries);
        let mut after = before.clone();
        replay(&mut after, &Entry::Moved { from: from.clone(), to: to.clone() });
        prop_assert_eq!(after.resources.get(&to), before.resources.get(&from));
        prop_assert_eq!(after.deposed(&to), before.deposed(&from));
        prop_assert_eq!(after.intents.len(), before.intents.len());
        prop_assert!(!after.resources.contains_key(&from) && after.intents.iter().all(|intent| intent.address != from));
        let used = before.resources.get(&from).map(|record| record.generation);
        let intended = before.intents.iter().filter(|intent| intent.address == from).map(|intent| intent.generation);
        for generation in used.into_iter().chain(intended) {
            prop_assert!(after.generation(&from) > generation);
        }
        // Nothing is moved over something.
        let mut onto = before.clone();
        replay(&mut onto, &Entry::Moved { from: from.clone(), to: edits::address(2) });
        if before.resources.contains_key(&edits::address(2)) {
            prop_assert_eq!(onto, before);
        }
    }
}
