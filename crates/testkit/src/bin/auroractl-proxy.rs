//! The proxy as a process: for `make emulator`, the demo and anything that isn't Rust.

use auroractl_testkit::proxy::{Options, Proxy};
use clap::Parser;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Reverse proxy before the AWS emulator: faults, call log, an account of its own.
#[derive(Parser)]
struct Arguments {
    /// Where the emulator listens.
    #[arg(long, default_value = "http://127.0.0.1:5000")]
    upstream: String,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// AWS account of every call, 12 digits.
    #[arg(long)]
    account: Option<String>,
    /// Appends every call to this file, one JSON document a line.
    #[arg(long)]
    log: Option<PathBuf>,
    /// Logs a digest of each request's body.
    #[arg(long)]
    digest: bool,
    /// Arms the faults in this file (JSON, one or a list).
    #[arg(long)]
    faults: Option<PathBuf>,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let proxy = Proxy::with(Options {
        upstream: arguments.upstream,
        listen: Some(arguments.listen),
        account: arguments.account,
        log_file: arguments.log,
        digest: arguments.digest,
    })?;
    if let Some(path) = arguments.faults {
        proxy.arm_json(&std::fs::read(path)?)?;
    }
    writeln!(io::stdout(), "listening on {}", proxy.url())?;
    loop {
        std::thread::park();
    }
}
