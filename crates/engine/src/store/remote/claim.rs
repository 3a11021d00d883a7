//! Taking the lease: at once where nobody has it, after a silence where its
//! holder is dead, not at all where he lives.
//!
//! A holder is dead when the root's ETag has not changed for `ttl + drain` on our
//! own monotonic clock, from when we first saw it. No two clocks are compared.

use super::error::RemoteError;
use super::gate::Terms;
use super::probe::probe;
use super::root::{Lease, Root};
use super::site::{Site, Swap};
use crate::clock::Moment;
use crate::store::error::StoreError;
use crate::store::objects::Only;
use auroractl_core::identity::StackId;
use auroractl_core::state::Intent;
use std::time::Duration;

/// A probe whose outcome an outage leaves open is made anew so often.
const PROBES: u32 = 3;

/// How a run asks for the lease.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// What the holder runs, for others' messages.
    pub command: &'a str,
    /// The lease that is to be broken without waiting.
    pub force: Option<&'a str>,
    /// Would it do harm if a call of this intent arrived late? Then a dead holder is waited for longer.
    pub harmful: &'a (dyn Fn(&Intent) -> bool + Sync),
    /// Told what is waited for.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// The lease was taken.
#[derive(Debug)]
pub(super) struct Claimed {
    /// The root that says so.
    pub(super) root: Root,
    /// Its ETag.
    pub(super) etag: String,
    /// When the write was sent.
    pub(super) sent: Moment,
    /// The holder before, if he did not give it back.
    pub(super) before: Option<Lease>,
    /// What the bucket's owner should know.
    pub(super) notes: Vec<String>,
}

/// Takes the lease of a stack.
pub(super) async fn claim(
    site: &Site,
    terms: &Terms,
    stack: &StackId,
    (lease, ask): (Lease, Claim<'_>),
) -> Result<Claimed, StoreError> {
    let mut watch = Watch { site, terms, ask, seen: None, harm: None, told: None };
    let mut notes = None;
    loop {
        let found = site.root().await?;
        if let (Some(nonce), false) = (ask.force, held_by(found.as_ref(), ask.force)) {
            return Err(not_held(nonce, found.as_ref()));
        }
        let (root, only) = match found {
            None => {
                if notes.is_none() {
                    notes = Some(fit(site, &lease.nonce).await?);
                }
                (Root::first(stack.clone()), Only::Absent)
            }
            Some((root, etag)) => {
                if !watch.may_take(&root, &etag).await? {
                    site.clock.sleep(terms.poll).await;
                    continue;
                }
                (root, Only::Unchanged(etag))
            }
        };
        let before = root.lease.clone();
        let next = root.taken(lease.clone());
        if let Swap::Done(etag, sent) = site.swap(&only, &next).await? {
            return Ok(Claimed { root: next, etag, sent, before, notes: notes.unwrap_or_default() });
        }
        // Somebody was quicker; what he wrote is a sign of life.
    }
}

fn held_by(found: Option<&(Root, String)>, nonce: Option<&str>) -> bool {
    found.and_then(|(root, _)| root.lease.as_ref()).is_some_and(|lease| Some(lease.nonce.as_str()) == nonce)
}

fn not_held(nonce: &str, found: Option<&(Root, String)>) -> StoreError {
    let found = match found.and_then(|(root, _)| root.lease.as_ref()) {
        None => "the state is not locked".to_owned(),
        Some(lease) => format!("lease {} is held by {}", lease.nonce, lease.holder()),
    };
    RemoteError::NotHeld { nonce: nonce.to_owned(), found }.into()
}

/// Asks whether the bucket may be used.
async fn fit(site: &Site, nonce: &str) -> Result<Vec<String>, StoreError> {
    let notes = site.objects.inspect().await.map_err(site.failed("look at", ""))?;
    let mut left = PROBES;
    loop {
        left -= 1;
        match probe(site, &format!("{nonce}-{left}")).await {
            Ok(()) => return Ok(notes),
            Err(StoreError::Remote(RemoteError::Call { source, .. })) if left > 0 && source.in_doubt() => {}
            Err(why) => return Err(why),
        }
    }
}

/// Looks at another's lease.
struct Watch<'a> {
    site: &'a Site,
    terms: &'a Terms,
    ask: Claim<'a>,
    /// The ETag, and when it was seen first.
    seen: Option<(String, Moment)>,
    /// Could a call of the holder do harm? It can't change while the ETag does not.
    harm: Option<bool>,
    /// What was told to the user: until when it is waited.
    told: Option<Duration>,
}

impl Watch<'_> {
    /// May the lease be taken from this root? An error when its holder lives.
    async fn may_take(&mut self, root: &Root, etag: &str) -> Result<bool, StoreError> {
        let Some(lease) = root.lease.as_ref() else { return Ok(true) };
        if self.ask.force == Some(lease.nonce.as_str()) {
            return Ok(true);
        }
        let since = match &self.seen {
            Some((seen, since)) if seen == etag => *since,
            Some((_, since)) => {
                let silent = self.site.clock.since(*since).min(self.terms.poll);
                return Err(RemoteError::Leased { holder: lease.holder(), nonce: lease.nonce.clone(), silent }.into());
            }
            None => {
                let now = self.site.clock.moment();
                self.seen = Some((etag.to_owned(), now));
                now
            }
        };
        // The holder's own word counts, if it promises more time than ours.
        let ttl = self.terms.ttl.max(Duration::from_secs(lease.ttl));
        let silent = self.site.clock.since(since);
        if silent <= ttl + self.terms.drain {
            self.tell(lease, ttl + self.terms.drain);
            return Ok(false);
        }
        let harm = match self.harm {
            Some(known) => known,
            None => self.in_harm(root).await?,
        };
        self.harm = Some(harm);
        if !harm {
            return Ok(true);
        }
        self.tell(lease, ttl + self.terms.long_drain);
        Ok(silent > ttl + self.terms.long_drain)
    }

    /// Could a call of the dead holder still do harm?
    async fn in_harm(&self, root: &Root) -> Result<bool, StoreError> {
        let loaded = self.site.load(root).await?;
        let Some(state) = loaded.and_then(|loaded| loaded.state) else { return Ok(false) };
        Ok(state.intents.iter().any(self.ask.harmful))
    }

    fn tell(&mut self, lease: &Lease, until: Duration) {
        if self.told == Some(until) {
            return;
        }
        let text = match self.told.replace(until) {
            None => format!(
                "the state is locked by {}; watching whether it lives: after {} without a sign of life it is taken over",
                lease.holder(),
                minutes(until)
            ),
            Some(_) => format!(
                "{} was in the midst of calls that must not meet ours; it is taken over after {} of silence in all",
                lease.holder(),
                minutes(until)
            ),
        };
        (self.ask.tell)(&text);
    }
}

fn minutes(time: Duration) -> String {
    format!("{}:{:02} min", time.as_secs() / 60, time.as_secs() % 60)
}
