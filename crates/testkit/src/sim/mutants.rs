//! Rules of the protocol, each of which can be broken on purpose.
//!
//! None of them is broken in the engine: a program without the rule is made of the engine and a store, a disk, a world
//! or a run around it that behaves as if the rule were not there. So nothing of this stands in the product.

use super::kinds::KINDS;
use super::world::World;
use auroractl_core::diff::{Context, FieldChange};
use auroractl_core::identity::{Identity, Naming};
use auroractl_core::kind::{Malformed, Sides};
use auroractl_core::model::{Adoption, Group, ReplaceOrder, Timing};
use auroractl_core::{Observed, PureKind, Readiness, State};
use auroractl_engine::kind::{Edit, RawAsk, RawDone, RawOrder, RawPast};
use auroractl_engine::{CallError, Ending, Kind, Look, Registry};
use futures::future::BoxFuture;
use serde_json::Value;
use std::collections::BTreeSet;

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lapse {
    /// Intents are not written down.
    IntentsNotWritten,
    /// Calls are sent before their intents are durable.
    IntentsNotDurable,
    /// A create's attempt is written and not made durable.
    AttemptNotDurable,
    /// The journal is never made durable.
    NoFsync,
    /// That it could not be made durable is ignored.
    FsyncErrorIgnored,
    /// A later delete drops the unresolved create beside its object.
    DeleteDropsIntent,
    /// A commit leaves out unresolved intents.
    CompactionDropsIntents,
    /// What is in doubt is forgotten at the start: warn and make it again.
    DoubtsAreForgotten,
    /// What is in doubt is forgotten if the stack no longer wants it.
    RemovedDoubtsAreForgotten,
    /// Second halves of replacements are not looked for.
    NoResume,
    /// Predecessors of replacements are forgotten.
    DeposedForgotten,
    /// A generation is used again after its object is gone.
    GenerationNotBurned,
    /// The client token is random.
    RandomToken,
    /// Ownership tags are written by a second call.
    TagsComeLater,
    /// "Not found" is believed at once.
    NoPatience,
    /// A create is sent again after an ambiguous answer.
    AmbiguousCreateIsRetried,
    /// "Already exists" counts as success.
    ExistsIsSuccess,
    /// What carries no tag of ours is taken for ours.
    StrangersAreOurs,
    /// What was found after a crash is taken to be as the stack wants it.
    NoDiffAfterAdoption,
    /// A failure after the answer counts as ready.
    FailureIsReady,
    /// AWS's immutable id is not compared.
    IncarnationIgnored,
    /// Data is deleted without asking.
    PermissionNotAsked,
    /// A missing state is a new stack.
    LostStateIsNew,
    /// The snapshot is written in place.
    SnapshotInPlace,
    /// The lock is not asked.
    LockIsIgnored,
    /// A saved plan is applied without looking whether it is stale.
    StalePlanIsApplied,
    /// The writer's role moves to a member that has not had its turn.
    FailoverTooEarly,
    /// That something was paused does not show at the next look.
    PauseForgotten,
    /// What was paused for a roll is resumed only where the roll went well.
    ResumedAfterSuccessAlone,
    /// A key goes without asking whether a snapshot needs it.
    NeedNotAsked,
    /// Calls are sent whatever became of the lease.
    GateNotAsked,
    /// A dead holder's calls in flight are not waited for.
    NoDrain,
    /// Not longer either where one that comes late does harm.
    NoLongDrain,
}

impl Lapse {
    /// All of them.
    pub const ALL: [Self; 33] = [
        Self::IntentsNotWritten,
        Self::IntentsNotDurable,
        Self::AttemptNotDurable,
        Self::NoFsync,
        Self::FsyncErrorIgnored,
        Self::DeleteDropsIntent,
        Self::CompactionDropsIntents,
        Self::DoubtsAreForgotten,
        Self::RemovedDoubtsAreForgotten,
        Self::NoResume,
        Self::DeposedForgotten,
        Self::GenerationNotBurned,
        Self::RandomToken,
        Self::TagsComeLater,
        Self::NoPatience,
        Self::AmbiguousCreateIsRetried,
        Self::ExistsIsSuccess,
        Self::StrangersAreOurs,
        Self::NoDiffAfterAdoption,
        Self::FailureIsReady,
        Self::IncarnationIgnored,
        Self::PermissionNotAsked,
        Self::LostStateIsNew,
        Self::SnapshotInPlace,
        Self::LockIsIgnored,
        Self::StalePlanIsApplied,
        Self::FailoverTooEarly,
        Self::PauseForgotten,
        Self::ResumedAfterSuccessAlone,
        Self::NeedNotAsked,
        Self::GateNotAsked,
        Self::NoDrain,
        Self::NoLongDrain,
    ];

    /// The kinds as this program knows them.
    pub(super) fn registry(lapse: Option<Self>) -> Registry<World> {
        if lapse == Some(Self::NoPatience) { Registry::new(&[IMPATIENT]) } else { Registry::new(&[KINDS]) }
    }

    /// The state as this program remembers it.
    pub(super) fn remember(lapse: Option<Self>, state: &mut State, wanted: impl Fn(&auroractl_core::Address) -> bool) {
        match lapse {
            Some(Self::DoubtsAreForgotten) => state.intents.clear(),
            Some(Self::RemovedDoubtsAreForgotten) => state.intents.retain(|intent| wanted(&intent.address)),
            Some(Self::DeposedForgotten) => state.deposed.clear(),
            Some(Self::GenerationNotBurned) => state.generations.clear(),
            Some(Self::IncarnationIgnored) => state.resources.values_mut().for_each(|record| record.incarnation = None),
            Some(Self::DeleteDropsIntent) => {
                let State { intents, resources, .. } = state;
                intents.retain(|intent| wanted(&intent.address) || !resources.contains_key(&intent.address));
            }
            _ => {}
        }
    }
}

/// A kind of whose horizon nobody knows.
#[derive(Debug)]
struct Impatient(usize);

const IMPATIENT: &[&dyn Kind<World>] = &[
    &Impatient(0),
    &Impatient(1),
    &Impatient(2),
    &Impatient(3),
    &Impatient(4),
    &Impatient(5),
    &Impatient(6),
    &Impatient(7),
    &Impatient(8),
    &Impatient(9),
    &Impatient(10),
];

impl Impatient {
    fn inner(&self) -> &'static dyn Kind<World> {
        // The first stands in for one that is not there, which the slice above rules out.
        KINDS.get(self.0).or(KINDS.first()).copied().unwrap_or(&auroractl_core::Of::<super::kinds::Named>::NEW)
    }
}

impl PureKind for Impatient {
    fn name(&self) -> &'static str {
        self.inner().name()
    }
    fn group(&self) -> Group {
        self.inner().group()
    }
    fn adoption(&self) -> Adoption {
        self.inner().adoption()
    }
    fn replace_order(&self) -> ReplaceOrder {
        self.inner().replace_order()
    }
    fn version(&self) -> u32 {
        self.inner().version()
    }
    fn timing(&self) -> Timing {
        Timing { horizon: 0.0, ..self.inner().timing() }
    }
    fn naming(&self, spec: &Value) -> Result<Naming, Malformed> {
        self.inner().naming(spec)
    }
    fn canonical(&self, spec: &Value) -> Result<Value, Malformed> {
        self.inner().canonical(spec)
    }
    fn diff(&self, sides: Sides<'_>, context: Context<'_>) -> Result<Vec<FieldChange>, Malformed> {
        self.inner().diff(sides, context)
    }
    fn protection(&self, spec: &Value) -> Result<Option<&'static str>, Malformed> {
        self.inner().protection(spec)
    }
    fn unsaved(&self, spec: &Value) -> Result<Option<&'static str>, Malformed> {
        self.inner().unsaved(spec)
    }
    fn remains_need(&self, spec: &Value) -> Result<&'static [&'static str], Malformed> {
        self.inner().remains_need(spec)
    }
    fn upgrade(&self, spec: &mut Value, from: u32) {
        self.inner().upgrade(spec, from);
    }
}

impl Kind<World> for Impatient {
    fn survey<'a>(
        &'a self,
        w: &'a World,
        look: &'a Look,
        asks: &'a [RawAsk],
    ) -> BoxFuture<'a, Result<Vec<Observed>, CallError>> {
        self.inner().survey(w, look, asks)
    }
    fn create<'a>(
        &'a self,
        w: &'a World,
        me: &'a Identity,
        spec: &'a Value,
    ) -> BoxFuture<'a, Result<RawDone, CallError>> {
        self.inner().create(w, me, spec)
    }
    fn update<'a>(
        &'a self,
        w: &'a World,
        me: &'a Identity,
        edit: Edit<'a>,
    ) -> BoxFuture<'a, Result<RawDone, CallError>> {
        self.inner().update(w, me, edit)
    }
    fn delete<'a>(
        &'a self,
        w: &'a World,
        me: &'a Identity,
        past: RawPast<'a>,
    ) -> BoxFuture<'a, Result<Ending, CallError>> {
        self.inner().delete(w, me, past)
    }
    fn operate<'a>(
        &'a self,
        w: &'a World,
        me: &'a Identity,
        order: &'a RawOrder,
    ) -> BoxFuture<'a, Result<Readiness, CallError>> {
        self.inner().operate(w, me, order)
    }
    fn progress<'a>(
        &'a self,
        w: &'a World,
        look: &'a Look,
        order: &'a RawOrder,
    ) -> BoxFuture<'a, Result<Readiness, CallError>> {
        self.inner().progress(w, look, order)
    }
    fn spare<'a>(&'a self, w: &'a World, arn: &'a str) -> BoxFuture<'a, Result<Option<Value>, CallError>> {
        self.inner().spare(w, arn)
    }
    fn needed<'a>(
        &'a self,
        w: &'a World,
        outputs: &'a Value,
        leaving: &'a BTreeSet<String>,
    ) -> BoxFuture<'a, Result<Option<String>, CallError>> {
        self.inner().needed(w, outputs, leaving)
    }
    fn seamless<'a>(
        &'a self,
        w: &'a World,
        look: &'a Look,
        edit: Edit<'a>,
    ) -> BoxFuture<'a, Result<&'static [&'static str], CallError>> {
        self.inner().seamless(w, look, edit)
    }
}
