//! Monitoring: where logs go, what raises an alarm, who is told.
//!
//! One file per kind, one line in [`KINDS`]; what must move together stands in [`LOWERINGS`]. Beside the kinds stands [`defaults`]: what alarms on Aurora PostgreSQL are
//! worth having, and why.

pub mod defaults;
pub mod live;
mod log_group;
mod metric_alarm;
mod receivers;
mod sns_subscription;
mod sns_topic;
#[cfg(test)]
mod testing;

use auroractl_aws::Aws;
use auroractl_core::Of;
use auroractl_core::lower::Lowering;
use auroractl_engine::Kind;

pub use log_group::{LogGroup, LogGroupOutputs};
pub use metric_alarm::{ComparisonOperator, MetricAlarm, MetricAlarmOutputs, Statistic, TreatMissingData};
pub use receivers::Receivers;
pub use sns_subscription::{SnsSubscription, SnsSubscriptionOutputs};
pub use sns_topic::{SnsTopic, SnsTopicOutputs, TopicPolicy};

/// The kinds of this crate.
pub const KINDS: &[&dyn Kind<Aws>] =
    &[&Of::<LogGroup>::NEW, &Of::<MetricAlarm>::NEW, &Of::<SnsSubscription>::NEW, &Of::<SnsTopic>::NEW];

/// Resources that must move together.
pub const LOWERINGS: &[&dyn Lowering] = &[&Receivers];
