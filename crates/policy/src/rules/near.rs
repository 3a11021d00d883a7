//! Near misses of the rules where a wrong pass would hurt most: what is almost right and has to be told, and what looks
//! wrong and is not.

use super::find;
use super::tests::sound;
use crate::facts::*;
use crate::judgement::run;
use crate::rule::{Phase, Severity};

type Edit = fn(&mut Facts);

/// What is almost right.
const TOLD: &[(&str, &str, Edit)] = &[
    ("RULE-001", "a second instance of another cluster", |f| f.instances[1].cluster = "db_cluster.other".to_owned()),
    ("RULE-001", "zones that differ in the plan and one zone at AWS", |f| {
        f.stack.phase = Phase::Live;
        f.clusters[0].multi_az = false.into();
    }),
    ("RULE-001", "a reader that is never first in line", |f| f.instances[1].tier = 2),
    ("RULE-002", "storage with a key and a secret without", |f| f.clusters[0].secret_key = Key::Aws.into()),
    ("RULE-002", "a key that somebody gives, and nobody has looked at", |f| {
        f.clusters[0].key = Fact::unknown("only AWS can tell")
    }),
    ("RULE-003", "TLS forced in the group of the instances", |f| {
        f.parameter_groups[0].values.remove("rds.force_ssl");
        f.parameter_groups[1].values.insert("rds.force_ssl".to_owned(), "1".to_owned());
    }),
    ("RULE-003", "a version of TLS by a word of other case", |f| {
        f.parameter_groups[0].values.insert("ssl_min_protocol_version".to_owned(), "tlsV1".to_owned());
    }),
    ("RULE-003", "another group on the running cluster", |f| {
        f.stack.phase = Phase::Live;
        f.clusters[0].parameter_group = "somebodys-group".to_owned();
    }),
    ("RULE-004", "half of the internet", |f| f.security_group_rules[0].peer = block("128.0.0.0/1")),
    ("RULE-004", "a private block and its public neighbour", |f| f.security_group_rules[0].peer = block("10.0.0.0/7")),
    ("RULE-004", "the port within a range", |f| {
        f.security_group_rules[0].peer = block("0.0.0.0/0");
        f.security_group_rules[0].ports = (5000, 6000);
    }),
    ("RULE-004", "all protocols, which have no ports", |f| {
        f.security_group_rules[0].peer = block("::/0");
        f.security_group_rules[0].protocol = "-1".to_owned();
        f.security_group_rules[0].ports = (-1, -1);
    }),
    ("RULE-004", "a door that somebody else opened", |f| {
        f.stack.phase = Phase::Live;
        let theirs = SecurityGroupRule { ours: false, peer: block("0.0.0.0/0"), ..f.security_group_rules[0].clone() };
        f.security_group_rules.push(theirs);
    }),
    ("RULE-004", "a group on the cluster whose rules nobody has seen", |f| {
        f.stack.phase = Phase::Live;
        f.security_groups[0].rules_known = Fact::unknown("AWS was asked in vain");
    }),
    ("RULE-004", "one public subnet among three", |f| {
        f.subnets[2].internet_route = Some("::/0".to_owned()).into();
    }),
    ("RULE-005", "a managed secret that is broken", |f| {
        f.stack.phase = Phase::Live;
        f.clusters[0].secret_status = "impaired".to_owned().into();
    }),
    ("RULE-005", "a managed secret that nobody has seen", |f| {
        f.stack.phase = Phase::Live;
        f.clusters[0].secret_status = Fact::unknown("AWS was asked in vain");
    }),
    ("RULE-006", "windows that meet around midnight", |f| {
        f.clusters[0].maintenance_window = Some(Window { start: 6 * 1440 + 1425, minutes: 30 });
        f.clusters[0].backup_window = Some(Window { start: 0, minutes: 30 });
    }),
    ("RULE-006", "backups that stopped", |f| {
        f.stack.phase = Phase::Live;
        f.clusters[0].restorable_lag = 16.into();
    }),
    ("RULE-009", "permission to delete something else", |f| {
        f.clusters[0].deletion_protection = false;
        f.stack.leaving.insert("db_instance.a".parse().unwrap());
    }),
    ("RULE-106", "an alarm on another cluster", |f| {
        f.alarms[0].dimensions.insert("DBClusterIdentifier".to_owned(), "other".to_owned());
    }),
    ("RULE-106", "an alarm that can't ring", |f| f.alarms[0].threshold = 100.0),
    ("EXT-005", "a key for everybody of any account", |f| {
        f.keys[0].policy = Some(
            r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Decrypt",
                "Condition":{"StringLike":{"kms:CallerAccount":"*"}}}}"#
                .to_owned(),
        );
    }),
    ("EXT-006", "a topic for everybody but one account", |f| {
        f.topics[0].policy = Some(
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sns:Publish",
                "Condition":{"StringNotEquals":{"aws:SourceAccount":"123456789012"}}}}"#
                .to_owned(),
        )
        .into();
    }),
    ("EXT-009", "everywhere in two halves", |f| {
        f.security_group_rules[0].ingress = false;
        f.security_group_rules[0].peer = block("0.0.0.0/1");
    }),
    ("EXT-010", "one rule that came back", |f| {
        f.stack.phase = Phase::Live;
        f.vpcs[0].default_group_rules = 1.into();
    }),
    ("EXT-014", "the last day of support is today's yesterday", |f| {
        f.clusters[0].engine.support_ends = f.stack.today.yesterday().unwrap().into();
    }),
    ("EXT-017", "a plan for another cluster", |f| {
        f.intent.backup_plan = false;
        f.backup_plans = vec![backup(&["db_cluster.other"])];
    }),
    ("EXT-018", "a snapshot of which it can't be told who may restore it", |f| {
        f.stack.phase = Phase::Live;
        let (cluster, public) = (f.clusters[0].address.clone(), Fact::unknown("AWS was asked in vain"));
        let snapshot = Snapshot { identifier: "s".to_owned(), cluster, encrypted: true, public };
        f.surroundings.snapshots = vec![snapshot].into();
    }),
    ("EXT-021", "a service of any account, by a condition that is none", |f| {
        f.roles[0].trust = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"backup.amazonaws.com"},
            "Action":"sts:AssumeRole","Condition":{"StringEqualsIfExists":{"aws:SourceAccount":"123456789012"}}}}"#
            .to_owned();
    }),
    ("EXT-021", "everything but a little", |f| {
        f.roles[0].documents =
            vec![r#"{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"x"}}"#.to_owned()];
    }),
    ("EXT-033", "a password in the second address", |f| {
        let hosts = "postgres://host/db,postgres://me:secret@host/db".to_owned();
        f.parameter_groups[0].values.insert("application_name".to_owned(), hosts);
    }),
];

/// What looks wrong and is not.
const KEPT: &[(&str, &str, Edit)] = &[
    ("RULE-001", "a zone that RDS has yet to choose", |f| f.instances[1].zone = None),
    ("RULE-003", "a truth value in words", |f| {
        f.parameter_groups[0].values.insert("rds.force_ssl".to_owned(), "ON".to_owned());
    }),
    ("RULE-004", "everybody, to another port", |f| {
        f.security_group_rules[0].peer = block("0.0.0.0/0");
        f.security_group_rules[0].ports = (443, 443);
    }),
    ("RULE-004", "everybody, in a group that the cluster does not carry", |f| {
        f.security_group_rules[0].peer = block("0.0.0.0/0");
        f.security_group_rules[0].group = "security_group.app".to_owned();
    }),
    ("RULE-004", "a public subnet that is not the database's", |f| {
        let gateways = Subnet {
            name: "subnet.public-a".to_owned(),
            internet_route: Some("0.0.0.0/0".to_owned()).into(),
            ..f.subnets[0].clone()
        };
        f.subnets.push(gateways);
    }),
    ("RULE-005", "a secret that is just being rotated", |f| {
        f.stack.phase = Phase::Live;
        f.clusters[0].secret_status = "rotating".to_owned().into();
    }),
    ("RULE-006", "windows that touch", |f| {
        f.clusters[0].maintenance_window = Some(Window { start: 6 * 1440 + 240, minutes: 60 });
    }),
    ("EXT-014", "an unknown end of support that is paid for", |f| {
        f.clusters[0].engine.support_ends = Fact::unknown("the version is newer than this auroractl");
        f.intent.extended_support = true;
    }),
    ("EXT-021", "a source that is bound by its ARN", |f| {
        f.roles[0].trust = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"vpc-flow-logs.amazonaws.com"},
            "Action":"sts:AssumeRole","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:ec2:*:123456789012:*"}}}}"#
            .to_owned();
    }),
];

fn block(text: &str) -> Peer {
    Peer::Block(text.parse().unwrap())
}

fn backup(clusters: &[&str]) -> BackupPlan {
    BackupPlan {
        address: "backup_plan.main".parse().unwrap(),
        clusters: clusters.iter().map(|name| (*name).to_owned()).collect(),
        copies: std::collections::BTreeSet::new(),
        vault_keys: Vec::new(),
    }
}

/// What a rule says, at the severity that it has in production.
fn said((code, _, edit): &(&str, &str, Edit)) -> Vec<crate::Finding> {
    let rule = find(code).unwrap();
    let mut facts = sound();
    edit(&mut facts);
    let severity = Severity::Warn.max(rule.severity_in(facts.stack.profile));
    assert!(rule.runs_in(facts.stack.phase), "{code}: the case is of the wrong phase");
    run(rule, severity, &facts).0
}

#[test]
fn what_is_almost_right_is_told() {
    for case in TOLD {
        assert!(!said(case).is_empty(), "{} lets {} pass", case.0, case.1);
    }
}

#[test]
fn what_looks_wrong_and_is_not_passes() {
    for case in KEPT {
        assert_eq!(said(case), [], "{}: {}", case.0, case.1);
    }
}

#[test]
fn the_rules_that_matter_most_have_near_misses() {
    let codes: std::collections::BTreeSet<&str> = TOLD.iter().map(|(code, ..)| *code).collect();
    assert!(codes.len() >= 15, "{codes:?}");
}
