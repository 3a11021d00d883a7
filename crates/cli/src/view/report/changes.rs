//! The changes of a plan by what they mean to the reader, each with its reasons, fields and way out.

use super::steps::outcome;
use super::{Subject, short, told};
use crate::record::Fate;
use crate::view::meaning::{GROUPS, Meaning, Meanings, ails, changed, noticed};
use crate::view::{dollars, procedure, words};
use auroractl_core::diff::FieldChange;
use auroractl_core::plan::{Action, Change, Reason};
use auroractl_core::{Address, Graph};
use auroractl_stack::masked;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// So many changes are told in full, and all that are refused; of the others the line with the address remains.
const FULL: usize = 400;
/// Longest value, in letters.
const VALUE: usize = 4_000;
/// Parts with more changes than this begin folded, by how much they matter.
const OPEN: [(Meaning, usize); 2] = [(Meaning::Money, 30), (Meaning::Rest, 8)];
/// What has more is folded on paper, too.
const BULK: usize = 100;

/// The changes, ready to be told.
#[derive(Debug)]
pub(super) struct Told {
    /// All of them, the gravest first.
    pub(super) sections: Vec<Section>,
    /// How many of them have only their line, though there would be more to tell.
    pub(super) brief: usize,
}

/// How many may still be told in full, and how many were not.
struct Room {
    left: usize,
    brief: usize,
}

/// Changes of one meaning.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) count: usize,
    pub(super) grave: bool,
    pub(super) class: &'static str,
    pub(super) parts: Vec<Part>,
}

/// Those of one part of the stack.
#[derive(Debug, Serialize)]
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) open: bool,
    pub(super) bulk: bool,
    pub(super) entries: Vec<Entry>,
}

/// One change.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) sign: &'static str,
    pub(super) tone: &'static str,
    pub(super) address: String,
    pub(super) name: String,
    pub(super) verb: &'static str,
    pub(super) impact: &'static str,
    /// Predicted, or measured where a run has ended.
    pub(super) duration: String,
    /// What it costs, for a column and for a sentence.
    pub(super) cost: String,
    pub(super) costs: Option<String>,
    pub(super) outcome: String,
    pub(super) outcome_tone: &'static str,
    /// Everything below the line; `None` where there is nothing more, or too much in all.
    pub(super) detail: Option<Detail>,
    pub(super) open: bool,
}

/// What stands below the line of a change.
#[derive(Debug, Default, Serialize)]
pub(super) struct Detail {
    pub(super) reasons: Vec<String>,
    pub(super) refusal: Option<(String, String)>,
    /// What people may do instead of what is refused: what it does and takes, and its steps.
    pub(super) operations: Vec<(String, Vec<String>)>,
    pub(super) fields: Vec<Field>,
    pub(super) made: Vec<(String, String)>,
    pub(super) pending: Vec<(String, String)>,
    pub(super) deposed: Vec<u32>,
}

/// One field that changes.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    pub(super) path: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) impact: String,
    pub(super) way_out: String,
    pub(super) source: String,
    /// The source is an address that a browser may follow.
    pub(super) linked: bool,
}

/// All changes, the gravest first.
pub(super) fn changes(subject: &Subject<'_>) -> Told {
    let mut room = Room { left: FULL, brief: 0 };
    let (outcomes, meanings) = (outcomes(subject), Meanings::by(subject.forecast));
    let mut sections = Vec::new();
    for meaning in Meaning::ALL {
        let mut parts = Vec::new();
        for group in GROUPS {
            let of = |change: &&Change| change.group == group && meanings.of(change) == meaning;
            let changes: Vec<&Change> =
                subject.plan.changes.iter().filter(|change| changed(change)).filter(of).collect();
            if !changes.is_empty() {
                let grave = meaning <= Meaning::Data;
                let most = OPEN.iter().find(|(of, _)| *of == meaning).map_or(usize::MAX, |(_, most)| *most);
                let (open, bulk) = (changes.len() <= most, changes.len() > BULK);
                let entries = changes.iter().map(|change| entry(subject, change, (&outcomes, grave, &mut room)));
                parts.push(Part { name: words::group(group), entries: entries.collect(), open, bulk });
            }
        }
        let count = parts.iter().map(|part| part.entries.len()).sum();
        if count > 0 {
            sections.push(Section {
                title: meaning.title(),
                count,
                grave: meaning <= Meaning::Data,
                class: match meaning {
                    Meaning::Interrupts => "interrupts",
                    Meaning::Data => "data",
                    Meaning::Money | Meaning::Rest => "quiet",
                },
                parts,
            });
        }
    }
    Told { sections, brief: room.brief }
}

/// What became of a resource: in words, with a tone, and in how many seconds of its steps; none where none was started.
#[derive(Clone, Default)]
struct Outcome {
    text: String,
    tone: &'static str,
    took: Option<f64>,
}

/// What became of each resource; nothing where no run has ended.
type Outcomes = BTreeMap<Address, Outcome>;

fn outcomes(subject: &Subject<'_>) -> Outcomes {
    let mut outcomes = Outcomes::new();
    let Some(run) = subject.run.filter(|run| run.end.is_some()) else { return outcomes };
    for (id, step) in subject.forecast.program.steps.iter().enumerate() {
        let track = run.record.tracks.get(&id);
        let fate = track.map(|track| &track.fate);
        let tone = match fate {
            Some(Fate::Done) => "good",
            Some(Fate::Failed(_) | Fate::Blocked(_)) => "bad",
            Some(Fate::Running(_)) | None => "warn",
        };
        // Of a replacement's two steps the one that did not end well counts.
        let slot = outcomes.entry(step.address.clone()).or_insert(Outcome { tone: "good", ..Outcome::default() });
        if slot.tone == "good" {
            (slot.text, slot.tone) = (outcome(fate), tone);
        }
        let took = track.and_then(|track| Some(track.end.unwrap_or(run.record.lasted) - track.start?));
        slot.took = took.map(|took| slot.took.unwrap_or(0.0) + took).or(slot.took);
    }
    outcomes
}

fn entry(subject: &Subject<'_>, change: &Change, (outcomes, grave, room): (&Outcomes, bool, &mut Room)) -> Entry {
    let outlook = subject.forecast.changes.get(&change.address).map(|outlook| f64::from(outlook.estimate.p50));
    let money = &subject.forecast.money;
    let ended = outcomes.get(&change.address).cloned();
    let seconds = ended.as_ref().map_or(outlook, |outcome| outcome.took);
    let Outcome { text: outcome, tone: outcome_tone, .. } = ended.unwrap_or_default();
    let below = Some(detail(change, subject.graph)).filter(|detail| !detail.is_empty());
    // Nothing else on the page says why a change is refused.
    let full = room.left > 0 || change.refusal.is_some();
    room.left = room.left.saturating_sub(1);
    room.brief += usize::from(!full && below.is_some());
    let detail = below.filter(|_| full);
    let (tone, verb) = match ails(change) {
        true => (words::tone(Action::Refused), words::AILING),
        false => (words::tone(change.action), words::verb(change.action)),
    };
    Entry {
        sign: words::sign(change.action),
        tone,
        address: change.address.to_string(),
        name: change.name.clone(),
        verb,
        impact: if noticed(change) { words::level(change.impact) } else { "" },
        duration: seconds.map(words::seconds).unwrap_or_default(),
        cost: dollars::in_column(money, &change.address),
        costs: dollars::of_change(money, &change.address),
        outcome,
        outcome_tone,
        open: grave && detail.is_some(),
        detail,
    }
}

fn detail(change: &Change, graph: &Graph) -> Detail {
    let operations = change.refusal.iter().flat_map(|refusal| &refusal.operations);
    let reasons = change.reasons.iter().filter(|reason| !matches!(reason, Reason::New | Reason::Refused));
    Detail {
        reasons: reasons.map(words::reason).collect(),
        refusal: change.refusal.as_ref().map(|refusal| (told(&refusal.message), told(&refusal.way_out))),
        operations: operations.filter_map(|one| procedure(*one)).collect(),
        fields: change.fields.iter().map(|one| field(change, one)).collect(),
        made: made(change, graph),
        pending: change.pending.iter().map(|(path, value)| (path.clone(), waiting(change, path, value))).collect(),
        deposed: change.deposed.clone(),
    }
}

impl Detail {
    fn is_empty(&self) -> bool {
        self.reasons.is_empty()
            && self.refusal.is_none()
            && self.fields.is_empty()
            && self.made.is_empty()
            && self.pending.is_empty()
            && self.deposed.is_empty()
    }
}

/// What a new resource is made of: the fields that have a value.
fn made(change: &Change, graph: &Graph) -> Vec<(String, String)> {
    let wished = graph.any(&change.address).filter(|_| matches!(change.action, Action::Create | Action::Surge));
    let fields = wished.and_then(|node| node.spec.as_object()).into_iter().flatten();
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    let at = &change.address;
    fields.filter(|(_, value)| !empty(value)).map(|(path, value)| (path.clone(), text((at, path), value))).collect()
}

fn field(change: &Change, field: &FieldChange) -> Field {
    let FieldChange { path, before, after, impact } = field;
    let at = &change.address;
    let (path, before, after) = words::sides((at, path), (&masked(path, before), &masked(path, after)));
    let before = if words::takes_back(change, field) { before + words::NOT_APPLIED } else { before };
    Field {
        path,
        before: short(&before, VALUE),
        after: short(&after, VALUE),
        impact: words::edit(change, field),
        way_out: told(&impact.way_out),
        linked: impact.source.starts_with("https://"),
        source: impact.source.to_string(),
    }
}

/// A pending value, and what becomes of it.
fn waiting(change: &Change, path: &str, value: &Value) -> String {
    text((&change.address, path), value) + words::fate(change, path)
}

/// A value on a line, without what must not be shown.
fn text((at, path): (&Address, &str), value: &Value) -> String {
    short(&words::of_field((at, path), &masked(path, value)), VALUE)
}
