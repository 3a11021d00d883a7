//! Every attempt of every call as a JSON line: when, which action, how it ended, which request id. No header, no body and
//! no parameter is written, so there is nothing to redact.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::request_id::RequestId as _;
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A client that writes down what another one sends.
#[derive(Clone, Debug)]
pub struct Trace {
    inner: SharedHttpClient,
    file: Arc<Mutex<File>>,
}

impl Trace {
    /// Appends to a file that only its owner may read.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn open(path: &Path, inner: SharedHttpClient) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self { inner, file: Arc::new(Mutex::new(file)) })
    }
}

impl HttpClient for Trace {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Traced { inner, file: Arc::clone(&self.file) })
    }
}

#[derive(Debug)]
struct Traced {
    inner: SharedHttpConnector,
    file: Arc<Mutex<File>>,
}

impl HttpConnector for Traced {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (service, region) = scope(&request);
        let action = action(&request);
        let size = request.body().bytes().map_or(0, <[u8]>::len);
        let (file, begun) = (Arc::clone(&self.file), Instant::now());
        let answer = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            let (status, request_id) = match &answer {
                Ok(answer) => (json!(answer.status().as_u16()), json!(answer.request_id())),
                Err(error) => (json!(error.to_string()), json!(null)),
            };
            let line = json!({
                "time": jiff::Timestamp::now().to_string(),
                "service": service,
                "action": action,
                "region": region,
                "status": status,
                "request_id": request_id,
                "milliseconds": u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
                "request_bytes": size,
            });
            // A full disk must not end an apply: the trace is an aid, the journal is the record.
            let _ = writeln!(file.lock().unwrap_or_else(PoisonError::into_inner), "{line}");
            answer
        })
    }
}

/// Service and region, from the credential scope of the signature: `Credential=AKIA…/20261125/eu-west-1/rds/aws4_request`.
fn scope(request: &HttpRequest) -> (String, String) {
    let header = request.headers().get("authorization").unwrap_or_default();
    let parts: Vec<&str> = header.split("Credential=").nth(1).unwrap_or_default().split(',').next().unwrap_or_default().split('/').collect();
    let part = |n: usize| parts.get(n).copied().unwrap_or_default().to_owned();
    (part(3), part(2))
}

/// The action: `X-Amz-Target`, the path of an RPC protocol, or `Action=` in the body.
fn action(request: &HttpRequest) -> String {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or(target).to_owned();
    }
    if let Some((_, operation)) = request.uri().split_once("/operation/") {
        return operation.to_owned();
    }
    let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let named = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    named.map_or_else(|| request.method().to_owned(), str::to_owned)
}
