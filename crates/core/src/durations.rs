//! How long things take: a prior of every kind and deed, replaced by what was measured on the user's own stack.
//!
//! The priors are data and come from outside ([`Priors`]). What a run measures is written into its journal and kept in
//! the state ([`History`]), so it survives the journal's end and travels with the state. Every number that speaks of time
//! comes from here: the queue's order, the first poll of a wait, the plan's estimates, the rehearsal.

use crate::impact::Level;
use crate::lower::Program;
use crate::state::Verb;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// So many measurements of one kind and deed are kept, the newest.
const KEPT: usize = 24;
/// The prior counts as so many measurements when the median is told: after one run it hardly matters.
const PRIOR_WEIGHT: f64 = 0.25;
/// The prior's spread counts as so many measurements: a few of them say little about the rare bad day.
const SPREAD_WEIGHT: f64 = 8.0;
/// What is not in any table takes so long: a call that takes effect at once.
const INSTANT: Estimate = Estimate { p50: 1.0, p95: 4.0 };

/// What is done to a resource, as far as it matters for how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Made, until it is usable.
    Create,
    /// Made as the first of several, with what all of them share. Only a lowering knows.
    First,
    /// Edited, without a restart.
    Update,
    /// Edited, with a restart or a change of the writer.
    Restart,
    /// Deleted, until it is gone.
    Delete,
    /// Its role was handed over. Its users are without it for about so long.
    Failover,
    /// Waited for until it had caught up.
    Settle,
    /// Restarted without an edit.
    Reboot,
    /// Only written down.
    Note,
}

/// Median and 95th percentile of a duration, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Half of the times it takes at most so long.
    pub p50: f32,
    /// 19 of 20 times it takes at most so long; never less than the median.
    pub p95: f32,
}

/// Where an estimate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "basis", rename_all = "snake_case")]
pub enum Basis {
    /// The table of priors.
    Prior,
    /// Measured on this stack, so many times; the prior hardly counts any more.
    Measured {
        /// How many measurements.
        samples: usize,
    },
    /// No table has it: as long as a call that takes effect at once.
    Assumed,
}

/// What was measured on a stack: the newest durations of every kind and deed, in seconds, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(BTreeMap<String, BTreeMap<Deed, Vec<f64>>>);

/// One duration that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The kind.
    pub kind: String,
    /// What was done.
    pub deed: Deed,
    /// How long it took, in seconds. What is stored is of the width that JSON has: it must be read back as it was written.
    pub seconds: f64,
}

/// The table of priors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Priors(BTreeMap<(String, Deed), Estimate>);

/// Priors and history together.
#[derive(Clone, Copy, Debug)]
pub struct Durations<'a> {
    /// The table.
    pub priors: &'a Priors,
    /// What was measured.
    pub history: &'a History,
}

impl Deed {
    /// All deeds that take time.
    pub const TIMED: [Self; 8] = [
        Self::Create,
        Self::First,
        Self::Update,
        Self::Restart,
        Self::Delete,
        Self::Failover,
        Self::Settle,
        Self::Reboot,
    ];

    /// The deed of a step: an edit with this impact.
    #[must_use]
    pub fn of(verb: Verb, impact: Level) -> Self {
        match verb {
            Verb::Create => Self::Create,
            Verb::Delete => Self::Delete,
            Verb::Forget => Self::Note,
            Verb::Failover | Verb::Failback => Self::Failover,
            Verb::Settle => Self::Settle,
            Verb::Restart => Self::Reboot,
            Verb::Pause | Verb::Resume => Self::Update,
            Verb::Update | Verb::Adopt if impact > Level::Reconnect => Self::Restart,
            Verb::Update | Verb::Adopt => Self::Update,
        }
    }

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::First => "first",
            Self::Update => "update",
            Self::Restart => "restart",
            Self::Delete => "delete",
            Self::Failover => "failover",
            Self::Settle => "settle",
            Self::Reboot => "reboot",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Estimate {
    /// Nothing is waited for.
    pub const NOTHING: Self = Self { p50: 0.0, p95: 0.0 };

    /// One after the other. Their bad days are independent, so their spreads add up as squares do.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        let p50 = self.p50 + next.p50;
        Self { p50, p95: p50 + (self.p95 - self.p50).hypot(next.p95 - next.p50) }
    }

    /// The duration that a part `z` of the standard normal distribution stands for: the durations' logarithms are taken
    /// to be normal, which gives them the long tail that control planes have.
    #[must_use]
    pub fn at(self, z: f64) -> f64 {
        let (p50, p95) = (f64::from(self.p50), f64::from(self.p95));
        if p50 <= 0.0 { p95.max(0.0) } else { p50 * (p95 / p50).max(1.0).powf(z / Z95) }
    }
}

/// The 95th percentile of the standard normal distribution.
pub const Z95: f64 = 1.644_853_6;

impl History {
    /// Adds a measurement; the oldest gives way. What is no duration is left out.
    pub fn add(&mut self, sample: &Sample) {
        if !sample.seconds.is_finite() || sample.seconds < 0.0 {
            return;
        }
        let kept = self.0.entry(sample.kind.clone()).or_default().entry(sample.deed).or_default();
        kept.push((sample.seconds * 10.0).round() / 10.0);
        if kept.len() > KEPT {
            kept.drain(..kept.len() - KEPT);
        }
    }

    /// Was nothing measured yet?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn of(&self, kind: &str, deed: Deed) -> &[f64] {
        self.0.get(kind).and_then(|deeds| deeds.get(&deed)).map_or(&[], Vec::as_slice)
    }
}

impl Priors {
    /// Adds a line of the table.
    pub fn add(&mut self, kind: &str, deed: Deed, estimate: Estimate) {
        self.0.insert((kind.to_owned(), deed), estimate);
    }

    /// The prior of a kind and deed. What has no line of its own takes as long as what it is a case of: a restart as an
    /// update, a first one as any other.
    #[must_use]
    pub fn get(&self, kind: &str, deed: Deed) -> Option<Estimate> {
        let line = |deed| self.0.get(&(kind.to_owned(), deed)).copied();
        line(deed).or_else(|| match deed {
            Deed::Restart => line(Deed::Update),
            Deed::First => line(Deed::Create),
            Deed::Create | Deed::Update | Deed::Delete | Deed::Note => None,
            Deed::Failover | Deed::Settle | Deed::Reboot => None,
        })
    }

    /// Every line.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Deed, Estimate)> {
        self.0.iter().map(|((kind, deed), estimate)| (kind.as_str(), *deed, *estimate))
    }
}

impl Durations<'_> {
    /// How long this usually takes, and where that comes from.
    #[must_use]
    pub fn estimate(&self, kind: &str, deed: Deed) -> (Estimate, Basis) {
        if deed == Deed::Note {
            return (Estimate::NOTHING, Basis::Prior);
        }
        let prior = self.priors.get(kind, deed);
        let samples = self.history.of(kind, deed);
        match (prior, samples) {
            (Some(prior), []) => (prior, Basis::Prior),
            (None, []) => (INSTANT, Basis::Assumed),
            (prior, samples) => {
                (learned(prior.unwrap_or(INSTANT), samples), Basis::Measured { samples: samples.len() })
            }
        }
    }

    /// The estimate, and the median that a wait goes by.
    fn timed(&self, kind: &str, deed: Deed) -> (Estimate, f32) {
        let (estimate, _) = self.estimate(kind, deed);
        let prior = self.priors.get(kind, deed).unwrap_or(INSTANT);
        (estimate, estimate.p50.min(prior.p50))
    }

    /// Gives every step of a program its estimate: by a deed that a lowering gave it, or by what it does.
    pub fn apply(&self, program: &mut Program) {
        let mut known: BTreeMap<(String, Deed), (Estimate, f32)> = BTreeMap::new();
        for step in &mut program.steps {
            let key = (step.address.kind().to_owned(), step.deed);
            let both = known.entry(key).or_insert_with_key(|(kind, deed)| self.timed(kind, *deed));
            (step.estimate, step.look_after) = *both;
        }
    }
}

/// Median and 95th percentile by measurements. The median is robust against a single bad day, and the prior's spread
/// stays until there are enough measurements to have one of their own.
fn learned(prior: Estimate, samples: &[f64]) -> Estimate {
    let mut sorted: Vec<f64> = samples.iter().map(|seconds| seconds.max(0.1)).collect();
    sorted.sort_by(f64::total_cmp);
    let count = whole(sorted.len());
    let mix = |own: f64, prior: f64, weight: f64| {
        ((count * own.ln() + weight * prior.max(0.01).ln()) / (count + weight)).exp()
    };
    let p50 = mix(median(&sorted), f64::from(prior.p50).max(0.1), PRIOR_WEIGHT);
    let high = sorted.get((sorted.len() * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or(p50);
    let spread = |low: f64, high: f64| (high / low.max(0.1)).max(1.0);
    let usual = spread(f64::from(prior.p50), f64::from(prior.p95));
    let ratio = mix(spread(median(&sorted), high), usual, SPREAD_WEIGHT);
    Estimate { p50: narrow(p50), p95: narrow((p50 * ratio).max(high)) }
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(0.1);
    if sorted.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) }
}

fn whole(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_possible_truncation, reason = "seconds need no more than 24 bits")]
pub(crate) fn narrow(seconds: f64) -> f32 {
    seconds as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PRIOR: Estimate = Estimate { p50: 270.0, p95: 780.0 };

    fn told(samples: &[f32]) -> (Estimate, Basis) {
        let (mut priors, mut history) = (Priors::default(), History::default());
        priors.add("db_instance", Deed::Create, PRIOR);
        for seconds in samples {
            history.add(&Sample { kind: "db_instance".to_owned(), deed: Deed::Create, seconds: f64::from(*seconds) });
        }
        Durations { priors: &priors, history: &history }.estimate("db_instance", Deed::Create)
    }

    #[test]
    fn without_a_history_the_prior_counts() {
        assert_eq!(told(&[]), (PRIOR, Basis::Prior));
        let (priors, history) = (Priors::default(), History::default());
        let durations = Durations { priors: &priors, history: &history };
        assert_eq!(durations.estimate("new_kind", Deed::Create), (INSTANT, Basis::Assumed));
        assert_eq!(durations.estimate("new_kind", Deed::Note).0, Estimate::NOTHING);
    }

    #[test]
    fn one_run_teaches_the_median() {
        for drawn in [0.7, 1.3_f32] {
            let truth = PRIOR.p50 * drawn;
            let (estimate, basis) = told(&[truth]);
            assert_eq!(basis, Basis::Measured { samples: 1 });
            assert!((estimate.p50 / truth - 1.0).abs() < 0.1, "{estimate:?} after one run of {truth} s");
        }
    }

    #[test]
    fn one_bad_day_moves_little() {
        let usual = [300.0, 310.0, 290.0, 305.0, 295.0];
        let (calm, _) = told(&usual);
        let (shaken, _) = told(&[&usual[..], &[3_600.0]].concat());
        assert!(shaken.p50 / calm.p50 < 1.05, "{calm:?} {shaken:?}");
        assert!(shaken.p95 >= 3_600.0, "the bad day is in the 95th percentile: {shaken:?}");
    }

    #[test]
    fn slow_days_do_not_make_waits_slow() {
        let (mut priors, mut history) = (Priors::default(), History::default());
        priors.add("db_instance", Deed::Create, PRIOR);
        for (seconds, looks_after) in [(3_600.0_f64, PRIOR.p50), (30.0, PRIOR.p50), (30.0, 40.0)] {
            history.add(&Sample { kind: "db_instance".to_owned(), deed: Deed::Create, seconds });
            let (_, after) = Durations { priors: &priors, history: &history }.timed("db_instance", Deed::Create);
            assert!(after <= looks_after, "looks after {after} s");
        }
    }

    #[test]
    fn the_history_is_bounded_and_forgets_the_oldest() {
        let old: Vec<f32> = vec![1_000.0; KEPT];
        let new: Vec<f32> = vec![100.0; KEPT];
        assert_eq!(told(&[old, new.clone()].concat()), told(&new));
    }

    #[test]
    fn a_restart_without_a_line_is_an_update() {
        let mut priors = Priors::default();
        priors.add("db_instance", Deed::Update, PRIOR);
        assert_eq!(priors.get("db_instance", Deed::Restart), Some(PRIOR));
        assert_eq!(priors.get("db_instance", Deed::Delete), None);
    }

    proptest! {
        /// What is stored is read back as it was written, to the last digit.
        #[test]
        fn measurements_survive_their_written_form(seconds in 0.0..100_000.0_f64) {
            let mut history = History::default();
            history.add(&Sample { kind: "db_instance".to_owned(), deed: Deed::Create, seconds });
            let written = serde_json::to_value(&history).unwrap();
            prop_assert_eq!(&crate::exact::parse(&serde_json::to_vec(&history).unwrap()).unwrap(), &written);
            prop_assert_eq!(crate::exact::typed::<History>(&written).unwrap(), history);
        }

        /// Whatever was measured, an estimate is a pair of durations.
        #[test]
        fn estimates_are_durations(samples in proptest::collection::vec(0.0..100_000.0_f32, 0..60)) {
            let (estimate, _) = told(&samples);
            prop_assert!(estimate.p50.is_finite() && estimate.p50 >= 0.0);
            prop_assert!(estimate.p95.is_finite() && estimate.p95 >= estimate.p50);
        }

        /// With a history as long as it may be, the median lies among what was measured.
        #[test]
        fn the_prior_fades(samples in proptest::collection::vec(10.0..1_000.0_f32, KEPT..40)) {
            let newest = &samples[samples.len() - KEPT..];
            let (low, high) = newest.iter().fold((f32::MAX, 0.0_f32), |(low, high), s| (low.min(*s), high.max(*s)));
            let (estimate, _) = told(&samples);
            prop_assert!(estimate.p50 >= low * 0.95 && estimate.p50 <= high * 1.05, "{estimate:?}");
        }
    }
}
