//! The merged file against the schema: every mistake at once, each in words and with a way out.
//!
//! The schema is ours and small, so it is read here directly. A general validator parses the meta-schemas of all drafts first,
//! which takes a tenth of a second; in the tests one of them judges the same files and must agree.

use crate::diagnostics::{At, Problem};
use crate::path::{Path, Segment};
use crate::{schema, suggest};
use serde_json::{Map, Value};

/// Longest given value that is repeated in a message, in characters.
const LONGEST_ECHO: usize = 60;
/// More words than this don't fit beside the line.
const MOST_IN_LABEL: usize = 8;

/// To so many unknown keys a way out is looked for: a file with fifty thousand is not a stack file, and the search takes
/// its time.
const MOST_SUGGESTED: usize = 200;

/// The keywords that [`validate`] knows; the schema has no others (a test sees to it).
#[cfg(test)]
pub(crate) const KEYWORDS: [&str; 13] = [
    "$schema",
    "title",
    "description",
    "default",
    "type",
    "enum",
    "minimum",
    "maximum",
    "minItems",
    "items",
    "properties",
    "required",
    "additionalProperties",
];

/// What the schema says about a file.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// The mistakes.
    pub(crate) problems: Vec<Problem>,
    /// Paths without which the file would meet the schema, unless something is missing.
    pub(crate) bad: Vec<Path>,
}

/// Checks a merged file.
pub(crate) fn validate(file: &Value, schema: &Value) -> Verdict {
    let mut judge = Judge { schema, verdict: Verdict::default() };
    judge.value(file, schema, &Path::root());
    judge.verdict
}

struct Judge<'a> {
    /// The schema of the whole file, for suggestions.
    schema: &'a Value,
    verdict: Verdict,
}

impl Judge<'_> {
    fn value(&mut self, value: &Value, here: &Value, path: &Path) {
        let kinds = kinds(here);
        if !kinds.is_empty() && !kinds.iter().any(|kind| is_kind(value, kind)) {
            return self.refuse(wrong_kind(path, &kinds, value), path);
        }
        if let Some(words) = here.get("enum").and_then(Value::as_array)
            && !words.contains(value)
        {
            return self.refuse(not_listed(path, words, value), path);
        }
        match value {
            Value::Number(number) if !in_range(number.as_f64(), here) => {
                self.refuse(out_of_range(path, here, value), path)
            }
            Value::Array(items) => self.list(items, here, path),
            Value::Object(table) => self.table(table, here, path),
            _ => {}
        }
    }

    fn list(&mut self, items: &[Value], here: &Value, path: &Path) {
        let least = here.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        if u64::try_from(items.len()).is_ok_and(|count| count < least) {
            let message = format!("`{path}` needs at least {least} {}", if least == 1 { "entry" } else { "entries" });
            self.refuse(Problem::error("range", message).at(path, "too few"), path);
        }
        if let Some(inner) = here.get("items") {
            items.iter().enumerate().for_each(|(index, item)| self.value(item, inner, &path.item(index)));
        }
    }

    fn table(&mut self, table: &Map<String, Value>, here: &Value, path: &Path) {
        for (key, value) in table {
            let below = path.key(key.clone());
            let known = here.get("properties").and_then(|properties| properties.get(key));
            match known.or_else(|| here.get("additionalProperties")) {
                Some(Value::Bool(false)) => {
                    let many = self.verdict.bad.len() >= MOST_SUGGESTED;
                    let (here, whole) = if many { (&Value::Null, &Value::Null) } else { (here, self.schema) };
                    self.refuse(unknown_key(path, key, here, whole), &below);
                }
                Some(inner) => self.value(value, inner, &below),
                None => {}
            }
        }
        for key in here.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(key) {
                self.verdict.problems.push(missing(path, key, here));
            }
        }
    }

    fn refuse(&mut self, problem: Problem, path: &Path) {
        self.verdict.problems.push(problem);
        self.verdict.bad.push(path.clone());
    }
}

/// The kinds of value that a schema takes; none means all.
fn kinds(here: &Value) -> Vec<&str> {
    match here.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_kind(value: &Value, kind: &str) -> bool {
    match kind {
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn in_range(number: Option<f64>, here: &Value) -> bool {
    let bound = |key: &str| here.get(key).and_then(Value::as_f64);
    let Some(number) = number else { return false };
    bound("minimum").is_none_or(|least| number >= least) && bound("maximum").is_none_or(|most| number <= most)
}

fn unknown_key(table: &Path, key: &str, here: &Value, schema: &Value) -> Problem {
    let path = table.key(key);
    let known = schema::known_keys(here);
    let problem =
        Problem::error("unknown-key", format!("there is no setting `{path}`")).mark(At::Key(path.clone()), "not known");
    if let Some(near) = suggest::nearest(key, known.iter().copied()) {
        return problem.help(format!("did you mean `{}`?", table.key(near)));
    }
    match schema::places_of(schema, key).as_slice() {
        [] if known.is_empty() => problem,
        [] => problem.help(format!("known here: {}", known.join(", "))),
        elsewhere => {
            let places: Vec<_> = elsewhere.iter().map(Path::to_string).collect();
            problem.help(format!("it belongs elsewhere: {}", suggest::one_of(&places)))
        }
    }
}

fn missing(table: &Path, key: &str, here: &Value) -> Problem {
    let path = table.key(key);
    let about = here.get("properties").and_then(|properties| properties.get(key)).and_then(schema::first_sentence);
    let problem = Problem::error("missing", format!("`{path}` is missing"))
        .mark(At::Key(table.clone()), format!("needs `{key}`"));
    match about {
        Some(about) => problem.help(about),
        None => problem,
    }
}

fn wrong_kind(path: &Path, kinds: &[&str], given: &Value) -> Problem {
    let wanted = match kinds {
        [kind] => kind_words(kind).to_owned(),
        // The only such place: the value of a parameter.
        _ => "a text, a number, or true or false".to_owned(),
    };
    let found = match given {
        Value::String(_) => format!("the text {}", echo(given)),
        Value::Number(_) => format!("the number {}", echo(given)),
        Value::Bool(_) => format!("`{}`", echo(given)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
        Value::Null => "nothing".to_owned(),
    };
    let problem =
        Problem::error("kind", format!("`{path}` takes {wanted}, not {found}")).at(path, format!("expected {wanted}"));
    match kind_hint(path, &wanted, given) {
        Some(hint) => problem.help(hint),
        None => problem,
    }
}

/// The usual slips: a number in quotes, `"yes"`, and a dotted parameter name that TOML reads as tables.
fn kind_hint(path: &Path, wanted: &str, given: &Value) -> Option<String> {
    if let (Value::Object(table), true) = (given, path.to_string().starts_with("params.")) {
        let inner = table.keys().next()?;
        let name = format!("{}.{inner}", path.last_key()?);
        return Some(format!("TOML reads dots as tables: write the name in quotes, `\"{name}\" = …`"));
    }
    if wanted == "a text" && given.is_number() {
        return Some("write it in quotes".to_owned());
    }
    let text = given.as_str()?.trim();
    match wanted {
        "a whole number" | "a number" if text.parse::<f64>().is_ok_and(f64::is_finite) => {
            Some(format!("write it without quotes: {text}"))
        }
        "true or false" => match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "true" | "1" => Some("write `true`, without quotes".to_owned()),
            "no" | "off" | "false" | "0" => Some("write `false`, without quotes".to_owned()),
            _ => None,
        },
        "a list" => Some(format!("write it in brackets: [{}]", echo(given))),
        _ => None,
    }
}

fn not_listed(path: &Path, options: &[Value], given: &Value) -> Problem {
    let words: Vec<_> = options.iter().map(plain).collect();
    let problem = Problem::error("word", format!("`{path}` can't be {}", echo(given)));
    if words.len() > MOST_IN_LABEL {
        return problem.at(path, "not one of the possible values").help(format!("one of {}", words.join(", ")));
    }
    let problem = problem.at(path, format!("expected {}", suggest::one_of(&words)));
    match given.as_str().and_then(|text| suggest::nearest(text, words.iter().map(String::as_str))) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    }
}

fn out_of_range(path: &Path, here: &Value, given: &Value) -> Problem {
    let bound = |key: &str| here.get(key).map(plain);
    let range = match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("{least} or more"),
        (None, Some(most)) => format!("{most} or less"),
        (None, None) => "another value".to_owned(),
    };
    Problem::error("range", format!("`{path}` is {}, outside of {range}", echo(given)))
        .at(path, format!("allowed: {range}"))
}

/// A number or word without quotes; whole numbers without a fraction.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => {
            let text = number.to_string();
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        }
        other => other.to_string(),
    }
}

/// The given value as TOML would have it, shortened.
pub(crate) fn echo(given: &Value) -> String {
    let text = match given {
        Value::Array(_) | Value::Object(_) | Value::Null => return String::new(),
        Value::String(text) => Value::String(text.clone()).to_string(),
        other => plain(other),
    };
    if text.chars().count() <= LONGEST_ECHO {
        return text;
    }
    text.chars().take(LONGEST_ECHO).chain("…".chars()).collect()
}

fn kind_words(kind: &str) -> &str {
    match kind {
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a text",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a table",
        other => other,
    }
}

/// Removes values from a file, so that the rest can be checked too. A list goes as a whole: without one element, the others
/// would have other indices.
pub(crate) fn prune(file: &mut Value, bad: &[Path]) {
    for path in bad {
        let mut steps = path.segments();
        while let Some((last, rest)) = steps.split_last() {
            if let Segment::Key(key) = last {
                if let Some(Value::Object(table)) = follow(file, rest) {
                    table.remove(key);
                }
                break;
            }
            steps = rest;
        }
    }
}

fn follow<'a>(file: &'a mut Value, steps: &[Segment]) -> Option<&'a mut Value> {
    steps.iter().try_fold(file, |here, segment| match segment {
        Segment::Key(key) => here.get_mut(key),
        Segment::Item(index) => here.get_mut(index),
    })
}
