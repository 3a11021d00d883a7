//! Database Insights: a retention that RDS has, and the one that the advanced edition demands.

use super::{Check, Subject};
use crate::config::InsightsMode;
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check =
    Check { name: "insights", about: "The retention of insights is one that RDS has.", run };

/// The one retention of the advanced edition, 15 months.
const ADVANCED: u32 = 465;

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let insights = &subject.config.cluster.insights;
    let path = Path::of("cluster.insights.retention_days");
    let days = insights.retention();
    let listed = days == 7 || days == 731 || (days.is_multiple_of(31) && (31..=713).contains(&days));
    if !listed {
        let nearest = (days.saturating_add(15) / 31 * 31).clamp(31, 713);
        problems.push(
            Problem::error(CHECK.name, format!("insights can't be kept for {days} days"))
                .at(&path, "7, 731 or a multiple of 31")
                .help(format!("the nearest is {}", if days < 19 { 7 } else { nearest })),
        );
    } else if insights.mode == InsightsMode::Advanced && days != ADVANCED {
        problems.push(
            Problem::error(CHECK.name, format!("advanced insights are kept for {ADVANCED} days, not {days}"))
                .at(&path, format!("delete the line, or say {ADVANCED}"))
                .at(&Path::of("cluster.insights.mode"), "advanced"),
        );
    }
}
