//! The design rules on a stack: gathers the facts, runs the rules of the house and the stack's own, and says what blocks.

use crate::exit::{Exit, Failure};
use crate::session::{self, Cloud, Stack};
use crate::view;
use auroractl_core::plan::{Options, Plan};
use auroractl_core::{Address, Desired, Observed};
use auroractl_policy::custom::{Custom, Source, Unusable};
use auroractl_policy::{Facts, Finding, Profile, Report};
use auroractl_stack::facts::{self, Judgement, Looked};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Folder beside a stack file with rules of its owner's.
const POLICIES: &str = "policies";

/// What the rules said, and on what.
pub(crate) struct Judged {
    /// What they were asked about.
    pub(crate) facts: Facts,
    /// What they said.
    pub(crate) report: Report,
}

/// What a run would make of a stack.
pub(crate) struct Wish<'a> {
    /// What the stack wants.
    pub(crate) desired: &'a Desired,
    /// What would be done.
    pub(crate) plan: &'a Plan,
    /// What the user permits.
    pub(crate) options: &'a Options,
    /// AWS; without it, what only AWS can tell stays unknown.
    pub(crate) cloud: Option<&'a Cloud>,
}

/// How a stack is judged today; without a profile, as its file says.
pub(crate) fn today(profile: Option<Profile>) -> Judgement {
    Judgement { profile, today: session::today() }
}

/// Judges what a stack wants.
pub(crate) async fn planned(stack: &Stack, wish: &Wish<'_>, how: Judgement) -> Result<Judged, Failure> {
    let looked = match wish.cloud {
        Some(cloud) => facts::look(&cloud.aws, &stack.loaded, None).await,
        None => Looked::nothing(),
    };
    let mut facts = facts::of_desired(&stack.loaded, wish.desired, &looked, how);
    facts.stack.leaving.clone_from(&wish.options.allow_delete);
    let own = own(&stack.file, || input(stack, &facts, wish))?;
    judged(stack, facts, own)
}

/// Judges what AWS has.
pub(crate) async fn live(
    stack: &Stack,
    observed: &BTreeMap<Address, Observed>,
    cloud: &Cloud,
    how: Judgement,
) -> Result<Judged, Failure> {
    let looked = facts::look(&cloud.aws, &stack.loaded, Some(observed)).await;
    let facts = facts::of_observed(&stack.loaded, observed, &looked, how);
    judged(stack, facts, Vec::new())
}

fn judged(stack: &Stack, facts: Facts, own: Vec<Finding>) -> Result<Judged, Failure> {
    let report = auroractl_stack::rules::judge(&stack.loaded, &facts, own).map_err(|error| vec![error])?;
    Ok(Judged { facts, report })
}

/// What custom rules see: the plan's document, with what the stack wants beside it.
fn input(stack: &Stack, facts: &Facts, wish: &Wish<'_>) -> Value {
    let config = &stack.loaded.config.stack;
    let mut document = view::json::plan_document(stack.name(), wish.plan);
    let resource = |(at, node): (&Address, &auroractl_core::graph::Node)| json!({"address": at, "kind": at.kind(), "values": node.spec});
    if let Some(map) = document.as_object_mut() {
        map.insert("environment".to_owned(), json!(config.environment));
        map.insert("region".to_owned(), json!(config.region));
        map.insert("profile".to_owned(), json!(facts.stack.profile));
        map.insert("tags".to_owned(), json!(config.tags));
        map.insert("resources".to_owned(), wish.desired.nodes.iter().map(resource).collect());
    }
    document
}

/// Findings of the Rego files beside a stack file.
fn own(stack_file: &Path, input: impl FnOnce() -> Value) -> Result<Vec<Finding>, Failure> {
    let sources = sources(&stack_file.parent().unwrap_or(Path::new("")).join(POLICIES))?;
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let judge = || Custom::new(&sources)?.judge(&input());
    judge().map_err(|error| unusable(&error))
}

/// The Rego files of a folder, by name; a folder that is not there has none.
pub(crate) fn sources(dir: &Path) -> Result<Vec<Source>, Failure> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let failed = |path: &Path, error: std::io::Error| {
        let message = format!("can't read {}: {error}; nothing was changed", path.display());
        Failure::new(Exit::Invalid, message).hinted("a rule that can't be read would never say anything")
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| failed(dir, error))? {
        let path = entry.map_err(|error| failed(dir, error))?.path();
        if path.extension().is_some_and(|extension| extension == "rego") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|error| failed(path, error))?;
        Ok(Source { name: path.display().to_string(), text })
    };
    paths.iter().map(read).collect()
}

/// The failure that unusable custom rules are.
pub(crate) fn unusable(error: &Unusable) -> Failure {
    Failure::new(Exit::Invalid, format!("{error}; nothing was changed"))
        .hinted("mend the rule, or move the file out of the folder")
}

/// The failure that a report is which stops an apply, if it does.
pub(crate) fn blocked(stack: &Stack, report: &Report) -> Result<Option<Failure>, Failure> {
    let blocking: Vec<&Finding> = report.blocking(true).collect();
    if blocking.is_empty() {
        return Ok(None);
    }
    let shown = auroractl_stack::rules::shown(&stack.loaded, blocking.iter().copied()).map_err(|error| vec![error])?;
    let count = blocking.len();
    let what = if count == 1 { "a must rule is broken".to_owned() } else { format!("{count} findings of must rules") };
    Ok(Some(
        Failure::new(Exit::Blocked, format!("blocked: {what}; nothing was changed"))
            .detailed([view::rendered(&shown)])
            .hinted("mend the stack file, or document an exception in `policy.waivers`; `auroractl rules explain CODE` says more"),
    ))
}
