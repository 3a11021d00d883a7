//! One emulator, one proxy and one folder: where trials run one after the other.

use super::disk::{DiskCut, Shim};
use super::scenario::{STACK, Scenario};
use auroractl_testkit::cli::{Cli, Finished, Running};
use auroractl_testkit::emulator::Emulator;
use auroractl_testkit::proxy::Proxy;
use auroractl_testkit::proxy::fault::Fault;
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// The account of the stack files, and moto's own.
pub(super) const ACCOUNT: &str = "123456789012";
/// Divides every wait of the program: horizons of minutes pass in a blink.
const SCALE: f64 = 500.0;
/// How long the emulator may take for what it received before its client died.
const PATIENCE: Duration = Duration::from_secs(30);

/// A moment in the life of a stack that can be gone back to, in any lane.
#[derive(Debug)]
pub struct Start {
    folder: TempDir,
}

impl Start {
    fn world(&self) -> PathBuf {
        self.folder.path().join("world")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }
}

/// Where trials run; see the module.
pub struct Lane {
    /// The emulator, without delays.
    pub emulator: Emulator,
    /// What stands before it.
    pub proxy: Proxy,
    /// The program and its folder.
    pub cli: Cli,
}

impl Lane {
    /// A lane with an empty account and no state.
    ///
    /// # Errors
    /// The emulator does not start, or the program is not built.
    pub fn open() -> io::Result<Self> {
        let emulator = Emulator::start(Some(0.0))?;
        let proxy = Proxy::start(emulator.url())?;
        let mut cli = Cli::new(&proxy.url())?;
        cli.set_time_scale(SCALE);
        cli.set_env("AWS_REGION", "us-east-1");
        Ok(Self { emulator, proxy, cli })
    }

    /// Remembers this moment.
    ///
    /// # Errors
    /// A file can't be written.
    pub fn remember(&self) -> io::Result<Start> {
        self.calm()?;
        let start = Start { folder: TempDir::new()? };
        self.emulator.admin("POST", "snapshot", &json!({ "path": start.world() }))?;
        copy(&self.state_dir(), &start.state())?;
        Ok(start)
    }

    /// Goes back to a moment.
    ///
    /// # Errors
    /// A file can't be read or written.
    pub fn go_back(&self, start: &Start) -> io::Result<()> {
        self.calm()?;
        self.proxy.disarm();
        self.emulator.admin("POST", "restore", &json!({ "path": start.world() }))?;
        std::fs::remove_dir_all(self.state_dir())?;
        copy(&start.state(), &self.state_dir())
    }

    /// Forgets all: an empty account, no state.
    ///
    /// # Errors
    /// The folder can't be emptied.
    pub fn clear(&self) -> io::Result<()> {
        self.calm()?;
        self.proxy.disarm();
        self.emulator.admin("POST", "reset", &Value::Null)?;
        std::fs::remove_dir_all(self.state_dir())?;
        std::fs::create_dir(self.state_dir())
    }

    /// Waits until the emulator has nothing left to do.
    ///
    /// # Errors
    /// It has, for half a minute.
    pub fn calm(&self) -> io::Result<()> {
        if self.proxy.wait_idle(PATIENCE) { Ok(()) } else { Err(io::Error::other("calls are still under way")) }
    }

    /// Runs the scenario's command to its end.
    ///
    /// # Errors
    /// The program can't be started.
    pub fn run(&self, scenario: Scenario) -> io::Result<Finished> {
        self.cli.run(&scenario.command())
    }

    /// Runs any command on the stack.
    ///
    /// # Errors
    /// The program can't be started.
    pub fn tell(&self, command: &[&str]) -> io::Result<Finished> {
        self.cli.run(&[command, &[STACK]].concat())
    }

    /// Runs the scenario's command with a fault armed; a kill means it. Says whether the fault struck, too.
    ///
    /// # Errors
    /// The program can't be started, or the emulator does not come to rest.
    pub fn run_under(&self, scenario: Scenario, fault: Fault) -> io::Result<(Finished, bool)> {
        self.proxy.disarm();
        self.proxy.set_victim(None);
        self.proxy.arm(fault);
        let running: Running = self.cli.spawn(&scenario.command())?;
        self.proxy.set_victim(Some(running.pid()));
        let done = running.wait()?;
        self.calm()?;
        let struck = self.proxy.faults().iter().any(|rule| rule.fired > 0);
        self.proxy.disarm();
        Ok((done, struck))
    }

    /// Runs the scenario's command on a disk that fails at one operation.
    ///
    /// # Errors
    /// The program can't be started, or the emulator does not come to rest.
    pub fn run_on(&mut self, shim: &Shim, cut: &DiskCut, scenario: Scenario) -> io::Result<(Finished, Vec<String>)> {
        let log = self.cli.dir().join("disk.log");
        std::fs::remove_file(&log)
            .or_else(|why| if why.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(why) })?;
        let settings = shim.settings(cut, (&self.state_dir(), &log));
        settings.iter().for_each(|(name, value)| self.cli.set_env(name, value));
        let done = self.cli.run(&scenario.command());
        settings.iter().for_each(|(name, _)| self.cli.unset_env(name));
        self.calm()?;
        let lines = std::fs::read_to_string(&log).unwrap_or_default();
        Ok((done?, lines.lines().map(str::to_owned).collect()))
    }

    fn state_dir(&self) -> PathBuf {
        self.cli.dir().join("state")
    }
}

/// Copies a folder of files and folders.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
