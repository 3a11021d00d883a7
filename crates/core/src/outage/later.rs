//! What an edit leaves for later: what waits for a restart, what AWS does in the maintenance window, what it deletes.
//!
//! A run that leaves its restarts to the window interrupts nobody, and is not harmless. So they are played like those of a
//! run, on the stage that the run leaves. AWS says nothing of their order: the median is that of members that restart one
//! after another, readers first; the 95th percentile that of members that restart together, so that nobody can take over.

use super::acts::{Act, edits};
use super::stage::Stage;
use super::{Outage, Reading, Scene, Writing};
use crate::address::Address;
use crate::diff::FieldChange;
use crate::durations::{Deed, Estimate, narrow};
use crate::guard;
use crate::impact::{Level, When};
use crate::lower::{Step, StepId};
use crate::plan::Change;
use crate::queue::seconds;
use crate::state::Verb;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// Seconds between moments that have nothing to do with one another: longer than any interruption, and a number that is
/// exact in the width of a window's times.
const APART: f32 = 3_600.0;

/// An edit that this run makes and that counts later only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Later {
    /// The resource.
    pub address: Address,
    /// The field.
    pub field: String,
    /// When it counts.
    pub when: When,
    /// The resource's maintenance window, as AWS writes it (`sun:04:30-sun:05:30`), where it waits for that.
    pub window: Option<String>,
    /// What it needs then.
    pub level: Level,
}

/// What users feel in the maintenance window of what a run has left to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InWindow {
    /// The windows, as AWS writes them; those that are known.
    pub windows: BTreeSet<String>,
    /// How often and how long nothing can be written.
    pub writer: Writing,
    /// How many readers restart; at once, where members restart together.
    pub readers: Reading,
    /// How often some clients are cut off while every member stays.
    pub dropped: usize,
    /// Nothing can be written for longer if members restart together.
    pub together: bool,
}

/// An edit by which AWS deletes what it has kept until now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loss {
    /// The resource.
    pub address: Address,
    /// The field: how long something is kept.
    pub field: String,
    /// How long from now on.
    pub keeps: Value,
    /// When it is deleted.
    pub when: When,
}

/// The edits of a change that count later. Values that wait for a restart count in this run if it makes one behind them.
pub(super) fn later_of<'c>(id: StepId, change: &'c Change, scene: &Scene<'_>) -> impl Iterator<Item = Later> + use<'c> {
    let program = scene.program;
    let restarts = |step: &Step| {
        step.verb == Verb::Restart || (step.address.kind() == guard::MEMBER && step.deed == Deed::Restart)
    };
    let mut steps = program.steps.iter().enumerate();
    let restarted = steps.any(|(other, step)| restarts(step) && program.waits_for(other, id));
    let counts_later = |field: &&FieldChange| {
        field.impact.when != When::Now && field.impact.level > Level::None && field.impact.level < Level::Replace
    };
    let waits = move |field: &&FieldChange| field.impact.when != When::AtReboot || !restarted;
    let window = scene.maintenance.get(&change.address).cloned();
    change.fields.iter().filter(counts_later).filter(waits).map(move |field| Later {
        address: change.address.clone(),
        field: field.path.clone(),
        when: field.impact.when,
        window: window.clone().filter(|_| field.impact.when == When::InWindow),
        level: field.impact.level,
    })
}

/// The edits of a change by which AWS deletes something.
pub(super) fn losses_of(change: &Change) -> impl Iterator<Item = Loss> {
    change.fields.iter().filter(|field| field.impact.deletes()).map(move |field| Loss {
        address: change.address.clone(),
        field: field.path.clone(),
        keeps: field.after.clone(),
        when: field.impact.when,
    })
}

/// What AWS does in the maintenance window because of a step. When that is, only the whole tells.
pub(super) fn left_of<'a>((id, step): (StepId, &'a Step), change: &Change, scene: &Scene<'a>) -> Vec<Act<'a>> {
    let found = edits((change, When::InWindow), scene.lasts).into_iter();
    found.map(|(effect, lasts, fields)| Act { id, at: &step.address, effect, from: 0.0, lasts, fields }).collect()
}

/// All of it, after the run: on the stage that it leaves.
pub(super) fn in_window<'a>(scene: &Scene<'a>, stage: &Stage<'a>, mut left: Vec<Act<'a>>) -> Option<InWindow> {
    // Readers first: that is one failover where others would be several.
    left.sort_by_key(|act| (stage.writes(act.at), act.id));
    let of = |act: &Act<'a>| scene.maintenance.get(act.at);
    let known: BTreeSet<&String> = left.iter().filter_map(of).collect();
    let slot = |act: &Act<'a>| of(act).and_then(|window| known.iter().position(|other| *other == window));
    let apart = played(scene, stage, left.iter().enumerate());
    let together = played(scene, stage, left.iter().map(|act| (slot(act).unwrap_or(known.len()), act)));
    let (usual, bad) = (apart.writer.lasts, together.writer.lasts);
    let found = InWindow {
        windows: known.into_iter().cloned().collect(),
        writer: Writing {
            times: apart.writer.times.max(together.writer.times),
            lasts: Estimate { p50: usual.p50, p95: bad.p95.max(usual.p95) },
        },
        readers: Reading { at_once: together.readers.at_once, ..apart.readers },
        dropped: apart.dropped,
        together: bad.p95 > usual.p95,
    };
    (found.writer.times + found.readers.times + found.dropped > 0).then_some(found)
}

/// Plays acts in their turns; those of one turn at once.
fn played<'s, 'a: 's>(
    scene: &Scene<'a>,
    stage: &Stage<'a>,
    acts: impl Iterator<Item = (usize, &'s Act<'a>)>,
) -> Outage {
    let mut stage = stage.after();
    let end = narrow(seconds(scene.rehearsal.makespan)).ceil();
    for (turn, act) in acts {
        let turns = f32::from(u16::try_from(turn + 1).unwrap_or(u16::MAX));
        stage.play(&Act { from: end + turns * APART, ..act.clone() });
    }
    Outage::of(stage.windows)
}
