//! Diagnostics as text: the excerpt of the file with carets, by miette.

use crate::diagnostics::{Diagnostic, Diagnostics, Label, Severity};
use crate::source::Sources;
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, ThemeCharacters, ThemeStyles,
};
use std::fmt;
use std::sync::Arc;

/// More findings than this are counted, not shown: nobody reads them, and a hostile file could have a million.
const MOST_SHOWN: usize = 50;
/// A longer line, in bytes, is not shown: no screen holds it, and miette panics where a caret stands beyond column 65535.
const LONGEST_LINE: usize = 2_000;

/// How a terminal wants its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Whether colours are wanted.
    pub color: bool,
    /// Whether box-drawing characters can be shown.
    pub unicode: bool,
}

impl Style {
    /// No colours, a fixed width: for files and tests.
    #[must_use]
    pub fn plain(width: usize) -> Self {
        Self { width, color: false, unicode: true }
    }

    fn theme(self) -> GraphicalTheme {
        GraphicalTheme {
            characters: if self.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
            styles: if self.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
        }
    }
}

impl Diagnostics {
    /// The findings as text, one after the other.
    #[must_use]
    pub fn render(&self, style: Style) -> String {
        let handler = GraphicalReportHandler::new_themed(style.theme())
            .with_width(style.width)
            .with_links(false)
            .with_context_lines(1)
            .with_break_words(true);
        let mut text = String::new();
        for item in self.items.iter().take(MOST_SHOWN) {
            let report = Report::new(item, &self.sources);
            // Writing to a `String` can't fail, and a finding that can't be drawn is still told.
            if handler.render_report(&mut text, &report).is_err() {
                text.push_str(&item.message);
            }
            text.push('\n');
        }
        if let Some(more) = self.items.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
            text.push_str(&format!("… and {more} more\n"));
        }
        text
    }
}

/// One diagnostic in miette's terms. A miette report shows one file, so labels in other files become related reports.
#[derive(Debug)]
struct Report {
    /// None for a note on another report.
    severity: Option<Severity>,
    /// A rule's code. The names of the stack's own checks tell a reader nothing.
    code: Option<&'static str>,
    message: String,
    help: Option<String>,
    source: Option<NamedSource<Arc<str>>>,
    labels: Vec<LabeledSpan>,
    related: Vec<Report>,
}

impl Report {
    fn new(item: &Diagnostic, sources: &Sources) -> Self {
        let file = item.labels.first().map(|label| label.place.file);
        let (here, elsewhere): (Vec<_>, Vec<_>) = item.labels.iter().partition(|label| Some(label.place.file) == file);
        let source = excerpt(&here, sources);
        Self {
            severity: Some(item.severity),
            code: Some(item.code).filter(|code| code.starts_with(char::is_uppercase)),
            message: told(&item.message, here.first().copied().filter(|_| source.is_none()), sources),
            help: item.help.clone(),
            source,
            labels: here.into_iter().enumerate().map(|(index, label)| span(label, index == 0)).collect(),
            related: elsewhere.into_iter().map(|label| Self::note(label, sources)).collect(),
        }
    }

    /// A place in another file.
    fn note(label: &Label, sources: &Sources) -> Self {
        let name = sources.get(label.place.file).map_or("another file", |source| source.name());
        let source = excerpt(&[label], sources);
        Self {
            severity: None,
            code: None,
            message: told(&format!("and in `{name}`"), Some(label).filter(|_| source.is_none()), sources),
            help: None,
            source,
            labels: vec![span(label, true)],
            related: Vec::new(),
        }
    }
}

/// The file of some places, unless a line that would be shown is too long for it.
fn excerpt(labels: &[&Label], sources: &Sources) -> Option<NamedSource<Arc<str>>> {
    let source = sources.get(labels.first()?.place.file)?;
    let text = source.shown();
    let fits = labels.iter().all(|label| window(&text, label).lines().all(|line| line.len() <= LONGEST_LINE));
    fits.then(|| NamedSource::new(source.name(), text))
}

/// The lines of a place, with one before and one behind.
fn window<'a>(text: &'a str, label: &Label) -> &'a str {
    let (before, behind) = (text.get(..label.place.start), text.get(label.place.end..));
    let start = before.and_then(|part| part.rmatch_indices('\n').nth(1)).map_or(0, |(at, _)| at);
    let end = behind.and_then(|part| part.match_indices('\n').nth(1));
    let end = end.map_or(text.len(), |(at, _)| label.place.end + at);
    text.get(start..end).unwrap_or(text)
}

/// A message, with its place in words where no excerpt shows it.
fn told(message: &str, unseen: Option<&Label>, sources: &Sources) -> String {
    let place = unseen.and_then(|label| {
        let source = sources.get(label.place.file)?;
        let (line, column) = source.line_column(label.place.start);
        Some(format!(" ({}, line {line}, column {column}; the line is too long to show)", source.name()))
    });
    format!("{message}{}", place.unwrap_or_default())
}

fn span(label: &Label, primary: bool) -> LabeledSpan {
    let range = label.place.start..label.place.end;
    let text = Some(label.text.clone()).filter(|text| !text.is_empty());
    if primary { LabeledSpan::new_primary_with_span(text, range) } else { LabeledSpan::new_with_span(text, range) }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Some(Severity::Error) => miette::Severity::Error,
            Some(Severity::Warning) => miette::Severity::Warning,
            None => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(self.related.iter().map(|report| report as &dyn miette::Diagnostic)))
    }
}
