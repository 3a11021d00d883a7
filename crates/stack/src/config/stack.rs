//! Sections `stack`, `recovery`, `state` and `moved`: what a stack is called, where it lives, what it promises.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Section `stack`: name and place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    /// Name of the stack. It names the state folder and, unless said otherwise, the cluster. Lower case, letters,
    /// digits and single hyphens, at most 40 characters.
    pub name: String,
    /// Which rules apply, and how strictly.
    pub environment: Environment,
    /// AWS region, for example `eu-central-1`.
    pub region: String,
    /// The twelve digits of the AWS account. When set, credentials of any other account are refused before the first
    /// write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// A stack that may be thrown away with its data: `destroy` needs no `--allow-delete`. Not possible in `prod`. A stack
    /// that was applied without it is ephemeral from the run after the one that was applied with it.
    #[serde(default)]
    pub ephemeral: bool,
    /// Which generation of defaults fills in what the file leaves out. Pinned, so that a newer auroractl never changes
    /// a running stack by itself.
    #[serde(default)]
    pub defaults: DefaultsVersion,
    /// Tags on every resource that can have tags, beside the ownership tags that auroractl adds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// How strictly the design rules are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// Production: every must rule blocks.
    Prod,
    /// As production, with some rules as warnings.
    Staging,
    /// Development: availability and cost rules are advice.
    Dev,
}

impl Environment {
    /// As the stack file says it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prod => "prod",
            Self::Staging => "staging",
            Self::Dev => "dev",
        }
    }
}

/// Generation of defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum DefaultsVersion {
    /// The defaults of the first release.
    #[default]
    #[serde(rename = "1")]
    V1,
}

/// Section `recovery`: what a disaster may cost. Checked against topology and drills, it makes no resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recovery {
    /// Recovery point objective: how much data may be lost, as `30s`, `5m`, `1h` or `1d`.
    pub rpo: String,
    /// Recovery time objective: how long the database may be away, as `30s`, `5m`, `1h` or `1d`.
    pub rto: String,
}

impl Default for Recovery {
    fn default() -> Self {
        Self { rpo: "5m".to_owned(), rto: "30m".to_owned() }
    }
}

impl Recovery {
    /// Seconds of a duration such as `90s`, `5m`, `1h`, `2d`; `None` when it is not one.
    #[must_use]
    pub fn seconds(text: &str) -> Option<u64> {
        let unit = text.chars().last()?;
        let scale = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        let count = text.strip_suffix(unit)?;
        if count.is_empty() || !count.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        count.parse::<u64>().ok()?.checked_mul(scale)
    }
}

/// Section `state`: where the record of what was made is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// Kind of store.
    pub backend: StateBackend,
    /// For `s3`: the bucket. It must exist; auroractl neither makes nor deletes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// For `s3`: what the keys of all objects begin with, before the stack's name. Default: `auroractl/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// For `s3`: the bucket's region. Default: the stack's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// For `s3`: ARN of the KMS key that the objects are encrypted with. Default: as the bucket says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// For `s3`: the account that owns the bucket; a bucket of any other account is refused. Default: the account that the
    /// stack runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_owner: Option<String>,
}

impl State {
    /// What keys begin with where the file does not say.
    pub const PREFIX: &str = "auroractl/";
}

/// Kind of state store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StateBackend {
    /// Files in the nearest `state/` folder.
    #[default]
    Local,
    /// Objects in a bucket of S3: for teams, and for machines that vanish.
    S3,
}

/// One `[[moved]]` entry: a resource that is now described under another address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// The old address, for example `db_instance.a`.
    pub from: String,
    /// The new address, for example `db_instance.first`.
    pub to: String,
}

/// Is it the id of an account, as `123456789012`?
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::Recovery;

    #[test]
    fn durations() {
        for (text, seconds) in [("0s", Some(0)), ("90s", Some(90)), ("5m", Some(300)), ("2d", Some(172_800))] {
            assert_eq!(Recovery::seconds(text), seconds, "{text}");
        }
        for text in ["", "5", "m", "5 m", "-5m", "5w", "1.5h", "99999999999999999999d", "18446744073709551615d"] {
            assert_eq!(Recovery::seconds(text), None, "{text}");
        }
    }
}
