//! The one clock. Every wait, horizon and rate bucket goes through it, so that
//! a time scale makes a fifteen-minute apply take a second in a test, and
//! tokio's paused time makes it take none.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// A clock that may run faster than the wall's.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    scale: f64,
    /// The time of day when the clock was made, if that is made up.
    day: Option<Timestamp>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::scaled(1.0)
    }
}

impl Clock {
    /// A clock that runs `scale` times as fast as the wall's; not finite or not positive counts as 1.
    #[must_use]
    pub fn scaled(scale: f64) -> Self {
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
        Self { start: Instant::now(), scale, day: None }
    }

    /// A clock whose time of day is made up and moves with the monotonic one: in a simulation nothing may depend on
    /// when it is run.
    #[must_use]
    pub fn simulated(day: Timestamp) -> Self {
        Self { day: Some(day), ..Self::default() }
    }

    /// The same clock on a machine whose time of day differs by so many seconds.
    #[must_use]
    pub fn skewed(&self, seconds: i64) -> Self {
        let skew = |day: Timestamp| day.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(day);
        Self { day: self.day.map(skew), ..self.clone() }
    }

    /// Time since the clock was made: monotonic, a change of the wall clock does not move it.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.start.elapsed().mul_f64(self.scale)
    }

    /// Waits.
    pub async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time.div_f64(self.scale)).await;
    }

    /// Runs a future for at most a time; `None` when the time is over.
    pub async fn within<T>(&self, time: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(time.div_f64(self.scale), work).await.ok()
    }

    /// The time of day, for records and messages only: nothing is decided by it.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        let Some(day) = self.day else { return Timestamp::now() };
        SignedDuration::try_from(self.now()).ok().and_then(|time| day.checked_add(time).ok()).unwrap_or(day)
    }
}
