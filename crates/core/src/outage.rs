//! What users of the database feel while a program runs: who is away, from when, for how long.
//!
//! A step is longer than what it does to users: a change of class takes ten minutes, and the member is away for a restart
//! at its end. So interruptions have durations of their own ([`Lasts`], data like the durations of steps), and their place
//! in time is that of the rehearsed step. Who serves writes changes while a program runs. Therefore the steps are played in
//! the order of time over the cast of every cluster: a restart of whoever is the writer *then* is a failover if somebody
//! is ready to take over, an outage if nobody is, and the restart of a reader otherwise.

mod acts;
mod later;
mod stage;

pub use later::{InWindow, Later, Loss};

use crate::address::Address;
use crate::durations::Estimate;
use crate::guard;
use crate::impact::Level;
use crate::lower::{Program, StepId};
use crate::plan::{Change, Plan};
use crate::rehearse::Rehearsal;
use crate::state::Verb;
use acts::{Act, acts_of};
use later::{in_window, later_of, left_of, losses_of};
use serde::Serialize;
use stage::Stage;
use std::collections::BTreeMap;

/// The writer changes, and a reader takes over.
const FAILOVER: &str = "failover";

/// Moments that are no further apart are one, in seconds. A number of this width is exact to four milliseconds ten hours
/// into a run, and the end of one turn and the beginning of the next are sums of different numbers.
const TOGETHER: f32 = 0.02;

/// What users feel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Felt {
    /// Nothing can be written; what was connected to the writer is cut off.
    WriterUnavailable,
    /// A reader restarts; what was connected to it is cut off, others serve.
    ReaderRestarts,
    /// A reader goes, and another one comes in its place.
    ReaderReplaced,
    /// A reader goes and nobody comes in its place; what was connected to it is cut off, others serve.
    ReaderLeaves,
    /// Some clients are cut off, and those that may connect again do so at once.
    ConnectionsDropped,
    /// Clients have to connect to another address or port.
    EndpointChanges,
    /// It does not come back.
    GoneForGood,
}

/// One thing that users feel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Window {
    /// What they feel.
    pub what: Felt,
    /// What they were using: the cluster where it is the writer, or else the resource itself.
    pub address: Address,
    /// The resource whose change does it.
    pub by: Address,
    /// The step of the program that does it.
    pub step: StepId,
    /// The fields of that change that do it; none where it is made or deleted as a whole.
    pub fields: Vec<String>,
    /// Whose role goes to whom, where the writer changes.
    pub handover: Option<Handover>,
    /// When it begins, in seconds from the start of the rehearsed run.
    pub from: f32,
    /// When it is over; never, for what is gone for good and for a new endpoint.
    pub until: Option<Estimate>,
}

/// The writer's role goes from one member to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Handover {
    /// Who has it before; `None` where nobody is known to.
    pub from: Option<Address>,
    /// Who takes over.
    pub to: Address,
}

/// How often and how long nothing can be written.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Writing {
    /// How often.
    pub times: usize,
    /// How long in all, in seconds.
    pub lasts: Estimate,
}

/// How many readers restart or are replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// How many in the whole run.
    pub times: usize,
    /// How many of them at the same time.
    pub at_once: usize,
    /// How many of them are replaced.
    pub replaced: usize,
}

/// What users feel over a whole run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outage {
    /// Each thing, in the order of time.
    pub windows: Vec<Window>,
    /// Of these, those in which nothing can be written.
    pub writer: Writing,
    /// Of these, those of readers.
    pub readers: Reading,
    /// How often some clients are cut off while every member serves that stays.
    pub dropped: usize,
    /// What is felt in the maintenance window of what this run leaves to it; `None` where that is nothing.
    pub in_window: Option<InWindow>,
    /// What is edited and counts later only.
    pub later: Vec<Later>,
    /// What AWS deletes because of an edit.
    pub losses: Vec<Loss>,
}

/// A member of a cluster, before the run or as the run makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its cluster.
    pub cluster: Address,
    /// Does it serve writes?
    pub writer: bool,
    /// Could it take over?
    pub ready: bool,
    /// Who takes over: the lowest first.
    pub tier: u8,
    /// Is it there, or only wanted?
    pub exists: bool,
}

/// How long interruptions last, by what causes them: `failover`, `kind.field`, or else what the level of a field stands
/// for (`reconnect`, `restart`, `write_outage`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lasts(BTreeMap<String, Estimate>);

/// What the summary is made from.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its steps.
    pub program: &'a Program,
    /// Their places in time.
    pub rehearsal: &'a Rehearsal,
    /// The members of all clusters.
    pub cast: &'a BTreeMap<Address, Member>,
    /// The maintenance windows of resources that have one, as AWS writes them.
    pub maintenance: &'a BTreeMap<Address, String>,
    /// How long interruptions last.
    pub lasts: &'a Lasts,
}

impl Lasts {
    /// What an edit of this level stands for, where its field has no line.
    pub const LEVELS: [&'static str; 3] = ["reconnect", "restart", "write_outage"];

    /// Adds a line of the table.
    pub fn add(&mut self, cause: &str, estimate: Estimate) {
        self.0.insert(cause.to_owned(), estimate);
    }

    /// A line of the table.
    #[must_use]
    pub fn get(&self, cause: &str) -> Option<Estimate> {
        self.0.get(cause).copied()
    }

    fn of(&self, cause: &str) -> Estimate {
        self.get(cause).unwrap_or(Estimate::NOTHING)
    }

    /// How long the edit of a field is felt.
    fn edit(&self, kind: &str, path: &str, level: Level) -> Estimate {
        let [reconnect, restart, outage] = Self::LEVELS;
        let usual = match level {
            Level::Reconnect => reconnect,
            Level::WriteOutage => outage,
            _ => restart,
        };
        self.get(&format!("{kind}.{path}")).unwrap_or_else(|| self.of(usual))
    }
}

impl Outage {
    /// Does nobody feel anything while it runs?
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.windows.is_empty()
    }

    /// The windows in which nothing can be written, and what does not come back.
    pub fn worst(&self) -> impl Iterator<Item = &Window> {
        self.windows.iter().filter(|window| matches!(window.what, Felt::WriterUnavailable) || window.loses_cluster())
    }

    /// The same with other windows, in any order: with those that came about, say.
    #[must_use]
    pub fn with(&self, windows: Vec<Window>) -> Self {
        let Self { windows, writer, readers, dropped, .. } = Self::of(windows);
        Self { windows, writer, readers, dropped, ..self.clone() }
    }

    /// How long nothing can be written because of this run: while it runs, and in the maintenance window that it leaves
    /// something to.
    #[must_use]
    pub fn unwritable(&self) -> Estimate {
        self.in_window.as_ref().map_or(self.writer.lasts, |later| self.writer.lasts.then(later.writer.lasts))
    }

    /// Sums up what is felt while it runs.
    fn of(mut windows: Vec<Window>) -> Self {
        windows.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.what.cmp(&b.what)));
        let drops = |window: &&Window| matches!(window.what, Felt::ConnectionsDropped | Felt::ReaderLeaves);
        let dropped = windows.iter().filter(drops).count();
        let readers: Vec<&Window> = windows.iter().filter(|window| window.is_of_reader()).collect();
        let during =
            |at: f32| readers.iter().filter(|one| one.from <= at && one.until_median() > at + TOGETHER).count();
        Self {
            writer: Writing::of(&windows),
            readers: Reading {
                times: readers.len(),
                at_once: readers.iter().map(|window| during(window.from).max(1)).max().unwrap_or(0),
                replaced: readers.iter().filter(|window| window.what == Felt::ReaderReplaced).count(),
            },
            dropped,
            in_window: None,
            later: Vec::new(),
            losses: Vec::new(),
            windows,
        }
    }
}

impl Writing {
    /// Windows of one cluster that overlap are one. In the order of time.
    fn of(windows: &[Window]) -> Self {
        let mut spans: Vec<(&Address, f32, Estimate)> = Vec::new();
        for window in windows.iter().filter(|window| window.what == Felt::WriterUnavailable) {
            let Some(until) = window.until else { continue };
            let last = spans.iter_mut().rfind(|(at, ..)| **at == window.address);
            match last.filter(|(_, _, end)| window.from + TOGETHER < end.p50) {
                Some((_, _, end)) => *end = Estimate { p50: end.p50.max(until.p50), p95: end.p95.max(until.p95) },
                None => spans.push((&window.address, window.from, until)),
            }
        }
        let each = spans.iter().map(|(_, from, end)| Estimate { p50: end.p50 - from, p95: end.p95 - from });
        Self { times: spans.len(), lasts: each.fold(Estimate::NOTHING, Estimate::then) }
    }
}

impl Window {
    /// How long it lasts, in seconds; nothing for what has no end.
    #[must_use]
    pub fn lasts(&self) -> Estimate {
        self.until.map_or(Estimate::NOTHING, |end| Estimate { p50: end.p50 - self.from, p95: end.p95 - self.from })
    }

    /// Does the data go, or everybody who serves it?
    #[must_use]
    pub fn loses_cluster(&self) -> bool {
        self.what == Felt::GoneForGood && self.address.kind() == guard::PARENT
    }

    fn is_of_reader(&self) -> bool {
        matches!(self.what, Felt::ReaderRestarts | Felt::ReaderReplaced)
    }

    fn until_median(&self) -> f32 {
        self.until.map_or(f32::MAX, |end| end.p50)
    }
}

/// What users feel while the program runs, and later of what it leaves.
#[must_use]
pub fn outage(scene: &Scene<'_>) -> Outage {
    let changes: BTreeMap<&Address, &Change> =
        scene.plan.changes.iter().map(|change| (&change.address, change)).collect();
    let mut acts: Vec<Act<'_>> = Vec::new();
    let (mut later, mut losses, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for (id, (step, span)) in scene.program.steps.iter().zip(&scene.rehearsal.spans).enumerate() {
        let Some(change) = changes.get(&step.address).copied() else { continue };
        acts.extend(acts_of((id, step, *span), change, scene));
        if matches!(step.verb, Verb::Update | Verb::Adopt) {
            later.extend(later_of(id, change, scene));
            losses.extend(losses_of(change));
            left.extend(left_of((id, step), change, scene));
        }
    }
    acts.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.id.cmp(&b.id)));
    let mut stage = Stage::new(scene);
    for act in &acts {
        stage.play(act);
    }
    let in_window = in_window(scene, &stage, left);
    Outage { in_window, later, losses, ..Outage::of(stage.windows) }
}

#[cfg(test)]
mod tests;
