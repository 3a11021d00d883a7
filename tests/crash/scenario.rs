//! What the program is doing when it is cut short.

use super::disk::{DiskCut, Shim};
use super::lane::{ACCOUNT, Lane, Start};
use crate::world::Portrait;
use auroractl_testkit::cli::Finished;
use auroractl_testkit::emulator::workspace;
use std::collections::BTreeSet;
use std::io;

/// The stack file within the folder of the commands.
pub(super) const STACK: &str = "stacks/main.toml";
/// What the owner of the production stack must name before data goes.
pub const DATA: &str = "backup_vault.main,db_cluster.main,db_instance.a,db_instance.b,db_instance.c,kms_key.main,log_group.flow-logs,log_group.postgresql";
/// Several calls are in flight when a process dies.
const PARALLEL: &str = "10";

/// The edits of the update: tags of everything, values that change in place, parts that come, go and are replaced.
const EDITS: [(&str, &str); 9] = [
    ("CostCenter = \"4711\"", "CostCenter = \"4712\""),
    ("endpoints = [\"s3\", \"secretsmanager\", \"logs\"]", "endpoints = [\"s3\", \"secretsmanager\", \"kms\"]"),
    ("allowed_cidrs = [\"10.20.0.0/16\"]", "allowed_cidrs = [\"10.21.0.0/16\", \"10.22.0.0/16\"]"),
    ("retention_days = 30", "retention_days = 35"),
    ("target = 70", "target = 60"),
    ("log_min_duration_statement = 1000", "log_min_duration_statement = 500"),
    ("log_retention_days = 365", "log_retention_days = 400"),
    ("cpu.threshold = \"80%\"", "cpu.threshold = \"75%\""),
    ("log_lock_waits = 1\n", "log_lock_waits = 1\nlog_temp_files = 1024\n"),
];

/// What is done to the production stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    /// It is created in an empty account.
    Apply,
    /// It is deleted.
    Destroy,
    /// It is edited at many places, and applied.
    Update,
    /// All members get another class.
    Roll,
    /// It is created, and edited after the crash: what the interrupted run made may no longer be wanted.
    Edit,
}

/// What an undisturbed run did, and left.
#[derive(Clone, Debug)]
pub struct Undisturbed {
    /// Its calls, `service:Action` and whether they may change the world, in the order in which they arrived.
    pub calls: Vec<(String, bool)>,
    /// Its operations on the state folder: `7 write /…/journal`.
    pub disk: Vec<String>,
    /// The account afterwards.
    pub portrait: Portrait,
    /// The addresses in the state afterwards.
    pub recorded: BTreeSet<String>,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Apply, Self::Destroy, Self::Update, Self::Roll, Self::Edit];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Destroy => "destroy",
            Self::Update => "update",
            Self::Roll => "roll",
            Self::Edit => "edit",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == text)
    }

    /// What is run.
    #[must_use]
    pub fn command(self) -> Vec<&'static str> {
        let common = ["--auto-approve", "--parallel", PARALLEL];
        match self {
            Self::Destroy => [&["destroy", STACK, "--allow-delete", DATA], common.as_slice()].concat(),
            Self::Apply | Self::Update | Self::Roll | Self::Edit => [&["apply", STACK], common.as_slice()].concat(),
        }
    }

    /// The stack file.
    ///
    /// # Errors
    /// The production stack can't be read, or an edit does not fit it any more.
    pub fn stack(self) -> io::Result<String> {
        let mut text = unprotected()?;
        let edits: &[(&str, &str)] = match self {
            Self::Apply | Self::Destroy | Self::Edit => &[],
            Self::Update => &EDITS,
            Self::Roll => &[("class = \"db.r7g.large\"", "class = \"db.r7g.xlarge\"")],
        };
        for (old, new) in edits {
            if !text.contains(old) {
                return Err(io::Error::other(format!("stacks/prod.toml has no `{old}` any more")));
            }
            text = text.replacen(old, new, 1);
        }
        Ok(text)
    }

    /// Puts the lane where this scenario begins.
    ///
    /// # Errors
    /// See [`Lane::go_back`].
    pub fn begin(self, lane: &Lane, applied: &Start) -> io::Result<()> {
        if matches!(self, Self::Apply | Self::Edit) {
            lane.clear()?;
        } else {
            lane.go_back(applied)?;
        }
        lane.cli.write(STACK, &self.stack()?)
    }

    /// The run that nothing disturbs.
    pub(super) fn finish(self, lane: &Lane) -> io::Result<Finished> {
        if self == Self::Edit {
            lane.cli.write(STACK, &Self::Update.stack()?)?;
        }
        lane.run(self)
    }

    /// Runs it undisturbed, and looks at what it did.
    ///
    /// # Errors
    /// It does not end well.
    pub fn undisturbed(self, lane: &mut Lane, applied: &Start, shim: Option<&Shim>) -> io::Result<Undisturbed> {
        self.begin(lane, applied)?;
        lane.proxy.clear_log();
        let (done, disk) = match shim {
            Some(shim) => lane.run_on(shim, &DiskCut::count(), self)?,
            None => (lane.run(self)?, Vec::new()),
        };
        self.well(&done)?;
        if shim.is_some() && disk.is_empty() {
            return Err(io::Error::other("the failing disk sees no operation of the program: it could strike none"));
        }
        lane.calm()?;
        let calls = lane.proxy.calls().iter().map(|call| (call.name(), call.mutating)).collect();
        if self == Self::Edit {
            self.well(&self.finish(lane)?)?;
        }
        Ok(Undisturbed { calls, disk, portrait: Portrait::take(&lane.emulator, ACCOUNT)?, recorded: recorded(lane)? })
    }

    fn well(self, done: &Finished) -> io::Result<()> {
        if done.code == Some(0) {
            return Ok(());
        }
        let Finished { code, stdout, stderr, .. } = done;
        let name = self.name();
        Err(io::Error::other(format!("an undisturbed {name} ends with {code:?}\n{stdout}{stderr}")))
    }
}

/// The addresses that the state lists.
pub(super) fn recorded(lane: &Lane) -> io::Result<BTreeSet<String>> {
    let listed = lane.tell(&["state", "list", "--json"])?;
    let list = listed
        .json()
        .map_err(|why| io::Error::other(format!("`state list --json`: {why}\n{}{}", listed.stdout, listed.stderr)))?;
    Ok(list
        .get("resources")
        .and_then(serde_json::Value::as_object)
        .into_iter()
        .flatten()
        .map(|(address, _)| address.clone())
        .collect())
}

/// The production stack, ready to be destroyed.
///
/// # Errors
/// It can't be read.
pub fn unprotected() -> io::Result<String> {
    let text = std::fs::read_to_string(workspace().join("stacks/prod.toml"))?;
    // In staging, since a rule demands protection in production.
    let text = text.replace("environment = \"prod\"", "environment = \"staging\"");
    Ok(text.replace("[cluster]\n", "[cluster]\ndeletion_protection = false\n"))
}
