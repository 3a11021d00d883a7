//! The proxy on a real socket, before a small server that stands in for the emulator: every fault as a client sees it,
//! and what the log says of it.
//!
//! The client is a bare TCP stream, since the point is what happens on the wire: resets, halves of answers, silence.

#![expect(clippy::disallowed_methods, reason = "it works beside real processes, in real time")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use auroractl_testkit::cli::Cli;
use auroractl_testkit::emulator::{Emulator, Launch};
use auroractl_testkit::http;
use auroractl_testkit::proxy::fault::{Effect, Fault, KillAt, When};
use auroractl_testkit::proxy::{Options, Proxy};
use auroractl_testkit::redact::Redactions;
use auroractl_testkit::script::{self, Stage};
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the stand-in has seen of a request: path, account header, body.
type Seen = (String, Option<String>, Vec<u8>);

/// A server that answers everything with success and remembers what it was asked.
struct Upstream {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    _runtime: tokio::runtime::Runtime,
}

const ANSWER: &str = "<CreateDBClusterResponse><ResponseMetadata><RequestId>real-1</RequestId></ResponseMetadata></CreateDBClusterResponse>";

impl Upstream {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let (address, seen) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Seen>>>::default());
        let remember = Arc::clone(&seen);
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let remember = Arc::clone(&remember);
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let remember = Arc::clone(&remember);
                    async move {
                        let (head, body) = request.into_parts();
                        let body = http_body_util::BodyExt::collect(body).await?.to_bytes().to_vec();
                        let account = head.headers.get("x-moto-account-id").map(|v| v.to_str().unwrap().to_owned());
                        remember.lock().unwrap().push((head.uri.to_string(), account, body));
                        Ok::<_, hyper::Error>(hyper::Response::new(Full::new(Bytes::from_static(ANSWER.as_bytes()))))
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        Self { address, seen, _runtime: runtime }
    }

    fn proxy(&self) -> Proxy {
        Proxy::start(&format!("http://{}", self.address)).unwrap()
    }

    fn hits(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// A request as an SDK would sign it.
fn signed(service: &str, extra: &str, body: &str) -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    format!(
        "POST / HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\nX-Amz-Date: {now}\r\n{extra}\
         Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/eu-central-1/{service}/aws4_request, \
         SignedHeaders=host, Signature=ab\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn rds() -> String {
    signed("rds", "", "Action=CreateDBCluster&Version=2014-10-31")
}

fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.url().strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Everything the client gets, and the error that ends it.
fn send(proxy: &Proxy, request: &str) -> (String, io::Result<usize>) {
    let mut stream = connect(proxy);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer);
    (String::from_utf8_lossy(&answer).into_owned(), end)
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[test]
fn a_call_passes_unchanged_and_is_logged() {
    let upstream = Upstream::start();
    let account = Some("200000000001".to_owned());
    let upstream_url = format!("http://{}/", upstream.address);
    let proxy = Proxy::with(Options { upstream: upstream_url, account, digest: true, ..Options::default() }).unwrap();
    let (answer, end) = send(&proxy, &rds());
    assert!(end.is_ok() && answer.ends_with(ANSWER), "{answer}");
    let seen = upstream.seen.lock().unwrap()[0].clone();
    assert_eq!(
        seen,
        ("/".to_owned(), Some("200000000001".to_owned()), b"Action=CreateDBCluster&Version=2014-10-31".to_vec())
    );
    let call = proxy.calls()[0].clone();
    assert_eq!((call.seq, call.name().as_str(), call.region.as_str()), (1, "rds:CreateDBCluster", "eu-central-1"));
    assert_eq!((call.mutating, call.status, call.upstream_status, call.in_flight), (true, Some(200), Some(200), 1));
    assert_eq!((call.request_id.as_deref(), call.error, call.fault), (Some("real-1"), None, None));
    assert!(call.end_us.unwrap() >= call.start_us && call.body_sha256.unwrap().len() == 16);
}

#[test]
fn a_connection_serves_many_calls() {
    let upstream = Upstream::start();
    let proxy = upstream.proxy();
    let mut stream = connect(&proxy);
    for _ in 0..3 {
        stream.write_all(rds().replace("Connection: close\r\n", "").as_bytes()).unwrap();
        let mut buffer = vec![0; 4096];
        let mut got = 0;
        while !String::from_utf8_lossy(&buffer[..got]).ends_with(ANSWER) {
            got += stream.read(&mut buffer[got..]).unwrap();
        }
    }
    assert_eq!((proxy.summary().writes, upstream.hits()), (3, 3));
}

#[test]
fn every_protocol_gets_its_own_throttle() {
    let upstream = Upstream::start();
    let proxy = upstream.proxy();
    proxy.arm(Fault::on("*", Effect::Throttle));
    let kms = signed("kms", "X-Amz-Target: TrentService.CreateKey\r\n", "{}");
    let cloudwatch = signed("monitoring", "", "")
        .replace("POST / ", "POST /service/GraniteServiceVersion20100801/operation/PutMetricAlarm ");
    let s3 = signed("s3", "", "x").replace("POST / ", "PUT /bucket/key ");
    for (request, want_status, shape, name, code) in [
        (
            rds(),
            "400",
            "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>",
            "rds:CreateDBCluster",
            "Throttling",
        ),
        (
            signed("ec2", "", "Action=CreateVpc"),
            "503",
            "<Response><Errors><Error><Code>RequestLimitExceeded",
            "ec2:CreateVpc",
            "RequestLimitExceeded",
        ),
        (kms, "400", r#""__type":"ThrottlingException""#, "kms:CreateKey", "ThrottlingException"),
        (cloudwatch, "400", "x-amzn-query-error: Throttling;Sender", "cloudwatch:PutMetricAlarm", "Throttling"),
        (s3, "503", "<Error><Code>SlowDown</Code>", "s3:PutObject", "SlowDown"),
    ] {
        let (answer, _) = send(&proxy, &request);
        assert!(status(&answer) == want_status && answer.contains(shape), "{name}: {answer}");
        let call = proxy.calls().pop().unwrap();
        assert_eq!((call.name().as_str(), call.error.as_deref(), call.fault), (name, Some(code), Some("throttle")));
        assert!(call.request_id.is_some() && call.upstream_status.is_none());
    }
    assert_eq!(upstream.hits(), 0, "a throttled call has no effect");
}

#[test]
fn errors_before_and_after_the_effect() {
    let custom = Effect::Error { status: 400, code: "StorageQuotaExceeded".to_owned(), message: "a < b".to_owned() };
    for (effect, want_status, text, hits) in [
        (Effect::ServerError { when: When::Before, status: 500 }, "500", "<Code>InternalFailure</Code>", 0),
        (Effect::ServerError { when: When::After, status: 503 }, "503", "<Code>ServiceUnavailable</Code>", 1),
        (Effect::Gateway { when: When::Before }, "502", "<title>502 Bad Gateway</title>", 0),
        (Effect::Gateway { when: When::After }, "502", "<title>502 Bad Gateway</title>", 1),
        (Effect::ExpiredCredentials, "403", "<Code>ExpiredToken</Code>", 0),
        (Effect::AccessDenied, "403", "perform: rds:CreateDBCluster", 0),
        (custom, "400", "<Code>StorageQuotaExceeded</Code><Message>a &lt; b</Message>", 0),
    ] {
        let upstream = Upstream::start();
        let proxy = upstream.proxy();
        proxy.arm(Fault::on("rds:*", effect.clone()));
        let (answer, _) = send(&proxy, &rds());
        assert!(status(&answer) == want_status && answer.contains(text), "{effect:?}: {answer}");
        assert_eq!(upstream.hits(), hits, "{effect:?}");
        let call = proxy.calls().pop().unwrap();
        assert_eq!((call.fault, call.upstream_status.is_some()), (Some(effect.name()), hits == 1));
    }
}

#[test]
fn resets_are_resets() {
    for (when, hits) in [(When::Before, 0), (When::After, 1)] {
        let upstream = Upstream::start();
        let proxy = upstream.proxy();
        proxy.arm(Fault::on("*", Effect::Reset { when }).times(1));
        let (answer, end) = send(&proxy, &rds());
        assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!((answer.as_str(), upstream.hits()), ("", hits));
        let call = proxy.calls().pop().unwrap();
        assert_eq!((call.status, call.upstream_status), (None, (hits == 1).then_some(200)));
        assert_eq!(status(&send(&proxy, &rds()).0), "200", "the next call is whole");
    }
}

#[test]
fn truncated_answers_break_off_or_pretend_to_be_whole() {
    let upstream = Upstream::start();
    let proxy = upstream.proxy();
    proxy.arm(Fault::on("*", Effect::Truncate { whole: false }).times(1));
    let (answer, _) = send(&proxy, &rds());
    assert!(answer.contains(&format!("content-length: {}\r\n", ANSWER.len())), "{answer}");
    assert!(answer.ends_with(&ANSWER[..ANSWER.len() / 2]), "half arrives: {answer}");
    proxy.arm(Fault::on("*", Effect::Truncate { whole: true }).times(1));
    let (answer, end) = send(&proxy, &rds());
    assert!(end.is_ok() && answer.contains(&format!("content-length: {}\r\n", ANSWER.len() / 2)), "{answer}");
    assert_eq!(upstream.hits(), 2);
}

#[test]
fn latency_delays_and_calls_overlap() {
    let upstream = Upstream::start();
    let proxy = upstream.proxy();
    proxy.arm(Fault::on("*", Effect::Latency { ms: 150 }));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(status(&send(&proxy, &rds()).0), "200"));
        }
    });
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert!(start.elapsed() < Duration::from_millis(8 * 150), "eight at once: {:?}", start.elapsed());
    assert_eq!((proxy.summary().peak_in_flight, proxy.calls()[0].fault), (8, Some("latency")));
}

#[test]
fn a_hang_ends_when_the_client_gives_up() {
    for (when, hits) in [(When::Before, 0), (When::After, 1)] {
        let upstream = Upstream::start();
        let proxy = upstream.proxy();
        proxy.arm(Fault::on("*", Effect::Hang { when }));
        let mut stream = connect(&proxy);
        stream.write_all(rds().as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let error = stream.read(&mut [0; 16]).unwrap_err();
        assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{error}");
        assert_eq!((upstream.hits(), proxy.calls()[0].fault), (hits, Some("hang")));
    }
}

#[test]
fn the_services_clock_can_be_wrong() {
    let upstream = Upstream::start();
    let proxy = upstream.proxy();
    proxy.arm(Fault::on("*", Effect::ClockSkew { seconds: 3600, refuse: false }).times(1));
    let (answer, _) = send(&proxy, &rds());
    let date = answer.lines().find_map(|line| line.strip_prefix("date: ")).unwrap();
    let there = jiff::fmt::rfc2822::parse(date).unwrap().timestamp().as_second();
    let ahead = there - jiff::Timestamp::now().as_second();
    assert!((3595..=3600).contains(&ahead), "{ahead} s ahead");
    proxy.arm(Fault::on("*", Effect::ClockSkew { seconds: -3600, refuse: true }));
    let (answer, _) = send(&proxy, &rds());
    assert!(answer.contains("<Code>SignatureDoesNotMatch</Code>"), "{answer}");
    assert_eq!((upstream.hits(), proxy.summary().by_fault["clock_skew"]), (1, 2));
}

fn sleeper() -> Child {
    Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap()
}

/// Whether the child died of SIGKILL within a second.
fn was_killed(child: &mut Child) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    for _ in 0..100 {
        if let Some(status) = child.try_wait().unwrap() {
            return status.signal() == Some(9);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

#[test]
fn the_client_dies_on_the_chosen_side_of_a_call() {
    for (at, hits, answered) in
        [(KillAt::BeforeSend, 0, false), (KillAt::AfterEffect, 1, false), (KillAt::AfterResponse, 1, true)]
    {
        let upstream = Upstream::start();
        let proxy = upstream.proxy();
        let mut victim = sleeper();
        proxy.arm(Fault::on("*", Effect::Kill { at, pid: Some(victim.id()), delay_ms: 5 }).writes().nth(1));
        let (answer, end) = send(&proxy, &rds());
        assert!(was_killed(&mut victim), "{at:?}");
        assert_eq!((upstream.hits(), end.is_ok(), answer.ends_with(ANSWER)), (hits, answered, answered), "{at:?}");
        assert_eq!(proxy.calls()[0].fault, Some("kill"));
        assert_eq!(status(&send(&proxy, &rds()).0), "200", "one kill only");
    }
}

#[test]
fn a_kill_waits_for_its_victim_to_be_named() {
    let upstream = Upstream::start();
    let proxy = upstream.proxy();
    proxy.arm(Fault::on("*", Effect::Kill { at: KillAt::BeforeSend, pid: None, delay_ms: 0 }).nth(1));
    let mut victim = sleeper();
    std::thread::scope(|scope| {
        scope.spawn(|| send(&proxy, &rds()));
        std::thread::sleep(Duration::from_millis(50));
        proxy.set_victim(Some(victim.id()));
    });
    assert!(was_killed(&mut victim));
    assert_eq!(upstream.hits(), 0);
}

#[test]
fn a_call_whose_client_is_gone_is_still_carried_out() {
    let upstream = Upstream::start();
    let proxy = upstream.proxy();
    proxy.arm(Fault::on("*", Effect::Latency { ms: 100 }));
    let mut stream = connect(&proxy);
    stream.write_all(rds().as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(30));
    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    assert!(proxy.wait_idle(Duration::from_secs(5)));
    assert_eq!((upstream.hits(), proxy.calls()[0].upstream_status), (1, Some(200)));
}

#[test]
fn an_unreachable_emulator_is_named_as_such() {
    let proxy = Proxy::start("http://127.0.0.1:1").unwrap();
    let (answer, _) = send(&proxy, &rds());
    assert!(status(&answer) == "502" && answer.contains("the emulator behind the proxy fails"), "{answer}");
    assert_eq!(proxy.calls()[0].error.as_deref(), Some("EmulatorUnreachable"));
    assert!(Proxy::start("localhost:5000").is_err());
}

#[test]
fn the_admin_interface_arms_counts_and_forgets() {
    let upstream = Upstream::start();
    let proxy = upstream.proxy();
    let ask =
        |method: &str, what: &str, body: &str| http::request(&proxy.url(), method, what, body.as_bytes()).unwrap();
    let json = |what: &str| -> serde_json::Value { serde_json::from_slice(&ask("GET", what, "").body).unwrap() };
    let rules = r#"[{"on":"rds:CreateDB*","nth":2,"effect":{"kind":"throttle"}},{"on":"iam:*","effect":{"kind":"access_denied"}}]"#;
    assert_eq!(ask("POST", "/_proxy/faults", rules).status, 200);
    for want in ["200", "400", "200"] {
        assert_eq!(status(&send(&proxy, &rds()).0), want);
    }
    let faults = json("/_proxy/faults");
    assert_eq!((&faults[0]["seen"], &faults[0]["fired"], &faults[1]["fired"]), (&3.into(), &1.into(), &0.into()));
    let summary = json("/_proxy/summary");
    assert_eq!((&summary["calls"], &summary["by_action"]["rds:CreateDBCluster"]), (&3.into(), &3.into()));
    assert_eq!(json("/_proxy/calls")[1]["error"], "Throttling");
    assert_eq!(ask("DELETE", "/_proxy/faults", "").status, 204);
    assert_eq!(ask("DELETE", "/_proxy/calls", "").status, 204);
    assert_eq!((proxy.faults().len(), proxy.calls().len()), (0, 0));
    let wrong = ask("POST", "/_proxy/faults", r#"{"on":"*","effect":{"kind":"explode"}}"#);
    assert!(wrong.status == 400 && String::from_utf8_lossy(&wrong.body).contains("explode"));
    assert_eq!(ask("GET", "/_proxy/nonsense", "").status, 404);
}

#[test]
fn the_emulators_admin_interface_is_neither_logged_nor_struck() {
    let upstream = Upstream::start();
    let proxy = upstream.proxy();
    proxy.arm(Fault::on("*", Effect::Throttle));
    assert_eq!(http::request(&proxy.url(), "POST", "/_admin/reset", b"").unwrap().status, 200);
    assert_eq!((upstream.seen.lock().unwrap()[0].0.as_str(), proxy.calls().len()), ("/_admin/reset", 0));
}

/// A stand-in for Python: does what `script` says, whatever the arguments.
fn launch(folder: &Path, script: &str) -> io::Result<Emulator> {
    let python = folder.join("python");
    // Written by a child: a descriptor of ours, open for writing, could leak into a fork of another test at this moment,
    // and the kernel refuses to execute a file that is being written (ETXTBSY).
    let write = r#"printf '#!/bin/sh\n%s\n' "$1" >"$0" && chmod 755 "$0""#;
    assert!(Command::new("sh").args(["-c", write]).arg(&python).arg(script).status().unwrap().success());
    Emulator::launch(&Launch { python, package: folder.to_owned(), speed: Some(60.0) })
}

#[test]
fn the_harness_starts_the_emulator_and_stops_it() {
    let upstream = Upstream::start();
    let folder = tempfile::tempdir().unwrap();
    let (told, address) = (folder.path().join("told").display().to_string(), upstream.address);
    let script =
        format!("echo $$ $PYTHONPATH \"$@\" >{told}; echo noise; echo listening on http://{address}; exec sleep 600");
    let emulator = launch(folder.path(), &script).unwrap();
    assert_eq!(emulator.url(), format!("http://{address}"));
    let told = std::fs::read_to_string(told).unwrap();
    let (pid, told) = told.trim().split_once(' ').unwrap();
    let want = "-m aurora_emulator --host 127.0.0.1 --port 0 --speed 60";
    assert_eq!(told, format!("{} {want}", folder.path().display()));
    assert!(emulator.admin("GET", "inventory", &serde_json::Value::Null).is_err(), "the stand-in speaks no JSON");
    let (one, other) = (emulator.proxy().unwrap(), emulator.proxy().unwrap());
    assert_eq!((status(&send(&one, &rds()).0), status(&send(&other, &rds()).0)), ("200", "200"));
    let accounts: Vec<_> = upstream.seen.lock().unwrap().iter().filter_map(|seen| seen.1.clone()).collect();
    assert!(accounts.len() == 2 && accounts[0] != accounts[1], "{accounts:?}");
    drop(emulator);
    let lives = || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    let deadline = Instant::now() + Duration::from_secs(2);
    while lives() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!lives(), "{pid} is still there");
}

#[test]
fn an_emulator_that_does_not_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let error = launch(folder.path(), "echo No module named moto >&2; exit 1").unwrap_err().to_string();
    assert!(error.ends_with("No module named moto"), "{error}");
}

#[test]
fn scripts_arm_faults_and_count_calls() {
    let upstream = Upstream::start();
    let proxy = upstream.proxy();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("throttle.txt");
    let fault = r#"$ fault '{"on":"rds:*","effect":{"kind":"throttle"}}'"#;
    std::fs::write(&path, format!("{fault}\n\n$ calls\n0 reads, 1 writes, 1 failed\n    1 rds:CreateDBCluster\n"))
        .unwrap();
    assert_eq!(script::scripts(folder.path()).unwrap(), std::slice::from_ref(&path));
    let play = |request: bool| {
        proxy.disarm();
        proxy.clear_log();
        if request {
            proxy.arm(Fault::on("*", Effect::AccessDenied));
            let _answer = send(&proxy, &rds());
        }
        let mut cli = Cli::of_program("/bin/sh".as_ref(), &proxy.url()).unwrap();
        script::run(&path, &mut Stage { cli: &mut cli, proxy: Some(&proxy), redactions: Redactions::standard() })
    };
    play(true).unwrap();
    let error = play(false).unwrap_err().to_string();
    assert!(
        error.contains("- 0 reads, 1 writes, 1 failed") && error.contains("+ 0 reads, 0 writes, 0 failed"),
        "{error}"
    );
    assert_eq!(proxy.faults().len(), 1);
}

#[test]
fn the_binary_is_the_same_proxy() {
    let upstream = Upstream::start();
    let folder = tempfile::tempdir().unwrap();
    let (faults, log) = (folder.path().join("faults.json"), folder.path().join("calls.jsonl"));
    std::fs::write(&faults, r#"{"on":"rds:*","effect":{"kind":"server_error","when":"before","status":503}}"#).unwrap();
    let mut binary = Command::new(env!("CARGO_BIN_EXE_auroractl-proxy"))
        .args(["--upstream", &format!("http://{}", upstream.address), "--digest"])
        .args(["--faults".as_ref(), faults.as_os_str(), "--log".as_ref(), log.as_os_str()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(binary.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap();
    let answer = http::request(url, "POST", "/?Action=CreateDBCluster", b"").unwrap();
    assert_eq!(answer.status, 200, "unsigned: no rds, no fault");
    let summary = http::request(url, "GET", "/_proxy/summary", b"").unwrap().success().unwrap();
    assert!(String::from_utf8_lossy(&summary).contains("unknown:CreateDBCluster"));
    binary.kill().unwrap();
    binary.wait().unwrap();
    assert_eq!(std::fs::read_to_string(log).unwrap().lines().count(), 1);
}
