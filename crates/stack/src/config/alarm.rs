//! The alarms, their defaults, and thresholds that carry their unit.
//!
//! CloudWatch thresholds are bare numbers in the metric's own unit: bytes for memory, milliseconds for replica lag,
//! seconds for latencies. A threshold here is a text with a unit (`"1000 ms"`, `"10%"`), so that nobody alarms on 20
//! seconds when 20 milliseconds were meant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `monitoring.alarms`: each alarm by name. Six are on by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Alarms {
    /// CPU, above 80 %.
    pub cpu: Alarm,
    /// Free memory, below 10 % of the class's memory.
    pub memory: Alarm,
    /// Connections, above 80 % of the class's `max_connections`.
    pub connections: Alarm,
    /// Lag of the readers, above 1000 ms.
    pub replica_lag: Alarm,
    /// Free local (temporary) storage, below 4 GiB.
    pub local_storage: Alarm,
    /// Deadlocks, above 0.1 a second.
    pub deadlocks: Alarm,
    /// Time of a read from storage, above 20 ms. Off by default.
    pub read_latency: Alarm,
    /// Time of a write to storage, above 20 ms. Off by default.
    pub write_latency: Alarm,
    /// Serverless v2: share of the most capacity in use, above 90 %. Off by default.
    pub acu_utilization: Alarm,
    /// Age of the oldest transaction id, above 1,000,000,000 transactions (wraparound). Off by default.
    pub transaction_ids: Alarm,
}

/// One alarm. What is not said comes from the alarm's own defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Alarm {
    /// Whether it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// When it goes off, with a unit that fits the metric: `"80%"`, `"1000 ms"`, `"2 GiB"`, `"500"`, `"0.1/s"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// Seconds that one point of the metric covers: 10, 30 or a multiple of 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 10, max = 86400))]
    pub period_seconds: Option<u32>,
    /// How many points in a row have to breach the threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1440))]
    pub evaluation_periods: Option<u32>,
}

/// The alarms that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmKind {
    /// `cpu`
    Cpu,
    /// `memory`
    Memory,
    /// `connections`
    Connections,
    /// `replica_lag`
    ReplicaLag,
    /// `local_storage`
    LocalStorage,
    /// `deadlocks`
    Deadlocks,
    /// `read_latency`
    ReadLatency,
    /// `write_latency`
    WriteLatency,
    /// `acu_utilization`
    AcuUtilization,
    /// `transaction_ids`
    TransactionIds,
}

/// What a threshold is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Percent: of the metric itself, or of what the instance class has.
    Percent,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Bytes; `MB` and `GB` are decimal, `MiB` and `GiB` binary.
    Bytes,
    /// A plain number.
    Count,
    /// A number each second.
    PerSecond,
}

/// Units that say the same kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitFamily {
    /// Percent.
    Share,
    /// Times.
    Time,
    /// Bytes.
    Size,
    /// Plain numbers.
    Number,
    /// Numbers each second.
    Rate,
}

/// A threshold: a number and its unit. Sizes are in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The number, in `unit`.
    pub value: f64,
    /// The unit.
    pub unit: Unit,
}

/// An alarm with everything filled in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResolvedAlarm {
    /// Which.
    pub kind: AlarmKind,
    /// When it goes off.
    pub threshold: Threshold,
    /// Seconds that one point covers.
    pub period_seconds: u32,
    /// Points in a row that have to breach.
    pub evaluation_periods: u32,
}

impl Threshold {
    /// A threshold.
    #[must_use]
    pub fn new(value: f64, unit: Unit) -> Self {
        Self { value, unit }
    }

    /// The number in the metric's own unit, which is what `PutMetricAlarm` takes: milliseconds for `AuroraReplicaLag`,
    /// seconds for latencies. `None` for a percentage of something that only the instance class tells.
    #[must_use]
    pub fn for_metric(&self, kind: AlarmKind) -> Option<f64> {
        match (self.unit, kind) {
            (Unit::Percent, AlarmKind::Cpu | AlarmKind::AcuUtilization) => Some(self.value),
            (Unit::Percent, _) => None,
            (Unit::Milliseconds, AlarmKind::ReplicaLag) => Some(self.value),
            (Unit::Milliseconds, _) => Some(self.value / 1000.0),
            (Unit::Seconds, AlarmKind::ReplicaLag) => Some(self.value * 1000.0),
            (Unit::Seconds | Unit::Bytes | Unit::Count | Unit::PerSecond, _) => Some(self.value),
        }
    }
}

/// Units as they may be written, with their factor.
const UNITS: [(&str, Unit, f64); 10] = [
    ("%", Unit::Percent, 1.0),
    ("ms", Unit::Milliseconds, 1.0),
    ("/s", Unit::PerSecond, 1.0),
    ("s", Unit::Seconds, 1.0),
    ("KiB", Unit::Bytes, 1024.0),
    ("MiB", Unit::Bytes, 1_048_576.0),
    ("GiB", Unit::Bytes, 1_073_741_824.0),
    ("MB", Unit::Bytes, 1e6),
    ("GB", Unit::Bytes, 1e9),
    ("", Unit::Count, 1.0),
];

impl FromStr for Threshold {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim();
        for (suffix, unit, factor) in UNITS {
            let Some(number) = text.strip_suffix(suffix) else { continue };
            let number = number.trim_end();
            if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
                continue;
            }
            let value: f64 = number.parse().map_err(|_| ())?;
            return Ok(Self { value: value * factor, unit });
        }
        Err(())
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, suffix) = match self.unit {
            Unit::Percent => (self.value, "%"),
            Unit::Milliseconds => (self.value, " ms"),
            Unit::Seconds => (self.value, " s"),
            Unit::Bytes => (self.value / 1_048_576.0, " MiB"),
            Unit::Count => (self.value, ""),
            Unit::PerSecond => (self.value, "/s"),
        };
        write!(f, "{value}{suffix}")
    }
}

impl Unit {
    /// The family it belongs to.
    #[must_use]
    pub fn family(self) -> UnitFamily {
        match self {
            Self::Percent => UnitFamily::Share,
            Self::Milliseconds | Self::Seconds => UnitFamily::Time,
            Self::Bytes => UnitFamily::Size,
            Self::Count => UnitFamily::Number,
            Self::PerSecond => UnitFamily::Rate,
        }
    }
}

impl AlarmKind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Cpu,
        Self::Memory,
        Self::Connections,
        Self::ReplicaLag,
        Self::LocalStorage,
        Self::Deadlocks,
        Self::ReadLatency,
        Self::WriteLatency,
        Self::AcuUtilization,
        Self::TransactionIds,
    ];

    /// Its key in `monitoring.alarms`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Connections => "connections",
            Self::ReplicaLag => "replica_lag",
            Self::LocalStorage => "local_storage",
            Self::Deadlocks => "deadlocks",
            Self::ReadLatency => "read_latency",
            Self::WriteLatency => "write_latency",
            Self::AcuUtilization => "acu_utilization",
            Self::TransactionIds => "transaction_ids",
        }
    }

    /// The metric in namespace `AWS/RDS`.
    #[must_use]
    pub fn metric(self) -> &'static str {
        match self {
            Self::Cpu => "CPUUtilization",
            Self::Memory => "FreeableMemory",
            Self::Connections => "DatabaseConnections",
            Self::ReplicaLag => "AuroraReplicaLag",
            Self::LocalStorage => "FreeLocalStorage",
            Self::Deadlocks => "Deadlocks",
            Self::ReadLatency => "ReadLatency",
            Self::WriteLatency => "WriteLatency",
            Self::AcuUtilization => "ACUUtilization",
            Self::TransactionIds => "MaximumUsedTransactionIDs",
        }
    }

    /// Whether it is on when the file says nothing.
    #[must_use]
    pub fn on_by_default(self) -> bool {
        !matches!(self, Self::ReadLatency | Self::WriteLatency | Self::AcuUtilization | Self::TransactionIds)
    }

    /// The threshold when the file says nothing.
    #[must_use]
    pub fn default_threshold(self) -> Threshold {
        match self {
            Self::Cpu | Self::Connections => Threshold::new(80.0, Unit::Percent),
            Self::Memory => Threshold::new(10.0, Unit::Percent),
            // RDS publishes no table of local storage for current classes, so this is absolute: a tenth of about 32 GiB.
            Self::LocalStorage => Threshold::new(4_294_967_296.0, Unit::Bytes),
            Self::AcuUtilization => Threshold::new(90.0, Unit::Percent),
            Self::ReplicaLag => Threshold::new(1000.0, Unit::Milliseconds),
            Self::ReadLatency | Self::WriteLatency => Threshold::new(20.0, Unit::Milliseconds),
            Self::Deadlocks => Threshold::new(0.1, Unit::PerSecond),
            Self::TransactionIds => Threshold::new(1e9, Unit::Count),
        }
    }

    /// The unit families that make sense for its threshold.
    #[must_use]
    pub fn families(self) -> &'static [UnitFamily] {
        match self {
            Self::Cpu | Self::AcuUtilization => &[UnitFamily::Share],
            Self::Memory => &[UnitFamily::Size, UnitFamily::Share],
            Self::LocalStorage => &[UnitFamily::Size],
            Self::Connections => &[UnitFamily::Share, UnitFamily::Number],
            Self::ReplicaLag | Self::ReadLatency | Self::WriteLatency => &[UnitFamily::Time],
            Self::Deadlocks => &[UnitFamily::Rate],
            Self::TransactionIds => &[UnitFamily::Number],
        }
    }
}

impl Alarms {
    /// What the file says about one alarm.
    #[must_use]
    pub fn get(&self, kind: AlarmKind) -> &Alarm {
        match kind {
            AlarmKind::Cpu => &self.cpu,
            AlarmKind::Memory => &self.memory,
            AlarmKind::Connections => &self.connections,
            AlarmKind::ReplicaLag => &self.replica_lag,
            AlarmKind::LocalStorage => &self.local_storage,
            AlarmKind::Deadlocks => &self.deadlocks,
            AlarmKind::ReadLatency => &self.read_latency,
            AlarmKind::WriteLatency => &self.write_latency,
            AlarmKind::AcuUtilization => &self.acu_utilization,
            AlarmKind::TransactionIds => &self.transaction_ids,
        }
    }

    /// The alarms that exist, everything filled in.
    #[must_use]
    pub fn resolved(&self) -> Vec<ResolvedAlarm> {
        let on = |kind: &AlarmKind| self.get(*kind).enabled.unwrap_or(kind.on_by_default());
        AlarmKind::ALL.into_iter().filter(on).map(|kind| self.resolve(kind)).collect()
    }

    /// The same alarms with their defaults written out.
    pub(super) fn filled(&self) -> Self {
        let mut filled = self.clone();
        for kind in AlarmKind::ALL {
            let resolved = self.resolve(kind);
            *filled.get_mut(kind) = Alarm {
                enabled: Some(self.get(kind).enabled.unwrap_or(kind.on_by_default())),
                threshold: Some(resolved.threshold.to_string()),
                period_seconds: Some(resolved.period_seconds),
                evaluation_periods: Some(resolved.evaluation_periods),
            };
        }
        filled
    }

    fn get_mut(&mut self, kind: AlarmKind) -> &mut Alarm {
        match kind {
            AlarmKind::Cpu => &mut self.cpu,
            AlarmKind::Memory => &mut self.memory,
            AlarmKind::Connections => &mut self.connections,
            AlarmKind::ReplicaLag => &mut self.replica_lag,
            AlarmKind::LocalStorage => &mut self.local_storage,
            AlarmKind::Deadlocks => &mut self.deadlocks,
            AlarmKind::ReadLatency => &mut self.read_latency,
            AlarmKind::WriteLatency => &mut self.write_latency,
            AlarmKind::AcuUtilization => &mut self.acu_utilization,
            AlarmKind::TransactionIds => &mut self.transaction_ids,
        }
    }

    fn resolve(&self, kind: AlarmKind) -> ResolvedAlarm {
        let alarm = self.get(kind);
        let threshold = alarm.threshold.as_deref().and_then(|text| text.parse().ok());
        ResolvedAlarm {
            kind,
            threshold: threshold.unwrap_or_else(|| kind.default_threshold()),
            period_seconds: alarm.period_seconds.unwrap_or(60),
            evaluation_periods: alarm.evaluation_periods.unwrap_or(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_carry_units() {
        let parse = |text: &str| text.parse::<Threshold>().ok();
        assert_eq!(parse("80%"), Some(Threshold::new(80.0, Unit::Percent)));
        assert_eq!(parse("1000 ms"), Some(Threshold::new(1000.0, Unit::Milliseconds)));
        assert_eq!(parse("0.1/s"), Some(Threshold::new(0.1, Unit::PerSecond)));
        assert_eq!(parse("2 GiB"), Some(Threshold::new(2_147_483_648.0, Unit::Bytes)));
        assert_eq!(parse("500"), Some(Threshold::new(500.0, Unit::Count)));
        for bad in ["", "%", "ms", "-5%", "1e9", "5 parsec", "1.2.3", "NaN", "inf"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn metrics_get_their_own_unit() {
        let ms = Threshold::new(20.0, Unit::Milliseconds);
        assert_eq!(ms.for_metric(AlarmKind::ReadLatency), Some(0.02), "latency metrics are in seconds");
        assert_eq!(ms.for_metric(AlarmKind::ReplicaLag), Some(20.0), "replica lag is in milliseconds");
        let share = Threshold::new(10.0, Unit::Percent);
        assert_eq!(share.for_metric(AlarmKind::Memory), None, "needs the class's memory");
    }

    #[test]
    fn six_by_default() {
        let keys: Vec<_> = Alarms::default().resolved().iter().map(|a| a.kind.key()).collect();
        assert_eq!(keys, ["cpu", "memory", "connections", "replica_lag", "local_storage", "deadlocks"]);
        for kind in AlarmKind::ALL {
            assert!(kind.families().contains(&kind.default_threshold().unit.family()), "{kind:?}");
        }
    }
}
