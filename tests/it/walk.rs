//! The demo's walk, on an emulator without delays.

use auroractl_testkit::cli::Cli;
use auroractl_testkit::emulator::{Emulator, Launch, fresh_account, workspace};
use auroractl_testkit::proxy::{Options, Proxy};
use auroractl_tests::walk::{Walk, walk};

/// Fast enough that nothing is waited for, slow enough that every state is passed through.
const SPEED: f64 = 2000.0;

#[test]
fn a_production_stack_lives_and_dies() {
    let emulator = Emulator::start(Some(SPEED)).unwrap();
    let account = fresh_account();
    let options = Options { upstream: emulator.url().to_owned(), account: Some(account.clone()), ..Options::default() };
    let proxy = Proxy::with(options).unwrap();
    let mut cli = Cli::new(&proxy.url()).unwrap();
    cli.set_time_scale(SPEED);
    let stack = std::fs::read_to_string(workspace().join("stacks/prod.toml")).unwrap();
    cli.write("stacks/prod.toml", &stack.replace("123456789012", &account)).unwrap();
    let python = Launch::find().unwrap().python;
    let mut out = Vec::new();
    let result = walk(&mut Walk { cli: &cli, endpoint: proxy.url(), python, out: &mut out, echo: false });
    assert!(result.is_ok(), "{}\n{}", String::from_utf8_lossy(&out), result.unwrap_err());
}
