//! The command line of `auroractl state …`.

use super::{Login, Target};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `state`.
#[derive(Debug, Args)]
pub(crate) struct State {
    #[command(subcommand)]
    pub(crate) verb: StateVerb,
}

/// The stack whose state it is, and who asks for it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Keeper {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) login: Login,
}

/// What to do with the state.
#[derive(Debug, Subcommand)]
pub(crate) enum StateVerb {
    /// List the recorded resources.
    List {
        #[command(flatten)]
        keeper: Keeper,
    },
    /// Show one record.
    Show {
        /// The resource.
        address: String,
        #[command(flatten)]
        keeper: Keeper,
    },
    /// Forget a resource; AWS keeps it.
    Rm {
        /// The resource.
        address: String,
        #[command(flatten)]
        keeper: Keeper,
    },
    /// Rename a resource; its identity stays.
    Mv {
        /// Old address.
        from: String,
        /// New address.
        to: String,
        #[command(flatten)]
        keeper: Keeper,
    },
    /// Take what bears a recorded name now for the resource: after its owner restored what was lost. AWS is not changed.
    Relink {
        /// The resource.
        address: String,
        #[command(flatten)]
        keeper: Keeper,
    },
    /// Rebuild a lost state from the resources' tags, or add what a state lacks; AWS is looked at and not changed.
    Recover(Box<Recover>),
    /// List the snapshots that are kept.
    History {
        #[command(flatten)]
        keeper: Keeper,
    },
    /// Print the state as a file that `state push` takes.
    Pull {
        #[command(flatten)]
        keeper: Keeper,
    },
    /// Make a pulled state, or a copy of a `state.json`, the present one: for another store, or after a loss.
    Push {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        keeper: Keeper,
    },
    /// Show who holds the lock, or break the lease of a run that is dead (S3).
    Unlock {
        /// The lease to break, as the message about it names it.
        #[arg(long, env = "AURORACTL_NONCE", value_name = "NONCE")]
        nonce: Option<String>,
        #[command(flatten)]
        keeper: Keeper,
    },
}

/// `state recover`.
#[derive(Debug, Args)]
pub(crate) struct Recover {
    #[command(flatten)]
    pub(crate) keeper: Keeper,
    /// Show what would be recorded, and write nothing.
    #[arg(long, env = "AURORACTL_DRY_RUN")]
    pub(crate) dry_run: bool,
    /// Which lineage, where the tags name several.
    #[arg(long, env = "AURORACTL_LINEAGE", value_name = "LINEAGE")]
    pub(crate) lineage: Option<String>,
    /// Put the rebuilt state in the place of one that is damaged; the old files are moved aside. One that can be read is
    /// never replaced.
    #[arg(long, env = "AURORACTL_REPLACE_DAMAGED")]
    pub(crate) replace_damaged: bool,
}
