//! Policy documents, as far as rules look into them: who is admitted, to what, on which condition.

use serde_json::Value;

/// One statement that allows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// `Principal`: accounts, services and `*`.
    pub(crate) principals: Vec<String>,
    /// `Action`.
    pub(crate) actions: Vec<String>,
    /// Keys of its conditions, in lower case.
    pub(crate) conditions: Vec<String>,
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
        self.conditions.iter().any(|key| BINDING.contains(&key.as_str()))
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
    let conditions = raw.get("Condition").and_then(Value::as_object).into_iter().flat_map(|map| map.values());
    let keys = conditions.filter_map(Value::as_object).flat_map(|map| map.keys());
    Allowed {
        principals: principals(raw),
        actions: texts(raw.get("Action")),
        conditions: keys.map(|key| key.to_ascii_lowercase()).collect(),
    }
}

/// `NotPrincipal` admits everybody but a few, which is everybody.
fn principals(raw: &Value) -> Vec<String> {
    match raw.get("Principal") {
        Some(Value::Object(map)) => map.values().flat_map(|value| texts(Some(value))).collect(),
        Some(other) => texts(Some(other)),
        None if raw.get("NotPrincipal").is_some() => vec!["*".to_owned()],
        None => Vec::new(),
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
}
