//! A search for what AWS may not show yet: how long it has lasted, and the pauses between its looks.

use crate::clock::Clock;
use std::time::Duration;

/// Longest pause between two looks.
const LONGEST: Duration = Duration::from_secs(15);

/// A search that goes on.
pub(crate) struct Searching<'a> {
    clock: &'a Clock,
    start: Duration,
    pause: Duration,
}

impl<'a> Searching<'a> {
    /// A search that begins now; each pause is twice as long as the one before.
    pub(crate) fn new(clock: &'a Clock, pause: Duration) -> Self {
        Self { clock, start: clock.now(), pause }
    }

    /// How long it has lasted. To be asked before a look: an answer is as old as its question.
    pub(crate) fn spent(&self) -> Duration {
        self.clock.now().saturating_sub(self.start)
    }

    /// Waits until the next look is due.
    pub(crate) async fn pause(&mut self) {
        self.clock.sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn looks_become_rare_and_never_stop() {
        let clock = Clock::default();
        let mut searching = Searching::new(&clock, Duration::from_secs(2));
        let mut looks = Vec::new();
        for _ in 0..6 {
            searching.pause().await;
            looks.push(searching.spent().as_secs());
        }
        assert_eq!(looks, [2, 6, 14, 29, 44, 59]);
    }
}
