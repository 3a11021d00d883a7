//! How a cluster is: its status, its endpoints, who writes, its members one by one. For people, who may look in the
//! middle of the night.
//!
//! It is made of what a refresh has read anyway. What was not looked at stands there as it is recorded and has no
//! status, since a record does not know how something is now.

use crate::db_cluster::{DbCluster, ServerlessV2Scaling};
use crate::db_instance::{DbInstance, MARKS, SERVERLESS};
use crate::describe::AUTOSCALED;
use crate::told::{OfCluster, OfInstance, Seat};
use crate::version;
use auroractl_core::ids::{ClusterParameterGroupName, ParameterGroupName};
use auroractl_core::{Address, Graph, Live, Model, Observed, Of, State};
use std::collections::BTreeMap;

/// The status of what is recorded and no longer there. RDS has no word for it.
const ABSENT: &str = "absent";

/// How a cluster is.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterOverview {
    /// Its address.
    pub address: Address,
    /// `DBClusterIdentifier`.
    pub identifier: String,
    /// RDS's own word (`Status`), or `absent`; `None` where it was not looked at.
    pub status: Option<String>,
    /// `EngineVersion`.
    pub engine_version: String,
    /// Where writes go; empty while it is being made.
    pub endpoint: String,
    /// Where reads may go; empty while it is being made.
    pub reader_endpoint: String,
    /// Port of all endpoints.
    pub port: u16,
    /// What RDS has accepted and not yet applied, by field.
    pub pending: BTreeMap<String, String>,
    /// Its members: who writes first, then in the order in which they would take over.
    pub members: Vec<MemberOverview>,
}

/// How a member of a cluster is.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberOverview {
    /// Its address; `None` for one that is not the stack's, of which only role and tier are known: autoscaling made it,
    /// or somebody else.
    pub address: Option<Address>,
    /// `DBInstanceIdentifier`.
    pub identifier: String,
    /// Is it the writer? `None` where it is gone.
    pub writer: Option<bool>,
    /// RDS's own word (`DBInstanceStatus`), or `absent`; `None` where it was not looked at.
    pub status: Option<String>,
    /// `DBInstanceClass`.
    pub class: Option<String>,
    /// Between how many capacity units its size follows the load, if it does.
    pub capacity: Option<ServerlessV2Scaling>,
    /// `AvailabilityZone`.
    pub availability_zone: Option<String>,
    /// `PromotionTier`: of the readers, the lowest takes over first.
    pub promotion_tier: Option<u8>,
    /// Its own endpoint, not there before it is up.
    pub endpoint: Option<String>,
    /// Until when its server certificate is valid (`CertificateDetails.ValidTill`), in seconds since 1970.
    pub certificate_until: Option<i64>,
    /// Names of the parameter groups, its own and its cluster's, of which values wait for its restart.
    pub pending_reboot: Vec<String>,
    /// What RDS has accepted and not yet applied, by field.
    pub pending: BTreeMap<String, String>,
}

impl ClusterOverview {
    /// Who writes, if anybody does.
    #[must_use]
    pub fn writer(&self) -> Option<&MemberOverview> {
        self.members.iter().find(|member| member.writer == Some(true))
    }

    /// Is it recorded and no longer there?
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.status.as_deref() == Some(ABSENT)
    }
}

/// How the clusters of a stack are, by what was observed; where nothing was, by what is recorded.
#[must_use]
pub fn overview(state: &State, observed: &BTreeMap<Address, Observed>) -> Vec<ClusterOverview> {
    let members: Vec<Sight<'_, DbInstance>> = sights(state, observed).collect();
    sights::<DbCluster>(state, observed).map(|seen| cluster(seen, &members)).collect()
}

/// Identifiers of the readers that autoscaling made in the clusters of a stack. They are in no state.
#[must_use]
pub fn autoscaled(state: &State, observed: &BTreeMap<Address, Observed>) -> Vec<String> {
    let members = overview(state, observed).into_iter().flat_map(|cluster| cluster.members);
    let others = members.filter(|member| member.address.is_none());
    others.map(|member| member.identifier).filter(|name| name.starts_with(AUTOSCALED)).collect()
}

/// Clusters whose stated version was lowered below the one that runs, where that is no difference since AWS installs minor
/// versions by itself: address, the version that runs, the version that is stated now. AWS can't go back, so nothing happens.
#[must_use]
pub fn lowered(graph: &Graph, state: &State, observed: &BTreeMap<Address, Observed>) -> Vec<(Address, String, String)> {
    let of_kind = graph.order().iter().filter(|at| at.kind() == DbCluster::KIND);
    let lowered = of_kind.filter_map(|at| {
        let wanted = Of::<DbCluster>::spec(&graph.node(at)?.spec).ok()?;
        let applied = Of::<DbCluster>::spec(&state.resources.get(at)?.applied).ok()?.engine_version;
        let runs = Of::<DbCluster>::spec(&observed.get(at)?.live()?.spec).ok()?.engine_version;
        let by_itself = wanted.auto_minor_version_upgrade;
        let told = by_itself && version::ahead(&applied, &wanted.engine_version);
        (told && version::ahead(&runs, &wanted.engine_version)).then(|| (at.clone(), runs, wanted.engine_version))
    });
    lowered.collect()
}

/// A resource as it was seen. One that was not seen is as it is recorded.
struct Sight<'a, M: Model> {
    address: &'a Address,
    live: Option<&'a Live>,
    gone: bool,
    spec: M,
    outputs: M::Outputs,
}

fn sights<'a, M: Model>(
    state: &'a State,
    observed: &'a BTreeMap<Address, Observed>,
) -> impl Iterator<Item = Sight<'a, M>> {
    observed.iter().filter(|(address, _)| address.kind() == M::KIND).filter_map(move |(address, seen)| {
        let live = seen.live();
        let (spec, outputs) = match live {
            Some(live) => (&live.spec, &live.outputs),
            None => state.resources.get(address).map(|record| (&record.applied, &record.outputs))?,
        };
        let (spec, outputs) = (Of::<M>::spec(spec).ok()?, Of::<M>::outputs(outputs).ok()?);
        Some(Sight { address, live, gone: *seen == Observed::Absent, spec, outputs })
    })
}

fn cluster(seen: Sight<'_, DbCluster>, members: &[Sight<'_, DbInstance>]) -> ClusterOverview {
    let Sight { address, live, gone, spec, outputs } = seen;
    let told: OfCluster = live.and_then(|live| live.told_as()).unwrap_or_default();
    let identifier = outputs.db_cluster_identifier.to_string();
    let within = |member: &&Sight<'_, DbInstance>| {
        let cluster = member.spec.db_cluster_identifier.known();
        cluster.is_some_and(|cluster| cluster.as_str().eq_ignore_ascii_case(&identifier))
    };
    let mut all: Vec<MemberOverview> =
        members.iter().filter(within).map(|member| of_the_stack(member, &spec, &told)).collect();
    let strange = |seat: &&Seat| !all.iter().any(|member| member.identifier.eq_ignore_ascii_case(&seat.identifier));
    let others: Vec<MemberOverview> = told.members.iter().filter(strange).map(of_others).collect();
    all.extend(others);
    all.sort_by_key(|member| {
        (member.writer != Some(true), member.promotion_tier.unwrap_or(u8::MAX), member.identifier.clone())
    });
    ClusterOverview {
        address: address.clone(),
        identifier,
        status: status(told.status, gone),
        engine_version: in_force(live, "engine_version", &spec.engine_version),
        endpoint: outputs.endpoint,
        reader_endpoint: outputs.reader_endpoint,
        port: outputs.port,
        pending: pending(live),
        members: all,
    }
}

fn of_the_stack(seen: &Sight<'_, DbInstance>, cluster: &DbCluster, told: &OfCluster) -> MemberOverview {
    let Sight { address, live, gone, spec, outputs } = seen;
    let own: OfInstance = live.and_then(|live| live.told_as()).unwrap_or_default();
    let identifier = outputs.db_instance_identifier.to_string();
    let seat = told.members.iter().find(|seat| seat.identifier.eq_ignore_ascii_case(&identifier));
    let writes = seat.map_or(outputs.is_writer, |seat| seat.writer);
    let class = in_force(*live, "db_instance_class", &spec.db_instance_class);
    MemberOverview {
        address: Some(Address::clone(address)),
        identifier,
        writer: (!gone).then_some(writes),
        status: status(own.status, *gone),
        capacity: cluster.serverless_v2_scaling_configuration.filter(|_| class == SERVERLESS),
        class: Some(class),
        availability_zone: outputs.availability_zone.clone(),
        promotion_tier: Some(spec.promotion_tier),
        endpoint: outputs.endpoint.clone(),
        certificate_until: own.certificate_until,
        pending_reboot: pending_reboot(*live, spec, cluster),
        pending: pending(*live),
    }
}

/// A member that the stack does not know: the answer about the cluster has its role and its tier.
fn of_others(seat: &Seat) -> MemberOverview {
    MemberOverview {
        address: None,
        identifier: seat.identifier.clone(),
        writer: Some(seat.writer),
        status: None,
        class: None,
        capacity: None,
        availability_zone: None,
        promotion_tier: seat.promotion_tier,
        endpoint: None,
        certificate_until: None,
        pending_reboot: Vec::new(),
        pending: BTreeMap::new(),
    }
}

/// The value that counts until a pending one is applied: a spec has what the stack has left to the maintenance window already.
fn in_force(live: Option<&Live>, field: &str, spec: &str) -> String {
    live.and_then(|live| live.in_force.get(field)?.as_str()).unwrap_or(spec).to_owned()
}

fn status(told: Option<String>, gone: bool) -> Option<String> {
    if gone { Some(ABSENT.to_owned()) } else { told }
}

/// Accepted and not yet applied, but for what only marks that values of a parameter group wait.
fn pending(live: Option<&Live>) -> BTreeMap<String, String> {
    let all = live.into_iter().flat_map(|live| &live.pending);
    all.filter(|(field, _)| !MARKS.contains(&field.as_str()))
        .map(|(field, value)| (field.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect()
}

fn pending_reboot(live: Option<&Live>, member: &DbInstance, cluster: &DbCluster) -> Vec<String> {
    let groups = [
        member.db_parameter_group_name.known().map(ParameterGroupName::as_str),
        cluster.db_cluster_parameter_group_name.known().map(ClusterParameterGroupName::as_str),
    ];
    let waits = |mark: &str| live.is_some_and(|live| live.pending.contains_key(mark));
    let marked = MARKS.into_iter().zip(groups).filter(|(mark, _)| waits(mark));
    marked.filter_map(|(_, group)| group.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db_cluster::{DbClusterOutputs, sample};
    use crate::testing;
    use auroractl_core::Owner;
    use auroractl_core::identity::StackId;
    use auroractl_core::state::{Record, Scope};
    use serde::Serialize;
    use serde_json::Value;
    use std::collections::BTreeSet;

    type Seen = BTreeMap<Address, Observed>;

    fn at(address: &str) -> Address {
        address.parse().unwrap()
    }

    fn value(of: &impl Serialize) -> Value {
        serde_json::to_value(of).unwrap()
    }

    fn outputs() -> DbClusterOutputs {
        DbClusterOutputs {
            db_cluster_identifier: "orders".into(),
            db_cluster_arn: String::new(),
            db_cluster_resource_id: String::new(),
            endpoint: "orders.cluster-x".to_owned(),
            reader_endpoint: "orders.cluster-ro-x".to_owned(),
            port: 5432,
            hosted_zone_id: None,
            master_user_secret_arn: None,
        }
    }

    /// The cluster, with these members: name, does it write, tier.
    fn of_cluster(seats: &[(&str, bool, u8)]) -> Live {
        let seat = |(name, writer, tier): &(&str, bool, u8)| Seat {
            identifier: (*name).to_owned(),
            writer: *writer,
            promotion_tier: Some(*tier),
        };
        let told = OfCluster { status: Some("available".to_owned()), members: seats.iter().map(seat).collect() };
        Live { told: Some(value(&told)), ..Live::ready(value(&sample()), value(&outputs()), Owner::Untagged) }
    }

    fn of_member(spec: &DbInstance, status: &str) -> Live {
        let told = OfInstance { status: Some(status.to_owned()), certificate_until: Some(1_800_000_000) };
        let outputs = testing::outputs(&spec.db_instance_identifier, false);
        Live { told: Some(value(&told)), ..Live::ready(value(spec), value(&outputs), Owner::Untagged) }
    }

    fn seen<const N: usize>(all: [(&str, Live); N]) -> Seen {
        all.into_iter().map(|(address, live)| (at(address), Observed::Live(Box::new(live)))).collect()
    }

    fn record(spec: &impl Serialize, outputs: &impl Serialize) -> Record {
        Record {
            kind: String::new(),
            version: 1,
            scope: Scope { account: String::new(), region: String::new() },
            oid: String::new(),
            generation: 0,
            name: String::new(),
            applied: value(spec),
            outputs: value(outputs),
            deps: BTreeSet::new(),
            incarnation: None,
            settled: true,
            born: 0,
        }
    }

    fn empty() -> State {
        let stack = StackId { name: "orders".to_owned(), account: String::new(), region: "eu-central-1".to_owned() };
        State::new(stack, "lineage".to_owned())
    }

    #[test]
    fn who_writes_comes_first_and_then_who_would_take_over() {
        let autoscaled = "application-autoscaling-1";
        let seats = [("orders-a", false, 1), (autoscaled, false, 15), ("orders-b", true, 1), ("orders-c", false, 0)];
        let member = |name: &str, promotion_tier| {
            let spec = DbInstance { promotion_tier, ..testing::member(name, "db.r7g.large") };
            of_member(&spec, "available")
        };
        let observed = seen([
            ("db_cluster.main", of_cluster(&seats)),
            ("db_instance.a", member("orders-a", 1)),
            ("db_instance.b", member("orders-b", 1)),
            ("db_instance.c", member("orders-c", 0)),
        ]);
        let all = overview(&empty(), &observed);
        let told = &all[0];
        let row = |member: &MemberOverview| (member.identifier.clone(), member.writer, member.promotion_tier);
        let rows: Vec<_> = told.members.iter().map(row).collect();
        let expected: [(&str, bool, u8); 4] =
            [("orders-b", true, 1), ("orders-c", false, 0), ("orders-a", false, 1), (autoscaled, false, 15)];
        assert_eq!(rows, expected.map(|(name, writes, tier)| (name.to_owned(), Some(writes), Some(tier))));
        let writer = told.writer().unwrap();
        assert_eq!((&writer.address, writer.certificate_until), (&Some(at("db_instance.b")), Some(1_800_000_000)));
        assert_eq!((told.status.as_deref(), writer.status.as_deref()), (Some("available"), Some("available")));
        assert_eq!(super::autoscaled(&empty(), &observed), [autoscaled]);
        let other = told.members.last().unwrap();
        assert_eq!((&other.address, &other.status, &other.class), (&None, &None, &None), "nobody asked about it");
    }

    #[test]
    fn what_waits_is_told_by_what_it_waits_for() {
        let mut member = of_member(&testing::member("orders-a", "db.r7g.large"), "modifying");
        let marks = MARKS.map(|mark| (mark, "pending-reboot"));
        for (field, waits) in [("db_instance_class", "db.r7g.xlarge"), marks[0], marks[1]] {
            member.pending.insert(field.to_owned(), waits.into());
        }
        let mut cluster = of_cluster(&[("orders-a", true, 1)]);
        cluster.pending.insert("engine_version".to_owned(), "16.11".into());
        let all = overview(&empty(), &seen([("db_cluster.main", cluster), ("db_instance.a", member)]));
        let waits = |field: &str, value: &str| BTreeMap::from([(field.to_owned(), value.to_owned())]);
        let told = &all[0].members[0];
        assert_eq!(told.pending_reboot, ["g", "orders-main-abcdefgh"], "its own group and its cluster's");
        assert_eq!(told.pending, waits("db_instance_class", "db.r7g.xlarge"));
        assert_eq!(all[0].pending, waits("engine_version", "16.11"));
    }

    #[test]
    fn what_runs_is_told_until_what_waits_is_applied() {
        let mut member = of_member(&testing::member("orders-a", "db.r7g.xlarge"), "available");
        member.in_force.insert("db_instance_class".to_owned(), "db.r7g.large".into());
        let mut cluster = of_cluster(&[("orders-a", true, 1)]);
        cluster.in_force.insert("engine_version".to_owned(), "16.9".into());
        let all = overview(&empty(), &seen([("db_cluster.main", cluster), ("db_instance.a", member)]));
        assert_eq!(
            (all[0].engine_version.as_str(), all[0].members[0].class.as_deref()),
            ("16.9", Some("db.r7g.large"))
        );
    }

    #[test]
    fn only_who_follows_the_load_has_a_range() {
        let range = ServerlessV2Scaling { min_capacity: 0.5, max_capacity: 4.0, seconds_until_auto_pause: None };
        let mixed = DbCluster { serverless_v2_scaling_configuration: Some(range), ..sample() };
        let member = |name: &str, class: &str| of_member(&testing::member(name, class), "available");
        let all = overview(
            &empty(),
            &seen([
                ("db_cluster.main", Live { spec: value(&mixed), ..of_cluster(&[]) }),
                ("db_instance.a", member("orders-a", SERVERLESS)),
                ("db_instance.b", member("orders-b", "db.r7g.large")),
            ]),
        );
        let ranges: Vec<_> = all[0].members.iter().map(|member| member.capacity).collect();
        assert_eq!(ranges, [Some(range), None]);
    }

    #[test]
    fn what_was_not_looked_at_is_as_it_is_recorded() {
        let (member, writes) = (testing::member("orders-a", "db.r7g.large"), testing::outputs("orders-a", true));
        let mut state = empty();
        state.resources.insert(at("db_cluster.main"), record(&sample(), &outputs()));
        state.resources.insert(at("db_instance.a"), record(&member, &writes));
        let each = |seen: &dyn Fn(&Record) -> Observed| -> Seen {
            state.resources.iter().map(|(at, record)| (at.clone(), seen(record))).collect()
        };
        let remembered = each(&|record| Observed::Live(Box::new(record.remembered())));
        let unknown = each(&|_| Observed::Unknown("throttled".to_owned()));
        for observed in [remembered, unknown] {
            let all = overview(&state, &observed);
            assert_eq!((all[0].status.as_deref(), all[0].endpoint.as_str()), (None, "orders.cluster-x"));
            let member = &all[0].members[0];
            assert_eq!((member.status.as_deref(), member.writer), (None, Some(true)), "as it was");
        }
        let gone = each(&|_| Observed::Absent);
        let all = overview(&state, &gone);
        assert!(all[0].is_absent() && all[0].writer().is_none(), "{all:?}");
        assert_eq!(all[0].members[0].status.as_deref(), Some(ABSENT));
        assert_eq!(overview(&empty(), &gone), [], "neither there nor on record");
    }
}
