//! What a run did, step by step, as its events told: the measured half of a report.

use auroractl_core::lower::StepId;
use auroractl_engine::Event;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was under way when the record ended, with AWS's status.
    Running(String),
    /// It ended well.
    Done,
    /// It failed, and why.
    Failed(String),
    /// It was not started, because this resource's step failed.
    Blocked(String),
}

/// One step of a run. Times are seconds since the run began.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Track {
    /// When its call was sent; `None` for one that was not started.
    pub(crate) start: Option<f64>,
    /// When it ended, well or not.
    pub(crate) end: Option<f64>,
    /// What became of it.
    pub(crate) fate: Fate,
}

/// A run as it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// When it began, by the wall's clock.
    pub(crate) begun: Timestamp,
    /// The steps that anything was heard of.
    pub(crate) tracks: BTreeMap<StepId, Track>,
    /// How long it has lasted, in seconds.
    pub(crate) lasted: f64,
    origin: Duration,
}

impl Record {
    /// An empty record of a run that begins at these times of both clocks.
    pub(crate) fn new(begun: Timestamp, origin: Duration) -> Self {
        Self { begun, tracks: BTreeMap::new(), lasted: 0.0, origin }
    }

    /// Something happened, at this time of the monotonic clock.
    pub(crate) fn note(&mut self, event: &Event, now: Duration) {
        let at = now.saturating_sub(self.origin).as_secs_f64();
        self.lasted = at;
        match event {
            Event::StepStarted { step, .. } => {
                let track = Track { start: Some(at), end: None, fate: Fate::Running("under way".to_owned()) };
                self.tracks.insert(*step, track);
            }
            Event::StepWaiting { step, status, .. } => {
                if let Some(track) = self.tracks.get_mut(step) {
                    track.fate = Fate::Running(status.clone());
                }
            }
            Event::StepFinished { step, .. } => self.ended(*step, at, Fate::Done),
            Event::StepFailed { step, error, .. } => self.ended(*step, at, Fate::Failed(error.to_string())),
            Event::StepBlocked { step, because, .. } => {
                let track = Track { start: None, end: None, fate: Fate::Blocked(because.to_string()) };
                self.tracks.insert(*step, track);
            }
            Event::RunStarted { .. }
            | Event::Resuming { .. }
            | Event::Resolved { .. }
            | Event::StepInDoubt { .. }
            | Event::Heartbeat { .. }
            | Event::Interrupted
            | Event::Strays { .. }
            | Event::RunFinished(_) => {}
        }
    }

    fn ended(&mut self, step: StepId, at: f64, fate: Fate) {
        let track = self.tracks.entry(step).or_insert(Track { start: Some(at), end: None, fate: Fate::Done });
        (track.end, track.fate) = (Some(at), fate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::state::Verb;
    use auroractl_engine::{CallError, Class};

    #[test]
    fn every_step_has_its_times_and_its_fate() {
        let mut record = Record::new(Timestamp::UNIX_EPOCH, Duration::from_secs(10));
        let address = || "vpc.main".parse().unwrap();
        let start = |step| Event::StepStarted { step, address: address(), verb: Verb::Create, expected_seconds: 1.0 };
        for step in 0..3 {
            record.note(&start(step), Duration::from_secs(11));
        }
        let done = Event::StepFinished { step: 0, address: address(), verb: Verb::Create, seconds: 4.0 };
        record.note(&done, Duration::from_secs(15));
        let status = "creating".to_owned();
        record.note(&Event::StepWaiting { step: 1, address: address(), status }, Duration::from_secs(16));
        let error = CallError::new("ec2:CreateVpc", Class::Denied, "no");
        let failed = Event::StepFailed { step: 2, address: address(), verb: Verb::Create, error };
        record.note(&failed, Duration::from_secs(17));
        let blocked = Event::StepBlocked { step: 3, address: address(), because: address() };
        record.note(&blocked, Duration::from_secs(17));
        let times: Vec<_> = record.tracks.values().map(|track| (track.start, track.end)).collect();
        assert_eq!(times, [(Some(1.0), Some(5.0)), (Some(1.0), None), (Some(1.0), Some(7.0)), (None, None)]);
        assert_eq!(record.tracks[&1].fate, Fate::Running("creating".to_owned()));
        assert!(matches!(&record.tracks[&2].fate, Fate::Failed(why) if why.contains("no")));
        assert_eq!(record.tracks[&3].fate, Fate::Blocked("vpc.main".to_owned()));
        assert_eq!(record.lasted, 7.0);
    }
}
