//! What the random lives have hit, counted.

use super::judge::serves_data;
use super::life::{Planned, Wish};
use crate::impact::Field;
use auroractl_core::plan::{Action, RefusalClass};
use auroractl_core::{Address, Observed, State};
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What was hit, over all lives.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) fields: BTreeMap<(String, String), [usize; 4]>,
    pub(super) kinds: BTreeMap<String, BTreeMap<&'static str, usize>>,
    pub(super) counts: BTreeMap<&'static str, usize>,
}

/// Ways in which a field is hit: by the file, by a wish that no file can say, by others at AWS; and one of these refused.
pub(super) const WAYS: [&str; 4] = ["file", "wish", "drift", "refused"];

impl Tally {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn field(&mut self, kind: &str, field: &str, way: &str) {
        let index = WAYS.iter().position(|one| *one == way).unwrap();
        self.fields.entry((kind.to_owned(), field.to_owned())).or_default()[index] += 1;
    }

    fn kind(&mut self, kind: &str, what: &'static str) {
        *self.kinds.entry(kind.to_owned()).or_default().entry(what).or_default() += 1;
    }

    /// Counts what a run hit. `written` keeps the promises of a spec that the state can keep.
    pub(super) fn run(
        &mut self,
        state: &State,
        (wish, planned): (&Wish, &Planned),
        written: &dyn Fn(&Address, &Value) -> Value,
    ) {
        for change in &planned.plan.changes {
            let (at, kind) = (&change.address, change.address.kind());
            match change.refusal.as_ref().map(|refusal| refusal.class) {
                Some(RefusalClass::DataBearing) => self.count("refused: holds data"),
                Some(RefusalClass::Protected) => self.count("refused: protected"),
                Some(RefusalClass::Conflict) => self.count("refused: somebody else's"),
                Some(RefusalClass::Vanished) => self.count("refused: vanished"),
                Some(RefusalClass::Unknown) => self.count("refused: not seen"),
                None => {}
            }
            if !serves_data(kind) {
                continue;
            }
            let in_doubt = state.intents.iter().any(|intent| intent.address == *at && intent.attempted);
            if in_doubt {
                self.kind(kind, "in doubt");
            }
            let Some(record) = state.resources.get(at) else { continue };
            match change.action {
                Action::Refused => self.kind(kind, "refused"),
                Action::Delete => self.kind(kind, "deleted"),
                Action::Replace => self.kind(kind, "replaced"),
                Action::Forget => self.kind(kind, "forgotten"),
                Action::Update | Action::Restart => self.kind(kind, "edited"),
                _ => {}
            }
            let live = planned.observed.get(at).and_then(Observed::live);
            let Some(node) = wish.graph.node(at) else {
                self.kind(kind, "removed");
                continue;
            };
            let (wanted, applied) = (written(at, &node.spec), written(at, &record.applied));
            for field in super::fields().iter().filter(|(of, _)| of == kind).map(|(_, field)| field) {
                let (new, sent) = (&wanted[field.as_str()], &applied[field.as_str()]);
                let hit = new != sent;
                if hit {
                    let beside = wish.edited.contains(&(at.clone(), field.clone()));
                    self.field(kind, field, if beside { "wish" } else { "file" });
                }
                let drifted = live.is_some_and(|live| live.spec[field.as_str()] != *sent);
                if drifted {
                    self.field(kind, field, "drift");
                }
                let stuck = change.fields.iter().any(|one| one.path.split('.').next() == Some(field));
                if change.action == Action::Refused && stuck {
                    self.field(kind, field, "refused");
                }
            }
        }
    }

    /// All of it, as tables.
    pub(super) fn told(&self) -> String {
        let table = |head: Vec<String>, rows: Vec<Vec<String>>| {
            let mut table = Table::new();
            table.load_style(ASCII_MARKDOWN).set_header(head).add_rows(rows);
            table.to_string()
        };
        let row = |(kind, field): &Field| {
            let counts = self.fields.get(&(kind.clone(), field.clone())).copied().unwrap_or_default();
            [kind.clone(), field.clone()].into_iter().chain(counts.map(|count| count.to_string())).collect()
        };
        let head = ["kind", "field"].into_iter().chain(WAYS).map(str::to_owned).collect();
        let fields = table(head, super::fields().iter().map(row).collect());
        let ways: BTreeSet<&str> = self.kinds.values().flat_map(|counts| counts.keys().copied()).collect();
        let row = |(kind, counts): (&String, &BTreeMap<&'static str, usize>)| {
            let cells = ways.iter().map(|way| counts.get(way).copied().unwrap_or_default().to_string());
            std::iter::once(kind.clone()).chain(cells).collect()
        };
        let head = std::iter::once("kind").chain(ways.iter().copied()).map(str::to_owned).collect();
        let kinds = table(head, self.kinds.iter().map(row).collect());
        let counts: Vec<String> = self.counts.iter().map(|(what, count)| format!("{what}: {count}")).collect();
        format!("{fields}\n\n{kinds}\n\n{}", counts.join("\n"))
    }
}
