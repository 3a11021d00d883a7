//! The wish against the offers. Pure: everything that is wrong, at once, with what to do about it.

use super::offers::{ClassOffer, Offers, Version};
use super::wish::{Cluster, Want, Wish};
use crate::db_instance::SERVERLESS;
use crate::version;
use auroractl_core::Address;
use std::collections::BTreeMap;
use std::fmt;

/// So many near misses are named.
const NAMED: usize = 4;

/// Something that AWS would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub topic: Topic,
    /// The resource; `None` for a quota, which belongs to all that are made.
    pub address: Option<Address>,
    /// The field of the resource's spec.
    pub field: Option<&'static str>,
    /// What is wrong, one sentence.
    pub problem: String,
    /// What to do.
    pub hint: String,
    /// It may well go through: a quota that could not be seen.
    pub warning: bool,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The version of the engine.
    Version,
    /// The class of an instance.
    Class,
    /// Serverless v2.
    Serverless,
    /// A quota of the account.
    Quota,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Some(address) => write!(f, "{address}: {} ({})", self.problem, self.hint),
            None => write!(f, "{} ({})", self.problem, self.hint),
        }
    }
}

/// RDS's name of the quota that a kind counts against.
pub(super) fn quota(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "db_cluster" => "DBClusters",
        "db_instance" => "DBInstances",
        "db_cluster_parameter_group" => "DBClusterParameterGroups",
        "db_parameter_group" => "DBParameterGroups",
        "db_subnet_group" => "DBSubnetGroups",
        _ => return None,
    })
}

/// Everything that the wish asks beyond the offers.
#[must_use]
pub fn judge(wish: &Wish, offers: &Offers) -> Vec<Finding> {
    let clusters = wish.clusters.iter().flat_map(|(at, cluster)| of_cluster(at, cluster, offers));
    let instances = wish.instances.iter().filter_map(|(at, want)| of_instance(at, want, offers));
    clusters.chain(instances).chain(of_quotas(&wish.made, offers)).collect()
}

fn of_cluster(at: &Address, cluster: &Cluster, offers: &Offers) -> Vec<Finding> {
    let finding = |topic, field, problem: String, hint: String| {
        let (address, field) = (Some(at.clone()), Some(field));
        Finding { topic, address, field, problem, hint, warning: false }
    };
    let Some((name, offered)) = offered(&cluster.version, &offers.versions) else {
        let problem = format!("Aurora PostgreSQL {} is not offered here", cluster.version);
        return vec![finding(Topic::Version, "engine_version", problem, near_versions(&cluster.version, offers))];
    };
    let mut findings = Vec::new();
    if let Some(runs) = cluster.runs.as_ref().filter(|runs| *runs != name)
        && let Some(running) = offers.versions.get(runs)
        && !running.upgrades.contains(name)
    {
        let problem = format!("AWS does not upgrade {runs} to {name} in place");
        let targets = running.upgrades.iter().filter(|target| version::major(target) == version::major(runs));
        findings.push(finding(Topic::Version, "engine_version", problem, listed("from there one gets to", targets)));
    }
    if let (Some(range), Some((least, most))) = (&cluster.serverless, offered.serverless)
        && (range.min_capacity < least || range.max_capacity > most)
    {
        let problem = format!(
            "version {name} scales between {least} and {most} ACU, not {} and {}",
            range.min_capacity, range.max_capacity
        );
        let hint =
            "choose a range within, or a newer version: 16.3, 15.7, 14.12 and 13.15 are the first that pause at 0"
                .to_owned();
        findings.push(finding(Topic::Serverless, "serverless_v2_scaling_configuration", problem, hint));
    }
    findings
}

/// The offered version that a wish names; `16` is satisfied by any `16.x`, the newest counts.
fn offered<'o>(wanted: &str, versions: &'o BTreeMap<String, Version>) -> Option<(&'o String, &'o Version)> {
    let within = |name: &str| name == wanted || name.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'));
    versions.iter().filter(|(name, _)| within(name)).max_by(|a, b| version::compare(a.0, b.0))
}

/// Versions of the same major, the nearest newer one first; else the newest of each major.
fn near_versions(wanted: &str, offers: &Offers) -> String {
    let mut same: Vec<&String> =
        offers.versions.keys().filter(|name| version::major(name) == version::major(wanted)).collect();
    same.sort_by(|a, b| version::compare(a, b));
    if same.is_empty() {
        let mut all: Vec<&String> = offers.versions.keys().collect();
        all.sort_by(|a, b| version::compare(b, a));
        return listed("there are", all.into_iter());
    }
    let newer = same.iter().filter(|name| version::compare(name, wanted).is_gt()).copied().collect::<Vec<_>>();
    listed("there are", if newer.is_empty() { same.into_iter().rev().collect::<Vec<_>>() } else { newer }.into_iter())
}

fn of_instance(at: &Address, want: &Want, offers: &Offers) -> Option<Finding> {
    // A version that is not offered has been reported with its cluster.
    let (name, _) = offered(&want.version, &offers.versions)?;
    let classes = offers.classes.get(&want.version)?;
    let fits = |offer: &&ClassOffer| offer.class == want.class && offer.storage == want.storage;
    let zone_fits =
        |offer: &ClassOffer| want.zone.as_ref().is_none_or(|zone| offer.zones.is_empty() || offer.zones.contains(zone));
    let matching: Vec<&ClassOffer> = classes.iter().filter(fits).collect();
    if matching.iter().any(|offer| zone_fits(offer)) {
        return None;
    }
    let (field, problem, hint) = match (matching.first(), &want.zone) {
        (Some(offer), Some(zone)) => {
            let problem = format!("{} with Aurora PostgreSQL {name} is not offered in {zone}", want.class);
            ("availability_zone", problem, listed("it is offered in", offer.zones.iter()))
        }
        _ => {
            let problem = format!("{} is not offered with Aurora PostgreSQL {name}", want.class);
            ("db_instance_class", problem, listed("there are", near_classes(want, classes).iter()))
        }
    };
    let topic = if want.class == SERVERLESS { Topic::Serverless } else { Topic::Class };
    Some(Finding { topic, address: Some(at.clone()), field: Some(field), problem, hint, warning: false })
}

/// Classes that are offered where and how this one was wanted: the same size in other families first, then the same
/// family.
fn near_classes(want: &Want, classes: &[ClassOffer]) -> Vec<String> {
    let parts = |class: &str| {
        class.rsplit_once('.').map(|(family, size)| (family.to_owned(), size.to_owned())).unwrap_or_default()
    };
    let (family, size) = parts(&want.class);
    let zone_fits = |offer: &&ClassOffer| {
        want.zone.as_ref().is_none_or(|zone| offer.zones.is_empty() || offer.zones.contains(zone))
    };
    let offered = classes.iter().filter(|offer| offer.storage == want.storage).filter(zone_fits);
    let mut near: Vec<(usize, &str)> = offered
        .map(|offer| {
            let (other, other_size) = parts(&offer.class);
            let letters = family.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
            let rank = if other_size == size { 0 } else { 100 };
            (rank + 50_usize.saturating_sub(letters), offer.class.as_str())
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().map(|(_, class)| class.to_owned()).collect()
}

fn of_quotas(made: &BTreeMap<String, u64>, offers: &Offers) -> Vec<Finding> {
    let finding = |problem, hint: &str, warning| {
        let (topic, hint) = (Topic::Quota, hint.to_owned());
        Finding { topic, address: None, field: None, problem, hint, warning }
    };
    let counted: Vec<(&str, u64)> = made.iter().filter_map(|(kind, count)| Some((quota(kind)?, *count))).collect();
    let Some(quotas) = &offers.quotas else {
        let problem = "the quotas of RDS could not be seen, so it is not known whether everything fits".to_owned();
        let warn = || vec![finding(problem, "allow rds:DescribeAccountAttributes", true)];
        return if counted.is_empty() { Vec::new() } else { warn() };
    };
    let short = counted.into_iter().filter_map(|(name, count)| {
        let quota = quotas.get(name)?;
        let needed = i64::try_from(count).unwrap_or(i64::MAX);
        let problem = format!("quota {name}: {} of {} used, {needed} more needed", quota.used, quota.max);
        let hint = "ask for more in Service Quotas (service rds), or remove what is not used";
        (quota.used.saturating_add(needed) > quota.max).then(|| finding(problem, hint, false))
    });
    short.collect()
}

fn listed(lead: &str, names: impl Iterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.take(NAMED).map(|name| name.as_ref().to_owned()).collect();
    if names.is_empty() {
        "nothing like it is offered in this region".to_owned()
    } else {
        format!("{lead} {}", names.join(", "))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
