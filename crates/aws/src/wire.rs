//! What stands between the SDK and the network: every attempt of every client passes here, signed and ready to go.
//!
//! Here the fence may still refuse it, it is counted and traced, and the answer's date shows whether the host's clock is
//! right. It is an HTTP client around the real one, so that one place serves all services (interceptors would have to be
//! added to each, and would not see the calls of credential sources).

use crate::trace::{Counts, Line, Stats, TraceFile, wire_code};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_types::request_id::RequestId as _;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// An idle connection is closed by us before the far side does it: a write that is sent just as the far side closes has
/// an outcome that nobody knows.
const IDLE: Duration = Duration::from_secs(15);

/// What is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The service, as in IAM actions: `ec2`, `rds`, `cloudwatch`. Empty when the call is not signed.
    pub service: String,
    /// The action, `CreateVpc`.
    pub action: String,
    /// The region it is signed for.
    pub region: String,
}

impl Outgoing {
    /// Does it change anything? By its name: services name their reads alike.
    #[must_use]
    pub fn mutates(&self) -> bool {
        let reads = ["Describe", "Get", "List", "Assume", "Decode", "Lookup", "Search", "Simulate", "HEAD", "GET"];
        !self.service.is_empty() && !reads.iter().any(|verb| self.action.starts_with(verb))
    }

    fn of(request: &HttpRequest) -> Self {
        let (service, region) = scope(request);
        Self { service, region, action: action(request) }
    }
}

/// Why a call may not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In words.
    pub why: String,
    /// It may be allowed again soon.
    pub passing: bool,
}

/// Asked before each mutating call, after it was signed: may it still be sent?
///
/// Signing comes first because a process may be stopped for minutes between the two: a check that was passed before
/// the signature would let an old holder of the lock sign afresh and write.
pub type Fence = Arc<dyn Fn(&Outgoing) -> Result<(), Refusal> + Send + Sync>;

/// The fence refused a call: nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("not sent: {}", .0.why)]
pub struct Fenced(pub Refusal);

/// What is done with every attempt; shared by all clients.
#[derive(Default)]
pub(crate) struct Tap {
    fence: OnceLock<Fence>,
    file: Option<TraceFile>,
    stats: Stats,
    /// Seconds that AWS's clock is ahead of ours, by the last answer.
    ahead: AtomicI64,
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap")
            .field("fenced", &self.fence.get().is_some())
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Tap {
    pub(crate) fn new(file: Option<TraceFile>) -> Self {
        Self { file, ..Self::default() }
    }

    /// Sets the fence, once.
    pub(crate) fn set_fence(&self, fence: Fence) -> bool {
        self.fence.set(fence).is_ok()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.stats.counts()
    }

    /// Seconds that AWS's clock is ahead of ours, by the last answer.
    pub(crate) fn seconds_ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    fn allows(&self, call: &Outgoing) -> Result<(), Fenced> {
        match self.fence.get() {
            Some(fence) if call.mutates() => fence(call).map_err(Fenced),
            _ => Ok(()),
        }
    }

    fn keep(&self, line: &Line) {
        self.stats.count(line);
        if let Some(file) = &self.file {
            file.write(line);
        }
    }

    /// Compares clocks. Only signed calls count: a proxy or a metadata service is not AWS.
    fn compare_clocks(&self, call: &Outgoing, answer: &HttpResponse) {
        let date = answer.headers().get("date").and_then(|date| rfc2822::parse(date).ok());
        if let Some(date) = date.filter(|_| !call.service.is_empty()) {
            self.ahead.store(date.timestamp().as_second() - Timestamp::now().as_second(), Ordering::Relaxed);
        }
    }
}

/// The HTTP client of all services.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    inner: SharedHttpClient,
    tap: Arc<Tap>,
}

impl Wire {
    /// A client with one pool and one trust store. It honours the proxy variables, which the SDK's ready-made shared
    /// client does not.
    pub(crate) fn new(tap: Arc<Tap>) -> Self {
        let inner = Builder::new().build_with_connector_fn(|settings, components| {
            let mut builder = Connector::builder().proxy_config(ProxyConfig::from_env()).pool_idle_timeout(IDLE);
            builder.set_connector_settings(settings.cloned());
            builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build()
        });
        Self::around(inner, tap)
    }

    /// The same around another client.
    pub(crate) fn around(inner: SharedHttpClient, tap: Arc<Tap>) -> Self {
        Self { inner, tap }
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Tapped { inner, tap: Arc::clone(&self.tap) })
    }
}

#[derive(Debug)]
struct Tapped {
    inner: SharedHttpConnector,
    tap: Arc<Tap>,
}

impl HttpConnector for Tapped {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = Outgoing::of(&request);
        if let Err(fenced) = self.tap.allows(&call) {
            return HttpConnectorFuture::ready(Err(ConnectorError::user(fenced.into())));
        }
        let request_bytes = request.body().bytes().map_or(0, <[u8]>::len);
        let (tap, time, begun) = (Arc::clone(&self.tap), Timestamp::now(), Instant::now());
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let (answer, code) = settled(answer.await).await;
            if let Ok(answer) = &answer {
                tap.compare_clocks(&call, answer);
            }
            let head = answer.as_ref().ok();
            tap.keep(&Line {
                time: time.to_string(),
                service: call.service,
                action: call.action,
                region: call.region,
                status: head.map(|head| head.status().as_u16()),
                code,
                failure: answer.as_ref().err().map(ToString::to_string),
                request_id: head.and_then(|head| head.request_id()).map(str::to_owned),
                milliseconds: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
                request_bytes,
            });
            answer
        })
    }
}

/// Reads the whole answer: for the code of an error, and because half an answer must not pass for one.
async fn settled(
    answer: Result<HttpResponse, ConnectorError>,
) -> (Result<HttpResponse, ConnectorError>, Option<String>) {
    let mut answer = match answer {
        Ok(answer) => answer,
        failed => return (failed, None),
    };
    let body = match ByteStream::new(answer.take_body()).collect().await {
        Ok(body) => body.into_bytes(),
        Err(error) => return (Err(ConnectorError::io(error.into())), None),
    };
    if answer.status().is_success() && !is_whole(&body) {
        return (Err(ConnectorError::io("the answer ends in the middle".into())), None);
    }
    let failed = answer.status().as_u16() >= 400;
    let code = failed.then(|| wire_code(answer.headers().get("x-amzn-errortype"), &body)).flatten();
    *answer.body_mut() = SdkBody::from(body);
    (Ok(answer), code)
}

/// Does a body of XML end with its root's end tag?
///
/// The SDK takes the end of the text for the end of every open element: a list that was cut short would read as a
/// shorter list, so as "gone", and a cut id as an id. JSON and CBOR can't be cut unnoticed.
fn is_whole(body: &[u8]) -> bool {
    let text = body.trim_ascii();
    if !text.starts_with(b"<") {
        return true;
    }
    let mut tags = text.split(|byte| *byte == b'<').skip(1);
    let Some(root) = tags.find(|tag| tag.first().is_some_and(u8::is_ascii_alphabetic)) else { return false };
    let name = root.split(|byte| matches!(byte, b'>' | b'/') || byte.is_ascii_whitespace()).next().unwrap_or_default();
    let closed_by_end =
        text.strip_suffix(b">").and_then(|text| text.strip_suffix(name)).is_some_and(|text| text.ends_with(b"</"));
    closed_by_end || (root.ends_with(b"/>") && tags.next().is_none())
}

/// Service and region, from the signature's scope: `Credential=AKIA…/20261125/eu-west-1/rds/aws4_request`.
fn scope(request: &HttpRequest) -> (String, String) {
    let header = request.headers().get("authorization").unwrap_or_default();
    let credential = header.split("Credential=").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
    let mut parts = credential.split('/').skip(2);
    let region = parts.next().unwrap_or_default().to_owned();
    // The one service whose signing name is not its IAM prefix.
    let service = match parts.next().unwrap_or_default() {
        "monitoring" => "cloudwatch",
        other => other,
    };
    (service.to_owned(), region)
}

/// The action: `X-Amz-Target`, the path of an RPC protocol, `Action=` in the body, or else the method.
fn action(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or(target).to_owned();
    }
    if let Some((_, operation)) = request.uri().split_once("/operation/") {
        return operation.to_owned();
    }
    let body = request.body().bytes().unwrap_or_default();
    let named = body.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(b"Action="));
    named.map_or_else(|| request.method().to_owned(), |name| String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&'static str, &'static str)], uri: &'static str, body: &'static str) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_uri(uri).unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, *value);
        }
        request
    }

    #[test]
    fn xml_is_whole_or_it_is_nothing() {
        for (body, whole) in [
            ("<A><B>1</B></A>", true),
            ("<?xml version=\"1.0\"?>\n<A xmlns=\"x\"><A>1</A></A>\n", true),
            ("<A/>", true),
            ("", true),
            ("{\"a\":1}", true),
            ("<A><B>1</B>", false),
            ("<A><B>1</B></", false),
            ("<A", false),
            ("<?xml version=\"1.0\"?>", false),
            ("<A><B/>", false),
        ] {
            assert_eq!(is_whole(body.as_bytes()), whole, "{body}");
        }
    }

    #[test]
    fn actions_are_told_in_every_protocol() {
        let scope = "AWS4-HMAC-SHA256 Credential=AKID/20261125/eu-west-1/monitoring/aws4_request, SignedHeaders=x";
        let query = Outgoing::of(&request(&[("authorization", scope)], "http://h/", "Action=CreateVpc&Version=1"));
        assert_eq!(
            (query.service.as_str(), query.action.as_str(), query.region.as_str()),
            ("cloudwatch", "CreateVpc", "eu-west-1")
        );
        assert!(query.mutates());
        let json = Outgoing::of(&request(&[("x-amz-target", "TrentService.DescribeKey")], "http://h/", "{}"));
        assert_eq!(json.action, "DescribeKey");
        let cbor = request(&[("authorization", scope)], "http://h/service/Granite/operation/PutMetricAlarm", "");
        assert!(Outgoing::of(&cbor).mutates());
        assert!(!json.mutates() && !Outgoing::of(&request(&[], "http://h/latest/api/token", "")).mutates());
    }
}
