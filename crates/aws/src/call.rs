//! Sending a call: at the service's pace, again where that is safe, and with a failure that says what it means.

use crate::codes::classify;
use crate::session::Aws;
use auroractl_engine::retry::{Patience, persist};
use auroractl_engine::{CallError, Class};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId as _;
use std::error::Error;

/// How much of an unreadable answer is quoted, in characters.
const QUOTED: usize = 200;

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
        self.call(operation, Patience::READ, send).await
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
        self.call(operation, Patience::WRITE, send).await
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
        self.call(operation, Patience::DELETE, send).await
    }

    async fn call<T, E, F>(&self, operation: &'static str, patience: Patience, mut send: impl FnMut() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let bucket = self.bucket(operation);
        let bucket = bucket.as_ref();
        persist(self.clock(), patience, || {
            let answer = send();
            async move {
                bucket.take(self.clock()).await;
                let result = answer.await.map_err(|error| meaning(operation, &error));
                match &result {
                    Err(error) if error.class == Class::Throttled => bucket.slower(self.clock()),
                    _ => bucket.faster(self.clock()),
                }
                result
            }
        })
        .await
    }
}

/// What a failure means.
fn meaning<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let request_id = error.request_id().map(str::to_owned);
    let told = |class, message: String| CallError { request_id: request_id.clone(), ..CallError::new(operation, class, message) };
    match error {
        SdkError::ConstructionFailure(_) => told(Class::Invalid, DisplayErrorContext(error).to_string()),
        SdkError::TimeoutError(_) => told(Class::Ambiguous, "no answer in time".to_owned()),
        SdkError::DispatchFailure(failure) => {
            let text = DisplayErrorContext(error).to_string();
            let class = match failure {
                _ if concerns_credentials(&text) => Class::Credentials,
                _ if never_sent(error) => Class::Throttled,
                _ => Class::Ambiguous,
            };
            told(class, text)
        }
        SdkError::ResponseError(unreadable) => told(Class::Ambiguous, quoted(unreadable.raw())),
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let Some(code) = answer.err().code() else {
                // A 200 whose body can't be understood comes here too.
                return told(Class::Ambiguous, quoted(answer.raw()));
            };
            let message = answer.err().message().unwrap_or_default();
            CallError { code: Some(code.to_owned()), ..told(classify(operation, status, code, message), message.to_owned()) }
        }
        _ => told(Class::Ambiguous, DisplayErrorContext(error).to_string()),
    }
}

/// The credentials provider failed before anything was sent.
fn concerns_credentials(text: &str) -> bool {
    text.contains("credentials") || text.contains("identity")
}

/// No byte was sent: the connection could not be made. Sent again like a throttled call.
fn never_sent<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if text.contains("tcp connect error") || text.contains("dns error") || text.contains("Connection refused") {
            return true;
        }
        source = cause.source();
    }
    false
}

/// The beginning of an answer that could not be read, on one line.
fn quoted(raw: &HttpResponse) -> String {
    let status = raw.status().as_u16();
    let body = raw.body().bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    let line: String = body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(QUOTED).collect();
    if line.is_empty() { format!("HTTP {status} with an empty answer") } else { format!("HTTP {status} with an answer that can't be read: {line}") }
}

/// For deletes and look-ups: that a resource is gone is an answer, not a failure.
pub trait GoneIsFine<T> {
    /// `None` when the resource is gone.
    ///
    /// # Errors
    /// Every other failure.
    fn gone_is_fine(self) -> Result<Option<T>, CallError>;
}

impl<T> GoneIsFine<T> for Result<T, CallError> {
    fn gone_is_fine(self) -> Result<Option<T>, CallError> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.class == Class::Gone => Ok(None),
            Err(error) => Err(error),
        }
    }
}
