//! Serverless v2: a capacity range in steps of half a unit, together with members that use it.

use super::{Check, Subject};
use crate::config::Serverless;
use crate::diagnostics::{At, Problem};
use crate::path::Path;

pub(super) const CHECK: Check =
    Check { name: "serverless", about: "A capacity range is possible, and has members that use it.", run };

const CLASS: &str = "db.serverless";
/// First minors of each major that can pause (AWS: 13.15, 14.12, 15.7, 16.3; every minor of 17 and later).
const FIRST_PAUSING: [(u32, u32); 4] = [(13, 15), (14, 12), (15, 7), (16, 3)];

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let section = Path::of("cluster.serverless");
    let members = subject.config.members();
    let user = members.iter().find(|member| member.class == CLASS);
    match (&subject.config.cluster.serverless, user) {
        (None, Some(member)) => {
            let path = match member.declared {
                Some(index) if subject.sets(&Path::of("cluster.members").item(index).key("class")) => {
                    Path::of("cluster.members").item(index).key("class")
                }
                _ => Path::of("cluster.class"),
            };
            problems.push(
                Problem::error(
                    CHECK.name,
                    format!("the member `{}` is serverless, and there is no capacity range", member.name),
                )
                .at(&path, "needs `[cluster.serverless]`")
                .help("for example `[cluster.serverless]` with `min_acu = 0.5` and `max_acu = 8`"),
            );
        }
        (Some(_), None) => problems.push(
            Problem::error(CHECK.name, "there is a capacity range, and no member is serverless")
                .mark(At::Key(section.clone()), "used by nobody")
                .help("give members `class = \"db.serverless\"`, or delete the section"),
        ),
        _ => {}
    }
    if let Some(serverless) = &subject.config.cluster.serverless {
        range(serverless, &section, problems);
        pausing(subject, serverless, &section, problems);
    }
}

fn range(serverless: &Serverless, section: &Path, problems: &mut Vec<Problem>) {
    for (key, value) in [("min_acu", serverless.min_acu), ("max_acu", serverless.max_acu)] {
        if (value * 2.0).fract() != 0.0 {
            let nearest = (value * 2.0).round() / 2.0;
            problems.push(
                Problem::error(CHECK.name, format!("`{key}` is {value}, and capacity goes in steps of 0.5"))
                    .at(&section.key(key), "between two steps")
                    .help(format!("the nearest step is {nearest}")),
            );
        }
    }
    if serverless.min_acu > serverless.max_acu {
        problems.push(
            Problem::error(
                CHECK.name,
                format!("`min_acu` {} is more than `max_acu` {}", serverless.min_acu, serverless.max_acu),
            )
            .at(&section.key("min_acu"), "least")
            .at(&section.key("max_acu"), "most"),
        );
    }
}

fn pausing(subject: &Subject<'_>, serverless: &Serverless, section: &Path, problems: &mut Vec<Problem>) {
    let pauses = serverless.min_acu == 0.0;
    if serverless.seconds_until_auto_pause.is_some() && !pauses {
        problems.push(
            Problem::error(CHECK.name, format!("instances with `min_acu` {} never pause", serverless.min_acu))
                .at(&section.key("seconds_until_auto_pause"), "would have no effect")
                .help("say `min_acu = 0`, or delete the line"),
        );
    }
    let Some((major, minor)) = subject.config.engine_parts() else { return };
    let first = FIRST_PAUSING.iter().find(|(with, _)| *with == major);
    if let Some((_, first)) = first.filter(|(_, first)| pauses && minor < *first) {
        problems.push(
            Problem::error(CHECK.name, format!("`min_acu = 0` needs version {major}.{first} or later"))
                .at(&section.key("min_acu"), "lets instances pause")
                .at(&Path::of("cluster.engine_version"), "can't pause")
                .help("the least capacity that does not pause is 0.5"),
        );
    }
}
