//! `auroractl init`: a first stack file, and the folder for its state.

use crate::args::{Blueprint, Init};
use crate::exit::{Exit, Failure};
use crate::view;
use std::io::Write as _;
use std::path::Path;

/// Writes the blueprint, never over an existing file.
pub(crate) fn run(args: &Init) -> Result<Exit, Failure> {
    let name = match args.blueprint {
        Blueprint::Prod => "prod",
        Blueprint::Dev => "dev",
        Blueprint::ExistingVpc => "existing-vpc",
    };
    let Some(blueprint) = auroractl_stack::blueprint::find(name) else {
        return Err(Failure::new(Exit::Error, format!("there is no blueprint `{name}`")));
    };
    let folder = args.file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let state =
        if folder.ends_with("stacks") { folder.parent().unwrap_or(folder).join("state") } else { folder.join("state") };
    for dir in [folder, &state] {
        std::fs::create_dir_all(dir).map_err(|error| Failure::io("make", dir, &error))?;
    }
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&args.file);
    match file {
        Ok(mut file) => {
            file.write_all(blueprint.text.as_bytes()).map_err(|error| Failure::io("write", &args.file, &error))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::new(
                Exit::Invalid,
                format!("{} exists already; nothing was written", args.file.display()),
            )
            .hinted("choose another with `--file`"));
        }
        Err(error) => return Err(Failure::io("write", &args.file, &error)),
    }
    let file = args.file.display();
    view::lines(&[
        format!("Wrote {file}. Set its account and region, then:"),
        String::new(),
        format!("  auroractl validate {file}"),
        format!("  auroractl plan {file}"),
        format!("  auroractl apply {file}"),
    ])
}
