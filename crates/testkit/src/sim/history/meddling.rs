//! What others do to the account between runs, and while one is at work.

use super::Game;
use crate::sim::log::Ended;
use crate::sim::mishap::Weather;
use crate::sim::place::Place;
use crate::sim::stack::holds_data;
use crate::sim::world::Object;
use auroractl_core::Record;

impl Game {
    /// Somebody else does something.
    pub(super) async fn meddle(&mut self) {
        let kind = self.rng.u32(0..24);
        let mine: Vec<Object> =
            self.world.objects().into_iter().filter(|object| !object.foreign && object.leaving.is_none()).collect();
        let at = self.rng.usize(..mine.len().max(1));
        match (kind, mine.get(at)) {
            (0, Some(object)) => self.take_away(object),
            (1, Some(object)) if object.kind != "db_instance" => {
                if let Some(object) = self.world.inner().objects.get_mut(&object.id) {
                    object.size += 7;
                }
                self.count("meddling", "changed behind our back");
            }
            (2 | 3, _) => self.stranger(&["given", "upsert", "db_cluster", "db_instance"]),
            (4 | 5, Some(object)) => self.usurp(object),
            (6, Some(object)) if !object.oid.is_empty() && self.recorded(object).is_some() => self.lose_state().await,
            _ => {}
        }
    }

    fn take_away(&mut self, object: &Object) {
        // Nobody could know that an identity has ended whose object was never recorded.
        if self.recorded(object).is_none() {
            return;
        }
        let mut inner = self.world.inner();
        if inner.objects.values().any(|other| other.parent.as_ref() == Some(&object.id)) {
            return;
        }
        inner.remove(&object.id);
        inner.log.count("meddling", "deleted behind our back");
        drop(inner);
        self.mourn(object);
    }

    /// A stranger takes a name that the stack has chosen and not used yet.
    pub(super) fn stranger(&self, kinds: &[&str]) {
        let Some(wish) = self.stack.wishes.iter().rev().find(|wish| kinds.contains(&wish.kind)) else { return };
        let name = format!("{}-{}", wish.kind, wish.label);
        let mut inner = self.world.inner();
        if inner.objects.values().any(|object| object.name == name) {
            return;
        }
        let id = inner.fresh("foreign");
        let object = Object { id: id.clone(), name, foreign: true, size: 99, ..Object::draft(wish.kind) };
        inner.objects.insert(id, object);
        inner.log.count("meddling", "a stranger of the same name");
    }

    /// Somebody replaces an object by one of the same name, tags copied.
    fn usurp(&mut self, object: &Object) {
        // Without a recorded id nobody could tell the two apart.
        if self.recorded(object).is_none_or(|record| record.incarnation.is_none()) {
            return;
        }
        let mut inner = self.world.inner();
        if object.name.is_empty() || inner.objects.values().any(|other| other.parent.as_ref() == Some(&object.id)) {
            return;
        }
        inner.remove(&object.id);
        let id = inner.fresh("usurper");
        let usurper = Object { id: id.clone(), foreign: true, ..object.clone() };
        inner.objects.insert(id, usurper);
        inner.log.count("meddling", "made again by somebody else, tags copied");
        drop(inner);
        self.mourn(object);
    }

    /// What held data will be put back: a run refuses to make an empty one in its place.
    fn mourn(&mut self, object: &Object) {
        if holds_data(object.kind) || object.kind == "db_instance" {
            self.vanished.push(object.clone());
        }
    }

    /// What the state says of an object.
    pub(super) fn recorded(&self, object: &Object) -> Option<Record> {
        let id = |record: &&Record| record.outputs.get("id").and_then(|id| id.as_str()) == Some(object.id.as_str());
        self.known.as_ref()?.resources.values().find(id).cloned()
    }

    /// The state is not there for one run.
    async fn lose_state(&mut self) {
        self.reboot(false);
        let empty = Place::new(self.world.clock(), self.place.bucket.is_some());
        let kept = std::mem::replace(&mut self.place, empty);
        self.world.weather(Weather::default());
        let setting = self.setting(true);
        if setting.run().await == Ended::Refused("lost state".to_owned()) {
            self.count("meddling", "state lost");
        }
        self.place = kept;
    }
}
