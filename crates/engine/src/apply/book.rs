//! State and journal of a run: every change of the state is first a line of the journal.

use super::Means;
use crate::kind::{RawAsk, RawDone};
use crate::refresh;
use crate::store::{Store, StoreError};
use auroractl_core::durations::Sample;
use auroractl_core::journal::{self, Entry};
use auroractl_core::lower::Step;
use auroractl_core::observed::Live;
use auroractl_core::plan::Options;
use auroractl_core::standing;
use auroractl_core::state::{Intent, Record, Scope, State, Verb};
use auroractl_core::{Deed, PureKind};
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

/// The book of a run.
pub(super) struct Book<'a> {
    pub(super) state: &'a mut State,
    store: &'a mut dyn Store,
    /// How long what is done took, to be written with the end of the run.
    samples: Vec<Sample>,
    /// The state differs from the last snapshot.
    dirty: bool,
}

impl<'a> Book<'a> {
    pub(super) fn new(state: &'a mut State, store: &'a mut dyn Store) -> Self {
        Self { state, store, samples: Vec::new(), dirty: false }
    }

    /// A new stack's lineage must be durable before anything is made under it.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        if self.state.serial == 0 { self.store.commit(self.state).await } else { Ok(()) }
    }

    /// Waits until another run has taken the store's lock away.
    pub(super) fn lost(&self) -> BoxFuture<'static, ()> {
        self.store.lost()
    }

    /// Writes lines, then lets the state follow them.
    pub(super) async fn write(&mut self, entries: &[Entry], durable: bool) -> Result<(), StoreError> {
        self.store.append(entries, durable).await?;
        for entry in entries {
            journal::replay(self.state, entry);
        }
        self.dirty = true;
        Ok(())
    }

    /// A call is about to be sent. For creates the line must be on disk first: its absence is what lets the next
    /// run skip the search, also when the stack was edited and the same create would not be sent again.
    pub(super) async fn attempt(&mut self, step: &Step) -> Result<(), StoreError> {
        let verb = Some(step.verb);
        let entry = Entry::Attempt { address: step.address.clone(), generation: step.generation, verb };
        self.write(&[entry], step.verb == Verb::Create).await
    }

    /// A create, update or adoption was executed. The intent of what AWS is still applying stays: a record says only
    /// whether its resource was ever usable, and a run that is killed now must be waited out by the next. So must one that
    /// waits out an earlier one's edit, which is an adoption.
    pub(super) async fn made<W>(&mut self, step: &Step, done: RawDone, means: Means<'_, W>) -> Result<(), StoreError> {
        let over = done.ready || step.verb == Verb::Create;
        let Some(record) = self.record(step, done, means) else { return Ok(()) };
        let mut entries = vec![Entry::Recorded { address: step.address.clone(), record: Box::new(record) }];
        entries.extend(over.then(|| resolved(step, step.verb)));
        if step.verb == Verb::Adopt {
            entries.push(resolved(step, Verb::Create));
        }
        // An adopted one is edited all the same where its tags name an earlier address, and a create names its own.
        if self.state.untold.contains(&step.address) {
            entries.push(Entry::Told { address: step.address.clone() });
        }
        self.write(&entries, true).await
    }

    /// The record of what was just made, from its intent and the answer.
    fn record<W>(&self, step: &Step, done: RawDone, means: Means<'_, W>) -> Option<Record> {
        let intent = self.intent(step, step.verb)?;
        let kind = means.registry.get(step.address.kind())?;
        let old = self.state.resources.get(&step.address);
        let same = old.filter(|old| old.generation == step.generation);
        Some(Record {
            kind: step.address.kind().to_owned(),
            version: kind.version(),
            scope: Scope { account: self.state.stack.account.clone(), region: self.state.stack.region.clone() },
            oid: intent.oid.clone(),
            generation: step.generation,
            name: intent.name.clone(),
            applied: canonical(kind, refresh::known(self.state, &intent.spec)),
            outputs: done.outputs,
            deps: intent.deps.clone(),
            incarnation: done.incarnation.or_else(|| same.and_then(|old| old.incarnation.clone())),
            settled: same.is_some_and(|old| old.settled),
            born: same.map_or_else(|| means.clock.wall().as_second(), |old| old.born),
        })
    }

    fn intent(&self, step: &Step, verb: Verb) -> Option<&Intent> {
        let of = |intent: &&Intent| {
            intent.address == step.address && intent.generation == step.generation && intent.verb == verb
        };
        self.state.intents.iter().find(of)
    }

    /// The spec that a step was declared with.
    pub(super) fn declared(&self, step: &Step) -> Option<&Intent> {
        self.intent(step, step.verb)
    }

    /// A survey has seen the resource usable.
    pub(super) async fn settled(&mut self, step: &Step, live: &Live) -> Result<(), StoreError> {
        let address = &step.address;
        let learned = self.state.resources.get(address).and_then(|record| refresh::learned(record, live));
        let recorded = learned.map(|record| Entry::Recorded { address: address.clone(), record: Box::new(record) });
        let over = self.intent(step, step.verb).map(|_| resolved(step, step.verb));
        let entries: Vec<Entry> = recorded.into_iter().chain(over).collect();
        if entries.is_empty() { Ok(()) } else { self.write(&entries, false).await }
    }

    /// The object of a delete is gone, or of a forget was gone before.
    pub(super) async fn gone(&mut self, step: &Step) -> Result<(), StoreError> {
        let (address, generation) = (step.address.clone(), step.generation);
        let entries = [Entry::Deleted { address, generation }, resolved(step, step.verb), resolved(step, Verb::Create)];
        self.write(&entries, true).await
    }

    /// An operation has ended; what is recorded of its resource stays as it is.
    pub(super) async fn operated(&mut self, step: &Step) -> Result<(), StoreError> {
        self.write(&[resolved(step, step.verb)], false).await
    }

    /// A create certainly was not executed: nothing is in doubt.
    pub(super) async fn dismiss(&mut self, step: &Step) -> Result<(), StoreError> {
        self.write(&[resolved(step, step.verb)], false).await
    }

    /// The question that a wait asks.
    pub(super) fn ask(&self, step: &Step) -> Option<RawAsk> {
        let record = self.state.resources.get(&step.address).filter(|record| record.generation == step.generation);
        if let Some(record) = record {
            return Some(refresh::of_record(self.state, &step.address, record));
        }
        let old = self.state.deposed(&step.address).iter().find(|old| old.generation == step.generation)?;
        Some(refresh::of_deposed(self.state, &step.address, old))
    }

    /// AWS's immutable id of what a step is about, as it was recorded.
    pub(super) fn incarnation(&self, step: &Step) -> Option<String> {
        let record = self.state.resources.get(&step.address).filter(|record| record.generation == step.generation);
        let deposed = || self.state.deposed(&step.address).iter().find(|old| old.generation == step.generation);
        record.map_or_else(|| deposed()?.incarnation.clone(), |record| record.incarnation.clone())
    }

    /// The identities of the other objects on record under a step's address: predecessors and successors of its own.
    pub(super) fn others(&self, step: &Step) -> Vec<String> {
        let record = self.state.resources.get(&step.address).map(|record| (record.generation, &record.oid));
        let deposed = self.state.deposed(&step.address).iter().map(|old| (old.generation, &old.oid));
        let others = record.into_iter().chain(deposed).filter(|(generation, _)| *generation != step.generation);
        others.map(|(_, oid)| oid.clone()).collect()
    }

    /// May AWS still hide what a step deletes? It would look gone before it has been seen at all.
    pub(super) fn may_be_hidden(&self, step: &Step, (horizon, asked): (f64, Timestamp)) -> bool {
        let record = self.state.resources.get(&step.address).filter(|record| record.generation == step.generation);
        record.is_some_and(|record| refresh::may_be_hidden(record, horizon, asked))
    }

    /// A step ended well after so many seconds. An adoption may have found its resource half made, and a note takes no
    /// time: neither says anything of the next one.
    pub(super) fn measured(&mut self, step: &Step, seconds: f64) {
        if step.verb != Verb::Adopt && Deed::TIMED.contains(&step.deed) {
            self.samples.push(Sample { kind: step.address.kind().to_owned(), deed: step.deed, seconds });
        }
    }

    /// Ends the run: what was measured, the last lines, then the snapshot. A run that is killed teaches nothing. `run` is the
    /// label of one that ended by itself, and with `well` everything was done: what the stack says of itself counts from now on.
    pub(super) async fn finish(&mut self, run: Option<&str>, well: Option<&Options>) -> Result<(), StoreError> {
        let samples = std::mem::take(&mut self.samples);
        if !samples.is_empty() {
            // Without this line only estimates are poorer; what matters is refused or written below.
            let _ = self.write(&[Entry::Measured { samples }], false).await;
        }
        let standing = well.and_then(|options| standing::ended(self.state, options));
        let over = run.map(|run| Entry::RunEnd { run: run.to_owned() });
        let entries: Vec<Entry> = standing.into_iter().chain(over).collect();
        if !entries.is_empty() {
            self.write(&entries, false).await?;
        }
        if self.dirty {
            self.store.commit(self.state).await?;
            self.dirty = false;
        }
        Ok(())
    }
}

/// The spec as its kind writes it; it was sent in this form, so it can be read.
pub(super) fn canonical(kind: &dyn PureKind, spec: Value) -> Value {
    kind.canonical(&spec).unwrap_or(spec)
}

fn resolved(step: &Step, verb: Verb) -> Entry {
    Entry::Resolved { address: step.address.clone(), generation: step.generation, verb }
}
