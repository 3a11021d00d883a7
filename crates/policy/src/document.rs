//! Policy documents, as far as rules look into them: who is admitted, to what, on which condition.

use serde_json::Value;

/// One statement that allows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// `Principal`: accounts, services and `*`.
    pub(crate) principals: Vec<String>,
    /// `Action`; `NotAction` is everything but a little, which is everything.
    pub(crate) actions: Vec<String>,
    /// `Resource`; likewise.
    pub(crate) resources: Vec<String>,
    /// Keys, in lower case, that a condition demands to have a certain value.
    pub(crate) demands: Vec<String>,
}

impl Allowed {
    /// Does a condition bind it to an account, an organisation or a network?
    pub(crate) fn is_bound(&self) -> bool {
        const BINDING: [&str; 9] = [
            "aws:sourceaccount",
            "aws:sourcearn",
            "aws:sourceowner",
            "aws:principalaccount",
            "aws:principalarn",
            "aws:principalorgid",
            "aws:sourceorgid",
            "kms:calleraccount",
            "aws:sourcevpce",
        ];
        self.demands.iter().any(|key| BINDING.contains(&key.as_str()))
    }

    /// Is everybody admitted?
    pub(crate) fn is_public(&self) -> bool {
        self.principals.iter().any(|who| who == "*") && !self.is_bound()
    }
}

/// The statements that allow something; an error says what is wrong with the document.
pub(crate) fn allowed(text: &str) -> Result<Vec<Allowed>, String> {
    let document: Value = serde_json::from_str(text).map_err(|why| why.to_string())?;
    let statements = document.get("Statement").ok_or("it has no statement")?;
    Ok(listed(statements)
        .into_iter()
        .filter(|statement| statement.get("Effect").and_then(Value::as_str) == Some("Allow"))
        .map(statement)
        .collect())
}

/// What is wrong with a policy that should admit nobody unknown.
pub(crate) fn fault(text: &str) -> Option<String> {
    match allowed(text) {
        Err(why) => Some(format!("it can't be read: {why}")),
        Ok(statements) => statements.iter().any(Allowed::is_public).then(|| "it admits everybody".to_owned()),
    }
}

fn statement(raw: &Value) -> Allowed {
    Allowed {
        principals: all_but(raw, "Principal"),
        actions: all_but(raw, "Action"),
        resources: all_but(raw, "Resource"),
        demands: demands(raw.get("Condition")),
    }
}

/// An element, or everything where the document says what it is not.
fn all_but(raw: &Value, element: &str) -> Vec<String> {
    match raw.get(element) {
        Some(Value::Object(map)) => map.values().flat_map(|value| texts(Some(value))).collect(),
        Some(other) => texts(Some(other)),
        None if raw.get(format!("Not{element}")).is_some() => vec!["*".to_owned()],
        None => Vec::new(),
    }
}

/// The keys that a condition demands a certain value of. A negation, a test whether the key is there at all, one that
/// counts only where it is, and a pattern that fits everything demand nothing
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).
fn demands(condition: Option<&Value>) -> Vec<String> {
    const EQUAL: [&str; 5] = ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"];
    let mut keys = Vec::new();
    for (operator, demanded) in condition.and_then(Value::as_object).into_iter().flatten() {
        let operator = operator.to_ascii_lowercase();
        // `ForAllValues:` is true of a key that is not there.
        if !EQUAL.contains(&operator.strip_prefix("foranyvalue:").unwrap_or(&operator)) {
            continue;
        }
        for (key, values) in demanded.as_object().into_iter().flatten() {
            let values = texts(Some(values));
            if !values.is_empty() && values.iter().all(|value| is_certain(value)) {
                keys.push(key.to_ascii_lowercase());
            }
        }
    }
    keys
}

/// Does a value leave no room for other accounts? Of an ARN the account counts; what follows may be a pattern.
fn is_certain(value: &str) -> bool {
    let pattern = |text: &str| text.contains(['*', '?']);
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    match parts.as_slice() {
        // Buckets have no account in their ARN, and names that are unique.
        ["arn", _, _, _, "", resource] => !resource.starts_with(['*', '?']),
        ["arn", _, _, _, account, _] => !pattern(account),
        _ => !value.is_empty() && !pattern(value),
    }
}

/// A text, or a list of texts.
fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.map(listed).unwrap_or_default();
    items.into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn listed(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_told_from_everybody_of_an_account() {
        let open = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*"}}"#;
        assert!(allowed(open).unwrap()[0].is_public());
        let bound = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["kms:*"],
            "Condition":{"StringEquals":{"kms:CallerAccount":"123456789012"}}}]}"#;
        assert!(!allowed(bound).unwrap()[0].is_public());
        let denied = r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*"}]}"#;
        assert!(allowed(denied).unwrap().is_empty());
        assert!(allowed("{}").is_err() && allowed("nonsense").is_err());
    }

    #[test]
    fn a_condition_that_demands_nothing_binds_nobody() {
        let bound = |condition: &str| {
            let text = format!(
                r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":"sns:Publish","Condition":{condition}}}}}"#
            );
            !allowed(&text).unwrap()[0].is_public()
        };
        for condition in [
            r#"{"StringEquals":{"AWS:SourceAccount":"123456789012"}}"#,
            r#"{"StringLike":{"aws:PrincipalOrgID":["o-1"]}}"#,
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:rds:*:123456789012:*"}}"#,
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs-*"}}"#,
            r#"{"ForAnyValue:StringEquals":{"aws:SourceAccount":["123456789012"]}}"#,
        ] {
            assert!(bound(condition), "{condition}");
        }
        for condition in [
            r#"{"StringNotEquals":{"aws:SourceAccount":"123456789012"}}"#,
            r#"{"StringEqualsIfExists":{"aws:SourceAccount":"123456789012"}}"#,
            r#"{"ForAllValues:StringEquals":{"aws:SourceAccount":["123456789012"]}}"#,
            r#"{"Null":{"aws:SourceAccount":"false"}}"#,
            r#"{"StringLike":{"aws:SourceAccount":"*"}}"#,
            r#"{"StringLike":{"aws:SourceAccount":["123456789012","*"]}}"#,
            r#"{"ArnLike":{"aws:SourceArn":"arn:aws:rds:us-east-1:*:db:x"}}"#,
            r#"{"StringEquals":{"aws:SourceAccount":[]}}"#,
            r#"{"Bool":{"aws:SecureTransport":"true"}}"#,
        ] {
            assert!(!bound(condition), "{condition}");
        }
    }

    #[test]
    fn what_a_statement_leaves_out_is_everything() {
        let text =
            r#"{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":"1"},"NotAction":"iam:*","NotResource":"x"}}"#;
        let statement = &allowed(text).unwrap()[0];
        assert!(statement.is_public());
        assert_eq!(
            (statement.actions.as_slice(), statement.resources.as_slice()),
            (&["*".to_owned()][..], &["*".to_owned()][..])
        );
    }
}
