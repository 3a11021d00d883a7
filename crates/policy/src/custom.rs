//! Rules of an organisation's own, in Rego.
//!
//! A policy file stands in `policies/` beside the stack file. Its package has a rule `deny`, `warn` or `info`: a set of
//! messages about `input`, the plan's JSON document with the desired resources beside it (`docs/rules.md` describes it). A
//! message is a text, or an object with `msg` and, where it is known, `address`, `field`, `expected` and `remedy`. Files
//! named `*_test.rego` hold rules `test_…` that have to be true.
//!
//! A file that can't be read, does not compile, fails while it is evaluated, runs too long or answers something else is an
//! error with its place, never a pass.

use crate::judgement::{Finding, Status};
use crate::rule::{Fix, Level, Severity};
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde::Deserialize;
use serde_json::Value as Json;
use std::num::NonZeroU32;
use std::time::Duration;

/// Longest evaluation of one rule.
const PATIENCE: Duration = Duration::from_secs(5);
/// Rules that speak, and what they say.
const HEADS: [(&str, Level, Severity); 3] = [
    ("deny", Level::Must, Severity::Block),
    ("warn", Level::Should, Severity::Warn),
    ("info", Level::Could, Severity::Info),
];
/// End of the name of a file with tests.
const TESTS: &str = "_test.rego";

/// A policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, for messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Why custom rules can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {message}", place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default())]
pub struct Unusable {
    /// The file.
    pub file: String,
    /// Line and column, from 1.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
}

/// A test of a policy file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// The file.
    pub file: String,
    /// The test.
    pub name: String,
    /// It is true.
    pub passed: bool,
}

/// What a message may say beside its text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    msg: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    field: String,
    #[serde(default)]
    expected: String,
    #[serde(default)]
    remedy: String,
}

/// Custom rules, ready to be asked.
#[derive(Debug)]
pub struct Custom {
    engine: Engine,
    /// File, package path and head of each rule that speaks.
    rules: Vec<(String, String, usize)>,
    tests: Vec<(String, String)>,
}

impl Custom {
    /// Compiles policy files.
    ///
    /// # Errors
    /// The first file that does not compile, or says nothing.
    pub fn new(sources: &[Source]) -> Result<Self, Unusable> {
        let mut engine = Engine::new();
        if let Some(often) = NonZeroU32::new(1024) {
            engine.set_execution_timer_config(ExecutionTimerConfig { limit: PATIENCE, check_interval: often });
        }
        engine.set_strict_builtin_errors(true);
        let mut custom = Self { engine, rules: Vec::new(), tests: Vec::new() };
        for source in sources {
            custom.add(source)?;
        }
        Ok(custom)
    }

    fn add(&mut self, source: &Source) -> Result<(), Unusable> {
        let failed = |why: &dyn std::fmt::Display| unusable(&source.name, &why.to_string());
        let package = self
            .engine
            .add_policy(source.name.clone(), source.text.clone())
            .map_err(|why| failed(&format!("{why:#}")))?;
        if source.name.ends_with(TESTS) {
            let mut names = Vec::new();
            for word in words(&source.text).filter(|word| word.starts_with("test_")) {
                let declared = self.engine.has_declared_rule_rooted_at(&source.name, word);
                if declared.map_err(|why| failed(&format!("{why:#}")))? && !names.contains(&word) {
                    names.push(word);
                }
            }
            if names.is_empty() {
                return Err(failed(&"it has no rule `test_…`, so it would never test anything"));
            }
            self.tests.extend(names.into_iter().map(|name| (source.name.clone(), format!("{package}.{name}"))));
            return Ok(());
        }
        let before = self.rules.len();
        for (index, (head, ..)) in HEADS.iter().enumerate() {
            let declared = self.engine.has_declared_rule_rooted_at(&source.name, head);
            if declared.map_err(|why| failed(&format!("{why:#}")))? {
                self.rules.push((source.name.clone(), format!("{package}.{head}"), index));
            }
        }
        if self.rules.len() == before {
            return Err(failed(&"it has no rule `deny`, `warn` or `info`, so it would never say anything"));
        }
        Ok(())
    }

    /// What the rules say about a plan.
    ///
    /// # Errors
    /// When a rule can't be evaluated or answers something that is no set of messages.
    pub fn judge(&mut self, input: &Json) -> Result<Vec<Finding>, Unusable> {
        self.engine.set_input(Value::from(input.clone()));
        let mut findings = Vec::new();
        for (file, path, head) in self.rules.clone() {
            let answer = self.engine.eval_rule(path.clone()).map_err(|why| unusable(&file, &format!("{why:#}")))?;
            let Some((_, level, severity)) = HEADS.get(head).copied() else { continue };
            for message in messages(&file, &path, &answer)? {
                findings.push(finding(&file, message, (level, severity)));
            }
        }
        findings.dedup();
        Ok(findings)
    }

    /// Runs the tests.
    ///
    /// # Errors
    /// When a test can't be evaluated.
    pub fn test(&mut self) -> Result<Vec<Tested>, Unusable> {
        let mut done: Vec<Tested> = Vec::new();
        for (file, path) in self.tests.clone() {
            let answer = self.engine.eval_rule(path.clone()).map_err(|why| unusable(&file, &format!("{why:#}")))?;
            let name = path.rsplit('.').next().unwrap_or(&path).to_owned();
            done.push(Tested { file, name, passed: answer == Value::from(true) });
        }
        Ok(done)
    }
}

/// What may be the name of a rule: wherever it stands, and be it in a comment. The compiled program knows which are.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

/// The messages of an answer.
fn messages(file: &str, path: &str, answer: &Value) -> Result<Vec<Message>, Unusable> {
    if *answer == Value::Undefined {
        return Ok(Vec::new());
    }
    let json = serde_json::to_value(answer).map_err(|why| unusable(file, &why.to_string()))?;
    let wrong = |what: &Json| {
        let message = format!(
            "`{path}` answers {what}, which is no message: write a text, or an object with `msg` and, where they are known, \
             `code`, `address`, `field`, `expected` and `remedy`"
        );
        unusable(file, &message)
    };
    let items = json.as_array().ok_or_else(|| {
        unusable(
            file,
            &format!(
                "`{path}` is no set of messages: write `{} contains msg if {{ … }}`",
                path.rsplit('.').next().unwrap_or(path)
            ),
        )
    })?;
    let message = |item: &Json| match item {
        Json::String(text) => Ok(Message {
            msg: text.clone(),
            code: None,
            address: None,
            field: String::new(),
            expected: String::new(),
            remedy: String::new(),
        }),
        other => Message::deserialize(other).map_err(|_| wrong(other)),
    };
    items.iter().map(message).collect()
}

fn finding(file: &str, message: Message, (level, severity): (Level, Severity)) -> Finding {
    let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".rego");
    Finding {
        rule: message.code.unwrap_or_else(|| stem.to_owned()),
        title: format!("Rule of {file}"),
        level,
        severity,
        status: Status::Broken,
        address: message.address.as_deref().and_then(|text| text.parse().ok()),
        field: message.field,
        observed: message.msg,
        expected: message.expected,
        remedy: message.remedy,
        fix: Fix::InPlace,
        refused: false,
        source: String::new(),
        collision: None,
        place: None,
    }
}

/// An error of regorus names its place in a line `--> file:line:column`.
fn unusable(file: &str, error: &str) -> Unusable {
    let place = error.lines().find_map(|line| {
        let mut parts = line.trim().strip_prefix("-->")?.trim().rsplit(':');
        let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((line, column))
    });
    let told = error
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("error:"))
        .map(|line| line.trim_start_matches("error:").trim());
    let told: Vec<&str> = told.collect();
    let message = if told.is_empty() { error.trim().to_owned() } else { told.join("; ") };
    Unusable { file: file.to_owned(), place, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const RULE: &str = r#"package company.backup
import rego.v1

deny contains {"msg": msg, "address": resource.address, "field": "backup_retention_period"} if {
    some resource in input.resources
    resource.kind == "db_cluster"
    resource.values.backup_retention_period < 14
    msg := sprintf("backups are kept for %d days", [resource.values.backup_retention_period])
}

warn contains "no owner" if not input.tags.Owner
"#;

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), text: text.to_owned() }
    }

    fn input(days: u32) -> Json {
        let cluster =
            json!({"address": "db_cluster.main", "kind": "db_cluster", "values": {"backup_retention_period": days}});
        json!({"resources": [cluster], "tags": {"Owner": "me"}})
    }

    #[test]
    fn a_rule_speaks_of_what_it_finds() {
        let mut custom = Custom::new(&[source("policies/backup.rego", RULE)]).unwrap();
        assert_eq!(custom.judge(&input(30)).unwrap(), []);
        let found = custom.judge(&input(7)).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].rule.as_str(), found[0].severity), ("backup", Severity::Block));
        assert_eq!(found[0].subject(), "db_cluster.main, backup_retention_period");
        assert_eq!(found[0].observed, "backups are kept for 7 days");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_place() {
        let broken = [
            ("package a\nimport rego.v1\ndeny contains msg if {\n  msg := \n}\n", Some(4)),
            ("this is no rego", Some(1)),
            ("package a\nimport rego.v1\nallow := true\n", None),
        ];
        for (text, line) in broken {
            let error = Custom::new(&[source("policies/a.rego", text)]).unwrap_err();
            assert_eq!(error.place.map(|(line, _)| line), line, "{error}");
            assert!(error.to_string().starts_with("policies/a.rego"), "{error}");
        }
    }

    #[test]
    fn a_rule_that_fails_or_answers_nonsense_never_passes() {
        let wrong = [
            "package a\nimport rego.v1\ndeny contains 1 if true\n",
            "package a\nimport rego.v1\ndeny contains {\"message\": \"typo\"} if true\n",
            "package a\nimport rego.v1\ndeny := true\n",
            "package a\nimport rego.v1\ndeny contains msg if { msg := sprintf(\"%d\", [to_number(\"x\")]) }\n",
            "package a\nimport rego.v1\ndeny contains msg if { msg := nosuch(1) }\n",
        ];
        for text in wrong {
            let result = Custom::new(&[source("policies/a.rego", text)]).and_then(|mut custom| custom.judge(&input(7)));
            assert!(result.is_err(), "{text}: {result:?}");
        }
    }

    #[test]
    fn tests_are_run() {
        let tests = r#"package company.backup_test
import rego.v1
import data.company.backup

test_short if count(backup.deny) == 1 with input as {"resources": [{"address": "a.b", "kind": "db_cluster", "values": {"backup_retention_period": 7}}]}
test_wrong if count(backup.deny) == 5 with input as {}
"#;
        let files = [source("policies/backup.rego", RULE), source("policies/backup_test.rego", tests)];
        let done = Custom::new(&files).unwrap().test().unwrap();
        assert_eq!(done.iter().map(|test| test.passed).collect::<Vec<_>>(), [true, false]);
        assert_eq!(done[1].name, "test_wrong");
    }

    #[test]
    fn tests_are_what_the_compiled_file_declares() {
        let tests = r#"package a_test
import rego.v1

# test_in_a_comment if true
default test_default := false
  test_indented if {
    "test_in_a_text" != "x"
  }
test_twice if false
test_twice if true
"#;
        let done = Custom::new(&[source("policies/a_test.rego", tests)]).unwrap().test().unwrap();
        let told: Vec<_> = done.iter().map(|test| (test.name.as_str(), test.passed)).collect();
        assert_eq!(told, [("test_default", false), ("test_indented", true), ("test_twice", true)]);
        let none = Custom::new(&[source("policies/a_test.rego", "package a_test\nx := 1 # test_x\n")]).unwrap_err();
        assert!(none.to_string().contains("no rule `test_…`"), "{none}");
    }
}
