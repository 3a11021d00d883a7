//! `auroractl rules`: what the rules are, and tests of one's own.

use crate::args::RulesVerb;
use crate::exit::{Exit, Failure};
use crate::rules::{sources, unusable};
use crate::view;
use auroractl_policy::custom::Custom;
use auroractl_policy::{RULES, find, report};
use std::path::Path;

/// Runs it.
pub(crate) fn run(verb: &RulesVerb) -> Result<Exit, Failure> {
    match verb {
        RulesVerb::List { json: true } => view::json::document(&view::rules::listed()),
        RulesVerb::List { json: false } => view::rules::list(),
        RulesVerb::Explain { code } => explain(code),
        RulesVerb::Test { dir } => test(dir),
        RulesVerb::Docs => view::bytes(report::reference().as_bytes()),
    }
}

fn explain(code: &str) -> Result<Exit, Failure> {
    match find(code) {
        Some(rule) => view::rules::explain(rule),
        None => Err(Failure::new(Exit::Invalid, format!("no rule is called `{code}`"))
            .hinted(format!("there are {} rules; `auroractl rules list` prints them", RULES.len()))),
    }
}

fn test(dir: &Path) -> Result<Exit, Failure> {
    let sources = sources(dir)?;
    let run = || Custom::new(&sources)?.test();
    let done = run().map_err(|error| unusable(&error))?;
    if done.is_empty() {
        return Err(Failure::new(Exit::Invalid, format!("{} has no tests", dir.display()))
            .hinted("write rules `test_…` into files that end in `_test.rego`"));
    }
    let line = |test: &auroractl_policy::custom::Tested| {
        format!("{} {}: {}", if test.passed { "ok  " } else { "FAIL" }, test.file, test.name)
    };
    view::lines(&done.iter().map(line).collect::<Vec<_>>())?;
    match done.iter().filter(|test| !test.passed).count() {
        0 => Ok(Exit::Done),
        failed => Err(Failure::new(Exit::Error, format!("{failed} of {} tests failed", done.len()))),
    }
}
