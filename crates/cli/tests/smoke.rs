//! The binary starts, explains itself and refuses nonsense. No AWS, no emulator.
//!
//! It stands in this package so that cargo builds the binary before it runs any test of the workspace: the end to end
//! tests run it, and could not ask for it.

use std::io;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_auroractl")).args(arguments).env_clear().output()
}

/// Runs, asserts the exit code, and gives standard output and standard error.
fn says(arguments: &[&str], code: i32) -> io::Result<(String, String)> {
    let output = run(arguments)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{stdout}\n{stderr}");
    Ok((stdout, stderr))
}

#[test]
fn tells_its_version() {
    let (stdout, _) = says(&["--version"], 0).unwrap();
    assert_eq!(stdout, concat!("auroractl ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn every_command_has_help() {
    let (overview, _) = says(&["--help"], 0).unwrap();
    let commands = [
        "init",
        "validate",
        "check",
        "rules",
        "plan",
        "rehearse",
        "cost",
        "apply",
        "destroy",
        "status",
        "output",
        "graph",
        "export",
        "state",
        "schema",
        "completions",
        "man",
    ];
    for command in commands {
        assert!(overview.contains(command), "{overview}");
        assert!(says(&[command, "--help"], 0).unwrap().0.contains("Usage:"));
    }
}

#[test]
fn completes_in_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(says(&["completions", shell], 0).unwrap().0.contains("auto-approve"), "{shell}");
    }
}

#[test]
fn has_a_manual_page_and_a_schema() {
    assert!(says(&["man"], 0).unwrap().0.starts_with(".ie"));
    assert!(says(&["schema"], 0).unwrap().0.contains("\"$schema\""));
}

#[test]
fn nonsense_is_a_usage_error() {
    for arguments in [&["plann"][..], &["plan", "--no-such-flag"], &["apply", "--parallel", "0"], &[]] {
        let (stdout, stderr) = says(arguments, 6).unwrap();
        assert!(
            stdout.is_empty() && (stderr.contains("Usage:") || stderr.contains("error:")),
            "{arguments:?}: {stderr}"
        );
    }
}

#[test]
fn a_missing_file_is_an_invalid_stack() {
    let (stdout, stderr) = says(&["validate", "no-such-stack.toml"], 6).unwrap();
    assert!(stdout.is_empty() && stderr.contains("no-such-stack.toml"), "{stderr}");
}
