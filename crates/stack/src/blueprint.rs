//! Stack files to begin with: what `auroractl init` writes. They are the files in `stacks/`, so that they are tested.

/// A stack file to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blueprint {
    /// The name to ask for it by.
    pub name: &'static str,
    /// What it makes, in one sentence.
    pub about: &'static str,
    /// The file.
    pub text: &'static str,
}

/// All blueprints.
pub const BLUEPRINTS: &[Blueprint] = &[
    Blueprint {
        name: "prod",
        about: "Production: a VPC over three zones, one writer and two readers, autoscaling, alarms.",
        text: include_str!("../../../stacks/prod.toml"),
    },
    Blueprint {
        name: "dev",
        about: "Development: Serverless v2 that pauses when idle, and can be thrown away.",
        text: include_str!("../../../stacks/dev.toml"),
    },
    Blueprint {
        name: "existing-vpc",
        about: "A cluster in a VPC that exists and is never changed.",
        text: include_str!("../../../stacks/existing-vpc.toml"),
    },
];

/// A blueprint by name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Blueprint> {
    BLUEPRINTS.iter().find(|blueprint| blueprint.name == name)
}
