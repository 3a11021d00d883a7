//! What the design rules need to know and only AWS can tell: about things that the stack is given, and about what runs.
//!
//! A question that AWS does not answer leaves its fact unknown, with AWS's words: a must rule then stops an apply.

use crate::load::Loaded;
use auroractl_aws::Aws;
use auroractl_cluster::live as cluster;
use auroractl_core::{Address, Observed};
use auroractl_engine::{CallError, Look};
use auroractl_monitoring::live as monitoring;
use auroractl_network::existing::{self, ExistingIds, SubnetFacts};
use auroractl_network::{SecurityGroupRule, live as network};
use auroractl_policy::Fact;
use auroractl_policy::facts::{FlowLog, Key, Snapshot, Surroundings};
use auroractl_security::live as security;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Why some facts are never known: auroractl has no client for the service.
const NO_CLIENT: &str = "auroractl does not ask this service";

/// A running cluster, as facts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ClusterLook {
    pub(super) secret_status: Fact<String>,
    pub(super) restorable_lag: Fact<i64>,
    pub(super) multi_az: Fact<bool>,
    pub(super) http_endpoint: Fact<bool>,
    pub(super) internet_gateway: Fact<bool>,
    pub(super) activity_stream: Fact<bool>,
    pub(super) global: Fact<bool>,
    pub(super) roles: Fact<Vec<String>>,
}

/// A running instance, as facts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InstanceLook {
    pub(super) certificate_until: Fact<jiff::civil::Date>,
    pub(super) parameters_in_sync: Fact<Option<String>>,
}

/// What AWS answered beyond the specs of the stack's resources.
#[derive(Clone, Debug)]
pub struct Looked {
    pub(super) keys: BTreeMap<String, Fact<Key>>,
    pub(super) topics: BTreeMap<String, (Fact<Key>, Fact<Option<String>>)>,
    pub(super) subnets: BTreeMap<String, SubnetFacts>,
    pub(super) internet_routes: BTreeMap<String, Option<String>>,
    pub(super) rules: BTreeMap<String, Vec<(String, SecurityGroupRule)>>,
    pub(super) clusters: BTreeMap<String, ClusterLook>,
    pub(super) instances: BTreeMap<String, InstanceLook>,
    pub(super) vpcs: BTreeMap<String, (Fact<Option<FlowLog>>, Fact<usize>)>,
    pub(super) surroundings: Surroundings,
}

impl Looked {
    /// AWS was not asked.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            keys: BTreeMap::new(),
            topics: BTreeMap::new(),
            subnets: BTreeMap::new(),
            internet_routes: BTreeMap::new(),
            rules: BTreeMap::new(),
            clusters: BTreeMap::new(),
            instances: BTreeMap::new(),
            vpcs: BTreeMap::new(),
            surroundings: Surroundings::unseen("AWS was not asked"),
        }
    }
}

/// A fact from an answer.
fn fact<T>(answer: Result<T, CallError>) -> Fact<T> {
    match answer {
        Ok(value) => Fact::Known(value),
        Err(error) => Fact::Unknown(format!("AWS was asked in vain: {error}").into()),
    }
}

/// Looks at what the stack is given; with `running`, also at what runs and what lies around it. A stack that is given
/// nothing costs no call.
pub async fn look(aws: &Aws, loaded: &Loaded, running: Option<&BTreeMap<Address, Observed>>) -> Looked {
    let mut looked = Looked::nothing();
    given_key(aws, loaded, &mut looked).await;
    given_topic(aws, loaded, &mut looked).await;
    given_network(aws, loaded, &mut looked).await;
    if let Some(observed) = running {
        // Boxed: dozens of calls make a future too large for a caller's stack.
        Box::pin(run(aws, loaded, observed, &mut looked)).await;
    }
    looked
}

async fn key(aws: &Aws, id: &str) -> Fact<Key> {
    match fact(security::is_customers(aws, id).await) {
        Fact::Known(own) => Fact::Known(if own { Key::Customer } else { Key::Aws }),
        Fact::Unknown(why) => Fact::Unknown(why),
    }
}

async fn given_key(aws: &Aws, loaded: &Loaded, looked: &mut Looked) {
    if let Some(arn) = &loaded.config.security.kms.key_arn {
        looked.keys.insert(arn.clone(), key(aws, arn).await);
    }
}

async fn given_topic(aws: &Aws, loaded: &Loaded, looked: &mut Looked) {
    let Some(arn) = &loaded.config.monitoring.sns_topic_arn else { return };
    let seen = match fact(monitoring::topic(aws, arn).await) {
        Fact::Unknown(why) => (Fact::Unknown(why.clone()), Fact::Unknown(why)),
        Fact::Known(topic) => {
            let of = match &topic.key {
                Some(id) => key(aws, id).await,
                None => Key::Aws.into(),
            };
            (of, topic.policy.into())
        }
    };
    looked.topics.insert(arn.clone(), seen);
}

async fn given_network(aws: &Aws, loaded: &Loaded, looked: &mut Looked) {
    let Some(given) = &loaded.config.network.existing else { return };
    let ids = ExistingIds {
        vpc_id: given.vpc_id.as_str().into(),
        subnet_ids: given.subnet_ids.iter().map(|id| id.as_str().into()).collect(),
        security_group_ids: given.security_group_ids.iter().map(|id| id.as_str().into()).collect(),
    };
    // One that is not fit is refused before rules are asked; here it only leaves its facts unknown.
    if let Ok(Ok(facts)) = existing::verify(aws, &Look::new(), &ids).await {
        looked.subnets = facts.subnets.into_iter().map(|(id, subnet)| (id.to_string(), subnet)).collect();
    }
    if let Ok(rules) = network::group_rules(aws, given.security_group_ids.clone()).await {
        looked.rules = rules;
    }
}

/// Ids of a kind, from what was observed.
fn ids<'o>(observed: &'o BTreeMap<Address, Observed>, kind: &'o str, output: &'o str) -> impl Iterator<Item = &'o str> {
    let live = observed.iter().filter(move |(at, _)| at.kind() == kind).filter_map(|(_, seen)| seen.live());
    live.filter_map(move |live| live.outputs.get(output).and_then(Value::as_str))
}

async fn run(aws: &Aws, loaded: &Loaded, observed: &BTreeMap<Address, Observed>, looked: &mut Looked) {
    let identifier = loaded.config.cluster_identifier();
    let around = &mut looked.surroundings;
    *around = Surroundings::unseen(NO_CLIENT);
    around.acl_holes = Fact::unknown("only the stack's own VPC is asked for them");
    around.snapshots = snapshots(aws, identifier, observed).await;
    around.events = fact(cluster::events(aws).await);
    around.dashboard = fact(monitoring::dashboard_of(aws, identifier).await);
    if loaded.config.backup.is_some() {
        around.backup_opt_in = fact(cluster::opted_in(aws).await);
    }
    around.block_public_access = fact(network::block_public_access(aws).await);
    for vpc in ids(observed, "vpc", "vpc_id") {
        let (flow, rules, holes) = match fact(network::around(aws, vpc).await) {
            Fact::Known(seen) => {
                looked.internet_routes.extend(seen.internet_routes);
                let log = seen.flow_log.map(|log| FlowLog { traffic: log.traffic, failing: log.failing });
                (log.into(), seen.default_group_rules.into(), seen.acl_holes.into())
            }
            Fact::Unknown(why) => (Fact::Unknown(why.clone()), Fact::Unknown(why.clone()), Fact::Unknown(why)),
        };
        looked.surroundings.acl_holes = holes;
        looked.vpcs.insert(vpc.to_owned(), (flow, rules));
    }
    let mut groups: BTreeSet<String> = ids(observed, "security_group", "group_id").map(str::to_owned).collect();
    // Somebody may have put a group on the cluster that is not the stack's.
    groups.extend(carried(observed).map(str::to_owned));
    if let Ok(rules) = network::group_rules(aws, groups.into_iter().collect()).await {
        looked.rules.extend(rules);
    }
    if let Ok(Some(seen)) = cluster::cluster(aws, identifier).await {
        let instances = seen.instances.iter().map(|(id, seen)| (id.clone(), instance(seen)));
        looked.instances.extend(instances);
        looked.clusters.insert(identifier.to_owned(), running(aws, seen));
    }
}

/// Ids of the groups that clusters carry, whoever put them there.
fn carried(observed: &BTreeMap<Address, Observed>) -> impl Iterator<Item = &str> {
    let live = observed.iter().filter(|(at, _)| at.kind() == "db_cluster").filter_map(|(_, seen)| seen.live());
    let groups = live.filter_map(|live| live.spec.get("vpc_security_group_ids")?.as_array()).flatten();
    groups.filter_map(Value::as_str)
}

async fn snapshots(aws: &Aws, cluster_id: &str, observed: &BTreeMap<Address, Observed>) -> Fact<Vec<Snapshot>> {
    let Some(of) = observed.keys().find(|at| at.kind() == "db_cluster") else { return super::not_in_a_plan() };
    match fact(cluster::snapshots(aws, cluster_id).await) {
        Fact::Unknown(why) => Fact::Unknown(why),
        Fact::Known(found) => Fact::Known(
            found
                .into_iter()
                .map(|seen| Snapshot {
                    identifier: seen.identifier,
                    cluster: of.clone(),
                    encrypted: seen.encrypted,
                    public: seen.public.into(),
                })
                .collect(),
        ),
    }
}

fn running(aws: &Aws, seen: cluster::ClusterLook) -> ClusterLook {
    let now = aws.clock().wall().as_second();
    ClusterLook {
        secret_status: seen.secret_status.map_or(Fact::unknown("RDS keeps no secret"), Fact::Known),
        restorable_lag: match seen.latest_restorable {
            Some(then) => ((now - then) / 60).into(),
            None => Fact::unknown("the first backup is not there yet"),
        },
        multi_az: seen.multi_az.into(),
        http_endpoint: seen.http_endpoint.into(),
        internet_gateway: seen.internet_gateway.into(),
        activity_stream: seen.activity_stream.into(),
        global: seen.global.into(),
        roles: seen.roles.into(),
    }
}

fn instance(seen: &cluster::InstanceLook) -> InstanceLook {
    let day =
        |seconds: i64| Timestamp::from_second(seconds).ok().map(|time| time.to_zoned(jiff::tz::TimeZone::UTC).date());
    InstanceLook {
        certificate_until: seen.certificate_until.and_then(day).map_or(Fact::unknown("RDS does not say"), Fact::Known),
        parameters_in_sync: seen.out_of_sync.clone().into(),
    }
}
