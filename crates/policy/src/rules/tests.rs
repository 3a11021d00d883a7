//! Every rule is kept by a sound stack and broken by each of its cases.

use super::RULES;
use crate::facts::*;
use crate::judgement::{Report, Status, judge};
use crate::rule::{Level, Phase, Profile, Severity};
use std::collections::{BTreeMap, BTreeSet};

fn at(text: &str) -> auroractl_core::Address {
    text.parse().unwrap()
}

fn set(items: &[&str]) -> BTreeSet<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

fn cluster() -> Cluster {
    let engine = Engine {
        version: "16.11".to_owned(),
        major: 16,
        creatable: true.into(),
        lts: false,
        support_ends: "2029-02-28".parse::<jiff::civil::Date>().unwrap().into(),
    };
    Cluster {
        address: at("db_cluster.main"),
        identifier: "orders".to_owned(),
        engine,
        master_username: "dbowner".to_owned(),
        password: Password::Managed,
        secret_key: Key::Customer.into(),
        secret_status: "active".to_owned().into(),
        iam_authentication: true,
        port: 5433,
        subnet_group: "db_subnet_group.main".to_owned(),
        security_groups: set(&["security_group.db"]),
        parameter_group: "db_cluster_parameter_group.main".to_owned(),
        encrypted: true,
        key: Key::Customer.into(),
        serverless: None,
        backup_retention: 30,
        backup_window: Some(Window { start: 180, minutes: 60 }),
        maintenance_window: Some(Window { start: 6 * 1440 + 270, minutes: 60 }),
        restorable_lag: 5.into(),
        copy_tags: true,
        deletion_protection: true,
        final_snapshot: true,
        log_exports: set(&["postgresql", "iam-db-auth-error"]),
        insights_advanced: false,
        performance_insights: true,
        insights_retention: Some(7),
        insights_key: Key::Customer.into(),
        auto_minor_upgrade: true,
        http_endpoint: false.into(),
        internet_gateway: false.into(),
        multi_az: true.into(),
        activity_stream: false.into(),
        global: false.into(),
        roles: vec![].into(),
    }
}

fn instance(name: &str, zone: &str, writer: bool) -> Instance {
    Instance {
        address: at(&format!("db_instance.{name}")),
        cluster: "db_cluster.main".to_owned(),
        class: "db.r7g.large".to_owned(),
        memory: Some(16.0),
        max_connections: Some(1722.0),
        zone: Some(zone.to_owned()),
        tier: u8::from(!writer),
        writer,
        parameter_group: "db_parameter_group.main".to_owned(),
        monitoring_interval: 60,
        monitoring_role: true,
        public: false,
        auto_minor_upgrade: true,
        ca: Some("rds-ca-rsa2048-g1".to_owned()),
        certificate_until: "2027-11-01".parse::<jiff::civil::Date>().unwrap().into(),
        maintenance_window: Some(Window { start: 6 * 1440 + 270, minutes: 60 }),
        parameters_in_sync: None.into(),
    }
}

fn groups() -> Vec<ParameterGroup> {
    let values = [
        ("rds.force_ssl", "1"),
        ("log_statement", "ddl"),
        ("log_min_duration_statement", "1000"),
        ("shared_preload_libraries", "pg_stat_statements,pgaudit"),
        ("pgaudit.log", "ddl,role"),
    ];
    let group = |address: &str, of_cluster: bool, values: &[(&str, &str)]| ParameterGroup {
        address: at(address),
        name: address.to_owned(),
        of_cluster,
        family: "aurora-postgresql16".to_owned(),
        values: values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    vec![
        group("db_cluster_parameter_group.main", true, &values),
        group("db_parameter_group.main", false, &[("log_lock_waits", "1")]),
    ]
}

fn network(facts: &mut Facts) {
    facts.vpcs =
        vec![Vpc { address: at("vpc.main"), flow_log: Some(FlowLog::of("ALL")).into(), default_group_rules: 0.into() }];
    for zone in ["a", "b", "c"] {
        let name = format!("subnet.private-{zone}");
        facts.subnets.push(Subnet {
            address: at(&name),
            name,
            zone: format!("us-east-1{zone}").into(),
            map_public_ip: false.into(),
            internet_route: None.into(),
            nat_route: false.into(),
        });
    }
    let subnets: BTreeSet<String> = facts.subnets.iter().map(|subnet| subnet.name.clone()).collect();
    facts.subnet_groups = vec![SubnetGroup {
        address: at("db_subnet_group.main"),
        name: "db_subnet_group.main".to_owned(),
        subnets: subnets.clone(),
    }];
    facts.security_groups = vec![SecurityGroup {
        address: at("security_group.db"),
        name: "security_group.db".to_owned(),
        description: "the database".to_owned().into(),
        rules_known: ().into(),
        used: true,
        all_egress: false.into(),
    }];
    facts.security_group_rules = vec![SecurityGroupRule {
        address: at("security_group_rule.db-from-office"),
        name: "security_group_rule.db-from-office".to_owned(),
        group: "security_group.db".to_owned(),
        ingress: true,
        protocol: "tcp".to_owned(),
        ports: (5433, 5433),
        peer: Peer::Block("10.20.0.0/16".parse().unwrap()),
        description: Some("the office".to_owned()),
        ours: true,
    }];
    facts.endpoints = vec![VpcEndpoint { address: at("vpc_endpoint.logs"), interface: true, subnets, policy: true }];
}

fn monitoring(facts: &mut Facts) {
    facts.log_groups = ["postgresql", "iam-db-auth-error"]
        .map(|log| LogGroup {
            address: at(&format!("log_group.{log}")),
            name: format!("/aws/rds/cluster/orders/{log}"),
            retention: Some(365),
            key: Key::Customer.into(),
        })
        .into();
    let metrics = [
        "CPUUtilization",
        "FreeableMemory",
        "DatabaseConnections",
        "AuroraReplicaLag",
        "FreeLocalStorage",
        "ACUUtilization",
        "MaximumUsedTransactionIDs",
    ];
    facts.alarms = metrics
        .map(|metric| Alarm {
            address: at(&format!("metric_alarm.{}", metric.to_ascii_lowercase())),
            metric: metric.to_owned(),
            dimensions: BTreeMap::from([("DBClusterIdentifier".to_owned(), "orders".to_owned())]),
            threshold: 80.0,
            actions: vec!["sns_topic.alarms".to_owned()],
        })
        .into();
    facts.topics = vec![Topic {
        address: at("sns_topic.alarms"),
        name: "sns_topic.alarms".to_owned(),
        key: Key::Customer.into(),
        policy: None.into(),
    }];
    facts.subscriptions = vec![Subscription {
        address: at("sns_subscription.dba"),
        topic: "sns_topic.alarms".to_owned(),
        protocol: "email".to_owned(),
        confirmed: true.into(),
    }];
}

/// A stack in production in which every rule is kept.
pub(crate) fn sound() -> Facts {
    let mut facts = Facts::new(Stack {
        name: "orders".to_owned(),
        profile: Profile::Prod,
        region: "us-east-1".to_owned(),
        ephemeral: false,
        leaving: BTreeSet::new(),
        phase: Phase::Plan,
        today: "2026-11-25".parse().unwrap(),
    });
    facts.intent = Intent {
        backup_copy_region: Some("us-west-2".to_owned()),
        backup_plan: true,
        restore_tested: Some("2026-11-10".parse().unwrap()),
        required_tags: vec!["Owner".to_owned()],
        ..Intent::default()
    };
    facts.clusters = vec![cluster()];
    facts.instances = vec![instance("a", "us-east-1a", true), instance("b", "us-east-1b", false)];
    facts.parameter_groups = groups();
    facts.readers = vec![ScalableReaders { address: at("scalable_target.readers"), min: 1, max: 6 }];
    network(&mut facts);
    facts.keys =
        vec![KmsKey { address: at("kms_key.main"), rotation: true, pending_window: 30, enabled: true, policy: None }];
    facts.roles = vec![Role {
        address: at("iam_role.monitoring"),
        trust: r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"monitoring.rds.amazonaws.com"},
            "Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}"#
            .to_owned(),
        policies: vec!["arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole".to_owned()],
        documents: Vec::new(),
    }];
    monitoring(&mut facts);
    let tags: BTreeMap<_, _> = [("Owner".to_owned(), "payments".to_owned())].into();
    facts.tags = ["db_cluster.main", "kms_key.main"].map(|address| (at(address), tags.clone())).into();
    facts
}

fn of<'r>(report: &'r Report, code: &str) -> Vec<&'r crate::Finding> {
    report.findings.iter().filter(|finding| finding.rule == code).collect()
}

#[test]
fn a_sound_stack_keeps_every_rule() {
    let report = judge(&sound(), &[]);
    assert_eq!(report.findings, []);
    assert!(report.passed.len() > 35, "{:?}", report.skipped);
}

/// Runs the rule alone, at its production severity or, where that is off, as a warning.
fn alone(rule: &crate::Rule, facts: &Facts) -> (Vec<crate::Finding>, bool) {
    crate::judgement::run(rule, Severity::Warn.max(rule.severity_in(Profile::Prod)), facts)
}

#[test]
fn every_rule_is_kept_and_broken_by_its_cases() {
    for rule in RULES {
        let mut facts = sound();
        (rule.cases.keeps)(&mut facts);
        assert!(rule.runs_in(facts.stack.phase), "{}: its own case is of the wrong phase", rule.code);
        let (findings, skipped) = alone(rule, &facts);
        assert!(findings.is_empty() && !skipped, "{} is not kept: {findings:?}", rule.code);
        assert!(!rule.cases.breaks.is_empty(), "{} has nothing that breaks it", rule.code);
        for (index, break_it) in rule.cases.breaks.iter().enumerate() {
            let mut facts = sound();
            break_it(&mut facts);
            let (findings, _) = alone(rule, &facts);
            assert!(!findings.is_empty(), "case {index} of {} breaks nothing", rule.code);
            let told = |finding: &crate::Finding| !finding.observed.is_empty() && !finding.expected.is_empty();
            assert!(findings.iter().all(told), "{}: {findings:?}", rule.code);
        }
    }
}

#[test]
fn codes_are_unique_and_texts_are_whole() {
    let codes: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    let seed: Vec<String> = [(1, 10), (101, 110), (201, 208)]
        .into_iter()
        .flat_map(|(a, b)| a..=b)
        .map(|n| format!("RULE-{n:03}"))
        .collect();
    assert_eq!(RULES.iter().take(28).map(|rule| rule.code).collect::<Vec<_>>(), seed);
    for rule in RULES {
        assert!(rule.source.starts_with("https://docs.aws.amazon.com/"), "{}", rule.code);
        for text in [rule.why, rule.remedy] {
            assert!(text.ends_with('.') && !text.contains("  "), "{}: {text}", rule.code);
        }
        let [prod, staging, dev] = rule.severity;
        assert!(prod >= staging && staging >= dev, "{} is laxer in production", rule.code);
        assert_eq!(rule.level == Level::Must, prod == Severity::Block, "{}", rule.code);
    }
}

#[test]
fn what_is_unknown_never_passes_a_must_rule_at_apply() {
    let mut facts = sound();
    facts.clusters[0].key = Fact::unknown("the key is not the stack's own");
    let report = judge(&facts, &[]);
    assert_eq!(of(&report, "RULE-002")[0].status, Status::Unknown);
    assert_eq!((report.blocking(false).count(), report.blocking(true).count()), (0, 1));
}

#[test]
fn profiles_differ() {
    let mut facts = sound();
    facts.instances.truncate(1);
    facts.clusters[0].copy_tags = false;
    let severities = |profile| {
        let mut facts = facts.clone();
        facts.stack.profile = profile;
        let report = judge(&facts, &[]);
        ["RULE-001", "EXT-001"].map(|code| of(&report, code)[0].severity)
    };
    assert_eq!(severities(Profile::Critical), [Severity::Block, Severity::Block]);
    assert_eq!(severities(Profile::Prod), [Severity::Block, Severity::Warn]);
    assert_eq!(severities(Profile::Dev), [Severity::Warn, Severity::Info]);
}

#[test]
fn what_the_scanners_let_through_is_caught() {
    let mut facts = sound();
    facts.instances.truncate(1);
    facts.security_group_rules[0].peer = Peer::Block("0.0.0.0/0".parse().unwrap());
    facts.parameter_groups[0].values.insert("rds.force_ssl".to_owned(), "0".to_owned());
    facts.clusters[0].password = Password::Own;
    facts.clusters[0].backup_retention = 1;
    facts.clusters[0].engine.support_ends = "2026-02-28".parse::<jiff::civil::Date>().unwrap().into();
    facts.subnets[0].internet_route = Some("0.0.0.0/0".to_owned()).into();
    facts.clusters[0].final_snapshot = false;
    let report = judge(&facts, &[]);
    let blocking: BTreeSet<&str> = report.blocking(false).map(|finding| finding.rule.as_str()).collect();
    for code in ["RULE-001", "RULE-003", "RULE-004", "RULE-005", "RULE-006", "EXT-014", "EXT-031"] {
        assert!(blocking.contains(code), "{code} is not among {blocking:?}");
    }
}

#[test]
fn without_a_cluster_nothing_is_said_about_its_surroundings() {
    let mut facts = sound();
    facts.stack.phase = Phase::Live;
    facts.clusters.clear();
    let report = judge(&facts, &[]);
    let skipped: BTreeSet<&str> = report.skipped.iter().map(|skipped| skipped.rule).collect();
    for code in ["RULE-108", "RULE-202", "RULE-203", "RULE-207", "EXT-018", "EXT-028", "EXT-034", "EXT-037"] {
        assert!(skipped.contains(code), "{code} is not among {skipped:?}");
    }
}

#[test]
fn protection_may_be_lifted_from_what_is_to_be_deleted() {
    let mut facts = sound();
    facts.clusters[0].deletion_protection = false;
    assert_eq!(judge(&facts, &[]).blocking(true).count(), 1);
    facts.stack.leaving.insert(at("db_cluster.main"));
    let report = judge(&facts, &[]);
    assert_eq!((report.blocking(true).count(), of(&report, "RULE-009")[0].severity), (0, Severity::Info));
}

#[test]
fn blocks_of_the_public_internet_are_told_from_private_ones() {
    for (text, open) in [
        ("0.0.0.0/0", true),
        ("0.0.0.0/1", true),
        ("52.94.0.0/16", true),
        ("52.94.76.0/24", false),
        ("10.0.0.0/8", false),
        ("172.16.0.0/12", false),
        ("172.0.0.0/8", true),
        ("192.168.0.0/16", false),
        ("::/0", true),
        ("2600:1f00::/24", true),
        ("fd00::/8", false),
    ] {
        assert_eq!(Peer::Block(text.parse().unwrap()).is_wide_open(), open, "{text}");
    }
}
