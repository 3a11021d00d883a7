//! A reverse proxy before the AWS emulator: knows the calls, breaks them on demand, remembers them.
//!
//! The emulator (Python) plays AWS's state; what happens *between* client and AWS is played here, where it costs
//! microseconds and can be timed exactly: throttling, lost answers, resets, and the death of the client on a chosen
//! side of a chosen call. Every test has a proxy of its own, with its own faults and log, and may have an AWS account of
//! its own too ([`Options::account`]), so that tests share one emulator without seeing one another.

pub mod fault;
pub mod log;
pub mod shape;
pub mod wire;

mod admin;
mod conn;
mod exchange;

use bytes::Bytes;
use conn::{Conn, Control};
use exchange::{Exchange, Fate};
use fault::{Armed, Fault, Faults};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::service::service_fn;
use hyper::{Request, Response};
use log::{Entry, Log, Summary};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// Body of an answer.
type Body = UnsyncBoxBody<Bytes, io::Error>;

/// How a proxy is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the emulator listens: `http://127.0.0.1:5000`.
    pub upstream: String,
    /// Where to listen; a free port of the loopback interface if absent.
    pub listen: Option<SocketAddr>,
    /// The AWS account that every call belongs to, 12 digits; moto's `123456789012` if absent.
    ///
    /// moto derives the account from the access key, and knows only keys that it has issued itself; but it lets the
    /// header `x-moto-account-id` go first, and the proxy sets that. So accounts isolate tests from one another with no
    /// call made.
    pub account: Option<String>,
    /// A file that gets every call as a line of JSON.
    pub log_file: Option<PathBuf>,
    /// Whether the log keeps a digest of each request's body.
    pub digest: bool,
}

/// What connections share.
struct Shared {
    upstream: String,
    account: Option<HeaderValue>,
    digest: bool,
    log: Log,
    faults: Faults,
    victim: watch::Sender<Option<u32>>,
}

/// A running proxy; stops when dropped.
///
/// It runs on threads of its own, so that a test that blocks, as those that run the real binary do, doesn't stop it.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl Proxy {
    /// Starts a proxy before the emulator at `upstream` (`http://127.0.0.1:5000`), with no faults.
    ///
    /// # Errors
    /// See [`Proxy::with`].
    pub fn start(upstream: &str) -> io::Result<Self> {
        Self::with(Options { upstream: upstream.to_owned(), ..Options::default() })
    }

    /// Starts a proxy.
    ///
    /// # Errors
    /// The port is taken, the log file can't be opened, or the upstream isn't an `http://` URL.
    pub fn with(options: Options) -> io::Result<Self> {
        let upstream = options.upstream.strip_prefix("http://").map(|rest| rest.trim_end_matches('/').to_owned());
        let upstream = upstream.ok_or_else(|| io::Error::other(format!("not an http:// URL: {}", options.upstream)))?;
        let account = options.account.map(HeaderValue::try_from).transpose().map_err(io::Error::other)?;
        let log = Log::open(options.log_file.as_deref())?;
        let (faults, victim, digest) = (Faults::default(), watch::channel(None).0, options.digest);
        let shared = Arc::new(Shared { upstream, account, digest, log, faults, victim });
        let listener = TcpListener::bind(options.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0))))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, runtime: Some(runtime) })
    }

    /// The endpoint for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a fault after those in force.
    pub fn arm(&self, fault: Fault) {
        self.shared.faults.arm(fault);
    }

    /// Adds one fault or a list of them, written as JSON.
    ///
    /// # Errors
    /// The text is no fault.
    pub fn arm_json(&self, json: &[u8]) -> io::Result<()> {
        fault::parse(json)?.into_iter().for_each(|fault| self.arm(fault));
        Ok(())
    }

    /// Removes all faults.
    pub fn disarm(&self) {
        self.shared.faults.clear();
    }

    /// The faults in force, with how often they matched and struck.
    #[must_use]
    pub fn faults(&self) -> Vec<Armed> {
        self.shared.faults.list()
    }

    /// Names the process that kill faults mean when they name none; until then such a kill waits (at most 5 s).
    pub fn set_victim(&self, pid: Option<u32>) {
        self.shared.victim.send_replace(pid);
    }

    /// The log, oldest call first.
    #[must_use]
    pub fn calls(&self) -> Vec<Entry> {
        self.shared.log.calls()
    }

    /// Counts over the log.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.shared.log.summary()
    }

    /// Forgets the log.
    pub fn clear_log(&self) {
        self.shared.log.clear();
    }

    /// Waits until no call is under way: after a client was killed, the emulator still finishes what it has received,
    /// as AWS does. Says whether that happened within `patience`.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "it works beside real processes, in real time")]
    pub fn wait_idle(&self, patience: Duration) -> bool {
        let start = Instant::now();
        while self.shared.log.in_flight() > 0 {
            if start.elapsed() > patience {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Not `drop(runtime)`: that blocks, which tokio refuses inside an async test.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    loop {
        // A failed accept (a client gone already, descriptors short) concerns no other connection.
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).ok();
        let (shared, control) = (Arc::clone(&shared), Arc::new(Control::default()));
        let conn = Conn::new(stream, Arc::clone(&control));
        let service = service_fn(move |request| serve(Arc::clone(&shared), Arc::clone(&control), request));
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(conn, service));
    }
}

async fn serve(shared: Arc<Shared>, control: Arc<Control>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    if head.uri.path().starts_with(admin::PREFIX) {
        return Ok(admin::answer(&shared, &head, &body));
    }
    let unlogged = exchange::is_emulator_admin(&head.method, head.uri.path());
    let exchange = Exchange { shared, head, body };
    if unlogged {
        return Ok(exchange.forward().await?.map(exchange::whole));
    }
    // A task of its own: AWS finishes what it has received when the client is gone, and so must the log.
    match tokio::spawn(exchange.run()).await.map_err(io::Error::other)? {
        Fate::Answer(answer) => Ok(answer),
        Fate::AnswerThenKill(answer, pid, delay) => {
            tokio::spawn(kill_after(control.flushed(), pid, delay));
            Ok(answer)
        }
        Fate::Reset => {
            control.reset();
            Err(io::Error::other("reset by a fault"))
        }
        Fate::Hang => std::future::pending().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "it works beside real processes, in real time")]
async fn kill_after(flushed: tokio::sync::oneshot::Receiver<()>, pid: u32, delay: Duration) {
    // A connection that broke instead has no answer to wait for.
    flushed.await.ok();
    tokio::time::sleep(delay).await;
    crate::process::kill(pid);
}

/// Locks a mutex whose data stays sound whatever its holder did.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
