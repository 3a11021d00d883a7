//! The axis of time that the figures of a report share.

use super::Subject;
use crate::view::svg::px;
use serde::Serialize;

/// Width of a figure, of the names before the axis, and of the times behind it, in pixels.
pub(super) const WIDTH: f64 = 1000.0;
pub(super) const NAMES: f64 = 300.0;
const TIMES: f64 = 124.0;
/// Distances between ticks, in seconds.
const STEPS: [u32; 17] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
/// At most so many ticks.
const TICKS: u32 = 8;

/// The axis.
#[derive(Debug, Serialize)]
pub(super) struct Axis {
    ticks: Vec<Tick>,
    width: f64,
    names: f64,
    /// Where the bars end.
    right: f64,
    #[serde(skip)]
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Tick {
    x: String,
    label: String,
}

impl Axis {
    /// Long enough for the predicted run on a bad day, and for what was measured.
    pub(super) fn of(subject: &Subject<'_>) -> Self {
        let predicted = f64::from(subject.forecast.whole.p95.max(subject.forecast.whole.p50));
        let measured = subject.run.map_or(0.0, |run| run.record.lasted);
        Self::until(predicted.max(measured).max(1.0))
    }

    fn until(seconds: f64) -> Self {
        let right = WIDTH - TIMES;
        let mut axis = Self { ticks: Vec::new(), width: WIDTH, names: NAMES, right, seconds };
        let whole = STEPS.into_iter().find(|step| seconds / f64::from(*step) <= f64::from(TICKS));
        let step = whole.unwrap_or(604_800);
        let ticks = (0..=TICKS).map(|tick| tick * step).take_while(|at| f64::from(*at) <= seconds);
        axis.ticks = ticks.map(|at| Tick { x: px(axis.x(f64::from(at))), label: label(at) }).collect();
        axis
    }

    /// Where a moment stands.
    pub(super) fn x(&self, seconds: f64) -> f64 {
        NAMES + (seconds / self.seconds).clamp(0.0, 1.0) * (self.right - NAMES)
    }

    /// Where a bar between two moments begins, and how wide it is: never too narrow to be seen.
    pub(super) fn bar(&self, from: f64, to: f64) -> (String, String) {
        let (left, right) = (self.x(from), self.x(to));
        let width = (right - left).max(2.0);
        (px(left.min(self.right - width)), px(width))
    }
}

/// `30 s`, `5 min`, `1 min 20 s`, `1 h 30 min`: as all other times are told, but for what is nothing.
fn label(seconds: u32) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_few_and_round() {
        for seconds in [1.0, 7.0, 59.0, 61.0, 754.0, 3_599.0, 20_000.0, 90_000.0, 600_000.0, 4.0e6] {
            let axis = Axis::until(seconds);
            assert!((2..=9).contains(&axis.ticks.len()), "{seconds}: {:?}", axis.ticks);
        }
        let labels: Vec<String> = Axis::until(754.0).ticks.into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels, ["0 s", "2 min", "4 min", "6 min", "8 min", "10 min", "12 min"]);
        let labels: Vec<String> = Axis::until(160.0).ticks.into_iter().map(|tick| tick.label).collect();
        assert_eq!(labels[2..6], ["40 s", "1 min", "1 min 20 s", "1 min 40 s"]);
        assert_eq!([label(5_400), label(7_200)], ["1 h 30 min", "2 h"]);
    }

    #[test]
    fn bars_are_seen_and_stay_on_the_axis() {
        let axis = Axis::until(100.0);
        assert_eq!(axis.bar(0.0, 100.0), ("300".to_owned(), "576".to_owned()));
        assert_eq!(axis.bar(100.0, 100.0), ("874".to_owned(), "2".to_owned()));
        assert_eq!(axis.bar(500.0, 900.0), ("874".to_owned(), "2".to_owned()));
    }
}
