//! Faults as data: which calls, when, and what goes wrong.
//!
//! A fault is a rule that a test arms before a run, in Rust or as JSON over the admin interface. Rules are tried in
//! order; the first that decides the outcome of a call wins, while delays and clock skews add to whatever else happens.

use super::lock;
use super::wire::Call;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::time::Duration;

/// One rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Pattern over `service:Action`; `*` stands for any text (`rds:CreateDB*`).
    pub on: String,
    /// Narrows the pattern to writes or reads.
    #[serde(default)]
    pub only: Only,
    /// Fires from this matching call on, counted from 1; without `count` at that call alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Fires this many times at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Fires with this probability, 0 to 1, drawn from `seed` in the order of the matching calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// Seed of `chance`.
    #[serde(default)]
    pub seed: u64,
    /// What happens.
    pub effect: Effect,
}

/// Which calls a pattern means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Only {
    /// All of them.
    #[default]
    All,
    /// Those that may change the world.
    Writes,
    /// Those that can't.
    Reads,
}

/// When a failure strikes: whether AWS has acted by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The call never reaches the emulator.
    Before,
    /// The emulator has acted, and its answer is lost.
    After,
}

/// The three sides of an API boundary on which a client can die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillAt {
    /// The call was made and never reaches AWS.
    BeforeSend,
    /// AWS has acted, the client never learns it.
    AfterEffect,
    /// The client has its answer on the wire, and dies with it.
    AfterResponse,
}

/// What a fault does to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// The service's throttling error, without effect.
    Throttle,
    /// The service's internal error.
    ServerError {
        /// Before or after the effect.
        when: When,
        /// 500 or 503.
        #[serde(default = "internal_error")]
        status: u16,
    },
    /// The connection is reset (RST).
    Reset {
        /// Before or after the effect.
        when: When,
    },
    /// The answer ends half-way, after the effect.
    Truncate {
        /// Whether the HTTP message claims to be whole, so that only its content is broken.
        #[serde(default)]
        whole: bool,
    },
    /// The call is carried out, later.
    Latency {
        /// Milliseconds before the call is sent on.
        ms: u64,
    },
    /// No answer ever; ends when the client gives up.
    Hang {
        /// Before or after the effect.
        when: When,
    },
    /// The session token is past its end, without effect.
    ExpiredCredentials,
    /// Not authorized, without effect.
    AccessDenied,
    /// Any error of the service, without effect, in the shape of its protocol.
    Error {
        /// HTTP status.
        status: u16,
        /// AWS error code.
        code: String,
        /// Text for a reader.
        #[serde(default)]
        message: String,
    },
    /// A page of HTML with status 502, as load balancers send it.
    Gateway {
        /// Before or after the effect.
        when: When,
    },
    /// The service's clock differs from the client's: another `Date`, and signatures refused that are further off than
    /// AWS tolerates.
    ClockSkew {
        /// Seconds by which the service is ahead.
        seconds: i64,
        /// Whether signatures more than five minutes off are refused.
        #[serde(default)]
        refuse: bool,
    },
    /// SIGKILL to the client.
    Kill {
        /// On which side of the call.
        at: KillAt,
        /// The process; without it the one named by `Proxy::set_victim`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pid: Option<u32>,
        /// Milliseconds that the client lives on, for `AfterResponse`: room to read and journal the answer.
        #[serde(default)]
        delay_ms: u64,
    },
}

const fn internal_error() -> u16 {
    500
}

impl Effect {
    /// The name under which the log records it: the `kind` of its JSON form.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Throttle => "throttle",
            Self::ServerError { .. } => "server_error",
            Self::Reset { .. } => "reset",
            Self::Truncate { .. } => "truncate",
            Self::Latency { .. } => "latency",
            Self::Hang { .. } => "hang",
            Self::ExpiredCredentials => "expired_credentials",
            Self::AccessDenied => "access_denied",
            Self::Error { .. } => "error",
            Self::Gateway { .. } => "gateway",
            Self::ClockSkew { .. } => "clock_skew",
            Self::Kill { .. } => "kill",
        }
    }
}

impl Fault {
    /// A fault at every call that `pattern` names.
    #[must_use]
    pub fn on(pattern: &str, effect: Effect) -> Self {
        Self { on: pattern.to_owned(), only: Only::All, nth: None, count: None, chance: None, seed: 0, effect }
    }

    /// The same, for writes alone.
    #[must_use]
    pub fn writes(self) -> Self {
        Self { only: Only::Writes, ..self }
    }

    /// The same, at the `nth` matching call (from 1) alone.
    #[must_use]
    pub fn nth(self, nth: u64) -> Self {
        Self { nth: Some(nth), ..self }
    }

    /// The same, `count` times at most.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// The same, with a probability from 0 to 1 drawn from `seed`.
    #[must_use]
    pub fn chance(self, chance: f64, seed: u64) -> Self {
        Self { chance: Some(chance), seed, ..self }
    }

    fn matches(&self, call: &Call) -> bool {
        let side = match self.only {
            Only::All => true,
            Only::Writes => call.mutating,
            Only::Reads => !call.mutating,
        };
        side && glob(&self.on, &call.name())
    }
}

/// A fault and what it has done so far.
#[derive(Clone, Debug, Serialize)]
pub struct Armed {
    /// The rule.
    pub fault: Fault,
    /// Calls that matched.
    pub seen: u64,
    /// Times it struck.
    pub fired: u64,
    #[serde(skip)]
    rng: fastrand::Rng,
}

impl Armed {
    fn strikes(&mut self, call: &Call) -> bool {
        if !self.fault.matches(call) {
            return false;
        }
        self.seen += 1;
        let limit = self.fault.count.or(self.fault.nth.map(|_| 1)).unwrap_or(u64::MAX);
        let due = self.fired < limit && self.seen >= self.fault.nth.unwrap_or(1);
        // Drawn at every match, due or not, so that the sequence depends on the seed and the calls alone.
        let drawn = self.fault.chance.is_none_or(|chance| self.rng.f64() < chance);
        due && drawn
    }
}

/// What happens to one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Wait before the call is sent on.
    pub delay: Duration,
    /// Seconds by which the service is ahead, and whether it refuses signatures that are too far off.
    pub skew: Option<(i64, bool)>,
    /// What decides the outcome.
    pub effect: Option<Effect>,
}

/// The rules in force.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Mutex<Vec<Armed>>,
}

impl Faults {
    /// Adds a rule after those in force.
    pub fn arm(&self, fault: Fault) {
        let rng = fastrand::Rng::with_seed(fault.seed);
        lock(&self.armed).push(Armed { fault, seen: 0, fired: 0, rng });
    }

    /// Removes every rule.
    pub fn clear(&self) {
        lock(&self.armed).clear();
    }

    /// The rules in force, with their counts.
    #[must_use]
    pub fn list(&self) -> Vec<Armed> {
        lock(&self.armed).clone()
    }

    /// Decides about a call and counts it.
    #[must_use]
    pub fn decide(&self, call: &Call) -> Verdict {
        let mut verdict = Verdict::default();
        for rule in lock(&self.armed).iter_mut() {
            if !rule.strikes(call) {
                continue;
            }
            match &rule.fault.effect {
                Effect::Latency { ms } => verdict.delay += Duration::from_millis(*ms),
                Effect::ClockSkew { seconds, refuse } => verdict.skew = Some((*seconds, *refuse)),
                decisive if verdict.effect.is_none() => verdict.effect = Some(decisive.clone()),
                _ => continue,
            }
            rule.fired += 1;
        }
        verdict
    }
}

/// Reads one fault or a list of them; a list is told by its bracket, so that the error is about the rule and not about both.
pub(super) fn parse(json: &[u8]) -> serde_json::Result<Vec<Fault>> {
    if json.trim_ascii_start().first() == Some(&b'[') {
        serde_json::from_slice(json)
    } else {
        serde_json::from_slice(json).map(|fault| vec![fault])
    }
}

/// Whether `text` matches `pattern`, in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    // Every suffix of the text is a candidate for the rest of the pattern; names are short.
    text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| text.get(at..).is_some_and(|t| glob(rest, t)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::wire::Protocol;

    fn call(action: &str) -> Call {
        let (service, action) = ("rds".to_owned(), action.to_owned());
        let mutating = !action.starts_with("Describe");
        Call { service, action, region: String::new(), protocol: Protocol::Query, mutating, signed_at: None }
    }

    fn strikes(fault: Fault, calls: &[&str]) -> Vec<bool> {
        let faults = Faults::default();
        faults.arm(fault);
        calls.iter().map(|action| faults.decide(&call(action)).effect.is_some()).collect()
    }

    #[test]
    fn patterns() {
        assert!(glob("rds:CreateDB*", "rds:CreateDBCluster"));
        assert!(glob("*", "ec2:CreateVpc") && glob("*:Create*Group", "rds:CreateDBParameterGroup"));
        assert!(!glob("rds:CreateDB", "rds:CreateDBCluster") && !glob("ec2:*", "rds:CreateDBCluster"));
    }

    #[test]
    fn nth_is_that_call_alone_unless_a_count_says_more() {
        let five = ["CreateA"; 5];
        assert_eq!(strikes(Fault::on("*", Effect::Throttle).nth(2), &five), [false, true, false, false, false]);
        assert_eq!(strikes(Fault::on("*", Effect::Throttle).nth(2).times(3), &five), [false, true, true, true, false]);
        assert_eq!(strikes(Fault::on("*", Effect::Throttle).times(1), &five), [true, false, false, false, false]);
    }

    #[test]
    fn writes_do_not_count_reads() {
        let calls = ["DescribeA", "CreateA", "DescribeA", "CreateB"];
        assert_eq!(strikes(Fault::on("*", Effect::Throttle).writes().nth(2), &calls), [false, false, false, true]);
    }

    #[test]
    fn chance_is_repeatable_by_seed_and_about_right() {
        let calls = ["CreateA"; 1000];
        let draw = |seed| strikes(Fault::on("*", Effect::Throttle).chance(0.9, seed), &calls);
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let hits = draw(7).iter().filter(|hit| **hit).count();
        assert!((850..950).contains(&hits), "{hits}");
    }

    #[test]
    fn delays_and_skews_join_the_first_decisive_effect() {
        let faults = Faults::default();
        faults.arm(Fault::on("*", Effect::Latency { ms: 5 }));
        faults.arm(Fault::on("*", Effect::ClockSkew { seconds: 600, refuse: false }));
        faults.arm(Fault::on("*", Effect::Throttle));
        faults.arm(Fault::on("*", Effect::AccessDenied));
        let verdict = faults.decide(&call("CreateA"));
        assert_eq!(verdict.effect, Some(Effect::Throttle));
        assert_eq!((verdict.delay, verdict.skew), (Duration::from_millis(5), Some((600, false))));
        assert_eq!(faults.list().iter().map(|rule| rule.fired).collect::<Vec<_>>(), [1, 1, 1, 0]);
    }

    #[test]
    fn json_is_strict_and_short() {
        let text = r#"{"on":"rds:Create*","nth":3,"effect":{"kind":"kill","at":"after_effect"}}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        assert_eq!(fault.effect, Effect::Kill { at: KillAt::AfterEffect, pid: None, delay_ms: 0 });
        assert!(serde_json::from_str::<Fault>(r#"{"on":"*","effect":{"kind":"nonsense"}}"#).is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"on":"*","nht":3,"effect":{"kind":"throttle"}}"#).is_err());
    }

    #[test]
    fn the_logged_name_is_the_json_kind() {
        for effect in [
            Effect::Throttle,
            Effect::AccessDenied,
            Effect::Gateway { when: When::After },
            Effect::Truncate { whole: true },
        ] {
            assert_eq!(serde_json::to_value(&effect).unwrap()["kind"], effect.name());
        }
    }
}
