//! Facts that only people know: sections `stack` and `policy`.

use super::Judgement;
use crate::config::{Config, Environment, LoadPattern, MaintenanceWindow};
use auroractl_policy::facts::{Intent, Pattern, Stack, Window};
use auroractl_policy::{Phase, Profile};
use std::collections::BTreeSet;

/// The profile that the stack file asks for.
pub(super) fn profile(config: &Config) -> Profile {
    match config.stack.environment {
        Environment::Prod if config.policy.critical => Profile::Critical,
        Environment::Prod => Profile::Prod,
        Environment::Staging => Profile::Staging,
        Environment::Dev => Profile::Dev,
    }
}

pub(super) fn stack(config: &Config, phase: Phase, how: Judgement) -> Stack {
    Stack {
        name: config.stack.name.clone(),
        profile: how.profile.unwrap_or_else(|| profile(config)),
        region: config.stack.region.clone(),
        ephemeral: config.stack.ephemeral,
        leaving: BTreeSet::new(),
        phase,
        today: how.today,
    }
}

pub(super) fn intent(config: &Config) -> Intent {
    let policy = &config.policy;
    let load = &policy.workload;
    let evidence = &policy.evidence;
    Intent {
        pattern: load.pattern.map(|pattern| match pattern {
            LoadPattern::Steady => Pattern::Steady,
            LoadPattern::Variable => Pattern::Variable,
        }),
        connections: load.connections,
        read_ratio: load.read_percent.map(|percent| f64::from(percent) / 100.0),
        pooling: load.pooling.clone(),
        multi_region: load.multi_region,
        machine_learning: load.machine_learning,
        low_traffic: load.low_traffic.as_deref().and_then(weekly),
        backup_copy_region: evidence.backup_copy_region.clone(),
        backup_plan: evidence.backup_plan,
        restore_tested: evidence.restore_tested.as_deref().and_then(|day| day.parse().ok()),
        extended_support: policy.extended_support,
        required_tags: policy.required_tags.clone(),
    }
}

/// A weekly window.
pub(super) fn weekly(text: &str) -> Option<Window> {
    let window: MaintenanceWindow = text.parse().ok()?;
    Some(Window { start: window.start, minutes: window.minutes })
}
