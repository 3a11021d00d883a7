//! What clients of the database notice of an edit that interrupts none of them: they are locked out, or the database answers
//! otherwise from then on.
//!
//! A grade says how an edit interrupts whoever is connected. A rule that leaves a security group cuts them off for a moment
//! by that measure, and they do not come back; a timeout cancels next week's report. So these are told beside the grades.
//! What each does stands in the documentation that is named with it.

use auroractl_cluster::{DbCluster, DbInstance};
use auroractl_core::diff::FieldChange;
use auroractl_core::lower::Sources;
use auroractl_core::plan::{Action, Change};
use auroractl_core::state::{Record, State};
use auroractl_core::{Address, Input, Model, Of, Plan};
use auroractl_network::{Direction, Peer, SecurityGroupRule, Traffic};
use auroractl_params::{DbClusterParameterGroup, DbParameterGroup};
use serde_json::Value;

/// Dynamic parameters that change what clients may do, with what they do when they are set:
/// <https://www.postgresql.org/docs/current/runtime-config-client.html>, of `rds.force_ssl`
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Security.html>.
const FELT: [(&str, &str); 9] = [
    ("statement_timeout", "statements that run longer are cancelled"),
    ("transaction_timeout", "sessions whose transactions take longer are ended"),
    ("lock_timeout", "statements that wait longer for a lock are cancelled"),
    ("idle_in_transaction_session_timeout", "sessions that idle longer in a transaction are ended"),
    ("idle_session_timeout", "sessions that idle longer are ended"),
    ("default_transaction_read_only", "transactions can't write unless they ask to"),
    ("default_transaction_isolation", "transactions run at another isolation level"),
    ("session_replication_role", "triggers and foreign keys act otherwise"),
    ("rds.force_ssl", "connections without TLS are refused"),
];
/// Values by which a parameter is off: then it no longer keeps anybody from anything.
const OFF: [&str; 5] = ["0", "-1", "off", "false", "no"];
/// Field of the least capacity. With 0 idle members pause, and "the wakeup time is approximately 15 seconds":
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html>.
const LEAST: &str = "serverless_v2_scaling_configuration.min_capacity";

/// What clients notice of edits that interrupt none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whose edits they are.
    pub by: Vec<Address>,
    /// What is noticed, in a phrase.
    pub text: String,
}

/// What clients notice of a plan beside interruptions.
pub(crate) fn notes(plan: &Plan, sources: &Sources<'_>) -> Vec<Note> {
    let edited = |change: &&Change| matches!(change.action, Action::Update | Action::Restart | Action::Adopt);
    let fields = plan.changes.iter().filter(edited).flat_map(|change| change.fields.iter().map(move |it| (change, it)));
    let mut notes = locked_out(plan, sources);
    notes.extend(fields.filter_map(|(change, field)| {
        let text = match change.address.kind() {
            DbClusterParameterGroup::KIND | DbParameterGroup::KIND => parameter(field),
            DbCluster::KIND => pauses(field, sources),
            _ => None,
        };
        Some((change.address.clone(), text?))
    }));
    told_once(notes)
}

/// Both groups may set the same, and two rules may have admitted the same.
fn told_once(notes: Vec<(Address, String)>) -> Vec<Note> {
    let mut told: Vec<Note> = Vec::new();
    for (at, text) in notes {
        match told.iter_mut().find(|note| note.text == text) {
            Some(note) => note.by.push(at),
            None => told.push(Note { by: vec![at], text }),
        }
    }
    told
}

fn parameter(field: &FieldChange) -> Option<String> {
    let name = field.path.strip_prefix("parameters.")?;
    let (_, what) = FELT.iter().find(|(felt, _)| *felt == name)?;
    let value = field.after.as_str().map_or_else(|| field.after.to_string(), str::to_ascii_lowercase);
    let off = field.after.is_null() || OFF.contains(&value.as_str());
    (!off).then(|| format!("from now on {what} ({name})"))
}

fn pauses(field: &FieldChange, sources: &Sources<'_>) -> Option<String> {
    let zero = |value: &Value| value.as_f64().is_some_and(|least| least <= 0.0);
    let pauses = field.path == LEAST && zero(&field.after) && !zero(&field.before);
    let nodes = sources.graph.order().iter().filter(|at| at.kind() == DbInstance::KIND);
    let mut classes = nodes.filter_map(|at| sources.graph.node(at)?.spec.get("db_instance_class")?.as_str());
    let goes_by_it = pauses && classes.any(|class| class == "db.serverless");
    goes_by_it.then(|| "idle members pause from now on, and the first connection then waits for about 15 s".to_owned())
}

/// Whom a rule admitted that leaves, or that admits others from now on.
fn locked_out(plan: &Plan, sources: &Sources<'_>) -> Vec<(Address, String)> {
    let port = |spec: &Value| Of::<DbCluster>::spec(spec).ok().map(|cluster| cluster.port);
    let clusters = sources.graph.order().iter().filter(|at| at.kind() == DbCluster::KIND);
    let wanted = clusters.filter_map(|at| Some((at, port(&sources.graph.node(at)?.spec)?)));
    // A cluster that is only made has no clients yet.
    let mut both = wanted.filter_map(|(at, new)| Some((port(&sources.state.resources.get(at)?.applied)?, new)));
    let Some((old, new)) = both.next() else { return Vec::new() };
    let rules = sources.graph.order().iter().filter(|at| at.kind() == SecurityGroupRule::KIND);
    let rules = rules.filter_map(|at| Of::<SecurityGroupRule>::spec(&sources.graph.node(at)?.spec).ok());
    let peers: Vec<Peer> = rules.filter(|rule| admits(rule, new)).map(|rule| rule.peer).collect();
    let changes = plan.changes.iter().filter(|change| change.address.kind() == SecurityGroupRule::KIND);
    let leaves = |change: &&Change| change.action == Action::Delete || change.edits("peer") || change.edits("traffic");
    let record = |change: &Change| Some((change.address.clone(), sources.state.resources.get(&change.address)?));
    let records = changes.filter(leaves).filter_map(record);
    let before = records.filter_map(|(at, record)| Some((at, Of::<SecurityGroupRule>::spec(&record.applied).ok()?)));
    let lost = before.filter(|(_, rule)| admits(rule, old) && !peers.iter().any(|peer| covers(peer, &rule.peer)));
    let told = lost.filter_map(|(at, rule)| Some((at, named(&rule.peer, sources.state)?)));
    told.map(|(at, who)| (at, format!("clients of {who} lose access for good"))).collect()
}

/// Does this rule let clients come in at this port?
fn admits(SecurityGroupRule { direction, traffic, .. }: &SecurityGroupRule, port: u16) -> bool {
    let Traffic { ip_protocol, from_port, to_port } = traffic;
    let ports = *from_port <= i32::from(port) && i32::from(port) <= *to_port;
    *direction == Direction::Ingress && (ip_protocol == "-1" || (ip_protocol == "tcp" && ports))
}

/// Are all whom the second admits admitted by the first? A group that is only promised may be the one.
fn covers(wanted: &Peer, before: &Peer) -> bool {
    match (wanted, before) {
        (Peer::CidrIpv4(wanted), Peer::CidrIpv4(before)) => wanted.contains(before),
        (Peer::CidrIpv6(wanted), Peer::CidrIpv6(before)) => wanted.contains(before),
        (Peer::SecurityGroup(wanted), Peer::SecurityGroup(before)) => wanted.known().is_none() || wanted == before,
        (Peer::PrefixList(wanted), Peer::PrefixList(before)) => wanted.known().is_none() || wanted == before,
        _ => false,
    }
}

/// Whom a rule admitted. A group of the stack has a name that people know.
fn named(peer: &Peer, state: &State) -> Option<String> {
    let is = |record: &Record, id: &str| record.outputs.get("group_id").and_then(Value::as_str) == Some(id);
    let made = |id: &str| state.resources.iter().find(|(_, record)| is(record, id));
    Some(match peer {
        Peer::CidrIpv4(range) => range.to_string(),
        Peer::CidrIpv6(range) => range.to_string(),
        Peer::SecurityGroup(group) => known(group).map(|id| made(&id).map_or(id, |(at, _)| at.to_string()))?,
        Peer::PrefixList(list) => known(list)?,
    })
}

fn known<T: ToString>(input: &Input<T>) -> Option<String> {
    input.known().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_core::{Impact, Level};

    fn edit(path: &str, after: Value) -> FieldChange {
        let impact = Impact::new(Level::None, "a page");
        FieldChange { path: path.to_owned(), before: Value::Null, after, impact }
    }

    #[test]
    fn a_parameter_that_keeps_clients_from_something_is_told_and_its_end_is_not() {
        let told = parameter(&edit("parameters.statement_timeout", "30000".into()));
        assert_eq!(told.as_deref(), Some("from now on statements that run longer are cancelled (statement_timeout)"));
        assert!(parameter(&edit("parameters.rds.force_ssl", "1".into())).is_some());
        for (path, after) in [
            ("parameters.statement_timeout", Value::from("0")),
            ("parameters.statement_timeout", Value::Null),
            ("parameters.default_transaction_read_only", Value::from("Off")),
            ("parameters.work_mem", Value::from("64")),
            ("tags.statement_timeout", Value::from("30000")),
        ] {
            assert_eq!(parameter(&edit(path, after)), None, "{path}");
        }
    }

    fn rule(direction: Direction, traffic: Traffic) -> SecurityGroupRule {
        SecurityGroupRule {
            group_id: Input::Value("sg-1".into()),
            direction,
            traffic,
            peer: Peer::CidrIpv4("10.20.0.0/16".parse().unwrap()),
            description: None,
            tags: auroractl_core::Tags::new(),
        }
    }

    #[test]
    fn what_two_edits_do_is_told_once_and_is_done_by_both() {
        let (one, other): (Address, Address) =
            ("db_parameter_group.main".parse().unwrap(), "db_cluster_parameter_group.main".parse().unwrap());
        let note = |at: &Address, text: &str| (at.clone(), text.to_owned());
        let told = told_once(vec![note(&one, "x"), note(&one, "y"), note(&other, "x")]);
        let wanted = [(vec![one.clone(), other], "x"), (vec![one], "y")];
        assert_eq!(told, wanted.map(|(by, text)| Note { by, text: text.to_owned() }));
    }

    #[test]
    fn clients_come_in_at_the_port() {
        let traffic = |protocol: &str| Traffic::normal(protocol, Some(0), Some(65_535));
        assert!(admits(&rule(Direction::Ingress, Traffic::tcp(5432)), 5432));
        assert!(admits(&rule(Direction::Ingress, traffic("-1")), 5432));
        assert!(!admits(&rule(Direction::Ingress, traffic("udp")), 5432));
        assert!(!admits(&rule(Direction::Ingress, Traffic::tcp(443)), 5432));
        assert!(!admits(&rule(Direction::Egress, Traffic::tcp(5432)), 5432));
    }

    #[test]
    fn who_is_admitted_by_another_rule_is_not_locked_out() {
        let range = |text: &str| Peer::CidrIpv4(text.parse().unwrap());
        let group = |id: &str| Peer::SecurityGroup(Input::Value(id.into()));
        assert!(covers(&range("10.0.0.0/8"), &range("10.20.0.0/16")));
        assert!(!covers(&range("10.20.1.0/24"), &range("10.20.0.0/16")));
        assert!(covers(&group("sg-1"), &group("sg-1")) && !covers(&group("sg-1"), &group("sg-2")));
        assert!(!covers(&group("sg-1"), &range("10.20.0.0/16")));
    }
}
