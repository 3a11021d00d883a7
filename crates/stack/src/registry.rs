//! All kinds and all orders of the five domains.

use crate::ports::Ports;
use auroractl_aws::Aws;
use auroractl_core::lower::{Lowering, Program, View};
use auroractl_core::model::Group;
use auroractl_core::{Desired, PureKind, State};
use auroractl_engine::{Kind, Registry};

/// The kinds of each domain.
const KINDS: &[&[&'static dyn Kind<Aws>]] = &[
    auroractl_network::KINDS,
    auroractl_security::KINDS,
    auroractl_params::KINDS,
    auroractl_cluster::KINDS,
    auroractl_monitoring::KINDS,
];

/// Orders among resources that must move together: those of each domain, then those across domains.
pub const LOWERINGS: &[&dyn Lowering] =
    &[&Domain(auroractl_cluster::LOWERINGS), &Domain(auroractl_monitoring::LOWERINGS), &Ports];

/// The orders of one domain.
struct Domain(&'static [&'static dyn Lowering]);

impl Lowering for Domain {
    fn refine(&self, view: &View<'_>, program: &mut Program) {
        self.0.iter().for_each(|lowering| lowering.refine(view, program));
    }
}

/// All kinds, by name.
#[must_use]
pub fn registry() -> Registry<Aws> {
    Registry::new(KINDS)
}

/// What a state remembers, read as a wish.
#[must_use]
pub fn remembered(state: &State) -> Desired {
    let registry = registry();
    let group = |kind: &str| registry.get(kind).map_or(Group::Network, PureKind::group);
    Desired::remembered(state, &group)
}
