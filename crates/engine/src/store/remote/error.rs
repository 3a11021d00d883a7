//! Why the remote store can't be used, and what to do about it.

use crate::error::{CallError, Class};
use crate::store::error::Holder;
use std::path::PathBuf;
use std::time::Duration;

/// Why the remote store can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Another run holds the lease, and it is alive.
    #[error("the state is locked by {holder} (lease {nonce}, last sign of life {} s ago)", silent.as_secs())]
    Leased {
        /// Who.
        holder: Holder,
        /// Names the lease.
        nonce: String,
        /// For so long it has not been heard of.
        silent: Duration,
    },
    /// Nobody holds the lease that was to be broken.
    #[error("nobody holds a lease `{nonce}`: {found}")]
    NotHeld {
        /// The lease that was named.
        nonce: String,
        /// What is there.
        found: String,
    },
    /// Another run has taken the lease of this one.
    #[error("fenced: {0}")]
    Fenced(String),
    /// A call failed.
    #[error("can't {action} {place}: {source}")]
    Call {
        /// What was to be done.
        action: &'static str,
        /// With which object.
        place: String,
        /// Why not.
        source: Box<CallError>,
        /// Where the lines are that the bucket has not got.
        kept: Option<PathBuf>,
    },
    /// The store does not honour conditional writes: two runs could overwrite each other's state.
    #[error("{place} does not honour conditional writes: {what}")]
    Careless {
        /// The bucket.
        place: String,
        /// What was tried, and what happened.
        what: &'static str,
    },
    /// An object is not what was written.
    #[error("{place} is damaged: {why}")]
    Damaged {
        /// The object.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// A newer auroractl wrote it.
    #[error("{place} is of a newer auroractl: {found}")]
    Newer {
        /// The object.
        place: String,
        /// What this release does not know.
        found: String,
        /// The release that wrote it, where that is known.
        tool: String,
    },
}

impl RemoteError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Leased { nonce, .. } => format!(
                "wait until it has ended; a run that died is taken over by itself. Only if you are sure that it is dead and can't wait: `auroractl state unlock --nonce {nonce}`"
            ),
            Self::NotHeld { .. } => "`auroractl state unlock` without a nonce shows who holds the lease".to_owned(),
            Self::Fenced(_) => {
                "this run has stopped and wrote nothing since; the other one resolves what was in flight".to_owned()
            }
            Self::Call { source, kept, .. } => {
                let kept = kept.as_ref().map(|path| {
                    format!("; what this run did is kept in {} and is used by the next run here", path.display())
                });
                format!("{}{}", remedy(source), kept.unwrap_or_default())
            }
            Self::Careless { .. } => {
                "use a bucket of Amazon S3, or a store that refuses a write whose `If-Match` or `If-None-Match` does not hold"
                    .to_owned()
            }
            Self::Damaged { place, .. } => format!(
                "bring back the object's version before (`aws s3api list-object-versions`), or move everything below {} away and push a copy: `auroractl state push FILE`",
                place.rsplit_once('/').map_or(place.as_str(), |(folder, _)| folder)
            ),
            Self::Newer { tool, .. } if tool.is_empty() => "use the auroractl that wrote it, or a newer one".to_owned(),
            Self::Newer { tool, .. } => format!("use auroractl {tool}, which wrote it, or a newer one"),
        }
    }
}

fn remedy(error: &CallError) -> &'static str {
    match error.class {
        Class::Denied => {
            "the caller needs s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket and s3:GetBucketVersioning here, and the use of the key if there is one; a bucket of another account must be named by `state.bucket_owner`"
        }
        Class::Gone => "make the bucket first: a state outlives its stack, so auroractl does not make or delete it",
        Class::Credentials => "renew the credentials and run again",
        _ => "see to the bucket, then run again",
    }
}
