//! The words and signs for the values of a plan; every view uses the same.

use auroractl_core::diff::FieldChange;
use auroractl_core::model::Group;
use auroractl_core::plan::{Action, Change, Plan, Reason, Summary, taken_along, taken_back};
use auroractl_core::state::Verb;
use auroractl_core::{Address, Estimate, Impact, Level, When};
use auroractl_stack::{in_bytes, masked};
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

/// What a step does, behind the address of its resource.
pub(super) fn doing(verb: Verb) -> String {
    match verb {
        Verb::Failback => "failover back".to_owned(),
        Verb::Pause => "suspend".to_owned(),
        Verb::Settle => "catch up".to_owned(),
        other => other.to_string(),
    }
}

/// The same of what is left as it is though it can't be used.
pub(super) const AILING: &str = "NOT USABLE";

/// Of the plan of a stack that was never applied.
pub(super) const DRAWN: &str = "the stack was never applied: names that end in an identity are drawn anew by each plan, and \
                                decided by apply or by the plan that `--out` saves";

/// What an edge of the graph means.
pub(super) const EDGE: &str = "Each line leads from a resource to one that needs it.";

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
        Level::Failover => "failover to a reader",
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
    match (impact.level, impact.when) {
        (Level::None, When::Now) => String::new(),
        (Level::None, When::AtReboot) => "takes effect at the next restart".to_owned(),
        (Level::None, When::InWindow) => "takes effect in the maintenance window".to_owned(),
        (Level::RebootAll, When::AtReboot) => "counts after a restart of every instance".to_owned(),
        (Level::RebootOne | Level::Failover, When::AtReboot) => "counts after a restart of the instance".to_owned(),
        (other, When::Now) => level(other).to_owned(),
        (other, When::AtReboot) => format!("{}, at the next restart", level(other)),
        (other, When::InWindow) => format!("{}, in the maintenance window", level(other)),
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
        Reason::Unapplied { fields } => because("AWS has accepted it and not applied it yet", fields),
        Reason::CutShort { fields } => because("an interrupted run left it undone", fields),
        Reason::Relinquished { fields } => relinquished(fields),
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
    // A stack says by its strategy whether edits wait.
    let said = |field: &str| if field == DEFERRED { "changes.strategy".to_owned() } else { field.to_owned() };
    let moved: Vec<String> = moved.into_iter().map(said).collect();
    let moved = (!moved.is_empty()).then(|| format!("{who}: {}", moved.join(", ")));
    let left = left.into_iter().filter_map(left_behind).map(str::to_owned);
    moved.into_iter().chain(left).collect::<Vec<_>>().join("; ")
}

/// What the stack no longer says, as far as a stack says it.
fn relinquished(fields: &[String]) -> String {
    let (waits, others): (Vec<&str>, Vec<&str>) =
        fields.iter().map(String::as_str).partition(|field| *field == IN_SYNC);
    let waits = (!waits.is_empty()).then(|| "its parameter values may wait for a restart from now on".to_owned());
    let kept = || format!("no longer in the stack, AWS keeps the last value: {}", others.join(", "));
    let kept = (!others.is_empty()).then(kept);
    kept.into_iter().chain(waits).collect::<Vec<_>>().join("; ")
}

/// What is told of a field that no stack sets and that a run may leave behind.
pub(super) fn left_behind(field: &str) -> Option<&'static str> {
    match field {
        IN_SYNC => Some("its parameter values wait for a restart"),
        SUSPENDED => Some("its scaling stands still, as an interrupted run leaves it; it is resumed"),
        _ => None,
    }
}

/// The field of a member that is none of AWS's: whether all values of its parameter groups are in use.
const IN_SYNC: &str = "parameters_in_sync";
/// The field of reader autoscaling that a roll sets and takes back.
const SUSPENDED: &str = "suspended";
/// The field of clusters and members that says whether edits wait for the maintenance window.
const DEFERRED: &str = "deferred";

/// A field of a resource and its two values, in words where they stand for something else.
pub(super) fn sides((at, path): (&Address, &str), values: (&Value, &Value)) -> (String, String, String) {
    let told = |path: &str, before: &str, after: &str| (path.to_owned(), before.to_owned(), after.to_owned());
    match path {
        IN_SYNC => return told("parameter values", "wait for a restart", "in use"),
        SUSPENDED => return told("scaling", "suspended", "running"),
        DEFERRED => return told("pending edits", "wait for the maintenance window", "made now"),
        _ => {}
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

/// What users of the database feel of an edit, with its time, and what can't be taken back.
pub(super) fn edit(change: &Change, field: &FieldChange) -> String {
    if field.impact.level == Level::None && takes_back(change, field) {
        return "withdraws what AWS has not applied".to_owned();
    }
    impact(&field.impact)
}

/// Is the value before this edit one that AWS has accepted and not applied? Then the edit takes that back.
pub(super) fn takes_back(change: &Change, field: &FieldChange) -> bool {
    change.pending.get(&field.path) == Some(&field.before)
}

/// What becomes of a pending value with this change, where the window is not what it waits for any longer.
pub(super) fn fate(change: &Change, field: &str) -> &'static str {
    if taken_back(change).any(|path| path == field) {
        " (the stack does not want it: this edit takes it back)"
    } else if taken_along(change).any(|path| path == field) {
        " (applied with this edit)"
    } else {
        ""
    }
}

/// What has failed at AWS, a line each: `db_cluster.main: its status is incompatible-network: …`.
pub(super) fn ailing(plan: &Plan) -> Vec<String> {
    plan.ailing().map(|(address, status)| format!("{address}: {status}")).collect()
}

/// Behind a value that AWS has accepted and not applied.
pub(super) const NOT_APPLIED: &str = " (pending, not applied)";

/// What AWS has accepted and not applied, a line each: `db_instance.a: db_instance_class = "…" in the maintenance window`.
pub(super) fn pending(plan: &Plan) -> Vec<String> {
    let of = |change: &Change| {
        let at = change.address.clone();
        let lines = change.pending.iter().map(move |(field, value)| format!("{at}: {}", waits(field, value)));
        lines.collect::<Vec<_>>()
    };
    plan.changes.iter().flat_map(of).collect()
}

/// A pending value and what it waits for.
fn waits(field: &str, value: &Value) -> String {
    match value.as_str() {
        Some(AT_RESTART) => {
            let group = field.trim_end_matches("_name").replace('_', " ");
            format!("values of its {group} wait for a restart")
        }
        _ => format!("{field} = {}, in the maintenance window", self::value(&masked(field, value))),
    }
}

/// What AWS says of a parameter group whose values wait for a restart.
const AT_RESTART: &str = "pending-reboot";

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

/// `once`, `twice`, `3 times`.
pub(super) fn times(number: usize) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// `about 15 s (p95 1 min 0 s)`.
pub(super) fn about(time: Estimate) -> String {
    format!("about {} (p95 {})", seconds(time.p50.into()), seconds(time.p95.into()))
}

/// A maintenance window of AWS, `sun:04:30-sun:05:30`, for people: `sun 04:30-05:30 UTC`.
pub(super) fn spell(window: &str) -> String {
    let moment = |text: &str| text.split_once(':').map(|(day, time)| (day.to_owned(), time.to_owned()));
    let ends = window.split_once('-').and_then(|(from, to)| Some((moment(from)?, moment(to)?)));
    match ends {
        Some(((day, from), (end, to))) if day == end => format!("{day} {from}-{to} UTC"),
        Some(((day, from), (end, to))) => format!("{day} {from}-{end} {to} UTC"),
        None => window.to_owned(),
    }
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
    fn what_a_run_began_was_changed_by_nobody_else() {
        let fields = || vec!["db_instance_class".to_owned()];
        for told in [Reason::Unapplied { fields: fields() }, Reason::CutShort { fields: fields() }] {
            let text = reason(&told);
            assert!(text.ends_with(": db_instance_class") && !text.contains("outside"), "{text}");
        }
        let left = Reason::Relinquished { fields: vec!["parameters_in_sync".to_owned()] };
        assert_eq!(reason(&left), "its parameter values may wait for a restart from now on");
    }

    #[test]
    fn fields_that_no_stack_has_are_told_in_words() {
        let at: Address = "db_cluster.main".parse().unwrap();
        let both = |path| sides((&at, path), (&json!(true), &json!(false)));
        let told = |path: &str, before: &str, after: &str| (path.to_owned(), before.to_owned(), after.to_owned());
        assert_eq!(both("deferred"), told("pending edits", "wait for the maintenance window", "made now"));
        assert_eq!(both("suspended"), told("scaling", "suspended", "running"));
        assert_eq!(both("port"), told("port", "true", "false"));
        let edited = Reason::Edited { fields: vec!["deferred".to_owned()] };
        assert_eq!(reason(&edited), "the stack changed: changes.strategy");
    }

    #[test]
    fn an_edit_that_takes_back_what_waits_says_so() {
        let page = Impact::new(Level::None, "a page").when(When::InWindow);
        let (before, after) = (json!("large"), json!("xlarge"));
        let field = FieldChange { path: "class".to_owned(), before, after, impact: page };
        let mut change = Change::bare("db_instance.a".parse().unwrap(), Group::Cluster, Action::Update);
        assert_eq!(edit(&change, &field), "takes effect in the maintenance window");
        change.pending.insert("class".to_owned(), json!("large"));
        assert_eq!(edit(&change, &field), "withdraws what AWS has not applied");
    }

    #[test]
    fn what_becomes_of_a_pending_value_is_told() {
        let edit = |path: &str| {
            let impact = Impact::new(Level::None, "a page");
            let field = FieldChange { path: path.to_owned(), before: json!(1), after: json!(2), impact };
            let bare = Change::bare("db_instance.a".parse().unwrap(), Group::Cluster, Action::Update);
            Change { fields: vec![field], pending: [("db_instance_class".to_owned(), json!("x"))].into(), ..bare }
        };
        assert!(fate(&edit("promotion_tier"), "db_instance_class").contains("takes it back"));
        assert!(fate(&edit("deferred"), "db_instance_class").contains("applied"));
        assert_eq!(fate(&edit("tags.team"), "db_instance_class"), "");
    }

    #[test]
    fn what_waits_says_for_what() {
        let page = |level, when| impact(&Impact::new(level, "a page").when(when));
        assert_eq!(page(Level::Failover, When::InWindow), "failover to a reader, in the maintenance window");
        assert_eq!(page(Level::RebootAll, When::AtReboot), "counts after a restart of every instance");
        let group = waits("db_cluster_parameter_group_name", &json!("pending-reboot"));
        assert_eq!(group, "values of its db cluster parameter group wait for a restart");
        let class = waits("db_instance_class", &json!("db.r7g.large"));
        assert_eq!(class, "db_instance_class = \"db.r7g.large\", in the maintenance window");
    }

    #[test]
    fn a_window_is_told_with_its_days() {
        assert_eq!(spell("sun:04:30-sun:05:30"), "sun 04:30-05:30 UTC");
        assert_eq!(spell("sat:23:30-sun:00:30"), "sat 23:30-sun 00:30 UTC");
        assert_eq!(spell("soon"), "soon");
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
