//! Section `policy`: rules that exist, days that are days. Whether a waiver covers anything and has the approvals it needs is
//! for the rules.

use super::{Check, Subject};
use crate::config::{MaintenanceWindow, Waiver};
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check = Check { name: "waiver", about: "Waivers name rules and days, and say why.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    evidence(subject, problems);
    for (index, waiver) in subject.config.policy.waivers.iter().enumerate() {
        let path = Path::of("policy.waivers").item(index);
        rules(waiver, &path, problems);
        days(waiver, &path, problems);
        for (key, text) in
            [("justification", &waiver.justification), ("risk", &waiver.risk), ("author", &waiver.author)]
        {
            if text.trim().is_empty() {
                problems.push(
                    Problem::error(CHECK.name, format!("the waiver `{}` has no {key}", waiver.name))
                        .at(&path.key(key), "empty"),
                );
            }
        }
    }
}

fn rules(waiver: &Waiver, path: &Path, problems: &mut Vec<Problem>) {
    for (index, rule) in waiver.rules.iter().enumerate() {
        if auroractl_policy::find(rule).is_none() {
            problems.push(
                Problem::error(CHECK.name, format!("`{rule}` is not the code of a rule"))
                    .at(&path.key("rules").item(index), "expected a code such as `RULE-001` or `EXT-013`")
                    .help("`auroractl rules list` prints all of them"),
            );
        }
    }
}

/// Days and windows beside the waivers.
fn evidence(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let policy = &subject.config.policy;
    if let Some(text) =
        policy.evidence.restore_tested.as_ref().filter(|text| text.parse::<jiff::civil::Date>().is_err())
    {
        problems.push(
            Problem::error(CHECK.name, format!("`{text}` is not a day"))
                .at(&Path::of("policy.evidence.restore_tested"), "expected year, month and day, such as `2027-01-31`"),
        );
    }
    let low = policy.workload.low_traffic.as_ref();
    if let Some((text, error)) = low.and_then(|text| Some((text, text.parse::<MaintenanceWindow>().err()?))) {
        problems.push(
            Problem::error(CHECK.name, format!("`{text}` {error}"))
                .at(&Path::of("policy.workload.low_traffic"), "expected a window such as `sun:01:00-sun:06:00`"),
        );
    }
}

fn days(waiver: &Waiver, path: &Path, problems: &mut Vec<Problem>) {
    let own = [("review_by", Some(&waiver.review_by)), ("remediate_by", waiver.remediate_by.as_ref())];
    let own = own.into_iter().filter_map(|(key, text)| Some((path.key(key), text?)));
    let approvals = waiver.approvals.iter().enumerate();
    let approvals = approvals.map(|(index, approval)| (path.key("approvals").item(index).key("date"), &approval.date));
    for (path, text) in own.chain(approvals) {
        if text.parse::<jiff::civil::Date>().is_err() {
            problems.push(
                Problem::error(CHECK.name, format!("`{text}` is not a day"))
                    .at(&path, "expected year, month and day, such as `2027-01-31`"),
            );
        }
    }
}
