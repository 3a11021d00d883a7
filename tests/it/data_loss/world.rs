//! A toy AWS for the real kinds: it holds what was made, refuses what AWS refuses, and others work on it as well.

use crate::mutation::{edited, others};
use crate::source;
use auroractl_aws::Aws;
use auroractl_core::state::Intent;
use auroractl_core::{Live, Naming, Observed, Owner, Readiness, Record};
use auroractl_engine::Registry;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// What others do to the world between two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meddling {
    /// Another value of some field of something that holds data.
    Drift,
    /// The cluster's protection is switched.
    Protect,
    /// Something is deleted.
    Vanish,
    /// Something is deleted and made again under its name.
    Remake,
    /// Something loses its tags.
    Untag,
    /// Another member writes.
    Failover,
    /// A snapshot of the cluster is made, and a recovery point.
    Save,
    /// Something is busy, failed or on its way out.
    Trouble,
    /// AWS has accepted an edit and not yet made it.
    Pending,
    /// A kind can't be looked at in the next run.
    Blind,
}

impl Meddling {
    pub(super) const ALL: [Self; 10] = [
        Self::Drift,
        Self::Protect,
        Self::Vanish,
        Self::Remake,
        Self::Untag,
        Self::Failover,
        Self::Save,
        Self::Trouble,
        Self::Pending,
        Self::Blind,
    ];
}

/// Something that exists.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) kind: String,
    /// Its identity, by its tag; none: it was taken off.
    pub(super) oid: Option<String>,
    pub(super) name: String,
    pub(super) spec: Value,
    pub(super) readiness: Readiness,
    pending: BTreeMap<String, Value>,
    /// The how manieth of all.
    born: u32,
}

/// Everything that exists.
pub(super) struct World {
    pub(super) objects: BTreeMap<String, Object>,
    /// Keys of snapshots.
    pub(super) snapshots: BTreeSet<String>,
    /// Vaults that hold recovery points, by id.
    pub(super) filled: BTreeSet<String>,
    /// Who writes, by cluster, where it is not the oldest.
    writers: BTreeMap<String, String>,
    blind: BTreeSet<String>,
    made: u32,
}

/// The outputs that resources of a kind promise, by kind.
fn promised() -> &'static BTreeMap<String, BTreeSet<String>> {
    static ALL: OnceLock<BTreeMap<String, BTreeSet<String>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for source in source::of_crates(&["network", "security", "params", "cluster", "monitoring"]).unwrap() {
            for kind in source.constants("KIND") {
                all.entry(kind).or_default().extend(source.constants("OUTPUT"));
            }
        }
        all
    })
}

/// What only the state remembers: AWS is not told, or not before the end.
pub(super) const UNTOLD: [(&str, &str); 4] = [
    ("db_cluster", "skip_final_snapshot"),
    ("db_cluster", "deferred"),
    ("db_instance", "deferred"),
    ("kms_key", "deletion_window_in_days"),
];

impl World {
    pub(super) fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            snapshots: BTreeSet::new(),
            filled: BTreeSet::new(),
            writers: BTreeMap::new(),
            blind: BTreeSet::new(),
            made: 0,
        }
    }

    /// The id of what an identity has made.
    pub(super) fn by_oid(&self, kind: &str, oid: &str) -> Option<&str> {
        let mut all = self.objects.iter();
        all.find(|(_, object)| object.kind == kind && object.oid.as_deref() == Some(oid)).map(|(id, _)| id.as_str())
    }

    fn by_name(&self, kind: &str, name: &str) -> Option<&str> {
        let mut all = self.objects.iter();
        all.find(|(_, object)| object.kind == kind && object.name == name).map(|(id, _)| id.as_str())
    }

    /// Where a record leads: by the name that the stack chose, or by AWS's id.
    pub(super) fn recorded(&self, registry: &Registry<Aws>, record: &Record) -> Option<&str> {
        match registry.get(&record.kind).unwrap().naming(&record.applied) {
            Ok(Naming::Given(_)) => self.by_name(&record.kind, &record.name),
            _ => self.objects.get_key_value(record.outputs["id"].as_str().unwrap()).map(|(id, _)| id.as_str()),
        }
    }

    /// What a create that was sent may have made.
    pub(super) fn intended(&self, intent: &Intent) -> Option<&str> {
        let kind = intent.address.kind();
        self.by_oid(kind, &intent.oid).or_else(|| self.by_name(kind, &intent.name).filter(|_| !intent.name.is_empty()))
    }

    /// What stands under a name that the stack would choose.
    pub(super) fn namesake(&self, registry: &Registry<Aws>, kind: &str, spec: &Value) -> Option<&str> {
        match registry.get(kind).unwrap().naming(spec) {
            Ok(Naming::Given(name)) => self.by_name(kind, &name),
            _ => None,
        }
    }

    /// What a look at an object answers; `asked` is what the state remembers of it.
    pub(super) fn look(&self, kind: &str, id: Option<&str>, asked: &Value) -> Observed {
        if self.blind.contains(kind) {
            return Observed::Unknown("throttled".to_owned());
        }
        let Some((id, object)) = id.and_then(|id| self.objects.get_key_value(id)) else { return Observed::Absent };
        let mut spec = object.spec.clone();
        for (_, field) in UNTOLD.iter().filter(|(of, _)| *of == kind) {
            spec[*field] = asked[*field].clone();
        }
        let owner = match (&object.oid, spec.get("tags")) {
            (_, None) => Owner::Inherited,
            (Some(oid), _) => Owner::Oid(oid.clone()),
            (None, _) => Owner::Untagged,
        };
        Observed::Live(Box::new(Live {
            readiness: object.readiness.clone(),
            incarnation: incarnation(kind, id),
            pending: object.pending.clone(),
            ..Live::ready(spec, self.outputs(id), owner)
        }))
    }

    /// Why AWS's or our own look before a deletion says that something is needed.
    pub(super) fn needed(&self, live: &Live) -> Option<String> {
        let text = |output: &str| live.outputs[output].as_str().unwrap_or_default().to_owned();
        let key = self.snapshots.contains(&text("key_arn")).then(|| "a snapshot".to_owned());
        key.or_else(|| self.filled.contains(&text("id")).then(|| "1 recovery point".to_owned()))
    }

    /// The outputs of an object.
    pub(super) fn outputs(&self, id: &str) -> Value {
        let object = &self.objects[id];
        let names = promised().get(&object.kind).into_iter().flatten();
        let mut outputs: Map<String, Value> = names.map(|name| (name.clone(), format!("{id}/{name}").into())).collect();
        outputs.insert("id".to_owned(), id.into());
        if object.kind == "db_instance" {
            let more = json!({"db_instance_arn": "", "dbi_resource_id": "", "endpoint": null, "availability_zone": null,
                "is_writer": self.writer(&object.spec["db_cluster_identifier"]) == Some(id)});
            outputs.extend(more.as_object().unwrap().clone());
        }
        outputs.into()
    }

    fn members(&self, cluster: &Value) -> impl Iterator<Item = (&String, &Object)> {
        let of = |object: &Object| object.kind == "db_instance" && object.spec["db_cluster_identifier"] == *cluster;
        self.objects.iter().filter(move |(_, object)| of(object))
    }

    fn writer(&self, cluster: &Value) -> Option<&str> {
        let chosen = cluster.as_str().and_then(|cluster| self.writers.get(cluster));
        let chosen = chosen.filter(|id| self.objects.contains_key(*id)).map(String::as_str);
        chosen.or_else(|| self.members(cluster).min_by_key(|(_, member)| member.born).map(|(id, _)| id.as_str()))
    }

    /// Makes an object; finds what the same identity has made before.
    pub(super) fn create(&mut self, intent: &Intent, spec: Value) -> Result<String, String> {
        let kind = intent.address.kind();
        if let Some(id) = self.by_oid(kind, &intent.oid).map(str::to_owned) {
            self.objects.get_mut(&id).unwrap().spec = spec;
            return Ok(id);
        }
        if !intent.name.is_empty() && self.by_name(kind, &intent.name).is_some() {
            return Err(format!("there is a {kind} {}", intent.name));
        }
        Ok(self.put(kind, Some(intent.oid.clone()), intent.name.clone(), spec))
    }

    fn put(&mut self, kind: &str, oid: Option<String>, name: String, spec: Value) -> String {
        self.made += 1;
        let (id, readiness) = (format!("{kind}-{}", self.made), Readiness::Ready);
        let object =
            Object { kind: kind.to_owned(), oid, name, spec, readiness, pending: BTreeMap::new(), born: self.made };
        self.objects.insert(id.clone(), object);
        id
    }

    /// Edits an object, which gets its tags back.
    pub(super) fn update(&mut self, id: &str, oid: &str, spec: Value) -> Result<(), String> {
        let object = self.objects.get_mut(id).ok_or("it is not there")?;
        (object.spec, object.oid) = (spec, Some(oid.to_owned()));
        Ok(())
    }

    /// Deletes what is recorded so, as the calls of its kind do it.
    pub(super) fn delete(&mut self, id: &str, sent: &Value) -> Result<(), String> {
        let outputs = match self.objects.contains_key(id) {
            true => self.outputs(id),
            false => return Ok(()),
        };
        let object = &self.objects[id];
        match object.kind.as_str() {
            "db_cluster" => {
                if object.spec["deletion_protection"] == true {
                    return Err("it is protected".to_owned());
                }
                if self.members(&outputs["db_cluster_identifier"]).next().is_some() {
                    return Err("it has members".to_owned());
                }
                if sent["skip_final_snapshot"] == false {
                    self.snapshots.extend(object.spec["kms_key_id"].as_str().map(str::to_owned));
                }
            }
            "kms_key" if self.snapshots.contains(outputs["key_arn"].as_str().unwrap()) => {
                return Err("a snapshot needs it".to_owned());
            }
            "backup_vault" if self.filled.contains(id) => return Err("it is not empty".to_owned()),
            _ => {}
        }
        let _ = self.objects.remove(id);
        Ok(())
    }

    /// Others at work. `which` says on what, `how` in which way.
    pub(super) fn meddle(&mut self, registry: &Registry<Aws>, with: Meddling, (which, how): (usize, usize)) {
        let data = |object: &Object| super::judge::serves_data(&object.kind);
        let nth = |all: Vec<&String>, which: usize| all.get(which % all.len().max(1)).map(|id| (*id).clone());
        let holders: Vec<&String> = self.objects.iter().filter(|(_, object)| data(object)).map(|(id, _)| id).collect();
        let Some(id) = nth(holders, which) else { return };
        let clusters: Vec<&String> =
            self.objects.iter().filter(|(_, object)| object.kind == "db_cluster").map(|(id, _)| id).collect();
        let cluster = nth(clusters, which);
        match with {
            Meddling::Drift => self.drift(registry, (which, how)),
            Meddling::Protect => {
                for object in cluster.and_then(|id| self.objects.get_mut(&id)).into_iter() {
                    object.spec["deletion_protection"] = (how % 3 == 0).into();
                }
            }
            Meddling::Vanish => drop(self.objects.remove(&id)),
            Meddling::Remake => {
                let Object { kind, oid, name, spec, .. } = self.objects.remove(&id).unwrap();
                let _ = self.put(&kind, oid.filter(|_| how % 2 == 0), name, spec);
            }
            Meddling::Untag => self.objects.get_mut(&id).unwrap().oid = None,
            Meddling::Failover => {
                if let Some(cluster) = cluster.map(|id| self.outputs(&id)["db_cluster_identifier"].clone())
                    && let Some(member) = nth(self.members(&cluster).map(|(id, _)| id).collect(), how)
                {
                    self.writers.insert(cluster.as_str().unwrap().to_owned(), member);
                }
            }
            Meddling::Save => {
                self.snapshots
                    .extend(cluster.and_then(|id| Some(self.objects[&id].spec["kms_key_id"].as_str()?.to_owned())));
                let vaults = self.objects.iter().filter(|(_, object)| object.kind == "backup_vault");
                self.filled.extend(vaults.map(|(id, _)| id.clone()));
            }
            Meddling::Trouble => self.trouble(&id, how),
            Meddling::Pending => {
                for object in cluster.and_then(|id| self.objects.get_mut(&id)).into_iter() {
                    object.pending.insert("engine_version".to_owned(), "16.13".into());
                }
            }
            Meddling::Blind => drop(self.blind.insert(self.objects[&id].kind.clone())),
        }
    }

    fn trouble(&mut self, id: &str, how: usize) {
        let object = self.objects.get_mut(id).unwrap();
        object.readiness = match how % 4 {
            0 => Readiness::Pending("modifying".to_owned()),
            1 => Readiness::Failed("its status is failed".to_owned()),
            2 => Readiness::Deleting,
            _ => Readiness::Ready,
        };
        // AWS deletes nothing that is protected.
        if object.readiness == Readiness::Deleting && object.kind == "db_cluster" {
            object.spec["deletion_protection"] = false.into();
        }
    }

    /// Each field of each kind as often as any other, however many resources of a kind there are.
    fn drift(&mut self, registry: &Registry<Aws>, (which, how): (usize, usize)) {
        let (kind, field) = &super::fields()[which % super::fields().len()];
        if UNTOLD.contains(&(kind.as_str(), field.as_str())) {
            return;
        }
        let mut all: Vec<&mut Object> = self.objects.values_mut().filter(|object| object.kind == *kind).collect();
        let count = all.len().max(1);
        let Some(object) = all.get_mut(how % count) else { return };
        let values = others(kind, field, &object.spec[field.as_str()]);
        if let Some(value) = values.get(how % values.len().max(1)) {
            object.spec = edited(registry.get(kind).unwrap(), &object.spec, field, value.clone());
        }
    }

    /// What passes by itself has passed.
    pub(super) fn calm(&mut self) {
        self.blind.clear();
        let going: Vec<String> = self
            .objects
            .iter()
            .filter(|(_, object)| object.readiness == Readiness::Deleting)
            .map(|(id, _)| id.clone())
            .collect();
        for id in going {
            let _ = self.objects.remove(&id);
        }
        for object in self.objects.values_mut().filter(|object| matches!(object.readiness, Readiness::Pending(_))) {
            object.readiness = Readiness::Ready;
        }
    }

    /// Makes an address's object look as if its creation had failed.
    pub(super) fn fail(&mut self, id: &str) {
        self.objects.get_mut(id).unwrap().readiness = Readiness::Failed("its status is failed".to_owned());
    }
}

fn incarnation(kind: &str, id: &str) -> Option<String> {
    matches!(kind, "db_cluster" | "db_instance").then(|| format!("incarnation of {id}"))
}
