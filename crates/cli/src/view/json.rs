//! JSON for scripts. Every line of events and every document has `format_version`, but for those that are somebody else's
//! form or a plain value: outputs, a record, the schema, SARIF. Fields are only ever added.

use super::Progress;
use super::forecast::{estimate_json, tenths};
use super::pace::Pace;
use crate::exit::{Exit, Failure};
use auroractl_core::lower::Program;
use auroractl_core::plan::Plan;
use auroractl_core::{Estimate, Graph};
use auroractl_engine::Event;
use auroractl_engine::event::Summary;
use auroractl_policy::Report;
use auroractl_stack::{Explained, masked};
use serde::Serialize;
use serde_json::{Value, json};

/// Prints one document.
pub(crate) fn document(value: &impl Serialize) -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::new(Exit::Error, error))?;
    super::stdout(|out| writeln!(out, "{text}"))
}

/// Prints what was done, where that is one sentence.
pub(crate) fn message(text: &str) -> Result<Exit, Failure> {
    document(&json!({"format_version": 1, "message": text}))
}

/// A plan as a document, with what the design rules say about it.
pub(super) fn judged_document(stack: &str, plan: &Plan, findings: Option<&Report>) -> Value {
    let mut value = plan_document(stack, plan);
    if let (Some(report), Some(map)) = (findings, value.as_object_mut()) {
        map.insert("findings".to_owned(), json!(report.findings));
        map.insert("blocked".to_owned(), json!(report.blocking(true).next().is_some()));
    }
    value
}

/// A plan as one document.
pub(crate) fn plan_document(stack: &str, plan: &Plan) -> Value {
    json!({
        "format_version": 1,
        "stack": stack,
        "summary": plan.summary(),
        "impact": plan.impact(),
        "changes": plan.changes.iter().map(change).collect::<Vec<_>>(),
    })
}

fn change(change: &auroractl_core::Change) -> Value {
    let mut value = serde_json::to_value(change).unwrap_or_default();
    if let Some(map) = value.as_object_mut() {
        map.insert("kind".to_owned(), json!(change.address.kind()));
        for field in map.get_mut("fields").and_then(Value::as_array_mut).into_iter().flatten() {
            hide(field);
        }
        if let Some(pending) = map.get_mut("pending") {
            *pending = masked("", pending);
        }
        if let (Some(Value::Object(told)), Some(refusal)) = (map.get_mut("refusal"), &change.refusal) {
            told.insert("operations".to_owned(), refusal.operations.iter().map(|one| operation(*one)).collect());
        }
    }
    value
}

/// An operation that people may run, with its steps and times.
fn operation(of: auroractl_core::Operation) -> Value {
    let mut value = serde_json::to_value(auroractl_stack::procedure(of)).unwrap_or_default();
    if let (Some(map), Some(one)) = (value.as_object_mut(), auroractl_stack::procedure(of)) {
        map.insert("name".to_owned(), json!(of.name()));
        map.insert("duration".to_owned(), super::forecast::estimate_json(one.duration));
        map.insert("outage".to_owned(), super::forecast::estimate_json(one.outage));
    }
    value
}

/// A field of a change without what must not be shown.
fn hide(field: &mut Value) {
    let path = field.get("path").and_then(Value::as_str).unwrap_or_default().to_owned();
    for side in ["before", "after"] {
        if let Some(value) = field.get_mut(side) {
            *value = masked(&path, value);
        }
    }
}

/// Why a command stops at the plan, without the colours that it has on a terminal and without what must not be shown.
pub(super) fn stopped(failure: &Failure) -> Value {
    let text = |text: &str| masked("", &json!(anstream::adapter::strip_str(text).to_string()));
    json!({
        "exit_code": failure.exit.code(),
        "message": text(&failure.message),
        "details": failure.details.iter().map(|line| text(line.trim())).collect::<Vec<_>>(),
        "hint": failure.hint.as_deref().map(text),
    })
}

/// One setting of a stack file.
pub(crate) fn setting(setting: &Explained) -> Value {
    json!({"path": setting.path, "value": setting.value, "source": setting.source, "meaning": setting.doc})
}

/// Prints the graph.
pub(crate) fn graph(graph: &Graph) -> Result<Exit, Failure> {
    let nodes: Vec<Value> = graph
        .order()
        .iter()
        .map(|at| json!({"address": at, "kind": at.kind(), "needs": graph.deps(at).collect::<Vec<_>>()}))
        .collect();
    document(&json!({"format_version": 1, "stack": graph.desired().stack.name, "resources": nodes}))
}

/// The line of an apply that had nothing to do.
pub(crate) fn nothing() -> Result<Exit, Failure> {
    line(&Event::RunFinished(Summary::default()), &Pace::new(&Program::default(), Estimate::NOTHING, 1.0))
}

fn line(event: &Event, pace: &Pace) -> Result<Exit, Failure> {
    let mut value = told(event, pace).map_err(|error| Failure::new(Exit::Error, error))?;
    if let Some(map) = value.as_object_mut() {
        map.insert("format_version".to_owned(), json!(1));
        map.insert("time".to_owned(), json!(jiff::Timestamp::now().to_string()));
    }
    super::stdout(|out| writeln!(out, "{value}"))
}

/// An event; the last one also says how long the run took, how long that was predicted to be, and what stays suspended.
fn told(event: &Event, pace: &Pace) -> Result<Value, serde_json::Error> {
    let mut value = serde_json::to_value(event)?;
    if let (Event::RunFinished(_), Some(map)) = (event, value.as_object_mut()) {
        map.insert("seconds".to_owned(), json!(tenths(pace.now())));
        map.insert("predicted".to_owned(), estimate_json(pace.whole()));
        map.insert("suspended".to_owned(), json!(pace.suspended()));
    }
    Ok(value)
}

/// Events as JSON lines.
pub(crate) struct Lines(Pace);

impl Lines {
    /// Begins a run of this program now, with how long the whole is predicted to take.
    pub(crate) fn new(program: &Program, whole: Estimate, scale: f64) -> Self {
        Self(Pace::new(program, whole, scale))
    }
}

impl Progress for Lines {
    fn event(&mut self, event: &Event) {
        self.0.note(event);
        // Output errors never abort an apply.
        let _ = line(event, &self.0);
    }

    fn end(&mut self, _: &Summary, _: &str) {}
}

#[cfg(test)]
mod tests {
    use super::super::pace::tests::roll;
    use super::*;

    #[test]
    fn the_last_event_compares_with_what_was_predicted() {
        let last = told(&Event::RunFinished(Summary::default()), &roll(2, 1)).unwrap();
        assert_eq!((&last["event"], &last["seconds"]), (&json!("run_finished"), &json!(0.0)));
        assert_eq!(last["predicted"], json!({"p50_seconds": 688.0, "p95_seconds": 1711.0}));
        assert_eq!(last["suspended"], json!(["scalable_target.readers"]));
        assert!(told(&Event::Interrupted, &roll(0, 0)).unwrap().get("predicted").is_none());
    }
}
