//! A planner that is told something else than the truth: what each of its questions is worth.

use auroractl_aws::Aws;
use auroractl_core::diff::{Context, FieldChange};
use auroractl_core::kind::{Malformed, PureKind, Sides};
use auroractl_core::model::{Adoption, Group, ReplaceOrder, Timing};
use auroractl_core::plan::Options;
use auroractl_core::{Address, Kinds, Naming, Observed, Standing, State};
use auroractl_engine::{Kind, Registry};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the planner is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// The truth.
    None,
    /// No kind has a protection.
    Unprotected,
    /// Every deletion leaves a snapshot.
    Saved,
    /// No snapshot needs a key.
    Keyless,
    /// The stack may go with its data.
    Ephemeral,
    /// Everything was named.
    Permitted,
    /// Nobody outside of the state needs anything.
    Unneeded,
    /// Whatever bears the name is ours.
    Ours,
    /// What is gone was never there.
    Unsettled,
}

impl Lie {
    pub(super) const ALL: [Self; 8] = [
        Self::Unprotected,
        Self::Saved,
        Self::Keyless,
        Self::Ephemeral,
        Self::Permitted,
        Self::Unneeded,
        Self::Ours,
        Self::Unsettled,
    ];

    pub(super) fn about_world(self, observed: &mut BTreeMap<Address, Observed>, state: &State) {
        for (at, seen) in observed {
            let Observed::Live(live) = seen else { continue };
            match (self, state.resources.get(at)) {
                (Self::Unneeded, _) => live.needed_by = None,
                (Self::Ours, Some(record)) => {
                    live.owner = record.remembered().owner;
                    live.incarnation.clone_from(&record.incarnation);
                }
                _ => {}
            }
        }
    }

    pub(super) fn about_state(self, state: &mut State) {
        match self {
            Self::Unsettled => state.resources.values_mut().for_each(|record| record.settled = false),
            Self::Ephemeral => state.standing = Some(Standing { ephemeral: true, ..Standing::default() }),
            _ => {}
        }
    }

    pub(super) fn about_permission(self, options: &mut Options, state: &State) {
        match self {
            Self::Ephemeral => options.ephemeral = true,
            Self::Permitted => options.allow_delete.extend(state.resources.keys().cloned()),
            _ => {}
        }
    }
}

/// The kinds as a lie has them.
pub(super) struct Liar(BTreeMap<&'static str, Lying>);

impl Liar {
    pub(super) fn new(registry: &Registry<Aws>, lie: Lie) -> Self {
        Self(registry.iter().map(|kind| (kind.name(), Lying { kind, lie })).collect())
    }
}

impl Kinds for Liar {
    fn pure(&self, name: &str) -> Option<&dyn PureKind> {
        self.0.get(name).map(|kind| kind as &dyn PureKind)
    }
}

#[derive(Debug)]
struct Lying {
    kind: &'static dyn Kind<Aws>,
    lie: Lie,
}

impl PureKind for Lying {
    fn name(&self) -> &'static str {
        self.kind.name()
    }
    fn group(&self) -> Group {
        self.kind.group()
    }
    fn adoption(&self) -> Adoption {
        self.kind.adoption()
    }
    fn replace_order(&self) -> ReplaceOrder {
        self.kind.replace_order()
    }
    fn version(&self) -> u32 {
        self.kind.version()
    }
    fn timing(&self) -> Timing {
        self.kind.timing()
    }
    fn naming(&self, spec: &Value) -> Result<Naming, Malformed> {
        self.kind.naming(spec)
    }
    fn canonical(&self, spec: &Value) -> Result<Value, Malformed> {
        self.kind.canonical(spec)
    }
    fn diff(&self, sides: Sides<'_>, context: Context<'_>) -> Result<Vec<FieldChange>, Malformed> {
        self.kind.diff(sides, context)
    }
    fn protection(&self, spec: &Value) -> Result<Option<&'static str>, Malformed> {
        if self.lie == Lie::Unprotected { Ok(None) } else { self.kind.protection(spec) }
    }
    fn unsaved(&self, spec: &Value) -> Result<Option<&'static str>, Malformed> {
        if self.lie == Lie::Saved { Ok(None) } else { self.kind.unsaved(spec) }
    }
    fn remains_need(&self, spec: &Value) -> Result<&'static [&'static str], Malformed> {
        if self.lie == Lie::Keyless { Ok(&[]) } else { self.kind.remains_need(spec) }
    }
    fn upgrade(&self, spec: &mut Value, from: u32) {
        self.kind.upgrade(spec, from);
    }
}
