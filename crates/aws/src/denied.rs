//! Who may not do what: EC2 hides it in an encoded message, which is decoded where the caller may do that.

use crate::session::Aws;
use auroractl_engine::{CallError, Clock};
use serde_json::Value;
use std::time::Duration;

/// What stands before the encoded part.
const ENCODED: &str = "Encoded authorization failure message:";
/// Decoding is a courtesy; it must not hold up the report of a failure.
const COURTESY: Duration = Duration::from_secs(5);

impl Aws {
    /// The refusal with caller, action and resource in words instead of a blob.
    pub(crate) async fn explained(&self, error: CallError) -> CallError {
        let (words, blob) = match error.message.split_once(ENCODED) {
            Some((words, blob)) => (words.trim().to_owned(), Some(blob.trim().to_owned())),
            None => (error.message.trim().to_owned(), None),
        };
        let decoded = match blob.filter(|blob| !blob.is_empty()) {
            Some(blob) => self.decoded(blob).await,
            None => None,
        };
        let told = decoded.unwrap_or_else(|| self.named(&error.operation, &words));
        CallError { message: told, ..error }
    }

    /// The service's words; with the caller and the action, where it did not name them.
    fn named(&self, operation: &str, words: &str) -> String {
        if words.contains("arn:") || self.caller().is_empty() {
            return words.to_owned();
        }
        let words = words.trim_end_matches('.');
        format!("{words}; `{}` needs `{operation}`", self.caller()).trim_start_matches("; ").to_owned()
    }

    /// `sts:DecodeAuthorizationMessage`, sent once; nothing when the caller may not do that either.
    async fn decoded(&self, blob: String) -> Option<String> {
        let answer = self.sts().decode_authorization_message().encoded_message(blob).send();
        // By the wall's clock: the network does not run faster in a scaled run.
        let text = Clock::default().within(COURTESY, answer).await?.ok()?.decoded_message?;
        sentence(&serde_json::from_str(&text).ok()?)
    }
}

/// Principal, action and resource of a decoded message.
fn sentence(decoded: &Value) -> Option<String> {
    let text = |path: &str| decoded.pointer(path).and_then(Value::as_str);
    let (who, action) = (text("/context/principal/arn")?, text("/context/action")?);
    let on = text("/context/resource").map(|resource| format!(" on `{resource}`")).unwrap_or_default();
    let why = match decoded.get("explicitDeny").and_then(Value::as_bool) {
        Some(true) => "a policy denies it",
        _ => "no policy allows it",
    };
    Some(format!("`{who}` may not `{action}`{on}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoded_message_becomes_a_sentence() {
        let decoded = serde_json::json!({
            "allowed": false, "explicitDeny": false,
            "context": {"principal": {"arn": "arn:aws:iam::1:user/ci"}, "action": "ec2:CreateVpc", "resource": "arn:aws:ec2:r:1:vpc/*"},
        });
        let text = "`arn:aws:iam::1:user/ci` may not `ec2:CreateVpc` on `arn:aws:ec2:r:1:vpc/*`: no policy allows it";
        assert_eq!(sentence(&decoded).as_deref(), Some(text));
        assert_eq!(sentence(&serde_json::json!({})), None);
    }
}
