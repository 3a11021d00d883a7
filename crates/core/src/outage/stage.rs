//! The clusters while a program runs: who serves writes, who could take over, and what users feel of it.

use super::acts::{Act, Effect, Parting, within};
use super::{FAILOVER, Felt, Handover, Member, Scene, TOGETHER, Window};
use crate::address::Address;
use crate::durations::Estimate;
use std::collections::BTreeMap;

/// The clusters while the program runs.
pub(super) struct Stage<'a> {
    cast: &'a BTreeMap<Address, Member>,
    failover: Estimate,
    /// Members that serve, and until when they are away.
    serving: BTreeMap<&'a Address, f32>,
    /// The writer of every cluster that has one.
    writers: BTreeMap<&'a Address, &'a Address>,
    pub(super) windows: Vec<Window>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(scene: &Scene<'a>) -> Self {
        let there = || scene.cast.iter().filter(|(_, member)| member.exists);
        // Who is not ready yet is waited for by nobody.
        let away = |member: &Member| if member.ready { 0.0 } else { f32::MAX };
        Self {
            cast: scene.cast,
            failover: scene.lasts.of(FAILOVER),
            serving: there().map(|(at, member)| (at, away(member))).collect(),
            writers: there().filter(|(_, one)| one.writer).map(|(at, one)| (&one.cluster, at)).collect(),
            windows: Vec::new(),
        }
    }

    /// The clusters as they are now, for what comes later.
    pub(super) fn after(&self) -> Self {
        let (serving, writers) = (self.serving.clone(), self.writers.clone());
        Self { cast: self.cast, failover: self.failover, serving, writers, windows: Vec::new() }
    }

    /// Is this member the writer of its cluster now?
    pub(super) fn writes(&self, member: &Address) -> bool {
        self.writers.values().any(|writer| *writer == member)
    }

    pub(super) fn play(&mut self, act: &Act<'a>) {
        match act.effect {
            Effect::Comes => self.comes(act),
            Effect::Leaves(parting) => self.leaves(act, parting),
            Effect::Restarts => self.restarts(act, true),
            Effect::Reboots => self.restarts(act, false),
            Effect::TakesOver => self.takes_over(act),
            Effect::AllRestart => self.all_restart(act),
            Effect::Ends => self.ends(act),
            Effect::Drops => self.felt(Felt::ConnectionsDropped, act.at, act, Some(act.lasts)),
            Effect::Moves => self.felt(Felt::EndpointChanges, act.at, act, None),
        }
    }

    fn felt(&mut self, what: Felt, address: &Address, act: &Act<'_>, lasts: Option<Estimate>) {
        let until = lasts.map(|lasts| Estimate { p50: act.from + lasts.p50, p95: act.from + lasts.p95 });
        let (address, by, fields) = (address.clone(), act.at.clone(), act.fields.clone());
        self.windows.push(Window { what, address, by, step: act.id, fields, handover: None, from: act.from, until });
    }

    /// The writer is away, and this member takes over.
    fn fails_over(&mut self, cluster: &'a Address, act: &Act<'a>, (next, lasts): (&'a Address, Estimate)) {
        self.felt(Felt::WriterUnavailable, cluster, act, Some(lasts));
        if let Some(window) = self.windows.last_mut() {
            window.handover = Some(Handover { from: Some(act.at.clone()), to: next.clone() });
        }
        self.writers.insert(cluster, next);
    }

    fn comes(&mut self, act: &Act<'a>) {
        self.serving.insert(act.at, act.from);
        if let Some(member) = self.cast.get(act.at) {
            self.writers.entry(&member.cluster).or_insert(act.at);
        }
    }

    /// Who takes over at this moment.
    fn successor(&self, cluster: &Address, leaving: &Address, now: f32) -> Option<&'a Address> {
        let ready =
            self.serving.iter().filter(|(at, away)| **at != leaving && **away <= now + TOGETHER).map(|(at, _)| *at);
        let of_cluster =
            ready.filter_map(|at| Some((at, self.cast.get(at)?))).filter(|(_, one)| one.cluster == *cluster);
        of_cluster.min_by_key(|(at, member)| (member.tier, *at)).map(|(at, _)| at)
    }

    /// The old writer restarts as a reader meanwhile.
    fn takes_over(&mut self, act: &Act<'a>) {
        let Some(member) = self.cast.get(act.at) else { return };
        let lasts = within(self.failover, act.lasts);
        let until = Some(Estimate { p50: act.from + lasts.p50, p95: act.from + lasts.p95 });
        let (what, address) = (Felt::WriterUnavailable, member.cluster.clone());
        let old = self.writers.insert(&member.cluster, act.at);
        let handover = Some(Handover { from: old.cloned(), to: act.at.clone() });
        let (by, fields, step) = (address.clone(), Vec::new(), act.id);
        self.windows.push(Window { what, address, by, step, fields, handover, from: act.from, until });
        if let Some(old) = old {
            self.serving.insert(old, act.from + lasts.p50);
        }
    }

    fn restarts(&mut self, act: &Act<'a>, gives_way: bool) {
        let Some(member) = self.cast.get(act.at).filter(|_| self.serving.contains_key(act.at)) else { return };
        let cluster = &member.cluster;
        if self.writers.get(cluster) != Some(&act.at) {
            self.felt(Felt::ReaderRestarts, act.at, act, Some(act.lasts));
        } else if let Some(next) = self.successor(cluster, act.at, act.from).filter(|_| gives_way) {
            self.fails_over(cluster, act, (next, within(self.failover, act.lasts)));
        } else {
            self.felt(Felt::WriterUnavailable, cluster, act, Some(act.lasts));
        }
        self.serving.insert(act.at, act.from + act.lasts.p50);
    }

    fn all_restart(&mut self, act: &Act<'a>) {
        let cast = self.cast;
        let members: Vec<&'a Address> =
            self.serving.keys().copied().filter(|at| cast.get(at).is_some_and(|one| one.cluster == *act.at)).collect();
        for at in members {
            let writes = self.writers.get(act.at) == Some(&at);
            let (what, hit) = if writes { (Felt::WriterUnavailable, act.at) } else { (Felt::ReaderRestarts, at) };
            self.felt(what, hit, act, Some(act.lasts));
            self.serving.insert(at, act.from + act.lasts.p50);
        }
    }

    fn leaves(&mut self, act: &Act<'a>, parting: Parting) {
        let (Some(member), Some(_)) = (self.cast.get(act.at), self.serving.remove(act.at)) else { return };
        let cluster = &member.cluster;
        let writes = self.writers.get(cluster) == Some(&act.at);
        let next = if writes { self.successor(cluster, act.at, act.from) } else { None };
        let own = (writes && parting == Parting::Succeeded).then_some(act.at);
        if parting == Parting::Succeeded {
            self.serving.insert(act.at, act.from);
        }
        if writes {
            self.writers.remove(cluster);
        }
        match (writes, next.or(own), parting) {
            (true, Some(next), _) => self.fails_over(cluster, act, (next, self.failover)),
            (true, None, Parting::Replaced) => self.felt(Felt::WriterUnavailable, cluster, act, Some(act.lasts)),
            (true, None, _) => self.felt(Felt::GoneForGood, cluster, act, None),
            (false, _, Parting::Replaced | Parting::Succeeded) => {
                self.felt(Felt::ReaderReplaced, act.at, act, Some(act.lasts))
            }
            (false, _, Parting::StoodIn) => self.felt(Felt::ConnectionsDropped, act.at, act, Some(act.lasts)),
            (false, _, Parting::ForGood) => self.felt(Felt::ReaderLeaves, act.at, act, Some(act.lasts)),
        }
    }

    /// The first that goes of a cluster that goes is what users feel.
    fn ends(&mut self, act: &Act<'a>) {
        let cluster = self.cast.get(act.at).map_or(act.at, |member| &member.cluster);
        if !self.windows.iter().any(|window| window.what == Felt::GoneForGood && window.address == *cluster) {
            self.felt(Felt::GoneForGood, cluster, act, None);
        }
    }
}
