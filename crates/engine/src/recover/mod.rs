//! Rebuilds a lost state from what the resources' tags tell. Nothing is written to AWS.
//!
//! The stack file says which resources there should be; lineage, address and generation say which oid each of them would
//! carry; so every kind is asked for its resources as a refresh does, once for each identity that there may be. Parents
//! come before what refers to them, because the answer about a subnet needs the id of its VPC. What AWS answers becomes
//! the record. Whatever carries the stack's tags and became no record is told, with the reason.

mod traces;

pub use traces::{LAST_GENERATION, Traces, lineages};

use crate::error::CallError;
use crate::kind::{Kind, Owned, RawAsk};
use crate::look::Look;
use crate::refresh::{Scene, known, unborn};
use auroractl_core::guard;
use auroractl_core::identity::{Identity, Naming};
use auroractl_core::kind::{Malformed, Sides, without_foreign_tags};
use auroractl_core::model::Adoption;
use auroractl_core::observed::{Live, Observed, Owner, Readiness};
use auroractl_core::state::{Record, Scope, State};
use auroractl_core::{Address, Graph};
use futures::future::try_join_all;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use traces::{Birth, birth, id};
pub(crate) use traces::{tag, twins};

/// A rebuilt state, and what it does not hold.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The state.
    pub state: State,
    /// Resources that the stack wants and that have no record.
    pub missing: Vec<Missing>,
    /// Objects that carry the stack's tags and have no record.
    pub left: Vec<Left>,
}

/// A resource that the stack wants and that has no record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The resource.
    pub address: Address,
    /// Something stands in its place that does not belong to this stack.
    pub stranger: bool,
}

/// An object that carries the stack's tags and has no record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Its ARN.
    pub arn: String,
    /// Why it has no record.
    #[serde(flatten)]
    pub why: Why,
}

/// Why an object has no record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// It carries the tags of a resource that was found elsewhere: AWS copies them to snapshots.
    Copy {
        /// The resource.
        of: Address,
    },
    /// An earlier generation of a resource that holds data. What an earlier destroy left on purpose, a snapshot's key
    /// among it, must not read as "to be deleted".
    Earlier {
        /// The resource.
        of: Address,
        /// Its generation.
        generation: u32,
    },
    /// Its address is not in the stack file.
    Elsewhere {
        /// The address on its tag.
        address: String,
    },
    /// The index of tags still lists it, and it is no longer there.
    Gone {
        /// The resource that it was.
        of: Address,
    },
    /// Its id does not follow from its lineage and address: somebody edited its tags, or they are of another lineage.
    Unattributed,
}

/// Why nothing was rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// A look failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A resource could not be looked at.
    #[error("{address} could not be looked at: {why}")]
    Unknown {
        /// The resource.
        address: Address,
        /// What happened.
        why: String,
    },
    /// What would be recorded could not be read again.
    #[error("what was found of {address} can't be recorded: {source}")]
    Malformed {
        /// The resource.
        address: Address,
        /// What is wrong.
        source: Malformed,
    },
    /// Several objects of one type carry one identity: which of them the stack uses can't be told.
    #[error("several objects carry the same identity")]
    Twins(Vec<Vec<String>>),
}

/// Rebuilds the state. `scene.state` names stack, lineage and serial, and has no resources; or it is one that was committed,
/// and what it lacks is added to it.
///
/// # Errors
/// When something could not be looked at, or two objects claim one place.
pub async fn recover<W: Sync>(scene: Scene<'_, W>, traces: Traces<'_>) -> Result<Recovered, RecoverError> {
    let twins = twins(traces.owned, &scene.state.lineage);
    if !twins.is_empty() {
        return Err(RecoverError::Twins(twins));
    }
    let (look, mut missing, mut earlier) = (Look::new(), Vec::new(), BTreeMap::new());
    let (base, mut state) = (scene.state, scene.state.clone());
    let lost = base.serial == 0;
    for mut wave in waves(scene.graph) {
        wave.retain(|at| !recorded(base, traces, at));
        let scene = Scene { state: &state, ..scene };
        let finds = try_join_all(by_kind(&wave).into_values().map(|some| find(scene, traces, &look, some))).await?;
        let mut next = state.clone();
        for Find { at, mut lives, stranger } in finds.into_iter().flatten() {
            // A state that can be read knows of what it deletes.
            lives.retain(|(_, live)| lost || live.readiness != Readiness::Deleting);
            lives.sort_by_key(|(birth, _)| std::cmp::Reverse((birth.address == *at, birth.generation)));
            // What stands in for others is hardly ever there.
            if lives.is_empty() && scene.graph.node(at).is_some() {
                missing.push(Missing { address: at.clone(), stranger });
            }
            for (birth, live) in lives {
                let place = (at, &birth);
                if let Some(generation) = keep(scene, &mut next, place, &live)? {
                    earlier.insert(birth.oid.clone(), (at.clone(), generation));
                }
            }
        }
        state = next;
    }
    if lost {
        begin_anew(scene, &mut state, &missing);
    }
    let mut shown = state.clone();
    let left = left(&mut shown, scene.graph, traces, &earlier);
    // A state that can be read knows which generations are used up.
    let state = if lost { shown } else { state };
    Ok(Recovered { state, missing, left })
}

/// Does a state know this resource, or what became of it, be it under the address that it had before a move?
fn recorded(state: &State, traces: Traces<'_>, at: &Address) -> bool {
    let known = |at: &Address| {
        state.resources.contains_key(at) || !state.deposed(at).is_empty() || state.create_intent(at).is_some()
    };
    known(at) || traces.former.get(at).into_iter().flatten().any(known)
}

/// What left nothing may have used up any number of its generations. A name is free again; a token is answered with what it
/// once made. So where tags can tell what was made with it, the next one begins beyond all that a life without a loss reaches.
fn begin_anew<W>(scene: Scene<'_, W>, state: &mut State, missing: &[Missing]) {
    let first = traces::drawn(scene.clock.wall());
    for Missing { address, .. } in missing {
        let tokened = scene.registry.get(address.kind()).is_some_and(|kind| kind.adoption() == Adoption::Token);
        let tagged = scene.graph.node(address).is_some_and(|node| node.spec.get("tags").is_some());
        if tokened && tagged {
            state.burn(address, first.saturating_sub(1));
        }
    }
}

/// The addresses in such an order that each wave needs earlier ones only.
fn waves(graph: &Graph) -> Vec<Vec<&Address>> {
    let mut depth: BTreeMap<&Address, usize> = BTreeMap::new();
    let mut waves: Vec<Vec<&Address>> = Vec::new();
    for at in graph.order().iter().chain(graph.surges().keys()) {
        let level = graph.deps(at).filter_map(|dep| depth.get(dep)).max().map_or(0, |deepest| deepest + 1);
        depth.insert(at, level);
        if waves.len() <= level {
            waves.resize_with(level + 1, Vec::new);
        }
        if let Some(wave) = waves.get_mut(level) {
            wave.push(at);
        }
    }
    waves
}

fn by_kind<'a>(wave: &[&'a Address]) -> BTreeMap<&'a str, Vec<&'a Address>> {
    let mut kinds: BTreeMap<&str, Vec<&Address>> = BTreeMap::new();
    wave.iter().for_each(|at| kinds.entry(at.kind()).or_default().push(at));
    kinds
}

/// What was found of one address.
struct Find<'a> {
    at: &'a Address,
    lives: Vec<(Birth, Live)>,
    /// What stands in its place is not ours.
    stranger: bool,
}

/// Asks one kind for some of its resources.
async fn find<'a, W: Sync>(
    scene: Scene<'_, W>,
    traces: Traces<'_>,
    look: &Look,
    some: Vec<&'a Address>,
) -> Result<Vec<Find<'a>>, RecoverError> {
    let Some(kind) = some.first().and_then(|at| scene.registry.get(at.kind())) else { return Ok(Vec::new()) };
    let lineage = &scene.state.lineage;
    let (mut asks, mut askers, mut finds) = (Vec::new(), Vec::new(), Vec::new());
    for (number, at) in some.into_iter().enumerate() {
        let births = traces.births(lineage, at);
        for birth in asked(scene, kind, at, traces, &births) {
            let Some(ask) = ask(scene, kind, at, birth) else { continue };
            // What waits to be renamed has another name than the stack wants.
            let names = traces.names(lineage, birth);
            let others = names.into_iter().filter(|name| *name != ask.identity.name);
            let others: Vec<RawAsk> = others.filter_map(|name| under(kind, &ask, name)).collect();
            askers.extend(std::iter::repeat_n((number, birth.clone()), 1 + others.len()));
            asks.push(ask);
            asks.extend(others);
        }
        finds.push((births, Find { at, lives: Vec::new(), stranger: false }));
    }
    let answers = kind.survey(scene.world, look, &asks).await?;
    for ((number, birth), answer) in askers.into_iter().zip(answers) {
        let Some((births, find)) = finds.get_mut(number) else { continue };
        match answer {
            Observed::Absent => {}
            Observed::Unknown(why) => return Err(RecoverError::Unknown { address: find.at.clone(), why }),
            Observed::Live(live) => match born(&birth, births, &live.owner) {
                Some(birth) if find.lives.iter().all(|(known, _)| *known != birth) => find.lives.push((birth, *live)),
                Some(_) => {}
                None => find.stranger = true,
            },
        }
    }
    Ok(finds.into_iter().map(|(_, find)| find).collect())
}

/// As which identity a live object was born; `None` when it is not ours.
fn born(asked: &Birth, births: &[Birth], owner: &Owner) -> Option<Birth> {
    match owner {
        Owner::Oid(oid) | Owner::Partial(oid) => births.iter().find(|birth| birth.oid == *oid).cloned(),
        Owner::Inherited | Owner::Service => Some(asked.clone()),
        Owner::Untagged => None,
    }
}

/// The identities that are asked for: those that the tags show. Without any, the index may not list such resources:
/// then one where the place tells (a name that the stack chose, a parent), and else all that there can be.
fn asked<'b, W>(
    scene: Scene<'_, W>,
    kind: &dyn Kind<W>,
    at: &Address,
    traces: Traces<'_>,
    births: &'b [Birth],
) -> Vec<&'b Birth> {
    let shown: Vec<&Birth> = births.iter().filter(|birth| traces.shows(&scene.state.lineage, birth)).collect();
    let placed = matches!(kind.adoption(), Adoption::Relation | Adoption::Guard)
        || scene.graph.any(at).is_some_and(|node| matches!(kind.naming(&node.spec), Ok(Naming::Given(_))));
    match (shown.is_empty(), placed) {
        (false, _) => shown,
        (true, true) => births.iter().take(1).collect(),
        (true, false) => births.iter().collect(),
    }
}

fn ask<W>(scene: Scene<'_, W>, kind: &dyn Kind<W>, at: &Address, birth: &Birth) -> Option<RawAsk> {
    let (state, node) = (scene.state, scene.graph.any(at)?);
    let spec = known(state, &node.spec);
    let name = kind.naming(&spec).ok()?.name(&state.stack, &birth.address, &birth.oid);
    let identity = Identity { generation: birth.generation, oid: birth.oid.clone(), name, ..unborn(state, at) };
    Some(RawAsk { identity, spec, outputs: None })
}

/// The same question about another name, where the stack chooses the name.
fn under<W>(kind: &dyn Kind<W>, ask: &RawAsk, name: &str) -> Option<RawAsk> {
    let named = |spec: &Value| match kind.naming(spec) {
        Ok(Naming::Given(name)) => Some(name),
        _ => None,
    };
    let (own, fields) = (named(&ask.spec)?, ask.spec.as_object()?);
    let same = fields.iter().filter(|(_, value)| value.as_str() == Some(own.as_str()));
    let renamed = |key: &String| {
        let mut fields = fields.clone();
        fields.insert(key.clone(), name.into());
        Value::Object(fields)
    };
    // Another field may have the name's text by chance.
    let spec = same.map(|(key, _)| renamed(key)).find(|spec| named(spec).as_deref() == Some(name))?;
    let identity = Identity { name: name.to_owned(), ..ask.identity.clone() };
    Some(RawAsk { identity, spec, outputs: None })
}

/// Writes down what was found. The first of an address becomes its record; others are predecessors of an interrupted
/// replacement, unless they hold data: of those the generation is given back.
fn keep<W>(
    scene: Scene<'_, W>,
    state: &mut State,
    place: (&Address, &Birth),
    live: &Live,
) -> Result<Option<u32>, RecoverError> {
    let (at, birth) = place;
    if birth.address != *at {
        state.burn(&birth.address, birth.generation);
    }
    let Some(record) = record(scene, place, live)? else { return Ok(None) };
    if !state.resources.contains_key(at) {
        state.resources.insert(at.clone(), record);
    } else if guard::holds_data(at.kind()) {
        return Ok(Some(birth.generation));
    } else {
        state.deposed.entry(at.clone()).or_default().push(record.depose());
    }
    Ok(None)
}

/// The record of what was found. It is read back as its kind: a state that can't be read would help nobody.
fn record<W>(
    scene: Scene<'_, W>,
    (at, birth): (&Address, &Birth),
    live: &Live,
) -> Result<Option<Record>, RecoverError> {
    let (Some(kind), Some(node)) = (scene.registry.get(at.kind()), scene.graph.any(at)) else { return Ok(None) };
    let Some(RawAsk { identity, .. }) = ask(scene, kind, at, birth) else { return Ok(None) };
    let malformed = |source| RecoverError::Malformed { address: at.clone(), source };
    let wanted = kind.canonical(&known(scene.state, &node.spec)).map_err(malformed)?;
    let applied = kind.canonical(&sent(&wanted, &live.spec)).map_err(malformed)?;
    let name = match kind.naming(&live.spec) {
        Ok(Naming::Given(name)) => name,
        _ => identity.name,
    };
    Ok(Some(Record {
        kind: at.kind().to_owned(),
        version: kind.version(),
        scope: Scope { account: scene.state.stack.account.clone(), region: scene.state.stack.region.clone() },
        oid: birth.oid.clone(),
        generation: birth.generation,
        name,
        applied,
        outputs: live.outputs.clone(),
        deps: scene.graph.deps(at).cloned().collect(),
        incarnation: live.incarnation.clone(),
        // Where it can't be known whether it ever held data, it did.
        settled: live.readiness == Readiness::Ready || guard::holds_data(at.kind()) || holds_members(at),
        born: scene.clock.wall().as_second(),
    }))
}

/// The last instance of a cluster is data-bearing too, and its state here is not yet whole enough to tell which that is.
fn holds_members(at: &Address) -> bool {
    at.kind() == guard::MEMBER
}

/// What was last sent, as far as AWS shows it: of what the stack sets, the value that AWS has.
fn sent(wanted: &Value, observed: &Value) -> Value {
    let mut sent = without_foreign_tags(Sides { applied: None, observed, desired: wanted }).into_owned();
    if let (Some(fields), Some(wanted)) = (sent.as_object_mut(), wanted.as_object()) {
        // What a kind leaves out where it is not set has no null in its stead: that could not be read.
        fields.retain(|key, _| wanted.contains_key(key));
        let unset = |key: &str| wanted.get(key).is_some_and(Value::is_null);
        fields.iter_mut().filter(|(key, _)| unset(key)).for_each(|(_, value)| *value = Value::Null);
    }
    sent
}

/// Objects without a record. Generations that show are used up, whatever became of their objects.
fn left(state: &mut State, graph: &Graph, traces: Traces<'_>, earlier: &BTreeMap<String, (Address, u32)>) -> Vec<Left> {
    let lineage = state.lineage.clone();
    let found = state.clone();
    let recorded = Recorded::of(&found);
    let mut births: BTreeMap<String, (&Address, Birth)> = BTreeMap::new();
    for at in graph.order().iter().chain(graph.surges().keys()) {
        births.extend(traces.births(&lineage, at).into_iter().map(|birth| (birth.oid.clone(), (at, birth))));
    }
    let mut left = Vec::new();
    for object in traces.owned.iter().filter(|object| !recorded.holds(object)) {
        let ours = tag(object, auroractl_core::tags::LINEAGE) == lineage;
        let oid = if ours { tag(object, auroractl_core::tags::ID) } else { "" };
        let why = match (earlier.get(oid), births.get(oid), birth(&lineage, object)) {
            (Some((of, generation)), ..) => Why::Earlier { of: of.clone(), generation: *generation },
            (None, Some((at, _)), _) if recorded.address(oid).is_some() => Why::Copy { of: (*at).clone() },
            (None, Some((at, birth)), _) => {
                state.burn(&birth.address, birth.generation);
                Why::Gone { of: (*at).clone() }
            }
            (None, None, Some(birth)) => {
                state.burn(&birth.address, birth.generation);
                Why::Elsewhere { address: birth.address.to_string() }
            }
            (None, None, None) => Why::Unattributed,
        };
        left.push(Left { arn: object.arn.clone(), why });
    }
    left
}

/// What the records hold: oids, and every text among the outputs, which for all kinds are ids, names and ARNs.
pub(crate) struct Recorded<'a> {
    oids: BTreeMap<&'a str, &'a Address>,
    texts: BTreeSet<&'a str>,
}

impl<'a> Recorded<'a> {
    /// What the records and the deposed objects of a state hold.
    pub(crate) fn of(state: &'a State) -> Self {
        let mut recorded = Self { oids: BTreeMap::new(), texts: BTreeSet::new() };
        let records = state.resources.iter().map(|(at, record)| (at, &record.oid, &record.outputs));
        let deposed =
            state.deposed.iter().flat_map(|(at, all)| all.iter().map(move |old| (at, &old.oid, &old.outputs)));
        for (at, oid, outputs) in records.chain(deposed) {
            recorded.oids.insert(oid, at);
            let texts = outputs.as_object().into_iter().flat_map(|map| map.values());
            recorded.texts.extend(texts.filter_map(Value::as_str));
        }
        recorded
    }

    /// The resource that has this identity.
    pub(crate) fn address(&self, oid: &str) -> Option<&'a Address> {
        self.oids.get(oid).copied()
    }

    /// Is this object on record itself?
    pub(crate) fn holds(&self, object: &Owned) -> bool {
        let arn = object.arn.trim_end_matches(":*");
        self.oids.contains_key(tag(object, auroractl_core::tags::ID))
            && (self.texts.contains(arn) || self.texts.contains(id(arn)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_stack_does_not_set_was_not_sent() {
        let wanted = json!({"size": 1, "zone": null, "tags": {"team": "data"}});
        // `paused` is left out where it is not set.
        let observed = json!({"size": 2, "zone": "a", "paused": true, "tags": {"team": "data", "cost-centre": "7"}});
        assert_eq!(sent(&wanted, &observed), json!({"size": 2, "zone": null, "tags": {"team": "data"}}));
    }
}
