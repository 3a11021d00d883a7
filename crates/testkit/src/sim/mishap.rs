//! What can go wrong, and where a process can die.

use super::log::Deed;
use auroractl_engine::Class;
use std::time::Duration;

/// What befalls one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Not executed, "slow down".
    Throttled,
    /// Not executed, 5xx.
    Unavailable,
    /// The connection breaks before the call arrives.
    Reset,
    /// Executed, and answered with 5xx.
    Failed,
    /// Executed, and the connection breaks.
    ResetBehind,
    /// Executed, and the answer ends in its midst.
    Truncated,
    /// Something beneath us delivers it twice.
    Echo,
    /// Refused for good: a quota is used up.
    Quota,
    /// Refused for good: the request is wrong.
    Invalid,
    /// Refused for good: the caller may not do this.
    Denied,
    /// Refused for now: what it needs is not visible yet.
    NotYet,
}

impl Mishap {
    /// All of them, in the order of [`Weather::rates`].
    pub const ALL: [Self; 11] = [
        Self::Throttled,
        Self::Unavailable,
        Self::Reset,
        Self::Failed,
        Self::ResetBehind,
        Self::Truncated,
        Self::Echo,
        Self::Quota,
        Self::Invalid,
        Self::Denied,
        Self::NotYet,
    ];

    /// What it is called in the table of what was hit.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttle",
            Self::Unavailable => "5xx before the effect",
            Self::Reset => "reset before the effect",
            Self::Failed => "5xx after the effect",
            Self::ResetBehind => "reset after the effect",
            Self::Truncated => "truncated body",
            Self::Echo => "delivered twice",
            Self::Quota => "quota",
            Self::Invalid => "invalid request",
            Self::Denied => "access denied",
            Self::NotYet => "not yet",
        }
    }

    /// The class of the answer, where the call is not executed.
    #[must_use]
    pub fn prevents(self) -> Option<Class> {
        Some(match self {
            Self::Throttled => Class::Throttled,
            Self::Unavailable | Self::Reset => Class::Ambiguous,
            Self::Quota => Class::Quota,
            Self::Invalid => Class::Invalid,
            Self::Denied => Class::Denied,
            Self::NotYet => Class::NotYet,
            Self::Failed | Self::ResetBehind | Self::Truncated | Self::Echo => return None,
        })
    }

    /// Can it befall this deed to an object of this kind, or a read?
    ///
    /// A create without token that is delivered twice makes two objects whatever we do: no rule of the protocol prevents
    /// it, and our own retries never do it. To repair it is the part of the uniqueness sweep.
    #[must_use]
    pub fn befalls(&self, call: Option<(Deed, &str)>) -> bool {
        match (self, call) {
            (Self::Throttled | Self::Unavailable | Self::Reset | Self::Truncated, None) => true,
            (_, None) => false,
            (Self::Echo, Some((Deed::Create, kind))) => !matches!(kind, "untokened" | "kms_key"),
            (Self::Quota | Self::Invalid, Some((deed, _))) => deed != Deed::Delete,
            (_, Some(_)) => true,
        }
    }
}

/// How often what goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Of a thousand calls, for each of [`Mishap::ALL`].
    pub rates: [u32; 11],
    /// Only the first call of each deed to each identity is struck.
    pub once: bool,
    /// Nine of ten calls are throttled until then.
    pub storm_until: Duration,
    /// Of a thousand creates, those whose object is hidden for a while.
    pub hidden: u32,
    /// Those whose object never becomes usable.
    pub broken: u32,
    /// Those whose object stays "creating" until somebody helps.
    pub stuck: u32,
}

impl Weather {
    /// The mishap for a roll of a thousand.
    pub(super) fn strike(&self, roll: u32) -> Option<Mishap> {
        let mut bound = 0;
        Mishap::ALL.into_iter().zip(self.rates).find_map(|(mishap, rate)| {
            bound += rate;
            (roll < bound).then_some(mishap)
        })
    }

    /// Always the same mishap.
    #[must_use]
    pub fn always(mishap: Mishap) -> Self {
        let mut weather = Self { once: true, ..Self::default() };
        for (rate, other) in weather.rates.iter_mut().zip(Mishap::ALL) {
            *rate = if other == mishap { 1000 } else { 0 };
        }
        weather
    }
}

/// Where a process can die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Boundary {
    /// Before a read.
    Look,
    /// A mutating call is signed, and may be sent.
    Signed,
    /// It is on its way.
    Sent,
    /// It was executed, and the answer is on its way.
    Executed,
    /// Before lines are written.
    Line,
    /// Behind lines that were written.
    Written,
    /// Before a disk operation, the power going.
    Disk,
    /// In the midst of one.
    HalfDisk,
}

/// When a process dies.
#[derive(Clone, Copy, Debug)]
pub struct Fuse {
    /// Where.
    pub boundary: Boundary,
    /// The how-manieth of its kind, from 1.
    pub left: u32,
    /// For so long it stands still there, and goes on; without, it dies.
    pub pause: Option<Duration>,
}
