//! Random stack files: those of `stacks/` with edits that people make, alone or as overlays.

use auroractl_core::Address;
use auroractl_stack::{Files, Known, Loaded, load_from};
use auroractl_testkit::emulator::workspace;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use toml::{Table, Value};

/// Which edit, and which of its values.
pub(super) type Edit = (usize, usize);

/// Settings and values for them, as TOML; `-` takes the setting away. Some do not fit every stack: those edits are refused.
const VALUES: &[(&str, &[&str])] = &[
    ("stack.environment", &["'dev'", "'staging'", "'prod'"]),
    ("stack.ephemeral", &["true", "true", "false"]),
    ("stack.name", &["'other'"]),
    ("stack.tags.Owner", &["'others'", "'payments'"]),
    ("stack.tags.Extra", &["'1'", "-"]),
    ("stack", &["{ name = 'orders', environment = 'dev', region = 'us-east-1', ephemeral = true }"]),
    ("cluster.identifier", &["'renamed'", "-"]),
    ("cluster.engine_version", &["'16.13'", "'16.8'", "'17.7'", "'15.15'"]),
    ("cluster.database_name", &["'other'", "-"]),
    ("cluster.master_username", &["'other'", "-"]),
    ("cluster.port", &["5433", "5432"]),
    ("cluster.class", &["'db.r7g.xlarge'", "'db.r6gd.large'", "'db.r7g.large'"]),
    ("cluster.readers", &["0", "1", "3", "-"]),
    ("cluster.storage", &["'aurora-iopt1'", "'aurora'"]),
    ("cluster.deletion_protection", &["false", "false", "false", "true"]),
    ("cluster.log_exports", &["[]", "['postgresql']", "['postgresql', 'instance']", "['iam-db-auth-error']"]),
    ("cluster.insights", &["{ mode = 'advanced' }", "{ retention_days = 31 }", "-"]),
    ("cluster.enhanced_monitoring_interval", &["0", "15", "60"]),
    ("cluster.ca_certificate", &["'rds-ca-ecc384-g1'", "-"]),
    ("cluster.backup.retention_days", &["1", "7", "35"]),
    ("cluster.backup.window", &["'05:00-06:00'", "'03:00-04:00'"]),
    ("cluster.backup.copy_tags_to_snapshot", &["false", "true"]),
    ("cluster.backup.final_snapshot", &["false", "true", "true"]),
    ("cluster.maintenance.window", &["'mon:01:00-mon:02:00'", "'sun:04:30-sun:05:30'"]),
    ("cluster.maintenance.auto_minor_version_upgrade", &["false", "true"]),
    ("cluster.serverless", &["{ min_acu = 0.0, max_acu = 4.0, seconds_until_auto_pause = 600 }", "{ max_acu = 8.0 }"]),
    ("cluster.autoscaling", &["{ max_readers = 8 }", "{ max_readers = 15, target = 50.0 }", "-"]),
    ("security.kms", &["{ key_arn = 'arn:aws:kms:us-east-1:123456789012:key/given' }", "-"]),
    ("security.kms.alias", &["'alias/other'", "-"]),
    ("security.kms.rotation_days", &["180", "365"]),
    ("security.kms.deletion_window_days", &["7", "30"]),
    (
        "security.kms.policy",
        &[
            "'{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Account\",\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::123456789012:root\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}]}'",
            "-",
        ],
    ),
    ("security.iam_database_authentication", &["false", "true"]),
    ("backup", &["{ daily_at = '04:00', retention_days = 7 }", "{ vault = 'other' }", "-"]),
    ("backup.retention_days", &["10"]),
    ("backup.vault", &["'another'", "-"]),
    ("network.vpc.nat", &["'none'", "'single'", "'per_az'"]),
    ("network.vpc.cidr", &["'10.9.0.0/16'"]),
    ("network.vpc.flow_logs", &["{ traffic = 'reject', retention_days = 30 }", "{ retention_days = 90 }", "-"]),
    ("network.vpc.endpoints", &["[]", "['s3', 'kms']"]),
    ("network.access.app_security_group", &["false", "true"]),
    (
        "network",
        &[
            "{ existing = { vpc_id = 'vpc-0123456789abcdef0', subnet_ids = ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1', 'subnet-0123456789abcdef2'] } }",
            "{ vpc = { az_count = 3 } }",
        ],
    ),
    ("params.cluster.log_statement", &["'all'", "-"]),
    ("params.workload", &["'olap'", "'default'"]),
    ("monitoring.log_retention_days", &["30", "90", "365"]),
    ("changes.strategy", &["'window'", "'in_place'", "'roll'"]),
];

/// Edits of the file's structure.
const SHAPES: &[fn(&mut Table, usize)] = &[
    remove_member,
    add_member,
    rename_member,
    renew_members,
    move_zone,
    shift_members,
    spell_out,
    move_address,
    drop_section,
];
/// How often a shape is edited, in parts of as many as there are settings.
const OFTEN: usize = 4;

/// Where a stack begins: production, staging, development, the same with data that counts, a given network.
pub(super) fn bases() -> &'static [Table] {
    static ALL: OnceLock<Vec<Table>> = OnceLock::new();
    ALL.get_or_init(read_bases)
}

fn read_bases() -> Vec<Table> {
    let read = |name: &str| {
        let text = std::fs::read_to_string(workspace().join("stacks").join(name)).unwrap();
        text.parse::<Table>().unwrap()
    };
    let (prod, staging) = (read("prod.toml"), read("staging.toml"));
    let dev = read("dev.toml");
    let mut lasting = dev.clone();
    set(&mut lasting, "stack.ephemeral", "false");
    set(&mut lasting, "cluster.backup.final_snapshot", "true");
    vec![prod.clone(), laid_over(prod, staging), dev, lasting, read("existing-vpc.toml")]
}

/// The staging file without its base: what the merge of overlays makes of both, written out.
fn laid_over(base: Table, mut over: Table) -> Table {
    let _ = over.remove("extends");
    let unset = over.remove("unset").unwrap();
    let mut all = Value::Table(base);
    for path in unset.as_array().unwrap() {
        let path = path.as_str().unwrap();
        match path.strip_prefix("cluster.members.") {
            Some(name) => members(all.as_table_mut().unwrap()).retain(|member| member["name"].as_str() != Some(name)),
            None => set(all.as_table_mut().unwrap(), path, "-"),
        }
    }
    lay(&mut all, Value::Table(over));
    match all {
        Value::Table(all) => all,
        other => panic!("{other}"),
    }
}

fn lay(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Table(under), Value::Table(over)) => {
            for (key, value) in over {
                match under.get_mut(&key) {
                    Some(old) => lay(old, value),
                    None => drop(under.insert(key, value)),
                }
            }
        }
        (Value::Array(under), Value::Array(over)) if over.iter().all(|item| item.get("name").is_some()) => {
            for item in over {
                match under.iter_mut().find(|old| old.get("name") == item.get("name")) {
                    Some(old) => lay(old, item),
                    None => under.push(item),
                }
            }
        }
        (under, over) => *under = over,
    }
}

/// Makes one edit.
pub(super) fn edit(file: &mut Table, (what, choice): Edit) {
    let shapes = SHAPES.len() * OFTEN;
    match what % (VALUES.len() + shapes) {
        shape if shape < shapes => SHAPES[shape % SHAPES.len()](file, choice),
        setting => {
            let (path, values) = VALUES[setting - shapes];
            set(file, path, values[choice % values.len()]);
        }
    }
    // Who is named as the first writer has to be there: whoever takes a member out says another one.
    let names: Vec<String> = members(file).iter().map(|member| member["name"].as_str().unwrap().to_owned()).collect();
    let cluster = file["cluster"].as_table_mut().unwrap();
    let writer = cluster.get("initial_writer").and_then(Value::as_str);
    if writer.is_some_and(|writer| !names.iter().any(|name| name == writer)) {
        match names.first() {
            Some(first) => cluster.insert("initial_writer".to_owned(), first.as_str().into()),
            None => cluster.remove("initial_writer"),
        };
    }
    if names.is_empty() {
        let _ = cluster.remove("members");
    }
}

/// Sets a value, or takes it away.
pub(super) fn set(file: &mut Table, path: &str, value: &str) {
    let (last, above) =
        path.split('.').collect::<Vec<_>>().split_last().map(|(last, above)| (*last, above.to_vec())).unwrap();
    let mut table = file;
    for key in above {
        if value == "-" && !table.contains_key(key) {
            return;
        }
        table = table.entry(key).or_insert_with(|| Table::new().into()).as_table_mut().unwrap();
    }
    match value {
        "-" => drop(table.remove(last)),
        text => drop(table.insert(last.to_owned(), format!("it = {text}").parse::<Table>().unwrap()["it"].clone())),
    }
}

/// The members that the file names.
pub(super) fn members(file: &mut Table) -> &mut Vec<Value> {
    let cluster = file.get_mut("cluster").unwrap().as_table_mut().unwrap();
    cluster.entry("members").or_insert_with(|| Vec::<Value>::new().into()).as_array_mut().unwrap()
}

fn remove_member(file: &mut Table, choice: usize) {
    let members = members(file);
    if members.len() > 1 {
        let _ = members.remove(choice % members.len());
    }
}

fn add_member(file: &mut Table, choice: usize) {
    let members = members(file);
    let mut member = members.first().cloned().unwrap_or_else(|| Table::new().into());
    let name = format!("m{}", choice % 4);
    if members.iter().all(|member| member["name"].as_str() != Some(&name)) {
        member.as_table_mut().unwrap().insert("name".to_owned(), name.into());
        members.push(member);
    }
}

/// With and without a word about where the old name went.
fn rename_member(file: &mut Table, choice: usize) {
    let members = members(file);
    let count = members.len().max(1);
    let Some(member) = members.get_mut(choice % count) else { return };
    let old = member["name"].as_str().unwrap().to_owned();
    let new = format!("{old}x");
    member.as_table_mut().unwrap().insert("name".to_owned(), new.as_str().into());
    if choice.is_multiple_of(2) {
        moved(file, &format!("db_instance.{old}"), &format!("db_instance.{new}"));
    }
}

/// Others in the place of some or all of them.
fn renew_members(file: &mut Table, choice: usize) {
    for (index, member) in members(file).iter_mut().enumerate() {
        if index != choice % 3 {
            member.as_table_mut().unwrap().insert("name".to_owned(), format!("n{}{index}", choice % 5).into());
        }
    }
}

fn move_zone(file: &mut Table, choice: usize) {
    let members = members(file);
    let count = members.len().max(1);
    if let Some(member) = members.get_mut(choice % count) {
        let zone = ["us-east-1a", "us-east-1b", "us-east-1c"][choice / count % 3];
        member.as_table_mut().unwrap().insert("az".to_owned(), zone.into());
    }
}

/// Another order of the same, and other tiers.
fn shift_members(file: &mut Table, choice: usize) {
    let members = members(file);
    if !members.is_empty() {
        let by = choice % members.len();
        members.rotate_left(by);
        let tier = i64::try_from(choice % 16).unwrap();
        members[0].as_table_mut().unwrap().insert("promotion_tier".to_owned(), tier.into());
    }
}

/// The shorthand for members written out, under their own names or under others.
fn spell_out(file: &mut Table, choice: usize) {
    let cluster = file["cluster"].as_table_mut().unwrap();
    let Some(readers) = cluster.remove("readers") else { return };
    let (count, word) = (readers.as_integer().unwrap(), ["instance", "member"][choice % 2]);
    let member =
        |index: i64| Value::Table(Table::from_iter([("name".to_owned(), format!("{word}-{}", index + 1).into())]));
    cluster.insert("members".to_owned(), (0..=count).map(member).collect::<Vec<_>>().into());
}

/// A word about an address that nobody goes by any more, or never did.
fn move_address(file: &mut Table, choice: usize) {
    const FROM: [&str; 6] = [
        "db_cluster.main",
        "kms_key.main",
        "log_group.postgresql",
        "backup_vault.main",
        "db_instance.a",
        "log_group.flow-logs",
    ];
    let from = FROM[choice % FROM.len()];
    moved(file, from, &format!("{}.old{}", from.split('.').next().unwrap(), choice % 2));
}

fn moved(file: &mut Table, from: &str, to: &str) {
    let entry = Table::from_iter([("from".to_owned(), from.into()), ("to".to_owned(), to.into())]);
    let list = file.entry("moved").or_insert_with(|| Vec::<Value>::new().into());
    list.as_array_mut().unwrap().push(entry.into());
}

fn drop_section(file: &mut Table, choice: usize) {
    const SECTIONS: [&str; 7] = ["backup", "monitoring", "params", "security", "moved", "changes", "recovery"];
    let _ = file.remove(SECTIONS[choice % SECTIONS.len()]);
}

/// Files that are nowhere but here.
struct Memory(BTreeMap<PathBuf, String>);

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// Reads a stack, as one file or as one over what it was before; `None`: it is not valid.
pub(super) fn load(file: &Table, over: Option<&Table>) -> Option<Loaded> {
    let text = |table: &Table| toml::to_string(table).unwrap();
    let files = match over {
        None => [("main.toml".into(), text(file))].into(),
        Some(base) => [("main.toml".into(), text(&overlay(base, file))), ("base.toml".into(), text(base))].into(),
    };
    load_from(&Memory(files), Path::new("main.toml"), &Known).ok()
}

/// What has to stand over the old file to say the new one.
fn overlay(base: &Table, new: &Table) -> Table {
    let mut unset = Vec::new();
    let mut top = differences("", base, new, &mut unset);
    top.insert("extends".to_owned(), "base.toml".into());
    top.insert("unset".to_owned(), unset.into());
    top
}

fn differences(at: &str, old: &Table, new: &Table, unset: &mut Vec<Value>) -> Table {
    let path = |key: &str| {
        let key = if key.contains('.') { format!("\"{key}\"") } else { key.to_owned() };
        if at.is_empty() { key } else { format!("{at}.{key}") }
    };
    unset.extend(old.keys().filter(|key| !new.contains_key(*key)).map(|key| Value::from(path(key))));
    let mut top = Table::new();
    for (key, value) in new.iter().filter(|(key, value)| old.get(*key) != Some(*value)) {
        match (old.get(key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => {
                top.insert(key.clone(), differences(&path(key), old, new, unset).into());
            }
            (Some(Value::Array(_)), Value::Array(_)) => {
                unset.push(path(key).into());
                top.insert(key.clone(), value.clone());
            }
            _ => drop(top.insert(key.clone(), value.clone())),
        }
    }
    top
}

/// The renames that a stack file asks for.
pub(super) fn moves(loaded: &Loaded) -> Vec<(Address, Address)> {
    loaded.config.moved.iter().map(|moved| (moved.from.parse().unwrap(), moved.to.parse().unwrap())).collect()
}
