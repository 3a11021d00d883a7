//! What a run writes down while it works, and what those lines add up to.
//!
//! Replaying the journal on the last snapshot gives the state of the moment of
//! the last line. Recovery never depends on an outcome being there: an intent
//! without one is resolved by looking at the world.

use crate::address::Address;
use crate::durations::Sample;
use crate::identity;
use crate::reference;
use crate::standing::Standing;
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
        /// Which of its intents; a line of an earlier release means all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verb: Option<Verb>,
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
    /// What the stack says of itself from here on; nothing once all of it is gone.
    Standing {
        /// What it says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        standing: Option<Standing>,
    },
    /// The run has ended by itself.
    RunEnd {
        /// Label of the run.
        run: String,
    },
}

/// The renames that a state has not followed yet, in their order, as lines. The state follows. What was renamed and is
/// neither recorded nor in doubt has no past to take along, and nothing is moved over what is either.
pub fn follow(state: &mut State, moves: impl IntoIterator<Item = (Address, Address)>) -> Vec<Entry> {
    let mut lines = Vec::new();
    for (from, to) in moves {
        if known(state, &from) && !taken(state, &to) {
            let line = Entry::Moved { from, to };
            replay(state, &line);
            lines.push(line);
        }
    }
    lines
}

/// Does a state hold what these lines say? Then reading them once more changes nothing. A measurement does not count:
/// read once more it would teach twice, and with it nothing of the stack is forgotten.
#[must_use]
pub fn holds(state: &State, lines: &[Entry]) -> bool {
    let mut told = state.clone();
    let lines = lines.iter().filter(|line| !matches!(line, Entry::Measured { .. }));
    lines.for_each(|line| replay(&mut told, line));
    told == *state
}

/// Is this resource there, or may it be?
fn known(state: &State, address: &Address) -> bool {
    state.resources.contains_key(address) || state.create_intent(address).is_some()
}

/// Is something there, or may it be, that a renamed resource would be taken for?
fn taken(state: &State, address: &Address) -> bool {
    known(state, address) || !state.deposed(address).is_empty()
}

/// Applies one line to a state.
pub fn replay(state: &mut State, entry: &Entry) {
    match entry {
        Entry::RunStart { .. } | Entry::RunEnd { .. } => {}
        Entry::Intent(intent) => declare(state, intent),
        Entry::Attempt { address, generation, verb } => {
            for intent in &mut state.intents {
                let meant = verb.is_none_or(|verb| intent.verb == verb);
                if meant && intent.address == *address && intent.generation == *generation {
                    intent.attempted = true;
                }
            }
        }
        Entry::Recorded { address, record } => record_it(state, address, record),
        Entry::Deleted { address, generation } => delete(state, address, *generation),
        Entry::Resolved { address, generation, verb } => {
            state.intents.retain(|intent| {
                intent.address != *address || intent.generation != *generation || intent.verb != *verb
            });
            if !known(state, address) {
                state.untold.remove(address);
            }
        }
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
        Entry::Standing { standing } => state.standing.clone_from(standing),
    }
}

/// Adds an intent. An unresolved one of the same address is never replaced, save by its own repetition. A create that may have
/// been sent is looked for as it was sent: only a line that counts as attempted itself takes its place, which is written
/// where it was looked for in vain.
fn declare(state: &mut State, intent: &Intent) {
    let same = |other: &&mut Intent| {
        other.address == intent.address && other.generation == intent.generation && other.verb == intent.verb
    };
    match state.intents.iter_mut().find(same) {
        Some(earlier) => {
            let sent = earlier.verb == Verb::Create && earlier.attempted && !intent.attempted;
            if sent && (&earlier.oid, &earlier.name, &earlier.spec) != (&intent.oid, &intent.name, &intent.spec) {
                return;
            }
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
        if record.oid == identity::oid(&state.lineage, address, record.generation) {
            // The successor was made under the new address.
            state.untold.remove(address);
        }
        state.deposed.entry(address.clone()).or_default().push(before.depose());
    }
}

fn delete(state: &mut State, address: &Address, generation: u32) {
    state.burn(address, generation);
    undepose(state, address, generation);
    if state.resources.get(address).is_some_and(|record| record.generation == generation) {
        state.resources.remove(address);
    }
    if !known(state, address) {
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

/// Moves all that is known of an address, what is in doubt as well: it is looked for under the identity that its create
/// was sent with, and taken over under the new address. The old address's generations are burned, so that a later
/// resource there gets another identity. Nothing is moved over what is there or in doubt.
fn rename(state: &mut State, from: &Address, to: &Address) {
    let left = taken(state, from) || state.intents.iter().any(|intent| intent.address == *from);
    if !left || taken(state, to) {
        return;
    }
    // Edits and deletes of what is gone.
    state.intents.retain(|intent| intent.address != *to);
    if known(state, from) {
        state.untold.remove(from);
        state.untold.insert(to.clone());
    }
    if let Some(record) = state.resources.remove(from) {
        state.burn(from, record.generation);
        state.resources.insert(to.clone(), record);
    }
    for old in state.deposed.remove(from).unwrap_or_default() {
        state.burn(from, old.generation);
        state.deposed.entry(to.clone()).or_default().push(old);
    }
    let mut used = Vec::new();
    for intent in state.intents.iter_mut().filter(|intent| intent.address == *from) {
        used.push(intent.generation);
        intent.address = to.clone();
    }
    used.into_iter().for_each(|generation| state.burn(from, generation));
    refer(state, from, to);
}

/// Whoever referred to the old address refers to the new one.
fn refer(state: &mut State, from: &Address, to: &Address) {
    let recorded = state.resources.values_mut().map(|record| (&mut record.deps, &mut record.applied));
    let deposed = state.deposed.values_mut().flatten().map(|old| (&mut old.deps, &mut old.applied));
    let intended = state.intents.iter_mut().map(|intent| (&mut intent.deps, &mut intent.spec));
    for (deps, spec) in recorded.chain(deposed).chain(intended) {
        if deps.remove(from) {
            deps.insert(to.clone());
            *spec = reference::renamed(spec, from, to);
        }
    }
}
