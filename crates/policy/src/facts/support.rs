//! Facts about keys, roles, logs, alarms and topics.

use super::Fact;
use auroractl_core::Address;
use std::collections::BTreeMap;

/// Whose key encrypts something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The customer's: `KeyManager` is `CUSTOMER`.
    Customer,
    /// AWS's, such as `alias/aws/rds`, or one that AWS owns.
    Aws,
}

/// A KMS key that the stack makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsKey {
    /// Its address.
    pub address: Address,
    /// Its material rotates.
    pub rotation: bool,
    /// `PendingWindowInDays`.
    pub pending_window: u32,
    /// It is enabled.
    pub enabled: bool,
    /// Its policy as JSON; `None` is the one that auroractl writes, which is bound to the account.
    pub policy: Option<String>,
}

/// An IAM role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its address.
    pub address: Address,
    /// `AssumeRolePolicyDocument` as JSON.
    pub trust: String,
    /// ARNs of attached policies.
    pub policies: Vec<String>,
    /// Policies of its own, as JSON.
    pub documents: Vec<String>,
}

/// A log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its address.
    pub address: Address,
    /// `logGroupName`.
    pub name: String,
    /// `retentionInDays`; `None` keeps everything for ever.
    pub retention: Option<u32>,
    /// Its key.
    pub key: Fact<Key>,
}

/// A CloudWatch alarm.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Its address.
    pub address: Address,
    /// `MetricName`.
    pub metric: String,
    /// `Dimensions`.
    pub dimensions: BTreeMap<String, String>,
    /// `Threshold`, in the metric's unit.
    pub threshold: f64,
    /// Topics that it speaks to.
    pub actions: Vec<String>,
}

/// An SNS topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Where it is reported: its address, or that of an alarm that speaks to it.
    pub address: Address,
    /// Its address as text, or its ARN.
    pub name: String,
    /// Its key.
    pub key: Fact<Key>,
    /// Its policy as JSON; `None` is the one that auroractl writes, which is bound to the account.
    pub policy: Fact<Option<String>>,
}

/// An SNS subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its address.
    pub address: Address,
    /// Its topic.
    pub topic: String,
    /// `Protocol`.
    pub protocol: String,
    /// The receiver has confirmed it; plans do not know it.
    pub confirmed: Fact<bool>,
}
