//! Wishes against offers.

use super::super::offers::Quota;
use super::*;
use crate::db_cluster::{ServerlessV2Scaling, StorageType};

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn offer(class: &str, zones: &[&str]) -> ClassOffer {
    ClassOffer {
        class: class.into(),
        storage: StorageType::Aurora,
        zones: zones.iter().map(|zone| (*zone).to_owned()).collect(),
    }
}

fn offers() -> Offers {
    let version = |upgrades: &[&str], range| Version {
        upgrades: upgrades.iter().map(|v| (*v).to_owned()).collect(),
        serverless: range,
        offered: true,
    };
    let withdrawn = |range| Version { offered: false, ..version(&[], range) };
    let versions = [
        ("15.4", withdrawn(Some((0.5, 128.0)))),
        ("15.10", version(&["15.12"], Some((0.0, 256.0)))),
        ("16.6", withdrawn(None)),
        ("16.8", version(&["16.9", "16.11", "17.4"], Some((0.5, 128.0)))),
        ("16.9", version(&["16.11"], Some((0.0, 256.0)))),
        ("16.11", version(&[], Some((0.0, 256.0)))),
        ("17.4", version(&[], None)),
    ];
    let classes = vec![
        offer("db.r7g.large", &["eu-central-1a", "eu-central-1b"]),
        offer("db.r8g.large", &["eu-central-1a"]),
        offer("db.r7g.xlarge", &["eu-central-1a"]),
        offer("db.serverless", &["eu-central-1a"]),
    ];
    let versions: BTreeMap<String, Version> =
        versions.into_iter().map(|(name, version)| (name.to_owned(), version)).collect();
    let classes_of = |version: &Version| if version.offered { classes.clone() } else { Vec::new() };
    let classes = versions.iter().map(|(name, version)| (name.clone(), classes_of(version))).collect();
    let quota = |used, max| Quota { used, max };
    let quotas = [("DBClusters".to_owned(), quota(3, 40)), ("DBInstances".to_owned(), quota(39, 40))].into();
    Offers { versions, classes, quotas: Some(quotas) }
}

fn cluster(version: &str, runs: Option<&str>, range: Option<(f64, f64)>) -> Wish {
    let serverless = range.map(|(min, max)| ServerlessV2Scaling {
        min_capacity: min,
        max_capacity: max,
        seconds_until_auto_pause: None,
    });
    let cluster = Cluster { version: version.into(), chosen: true, runs: runs.map(str::to_owned), serverless };
    Wish { clusters: [(at("db_cluster.main"), cluster)].into(), ..Wish::default() }
}

/// A cluster of which another range is wanted, and no other version.
fn ranged(version: &str, range: (f64, f64)) -> Wish {
    let Wish { mut clusters, .. } = cluster(version, None, Some(range));
    clusters.values_mut().for_each(|cluster| cluster.chosen = false);
    Wish { clusters, ..Wish::default() }
}

fn instance(class: &str, zone: Option<&str>) -> Wish {
    instance_with("16.11", class, zone)
}

fn instance_with(version: &str, class: &str, zone: Option<&str>) -> Wish {
    let want = Want {
        version: version.into(),
        storage: StorageType::Aurora,
        class: class.into(),
        zone: zone.map(str::to_owned),
    };
    Wish { instances: [(at("db_instance.a"), want)].into(), ..Wish::default() }
}

fn said(wish: &Wish) -> Vec<String> {
    judge(wish, &offers()).iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_offered_is_not_mentioned() {
    for version in ["16.11", "16", "15.10"] {
        assert_eq!(said(&cluster(version, None, Some((0.5, 16.0)))), [""; 0], "{version}");
    }
    assert_eq!(said(&cluster("16.11", Some("16.8"), None)), [""; 0]);
    assert_eq!(said(&instance("db.r7g.large", Some("eu-central-1b"))), [""; 0]);
    assert_eq!(said(&instance("db.serverless", None)), [""; 0]);
}

#[test]
fn versions_name_the_nearest() {
    assert_eq!(
        said(&cluster("16.10", None, None)),
        ["db_cluster.main: Aurora PostgreSQL 16.10 is not offered here (there are 16.11)"]
    );
    assert_eq!(
        said(&cluster("16.13", None, None)),
        ["db_cluster.main: Aurora PostgreSQL 16.13 is not offered here (there are 16.11, 16.9, 16.8)"]
    );
    assert_eq!(
        said(&cluster("12.1", None, None)),
        ["db_cluster.main: Aurora PostgreSQL 12.1 is not offered here (there are 17.4, 16.11, 16.9, 16.8)"]
    );
}

#[test]
fn a_version_that_is_no_longer_offered_is_not_chosen() {
    assert_eq!(
        said(&cluster("15.4", None, None)),
        ["db_cluster.main: Aurora PostgreSQL 15.4 is not offered here (there are 15.10)"]
    );
    assert_eq!(
        said(&cluster("16.6", Some("16.8"), None)),
        ["db_cluster.main: Aurora PostgreSQL 16.6 is not offered here (there are 16.8, 16.9, 16.11)"]
    );
    assert_eq!(said(&cluster("16.9", Some("16.6"), None)), [""; 0], "where it gets to AWS need not say");
}

#[test]
fn who_runs_a_version_that_is_no_longer_offered_may_edit_the_rest() {
    assert_eq!(said(&ranged("15.4", (0.5, 64.0))), [""; 0]);
    assert_eq!(said(&ranged("14.3", (0.5, 64.0))), [""; 0], "nor if AWS does not know it any more");
    let beyond = judge(&ranged("15.4", (0.0, 64.0)), &offers());
    assert_eq!(beyond.iter().map(|finding| finding.topic).collect::<Vec<_>>(), [Topic::Serverless]);
    assert_eq!(said(&instance_with("15.4", "db.r7g.xlarge", None)), [""; 0]);
    let mut told = offers();
    told.classes.insert("15.4".into(), vec![offer("db.r6g.large", &[])]);
    let found = judge(&instance_with("15.4", "db.r7g.xlarge", None), &told);
    assert_eq!(found.len(), 1, "where AWS says what can be had it counts");
}

#[test]
fn upgrades_must_be_possible_in_one_step() {
    let found = said(&cluster("15.12", Some("15.10"), None));
    assert_eq!(found, ["db_cluster.main: Aurora PostgreSQL 15.12 is not offered here (there are 15.10)"]);
    assert_eq!(
        said(&cluster("16.9", Some("16.11"), None)),
        ["db_cluster.main: AWS does not upgrade 16.11 to 16.9 in place (nothing like it is offered in this region)"]
    );
}

#[test]
fn capacity_must_be_within_what_the_version_scales() {
    let found = judge(&cluster("16.8", None, Some((0.0, 16.0))), &offers());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].topic, Topic::Serverless);
    assert!(found[0].problem.starts_with("version 16.8 scales between 0.5 and 128 ACU"));
}

#[test]
fn classes_name_what_is_near() {
    assert_eq!(
        said(&instance("db.r9g.large", None)),
        [
            "db_instance.a: db.r9g.large is not offered with Aurora PostgreSQL 16.11 (there are db.r7g.large, db.r8g.large, db.r7g.xlarge, db.serverless)"
        ]
    );
    assert_eq!(
        said(&instance("db.r8g.large", Some("eu-central-1b"))),
        [
            "db_instance.a: db.r8g.large with Aurora PostgreSQL 16.11 is not offered in eu-central-1b (it is offered in eu-central-1a)"
        ]
    );
}

#[test]
fn quotas_count_what_is_made() {
    let wish =
        |count| Wish { made: [("db_instance".to_owned(), count), ("vpc".to_owned(), 9)].into(), ..Wish::default() };
    assert_eq!(judge(&wish(1), &offers()), []);
    let found = judge(&wish(3), &offers());
    assert_eq!(found[0].problem, "quota DBInstances: 39 of 40 used, 3 more needed");
    let blind = judge(&wish(3), &Offers { quotas: None, ..offers() });
    assert!(blind[0].warning);
    assert_eq!(judge(&Wish::default(), &Offers { quotas: None, ..offers() }), []);
}
