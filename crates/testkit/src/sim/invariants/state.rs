//! Promises about state and journal.

use super::{Deed, Ended, Log, RunLog, Verdict, holds, told};
use crate::sim::log::{Call, Line};
use auroractl_core::Address;
use auroractl_core::journal::Entry;
use auroractl_core::state::Verb;
use std::collections::{BTreeMap, BTreeSet};

/// I21: the serial rises by one with each commit, and the lineage never changes.
pub(super) fn i21(log: &Log) -> Verdict {
    let mut before: Option<(u64, &str, u32)> = None;
    for run in &log.runs {
        let Some(state) = &run.loaded else { continue };
        if let Some((serial, lineage, number)) = before {
            let commits = |line: &&Line| line.commit && (number..run.number).contains(&line.run);
            let most = serial + log.lines.iter().filter(commits).count() as u64;
            holds((serial..=most).contains(&state.serial) && lineage == state.lineage, || {
                format!("serial {} of {} after {serial} of {lineage}", state.serial, state.lineage)
            })?;
        }
        before = Some((state.serial, &state.lineage, run.number));
    }
    Ok(())
}

/// I22: wherever the power is cut, the state loads.
pub(super) fn i22(log: &Log) -> Verdict {
    let unusable = |run: &&RunLog| matches!(&run.ended, Ended::Failed(why) if why.starts_with("unusable state"));
    match log.runs.iter().find(unusable) {
        Some(run) => Err(format!("run {}: {:?}", run.number, run.ended)),
        None => Ok(()),
    }
}

/// A create that is not resolved, under each address that it may have by now: whether a rename was durable is not known.
struct Doubt {
    generation: u32,
    addresses: BTreeSet<Address>,
}

/// Unresolved creates that are durable at the beginning of a run, by identity and by what was written.
fn unresolved(log: &Log, before: u32) -> BTreeMap<&String, Doubt> {
    let mut open: BTreeMap<&String, Doubt> = BTreeMap::new();
    for line in log.lines.iter().filter(|line| line.run < before) {
        for entry in &line.entries {
            match entry {
                Entry::Intent(intent) if intent.verb == Verb::Create && line.ok && line.durable => {
                    let doubt = || Doubt { generation: intent.generation, addresses: BTreeSet::new() };
                    open.entry(&intent.oid).or_insert_with(doubt).addresses.insert(intent.address.clone());
                }
                Entry::Recorded { record, .. } => drop(open.remove(&record.oid)),
                Entry::Resolved { address, generation, .. } | Entry::Deleted { address, generation } => {
                    open.retain(|_, doubt| doubt.generation != *generation || !doubt.addresses.contains(address));
                }
                Entry::Moved { from, to } => {
                    for doubt in open.values_mut().filter(|doubt| doubt.addresses.contains(from)) {
                        doubt.addresses.insert(to.clone());
                    }
                }
                _ => {}
            }
        }
    }
    open
}

/// I25: unresolved intents survive commit, compaction, and later intents for the same address.
pub(super) fn i25(log: &Log) -> Verdict {
    for run in &log.runs {
        let Some(state) = &run.loaded else { continue };
        for (oid, doubt) in unresolved(log, run.number) {
            let kept = state.intents.iter().any(|intent| intent.oid == *oid && intent.verb == Verb::Create);
            holds(kept, || format!("run {} no longer knows the create of {:?}", run.number, doubt.addresses))?;
        }
    }
    Ok(())
}

/// I26: the state never contains an id that was not returned by AWS or found by an ownership check.
pub(super) fn i26(log: &Log) -> Verdict {
    for run in &log.runs {
        for (address, record) in run.loaded.iter().flat_map(|state| &state.resources) {
            let id = record.outputs.get("id").and_then(|id| id.as_str()).unwrap_or_default();
            holds(log.ids.contains(id), || format!("run {}: nobody ever said {id} of {address}", run.number))?;
        }
    }
    Ok(())
}

/// I28: a missing state with owned objects in the world is refused before any mutation.
pub(super) fn i28(log: &Log) -> Verdict {
    let lost = |run: &&RunLog| run.loaded.is_none() && run.owned_before > 0 && run.calls > 0;
    match log.runs.iter().find(lost) {
        Some(run) => Err(format!("run {} made everything anew beside {} objects", run.number, run.owned_before)),
        None => Ok(()),
    }
}

/// I29: after a failed write no mutation is sent, except what is in flight already.
pub(super) fn i29(log: &Log) -> Verdict {
    for line in log.lines.iter().filter(|line| !line.ok) {
        let mine = |call: &&Call| call.run == line.run;
        let before: BTreeSet<(&String, Deed)> = log
            .calls
            .iter()
            .filter(mine)
            .filter(|call| call.seq < line.seq)
            .map(|call| (&call.oid, call.deed))
            .collect();
        let attempts =
            log.lines.iter().filter(|earlier| earlier.run == line.run && earlier.seq < line.seq && earlier.ok);
        let attempts: Vec<&Entry> = attempts.flat_map(|line| &line.entries).collect();
        let attempted = |call: &Call| {
            attempts.iter().any(|entry| {
                matches!(entry, Entry::Attempt { address, generation, .. }
                if *address == call.address && *generation == call.generation)
            })
        };
        let flying = |call: &Call| attempted(call) || before.iter().any(|(oid, _)| **oid == call.oid);
        let fresh = log.calls.iter().filter(mine).find(|call| call.seq > line.seq && !flying(call));
        holds(fresh.is_none(), || {
            format!("{} was sent after a write had failed", fresh.map(told).unwrap_or_default())
        })?;
    }
    Ok(())
}

/// I39: what was acknowledged as durable is never missing from a later state.
pub(super) fn i39(log: &Log) -> Verdict {
    for run in &log.runs {
        let Some(state) = &run.loaded else { continue };
        let earlier = log.lines.iter().filter(|line| line.run < run.number);
        let mut known: BTreeMap<&Address, Option<u32>> = BTreeMap::new();
        for line in earlier {
            for entry in &line.entries {
                match entry {
                    Entry::Recorded { address, record } if line.ok && line.durable => {
                        known.insert(address, Some(record.generation));
                    }
                    Entry::Recorded { address, .. } | Entry::Deleted { address, .. } => {
                        known.insert(address, None);
                    }
                    Entry::Moved { from, to } => {
                        known.insert(from, None);
                        known.insert(to, None);
                    }
                    _ => {}
                }
            }
        }
        for (address, generation) in known.into_iter().filter_map(|(at, generation)| Some((at, generation?))) {
            let kept = state.resources.get(address).is_some_and(|record| record.generation >= generation);
            holds(kept, || format!("run {} no longer knows {address} g{generation}", run.number))?;
        }
    }
    Ok(())
}
