//! Where a stack's state, journal and lock live.
//!
//! The engine knows only [`Store`]: append to the journal, commit a snapshot.
//! [`Local`] keeps both in a folder of files, [`Remote`] in an object store.
//!
//! | module | what stands there |
//! |---|---|
//! | [`error`] | why a store can't be used, each with a way out |
//! | [`local`] | the folder: opening, locking, appending, committing |
//! | [`remote`] | the bucket: lease and fence, one small root, immutable blobs |
//! | `snapshot`, `frames` | the written forms of the state and of the journal |
//! | [`disk`], [`memory`] | the file-system operations in use; a disk in memory that can fail |
//! | [`objects`], [`bucket`] | the object-store operations in use; a bucket in memory that can fail |

mod aside;
pub mod bucket;
pub mod disk;
pub mod error;
mod files;
mod frames;
mod history;
pub mod local;
pub mod memory;
pub mod objects;
mod real;
pub mod remote;
mod snapshot;
#[cfg(test)]
mod tests;
mod writer;

pub use aside::{Aside, set_aside};
pub use error::StoreError;
pub use history::{Kept, history, locked};
pub use local::{Local, Mode, Opened};
pub use remote::Remote;
pub use snapshot::{read_copy, written_copy};

use auroractl_core::identity::StackId;
use auroractl_core::journal::Entry;
use auroractl_core::state::State;
use futures::future::BoxFuture;
use std::path::{Path, PathBuf};

/// Longest name of a stack, in characters.
const MAX_NAME: usize = 63;

/// Keeps a stack's state while a run works on it.
///
/// Whoever holds a store that can be written to holds the stack's lock.
pub trait Store: Send {
    /// Adds lines to the journal. With `durable` they and all lines before them outlive a power cut
    /// when the future is ready; without it, only the end of this process. An empty `entries` with
    /// `durable` makes durable what is not yet.
    ///
    /// # Errors
    /// When the lines could not be written. Then no further mutating call may be sent, save that
    /// outcomes of calls in flight may still be appended: where a disk is full they find room.
    fn append<'a>(&'a mut self, entries: &'a [Entry], durable: bool) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Replaces the snapshot, under the next serial number, and begins a new journal.
    ///
    /// `state` must be what the journal's lines add up to. Of a new stack this comes before the
    /// first [`Store::append`], since lines without lineage belong to nobody.
    ///
    /// # Errors
    /// When it could not be written. The earlier snapshot and the journal are still there then.
    fn commit<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Can it be written, and is there room for what a run writes? To be asked before the first mutation.
    ///
    /// # Errors
    /// When not.
    fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Waits until another run has taken the lock away, which is the end of this one; for ever where that can't be.
    fn lost(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    /// Gives the lock back. What is dropped without gives it back later, or not before others have waited.
    ///
    /// # Errors
    /// When it could not be given back.
    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), StoreError>>;
}

/// The folder of a stack within the folder of all states.
///
/// # Errors
/// When the stack's name could lead out of that folder or is no name of a stack.
pub fn folder(states: &Path, stack: &str) -> Result<PathBuf, StoreError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let sound =
        !stack.is_empty() && stack.len() <= MAX_NAME && !stack.starts_with(['.', '-']) && stack.chars().all(plain);
    if sound { Ok(states.join(stack)) } else { Err(StoreError::Name { name: stack.to_owned() }) }
}

/// Is this the state of that stack? To be asked before anything is done with a state.
///
/// An empty account is not compared: offline commands on stacks that name none don't know it.
///
/// # Errors
/// When name, account or region differ.
pub fn belongs(state: &State, stack: &StackId) -> Result<(), StoreError> {
    let StackId { name, account, region } = &state.stack;
    let known = |text: &str| !text.is_empty();
    for (what, expected, found, compared) in [
        ("stack", &stack.name, name, true),
        ("account", &stack.account, account, known(account) && known(&stack.account)),
        ("region", &stack.region, region, true),
    ] {
        if compared && expected != found {
            return Err(StoreError::Foreign { what, expected: expected.clone(), found: found.clone() });
        }
    }
    Ok(())
}
