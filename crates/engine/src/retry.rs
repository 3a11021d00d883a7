//! The one retry layer. The SDK's own is off, because it sends a create again
//! after an answer it could not read, and a second VPC is the result.
//!
//! A call is sent again only when it certainly was not executed, or when it
//! only reads. An ambiguous outcome of a mutating call is given back: whoever
//! called must look at the world first.

use crate::clock::Clock;
use crate::error::{CallError, Class};
use std::time::Duration;

/// A throttled call is tried for so long before the step fails as throttled.
const THROTTLE_BUDGET: Duration = Duration::from_secs(15 * 60);
/// Longest pause between two attempts of a throttled call.
const THROTTLE_CAP: Duration = Duration::from_secs(20);
/// A read is sent again so often after an ambiguous outcome.
const READ_ATTEMPTS: u32 = 6;

/// How patient a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// It changes nothing: an ambiguous outcome may be sent again.
    pub reads: bool,
    /// For so long it is sent again while AWS says "not yet" ([`Class::NotYet`]) or "still in use" ([`Class::InUse`]).
    pub not_yet: Duration,
}

impl Patience {
    /// A call that only reads.
    pub const READ: Self = Self { reads: true, not_yet: Duration::ZERO };
    /// A mutating call; five minutes is EC2's consistency horizon.
    pub const WRITE: Self = Self { reads: false, not_yet: Duration::from_secs(5 * 60) };
    /// A delete, which waits for network interfaces to vanish.
    pub const DELETE: Self = Self { reads: false, not_yet: Duration::from_secs(20 * 60) };
}

/// Sends a call until it ends.
///
/// # Errors
/// The last attempt's.
pub async fn persist<T, F>(clock: &Clock, patience: Patience, mut send: impl FnMut() -> F) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>>,
{
    let start = clock.now();
    let mut attempt = 0;
    loop {
        let error = match send().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        attempt += 1;
        match pause(&error, attempt, patience, clock.now().saturating_sub(start)) {
            Some(time) => clock.sleep(time).await,
            None => return Err(error),
        }
    }
}

/// How long to wait before the next attempt; `None` when there is none.
fn pause(error: &CallError, attempt: u32, patience: Patience, spent: Duration) -> Option<Duration> {
    match error.class {
        Class::Throttled if spent < THROTTLE_BUDGET => Some(jitter(attempt, Duration::from_secs(1), THROTTLE_CAP)),
        Class::NotYet | Class::InUse if spent < patience.not_yet => {
            Some(jitter(attempt, Duration::from_secs(2), Duration::from_secs(10)))
        }
        Class::Ambiguous if patience.reads && attempt < READ_ATTEMPTS => {
            Some(jitter(attempt, Duration::from_millis(500), Duration::from_secs(8)))
        }
        _ => None,
    }
}

/// Between half and all of `base * 2^(attempt-1)`, at most `cap`: never zero, so that a storm is not answered at once.
fn jitter(attempt: u32, base: Duration, cap: Duration) -> Duration {
    let whole = base.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(cap);
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    async fn attempts(class: Class, patience: Patience) -> u32 {
        let sent = Cell::new(0);
        let error: Result<(), _> = persist(&Clock::default(), patience, || {
            sent.set(sent.get() + 1);
            async { Err(CallError::new("x", class, "")) }
        })
        .await;
        assert!(error.is_err());
        sent.get()
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_was_not_executed_is_sent_again() {
        for class in [Class::Ambiguous, Class::Quota, Class::Denied, Class::Invalid, Class::Exists, Class::Gone] {
            assert_eq!(attempts(class, Patience::WRITE).await, 1, "{class:?}");
        }
        assert_eq!(attempts(Class::Ambiguous, Patience::READ).await, READ_ATTEMPTS);
        assert!(attempts(Class::Throttled, Patience::WRITE).await > 40);
        assert!(attempts(Class::NotYet, Patience::WRITE).await > 20);
        assert_eq!(attempts(Class::NotYet, Patience::READ).await, 1);
    }
}
