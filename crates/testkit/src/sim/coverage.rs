//! What the histories hit: a history that never meets a fault shows nothing about it.

use super::log::{Call, Deed, Ended, Log, RunLog};
use super::mishap::{Boundary, Mishap};
use super::stack::Edit;
use super::world::Object;
use auroractl_core::journal::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Hits of many histories, by class and name.
pub type Hits = BTreeMap<(&'static str, String), u32>;

/// Adds one history's hits: a history counts once for each thing.
pub fn add(hits: &mut Hits, log: &Log) {
    for key in log.hits.keys() {
        *hits.entry(key.clone()).or_default() += 1;
    }
}

/// Everything that enough histories must hit.
#[must_use]
pub fn expected() -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = Vec::new();
    let mut add = |class: &'static str, names: &[&str]| {
        all.extend(names.iter().map(|name| (class, (*name).to_owned())));
    };
    add("fault", &Mishap::ALL.map(Mishap::name));
    add("fault", &["hidden read", "failure after 200", "stuck", "throttling storm", "expired credentials"]);
    add("fault", &["kill", "power cut", "contender", "disk error", "disk full"]);
    add("fault", &["frozen", "two machines", "fenced"]);
    add("kept", &["a key that a snapshot needs"]);
    add("edit", &Edit::ALL.map(Edit::name));
    add("edit", &["right after a crash", "older plan", "destroy"]);
    add(
        "meddling",
        &["deleted behind our back", "changed behind our back", "a stranger of the same name", "state lost"],
    );
    add("meddling", &["made again by somebody else, tags copied", "made again between plan and apply"]);
    add("refused", &["Conflict", "DataBearing", "Vanished", "stale"]);
    add("stopped", &["Interrupt", "Credentials", "Store", "Fenced"]);
    add("crashes", &["1", "2", "3", "twice in one wait"]);
    add("surge", &["made", "left by an interrupted run", "takes over", "hands back", "left as the writer"]);
    let kinds = ["named", "given", "token", "guard", "untokened", "relation", "upsert", "secret", "kms_key"];
    add("adopted", &kinds);
    add("adopted", &["db_cluster", "db_instance"]);
    let windows = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 22, 23];
    let names: Vec<String> = windows.iter().map(|number| format!("W{number}")).collect();
    add("window", &names.iter().map(String::as_str).collect::<Vec<_>>());
    all
}

/// What of that was never hit.
#[must_use]
pub fn missing(hits: &Hits) -> Vec<String> {
    expected()
        .into_iter()
        .filter(|key| !hits.contains_key(key))
        .map(|(class, name)| format!("{class}: {name}"))
        .collect()
}

/// The crash windows that a history fell into.
pub(super) fn windows(log: &mut Log) {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    let mut window = |number: u8| found.push(("window", format!("W{number}")));
    if log.hits.contains_key(&("fault", "failure after 200".to_owned())) {
        window(10);
    }
    let mut waited: BTreeSet<&str> = BTreeSet::new();
    let mut again = false;
    for run in log.runs.iter().filter(|run| matches!(run.ended, Ended::Died(_))) {
        of_lines(log, run, &mut window);
        of_calls(log, run, &mut window);
        again |= waiting(run).filter(|id| !waited.insert(id)).count() > 0;
    }
    let crashes = log.runs.iter().filter(|run| matches!(run.ended, Ended::Died(_))).count();
    if crashes > 0 {
        found.push(("crashes", crashes.min(3).to_string()));
    }
    if again {
        found.push(("crashes", "twice in one wait".to_owned()));
    }
    found.extend(adopted(log).into_iter().map(|kind| ("adopted", kind)));
    for (class, name) in found {
        log.count(class, &name);
    }
}

/// Before anything was sent; while waiting.
fn of_lines(log: &Log, run: &RunLog, window: &mut impl FnMut(u8)) {
    let mine = || log.lines.iter().filter(|line| line.run == run.number && line.ok).flat_map(|line| &line.entries);
    let intents = mine().any(|entry| matches!(entry, Entry::Intent(_)));
    let attempts = mine().any(|entry| matches!(entry, Entry::Attempt { .. }));
    match (intents, attempts) {
        (false, _) => window(1),
        (true, false) => window(4),
        (true, true) => {}
    }
    if waiting(run).next().is_some() {
        window(11);
    }
}

/// What a run that died at a look was waiting for.
fn waiting(run: &RunLog) -> impl Iterator<Item = &str> {
    let died = run.ended == Ended::Died(Boundary::Look);
    let away = move |object: &&Object| died && object.ready > run.span.1 && !object.foreign;
    run.world.iter().filter(away).map(|object| object.id.as_str())
}

/// Around a call.
fn of_calls(log: &Log, run: &RunLog, window: &mut impl FnMut(u8)) {
    let recorded = |call: &Call| {
        let later = log.lines.iter().filter(|line| line.run == run.number && line.seq > call.seq && line.ok);
        later.flat_map(|line| &line.entries).any(|entry| match entry {
            Entry::Recorded { address, record } => *address == call.address && record.generation == call.generation,
            Entry::Deleted { address, generation } => *address == call.address && *generation == call.generation,
            _ => false,
        })
    };
    for call in log.calls.iter().filter(|call| call.run == run.number) {
        let executed = !call.effects.is_empty();
        match (call.deed, executed, call.answer) {
            (Deed::Create, false, None) => window(5),
            (Deed::Create, true, None) => later(log, call, window),
            (Deed::Create, true, Some(None)) if !recorded(call) => window(7),
            (Deed::Delete, true, None) => window(14),
            _ => {}
        }
        if call.deed == Deed::Delete && executed && !recorded(call) && made_later(log, call) {
            window(15);
        }
        if call.deed == Deed::Create && executed {
            halves(log, call, window);
        }
    }
}

fn same(call: &Call, other: &Call) -> bool {
    call.oid == other.oid && other.run > call.run
}

fn made_later(log: &Log, call: &Call) -> bool {
    let newer =
        |other: &&Call| other.address == call.address && other.run > call.run && other.generation > call.generation;
    log.calls.iter().filter(newer).any(|other| other.deed == Deed::Create)
}

/// The create was executed and nobody heard of it: what became of it?
fn later(log: &Log, call: &Call, window: &mut impl FnMut(u8)) {
    window(6);
    let next = log.calls.iter().filter(|other| same(call, other)).collect::<Vec<_>>();
    if next.iter().any(|other| other.deed == Deed::Delete) {
        window(16);
    }
    if next.iter().any(|other| other.deed == Deed::Update) {
        window(17);
    }
}

/// A create that was to be followed by something.
fn halves(log: &Log, call: &Call, window: &mut impl FnMut(u8)) {
    let mine = || log.calls.iter().filter(|other| other.run == call.run && other.seq > call.seq);
    match call.address.kind() {
        "secret" if !mine().any(|other| other.oid == call.oid && !other.effects.is_empty()) => {
            window(9);
            window(22);
        }
        "kms_key" if mine().count() == 0 => window(23),
        _ => {}
    }
    let old = |run: &RunLog| {
        let record = run.loaded.as_ref().and_then(|state| state.resources.get(&call.address));
        record.is_some_and(|record| record.generation < call.generation && alive(run, &record.oid))
    };
    if log.runs.iter().filter(|run| run.number == call.run).any(old) {
        window(18);
    }
}

fn alive(run: &RunLog, oid: &str) -> bool {
    run.world.iter().any(|object| object.oid == oid)
}

/// Kinds of which an object was taken over that an earlier run had made.
fn adopted(log: &Log) -> Vec<String> {
    let mut kinds = Vec::new();
    for call in log.calls.iter().filter(|call| call.deed == Deed::Create && !call.effects.is_empty()) {
        let records = log.lines.iter().filter(|line| line.ok).filter(|line| {
            line.entries.iter().any(|entry| {
                matches!(entry, Entry::Recorded { address, record }
                    if *address == call.address && record.generation == call.generation)
            })
        });
        if records.into_iter().map(|line| line.run).min().is_some_and(|first| first > call.run) {
            kinds.push(call.address.kind().to_owned());
        }
    }
    kinds
}
