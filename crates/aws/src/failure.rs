//! What a failed attempt means, from the SDK's error.

use crate::codes::classify;
use crate::wire::Fenced;
use auroractl_engine::{CallError, Class};
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId as _;
use std::error::Error;
use std::time::Duration;

/// How much of an unreadable answer is quoted, in characters.
const QUOTED: usize = 200;
/// How a page for browsers begins, if not at once with its first element.
const PAGE: &str = "<!doctype html";
/// A pause that a service asks for is kept up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What it means.
    pub(crate) error: CallError,
    /// No connection could be made: no byte was sent.
    pub(crate) unreached: bool,
    /// The service asks for this pause.
    pub(crate) pause: Option<Duration>,
    /// Our own fence held it back: the service has no part in it.
    pub(crate) held: bool,
}

impl Failure {
    /// The meaning of an SDK error.
    pub(crate) fn of<E>(operation: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (class, code, message) = match error {
            SdkError::ServiceError(answer) => service(operation, answer.err(), answer.raw()),
            SdkError::ResponseError(unreadable) => (Class::Ambiguous, None, quoted(unreadable.raw())),
            SdkError::TimeoutError(_) => (Class::Ambiguous, None, "no answer in time".to_owned()),
            SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) => unsent(error),
            _ => (Class::Ambiguous, None, chain_text(error)),
        };
        let request_id = error.request_id().map(str::to_owned);
        Self {
            error: CallError { code, request_id, ..CallError::new(operation, class, message) },
            unreached: !matches!(error, SdkError::ServiceError(_)) && never_connected(error),
            pause: error.raw_response().and_then(pause),
            held: find::<Fenced>(error).is_some(),
        }
    }
}

fn service<E: ProvideErrorMetadata>(operation: &str, error: &E, raw: &HttpResponse) -> (Class, Option<String>, String) {
    let status = raw.status().as_u16();
    match error.code() {
        Some(code) => {
            let message = error.message().unwrap_or_default();
            (classify(operation, status, code, message), Some(code.to_owned()), message.to_owned())
        }
        // Not the service but something before it: a proxy's or balancer's page. A 429 says that it went no further.
        None if status == 429 => (Class::Throttled, None, quoted(raw)),
        // Whatever the status: an answer that can't be read proves nothing, a 200 with half a body least of all.
        None => (Class::Ambiguous, None, quoted(raw)),
    }
}

/// A failure on this side of the network, or on the way.
fn unsent<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> (Class, Option<String>, String) {
    if let Some(fenced) = find::<Fenced>(error) {
        // What may be allowed again soon is not executed and sent again, as a throttled call is.
        let class = if fenced.0.passing { Class::Throttled } else { Class::Fenced };
        return (class, None, fenced.to_string());
    }
    if find::<CredentialsError>(error).is_some() {
        return (Class::Credentials, None, chain_text(error));
    }
    match error {
        SdkError::ConstructionFailure(_) => (Class::Invalid, None, chain_text(error)),
        _ if never_connected(error) => (Class::Other, None, format!("AWS can't be reached: {}", innermost(error))),
        _ => (Class::Ambiguous, None, chain_text(error)),
    }
}

/// The first cause of a type.
pub(crate) fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    causes(error).find_map(|cause| cause.downcast_ref::<T>())
}

/// No connection could be made, whether for want of a name, a route, a listener or a handshake.
fn never_connected(error: &(dyn Error + 'static)) -> bool {
    find::<hyper_util::client::legacy::Error>(error).is_some_and(hyper_util::client::legacy::Error::is_connect)
}

/// The error and its causes, outermost first.
pub(crate) fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause: &&'e (dyn Error + 'static)| (*cause).source())
}

/// The innermost cause: the outer ones only say that something failed.
pub(crate) fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// All causes on one line.
pub(crate) fn chain_text(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = causes(error).map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

/// `x-amz-retry-after` in milliseconds, `Retry-After` in seconds.
fn pause(answer: &HttpResponse) -> Option<Duration> {
    let number = |name: &str| answer.headers().get(name).and_then(|value| value.trim().parse::<u64>().ok());
    let asked = number("x-amz-retry-after")
        .map(Duration::from_millis)
        .or_else(|| number("retry-after").map(Duration::from_secs));
    asked.map(|time| time.min(LONGEST_PAUSE))
}

fn is_page(body: &str) -> bool {
    let start: String = body.trim_start().chars().take(PAGE.len()).collect();
    let start = start.to_ascii_lowercase();
    start == PAGE || start.starts_with("<html")
}

/// The beginning of an answer that could not be read, on one line. A page for browsers tells nothing of the call.
fn quoted(raw: &HttpResponse) -> String {
    let status = raw.status().as_u16();
    let body = raw.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    if is_page(&body) {
        return format!("HTTP {status} with an answer that is not AWS's (a proxy or a load balancer?)");
    }
    let line: String = body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(QUOTED).collect();
    match line.as_str() {
        "" => format!("HTTP {status} with an empty answer"),
        line => format!("HTTP {status} with an answer that can't be read: {line}"),
    }
}
