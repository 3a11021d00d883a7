//! The merged file against the schema: every mistake at once, each in words and with a way out.

use crate::diagnostics::{At, Problem};
use crate::path::{Path, Segment};
use crate::{schema, suggest};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::LocationSegment;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

/// Longest given value that is repeated in a message, in characters.
const LONGEST_ECHO: usize = 60;

/// More words than this don't fit beside the line.
const MOST_IN_LABEL: usize = 8;

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
    let mut verdict = Verdict::default();
    let Ok(validator) = Validator::new(schema) else {
        verdict.problems.push(Problem::error("schema", "the schema of the stack file is unusable"));
        return verdict;
    };
    for error in validator.iter_errors(file) {
        explain(&error, schema, &mut verdict);
    }
    verdict
}

fn explain(error: &ValidationError<'_>, schema: &Value, verdict: &mut Verdict) {
    let path = path_of(error);
    let here = schema::at(schema, &path).unwrap_or(&Value::Null);
    match &error.kind {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for key in unexpected {
                verdict.problems.push(unknown_key(&path, key, here, schema));
                verdict.bad.push(path.key(key.clone()));
            }
            return;
        }
        ValidationErrorKind::Required { property } => {
            verdict.problems.push(missing(&path, property, here));
            return;
        }
        ValidationErrorKind::Type { kind } => verdict.problems.push(wrong_kind(&path, kind, &error.instance)),
        ValidationErrorKind::Enum { options } => verdict.problems.push(not_listed(&path, options, &error.instance)),
        ValidationErrorKind::Minimum { .. } | ValidationErrorKind::Maximum { .. } => {
            verdict.problems.push(out_of_range(&path, here, &error.instance));
        }
        ValidationErrorKind::MinItems { limit } => {
            let message = format!("`{path}` needs at least {limit} {}", if *limit == 1 { "entry" } else { "entries" });
            verdict.problems.push(Problem::error("range", message).at(&path, "too few"));
        }
        _ => {
            let problem = Problem::error("schema", format!("`{path}` is not valid: {}", error.masked()));
            verdict.problems.push(problem.at(&path, "here"));
        }
    }
    verdict.bad.push(path);
}

fn path_of(error: &ValidationError<'_>) -> Path {
    error.instance_path.into_iter().fold(Path::root(), |path, segment| match segment {
        LocationSegment::Property(key) => path.with(Segment::Key(key.into_owned())),
        LocationSegment::Index(index) => path.item(index),
    })
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

fn missing(table: &Path, property: &Value, here: &Value) -> Problem {
    let key = property.as_str().unwrap_or_default();
    let path = table.key(key);
    let about = here.get("properties").and_then(|properties| properties.get(key)).and_then(schema::first_sentence);
    let problem = Problem::error("missing", format!("`{path}` is missing"))
        .mark(At::Key(table.clone()), format!("needs `{key}`"));
    match about {
        Some(about) => problem.help(about),
        None => problem,
    }
}

fn wrong_kind(path: &Path, kind: &TypeKind, given: &Value) -> Problem {
    let wanted = match kind {
        TypeKind::Single(kind) => kind_words(&kind.to_string()).to_owned(),
        // The only such place: the value of a parameter.
        TypeKind::Multiple(_) => "a text, a number, or true or false".to_owned(),
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

fn not_listed(path: &Path, options: &Value, given: &Value) -> Problem {
    let words: Vec<_> = options.as_array().into_iter().flatten().map(plain).collect();
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
