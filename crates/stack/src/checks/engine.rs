//! The engine version: its form, and a major version that Aurora PostgreSQL has. Which minors can be created today is asked
//! of AWS before the first write.

use super::{Check, Subject};
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check = Check { name: "engine", about: "The engine version is one of Aurora PostgreSQL.", run };

/// Majors with a parameter group family `aurora-postgresql<major>` that can be created.
const OLDEST: u32 = 13;
const NEWEST: u32 = 18;

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let path = Path::of("cluster.engine_version");
    let version = &subject.config.cluster.engine_version;
    match subject.config.engine_parts() {
        None => {
            let problem = Problem::error(CHECK.name, format!("`{version}` is not a version of Aurora PostgreSQL"))
                .at(&path, "expected major and minor, such as `16.11`");
            let major_only = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
            problems.push(if major_only {
                problem.help("a major version alone would leave the minor to the day of the first run")
            } else {
                problem
            });
        }
        Some((major, _)) if !(OLDEST..=NEWEST).contains(&major) => problems.push(
            Problem::error(CHECK.name, format!("Aurora PostgreSQL has no major version {major}"))
                .at(&path, format!("{OLDEST} to {NEWEST}")),
        ),
        Some(_) => {}
    }
}
