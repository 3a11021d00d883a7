//! What came about of the predicted interruptions, after a run.
//!
//! A run measures its steps, and never what users felt of them. So an interruption whose step was not started has not come
//! about; one whose step was started stands where the step was measured, and is no longer than the step. How long it lasted
//! stays a prediction.

use super::Subject;
use crate::record::{Fate, Record};
use crate::view::forecast::seconds;
use crate::view::words;
use auroractl_core::outage::{Felt, Outage, Window};
use auroractl_core::rehearse::Span;
use auroractl_core::state::Verb;
use auroractl_core::{Address, Estimate, When};
use auroractl_stack::{Forecast, Note};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Moments that are no further apart are one, in seconds.
const TOGETHER: f64 = 0.02;

/// What came about.
pub(super) struct Happened<'a> {
    /// The interruptions whose steps were started; all of them, as predicted, where no run has ended.
    pub(super) outage: Cow<'a, Outage>,
    /// The others.
    pub(super) missed: Vec<&'a Window>,
    /// What clients notice beside them, of the edits that were sent.
    pub(super) notes: Vec<&'a Note>,
}

/// What came about of the interruptions.
pub(super) fn happened<'a>(subject: &Subject<'a>) -> Happened<'a> {
    match ended(subject) {
        Some(record) => of_run(subject.forecast, record),
        None => {
            let Forecast { outage, notes, .. } = subject.forecast;
            Happened { outage: Cow::Borrowed(outage), missed: Vec::new(), notes: notes.iter().collect() }
        }
    }
}

/// The record of a run that has ended.
fn ended<'a>(subject: &Subject<'a>) -> Option<&'a Record> {
    subject.run.filter(|run| run.end.is_some()).map(|run| run.record)
}

fn of_run<'a>(forecast: &'a Forecast, record: &Record) -> Happened<'a> {
    let (mut windows, mut missed) = (Vec::new(), Vec::new());
    for window in &forecast.outage.windows {
        let span = forecast.rehearsal.spans.get(window.step).copied();
        let track = record.tracks.get(&window.step);
        match track.and_then(|track| Some(((track.start?, track.end), span?))) {
            Some(place) => windows.push(placed(window, place)),
            None => missed.push(window),
        }
    }
    let mut outage = forecast.outage.with(windows);
    let is_edited = |at: &Address| is_sent(at, &[Verb::Update, Verb::Adopt], forecast, record);
    outage.later.retain(|later| is_edited(&later.address));
    outage.losses.retain(|loss| is_edited(&loss.address));
    outage.in_window = outage.in_window.filter(|_| outage.later.iter().any(|later| later.when == When::InWindow));
    // Of a rule that is replaced the delete of the old one is what locks out.
    let is_noticed = |at: &Address| is_edited(at) || is_sent(at, &[Verb::Delete], forecast, record);
    let notes = forecast.notes.iter().filter(|note| note.by.iter().any(is_noticed)).collect();
    Happened { outage: Cow::Owned(outage), missed, notes }
}

/// A window where its step was measured: at the step's begin or at its end, as was predicted.
fn placed(window: &Window, ((start, end), span): ((f64, Option<f64>), Span)) -> Window {
    let (predicted, lasts) = (f64::from(window.from), window.lasts());
    let (begin, over) = (seconds(span.start), seconds(span.end));
    let from = match end {
        Some(end) if predicted > begin + TOGETHER => (end - (over - predicted)).max(start),
        _ => start + (predicted - begin),
    };
    // What was predicted to outlast its step is not the step's alone.
    let within = window.until.is_some_and(|until| f64::from(until.p50) <= over + TOGETHER);
    let most = end.filter(|_| within).map_or(f32::MAX, |end| narrow(end - start));
    let from = narrow(from);
    let until = window.until.map(|_| Estimate { p50: from + lasts.p50.min(most), p95: from + lasts.p95.min(most) });
    Window { from, until, ..window.clone() }
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a run need no more than 24 bits")]
fn narrow(seconds: f64) -> f32 {
    seconds as f32
}

/// Was one of these sent for this resource?
fn is_sent(at: &Address, verbs: &[Verb], forecast: &Forecast, record: &Record) -> bool {
    let mut steps = forecast.program.steps.iter().enumerate();
    steps.any(|(id, step)| {
        let wanted = verbs.contains(&step.verb) && step.address == *at;
        wanted && record.tracks.get(&id).is_some_and(|track| track.start.is_some())
    })
}

/// What became of the step of an interruption, in words; nothing where no run has ended.
pub(super) fn step(subject: &Subject<'_>, window: &Window) -> String {
    let Some(record) = ended(subject) else { return String::new() };
    let track = record.tracks.get(&window.step).and_then(|track| Some((track.start?, track)));
    let Some((start, track)) = track else { return "not started: nobody felt it".to_owned() };
    let took = words::seconds(track.end.unwrap_or(record.lasted) - start);
    match track.fate {
        Fate::Failed(_) => format!("failed after {took}: it may have been felt"),
        Fate::Running(_) => "under way when the run ended: it may be felt yet".to_owned(),
        Fate::Done | Fate::Blocked(_) => format!("took {took}"),
    }
}

/// Did all of it come about for certain? What is gone for good, or moved to another endpoint, has no length that would be
/// predicted.
pub(super) fn is_certain(subject: &Subject<'_>, outage: &Outage) -> bool {
    let done = |window: &Window| {
        let track = ended(subject).and_then(|record| record.tracks.get(&window.step));
        window.until.is_none() && track.is_some_and(|track| track.fate == Fate::Done)
    };
    !outage.is_none() && outage.windows.iter().all(done)
}

/// How long the steps took that left the cluster without a writer: `its step took 47 s`. Nothing where there are none.
pub(super) fn writer_steps(subject: &Subject<'_>, outage: &Outage) -> Option<String> {
    let record = ended(subject)?;
    let of_writer = outage.windows.iter().filter(|window| window.what == Felt::WriterUnavailable);
    let steps: BTreeSet<usize> = of_writer.map(|window| window.step).collect();
    let tracks = steps.iter().filter_map(|step| record.tracks.get(step));
    let took: f64 = tracks.filter_map(|track| Some(track.end.unwrap_or(record.lasted) - track.start?)).sum();
    let what = if steps.len() == 1 { "its step" } else { "its steps" };
    (!steps.is_empty()).then(|| format!("{what} took {}", words::seconds(took)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{self, calm};
    use auroractl_core::lower::Step;
    use auroractl_core::outage::Later;
    use auroractl_core::{Deed, Level};
    use auroractl_engine::{CallError, Class, Event};
    use jiff::Timestamp;
    use std::time::Duration;

    const ADDRESSES: [&str; 3] = ["db_instance.b", "db_cluster.main", "db_instance.a"];
    const VERBS: [Verb; 3] = [Verb::Update, Verb::Failover, Verb::Update];

    fn at(address: &str) -> Address {
        address.parse().unwrap()
    }

    /// A reader, a failover, and the old writer, 100 s each: each restart is the last 30 s of its step.
    fn forecast() -> Forecast {
        let step = |id: usize| Step {
            address: at(ADDRESSES[id]),
            verb: VERBS[id],
            generation: 1,
            target: None,
            undoes: None,
            after: id.checked_sub(1).into_iter().collect(),
            deed: Deed::Update,
            estimate: Estimate { p50: 100.0, p95: 200.0 },
            look_after: 0.0,
        };
        let window = |(what, step, from, (p50, p95)): (Felt, usize, f32, (f32, f32))| Window {
            what,
            address: at(ADDRESSES[step]),
            by: at(ADDRESSES[step]),
            step,
            fields: Vec::new(),
            handover: None,
            from,
            until: Some(Estimate { p50: from + p50, p95: from + p95 }),
        };
        let windows = [
            (Felt::ReaderRestarts, 0, 70.0, (30.0, 90.0)),
            (Felt::WriterUnavailable, 1, 100.0, (15.0, 60.0)),
            (Felt::ReaderRestarts, 2, 270.0, (30.0, 90.0)),
        ];
        let later = |address: &str| Later {
            address: at(address),
            field: "x".to_owned(),
            when: When::InWindow,
            level: Level::RebootOne,
            window: None,
        };
        let nothing = Outage { later: vec![later("db_instance.b"), later("db_instance.a")], ..calm() };
        let outage = nothing.with(windows.into_iter().map(window).collect());
        let note = |by: &str| Note { by: vec![at(by)], text: format!("what {by} does") };
        let notes = vec![note("db_instance.b"), note("db_instance.a")];
        Forecast { notes, ..testing::forecast((0..3).map(step).collect(), outage) }
    }

    /// A run whose steps begin and end at these times; one without an end fails after a second.
    fn record(steps: &[(u64, Option<u64>)]) -> Record {
        let mut record = Record::new(Timestamp::UNIX_EPOCH, Duration::ZERO);
        for (step, (start, end)) in steps.iter().enumerate() {
            let (address, verb) = (|| at(ADDRESSES[step]), VERBS[step]);
            let begun = Event::StepStarted { step, address: address(), verb, expected_seconds: 100.0 };
            record.note(&begun, Duration::from_secs(*start));
            let error = CallError::new("rds:ModifyDBInstance", Class::Denied, "no");
            let over = match end {
                Some(_) => Event::StepFinished { step, address: address(), verb, seconds: 1.0 },
                None => Event::StepFailed { step, address: address(), verb, error },
            };
            record.note(&over, Duration::from_secs(end.unwrap_or(start + 1)));
        }
        record
    }

    /// Which windows came about: from when, until when, and until when on a bad day.
    fn told(of: &Happened<'_>) -> Vec<(f32, f32, f32)> {
        let windows = of.outage.windows.iter();
        windows.filter_map(|window| Some((window.from, window.until?.p50, window.until?.p95))).collect()
    }

    #[test]
    fn what_came_about_stands_where_its_step_was_measured() {
        let forecast = forecast();
        let all = of_run(&forecast, &record(&[(10, Some(60)), (60, Some(107)), (110, Some(400))]));
        assert_eq!(told(&all), [(30.0, 60.0, 80.0), (60.0, 75.0, 107.0), (370.0, 400.0, 460.0)]);
        assert_eq!((all.missed.len(), all.outage.later.len(), all.notes.len()), (0, 2, 2));
        assert_eq!(all.outage.writer.lasts, Estimate { p50: 15.0, p95: 47.0 }, "no longer than its step");
    }

    #[test]
    fn what_was_not_started_did_not_come_about() {
        let forecast = forecast();
        let one = of_run(&forecast, &record(&[(10, Some(60))]));
        assert_eq!((one.outage.writer.times, one.outage.readers.times, one.missed.len()), (0, 1, 2));
        assert_eq!(one.outage.later.len(), 1, "an edit that was not sent does not count later");
        let noticed: Vec<&str> = one.notes.iter().map(|note| note.text.as_str()).collect();
        assert_eq!(noticed, ["what db_instance.b does"], "nor does anybody notice it");
        let none = of_run(&forecast, &record(&[]));
        assert!(none.outage.is_none() && none.missed.len() == 3);
        let failed = of_run(&forecast, &record(&[(10, None)]));
        assert_eq!(told(&failed), [(10.0, 11.0, 11.0)], "it may have been felt, and not after its step");
    }
}
