//! The bucket that holds states, as the engine's store sees it.
//!
//! Conditional writes are S3's since 2024 (`If-None-Match`) and 2025 (`If-Match`
//! on PutObject): 412 says that the condition does not hold, 409 that another
//! write was under way, 404 that there is nothing to compare with. All three are
//! one answer here: refused, look again.

use crate::session::Aws;
use auroractl_engine::store::objects::{Object, Objects, Only, Put};
use auroractl_engine::{CallError, Class};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, ServerSideEncryption};
use futures::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// Codes of a write whose condition does not hold, or that met another.
const REFUSED: [&str; 4] = ["PreconditionFailed", "ConditionalRequestConflict", "OperationAborted", "NoSuchKey"];

/// Which bucket, and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// The account that must own it, 12 digits: a bucket of this name in another account is refused.
    pub owner: String,
    /// The KMS key that objects are encrypted with; without it, the bucket's own default.
    pub kms_key: Option<String>,
}

/// A bucket of S3.
#[derive(Clone)]
pub struct S3 {
    aws: Arc<Aws>,
    client: Client,
    bucket: Bucket,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl S3 {
    /// A bucket, reached with the credentials of a session.
    #[must_use]
    pub fn new(aws: Arc<Aws>, bucket: Bucket) -> Self {
        let client = aws.s3(&bucket.region);
        Self { aws, client, bucket }
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, CallError> {
        const OP: &str = "s3:GetObject";
        let call = || {
            let Bucket { name, owner, .. } = &self.bucket;
            self.client.get_object().bucket(name).key(key).expected_bucket_owner(owner).send()
        };
        let found = match self.aws.read(OP, call).await {
            Ok(found) => found,
            Err(error) if error.code.as_deref() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(error),
        };
        let etag = found.e_tag().ok_or_else(|| CallError::missing(OP, "ETag"))?.to_owned();
        let body = found.body.collect().await;
        let body = body.map_err(|error| CallError::new(OP, Class::Ambiguous, error.to_string()))?;
        Ok(Some(Object { body: body.into_bytes().to_vec(), etag }))
    }

    async fn write(&self, key: &str, body: Vec<u8>, only: Only) -> Result<Put, CallError> {
        const OP: &str = "s3:PutObject";
        let Bucket { name, owner, kms_key, .. } = &self.bucket;
        let (absent, unchanged) = match only {
            Only::Absent => (Some("*".to_owned()), None),
            Only::Unchanged(etag) => (None, Some(etag)),
        };
        let call = || {
            self.client
                .put_object()
                .bucket(name)
                .key(key)
                .expected_bucket_owner(owner)
                .content_type("application/json")
                .set_if_none_match(absent.clone())
                .set_if_match(unchanged.clone())
                .set_server_side_encryption(kms_key.as_ref().map(|_| ServerSideEncryption::AwsKms))
                .set_ssekms_key_id(kms_key.clone())
                .body(ByteStream::from(body.clone()))
                .send()
        };
        match self.aws.write(OP, call).await {
            Ok(done) if kms_key.is_some() && done.server_side_encryption() != Some(&ServerSideEncryption::AwsKms) => {
                Err(CallError::new(OP, Class::Other, "the store did not encrypt the object with the key"))
            }
            Ok(done) => Ok(Put::Done(done.e_tag.ok_or_else(|| CallError::missing(OP, "ETag"))?)),
            Err(error) if error.code.as_deref().is_some_and(|code| REFUSED.contains(&code)) => Ok(Put::Refused),
            Err(error) => Err(error),
        }
    }

    async fn keys(&self, prefix: &str) -> Result<Vec<String>, CallError> {
        let Bucket { name, owner, .. } = &self.bucket;
        let call = || {
            let pages = self.client.list_objects_v2().bucket(name).prefix(prefix).expected_bucket_owner(owner);
            let pages = pages.into_paginator().send();
            async move { pages.collect::<Result<Vec<_>, _>>().await }
        };
        let pages = self.aws.read("s3:ListBucket", call).await?;
        Ok(pages.into_iter().flat_map(|page| page.contents.unwrap_or_default()).filter_map(|item| item.key).collect())
    }

    async fn remove(&self, key: &str) -> Result<(), CallError> {
        let Bucket { name, owner, .. } = &self.bucket;
        let call = || self.client.delete_object().bucket(name).key(key).expected_bucket_owner(owner).send();
        self.aws.write("s3:DeleteObject", call).await.map(drop)
    }

    /// What the bucket's owner should know.
    async fn warnings(&self) -> Result<Vec<String>, CallError> {
        let Bucket { name, owner, kms_key, .. } = &self.bucket;
        let mut warnings = Vec::new();
        let call = || self.client.get_bucket_versioning().bucket(name).expected_bucket_owner(owner).send();
        match self.aws.read("s3:GetBucketVersioning", call).await {
            Ok(found) if found.status() == Some(&BucketVersioningStatus::Enabled) => {}
            Ok(_) => warnings.push(format!(
                "bucket {name} keeps no versions: what is overwritten or deleted there by mistake can't be brought back"
            )),
            Err(error) if error.class == Class::Denied => {
                warnings.push(format!("whether bucket {name} keeps versions could not be asked: {error}"));
            }
            Err(error) => return Err(error),
        }
        if kms_key.is_none() {
            let call = || self.client.get_bucket_encryption().bucket(name).expected_bucket_owner(owner).send();
            match self.aws.read("s3:GetEncryptionConfiguration", call).await {
                Err(error) if error.code.as_deref() == Some("ServerSideEncryptionConfigurationNotFoundError") => {
                    warnings.push(format!("bucket {name} has no default encryption; `state.kms_key` sets one"));
                }
                // Amazon's S3 encrypts every object since 2023; who may not ask may rely on that.
                _ => {}
            }
        }
        Ok(warnings)
    }
}

impl Objects for S3 {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Object>, CallError>> {
        Box::pin(self.read(key))
    }

    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>, only: Only) -> BoxFuture<'a, Result<Put, CallError>> {
        Box::pin(self.write(key, body, only))
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, CallError>> {
        Box::pin(self.keys(prefix))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(self.remove(key))
    }

    fn inspect(&self) -> BoxFuture<'_, Result<Vec<String>, CallError>> {
        Box::pin(self.warnings())
    }

    fn place(&self) -> String {
        format!("s3://{}", self.bucket.name)
    }
}
