//! Section `security`: the encryption key and how people log in. Credentials are never part of it: the master
//! password is made, kept and rotated by RDS in Secrets Manager (`ManageMasterUserPassword`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Section `security`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Security {
    /// The key for storage, master secret, insights, logs and the alarm topic.
    pub kms: Kms,
    /// Lets database users log in with short-lived IAM tokens instead of passwords.
    pub iam_database_authentication: bool,
}

impl Default for Security {
    fn default() -> Self {
        Self { kms: Kms::default(), iam_database_authentication: true }
    }
}

/// The customer-managed KMS key: made by the stack, or given by `key_arn`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Kms {
    /// ARN of an existing customer-managed key. Its policy has to admit RDS, Secrets Manager, CloudWatch and Logs.
    /// Not set: the stack makes a key. Storage can't change its key in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_arn: Option<String>,
    /// Alias of the key that the stack makes. Default `alias/<stack name>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Days between automatic rotations of the key material. Rotation changes no ARN and re-encrypts nothing.
    #[schemars(range(min = 90, max = 2560))]
    pub rotation_days: u32,
    /// Days between asking for the key's deletion and the deletion, in which it can be taken back.
    #[schemars(range(min = 7, max = 30))]
    pub deletion_window_days: u32,
    /// Key policy as a JSON text, instead of the one that auroractl writes. It must keep the account able to administer
    /// the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

impl Default for Kms {
    fn default() -> Self {
        Self { key_arn: None, alias: None, rotation_days: 365, deletion_window_days: 30, policy: None }
    }
}
