//! An equivalent configuration in Terraform, where Terraform and its AWS provider are on the machine.
//!
//! `TF_PLUGIN_DIR` names the folder of a filesystem mirror with `registry.terraform.io/hashicorp/aws`. Nothing is
//! downloaded, and the user's own Terraform configuration is not read.

use crate::scene::Measured;
use crate::usage;
use auroractl_testkit::emulator::{Emulator, workspace};
use auroractl_testkit::proxy::Proxy;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Where the provider is.
const PLUGINS: &str = "TF_PLUGIN_DIR";

/// What Terraform needed.
pub(crate) struct Beside {
    /// Making everything.
    pub(crate) apply: Measured,
    /// Looking, and finding nothing to do.
    pub(crate) plan: Measured,
}

/// Runs it; without Terraform, or without its provider, the reason why not.
pub(crate) fn run() -> io::Result<Result<Beside, String>> {
    let Some(plugins) = std::env::var_os(PLUGINS).map(PathBuf::from) else {
        return Ok(Err(format!("{PLUGINS} names no folder with its AWS provider")));
    };
    if Command::new("terraform").arg("version").output().is_err() {
        return Ok(Err("there is no `terraform` on this machine".to_owned()));
    }
    let emulator = Emulator::start(Some(0.0))?;
    let site = Site { proxy: Proxy::start(emulator.url())?, dir: TempDir::new()?, plugins };
    site.prepare()?;
    let init = format!("-plugin-dir={}", site.plugins.display());
    site.measure(&["init", "-input=false", "-no-color", &init])?;
    let apply = site.measure(&["apply", "-auto-approve", "-input=false", "-no-color"])?;
    let plan = site.measure(&["plan", "-input=false", "-no-color"])?;
    Ok(Ok(Beside { apply, plan }))
}

struct Site {
    proxy: Proxy,
    dir: TempDir,
    plugins: PathBuf,
}

impl Site {
    fn prepare(&self) -> io::Result<()> {
        std::fs::copy(workspace().join("tests/bench/terraform/main.tf"), self.path("main.tf"))?;
        // Terraform insists that the configuration which it is told to read exists.
        std::fs::write(self.path("empty.tfrc"), "")
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::join(self.dir.path(), name)
    }

    fn measure(&self, arguments: &[&str]) -> io::Result<Measured> {
        self.proxy.clear_log();
        let mut command = Command::new("terraform");
        command.args(arguments).current_dir(self.dir.path()).env_clear();
        let kept = ["PATH", "TMPDIR"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        command.envs(kept).env("HOME", self.dir.path());
        command.env("TF_CLI_CONFIG_FILE", self.path("empty.tfrc")).env("CHECKPOINT_DISABLE", "1");
        command.env("TF_VAR_endpoint", self.proxy.url());
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        let usage = usage::run(&mut command)?.exits(0)?;
        Ok(Measured { usage, calls: self.proxy.summary() })
    }
}
