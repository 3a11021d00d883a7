//! What is wrong with a stack file, and how it is shown: one sentence, the lines with carets, and a way out.
//!
//! Checks speak in paths ([`Problem`]); paths become places when the map of spans is known ([`Diagnostic`]). The texts of the
//! files that are shown are masked: no excerpt, message or help ever repeats what looks like a secret.

use crate::path::{Path, Place};
use crate::source::Sources;
use crate::tree::SpanMap;
use std::fmt;
use std::sync::Arc;

/// Code of problems about values that TOML has and the stack file can't hold.
pub(crate) const UNREADABLE: &str = "value";

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The stack can't be used.
    Error,
    /// The stack can be used; somebody should look.
    Warning,
}

/// Where a problem is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// At the key of a path.
    Key(Path),
    /// At the value of a path, or where the nearest enclosing table stands if no file sets it.
    Value(Path),
    /// At a byte of the text that a path has as its value.
    Within(Path, usize),
    /// At bytes of a file.
    Place(Place),
}

/// One thing that is wrong, found by a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Short stable name of the check, for example `cidr`.
    pub code: &'static str,
    /// One sentence, lower case, no period.
    pub message: String,
    /// Where, the main place first, each with a few words.
    pub marks: Vec<(At, String)>,
    /// A way out.
    pub help: Option<String>,
}

impl Problem {
    /// A problem that makes the stack unusable.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, message: message.into(), marks: Vec::new(), help: None }
    }

    /// A problem that somebody should look at.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Adds a place; the first one is the main one.
    #[must_use]
    pub fn mark(mut self, at: At, words: impl Into<String>) -> Self {
        self.marks.push((at, words.into()));
        self
    }

    /// Adds the value of a path as a place.
    #[must_use]
    pub fn at(self, path: &Path, words: impl Into<String>) -> Self {
        self.mark(At::Value(path.clone()), words)
    }

    /// Adds a way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The paths it is about.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.marks.iter().filter_map(|(at, _)| match at {
            At::Key(path) | At::Value(path) | At::Within(path, _) => Some(path),
            At::Place(_) => None,
        })
    }
}

/// A place with a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What is there.
    pub text: String,
}

/// One thing that is wrong, with its places in the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Short stable name of the check.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// Where, the main place first.
    pub labels: Vec<Label>,
    /// A way out.
    pub help: Option<String>,
}

/// Everything that is wrong with a stack file, and the texts to show it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    /// The findings, errors first.
    pub items: Vec<Diagnostic>,
    /// The files, masked.
    pub sources: Arc<Sources>,
}

impl std::error::Error for Diagnostics {}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.sources.get(0).map_or("the stack file", |source| source.name());
        let errors = self.errors().count();
        write!(f, "{file} has {errors} error{}", if errors == 1 { "" } else { "s" })
    }
}

impl Diagnostics {
    /// Turns problems into diagnostics: paths become places, secrets are taken out, errors come first in the order of the
    /// file.
    pub(crate) fn new(problems: Vec<Problem>, spans: &SpanMap, sources: Arc<Sources>) -> Self {
        let mut items: Vec<_> = problems.into_iter().map(|problem| place(problem, spans, &sources)).collect();
        let unreadable: Vec<_> = items.iter().filter(|item| item.code == UNREADABLE).filter_map(main_place).collect();
        // A number that could not be read is a zero to the checks that follow; what they say of it is noise.
        items.retain(|item| {
            item.code == UNREADABLE || main_place(item).is_none_or(|place| !unreadable.contains(&place))
        });
        items.sort_by_key(|item| (item.severity, main_place(item)));
        items.dedup();
        Self { items, sources }
    }

    /// Those that make the stack unusable.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items.iter().filter(|item| item.severity == Severity::Error)
    }

    /// Whether anything makes the stack unusable.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// File name, line and column (both from 1, columns in characters) of a place.
    #[must_use]
    pub fn locate(&self, place: Place) -> Option<(&str, usize, usize)> {
        let source = self.sources.get(place.file)?;
        let (line, column) = source.line_column(place.start);
        Some((source.name(), line, column))
    }
}

fn main_place(item: &Diagnostic) -> Option<Place> {
    item.labels.first().map(|label| label.place)
}

fn place(problem: Problem, spans: &SpanMap, sources: &Sources) -> Diagnostic {
    let resolve =
        |(at, text): (At, String)| Some(Label { place: resolve(&at, spans, sources)?, text: sources.scrub(&text) });
    Diagnostic {
        severity: problem.severity,
        code: problem.code,
        message: sources.scrub(&problem.message),
        labels: problem.marks.into_iter().filter_map(resolve).collect(),
        help: problem.help.map(|help| sources.scrub(&help)),
    }
}

fn resolve(at: &At, spans: &SpanMap, sources: &Sources) -> Option<Place> {
    let enclosing = |path: &Path| spans.nearest(path).map(|spans| spans.key.unwrap_or(spans.value));
    match at {
        At::Place(place) => Some(*place),
        At::Key(path) => enclosing(path),
        At::Value(path) => spans.get(path).map(|spans| spans.value).or_else(|| enclosing(path)),
        At::Within(path, offset) => {
            let whole = spans.get(path)?.value;
            Some(sources.within(whole, *offset).unwrap_or(whole))
        }
    }
}
