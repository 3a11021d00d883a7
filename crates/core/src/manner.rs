//! How a stack wants its changes made, where there is more than one way.
//!
//! It is a wish like the resources are, so it travels with them: through the
//! graph to the lowerings, and into a saved plan.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How changes that interrupt somebody are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// One after another, and what only one of several can do is handed over before that one's turn.
    #[default]
    Roll,
    /// One after another, each where it stands.
    InPlace,
    /// Left to the provider's maintenance window.
    Window,
}

/// How changes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manner {
    /// How interrupting changes are made.
    pub strategy: Strategy,
    /// So far, in milliseconds, may a copy lag behind before the next one has its turn.
    pub max_lag: u32,
}

impl Default for Manner {
    fn default() -> Self {
        Self { strategy: Strategy::default(), max_lag: Self::MAX_LAG }
    }
}

impl Manner {
    /// The usual limit of lag, in milliseconds. Aurora's readers share the writer's volume and lag by tens of
    /// milliseconds; a second says that one is still warming up or in trouble.
    pub const MAX_LAG: u32 = 1_000;

    /// Is it the usual one?
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Roll, Self::InPlace, Self::Window];
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Roll => "roll",
            Self::InPlace => "in_place",
            Self::Window => "window",
        })
    }
}
