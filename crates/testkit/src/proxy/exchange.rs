//! One call on its way: named, judged by the faults, sent on, answered, logged.

use super::fault::{Effect, KillAt, Verdict, When};
use super::log::Outcome;
use super::shape::{Failure, gateway_page};
use super::wire::{self, Call};
use super::{Body, Shared};
use crate::process;
use bytes::Bytes;
use futures::StreamExt as _;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use hyper::header::{CONNECTION, CONTENT_LENGTH, DATE, EXPECT, HeaderMap, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sha2::{Digest as _, Sha256};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// How far a signature's time may be from the service's clock ("Signature Version 4: requests must reach AWS within
/// five minutes of the time stamp in the request").
const SKEW_TOLERANCE_S: i64 = 300;
/// The header by which moto is told the account of a request (`moto/core/responses.py`, `get_current_account`).
const ACCOUNT_HEADER: &str = "x-moto-account-id";
/// How long a kill waits for its victim to be named.
const VICTIM_PATIENCE: Duration = Duration::from_secs(5);
/// Time for the first half of a truncated answer to leave before the connection breaks.
const TRUNCATION_PAUSE: Duration = Duration::from_millis(20);

/// What the connection does with a call.
pub(super) enum Fate {
    /// Sends the answer.
    Answer(Response<Body>),
    /// Sends the answer, then kills the process after a delay.
    AnswerThenKill(Response<Body>, u32, Duration),
    /// Resets the connection.
    Reset,
    /// Never answers.
    Hang,
}

/// A request, read whole.
pub(super) struct Exchange {
    pub(super) shared: Arc<Shared>,
    pub(super) head: Parts,
    pub(super) body: Bytes,
}

impl Exchange {
    /// Carries the call out as the faults in force demand, and logs it.
    #[expect(clippy::disallowed_methods, reason = "it works beside real processes, in real time")]
    pub(super) async fn run(self) -> Fate {
        let call = wire::identify(&self.head, &self.body);
        let verdict = self.shared.faults.decide(&call);
        let digest = self.shared.digest.then(|| digest(&self.body));
        let seq = self.shared.log.begin(&call, digest);
        tokio::time::sleep(verdict.delay).await;
        let outcome = Outcome { fault: fault_name(&verdict), ..Outcome::default() };
        let mut run = Run { exchange: self, call, seq, outcome };
        let mut fate = run.carry_out(&verdict).await;
        if let (Fate::Answer(answer), Some((seconds, _))) = (&mut fate, verdict.skew) {
            set_date(answer, seconds);
        }
        run.exchange.shared.log.finish(seq, run.outcome);
        fate
    }

    /// Sends the request to the emulator over a connection of its own: one that was kept alive could turn out stale,
    /// and look like a fault that nobody armed.
    ///
    /// # Errors
    /// The emulator can't be reached, or breaks off.
    pub(super) async fn forward(&self) -> io::Result<Response<Bytes>> {
        let stream = TcpStream::connect(&*self.shared.upstream).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let driver = tokio::spawn(connection);
        let answer = sender.send_request(self.request()).await.map_err(io::Error::other)?;
        let (mut head, body) = answer.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        driver.abort();
        strip_hop_by_hop(&mut head.headers);
        Ok(Response::from_parts(head, body))
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = self.head.uri.clone();
        let mut headers = self.head.headers.clone();
        strip_hop_by_hop(&mut headers);
        headers.remove(EXPECT);
        if let Some(account) = &self.shared.account {
            headers.insert(ACCOUNT_HEADER, account.clone());
        }
        *request.headers_mut() = headers;
        request
    }
}

/// A call under way.
struct Run {
    exchange: Exchange,
    call: Call,
    seq: u64,
    outcome: Outcome,
}

impl Run {
    async fn carry_out(&mut self, verdict: &Verdict) -> Fate {
        if let Some((seconds, true)) = verdict.skew
            && self.signature_is_off(seconds)
        {
            return self.fail(&Failure::skewed(&self.call));
        }
        if let Some(effect) = &verdict.effect
            && let Some(fate) = self.before(effect).await
        {
            return fate;
        }
        match self.exchange.forward().await {
            Ok(answer) => {
                self.outcome.upstream_status = Some(answer.status().as_u16());
                self.after(verdict.effect.as_ref(), answer).await
            }
            Err(error) => self.unreachable(&error),
        }
    }

    /// The fates that spare the emulator the call.
    async fn before(&mut self, effect: &Effect) -> Option<Fate> {
        let fate = match effect {
            Effect::Throttle => self.fail(&Failure::throttle(&self.call)),
            Effect::ServerError { when: When::Before, status } => self.fail(&Failure::server(&self.call, *status)),
            Effect::ExpiredCredentials => self.fail(&Failure::expired(&self.call)),
            Effect::AccessDenied => self.fail(&Failure::denied(&self.call)),
            Effect::Error { status, code, message } => {
                self.fail(&Failure { status: *status, code: code.clone(), message: message.clone() })
            }
            Effect::Gateway { when: When::Before } => self.answer(gateway_page()),
            Effect::Reset { when: When::Before } => Fate::Reset,
            Effect::Hang { when: When::Before } => Fate::Hang,
            Effect::Kill { at: KillAt::BeforeSend, pid, .. } => self.kill(*pid).await,
            _ => return None,
        };
        Some(fate)
    }

    /// The fates that the emulator's answer meets.
    async fn after(&mut self, effect: Option<&Effect>, answer: Response<Bytes>) -> Fate {
        match effect {
            Some(Effect::ServerError { when: When::After, status }) => self.fail(&Failure::server(&self.call, *status)),
            Some(Effect::Gateway { when: When::After }) => self.answer(gateway_page()),
            Some(Effect::Reset { when: When::After }) => Fate::Reset,
            Some(Effect::Hang { when: When::After }) => Fate::Hang,
            Some(Effect::Truncate { whole }) => self.truncate(answer, *whole),
            Some(Effect::Kill { at: KillAt::AfterEffect, pid, .. }) => self.kill(*pid).await,
            Some(Effect::Kill { at: KillAt::AfterResponse, pid, delay_ms }) => {
                match (self.victim(*pid).await, self.answer(answer)) {
                    (Some(pid), Fate::Answer(answer)) => {
                        Fate::AnswerThenKill(answer, pid, Duration::from_millis(*delay_ms))
                    }
                    (_, fate) => fate,
                }
            }
            _ => self.answer(answer),
        }
    }

    fn fail(&mut self, failure: &Failure) -> Fate {
        let id = format!("00000000-0000-4000-8000-{:012}", self.seq);
        self.answer(failure.render(&self.call, &id))
    }

    fn answer(&mut self, answer: Response<Bytes>) -> Fate {
        self.outcome.status = Some(answer.status().as_u16());
        self.outcome.request_id = request_id(&answer);
        if answer.status().is_client_error() || answer.status().is_server_error() {
            self.outcome.error = error_code(&answer);
        }
        Fate::Answer(answer.map(whole))
    }

    fn unreachable(&mut self, error: &io::Error) -> Fate {
        let mut answer = Response::new(Bytes::from(format!("the emulator behind the proxy fails: {error}\n")));
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
        let fate = self.answer(answer);
        self.outcome.error = Some("EmulatorUnreachable".to_owned());
        fate
    }

    async fn kill(&mut self, pid: Option<u32>) -> Fate {
        if let Some(pid) = self.victim(pid).await {
            process::kill(pid);
        }
        Fate::Reset
    }

    async fn victim(&mut self, pid: Option<u32>) -> Option<u32> {
        if pid.is_some() {
            return pid;
        }
        let mut named = self.exchange.shared.victim.subscribe();
        let found = tokio::time::timeout(VICTIM_PATIENCE, named.wait_for(Option::is_some)).await;
        let pid = found.ok().and_then(Result::ok).and_then(|pid| *pid);
        if pid.is_none() {
            self.outcome.error = Some("NoVictim".to_owned());
        }
        pid
    }

    #[expect(clippy::disallowed_methods, reason = "it works beside real processes, in real time")]
    fn truncate(&mut self, answer: Response<Bytes>, claims_whole: bool) -> Fate {
        let (mut head, body) = answer.into_parts();
        let half = body.slice(..body.len() / 2);
        self.outcome.status = Some(head.status.as_u16());
        if claims_whole {
            head.headers.insert(CONTENT_LENGTH, half.len().into());
            return Fate::Answer(Response::from_parts(head, whole(half)));
        }
        if body.is_empty() {
            return Fate::Reset;
        }
        head.headers.insert(CONTENT_LENGTH, body.len().into());
        let first = futures::stream::iter([Ok(Frame::data(half))]);
        let broken = futures::stream::once(async {
            tokio::time::sleep(TRUNCATION_PAUSE).await;
            Err(io::Error::other("truncated by a fault"))
        });
        Fate::Answer(Response::from_parts(head, StreamBody::new(first.chain(broken)).boxed_unsync()))
    }

    fn signature_is_off(&self, skew_s: i64) -> bool {
        let Some(signed_at) = &self.call.signed_at else { return false };
        let Ok(signed) = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", signed_at) else { return false };
        let Ok(signed) = signed.to_zoned(jiff::tz::TimeZone::UTC) else { return false };
        let server = jiff::Timestamp::now().as_second() + skew_s;
        (server - signed.timestamp().as_second()).abs() > SKEW_TOLERANCE_S
    }
}

fn fault_name(verdict: &Verdict) -> Option<&'static str> {
    match verdict {
        Verdict { effect: Some(effect), .. } => Some(effect.name()),
        Verdict { skew: Some(_), .. } => Some("clock_skew"),
        Verdict { delay, .. } if !delay.is_zero() => Some("latency"),
        Verdict { .. } => None,
    }
}

/// A body that is sent as it is.
pub(super) fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    // Both sides' connections and framings are their own; a content length stays true, and HEAD needs it.
    headers.remove(CONNECTION);
    headers.remove(TRANSFER_ENCODING);
    headers.remove("keep-alive");
}

fn set_date(answer: &mut Response<Body>, seconds: i64) {
    let now = jiff::Timestamp::now();
    let there = now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(now);
    if let Ok(date) = there.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string().parse() {
        answer.headers_mut().insert(DATE, date);
    }
}

fn request_id(answer: &Response<Bytes>) -> Option<String> {
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    header("x-amzn-requestid")
        .or_else(|| header("x-amz-request-id"))
        .or_else(|| element(answer.body(), "RequestId"))
        .or_else(|| element(answer.body(), "requestId"))
        .or_else(|| element(answer.body(), "RequestID"))
}

fn error_code(answer: &Response<Bytes>) -> Option<String> {
    let json = || -> Option<String> {
        let value: serde_json::Value = serde_json::from_slice(answer.body()).ok()?;
        let code = value.get("__type").or_else(|| value.get("code"))?.as_str()?;
        Some(code.rsplit('#').next().unwrap_or(code).to_owned())
    };
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    header("x-amzn-query-error")
        .and_then(|value| value.split(';').next())
        .or_else(|| header("x-amzn-errortype"))
        .map(str::to_owned)
        .or_else(|| element(answer.body(), "Code"))
        .or_else(json)
}

/// The text of the first `<name>` element.
fn element(body: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(value, _)| value.to_owned())
}

fn digest(body: &[u8]) -> String {
    Sha256::digest(body).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `path` is the emulator's own administration: passed on, not logged, never struck.
pub(super) fn is_emulator_admin(method: &Method, path: &str) -> bool {
    // S3 objects may have any name, but not at the root: a bucket can't begin with an underscore.
    method != Method::CONNECT && (path.starts_with("/_admin/") || path.starts_with("/moto-api/"))
}
