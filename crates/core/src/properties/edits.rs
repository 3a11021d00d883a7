//! Random stacks: a fixed set of possible resources, of which each stack wants
//! some, each with random fields and references to others.

use super::kinds::{ALL, Id, Thing};
use crate::address::Address;
use crate::graph::{Desired, Graph, Handle};
use crate::guard;
use crate::identity::StackId;
use crate::reference::Input;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How many resources a stack can have: two of each kind.
pub(super) const COUNT: usize = 2 * ALL.len();

/// What a stack wants of one resource.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub present: bool,
    pub soft: u8,
    pub hard: u8,
    /// Where it stands in the order of need; it may only need what stands before it.
    pub rank: u8,
    pub home: Option<usize>,
    pub parts: Vec<usize>,
    /// What it comes after without referring to it.
    pub after: Vec<usize>,
}

/// What a stack wants, by index, and whether one is to stand in for members that are away.
#[derive(Clone)]
pub(super) struct Stack(Vec<Want>, bool);

/// One line, so that a failure can be read.
impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, want) in self.0.iter().enumerate().filter(|(_, want)| want.present) {
            let Want { soft, hard, rank, home, parts, after, .. } = want;
            write!(f, "{} s{soft} h{hard} #{rank} home{home:?} {parts:?} after{after:?}; ", address(index))?;
        }
        write!(f, "{}", if self.1 { "surge" } else { "" })
    }
}

pub(super) fn address(index: usize) -> Address {
    format!("{}.r{index}", ALL[index % ALL.len()].name).parse().unwrap()
}

fn want() -> impl Strategy<Value = Want> {
    let few = |most| proptest::collection::vec(0..COUNT, 0..=most);
    (any::<bool>(), 0..2_u8, 0..2_u8, any::<u8>(), proptest::option::of(0..COUNT), few(2), few(1)).prop_map(
        |(present, soft, hard, rank, home, parts, after)| Want { present, soft, hard, rank, home, parts, after },
    )
}

/// The same stack without edits that are refused since they would lose data.
pub(super) fn harmless(mut stack: Stack) -> Stack {
    for (index, want) in stack.0.iter_mut().enumerate() {
        if crate::guard::holds_data(address(index).kind()) {
            (want.hard, want.home) = (0, None);
        }
    }
    stack
}

/// A random stack.
pub(super) fn stack() -> impl Strategy<Value = Stack> {
    (proptest::collection::vec(want(), COUNT), any::<bool>()).prop_map(|(wants, surge)| Stack(wants, surge))
}

/// Random edits of a stack: each keeps most of what was there before.
pub(super) fn stacks(count: usize) -> impl Strategy<Value = Vec<Stack>> {
    let keep = proptest::collection::vec(0..3_u8, COUNT);
    proptest::collection::vec((stack(), keep), 1..=count).prop_map(|all| {
        let mut stacks: Vec<Stack> = Vec::new();
        for (new, keep) in all {
            let before = stacks.last().cloned();
            let mixed = |(index, want): (usize, Want)| match &before {
                Some(before) if keep[index] > 0 => Want { rank: want.rank, ..before.0[index].clone() },
                _ => want,
            };
            stacks.push(Stack(new.0.into_iter().enumerate().map(mixed).collect(), new.1));
        }
        stacks
    })
}

/// The graph of a stack. References to what is absent or stands later are left out.
pub(super) fn graph(stack: &Stack) -> Graph {
    let mut order: Vec<usize> = (0..COUNT).filter(|index| stack.0[*index].present).collect();
    order.sort_by_key(|index| (stack.0[*index].rank, *index));
    let mut building = Building { desired: Desired::new(id()), made: BTreeMap::new() };
    for index in order {
        building.add(stack, index);
    }
    if stack.1 {
        building.add_surge();
    }
    building.desired.check().unwrap()
}

/// One that stands in for members.
pub(super) fn surge() -> Address {
    format!("{}.surge", guard::MEMBER).parse().unwrap()
}

/// The stack's identity.
pub(super) fn id() -> StackId {
    StackId { name: "prod".to_owned(), account: "123456789012".to_owned(), region: "eu-central-1".to_owned() }
}

/// An empty graph: the stack is destroyed.
pub(super) fn nothing() -> Graph {
    Desired::new(id()).check().unwrap()
}

struct Building {
    desired: Desired,
    made: BTreeMap<usize, Input<Id>>,
}

impl Building {
    /// It refers to whatever the first members of the stack refer to, and to a cluster.
    fn add_surge(&mut self) {
        let of: BTreeSet<Address> =
            self.desired.nodes.keys().filter(|at| at.kind() == guard::MEMBER).cloned().collect();
        let home = (0..COUNT).filter(|index| address(*index).kind() == guard::PARENT).find_map(|of| self.made.get(&of));
        let parts = self.made.iter().take(2).map(|(of, id)| (format!("p{of}"), id.clone()));
        let spec =
            Thing::<6> { label: "surge".to_owned(), soft: 9, hard: 9, home: home.cloned(), parts: parts.collect() };
        let handle = self.desired.surge("surge", &spec, &[]).unwrap();
        self.desired.surges.get_mut(handle.address()).unwrap().of = of;
    }

    fn add(&mut self, stack: &Stack, index: usize) {
        match index % ALL.len() {
            0 => self.add_as::<0>(stack, index),
            1 => self.add_as::<1>(stack, index),
            2 => self.add_as::<2>(stack, index),
            3 => self.add_as::<3>(stack, index),
            4 => self.add_as::<4>(stack, index),
            5 => self.add_as::<5>(stack, index),
            _ => self.add_as::<6>(stack, index),
        }
    }

    fn add_as<const K: usize>(&mut self, stack: &Stack, index: usize) {
        let want = &stack.0[index];
        let parts = want.parts.iter().filter_map(|of| Some((format!("p{of}"), self.made.get(of)?.clone())));
        let spec = Thing::<K> {
            label: format!("r{index}"),
            soft: want.soft,
            hard: want.hard,
            home: want.home.and_then(|of| self.made.get(&of).cloned()),
            parts: parts.collect(),
        };
        let handle: Handle<Thing<K>> = self.desired.add(&format!("r{index}"), &spec).unwrap();
        let earlier = want.after.iter().filter(|of| self.made.contains_key(of)).map(|of| address(*of));
        self.desired.nodes.get_mut(handle.address()).unwrap().after.extend(earlier);
        self.made.insert(index, handle.out());
    }
}
