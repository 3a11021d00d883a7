//! Two things with one name. AWS compares identifiers without case, so `DB-Main` and `db-main` are one.

use super::{Check, Subject};
use crate::config::{Protocol, Subscription};
use crate::diagnostics::Problem;
use crate::path::Path;
use std::collections::BTreeMap;

pub(super) const CHECK: Check =
    Check { name: "collision", about: "Names and receivers are unique, compared as AWS compares them.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let config = subject.config;
    let members = config.cluster.members.iter().map(|member| member.name.as_str());
    unique("member", "cluster.members", members, problems);
    let subscriptions = config.monitoring.subscriptions.iter().map(|subscription| subscription.name.as_str());
    unique("subscription", "monitoring.subscriptions", subscriptions, problems);
    receivers(&config.monitoring.subscriptions, problems);
    let waivers = config.policy.waivers.iter().map(|waiver| waiver.name.as_str());
    unique("waiver", "policy.waivers", waivers, problems);
    let logs = config.cluster.log_exports.iter().map(|log| log.as_str());
    let place = |index| Path::of("cluster.log_exports").item(index);
    distinct("log", logs, place, problems);
}

/// SNS has one subscription of a protocol and an endpoint: the end of one of two such entries would end both.
fn receivers(subscriptions: &[Subscription], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for (index, Subscription { protocol, endpoint, .. }) in subscriptions.iter().enumerate() {
        let as_compared = match protocol {
            Protocol::Email | Protocol::EmailJson => endpoint.to_ascii_lowercase(),
            Protocol::Https | Protocol::Sms | Protocol::Sqs | Protocol::Lambda => endpoint.clone(),
        };
        let Some(first) = seen.get(&(protocol.as_str(), as_compared.clone())).copied() else {
            seen.insert((protocol.as_str(), as_compared), index);
            continue;
        };
        let place = |index| Path::of("monitoring.subscriptions").item(index).key("endpoint");
        let message =
            format!("two entries send `{}` to `{as_compared}`, which SNS has one subscription for", protocol.as_str());
        problems.push(
            Problem::error(CHECK.name, message)
                .at(&place(index), "again here")
                .at(&place(first), "first here")
                .help("keep one of them"),
        );
    }
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
