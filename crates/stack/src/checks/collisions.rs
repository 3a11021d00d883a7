//! Two things with one name. AWS compares identifiers without case, so `DB-Main` and `db-main` are one.

use super::{Check, Subject};
use crate::diagnostics::Problem;
use crate::path::Path;
use std::collections::BTreeMap;

pub(super) const CHECK: Check =
    Check { name: "collision", about: "Names are unique, compared as AWS compares them.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let config = subject.config;
    let members = config.cluster.members.iter().map(|member| member.name.as_str());
    unique("member", "cluster.members", members, problems);
    let subscriptions = config.monitoring.subscriptions.iter().map(|subscription| subscription.name.as_str());
    unique("subscription", "monitoring.subscriptions", subscriptions, problems);
    let waivers = config.policy.waivers.iter().map(|waiver| waiver.name.as_str());
    unique("waiver", "policy.waivers", waivers, problems);
    let logs = config.cluster.log_exports.iter().map(|log| log.as_str());
    let place = |index| Path::of("cluster.log_exports").item(index);
    distinct("log", logs, place, problems);
}

/// Entries of an array of tables, by their `name`.
fn unique<'a>(what: &str, list: &str, names: impl Iterator<Item = &'a str>, problems: &mut Vec<Problem>) {
    distinct(what, names, |index| Path::of(list).item(index).key("name"), problems);
}

fn distinct<'a>(
    what: &str,
    names: impl Iterator<Item = &'a str>,
    place: impl Fn(usize) -> Path,
    problems: &mut Vec<Problem>,
) {
    let mut seen: BTreeMap<String, (usize, &str)> = BTreeMap::new();
    for (index, name) in names.enumerate() {
        let Some((first, earlier)) = seen.get(&name.to_lowercase()).copied() else {
            seen.insert(name.to_lowercase(), (index, name));
            continue;
        };
        let message = if earlier == name {
            format!("two entries are the {what} `{name}`")
        } else {
            format!("the {what}s `{earlier}` and `{name}` are one to AWS, which compares without case")
        };
        problems.push(
            Problem::error(CHECK.name, message)
                .at(&place(index), "again here")
                .at(&place(first), "first here")
                .help("keep one of them, or give it another name"),
        );
    }
}
