//! Trials F01 to F16: a stack file that can't be meant, given to the real binary beside a stack that lives.
//!
//! Whatever is wrong with the file, the state and the account stay as they are, byte for byte. What is told is recorded
//! without the excerpts, which the tests of `crates/stack` record.

use crate::exits::told;
use crate::place::{Place, STACK, blueprint};
use auroractl_testkit::emulator::workspace;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The stack that lives, one for all trials: one after the other borrows it.
fn living() -> MutexGuard<'static, Place> {
    static LIVING: OnceLock<Mutex<Place>> = OnceLock::new();
    let place = LIVING.get_or_init(|| {
        let place = Place::new(&blueprint("dev.toml"));
        let _ = place.apply().exits(0);
        Mutex::new(place)
    });
    let place = place.lock().unwrap_or_else(PoisonError::into_inner);
    place.write(&blueprint("dev.toml"));
    place
}

fn state_of(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = place.state_file().parent().unwrap().to_owned();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // Who held the lock last is for messages only.
    files.filter(|path| !path.ends_with("lock")).map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

/// What stands behind the excerpts: titles, sentences, ways out.
fn sentences(told: &str) -> String {
    let told: Vec<&str> = told.lines().collect();
    let is_one = |line: &str| {
        let line = line.trim_start();
        ["error:", "stack::", "×", "⚠", "help:", "hint:", "->", "and in"].iter().any(|start| line.starts_with(start))
            || line.contains(": ") && line.contains('.') && !line.contains('│')
    };
    told.into_iter().filter(|line| is_one(line)).collect::<Vec<_>>().join("\n")
}

/// A file of the stack crate's own collection of bad files.
fn collected(trial: &str) -> Vec<(String, Vec<u8>)> {
    let folder = workspace().join("crates/stack/tests_data");
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .filter(|(name, _)| name.starts_with(trial))
        .collect();
    found.sort();
    found
}

/// Edits of the stack that lives.
fn edits(of: &str, edits: &[(&str, &str, &str)]) -> Vec<(String, Vec<u8>)> {
    let edit = |(name, old, new): &(&str, &str, &str)| {
        assert!(of.contains(old), "{name}: the stack has no `{old}`");
        ((*name).to_owned(), of.replacen(old, new, 1).into_bytes())
    };
    edits.iter().map(edit).collect()
}

/// Each file is refused with this code by all commands that would act on it, and nothing moves.
#[track_caller]
fn refused(trial: &str, code: i32, files: &[(String, Vec<u8>)]) {
    let place = living();
    let (state, calls, writes) = (state_of(&place), place.proxy.summary().calls, place.proxy.summary().writes);
    let mut record = String::new();
    for (name, bytes) in files {
        std::fs::write(place.cli.dir().join(STACK), bytes).unwrap();
        let done = place.apply();
        let said = sentences(&told(&place, &done));
        writeln!(record, "== {name}: exit {:?}\n{said}\n", done.code.unwrap_or(-1)).unwrap();
        let _ = done.exits(code);
        for (command, more) in [("plan", &[][..]), ("destroy", &["--auto-approve"])] {
            // `destroy` works from the state: what only AWS can find wrong with the file is no reason against it.
            if code == 6 && (command == "plan" || calls == place.proxy.summary().calls) {
                let _ = place.run(command, more).exits(code);
            }
        }
        assert!(!record.contains("canary"), "{name}: a secret is shown");
        assert_eq!(state_of(&place), state, "{name}: the state has changed");
        assert_eq!(place.proxy.summary().writes, writes, "{name}: AWS has changed");
    }
    place.write(&blueprint("dev.toml"));
    place.settled();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(trial, record.trim_end());
    });
}

fn raw(name: &str, bytes: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
    (name.to_owned(), bytes.into())
}

fn dev() -> String {
    blueprint("dev.toml")
}

#[test]
fn f01_syntax_error() {
    let mut files = collected("F01");
    files.extend([
        raw("empty", ""),
        raw("byte order mark", format!("\u{feff}{}", dev())),
        raw("not utf-8", [dev().as_bytes(), b"# \xff\n"].concat()),
        raw("100 MB", vec![b'#'; 100 << 20]),
        raw("one line of 600 kB", format!("{}x = {}", dev(), "[".repeat(600_000))),
        raw("10,000 lists", format!("{}x = {}", dev(), "[\n".repeat(10_000))),
    ]);
    refused("F01_syntax_error", 6, &files);
}

#[test]
fn f02_unknown_field() {
    let mut files = collected("F02");
    files.extend(edits(
        &dev(),
        &[
            ("misspelt", "retention_days = 1", "retenton_days = 1"),
            ("misspelt section", "[cluster.backup]", "[cluster.bakcup]"),
        ],
    ));
    refused("F02_unknown_field", 6, &files);
}

#[test]
fn f03_wrong_kind_of_value() {
    let mut files = collected("F03");
    files.extend(edits(
        &dev(),
        &[
            ("text for a number", "az_count = 2", "az_count = \"2\""),
            ("beyond 2^53", "az_count = 2", "az_count = 9007199254740993"),
            ("beyond 2^64", "az_count = 2", "az_count = 99999999999999999999"),
            ("yes", "ephemeral = true", "ephemeral = \"yes\""),
            ("port 70000", "readers = 0", "readers = 0\nport = 70000"),
            ("retention 0", "retention_days = 1", "retention_days = 0"),
            ("retention 36", "retention_days = 1", "retention_days = 36"),
        ],
    ));
    refused("F03_wrong_kind_of_value", 6, &files);
}

#[test]
fn f04_the_same_key_twice() {
    let mut files = collected("F04");
    files.extend(edits(&dev(), &[("key", "az_count = 2", "az_count = 2\naz_count = 3")]));
    files.push(raw("section", format!("{}\n[network.vpc]\ncidr = \"10.3.0.0/16\"\n", dev())));
    refused("F04_the_same_key_twice", 6, &files);
}

#[test]
fn f05_circles_and_dangling_references() {
    let place = living();
    place.cli.write("stacks/other.toml", "extends = \"main.toml\"\n").unwrap();
    drop(place);
    let mut files = collected("F05");
    files.push(raw("a circle", "extends = \"other.toml\"\n"));
    files.push(raw("a base elsewhere", "extends = \"/proc/self/environ\"\n"));
    files.push(raw("a base that is no stack", "extends = \"../../../../../../proc/self/environ\"\n"));
    refused("F05_circles_and_dangling_references", 6, &files);
}

#[test]
fn f06_names_beyond_the_limits() {
    let mut files = collected("F06");
    let long = format!("name = \"{}\"", "a".repeat(64));
    files.extend(edits(
        &dev(),
        &[
            ("64 characters", "name = \"orders-dev\"", &long),
            ("hyphens", "name = \"orders-dev\"", "name = \"orders--dev-\""),
            ("upper case", "name = \"orders-dev\"", "name = \"Orders\""),
            ("leading out", "name = \"orders-dev\"", "name = \"../orders-dev\""),
            ("absolute", "name = \"orders-dev\"", "name = \"/tmp/orders-dev\""),
            ("NUL", "name = \"orders-dev\"", "name = \"orders\\u0000dev\""),
            ("a look-alike", "name = \"orders-dev\"", "name = \"\u{43e}rders-dev\""),
            ("a hyphen that is none", "name = \"orders-dev\"", "name = \"orders\u{2010}dev\""),
            ("turned around", "name = \"orders-dev\"", "name = \"\u{202e}ved-sredro\""),
            ("dots", "name = \"orders-dev\"", "name = \"..\""),
        ],
    ));
    refused("F06_names_beyond_the_limits", 6, &files);
}

#[test]
fn f07_names_that_aws_compares_as_equal() {
    refused("F07_names_that_aws_compares_as_equal", 6, &collected("F07"));
}

#[test]
fn f08_blocks_that_do_not_fit() {
    refused("F08_blocks_that_do_not_fit", 6, &collected("F08"));
}

#[test]
fn f09_zones_that_are_not_there() {
    let mut files = collected("F09");
    files.extend(edits(
        &dev(),
        &[("one zone twice", "az_count = 2", "availability_zones = [\"us-east-1a\", \"us-east-1a\"]")],
    ));
    refused("F09_zones_that_are_not_there", 6, &files);
}

#[test]
fn f10_parameters_that_are_none() {
    refused("F10_parameters_that_are_none", 6, &collected("F10"));
}

#[test]
fn f11_versions_and_classes_that_can_not_be_had() {
    let mut files = collected("F11");
    let provisioned = dev().replace("readers = 0", "readers = 0\nclass = \"db.t3.small\"").replace(
        "[cluster.serverless]\nmin_acu = 0 # pauses when nobody is connected; waking up takes about 15 seconds\nmax_acu = 4\nseconds_until_auto_pause = 900\n",
        "",
    );
    files.extend(edits(&dev(), &[("a withdrawn version", "16.11", "16.0")]));
    files.push(raw("a class that the version lacks", provisioned.replace("acu_utilization.enabled = true\n", "")));
    refused("F11_versions_and_classes_that_can_not_be_had", 6, &files);
}

#[test]
fn f12_windows() {
    refused("F12_windows", 6, &collected("F12"));
}

#[test]
fn f13_secrets_in_the_file() {
    refused("F13_secrets_in_the_file", 6, &collected("F13"));
}

#[test]
fn f14_policies_that_lock_out() {
    refused("F14_policies_that_lock_out", 6, &collected("F14"));
}

#[test]
fn f15_edits_that_would_lose_data() {
    let files = edits(
        &dev(),
        &[
            ("another database name", "database_name = \"orders\"", "database_name = \"other\""),
            ("an older major version", "engine_version = \"16.11\"", "engine_version = \"15.15\""),
        ],
    );
    refused("F15_edits_that_would_lose_data", 8, &files);
}

#[test]
fn f16_the_file_of_another_stack() {
    // The folder was renamed along with the stack: whose state it is stands in it.
    let place = Place::new(&dev());
    let _ = place.apply().exits(0);
    let (before, writes) = (place.census(), place.proxy.summary().writes);
    let state = place.cli.dir().join("state");
    std::fs::rename(state.join("orders-dev"), state.join("orders-prd")).unwrap();
    place.edit("name = \"orders-dev\"", "name = \"orders-prd\"");
    for (command, more) in [("apply", &["--auto-approve"][..]), ("plan", &[]), ("destroy", &["--auto-approve"])] {
        let done = place.run(command, more).exits(7);
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("F16_the_file_of_another_stack", told(&place, &done));
        });
    }
    // The stack alone was renamed: that is a further stack, and no plan that deletes the first.
    std::fs::rename(state.join("orders-prd"), state.join("orders-dev")).unwrap();
    let plan = place.run("plan", &["--json"]).exits(0).json().unwrap();
    let actions: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|change| change["action"].as_str().unwrap()).collect();
    assert!(actions.iter().all(|action| *action == "create"), "{actions:?}");
    assert_eq!((place.census(), place.proxy.summary().writes), (before, writes));
}
