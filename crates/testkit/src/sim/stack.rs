//! What the stack wants, and how its author changes it between runs.

use super::kinds::{
    Cluster, Given, Guard, Key, Member, Named, Parts, Relation, Secret, Spec, Token, Untokened, Upsert,
};
use super::log::Shape;
use super::world::Object;
use auroractl_core::identity::StackId;
use auroractl_core::ids::VpcId;
use auroractl_core::{Address, Desired, Graph, Input};
use fastrand::Rng;
use std::collections::BTreeSet;

/// The kinds by number, as often as a stack asks for them.
const DEALT: [&str; 14] = [
    "named",
    "given",
    "token",
    "guard",
    "untokened",
    "untokened",
    "relation",
    "upsert",
    "secret",
    "kms_key",
    "db_cluster",
    "db_cluster",
    "db_instance",
    "db_instance",
];

/// One resource of the stack.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    /// Never used twice.
    key: u32,
    /// The name in its address.
    pub(super) name: u32,
    /// What the stack calls the object, for kinds that it names.
    pub(super) label: u32,
    pub(super) kind: &'static str,
    /// Key of what it belongs to.
    parent: Option<u32>,
    size: u32,
    shape: u32,
}

impl Wish {
    pub(super) fn address(&self) -> Option<Address> {
        Address::new(self.kind, &format!("r{}", self.name)).ok()
    }

    pub(super) fn holds_data(&self) -> bool {
        holds_data(self.kind)
    }
}

pub(super) fn holds_data(kind: &str) -> bool {
    matches!(kind, "secret" | "kms_key" | "db_cluster")
}

/// What an author did to the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edit {
    Nothing,
    Add,
    Remove,
    ReAdd,
    Rename,
    Resize,
    CreateFirst,
    DeleteFirst,
    Impossible,
    TakenBack,
}

impl Edit {
    pub(super) const ALL: [Self; 10] = [
        Self::Nothing,
        Self::Add,
        Self::Remove,
        Self::ReAdd,
        Self::Rename,
        Self::Resize,
        Self::CreateFirst,
        Self::DeleteFirst,
        Self::Impossible,
        Self::TakenBack,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::ReAdd => "add again",
            Self::Rename => "rename",
            Self::Resize => "change in place",
            Self::CreateFirst => "replace, create first",
            Self::DeleteFirst => "replace, delete first",
            Self::Impossible => "refused: data",
            Self::TakenBack => "replacement taken back",
        }
    }
}

/// A stack file.
#[derive(Clone, Debug, Default)]
pub(super) struct Stack {
    pub(super) wishes: Vec<Wish>,
    /// `[[moved]]`.
    pub(super) moved: Vec<(Address, Address)>,
    removed: Vec<Wish>,
    /// The resource that was asked to be replaced by the last edit, side by side.
    reshaped: Option<u32>,
    next: u32,
}

impl Stack {
    /// A random one.
    pub(super) fn new(rng: &mut Rng, most: u32) -> Self {
        let mut stack = Self::default();
        for _ in 0..rng.u32(1..=most) {
            stack.add(rng);
        }
        stack
    }

    pub(super) fn id() -> StackId {
        StackId { name: "sim".to_owned(), account: "000000000000".to_owned(), region: "sim-1".to_owned() }
    }

    fn add(&mut self, rng: &mut Rng) {
        self.next += 1;
        let kind = DEALT.get(rng.usize(..DEALT.len())).copied().unwrap_or("named");
        let clusters = self.keys(|kind| kind == "db_cluster");
        let (kind, parent) = match kind {
            "db_instance" if clusters.is_empty() => ("db_cluster", None),
            "db_instance" => (kind, clusters.get(rng.usize(..clusters.len())).copied()),
            "kms_key" => (kind, None),
            "secret" | "db_cluster" => (kind, pick(rng, &self.keys(|kind| kind == "kms_key"))),
            _ => (kind, pick(rng, &self.keys(|kind| !matches!(kind, "secret" | "db_instance")))),
        };
        let (key, size, shape) = (self.next, rng.u32(1..4), self.next * 1000);
        self.wishes.push(Wish { key, name: key, label: key, kind, parent, size, shape });
    }

    fn keys(&self, fits: impl Fn(&str) -> bool) -> Vec<u32> {
        self.wishes.iter().filter(|wish| fits(wish.kind)).map(|wish| wish.key).collect()
    }

    /// Changes something; says what, and which data-bearing addresses are asked to go.
    pub(super) fn edit(&mut self, rng: &mut Rng, crashed: bool) -> (Edit, BTreeSet<Address>) {
        // After a crash the author more often takes back what was just added.
        let roll = rng.u32(0..if crashed { 11 } else { 13 });
        let mut gone = BTreeSet::new();
        let last = self.reshaped.take();
        if crashed
            && rng.bool()
            && let Some(wish) = self.wishes.iter_mut().find(|wish| Some(wish.key) == last)
        {
            wish.shape -= 1;
            return (Edit::TakenBack, gone);
        }
        let edit = match roll {
            0 | 1 => {
                self.add(rng);
                Edit::Add
            }
            2 | 3 => {
                gone = self.remove(rng);
                Edit::Remove
            }
            4 => self.again(),
            5 => self.rename(rng),
            6 | 7 => self.resize(rng),
            8 | 9 => self.reshape(rng),
            _ => Edit::Nothing,
        };
        (edit, gone)
    }

    /// Was the last edit a replacement, side by side?
    pub(super) fn reshaped(&self) -> bool {
        self.reshaped.is_some()
    }

    fn touch(&mut self, rng: &mut Rng, fits: impl Fn(&Wish) -> bool, change: impl FnOnce(&mut Wish)) -> Option<&Wish> {
        let mut open: Vec<&mut Wish> = self.wishes.iter_mut().filter(|wish| fits(wish)).collect();
        if open.is_empty() {
            return None;
        }
        let at = rng.usize(..open.len());
        let wish = open.remove(at);
        change(wish);
        Some(wish)
    }

    /// Members of a cluster are resized together: that is what a roll is for. They are what is resized most.
    fn resize(&mut self, rng: &mut Rng) -> Edit {
        let members = rng.bool() && self.wishes.iter().any(|wish| wish.kind == "db_instance");
        let fits = |wish: &Wish| !members || wish.kind == "db_instance";
        let Some(touched) = self.touch(rng, fits, |wish| wish.size += 1) else { return Edit::Nothing };
        let (key, kind, parent) = (touched.key, touched.kind, touched.parent);
        let sibling = |wish: &&mut Wish| kind == "db_instance" && (wish.kind, wish.parent) == (kind, parent);
        self.wishes.iter_mut().filter(|wish| wish.key != key).filter(sibling).for_each(|wish| wish.size += 1);
        Edit::Resize
    }

    /// Removes a resource and all that belongs to it.
    fn remove(&mut self, rng: &mut Rng) -> BTreeSet<Address> {
        let Some(first) = pick(rng, &self.keys(|_| true)) else { return BTreeSet::new() };
        let mut keys = BTreeSet::from([first]);
        for wish in &self.wishes {
            if wish.parent.is_some_and(|parent| keys.contains(&parent)) {
                keys.insert(wish.key);
            }
        }
        let (gone, kept): (Vec<Wish>, Vec<Wish>) = self.wishes.drain(..).partition(|wish| keys.contains(&wish.key));
        self.wishes = kept;
        let data = gone.iter().filter(|wish| wish.holds_data() || wish.kind == "db_instance");
        let data = data.filter_map(Wish::address).collect();
        self.removed.extend(gone);
        data
    }

    /// An address comes back that had gone: its kind, its name, nothing else.
    fn again(&mut self) -> Edit {
        let Some(old) = self.removed.pop() else { return Edit::Nothing };
        let here = |key: Option<u32>| key.is_none_or(|key| self.wishes.iter().any(|wish| wish.key == key));
        if !here(old.parent) {
            return Edit::Nothing;
        }
        let at = old.address();
        self.moved.retain(|(from, to)| Some(from) != at.as_ref() && Some(to) != at.as_ref());
        self.wishes.push(old);
        Edit::ReAdd
    }

    /// Renames a resource, whatever became of it so far.
    fn rename(&mut self, rng: &mut Rng) -> Edit {
        self.next += 1;
        let name = self.next;
        let Some(at) = pick(rng, &self.keys(|_| true)) else { return Edit::Nothing };
        let Some(wish) = self.wishes.iter_mut().find(|wish| wish.key == at) else { return Edit::Nothing };
        let from = wish.address();
        wish.name = name;
        if let (Some(from), Some(to)) = (from, wish.address()) {
            self.moved.push((from, to));
        }
        Edit::Rename
    }

    fn reshape(&mut self, rng: &mut Rng) -> Edit {
        let Some(wish) = self.touch(rng, |_| true, |wish| wish.shape += 1) else { return Edit::Nothing };
        let (kind, key) = (wish.kind, wish.key);
        match kind {
            "secret" | "kms_key" | "db_cluster" => Edit::Impossible,
            "given" | "guard" | "relation" | "upsert" | "db_instance" => Edit::DeleteFirst,
            _ => {
                self.reshaped = Some(key);
                Edit::CreateFirst
            }
        }
    }

    /// Takes back every edit that was refused, or would be: what exists keeps its shape.
    pub(super) fn relent(&mut self, world: &[Object]) {
        let last = |wish: &Wish| wish.holds_data() || wish.kind == "db_instance";
        for wish in self.wishes.iter_mut().filter(|wish| last(wish)) {
            let mine =
                |object: &&Object| object.kind == wish.kind && object.shape / 1000 == wish.key && !object.foreign;
            // A key that a snapshot needs may have stayed behind; the one that was made later counts.
            if let Some(object) = world.iter().filter(mine).max_by_key(|object| object.visible) {
                wish.shape = object.shape;
            }
        }
    }

    /// Everything goes.
    pub(super) fn clear(&mut self) {
        self.wishes.clear();
    }

    /// What would exist if the stack were applied undisturbed.
    pub(super) fn shapes(&self) -> Vec<Shape> {
        let shape = |key: u32| self.wishes.iter().find(|wish| wish.key == key).map(|wish| wish.shape);
        let mut all: Vec<Shape> =
            self.wishes.iter().map(|wish| (wish.kind, wish.shape, wish.size, wish.parent.and_then(shape))).collect();
        all.sort_unstable();
        all
    }

    /// The graph.
    pub(super) fn graph(&self) -> Result<Graph, String> {
        let mut desired = Desired::new(Self::id());
        let mut made: Vec<(u32, Input<VpcId>)> = Vec::new();
        // A resource that came back stands behind those that belong to it.
        let mut left: Vec<&Wish> = self.wishes.iter().collect();
        while !left.is_empty() {
            let before = left.len();
            let mut later = Vec::new();
            for wish in left {
                let parent = made.iter().find(|(key, _)| Some(*key) == wish.parent).map(|(_, id)| id.clone());
                if parent.is_none() && wish.parent.is_some() {
                    later.push(wish);
                } else {
                    made.push((wish.key, add(&mut desired, wish, parent)?));
                }
            }
            if later.len() == before {
                return Err("a resource belongs to one that is not there".to_owned());
            }
            left = later;
        }
        for (key, id) in &made {
            self.add_surge(&mut desired, *key, id)?;
        }
        desired.check().map_err(|errors| format!("{errors:?}"))
    }

    /// Every second cluster has one that stands in for its members. Its numbers are nobody else's.
    fn add_surge(&self, desired: &mut Desired, key: u32, id: &Input<VpcId>) -> Result<(), String> {
        if key % 2 == 1 || !self.wishes.iter().any(|wish| wish.key == key && wish.kind == "db_cluster") {
            return Ok(());
        }
        let members = self.wishes.iter().filter(|wish| wish.kind == "db_instance" && wish.parent == Some(key));
        let of: BTreeSet<Address> = members.filter_map(Wish::address).collect();
        let (label, shape) = (1_000_000 + key, key * 1000);
        let parts = Parts { parent: Some(id.clone()), label, size: 1, shape, paused: false };
        let surge = desired.surge(&format!("s{key}"), &Member::make(parts), &[]).map_err(|why| why.to_string())?;
        if let Some(surge) = desired.surges.get_mut(surge.address()) {
            surge.of = of;
        }
        Ok(())
    }
}

fn pick(rng: &mut Rng, keys: &[u32]) -> Option<u32> {
    if keys.is_empty() || rng.u32(0..4) == 0 { None } else { keys.get(rng.usize(..keys.len())).copied() }
}

fn add(desired: &mut Desired, wish: &Wish, parent: Option<Input<VpcId>>) -> Result<Input<VpcId>, String> {
    fn one<R: Spec>(desired: &mut Desired, wish: &Wish, parent: Option<Input<VpcId>>) -> Result<Input<VpcId>, String> {
        let parts = Parts { parent, label: wish.label, size: wish.size, shape: wish.shape, paused: false };
        let made = desired.add(&format!("r{}", wish.name), &R::make(parts)).map_err(|error| error.to_string())?;
        Ok(made.out::<VpcId>())
    }
    let make = match wish.kind {
        "named" => one::<Named>,
        "given" => one::<Given>,
        "token" => one::<Token>,
        "guard" => one::<Guard>,
        "untokened" => one::<Untokened>,
        "relation" => one::<Relation>,
        "upsert" => one::<Upsert>,
        "secret" => one::<Secret>,
        "kms_key" => one::<Key>,
        "db_cluster" => one::<Cluster>,
        _ => one::<Member>,
    };
    make(desired, wish, parent)
}
