//! Policy documents: JSON that AWS writes its own way, so it is kept in one spelling.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// A policy document in canonical spelling. Two documents that AWS reads alike are equal, whoever wrote them.
///
/// What does not count, by the IAM policy grammar and by what KMS, IAM and SNS answer for what they were sent
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>):
/// - white space and the order of keys;
/// - the order and repetition of a list's items, and whether a single item stands in a list: all lists are sets;
/// - an account as its id or as the ARN of its root, and everybody as `"*"` or as `{"AWS": "*"}`;
/// - the case of an action's service, and whether a condition's number or truth value has quotes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyDocument(String);

impl PolicyDocument {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(|value| Self(spelt(&value, Place::Element)))
    }

    /// A document that AWS answered; one that is not JSON is kept as it is.
    #[must_use]
    pub fn answered(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self(text.to_owned()))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Where in a document a value stands: what counts depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// An element of the document or of a statement.
    Element,
    /// `Action`, `NotAction`.
    Action,
    /// `Principal`, `NotPrincipal`.
    Principal,
    /// Accounts, users and roles, within a principal.
    Account,
    /// Services and identity providers, within a principal.
    Other,
    /// Anywhere within `Condition`.
    Condition,
}

impl Place {
    fn under(self, key: &str) -> Self {
        match (self, key) {
            (Self::Element, "Action" | "NotAction") => Self::Action,
            (Self::Element, "Principal" | "NotPrincipal") => Self::Principal,
            (Self::Element, "Condition") => Self::Condition,
            (Self::Principal, "AWS") => Self::Account,
            (Self::Principal, _) => Self::Other,
            (place, _) => place,
        }
    }
}

fn spelt(value: &Value, at: Place) -> String {
    match value {
        Value::Array(items) => list(items, at),
        Value::Object(map) => {
            // Whether serde_json keeps keys in order is up to a feature that any crate may switch on.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entry = |(key, value): (&String, &Value)| format!("{}:{}", quoted(key), spelt(value, at.under(key)));
            format!("{{{}}}", entries.into_iter().map(entry).collect::<Vec<_>>().join(","))
        }
        Value::String(text) => word(text, at),
        Value::Bool(_) | Value::Number(_) if at == Place::Condition => quoted(&value.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn list(items: &[Value], at: Place) -> String {
    let mut items: Vec<String> = items.iter().map(|item| spelt(item, at)).collect();
    items.sort();
    items.dedup();
    match items.as_slice() {
        [only] => only.clone(),
        many => format!("[{}]", many.join(",")),
    }
}

fn word(text: &str, at: Place) -> String {
    match (at, text.split_once(':')) {
        (Place::Action, Some((service, action))) => quoted(&format!("{}:{action}", service.to_ascii_lowercase())),
        (Place::Principal, None) if text == "*" => r#"{"AWS":"*"}"#.to_owned(),
        (Place::Account, Some(_)) => quoted(root_of(text).unwrap_or(text)),
        _ => quoted(text),
    }
}

/// The account whose root this ARN is.
fn root_of(arn: &str) -> Option<&str> {
    let mut parts = arn.split(':');
    let front = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (account, rest) = (parts.next()?, parts.next()?);
    (front.0 == "arn" && front.2 == "iam" && rest == "root" && parts.next().is_none()).then_some(account)
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> PolicyDocument {
        PolicyDocument::parse(text).unwrap()
    }

    fn statement(rest: &str) -> PolicyDocument {
        of(&format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{rest}}}]}}"#))
    }

    #[test]
    fn spellings_of_one_policy_are_equal() {
        for (one, two) in [
            (r#""Action":["s3:*"]"#, r#""Action" : "s3:*""#),
            (r#""Action":["s3:Get","s3:Put"]"#, r#""Action":["s3:Put","s3:Get","s3:Put"]"#),
            (r#""Action":"SNS:Publish""#, r#""Action":"sns:Publish""#),
            (r#""Principal":{"AWS":"123456789012"}"#, r#""Principal":{"AWS":["arn:aws:iam::123456789012:root"]}"#),
            (r#""Principal":{"AWS":"123456789012"}"#, r#""Principal":{"AWS":"arn:aws-cn:iam::123456789012:root"}"#),
            (r#""Principal":"*""#, r#""Principal":{"AWS":"*"}"#),
            (r#""Condition":{"Bool":{"a":true}}"#, r#""Condition":{"Bool":{"a":["true"]}}"#),
            (r#""Condition":{"NumericLess":{"a":5}}"#, r#""Condition":{"NumericLess":{"a":"5"}}"#),
        ] {
            assert_eq!(statement(one), statement(two));
        }
    }

    #[test]
    fn policies_that_differ_are_not_equal() {
        for (one, two) in [
            (r#""Action":"s3:Get""#, r#""Action":"s3:Put""#),
            (r#""Action":"s3:Get""#, r#""NotAction":"s3:Get""#),
            (r#""Principal":{"AWS":"123456789012"}"#, r#""Principal":{"AWS":"123456789013"}"#),
            (r#""Principal":{"AWS":"123456789012"}"#, r#""Principal":{"AWS":"arn:aws:iam::123456789012:role/a"}"#),
            (r#""Principal":{"Service":"*"}"#, r#""Principal":{"AWS":"*"}"#),
            (r#""Resource":"arn:aws:iam::123456789012:root""#, r#""Resource":"123456789012""#),
            (r#""Condition":{"ArnLike":{"a":"SNS:x"}}"#, r#""Condition":{"ArnLike":{"a":"sns:x"}}"#),
        ] {
            assert_ne!(statement(one), statement(two));
        }
    }

    #[test]
    fn a_canonical_text_stays_as_it_is() {
        let text = r#"{"Statement":{"Action":["a:1","a:2"],"Principal":{"AWS":["1","2"]}},"Version":"x\"y"}"#;
        assert_eq!(of(text).as_str(), text);
    }

    #[test]
    fn what_is_not_json_is_refused_or_kept() {
        assert!(PolicyDocument::parse("{").is_err());
        assert_eq!(PolicyDocument::answered("{").as_str(), "{");
    }
}
