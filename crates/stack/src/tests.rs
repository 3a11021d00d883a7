//! Bad stack files and what the user sees: one file in `tests_data/` each, with the recorded answer beside it. A data file may
//! hold several files, parted by lines `#--- name`.

use crate::{Diagnostics, Files, Known, Loaded, Origin, Path, Style, load, load_from, schema};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path as FilePath, PathBuf};

const MAIN: &str = "stack.toml";

/// Files in memory.
struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    fn one(bytes: &[u8]) -> Self {
        Self(BTreeMap::from([(MAIN.into(), bytes.to_vec())]))
    }

    fn parted(text: &str) -> Self {
        let mut files = BTreeMap::new();
        let mut name = MAIN;
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("#--- ") {
            files.insert(name.into(), before.as_bytes().to_vec());
            (name, rest) = after.split_once('\n').unwrap();
        }
        files.insert(name.into(), rest.as_bytes().to_vec());
        Self(files)
    }
}

impl Files for Memory {
    fn read(&self, path: &FilePath) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn read(files: &Memory) -> Result<Loaded, Box<Diagnostics>> {
    load_from(files, FilePath::new(MAIN), &Known)
}

fn refused(bytes: &[u8]) -> String {
    read(&Memory::one(bytes)).expect_err("refused").render(Style::plain(100))
}

fn stacks() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks")
}

fn texts(folder: &FilePath) -> Vec<(String, String)> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn bad_files_are_answered_as_recorded() {
    let folder = data();
    for (name, text) in texts(&folder) {
        let shown = read(&Memory::parted(&text)).expect_err(&name).render(Style::plain(100));
        assert!(!shown.contains("canary"), "a secret is shown: {shown}");
        insta::with_settings!({ snapshot_path => folder.clone(), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, shown);
        });
    }
}

fn data() -> PathBuf {
    FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests_data")
}

#[test]
fn bytes_that_are_no_stack_file() {
    insta::assert_snapshot!("not_utf8", refused(b"[stack]\nname = \"b\xfccher\"\n"));
    insta::assert_snapshot!("byte_order_mark", refused("\u{feff}[stack]\nname = \"x\"\n".as_bytes()));
    insta::assert_snapshot!("empty", refused(b""));
    insta::assert_snapshot!("only_comments", refused(b"# nothing\n\n"));
    insta::assert_snapshot!("too_large", refused(&vec![b'#'; crate::MAX_BYTES + 1]));
    let missing = load_from(&Memory(BTreeMap::new()), FilePath::new("no/such.toml"), &Known).expect_err("refused");
    insta::assert_snapshot!("no_file", missing.render(Style::plain(100)));
    let folder = load(&stacks(), &Known).expect_err("a folder is no file");
    assert!(folder.render(Style::plain(200)).contains("not a regular file"));
}

#[test]
fn the_stacks_load_without_a_word() {
    for (name, _) in texts(&stacks()) {
        let path = stacks().join(format!("{name}.toml"));
        let loaded = load(&path, &Known).unwrap_or_else(|findings| panic!("{}", findings.render(Style::plain(100))));
        assert_eq!(loaded.warnings.render(Style::plain(100)), "", "{name}");
    }
}

#[test]
fn the_schema_for_editors_takes_the_stacks() {
    let validator = jsonschema::validator_for(&schema::for_editors()).unwrap();
    for (name, text) in texts(&stacks()) {
        let file: Value = toml::from_str(&text).unwrap();
        let errors: Vec<_> = validator.iter_errors(&file).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{name}");
    }
    insta::assert_json_snapshot!("schema", schema::for_editors());
}

/// The smallest stack with these lines in section `network.access`.
fn admitting(lines: &str) -> Loaded {
    let dev = std::fs::read_to_string(stacks().join("dev.toml")).unwrap();
    let text = format!("{dev}\n[network.access]\n{lines}\n");
    read(&Memory::one(text.as_bytes())).unwrap_or_else(|findings| panic!("{}", findings.render(Style::plain(100))))
}

#[test]
fn clients_are_admitted_by_the_range_that_is_written() {
    let loaded = admitting("allowed_cidrs = [\"10.20.0.0/24\", \"2001:db8::/64\", \"2001:db8:0:1::/64\"]");
    let nodes = crate::compose(&loaded).unwrap().desired.nodes;
    let peer = |name: &str| nodes[&format!("security_group_rule.{name}").parse().unwrap()].spec["peer"].clone();
    assert_eq!(peer("db-from-10-20-0-0-24"), serde_json::json!({"cidr_ipv4": "10.20.0.0/24"}));
    assert_eq!(peer("db-from-2001-db8-0-0-0-0-0-0-64"), serde_json::json!({"cidr_ipv6": "2001:db8::/64"}));
    assert_eq!(peer("db-from-2001-db8-0-1-0-0-0-0-64"), serde_json::json!({"cidr_ipv6": "2001:db8:0:1::/64"}));
}

#[test]
fn overlays_keep_what_they_do_not_mention() {
    let prod = load(&stacks().join("prod.toml"), &Known).unwrap().config;
    let staging = load(&stacks().join("staging.toml"), &Known).unwrap().config;
    assert_eq!(prod.params, staging.params);
    assert_eq!(prod.cluster.maintenance, staging.cluster.maintenance);
    assert_eq!(staging.cluster.backup.retention_days, 7);
    assert_eq!(staging.network.vpc.unwrap().endpoints, prod.network.vpc.unwrap().endpoints);
}

#[test]
fn spans_survive_overlays() {
    let loaded = load(&stacks().join("staging.toml"), &Known).unwrap();
    let shown = |path: &Path| {
        let place = loaded.place(path).unwrap();
        let source = loaded.sources.get(place.file).unwrap();
        let file = FilePath::new(source.name()).file_name().unwrap().to_str().unwrap().to_owned();
        (file, source.shown().get(place.start..place.end).unwrap().to_owned())
    };
    let place = |path: &str| shown(&Path::of(path));
    assert_eq!(place("stack.name"), ("staging.toml".to_owned(), "\"orders-staging\"".to_owned()));
    assert_eq!(place("stack.region"), ("prod.toml".to_owned(), "\"us-east-1\"".to_owned()));
    let member = Path::of("cluster.members").item(1);
    assert_eq!(shown(&member.key("az")).0, "prod.toml");
    assert_eq!(shown(&member.key("class")).0, "staging.toml");
    assert_eq!(loaded.origin(&Path::of("cluster.port")), Origin::Default);
    assert_eq!(loaded.config.cluster.members.len(), 2, "`unset` took the third");
    assert_eq!(loaded.config.cluster.autoscaling, None);
    assert_eq!(loaded.config.stack.tags.get("Owner").map(String::as_str), Some("payments"), "inherited");
}

#[test]
fn what_follows_from_prod() {
    let config = load(&stacks().join("prod.toml"), &Known).unwrap().config;
    let members: Vec<_> = config.members().into_iter().map(|m| (m.identifier, m.az, m.initial_writer)).collect();
    let zone = |letter: &str| Some(format!("us-east-1{letter}"));
    assert_eq!(
        members,
        [
            ("orders-a".to_owned(), zone("a"), true),
            ("orders-b".to_owned(), zone("b"), false),
            ("orders-c".to_owned(), zone("c"), false),
        ]
    );
    let subnets: Vec<_> = config.subnets().iter().map(|s| format!("{} {}", s.name, s.cidr)).collect();
    assert_eq!(
        subnets,
        [
            "private-a 10.0.0.0/20",
            "private-b 10.0.16.0/20",
            "private-c 10.0.32.0/20",
            "public-a 10.0.128.0/22",
            "public-b 10.0.132.0/22",
            "public-c 10.0.136.0/22",
        ]
    );
    assert_eq!(config.monitoring.alarms.resolved().len(), 6);
    assert_eq!(config.parameter_family().as_deref(), Some("aurora-postgresql16"));
}

#[test]
fn explain_says_who_set_what() {
    let loaded = load(&stacks().join("dev.toml"), &Known).unwrap();
    let name = |source: &str| source.rsplit('/').next().unwrap_or_default().to_owned();
    let lines: Vec<_> = loaded
        .explain()
        .into_iter()
        .map(|setting| {
            let value = setting.value.map_or("-".to_owned(), |value| value.to_string());
            format!("{} = {value}  [{}]  {}", setting.path, name(&setting.source), setting.doc)
        })
        .collect();
    insta::assert_snapshot!("explain_dev", lines.join("\n"));
}

#[test]
fn a_member_without_a_class_has_the_clusters_and_words_are_listed() {
    let settings = load(&stacks().join("prod.toml"), &Known).unwrap().explain();
    let of = |path: &str| settings.iter().find(|setting| setting.path == path).unwrap();
    let (member, cluster) = (of("cluster.members[0].class"), of("cluster.class"));
    assert_eq!((&member.value, &member.source), (&cluster.value, &cluster.source));
    assert_ne!(member.source, "default");
    let doc = &of("stack.environment").doc;
    assert!(doc.ends_with(" One of `prod`, `staging`, `dev`."), "{doc}");
}

#[test]
fn blueprints_are_the_stacks() {
    for blueprint in crate::blueprint::BLUEPRINTS {
        assert!(read(&Memory::one(blueprint.text.as_bytes())).is_ok(), "{}", blueprint.name);
        assert_eq!(crate::blueprint::find(blueprint.name), Some(blueprint));
    }
}

#[test]
fn checks_have_names_of_their_own() {
    let mut names: Vec<_> = crate::checks::CHECKS.iter().map(|check| check.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), crate::checks::CHECKS.len());
}

/// Texts that are nested or long beyond reason, as far as the largest file reaches.
fn unreasonable() -> Vec<(String, String)> {
    let most = crate::MAX_BYTES - 100;
    let mut texts = Vec::new();
    for n in [60, 90, 10_000, most / 5] {
        let (dots, n2) = (vec!["a"; n].join("."), n.min(most / 5));
        texts.push((format!("lists {n}"), format!("a = {}{}", "[".repeat(n), "]".repeat(n))));
        texts.push((format!("open lists {n}"), format!("a = {}", "[".repeat(n * 4))));
        texts.push((format!("tables {n}"), format!("a = {}1{}", "{a=".repeat(n2), "}".repeat(n2))));
        texts.push((format!("dots {n}"), format!("{dots} = 1")));
        texts.push((format!("header {n}"), format!("[{dots}]\nx = 1")));
        texts.push((format!("headers {n}"), format!("[[{dots}]]\nx = 1\n").repeat(most / dots.len() / 8)));
        texts.push((format!("one line {n}"), format!("[stack]\nname = \"{}\" x", "b".repeat(n * 4))));
        texts.push((format!("policy {n}"), format!("[security.kms]\npolicy = '{}'", "[".repeat(n * 4))));
        texts.push((format!("lines {n}"), "[\n".repeat(n)));
        texts.push((format!("keys {n}"), (0..n / 4).map(|at| format!("k{at} = 1\n")).collect()));
        texts.push((format!("twice {n}"), "k = 1\n".repeat(n / 2)));
        texts.push((format!("secrets {n}"), (0..n / 12).map(|at| format!("{at}.password = \"c{at}\"\n")).collect()));
    }
    texts
}

#[test]
fn unreasonable_files_are_answered_briefly() {
    for (name, text) in unreasonable() {
        let shown = refused(text.as_bytes());
        assert!(shown.len() < 400_000, "{name} is answered with {} bytes", shown.len());
    }
}

#[test]
fn a_base_is_a_stack_file_beside_this_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("environ"), "CANARY=1\n").unwrap();
    std::os::unix::fs::symlink(path("environ"), path("link.toml")).unwrap();
    for (base, words) in [
        ("environ", "whose name ends in `.toml`"),
        ("/proc/self/environ", "relative to this file"),
        ("/etc/base.toml", "relative to this file"),
        ("../../../../proc/self/environ", "whose name ends in `.toml`"),
        ("link.toml", "a link to something else"),
        ("a\\u0000b", "whose name ends in `.toml`"),
        ("none.toml", "there is no such file"),
        (".", "whose name ends in `.toml`"),
    ] {
        std::fs::write(path("main.toml"), format!("extends = \"{base}\"\n")).unwrap();
        let shown = load(&path("main.toml"), &Known).expect_err(base).render(Style::plain(200));
        assert!(shown.contains(words) && !shown.contains("CANARY"), "{base}: {shown}");
    }
    // Two names of one file: the circle ends all the same.
    std::fs::write(path("main.toml"), "extends = \"again.toml\"\n").unwrap();
    std::os::unix::fs::symlink(path("main.toml"), path("again.toml")).unwrap();
    let shown = load(&path("main.toml"), &Known).expect_err("a circle").render(Style::plain(200));
    assert!(shown.contains("in a circle"), "{shown}");
}

/// Every way of reading must answer; what it answers is of no interest here.
fn must_answer(bytes: &[u8]) {
    match read(&Memory::one(bytes)) {
        Ok(loaded) => drop((loaded.explain(), loaded.config.members(), loaded.config.subnets())),
        Err(findings) => drop((findings.render(Style::plain(80)), findings.to_string())),
    }
}

/// A stack file in which a few lines were lost, doubled, or had their values changed.
fn mutated() -> impl Strategy<Value = String> {
    let all: Vec<_> = texts(&stacks()).into_iter().chain(texts(&data())).map(|(_, text)| text).collect();
    let values = prop::sample::select(vec![
        "\"\"",
        "-1",
        "0",
        "1e308",
        "true",
        "[]",
        "{}",
        "\"ü\u{202e}\"",
        "99999999999",
        "[[1]]",
        "\"a.b\"",
        "1979-05-27",
        "\"0.0.0.0/0\"",
        "\"::/0\"",
        "\"-\"",
        "\"23:59-23:58\"",
        "[\"\"]",
        "{ name = 1 }",
        "'''\n'''",
        "\"AKIA0123456789ABCDEF\"",
    ]);
    let edit = (any::<prop::sample::Index>(), 0u8..4, values);
    (prop::sample::select(all), prop::collection::vec(edit, 1..5)).prop_map(|(text, edits)| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, how, value) in edits {
            let at = at.index(lines.len());
            match how {
                0 if lines.len() > 1 => drop(lines.remove(at)),
                1 => lines.insert(at, lines[at].clone()),
                _ => {
                    if let Some((key, _)) = lines[at].split_once('=') {
                        lines[at] = format!("{key}= {value}");
                    }
                }
            }
        }
        lines.join("\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        must_answer(&bytes);
    }

    #[test]
    fn no_text_panics(text in "[\\[\\]{}=.\"'#\\-a-z0-9 \n\t:é]{0,300}") {
        must_answer(text.as_bytes());
    }

    #[test]
    fn no_stack_panics(text in mutated()) {
        must_answer(text.as_bytes());
    }

    /// A general validator, which is too slow for every run, says the same of every file.
    #[test]
    fn the_schema_is_read_as_others_read_it(text in mutated()) {
        let schema = schema::merged();
        if let Ok(file) = toml::from_str::<Value>(&text) {
            let others = jsonschema::validator_for(&schema).unwrap().is_valid(&file);
            let ours = crate::validate::validate(&file, &schema).problems;
            prop_assert_eq!(ours.is_empty(), others, "{:?}", ours);
        }
    }
}
