//! The life of a production stack, as its owner lives it: plan, apply, an edit, somebody else's edit, the end.
//!
//! `make demo` shows it to people, at a pace at which they can follow; `tests/it` runs the same at once. Every step
//! states what it must lead to, and the walk ends where that does not come true.

mod edits;
mod scene;

pub use scene::Walk;

use crate::crash::DATA;
use scene::Expect;
use std::io;

/// The stack file, within the folder of the commands.
const STACK: &str = "stacks/prod.toml";

/// Walks.
///
/// # Errors
/// Something could not be run, or a step did not do what it should; the message says which and shows its output.
pub fn walk(on: &mut Walk<'_>) -> io::Result<()> {
    birth(on)?;
    edit(on)?;
    drift(on)?;
    end(on)
}

fn birth(on: &mut Walk<'_>) -> io::Result<()> {
    on.chapter("A production stack: VPC over three zones, encryption, Aurora with two readers, alarms")?;
    on.auroractl(&["validate", STACK], &Expect::exit(0).out("is valid"))?;
    on.auroractl(&["plan", STACK], &Expect::exit(0).out("to create"))?;
    on.auroractl(&["apply", STACK, "--auto-approve"], &Expect::exit(0).err("Done:"))?;
    on.chapter("A second plan is empty, and `plan` says so to scripts, too")?;
    on.auroractl(&["plan", STACK, "--detailed-exitcode"], &Expect::exit(0).out("Nothing to change"))?;
    on.chapter("What applications need")?;
    on.auroractl(&["output", STACK, "--format", "dotenv"], &Expect::exit(0).out("AURORA_").without(&["password"]))
}

fn edit(on: &mut Walk<'_>) -> io::Result<()> {
    on.chapter("An edit: a larger reader, an earlier alarm, slow statements logged sooner")?;
    on.edit(STACK, &edits::CHANGE)?;
    let impact = Expect::exit(2).out("one instance restarts").out("db_instance.c");
    on.auroractl(&["plan", STACK, "--detailed-exitcode", "--out", "next.plan"], &impact)?;
    on.chapter("Apply exactly the plan that was reviewed")?;
    on.auroractl(&["apply", "next.plan"], &Expect::exit(0).err("Done:"))?;
    on.auroractl(&["plan", STACK, "--detailed-exitcode"], &Expect::exit(0).out("Nothing to change"))
}

fn drift(on: &mut Walk<'_>) -> io::Result<()> {
    on.chapter("Somebody changes things behind our back")?;
    on.python("behind our back", edits::BEHIND_OUR_BACK)?;
    on.auroractl(&["status", STACK], &Expect::exit(5).out("Drift:").out("security_group_rule").out("metric_alarm"))?;
    on.chapter("Apply puts it right")?;
    on.auroractl(&["apply", STACK, "--auto-approve"], &Expect::exit(0).err("Done:"))?;
    on.auroractl(&["status", STACK], &Expect::exit(0).out("No drift"))
}

fn end(on: &mut Walk<'_>) -> io::Result<()> {
    on.chapter("The end: a database is not lost by one command")?;
    let refused = Expect::exit(8).err("db_cluster.main").err("nothing was changed");
    on.auroractl(&["destroy", STACK, "--auto-approve"], &refused)?;
    on.chapter("Naming what holds data is not enough while it is protected")?;
    let mut destroy = vec!["destroy", STACK, "--auto-approve"];
    destroy.extend(DATA.split(',').flat_map(|address| ["--allow-delete", address]));
    on.auroractl(&destroy, &Expect::exit(8).err("protection").err("nothing was changed"))?;
    on.chapter("So the protection is lifted, in a run of its own")?;
    on.edit(STACK, &edits::UNPROTECT)?;
    on.auroractl(&["apply", STACK, "--auto-approve"], &Expect::exit(3).err("RULE-009").err("nothing was changed"))?;
    on.chapter("A rule guards the protection, but for what may be deleted")?;
    let lift = ["apply", STACK, "--auto-approve", "--allow-delete", "db_cluster.main"];
    on.auroractl(&lift, &Expect::exit(0).err("Done:"))?;
    on.auroractl(&destroy, &Expect::exit(0).err("Done:"))?;
    on.chapter("What is left in the account")?;
    on.python("what is left", edits::LEFT)
}
