//! What the lines of a journal add up to.

use super::edits;
use super::runs::config;
use crate::address::Address;
use crate::durations::{Deed, Sample};
use crate::journal::{Entry, holds, replay};
use crate::reference::promises;
use crate::standing::Standing;
use crate::state::{Deposed, Intent, Record, Scope, State, Verb};
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
        applied: json!({"soft": generation, "of": {"$ref": {"of": edits::address(0), "output": "id"}}}),
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
        Just(Verb::Failback),
        Just(Verb::Restart),
        Just(Verb::Pause)
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    let place = || ((0..3_usize).prop_map(edits::address), 0..3_u32);
    let second = prop_oneof![Just((0_usize, 10_u32)), Just((1, 20)), Just((2, 30))]
        .prop_map(|(which, generation)| (edits::address(which), generation));
    let moved = (0..3_usize, 1..3_usize).prop_map(|(from, by)| (edits::address(from), edits::address((from + by) % 3)));
    prop_oneof![
        3 => (place(), verb(), any::<bool>()).prop_map(|((address, generation), verb, attempted)| {
            let Record { oid, name, applied: spec, deps, .. } = record(&address, generation);
            Entry::Intent(Intent { address, generation, oid, name, verb, spec, deps, attempted, kept_by: None })
        }),
        2 => (place(), proptest::option::of(verb()))
            .prop_map(|((address, generation), verb)| Entry::Attempt { address, generation, verb }),
        2 => place().prop_map(|(address, generation)| {
            let record = Box::new(record(&address, generation));
            Entry::Recorded { address, record }
        }),
        1 => place().prop_map(|(address, generation)| Entry::Deleted { address, generation }),
        1 => (place(), verb()).prop_map(|((address, generation), verb)| Entry::Resolved { address, generation, verb }),
        1 => second.prop_map(|(address, generation)| {
            // A second object of what is recorded: another id, under a number that no other object ever has.
            let spare = Deposed { outputs: json!({"id": format!("{address}-second")}), ..record(&address, generation).depose() };
            Entry::Spare { address, spare: Box::new(spare) }
        }),
        1 => place().prop_map(|(address, _)| Entry::Told { address }),
        1 => proptest::option::of(any::<bool>()).prop_map(|ephemeral| {
            let named = |ephemeral| Standing { environment: "dev".to_owned(), ephemeral };
            Entry::Standing { standing: ephemeral.map(named) }
        }),
        1 => moved.prop_map(|(from, to)| Entry::Moved { from, to }),
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

/// What some lines add up to, told in another way than by replay.
#[derive(Default)]
struct Tale {
    /// The intents in doubt, and which of them may have been sent.
    doubts: BTreeMap<Key, bool>,
    /// The objects that were found and not deleted, by generation; of second ones, which.
    alive: BTreeMap<(Address, u32), Option<String>>,
    /// The objects that are in use.
    current: BTreeMap<Address, u32>,
}

impl Tale {
    fn of(entries: &[Entry]) -> Self {
        let mut tale = Self::default();
        entries.iter().for_each(|entry| tale.follow(entry));
        tale
    }

    fn follow(&mut self, entry: &Entry) {
        match entry {
            Entry::Intent(intent) => {
                let sent = self.doubts.entry((intent.address.clone(), intent.generation, intent.verb)).or_default();
                *sent |= intent.attempted;
            }
            Entry::Attempt { address, generation, verb } => {
                let same = |key: &Key| (&key.0, key.1, verb.unwrap_or(key.2)) == (address, *generation, key.2);
                self.doubts.iter_mut().filter(|(key, _)| same(key)).for_each(|(_, sent)| *sent = true);
            }
            Entry::Resolved { address, generation, verb } => {
                self.doubts.remove(&(address.clone(), *generation, *verb));
            }
            Entry::Recorded { address, record } => {
                self.doubts.remove(&(address.clone(), record.generation, Verb::Create));
                self.alive.insert((address.clone(), record.generation), None);
                self.current.insert(address.clone(), record.generation);
            }
            Entry::Deleted { address, generation } => {
                self.alive.remove(&(address.clone(), *generation));
                self.current.retain(|at, current| at != address || current != generation);
            }
            Entry::Spare { address, spare } => {
                let which = Some(spare.outputs.to_string());
                if !self.alive.iter().any(|((at, _), other)| at == address && *other == which) {
                    self.alive.insert((address.clone(), spare.generation), which);
                }
            }
            Entry::Moved { from, to } => self.rename(from, to),
            _ => {}
        }
    }

    fn rename(&mut self, from: &Address, to: &Address) {
        let objects = |at: &Address| self.alive.keys().any(|(other, _)| other == at);
        let doubts = |at: &Address| self.doubts.keys().filter(|key| key.0 == *at).count();
        let creates = self.doubts.keys().any(|key| key.0 == *to && key.2 == Verb::Create);
        if objects(to) || creates || !objects(from) && doubts(from) == 0 {
            return;
        }
        let here = |at: &Address| if at == from { to.clone() } else { at.clone() };
        self.doubts.retain(|key, _| key.0 != *to);
        self.doubts = self.doubts.iter().map(|(key, sent)| ((here(&key.0), key.1, key.2), *sent)).collect();
        self.alive = self.alive.iter().map(|(key, which)| ((here(&key.0), key.1), which.clone())).collect();
        self.current = self.current.iter().map(|(at, generation)| (here(at), *generation)).collect();
    }
}

/// A later run wants it otherwise, and has looked for what may have been sent, or has not.
#[test]
fn what_may_have_been_sent_is_known_by_what_was_sent() {
    let address = edits::address(0);
    let intent = |soft: u8, attempted: bool| {
        let Record { oid, name, deps, .. } = record(&address, 0);
        let (address, generation, verb, spec) = (address.clone(), 0, Verb::Create, json!({"soft": soft}));
        Entry::Intent(Intent { address, generation, oid, name, verb, spec, deps, attempted, kept_by: None })
    };
    let sent = Entry::Attempt { address: address.clone(), generation: 0, verb: Some(Verb::Create) };
    let soft = |lines: &[Entry]| replayed(lines).intents[0].spec["soft"].clone();
    assert_eq!(soft(&[intent(1, false), intent(2, false)]), json!(2), "it was not sent");
    assert_eq!(soft(&[intent(1, false), sent.clone(), intent(2, false)]), json!(1));
    assert_eq!(soft(&[intent(1, false), sent, intent(2, true)]), json!(2), "it was looked for in vain");
}

/// Who was told less knows less; what was measured is no knowledge of the stack.
#[test]
fn a_state_holds_what_it_was_told() {
    let address = edits::address(0);
    let Record { oid, name, applied: spec, deps, .. } = record(&address, 0);
    let (generation, verb, made) = (0, Verb::Create, Box::new(record(&address, 0)));
    let (at, attempted) = (|| address.clone(), false);
    let lines = [
        Entry::Intent(Intent { address: at(), generation, oid, name, verb, spec, deps, attempted, kept_by: None }),
        Entry::Attempt { address: at(), generation, verb: Some(verb) },
        Entry::Recorded { address: at(), record: made },
        Entry::Resolved { address: at(), generation, verb },
    ];
    for end in 0..=lines.len() {
        let told = replayed(&lines[..end]);
        assert!(holds(&told, &lines[..end]), "{end}");
        assert_eq!(holds(&told, &lines), end >= 3, "the record ends the doubt: {end}");
    }
    let sample = Sample { kind: "soft".to_owned(), deed: Deed::Create, seconds: 1.0 };
    assert!(holds(&empty(), &[Entry::Measured { samples: vec![sample] }]));
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
            let tale = Tale::of(prefix);
            prop_assert_eq!(open, tale.doubts);
            let current: BTreeMap<_, _> = state.resources.iter().map(|(at, record)| (at.clone(), record.generation)).collect();
            prop_assert_eq!(&current, &tale.current);
            let deposed = state.deposed.iter().flat_map(|(at, all)| all.iter().map(|old| (at.clone(), old.generation)));
            let known: Vec<_> = current.into_iter().chain(deposed).collect();
            prop_assert_eq!(known.len(), tale.alive.len(), "an object stands twice");
            prop_assert_eq!(known.into_iter().collect::<BTreeSet<_>>(), tale.alive.into_keys().collect());
            // Who still has to be told of its address is there, or may be.
            for at in &state.untold {
                prop_assert!(state.resources.contains_key(at) || state.create_intent(at).is_some(), "{at}");
            }
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

    /// A measurement counts, and changes nothing else.
    #[test]
    fn what_was_measured_stands_beside_all_else(entries in entries(), seconds in 1..900_u32) {
        let before = replayed(&entries);
        let sample = Sample { kind: "soft".to_owned(), deed: Deed::Create, seconds: f64::from(seconds) };
        let line = Entry::Measured { samples: vec![sample] };
        let again: Entry = serde_json::from_str(&serde_json::to_string(&line).unwrap()).unwrap();
        prop_assert_eq!(&again, &line);
        let mut after = before.clone();
        replay(&mut after, &line);
        prop_assert_ne!(&after.durations, &before.durations);
        prop_assert_eq!(State { durations: before.durations.clone(), ..after }, before);
    }

    /// A rename takes everything along that is known of an address, and no generation of either address comes back.
    #[test]
    fn a_rename_loses_nothing(entries in entries(), which in 0..2_usize) {
        let (from, to) = (edits::address(which), edits::address(9));
        let before = replayed(&entries);
        let mut after = before.clone();
        replay(&mut after, &Entry::Moved { from: from.clone(), to: to.clone() });
        let here = |dep: &Address| if *dep == from { to.clone() } else { dep.clone() };
        let what = |record: &Record| (record.oid.clone(), record.outputs.clone(), record.deps.clone());
        let expected = before.resources.get(&from).map(|record| {
            let (oid, outputs, deps) = what(record);
            (oid, outputs, deps.iter().map(here).collect::<BTreeSet<_>>())
        });
        prop_assert_eq!(after.resources.get(&to).map(what), expected);
        // Nobody refers to the old address any more.
        if after != before {
            let recorded = after.resources.values().map(|record| &record.applied);
            let deposed = after.deposed.values().flatten().map(|old| &old.applied);
            let specs = recorded.chain(deposed).chain(after.intents.iter().map(|intent| &intent.spec));
            prop_assert!(specs.flat_map(promises).all(|promise| promise.of != from));
        }
        let objects = |state: &State, at: &Address| -> Vec<_> {
            state.deposed(at).iter().map(|old| (old.oid.clone(), old.outputs.clone())).collect()
        };
        prop_assert_eq!(objects(&after, &to), objects(&before, &from));
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
        if before.resources.contains_key(&edits::address(2)) || before.create_intent(&edits::address(2)).is_some() {
            prop_assert_eq!(onto, before);
        }
    }
}
