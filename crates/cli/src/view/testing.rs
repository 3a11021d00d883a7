//! Forecasts that views are tested with.

use auroractl_core::cost::Bill;
use auroractl_core::lower::{Program, Step};
use auroractl_core::outage::{Outage, Reading, Writing};
use auroractl_core::rehearse::rehearse;
use auroractl_core::state::Verb;
use auroractl_core::{Deed, Estimate};
use auroractl_stack::{Forecast, Money};
use std::collections::{BTreeMap, BTreeSet};

/// A step that waits for nothing.
pub(super) fn step(address: &str, verb: Verb) -> Step {
    Step {
        address: address.parse().unwrap(),
        verb,
        generation: 1,
        target: None,
        undoes: None,
        after: BTreeSet::new(),
        deed: Deed::Update,
        estimate: Estimate::NOTHING,
        look_after: 0.0,
    }
}

/// Nobody feels anything, now or later.
pub(super) fn calm() -> Outage {
    Outage {
        windows: Vec::new(),
        writer: Writing { times: 0, lasts: Estimate::NOTHING },
        readers: Reading::default(),
        dropped: 0,
        in_window: None,
        later: Vec::new(),
        losses: Vec::new(),
    }
}

/// A run of these steps, which costs nothing.
pub(super) fn forecast(steps: Vec<Step>, outage: Outage) -> Forecast {
    let program = Program { steps };
    Forecast {
        rehearsal: rehearse(&program, 16).unwrap(),
        program,
        whole: Estimate::NOTHING,
        changes: BTreeMap::new(),
        outage,
        notes: Vec::new(),
        farewells: BTreeMap::new(),
        money: Money {
            before: Bill::default(),
            after: Bill::default(),
            delta: BTreeMap::new(),
            meanwhile: BTreeMap::new(),
            edited: BTreeSet::new(),
            peak: None,
        },
        ways: Vec::new(),
    }
}
