//! How the database is, as `auroractl status` tells it before it tells of drift.

use crate::place::{Place, applied, unprotected};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A member of somebody else's, a class that is left to the maintenance window, and a failover.
const NIGHT: &str = "
rds = aws('rds')
rds.create_db_instance(DBInstanceIdentifier='orders-guest', DBClusterIdentifier='orders', DBInstanceClass='db.r7g.large',
    Engine='aurora-postgresql', PromotionTier=15)
rds.modify_db_instance(DBInstanceIdentifier='orders-c', DBInstanceClass='db.r7g.xlarge', ApplyImmediately=False)
rds.failover_db_cluster(DBClusterIdentifier='orders', TargetDBInstanceIdentifier='orders-b')";
/// A value that counts only after a restart.
const STATIC: &str = "
rds = aws('rds')
group = rds.describe_db_clusters()['DBClusters'][0]['DBClusterParameterGroup']
rds.modify_db_cluster_parameter_group(DBClusterParameterGroupName=group, Parameters=[
    {'ParameterName': 'max_worker_processes', 'ParameterValue': '32', 'ApplyMethod': 'pending-reboot'}])";

/// What people see, with single blanks.
fn seen(place: &Place, more: &[&str], code: i32) -> String {
    let text = place.run("status", more).exits(code).stdout;
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

/// The cluster as scripts see it, as soon as it is so.
#[track_caller]
fn soon(place: &Place, so: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let cluster = place.run("status", &["--json"]).json().unwrap()["clusters"][0].take();
        if so(&cluster) {
            return cluster;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{cluster:#}");
    }
}

#[test]
fn who_writes_and_what_waits_is_told_first() {
    let place = Place::new(&unprotected());
    let _ = place.apply().exits(0);
    let quiet = seen(&place, &[], 0);
    assert!(
        quiet.starts_with("orders (db_cluster.main): available, Aurora PostgreSQL 16.11, the writer is orders-a\n"),
        "{quiet}"
    );
    let order =
        ["writes orders.cluster-", "reads orders.cluster-ro-", "MEMBER ROLE", "orders-a writer", "\n\nNo drift"];
    let places: Vec<Option<usize>> = order.iter().map(|words| quiet.find(words)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{quiet}");
    let calls = place.proxy.summary().calls;
    let _ = seen(&place, &[], 0);
    let once = place.proxy.summary().calls - calls;

    place.behind_our_back(NIGHT);
    let settled = |cluster: &Value| {
        let rows = cluster["members"].as_array().unwrap();
        let well = rows.iter().all(|row| row["status"] == "available" || row["address"].is_null());
        cluster["writer"] == "orders-b" && cluster["status"] == "available" && well
    };
    let cluster = soon(&place, settled);
    let row = |member: &Value| json!([member["identifier"], member["role"], member["address"], member["class"]]);
    let rows: Vec<Value> = cluster["members"].as_array().unwrap().iter().map(row).collect();
    let expected = [
        json!(["orders-b", "writer", "db_instance.b", "db.r7g.large"]),
        json!(["orders-a", "reader", "db_instance.a", "db.r7g.large"]),
        json!(["orders-c", "reader", "db_instance.c", "db.r7g.large"]),
        json!(["orders-guest", "reader", null, null]),
    ];
    assert_eq!(rows, expected);
    assert_eq!(cluster["members"][2]["pending"], json!({"db_instance_class": "db.r7g.xlarge"}));

    let calls = place.proxy.summary().calls;
    let text = seen(&place, &[], 0);
    assert_eq!(place.proxy.summary().calls - calls, once, "nothing more is asked than before");
    for words in [
        "the writer is orders-b\n",
        "\norders-guest reader not looked at - - 15\n",
        "\norders-c: pending at AWS: db_instance_class = db.r7g.xlarge\n",
        "\nNo drift",
    ] {
        assert!(text.contains(words), "no `{words}` in {text}");
    }
}

#[test]
fn a_cluster_that_is_not_well_is_told_by_what_it_has() {
    let place = applied();
    let text = seen(&place, &[], 0);
    assert!(text.contains("orders-dev-instance-1 writer available db.serverless, 0 to 4 ACU us-east-1"), "{text}");
    let remembered = seen(&place, &["--refresh=false"], 0);
    assert!(remembered.starts_with("orders-dev (db_cluster.main): not looked at; on record: Aurora"), "{remembered}");
    assert!(remembered.contains("the writer is orders-dev-instance-1\n"), "{remembered}");

    place.behind_our_back(STATIC);
    let cluster = soon(&place, |cluster| cluster["members"][0]["pending_reboot"] != json!([]));
    let group = cluster["members"][0]["pending_reboot"][0].as_str().unwrap().to_owned();
    assert!(group.starts_with("orders-dev-"), "{cluster:#}");
    let text = seen(&place, &[], 5);
    assert!(text.contains(&format!("values of {group} wait for its restart (pending-reboot)\n")), "{text}");

    place.fail("db-cluster", "orders-dev", "stopped");
    let text = seen(&place, &[], 5);
    assert!(
        text.starts_with("orders-dev (db_cluster.main): stopped, Aurora PostgreSQL 16.11, the writer is"),
        "{text}"
    );
}
