//! The few things that the remote store asks of an object store: few enough
//! that a bucket in memory ([`super::bucket`]) can stand in for S3 in a
//! simulation, with virtual time and faults by seed.
//!
//! S3 is strongly consistent for each key: a read that begins after a write
//! was answered sees it. Nothing else is relied on; there is no order between
//! keys.

use crate::error::CallError;
use futures::future::BoxFuture;
use std::fmt;

/// An object store, seen through one bucket.
///
/// An error whose [`CallError::in_doubt`] is true leaves open whether a write was executed; every other error says that
/// it was not. Implementations never send a write again after an outcome in doubt: whoever asked looks first.
pub trait Objects: Send + Sync + fmt::Debug {
    /// An object's content together with its ETag, in one call; `None` when there is no such object.
    ///
    /// # Errors
    /// The call's.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, CallError>>;

    /// Writes an object if a condition holds.
    ///
    /// # Errors
    /// The call's. That the condition does not hold is [`Put::Refused`].
    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>, only: Only) -> BoxFuture<'a, Result<Put, CallError>>;

    /// The keys that begin with a prefix.
    ///
    /// # Errors
    /// The call's.
    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, CallError>>;

    /// Deletes an object; that there is none is success.
    ///
    /// # Errors
    /// The call's.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), CallError>>;

    /// Is the bucket fit to hold states? Says what its owner should know, for example that no versions are kept. Asked
    /// before the first write of a stack.
    ///
    /// # Errors
    /// When it is not fit, or could not be asked.
    fn inspect(&self) -> BoxFuture<'_, Result<Vec<String>, CallError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Where it is, for messages: `s3://bucket`.
    fn place(&self) -> String;
}

/// An object that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its content.
    pub body: Vec<u8>,
    /// Its ETag.
    pub etag: String,
}

/// The condition of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    /// There is no such object (`If-None-Match: *`).
    Absent,
    /// The object still has this ETag (`If-Match`).
    Unchanged(String),
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was executed; the object's new ETag.
    Done(String),
    /// The condition did not hold (412), or another write was under way (409). It may be that the condition does not
    /// hold because an earlier attempt of the same write was executed.
    Refused,
}
