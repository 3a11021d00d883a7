//! What a plan takes: time, money and what users of the database feel, for the whole and for every change.
//!
//! It stands beside the plan, not in it: estimates change with every run that
//! is measured and prices with every release, and neither makes a reviewed
//! plan stale.

use crate::alternatives::Alternative;
use crate::cost::Pricing;
use crate::notes::Note;
use auroractl_core::cost::{Bill, HOURS, Total, Usd};
use auroractl_core::durations::{Basis, Durations};
use auroractl_core::lower::{Program, Sources, Step, lower};
use auroractl_core::observed::Observed;
use auroractl_core::outage::Outage;
use auroractl_core::plan::Action;
use auroractl_core::queue::Knot;
use auroractl_core::rehearse::{Rehearsal, Span, estimate, rehearse};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Change, Estimate, Plan};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Fields that no stack sets and an interrupted run leaves as they must not stay. Bringing them back costs nothing: what such a
/// resource costs more or less is for the edits of others.
const PASSING: [&str; 2] = ["suspended", "parameters_in_sync"];

/// What a forecast needs beside the plan.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// What the plan was lowered from.
    pub sources: Sources<'a>,
    /// Prices and assumptions.
    pub pricing: &'a Pricing,
    /// How many calls may be in flight at once.
    pub parallel: usize,
}

/// Time, money and interruptions.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// The plan as steps.
    pub program: Program,
    /// The run in virtual time, every step at its median.
    pub rehearsal: Rehearsal,
    /// How long the whole takes.
    pub whole: Estimate,
    /// How long every change takes, and by what.
    pub changes: BTreeMap<Address, Outlook>,
    /// What users of the database feel.
    pub outage: Outage,
    /// What clients notice beside that, a phrase each: who is locked out, what is no longer allowed.
    pub notes: Vec<Note>,
    /// The clusters that go, each with the final snapshot that is made first; none where the stack wants none.
    pub farewells: BTreeMap<Address, Option<String>>,
    /// What it costs.
    pub money: Money,
    /// The ways in which it could be made, this one among them; none where there is only one, or nobody has asked.
    pub ways: Vec<Alternative>,
}

/// How long one change takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Outlook {
    /// Its steps, one after another, in seconds.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// Where that comes from: the weakest source of its steps.
    #[serde(flatten)]
    pub basis: Basis,
}

/// What a plan costs.
#[derive(Clone, Debug)]
pub struct Money {
    /// The bill of what is there.
    pub before: Bill,
    /// The bill of what will be there.
    pub after: Bill,
    /// The difference, by resource.
    pub delta: BTreeMap<Address, Total>,
    /// What is there for a while only, by resource: it stands on neither bill.
    pub meanwhile: BTreeMap<Address, Total>,
    /// The resources that the plan edits. The bill of others may change all the same: it follows from an edit.
    pub edited: BTreeSet<Address>,
    /// The dearest moment of the run, where it is dearer than before and after.
    pub peak: Option<Peak>,
}

/// A moment at which old and new stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Peak {
    /// What an hour costs then.
    pub hourly: Usd,
    /// How much more than before the run, by the hour.
    pub hourly_over_before: Usd,
    /// How much more than after the run, by the hour.
    pub hourly_over_after: Usd,
    /// When it begins, in milliseconds from the start of the run.
    pub at: u64,
}

/// Foretells a plan.
///
/// # Errors
/// When its steps wait for one another in a circle: a fault in a lowering.
pub fn forecast(plan: &Plan, means: Means<'_>) -> Result<Forecast, Knot> {
    let program = lower(plan, &means.sources);
    let rehearsal = rehearse(&program, means.parallel)?;
    let whole = estimate(&program, means.parallel)?;
    let durations = Durations { priors: means.sources.priors, history: &means.sources.state.durations };
    let changes = outlooks(&program, durations);
    let money = money(plan, means, (&program, &rehearsal));
    let outage = crate::outage::foretell((plan, &program, &rehearsal), &means.sources);
    let farewells = crate::outage::farewells(plan, means.sources.state);
    let notes = crate::notes::notes(plan, &means.sources);
    Ok(Forecast { program, rehearsal, whole, changes, outage, notes, farewells, money, ways: Vec::new() })
}

impl Money {
    /// The difference as a whole.
    #[must_use]
    pub fn change(&self) -> Total {
        self.delta.values().cloned().sum()
    }

    /// What an edit costs; `None` of what is no edit, and where the bill stays. Of the only edit it is all of it, for then all of
    /// it follows from this one: a cluster's storage makes its members dearer, and not itself.
    #[must_use]
    pub fn of(&self, address: &Address) -> Option<Total> {
        if !self.edited.contains(address) || self.delta.is_empty() {
            return None;
        }
        if self.edited.len() == 1 { Some(self.change()) } else { self.delta.get(address).cloned() }
    }

    /// The resources that are not edited and whose bill changes all the same.
    pub fn followers(&self) -> impl Iterator<Item = (&Address, &Total)> {
        self.delta.iter().filter(move |(at, _)| !self.edited.contains(*at))
    }
}

/// The steps of a change come one after another.
fn outlooks(program: &Program, durations: Durations<'_>) -> BTreeMap<Address, Outlook> {
    let mut changes: BTreeMap<Address, Outlook> = BTreeMap::new();
    for step in program.steps.iter().filter(|step| step.verb != Verb::Forget) {
        let (_, basis) = durations.estimate(step.address.kind(), step.deed);
        let one = Outlook { estimate: step.estimate, basis };
        let both = changes.get(&step.address).map_or(one, |other| join(*other, one));
        changes.insert(step.address.clone(), both);
    }
    changes
}

fn join(a: Outlook, b: Outlook) -> Outlook {
    let basis = match (a.basis, b.basis) {
        (Basis::Assumed, _) | (_, Basis::Assumed) => Basis::Assumed,
        (Basis::Prior, _) | (_, Basis::Prior) => Basis::Prior,
        (Basis::Measured { samples }, Basis::Measured { samples: others }) => {
            Basis::Measured { samples: samples.min(others) }
        }
    };
    Outlook { estimate: a.estimate.then(b.estimate), basis }
}

fn money(plan: &Plan, means: Means<'_>, run: (&Program, &Rehearsal)) -> Money {
    let sources = means.sources;
    let live = |at: &Address| sources.observed.get(at).and_then(Observed::live).map(|live| &live.spec);
    let before: Vec<(&Address, Value)> =
        plan.changes.iter().filter_map(|change| Some((&change.address, in_force(change, sources)?))).collect();
    let wished = |change: &Change| sources.graph.node(&change.address).map(|node| &node.spec);
    let after: Vec<(&Address, Value)> = plan
        .changes
        .iter()
        .filter_map(|change| Some((&change.address, afterwards(change, live(&change.address), wished(change))?)))
        .collect();
    let before = means.pricing.bill(before.iter().map(|(at, spec)| (*at, spec)));
    let specs = || after.iter().map(|(at, spec)| (*at, spec));
    let surges = plan.changes.iter().filter(|change| change.action == Action::Surge);
    let surges: Vec<(&Address, &Value)> =
        surges.filter_map(|change| Some((&change.address, &sources.graph.any(&change.address)?.spec))).collect();
    let beside = means.pricing.bill(specs().chain(surges.iter().copied()));
    let passing = beside.by_address().into_iter().filter(|(at, _)| surges.iter().any(|(surge, _)| surge == at));
    let meanwhile: BTreeMap<Address, Total> = passing.map(|(at, total)| (at.clone(), total)).collect();
    let after = means.pricing.bill(specs());
    let delta = before.delta(&after);
    let peak = peak((&before, &after, &monthly(meanwhile.iter())), run);
    Money { before, after, delta, meanwhile, edited: edited(plan), peak }
}

/// What the plan edits, without what is there for a while only.
fn edited(plan: &Plan) -> BTreeSet<Address> {
    plan.changes.iter().filter(|change| edits(change)).map(|change| change.address.clone()).collect()
}

fn edits(change: &Change) -> bool {
    let restores =
        !change.fields.is_empty() && change.fields.iter().all(|field| PASSING.contains(&field.path.as_str()));
    change.action.is_change() && change.action != Action::Surge && !restores
}

/// What a resource is like before. Of an edited field what is in force counts: where an earlier edit waits for the maintenance
/// window the spec has what will be, and to take that back costs and saves nothing.
fn in_force(change: &Change, sources: Sources<'_>) -> Option<Value> {
    let live = sources.observed.get(&change.address).and_then(Observed::live)?;
    let mut spec = live.spec.clone();
    if let Some(spec) = spec.as_object_mut() {
        for (field, value) in live.in_force.iter().filter(|(field, _)| change.edits(field)) {
            spec.insert(field.clone(), value.clone());
        }
    }
    Some(spec)
}

/// What a resource is like when the plan is done. What the stack leaves to AWS stays as it is; what is only forgotten
/// goes on costing.
fn afterwards(change: &Change, live: Option<&Value>, wished: Option<&Value>) -> Option<Value> {
    match (change.action, live, wished) {
        (Action::NoOp | Action::Refused | Action::Forget, Some(live), _) => Some(live.clone()),
        (Action::Create | Action::Replace, _, Some(wished)) | (_, None, Some(wished)) => Some(wished.clone()),
        (_, Some(live), Some(wished)) => {
            let mut spec = wished.clone();
            if let (Some(spec), Some(live)) = (spec.as_object_mut(), live.as_object()) {
                for (key, value) in spec.iter_mut().filter(|(_, value)| value.is_null()) {
                    value.clone_from(live.get(key).unwrap_or(&Value::Null));
                }
            }
            Some(spec)
        }
        (_, _, None) => None,
    }
}

/// Millionths of a dollar a month, by resource.
type Monthly = BTreeMap<Address, i64>;

fn likely(bill: &Bill) -> Monthly {
    let totals = bill.by_address();
    monthly(totals.iter().map(|(at, total)| (*at, total)))
}

fn monthly<'a>(totals: impl Iterator<Item = (&'a Address, &'a Total)>) -> Monthly {
    totals.map(|(at, total)| (at.clone(), total.known.likely.0)).collect()
}

/// The dearest moment. A resource is paid for from the start of its making to the end of its removal; while an edit
/// runs, the dearer of its two sides counts. What is there for a while stands on neither bill, but beside them.
fn peak(
    (before, after, meanwhile): (&Bill, &Bill, &Monthly),
    (program, rehearsal): (&Program, &Rehearsal),
) -> Option<Peak> {
    let (old, new) = (likely(before), likely(after));
    let of = |bill: &Monthly, at: &Address| bill.get(at).or_else(|| meanwhile.get(at)).copied().unwrap_or(0);
    let mut moves: Vec<(u64, i64)> = Vec::new();
    let mut moved: BTreeSet<&Address> = BTreeSet::new();
    for (step, span) in program.steps.iter().zip(&rehearsal.spans) {
        let own = steps_moves(step, *span, (of(&old, &step.address), of(&new, &step.address)));
        // A pause, a restart or a failover moves nothing, and its resource may cost more since something else is edited.
        if !own.is_empty() {
            moved.insert(&step.address);
        }
        moves.extend(own);
    }
    let of = |bill: &Monthly, at: &Address| bill.get(at).copied().unwrap_or(0);
    let unmoved = old.keys().chain(new.keys()).filter(|at| !moved.contains(at)).collect::<BTreeSet<_>>();
    for at in unmoved {
        // Not edited itself: it costs more or less since something else was.
        let change = of(&new, at) - of(&old, at);
        moves.push((if change > 0 { 0 } else { rehearsal.makespan }, change));
    }
    // What goes at the moment at which something comes makes room for it.
    moves.sort_unstable();
    let (start, end): (i64, i64) = (old.values().sum(), new.values().sum());
    let (mut now, mut top) = (start, (start, 0));
    for (at, change) in moves {
        now += change;
        if now > top.0 {
            top = (now, at);
        }
    }
    let hourly = |monthly: i64| Usd::dollars(Usd(monthly).as_dollars() / HOURS);
    (top.0 > start.max(end)).then(|| Peak {
        hourly: hourly(top.0),
        hourly_over_before: hourly(top.0 - start),
        hourly_over_after: hourly(top.0 - end),
        at: top.1,
    })
}

/// When a step makes its resource dearer and cheaper, in millionths of a dollar a month.
fn steps_moves(step: &Step, span: Span, (old, new): (i64, i64)) -> Vec<(u64, i64)> {
    match step.verb {
        Verb::Create => vec![(span.start, new)],
        Verb::Delete => vec![(span.end, -old)],
        Verb::Update | Verb::Adopt => vec![(span.start, (new - old).max(0)), (span.end, (new - old).min(0))],
        Verb::Forget | Verb::Failover | Verb::Failback | Verb::Settle | Verb::Restart | Verb::Pause | Verb::Resume => {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::cost::{Line, Usage};
    use auroractl_core::diff::FieldChange;
    use auroractl_core::{Deed, Group, Impact, Level};

    fn at(name: &str) -> Address {
        format!("db_instance.{name}").parse().unwrap()
    }

    /// So many dollars a month for each name.
    fn bill(of: &[(&str, f64)]) -> Bill {
        let line = |(name, dollars): &(&str, f64)| Line {
            address: at(name),
            item: "hours".to_owned(),
            usage: Some(Usage::exactly(1.0)),
            unit: "month".to_owned(),
            price_key: "x".to_owned(),
            price: Some(*dollars),
            missing: None,
        };
        Bill { lines: of.iter().map(line).collect() }
    }

    fn peak_of(before: &Bill, after: &Bill, steps: &[(&str, Verb, &[usize])]) -> Option<Peak> {
        let step = |(name, verb, after): &(&str, Verb, &[usize])| Step {
            address: at(name),
            verb: *verb,
            generation: 0,
            target: None,
            after: after.iter().copied().collect(),
            deed: Deed::Create,
            estimate: Estimate { p50: 100.0, p95: 200.0 },
            undoes: None,
            look_after: 0.0,
        };
        let program = Program { steps: steps.iter().map(step).collect() };
        let rehearsal = rehearse(&program, 16).unwrap();
        let meanwhile = Monthly::from([(at("surge"), Usd::dollars(730.0).0)]);
        peak((before, after, &meanwhile), (&program, &rehearsal))
    }

    #[test]
    fn old_and_new_side_by_side_are_a_peak() {
        let same = bill(&[("a", 730.0), ("b", 730.0)]);
        let found = peak_of(&same, &same, &[("a", Verb::Create, &[]), ("a", Verb::Delete, &[0])]).unwrap();
        assert_eq!((found.hourly, found.hourly_over_before), (Usd::dollars(3.0), Usd::dollars(1.0)));
        assert_eq!(found.at, 0);
        assert_eq!(peak_of(&same, &same, &[("a", Verb::Delete, &[]), ("a", Verb::Create, &[0])]), None);
    }

    #[test]
    fn what_is_there_for_a_while_is_paid_for() {
        let same = bill(&[("a", 730.0)]);
        let steps: [(&str, Verb, &[usize]); 3] =
            [("surge", Verb::Create, &[]), ("a", Verb::Update, &[0]), ("surge", Verb::Delete, &[1])];
        let found = peak_of(&same, &same, &steps).unwrap();
        assert_eq!((found.hourly, found.at), (Usd::dollars(2.0), 0));
        assert_eq!((found.hourly_over_before, found.hourly_over_after), (Usd::dollars(1.0), Usd::dollars(1.0)));
        let left = bill(&[("a", 730.0), ("surge", 730.0)]);
        assert_eq!(peak_of(&left, &same, &[("a", Verb::Update, &[]), ("surge", Verb::Delete, &[0])]), None);
    }

    #[test]
    fn what_is_operated_only_costs_what_follows_from_the_edits_of_others() {
        let (before, after) =
            (bill(&[("a", 730.0), ("readers", 730.0)]), bill(&[("a", 1_460.0), ("readers", 1_460.0)]));
        let steps: [(&str, Verb, &[usize]); 6] = [
            ("readers", Verb::Pause, &[]),
            ("surge", Verb::Create, &[0]),
            ("a", Verb::Update, &[1]),
            ("a", Verb::Settle, &[2]),
            ("surge", Verb::Delete, &[3]),
            ("readers", Verb::Resume, &[4]),
        ];
        let found = peak_of(&before, &after, &steps).unwrap();
        assert_eq!((found.hourly, found.hourly_over_before), (Usd::dollars(5.0), Usd::dollars(3.0)));
        assert_eq!(found.hourly_over_after, Usd::dollars(1.0));
    }

    #[test]
    fn the_only_edit_costs_all_that_follows_from_it() {
        let (before, after) = (bill(&[("a", 1.0), ("b", 1.0)]), bill(&[("a", 1.0), ("b", 3.0)]));
        let money = |edited: &[&str]| Money {
            delta: before.delta(&after),
            before: before.clone(),
            after: after.clone(),
            meanwhile: BTreeMap::new(),
            edited: edited.iter().map(|name| at(name)).collect(),
            peak: None,
        };
        let of = |money: &Money, name| money.of(&at(name)).map(|total| total.known.likely);
        assert_eq!(of(&money(&["a"]), "a"), Some(Usd::dollars(2.0)));
        assert_eq!(of(&money(&["a", "c"]), "a"), None, "with two of them nobody knows whose it is");
        assert_eq!(money(&["a"]).followers().map(|(at, _)| at.clone()).collect::<Vec<_>>(), [at("b")]);
        assert_eq!(money(&["a", "b"]).followers().count(), 0);
        assert_eq!(of(&money(&["a"]), "b"), None, "it is no edit, and told as what follows from one");
    }

    #[test]
    fn what_only_brings_back_what_a_run_left_is_no_edit() {
        let field = |path: &str| FieldChange {
            path: path.to_owned(),
            before: Value::Null,
            after: Value::Null,
            impact: Impact::new(Level::None, "a page"),
        };
        let change = |paths: &[&str], action| Change {
            fields: paths.iter().map(|path| field(path)).collect(),
            ..Change::bare(at("a"), Group::Cluster, action)
        };
        assert!(!edits(&change(&["suspended"], Action::Update)));
        assert!(edits(&change(&["suspended", "max_capacity"], Action::Update)));
        assert!(edits(&change(&[], Action::Create)) && !edits(&change(&[], Action::Surge)));
        assert!(!edits(&change(&[], Action::NoOp)));
    }

    #[test]
    fn growth_and_shrinkage_alone_are_none() {
        let (small, large) = (bill(&[("a", 730.0)]), bill(&[("a", 730.0), ("b", 730.0)]));
        assert_eq!(peak_of(&small, &large, &[("b", Verb::Create, &[])]), None);
        assert_eq!(peak_of(&large, &small, &[("b", Verb::Delete, &[])]), None);
        assert_eq!(peak_of(&bill(&[]), &large, &[("a", Verb::Create, &[]), ("b", Verb::Create, &[0])]), None);
    }

    #[test]
    fn the_steps_of_a_change_add_up() {
        let one = |p50, p95, basis| Outlook { estimate: Estimate { p50, p95 }, basis };
        let both = join(one(100.0, 130.0, Basis::Measured { samples: 3 }), one(50.0, 90.0, Basis::Prior));
        assert_eq!(both, one(150.0, 200.0, Basis::Prior));
        let both = join(one(1.0, 1.0, Basis::Measured { samples: 3 }), one(1.0, 1.0, Basis::Measured { samples: 9 }));
        assert_eq!(both.basis, Basis::Measured { samples: 3 });
    }

    #[test]
    fn what_the_stack_leaves_to_aws_stays() {
        use serde_json::json;
        let plan = |action| Change::bare(at("a"), Group::Cluster, action);
        let (live, wished) = (json!({"class": "a", "retention": 7}), json!({"class": "b", "retention": null}));
        let after = |action| afterwards(&plan(action), Some(&live), Some(&wished));
        assert_eq!(after(Action::Restart), Some(json!({"class": "b", "retention": 7})));
        assert_eq!(after(Action::Replace), Some(wished.clone()));
        assert_eq!(after(Action::NoOp), Some(live.clone()));
        assert_eq!(afterwards(&plan(Action::Delete), Some(&live), None), None);
        assert_eq!(afterwards(&plan(Action::Forget), Some(&live), None), Some(live.clone()));
    }
}
