//! A parsed file in which every key and value remembers its place. Overlays are merged on this form, so that spans survive
//! them; afterwards it is flattened to a JSON value and a map from path to place.

use crate::diagnostics::{At, Problem, UNREADABLE};
use crate::path::{Path, Place, Segment};
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Where its key stands; none for list elements and the root.
    pub(crate) key: Option<Place>,
    /// Where the value stands.
    pub(crate) place: Place,
    /// The value.
    pub(crate) data: Data,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    /// Text, number, boolean; dates are texts.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(BTreeMap<String, Node>),
}

impl Node {
    /// The text, if it is one.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The `name` of a table in an array of tables.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.data {
            Data::Table(table) => table.get("name").and_then(Self::as_str),
            _ => None,
        }
    }

    /// A table without entries.
    pub(crate) fn empty(file: usize) -> Self {
        Self { key: None, place: Place::new(file, 0..0), data: Data::Table(BTreeMap::new()) }
    }
}

/// Makes the tree of one file from what the TOML parser read. Numbers that JSON can't hold become problems.
pub(crate) fn from_toml(file: usize, table: &Spanned<DeTable<'_>>, problems: &mut Vec<Problem>) -> Node {
    let mut reader = Reader { file, problems };
    let data = reader.table(table.get_ref());
    // The whole file is no place to point at; its beginning is.
    Node { key: None, place: Place::new(file, 0..0), data }
}

struct Reader<'a> {
    file: usize,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>) -> Data {
        let mut entries = BTreeMap::new();
        for (key, value) in table.iter() {
            let mut node = self.value(value);
            node.key = Some(Place::new(self.file, key.span()));
            entries.insert(key.get_ref().to_string(), node);
        }
        Data::Table(entries)
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>) -> Node {
        let place = Place::new(self.file, value.span());
        let data = match value.get_ref() {
            DeValue::String(text) => Data::Scalar(Value::String(text.to_string())),
            DeValue::Boolean(flag) => Data::Scalar(Value::Bool(*flag)),
            DeValue::Datetime(moment) => Data::Scalar(Value::String(moment.to_string())),
            DeValue::Integer(number) => self.integer(number.as_str(), number.radix(), place),
            DeValue::Float(number) => self.float(number.as_str(), place),
            DeValue::Array(items) => Data::List(items.iter().map(|item| self.value(item)).collect()),
            DeValue::Table(table) => self.table(table),
        };
        Node { key: None, place, data }
    }

    fn integer(&mut self, text: &str, radix: u32, place: Place) -> Data {
        match i64::from_str_radix(text, radix) {
            Ok(number) => Data::Scalar(Value::Number(number.into())),
            Err(_) => self.refuse("this number is too large", place),
        }
    }

    /// A float without a fraction becomes an integer: `2.0` is as good as `2` where a whole number is expected.
    fn float(&mut self, text: &str, place: Place) -> Data {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number: f64 = text.parse().unwrap_or(f64::NAN);
        if number.fract() == 0.0 && number.abs() < EXACT {
            return Data::Scalar(format!("{number:.0}").parse::<i64>().map_or(Value::Null, Value::from));
        }
        match Number::from_f64(number) {
            Some(number) => Data::Scalar(Value::Number(number)),
            None => self.refuse("`inf` and `nan` are no values here", place),
        }
    }

    fn refuse(&mut self, what: &str, place: Place) -> Data {
        self.problems.push(Problem::error(UNREADABLE, what).mark(At::Place(place), "here"));
        Data::Scalar(Value::Number(0.into()))
    }
}

/// Places of the key and of the value at one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spans {
    /// Where the key stands; none for list elements.
    pub key: Option<Place>,
    /// Where the value stands.
    pub value: Place,
}

/// For every path that a file sets: where. What is not in it has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpanMap(BTreeMap<Path, Spans>);

impl SpanMap {
    /// The places of exactly this path; `None` when no file sets it.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<Spans> {
        self.0.get(path).copied()
    }

    /// The places of this path or of the nearest enclosing one that a file sets.
    #[must_use]
    pub fn nearest(&self, path: &Path) -> Option<Spans> {
        let mut at = Some(path.clone());
        while let Some(here) = at {
            if let Some(spans) = self.get(&here) {
                return Some(spans);
            }
            at = here.parent();
        }
        None
    }

    /// All paths that a file sets, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, Spans)> {
        self.0.iter().map(|(path, spans)| (path, *spans))
    }
}

/// Splits the merged tree into the plain value and the places.
pub(crate) fn flatten(root: &Node) -> (Value, SpanMap) {
    let mut spans = SpanMap::default();
    let value = flatten_into(root, &Path::root(), &mut spans);
    (value, spans)
}

fn flatten_into(node: &Node, path: &Path, spans: &mut SpanMap) -> Value {
    spans.0.insert(path.clone(), Spans { key: node.key, value: node.place });
    match &node.data {
        Data::Scalar(value) => value.clone(),
        Data::List(items) => {
            let flat = |(index, item)| flatten_into(item, &path.with(Segment::Item(index)), spans);
            Value::Array(items.iter().enumerate().map(flat).collect())
        }
        Data::Table(table) => {
            let mut entries = Map::new();
            for (key, item) in table {
                entries.insert(key.clone(), flatten_into(item, &path.key(key.clone()), spans));
            }
            Value::Object(entries)
        }
    }
}
