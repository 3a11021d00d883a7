//! Section `changes`: how the stack is changed where there is more than one way.

use auroractl_core::Strategy as CoreStrategy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Section `changes`: how changes are made that restart members of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Changes {
    /// How a change is made that restarts members. `plan` shows what each would cost.
    pub strategy: Strategy,
    /// How far a reader may lag behind the writer and count as back, as `500ms` or `1s`. The next member waits for it.
    pub max_replica_lag: String,
    /// A roll makes one more reader first, and removes it when it is done. So there is never less capacity than before, and
    /// where no reader can take over, writes are away for two failovers of seconds instead of a restart of minutes. It costs
    /// its hours.
    pub surge_reader: bool,
}

impl Default for Changes {
    fn default() -> Self {
        Self { strategy: Strategy::default(), max_replica_lag: "1s".to_owned(), surge_reader: false }
    }
}

/// How a change is made that restarts members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Readers one at a time, then the writer's role moves to one of them, then the old writer: one failover of seconds.
    #[default]
    Roll,
    /// Members one at a time, the writer last and where it stands: it is away for as long as its restart takes.
    InPlace,
    /// AWS makes the change in the maintenance window, to all members that it concerns; until then it is pending. Values
    /// that wait for a restart go on waiting.
    Window,
}

impl From<Strategy> for CoreStrategy {
    fn from(strategy: Strategy) -> Self {
        match strategy {
            Strategy::Roll => Self::Roll,
            Strategy::InPlace => Self::InPlace,
            Strategy::Window => Self::Window,
        }
    }
}

impl Changes {
    /// The name in the address of the reader that a roll makes. No member can have it, since RDS takes no underscore.
    pub const SURGE: &'static str = "surge_reader";

    /// Does a roll make one more reader?
    #[must_use]
    pub fn surges(&self) -> bool {
        self.surge_reader && self.strategy == Strategy::Roll
    }

    /// Milliseconds of a lag such as `500ms` or `2s`, at most ten minutes; `None` when it is not one.
    #[must_use]
    pub fn lag(text: &str) -> Option<u32> {
        let (count, scale) = match text.strip_suffix("ms") {
            Some(count) => (count, 1),
            None => (text.strip_suffix('s')?, 1_000),
        };
        if count.is_empty() || !count.chars().all(|c| c.is_ascii_digit()) {
            return None;
        }
        count.parse::<u32>().ok()?.checked_mul(scale).filter(|lag| (1..=600_000).contains(lag))
    }
}

#[cfg(test)]
mod tests {
    use super::Changes;
    use auroractl_core::Manner;

    #[test]
    fn lags() {
        for (text, millis) in [("500ms", Some(500)), ("1s", Some(1_000)), ("600s", Some(600_000))] {
            assert_eq!(Changes::lag(text), millis, "{text}");
        }
        for text in ["", "5", "ms", "s", "0s", "601s", "-1s", "1.5s", "1 s", "5m", "99999999999ms"] {
            assert_eq!(Changes::lag(text), None, "{text}");
        }
        assert_eq!(Changes::lag(&Changes::default().max_replica_lag), Some(Manner::MAX_LAG));
    }
}
