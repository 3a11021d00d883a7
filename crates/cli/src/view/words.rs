//! The words and signs for the values of a plan; every view uses the same.

use auroractl_core::model::Group;
use auroractl_core::plan::{Action, Plan, Reason, Summary};
use auroractl_core::{Address, Impact, Level, When};
use auroractl_stack::in_bytes;
use owo_colors::Style;
use serde_json::Value;

/// Numbers below it are told digit by digit.
const WHOLE: f64 = 1e15;

/// The sign before an address.
pub(super) fn sign(action: Action) -> &'static str {
    match action {
        Action::NoOp => " ",
        Action::Create => "+",
        Action::Update => "~",
        Action::Restart => "!",
        Action::Replace => "±",
        Action::Delete => "-",
        Action::Adopt => "=",
        Action::Forget => "?",
        Action::Surge => "^",
        Action::Refused => "x",
    }
}

/// What is done, after the address.
pub(super) fn verb(action: Action) -> &'static str {
    match action {
        Action::NoOp => "unchanged",
        Action::Create => "create",
        Action::Update => "update in place",
        Action::Restart => "update with interruption",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Forget => "forget",
        Action::Surge => "make for the roll, then delete",
        Action::Refused => "REFUSED",
    }
}

/// The same of what is left as it is though it can't be used.
pub(super) const AILING: &str = "NOT USABLE";

/// Of the plan of a stack that was never applied.
pub(super) const DRAWN: &str = "the stack was never applied: names that end in an identity are drawn anew by each plan, and \
                                decided by apply or by the plan that `--out` saves";

/// The colour of an action.
pub(super) fn style(action: Action) -> Style {
    match action {
        Action::NoOp => Style::new().dimmed(),
        Action::Create | Action::Surge => Style::new().green(),
        Action::Update | Action::Adopt => Style::new().yellow(),
        Action::Restart | Action::Replace => Style::new().magenta(),
        Action::Delete | Action::Forget => Style::new().red(),
        Action::Refused => Style::new().red().bold(),
    }
}

/// The same as a class of a style sheet.
pub(super) fn tone(action: Action) -> &'static str {
    match action {
        Action::NoOp => "same",
        Action::Create | Action::Surge => "make",
        Action::Update | Action::Adopt => "edit",
        Action::Restart | Action::Replace => "felt",
        Action::Delete | Action::Forget | Action::Refused => "gone",
    }
}

/// The heading of a part of the stack.
pub(super) fn group(group: Group) -> &'static str {
    match group {
        Group::Network => "Network",
        Group::Security => "Security",
        Group::Params => "Parameters",
        Group::Cluster => "Cluster",
        Group::Monitoring => "Monitoring",
    }
}

/// What users of the database feel.
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::None => "nobody notices",
        Level::Reconnect => "connections may drop once",
        Level::RebootOne => "one instance restarts",
        Level::Failover => "the writer changes its place",
        Level::RebootAll => "every instance restarts",
        Level::WriteOutage => "no writes for minutes",
        Level::EndpointChange => "clients need a new endpoint",
        Level::Replace => "made anew",
        Level::Impossible => "AWS can't change it",
    }
}

/// An impact with its time, and what can't be taken back; empty where nobody notices and nothing is lost.
pub(super) fn impact(impact: &Impact) -> String {
    let (felt, lost) = (felt(impact), for_good(impact));
    let parts = [felt.as_str(), lost];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// What the opposite edit does not bring back. That of what is made anew stands in the verb.
fn for_good(impact: &Impact) -> &'static str {
    match impact.level {
        _ if impact.reversible => "",
        Level::None => "for good: what is older is deleted",
        Level::Replace | Level::Impossible => "",
        _ => "for good: there is no way back",
    }
}

fn felt(impact: &Impact) -> String {
    let when = match impact.when {
        When::Now => "",
        When::AtReboot => ", at the next restart",
        When::InWindow => ", in the maintenance window",
    };
    match (impact.level, impact.when) {
        (Level::None, When::Now) => String::new(),
        (Level::None, _) => format!("takes effect{}", when.trim_start_matches(',')),
        (other, _) => format!("{}{when}", level(other)),
    }
}

/// Why.
pub(super) fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Unchanged => "as it should be".to_owned(),
        Reason::New => "new in the stack".to_owned(),
        Reason::DeletedOutside => "it was deleted outside of auroractl".to_owned(),
        Reason::Edited { fields } => because("the stack changed", fields),
        Reason::Drifted { fields } => because("changed outside of auroractl", fields),
        Reason::Relinquished { fields } => {
            format!("no longer in the stack, AWS keeps the last value: {}", fields.join(", "))
        }
        Reason::CannotUpdate { fields } => format!("AWS can't change in place: {}", fields.join(", ")),
        Reason::RemovedFromStack => "no longer in the stack".to_owned(),
        Reason::Destroyed => "the stack is destroyed".to_owned(),
        Reason::Kept { by } => {
            format!(
                "it stays at AWS, only its record goes: what {by} leaves behind (snapshots, backups) can't be read without it"
            )
        }
        Reason::Needed { what } => format!("it stays at AWS, only its record goes: {what} needs it"),
        Reason::FoundOwned => "an interrupted run made it".to_owned(),
        Reason::MadeByAws => "AWS made it by itself for this stack, and nobody has touched it".to_owned(),
        Reason::Unfinished { status } => format!("AWS is still at work on it since an interrupted run: {status}"),
        Reason::FailedEarlier { status } => format!("an earlier attempt failed: {status}"),
        Reason::Ailing { status } => format!("not usable at AWS: {status}"),
        Reason::StandsIn => "it is there only while others are away".to_owned(),
        Reason::TagsMissing => "its ownership tags are missing".to_owned(),
        Reason::Moved => "its tags name the address that it had before".to_owned(),
        Reason::Refused => "refused".to_owned(),
    }
}

/// Who moved, and which fields. What no stack sets and a run may leave behind is told by itself: nobody changed it.
fn because(who: &str, fields: &[String]) -> String {
    let (left, moved): (Vec<&str>, Vec<&str>) =
        fields.iter().map(String::as_str).partition(|field| left_behind(field).is_some());
    let moved = (!moved.is_empty()).then(|| format!("{who}: {}", moved.join(", ")));
    let left = left.into_iter().filter_map(left_behind).map(str::to_owned);
    moved.into_iter().chain(left).collect::<Vec<_>>().join("; ")
}

fn left_behind(field: &str) -> Option<&'static str> {
    match field {
        IN_SYNC => Some("its parameter values wait for a restart"),
        "suspended" => Some("its scaling stands still, as an interrupted run leaves it; it is resumed"),
        _ => None,
    }
}

/// The field of a member that is none of AWS's: whether all values of its parameter groups are in use.
const IN_SYNC: &str = "parameters_in_sync";

/// A field of a resource and its two values, in words where they stand for something else.
pub(super) fn sides((at, path): (&Address, &str), values: (&Value, &Value)) -> (String, String, String) {
    if path == IN_SYNC {
        return ("parameter values".to_owned(), "wait for a restart".to_owned(), "in use".to_owned());
    }
    let told = (of_field((at, path), values.0), of_field((at, path), values.1));
    // What is rounded to the same differs all the same.
    let (before, after) = if told.0 == told.1 { (value(values.0), value(values.1)) } else { told };
    (path.to_owned(), before, after)
}

/// The value of a field on one line, with its unit where that is known.
pub(super) fn of_field((at, path): (&Address, &str), told: &Value) -> String {
    if in_bytes(at, path) { bytes(told) } else { value(told) }
}

/// A number of bytes in the largest unit of which there is one: `1.6 GiB`.
fn bytes(size: &Value) -> String {
    const UNITS: [(&str, f64); 3] = [("GiB", 1_073_741_824.0), ("MiB", 1_048_576.0), ("KiB", 1_024.0)];
    let unit = |bytes: f64| Some((bytes, UNITS.into_iter().find(|(_, one)| bytes >= *one)?));
    match size.as_f64().and_then(unit) {
        Some((bytes, (name, one))) => format!("{} {name}", (bytes / one * 100.0).round() / 100.0),
        None => value(size),
    }
}

/// What has failed at AWS, a line each: `db_cluster.main: its status is incompatible-network: …`.
pub(super) fn ailing(plan: &Plan) -> Vec<String> {
    plan.ailing().map(|(address, status)| format!("{address}: {status}")).collect()
}

/// A value on one line.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => "(unset)".to_owned(),
        Value::String(text) => format!("{text:?}"),
        Value::Object(map) => match map.get("$ref").and_then(Value::as_object) {
            Some(promise) if map.len() == 1 => {
                let part = |key| promise.get(key).and_then(Value::as_str).unwrap_or_default();
                format!("({} of {}, known after apply)", part("output"), part("of"))
            }
            _ if map.is_empty() => "{}".to_owned(),
            _ => {
                let pairs = map.iter().map(|(key, inner)| format!("{key} = {}", self::value(inner)));
                format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
            }
        },
        Value::Array(items) => format!("[{}]", items.iter().map(self::value).collect::<Vec<_>>().join(", ")),
        // A whole number of a field that takes broken ones: `.0` says nothing.
        Value::Number(number) => {
            let whole =
                number.as_f64().filter(|amount| number.is_f64() && amount.fract() == 0.0 && amount.abs() < WHOLE);
            whole.map_or_else(|| number.to_string(), |amount| format!("{amount:.0}"))
        }
        Value::Bool(_) => value.to_string(),
    }
}

/// `60 to create, 1 to update in place`; the actions that occur, in the order of their weight.
pub(super) fn summary(sum: &Summary) -> String {
    let parts = [
        (sum.create, "to create"),
        (sum.update, "to update in place"),
        (sum.restart, "to update with interruption"),
        (sum.replace, "to replace"),
        (sum.delete, "to delete"),
        (sum.surge, "to make for a while"),
        (sum.adopt, "to adopt"),
        (sum.forget, "to forget"),
        (sum.refused, "refused"),
        (sum.noop, "unchanged"),
    ];
    parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// `1 step`, `2 steps`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `12 s`, `6 min 10 s`, `1 h 5 min`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
pub(super) fn seconds(seconds: f64) -> String {
    let whole = seconds.clamp(0.0, 1.0e9).round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_told_without_what_json_adds() {
        let promise = json!({"$ref": {"of": "security_group.app", "output": "group_id"}});
        assert_eq!(value(&json!({"app": promise})), "{ app = (group_id of security_group.app, known after apply) }");
        assert_eq!(value(&json!([1_717_986_918.0, 0.5, 3, {}])), "[1717986918, 0.5, 3, {}]");
    }

    #[test]
    fn sizes_are_told_in_their_unit() {
        let told = |at: &str, before: f64, after: f64| {
            let at = at.parse().unwrap();
            let (_, before, after) = sides((&at, "threshold"), (&json!(before), &json!(after)));
            [before, after]
        };
        assert_eq!(told("metric_alarm.memory", 1_717_986_918.0, 4_294_967_296.0), ["1.6 GiB", "4 GiB"]);
        assert_eq!(told("metric_alarm.memory", 100.0, 536_870_912.0), ["100", "512 MiB"]);
        assert_eq!(told("metric_alarm.memory", 1_717_986_918.0, 1_717_986_919.0), ["1717986918", "1717986919"]);
        assert_eq!(told("metric_alarm.connections", 4_000.0, 8_000.0), ["4000", "8000"]);
    }

    #[test]
    fn what_a_run_left_behind_was_changed_by_nobody() {
        let edited = |fields: &[&str]| Reason::Edited { fields: fields.iter().map(ToString::to_string).collect() };
        assert_eq!(reason(&edited(&["port"])), "the stack changed: port");
        assert_eq!(
            reason(&edited(&["promotion_tier", "parameters_in_sync"])),
            "the stack changed: promotion_tier; its parameter values wait for a restart"
        );
        assert!(!reason(&edited(&["suspended"])).contains("the stack changed"));
    }

    #[test]
    fn what_can_not_be_taken_back_says_so() {
        let page = |level| Impact::new(level, "a page");
        assert_eq!(impact(&page(Level::None)), "");
        assert_eq!(impact(&page(Level::None).for_good()), "for good: what is older is deleted");
        assert_eq!(
            impact(&page(Level::RebootAll).for_good()),
            "every instance restarts; for good: there is no way back"
        );
        assert_eq!(impact(&page(Level::Replace)), "made anew");
    }
}
