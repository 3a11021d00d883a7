//! What others think of our stacks: Checkov judges the documents of `auroractl export terraform-plan`.
//!
//! Checkov is a floor, not the measure. `LET_THROUGH` keeps the list of what it does not see, so that our own rules are
//! known to be needed; and a check that may fail stands in `tests/checkov/skips.json` with its reason, or not at all.

use auroractl_testkit::cli::Cli;
use auroractl_testkit::emulator::workspace;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// Names a Checkov to run; without it the workspace's own is used.
const CHECKOV: &str = "AURORACTL_TEST_CHECKOV";
/// The release that the lock file pins; another may know other checks.
const RELEASE: &str = "3.3.30";
/// Nobody listens here: a call of Checkov's to its makers fails at once, and changes nothing.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Stacks that are judged, by the name of their document.
const STACKS: [(&str, &str); 3] =
    [("prod", "stacks/prod.toml"), ("bad", "tests/checkov/bad.toml"), ("gaps", "tests/checkov/gaps.toml")];

/// A check that the production stack fails.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Skip {
    check: String,
    resources: BTreeSet<String>,
    standing: Standing,
    reason: String,
}

/// What is to be thought of it.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// The check misjudges Aurora, or what the resource is for.
    Wrong,
    /// The check is right, and auroractl can't make yet what it asks for.
    Open,
}

fn skips() -> io::Result<Vec<Skip>> {
    let text = std::fs::read_to_string(workspace().join("tests/checkov/skips.json"))?;
    serde_json::from_str(&text).map_err(io::Error::other)
}

/// What Checkov says of one document: the resources that each check fails on, and how many verdicts were good.
#[derive(Clone, Debug, Default)]
struct Verdict {
    failed: BTreeMap<String, BTreeSet<String>>,
    passed: BTreeSet<String>,
}

fn checkov() -> io::Result<PathBuf> {
    let own = workspace().join(".venv-checkov/bin/checkov");
    match std::env::var_os(CHECKOV) {
        Some(path) => Ok(path.into()),
        None if own.exists() => Ok(own),
        None => Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("no Checkov: {} is missing (`make scanner` makes it); or set {CHECKOV}", own.display()),
        )),
    }
}

/// The document of a stack.
fn exported(stack: &str) -> io::Result<Value> {
    let cli = Cli::new(NOWHERE)?;
    let file = workspace().join(stack).display().to_string();
    let done = cli.run(&["export", "terraform-plan", &file])?.exits(0);
    serde_json::from_str(&done.stdout).map_err(io::Error::other)
}

/// Runs Checkov once over all documents: most of its time goes into its start.
fn judged() -> io::Result<BTreeMap<String, Verdict>> {
    let dir = TempDir::new()?;
    let mut command = Command::new(checkov()?);
    // Not `--quiet`: it would leave out what passed, and a check that never ran would look like one that did.
    command.args(["--framework", "terraform_plan", "--compact", "--skip-download", "--output", "json"]);
    command.current_dir(dir.path()).env("HOME", dir.path()).env("HTTPS_PROXY", NOWHERE).env("HTTP_PROXY", NOWHERE);
    for (name, stack) in STACKS {
        let mut document = exported(stack)?;
        if name == "gaps" {
            GAPS.iter().for_each(|gap| gap.make(&mut document));
        }
        let file = format!("{name}.json");
        std::fs::write(dir.path().join(&file), serde_json::to_vec(&document)?)?;
        command.args(["--file", &file]);
    }
    let done = command.output()?;
    let report: Value = serde_json::from_slice(&done.stdout)
        .map_err(|error| io::Error::other(format!("{error}: {}{}", shown(&done.stdout), shown(&done.stderr))))?;
    verdicts(&report)
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn verdicts(report: &Value) -> io::Result<BTreeMap<String, Verdict>> {
    let strange = || io::Error::other(format!("Checkov answers in another form: {report}"));
    let mut verdicts: BTreeMap<String, Verdict> = BTreeMap::new();
    assert_eq!(report["summary"]["checkov_version"], RELEASE, "make the environment anew: `make scanner`");
    assert_eq!(report["summary"]["parsing_errors"], 0, "{report}");
    for (list, good) in [("failed_checks", false), ("passed_checks", true)] {
        for record in report["results"][list].as_array().ok_or_else(strange)? {
            let text = |name: &str| record[name].as_str().map(str::to_owned).ok_or_else(strange);
            let file = Path::new(&text("file_path")?).file_stem().unwrap_or_default().display().to_string();
            let verdict = verdicts.entry(file).or_default();
            if good {
                verdict.passed.insert(text("check_id")?);
            } else {
                verdict.failed.entry(text("check_id")?).or_default().insert(text("resource")?);
            }
        }
    }
    Ok(verdicts)
}

/// The verdict on one document; Checkov runs once for all tests.
fn verdict(of: &str) -> Verdict {
    static ALL: OnceLock<Result<BTreeMap<String, Verdict>, String>> = OnceLock::new();
    ALL.get_or_init(|| judged().map_err(|error| error.to_string())).as_ref().unwrap()[of].clone()
}

/// A fault that Checkov lets through.
struct Gap {
    /// In words.
    what: &'static str,
    /// The resource that has it.
    at: &'static str,
    /// The argument that says it, as JSON; an item of it, where it is a list.
    says: (&'static str, &'static str),
    /// Whether a stack file has no place for it: then it is written into the document, instead of another argument.
    instead_of: Option<&'static str>,
}

/// What Checkov does not see. All of it stands in one document, which passes.
const GAPS: &[Gap] = &[
    Gap {
        what: "one instance in one availability zone",
        at: "aws_rds_cluster_instance.a",
        says: ("availability_zone", r#""us-east-1a""#),
        instead_of: None,
    },
    Gap {
        what: "the database port open to the world",
        at: "aws_vpc_security_group_ingress_rule.db-from-0-0-0-0-0",
        says: ("cidr_ipv4", r#""0.0.0.0/0""#),
        instead_of: None,
    },
    Gap {
        what: "logins without TLS",
        at: "aws_rds_cluster_parameter_group.main",
        says: ("parameter", r#"{"apply_method": "immediate", "name": "rds.force_ssl", "value": "0"}"#),
        instead_of: None,
    },
    Gap {
        what: "backups of one day",
        at: "aws_rds_cluster.main",
        says: ("backup_retention_period", "1"),
        instead_of: None,
    },
    Gap {
        what: "a way from the internet into the database's subnets",
        at: "aws_route.private-a-default",
        says: ("gateway_id", r#""igw-0123456789abcdef0""#),
        instead_of: Some("nat_gateway_id"),
    },
    Gap {
        what: "a password in plain text",
        at: "aws_rds_cluster.main",
        says: ("master_password", r#""correct-horse-battery-staple""#),
        instead_of: Some("manage_master_user_password"),
    },
    Gap {
        what: "an engine version that nobody supports any more",
        at: "aws_rds_cluster.main",
        says: ("engine_version", r#""13.3""#),
        instead_of: Some("engine_version"),
    },
];

/// Where a document has its resources, and where a resource has its arguments.
const VIEWS: [(&str, &str); 3] = [
    ("/planned_values/root_module/resources", "/values"),
    ("/resource_changes", "/change/after"),
    ("/configuration/root_module/resources", "/expressions"),
];

impl Gap {
    fn value(&self) -> Value {
        serde_json::from_str(self.says.1).unwrap()
    }

    /// The arguments of its resource, in one view.
    fn arguments<'a>(&self, document: &'a mut Value, (list, within): (&str, &str)) -> &'a mut Value {
        let resources = document.pointer_mut(list).and_then(Value::as_array_mut).unwrap();
        let own = resources.iter_mut().find(|one| one["address"] == self.at);
        own.unwrap_or_else(|| panic!("{}: no {}", self.what, self.at)).pointer_mut(within).unwrap()
    }

    /// Sees to it that the document has the fault.
    fn make(&self, document: &mut Value) {
        let (name, value) = (self.says.0, self.value());
        for view in VIEWS {
            let arguments = self.arguments(document, view).as_object_mut().unwrap();
            let Some(other) = self.instead_of else { continue };
            arguments.remove(other);
            let expression = serde_json::json!({ "constant_value": value });
            arguments.insert(name.to_owned(), if view.1 == "/expressions" { expression } else { value.clone() });
        }
        let said = &self.arguments(document, VIEWS[0])[name];
        let found = *said == value || said.as_array().is_some_and(|items| items.contains(&value));
        assert!(found, "{}: {} says {said}", self.what, self.at);
    }
}

/// Checks that the bad stack fails, one at least for each thing that its file weakens.
const BAD: &[&str] = &[
    "CKV_AWS_118", // enhanced monitoring
    "CKV_AWS_139", // deletion protection
    "CKV_AWS_162", // IAM authentication
    "CKV_AWS_226", // minor version upgrades
    "CKV_AWS_313", // tags of snapshots
    "CKV_AWS_324", // log exports
];

#[test]
fn a_file_is_what_is_printed() {
    let cli = Cli::new(NOWHERE).unwrap();
    let stack = workspace().join("stacks/prod.toml").display().to_string();
    let printed = cli.run(&["export", "terraform-plan", &stack]).unwrap().exits(0);
    let written = cli.run(&["export", "terraform-plan", &stack, "--out", "plan.json"]).unwrap().exits(0);
    assert_eq!(written.stdout, "");
    assert_eq!(std::fs::read_to_string(cli.dir().join("plan.json")).unwrap(), printed.stdout);
    let _ = cli.run(&["export", "terraform-plan", &stack, "--out", "no/such/folder.json"]).unwrap().exits(1);
}

#[test]
fn production_passes_but_for_what_is_listed() {
    let verdict = verdict("prod");
    let mut failed = verdict.failed;
    for Skip { check, resources, standing, reason } in skips().unwrap() {
        assert!(reason.len() > 20, "{check} has no reason");
        let found = failed.remove(&check).unwrap_or_default();
        assert_eq!(found, resources, "{check} ({standing:?}) is listed where it passes, or fails elsewhere");
    }
    assert!(failed.is_empty(), "Checkov fails stacks/prod.toml: {failed:#?}");
    // What the references are for: without them these graph checks fail, or never run.
    for check in ["CKV_AWS_327", "CKV_AWS_354", "CKV2_AWS_5", "CKV2_AWS_27", "CKV2_AWS_64"] {
        assert!(verdict.passed.contains(check), "{check} did not run: {:?}", verdict.passed);
    }
}

#[test]
fn a_bad_stack_fails() {
    let verdict = verdict("bad");
    let missed: Vec<_> = BAD.iter().filter(|check| !verdict.failed.contains_key(**check)).collect();
    assert!(missed.is_empty(), "Checkov lets through {missed:?}; it fails {:#?}", verdict.failed);
}

#[test]
fn what_checkov_lets_through() {
    let (gaps, prod) = (verdict("gaps"), verdict("prod"));
    let listed =
        |(check, at): (&String, &BTreeSet<String>)| prod.failed.get(check).is_some_and(|all| at.is_subset(all));
    let new: Vec<_> = gaps.failed.iter().filter(|failed| !listed(*failed)).collect();
    assert!(new.is_empty(), "Checkov sees more than we say: {new:#?}");
    assert!(gaps.passed.contains("CKV_AWS_133"), "backups of one day are enough for it");
}
