//! Who may use the key: the standard policy, and how a policy that AWS answers is told to be it.

use auroractl_aws::{Aws, PolicyDocument};
use serde::{Deserialize, Serialize};

/// Who may use a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPolicy {
    /// The account, by its IAM policies; CloudWatch alarms, RDS events and CloudWatch Logs, for what they encrypt in
    /// this account. RDS and Secrets Manager act for their callers (`kms:ViaService`), whom the account's own statement
    /// admits, and need none.
    Standard,
    /// The stack's own document.
    Document(PolicyDocument),
}

impl KeyPolicy {
    /// The document to send.
    pub(crate) fn document(&self, aws: &Aws) -> PolicyDocument {
        self.written(aws.partition(), aws.account(), aws.region())
    }

    /// The document as it is sent in an account and region, for who has no session there.
    #[must_use]
    pub fn written(&self, partition: &str, account: &str, region: &str) -> PolicyDocument {
        match self {
            Self::Document(document) => document.clone(),
            Self::Standard => standard(partition, account, region),
        }
    }

    /// From a document that AWS answered.
    pub(crate) fn answered(aws: &Aws, text: &str) -> Self {
        let document = PolicyDocument::answered(text);
        if document == Self::Standard.document(aws) { Self::Standard } else { Self::Document(document) }
    }
}

/// The standard policy.
///
/// - `Account` keeps the account able to administer the key and makes its IAM policies count: without it a mistake in
///   the others locks everybody out (<https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>).
/// - `Notices`: who publishes to an encrypted topic
///   (<https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services>). Bound to
///   the account, or anybody's alarm could make use of the key.
/// - `Logs`: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html>.
fn standard(partition: &str, account: &str, region: &str) -> PolicyDocument {
    // A regional principal ends as the partition's names do; the global ones end alike everywhere.
    let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    PolicyDocument::answered(&format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Sid":"Account","Effect":"Allow","Principal":{{"AWS":"arn:{partition}:iam::{account}:root"}},"Action":"kms:*","Resource":"*"}},
        {{"Sid":"Notices","Effect":"Allow","Principal":{{"Service":["cloudwatch.amazonaws.com","events.rds.amazonaws.com"]}},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*","Condition":{{"StringEquals":{{"aws:SourceAccount":"{account}"}}}}}},
        {{"Sid":"Logs","Effect":"Allow","Principal":{{"Service":"logs.{region}.{suffix}"}},"Action":["kms:Decrypt*","kms:Describe*","kms:Encrypt*","kms:GenerateDataKey*","kms:ReEncrypt*"],"Resource":"*","Condition":{{"ArnLike":{{"kms:EncryptionContext:aws:logs:arn":"arn:{partition}:logs:{region}:{account}:*"}}}}}}
        ]}}"#
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_policy_keeps_the_account_in() {
        let policy = standard("aws", "123456789012", "eu-west-1");
        let account =
            r#"{"Action":"kms:*","Effect":"Allow","Principal":{"AWS":"123456789012"},"Resource":"*","Sid":"Account"}"#;
        assert!(policy.as_str().contains(account), "{policy}");
    }

    #[test]
    fn no_service_is_admitted_without_a_condition() {
        let policy = standard("aws-cn", "123456789012", "cn-north-1");
        let services = policy.as_str().matches(r#""Service":"#).count();
        let bound = policy.as_str().matches(r#""Condition":"#).count();
        assert_eq!((services, bound), (2, 2), "{policy}");
        assert!(policy.as_str().contains(r#""logs.cn-north-1.amazonaws.com.cn""#), "{policy}");
    }
}
