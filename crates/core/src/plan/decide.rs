//! One resource at a time: what is done to it, and why.

mod removal;
mod surge;

use super::causes::{causes, relinquished, replaced_outside};
use super::{Action, Change, Inputs, PlanError, Reason, Refusal, RefusalClass};
use crate::address::Address;
use crate::diff::{Context, FieldChange};
use crate::guard;
use crate::identity::{self, Naming};
use crate::impact::{Level, Operation};
use crate::kind::{Malformed, PureKind, Sides};
use crate::model::ReplaceOrder;
use crate::observed::{Live, Observed, Owner, Readiness};
use crate::reference::{self, Promise};
use crate::standing::forgoes_data;
use crate::state::{Intent, Record, Verb};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// All changes: forward ones in the order of need, what stands in for them, then the rest in reverse address order.
pub(super) fn all(inputs: &Inputs<'_>) -> Result<Vec<Change>, PlanError> {
    let mut run = Run { inputs, made: BTreeMap::new() };
    let mut changes = Vec::with_capacity(inputs.graph.order().len());
    for address in inputs.graph.order() {
        let change = run.wanted(address)?;
        run.note(&change);
        changes.push(change);
    }
    changes = run.with_surges(changes)?;
    let planned: BTreeSet<Address> = changes.iter().map(|change| change.address.clone()).collect();
    for address in run.unwanted().into_iter().filter(|address| !planned.contains(address)) {
        changes.push(run.removal(&address)?);
    }
    let early = super::early(&changes, inputs.state);
    for change in changes.iter_mut().filter(|change| change.order.is_some() && early.contains(&change.address)) {
        change.order = Some(ReplaceOrder::DeleteFirst);
    }
    Ok(changes)
}

/// The kind that AWS makes by itself under the name that the stack would choose.
const LOGS: &str = "log_group";

/// The plan so far.
struct Run<'a> {
    inputs: &'a Inputs<'a>,
    /// What the promises of resources decided so far are worth: `None` for those that will only exist after apply.
    made: BTreeMap<Address, Option<&'a Value>>,
}

/// One desired resource with all that is known of it.
struct Case<'a> {
    address: &'a Address,
    kind: &'a dyn PureKind,
    /// The spec with every promise kept that can be.
    spec: Value,
    record: Option<&'a Record>,
    intent: Option<&'a Intent>,
    observed: Option<&'a Observed>,
}

/// An object's identity.
struct Born {
    generation: u32,
    oid: String,
    name: String,
}

impl<'a> Run<'a> {
    fn kind(&self, address: &Address, name: &str) -> Result<&'a dyn PureKind, PlanError> {
        let unknown = || PlanError::UnknownKind { address: address.clone(), kind: name.to_owned() };
        self.inputs.kinds.pure(name).ok_or_else(unknown)
    }

    fn case(&self, address: &'a Address) -> Result<Case<'a>, PlanError> {
        let Some(node) = self.inputs.graph.any(address) else {
            return Err(PlanError::UnknownKind { address: address.clone(), kind: address.kind().to_owned() });
        };
        let kind = self.kind(address, address.kind())?;
        let spec = reference::resolve(&node.spec, &|promise| self.kept(promise));
        Ok(Case {
            address,
            kind,
            spec: kind.canonical(&spec).map_err(|source| malformed(address, source))?,
            record: self.inputs.state.resources.get(address),
            intent: self.inputs.state.create_intent(address),
            observed: self.inputs.observed.get(address),
        })
    }

    /// What is done to a resource that the stack wants.
    fn wanted(&self, address: &'a Address) -> Result<Change, PlanError> {
        let case = self.case(address)?;
        match case.observed {
            Some(Observed::Unknown(why)) => Ok(self.refuse(
                &case,
                RefusalClass::Unknown,
                format!("it could not be looked at: {why}"),
                "run again when AWS answers",
            )),
            Some(Observed::Live(live)) => self.present(&case, live),
            None if self.edited_unsought(&case) => Ok(self.unsought(&case)),
            None | Some(Observed::Absent) => self.absent(&case),
        }
    }

    /// The value of a promise, if the resource that made it is there and stays.
    fn kept(&self, promise: &Promise) -> Option<Value> {
        self.made.get(&promise.of).copied().flatten()?.get(&promise.output).cloned()
    }

    /// Remembers what the promises of a decided resource are worth.
    fn note(&mut self, change: &Change) {
        let at = &change.address;
        let stays = !matches!(change.action, Action::Create | Action::Replace);
        let outputs = match self.inputs.observed.get(at) {
            Some(Observed::Live(live)) => Some(&live.outputs),
            _ => self.inputs.state.resources.get(at).map(|record| &record.outputs),
        };
        self.made.insert(at.clone(), outputs.filter(|_| stays));
    }

    /// A wanted resource that is not there.
    fn absent(&self, case: &Case<'_>) -> Result<Change, PlanError> {
        let Some(record) = case.record else {
            // An intent that was looked for in vain keeps its generation: same name, same token.
            let generation = case.intent.map_or_else(|| self.inputs.state.generation(case.address), |i| i.generation);
            return self.change(case, Action::Create, vec![Reason::New], generation);
        };
        if self.held_data(case, record) {
            return Ok(self.vanished(case, "it held data and is no longer there"));
        }
        self.change(case, Action::Create, vec![Reason::DeletedOutside], self.next(case, record.generation))
    }

    /// Would an empty one in its place hide a loss? Not where a delete was permitted whose end nobody saw. What a member
    /// serves is in the volume of its cluster, which is asked about for itself.
    fn held_data(&self, case: &Case<'_>, record: &Record) -> bool {
        let deleted = self.inputs.state.intents.iter().any(|intent| {
            intent.verb == Verb::Delete && intent.address == *case.address && intent.generation == record.generation
        });
        let forgone = forgoes_data(self.inputs.state, self.inputs.options);
        guard::holds_data(case.address.kind()) && record.settled && !deleted && !forgone
    }

    /// A cluster has snapshots. What a log group, a vault or a key held is gone with it.
    fn vanished(&self, case: &Case<'_>, what: &str) -> Change {
        let (way_out, operations) = match case.address.kind() {
            guard::PARENT => (
                "restore it from a snapshot or the latest restorable time under the same identifier and say so with `auroractl state relink`, or drop it from the state with `auroractl state rm` to start empty",
                vec![Operation::RestoreLost],
            ),
            _ => (
                "nothing brings back what went with it; drop it from the state with `auroractl state rm` to start empty",
                Vec::new(),
            ),
        };
        let message = format!("{what}; making an empty one in its place would hide the loss");
        let mut change = self.refuse(case, RefusalClass::Vanished, message, way_out);
        change.refusal = change.refusal.map(|refusal| Refusal { operations, ..refusal });
        change
    }

    /// Did an interrupted run leave AWS working on it? What needs it must wait, and a run that ends before AWS does
    /// would call it done.
    fn unfinished(&self, case: &Case<'_>, record: &Record, live: &Live) -> Option<Reason> {
        let Readiness::Pending(status) = &live.readiness else { return None };
        let busy = |verb| matches!(verb, Verb::Update | Verb::Adopt | Verb::Failover | Verb::Failback | Verb::Restart);
        let edited = |intent: &Intent| intent.address == *case.address && busy(intent.verb);
        let ours = !record.settled || self.inputs.state.intents.iter().any(edited);
        ours.then(|| Reason::Unfinished { status: status.clone() })
    }

    /// Has an edit of it begun whose end nobody has seen?
    fn cut_short(&self, case: &Case<'_>) -> bool {
        let edits = |intent: &Intent| matches!(intent.verb, Verb::Update | Verb::Adopt);
        self.inputs.state.intents.iter().any(|intent| intent.address == *case.address && edits(intent))
    }

    /// A wanted resource that is there.
    fn present(&self, case: &Case<'_>, live: &'a Live) -> Result<Change, PlanError> {
        match (&live.owner, case.record, case.intent) {
            (Owner::Oid(oid), Some(record), _) if *oid != record.oid => Ok(self.stranger(case, live)),
            (_, Some(record), _) if replaced_outside(record, live) => Ok(self.refuse(
                case,
                RefusalClass::Conflict,
                "the resource of this name is not the one that auroractl made: AWS's immutable id differs".to_owned(),
                "find out who made it; if you restored it in the place of the lost one, `auroractl state relink` records that; `auroractl state rm` drops the record, AWS keeps it",
            )),
            (_, Some(record), _) => self.recorded(case, record, live),
            (Owner::Oid(oid), None, Some(intent)) if *oid == intent.oid => self.found(case, live, intent.generation),
            (Owner::Inherited | Owner::Service, None, Some(intent)) => self.found(case, live, intent.generation),
            (Owner::Oid(oid), None, None) if *oid == self.fresh_oid(case.address) => {
                self.found(case, live, self.inputs.state.generation(case.address))
            }
            (Owner::Inherited | Owner::Service, None, None) => {
                self.found(case, live, self.inputs.state.generation(case.address))
            }
            (Owner::Untagged, None, _) if case.address.kind() == LOGS => Ok(self.former_logs(case)),
            (Owner::Oid(_) | Owner::Partial(_) | Owner::Untagged, None, _) => Ok(self.stranger(case, live)),
        }
    }

    fn fresh_oid(&self, address: &Address) -> String {
        identity::oid(&self.inputs.state.lineage, address, self.inputs.state.generation(address))
    }

    /// The generation after this one that was never used up at this address: after a rename, or where creates failed,
    /// it is not simply the next number.
    fn next(&self, case: &Case<'_>, old: u32) -> u32 {
        self.inputs.state.generation(case.address).max(old + 1)
    }

    /// What bears a name that the stack wants and is not what it made, as far as the state knows.
    fn stranger(&self, case: &Case<'_>, live: &Live) -> Change {
        if let Owner::Oid(oid) = &live.owner
            && case.record.is_none()
            && self.had(case.address, oid)
        {
            let message =
                "a resource of this name bears the tags of this stack, and the state has dropped it".to_owned();
            let way_out =
                "`auroractl state recover` adds it to the state again; else choose another name in the stack file";
            return self.refuse(case, RefusalClass::Conflict, message, way_out);
        }
        self.refuse(
            case,
            RefusalClass::Conflict,
            "a resource of this name exists and does not belong to this stack".to_owned(),
            "choose another name in the stack file; auroractl takes over nothing that it did not make",
        )
    }

    /// Is this the identity of an earlier generation of this very resource?
    fn had(&self, at: &Address, oid: &str) -> bool {
        (0..self.inputs.state.generation(at))
            .any(|earlier| identity::oid(&self.inputs.state.lineage, at, earlier) == oid)
    }

    /// RDS makes groups without a tag, and leaves them when their cluster goes: the name alone says nothing about whose the
    /// events are.
    fn former_logs(&self, case: &Case<'_>) -> Change {
        self.refuse(
            case,
            RefusalClass::Conflict,
            "a log group of this name exists already, and what it holds is not known to be this stack's".to_owned(),
            "it may be the log of a former cluster of this name. Export what is needed (`aws logs create-export-task`), then delete the group (`aws logs delete-log-group`), and run again; or choose another name in the stack file",
        )
    }

    /// One that an interrupted run made, or AWS for what is ours.
    fn found(&self, case: &Case<'_>, live: &Live, generation: u32) -> Result<Change, PlanError> {
        if let Some(reason) = lost(&live.readiness) {
            return self.rebuild((case, live), reason, generation);
        }
        let fields = self.fields(case, case.intent.map(|intent| &intent.spec), live)?;
        let blocked: Vec<&FieldChange> = fields.iter().filter(|field| field.impact.level >= Level::Replace).collect();
        if !blocked.is_empty() {
            return self.replace(case, fields, generation);
        }
        let why = if live.owner == Owner::Service { Reason::MadeByAws } else { Reason::FoundOwned };
        let mut change = self.change(case, Action::Adopt, vec![why], generation)?;
        change.impact = worst(&fields);
        change.fields = fields;
        Ok(change)
    }

    /// One that failed for good before it was ever usable, or is on its way out: it is made again. While it is protected
    /// AWS would let it stand, and who lifts a protection is never the run that deletes.
    fn rebuild(&self, (case, live): (&Case<'_>, &Live), reason: Reason, generation: u32) -> Result<Change, PlanError> {
        let protected = case.kind.protection(&live.spec).map_err(|source| malformed(case.address, source))?;
        if let (Some(setting), Readiness::Failed(status)) = (protected, &live.readiness) {
            let message = format!("an earlier attempt to make it failed ({status}), and `{setting}` is on");
            let way_out = "switch the protection off at AWS, then run again: it never was usable, and is made anew";
            return Ok(self.refuse(case, RefusalClass::Protected, message, way_out));
        }
        let mut change = self.change(case, Action::Replace, vec![reason], self.next(case, generation))?;
        change.order = Some(ReplaceOrder::DeleteFirst);
        change.old_generation = Some(generation);
        Ok(change)
    }

    /// One that the state knows.
    fn recorded(&self, case: &Case<'_>, record: &Record, live: &Live) -> Result<Change, PlanError> {
        let going = live.readiness == Readiness::Deleting;
        if let Some(reason) = lost(&live.readiness).filter(|_| going || !record.settled) {
            return if going && self.held_data(case, record) {
                Ok(self.vanished(case, "it held data and is being deleted"))
            } else {
                self.rebuild((case, live), reason, record.generation)
            };
        }
        let fields = self.fields(case, Some(&record.applied), live)?;
        if fields.iter().any(|field| field.impact.level >= Level::Replace) {
            let mut change = self.replace(case, fields, record.generation)?;
            // What is made anew is mended by that.
            let ailing = ailing(live).filter(|_| change.action == Action::Refused);
            change.reasons.extend(ailing);
            return Ok(change);
        }
        let mut reasons = causes(&record.applied, &fields, (live, self.cut_short(case)));
        if live.owner == Owner::Untagged || live.unmarked {
            reasons.push(Reason::TagsMissing);
        }
        // What has no tags of its own names no address.
        if matches!(live.owner, Owner::Oid(_)) && self.inputs.state.untold.contains(case.address) {
            reasons.push(Reason::Moved);
        }
        let relinquished = relinquished(&record.applied, &case.spec);
        if !relinquished.is_empty() {
            reasons.push(Reason::Relinquished { fields: relinquished });
        }
        let impact = worst(&fields);
        let unfinished = self.unfinished(case, record, live);
        let action = match (reasons.is_empty(), impact) {
            (true, _) if unfinished.is_some() => Action::Adopt,
            (true, _) => Action::NoOp,
            (false, Level::None | Level::Reconnect) => Action::Update,
            (false, _) => Action::Restart,
        };
        reasons.extend(unfinished);
        reasons.extend(ailing(live));
        if reasons.is_empty() {
            reasons.push(Reason::Unchanged);
        }
        let born = Born { generation: record.generation, oid: record.oid.clone(), name: record.name.clone() };
        let deferred = case.spec.get("deferred").and_then(Value::as_bool).unwrap_or(false);
        Ok(Change { impact, fields, pending: live.pending.clone(), deferred, ..self.born(case, action, reasons, born) })
    }

    fn fields(&self, case: &Case<'_>, applied: Option<&Value>, live: &Live) -> Result<Vec<FieldChange>, PlanError> {
        let sides = Sides { applied, observed: &live.spec, desired: &case.spec };
        let context = Context { address: case.address, observed: self.inputs.observed };
        case.kind.diff(sides, context).map_err(|source| malformed(case.address, source))
    }

    /// An edit that AWS can't make in place.
    fn replace(&self, case: &Case<'_>, fields: Vec<FieldChange>, old: u32) -> Result<Change, PlanError> {
        let stuck: Vec<&FieldChange> = fields.iter().filter(|field| field.impact.level >= Level::Replace).collect();
        let names: Vec<String> = stuck.iter().map(|field| field.path.clone()).collect();
        let impossible = stuck.iter().find(|field| field.impact.level == Level::Impossible);
        let holds_data = guard::data_bearing(case.address, self.inputs.state, &|at| self.serves_on(at));
        if holds_data || impossible.is_some() {
            let way_out = impossible.map(|field| field.impact.way_out.to_string()).filter(|text| !text.is_empty());
            let way_out = way_out.unwrap_or_else(|| {
                "put the old value back, or make a new resource beside it and move the data".to_owned()
            });
            let why = match (guard::holds_data(case.address.kind()), holds_data) {
                (true, _) => ", and a new one would not hold the data",
                (false, true) => ", and no member would serve the data while it is made anew",
                (false, false) => "",
            };
            let message = format!("AWS can't change {} in place{why}", names.join(", "));
            let operations = impossible.map(|field| field.impact.operations.to_vec()).unwrap_or_default();
            let mut change = self.refuse(case, RefusalClass::DataBearing, message, &way_out);
            change.refusal = change.refusal.map(|refusal| Refusal { operations, ..refusal });
            change.fields = fields;
            return Ok(change);
        }
        let mut change =
            self.change(case, Action::Replace, vec![Reason::CannotUpdate { fields: names }], self.next(case, old))?;
        change.order = Some(self.replace_order(case)?);
        (change.impact, change.fields, change.old_generation) = (worst(&fields), fields, Some(old));
        Ok(change)
    }

    /// Is it wanted, and there? One that is made anew as well has another turn.
    fn serves_on(&self, address: &Address) -> bool {
        let live = self.inputs.observed.get(address).and_then(Observed::live);
        self.inputs.graph.node(address).is_some() && live.is_some_and(|live| live.readiness != Readiness::Deleting)
    }

    /// Create first where two may stand side by side. Under one name they can't, and a predecessor that awaits its deletion
    /// may still have it.
    fn replace_order(&self, case: &Case<'_>) -> Result<ReplaceOrder, PlanError> {
        let naming = |spec: &Value| case.kind.naming(spec).map_err(|source| malformed(case.address, source));
        let Naming::Given(wanted) = naming(&case.spec)? else { return Ok(case.kind.replace_order()) };
        let there = case.observed.and_then(Observed::live).map(|live| naming(&live.spec)).transpose()?;
        let Some(Naming::Given(own)) = there else { return Ok(ReplaceOrder::DeleteFirst) };
        let left = self.inputs.state.deposed(case.address).iter().map(|old| &old.name);
        let mut known = left.chain(case.record.map(|record| &record.name)).chain([&own]);
        // Some services tell no names apart that differ in their case alone.
        let taken = known.any(|name| name.eq_ignore_ascii_case(&wanted));
        Ok(if taken { ReplaceOrder::DeleteFirst } else { case.kind.replace_order() })
    }

    /// A change of an object of this generation, with the identity that it is or was born with.
    fn change(
        &self,
        case: &Case<'_>,
        action: Action,
        reasons: Vec<Reason>,
        generation: u32,
    ) -> Result<Change, PlanError> {
        let (state, at) = (self.inputs.state, case.address);
        let oid = identity::oid(&state.lineage, at, generation);
        // What an interrupted run sent under an earlier address keeps the identity that it was sent with.
        let moved = case.intent.filter(|intent| intent.generation == generation && intent.oid != oid);
        let name = match (case.kind.naming(&case.spec).map_err(|source| malformed(at, source))?, moved) {
            (Naming::Derived(_), Some(intent)) => intent.name.clone(),
            (naming, _) => naming.name(&state.stack, at, &oid),
        };
        let oid = moved.map_or(oid, |intent| intent.oid.clone());
        Ok(self.born(case, action, reasons, Born { generation, oid, name }))
    }

    fn born(&self, case: &Case<'_>, action: Action, reasons: Vec<Reason>, born: Born) -> Change {
        let Born { generation, oid, name } = born;
        Change {
            reasons,
            generation,
            oid,
            name,
            deposed: self.inputs.state.deposed(case.address).iter().map(|old| old.generation).collect(),
            ..Change::bare(case.address.clone(), case.kind.group(), action)
        }
    }

    fn refuse(&self, case: &Case<'_>, class: RefusalClass, message: String, way_out: &str) -> Change {
        let record = case.record;
        Change {
            reasons: vec![Reason::Refused],
            generation: record.map_or(0, |record| record.generation),
            oid: record.map(|record| record.oid.clone()).unwrap_or_default(),
            name: record.map(|record| record.name.clone()).unwrap_or_default(),
            refusal: Some(Refusal { class, message, way_out: way_out.to_owned(), operations: Vec::new() }),
            ..Change::bare(case.address.clone(), case.kind.group(), Action::Refused)
        }
    }
}

fn malformed(address: &Address, source: Malformed) -> PlanError {
    PlanError::Malformed { address: address.clone(), source }
}

fn worst(fields: &[FieldChange]) -> Level {
    fields.iter().map(|field| field.impact.level).max().unwrap_or(Level::None)
}

/// Has one failed for good that was usable before? What it holds would go with it, so that nothing is done about it but to
/// tell: an edit that differs may mend it or not.
fn ailing(live: &Live) -> Option<Reason> {
    match &live.readiness {
        Readiness::Failed(status) | Readiness::Halted(status) => Some(Reason::Ailing { status: status.clone() }),
        Readiness::Ready | Readiness::Pending(_) | Readiness::Deleting => None,
    }
}

/// Why one that is there has to be made again all the same.
fn lost(readiness: &Readiness) -> Option<Reason> {
    match readiness {
        Readiness::Failed(status) => Some(Reason::FailedEarlier { status: status.clone() }),
        Readiness::Deleting => Some(Reason::DeletedOutside),
        Readiness::Ready | Readiness::Pending(_) | Readiness::Halted(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Diff;
    use crate::graph::Desired;
    use crate::identity::StackId;
    use crate::kind::{Kinds, Of};
    use crate::model::{Adoption, Group, Model, Timing};
    use crate::plan::{Options, plan};
    use crate::state::{Scope, State};
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    /// A cluster, or a log group.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Holder<const CLUSTER: bool> {}

    impl<const CLUSTER: bool> Model for Holder<CLUSTER> {
        const KIND: &'static str = if CLUSTER { "db_cluster" } else { "log_group" };
        const GROUP: Group = Group::Cluster;
        const ADOPTION: Adoption = Adoption::Named;
        const TIMING: Timing = Timing::instant(0.0);
        type Outputs = BTreeMap<String, String>;

        fn naming(&self) -> Naming {
            Naming::Given("orders".to_owned())
        }

        fn diff(_: &Self, new: &Self, _: &mut Diff<'_>) {
            let Self {} = new;
        }
    }

    struct Holders;

    impl Kinds for Holders {
        fn pure(&self, name: &str) -> Option<&dyn PureKind> {
            Some(if name == "db_cluster" { &Of::<Holder<true>>::NEW } else { &Of::<Holder<false>>::NEW })
        }
    }

    /// What is said of one that was there and is not any more.
    fn lost<M: Model>(spec: &M) -> Refusal {
        let stack = StackId { name: "s".into(), account: "1".into(), region: "r".into() };
        let mut desired = Desired::new(stack.clone());
        let address = desired.add("main", spec).unwrap().address().clone();
        let graph = desired.check().unwrap();
        let mut state = State::new(stack, "l".to_owned());
        let record = Record {
            kind: M::KIND.to_owned(),
            version: 1,
            scope: Scope { account: "1".into(), region: "r".into() },
            oid: identity::oid("l", &address, 0),
            generation: 0,
            name: "orders".to_owned(),
            applied: json!({}),
            outputs: json!({}),
            deps: BTreeSet::new(),
            incarnation: None,
            settled: true,
            born: 0,
        };
        state.resources.insert(address.clone(), record);
        let (observed, options) = (BTreeMap::from([(address, Observed::Absent)]), Options::default());
        let inputs = Inputs { kinds: &Holders, graph: &graph, state: &state, observed: &observed, options: &options };
        plan(&inputs).unwrap().changes.remove(0).refusal.unwrap()
    }

    /// What is done about a log group that no state knows.
    fn met(owner: Owner) -> Change {
        let stack = StackId { name: "s".into(), account: "1".into(), region: "r".into() };
        let mut desired = Desired::new(stack.clone());
        let address = desired.add("main", &Holder::<false> {}).unwrap().address().clone();
        let graph = desired.check().unwrap();
        let state = State::new(stack, "l".to_owned());
        let live = Observed::Live(Box::new(Live::ready(json!({}), json!({}), owner)));
        let (observed, options) = (BTreeMap::from([(address, live)]), Options::default());
        let inputs = Inputs { kinds: &Holders, graph: &graph, state: &state, observed: &observed, options: &options };
        plan(&inputs).unwrap().changes.remove(0)
    }

    #[test]
    fn logs_are_taken_over_where_aws_made_them_for_this_stack_alone() {
        let made = met(Owner::Service);
        assert_eq!((made.action, made.reasons), (Action::Adopt, vec![Reason::MadeByAws]));
        let former = met(Owner::Untagged);
        assert_eq!(former.action, Action::Refused);
        assert!(former.refusal.unwrap().way_out.contains("delete-log-group"));
        let theirs = met(Owner::Oid("another".to_owned())).refusal.unwrap();
        assert!(!theirs.way_out.contains("delete-log-group"));
    }

    #[test]
    fn nobody_is_told_to_restore_what_has_no_snapshots() {
        let (cluster, logs) = (lost(&Holder::<true> {}), lost(&Holder::<false> {}));
        assert_eq!((cluster.class, logs.class), (RefusalClass::Vanished, RefusalClass::Vanished));
        assert_eq!((cluster.operations, logs.operations), (vec![Operation::RestoreLost], Vec::new()));
        assert!(cluster.way_out.contains("snapshot") && !logs.way_out.contains("snapshot"));
    }
}
