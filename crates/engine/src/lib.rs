//! Runs plans. Knows time, disks and interrupts, but no cloud: what acts on a
//! world `W` comes in as [`kind::Kind<W>`].
//!
//! | module | what stands there |
//! |---|---|
//! | [`kind`], [`look`] | the acting half of a kind; one batched look at the world |
//! | [`error`], [`retry`] | what a failed call means; which calls are sent again |
//! | [`clock`] | the one clock and the one place that sleeps |
//! | `searching` | pauses between looks for what AWS may not show yet |
//! | [`resume`], [`refresh`] | looks for what interrupted replacements made, then at everything a plan needs |
//! | [`recover`] | rebuilds a lost state from the resources' tags |
//! | [`apply`], [`wait`] | the loop over the queue; who waits for what |
//! | [`event`] | everything that can be reported: the engine never prints |
//! | [`store`] | state, journal and lock |
//! | [`private`] | files outside of the store that are their owner's alone |
//! | [`sweep`] | what carries the stack's tags and should not be there |
//! | [`stop`] | interrupts |

pub mod apply;
pub mod clock;
pub mod error;
pub mod event;
pub mod kind;
pub mod look;
pub mod private;
pub mod recover;
pub mod refresh;
pub mod resume;
pub mod retry;
mod searching;
pub mod stop;
pub mod store;
pub mod sweep;
pub mod wait;

pub use clock::Clock;
pub use error::{CallError, Class};
pub use event::Event;
pub use kind::{Ask, Done, Ending, Found, Kind, Order, Past, Registry, Resource, Seen, World};
pub use look::Look;
