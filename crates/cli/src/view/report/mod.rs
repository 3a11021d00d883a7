//! A report for a change request: everything that is known of a plan, or of a run, as one page.
//!
//! Data flows one way here too: a [`Subject`] becomes a [`Page`] (plain texts and places, nothing of HTML), and a template
//! writes it. Nothing in a page depends on when it is written, so equal plans of one day give equal bytes; of
//! a stack that was never applied no two plans are equal, since each draws a lineage.

mod axis;
mod changes;
mod cost;
mod felt;
mod gantt;
mod happened;
mod head;
mod markdown;
mod rules;
mod steps;

pub(crate) use markdown::markdown;

use super::svg::{Drawing, drawing};
use super::template::{self, NoPage};
use crate::exit::{Exit, Failure};
use crate::record::Record;
use crate::session::Stack;
use auroractl_core::plan::Plan;
use auroractl_core::{Address, Graph};
use auroractl_engine::event::Summary;
use auroractl_policy::Report;
use auroractl_stack::Forecast;
use auroractl_stack::config::Environment;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// More resources than this are drawn by kind.
const NODES: usize = 150;

/// What a report is about.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The stack.
    pub(crate) stack: &'a Stack,
    /// What is to be done.
    pub(crate) plan: &'a Plan,
    /// Time and money.
    pub(crate) forecast: &'a Forecast,
    /// What the stack wants.
    pub(crate) graph: &'a Graph,
    /// What the design rules say; `None` where nobody asked: the stack goes or stays, or it stopped before.
    pub(crate) rules: Option<&'a Report>,
    /// Where it comes from.
    pub(crate) origin: &'a Origin,
    /// Why it stops here, if it does.
    pub(crate) stopped: Option<&'a Failure>,
    /// What was done of it.
    pub(crate) run: Option<Run<'a>>,
    /// What no change says and people should know all the same.
    pub(crate) beside: &'a [String],
}

/// Who planned, when, and from what.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Origin {
    /// The account that was looked at, or that the file names.
    pub(crate) account: String,
    /// The region.
    pub(crate) region: String,
    /// What kind of environment it is.
    pub(crate) environment: Environment,
    /// The stack file, as it was named.
    pub(crate) stack_file: PathBuf,
    /// ARN of who asked AWS; `None` for a plan without a look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) caller: Option<String>,
    /// Lineage of the state.
    pub(crate) lineage: String,
    /// Serial of the state.
    pub(crate) serial: u64,
    /// Digest of the plan, as a saved one has it.
    pub(crate) digest: String,
    /// Today in UTC: waivers and prices are of that day.
    pub(crate) day: Date,
}

/// A run, as far as it has come.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    /// What it did.
    pub(crate) record: &'a Record,
    /// How it ended; `None` for one that has only begun.
    pub(crate) end: Option<(Exit, &'a Summary)>,
}

/// A report, ready to be written.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    head: head::Head,
    axis: axis::Axis,
    felt: felt::Felt,
    gantt: Option<gantt::Gantt>,
    changes: Vec<changes::Section>,
    /// Changes of which only the line stands there.
    brief: usize,
    cost: cost::Cost,
    rules: Option<rules::Rules>,
    graph: Option<Drawing>,
    version: &'static str,
}

/// The report as one self-contained page of HTML.
pub(crate) fn html(subject: &Subject<'_>) -> Result<String, NoPage> {
    template::page(&page(subject))
}

fn page(subject: &Subject<'_>) -> Page {
    let done: BTreeMap<&Address, _> =
        subject.plan.changes.iter().map(|change| (&change.address, change.action)).collect();
    let axis = axis::Axis::of(subject);
    let changes::Told { sections, brief } = changes::changes(subject);
    Page {
        head: head::head(subject),
        felt: felt::felt(subject, &axis),
        gantt: runs(subject).then(|| gantt::gantt(subject, &axis)),
        changes: sections,
        brief,
        cost: cost::cost(subject),
        rules: subject.rules.map(|report| rules::rules(subject.stack, report)),
        axis,
        graph: (!subject.graph.order().is_empty()).then(|| drawing(subject.graph, &done, NODES)),
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// Is there a run to be drawn? Of a plan that is refused nothing is done.
fn runs(subject: &Subject<'_>) -> bool {
    !subject.forecast.program.steps.is_empty() && subject.plan.refused().next().is_none()
}

/// A text of somebody else's, without what is shaped like a credential.
fn told(text: &str) -> String {
    match auroractl_stack::masked("", &Value::String(text.to_owned())) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// A text that is too long loses its end, and says so by an ellipsis.
fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}
