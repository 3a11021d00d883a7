//! What users of the database feel, and when: the timeline of interruptions.

use super::axis::Axis;
use super::happened::{Happened, happened, is_certain, step, writer_steps};
use super::{Subject, short};
use crate::forecast::signed;
use crate::view::forecast::REFUSED;
use crate::view::outage::{
    because, felt as in_words, later_line, line, lost, restarted, summed, then, when, words as whole,
};
use crate::view::svg::px;
use crate::view::words;
use auroractl_core::outage::{Felt as What, InWindow, Outage, Window};
use auroractl_stack::{Alternative, Forecast, Note};
use serde::Serialize;

/// Height of a lane, and of the axis above.
const LANE: f64 = 30.0;
const TOP: f64 = 26.0;
/// At most so many lanes, and so many windows in all.
const LANES: usize = 30;
const WINDOWS: usize = 200;
/// Letters of a lane's name.
const LETTERS: usize = 41;

/// The timeline.
#[derive(Debug, Default, Serialize)]
pub(super) struct Felt {
    pub(super) sentence: String,
    /// The run has ended: what is told stands where its step was measured.
    measured: bool,
    lanes: Vec<Lane>,
    pub(super) rows: Vec<Row>,
    height: String,
    left_out: usize,
    pub(super) later: Vec<String>,
    /// What the other strategies would be like; none where there is no choice.
    pub(super) ways: Vec<Way>,
}

/// A strategy of the stack file.
#[derive(Debug, Serialize)]
pub(super) struct Way {
    pub(super) name: String,
    pub(super) chosen: bool,
    pub(super) felt: String,
    pub(super) takes: String,
    pub(super) at_most: String,
    pub(super) peak: String,
}

/// One who is interrupted, in one way.
#[derive(Debug, Serialize)]
struct Lane {
    who: String,
    name: String,
    what: &'static str,
    tone: &'static str,
    text_y: String,
    bars: Vec<Bar>,
}

/// From when to when, on a usual day and on a bad one.
#[derive(Debug, Serialize)]
struct Bar {
    title: String,
    x: String,
    y: String,
    width: String,
    late_width: String,
}

/// The same as a line of a table.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) who: String,
    pub(super) what: &'static str,
    pub(super) from: String,
    pub(super) lasts: String,
    pub(super) at_most: String,
    pub(super) by: String,
    pub(super) fields: String,
    /// What became of the step that does it, in a run.
    pub(super) step: String,
}

/// The timeline of a plan, or of what came about of it.
pub(super) fn felt(subject: &Subject<'_>, axis: &Axis) -> Felt {
    if subject.plan.refused().next().is_some() {
        // Nothing happens, and nothing is drawn that would.
        return Felt { sentence: sentence(subject), ..Felt::default() };
    }
    let Happened { outage, missed, .. } = happened(subject);
    let mut lanes: Vec<Lane> = Vec::new();
    for window in outage.windows.iter().take(WINDOWS) {
        let (who, what) = (window.address.to_string(), behind(window.what));
        let found = lanes.iter().position(|lane| lane.who == who && lane.what == what);
        let index = found.unwrap_or(lanes.len());
        let top = TOP + LANE * f64::from(u32::try_from(index).unwrap_or(0));
        if found.is_none() {
            let name = short(&who, LETTERS);
            lanes.push(Lane { who, name, what, tone: tone(window.what), text_y: px(top + 19.0), bars: Vec::new() });
        }
        if let Some(lane) = lanes.get_mut(index) {
            lane.bars.push(bar(subject, window, (axis, top + 8.0)));
        }
    }
    lanes.truncate(LANES);
    let drawn: usize = lanes.iter().map(|lane| lane.bars.len()).sum();
    let told = outage.windows.iter().map(|window| row(subject, window));
    let rows = told.chain(missed.into_iter().map(|window| never(subject, window))).take(WINDOWS).collect();
    Felt {
        sentence: sentence(subject),
        measured: subject.run.is_some_and(|run| run.end.is_some()),
        height: px(TOP + LANE * f64::from(u32::try_from(lanes.len()).unwrap_or(0)) + 6.0),
        lanes,
        rows,
        left_out: outage.windows.len().saturating_sub(drawn),
        later: outage.later.iter().take(WINDOWS).map(later_line).collect(),
        ways: subject.forecast.ways.iter().map(way).collect(),
    }
}

fn way(way: &Alternative) -> Way {
    let Forecast { whole: lasts, money, .. } = &way.forecast;
    Way {
        name: way.strategy.to_string(),
        chosen: way.chosen,
        felt: whole(&way.forecast),
        takes: words::seconds(lasts.p50.into()),
        at_most: words::seconds(lasts.p95.into()),
        peak: money.peak.as_ref().map(|peak| signed(peak.hourly_over_before)).unwrap_or_default(),
    }
}

/// What it is, behind the bars. What has no end is drawn up to there, so that its words have no more room than that.
fn behind(what: What) -> &'static str {
    match what {
        What::EndpointChanges => "new endpoint",
        _ => in_words(what),
    }
}

fn tone(what: What) -> &'static str {
    match what {
        What::WriterUnavailable | What::GoneForGood | What::EndpointChanges => "bad",
        What::ReaderRestarts | What::ReaderReplaced | What::ReaderLeaves | What::ConnectionsDropped => "warn",
    }
}

fn bar(subject: &Subject<'_>, window: &Window, (axis, y): (&Axis, f64)) -> Bar {
    let from = f64::from(window.from);
    // What has no end is drawn to the end of the axis.
    let until = window.until.map_or(f64::MAX, |until| until.p50.into());
    let late = window.until.map_or(f64::MAX, |until| until.p95.into());
    let (x, width) = axis.bar(from, until);
    let title = match step(subject, window) {
        none if none.is_empty() => line(window),
        fate => format!("{}; predicted, its step {fate}", line(window)),
    };
    Bar { title, x, y: px(y), width, late_width: axis.bar(from, late).1 }
}

/// What was predicted, and whose step was not started.
fn never(subject: &Subject<'_>, window: &Window) -> Row {
    let nothing = String::new;
    Row { from: nothing(), lasts: nothing(), at_most: nothing(), ..row(subject, window) }
}

fn row(subject: &Subject<'_>, window: &Window) -> Row {
    let lasts = window.until.map(|_| window.lasts());
    let told = |seconds: f32| words::seconds(seconds.into());
    Row {
        who: window.address.to_string(),
        what: in_words(window.what),
        from: told(window.from),
        lasts: lasts.map_or_else(|| "for good".to_owned(), |lasts| told(lasts.p50)),
        at_most: lasts.map_or_else(String::new, |lasts| told(lasts.p95)),
        by: window.by.to_string(),
        fields: because(window),
        step: step(subject, window),
    }
}

/// What is felt, in one sentence.
pub(super) fn sentence(subject: &Subject<'_>) -> String {
    if subject.plan.refused().next().is_some() {
        return super::head::sentence(REFUSED);
    }
    let Happened { outage, missed, notes } = happened(subject);
    if outage.is_none() && !missed.is_empty() {
        let nobody = "Nobody who uses the database was interrupted: no step that does it was started";
        let parts = std::iter::once(nobody).chain(texts(&notes));
        return format!("{}.", parts.collect::<Vec<_>>().join("; "));
    }
    let text = summed(&outage, &notes, subject.forecast);
    if subject.run.is_some() && !is_certain(subject, &outage) {
        return format!("Predicted: {text}.");
    }
    super::head::sentence(&text)
}

/// The same as a figure: what, a note, and a tone.
pub(super) fn figure(subject: &Subject<'_>) -> (String, String, &'static str) {
    if subject.plan.refused().next().is_some() {
        return ("nothing".to_owned(), "a change is refused, so none is made".to_owned(), "");
    }
    let Happened { outage, missed, notes } = happened(subject);
    if outage.is_none() && !missed.is_empty() {
        let note = std::iter::once("no step that interrupts was started").chain(texts(&notes));
        let tone = if notes.is_empty() { "good" } else { "warn" };
        return ("nothing".to_owned(), note.collect::<Vec<_>>().join("; "), tone);
    }
    let (value, note, tone) = sums(&outage, &notes);
    if subject.run.is_none() || is_certain(subject, &outage) {
        return (value, note, tone);
    }
    let measured = writer_steps(subject, &outage).map(|took| format!(" ({took})")).unwrap_or_default();
    (value, format!("predicted{measured}: {note}"), tone)
}

fn texts<'a>(notes: &'a [&Note]) -> impl Iterator<Item = &'a str> {
    notes.iter().map(|note| note.text.as_str())
}

fn sums(outage: &Outage, beside: &[&Note]) -> (String, String, &'static str) {
    if outage.windows.iter().any(Window::loses_cluster) {
        return ("deletion".to_owned(), "the cluster is gone for good".to_owned(), "bad");
    }
    let (value, note, tone) =
        meanwhile(outage).or_else(|| outage.in_window.as_ref().map(afterwards)).unwrap_or_else(|| {
            let tone = if outage.losses.is_empty() && beside.is_empty() { "good" } else { "warn" };
            ("nothing".to_owned(), vec!["no connection is dropped".to_owned()], tone)
        });
    // Where the run itself interrupts, that is the figure, and what comes later its note.
    let later = outage.in_window.as_ref().filter(|_| !outage.is_none());
    let later = later.map(|later| format!("{}: {}", when(&later.windows), then(later)));
    let beside = texts(beside).map(str::to_owned);
    let notes: Vec<String> =
        note.into_iter().chain(later).chain(outage.losses.iter().map(lost)).chain(beside).collect();
    let tone = if outage.in_window.as_ref().is_some_and(|later| later.writer.times > 0) { "bad" } else { tone };
    (value, notes.join("; "), tone)
}

/// What is felt while it runs, if anything is.
fn meanwhile(outage: &Outage) -> Option<(String, Vec<String>, &'static str)> {
    let (writer, readers) = (outage.writer, outage.readers);
    if writer.times > 0 {
        let at_most = words::seconds(writer.lasts.p95.into());
        let more = (readers.times > 0).then(|| restarted(outage));
        let note = std::iter::once(format!("without a writer (p95 {at_most})")).chain(more).collect();
        return Some((words::seconds(writer.lasts.p50.into()), note, "bad"));
    }
    if readers.times > 0 {
        return Some((words::count(readers.times, "reader"), vec![restarted(outage)], "warn"));
    }
    let first = outage.windows.first()?;
    Some((words::count(outage.windows.len(), "interruption"), vec![in_words(first.what).to_owned()], "warn"))
}

/// What is felt in the maintenance window alone.
fn afterwards(later: &InWindow) -> (String, Vec<String>, &'static str) {
    let note = vec![format!("{}: {}", when(&later.windows), then(later)), "nobody while it runs".to_owned()];
    match later.writer.times {
        0 if later.readers.times > 0 => (words::count(later.readers.times, "reader"), note, "warn"),
        0 => (words::count(later.dropped, "interruption"), note, "warn"),
        _ => (words::seconds(later.writer.lasts.p50.into()), note, "bad"),
    }
}
