//! Tags within AWS's limits (50 a resource, keys of 128 and values of 256 characters, no `aws:`), and keys that IAM can tell
//! apart (<https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>).

use super::{Check, Subject};
use crate::diagnostics::{At, Problem};
use crate::path::Path;
use std::collections::BTreeMap;

pub(super) const CHECK: Check = Check { name: "tags", about: "Tags are within AWS's limits.", run };

/// AWS allows 50; ours identify the owner and the address, and `Name` is one more.
const MOST: usize = 44;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;
/// The prefix of the ownership tags that every resource gets.
const OURS: &str = "auroractl:";

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let tags = &subject.config.stack.tags;
    let all = Path::of("stack.tags");
    if tags.len() > MOST {
        problems.push(
            Problem::error(
                CHECK.name,
                format!("{} tags are too many: a resource has 50, and auroractl needs 6", tags.len()),
            )
            .at(&all, format!("at most {MOST}")),
        );
    }
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (key, value) in tags {
        if let Some(other) = seen.insert(key.to_lowercase(), key) {
            problems.push(
                Problem::error(CHECK.name, format!("the tags `{other}` and `{key}` differ only in their case"))
                    .mark(At::Key(all.key(key.clone())), "IAM takes both for one, and refuses the role")
                    .help("keep one of them"),
            );
        }
        let path = all.key(key.clone());
        if let Some(what) = key_fault(key) {
            problems.push(
                Problem::error(CHECK.name, format!("the tag `{key}` {what}")).mark(At::Key(path.clone()), "this key"),
            );
        }
        if value.chars().count() > LONGEST_VALUE || value.chars().any(|c| !is_allowed(c)) {
            problems.push(
                Problem::error(CHECK.name, format!("the value of the tag `{key}` is not one that AWS takes"))
                    .at(&path, format!("at most {LONGEST_VALUE} letters, digits, spaces and _ . : / = + - @")),
            );
        }
    }
}

fn key_fault(key: &str) -> Option<String> {
    let lower = key.to_ascii_lowercase();
    if lower.starts_with("aws:") {
        return Some("begins with `aws:`, which AWS keeps for itself".to_owned());
    }
    if lower.starts_with(OURS) {
        return Some(format!("begins with `{OURS}`, which marks what auroractl owns"));
    }
    if key.is_empty() || key.chars().count() > LONGEST_KEY {
        return Some(format!("needs a key of 1 to {LONGEST_KEY} characters"));
    }
    let bad = key.chars().find(|c| !is_allowed(*c))?;
    Some(format!("has a character that AWS does not take in keys: {}", bad.escape_default()))
}

/// The characters that every tagging API takes.
fn is_allowed(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
}
