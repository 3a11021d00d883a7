//! Waivers of the stack file as the rules take them. Days that are none were refused by the checks of the file.

use crate::config::{self, ApproverRole, Config, WaiverReason};
use auroractl_policy::waiver::{Approval, Reason, Role, Waiver};
use jiff::civil::Date;

/// The stack's waivers.
#[must_use]
pub fn waivers(config: &Config) -> Vec<Waiver> {
    config.policy.waivers.iter().map(waiver).collect()
}

fn waiver(said: &config::Waiver) -> Waiver {
    Waiver {
        name: said.name.clone(),
        rules: said.rules.clone(),
        addresses: said.addresses.clone(),
        reason: match said.reason {
            WaiverReason::DevTest => Reason::DevTest,
            WaiverReason::LegacyMigration => Reason::LegacyMigration,
            WaiverReason::Regulatory => Reason::Regulatory,
        },
        justification: said.justification.clone(),
        risk: said.risk.clone(),
        controls: said.compensating_controls.clone(),
        author: said.author.clone(),
        approvals: said.approvals.iter().map(approval).collect(),
        review_by: day(&said.review_by),
        remediate_by: said.remediate_by.as_deref().map(day),
        migration_path: said.migration_path.clone(),
    }
}

fn approval(said: &config::Approval) -> Approval {
    Approval {
        role: match said.role {
            ApproverRole::SecurityArchitect => Role::SecurityArchitect,
            ApproverRole::PlatformLead => Role::PlatformLead,
            ApproverRole::Legal => Role::Legal,
        },
        name: said.name.clone(),
        date: day(&said.date),
    }
}

/// A day; one that can't be read is long past, so that it never makes a waiver count.
fn day(text: &str) -> Date {
    text.parse().unwrap_or(Date::MIN)
}
