//! How fast a service may be called: a token bucket each for reads and for writes, halved when the service says "slow
//! down", and given back a tenth of its rate a minute.

use auroractl_engine::Clock;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Slowest rate, in calls a second.
const SLOWEST: f64 = 0.5;
/// A burst of throttled answers within this time halves the rate once.
const ONE_BURST: Duration = Duration::from_secs(2);
/// So often the rate recovers by [`RECOVERY`].
const MINUTE: Duration = Duration::from_secs(60);
/// This part of the full rate comes back a minute.
const RECOVERY: f64 = 0.1;

/// Calls a second, and how many may be sent at once.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pace {
    rate: f64,
    burst: f64,
}

const fn pace(rate: f64, burst: f64) -> Pace {
    Pace { rate, burst }
}

/// Pace of reads and of writes by service.
///
/// EC2: "Request throttling for the Amazon EC2 API" (non-mutating 20 a second of a bucket of 100, mutating 5 of 50; each
/// action has its own, so one for all of them is careful). CloudWatch: "CloudWatch service quotas" (`DescribeAlarms` 9,
/// `PutMetricAlarm` 3). KMS: "Request quotas" (`CreateKey`, `CreateAlias` 5; the reads in use 500 and more). SNS: quotas
/// (`CreateTopic` 30, tags 10). Logs: quotas (`CreateLogGroup`, `DescribeLogGroups` 10). Tagging: `GetResources` 15. RDS,
/// IAM and Application Auto Scaling document none: these are what provisioning tools live with.
const PACES: &[(&str, Pace, Pace)] = &[
    ("application-autoscaling", pace(10.0, 20.0), pace(5.0, 10.0)),
    ("cloudwatch", pace(9.0, 18.0), pace(3.0, 12.0)),
    ("ec2", pace(20.0, 100.0), pace(5.0, 50.0)),
    ("iam", pace(15.0, 30.0), pace(5.0, 15.0)),
    ("kms", pace(50.0, 100.0), pace(5.0, 10.0)),
    ("logs", pace(10.0, 20.0), pace(5.0, 20.0)),
    ("rds", pace(20.0, 40.0), pace(10.0, 20.0)),
    ("s3", pace(50.0, 100.0), pace(20.0, 50.0)),
    ("sns", pace(10.0, 30.0), pace(10.0, 30.0)),
    ("tagging", pace(10.0, 15.0), pace(5.0, 5.0)),
];

/// Pace of a service that stands in no table.
const OTHER: Pace = pace(10.0, 20.0);

/// The bucket of one service's reads or writes.
#[derive(Debug)]
pub struct Bucket {
    full: Pace,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    rate: f64,
    /// Below zero: tokens of the future, already promised.
    tokens: f64,
    filled: Duration,
    slowed: Option<Duration>,
    /// Nothing is sent before this.
    held: Duration,
}

impl Bucket {
    /// The bucket of a service's reads or writes, full.
    #[must_use]
    pub fn of(service: &str, reads: bool) -> Self {
        let row = PACES.iter().find(|(name, ..)| *name == service);
        let full = row.map_or(OTHER, |(_, read, write)| if reads { *read } else { *write });
        let inner =
            Inner { rate: full.rate, tokens: full.burst, filled: Duration::ZERO, slowed: None, held: Duration::ZERO };
        Self { full, inner: Mutex::new(inner) }
    }

    /// Takes a token, waiting for it if need be. In order of asking: a late comer does not overtake.
    pub async fn take(&self, clock: &Clock) {
        let wait = {
            let now = clock.now();
            let mut inner = self.inner();
            let token = inner.spend(now, self.full.burst);
            token.max(inner.held.saturating_sub(now))
        };
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
    }

    /// The service said "slow down", perhaps for how long. The new rate, if it changed: several throttled answers at
    /// once are one event.
    pub fn slower(&self, clock: &Clock, pause: Option<Duration>) -> Option<f64> {
        let now = clock.now();
        let mut inner = self.inner();
        inner.refill(now, self.full.burst);
        if let Some(pause) = pause {
            inner.held = inner.held.max(now.saturating_add(pause));
        }
        if inner.slowed.is_some_and(|then| now.saturating_sub(then) <= ONE_BURST) {
            return None;
        }
        inner.rate = (inner.rate / 2.0).max(SLOWEST);
        inner.tokens = inner.tokens.min(0.0);
        inner.slowed = Some(now);
        Some(inner.rate)
    }

    /// The service answered: the rate recovers with time.
    pub fn answered(&self, clock: &Clock) {
        let now = clock.now();
        let mut inner = self.inner();
        while let Some(then) = inner.slowed
            && now.saturating_sub(then) >= MINUTE
        {
            inner.rate = self.full.rate.mul_add(RECOVERY, inner.rate).min(self.full.rate);
            inner.slowed = (inner.rate < self.full.rate).then_some(then + MINUTE);
        }
    }

    /// Calls a second, now.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.inner().rate
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn refill(&mut self, now: Duration, burst: f64) {
        let gained = now.saturating_sub(self.filled).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + gained).min(burst);
        self.filled = now;
    }

    /// Spends a token, perhaps one of the future, and says how long to wait for it.
    fn spend(&mut self, now: Duration, burst: f64) -> Duration {
        self.refill(now, burst);
        self.tokens -= 1.0;
        if self.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.tokens / self.rate) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_the_rest_waits() {
        let (bucket, clock) = (Bucket::of("ec2", false), Clock::default());
        for _ in 0..50 {
            bucket.take(&clock).await;
        }
        assert!(clock.now() < Duration::from_millis(10), "{:?}", clock.now());
        for _ in 0..10 {
            bucket.take(&clock).await;
        }
        assert!(clock.now() >= Duration::from_millis(1990), "{:?}", clock.now());
    }

    #[tokio::test(start_paused = true)]
    async fn one_burst_of_throttling_halves_once_and_time_heals() {
        let (bucket, clock) = (Bucket::of("ec2", true), Clock::default());
        let told: Vec<_> = (0..5).map(|_| bucket.slower(&clock, None)).collect();
        assert_eq!(told, [Some(10.0), None, None, None, None]);
        clock.sleep(MINUTE).await;
        bucket.answered(&clock);
        assert!((bucket.rate() - 12.0).abs() < 0.01);
        clock.sleep(MINUTE * 10).await;
        bucket.answered(&clock);
        assert!((bucket.rate() - 20.0).abs() < 0.01);
    }

    #[tokio::test(start_paused = true)]
    async fn it_never_stops_altogether() {
        let (bucket, clock) = (Bucket::of("cloudwatch", false), Clock::default());
        for _ in 0..10 {
            let _ = bucket.slower(&clock, None);
            clock.sleep(ONE_BURST * 2).await;
        }
        assert!((bucket.rate() - SLOWEST).abs() < 0.01);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_the_service_asks_for_is_kept() {
        let (bucket, clock) = (Bucket::of("rds", true), Clock::default());
        let _ = bucket.slower(&clock, Some(Duration::from_secs(7)));
        bucket.take(&clock).await;
        assert!(clock.now() >= Duration::from_secs(7));
    }
}
