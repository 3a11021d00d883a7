//! The promises of the protocol, checked on what happened: one function a number. The numbers are those of the list in
//! `ARCHITECTURE.md`; the ones that are missing here stand there with the test that shows them.

use super::kinds::{harmful, has_name};
use super::log::{Call, Deed, Ended, Log, RunLog, Shape, Touched};
use super::object::SNAPSHOT;
use super::stack::holds_data;
use super::world::Object;
use auroractl_core::journal::Entry;
use auroractl_core::state::Verb;
use auroractl_engine::Class;
use std::collections::BTreeMap;
use std::time::Duration;

mod state;

use state::{i21, i22, i25, i26, i28, i29, i39};

type Verdict = Result<(), String>;

/// Not a numbered promise: 0.
const ROLLING: u8 = 0;

/// A promise: its number and its check.
pub type Check = (u8, fn(&Log) -> Verdict);

/// All checks.
pub const CHECKS: &[Check] = &[
    (ROLLING, rolling),
    (ROLLING, resumed),
    (1, i01),
    (2, i02),
    (3, i03),
    (4, i04),
    (5, i05),
    (6, i06),
    (7, i07),
    (8, i08),
    (9, i09),
    (10, i10),
    (11, i11),
    (12, i12),
    (13, i13),
    (14, i14),
    (15, i15),
    (16, i16),
    (17, i17),
    (19, i19),
    (20, i20),
    (21, i21),
    (22, i22),
    (25, i25),
    (26, i26),
    (28, i28),
    (29, i29),
    (32, i32),
    (38, i38),
    (39, i39),
    (40, i40),
    (41, i41),
    (42, i42),
    (43, i43),
    (44, i44),
    (47, i47),
    (49, i49),
];

/// What is broken, by number.
pub(super) fn broken(log: &Log) -> Vec<(u8, String)> {
    CHECKS.iter().filter_map(|(number, check)| check(log).err().map(|why| (*number, why))).collect()
}

fn holds(condition: bool, why: impl FnOnce() -> String) -> Verdict {
    if condition { Ok(()) } else { Err(why()) }
}

/// Every effect of every call.
fn effects(log: &Log) -> impl Iterator<Item = (&Call, &Touched)> {
    let all = log.calls.iter().flat_map(|call| call.effects.iter().map(move |effect| (call, effect)));
    all.filter(|(_, effect)| !effect.id.is_empty())
}

fn told(call: &Call) -> String {
    format!("{:?} {} g{} of run {}", call.deed, call.address, call.generation, call.run)
}

/// Did the run end with exit 0?
fn well(run: &RunLog) -> bool {
    matches!(run.ended, Ended::Well | Ended::Nothing)
}

/// What is there of the stack. A key that a snapshot needs may stay beside it.
fn shapes(world: &[Object], wanted: &[Shape]) -> Vec<Shape> {
    let shape = |id: &String| world.iter().find(|object| object.id == *id).map(|object| object.shape);
    let of = |object: &Object| (object.kind, object.shape, object.size, object.parent.as_ref().and_then(shape));
    let mine = world.iter().filter(|object| !object.foreign && object.kind != SNAPSHOT);
    let (kept, rest): (Vec<&Object>, Vec<&Object>) = mine.partition(|object| needed(object, world));
    let mut all: Vec<Shape> = rest.into_iter().map(of).collect();
    for shape in kept.into_iter().map(of) {
        let lacks = |all: &[Shape]| wanted.iter().filter(|other| **other == shape).count() > count(all, &shape);
        if lacks(&all) {
            all.push(shape);
        }
    }
    all.sort_unstable();
    all
}

fn count(all: &[Shape], shape: &Shape) -> usize {
    all.iter().filter(|other| *other == shape).count()
}

/// Would a snapshot be unreadable without it?
fn needed(object: &Object, world: &[Object]) -> bool {
    world.iter().any(|other| other.kind == SNAPSHOT && other.parent.as_ref() == Some(&object.id))
}

fn differs(run: &RunLog) -> Option<String> {
    let found = shapes(&run.world, &run.wanted);
    let lacks = run.wanted.iter().filter(|shape| !found.contains(shape)).collect::<Vec<_>>();
    let beside = found.iter().filter(|shape| !run.wanted.contains(shape)).collect::<Vec<_>>();
    let same = found == run.wanted;
    let count = (found.len(), run.wanted.len());
    (!same).then(|| format!("run {}: the world lacks {lacks:?} and has beside {beside:?} {count:?}", run.number))
}

/// The last run's world, when faults have ended.
fn at_the_end(log: &Log, applies: bool) -> Verdict {
    match log.runs.last().filter(|_| applies).and_then(differs) {
        Some(why) => Err(why),
        None => Ok(()),
    }
}

fn crashes(log: &Log) -> usize {
    log.runs.iter().filter(|run| matches!(run.ended, Ended::Died(_))).count()
}

fn edited(log: &Log) -> bool {
    log.hits.keys().any(|(class, what)| *class == "edit" && what != "none")
}

fn hit(log: &Log, what: &str) -> bool {
    log.hits.contains_key(&("fault", what.to_owned()))
}

/// I1: at quiescence each wanted address has exactly one owned object, and no owned object exists without an address.
fn i01(log: &Log) -> Verdict {
    at_the_end(log, true)
}

/// I2: for each (address, generation) at most one object is ever adopted, and at any time at most one exists: no create
/// is sent again before it is certain that the first was not executed.
fn i02(log: &Log) -> Verdict {
    for (call, effect) in effects(log).filter(|(call, _)| call.deed == Deed::Create) {
        holds(effect.twins <= 1, || format!("{} left {} objects of one identity", told(call), effect.twins))?;
    }
    let mut adopted: BTreeMap<&String, &str> = BTreeMap::new();
    for line in log.lines.iter().filter(|line| line.ok) {
        for entry in &line.entries {
            let Entry::Recorded { address, record } = entry else { continue };
            let id = record.outputs.get("id").and_then(|id| id.as_str()).unwrap_or_default();
            let first = adopted.entry(&record.oid).or_insert(id);
            holds(*first == id, || format!("{address} g{} was {first} and is {id}", record.generation))?;
        }
    }
    Ok(())
}

fn intends(entry: &Entry, call: &Call) -> bool {
    let Entry::Intent(intent) = entry else { return false };
    let verb = match call.deed {
        Deed::Create => matches!(intent.verb, Verb::Create),
        Deed::Update => matches!(intent.verb, Verb::Create | Verb::Update | Verb::Adopt),
        Deed::Delete => matches!(intent.verb, Verb::Delete),
        Deed::Operate | Deed::Resume => intent.verb.operates(),
    };
    verb && intent.oid == call.oid && intent.generation == call.generation
}

/// I3: no mutating call is sent before its intent is durable.
fn i03(log: &Log) -> Verdict {
    for call in &log.calls {
        let before = log.lines.iter().filter(|line| line.seq < call.seq && line.run == call.run && line.ok);
        let durable = before.filter(|line| line.durable).flat_map(|line| &line.entries);
        holds(durable.into_iter().any(|entry| intends(entry, call)), || {
            format!("{} was sent without a durable intent", told(call))
        })?;
    }
    Ok(())
}

/// I4: no object without our tag is ever modified, tagged, overwritten or deleted.
fn i04(log: &Log) -> Verdict {
    let strange = effects(log).find(|(call, effect)| effect.foreign && !usurped(effect) && call.executed_at.is_some());
    holds(strange.is_none(), || strange.map(|(call, _)| format!("{} hit a stranger's", told(call))).unwrap_or_default())
}

fn usurped(effect: &Touched) -> bool {
    effect.id.starts_with("usurper")
}

/// I5: every create that accepts tags carries them in the create call itself.
fn i05(log: &Log) -> Verdict {
    let mut made = effects(log).filter(|(_, effect)| effect.made && effect.kind != "relation");
    match made.find(|(_, effect)| !effect.tagged) {
        Some((call, _)) => Err(format!("{} carried no ownership tag", told(call))),
        None => Ok(()),
    }
}

/// I6: two sends of the same (lineage, address, generation) carry the same name, token and tag.
fn i06(log: &Log) -> Verdict {
    let mut first: BTreeMap<&String, (&String, &String)> = BTreeMap::new();
    for (call, effect) in effects(log).filter(|(call, effect)| call.deed == Deed::Create && effect.made) {
        let sent = (&call.name, &effect.token);
        let before = first.entry(&call.oid).or_insert(sent);
        let token = effect.kind != "token" || before.1 == sent.1;
        holds(before.0 == sent.0 && token, || format!("{} sent {sent:?} after {before:?}", told(call)))?;
    }
    Ok(())
}

/// I7: after one crash at any boundary and undisturbed runs the world is that of an undisturbed run.
fn i07(log: &Log) -> Verdict {
    at_the_end(log, crashes(log) == 1 && !edited(log))
}

/// I8: the same with two, then three crashes in successive runs.
fn i08(log: &Log) -> Verdict {
    at_the_end(log, crashes(log) > 1)
}

/// I9: the same with the stack edited between the runs.
fn i09(log: &Log) -> Verdict {
    at_the_end(log, crashes(log) > 0 && edited(log))
}

/// I10: every mutating call delivered twice gives the same final world.
fn i10(log: &Log) -> Verdict {
    at_the_end(log, hit(log, "delivered twice"))
}

/// I11: every mutating call failing once, executed or not, gives the same final world.
fn i11(log: &Log) -> Verdict {
    at_the_end(log, hit(log, "5xx before the effect") || hit(log, "5xx after the effect"))
}

/// I12: reads delayed by up to the horizon give the same final world.
fn i12(log: &Log) -> Verdict {
    at_the_end(log, hit(log, "hidden read"))
}

/// I13: a run that exits 0 has converged: attributes too, also of what it adopted.
fn i13(log: &Log) -> Verdict {
    match log.runs.iter().filter(|run| well(run)).find_map(differs) {
        Some(why) => Err(format!("exit 0 and {why}")),
        None => Ok(()),
    }
}

/// I14: an empty plan performs no mutating call, and the plan after a quiet run is empty.
fn i14(log: &Log) -> Verdict {
    for run in log.runs.iter().filter(|run| run.ended == Ended::Nothing) {
        holds(run.calls == 0, || format!("run {} had nothing to do and sent {} calls", run.number, run.calls))?;
    }
    let last = log.runs.last().map(|run| &run.ended);
    holds(last == Some(&Ended::Nothing), || format!("the last run ended with {last:?}"))
}

/// I15: destroy after any crash leaves no owned object.
fn i15(log: &Log) -> Verdict {
    let destroyed = log.hits.contains_key(&("edit", "destroy".to_owned()));
    let left = log.runs.last().filter(|_| destroyed).map_or(&[][..], |run| &run.world);
    let owned = left.iter().filter(|object| !object.foreign && object.kind != SNAPSHOT && !needed(object, left));
    let owned: Vec<&String> = owned.map(|object| &object.id).collect();
    holds(owned.is_empty(), || format!("destroy left {owned:?}"))
}

/// I16: a generation is never used again for a new object after one of that generation was deleted or failed.
fn i16(log: &Log) -> Verdict {
    match effects(log).find(|(_, effect)| effect.made && effect.ended) {
        Some((call, _)) => Err(format!("{} used an identity again", told(call))),
        None => Ok(()),
    }
}

/// I17: a failed asynchronous create never counts as success, and what is not finished doesn't either.
fn i17(log: &Log) -> Verdict {
    for run in log.runs.iter().filter(|run| well(run)) {
        let bad = |object: &&Object| {
            !object.foreign && (object.broken || object.ready > run.span.1 || object.leaving.is_some())
        };
        let bad = run.world.iter().find(bad);
        holds(bad.is_none(), || {
            let id = bad.map(|object| object.id.clone()).unwrap_or_default();
            format!("run {} exits 0 and {id} is not usable", run.number)
        })?;
    }
    Ok(())
}

/// I19: what holds data is never deleted or replaced without the explicit flag, whatever the crash history.
fn i19(log: &Log) -> Verdict {
    let mut deleted = effects(log).filter(|(call, _)| call.deed == Deed::Delete);
    match deleted.find(|(_, effect)| holds_data(effect.kind) && effect.served && !effect.permitted) {
        Some((call, _)) => Err(format!("{} deleted data without permission", told(call))),
        None => Ok(()),
    }
}

/// I20: before a delete by name the immutable id equals the recorded one.
fn i20(log: &Log) -> Verdict {
    match effects(log).find(|(_, effect)| usurped(effect) && has_name(effect.kind)) {
        Some((call, _)) => Err(format!("{} hit one of the same name that somebody else made", told(call))),
        None => Ok(()),
    }
}

/// From when to when a run's mutating calls were executed. One that does no harm when it comes late counts as of when it
/// was sent: a contender does not wait it out, and a machine that stands still may hold it back for any time.
fn span(log: &Log, run: u32) -> Option<(Duration, Duration)> {
    let time = |call: &Call| {
        let executed = call.executed_at?;
        Some(if harmful(call.deed, call.address.kind()) { executed } else { call.at })
    };
    let times = || log.calls.iter().filter(|call| call.run == run).filter_map(time);
    Some((times().min()?, times().max()?))
}

/// I32: for any two runs, the intervals in which mutating calls execute do not overlap.
fn i32(log: &Log) -> Verdict {
    let spans: Vec<(u32, (Duration, Duration))> =
        log.runs.iter().filter_map(|run| Some((run.number, span(log, run.number)?))).collect();
    for (one, (from, to)) in &spans {
        for (other, (start, end)) in spans.iter().filter(|(other, _)| other > one) {
            holds(to < start || end < from, || format!("runs {one} and {other} acted at once"))?;
        }
    }
    Ok(())
}

/// I38: a run that cannot get the lock makes no mutation and writes nothing.
fn i38(log: &Log) -> Verdict {
    for run in log.runs.iter().filter(|run| run.ended == Ended::Refused("locked".to_owned())) {
        let wrote = log.lines.iter().any(|line| line.run == run.number);
        holds(run.calls == 0 && !wrote, || format!("run {} had no lock and did something", run.number))?;
    }
    Ok(())
}

/// I40: a throttling storm of ten minutes costs a bounded number of calls, and fails nothing by itself.
fn i40(log: &Log) -> Verdict {
    for run in log.runs.iter().filter(|run| run.storm) {
        let mut tries: BTreeMap<(&String, Deed), usize> = BTreeMap::new();
        for call in log.calls.iter().filter(|call| call.run == run.number) {
            *tries.entry((&call.oid, call.deed)).or_default() += 1;
        }
        let most = tries.values().max().copied().unwrap_or(0);
        holds(most <= 300, || format!("run {} sent one call {most} times", run.number))?;
        let throttled = match &run.ended {
            Ended::Partly(summary) => summary.failed.iter().find(|(_, error)| error.class == Class::Throttled),
            _ => None,
        };
        holds(throttled.is_none(), || format!("run {}: {throttled:?}", run.number))?;
    }
    Ok(())
}

/// I41: what is refused for good is sent at most once per object and run.
fn i41(log: &Log) -> Verdict {
    let for_good = |class: Class| matches!(class, Class::Invalid | Class::Denied | Class::Quota);
    let refused = log.calls.iter().filter(|call| call.answer.flatten().is_some_and(for_good));
    for call in refused {
        let same = |other: &&Call| {
            other.run == call.run && other.seq > call.seq && other.deed == call.deed && other.oid == call.oid
        };
        let again = log.calls.iter().find(same);
        holds(again.is_none(), || format!("{} was sent again after {:?}", told(call), call.answer))?;
    }
    Ok(())
}

/// I42: every wait ends: by its target, by a failure, or by its timeout.
fn i42(log: &Log) -> Verdict {
    match log.runs.iter().find(|run| run.ended == Ended::Failed("it did not end".to_owned())) {
        Some(run) => Err(format!("run {} never ended", run.number)),
        None => Ok(()),
    }
}

/// I43: an unknown status never counts as ready.
fn i43(log: &Log) -> Verdict {
    for run in log.runs.iter().filter(|run| well(run)) {
        let odd = |object: &&Object| object.blinks && object.ready > run.span.1 && !object.foreign;
        let odd = run.world.iter().find(odd).map(|object| object.id.clone());
        holds(odd.is_none(), || format!("run {} took {odd:?} for ready", run.number))?;
    }
    Ok(())
}

/// I44: an interrupt returns control within the time of a call's attempt and five seconds; a second one at once.
fn i44(log: &Log) -> Verdict {
    for run in &log.runs {
        let Some((at, times)) = run.interrupted else { continue };
        // Behind it stand the last writes of the state, which a bucket may lose and get again.
        let last = if run.shared { 60 } else { 0 };
        let most = Duration::from_secs(last + if times > 1 { 1 } else { 65 });
        let took = run.span.1.saturating_sub(at);
        holds(took <= most, || format!("run {} went on for {took:?} after {times} interrupts", run.number))?;
    }
    Ok(())
}

/// I47: a key is never deleted while something of ours uses it, what a cluster left behind among it.
fn i47(log: &Log) -> Verdict {
    let mut deleted = effects(log).filter(|(call, effect)| call.deed == Deed::Delete && effect.kind == "kms_key");
    match deleted.find(|(_, effect)| effect.users > 0) {
        Some((call, effect)) => Err(format!("{} while {} used it", told(call), effect.users)),
        None => Ok(()),
    }
}

/// I49: when faults stop, a run exits 0.
fn i49(log: &Log) -> Verdict {
    let calm = || log.runs.iter().filter(|run| !run.disturbed);
    holds(calm().any(well), || {
        format!("no undisturbed run exits 0; the last: {:?}", calm().next_back().map(|run| &run.ended))
    })
}

/// Members of a cluster are away one at a time; the writer's role goes to one whose turn is over; and at the end nothing is
/// left paused. Not one of the numbered promises: it is what a lowering is for.
fn rolling(log: &Log) -> Verdict {
    let edits = || effects(log).filter(|(call, effect)| call.deed == Deed::Update && effect.kind == "db_instance");
    if let Some((call, _)) = edits().find(|(_, effect)| effect.down > 0) {
        return Err(format!("{} while another member was away", told(call)));
    }
    for (failover, effect) in effects(log).filter(|(call, _)| call.deed == Deed::Operate) {
        let Some(heir) = &effect.heir else { continue };
        let mut later = edits().filter(|(call, _)| call.run == failover.run && call.seq > failover.seq);
        holds(!later.any(|(_, edit)| edit.id == *heir), || {
            format!("{} to one that is edited after it", told(failover))
        })?;
    }
    let last = log.runs.last().filter(|run| well(run));
    let paused = last.and_then(|run| run.world.iter().find(|object| object.paused && !object.foreign));
    holds(paused.is_none(), || format!("{paused:?} is still paused"))
}

/// Who pauses a cluster resumes it, also where the roll fails: only a run that was stopped leaves that to the next.
fn resumed(log: &Log) -> Verdict {
    let failed = |run: &&RunLog| matches!(&run.ended, Ended::Partly(summary) if summary.stopped.is_none());
    for run in log.runs.iter().filter(failed) {
        for object in run.world.iter().filter(|object| object.paused && !object.foreign) {
            let by = |call: &Call, deed: Deed| call.run == run.number && call.deed == deed;
            let paused = |call: &Call, effect: &Touched| by(call, Deed::Operate) && effect.heir.is_none();
            let own = effects(log).find(|(call, effect)| effect.id == object.id && paused(call, effect));
            let Some((own, _)) = own else { continue };
            let tried = log.calls.iter().any(|call| by(call, Deed::Resume) && call.address == own.address);
            holds(tried, || format!("run {} failed and left {} paused", run.number, object.id))?;
        }
    }
    Ok(())
}
