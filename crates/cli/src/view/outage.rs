//! What users of the database feel while a plan is applied.

use super::forecast::estimate_json;
use super::words;
use super::wrap::{headed, wrapped};
use auroractl_core::outage::{Felt, Later, Outage, Reading, Window};
use auroractl_core::{Address, When};
use auroractl_stack::Forecast;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Windows that are listed one by one; more are counted.
const LISTED: usize = 12;

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

/// The whole run in one sentence: `writer unavailable once for about 15 s (p95 60 s); 2 readers restarted, one at a time`.
pub(super) fn words(forecast: &Forecast) -> String {
    summed(&forecast.outage, forecast)
}

/// The same of a part of what was forecast: of what came about in a run.
pub(super) fn summed(outage: &Outage, forecast: &Forecast) -> String {
    let mut parts = gone(outage, forecast);
    let (writer, readers) = (&outage.writer, &outage.readers);
    if writer.times > 0 {
        let (p50, p95) = (words::seconds(writer.lasts.p50.into()), words::seconds(writer.lasts.p95.into()));
        let often = if writer.times == 1 { "once".to_owned() } else { format!("{} times", writer.times) };
        let whole = if writer.times == 1 { "" } else { " in all" };
        parts.push(format!("writer unavailable {often} for about {p50}{whole} (p95 {p95})"));
    }
    if readers.times > 0 {
        parts.push(restarted(*readers));
    }
    let count = |what| outage.windows.iter().filter(|window| window.what == what).count();
    if outage.dropped > 0 {
        parts.push("some connections dropped".to_owned());
    }
    if count(Felt::EndpointChanges) > 0 {
        parts.push("clients need a new endpoint".to_owned());
    }
    if parts.is_empty() {
        parts.push("nobody who uses the database is interrupted".to_owned());
    }
    let later = outage.later.len();
    if later > 0 {
        let what = if later == 1 { "1 edit counts".to_owned() } else { format!("{later} edits count") };
        parts.push(format!("{what} later only"));
    }
    parts.join("; ")
}

/// `3 readers restarted, one at a time`.
pub(super) fn restarted(readers: Reading) -> String {
    let together = match (readers.times, readers.at_once) {
        (1, _) => String::new(),
        (_, 1) => ", one at a time".to_owned(),
        (all, most) if most == all => ", all at once".to_owned(),
        (_, most) => format!(", up to {most} at once"),
    };
    format!("{} restarted{together}", words::count(readers.times, "reader"))
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
        Felt::ConnectionsDropped => "some connections dropped",
        Felt::EndpointChanges => "clients need a new endpoint",
        Felt::GoneForGood => "gone for good",
    }
}

/// `after 6 min 0 s  writer unavailable for about 15 s (p95 60 s): db_cluster.main, by db_instance.a (db_instance_class)`.
pub(super) fn line(window: &Window) -> String {
    let Window { what, address, by, fields, from, .. } = window;
    let since = if *from < 1.0 { "at once".to_owned() } else { format!("after {}", words::seconds((*from).into())) };
    let lasts = window.until.map_or_else(String::new, |_| format!(" for {}", lasts(window)));
    let whose = if address == by { address.to_string() } else { format!("{address}, by {by}") };
    let cause = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    format!("{since}: {}{lasts}: {whose}{cause}", felt(*what))
}

/// A window as the cause of something: `db_instance.a (db_instance_class): writer unavailable for about 15 s (p95 1 min 0 s)`.
pub(crate) fn cause(window: &Window) -> String {
    let Window { what, by, fields, until, .. } = window;
    let cause = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
    let lasts = until.map_or_else(String::new, |_| format!(" for {}", lasts(window)));
    format!("{by}{cause}: {}{lasts}", felt(*what))
}

/// `30 s`.
pub(crate) fn span(seconds: f64) -> String {
    words::seconds(seconds)
}

/// `about 15 s (p95 60 s)`.
fn lasts(window: &Window) -> String {
    let lasts = window.lasts();
    format!("about {} (p95 {})", words::seconds(lasts.p50.into()), words::seconds(lasts.p95.into()))
}

pub(super) fn later_line(later: &Later) -> String {
    let when = match later.when {
        When::Now => "with this run",
        When::AtReboot => "after a restart, which AWS never makes by itself",
        When::InWindow => "in the maintenance window",
    };
    format!("later: {}.{} counts {when}", later.address, later.field)
}

/// All of it for scripts: sums, windows, and what counts later.
pub(super) fn json(forecast: &Forecast) -> Value {
    let Outage { windows, writer, readers, dropped, later } = &forecast.outage;
    let mut writer_json = estimate_json(writer.lasts);
    if let Some(map) = writer_json.as_object_mut() {
        map.insert("times".to_owned(), json!(writer.times));
    }
    json!({
        "summary": words(forecast),
        "writer_unavailable": writer_json,
        "readers_restarted": readers,
        "connections_dropped": dropped,
        "windows": windows.iter().map(window_json).collect::<Vec<_>>(),
        "later": later,
    })
}

fn window_json(window: &Window) -> Value {
    let Window { what, address, by, fields, from, until, .. } = window;
    json!({
        "what": what,
        "address": address,
        "by": by,
        "fields": fields,
        "from_seconds": super::forecast::tenths((*from).into()),
        "until": until.map(estimate_json),
    })
}
