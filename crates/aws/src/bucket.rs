//! How fast a service may be called: a token bucket each, halved when the service says "slow down", and given back a
//! tenth of its rate a minute.

use auroractl_engine::Clock;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Slowest rate, in calls a second.
const SLOWEST: f64 = 0.5;
/// A burst of throttled answers within this time halves the rate once.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starting rates in calls a second, well below the services' documented refill rates.
const RATES: &[(&str, f64)] = &[
    ("ec2", 20.0),
    ("rds", 20.0),
    ("iam", 15.0),
    ("kms", 20.0),
    ("logs", 10.0),
    ("cloudwatch", 15.0),
    ("application-autoscaling", 10.0),
    ("sns", 30.0),
];

/// One service's bucket.
#[derive(Debug)]
pub struct Bucket {
    full: f64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    rate: f64,
    tokens: f64,
    filled: Duration,
    slowed: Option<Duration>,
}

impl Bucket {
    /// The bucket of a service, full. It holds two seconds' worth, so that a refresh is one burst.
    #[must_use]
    pub fn of(service: &str) -> Self {
        let full = RATES.iter().find(|(name, _)| *name == service).map_or(15.0, |(_, rate)| *rate);
        let inner = Inner { rate: full, tokens: full * 2.0, filled: Duration::ZERO, slowed: None };
        Self { full, inner: Mutex::new(inner) }
    }

    /// Takes a token, waiting for it if need be.
    pub async fn take(&self, clock: &Clock) {
        let wait = self.inner().spend(clock.now());
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
    }

    /// The service said "slow down".
    pub fn slower(&self, clock: &Clock) {
        let now = clock.now();
        let mut inner = self.inner();
        if inner.slowed.is_none_or(|then| now.saturating_sub(then) > PATIENCE) {
            inner.refill(now);
            inner.rate = (inner.rate / 2.0).max(SLOWEST);
            inner.tokens = inner.tokens.min(inner.rate);
            inner.slowed = Some(now);
        }
    }

    /// The service answered: the rate recovers with time.
    pub fn faster(&self, clock: &Clock) {
        let now = clock.now();
        let mut inner = self.inner();
        if let Some(then) = inner.slowed
            && now.saturating_sub(then) > Duration::from_secs(60)
        {
            inner.rate = (inner.rate + self.full / 10.0).min(self.full);
            inner.slowed = (inner.rate < self.full).then_some(now);
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
    fn refill(&mut self, now: Duration) {
        let gained = now.saturating_sub(self.filled).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + gained).min(self.rate * 2.0);
        self.filled = now;
    }

    /// Spends a token, perhaps one of the future, and says how long to wait for it.
    fn spend(&mut self, now: Duration) -> Duration {
        self.refill(now);
        self.tokens -= 1.0;
        if self.tokens >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-self.tokens / self.rate) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_the_rest_waits() {
        let (bucket, clock) = (Bucket::of("ec2"), Clock::default());
        for _ in 0..40 {
            bucket.take(&clock).await;
        }
        assert!(clock.now() < Duration::from_millis(10));
        for _ in 0..20 {
            bucket.take(&clock).await;
        }
        assert!(clock.now() >= Duration::from_millis(900), "{:?}", clock.now());
    }

    #[tokio::test(start_paused = true)]
    async fn one_burst_of_throttling_halves_once_and_time_heals() {
        let (bucket, clock) = (Bucket::of("ec2"), Clock::default());
        (0..5).for_each(|_| bucket.slower(&clock));
        assert!((bucket.rate() - 10.0).abs() < 0.01);
        for _ in 0..5 {
            clock.sleep(Duration::from_secs(61)).await;
            bucket.faster(&clock);
        }
        assert!((bucket.rate() - 20.0).abs() < 0.01);
    }
}
