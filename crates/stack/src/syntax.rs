//! Syntax errors in words: the cause without its consequences, and duplicates with both places.

use crate::diagnostics::{At, Problem};
use crate::path::Place;
use crate::tree::{Data, Node};
use toml::de::Error;

/// More errors than this are consequences of the first ones.
const MOST: usize = 10;

/// A file that is not TOML, and what the parser made of it.
pub(crate) struct Broken<'a> {
    /// Index of the file.
    pub(crate) file: usize,
    /// Its text.
    pub(crate) text: &'a str,
    /// What could be read.
    pub(crate) root: &'a Node,
}

/// A problem for each error that is not a consequence of another.
pub(crate) fn explain(broken: &Broken<'_>, errors: &[Error]) -> Vec<Problem> {
    let open = errors.iter().find_map(|error| broken.unclosed(error));
    let inside = |error: &Error| {
        let start = error.span().map_or(0, |span| span.start);
        open.is_some_and(|(from, to)| (from..to).contains(&start))
    };
    let causes = errors.iter().filter(|error| !inside(error)).take(MOST);
    causes.map(|error| broken.problem(error)).collect()
}

impl Broken<'_> {
    /// First and last byte of a list or table that is never closed.
    fn unclosed(&self, error: &Error) -> Option<(usize, usize)> {
        let message = error.message();
        let end = error.span()?.start;
        if !message.starts_with("unclosed array") && !message.starts_with("unclosed inline table") {
            return None;
        }
        Some((opening(self.root, end)?, end))
    }

    fn problem(&self, error: &Error) -> Problem {
        let span = error.span().unwrap_or(self.text.len()..self.text.len());
        let key = self.text.get(span.clone()).unwrap_or_default().trim_matches(['"', '\'']);
        let place = self.visible(span.clone());
        if error.message() == "duplicate key" {
            let problem =
                Problem::error("duplicate", format!("`{key}` is set twice")).mark(At::Place(place), "again here");
            return match earlier(self.root, key, span.start).or_else(|| self.header(key, span.start)) {
                Some(first) => problem.mark(At::Place(first), "first here"),
                None => problem,
            };
        }
        if let Some((open, _)) = self.unclosed(error) {
            let bracket = Place::new(self.file, open..open + 1);
            return Problem::error("syntax", "this bracket is never closed").mark(At::Place(bracket), "opened here");
        }
        let message = error.message().lines().next().unwrap_or("not TOML").to_owned();
        Problem::error("syntax", message).mark(At::Place(place), "here")
    }

    /// The place of a span; what is past the end is shown at the last character.
    fn visible(&self, span: std::ops::Range<usize>) -> Place {
        if span.start < self.text.len() {
            return Place::new(self.file, span);
        }
        let last = self.text.trim_end().char_indices().next_back();
        Place::new(self.file, last.map_or(0..0, |(at, c)| at..at + c.len_utf8()))
    }

    /// The first header of a table of this name before a byte.
    fn header(&self, key: &str, before: usize) -> Option<Place> {
        let at = self.text.find(&format!("[{key}]")).filter(|at| at + 1 < before)?;
        Some(Place::new(self.file, at + 1..at + 1 + key.len()))
    }
}

/// Where the innermost list or inline table begins that reaches to a byte.
fn opening(node: &Node, end: usize) -> Option<usize> {
    let inner = match &node.data {
        Data::Scalar(_) => return None,
        Data::List(items) => items.iter().filter_map(|item| opening(item, end)).max(),
        Data::Table(table) => table.values().filter_map(|item| opening(item, end)).max(),
    };
    let own = (node.place.start < end && node.place.end >= end).then_some(node.place.start);
    inner.max(own)
}

/// The last key of this name before a byte.
fn earlier(node: &Node, key: &str, before: usize) -> Option<Place> {
    match &node.data {
        Data::Scalar(_) => None,
        Data::List(items) => items.iter().filter_map(|item| earlier(item, key, before)).max(),
        Data::Table(table) => {
            let own = table.get(key).and_then(|node| node.key).filter(|place| place.start < before);
            table.values().filter_map(|item| earlier(item, key, before)).chain(own).max()
        }
    }
}
