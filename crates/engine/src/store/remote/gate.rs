//! The fence: may this run still change anything?
//!
//! Asked after a call was signed and before it is sent, so it must answer at
//! once, from memory: the lease is good for a time after the *sending* of the
//! last write of the root that is known to have been executed.

use crate::clock::{Clock, Moment};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long things take. Times are on the engine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// A holder that has not written the root for so long may lose the lease after `drain`.
    pub ttl: Duration,
    /// Between two signs of life.
    pub beat: Duration,
    /// A call is sent only while the lease is good for at least so long, so that it has ended when the drain has:
    /// `attempt <= margin + drain`, where the longest attempt is RDS's with 120 s.
    pub margin: Duration,
    /// What a contender waits beyond `ttl`.
    pub drain: Duration,
    /// The same where a call of the old holder that arrives late would do harm. EC2 refuses requests that are signed more
    /// than 15 minutes before; 5 minutes for clocks that differ, and one more.
    pub long_drain: Duration,
    /// Lines whose loss costs nothing but looking again are gathered for so long, then written together.
    pub linger: Duration,
    /// Between two looks at another's lease.
    pub poll: Duration,
}

impl Terms {
    /// The terms in use.
    pub const STANDARD: Self = Self {
        ttl: Duration::from_secs(60),
        beat: Duration::from_secs(15),
        margin: Duration::from_secs(30),
        drain: Duration::from_secs(90),
        long_drain: Duration::from_secs(21 * 60),
        linger: Duration::from_secs(1),
        poll: Duration::from_secs(5),
    };
}

/// May a mutating call be sent now?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Yes.
    Open,
    /// Not now: the lease has not been renewed for a while. It may be again, unless another run has taken it, which the next
    /// write of the root finds out.
    Wait(String),
    /// Never again: another run has the lease, or this one has given it back.
    Shut(String),
}

/// The fence of one run.
#[derive(Debug)]
pub struct Gate {
    clock: Clock,
    terms: Terms,
    /// When the last write of the root that was executed had been sent.
    renewed: Mutex<Moment>,
    shut: watch::Sender<Option<String>>,
}

impl Gate {
    /// A gate that is open from the sending of the write that took the lease.
    pub(super) fn new(clock: Clock, terms: Terms, renewed: Moment) -> Self {
        Self { clock, terms, renewed: Mutex::new(renewed), shut: watch::Sender::new(None) }
    }

    /// Asked before each mutating call, after its signature.
    #[must_use]
    pub fn pass(&self) -> Passage {
        if let Some(why) = self.shut.borrow().clone() {
            return Passage::Shut(why);
        }
        let silent = self.clock.at_most_since(self.renewed());
        if silent < self.terms.ttl.saturating_sub(self.terms.margin) {
            return Passage::Open;
        }
        // However long that is, it does not say that somebody else has taken the lease: he may have, and he may not.
        Passage::Wait(format!("the lease was last renewed {} s ago", silent.as_secs()))
    }

    /// Waits until another run has taken the lease.
    pub fn fenced(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut told = self.shut.subscribe();
        async move {
            if told.wait_for(Option::is_some).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// For how long the lease has not been renewed.
    pub(super) fn silent(&self) -> Duration {
        self.clock.since(self.renewed())
    }

    fn renewed(&self) -> Moment {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The root was written by a request that was sent then.
    pub(super) fn renew(&self, sent: Moment) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = sent;
    }

    /// Another run has the lease, or this one has given it back.
    pub(super) fn shut(&self, why: &str) {
        self.shut.send_if_modified(|shut| {
            let first = shut.is_none();
            if first {
                *shut = Some(why.to_owned());
            }
            first
        });
    }

    /// Why it is shut.
    pub(super) fn why(&self) -> Option<String> {
        self.shut.borrow().clone()
    }
}
