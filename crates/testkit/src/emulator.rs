//! Starts the AWS emulator (`tests/emulator/`, Python on moto) for tests, demo and benchmarks, and stops it for sure.
//!
//! One emulator serves a whole test binary ([`Emulator::shared`]), since it takes seconds to start. Tests are kept apart
//! by AWS accounts: [`Emulator::proxy`] gives each a proxy with an account of its own (see
//! [`crate::proxy::Options::account`]). `reset`, `restore` and `speed` concern all accounts at once: a test that needs
//! them starts an emulator of its own.

use crate::http;
use crate::proxy::{Options, Proxy};
use serde_json::Value;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::NamedTempFile;

/// Names a Python that has moto; without it the workspace's `.venv` is used.
pub const PYTHON: &str = "AURORACTL_TEST_PYTHON";
/// Names an emulator that runs already (`http://127.0.0.1:5000`) for [`Emulator::shared`].
pub const RUNNING: &str = "AURORACTL_TEST_EMULATOR";

/// moto takes about five seconds to start on a quiet machine.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// What the emulator prints before its address.
const BANNER: &str = "listening on ";
/// Runs its arguments, and kills them when its own input ends: so the emulator dies with the test process however that
/// dies, and no port stays taken by a forgotten Python.
const KEEPER: &str = "\"$@\" </dev/null & pid=$!; exec >/dev/null; read -r _; kill -9 $pid 2>/dev/null";

/// What to start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// A Python that has moto.
    pub python: PathBuf,
    /// The folder that holds the package `aurora_emulator`.
    pub package: PathBuf,
    /// Divides AWS's durations; the package's own default if absent.
    pub speed: Option<f64>,
}

impl Launch {
    /// The emulator of this workspace.
    ///
    /// # Errors
    /// There is no Python with moto.
    pub fn find() -> io::Result<Self> {
        Ok(Self { python: python()?, package: workspace().join("tests/emulator"), speed: None })
    }

    fn command(&self) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(&self.python);
        command.args(["-m", "aurora_emulator", "--host", "127.0.0.1", "--port", "0"]);
        if let Some(speed) = self.speed {
            command.args(["--speed", &speed.to_string()]);
        }
        command.env("PYTHONPATH", &self.package).env("PYTHONUNBUFFERED", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }
}

/// A running emulator; stops when dropped.
#[derive(Debug)]
pub struct Emulator {
    url: String,
    keeper: Option<Child>,
}

impl Emulator {
    /// An emulator of one's own whose lifecycles run `speed` times as fast as AWS's.
    ///
    /// # Errors
    /// There is no Python with moto, or the emulator does not come up.
    pub fn start(speed: Option<f64>) -> io::Result<Self> {
        Self::launch(&Launch { speed, ..Launch::find()? })
    }

    /// Starts an emulator and waits until it answers.
    ///
    /// # Errors
    /// It does not come up; the message ends with what it printed.
    pub fn launch(launch: &Launch) -> io::Result<Self> {
        let stderr = NamedTempFile::new()?;
        let mut keeper = launch.command().stderr(stderr.reopen()?).spawn()?;
        let url = keeper.stdout.take().and_then(address);
        let emulator = Self { url: url.unwrap_or_default(), keeper: Some(keeper) };
        emulator.wait_until_healthy().map_err(|error| {
            let text = fs::read_to_string(stderr.path()).unwrap_or_default();
            io::Error::other(format!("the emulator does not start: {error}\n{}", tail(&text)))
        })?;
        Ok(emulator)
    }

    /// The emulator of this test binary, started on first use, unless the environment names one that runs.
    ///
    /// # Errors
    /// As [`Emulator::start`]; every caller gets the same error.
    pub fn shared() -> io::Result<&'static Self> {
        static SHARED: OnceLock<Result<Emulator, String>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| match std::env::var(RUNNING) {
            Ok(url) => Ok(Self { url, keeper: None }),
            Err(_) => Self::start(None).map_err(|error| error.to_string()),
        });
        shared.as_ref().map_err(|message| io::Error::other(message.clone()))
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A proxy before it, with a fresh AWS account.
    ///
    /// # Errors
    /// As [`Proxy::with`].
    pub fn proxy(&self) -> io::Result<Proxy> {
        Proxy::with(Options { upstream: self.url.clone(), account: Some(fresh_account()), ..Options::default() })
    }

    /// Calls the emulator's admin interface: `admin("POST", "speed", &json!({"factor": 10}))`.
    ///
    /// # Errors
    /// It can't be reached, refuses, or does not answer with JSON.
    pub fn admin(&self, method: &str, what: &str, body: &Value) -> io::Result<Value> {
        let body = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
        let answer = http::request(&self.url, method, &format!("/_admin/{what}"), &body)?.success()?;
        if answer.trim_ascii().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).map_err(io::Error::other)
    }

    /// Forgets everything, in all accounts.
    ///
    /// # Errors
    /// As [`Emulator::admin`].
    pub fn reset(&self) -> io::Result<()> {
        self.admin("POST", "reset", &Value::Null).map(drop)
    }

    #[expect(clippy::disallowed_methods, reason = "it works beside real processes, in real time")]
    fn wait_until_healthy(&self) -> io::Result<()> {
        if self.url.is_empty() {
            return Err(io::Error::other("it ended, or never said where it listens"));
        }
        let start = Instant::now();
        loop {
            match http::request(&self.url, "GET", "/_admin/health", b"").and_then(http::Reply::success) {
                Ok(_) => return Ok(()),
                Err(error) if start.elapsed() > START_PATIENCE => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            // The end of its input makes the keeper kill the emulator.
            drop(keeper.stdin.take());
            keeper.wait().ok();
        }
    }
}

/// The folder of the workspace, for tests alone: the path is that of the machine which compiled them.
#[must_use]
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// An account id (12 digits) that no other test uses, not even an earlier run against the same emulator.
#[must_use]
pub fn fresh_account() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let run = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 100_000_000;
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % 1000;
    format!("{}", 100_000_000_000 + run * 1000 + number)
}

fn python() -> io::Result<PathBuf> {
    if let Some(python) = std::env::var_os(PYTHON) {
        return Ok(python.into());
    }
    let python = workspace().join(".venv/bin/python");
    if python.exists() {
        return Ok(python);
    }
    let why =
        format!("no Python with moto: {} is missing (`make emulator` makes it); or set {PYTHON}", python.display());
    Err(io::Error::new(io::ErrorKind::NotFound, why))
}

/// The last lines of what a program printed.
fn tail(text: &str) -> String {
    const LINES: usize = 15;
    let skipped = text.lines().count().saturating_sub(LINES);
    text.lines().skip(skipped).collect::<Vec<_>>().join("\n")
}

/// Waits for the banner, and goes on reading afterwards: a full pipe would stop the emulator.
fn address(stdout: std::process::ChildStdout) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some((_, url)) = line.split_once(BANNER) {
                sender.send(url.trim().to_owned()).ok();
            }
        }
    });
    receiver.recv_timeout(START_PATIENCE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_twelve_digits_and_differ() {
        let (one, other) = (fresh_account(), fresh_account());
        assert_ne!(one, other);
        assert!(one.len() == 12 && one.bytes().all(|byte| byte.is_ascii_digit()), "{one}");
    }

    #[expect(clippy::disallowed_methods, reason = "it works beside real processes, in real time")]
    #[test]
    fn the_keeper_kills_its_child_when_its_input_ends() {
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper", "sh", "-c", "echo $$; exec sleep 600"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(keeper.stdout.take().unwrap()).lines();
        let child = PathBuf::from(format!("/proc/{}", lines.next().unwrap().unwrap()));
        assert!(child.exists());
        drop(keeper.stdin.take());
        keeper.wait().unwrap();
        // The orphaned child is reaped by init, a moment later.
        let gone = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            let status = fs::read_to_string(child.join("stat")).unwrap_or_default();
            status.is_empty() || status.contains(" Z ")
        });
        assert!(gone);
    }
}
