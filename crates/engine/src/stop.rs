//! Interrupts: the first one stops launching, the second one abandons.

use tokio::sync::watch;

/// What the user asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Nothing.
    #[default]
    Run,
    /// Start nothing new, let calls in flight end, leave the rest to the next run.
    Wind,
    /// End now. The journal is intact: as safe as the first, only less tidy.
    Abandon,
}

/// The sending half: whoever hears signals.
#[derive(Debug)]
pub struct Trigger(watch::Sender<Urgency>);

/// The receiving half: the apply loop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Urgency>);

/// A connected pair.
#[must_use]
pub fn channel() -> (Trigger, Stop) {
    let (sender, receiver) = watch::channel(Urgency::Run);
    (Trigger(sender), Stop(receiver))
}

impl Trigger {
    /// Raises the urgency by one; returns what it is now.
    pub fn raise(&self) -> Urgency {
        self.0.send_modify(|urgency| {
            *urgency = if *urgency == Urgency::Run { Urgency::Wind } else { Urgency::Abandon };
        });
        *self.0.borrow()
    }
}

impl Stop {
    /// What the user asked for so far.
    #[must_use]
    pub fn urgency(&self) -> Urgency {
        *self.0.borrow()
    }

    /// Waits until the urgency is above `known`; for ever when nobody can raise it any more.
    pub async fn above(&mut self, known: Urgency) -> Urgency {
        match self.0.wait_for(|urgency| *urgency > known).await.map(|urgency| *urgency) {
            Ok(urgency) => urgency,
            Err(_) => std::future::pending().await,
        }
    }
}
