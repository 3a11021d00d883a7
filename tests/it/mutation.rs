//! Other values of a field: by the type of its value, and by hand where a field has a form of its own.

use auroractl_core::PureKind;
use serde_json::{Value, json};

/// Values of fields whose form would not survive a mutation by type, or whose edits differ in more than their type.
fn by_hand(kind: &str, field: &str) -> Vec<Value> {
    let texts = |list: &[&str]| list.iter().map(|text| Value::from(*text)).collect();
    let policy = "{\"Statement\":[],\"Version\":\"2012-10-17\"}";
    match (kind, field) {
        ("backup_plan", "rules") => vec![json!({})],
        ("db_cluster", "engine_version") => texts(&["15.15", "16.8", "16.13", "17.7", "18.3"]),
        ("db_cluster", "storage_type") => texts(&["aurora", "aurora-iopt1"]),
        ("db_cluster", "database_insights_mode") => texts(&["standard", "advanced"]),
        ("db_cluster", "serverless_v2_scaling_configuration") => {
            vec![json!({"min_capacity": 0.5, "max_capacity": 8.0, "seconds_until_auto_pause": null}), Value::Null]
        }
        ("db_instance", "monitoring_interval") => [0, 15, 60].map(Value::from).to_vec(),
        ("db_cluster" | "db_instance", "deferred") | ("scalable_target", "suspended") => vec![true.into()],
        ("vpc_endpoint", "route_table_ids" | "security_group_ids" | "subnet_ids") => vec![json!(["other"])],
        ("db_instance", "parameters_in_sync") => vec![true.into(), false.into()],
        ("flow_log", "traffic_type") => texts(&["ACCEPT", "REJECT", "ALL"]),
        ("kms_key", "policy") => vec!["standard".into(), json!({ "document": policy })],
        ("sns_topic", "policy") => vec!["alarms".into(), json!({ "document": policy })],
        ("iam_role", "assume_role_policy_document") | ("vpc_endpoint" | "iam_role_policy", "policy_document") => {
            texts(&[policy])
        }
        ("metric_alarm", "statistic") => texts(&["Average", "Maximum"]),
        ("metric_alarm", "comparison_operator") => texts(&["GreaterThanThreshold", "LessThanThreshold"]),
        ("metric_alarm", "treat_missing_data") => texts(&["missing", "breaching"]),
        ("scaling_policy", "predefined_metric_type") => {
            texts(&["RDSReaderAverageCPUUtilization", "RDSReaderAverageDatabaseConnections"])
        }
        ("security_group_rule", "direction") => texts(&["ingress", "egress"]),
        ("security_group_rule", "traffic") => vec![json!({"from_port": 5433, "ip_protocol": "tcp", "to_port": 5433})],
        ("security_group_rule", "peer") => {
            vec![json!({"cidr_ipv4": "10.99.0.0/16"}), json!({"security_group": "sg-other"})]
        }
        ("route", "target") => vec![json!({"nat_gateway": "nat-other"}), json!({"internet_gateway": "igw-other"})],
        ("vpc_endpoint", "vpc_endpoint_type") => texts(&["Gateway", "Interface"]),
        ("vpc" | "subnet", "cidr_block") => texts(&["10.9.0.0/20"]),
        ("route", "destination_cidr_block") => texts(&["10.8.0.0/16"]),
        ("db_cluster_parameter_group", "parameters") => {
            vec![json!({"work_mem": "64"}), json!({"shared_preload_libraries": "pg_stat_statements"})]
        }
        ("db_parameter_group", "parameters") => vec![json!({"log_lock_waits": "0"}), json!({"max_connections": "500"})],
        _ => Vec::new(),
    }
}

/// Other values of a field; none of them is the one that it has.
pub(crate) fn others(kind: &str, field: &str, value: &Value) -> Vec<Value> {
    let mut all = by_hand(kind, field);
    if all.is_empty() {
        all = by_type(value);
    }
    all.retain(|other| other != value);
    all
}

fn by_type(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec!["other".into()],
        Value::Bool(on) => vec![(!on).into()],
        Value::Number(number) if number.is_f64() => vec![(number.as_f64().unwrap() + 1.0).into()],
        Value::Number(number) => {
            let whole = number.as_u64().unwrap();
            [whole.saturating_sub(1), whole + 1].map(Value::from).to_vec()
        }
        Value::String(text) => vec![format!("{text}x").into()],
        Value::Array(items) => {
            let more = items.iter().cloned().chain(["other".into()]).collect();
            let fewer: Vec<Value> = items.iter().skip(1).cloned().collect();
            vec![more, fewer.into()]
        }
        Value::Object(map) if map.contains_key("$ref") => vec!["other".into()],
        Value::Object(map) => {
            let mut more = map.clone();
            more.insert("Extra".to_owned(), "other".into());
            vec![more.into()]
        }
    }
}

/// The spec with another value of a field, as the kind itself would write it.
pub(crate) fn edited(kind: &dyn PureKind, spec: &Value, field: &str, value: Value) -> Value {
    let mut spec = spec.clone();
    spec[field] = value;
    let name = kind.name();
    kind.canonical(&spec).unwrap_or_else(|why| panic!("{name}.{field}: {why}: a value by hand is missing"))
}
