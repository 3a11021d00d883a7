//! Runs the real `auroractl` binary as a user would, in a world of its own.
//!
//! Nothing of the developer's machine leaks in: no AWS variables or profiles, a home folder that is empty, a fixed
//! time zone, no colours. Nothing leaks out: everything lives in a temporary folder.

use crate::process;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Names the binary under test; without it, it is the `auroractl` beside the folder of the test's own executable.
pub const BINARY: &str = "AURORACTL_TEST_BIN";
/// No command of a test takes longer than this.
const PATIENCE: Duration = Duration::from_secs(300);

/// A place to run `auroractl` in.
#[derive(Debug)]
pub struct Cli {
    program: PathBuf,
    root: TempDir,
    env: BTreeMap<String, String>,
    echo: bool,
}

impl Cli {
    /// A fresh place whose AWS is at `endpoint`.
    ///
    /// # Errors
    /// The binary is not built, or no temporary folder can be made.
    pub fn new(endpoint: &str) -> io::Result<Self> {
        Self::of_program(&find_binary()?, endpoint)
    }

    /// The same for another program.
    ///
    /// # Errors
    /// No temporary folder can be made.
    pub fn of_program(program: &Path, endpoint: &str) -> io::Result<Self> {
        let root = TempDir::new()?;
        for folder in ["home", "tmp", "work/state"] {
            std::fs::create_dir_all(root.path().join(folder))?;
        }
        let path = |name: &str| root.path().join(name).display().to_string();
        let env = [
            ("HOME", path("home")),
            ("TMPDIR", path("tmp")),
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("NO_COLOR", "1".to_owned()),
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            // AWS's own example; moto looks for twenty characters like these.
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Self { program: program.to_owned(), root, env, echo: false })
    }

    /// Sets a variable for the commands that follow.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.env.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a variable back.
    pub fn unset_env(&mut self, name: &str) {
        self.env.remove(name);
    }

    /// Divides every wait of the program by `scale` (`AURORACTL_TIME_SCALE`).
    pub fn set_time_scale(&mut self, scale: f64) {
        self.set_env("AURORACTL_TIME_SCALE", &scale.to_string());
    }

    /// Copies what the commands print to this process's own streams, as it comes: for a person who watches.
    pub fn set_echo(&mut self, echo: bool) {
        self.echo = echo;
    }

    /// The folder in which commands run; its `state/` is the default state folder of stacks in it.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Writes a file into the folder; folders on the way are made.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.dir().join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// It can't be started.
    pub fn run(&self, arguments: &[&str]) -> io::Result<Finished> {
        self.spawn(arguments)?.wait()
    }

    /// Starts a command.
    ///
    /// # Errors
    /// It can't be started.
    pub fn spawn(&self, arguments: &[&str]) -> io::Result<Running> {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let start = Instant::now();
        let mut child = command.spawn()?;
        let copy = |stream: Box<dyn Write + Send>| self.echo.then_some(stream);
        let stdout = child.stdout.take().map(|stream| reader(stream, copy(Box::new(io::stdout()))));
        let stderr = child.stderr.take().map(|stream| reader(stream, copy(Box::new(io::stderr()))));
        Ok(Running { child, start, stdout, stderr })
    }

    /// The command that [`Cli::spawn`] would start, for who needs more of the process than its output.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.beside(&self.program);
        command.args(arguments);
        command
    }

    /// Another program in the same place: the same folder and variables, and nothing else.
    #[must_use]
    pub fn beside(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.dir()).env_clear().envs(&self.env).stdin(Stdio::null());
        command
    }
}

/// A command that runs; killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    start: Instant,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

impl Running {
    /// Its process id, for `Proxy::set_victim`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        process::interrupt(self.pid());
    }

    /// Sends SIGKILL.
    pub fn kill(&self) {
        process::kill(self.pid());
    }

    /// Waits for its end; kills it when it takes unreasonably long.
    ///
    /// # Errors
    /// The operating system refuses to wait.
    pub fn wait(mut self) -> io::Result<Finished> {
        let (pid, (ended, end)) = (self.pid(), mpsc::channel::<()>());
        let watchdog = std::thread::spawn(move || {
            let late = end.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout);
            if late {
                process::kill(pid);
            }
            late
        });
        let status = self.child.wait()?;
        let duration = self.start.elapsed();
        drop(ended);
        let text = |reader: Option<JoinHandle<Vec<u8>>>| {
            let bytes = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (stdout, stderr) = (text(self.stdout.take()), text(self.stderr.take()));
        let timed_out = watchdog.join().unwrap_or(false);
        Ok(Finished { code: status.code(), signal: status.signal(), stdout, stderr, duration, timed_out })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `wait` both say that there is nothing left to do.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What a command left behind.
#[derive(Clone, Debug)]
#[must_use]
pub struct Finished {
    /// Its exit code; absent if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error.
    pub stderr: String,
    /// From start to end.
    pub duration: Duration,
    /// It was killed because it took unreasonably long.
    pub timed_out: bool,
}

impl Finished {
    /// Asserts the exit code and hands itself on; on failure the whole output is in the message.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        let Self { stdout, stderr, signal, .. } = &self;
        assert!(
            self.code == Some(code),
            "exit {:?} (signal {signal:?}) instead of {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
            self.code
        );
        self
    }

    /// Standard output as one JSON document.
    ///
    /// # Errors
    /// It is none.
    pub fn json(&self) -> serde_json::Result<serde_json::Value> {
        serde_json::from_str(&self.stdout)
    }
}

fn reader<R: Read + Send + 'static>(mut stream: R, mut copy: Option<Box<dyn Write + Send>>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
        loop {
            match stream.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What came before an error is what there is to show.
                Ok(0) | Err(_) => return bytes,
                Ok(length) => {
                    let piece = chunk.get(..length).unwrap_or_default();
                    bytes.extend_from_slice(piece);
                    if let Some(copy) = &mut copy {
                        // Whoever watches may go away; the test goes on.
                        copy.write_all(piece).and_then(|()| copy.flush()).ok();
                    }
                }
            }
        }
    })
}

/// The binary: from the environment, or beside `deps/`, where cargo puts the test executables.
fn find_binary() -> io::Result<PathBuf> {
    if let Some(path) = std::env::var_os(BINARY) {
        return Ok(path.into());
    }
    let test = std::env::current_exe()?;
    let binary = test.ancestors().skip(1).take(2).map(|dir| dir.join("auroractl")).find(|path| path.is_file());
    let why = format!("no auroractl beside {}; build the workspace first, or set {BINARY}", test.display());
    binary.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Finished {
        let mut cli = Cli::of_program(Path::new("/bin/sh"), "http://127.0.0.1:1").unwrap();
        cli.set_time_scale(100.0);
        cli.run(&["-c", script]).unwrap()
    }

    #[test]
    fn catches_both_streams_and_the_code() {
        let done = shell("echo out; echo err >&2; exit 3").exits(3);
        assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("out\n", "err\n"));
        assert!(!done.timed_out && done.signal.is_none());
    }

    #[test]
    fn the_environment_is_closed() {
        let done = shell("env").exits(0);
        let names: Vec<&str> = done.stdout.lines().filter_map(|line| line.split('=').next()).collect();
        assert!(names.contains(&"AWS_ENDPOINT_URL") && names.contains(&"AURORACTL_TIME_SCALE"), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{names:?}");
        assert!(done.stdout.contains("AURORACTL_TIME_SCALE=100\n"));
    }

    #[test]
    fn signals_arrive() {
        let cli = Cli::of_program(Path::new("/bin/sh"), "http://127.0.0.1:1").unwrap();
        let running = cli.spawn(&["-c", "exec sleep 600"]).unwrap();
        running.kill();
        assert_eq!(running.wait().unwrap().signal, Some(9));
        let running = cli.spawn(&["-c", "exec sleep 600"]).unwrap();
        running.interrupt();
        assert_eq!(running.wait().unwrap().signal, Some(2));
    }

    #[test]
    #[should_panic(expected = "exit Some(3) (signal None) instead of 0")]
    fn a_wrong_code_shows_the_output() {
        let _ = shell("exit 3").exits(0);
    }
}
