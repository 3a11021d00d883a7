//! The steps of a program with all that is told of each: predicted, and measured after a run.

use super::{Subject, told};
use crate::record::Fate;
use crate::view::forecast::seconds;
use crate::view::pace;
use crate::view::roll::told as in_words;
use auroractl_core::lower::StepId;
use auroractl_core::plan::Change;
use auroractl_core::rehearse::Gate;
use auroractl_core::{Address, Estimate, Group};
use std::collections::{BTreeMap, BTreeSet};

/// One step. Times are seconds from the start of the run.
#[derive(Clone, Debug)]
pub(super) struct Told<'a> {
    /// Its number.
    pub(super) id: StepId,
    /// What is done to what.
    pub(super) name: String,
    /// Part of the stack.
    pub(super) group: Group,
    /// When it is predicted to run.
    pub(super) start: f64,
    pub(super) end: f64,
    /// When it is over on a bad day, at its 95th percentile.
    pub(super) late: f64,
    /// How long it takes, as was foretold.
    estimate: Estimate,
    /// What it waits for.
    pub(super) gate: Option<String>,
    /// It decides when the run ends.
    pub(super) critical: bool,
    /// Somebody notices it.
    pub(super) felt: bool,
    /// What became of it, in a run.
    pub(super) track: Option<Measured<'a>>,
}

/// What was measured of a step.
#[derive(Clone, Debug)]
pub(super) struct Measured<'a> {
    /// When it began; `None` for one that did not.
    pub(super) start: Option<f64>,
    /// When it ended, or the record did.
    pub(super) end: f64,
    /// What became of it; `None` for one of which nothing was heard.
    pub(super) fate: Option<&'a Fate>,
}

impl Told<'_> {
    /// How long it was predicted to take.
    pub(super) fn predicted(&self) -> f64 {
        self.end - self.start
    }

    /// How long it took, if it ran.
    pub(super) fn took(&self) -> Option<f64> {
        self.track.as_ref().and_then(|track| Some(track.end - track.start?))
    }

    /// Did it take longer than its 95th percentile?
    pub(super) fn overdue(&self) -> bool {
        self.took().is_some_and(|took| pace::overdue(took, self.estimate))
    }

    /// Is there something to say of it beside its time?
    pub(super) fn telling(&self) -> bool {
        let well = |track: &Measured<'_>| matches!(track.fate, Some(Fate::Done));
        self.critical || self.felt || self.overdue() || self.track.as_ref().is_some_and(|track| !well(track))
    }
}

/// What became of a step, in words; `None` for one of which nothing was heard.
pub(super) fn outcome(fate: Option<&Fate>) -> String {
    match fate {
        Some(Fate::Done) => "done".to_owned(),
        Some(Fate::Failed(why)) => format!("failed: {}", told(why)),
        Some(Fate::Blocked(by)) => format!("not started, because {by} failed"),
        Some(Fate::Running(status)) => format!("under way when the run ended: {}", told(status)),
        None => "not started".to_owned(),
    }
}

/// All steps, in the order of their predicted start.
pub(super) fn steps<'a>(subject: &Subject<'a>) -> Vec<Told<'a>> {
    let forecast = subject.forecast;
    let changes: BTreeMap<&Address, &Change> =
        subject.plan.changes.iter().map(|change| (&change.address, change)).collect();
    let names: Vec<String> = forecast.program.steps.iter().map(in_words).collect();
    let name = |id: StepId| names.get(id).cloned().unwrap_or_default();
    let critical = critical(subject);
    let felt: BTreeSet<StepId> = forecast.outage.windows.iter().map(|window| window.step).collect();
    let mut all: Vec<Told<'a>> = Vec::new();
    for (id, (step, span)) in forecast.program.steps.iter().zip(&forecast.rehearsal.spans).enumerate() {
        let change = changes.get(&step.address);
        let start = seconds(span.start);
        all.push(Told {
            id,
            name: name(id),
            group: change.map_or(Group::Network, |change| change.group),
            start,
            end: seconds(span.end),
            late: start + f64::from(step.estimate.p95),
            estimate: step.estimate,
            gate: match span.gate {
                Gate::Free => None,
                Gate::Need(by) => Some(format!("after {}", name(by))),
                Gate::Place(by) => Some(format!("when a place is free, after {}", name(by))),
            },
            critical: critical.contains(&id),
            felt: felt.contains(&id),
            track: measured(subject, id),
        });
    }
    all.sort_by(|a, b| a.start.total_cmp(&b.start).then(a.end.total_cmp(&b.end)).then(a.id.cmp(&b.id)));
    all
}

fn measured<'a>(subject: &Subject<'a>, id: StepId) -> Option<Measured<'a>> {
    let record = subject.run.filter(|run| run.end.is_some())?.record;
    let Some(track) = record.tracks.get(&id) else {
        return Some(Measured { start: None, end: record.lasted, fate: None });
    };
    Some(Measured { start: track.start, end: track.end.unwrap_or(record.lasted), fate: Some(&track.fate) })
}

/// The steps that decide when the run ends: as rehearsed, or as measured.
fn critical(subject: &Subject<'_>) -> BTreeSet<StepId> {
    let ended = subject.run.filter(|run| run.end.is_some());
    let Some(record) = ended.map(|run| run.record).filter(|record| !record.tracks.is_empty()) else {
        return subject.forecast.rehearsal.critical.iter().copied().collect();
    };
    let end = |id: &StepId| record.tracks.get(id).and_then(|track| track.end.or(track.start.map(|_| record.lasted)));
    let last_of = |ids: &mut dyn Iterator<Item = StepId>| {
        ids.filter_map(|id| Some((end(&id)?, id))).max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
    };
    let mut chain = BTreeSet::new();
    let mut next = last_of(&mut record.tracks.keys().copied());
    while let Some((_, id)) = next.filter(|(_, id)| chain.insert(*id)) {
        let step = subject.forecast.program.steps.get(id);
        next = step.and_then(|step| last_of(&mut step.after.iter().copied()));
    }
    chain
}
