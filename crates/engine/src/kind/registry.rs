//! The kinds of all slices in one place.

use super::Kind;
use auroractl_core::kind::{Kinds, PureKind};
use std::collections::BTreeMap;

/// All kinds of a world, by name.
pub struct Registry<W: 'static> {
    kinds: BTreeMap<&'static str, &'static dyn Kind<W>>,
}

impl<W> Registry<W> {
    /// The kinds of several crates; of two kinds of one name the later counts, which a test rules out.
    #[must_use]
    pub fn new(slices: &[&[&'static dyn Kind<W>]]) -> Self {
        Self { kinds: slices.iter().flat_map(|kinds| kinds.iter()).map(|kind| (kind.name(), *kind)).collect() }
    }

    /// The kind of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'static dyn Kind<W>> {
        self.kinds.get(name).copied()
    }

    /// All kinds in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &'static dyn Kind<W>> {
        self.kinds.values().copied()
    }
}

impl<W> Kinds for Registry<W> {
    fn pure(&self, name: &str) -> Option<&dyn PureKind> {
        self.get(name).map(|kind| kind as &dyn PureKind)
    }
}
