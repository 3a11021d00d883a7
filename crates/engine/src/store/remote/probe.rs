//! Before a stack's first write: does the store refuse what it must refuse?
//!
//! Stores that speak S3's protocol may accept a condition and not look at it.
//! On such a store two runs overwrite each other's state without an error, so it
//! is not used at all.

use super::error::RemoteError;
use super::site::Site;
use crate::error::{CallError, Class};
use crate::store::error::StoreError;
use crate::store::objects::{Only, Put};

/// A store may refuse a write whose condition holds because something is in its way (409): tried so often.
const TRIES: u32 = 4;

/// Writes, reads and removes an object that nobody else uses; `nonce` makes its name.
pub(super) async fn probe(site: &Site, nonce: &str) -> Result<(), StoreError> {
    let name = format!("probe-{nonce}");
    let tried = attempts(site, &name).await;
    let removed = site.objects.delete(&site.key(&name)).await.map_err(site.failed("delete", &name));
    tried.and(removed)
}

async fn attempts(site: &Site, name: &str) -> Result<(), StoreError> {
    let careless = |what| StoreError::from(RemoteError::Careless { place: site.objects.place(), what });
    let Put::Done(first) = put(site, name, (b"1", Only::Absent)).await? else {
        // Nobody else uses the name, so this says nothing of the store: to be tried under another one.
        let doubt = CallError::new("s3:PutObject", Class::Ambiguous, "another write was in the way");
        return Err(site.failed("write", name)(doubt));
    };
    if let Put::Done(_) = put(site, name, (b"2", Only::Absent)).await? {
        return Err(careless("`If-None-Match: *` was accepted where an object stood"));
    }
    let there = site.objects.get(&site.key(name)).await.map_err(site.failed("read", name))?;
    let unread = || site.failed("read", name)(CallError::new("s3:GetObject", Class::Other, "it is not there"));
    let there = there.ok_or_else(unread)?;
    if there.body != b"1" || first != there.etag {
        return Err(careless("what was read is not what was written"));
    }
    let mut tries = 1;
    while put(site, name, (b"3", Only::Unchanged(there.etag.clone()))).await? == Put::Refused {
        if tries == TRIES {
            return Err(careless("`If-Match` was refused where the object had that ETag"));
        }
        tries += 1;
    }
    match put(site, name, (b"4", Only::Unchanged(there.etag))).await? {
        Put::Refused => Ok(()),
        Put::Done(_) => Err(careless("`If-Match` was accepted where the object had another ETag")),
    }
}

async fn put(site: &Site, name: &str, (body, only): (&[u8], Only)) -> Result<Put, StoreError> {
    site.objects.put(&site.key(name), body.to_vec(), only).await.map_err(site.failed("write", name))
}
