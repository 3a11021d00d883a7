//! Section `backup`: recovery points by AWS Backup, apart from the cluster and its own backups.

use super::is_account;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Section `backup`: a plan of AWS Backup for the cluster, with a vault of its own. Aurora's own backups
/// (`cluster.backup`) end with 35 days and go with the cluster; these stay. Not set: none is made.
///
/// The account must have opted in to Aurora in AWS Backup's settings of the region; `auroractl check --live` tells if it
/// has not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BackupPlan {
    /// When a recovery point is made each day, as `05:00`, in UTC.
    pub daily_at: String,
    /// Days that recovery points are kept.
    #[schemars(range(min = 1, max = 36500))]
    pub retention_days: u32,
    /// Name of the vault: 2 to 50 letters, digits, hyphens and underscores. Default: `<stack name>-backups`. A vault can't
    /// change its name, and one that holds recovery points can't be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault: Option<String>,
    /// ARN of a vault in another region that each recovery point is copied to. It must exist: auroractl makes nothing
    /// outside of the stack's region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copy_to: Option<String>,
}

impl Default for BackupPlan {
    fn default() -> Self {
        Self { daily_at: "05:00".to_owned(), retention_days: 35, vault: None, copy_to: None }
    }
}

impl BackupPlan {
    /// Hour and minute of `daily_at`; `None` when it is no time of day.
    #[must_use]
    pub fn time(&self) -> Option<(u8, u8)> {
        let (hour, minute) = self.daily_at.split_once(':')?;
        let number = |text: &str, below: u8| {
            let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|number| digits && *number < below)
        };
        Some((number(hour, 24)?, number(minute, 60)?))
    }

    /// The region of a vault's ARN; `None` when it is not one.
    #[must_use]
    pub fn region_of(vault: &str) -> Option<&str> {
        let parts: Vec<&str> = vault.split(':').collect();
        let ["arn", _, "backup", region, account, "backup-vault", name] = parts.as_slice() else { return None };
        (is_account(account) && !region.is_empty() && !name.is_empty()).then_some(region)
    }
}
