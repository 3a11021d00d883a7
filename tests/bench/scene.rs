//! An emulator, a proxy that counts, and the program in a folder with the production stack.

use crate::usage::{self, Usage};
use auroractl_testkit::cli::Cli;
use auroractl_testkit::emulator::{Emulator, Launch, fresh_account, workspace};
use auroractl_testkit::proxy::log::Summary;
use auroractl_testkit::proxy::{Options, Proxy};
use std::io;
use std::time::Duration;

/// The stack that is measured.
pub(crate) const STACK: &str = "stacks/prod.toml";
/// Where nothing takes time at AWS the program need not wait either; but its polls are still to be batched, which takes
/// some milliseconds.
pub(crate) const NO_WAITS: f64 = 200.0;

/// Where commands are measured.
pub(crate) struct Scene {
    /// The program and its folder.
    pub(crate) cli: Cli,
    /// Counts the calls.
    pub(crate) proxy: Proxy,
}

/// A command that was measured.
pub(crate) struct Measured {
    /// What the process cost.
    pub(crate) usage: Usage,
    /// Its AWS calls.
    pub(crate) calls: Summary,
}

impl Scene {
    /// A fresh AWS account, in which the waits of the program are divided by `scale`.
    pub(crate) fn new(emulator: &Emulator, scale: f64) -> io::Result<Self> {
        let account = fresh_account();
        let options =
            Options { upstream: emulator.url().to_owned(), account: Some(account.clone()), ..Options::default() };
        let proxy = Proxy::with(options)?;
        let mut cli = Cli::new(&proxy.url())?;
        cli.set_time_scale(scale);
        let stack = std::fs::read_to_string(workspace().join(STACK))?;
        cli.write(STACK, &stack.replace("123456789012", &account))?;
        let scene = Self { cli, proxy };
        scene.warm_up()?;
        Ok(scene)
    }

    /// Lets moto load AWS's managed policies, which takes it seconds at an account's first IAM call and is no part of
    /// what is measured.
    fn warm_up(&self) -> io::Result<()> {
        let script = "import boto3; boto3.client('iam').list_roles(); boto3.client('sts').get_caller_identity()";
        let mut command = self.cli.beside(Launch::find()?.python);
        command.args(["-c", script]).env("AWS_DEFAULT_REGION", "us-east-1");
        usage::run(&mut command)?.exits(0).map(drop)
    }

    /// Runs a command of the program, and counts its calls.
    pub(crate) fn measure(&self, arguments: &[&str]) -> io::Result<Measured> {
        self.proxy.clear_log();
        let usage = usage::run(&mut self.cli.command(arguments))?.exits(0)?;
        if !self.proxy.wait_idle(Duration::from_secs(10)) {
            return Err(io::Error::other("a call outlived its command"));
        }
        Ok(Measured { usage, calls: self.proxy.summary() })
    }
}
