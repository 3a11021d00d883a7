//! One network, made or given; zones that make sense; ids that look like ids.

use super::{Check, Subject};
use crate::config::{CreatedVpc, ExistingNetwork, Nat};
use crate::diagnostics::Problem;
use crate::path::Path;
use std::collections::BTreeMap;

pub(super) const CHECK: Check =
    Check { name: "network", about: "The network is made or given, spans two zones, and its ids are ids.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let network = &subject.config.network;
    match (&network.vpc, &network.existing) {
        (Some(_), Some(_)) => problems.push(
            Problem::error(CHECK.name, "the network is both made and given")
                .at(&Path::of("network.existing"), "a network that exists")
                .at(&Path::of("network.vpc"), "a network to be made")
                .help("keep one of them; an overlay drops the other with `unset = [\"network.vpc\"]`"),
        ),
        (None, None) => problems.push(
            Problem::error(CHECK.name, "`network` says neither `vpc` nor `existing`")
                .at(&Path::of("network"), "needs one of them")
                .help("`[network.vpc]` makes a network, `[network.existing]` names one that exists"),
        ),
        (Some(vpc), None) => created(subject, vpc, problems),
        (None, Some(existing)) => given(existing, problems),
    }
    let groups = &network.access.allowed_security_groups;
    ids(groups, "sg-", "network.access.allowed_security_groups", problems);
}

fn created(subject: &Subject<'_>, vpc: &CreatedVpc, problems: &mut Vec<Problem>) {
    let at = Path::of("network.vpc");
    zones(subject, vpc, problems);
    let zones = subject.config.zones().len();
    for (key, count) in [("private_subnets", vpc.private_subnets.len()), ("public_subnets", vpc.public_subnets.len())] {
        if count != 0 && count != zones {
            let ranges = if count == 1 { "range" } else { "ranges" };
            problems.push(
                Problem::error(CHECK.name, format!("`{key}` has {count} {ranges} for {zones} availability zones"))
                    .at(&at.key(key), "one range for each zone, in the same order"),
            );
        }
    }
    if vpc.nat == Nat::None && !vpc.public_subnets.is_empty() {
        problems.push(
            Problem::error(CHECK.name, "public subnets are given, and `nat` is `none`, so that none are made")
                .at(&at.key("public_subnets"), "would not be used")
                .help("delete them, or say `nat = \"per_az\"`"),
        );
    }
    let endpoints: Vec<_> = vpc.endpoints.iter().map(|endpoint| endpoint.service().to_owned()).collect();
    duplicates(&endpoints, &at.key("endpoints"), "the endpoint", problems);
}

fn zones(subject: &Subject<'_>, vpc: &CreatedVpc, problems: &mut Vec<Problem>) {
    let (zones, region) = (&vpc.availability_zones, &subject.config.stack.region);
    let at = Path::of("network.vpc.availability_zones");
    let count_at = Path::of("network.vpc.az_count");
    if zones.len() == 1 {
        problems.push(
            Problem::error(CHECK.name, "Aurora needs subnets in at least 2 availability zones, got 1")
                .at(&at, "one zone"),
        );
    }
    for (index, zone) in zones.iter().enumerate().filter(|(_, zone)| !is_zone_of(zone, region)) {
        problems.push(
            Problem::error(CHECK.name, format!("`{zone}` is not an availability zone of `{region}`"))
                .at(&at.item(index), format!("expected a name such as `{region}a`"))
                .at(&Path::of("stack.region"), "the region"),
        );
    }
    duplicates(zones, &at, "the zone", problems);
    if subject.sets(&at) && subject.sets(&count_at) && zones.len() != usize::from(vpc.az_count) {
        problems.push(
            Problem::error(CHECK.name, format!("`az_count` is {}, and {} zones are named", vpc.az_count, zones.len()))
                .at(&count_at, "delete this line")
                .at(&at, "the names say it all"),
        );
    }
}

fn given(existing: &ExistingNetwork, problems: &mut Vec<Problem>) {
    let at = Path::of("network.existing");
    ids(std::slice::from_ref(&existing.vpc_id), "vpc-", "network.existing.vpc_id", problems);
    ids(&existing.subnet_ids, "subnet-", "network.existing.subnet_ids", problems);
    ids(&existing.security_group_ids, "sg-", "network.existing.security_group_ids", problems);
    duplicates(&existing.subnet_ids, &at.key("subnet_ids"), "the subnet", problems);
}

/// Ids of EC2: a prefix and 8 or 17 hexadecimal digits.
fn ids(values: &[String], prefix: &str, list: &str, problems: &mut Vec<Problem>) {
    for (index, value) in values.iter().enumerate() {
        let tail = value.strip_prefix(prefix).unwrap_or_default();
        let fits = matches!(tail.len(), 8 | 17) && tail.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        if !fits {
            let path = if prefix == "vpc-" { Path::of(list) } else { Path::of(list).item(index) };
            problems.push(
                Problem::error(CHECK.name, format!("`{value}` is not an id that begins with `{prefix}`"))
                    .at(&path, format!("`{prefix}` and 8 or 17 hexadecimal digits")),
            );
        }
    }
}

fn duplicates(values: &[String], path: &Path, what: &str, problems: &mut Vec<Problem>) {
    let mut seen = BTreeMap::new();
    for (index, value) in values.iter().enumerate() {
        let Some(first) = seen.insert(value, index) else { continue };
        problems.push(
            Problem::error(CHECK.name, format!("{what} `{value}` is named twice"))
                .at(&path.item(index), "again here")
                .at(&path.item(first), "first here"),
        );
    }
}

/// `us-east-1a`, or a local zone such as `us-east-1-bos-1a`, in the given region.
pub(super) fn is_zone_of(zone: &str, region: &str) -> bool {
    let Some(rest) = zone.strip_prefix(region) else { return false };
    let tail = rest.rsplit('-').next().unwrap_or_default();
    let letter = tail.ends_with(|c: char| c.is_ascii_lowercase());
    letter && (rest.len() == 1 || rest.starts_with('-')) && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
