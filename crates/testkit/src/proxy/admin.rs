//! The proxy's own HTTP interface, under `/_proxy/`: for shells, for the benchmark, for tests in other languages.
//!
//! ```text
//! GET    /_proxy/calls     the log, oldest first
//! DELETE /_proxy/calls     forget it
//! GET    /_proxy/summary   counts by action, error and fault
//! GET    /_proxy/faults    rules in force, with how often they matched and struck
//! POST   /_proxy/faults    arm a rule, or a list of them
//! DELETE /_proxy/faults    disarm all
//! ```

use super::{Body, Shared, exchange, fault};
use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use serde::Serialize;

/// Where the interface lives.
pub(super) const PREFIX: &str = "/_proxy/";

/// Answers an administrative request.
pub(super) fn answer(shared: &Shared, head: &Parts, body: &[u8]) -> Response<Body> {
    let what = head.uri.path().strip_prefix(PREFIX).unwrap_or("");
    match (&head.method, what) {
        (&Method::GET, "calls") => json(&shared.log.calls()),
        (&Method::GET, "summary") => json(&shared.log.summary()),
        (&Method::GET, "faults") => json(&shared.faults.list()),
        (&Method::POST, "faults") => match fault::parse(body) {
            Ok(faults) => {
                faults.into_iter().for_each(|fault| shared.faults.arm(fault));
                json(&shared.faults.list())
            }
            Err(error) => plain(StatusCode::BAD_REQUEST, format!("not a fault: {error}\n")),
        },
        (&Method::DELETE, "calls") => {
            shared.log.clear();
            plain(StatusCode::NO_CONTENT, String::new())
        }
        (&Method::DELETE, "faults") => {
            shared.faults.clear();
            plain(StatusCode::NO_CONTENT, String::new())
        }
        _ => plain(StatusCode::NOT_FOUND, "calls, summary or faults\n".to_owned()),
    }
}

fn json<T: Serialize>(value: &T) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            let mut answer = Response::new(exchange::whole(Bytes::from(bytes)));
            let kind = hyper::header::HeaderValue::from_static("application/json");
            answer.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
            answer
        }
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut answer = Response::new(exchange::whole(Bytes::from(text)));
    *answer.status_mut() = status;
    answer
}
