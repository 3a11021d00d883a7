//! The one clock. Every wait, horizon and rate bucket goes through it, so that
//! a time scale makes a fifteen-minute apply take a second in a test, and
//! tokio's paused time makes it take none.

use jiff::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// A clock that may run faster than the wall's.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    scale: f64,
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
        Self { start: Instant::now(), scale }
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
        Timestamp::now()
    }
}
