//! Key policies: JSON with its place, within the limit, and not one that locks everybody out.

use super::{Check, Subject};
use crate::diagnostics::{At, Problem};
use crate::path::Path;
use serde_json::Value;

pub(super) const CHECK: Check =
    Check { name: "policy-document", about: "Policy documents are JSON and keep the account in charge.", run };

/// `PutKeyPolicy`: 32 KiB.
const LARGEST: usize = 32 * 1024;

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let Some(text) = &subject.config.security.kms.policy else { return };
    let path = Path::of("security.kms.policy");
    if text.len() > LARGEST {
        problems.push(
            Problem::error(CHECK.name, format!("the key policy has {} bytes, and {LARGEST} are the most", text.len()))
                .at(&path, "too long"),
        );
    }
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            let at = At::Within(path, offset(text, &error));
            problems.push(Problem::error(CHECK.name, "the key policy is not JSON").mark(at, cause(&error)));
            return;
        }
    };
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(statement @ Value::Object(_)) => vec![statement],
        _ => Vec::new(),
    };
    if statements.is_empty() {
        problems.push(Problem::error(CHECK.name, "the key policy has no `Statement`").at(&path, "grants nothing"));
    } else if !statements.iter().any(|statement| keeps_account(statement, subject.config.stack.account.as_deref())) {
        problems.push(
            Problem::error(CHECK.name, "nobody could administer the key any more under this policy")
                .at(&path, "no statement allows `kms:*` or `kms:PutKeyPolicy` to the account")
                .help(
                    "add {\"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:aws:iam::<account>:root\"}, \"Action\": \
                     \"kms:*\", \"Resource\": \"*\"}",
                ),
        );
    }
}

/// The byte of the text at which the parser stopped.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let lines_before = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    lines_before.map(str::len).sum::<usize>() + error.column().saturating_sub(1)
}

/// What the parser says, without the position, which stands before it.
fn cause(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// Whether a statement lets the account's root principal change the policy again, unconditionally.
fn keeps_account(statement: &Value, account: Option<&str>) -> bool {
    let allows =
        statement.get("Effect").is_some_and(|effect| effect == "Allow") && statement.get("Condition").is_none();
    let principal = statement.get("Principal").and_then(|principal| principal.get("AWS"));
    let root = |text: &str| match account {
        Some(account) => text == account || text.ends_with(&format!("::{account}:root")),
        None => text.ends_with(":root") || (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())),
    };
    let administers =
        |text: &str| matches!(text.to_ascii_lowercase().as_str(), "kms:*" | "*" | "kms:putkeypolicy" | "kms:put*");
    allows && any_text(principal, root) && any_text(statement.get("Action"), administers)
}

fn any_text(value: Option<&Value>, fits: impl Fn(&str) -> bool) -> bool {
    match value {
        Some(Value::String(text)) => fits(text),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).any(fits),
        _ => false,
    }
}
