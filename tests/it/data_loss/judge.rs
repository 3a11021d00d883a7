//! What a program does to data, judged by the promise alone. Nothing of the planner is asked: what holds data, what was
//! permitted and what stands against a deletion is read from the specs as they are.

use super::world::World;
use auroractl_aws::Aws;
use auroractl_core::lower::{Program, Step};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Live, Observed, Owner, Readiness, State};
use auroractl_engine::Registry;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The kinds whose data no second run brings back, as the design names them, of those that there are.
pub(super) const DATA: [&str; 4] = ["backup_vault", "db_cluster", "kms_key", "log_group"];
/// What serves it: the last one of a cluster counts as data.
pub(super) const MEMBER: &str = "db_instance";
const CLUSTER: &str = "db_cluster";

/// Holds it data, or serves it?
pub(super) fn serves_data(kind: &str) -> bool {
    DATA.contains(&kind) || kind == MEMBER
}

/// A program with everything that bears on whether it may run.
pub(super) struct Case<'a> {
    pub(super) registry: &'a Registry<Aws>,
    /// As it was before the run.
    pub(super) state: &'a State,
    /// As AWS answered.
    pub(super) observed: &'a BTreeMap<Address, Observed>,
    pub(super) program: &'a Program,
    /// The program is not run: something else in the plan was refused.
    pub(super) refused: bool,
    pub(super) world: &'a World,
    /// AWS was looked at, so that what only it knows can be expected to be known.
    pub(super) looked: bool,
    /// The addresses that the user named.
    pub(super) allowed: &'a BTreeSet<Address>,
    pub(super) ephemeral: bool,
}

/// What the program loses that the promise keeps.
pub(super) fn losses(case: &Case<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (id, step) in case.program.steps.iter().enumerate() {
        let why = match (step.verb, step.address.kind()) {
            (Verb::Delete, kind) if DATA.contains(&kind) => case.deleted(step),
            (Verb::Delete, MEMBER) => case.member_gone(id, step),
            (Verb::Create, kind) if DATA.contains(&kind) => case.made_anew(step),
            // Who needs what is decided over all of a plan.
            (Verb::Forget, kind) if serves_data(kind) && !case.refused => case.forgotten(step),
            _ => None,
        };
        found.extend(why.map(|why| format!("{} {}: {why}", step.verb, step.address)));
    }
    found
}

impl Case<'_> {
    fn live(&self, at: &Address) -> Option<&Live> {
        self.observed.get(at).and_then(Observed::live)
    }

    /// It never came to be: nobody has ever seen it usable, and it failed.
    fn unborn(&self, step: &Step, live: &Live) -> bool {
        let record = self.state.resources.get(&step.address);
        matches!(live.readiness, Readiness::Failed(_)) && !record.is_some_and(|record| record.settled)
    }

    /// Why something that holds data must not be deleted by this step.
    fn deleted(&self, step: &Step) -> Option<&'static str> {
        let at = &step.address;
        let record = self.state.resources.get(at).filter(|record| record.generation == step.generation);
        let sent =
            self.state.intents.iter().find(|intent| intent.address == *at && intent.generation == step.generation);
        let Some(live) = self.live(at) else { return Some("nobody has seen it") };
        let oid = record.map(|record| &record.oid).or(sent.map(|intent| &intent.oid));
        if matches!(&live.owner, Owner::Oid(own) if Some(own) != oid) {
            return Some("it is not ours");
        }
        let born = record.and_then(|record| record.incarnation.as_ref());
        if born.zip(live.incarnation.as_ref()).is_some_and(|(ours, theirs)| ours != theirs) {
            return Some("it is another one of its name");
        }
        if live.readiness == Readiness::Deleting {
            // Who deletes it is somebody else.
            return None;
        }
        if live.spec["deletion_protection"] == true {
            return Some("its protection is on");
        }
        if self.key_in_use(at, live) {
            return Some("it decrypts what stays");
        }
        if self.unborn(step, live) {
            return None;
        }
        if self.program.steps.iter().any(|step| step.address == *at && step.verb == Verb::Create) {
            return Some("an empty one takes its place");
        }
        if self.ephemeral {
            return None;
        }
        if !self.allowed.contains(at) {
            return Some("nobody has named it");
        }
        // What the delete goes by is what was last sent.
        let sent = record.map_or(&live.spec, |record| &record.applied);
        (at.kind() == CLUSTER && sent["skip_final_snapshot"] != false).then_some("it leaves no snapshot")
    }

    /// Is it the key of a snapshot, of one that this run makes, or of a cluster that stays?
    fn key_in_use(&self, at: &Address, live: &Live) -> bool {
        let Some(arn) = live.outputs["key_arn"].as_str().filter(|_| at.kind() == "kms_key" && !self.refused) else {
            return false;
        };
        let saved = self.looked && self.world.snapshots.contains(arn);
        saved
            || self.leaves_snapshot(arn)
            || self.state.resources.iter().any(|(of, record)| {
                of.kind() == CLUSTER && record.applied["kms_key_id"] == arn && !self.goes(of) && self.live(of).is_some()
            })
    }

    fn goes(&self, at: &Address) -> bool {
        self.program.steps.iter().any(|step| step.address == *at && step.verb == Verb::Delete)
    }

    /// Does a cluster leave a snapshot under this key? One that never was usable leaves nothing to be read.
    fn leaves_snapshot(&self, arn: &str) -> bool {
        self.state.resources.iter().filter(|(at, _)| at.kind() == CLUSTER && self.goes(at)).any(|(at, record)| {
            let failed = self.live(at).is_some_and(|live| matches!(live.readiness, Readiness::Failed(_)));
            let sent = &record.applied;
            (record.settled || !failed) && sent["kms_key_id"] == arn && sent["skip_final_snapshot"] == false
        })
    }

    /// The cluster of a member, as it was made or as it was found.
    fn cluster_of(&self, at: &Address) -> Option<&Value> {
        let made = self.state.resources.get(at).map(|record| &record.applied);
        made.or_else(|| self.live(at).map(|live| &live.spec)).map(|spec| &spec["db_cluster_identifier"])
    }

    /// Why a member must not go: nobody would serve the cluster.
    fn member_gone(&self, id: usize, step: &Step) -> Option<&'static str> {
        let (at, live) = (&step.address, self.live(&step.address)?);
        let cluster = self.cluster_of(at)?;
        if self.refused || self.ephemeral || self.unborn(step, live) || live.readiness == Readiness::Deleting {
            return None;
        }
        let is_it = |live: &Live| live.outputs["db_cluster_identifier"] == *cluster;
        let named = |named: &Address| named == at || named.kind() == CLUSTER && self.live(named).is_some_and(is_it);
        if self.allowed.iter().any(named) {
            return None;
        }
        let step_of =
            |at: &Address, verb| self.program.steps.iter().position(|step| step.address == *at && step.verb == verb);
        let serves = |other: &&Address| match (step_of(other, Verb::Delete), step_of(other, Verb::Create)) {
            (None, _) => true,
            // It is made anew: before this one goes, or after this one is back.
            (Some(gone), made) => {
                let before = made.is_some_and(|made| self.program.waits_for(id, made));
                let back = step_of(at, Verb::Create);
                before || back.is_some_and(|back| self.program.waits_for(gone, back))
            }
        };
        let there = |(other, seen): (&'_ Address, &Observed)| {
            let there = seen.live().is_some_and(|live| live.readiness != Readiness::Deleting);
            other.kind() == MEMBER
                && other != at
                && there
                && self.ours(other)
                && self.cluster_of(other) == Some(cluster)
        };
        let others = self.observed.iter().filter(|(other, seen)| there((other, seen))).map(|(other, _)| other);
        others
            .into_iter()
            .all(|other| !serves(&other))
            .then_some("nobody serves the cluster any more, and nobody has named it")
    }

    /// Does the state know it?
    fn ours(&self, at: &Address) -> bool {
        self.state.resources.contains_key(at) || self.state.intents.iter().any(|intent| intent.address == *at)
    }

    /// Why a new one must not be made: it would hide that the old one was lost.
    fn made_anew(&self, step: &Step) -> Option<&'static str> {
        let record = self.state.resources.get(&step.address).filter(|record| record.settled && !self.ephemeral)?;
        let begun = self.state.intents.iter().any(|intent| {
            intent.address == step.address && intent.verb == Verb::Delete && intent.generation == record.generation
        });
        let gone = self.live(&step.address).is_none_or(|live| live.readiness == Readiness::Deleting);
        (gone && !begun).then_some("an empty one takes the place of what was lost")
    }

    /// Why something must not be forgotten: it is there, and nothing tells where.
    fn forgotten(&self, step: &Step) -> Option<&'static str> {
        let at = &step.address;
        let record = self.state.resources.get(at);
        let sent = self.state.intents.iter().find(|intent| intent.address == *at && intent.verb == Verb::Create);
        let id = match (record, sent) {
            (Some(record), _) => self.world.recorded(self.registry, record)?,
            (None, sent) => self.world.intended(sent?)?,
        };
        let object = &self.world.objects[id];
        let oid = record.map(|record| &record.oid).or(sent.map(|intent| &intent.oid));
        let theirs = record.is_none() && object.oid.is_none() || object.oid.is_some() && object.oid.as_ref() != oid;
        if theirs || object.readiness == Readiness::Deleting {
            return None;
        }
        let arn = self.world.outputs(id)["key_arn"].as_str().unwrap_or_default().to_owned();
        let kept = self.state.intents.iter().any(|intent| intent.address == *at && intent.kept_by.is_some());
        let needed = self.world.snapshots.contains(&arn) || self.world.filled.contains(id);
        let needed = needed || kept || at.kind() == "kms_key" && self.leaves_snapshot(&arn);
        (!needed).then_some("it is there, and nothing needs it")
    }
}
