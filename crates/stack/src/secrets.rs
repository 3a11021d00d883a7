//! No secret has a place in a stack file: what looks like one is refused, and never repeated.
//!
//! Two nets. The text of a file is masked line by line before anything can quote it, because a file with a syntax error has
//! no tree. Once there is a tree, keys that are named like secrets and values that are shaped like credentials become
//! problems, and their values are masked and taken out of every message.

use crate::diagnostics::{At, Problem};
use crate::path::{Path, Place};
use crate::tree::{Data, Node};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Last words of keys that name a secret.
const SECRET_WORDS: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secret_key",
    "access_key",
    "access_key_id",
    "private_key",
    "api_key",
    "apikey",
    "token",
    "credentials",
];
/// Prefixes of long-term and temporary AWS access key ids; 16 capitals and digits follow.
const KEY_ID_PREFIXES: [&str; 2] = ["AKIA", "ASIA"];
const KEY_ID_TAIL: usize = 16;
const PRIVATE_KEY: &str = "a private key";
/// Stands for a text that is not shown.
const HIDDEN: &str = "(hidden)";
const PEM_BEGIN: &str = "-----BEGIN";
const PEM_END: &str = "-----END";
/// Shorter texts are not taken out of messages: the message would lose common letters and tell what was hidden.
const SHORTEST_SCRUBBED: usize = 4;

/// What the search for secrets found in one tree.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// One problem for each.
    pub(crate) problems: Vec<Problem>,
    /// Paths whose values must not be shown.
    pub(crate) paths: Vec<Path>,
    /// Bytes that must not be shown.
    pub(crate) places: Vec<Place>,
    /// Texts that must not be shown.
    pub(crate) texts: Vec<String>,
}

/// Looks for secrets in a tree.
pub(crate) fn find(root: &Node) -> Found {
    let mut found = Found::default();
    walk(root, &Path::root(), &mut found);
    found
}

fn walk(node: &Node, path: &Path, found: &mut Found) {
    match &node.data {
        Data::Scalar(Value::String(text)) => {
            if let Some(what) = credential(text) {
                found.problems.push(shaped(what, path, node.place));
                hide(node, path, found);
            }
        }
        Data::Scalar(_) => {}
        Data::List(items) => items.iter().enumerate().for_each(|(index, item)| walk(item, &path.item(index), found)),
        Data::Table(table) => {
            for (key, item) in table {
                let path = path.key(key.clone());
                if is_secret_key(key) {
                    found.problems.push(named(&path, item.key.unwrap_or(item.place)));
                    hide(item, &path, found);
                } else {
                    walk(item, &path, found);
                }
            }
        }
    }
}

fn named(path: &Path, place: Place) -> Problem {
    Problem::error("secret", format!("`{path}` is named like a secret, and a stack file holds none"))
        .mark(At::Place(place), "the value is not shown")
        .help(
            "delete the line: RDS makes the master password, keeps it in Secrets Manager and rotates it. If the value was a \
             real secret, replace it now",
        )
}

fn shaped(what: &str, path: &Path, place: Place) -> Problem {
    Problem::error("secret", format!("`{path}` holds {what}, and a stack file holds no secret"))
        .mark(At::Place(place), "the value is not shown")
        .help("delete it, and replace it where it is in use: it has been in a file")
}

/// Hides all values at and under a node.
fn hide(node: &Node, path: &Path, found: &mut Found) {
    found.paths.push(path.clone());
    hide_values(node, found);
}

fn hide_values(node: &Node, found: &mut Found) {
    match &node.data {
        Data::Scalar(value) => {
            found.places.push(node.place);
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            if text.len() >= SHORTEST_SCRUBBED {
                found.texts.push(text);
            }
        }
        Data::List(items) => items.iter().for_each(|item| hide_values(item, found)),
        Data::Table(table) => table.values().for_each(|item| hide_values(item, found)),
    }
}

/// Whether a key is named like a secret. Parameters such as `password_encryption` are not.
fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    SECRET_WORDS.iter().any(|word| key.ends_with(word))
}

/// A value as a view may show it. Nothing here holds a secret that it should: this is for what somebody else put into a
/// tag or a parameter. Texts under keys that are named like a secret are hidden, and in every other text what is shaped
/// like a credential; what could drive a terminal or turn a line around is replaced.
#[must_use]
pub fn masked(path: &str, value: &Value) -> Value {
    let named = path.rsplit('.').next().is_some_and(is_secret_key);
    match value {
        Value::String(text) if named || credential(text) == Some(PRIVATE_KEY) => Value::String(HIDDEN.to_owned()),
        Value::String(text) => {
            let mut masked = String::with_capacity(text.len());
            mask_shapes(text, &mut masked);
            Value::String(masked)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| masked(path, item)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(key, item)| (key.clone(), masked(key, item))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// What kind of credential a text is shaped like.
fn credential(text: &str) -> Option<&'static str> {
    if key_id(text).is_some() {
        return Some("an AWS access key id");
    }
    if text.contains(PEM_BEGIN) && text.contains("PRIVATE KEY") {
        return Some(PRIVATE_KEY);
    }
    user_info(text).map(|_| "a URL with a password")
}

/// The bytes of the first AWS access key id in a text.
fn key_id(text: &str) -> Option<std::ops::Range<usize>> {
    let starts = KEY_ID_PREFIXES.iter().flat_map(|prefix| text.match_indices(prefix));
    let tail = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    starts
        .filter_map(|(start, prefix)| {
            let end = start + prefix.len() + KEY_ID_TAIL;
            let rest = text.as_bytes().get(start + prefix.len()..end)?;
            rest.iter().all(tail).then_some(start..end)
        })
        .min_by_key(|range| range.start)
}

/// The bytes of the password in the first `scheme://user:password@host` of a text.
fn user_info(text: &str) -> Option<std::ops::Range<usize>> {
    for (start, _) in text.match_indices("://") {
        let authority_at = start + 3;
        let rest = text.get(authority_at..)?;
        let authority = rest.split(['/', '?', '#', '"', '\'', ' ', '\n']).next().unwrap_or_default();
        let Some((user, _)) = authority.rsplit_once('@') else { continue };
        if let Some((name, _)) = user.split_once(':') {
            return Some(authority_at + name.len() + 1..authority_at + user.len());
        }
    }
    None
}

/// The text of a file as it may be shown: same length in bytes, with everything that looks like a secret replaced by
/// `*` and control characters (which could drive a terminal) by `?`.
pub(crate) fn mask_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut state = Masking::default();
    for line in text.split_inclusive('\n') {
        state.line(line, &mut shown);
    }
    shown
}

/// Replaces byte ranges of a text by `*`, keeping its length and line breaks.
pub(crate) fn mask_places(text: &str, places: &[std::ops::Range<usize>]) -> String {
    let mut places: Vec<_> = places.iter().collect();
    places.sort_unstable_by_key(|place| place.start);
    let (mut next, mut end) = (places.into_iter().peekable(), 0);
    let mut shown = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        while let Some(place) = next.next_if(|place| place.start <= at) {
            end = end.max(place.end);
        }
        push(c, at < end, &mut shown);
    }
    shown
}

/// Texts that must not be shown. One pass over a text finds all of them, however many they are: by their first bytes,
/// then by length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hidden(BTreeMap<[u8; SHORTEST_SCRUBBED], BTreeMap<usize, BTreeSet<String>>>);

impl Hidden {
    /// Adds texts; shorter ones than [`SHORTEST_SCRUBBED`] are left out.
    pub(crate) fn extend(&mut self, texts: Vec<String>) {
        for text in texts {
            let Some(start) = text.as_bytes().first_chunk() else { continue };
            self.0.entry(*start).or_default().entry(text.len()).or_default().insert(text);
        }
    }

    /// Where they stand in a text: the longest at each place, none within another.
    pub(crate) fn find(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let (mut found, mut from) = (Vec::new(), 0);
        for (at, start) in text.as_bytes().windows(SHORTEST_SCRUBBED).enumerate() {
            let Some(lengths) = start.first_chunk().filter(|_| at >= from).and_then(|start| self.0.get(start)) else {
                continue;
            };
            let here = |(length, texts): (&usize, &BTreeSet<String>)| {
                text.get(at..at + length).is_some_and(|part| texts.contains(part)).then_some(at + length)
            };
            if let Some(end) = lengths.iter().rev().find_map(here) {
                found.push(at..end);
                from = end;
            }
        }
        found
    }
}

/// What a masked line leaves open for the next one.
#[derive(Default)]
struct Masking {
    /// The delimiter that ends a secret multi-line string.
    until: Option<&'static str>,
    /// The lines belong to a table that is named like a secret.
    table: bool,
}

impl Masking {
    fn line(&mut self, line: &str, shown: &mut String) {
        if let Some(end) = self.until {
            let close = line.find(end).map(|at| at + end.len());
            if close.is_some() {
                self.until = None;
            }
            push_split(line, 0..close.unwrap_or(line.len()), shown);
            return;
        }
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            let header = trimmed.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            self.table = header.rsplit('.').any(|word| is_secret_key(word.trim_matches('"')));
        }
        let from = if self.table && !trimmed.starts_with('[') { Some(0) } else { self.secret_from(line) };
        match from.or_else(|| pem(line, &mut self.until)) {
            Some(from) => push_split(line, from..line.len(), shown),
            None => mask_shapes(line, shown),
        }
    }

    /// Where the value of a key begins that is named like a secret; remembers a string that goes on.
    fn secret_from(&mut self, line: &str) -> Option<usize> {
        let separators = line.match_indices(['=', ':']);
        let (at, _) = separators.into_iter().find(|(at, _)| {
            let before = line.get(..*at).unwrap_or_default().trim_end();
            let word = before.rsplit(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '"' | '\'')).next();
            word.is_some_and(|word| is_secret_key(word.trim_matches(['"', '\''])))
        })?;
        let value = line.get(at + 1..).unwrap_or_default();
        for delimiter in ["\"\"\"", "'''"] {
            if value.matches(delimiter).count() == 1 {
                self.until = Some(delimiter);
            }
        }
        Some(at + 1)
    }
}

/// Where a private key begins on a line; remembers that it goes on.
fn pem(line: &str, until: &mut Option<&'static str>) -> Option<usize> {
    let at = line.find(PEM_BEGIN)?;
    if !line.contains("PRIVATE KEY") {
        return None;
    }
    if !line.contains(PEM_END) {
        *until = Some(PEM_END);
    }
    Some(at)
}

/// Masks access key ids and passwords in URLs within a line.
fn mask_shapes(line: &str, shown: &mut String) {
    let mut rest = line;
    while let Some(range) = key_id(rest).into_iter().chain(user_info(rest)).min_by_key(|range| range.start) {
        let end = range.end.max(1);
        push_split(rest.get(..end).unwrap_or_default(), range, shown);
        rest = rest.get(end..).unwrap_or_default();
    }
    push_split(rest, 0..0, shown);
}

fn push_split(line: &str, hidden: std::ops::Range<usize>, shown: &mut String) {
    for (at, c) in line.char_indices() {
        push(c, hidden.contains(&at), shown);
    }
}

/// Could this character drive a terminal, or turn the direction of a line around?
pub(crate) fn steers(c: char) -> bool {
    let moves = c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    moves || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Pushes a character or as many replacement bytes as it has.
fn push(c: char, hidden: bool, shown: &mut String) {
    let replacement = match c {
        '\n' | '\r' | '\t' => None,
        _ if hidden => Some('*'),
        _ if steers(c) => Some('?'),
        _ => None,
    };
    match replacement {
        Some(replacement) => shown.extend(std::iter::repeat_n(replacement, c.len_utf8())),
        None => shown.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_keep_length_and_hide_values() {
        let cases = [
            ("master_password = \"hunter2\"\nport = 1\n", "hunter2"),
            ("# password: hunter2\n", "hunter2"),
            ("x = { password = 'hunter2', y = 1 }\n", "hunter2"),
            ("\"password\" = hunter2\n", "hunter2"),
            ("db.password = \"\"\"\nhunter2\nhunter3\"\"\"\nport = 5432\n", "hunter"),
            ("[cluster.password]\nvalue = \"hunter2\"\n[next]\n", "hunter2"),
            ("key = \"AKIAIOSFODNN7EXAMPLE\" # and ASIAIOSFODNN7EXAMPLE\n", "IOSFODNN7EXAMPLE"),
            ("url = \"postgres://me:hunter2@db/x\"\n", "hunter2"),
            ("k = '''-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----'''\n", "MIIE"),
        ];
        for (text, canary) in cases {
            let shown = mask_text(text);
            assert_eq!(shown.len(), text.len(), "{text}");
            assert!(!shown.contains(canary), "{shown}");
        }
    }

    #[test]
    fn values_are_shown_without_what_somebody_hid_in_them() {
        use serde_json::json;
        let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----";
        let cases = [
            ("tags.db_password", json!("hunter2")),
            ("tags", json!({"ApiToken": "hunter2", "api-token": ["hunter2"]})),
            ("description", json!("AKIAhunter2 is AKIAIOSFODNN7EXAMPLE, postgres://me:hunter2@db/x")),
            ("policy", json!(key)),
        ];
        for (path, value) in cases {
            let shown = masked(path, &value).to_string();
            let canaries = ["db/x\"", "IOSFODNN7EXAMPLE", ":hunter2", "\"hunter2\"]", "MIIE"];
            assert!(!canaries.iter().skip(1).any(|canary| shown.contains(canary)), "{path}: {shown}");
        }
        for value in [json!("arn:aws:secretsmanager:us-east-1:1:secret:orders"), json!(true), json!(["a", 1, null])] {
            assert_eq!(masked("manage_master_user_password", &json!(true)), json!(true));
            assert_eq!(masked("kms_key_id", &value), value);
        }
        assert_eq!(masked("tags.note", &json!("\u{202e}gnp\u{1b}[31m")), json!("???gnp?[31m"));
    }

    #[test]
    fn innocent_lines_stay() {
        for text in
            ["password_encryption = \"scram-sha-256\"\n", "endpoints = [\"secretsmanager\"]\n", "a = \"b: c\"\n"]
        {
            assert_eq!(mask_text(text), text);
        }
        assert_eq!(mask_text("a = \"\u{1b}[31m\"\n"), "a = \"?[31m\"\n", "no terminal escapes");
    }
}
