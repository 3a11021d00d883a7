//! Bills of the blueprints, and what must hold for every bill.

use super::*;
use crate::{Known, compose, load_from, registry};
use auroractl_core::cost::{Missing, Total, Usd};
use std::path::Path as FilePath;

/// A blueprint with a section `cost`, edited.
fn loaded(name: &str, edits: &[(&str, &str)], cost: &str) -> crate::Loaded {
    let mut text = crate::blueprint::find(name).unwrap().text.to_owned();
    for (old, new) in edits {
        assert!(text.contains(old), "{name} has no `{old}`");
        text = text.replace(old, new);
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("stack.toml");
    std::fs::write(&file, format!("{text}\n{cost}\n")).unwrap();
    load_from(&crate::Disk, FilePath::new(&file), &Known).unwrap_or_else(|found| panic!("{found:?}"))
}

struct Case {
    pricing: Pricing,
    nodes: Vec<(Address, Value)>,
}

impl Case {
    fn new(name: &str, edits: &[(&str, &str)], cost: &str) -> Self {
        let loaded = loaded(name, edits, cost);
        let nodes = compose(&loaded).unwrap().desired.nodes;
        let pricing = Pricing::new(&loaded.config, "2026-11-22".parse().unwrap());
        Self { pricing, nodes: nodes.into_iter().map(|(at, node)| (at, node.spec)).collect() }
    }

    fn bill(&self) -> Bill {
        self.pricing.bill(self.nodes.iter().map(|(at, spec)| (at, spec)))
    }

    fn break_evens(&self) -> Vec<BreakEven> {
        self.pricing.break_evens(self.nodes.iter().map(|(at, spec)| (at, spec)))
    }

    /// The choice of storage.
    fn optimized(&self) -> Optimized {
        let found = self.break_evens().into_iter().find_map(|found| match found.question {
            Question::IoOptimized { above_io_millions: above, range_io_millions: range, open, cheaper, .. } => {
                Some(Optimized { above, range, open, cheaper })
            }
            Question::Serverless { .. } => None,
        });
        found.unwrap()
    }

    /// Members whose capacity follows the load, and with them the readers that come with it.
    fn make_serverless(&mut self) {
        for (at, spec) in &mut self.nodes {
            match at.kind() {
                "db_instance" => spec["db_instance_class"] = "db.serverless".into(),
                "db_cluster" => {
                    spec["serverless_v2_scaling_configuration"] = serde_json::json!({"min_capacity": 1.0, "max_capacity": 16.0, "seconds_until_auto_pause": null});
                }
                _ => {}
            }
        }
    }

    /// The bill of the same stack with another storage.
    fn total_with(&mut self, storage: &str) -> f64 {
        for (_, spec) in self.nodes.iter_mut().filter(|(at, _)| at.kind() == "db_cluster") {
            spec["storage_type"] = storage.into();
        }
        self.bill().total().known.likely.as_dollars()
    }
}

/// When I/O-Optimized is cheaper.
#[derive(Debug)]
struct Optimized {
    above: f64,
    range: [f64; 2],
    open: bool,
    cheaper: Option<bool>,
}

const STATED: &str = "[cost]\nstorage_gib = 200\nio_millions = 500\nbackup_gib = 50\nflow_log_gib = 20\nrecovery_point_gib = 100\nlog_gib = 10\nos_metrics_gib = 1\n\
                      nat_gib = 30\nendpoint_gib = 6\nautoscaled_readers = 1\n";

fn of(bill: &Bill, address: &str, item: &str) -> f64 {
    let line = bill.lines.iter().find(|line| line.address.to_string() == address && line.item == item);
    line.unwrap_or_else(|| panic!("no {item} of {address}")).monthly().unwrap().likely.as_dollars()
}

#[test]
fn the_production_stack() {
    let bill = Case::new("prod", &[], STATED).bill();
    for (address, item, dollars) in [
        ("db_instance.a", "instance hours", 0.276 * 730.0),
        ("db_cluster.main", "storage", 20.0),
        ("db_cluster.main", "I/O requests", 100.0),
        ("db_cluster.main", "backup storage", 1.05),
        ("db_cluster.main", "master secret", 0.4),
        ("kms_key.main", "key", 1.0),
        ("backup_vault.main", "recovery points", 2.1),
        ("flow_log.main", "flow log ingestion", 10.0),
        ("flow_log.main", "flow log storage", 20.0 * 365.0 / (730.0 / 24.0) * 0.03),
        ("log_group.postgresql", "log ingestion", 5.0),
        ("log_group.postgresql", "log storage", 10.0 * 365.0 / (730.0 / 24.0) * 0.03),
    ] {
        assert!(
            (of(&bill, address, item) - dollars).abs() < 0.000_001,
            "{address} {item}: {}",
            of(&bill, address, item)
        );
    }
    let nat: Vec<f64> = bill
        .lines
        .iter()
        .filter(|line| line.address.kind() == "nat_gateway")
        .map(|line| line.monthly().unwrap().likely.as_dollars())
        .collect();
    assert_eq!(nat.len(), 6, "three gateways, each with hours and a third of the traffic");
    assert!((nat.iter().sum::<f64>() - (3.0 * 0.045 * 730.0 + 30.0 * 0.045)).abs() < 0.000_01);
    assert!(bill.total().is_whole(), "everything is stated: {:?}", bill.total().missing);
    let readers = bill.lines.iter().find(|line| line.address.kind() == "scalable_target").unwrap().monthly().unwrap();
    assert_eq!((readers.low, readers.likely), (Usd(0), Usd::dollars(0.276 * 730.0)));
    assert_eq!(readers.high, Usd::dollars(4.0 * 0.276 * 730.0));
}

#[test]
fn what_nobody_states_is_not_guessed() {
    let total = Case::new("prod", &[], "").bill().total();
    let unstated: Vec<&str> = total.unstated().collect();
    let all = [
        "backup_gib",
        "endpoint_gib",
        "flow_log_gib",
        "io_millions",
        "log_gib",
        "nat_gib",
        "os_metrics_gib",
        "recovery_point_gib",
        "storage_gib",
    ];
    assert_eq!(unstated, all.map(|name| format!("cost.{name}")));
    assert_eq!(total.unpriced().count(), 0);
}

#[test]
fn a_class_or_region_without_a_price_is_unknown_until_one_is_given() {
    let newer = [("class = \"db.r7g.large\"", "class = \"db.r8gd.large\"")];
    let bill = Case::new("prod", &newer, STATED).bill();
    assert_eq!(bill.total().unpriced().collect::<Vec<_>>(), ["db.r8gd.large"]);
    let line = bill.lines.iter().find(|line| line.item == "instance hours").unwrap();
    assert_eq!((line.monthly(), &line.missing), (None, &Some(Missing::Price("db.r8gd.large".to_owned()))));
    let given = format!("{STATED}\n[cost.prices]\n\"db.r8gd.large\" = 0.35\n");
    let bill = Case::new("prod", &newer, &given).bill();
    assert!((of(&bill, "db_instance.a", "instance hours") - 0.35 * 730.0).abs() < 0.000_001);
    assert!(bill.total().is_whole());

    let there = [("us-east-1", "eu-central-1")];
    let bill = Case::new("prod", &there, STATED).bill();
    let unpriced: Vec<String> = bill.total().unpriced().map(str::to_owned).collect();
    assert!(unpriced.contains(&"db.r7g.large".to_owned()) && unpriced.contains(&"nat_hour".to_owned()), "{unpriced:?}");
}

#[test]
fn serverless_is_a_band() {
    let bill = Case::new("dev", &[], "[cost]\naverage_acu = 0.5\n").bill();
    let line = bill.lines.iter().find(|line| line.item == "capacity").unwrap().monthly().unwrap();
    assert_eq!((line.low, line.high), (Usd(0), Usd::dollars(4.0 * 730.0 * 0.12)));
    assert_eq!(line.likely, Usd::dollars(0.5 * 730.0 * 0.12));
    let open = Case::new("dev", &[], "").bill();
    let line = open.lines.iter().find(|line| line.item == "capacity").unwrap().monthly().unwrap();
    assert_eq!(line.likely, line.high, "with no average stated, the most counts");
}

#[test]
fn io_optimized_is_dearer_but_for_io() {
    let standard = Case::new("prod", &[], STATED).bill();
    let optimized = Case::new("prod", &[("[cluster]\n", "[cluster]\nstorage = \"aurora-iopt1\"\n")], STATED).bill();
    assert!(
        (of(&optimized, "db_instance.a", "instance hours") / of(&standard, "db_instance.a", "instance hours") - 1.3)
            .abs()
            < 1e-6
    );
    assert!((of(&optimized, "db_cluster.main", "storage") - 45.0).abs() < 1e-6);
    assert!(!optimized.lines.iter().any(|line| line.item == "I/O requests"));
    let delta = standard.delta(&optimized);
    assert!(delta.keys().any(|at| at.kind() == "db_instance"), "members get dearer though they are not edited");
    let sum: Total = delta.into_values().sum();
    assert_eq!(standard.total().known.likely + sum.known.likely, optimized.total().known.likely);
}

#[test]
fn old_versions_pay_a_surcharge() {
    let mut old = Case::new("prod", &[], STATED);
    for (_, spec) in old.nodes.iter_mut().filter(|(at, _)| at.kind() == "db_cluster") {
        spec["engine_version"] = "13.23".into();
    }
    let bill = old.bill();
    assert!((of(&bill, "db_instance.a", "extended support") - 2.0 * 730.0 * 0.1).abs() < 1e-6);
    let new = Case::new("prod", &[], STATED).bill();
    assert!(!new.lines.iter().any(|line| line.item == "extended support"));
}

#[test]
fn break_evens_and_bills_agree() {
    for (name, serverless) in [("prod", false), ("prod", true), ("dev", true)] {
        let mut case = Case::new(name, &[], "");
        if serverless {
            case.make_serverless();
        }
        for load in 0..60_u8 {
            // Few and many of each in every mixture.
            let load = f64::from(load);
            case.pricing.assumed.storage_gib = Some((load % 7.0 + 1.0) * 90.0);
            case.pricing.assumed.average_acu = Some(load % 5.0 * 4.0);
            case.pricing.assumed.autoscaled_readers = Some(load % 6.0 * 0.9);
            let above = case.optimized().above;
            for (times, cheaper) in [(1.0, None), (0.9, Some(false)), (1.1, Some(true))] {
                case.pricing.assumed.io_millions = Some(above * times);
                let saved = case.total_with("aurora") - case.total_with("aurora-iopt1");
                match cheaper {
                    None => assert!(saved.abs() < 0.01, "{name} at {above}: {saved}"),
                    Some(cheaper) => {
                        assert_eq!(saved > 0.0, cheaper, "{name} at {times} of {above}: {saved}");
                        assert_eq!(case.optimized().cheaper, Some(cheaper), "{name} at {times} of {above}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_break_even_counts_readers_that_come_with_the_load() {
    let stated = |readers| format!("[cost]\nstorage_gib = 200\nio_millions = 1150\n{readers}\n");
    let two = Case::new("prod", &[], &stated("autoscaled_readers = 2")).optimized();
    assert!((two.above - 1_636.1).abs() < 0.1 && !two.open && two.cheaper == Some(false), "{two:?}");
    // Nobody states how many come: with none of them it would be cheaper, with all of them it is not.
    let open = Case::new("prod", &[], &stated("")).optimized();
    assert!(open.open && open.cheaper.is_none(), "{open:?}");
    assert!(open.range[0] < 1_150.0 && open.range[1] > two.above && open.above == open.range[1], "{open:?}");
    let nobody_knows = Case::new("prod", &[], "[cost]\nio_millions = 5000\n").optimized();
    assert_eq!(nobody_knows.cheaper, None, "its storage is dearer by who knows how much");
}

#[test]
fn what_no_bill_counts_is_named_where_it_comes_from() {
    let registry = registry();
    let kinds: BTreeSet<&str> = registry.iter().map(|kind| kind.name()).collect();
    assert_eq!(uncounted(&kinds).len(), UNCOUNTED.len(), "each is of a kind that there is");
    assert_eq!(uncounted(&BTreeSet::from(["kms_key"])).iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), ["kms_key"]);
}

#[test]
fn serverless_against_the_class_of_its_size() {
    let found = Case::new("dev", &[], "").break_evens();
    let serverless: Vec<&Question> =
        found.iter().map(|found| &found.question).filter(|q| matches!(q, Question::Serverless { .. })).collect();
    let [Question::Serverless { below_acu, chosen: true, class, .. }] = serverless[..] else {
        panic!("{serverless:?}")
    };
    // 4 ACU are 8 GiB: the cheapest priced class with as much.
    assert!(class.starts_with("db.t"), "{class}");
    let pricing = Case::new("dev", &[], "").pricing;
    assert!((below_acu * 0.12 - pricing.prices.get(class).unwrap().usd).abs() < 1e-9);
}

#[test]
fn every_kind_is_priced_or_known_to_be_free() {
    let registry = registry();
    let kinds: BTreeSet<&str> = registry.iter().map(|kind| kind.name()).collect();
    let priced: BTreeSet<&str> = PRICED.iter().map(|priced| priced.kind).collect();
    let free: BTreeSet<&str> = FREE.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(priced.intersection(&free).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert_eq!(priced.union(&free).copied().collect::<BTreeSet<_>>(), kinds);
}

#[test]
fn every_line_names_a_price_and_is_told_once() {
    for name in ["prod", "dev", "existing-vpc"] {
        let bill = Case::new(name, &[], "").bill();
        let keys: BTreeSet<_> = bill.lines.iter().map(|line| (&line.address, &line.item)).collect();
        assert_eq!(keys.len(), bill.lines.len(), "{name} has an item twice");
        for line in &bill.lines {
            assert!(is_price(&line.price_key), "{}", line.price_key);
        }
    }
}
