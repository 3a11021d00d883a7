//! Abstract kinds: one type, and a number that tells in what they differ.

use crate::diff::Diff;
use crate::identity::{NameRule, Naming};
use crate::impact::{Impact, Level};
use crate::kind::{Kinds, Of, PureKind};
use crate::model::{Adoption, Exports, Group, Model, ReplaceOrder, Timing};
use crate::reference::Input;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What tells the kinds apart.
pub(super) struct Traits {
    pub name: &'static str,
    pub adoption: Adoption,
    pub order: ReplaceOrder,
    pub naming: Style,
}

/// How a kind is named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Server,
    Given,
    Derived,
}

const fn traits(name: &'static str, adoption: Adoption, order: ReplaceOrder, naming: Style) -> Traits {
    Traits { name, adoption, order, naming }
}

use ReplaceOrder::{CreateFirst, DeleteFirst};

/// The kinds. The two `db_` ones have the names that [`crate::guard`] protects.
pub(super) const ALL: [Traits; 7] = [
    traits("free", Adoption::Untokened, CreateFirst, Style::Server),
    traits("rigid", Adoption::Guard, DeleteFirst, Style::Server),
    traits("named", Adoption::Named, CreateFirst, Style::Given),
    traits("derived", Adoption::Token, CreateFirst, Style::Derived),
    traits("edge", Adoption::Relation, DeleteFirst, Style::Server),
    traits("db_cluster", Adoption::Named, CreateFirst, Style::Given),
    traits("db_instance", Adoption::Named, CreateFirst, Style::Given),
];

/// What a resource is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Id(pub String);

/// A spec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Thing<const K: usize> {
    /// Its name where the stack chooses one.
    pub label: String,
    /// Edited in place.
    pub soft: u8,
    /// Needs a new resource.
    pub hard: u8,
    /// What it stands in: another one needs a new resource.
    pub home: Option<Input<Id>>,
    /// What it uses: edited in place.
    pub parts: BTreeMap<String, Input<Id>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Outputs {
    pub id: Id,
}

impl<const K: usize> Exports<Id> for Thing<K> {
    const OUTPUT: &'static str = "id";
}

impl<const K: usize> Model for Thing<K> {
    const KIND: &'static str = ALL[K].name;
    const GROUP: Group = Group::Network;
    const ADOPTION: Adoption = ALL[K].adoption;
    const REPLACE: ReplaceOrder = ALL[K].order;
    const TIMING: Timing = Timing::instant(0.0);
    type Outputs = Outputs;

    fn naming(&self) -> Naming {
        match ALL[K].naming {
            Style::Server => Naming::Server,
            Style::Given => Naming::Given(self.label.clone()),
            Style::Derived => Naming::Derived(NameRule::regional(40)),
        }
    }

    fn diff(old: &Self, new: &Self, d: &mut Diff<'_>) {
        let Self { label, soft, hard, home, parts } = new;
        let (free, anew) = (|| Impact::new(Level::None, "abstract"), || Impact::new(Level::Replace, "abstract"));
        d.field("label", &old.label, label, anew())
            .field("soft", &old.soft, soft, free())
            .field("hard", &old.hard, hard, anew())
            .field("home", &old.home, home, anew())
            .entries("parts", (&old.parts, parts), |_, _, _| free());
    }
}

/// The kinds by name.
#[derive(Debug)]
pub(super) struct Abstract;

impl Kinds for Abstract {
    fn pure(&self, name: &str) -> Option<&dyn PureKind> {
        Some(match ALL.iter().position(|kind| kind.name == name)? {
            0 => &Of::<Thing<0>>::NEW,
            1 => &Of::<Thing<1>>::NEW,
            2 => &Of::<Thing<2>>::NEW,
            3 => &Of::<Thing<3>>::NEW,
            4 => &Of::<Thing<4>>::NEW,
            5 => &Of::<Thing<5>>::NEW,
            _ => &Of::<Thing<6>>::NEW,
        })
    }
}
