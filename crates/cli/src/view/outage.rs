//! What users of the database feel while a plan is applied, and later because of it.

use super::forecast::estimate_json;
use super::words;
use super::wrap::{headed, wrapped};
use auroractl_core::outage::{Felt, InWindow, Later, Loss, Outage, Reading, Window, Writing};
use auroractl_core::{Address, Level, When};
use auroractl_stack::{Forecast, Note, masked};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Windows that are listed one by one; more are counted.
const LISTED: usize = 12;

/// The field that says when AWS works on clusters and members: what is pending moves with it.
const WINDOW: &str = "preferred_maintenance_window";

/// Shows the sentence, and every window below it.
pub(super) fn show(out: &mut dyn Write, forecast: &Forecast) -> io::Result<()> {
    let outage = &forecast.outage;
    headed(out, "Impact:", &format!("{}.", words(forecast)))?;
    for window in outage.windows.iter().take(LISTED) {
        wrapped(out, &line(window))?;
    }
    if let Some(more @ 1..) = outage.windows.len().checked_sub(LISTED) {
        wrapped(out, &format!("and {more} more"))?;
    }
    outage.later.iter().take(LISTED).try_for_each(|later| wrapped(out, &later_line(later)))
}

/// The whole in one sentence: `writer unavailable once for about 15 s (p95 60 s); db_instance.b becomes the writer; 2 readers
/// restarted, one at a time`. Where the run interrupts nobody and the maintenance window will, it says both.
pub(super) fn words(forecast: &Forecast) -> String {
    summed(&forecast.outage, &forecast.notes.iter().collect::<Vec<_>>(), forecast)
}

/// The same of a part of what was forecast: of what came about in a run.
pub(super) fn summed(outage: &Outage, notes: &[&Note], forecast: &Forecast) -> String {
    let mut parts = gone(outage, forecast);
    parts.extend(during(outage));
    if parts.is_empty() {
        parts.push(match outage.in_window {
            Some(_) => "nobody is interrupted while it runs".to_owned(),
            None => "nobody who uses the database is interrupted".to_owned(),
        });
    }
    parts.extend(outage.in_window.as_ref().map(|later| format!("{}: {}", when(&later.windows), then(later))));
    parts.extend(outage.losses.iter().map(lost));
    parts.extend(waiting(outage));
    parts.extend(notes.iter().map(|note| note.text.clone()));
    parts.join("; ")
}

/// What is felt while it runs.
fn during(outage: &Outage) -> Vec<String> {
    let mut parts = Vec::new();
    if outage.writer.times > 0 {
        parts.push(unavailable(outage.writer));
        parts.extend(new_writer(outage).map(|member| format!("{member} becomes the writer")));
    }
    if outage.readers.times > 0 {
        parts.push(restarted(outage));
    }
    let of = |what: Felt| outage.windows.iter().filter(move |window| window.what == what);
    let leave: Vec<String> = of(Felt::ReaderLeaves).map(|window| window.address.to_string()).collect();
    match leave.as_slice() {
        [] => {}
        [one] => parts.push(format!("{one} leaves, its connections are dropped")),
        more => parts.push(format!("{} leave, their connections are dropped", more.join(", "))),
    }
    if of(Felt::ConnectionsDropped).next().is_some() {
        parts.push("some connections dropped".to_owned());
    }
    if of(Felt::EndpointChanges).next().is_some() {
        parts.push("clients need a new endpoint".to_owned());
    }
    parts
}

/// `writer unavailable twice for about 30 s in all (p95 1 min 33 s)`.
fn unavailable(Writing { times, lasts }: Writing) -> String {
    let whole = if times == 1 { "" } else { " in all" };
    let (p50, p95) = (words::seconds(lasts.p50.into()), words::seconds(lasts.p95.into()));
    format!("writer unavailable {} for about {p50}{whole} (p95 {p95})", words::times(times))
}

/// Who is the writer when it is done, if that is somebody else than before.
fn new_writer(outage: &Outage) -> Option<&Address> {
    let mut handovers = outage.windows.iter().filter_map(|window| window.handover.as_ref());
    let first = handovers.next()?;
    let last = handovers.next_back().unwrap_or(first);
    (first.from.as_ref() != Some(&last.to)).then_some(&last.to)
}

/// `2 readers restarted and 1 replaced for about 8 min 33 s (p95 15 min 0 s), one at a time`.
pub(super) fn restarted(outage: &Outage) -> String {
    let Reading { times, at_once, replaced } = outage.readers;
    let together = match (times, at_once) {
        (1, _) => String::new(),
        (_, 1) => ", one at a time".to_owned(),
        (all, most) if most == all => ", all at once".to_owned(),
        (_, most) => format!(", up to {most} at once"),
    };
    let away = outage.windows.iter().filter(|window| window.what == Felt::ReaderReplaced).map(Window::lasts);
    let longest = away.max_by(|a, b| a.p50.total_cmp(&b.p50));
    let away = longest.map(|time| format!(" for {}", words::about(time))).unwrap_or_default();
    let who = match (times.saturating_sub(replaced), replaced) {
        (restarted, 0) => again(outage, restarted),
        (0, replaced) => format!("{} replaced{away}", words::count(replaced, "reader")),
        (restarted, replaced) => format!("{} and {replaced} replaced{away}", again(outage, restarted)),
    };
    format!("{who}{together}")
}

/// `2 readers restarted`, or how often where some do more than once.
fn again(outage: &Outage, restarts: usize) -> String {
    let restart = outage.windows.iter().filter(|window| window.what == Felt::ReaderRestarts);
    let readers = restart.map(|window| &window.address).collect::<BTreeSet<_>>().len();
    match readers {
        1.. if readers < restarts => {
            format!("{} restarted {} in all", words::count(readers, "reader"), words::times(restarts))
        }
        _ => format!("{} restarted", words::count(restarts, "reader")),
    }
}

/// `in the maintenance window (sun 04:30-05:30 UTC)`.
pub(super) fn when(windows: &BTreeSet<String>) -> String {
    let told: Vec<String> = windows.iter().map(|window| words::spell(window)).collect();
    match told.as_slice() {
        [] => "in the maintenance window".to_owned(),
        [one] => format!("in the maintenance window ({one})"),
        more => format!("in the maintenance windows ({})", more.join(", ")),
    }
}

/// What is felt in the maintenance window: `writer unavailable once for about 15 s (p95 10 min 0 s), 2 readers restarted, members
/// may restart together`.
pub(super) fn then(later: &InWindow) -> String {
    let writer = (later.writer.times > 0).then(|| unavailable(later.writer));
    let readers = later.readers.times;
    let readers = (readers > 0).then(|| format!("{} restarted", words::count(readers, "reader")));
    let dropped = (later.dropped > 0).then(|| "some connections dropped".to_owned());
    let together = later.together.then(|| "members may restart together".to_owned());
    writer.into_iter().chain(readers).chain(dropped).chain(together).collect::<Vec<_>>().join(", ")
}

/// `backups older than 7 days are deleted for good`.
pub(super) fn lost(loss: &Loss) -> String {
    let Loss { address, field, keeps, when } = loss;
    let days = masked(field, keeps).as_u64().and_then(|days| usize::try_from(days).ok());
    let days = days.map(|days| words::count(days, "day"));
    let later = if *when == When::InWindow { "in the maintenance window " } else { "" };
    match (address.kind(), field.as_str(), days) {
        ("db_cluster", "backup_retention_period", Some(days)) => {
            format!("{later}backups older than {days} are deleted for good")
        }
        ("db_cluster", "performance_insights_retention_period", Some(days)) => {
            format!("{later}Performance Insights older than {days} are deleted for good")
        }
        ("log_group", "retention_in_days", Some(days)) => {
            format!("{later}what {address} holds that is older than {days} is deleted for good")
        }
        _ => format!("{later}what {address} keeps longer than its new {field} is deleted for good"),
    }
}

/// The edits that count when somebody restarts what they are of.
fn waiting(outage: &Outage) -> Option<String> {
    match outage.later.iter().filter(|later| later.when == When::AtReboot).count() {
        0 => None,
        1 => Some("1 edit waits for a restart".to_owned()),
        more => Some(format!("{more} edits wait for a restart")),
    }
}

/// What goes, and what is left of it.
fn gone(outage: &Outage, forecast: &Forecast) -> Vec<String> {
    let windows = outage.windows.iter();
    let gone: Vec<&Address> =
        windows.filter(|window| window.what == Felt::GoneForGood).map(|window| &window.address).collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let names: Vec<String> = gone.iter().map(ToString::to_string).collect();
    let left = gone.iter().filter_map(|at| forecast.farewells.get(*at)).map(|snapshot| farewell(snapshot.as_deref()));
    std::iter::once(format!("{} gone for good", names.join(", "))).chain(left).collect()
}

fn farewell(snapshot: Option<&str>) -> String {
    match snapshot {
        Some(name) => format!("a final snapshot `{name}` is made first"),
        None => "no final snapshot is made".to_owned(),
    }
}

/// What a window is, in words.
pub(super) fn felt(what: Felt) -> &'static str {
    match what {
        Felt::WriterUnavailable => "writer unavailable",
        Felt::ReaderRestarts => "reader restarts",
        Felt::ReaderReplaced => "reader replaced",
        Felt::ReaderLeaves => "leaves, connections dropped",
        Felt::ConnectionsDropped => "some connections dropped",
        Felt::EndpointChanges => "clients need a new endpoint",
        Felt::GoneForGood => "gone for good",
    }
}

/// What does it: the fields of the change, and who takes over from whom.
pub(super) fn because(window: &Window) -> String {
    let failover = window.handover.as_ref().map(|roles| match &roles.from {
        Some(from) => format!("failover from {from} to {}", roles.to),
        None => format!("failover to {}", roles.to),
    });
    window.fields.iter().cloned().chain(failover).collect::<Vec<_>>().join(", ")
}

/// `after 6 min 0 s: writer unavailable for about 15 s (p95 60 s): db_cluster.main, by db_instance.a (db_instance_class)`.
pub(super) fn line(window: &Window) -> String {
    let Window { what, address, by, from, .. } = window;
    let since = if *from < 1.0 { "at once".to_owned() } else { format!("after {}", words::seconds((*from).into())) };
    let whose = if address == by { address.to_string() } else { format!("{address}, by {by}") };
    format!("{since}: {}{}: {whose}{}", felt(*what), lasts(window), bracketed(&because(window)))
}

/// A window as the cause of something: `db_instance.a (db_instance_class): writer unavailable for about 15 s (p95 1 min 0 s)`.
pub(crate) fn cause(window: &Window) -> String {
    format!("{}{}: {}{}", window.by, bracketed(&because(window)), felt(window.what), lasts(window))
}

/// The maintenance window as the cause of something.
pub(crate) fn cause_later(later: &InWindow) -> String {
    format!("{}: {}", when(&later.windows), then(later))
}

fn bracketed(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

/// `30 s`.
pub(crate) fn span(seconds: f64) -> String {
    words::seconds(seconds)
}

/// ` for about 15 s (p95 60 s)`; nothing for what has no end.
fn lasts(window: &Window) -> String {
    window.until.map_or_else(String::new, |_| format!(" for {}", words::about(window.lasts())))
}

/// `later: db_instance.a.db_instance_class counts in the maintenance window (sun 04:30-05:30 UTC): failover to a reader`.
pub(super) fn later_line(later: &Later) -> String {
    let Later { address, field, window, level, .. } = later;
    let counts = match (later.when, level) {
        (When::Now, _) => "with this run".to_owned(),
        (When::AtReboot, Level::RebootAll) => {
            "after a restart of every instance, which AWS never makes by itself".to_owned()
        }
        (When::AtReboot, _) => "after a restart, which AWS never makes by itself".to_owned(),
        (When::InWindow, _) if field == WINDOW => format!(
            "{}, as what is pending is made in it, at once where that is now: {}",
            when(&window.iter().cloned().collect()),
            words::level(*level)
        ),
        (When::InWindow, _) => format!("{}: {}", when(&window.iter().cloned().collect()), words::level(*level)),
    };
    format!("later: {address}.{field} counts {counts}")
}

/// All of it for scripts: sums, windows, what counts later, and what is deleted.
pub(super) fn json(forecast: &Forecast) -> Value {
    let Outage { windows, writer, readers, dropped, in_window, later, losses } = &forecast.outage;
    json!({
        "summary": words(forecast),
        "writer_unavailable": writing_json(*writer),
        "readers_restarted": readers,
        "connections_dropped": dropped,
        "windows": windows.iter().map(window_json).collect::<Vec<_>>(),
        "in_window": in_window.as_ref().map(in_window_json),
        "later": later,
        "losses": losses.iter().map(loss_json).collect::<Vec<_>>(),
        "notes": forecast.notes.iter().map(|note| &note.text).collect::<Vec<_>>(),
    })
}

fn writing_json(writer: Writing) -> Value {
    let mut value = estimate_json(writer.lasts);
    if let Some(map) = value.as_object_mut() {
        map.insert("times".to_owned(), json!(writer.times));
    }
    value
}

fn in_window_json(later: &InWindow) -> Value {
    json!({
        "maintenance_windows": later.windows,
        "writer_unavailable": writing_json(later.writer),
        "readers_restarted": later.readers,
        "connections_dropped": later.dropped,
        "together": later.together,
    })
}

fn loss_json(loss: &Loss) -> Value {
    let Loss { address, field, keeps, when } = loss;
    json!({"address": address, "field": field, "keeps": masked(field, keeps), "when": when})
}

fn window_json(window: &Window) -> Value {
    let Window { what, address, by, fields, handover, from, until, .. } = window;
    json!({
        "what": what,
        "address": address,
        "by": by,
        "fields": fields,
        "failover": handover,
        "from_seconds": super::forecast::tenths((*from).into()),
        "until": until.map(estimate_json),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::testing::{calm, forecast};
    use auroractl_core::Estimate;
    use auroractl_core::outage::Handover;

    fn at(address: &str) -> Address {
        address.parse().unwrap()
    }

    fn told(outage: Outage) -> String {
        words(&forecast(Vec::new(), outage))
    }

    fn window(what: Felt, address: &str) -> Window {
        let until = Some(Estimate { p50: 513.0, p95: 900.0 });
        let (address, by, fields) = (at(address), at(address), Vec::new());
        Window { what, address, by, step: 0, fields, handover: None, from: 0.0, until }
    }

    fn waits(when: When, level: Level) -> Later {
        let (address, field) = (at("db_instance.a"), "db_instance_class".to_owned());
        Later { address, field, when, window: Some("sun:04:30-sun:05:30".to_owned()), level }
    }

    #[test]
    fn who_restarts_more_than_once_is_one_reader() {
        let restarts = |names: &[&str]| {
            let windows = names.iter().map(|name| window(Felt::ReaderRestarts, name)).collect();
            let readers = Reading { times: names.len(), at_once: 1, replaced: 0 };
            restarted(&Outage { readers, ..calm().with(windows) })
        };
        assert_eq!(restarts(&["db_instance.a", "db_instance.b"]), "2 readers restarted, one at a time");
        let twice = ["db_instance.a", "db_instance.b", "db_instance.a"];
        assert_eq!(restarts(&twice), "2 readers restarted 3 times in all, one at a time");
    }

    #[test]
    fn what_is_left_to_the_window_is_no_calm() {
        let in_window = InWindow {
            windows: BTreeSet::from(["sun:04:30-sun:05:30".to_owned()]),
            writer: Writing { times: 1, lasts: Estimate { p50: 15.0, p95: 600.0 } },
            readers: Reading { times: 2, at_once: 2, replaced: 0 },
            dropped: 0,
            together: true,
        };
        let later = vec![waits(When::InWindow, Level::Failover)];
        assert_eq!(
            later_line(&later[0]),
            "later: db_instance.a.db_instance_class counts in the maintenance window (sun 04:30-05:30 UTC): failover to a reader"
        );
        assert_eq!(
            told(Outage { in_window: Some(in_window), later, ..calm() }),
            "nobody is interrupted while it runs; in the maintenance window (sun 04:30-05:30 UTC): writer unavailable once for \
             about 15 s (p95 10 min 0 s), 2 readers restarted, members may restart together"
        );
        let restart = vec![waits(When::AtReboot, Level::RebootAll)];
        assert_eq!(
            told(Outage { later: restart, ..calm() }),
            "nobody who uses the database is interrupted; 1 edit waits for a restart"
        );
    }

    #[test]
    fn readers_that_go_leave_and_those_that_are_replaced_are_away_for_long() {
        let windows = vec![window(Felt::ReaderLeaves, "db_instance.c")];
        assert_eq!(told(Outage { windows, dropped: 1, ..calm() }), "db_instance.c leaves, its connections are dropped");
        let windows = vec![window(Felt::ReaderReplaced, "db_instance.c")];
        let readers = Reading { times: 1, at_once: 1, replaced: 1 };
        let replaced = Outage { windows, readers, ..calm() };
        assert_eq!(told(replaced.clone()), "1 reader replaced for about 8 min 33 s (p95 15 min 0 s)");
        let readers = Reading { times: 3, at_once: 1, replaced: 1 };
        assert_eq!(
            told(Outage { readers, ..replaced }),
            "2 readers restarted and 1 replaced for about 8 min 33 s (p95 15 min 0 s), one at a time"
        );
    }

    #[test]
    fn the_new_writer_is_named_unless_the_role_comes_back() {
        let moves = |from: &str, to: &str| {
            let handover = Some(Handover { from: Some(at(from)), to: at(to) });
            Window { handover, ..window(Felt::WriterUnavailable, "db_cluster.main") }
        };
        let (a, b) = ("db_instance.a", "db_instance.b");
        let of = |windows: Vec<Window>| {
            let writer = Writing { times: windows.len(), lasts: Estimate { p50: 15.0, p95: 60.0 } };
            told(Outage { windows, writer, ..calm() })
        };
        assert_eq!(
            of(vec![moves(a, b)]),
            "writer unavailable once for about 15 s (p95 1 min 0 s); db_instance.b becomes the writer"
        );
        assert_eq!(
            of(vec![moves(a, b), moves(b, a)]),
            "writer unavailable twice for about 15 s in all (p95 1 min 0 s)"
        );
        assert!(line(&moves(a, b)).ends_with("db_cluster.main (failover from db_instance.a to db_instance.b)"));
    }

    #[test]
    fn what_aws_deletes_is_told_whole() {
        let loss = |address: &str, field: &str, when| Loss {
            address: at(address),
            field: field.to_owned(),
            keeps: json!(7),
            when,
        };
        let told = |address, field, when| lost(&loss(address, field, when));
        let (cluster, backups) = ("db_cluster.main", "backup_retention_period");
        assert_eq!(told(cluster, backups, When::Now), "backups older than 7 days are deleted for good");
        assert!(told(cluster, backups, When::InWindow).starts_with("in the maintenance window backups"));
        let logs = told("log_group.postgresql", "retention_in_days", When::Now);
        assert_eq!(logs, "what log_group.postgresql holds that is older than 7 days is deleted for good");
        assert!(told(cluster, "another", When::Now).contains("its new another"));
        let losses = vec![loss(cluster, backups, When::Now)];
        let whole = words(&forecast(Vec::new(), Outage { losses, ..calm() }));
        assert_eq!(
            whole,
            "nobody who uses the database is interrupted; backups older than 7 days are deleted for good"
        );
    }
}
