//! Documents speak of what exists: commands, flags, make targets, exit codes.

use crate::source;
use auroractl_testkit::cli::Cli;
use auroractl_testkit::emulator::workspace;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Documents whose commands must exist.
const DOCUMENTS: [&str; 10] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/impact.md",
    "docs/plan-json.md",
    "docs/rules.md",
    "docs/scanners.md",
    "docs/trials.md",
    "state/README.md",
];
/// Commands whose next word is a command too.
const NESTED: [&str; 3] = ["export", "rules", "state"];

fn read(name: &str) -> io::Result<String> {
    std::fs::read_to_string(workspace().join(name))
}

/// Everything written as code: fenced lines, and what stands between backticks.
fn code(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.push(line.split('#').next().unwrap_or_default().trim().to_owned());
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// Subcommands of a command line, and its long flags.
fn command_and_flags(line: &str) -> Option<(Vec<String>, BTreeSet<String>)> {
    let mut words = line.strip_prefix("auroractl ")?.split_whitespace();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    let is_word = |word: &&str| !word.starts_with('-') && word.bytes().all(plain);
    let command = words.next().filter(is_word)?.to_owned();
    let rest: Vec<&str> = words.collect();
    let verb =
        rest.first().filter(|word| NESTED.contains(&command.as_str()) && is_word(word)).map(|word| (*word).to_owned());
    let flags = rest.iter().filter(|word| word.starts_with("--"));
    let flags = flags.map(|word| word.split('=').next().unwrap_or(word).to_owned()).collect();
    Some((std::iter::once(command).chain(verb).collect(), flags))
}

#[test]
fn commands_in_documents_and_messages_exist() {
    let mut lines: Vec<(String, String)> = Vec::new();
    for name in DOCUMENTS {
        lines.extend(code(&read(name).unwrap()).into_iter().map(|line| (name.to_owned(), line)));
    }
    for source in source::all().unwrap().iter().filter(|source| !source.test) {
        let place = source.path.display().to_string();
        lines.extend(code(&source.text).into_iter().map(|line| (place.clone(), line)));
    }
    let cli = Cli::new("http://127.0.0.1:1").unwrap();
    let mut help: BTreeMap<Vec<String>, Option<String>> = BTreeMap::new();
    for (place, line) in lines {
        let Some((command, flags)) = command_and_flags(&line) else { continue };
        let page = help.entry(command.clone()).or_insert_with(|| {
            let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
            arguments.push("--help");
            cli.run(&arguments).ok().filter(|done| done.code == Some(0)).map(|done| done.stdout)
        });
        let page = page.as_ref();
        assert!(page.is_some(), "{place}: `{line}`: there is no such command");
        for flag in flags {
            assert!(page.is_some_and(|page| page.contains(&flag)), "{place}: `{line}`: there is no {flag}");
        }
    }
}

#[test]
fn make_targets_in_documents_exist() {
    let makefile = read("Makefile").unwrap();
    let targets: BTreeSet<&str> = makefile.lines().filter_map(|line| line.strip_prefix(".PHONY: ")).collect();
    for name in DOCUMENTS {
        for line in code(&read(name).unwrap()) {
            if let Some(target) = line.strip_prefix("make ") {
                assert!(targets.contains(target.trim()), "{name}: there is no `make {target}`");
            }
        }
    }
}

/// The table between the marks `<!-- exit-codes -->`.
fn documented() -> io::Result<Vec<(String, String)>> {
    let text = read("README.md")?;
    let table = text.split("exit-codes -->").nth(1).unwrap_or_default();
    let cells = |line: &str| -> Option<(String, String)> {
        let mut cells = line.trim().trim_matches('|').split(" | ").map(str::trim);
        let code = cells.next().filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?;
        Some((code.to_owned(), cells.next()?.to_owned()))
    };
    Ok(table.lines().filter_map(cells).collect())
}

/// The same from the one file that maps failures to codes: `Name = 7` and `Self::Name => "meaning"`.
fn coded() -> io::Result<Vec<(String, String)>> {
    let text = read("crates/cli/src/exit.rs")?;
    let pairs = |separator: &'static str| {
        text.lines().filter_map(move |line| line.trim().trim_end_matches(',').split_once(separator))
    };
    let meanings: BTreeMap<&str, &str> = pairs(" => \"")
        .filter_map(|(name, meaning)| Some((name.strip_prefix("Self::")?, meaning.strip_suffix('"')?)))
        .collect();
    let codes = pairs(" = ").filter(|(_, code)| code.bytes().all(|byte| byte.is_ascii_digit()));
    Ok(codes.filter_map(|(name, code)| Some((code.to_owned(), (*meanings.get(name)?).to_owned()))).collect())
}

#[test]
fn exit_codes_are_documented_as_they_are() {
    let coded = coded().unwrap();
    assert_eq!(coded.len(), 15, "the codes of the contract");
    assert_eq!(documented().unwrap(), coded);
}
