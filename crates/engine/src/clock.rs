//! The one clock. Every wait, horizon and rate bucket goes through it, so that
//! a time scale makes a fifteen-minute apply take a second in a test, and
//! tokio's paused time makes it take none.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// A moment by both clocks, see [`Clock::moment`].
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    now: Duration,
    wall: Timestamp,
}

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

    /// This moment, to be asked later how long ago it was.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment { now: self.now(), wall: self.wall() }
    }

    /// Time since a moment, by the monotonic clock.
    #[must_use]
    pub fn since(&self, moment: Moment) -> Duration {
        self.now().saturating_sub(moment.now)
    }

    /// Time since a moment, by whichever clock ran further. On some systems the monotonic one stands still while the
    /// machine sleeps; the wall's may be set. To be asked only where too long a time does no harm.
    #[must_use]
    pub fn at_most_since(&self, moment: Moment) -> Duration {
        let wall = self.wall().duration_since(moment.wall).unsigned_abs().mul_f64(self.scale);
        self.since(moment).max(wall)
    }

    /// Waits.
    #[expect(clippy::disallowed_methods, reason = "the one place that sleeps")]
    pub async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time.div_f64(self.scale)).await;
    }

    /// Runs a future for at most a time; `None` when the time is over.
    pub async fn within<T>(&self, time: Duration, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout(time.div_f64(self.scale), work).await.ok()
    }

    /// The time of day, for records and messages. It may be set, and differs between machines: whoever decides by it
    /// allows for that.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        let Some(day) = self.day else { return Timestamp::now() };
        SignedDuration::try_from(self.now()).ok().and_then(|time| day.checked_add(time).ok()).unwrap_or(day)
    }

    /// The time of day as people read it, see [`stamp`].
    #[must_use]
    pub fn stamp(&self) -> String {
        stamp(self.wall())
    }
}

/// A time as people read it, in UTC to the second (`2026-01-01T00:00:00Z`): always of one length, so that what is
/// written with it takes the same room at any time.
#[must_use]
pub fn stamp(time: Timestamp) -> String {
    format!("{time:.0}")
}
