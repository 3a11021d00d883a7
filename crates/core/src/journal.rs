//! What a run writes down while it works, and what those lines add up to.
//!
//! Replaying the journal on the last snapshot gives the state of the moment of
//! the last line. Recovery never depends on an outcome being there: an intent
//! without one is resolved by looking at the world.

use crate::address::Address;
use crate::durations::Sample;
use crate::state::{Deposed, Intent, Record, State, Verb};
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// A run begins. `run` only labels the lines; no identity depends on it.
    RunStart {
        /// Label of the run.
        run: String,
        /// The command.
        command: String,
        /// Lineage of the state it works on.
        lineage: String,
    },
    /// Something will be done. All intents of a run stand here before its first mutating call.
    Intent(Intent),
    /// A mutating call of this intent is about to be sent.
    Attempt {
        /// The resource.
        address: Address,
        /// Its generation.
        generation: u32,
    },
    /// The resource exists and this is what is known of it. A record of an earlier generation is deposed by it:
    /// one line, so that no tear can lose either half of a replacement. The create of this generation is no
    /// longer in doubt.
    Recorded {
        /// The resource.
        address: Address,
        /// The record.
        record: Box<Record>,
    },
    /// An object is gone; its generation is burned.
    Deleted {
        /// The resource.
        address: Address,
        /// The generation that is gone.
        generation: u32,
    },
    /// The intent has ended, whichever way; what is there stands in the record.
    Resolved {
        /// The resource.
        address: Address,
        /// Its generation.
        generation: u32,
        /// What was to be done.
        verb: Verb,
    },
    /// A generation is used up without an object to show for it (a failed create, a tombstone).
    Burned {
        /// The resource.
        address: Address,
        /// The generation.
        generation: u32,
    },
    /// An address was renamed.
    Moved {
        /// Old address.
        from: Address,
        /// New address.
        to: Address,
    },
    /// How long what ended well took. The one line whose repetition would count twice.
    Measured {
        /// One for each step.
        samples: Vec<Sample>,
    },
    /// A second object of a recorded resource was found, and nothing uses it: it awaits its deletion under a
    /// generation that only it has.
    Spare {
        /// The resource.
        address: Address,
        /// The second object.
        spare: Box<Deposed>,
    },
    /// A moved resource's tags name its address now.
    Told {
        /// The resource.
        address: Address,
    },
    /// The run has ended by itself.
    RunEnd {
        /// Label of the run.
        run: String,
    },
}

/// Applies one line to a state.
pub fn replay(state: &mut State, entry: &Entry) {
    match entry {
        Entry::RunStart { .. } | Entry::RunEnd { .. } => {}
        Entry::Intent(intent) => declare(state, intent),
        Entry::Attempt { address, generation } => {
            for intent in &mut state.intents {
                if intent.address == *address && intent.generation == *generation {
                    intent.attempted = true;
                }
            }
        }
        Entry::Recorded { address, record } => record_it(state, address, record),
        Entry::Deleted { address, generation } => delete(state, address, *generation),
        Entry::Resolved { address, generation, verb } => state
            .intents
            .retain(|intent| intent.address != *address || intent.generation != *generation || intent.verb != *verb),
        Entry::Burned { address, generation } => state.burn(address, *generation),
        Entry::Moved { from, to } => rename(state, from, to),
        Entry::Measured { samples } => samples.iter().for_each(|sample| state.durations.add(sample)),
        Entry::Spare { address, spare } => {
            state.burn(address, spare.generation);
            let deposed = state.deposed.entry(address.clone()).or_default();
            if deposed.iter().all(|old| old.outputs != spare.outputs) {
                deposed.push(Deposed::clone(spare));
            }
        }
        Entry::Told { address } => {
            state.untold.remove(address);
        }
    }
}

/// Adds an intent. An unresolved one of the same address is never replaced, save by its own repetition.
fn declare(state: &mut State, intent: &Intent) {
    let same = |other: &&mut Intent| {
        other.address == intent.address && other.generation == intent.generation && other.verb == intent.verb
    };
    match state.intents.iter_mut().find(same) {
        Some(earlier) => {
            let attempted = earlier.attempted || intent.attempted;
            *earlier = Intent { attempted, ..intent.clone() };
        }
        None => state.intents.push(intent.clone()),
    }
}

fn record_it(state: &mut State, address: &Address, record: &Record) {
    let answered = |intent: &Intent| {
        intent.verb == Verb::Create && intent.address == *address && intent.generation == record.generation
    };
    state.intents.retain(|intent| !answered(intent));
    undepose(state, address, record.generation);
    let before = state.resources.insert(address.clone(), record.clone());
    if let Some(before) = before.filter(|before| before.generation != record.generation) {
        // The successor was made under the new address.
        state.untold.remove(address);
        state.deposed.entry(address.clone()).or_default().push(before.depose());
    }
}

fn delete(state: &mut State, address: &Address, generation: u32) {
    state.burn(address, generation);
    undepose(state, address, generation);
    if state.resources.get(address).is_some_and(|record| record.generation == generation) {
        state.resources.remove(address);
        state.untold.remove(address);
    }
}

/// No object of this generation awaits its deletion any more.
fn undepose(state: &mut State, address: &Address, generation: u32) {
    if let Some(deposed) = state.deposed.get_mut(address) {
        deposed.retain(|old| old.generation != generation);
        if deposed.is_empty() {
            state.deposed.remove(address);
        }
    }
}

/// Moves all that is known of an address. The old address's generations are burned, so that a later resource there
/// gets another identity. Nothing is moved over what is recorded.
fn rename(state: &mut State, from: &Address, to: &Address) {
    if state.resources.contains_key(to) {
        return;
    }
    if let Some(record) = state.resources.remove(from) {
        state.burn(from, record.generation);
        state.resources.insert(to.clone(), record);
        state.untold.remove(from);
        state.untold.insert(to.clone());
    }
    for old in state.deposed.remove(from).unwrap_or_default() {
        state.burn(from, old.generation);
        state.deposed.entry(to.clone()).or_default().push(old);
    }
    for intent in state.intents.clone().iter().filter(|intent| intent.address == *from) {
        state.burn(from, intent.generation);
    }
    for intent in state.intents.iter_mut().filter(|intent| intent.address == *from) {
        intent.address = to.clone();
    }
    let recorded = state.resources.values_mut().map(|record| &mut record.deps);
    let deposed = state.deposed.values_mut().flatten().map(|old| &mut old.deps);
    let intended = state.intents.iter_mut().map(|intent| &mut intent.deps);
    for deps in recorded.chain(deposed).chain(intended) {
        if deps.remove(from) {
            deps.insert(to.clone());
        }
    }
}
