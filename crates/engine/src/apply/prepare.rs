//! Before the first call: all intents in one durable write. Before each call: what its worker needs.

use super::act::{Job, Target, Worker};
use super::book::{Book, canonical};
use super::{Means, Unchanged, Work};
use crate::error::{CallError, Class};
use crate::kind::{Kind, RawOrder};
use crate::refresh;
use crate::resume;
use crate::store::StoreError;
use auroractl_core::diff::Context;
use auroractl_core::journal::{Entry, replay};
use auroractl_core::kind::{Sides, without_foreign_tags};
use auroractl_core::lower::Step;
use auroractl_core::model::Adoption;
use auroractl_core::observed::{Live, Observed, Owner, Readiness};
use auroractl_core::plan::{Action, Change, Plan, restarted_together};
use auroractl_core::reference::promises;
use auroractl_core::state::{Intent, Record, State, Verb};
use auroractl_core::{Address, Graph, Kinds, guard, identity, standing};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Declares everything the run will do.
pub(super) async fn declare<W>(book: &mut Book<'_>, work: Work<'_>, means: Means<'_, W>) -> Result<(), StoreError> {
    let (run, command) = (means.run.to_owned(), means.command.to_owned());
    let mut entries = vec![Entry::RunStart { run, command, lineage: book.state.lineage.clone() }];
    // Before all that is made under it: a run that is killed has made it so.
    entries.extend(standing::begun(book.state, work.options));
    entries.extend(observed_records(book.state, work, means));
    let changes: BTreeMap<&Address, &Change> =
        work.plan.changes.iter().map(|change| (&change.address, change)).collect();
    // A delete is declared under the identity of what it deletes, which may be on record by these very lines only.
    let mut known = book.state.clone();
    entries.iter().for_each(|line| replay(&mut known, line));
    for step in &work.program.steps {
        if let Some(change) = changes.get(&step.address) {
            let declared = intent(&known, work.graph, step, change);
            let attempted = sought(book.state, work, &declared);
            entries.push(Entry::Intent(Intent { attempted, ..declared }));
        }
    }
    // Last: a torn write must not lose a new intent behind the end of the old one that it goes on.
    entries.extend(stale(book.state, &work.program.steps));
    book.begin().await?;
    book.write(&entries, true).await
}

/// Was an earlier create of this generation looked for in vain? Then the present wish takes its place, and is looked for before
/// it is sent, as that would be. Otherwise the journal keeps what may have been sent, which is known by its name alone.
fn sought(state: &State, work: Work<'_>, intent: &Intent) -> bool {
    let absent = work.observed.get(&intent.address) == Some(&Observed::Absent);
    // Of what is on record the look says nothing: it was looked for itself, and not what was to take its place.
    let alone = absent && !state.resources.contains_key(&intent.address);
    let sent = |earlier: &Intent| earlier.attempted && earlier.generation == intent.generation;
    intent.verb == Verb::Create && alone && state.create_intent(&intent.address).is_some_and(sent)
}

/// The ends of earlier intents that are no creates and that these steps do not go on with: the refresh has looked at their
/// resources and the plan covers what is left.
fn stale(state: &State, steps: &[Step]) -> Vec<Entry> {
    let again: BTreeSet<_> = steps.iter().map(|step| (&step.address, step.generation, step.verb)).collect();
    let over = state.intents.iter().filter(|intent| intent.verb != Verb::Create);
    let over = over.filter(|intent| !again.contains(&(&intent.address, intent.generation, intent.verb)));
    over.map(|intent| Entry::Resolved {
        address: intent.address.clone(),
        generation: intent.generation,
        verb: intent.verb,
    })
    .collect()
}

/// What the refresh taught: about recorded resources; that one is gone which will be made again; and records for
/// unrecorded ones that will be deleted.
fn observed_records<W>(state: &State, work: Work<'_>, means: Means<'_, W>) -> Vec<Entry> {
    let known = Known { kinds: means.registry, graph: work.graph, state };
    let mut entries = Vec::new();
    for change in &work.plan.changes {
        let address = &change.address;
        let record = state.resources.get(address);
        entries.extend(match work.observed.get(address) {
            Some(Observed::Live(live)) => match record {
                Some(record) => known.caught_up(change, (record, live)),
                None if matches!(change.action, Action::Delete | Action::Replace | Action::Surge) => {
                    known.unrecorded(change, live, means.clock.wall().as_second())
                }
                None => None,
            }
            .map(|record| Entry::Recorded { address: address.clone(), record: Box::new(record) }),
            // Its successor must not depose what is no longer there.
            _ if matches!(change.action, Action::Create | Action::Surge) => {
                record.map(|record| Entry::Deleted { address: address.clone(), generation: record.generation })
            }
            _ => None,
        });
    }
    entries
}

/// What a record is brought up to date with, beside the look.
struct Known<'a> {
    kinds: &'a dyn Kinds,
    graph: &'a Graph,
    state: &'a State,
}

impl Known<'_> {
    /// The record with what the look and the plan teach, if anything is new. A resource that is as the stack wants it was last
    /// sent just that, whatever was written down of it; any other may refer to what an edit in doubt has given it.
    fn caught_up(&self, change: &Change, (before, live): (&Record, &Live)) -> Option<Record> {
        let at = &change.address;
        let mut new = refresh::learned(before, live).unwrap_or_else(|| before.clone());
        match self.graph.node(at).filter(|_| change.action == Action::NoOp) {
            Some(node) => {
                new.deps = self.graph.deps(at).cloned().collect();
                new.applied = self.sent(at, &node.spec);
            }
            None => new.deps = self.state.used_by(at).into_iter().cloned().collect(),
        }
        (new != *before).then_some(new)
    }

    /// An interrupted run made it, and it has to go: recorded first, so that the delete works from the state. `now` is in Unix
    /// seconds.
    fn unrecorded(&self, change: &Change, live: &Live, now: i64) -> Option<Record> {
        let version = self.kinds.pure(change.address.kind())?.version();
        let intent = self.state.create_intent(&change.address).cloned().or_else(|| self.supposed(change))?;
        Some(resume::record(self.state, &intent, live, (version, now)))
    }

    /// The create of what bears our mark though no line tells of it, since the journal was lost. Only a name that the stack
    /// chose is looked for without a line, so the name is the successor's, too.
    fn supposed(&self, change: &Change) -> Option<Intent> {
        let (at, generation) = (&change.address, change.old_generation?);
        Some(Intent {
            address: at.clone(),
            generation,
            oid: identity::oid(&self.state.lineage, at, generation),
            name: change.name.clone(),
            verb: Verb::Create,
            spec: self.graph.any(at)?.spec.clone(),
            deps: self.graph.deps(at).cloned().collect(),
            attempted: true,
            kept_by: None,
        })
    }

    /// What is sent of a wish, in the form in which a run writes it down: a set in another order would look like a change.
    fn sent(&self, at: &Address, wish: &Value) -> Value {
        let spec = refresh::known(self.state, wish);
        match self.kinds.pure(at.kind()) {
            Some(kind) => canonical(kind, spec),
            None => spec,
        }
    }
}

/// What a run without steps writes down.
pub(super) fn learned(state: &State, work: &Unchanged<'_>) -> Vec<Entry> {
    let known = Known { kinds: work.kinds, graph: work.graph, state };
    let mut entries = stale(state, &[]);
    for change in &work.plan.changes {
        let live = work.observed.get(&change.address).and_then(Observed::live);
        let found = state.resources.get(&change.address).zip(live);
        let new = found.and_then(|found| known.caught_up(change, found));
        entries.extend(new.map(|record| Entry::Recorded { address: change.address.clone(), record: Box::new(record) }));
    }
    entries
}

fn intent(state: &State, graph: &Graph, step: &Step, change: &Change) -> Intent {
    let record = state.resources.get(&step.address);
    let old = state.deposed(&step.address).iter().find(|old| old.generation == step.generation);
    // The end of a surge is declared before it is recorded, perhaps beside an earlier one.
    let this = record.filter(|record| record.generation == step.generation);
    let (oid, name) = match (step.verb, old, this) {
        (Verb::Delete, Some(old), _) => (old.oid.clone(), old.name.clone()),
        (Verb::Delete | Verb::Forget, None, Some(record)) => (record.oid.clone(), record.name.clone()),
        _ => (change.oid.clone(), change.name.clone()),
    };
    // A surge is recorded by what it is made from, and everything else that the stack does not want by what it was.
    let node = graph.node(&step.address).or_else(|| graph.any(&step.address).filter(|_| step.verb == Verb::Create));
    let spec = match (step.verb, node) {
        (Verb::Create | Verb::Update | Verb::Adopt, Some(node)) => node.spec.clone(),
        _ => record.map(|record| record.applied.clone()).unwrap_or_default(),
    };
    let deps: BTreeSet<Address> = match node {
        Some(_) => graph.deps(&step.address).cloned().collect(),
        None => record.map(|record| record.deps.clone()).unwrap_or_default(),
    };
    let (address, generation) = (step.address.clone(), step.generation);
    Intent {
        address,
        generation,
        oid,
        name,
        verb: step.verb,
        spec,
        deps,
        attempted: false,
        kept_by: change.kept_by().cloned(),
    }
}

/// What the worker of a step needs.
pub(super) fn worker<W>(
    book: &Book<'_>,
    means: Means<'_, W>,
    work: Work<'_>,
    step: &Step,
) -> Result<Worker<W>, CallError> {
    let fault = |why: &str| CallError::new(&format!("{} {}", step.verb, step.address), Class::Other, why);
    let kind = means.registry.get(step.address.kind()).ok_or_else(|| fault("unknown kind"))?;
    let intent = book.declared(step).ok_or_else(|| fault("no intent was declared"))?;
    let me = refresh::intended(book.state, intent);
    let job = match step.verb {
        // What stays at AWS must not come near a delete.
        Verb::Forget => return Err(fault("nothing is sent to forget it")),
        Verb::Delete => {
            let ask = book.ask(step).ok_or_else(|| fault("nothing is recorded of it"))?;
            let (incarnation, others) = (book.incarnation(step), book.others(step));
            let parent_stays = parent_stays(book.state, work.plan, &step.address);
            let permitted = may_be_the_last(book.state, work, step);
            match shared(book.state, work, (kind, step), &ask.spec)? {
                true => Job::Leave,
                false => Job::Delete(Target { ask, incarnation, others, parent_stays, permitted }),
            }
        }
        Verb::Failover | Verb::Failback | Verb::Settle | Verb::Restart | Verb::Pause | Verb::Resume => {
            Job::Operate(order(book, work, step).ok_or_else(|| fault("nothing is recorded of it"))?)
        }
        Verb::Create => Job::Create { spec: spec(book.state, intent)?, look_first: intent.attempted },
        Verb::Update | Verb::Adopt => {
            let live = work.observed.get(&step.address).and_then(Observed::live);
            let mut from = live.ok_or_else(|| fault("it was not observed"))?.clone();
            let untold = book.state.untold.contains(&step.address) || from.unmarked;
            if untold && matches!(from.owner, Owner::Oid(_)) {
                // Its tags say who it was, or not all: they are written as for one that has none.
                from.owner = Owner::Untagged;
            }
            let unmarked = matches!(from.owner, Owner::Untagged | Owner::Service);
            let differs = step.verb == Verb::Update || unmarked || differs(work, &step.address);
            let spec = spec(book.state, intent)?;
            // An update must not remove what somebody else added, and a kind sees only both sides.
            let applied = book.state.resources.get(&step.address).map(|record| &record.applied);
            from.spec = without_foreign_tags(Sides { applied, observed: &from.spec, desired: &spec }).into_owned();
            Job::Update { spec, from: Box::new(from), differs }
        }
    };
    Ok(Worker { kind, me, job })
}

/// Is what a resource is a part of there after this plan? A part goes first, so that it still says what it belongs to.
fn parent_stays(state: &State, plan: &Plan, address: &Address) -> bool {
    let stays = |at: &Address| plan.changes.iter().any(|change| change.address == *at && change.action.lives_on());
    guard::parent(address, state).is_some_and(stays)
}

/// Would the plan have let this go as the last part of what it is a part of? Others may have gone since. One that failed
/// before it was ever usable serves nobody, nor does one that is on its way out; of one that an interrupted replacement left
/// nobody knows, for the look was at its successor.
fn may_be_the_last(state: &State, work: Work<'_>, step: &Step) -> bool {
    let address = &step.address;
    let left = state.deposed(address).iter().any(|old| old.generation == step.generation);
    let live = work.observed.get(address).and_then(Observed::live).filter(|_| !left);
    let settled = state.resources.get(address).is_some_and(|record| record.settled);
    let useless = live.is_some_and(|live| match live.readiness {
        Readiness::Failed(_) => !settled,
        Readiness::Deleting => true,
        Readiness::Ready | Readiness::Pending(_) | Readiness::Halted(_) => false,
    });
    useless
        || standing::forgoes_data(state, work.options)
        || guard::permitted(address, state, &work.options.allow_delete)
}

/// Is what a step deletes on record elsewhere, where the stack wants it and it stays? An edge bears no mark of its own: two
/// addresses or two generations that say the same mean one object, whose second create was answered with the first, and
/// the end of one would be the end of the other.
fn shared<W>(
    state: &State,
    work: Work<'_>,
    (kind, step): (&dyn Kind<W>, &Step),
    spec: &Value,
) -> Result<bool, CallError> {
    if kind.adoption() != Adoption::Relation || work.graph.order().is_empty() {
        return Ok(false);
    }
    let address = &step.address;
    let ends = |at: &Address, generation: u32| {
        let this = |other: &Step| other.verb == Verb::Delete && other.address == *at && other.generation == generation;
        work.program.steps.iter().any(this)
    };
    for (at, record) in &state.resources {
        let itself = at == address && record.generation == step.generation;
        if at.kind() != address.kind() || itself || work.graph.node(at).is_none() {
            continue;
        }
        let sides = Sides { applied: None, observed: spec, desired: &record.applied };
        let same = kind.diff(sides, Context { address, observed: work.observed })?.is_empty();
        if same && !ends(at, record.generation) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The operation that a step asks for, if what it acts on is on record.
pub(super) fn order(book: &Book<'_>, work: Work<'_>, step: &Step) -> Option<RawOrder> {
    let ask = book.ask(step)?;
    let name = |at| book.state.resources.get(at).map(|record| record.name.clone());
    let target = match &step.target {
        Some(at) => Some(name(at)?),
        None => None,
    };
    let max_lag = Duration::from_millis(work.graph.manner().max_lag.into());
    let (verb, outputs) = (step.verb, ask.outputs.unwrap_or_default());
    let live = work.observed.get(&step.address).and_then(Observed::live);
    let pending = live.map(|live| live.pending.keys().cloned().collect()).unwrap_or_default();
    let (elapsed, begun, unchanged) = (Duration::ZERO, 0, Duration::ZERO);
    let (spec, together) = (ask.spec, together(work, step));
    Some(RawOrder { verb, spec, outputs, target, max_lag, elapsed, begun, unchanged, pending, together })
}

/// Is this step needed only if values wait for a restart still when the whole cluster has restarted? A restart is for nothing
/// else; a failover is, unless the writer behind it is edited or leaves.
fn together(work: Work<'_>, step: &Step) -> bool {
    let changes: BTreeMap<&Address, &Change> =
        work.plan.changes.iter().map(|change| (&change.address, change)).collect();
    let restarted = || restarted_together(work.graph, &changes, &step.address);
    let leaves = |at: &Address| changes.get(at).is_some_and(|change| change.action == Action::Delete);
    let turns = |later: &Step| match later.verb {
        Verb::Update | Verb::Adopt => later.address.kind() == guard::MEMBER,
        Verb::Delete => leaves(&later.address),
        _ => false,
    };
    match step.verb {
        Verb::Restart => restarted(),
        Verb::Failover => {
            let steps = &work.program.steps;
            let own = steps.iter().position(|other| other == step);
            let behind =
                |(id, later): (usize, &Step)| turns(later) && own.is_some_and(|own| work.program.waits_for(id, own));
            restarted() && !steps.iter().enumerate().any(behind)
        }
        _ => false,
    }
}

fn differs(work: Work<'_>, address: &Address) -> bool {
    work.plan.changes.iter().any(|change| change.address == *address && !change.fields.is_empty())
}

/// The intent's spec, wholly known by now.
fn spec(state: &State, intent: &Intent) -> Result<Value, CallError> {
    let spec = refresh::known(state, &intent.spec);
    match promises(&spec).into_iter().next() {
        None => Ok(spec),
        Some(promise) => {
            let why = format!("the value of `{}` of {} is not known", promise.output, promise.of);
            Err(CallError::new(&format!("{} {}", intent.verb, intent.address), Class::Other, why))
        }
    }
}

/// A store's failure as a step's.
pub(super) fn unwritten(error: &StoreError) -> CallError {
    CallError::new("journal", Class::Other, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::identity::{Naming, StackId};
    use auroractl_core::ids::SubnetId;
    use auroractl_core::lower::Program;
    use auroractl_core::model::{Exports, Group, Model, Timing};
    use auroractl_core::plan::Options;
    use auroractl_core::state::Scope;
    use auroractl_core::{Deed, Desired, Diff, Estimate, Impact, Input, Level, Of, PureKind};
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn record(deps: &[&str]) -> Record {
        Record {
            kind: String::new(),
            version: 1,
            scope: Scope { account: "1".into(), region: "r".into() },
            oid: String::new(),
            generation: 0,
            name: String::new(),
            applied: Value::Null,
            outputs: Value::Null,
            deps: deps.iter().map(|dep| at(dep)).collect(),
            incarnation: None,
            settled: true,
            born: 0,
        }
    }

    fn stack() -> StackId {
        StackId { name: "orders".into(), account: "1".into(), region: "r".into() }
    }

    #[test]
    fn a_member_is_missed_where_its_cluster_stays() {
        let mut state = State::new(stack(), "lineage".into());
        state.resources.insert(at("db_cluster.main"), record(&["kms_key.main"]));
        state.resources.insert(at("db_instance.a"), record(&["db_cluster.main"]));
        state.resources.insert(at("db_instance.b"), record(&["db_cluster.main", "db_instance.a"]));
        let member = at("db_instance.b");
        let stays = |changes: Vec<Change>| parent_stays(&state, &Plan { changes }, &member);
        let of_cluster = |action| Change::bare(at("db_cluster.main"), Group::Cluster, action);
        let of_first = || Change::bare(at("db_instance.a"), Group::Cluster, Action::NoOp);
        for (action, expected) in
            [(Action::NoOp, true), (Action::Restart, true), (Action::Delete, false), (Action::Forget, false)]
        {
            assert_eq!(stays(vec![of_first(), of_cluster(action)]), expected, "{action:?}");
        }
        assert!(!stays(vec![of_first()]), "a cluster that the stack does not know misses nobody");
        let cluster = at("db_cluster.main");
        let key = Change::bare(at("kms_key.main"), Group::Security, Action::NoOp);
        assert!(!parent_stays(&state, &Plan { changes: vec![key] }, &cluster), "only members have a parent");
    }

    #[test]
    fn who_serves_is_of_use_though_its_successor_has_failed() {
        let (member, mut state) = (at("db_instance.b"), State::new(stack(), "lineage".into()));
        let failed = Record { generation: 1, settled: false, ..record(&["db_cluster.main"]) };
        state.resources.insert(member.clone(), failed);
        state.deposed.insert(member.clone(), vec![record(&["db_cluster.main"]).depose()]);
        let readiness = Readiness::Failed("its status is failed".to_owned());
        let live = Live { readiness, ..Live::ready(json!({}), json!({}), Owner::Inherited) };
        let observed = BTreeMap::from([(member.clone(), Observed::Live(Box::new(live)))]);
        let (plan, program, options) = (Plan { changes: Vec::new() }, Program::default(), Options::default());
        let graph = Desired::new(stack()).check().unwrap();
        let work = Work { plan: &plan, program: &program, graph: &graph, observed: &observed, options: &options };
        let last = |generation| {
            let step = Step {
                address: member.clone(),
                verb: Verb::Delete,
                generation,
                target: None,
                after: BTreeSet::new(),
                undoes: None,
                deed: Deed::Delete,
                estimate: Estimate::NOTHING,
                look_after: 0.0,
            };
            may_be_the_last(&state, work, &step)
        };
        assert_eq!((last(0), last(1)), (false, true));
    }

    /// What others are a part of.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Bundle {
        parts: BTreeSet<Input<SubnetId>>,
    }

    impl Model for Bundle {
        const KIND: &'static str = "bundle";
        const GROUP: Group = Group::Network;
        const ADOPTION: Adoption = Adoption::Untokened;
        const TIMING: Timing = Timing::instant(0.0);
        type Outputs = BTreeMap<String, String>;

        fn naming(&self) -> Naming {
            Naming::Server
        }

        fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
            let Self { parts } = new;
            d.field("parts", &old.parts, parts, Impact::new(Level::None, "test"));
        }
    }

    impl Exports<SubnetId> for Bundle {
        const OUTPUT: &'static str = "id";
    }

    struct Bundles;

    impl Kinds for Bundles {
        fn pure(&self, _: &str) -> Option<&dyn PureKind> {
            Some(&Of::<Bundle>::NEW)
        }
    }

    #[test]
    fn a_set_that_is_as_the_stack_wants_it_is_no_news() {
        let mut desired = Desired::new(stack());
        let none = Bundle { parts: BTreeSet::new() };
        let (a, b) = (desired.add("a", &none).unwrap(), desired.add("b", &none).unwrap());
        desired.add("whole", &Bundle { parts: [a.out(), b.out()].into() }).unwrap();
        let graph = desired.check().unwrap();
        let mut state = State::new(stack(), "lineage".into());
        // AWS's ids stand in another order than the promises of them.
        for (name, id) in [("bundle.a", "subnet-2"), ("bundle.b", "subnet-1")] {
            state.resources.insert(at(name), Record { outputs: json!({"id": id}), ..record(&[]) });
        }
        let sent = json!({"parts": ["subnet-1", "subnet-2"]});
        let whole = Record { applied: sent.clone(), outputs: json!({}), ..record(&["bundle.a", "bundle.b"]) };
        state.resources.insert(at("bundle.whole"), whole);
        let live = Live::ready(sent, json!({}), Owner::Inherited);
        let observed = BTreeMap::from([(at("bundle.whole"), Observed::Live(Box::new(live)))]);
        let plan = Plan { changes: vec![Change::bare(at("bundle.whole"), Group::Network, Action::NoOp)] };
        let options = Options::default();
        let work = Unchanged { kinds: &Bundles, plan: &plan, graph: &graph, observed: &observed, options: &options };
        assert_eq!(learned(&state, &work), []);
    }
}
