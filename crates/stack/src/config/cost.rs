//! Section `cost`: what can't be known from the resources alone, stated so that a bill can count it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Section `cost`: assumptions about the use of the stack. It makes no resource. What is not stated is not guessed: the
/// bill says that it depends on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cost {
    /// Size of the database, in GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub storage_gib: Option<f64>,
    /// I/O requests a month, in millions (`VolumeReadIOPs` and `VolumeWriteIOPs`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub io_millions: Option<f64>,
    /// Backup storage that is charged, in GiB: what goes beyond the size of the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub backup_gib: Option<f64>,
    /// Recovery points of AWS Backup on average, in GiB: what a plan keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub recovery_point_gib: Option<f64>,
    /// Capacity of a serverless instance on average, in ACU.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 256))]
    pub average_acu: Option<f64>,
    /// Readers that autoscaling adds to the declared ones, on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 15))]
    pub autoscaled_readers: Option<f64>,
    /// Flow logs that are written in a month, in GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub flow_log_gib: Option<f64>,
    /// Logs of the database that are written in a month, in GiB, all of them together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub log_gib: Option<f64>,
    /// Points of enhanced monitoring that all instances write in a month, in GiB; they are charged as logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub os_metrics_gib: Option<f64>,
    /// Traffic through all NAT gateways in a month, in GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub nat_gib: Option<f64>,
    /// Traffic through all interface endpoints in a month, in GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub endpoint_gib: Option<f64>,
    /// Prices that differ from the list, or are not in it, in US dollars: `"db.r8gd.large" = 0.35` for an hour of a class, or
    /// a name that `auroractl cost` shows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: BTreeMap<String, f64>,
}
