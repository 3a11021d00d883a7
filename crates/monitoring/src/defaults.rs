//! Alarms that are worth having on Aurora PostgreSQL, as data: metric, unit, threshold, what it means, what to do.
//!
//! A threshold is a bare number in the metric's own unit, and the units are not what one expects: latencies are in
//! seconds, replica lag is in milliseconds, memory in bytes. Memory and connections have no sensible number that fits
//! every instance class (256 MB of free memory means nothing on 512 GB), so theirs are shares of what the smallest
//! member has: it is the first to run out.

use crate::metric_alarm::{ComparisonOperator, Statistic, TreatMissingData};

/// The unit that CloudWatch publishes a metric in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUnit {
    /// Percent, 0 to 100.
    Percent,
    /// Bytes.
    Bytes,
    /// A number.
    Count,
    /// A number each second.
    CountPerSecond,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

/// Where an alarm goes off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// At this number, in the metric's own unit.
    At(f64),
    /// At this share (0 to 1) of a member's memory.
    OfMemory(f64),
    /// At this share (0 to 1) of a member's `max_connections`.
    OfConnections(f64),
}

/// On which members a metric exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// On all.
    All,
    /// Where there is a reader.
    Readers,
    /// On members of a fixed class.
    Provisioned,
    /// On Serverless v2 members.
    Serverless,
}

/// What a member has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capacity {
    /// Memory of its class in bytes; of a Serverless v2 member at its greatest capacity, which is what the metrics are
    /// relative to.
    pub memory: f64,
    /// Its `max_connections`; see [`default_max_connections`].
    pub max_connections: f64,
}

/// One alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DefaultAlarm {
    /// Its key in a stack file.
    pub key: &'static str,
    /// The metric, in namespace [`NAMESPACE`] with dimension `DBClusterIdentifier`.
    pub metric: &'static str,
    /// What the metric is measured in.
    pub unit: MetricUnit,
    /// Where the alarm goes off.
    pub limit: Limit,
    /// On which side of it.
    pub comparison_operator: ComparisonOperator,
    /// Over the members of a cluster: the worst one counts, a rate or a latency is a mean.
    pub statistic: Statistic,
    /// What a missing point means.
    pub treat_missing_data: TreatMissingData,
    /// Where the metric exists.
    pub members: Members,
    /// What it means when the alarm goes off.
    pub reason: &'static str,
    /// What to do then.
    pub action: &'static str,
    /// Where AWS describes the metric.
    pub source: &'static str,
}

/// Namespace of all metrics here.
pub const NAMESPACE: &str = "AWS/RDS";
const METRICS: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html";
const SERVERLESS: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html";
const CONNECTIONS: &str = "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Managing.html";
const WRAPAROUND: &str =
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Autovacuum.html";
const GIB: f64 = 1_073_741_824.0;

/// Above, of the worst member, with missing data as CloudWatch takes it. The other rows say what they do otherwise.
const ABOVE: DefaultAlarm = DefaultAlarm {
    key: "",
    metric: "",
    unit: MetricUnit::Count,
    limit: Limit::At(0.0),
    comparison_operator: ComparisonOperator::GreaterThanThreshold,
    statistic: Statistic::Maximum,
    treat_missing_data: TreatMissingData::Missing,
    members: Members::All,
    reason: "",
    action: "",
    source: METRICS,
};
const BELOW: DefaultAlarm = DefaultAlarm {
    comparison_operator: ComparisonOperator::LessThanThreshold,
    statistic: Statistic::Minimum,
    unit: MetricUnit::Bytes,
    ..ABOVE
};
/// Nothing was read or written, or nobody reads: no point is published, and all is well.
const MEAN: DefaultAlarm =
    DefaultAlarm { statistic: Statistic::Average, treat_missing_data: TreatMissingData::NotBreaching, ..ABOVE };

/// All of them, in the order of a stack file.
pub const ALARMS: [DefaultAlarm; 10] = [
    DefaultAlarm {
        key: "cpu",
        metric: "CPUUtilization",
        unit: MetricUnit::Percent,
        limit: Limit::At(80.0),
        reason: "Little computing power is left; of a Serverless v2 member, at its greatest capacity.",
        action: "Look for expensive statements in Database Insights; then scale up, or add readers.",
        ..ABOVE
    },
    DefaultAlarm {
        key: "memory",
        metric: "FreeableMemory",
        limit: Limit::OfMemory(0.1),
        reason: "Memory runs short: the database may be restarted.",
        action: "Look for sessions with large work_mem and for too many connections; then scale up.",
        ..BELOW
    },
    DefaultAlarm {
        key: "connections",
        metric: "DatabaseConnections",
        limit: Limit::OfConnections(0.8),
        reason: "Clients will soon be refused.",
        action: "Put a connection pool or RDS Proxy before the cluster; look for sessions that idle.",
        source: CONNECTIONS,
        ..ABOVE
    },
    DefaultAlarm {
        key: "replica_lag",
        metric: "AuroraReplicaLag",
        unit: MetricUnit::Milliseconds,
        limit: Limit::At(1000.0),
        treat_missing_data: TreatMissingData::NotBreaching,
        members: Members::Readers,
        reason: "Readers answer with old data; one that lags for long restarts.",
        action: "Look at the writer's load and for long transactions on the reader; give both the same class.",
        ..ABOVE
    },
    DefaultAlarm {
        key: "local_storage",
        metric: "FreeLocalStorage",
        limit: Limit::At(4.0 * GIB),
        members: Members::Provisioned,
        reason: "Room for temporary tables, sorts and logs runs short: statements will fail.",
        action: "Look for statements that spill to disk; then scale up, which brings more local storage.",
        ..BELOW
    },
    DefaultAlarm {
        key: "deadlocks",
        metric: "Deadlocks",
        unit: MetricUnit::CountPerSecond,
        limit: Limit::At(0.1),
        reason: "Transactions lock one another out and are cancelled.",
        action: "Find both statements in the PostgreSQL log; take locks in one order.",
        ..MEAN
    },
    DefaultAlarm {
        key: "read_latency",
        metric: "ReadLatency",
        unit: MetricUnit::Seconds,
        limit: Limit::At(0.02),
        reason: "Reads from storage take long.",
        action: "Look whether the working set still fits into memory; then scale up, or add readers.",
        ..MEAN
    },
    DefaultAlarm {
        key: "write_latency",
        metric: "WriteLatency",
        unit: MetricUnit::Seconds,
        limit: Limit::At(0.02),
        reason: "Writes to storage take long.",
        action: "Look at the rate of commits and at their size; batch small transactions.",
        ..MEAN
    },
    DefaultAlarm {
        key: "acu_utilization",
        metric: "ACUUtilization",
        unit: MetricUnit::Percent,
        limit: Limit::At(90.0),
        members: Members::Serverless,
        reason: "The member is near its greatest capacity and can't scale much further.",
        action: "Raise the greatest capacity, or look for expensive statements in Database Insights.",
        source: SERVERLESS,
        ..ABOVE
    },
    DefaultAlarm {
        key: "transaction_ids",
        metric: "MaximumUsedTransactionIDs",
        limit: Limit::At(1e9),
        reason: "Vacuum does not keep up: at about 2 billion the database takes no more writes.",
        action: "Look for long transactions, abandoned replication slots and prepared transactions that hold vacuum back.",
        source: WRAPAROUND,
        ..ABOVE
    },
];

/// The alarm of this key.
#[must_use]
pub fn alarm(key: &str) -> Option<&'static DefaultAlarm> {
    ALARMS.iter().find(|alarm| alarm.key == key)
}

/// Aurora PostgreSQL's `max_connections` when no parameter group says otherwise,
/// `LEAST({DBInstanceClassMemory/9531392},5000)`, for that memory in bytes, which is a little less than the class's.
#[must_use]
pub fn default_max_connections(instance_class_memory: f64) -> f64 {
    (instance_class_memory / 9_531_392.0).floor().clamp(0.0, 5000.0)
}

impl DefaultAlarm {
    /// The threshold in the metric's own unit; shares are of the smallest member. `None` where a share is asked for and
    /// no member is known.
    #[must_use]
    pub fn threshold(&self, members: &[Capacity]) -> Option<f64> {
        let least = |of: fn(&Capacity) -> f64| members.iter().map(of).reduce(f64::min);
        match self.limit {
            Limit::At(value) => Some(value),
            Limit::OfMemory(share) => least(|member| member.memory).map(|whole| (whole * share).round()),
            Limit::OfConnections(share) => least(|member| member.max_connections).map(|whole| (whole * share).round()),
        }
    }

    /// The text that stands in the message to whoever is told.
    #[must_use]
    pub fn description(&self, cluster: &str) -> String {
        format!("Cluster {cluster}, {}. {} {}", self.metric, self.reason, self.action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// `db.r7g.large`: 16 GiB, and the documented 1,722 connections.
    const LARGE: Capacity = Capacity { memory: 16.0 * GIB, max_connections: 1722.0 };
    /// `db.t4g.medium`: 4 GiB, and the documented 405 connections.
    const MEDIUM: Capacity = Capacity { memory: 4.0 * GIB, max_connections: 405.0 };

    fn threshold(key: &str, members: &[Capacity]) -> Option<f64> {
        alarm(key).unwrap().threshold(members)
    }

    #[test]
    fn thresholds_are_in_the_metrics_own_units() {
        for (key, unit, value) in [
            ("cpu", MetricUnit::Percent, 80.0),
            ("replica_lag", MetricUnit::Milliseconds, 1000.0),
            ("read_latency", MetricUnit::Seconds, 0.02),
            ("write_latency", MetricUnit::Seconds, 0.02),
            ("acu_utilization", MetricUnit::Percent, 90.0),
        ] {
            assert_eq!((alarm(key).unwrap().unit, threshold(key, &[])), (unit, Some(value)), "{key}");
        }
    }

    #[test]
    fn shares_are_of_the_smallest_member() {
        assert_eq!(threshold("memory", &[LARGE]), Some(1_717_986_918.0));
        assert_eq!(threshold("connections", &[LARGE]), Some(1378.0));
        assert_eq!(threshold("connections", &[LARGE, MEDIUM]), Some(324.0));
        assert_eq!(threshold("memory", &[MEDIUM, LARGE]), Some(429_496_730.0));
        assert_eq!(threshold("memory", &[]), None);
    }

    #[test]
    fn connections_have_a_ceiling() {
        assert_eq!(default_max_connections(9_531_392.0 * 405.9), 405.0);
        assert_eq!(default_max_connections(1e15), 5000.0);
    }

    #[test]
    fn every_alarm_is_complete() {
        let keys: BTreeSet<_> = ALARMS.iter().map(|alarm| alarm.key).collect();
        let metrics: BTreeSet<_> = ALARMS.iter().map(|alarm| alarm.metric).collect();
        assert_eq!((keys.len(), metrics.len()), (ALARMS.len(), ALARMS.len()));
        for alarm in &ALARMS {
            assert!(alarm.source.starts_with("https://docs.aws.amazon.com/"), "{}", alarm.key);
            assert!(alarm.reason.ends_with('.') && alarm.action.ends_with('.'), "{}", alarm.key);
            // `AlarmDescription`: at most 1024 characters.
            assert!(alarm.description(&"x".repeat(63)).len() <= 1024, "{}", alarm.key);
        }
    }
}
