//! Section `monitoring`: how long logs are kept, which alarms exist, and who is told.

use super::alarm::Alarms;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Section `monitoring`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Monitoring {
    /// Days that exported logs are kept. The log groups are made before the cluster, else RDS makes them without a limit
    /// and without a key.
    #[schemars(extend("enum" = LogRetention::DAYS))]
    pub log_retention_days: u32,
    /// The alarms.
    pub alarms: Alarms,
    /// ARN of an existing SNS topic for alarms. Not set: the stack makes an encrypted one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sns_topic_arn: Option<String>,
    /// Who is told when an alarm changes state.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<Subscription>,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self { log_retention_days: 365, alarms: Alarms::default(), sns_topic_arn: None, subscriptions: Vec::new() }
    }
}

/// The retentions that CloudWatch Logs knows (`PutRetentionPolicy`).
pub struct LogRetention;

impl LogRetention {
    /// All of them, in days.
    pub const DAYS: [u32; 22] =
        [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
}

/// One receiver of alarms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Name of the subscription within the stack.
    pub name: String,
    /// How the message travels.
    pub protocol: Protocol,
    /// Where it goes: an e-mail address, an `https://` URL, a phone number or an ARN. E-mail and HTTPS receivers have to
    /// confirm.
    pub endpoint: String,
}

/// Protocol of a subscription. Plain HTTP is not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// E-mail.
    Email,
    /// E-mail with a JSON body.
    EmailJson,
    /// A POST to an HTTPS URL.
    Https,
    /// A text message.
    Sms,
    /// An SQS queue.
    Sqs,
    /// A Lambda function.
    Lambda,
}

impl Protocol {
    /// The name that SNS uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::EmailJson => "email-json",
            Self::Https => "https",
            Self::Sms => "sms",
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
        }
    }
}
