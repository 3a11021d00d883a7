//! Sending a call: at the service's pace, again where that is safe, and with a failure that says what it means.

use crate::bucket::Bucket;
use crate::codes::awaits_propagation;
use crate::failure::Failure;
use crate::session::Aws;
use auroractl_engine::retry::{Patience, persist};
use auroractl_engine::{CallError, Class, Ending};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;
use std::sync::Mutex;
use std::time::Duration;

/// A network that is down is waited for so long: a short outage must not fail an apply of an hour.
const OUTAGE: Duration = Duration::from_secs(60);

/// How a call is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// What it is, `ec2:CreateVpc`.
    pub(crate) operation: &'static str,
    /// What is sent again, and for how long.
    pub(crate) patience: Patience,
    /// For so long an unreachable network is waited for.
    pub(crate) outage: Duration,
}

impl Manner {
    pub(crate) const fn new(operation: &'static str, patience: Patience) -> Self {
        Self { operation, patience, outage: OUTAGE }
    }
}

impl Aws {
    /// Sends a call that changes nothing.
    ///
    /// # Errors
    /// The last attempt's.
    pub async fn read<T, E, F>(&self, operation: &'static str, send: impl FnMut() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.call(Manner::new(operation, Patience::READ), send).await
    }

    /// Sends a mutating call. Sent again only when it certainly was not executed.
    ///
    /// # Errors
    /// The last attempt's; [`Class::Ambiguous`] when it may have been executed.
    pub async fn write<T, E, F>(&self, operation: &'static str, send: impl FnMut() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.call(Manner::new(operation, Patience::WRITE), send).await
    }

    /// Sends a delete: waits while the resource is still in use (network interfaces vanish minutes after their owner).
    ///
    /// # Errors
    /// The last attempt's. That it is gone is [`Class::Gone`]: see [`GoneIsFine`].
    pub async fn remove<T, E, F>(&self, operation: &'static str, send: impl FnMut() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.call(Manner::new(operation, Patience::DELETE), send).await
    }

    /// Sends a call; once more with fresh credentials if they had expired.
    pub(crate) async fn call<T, E, F>(&self, manner: Manner, mut send: impl FnMut() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        if !manner.patience.reads {
            self.note_retagged(manner.operation);
        }
        let result = match self.persisted(manner, &mut send).await {
            Err(error) if expired(&error) => {
                self.renew().await;
                self.persisted(manner, &mut send).await
            }
            other => other,
        };
        // No call names what stands in the state's bucket, which is written as long as a run lasts.
        if result.is_ok() && !manner.patience.reads && !manner.operation.starts_with("s3:") {
            self.note_young(Duration::ZERO);
        }
        match result {
            Err(error) if error.class == Class::Denied => Err(self.explained(error).await),
            Err(error) => Err(with_linked_role(error)),
            ok => ok,
        }
    }

    async fn persisted<T, E, F>(&self, manner: Manner, send: &mut impl FnMut() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let bucket = self.bucket(manner.operation, manner.patience.reads);
        let down = Mutex::new(None);
        persist(self.clock(), manner.patience, || {
            let answer = send();
            async {
                bucket.take(self.clock()).await;
                match answer.await {
                    Ok(value) => {
                        bucket.answered(self.clock());
                        Ok(value)
                    }
                    Err(error) => Err(self.judged(Failure::of(manner.operation, &error), manner, (&bucket, &down))),
                }
            }
        })
        .await
    }

    /// Slows down where AWS says so, and lets a call that was not sent at all be sent again while the outage is short.
    fn judged(&self, failure: Failure, manner: Manner, memory: (&Bucket, &Mutex<Option<Duration>>)) -> CallError {
        let (bucket, down) = memory;
        let Failure { mut error, unreached, pause, held } = failure;
        if held {
            return error;
        }
        if error.class == Class::Throttled {
            if let Some(rate) = bucket.slower(self.clock(), pause) {
                self.slowed(manner.operation, rate);
            }
            return error;
        }
        let code = error.code.as_deref().unwrap_or_default();
        if error.class == Class::NotYet
            && !self.has_young()
            && awaits_propagation(manner.operation, code, &error.message)
        {
            // Nothing that it names is young: it will not come.
            error.class = Class::Invalid;
        }
        let mut down = down.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if unreached {
            let since = *down.get_or_insert_with(|| self.clock().now());
            if self.clock().now().saturating_sub(since) < manner.outage {
                error.class = Class::Throttled;
            }
        } else {
            *down = None;
            bucket.answered(self.clock());
        }
        error
    }
}

/// A service that acts through a role of its own makes that role with its first call, unless the caller may not.
fn with_linked_role(error: CallError) -> CallError {
    let words = error.message.to_ascii_lowercase().replace('-', " ");
    if !words.contains("service linked role") {
        return error;
    }
    let service = match error.operation.split(':').next() {
        Some("application-autoscaling") => "rds.application-autoscaling.amazonaws.com",
        _ => "rds.amazonaws.com",
    };
    let told = error.message.trim_end_matches('.');
    let message = format!("{told}; `aws iam create-service-linked-role --aws-service-name {service}` makes it");
    CallError { message, ..error }
}

/// Credentials that were good and no longer are: others may be had.
fn expired(error: &CallError) -> bool {
    error.class == Class::Credentials
        && matches!(
            error.code.as_deref(),
            Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired")
        )
}

/// For deletes and look-ups: that a resource is gone is an answer, not a failure.
pub trait GoneIsFine<T> {
    /// `None` when the resource is gone.
    ///
    /// # Errors
    /// Every other failure.
    fn gone_is_fine(self) -> Result<Option<T>, CallError>;

    /// What a delete has come to: `executed`, or that AWS does not know of such a thing.
    ///
    /// # Errors
    /// Every other failure.
    fn ending(self, executed: Ending) -> Result<Ending, CallError>;
}

impl<T> GoneIsFine<T> for Result<T, CallError> {
    fn gone_is_fine(self) -> Result<Option<T>, CallError> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.class == Class::Gone => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn ending(self, executed: Ending) -> Result<Ending, CallError> {
        Ok(if self.gone_is_fine()?.is_some() { executed } else { Ending::Unknown })
    }
}
