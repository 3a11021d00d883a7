//! The acting half of a kind, and the engine's view of it without its type.

mod order;
mod registry;

pub use order::{Order, RawOrder};
pub use registry::Registry;

use crate::error::{CallError, Class};
use crate::look::Look;
use auroractl_core::Address;
use auroractl_core::identity::{Identity, StackId};
use auroractl_core::kind::{Of, PureKind};
use auroractl_core::model::Model;
use auroractl_core::observed::{Live, Observed, Owner, Readiness};
use auroractl_core::state::Verb;
use futures::future::BoxFuture;
use order::ordered;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What the engine acts on.
pub trait World: Send + Sync + 'static {
    /// Everything that carries the stack's ownership tag, wherever it lives. Used to tell
    /// a lost state from a new stack, to rebuild a state, and to find duplicates.
    fn inventory<'a>(&'a self, stack: &'a StackId) -> BoxFuture<'a, Result<Vec<Owned>, CallError>>;

    /// What the inventory does not list though it carries the tag, found by how its names begin. It costs more calls,
    /// so only a rebuild of the state asks for it.
    fn unlisted<'a>(&'a self, _stack: &'a StackId) -> BoxFuture<'a, Result<Vec<Owned>, CallError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// One object of the inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owned {
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A question about one resource.
#[derive(Clone, Debug)]
pub struct Ask<R: Model> {
    /// Who it is: oid, name, tags.
    pub identity: Identity,
    /// What is wanted, or what was last sent. Promises may stand in it.
    pub spec: R,
    /// Its outputs, if it was recorded. An ask without them is a search.
    pub outputs: Option<R::Outputs>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen<R: Model> {
    /// It does not exist.
    Absent,
    /// It could not be told.
    Unknown(String),
    /// It exists.
    Live(Box<Found<R>>),
}

/// A resource that exists. See [`Live`] for the fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<R: Model> {
    /// Its spec, normalised: an unchanged resource equals what the stack wants.
    pub spec: R,
    /// Its outputs.
    pub outputs: R::Outputs,
    /// May it be used?
    pub readiness: Readiness,
    /// Whose it is.
    pub owner: Owner,
    /// AWS's immutable id, where there is one beside the name.
    pub incarnation: Option<String>,
    /// Accepted and not yet applied edits, by field.
    pub pending: BTreeMap<String, Value>,
    /// What is in force where the spec has a pending value.
    pub in_force: BTreeMap<String, Value>,
    /// What is said of it beside its spec, see [`Found::telling`].
    pub told: Option<Value>,
}

impl<R: Model> Found<R> {
    /// A resource that is ready, has neither incarnation nor pending edits, and of which nothing more is told.
    #[must_use]
    pub fn ready(spec: R, outputs: R::Outputs, owner: Owner) -> Self {
        let readiness = Readiness::Ready;
        let (pending, in_force) = (BTreeMap::new(), BTreeMap::new());
        Self { spec, outputs, readiness, owner, incarnation: None, pending, in_force, told: None }
    }

    /// The same with what AWS says of it beside its spec, see [`Live::told`]. It is for people who look and nothing goes
    /// by it, so what has no written form is left out.
    #[must_use]
    pub fn telling(self, told: &impl Serialize) -> Self {
        Self { told: serde_json::to_value(told).ok(), ..self }
    }
}

impl<R: Model> From<Found<R>> for Seen<R> {
    fn from(found: Found<R>) -> Self {
        Self::Live(Box::new(found))
    }
}

/// A create or update was executed.
#[derive(Clone, Debug, PartialEq)]
pub struct Done<R: Model> {
    /// The outputs as far as the answer told them.
    pub outputs: R::Outputs,
    /// AWS's immutable id.
    pub incarnation: Option<String>,
    /// Whether it is usable already; otherwise the engine waits until a survey says so.
    pub ready: bool,
}

impl<R: Model> Done<R> {
    /// Usable at once.
    #[must_use]
    pub fn ready(outputs: R::Outputs) -> Self {
        Self { outputs, incarnation: None, ready: true }
    }

    /// Usable when a survey says so.
    #[must_use]
    pub fn pending(outputs: R::Outputs) -> Self {
        Self { outputs, incarnation: None, ready: false }
    }
}

/// What a delete acts on: the state alone must suffice to send it.
#[derive(Clone, Debug, PartialEq)]
pub struct Past<R: Model> {
    /// What was last sent.
    pub spec: R,
    /// Its outputs.
    pub outputs: R::Outputs,
    /// What it is a part of is there afterwards, and may miss it.
    pub parent_stays: bool,
    /// It may be the last part: the user named it, the data of its stack may go, or it is of no use.
    pub permitted: bool,
}

/// What a delete has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is gone.
    Gone,
    /// It is going; the engine waits until a survey says `Absent`.
    Going,
    /// AWS does not know it: it was gone before, or AWS does not show yet what was just made.
    Unknown,
}

/// The acting half of a kind in a world `W`.
///
/// Every method may be called again after a crash or a lost answer.
pub trait Resource<W>: Model {
    /// Looks for resources; the answers stand in the order of the asks.
    ///
    /// # Errors
    /// When nothing could be told about any of them.
    fn survey(
        w: &W,
        look: &Look,
        asks: &[Ask<Self>],
    ) -> impl Future<Output = Result<Vec<Seen<Self>>, CallError>> + Send;

    /// Makes it, with its ownership tags in the create call itself.
    ///
    /// # Errors
    /// The call's.
    fn create(w: &W, me: &Identity, spec: &Self) -> impl Future<Output = Result<Done<Self>, CallError>> + Send;

    /// Edits it in place, from what was just observed. Restores missing ownership tags.
    ///
    /// # Errors
    /// The call's.
    fn update(
        w: &W,
        me: &Identity,
        from: &Found<Self>,
        to: &Self,
    ) -> impl Future<Output = Result<Done<Self>, CallError>> + Send;

    /// Deletes it. That it is gone already is success.
    ///
    /// # Errors
    /// The call's.
    fn delete(w: &W, me: &Identity, past: &Past<Self>) -> impl Future<Output = Result<Ending, CallError>> + Send;

    /// Begins an operation. Looks first, since it may be called again after a crash or a lost answer: what is done or
    /// under way already is not asked for a second time. `Ready` means that it has ended, `Pending` that
    /// [`Resource::progress`] will tell. Most kinds have no operations.
    ///
    /// # Errors
    /// The call's; and where what must hold before it does not hold. [`CallError::not_begun`], where it does not hold yet:
    /// then this is called again.
    fn operate(
        _w: &W,
        me: &Identity,
        order: &Order<Self>,
    ) -> impl Future<Output = Result<Readiness, CallError>> + Send {
        std::future::ready(Err(no_such(&me.address, order.verb)))
    }

    /// How far an operation that was begun is. A look, so that it sends nothing that changes anything.
    ///
    /// # Errors
    /// When it could not be looked. [`CallError::not_begun`], where it has come to nothing: then it is begun again.
    fn progress(
        _w: &W,
        _look: &Look,
        _order: &Order<Self>,
    ) -> impl Future<Output = Result<Readiness, CallError>> + Send {
        std::future::ready(Ok(Readiness::Ready))
    }

    /// The outputs of a second object of a recorded resource, by its ARN, if nothing uses it and its deletion loses
    /// nothing. Only kinds of which nothing refuses a second one can have such objects; most have none.
    ///
    /// # Errors
    /// The call's.
    fn spare(_w: &W, _arn: &str) -> impl Future<Output = Result<Option<Self::Outputs>, CallError>> + Send {
        async { Ok(None) }
    }

    /// What needs it though no state says so, in words, if AWS would delete it all the same. Asked before its deletion is
    /// planned. `leaving` has the names and ARNs of what goes in the same run: it needs nothing any more.
    ///
    /// # Errors
    /// The call's.
    fn needed(
        _w: &W,
        _outputs: &Self::Outputs,
        _leaving: &BTreeSet<String>,
    ) -> impl Future<Output = Result<Option<String>, CallError>> + Send {
        async { Ok(None) }
    }

    /// Of the fields that differ between what was found and what is wanted, those whose edit interrupts nobody though
    /// the kind can't promise it: whether it does depends on what only AWS knows. Asked before an edit is planned.
    ///
    /// # Errors
    /// The call's.
    fn seamless(
        _w: &W,
        _look: &Look,
        _found: &Found<Self>,
        _to: &Self,
    ) -> impl Future<Output = Result<&'static [&'static str], CallError>> + Send {
        async { Ok(&[] as &[_]) }
    }
}

/// [`Ask`] without its type.
#[derive(Clone, Debug)]
pub struct RawAsk {
    /// Who it is.
    pub identity: Identity,
    /// What is wanted or was last sent.
    pub spec: Value,
    /// Its outputs, if it was recorded.
    pub outputs: Option<Value>,
}

/// [`Done`] without its type.
#[derive(Clone, Debug, PartialEq)]
pub struct RawDone {
    /// The outputs.
    pub outputs: Value,
    /// AWS's immutable id.
    pub incarnation: Option<String>,
    /// Whether it is usable already.
    pub ready: bool,
}

/// [`Past`] without its type.
#[derive(Clone, Copy, Debug)]
pub struct RawPast<'a> {
    /// What was last sent.
    pub spec: &'a Value,
    /// Its outputs.
    pub outputs: &'a Value,
    /// What it is a part of is there afterwards.
    pub parent_stays: bool,
    /// It may be the last part.
    pub permitted: bool,
}

/// The acting half of a kind without its type. Implemented by [`Of`] alone.
pub trait Kind<W>: PureKind {
    /// See [`Resource::survey`]. There are as many answers as asks.
    fn survey<'a>(
        &'a self,
        w: &'a W,
        look: &'a Look,
        asks: &'a [RawAsk],
    ) -> BoxFuture<'a, Result<Vec<Observed>, CallError>>;
    /// See [`Resource::create`].
    fn create<'a>(&'a self, w: &'a W, me: &'a Identity, spec: &'a Value) -> BoxFuture<'a, Result<RawDone, CallError>>;
    /// See [`Resource::update`].
    fn update<'a>(&'a self, w: &'a W, me: &'a Identity, edit: Edit<'a>) -> BoxFuture<'a, Result<RawDone, CallError>>;
    /// See [`Resource::delete`].
    fn delete<'a>(&'a self, w: &'a W, me: &'a Identity, past: RawPast<'a>) -> BoxFuture<'a, Result<Ending, CallError>>;
    /// See [`Resource::operate`].
    fn operate<'a>(
        &'a self,
        w: &'a W,
        me: &'a Identity,
        order: &'a RawOrder,
    ) -> BoxFuture<'a, Result<Readiness, CallError>>;
    /// See [`Resource::progress`].
    fn progress<'a>(
        &'a self,
        w: &'a W,
        look: &'a Look,
        order: &'a RawOrder,
    ) -> BoxFuture<'a, Result<Readiness, CallError>>;
    /// See [`Resource::spare`].
    fn spare<'a>(&'a self, w: &'a W, arn: &'a str) -> BoxFuture<'a, Result<Option<Value>, CallError>>;
    /// See [`Resource::needed`].
    fn needed<'a>(
        &'a self,
        w: &'a W,
        outputs: &'a Value,
        leaving: &'a BTreeSet<String>,
    ) -> BoxFuture<'a, Result<Option<String>, CallError>>;
    /// See [`Resource::seamless`]. What is wanted may hold promises.
    fn seamless<'a>(
        &'a self,
        w: &'a W,
        look: &'a Look,
        edit: Edit<'a>,
    ) -> BoxFuture<'a, Result<&'static [&'static str], CallError>>;
}

/// Both sides of an update.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    /// What was just observed.
    pub from: &'a Live,
    /// What is wanted; wholly known when it is sent.
    pub to: &'a Value,
}

impl<W: Sync, R: Resource<W>> Kind<W> for Of<R> {
    fn survey<'a>(
        &'a self,
        w: &'a W,
        look: &'a Look,
        asks: &'a [RawAsk],
    ) -> BoxFuture<'a, Result<Vec<Observed>, CallError>> {
        Box::pin(async move {
            let asks = asks.iter().map(typed::<R>).collect::<Result<Vec<_>, _>>()?;
            let seen = R::survey(w, look, &asks).await?;
            if seen.len() != asks.len() {
                // A fault in the kind, and who reads the answers would take what is missing for absent.
                let why = format!("{} answers to {} questions", seen.len(), asks.len());
                return Err(CallError::new(&format!("survey {}", R::KIND), Class::Other, why));
            }
            seen.into_iter().map(|seen| erased::<R>(seen)).collect()
        })
    }

    fn create<'a>(&'a self, w: &'a W, me: &'a Identity, spec: &'a Value) -> BoxFuture<'a, Result<RawDone, CallError>> {
        Box::pin(async move { raw::<R>(R::create(w, me, &Self::spec(spec)?).await?) })
    }

    fn update<'a>(&'a self, w: &'a W, me: &'a Identity, edit: Edit<'a>) -> BoxFuture<'a, Result<RawDone, CallError>> {
        Box::pin(async move { raw::<R>(R::update(w, me, &found(edit.from)?, &Self::spec(edit.to)?).await?) })
    }

    fn delete<'a>(&'a self, w: &'a W, me: &'a Identity, past: RawPast<'a>) -> BoxFuture<'a, Result<Ending, CallError>> {
        Box::pin(async move {
            let RawPast { spec, outputs, parent_stays, permitted } = past;
            let past = Past { spec: Self::spec(spec)?, outputs: Self::outputs(outputs)?, parent_stays, permitted };
            R::delete(w, me, &past).await
        })
    }

    fn operate<'a>(
        &'a self,
        w: &'a W,
        me: &'a Identity,
        order: &'a RawOrder,
    ) -> BoxFuture<'a, Result<Readiness, CallError>> {
        Box::pin(async move { R::operate(w, me, &ordered(order)?).await })
    }

    fn progress<'a>(
        &'a self,
        w: &'a W,
        look: &'a Look,
        order: &'a RawOrder,
    ) -> BoxFuture<'a, Result<Readiness, CallError>> {
        Box::pin(async move { R::progress(w, look, &ordered(order)?).await })
    }

    fn spare<'a>(&'a self, w: &'a W, arn: &'a str) -> BoxFuture<'a, Result<Option<Value>, CallError>> {
        Box::pin(async move { R::spare(w, arn).await?.map(|outputs| written::<R>(&outputs)).transpose() })
    }

    fn needed<'a>(
        &'a self,
        w: &'a W,
        outputs: &'a Value,
        leaving: &'a BTreeSet<String>,
    ) -> BoxFuture<'a, Result<Option<String>, CallError>> {
        Box::pin(async move { R::needed(w, &Self::outputs(outputs)?, leaving).await })
    }

    fn seamless<'a>(
        &'a self,
        w: &'a W,
        look: &'a Look,
        edit: Edit<'a>,
    ) -> BoxFuture<'a, Result<&'static [&'static str], CallError>> {
        Box::pin(async move { R::seamless(w, look, &found(edit.from)?, &Self::spec(edit.to)?).await })
    }
}

fn found<R: Model>(live: &Live) -> Result<Found<R>, CallError> {
    let Live {
        spec,
        outputs,
        readiness,
        owner,
        incarnation,
        pending,
        in_force,
        told,
        needed_by: _,
        seamless: _,
        unmarked: _,
    } = live;
    Ok(Found {
        spec: Of::<R>::spec(spec)?,
        outputs: Of::<R>::outputs(outputs)?,
        readiness: readiness.clone(),
        owner: owner.clone(),
        incarnation: incarnation.clone(),
        pending: pending.clone(),
        in_force: in_force.clone(),
        told: told.clone(),
    })
}

fn typed<R: Model>(ask: &RawAsk) -> Result<Ask<R>, CallError> {
    let outputs = ask.outputs.as_ref().map(Of::<R>::outputs).transpose()?;
    Ok(Ask { identity: ask.identity.clone(), spec: Of::<R>::spec(&ask.spec)?, outputs })
}

/// A fault in a lowering, which asks for an operation that the kind does not have.
fn no_such(address: &Address, verb: Verb) -> CallError {
    CallError::new(&format!("{verb} {address}"), Class::Other, "there is no such operation on this kind of resource")
}

fn erased<R: Model>(seen: Seen<R>) -> Result<Observed, CallError> {
    Ok(match seen {
        Seen::Absent => Observed::Absent,
        Seen::Unknown(why) => Observed::Unknown(why),
        Seen::Live(found) => {
            let Found { spec, outputs, readiness, owner, incarnation, pending, in_force, told } = *found;
            let (spec, outputs) = (written::<R>(&spec)?, written::<R>(&outputs)?);
            let (owner, unmarked) = match owner {
                Owner::Partial(oid) => (Owner::Oid(oid), true),
                owner => (owner, false),
            };
            let live =
                Live { readiness, incarnation, pending, in_force, told, unmarked, ..Live::ready(spec, outputs, owner) };
            Observed::Live(Box::new(live))
        }
    })
}

fn raw<R: Model>(done: Done<R>) -> Result<RawDone, CallError> {
    Ok(RawDone { outputs: written::<R>(&done.outputs)?, incarnation: done.incarnation, ready: done.ready })
}

fn written<R: Model>(value: &impl Serialize) -> Result<Value, CallError> {
    serde_json::to_value(value)
        .map_err(|why| auroractl_core::kind::Malformed { kind: R::KIND, why: why.to_string() }.into())
}
