//! Alarm thresholds: a number with a unit that fits the metric, periods that CloudWatch has.

use super::{Check, Subject};
use crate::config::{Alarm, AlarmKind, Environment, Threshold, Unit, UnitFamily};
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check = Check {
    name: "alarm",
    about: "Thresholds have a unit that fits the metric, periods are ones that CloudWatch has.",
    run,
};

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    for kind in AlarmKind::ALL {
        let alarm = subject.config.monitoring.alarms.get(kind);
        let path = Path::of("monitoring.alarms").key(kind.key());
        problems.extend(alarm.threshold.as_deref().and_then(|text| threshold(kind, text, &path.key("threshold"))));
        problems.extend(period(alarm, &path));
    }
    let tells = &subject.config.monitoring;
    let matters = subject.config.stack.environment != Environment::Dev;
    if matters && tells.subscriptions.is_empty() && tells.sns_topic_arn.is_none() {
        problems.push(
            Problem::warning(CHECK.name, "nobody is told about alarms")
                .at(&Path::of("monitoring"), "no subscription")
                .help("add `[[monitoring.subscriptions]]` with `name`, `protocol` and `endpoint`"),
        );
    }
}

fn threshold(kind: AlarmKind, text: &str, path: &Path) -> Option<Problem> {
    let example = kind.default_threshold();
    let Ok(threshold) = text.parse::<Threshold>() else {
        return Some(
            Problem::error(CHECK.name, format!("`{text}` is not a threshold"))
                .at(path, format!("expected a number with a unit, such as `{example}`")),
        );
    };
    if !kind.families().contains(&threshold.unit.family()) {
        let wanted: Vec<_> = kind.families().iter().map(|family| words(*family)).collect();
        let problem = Problem::error(
            CHECK.name,
            format!("`{text}` does not fit {}, which is {}", kind.metric(), wanted.join(" or ")),
        )
        .at(path, format!("expected a value such as `{example}`"));
        return Some(match bare_number_help(kind, text, threshold) {
            Some(help) => problem.help(help),
            None => problem,
        });
    }
    let too_much = threshold.unit == Unit::Percent && threshold.value > 100.0;
    too_much.then(|| Problem::error(CHECK.name, format!("`{text}` is more than everything")).at(path, "at most 100%"))
}

/// A number without a unit is where seconds get mistaken for milliseconds.
fn bare_number_help(kind: AlarmKind, text: &str, threshold: Threshold) -> Option<String> {
    if threshold.unit != Unit::Count {
        return None;
    }
    let unit = match kind.families().first()? {
        UnitFamily::Share => "%",
        UnitFamily::Time => " ms",
        UnitFamily::Size => " MiB",
        UnitFamily::Rate => "/s",
        UnitFamily::Number => return None,
    };
    Some(format!("say the unit: `{}{unit}`", text.trim()))
}

fn words(family: UnitFamily) -> &'static str {
    match family {
        UnitFamily::Share => "a percentage",
        UnitFamily::Time => "a time (`ms`, `s`)",
        UnitFamily::Size => "a size (`MiB`, `GiB`)",
        UnitFamily::Number => "a plain number",
        UnitFamily::Rate => "a number each second (`/s`)",
    }
}

/// CloudWatch: 10, 30 or a multiple of 60 seconds; periods times points within a day (`PutMetricAlarm`).
fn period(alarm: &Alarm, path: &Path) -> Option<Problem> {
    let seconds = alarm.period_seconds.unwrap_or(60);
    if !matches!(seconds, 10 | 30) && !seconds.is_multiple_of(60) {
        return Some(
            Problem::error(CHECK.name, format!("an alarm can't look at {seconds} seconds at a time"))
                .at(&path.key("period_seconds"), "10, 30 or a multiple of 60"),
        );
    }
    let whole = u64::from(seconds) * u64::from(alarm.evaluation_periods.unwrap_or(5));
    (whole > 86_400).then(|| {
        Problem::error(CHECK.name, format!("an alarm can't look back {whole} seconds"))
            .at(path, "`period_seconds` times `evaluation_periods`: at most a day, 86400")
    })
}
