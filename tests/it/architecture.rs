//! The rules of the house that a machine can check: who may import whom, what `core` must not touch, how large things
//! may grow, and that documents speak of what exists.

use crate::source::{self, Source};
use auroractl_testkit::emulator::workspace;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Our crates that each crate may depend on; the same table as in `ARCHITECTURE.md`.
const IMPORTS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("engine", &["core"]),
    ("aws", &["core", "engine"]),
    ("network", &["core", "engine", "aws"]),
    ("security", &["core", "engine", "aws"]),
    ("params", &["core", "engine", "aws"]),
    ("cluster", &["core", "engine", "aws"]),
    ("monitoring", &["core", "engine", "aws"]),
    ("policy", &["core"]),
    ("stack", &["core", "engine", "aws", "network", "security", "params", "cluster", "monitoring", "policy"]),
    ("cli", &["core", "engine", "aws", "stack", "policy"]),
    ("testkit", &["core", "engine"]),
    (
        "tests",
        &[
            "core",
            "engine",
            "aws",
            "network",
            "security",
            "params",
            "cluster",
            "monitoring",
            "policy",
            "stack",
            "testkit",
        ],
    ),
];
/// The crates whose kinds meet only in `stack`.
const DOMAINS: [&str; 5] = ["network", "security", "params", "cluster", "monitoring"];
/// The crates that end up in the binary.
const PRODUCT: [&str; 11] =
    ["core", "engine", "aws", "network", "security", "params", "cluster", "monitoring", "policy", "stack", "cli"];
/// What `core` must not be able to reach, not even through others: it would have a reason to fail beside its arguments.
const IMPURE: [&str; 11] =
    ["tokio", "futures", "aws-", "hyper", "jiff", "chrono", "time", "fastrand", "rand", "getrandom", "rustix"];
/// Words that must not stand in `core`'s source; hash maps since their order differs from run to run.
const IMPURE_WORDS: [&str; 10] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "HashMap",
    "HashSet",
    "thread_rng",
];
/// Longest function; and how long 95 of 100 may be.
const FUNCTION: (usize, usize) = (80, 40);
/// Longest file, without its tests.
const FILE: usize = 500;

fn metadata() -> Result<Metadata, cargo_metadata::Error> {
    let mut command = MetadataCommand::new();
    command.manifest_path(workspace().join("Cargo.toml")).other_options(["--locked".to_owned()]);
    command.exec()
}

/// A crate's folder from its package name; the binary's package has the product's name.
fn short(package: &str) -> &str {
    if package == "auroractl" { "cli" } else { package.strip_prefix("auroractl-").unwrap_or(package) }
}

#[test]
fn crates_import_only_what_the_table_allows() {
    let metadata = metadata().unwrap();
    let members: BTreeMap<&str, &Package> =
        metadata.workspace_packages().into_iter().map(|package| (short(&package.name), package)).collect();
    let known: BTreeSet<&str> = IMPORTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(members.keys().copied().collect::<BTreeSet<_>>(), known, "a crate without a line in the table");
    for (name, allowed) in IMPORTS {
        let ours = members[name].dependencies.iter().filter(|dep| members.contains_key(short(&dep.name)));
        for dep in ours {
            let import = short(&dep.name);
            let for_tests = dep.kind == DependencyKind::Development && import == "testkit";
            assert!(allowed.contains(&import) || for_tests, "{name} must not import {import}");
        }
    }
}

#[test]
fn the_sdk_is_used_by_aws_and_the_domains_alone() {
    for package in metadata().unwrap().workspace_packages() {
        let name = short(&package.name);
        let sdk = package.dependencies.iter().find(|dep| dep.name.starts_with("aws-"));
        let may = name == "aws" || DOMAINS.contains(&name);
        assert!(may || sdk.is_none(), "{name} must not use {}", sdk.map(|dep| dep.name.as_str()).unwrap_or_default());
    }
}

#[test]
fn core_reaches_nothing_impure() {
    let metadata = metadata().unwrap();
    let resolve = metadata.resolve.as_ref().unwrap();
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let core = metadata.workspace_packages().into_iter().find(|package| short(&package.name) == "core").unwrap();
    let (mut open, mut seen) = (vec![&core.id], BTreeSet::new());
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let normal =
            nodes[id].deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal));
        open.extend(normal.map(|dep| &dep.pkg));
    }
    for id in seen {
        let name = metadata[id].name.as_str();
        let impure = IMPURE.iter().any(|bad| name == *bad || (bad.ends_with('-') && name.starts_with(bad)));
        assert!(!impure, "core reaches {name}");
    }
}

#[test]
fn core_asks_nothing_but_its_arguments() {
    let sources = source::of_crates(&["core"]).unwrap();
    let found = hits(&sources, &IMPURE_WORDS);
    assert!(found.is_empty(), "{found}");
}

#[test]
fn waits_go_through_the_clock() {
    let mut sources = source::of_crates(&PRODUCT).unwrap();
    sources.retain(|source| !source.path.ends_with("engine/src/clock.rs"));
    let found = hits(&sources, &["time::sleep"]);
    assert!(found.is_empty(), "{found}");
}

/// Places in the product's text where one of these words stands.
fn hits(sources: &[Source], words: &[&str]) -> String {
    let mut found = String::new();
    for source in sources {
        let text = source.product();
        for word in words.iter().filter(|word| text.contains(**word)) {
            let _ = writeln!(found, "{} has {word}", source.path.display());
        }
    }
    found
}

#[test]
fn only_views_print_and_nothing_is_left_to_do() {
    for source in source::of_crates(&PRODUCT).unwrap() {
        for banned in ["print", "println", "eprint", "eprintln", "dbg", "todo", "unimplemented"] {
            assert!(!source.macros().contains(banned), "{} calls {banned}!", source.path.display());
        }
    }
}

#[test]
fn a_kind_is_one_file_and_one_line() {
    let registry = auroractl_stack::registry();
    let known: BTreeSet<&str> = registry.iter().map(|kind| kind.name()).collect();
    let mut found = BTreeSet::new();
    for source in source::of_crates(&DOMAINS).unwrap() {
        let kinds = source.constants("KIND");
        assert!(kinds.len() <= 1, "{} holds {} kinds", source.path.display(), kinds.len());
        for kind in kinds {
            assert_eq!(source.stem(), kind, "{} is not named after its kind", source.path.display());
            assert!(known.contains(kind.as_str()), "{kind} has no line in KINDS");
            assert!(found.insert(kind.clone()), "two kinds are called {kind}");
        }
    }
    assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
}

#[test]
fn domains_speak_in_types() {
    for source in source::of_crates(&DOMAINS).unwrap() {
        for function in source.functions() {
            let place = format!("{}:{}", source.path.display(), function.line);
            assert!(!function.types.contains("Value"), "{place}: {} has a JSON value in its signature", function.name);
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for source in source::all().unwrap() {
        assert!(source.text.starts_with("//!"), "{} does not begin with //!", source.path.display());
    }
}

#[test]
fn files_and_functions_stay_small() {
    let mut lengths = Vec::new();
    let mut long = String::new();
    for source in source::all().unwrap().iter().filter(|source| !source.test) {
        if source.lines() > FILE {
            let _ = writeln!(long, "{} has {} lines", source.path.display(), source.lines());
        }
        for function in source.functions() {
            lengths.push(function.lines);
            if function.lines > FUNCTION.0 {
                let _ = writeln!(
                    long,
                    "{}:{} {} has {} lines",
                    source.path.display(),
                    function.line,
                    function.name,
                    function.lines
                );
            }
        }
    }
    assert!(long.is_empty(), "at most {FILE} lines a file, {} a function:\n{long}", FUNCTION.0);
    lengths.sort_unstable();
    let p95 = lengths[lengths.len() * 95 / 100];
    assert!(p95 <= FUNCTION.1, "95 of 100 functions must have at most {} lines, they have {p95}", FUNCTION.1);
}
