//! How the database is: what `auroractl status` says first, for whoever asks in the middle of the night, and for
//! scripts.

use super::json::plan_document;
use auroractl_core::Plan;
use auroractl_engine::clock::stamp;
use auroractl_stack::{ClusterOverview, MemberOverview};
use comfy_table::{ContentArrangement, Table};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use owo_colors::OwoColorize as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Stands for a status that nobody asked for, or asked for in vain.
const UNSEEN: &str = "not looked at";
/// The only status of RDS with which all is well.
const WELL: &str = "available";
/// Stands where nothing is known, or nothing can be.
const NOTHING: &str = "-";

/// Shows each cluster: a line about it, its endpoints, its members, and what waits for something.
pub(super) fn show(out: &mut dyn Write, clusters: &[ClusterOverview]) -> io::Result<()> {
    clusters.iter().try_for_each(|cluster| one(out, cluster))
}

fn one(out: &mut dyn Write, cluster: &ClusterOverview) -> io::Result<()> {
    let ClusterOverview { address, identifier, endpoint, reader_endpoint, port, members, .. } = cluster;
    writeln!(out, "{} ({address}): {}", identifier.bold(), head(cluster))?;
    // Those of a cluster that is gone lead nowhere.
    let endpoints = [("writes", endpoint), ("reads", reader_endpoint)];
    for (what, host) in endpoints.iter().filter(|(_, host)| !host.is_empty() && !cluster.is_absent()) {
        writeln!(out, "  {what:<8}{host}:{port}")?;
    }
    if !members.is_empty() {
        writeln!(out, "{}", table(members))?;
    }
    waiting(cluster).iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    writeln!(out)
}

/// `available, Aurora PostgreSQL 16.11, the writer is orders-a`.
fn head(cluster: &ClusterOverview) -> String {
    let status = match cluster.status.as_deref() {
        None => format!("{UNSEEN}; on record:"),
        Some(WELL) => format!("{WELL},"),
        Some(gone) if cluster.is_absent() => return gone.red().bold().to_string(),
        Some(status) => format!("{},", status.yellow().bold()),
    };
    let writer = match cluster.writer() {
        Some(member) => format!("the writer is {}", member.identifier),
        None => "nobody is the writer".red().bold().to_string(),
    };
    format!("{status} Aurora PostgreSQL {}, {writer}", cluster.engine_version)
}

/// The members, a row each. When certificates end stands there where it is known.
fn table(members: &[MemberOverview]) -> Table {
    let dated = members.iter().any(|member| member.certificate_until.is_some());
    let mut header = vec!["member", "role", "status", "class", "zone", "tier"];
    header.extend(dated.then_some("certificate until"));
    let mut table = super::table(&header);
    // Names are copied: in two halves they are none.
    table.set_content_arrangement(ContentArrangement::Disabled);
    for member in members {
        let tier = member.promotion_tier.map(|tier| tier.to_string());
        let mut row = vec![
            member.identifier.clone(),
            role(member).unwrap_or(NOTHING).to_owned(),
            member.status.clone().unwrap_or_else(|| UNSEEN.to_owned()),
            class(member).unwrap_or_else(|| NOTHING.to_owned()),
            member.availability_zone.clone().unwrap_or_else(|| NOTHING.to_owned()),
            tier.unwrap_or_else(|| NOTHING.to_owned()),
        ];
        row.extend(dated.then(|| day(member).unwrap_or_else(|| NOTHING.to_owned())));
        table.add_row(row);
    }
    table
}

fn role(member: &MemberOverview) -> Option<&'static str> {
    member.writer.map(|writes| if writes { "writer" } else { "reader" })
}

/// `db.r7g.large`; `db.serverless, 0.5 to 4 ACU`.
fn class(member: &MemberOverview) -> Option<String> {
    let class = member.class.as_ref()?;
    let range = member.capacity.map(|range| format!(", {} to {} ACU", range.min_capacity, range.max_capacity));
    Some(format!("{class}{}", range.unwrap_or_default()))
}

fn certificate(member: &MemberOverview) -> Option<Timestamp> {
    Timestamp::from_second(member.certificate_until?).ok()
}

fn day(member: &MemberOverview) -> Option<String> {
    Some(certificate(member)?.to_zoned(TimeZone::UTC).date().to_string())
}

/// What has been accepted and does not count yet: of the cluster, then of each member.
fn waiting(cluster: &ClusterOverview) -> Vec<String> {
    let own = pending(&cluster.identifier, &cluster.pending);
    let of = |member: &MemberOverview| {
        let groups = member.pending_reboot.join(", ");
        let restart = (!groups.is_empty())
            .then(|| format!("{}: values of {groups} wait for its restart (pending-reboot)", member.identifier));
        restart.into_iter().chain(pending(&member.identifier, &member.pending))
    };
    own.into_iter().chain(cluster.members.iter().flat_map(of)).collect()
}

fn pending(whose: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let values: Vec<String> = values.iter().map(|(field, value)| format!("{field} = {value}")).collect();
    (!values.is_empty()).then(|| format!("{whose}: pending at AWS: {}", values.join(", ")))
}

/// Drift as a document, and how the database is.
pub(crate) fn document(stack: &str, drift: &Plan, clusters: &[ClusterOverview]) -> Value {
    let mut value = plan_document(stack, drift);
    if let Some(map) = value.as_object_mut() {
        map.insert("clusters".to_owned(), clusters.iter().map(cluster_json).collect());
    }
    value
}

fn cluster_json(cluster: &ClusterOverview) -> Value {
    let host = |host: &str| (!host.is_empty()).then(|| host.to_owned());
    json!({
        "address": cluster.address,
        "identifier": cluster.identifier,
        "status": cluster.status,
        "engine_version": cluster.engine_version,
        "writer": cluster.writer().map(|member| member.identifier.as_str()),
        "writer_endpoint": host(&cluster.endpoint),
        "reader_endpoint": host(&cluster.reader_endpoint),
        "port": cluster.port,
        "pending": cluster.pending,
        "members": cluster.members.iter().map(member_json).collect::<Vec<_>>(),
    })
}

fn member_json(member: &MemberOverview) -> Value {
    let capacity = member.capacity.map(|range| json!({"min_acu": range.min_capacity, "max_acu": range.max_capacity}));
    json!({
        "address": member.address,
        "identifier": member.identifier,
        "role": role(member),
        "status": member.status,
        "class": member.class,
        "capacity": capacity,
        "availability_zone": member.availability_zone,
        "promotion_tier": member.promotion_tier,
        "endpoint": member.endpoint,
        "certificate_until": certificate(member).map(stamp),
        "pending_reboot": member.pending_reboot,
        "pending": member.pending,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(identifier: &str, writer: bool) -> MemberOverview {
        MemberOverview {
            address: Some(format!("db_instance.{}", &identifier[identifier.len() - 1..]).parse().unwrap()),
            identifier: identifier.to_owned(),
            writer: Some(writer),
            status: Some(WELL.to_owned()),
            class: Some("db.r7g.large".to_owned()),
            capacity: None,
            availability_zone: Some("eu-central-1a".to_owned()),
            promotion_tier: Some(1),
            endpoint: None,
            certificate_until: None,
            pending_reboot: Vec::new(),
            pending: BTreeMap::new(),
        }
    }

    fn cluster(members: Vec<MemberOverview>) -> ClusterOverview {
        ClusterOverview {
            address: "db_cluster.main".parse().unwrap(),
            identifier: "orders".to_owned(),
            status: Some(WELL.to_owned()),
            engine_version: "16.11".to_owned(),
            endpoint: "orders.cluster-x".to_owned(),
            reader_endpoint: "orders.cluster-ro-x".to_owned(),
            port: 5432,
            pending: BTreeMap::new(),
            members,
        }
    }

    /// The lines that people see, with single blanks.
    fn lines(cluster: ClusterOverview) -> Vec<String> {
        let mut text = Vec::new();
        show(&mut text, &[cluster]).unwrap();
        let text = String::from_utf8(anstream::adapter::strip_bytes(&text).into_vec()).unwrap();
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_quiet_cluster_is_told_in_a_few_lines() {
        let told = lines(cluster(vec![member("orders-a", true), member("orders-b", false)]));
        assert_eq!(
            told,
            [
                "orders (db_cluster.main): available, Aurora PostgreSQL 16.11, the writer is orders-a",
                "writes orders.cluster-x:5432",
                "reads orders.cluster-ro-x:5432",
                "MEMBER ROLE STATUS CLASS ZONE TIER",
                "orders-a writer available db.r7g.large eu-central-1a 1",
                "orders-b reader available db.r7g.large eu-central-1a 1",
                "",
            ]
        );
    }

    #[test]
    fn what_waits_stands_below_the_members() {
        let pending_reboot = vec!["g".to_owned(), "h".to_owned()];
        let restarts = MemberOverview { pending_reboot, ..member("orders-a", true) };
        let pending = BTreeMap::from([("db_instance_class".to_owned(), "db.r7g.xlarge".to_owned())]);
        let certificate_until = Some(1_800_000_000);
        let grows = MemberOverview { pending, certificate_until, ..member("orders-b", false) };
        let pending = BTreeMap::from([("storage_type".to_owned(), "aurora".to_owned())]);
        let told = lines(ClusterOverview { pending, ..cluster(vec![restarts, grows]) });
        assert!(told[3].ends_with("CERTIFICATE UNTIL") && told[4].ends_with("1 -"), "{told:?}");
        assert!(told[5].ends_with("1 2027-01-15"), "{told:?}");
        assert_eq!(
            told[6..9],
            [
                "orders: pending at AWS: storage_type = aurora",
                "orders-a: values of g, h wait for its restart (pending-reboot)",
                "orders-b: pending at AWS: db_instance_class = db.r7g.xlarge",
            ]
        );
    }

    #[test]
    fn what_is_not_known_is_said() {
        let unseen = MemberOverview { status: None, ..member("orders-a", false) };
        let told = lines(ClusterOverview { status: None, ..cluster(vec![unseen]) });
        let head = "orders (db_cluster.main): not looked at; on record: Aurora PostgreSQL 16.11, nobody is the writer";
        assert_eq!(told[0], head);
        assert!(told[4].contains("reader not looked at db.r7g.large"), "{told:?}");
        let gone = ClusterOverview { status: Some("absent".to_owned()), ..cluster(Vec::new()) };
        assert_eq!(lines(gone), ["orders (db_cluster.main): absent", ""]);
    }

    #[test]
    fn scripts_get_the_same() {
        let dated = MemberOverview { certificate_until: Some(1_800_000_000), ..member("orders-a", true) };
        let young = ClusterOverview { endpoint: String::new(), ..cluster(vec![dated]) };
        let told = document("orders", &Plan { changes: Vec::new() }, &[young]);
        assert_eq!(told["format_version"], 1);
        let cluster = &told["clusters"][0];
        assert_eq!((&cluster["writer"], &cluster["writer_endpoint"]), (&json!("orders-a"), &Value::Null));
        let member = &cluster["members"][0];
        assert_eq!((&member["role"], &member["certificate_until"]), (&json!("writer"), &json!("2027-01-15T08:00:00Z")));
    }
}
