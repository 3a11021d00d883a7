//! Every field of every kind is graded: what an edit costs, when it counts, whether it can be taken back, and where AWS
//! says so. The walk edits each field of each resource of the production stack alone; `docs/impact.md` is what it found.

use crate::mutation::{edited, others};
use crate::source;
use auroractl_core::kind::Sides;
use auroractl_core::reference::resolve;
use auroractl_core::{Address, Context, Desired, FieldChange, Impact, Level, Live, Observed, Owner, When};
use auroractl_stack::registry;
use auroractl_testkit::emulator::workspace;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Fields that CloudFormation does not have, and why; `true`: an edit of it shows.
const OURS: [(&str, &str, bool, &str); 23] = [
    ("backup_plan", "rules", true, "CloudFormation has all of a plan in one property"),
    ("backup_plan", "tags", true, "the same"),
    ("backup_selection", "db_cluster_identifier", true, "CloudFormation has all of a selection in one property"),
    ("backup_selection", "iam_role_arn", true, "the same"),
    ("backup_vault", "tags", true, "CloudFormation calls them BackupVaultTags"),
    ("db_cluster", "deferred", false, "says when edits are applied"),
    ("db_cluster", "skip_final_snapshot", true, "an argument of DeleteDBCluster"),
    ("db_instance", "deferred", false, "says when edits are applied"),
    ("db_instance", "parameters_in_sync", false, "what RDS says, not what it is told: shows where it is false"),
    ("db_subnet_group", "vpc_id", true, "told by the subnets"),
    ("default_security_group", "rules", true, "CloudFormation does not know the kind"),
    ("default_security_group", "tags", true, "the same"),
    ("default_security_group", "vpc_id", true, "the same"),
    ("iam_role_policy", "policy_document", true, "CloudFormation has it as a list of the role"),
    ("iam_role_policy", "policy_name", true, "the same"),
    ("iam_role_policy", "role_name", true, "the same"),
    ("iam_role_policy_attachment", "policy_arn", true, "the same"),
    ("iam_role_policy_attachment", "role_name", true, "the same"),
    ("scalable_target", "tags", true, "CloudFormation does not know them"),
    ("security_group", "vpc_has_ipv6", false, "says how the rule for all egress is written"),
    ("security_group_rule", "direction", true, "a resource type of its own there"),
    ("security_group_rule", "tags", true, "CloudFormation does not know them"),
    ("sns_topic", "policy", true, "a resource type of its own there"),
];

/// Where a grade is not CloudFormation's, and the page that says why. At most 25: more would be a table of our own.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    // A major version is an operation of its own, and a version never goes back.
    (
        "db_cluster",
        "engine_version",
        "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html",
    ),
    // "If you've turned on … manage the master user password, you can't change the KMS key": ModifyDBCluster.
    (
        "db_cluster",
        "master_user_secret_kms_key_id",
        "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html",
    ),
    // "You can't change your Performance Insights KMS key", says the call.
    (
        "db_cluster",
        "performance_insights_kms_key_id",
        "https://github.com/hashicorp/terraform-provider-aws/issues/42981",
    ),
    // One gateway is detached and the other attached: EC2 has no call that exchanges them.
    (
        "internet_gateway_attachment",
        "internet_gateway_id",
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachInternetGateway.html",
    ),
    // EC2 exchanges the table in one call, and gives the association another id.
    (
        "route_table_association",
        "route_table_id",
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRouteTableAssociation.html",
    ),
    // Rules have ids, and EC2 edits them in place.
    (
        "security_group_rule",
        "peer",
        "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySecurityGroupRules.html",
    ),
];

/// The field whose grade goes by the class of the members.
const RANGE: &str = "serverless_v2_scaling_configuration";
/// The field whose grade goes by what RDS says of the version that runs.
const CERTIFICATE: &str = "ca_certificate_identifier";

/// A field of a kind.
pub(crate) type Field = (String, String);

/// An edit, and what it was graded as.
struct Graded {
    /// What the resource is among its siblings, where that counts.
    role: &'static str,
    edit: String,
    impact: Impact,
}

/// The production stack, each promise kept.
fn production() -> (Desired, BTreeMap<Address, Observed>) {
    let loaded = auroractl_stack::load(&workspace().join("stacks/prod.toml"), &auroractl_stack::Known).unwrap();
    let mut desired = auroractl_stack::compose(&loaded).unwrap().desired;
    let mut observed = BTreeMap::new();
    for (at, node) in &mut desired.nodes {
        let kept = resolve(&node.spec, &|promise| Some(format!("{}/{}", promise.of, promise.output).into()));
        node.spec = registry().get(at.kind()).unwrap().canonical(&kept).unwrap();
        let name = node.spec.get("db_instance_identifier").cloned().unwrap_or_default();
        let outputs = json!({"db_instance_identifier": name, "db_instance_arn": "", "dbi_resource_id": "", "endpoint": null,
            "availability_zone": null, "is_writer": at.name() == "a", "subnet_id": format!("{at}/subnet_id"),
            "vpc_endpoint_id": "", "db_subnet_group_name": "", "db_subnet_group_arn": ""});
        let live = Live::ready(node.spec.clone(), outputs, Owner::Inherited);
        observed.insert(at.clone(), Observed::Live(Box::new(live)));
    }
    (desired, observed)
}

/// What differs when one field of a resource is edited.
fn changes(at: &Address, (spec, new): (&Value, &Value), observed: &BTreeMap<Address, Observed>) -> Vec<FieldChange> {
    let sides = Sides { applied: Some(spec), observed: spec, desired: new };
    registry().get(at.kind()).unwrap().diff(sides, Context { address: at, observed }).unwrap()
}

/// Edits every field of every resource alone.
fn walk() -> BTreeMap<Field, Vec<Graded>> {
    let (desired, all) = production();
    let alone = |at: &Address| {
        let others = |other: &&Address| other.kind() != at.kind() || *other == at;
        all.iter().filter(|(other, _)| others(other)).map(|(at, seen)| (at.clone(), seen.clone())).collect()
    };
    let mut found: BTreeMap<Field, Vec<Graded>> = BTreeMap::new();
    for (at, node) in &desired.nodes {
        let writer = at.kind() == "db_instance" && at.name() == "a";
        let mut scenes: Vec<(&'static str, BTreeMap<Address, Observed>)> = match at.kind() {
            "db_instance" => vec![(if writer { "writer" } else { "reader" }, all.clone())],
            _ => vec![("", all.clone())],
        };
        if writer {
            scenes.push(("only member", alone(at)));
        }
        for (role, observed) in &scenes {
            walk_one(at, &node.spec, (role, observed), &mut found);
        }
        if writer {
            let (role, observed) =
                ("any member, where RDS says that its version loads it as it runs", loading(at, &all));
            walk_field(at, &node.spec, (role, &observed), (CERTIFICATE, &node.spec[CERTIFICATE]), &mut found);
        }
        if at.kind() == "db_cluster" {
            let (spec, observed) = serverless(&node.spec, &all);
            let range = (RANGE, &spec[RANGE]);
            walk_field(at, &spec, ("serverless members", &observed), range, &mut found);
        }
    }
    found
}

/// A member whose version loads certificates without a restart.
fn loading(at: &Address, all: &BTreeMap<Address, Observed>) -> BTreeMap<Address, Observed> {
    let mut all = all.clone();
    if let Some(Observed::Live(live)) = all.get_mut(at) {
        live.seamless.insert(CERTIFICATE.to_owned());
    }
    all
}

/// A cluster with a capacity range, and members that go by it.
fn serverless(spec: &Value, all: &BTreeMap<Address, Observed>) -> (Value, BTreeMap<Address, Observed>) {
    let (mut spec, mut all) = (spec.clone(), all.clone());
    spec[RANGE] = json!({"min_capacity": 0.5, "max_capacity": 4.0, "seconds_until_auto_pause": null});
    for (at, seen) in &mut all {
        if let Observed::Live(live) = seen
            && at.kind() == "db_instance"
        {
            live.spec["db_instance_class"] = "db.serverless".into();
        }
    }
    (spec, all)
}

fn walk_one(
    at: &Address,
    spec: &Value,
    (role, observed): (&'static str, &BTreeMap<Address, Observed>),
    found: &mut BTreeMap<Field, Vec<Graded>>,
) {
    // A field that is not written where it says nothing is edited from nothing.
    let unsaid = fields_in_source().into_iter().filter(|(of, name)| of == at.kind() && spec.get(name).is_none());
    let mut fields = spec.as_object().unwrap().clone();
    fields.extend(unsaid.map(|(_, name)| (name, Value::Null)));
    for (field, value) in &fields {
        walk_field(at, spec, (role, observed), (field, value), found);
    }
}

fn walk_field(
    at: &Address,
    spec: &Value,
    (role, observed): (&'static str, &BTreeMap<Address, Observed>),
    (field, value): (&str, &Value),
    found: &mut BTreeMap<Field, Vec<Graded>>,
) {
    let registry = registry();
    let kind = registry.get(at.kind()).unwrap();
    let graded = found.entry((at.kind().to_owned(), field.to_owned())).or_default();
    for new in others(at.kind(), field, value) {
        let wanted = edited(kind, spec, field, new);
        for change in changes(at, (spec, &wanted), observed) {
            let path = change.path.split('.').next().unwrap_or_default();
            assert_eq!(path, field, "{at}: an edit of {field} shows as one of {}", change.path);
            let edit = format!("{} -> {}", shown(&change.before), shown(&change.after));
            graded.push(Graded { role, edit, impact: change.impact });
        }
    }
}

/// A value that fits into a table.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// The fields that each kind's table grades, by the exhaustive pattern in its source.
pub(crate) fn fields_in_source() -> BTreeSet<Field> {
    let mut fields = BTreeSet::new();
    for source in source::of_crates(&["network", "security", "params", "cluster", "monitoring"]).unwrap() {
        let Some((_, after)) = source.text.split_once("const KIND: &'static str = \"") else { continue };
        let kind = after.split('"').next().unwrap_or_default();
        let pattern = after.split_once("fn diff(old: &Self").and_then(|(_, body)| body.split_once("let Self {"));
        let names = pattern.and_then(|(_, rest)| rest.split_once('}')).map(|(names, _)| names).unwrap();
        let names = names.split(',').filter_map(|name| name.split(':').next()).map(str::trim);
        fields.extend(names.filter(|name| !name.is_empty()).map(|name| (kind.to_owned(), name.to_owned())));
    }
    fields
}

/// What CloudFormation does, and what AWS says of outages, by field.
fn cloudformation() -> BTreeMap<Field, (String, String)> {
    let table = std::fs::read_to_string(workspace().join("tests/data/update-behaviour.tsv")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        ((cells[0].to_owned(), cells[1].to_owned()), (cells[4].to_owned(), cells[5].to_owned()))
    };
    table.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

#[test]
fn every_field_of_every_kind_is_graded_with_its_source() {
    let (walked, source) = (walk(), fields_in_source());
    let kinds: BTreeSet<&str> = walked.keys().map(|(kind, _)| kind.as_str()).collect();
    let known = registry();
    let missing: Vec<&str> = known.iter().map(|kind| kind.name()).filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "the production stack has none of {missing:?}");
    let seen: BTreeSet<Field> = walked.keys().cloned().collect();
    assert_eq!(source.difference(&seen).collect::<Vec<_>>(), Vec::<&Field>::new(), "fields that no resource here has");
    for ((kind, field), graded) in &walked {
        let silent = OURS.iter().any(|(of, name, shows, _)| (*of, *name) == (kind, field) && !shows);
        assert_eq!(graded.is_empty(), silent, "{kind}.{field}: no edit of it shows");
        for Graded { edit, impact, .. } in graded {
            assert!(impact.source.starts_with("https://"), "{kind}.{field}: {edit} has no source");
            assert_eq!(impact.level == Level::Impossible, !impact.way_out.is_empty(), "{kind}.{field}: {edit}");
            assert!(impact.level != Level::Replace || !impact.reversible, "{kind}.{field}: {edit}");
        }
    }
}

#[test]
fn grades_agree_with_cloudformation_and_the_table_of_outages() {
    let (walked, theirs) = (walk(), cloudformation());
    let named: BTreeSet<Field> =
        OURS.iter().map(|(kind, field, ..)| ((*kind).to_owned(), (*field).to_owned())).collect();
    let told: BTreeSet<Field> = theirs.keys().cloned().collect();
    assert!(told.is_disjoint(&named), "a field stands in both tables");
    assert_eq!(told.union(&named).cloned().collect::<BTreeSet<_>>(), walked.keys().cloned().collect());
    let mut differing: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (field @ (kind, name), (update, outage)) in &theirs {
        for Graded { role, edit, impact } in &walked[field] {
            let excepted = EXCEPTIONS.iter().find(|(of, at, _)| (*of, *at) == (kind, name));
            if let Some(why) = disagreement(impact, update, outage) {
                assert!(excepted.is_some(), "{kind}.{name} ({role}): {edit}: {why}");
                differing.extend(excepted.map(|(kind, name, _)| (*kind, *name)));
            }
        }
    }
    let listed: BTreeSet<(&str, &str)> = EXCEPTIONS.iter().map(|(kind, name, _)| (*kind, *name)).collect();
    assert_eq!(differing, listed, "an exception that is none");
    assert!(EXCEPTIONS.len() <= 25 && EXCEPTIONS.iter().all(|(_, _, page)| page.starts_with("https://")));
}

/// In what a grade differs from CloudFormation's word, or from AWS's on outages.
fn disagreement(impact: &Impact, update: &str, outage: &str) -> Option<String> {
    let anew = impact.level >= Level::Replace;
    let interrupts = impact.when == When::Now && impact.level > Level::Reconnect && !anew;
    match update {
        "replace" if !anew => return Some("CloudFormation makes it anew".to_owned()),
        "in-place" if anew => return Some("CloudFormation edits it in place".to_owned()),
        _ => {}
    }
    let calm = outage.starts_with("An outage doesn't occur");
    let felt = outage.starts_with("An outage occurs");
    (!anew && (calm && interrupts || felt && !interrupts)).then(|| format!("AWS: {outage}"))
}

/// The page, as the walk has it.
fn page() -> String {
    let mut text = String::from(
        "# What an edit costs\n\n\
        Every field of every kind, with what users of the database feel when it is edited, when the edit counts, whether the\n\
        opposite edit brings back what was, and where AWS says so. Fields are named as in the plan (`plan --json`, `changes[].fields`).\n\
        Where the grade depends on the edit or on the member's role there are several lines. This page is generated: a test edits\n\
        each field of the production stack alone and compares (`IMPACT_PAGE=write cargo test --workspace --test it impact` writes it).\n\n\
        Levels, in rising order: `none` nobody notices; `reconnect` some connections drop once; `reboot_one` one instance restarts;\n\
        `failover` a reader takes over from the writer; `reboot_all` every instance restarts; `write_outage` no writes for minutes;\n\
        `endpoint_change` clients need another endpoint; `replace` made anew, nothing of value is lost; `impossible` refused, with a\n\
        way out.\n",
    );
    let mut last = String::new();
    for ((kind, field), graded) in walk() {
        if kind != last {
            let _ = write!(
                text,
                "\n## {kind}\n\n| field | edit | level | counts | back | source |\n|---|---|---|---|---|---|\n"
            );
            last.clone_from(&kind);
        }
        let mut told: BTreeSet<String> = BTreeSet::new();
        for Graded { role, edit, impact } in graded {
            let name = |value: Value| value.as_str().unwrap_or_default().to_owned();
            let (level, when) = (name(json!(impact.level)), name(json!(impact.when)));
            let back = if impact.reversible { "yes" } else { "no" };
            let key = format!("{role} {level} {when} {back} {}", impact.source);
            if !told.insert(key) {
                continue;
            }
            let page = impact.source.rsplit('/').next().unwrap_or_default();
            let of = if role.is_empty() { String::new() } else { format!(" ({role})") };
            let example = if told.len() == 1 && role.is_empty() {
                String::new()
            } else {
                format!("`{}`{of}", edit.replace('|', "\\|"))
            };
            let _ =
                writeln!(text, "| `{field}` | {example} | `{level}` | {when} | {back} | [{page}]({}) |", impact.source);
        }
    }
    text
}

#[test]
fn the_page_is_current() {
    let (path, page) = (workspace().join("docs/impact.md"), page());
    if std::env::var("IMPACT_PAGE").is_ok_and(|wish| wish == "write") {
        std::fs::write(&path, &page).unwrap();
    }
    let stands = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stands == page, "docs/impact.md is not current: IMPACT_PAGE=write cargo test --workspace --test it impact");
}
