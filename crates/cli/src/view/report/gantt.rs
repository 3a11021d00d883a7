//! The run as a chart of time: one bar for what is worth telling, and a lane of marks for the many other steps of a part.

use super::axis::Axis;
use super::steps::{Told, outcome, steps};
use super::{Subject, short};
use crate::record::Fate;
use crate::view::svg::px;
use crate::view::words;
use auroractl_core::model::Group;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Steps shorter than this part of the run stand in their part's lane, unless something is to be said of them.
const SHORT: f64 = 0.012;
/// So many steps of a part without one of their own make a lane; fewer have their own bars.
const LANE: usize = 3;
/// At most so many bars, and so many rows of the table.
const BARS: usize = 70;
const ROWS: usize = 1_000;
/// Height of the axis, of a row with one bar, and of one with two.
const TOP: f64 = 26.0;
const SINGLE: f64 = 24.0;
const DOUBLE: f64 = 30.0;
/// Letters of a name before the axis.
const LETTERS: usize = 41;

/// The chart, and the same as a table.
#[derive(Debug, Serialize)]
pub(super) struct Gantt {
    height: String,
    /// The run has ended: every row has a place for what was measured.
    measured: bool,
    bars: Vec<Bar>,
    lanes: Vec<Lane>,
    rows: Vec<Row>,
    /// Steps that the table leaves out.
    left_out: usize,
    steps: usize,
    /// Steps that stand in lanes.
    folded: usize,
    critical: Vec<String>,
    description: String,
}

/// One step.
#[derive(Debug, Serialize)]
struct Bar {
    name: String,
    title: String,
    text_y: String,
    critical: bool,
    felt: bool,
    /// Predicted: left, top, width, and the line to the end of a bad day.
    x: String,
    y: String,
    width: String,
    late_width: String,
    late_y: String,
    /// Measured: left, top, width, and how it ended.
    done: Option<Done>,
    note: String,
}

/// What was measured of it.
#[derive(Debug, Serialize)]
struct Done {
    x: String,
    y: String,
    width: String,
    fate: &'static str,
}

/// The steps of a part that have no bar of their own: short ones, and those beyond what a chart can hold.
#[derive(Debug, Serialize)]
struct Lane {
    name: String,
    title: String,
    text_y: String,
    marks: Vec<Mark>,
    note: String,
    y: String,
}

#[derive(Debug, Serialize)]
struct Mark {
    x: String,
    width: String,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    starts: String,
    takes: String,
    at_most: String,
    took: String,
    fate: String,
    gate: String,
    critical: bool,
}

/// Where the next row stands, and how high it is.
struct Cursor {
    y: f64,
    row: f64,
    measured: bool,
}

/// Draws the run.
pub(super) fn gantt(subject: &Subject<'_>, axis: &Axis) -> Gantt {
    let all = steps(subject);
    let measured = all.iter().any(|step| step.track.is_some());
    let (own, folded) = split(&all, whole(&all));
    let mut entries: Vec<(f64, Entry<'_, '_>)> = own.iter().map(|step| (step.start, Entry::One(step))).collect();
    for (group, steps) in &folded {
        let first = steps.iter().map(|step| step.start).fold(f64::INFINITY, f64::min);
        entries.push((first, Entry::Many(*group, steps)));
    }
    entries.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut cursor = Cursor { y: TOP, row: if measured { DOUBLE } else { SINGLE }, measured };
    let (mut bars, mut lanes) = (Vec::new(), Vec::new());
    for (_, entry) in entries {
        match entry {
            Entry::One(step) => bars.push(bar(step, axis, &cursor)),
            Entry::Many(group, steps) => lanes.push(lane((group, steps), axis, &cursor)),
        }
        cursor.y += cursor.row;
    }
    Gantt {
        height: px(cursor.y + 4.0),
        measured,
        bars,
        lanes,
        rows: all.iter().take(ROWS).map(row).collect(),
        left_out: all.len().saturating_sub(ROWS),
        steps: all.len(),
        folded: folded.values().map(Vec::len).sum(),
        critical: chain(&all),
        description: description(subject, &all),
    }
}

/// A row of the chart.
enum Entry<'a, 'b> {
    One(&'b Told<'a>),
    Many(Group, &'b [&'b Told<'a>]),
}

/// How long the run takes, by the longer of both clocks.
fn whole(all: &[Told<'_>]) -> f64 {
    let ends = all.iter().map(|step| step.track.as_ref().map_or(step.end, |track| track.end.max(step.end)));
    ends.fold(0.0, f64::max)
}

/// The steps with a bar of their own, and the others by part.
fn split<'a, 'b>(all: &'b [Told<'a>], whole: f64) -> (Vec<&'b Told<'a>>, BTreeMap<Group, Vec<&'b Told<'a>>>) {
    let length = |step: &Told<'_>| step.took().unwrap_or(0.0).max(step.predicted());
    let mut ranked: Vec<&Told<'_>> =
        all.iter().filter(|step| step.telling() || length(step) >= whole * SHORT).collect();
    ranked.sort_by(|a, b| b.telling().cmp(&a.telling()).then(length(b).total_cmp(&length(a))).then(a.id.cmp(&b.id)));
    let mut own: BTreeSet<usize> = ranked.iter().take(BARS).map(|step| step.id).collect();
    let mut folded: BTreeMap<Group, Vec<&Told<'_>>> = BTreeMap::new();
    for step in all.iter().filter(|step| !own.contains(&step.id)) {
        folded.entry(step.group).or_default().push(step);
    }
    let few: Vec<Group> = folded.iter().filter(|(_, steps)| steps.len() < LANE).map(|(group, _)| *group).collect();
    for group in few {
        own.extend(folded.remove(&group).into_iter().flatten().map(|step| step.id));
    }
    (all.iter().filter(|step| own.contains(&step.id)).collect(), folded)
}

fn bar(step: &Told<'_>, axis: &Axis, at: &Cursor) -> Bar {
    let (x, width) = axis.bar(step.start, step.end);
    let done = step.track.as_ref().and_then(|track| {
        let (x, width) = axis.bar(track.start?, track.end);
        let fate = match track.fate {
            Some(Fate::Done) if step.overdue() => "late",
            Some(Fate::Done) => "done",
            Some(Fate::Failed(_)) => "failed",
            _ => "open",
        };
        Some(Done { x, y: px(at.y + 13.0), width, fate })
    });
    Bar {
        name: short(&step.name, LETTERS),
        title: title(step),
        text_y: px(at.y + at.row / 2.0 + 4.0),
        critical: step.critical,
        felt: step.felt,
        x,
        y: px(at.y + if at.measured { 6.0 } else { 7.0 }),
        width,
        late_width: px((axis.x(step.late) - axis.x(step.start)).max(0.0)),
        late_y: px(at.y + if at.measured { 8.5 } else { 12.0 }),
        done,
        note: note(step),
    }
}

/// Everything of a step in one line, for a pointer that rests on its bar.
fn title(step: &Told<'_>) -> String {
    let (start, takes) = (words::seconds(step.start), words::seconds(step.predicted()));
    let late = words::seconds(step.late - step.start);
    let mut text = format!("{}: from {start}, {takes} (p95 {late})", step.name);
    if let Some(gate) = &step.gate {
        text.push_str(&format!("; starts {gate}"));
    }
    if step.track.is_some() {
        text.push_str(&format!("; {}", fate(step)));
    }
    text
}

/// The time behind a bar.
fn note(step: &Told<'_>) -> String {
    let predicted = words::seconds(step.predicted());
    match (&step.track, step.took()) {
        (None, _) => predicted,
        (Some(track), Some(took)) => match track.fate {
            Some(Fate::Done) => format!("{} ({predicted})", words::seconds(took)),
            Some(Fate::Failed(_)) => "failed".to_owned(),
            _ => "still going".to_owned(),
        },
        (Some(_), None) => "not started".to_owned(),
    }
}

/// What became of a step.
fn fate(step: &Told<'_>) -> String {
    let Some(track) = &step.track else { return String::new() };
    match track.fate {
        Some(Fate::Done) if step.overdue() => "done, later than p95".to_owned(),
        fate => outcome(fate),
    }
}

fn lane((group, steps): (Group, &[&Told<'_>]), axis: &Axis, at: &Cursor) -> Lane {
    // After a run, a step that never began has no time to be shown.
    let spans: Vec<(f64, f64)> = steps
        .iter()
        .filter_map(|step| match &step.track {
            Some(track) => Some((track.start?, track.end)),
            None => Some((step.start, step.end)),
        })
        .collect();
    let longest = spans.iter().map(|(from, to)| to - from).reduce(f64::max);
    let name = format!("{} of {}", words::count(steps.len(), "more step"), words::group(group).to_lowercase());
    let at_most =
        longest.map_or_else(|| "not started".to_owned(), |most| format!("up to {} each", words::seconds(most)));
    Lane {
        title: format!("{name}, {at_most}"),
        name,
        text_y: px(at.y + at.row / 2.0 + 4.0),
        marks: merged(spans).into_iter().map(|(from, to)| axis.bar(from, to)).map(mark).collect(),
        note: at_most,
        y: px(at.y + at.row / 2.0 - 3.0),
    }
}

fn mark((x, width): (String, String)) -> Mark {
    Mark { x, width }
}

/// Times that touch are one.
fn merged(mut spans: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    spans.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (from, to) in spans {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

fn row(step: &Told<'_>) -> Row {
    Row {
        name: step.name.clone(),
        starts: words::seconds(step.start),
        takes: words::seconds(step.predicted()),
        at_most: words::seconds(step.late - step.start),
        took: step.took().map(words::seconds).unwrap_or_default(),
        fate: fate(step),
        gate: step.gate.clone().unwrap_or_default(),
        critical: step.critical,
    }
}

/// The steps that decide the end, first to last.
fn chain(all: &[Told<'_>]) -> Vec<String> {
    let mut critical: Vec<&Told<'_>> = all.iter().filter(|step| step.critical).collect();
    let begin = |step: &Told<'_>| step.track.as_ref().and_then(|track| track.start).unwrap_or(step.start);
    critical.sort_by(|a, b| begin(a).total_cmp(&begin(b)).then(a.id.cmp(&b.id)));
    let told = |step: &&Told<'_>| {
        format!("{} ({})", step.name, words::seconds(step.took().unwrap_or_else(|| step.predicted())))
    };
    critical.iter().map(told).collect()
}

/// What the chart shows, for who does not see it.
fn description(subject: &Subject<'_>, all: &[Told<'_>]) -> String {
    let whole = subject.forecast.whole;
    let (p50, p95) = (words::seconds(whole.p50.into()), words::seconds(whole.p95.into()));
    let critical = all.iter().filter(|step| step.critical).count();
    let steps = words::count(all.len(), "step");
    let decide = if critical == 1 { "1 decides".to_owned() } else { format!("{critical} of them decide") };
    format!(
        "{steps} over time, predicted to take {p50} in all (p95 {p95}); {decide} when the run ends. The table below says the \
         same."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::report::axis::NAMES;

    #[test]
    fn times_that_touch_are_one_mark() {
        assert_eq!(merged(vec![(5.0, 6.0), (0.0, 1.0), (1.0, 2.0), (0.5, 0.7)]), [(0.0, 2.0), (5.0, 6.0)]);
        assert_eq!(merged(Vec::new()), Vec::<(f64, f64)>::new());
    }

    #[test]
    fn names_end_before_the_axis() {
        // The face of the names is 7 pixels wide at most.
        assert!(f64::from(u32::try_from(LETTERS).unwrap()) * 7.0 < NAMES - 8.0);
    }
}
