//! The members of the cluster: said once, with a class and a zone that can be, and a first writer that is one of them.

use super::network::is_zone_of;
use super::{Check, Subject};
use crate::diagnostics::Problem;
use crate::path::Path;
use crate::suggest;

pub(super) const CHECK: Check =
    Check { name: "members", about: "Members are said once, each with a class and a possible zone.", run };

/// A writer and fifteen readers.
pub(super) const MOST: usize = 16;

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let cluster = &subject.config.cluster;
    let list = Path::of("cluster.members");
    if cluster.readers.is_some() && !cluster.members.is_empty() {
        problems.push(
            Problem::error(CHECK.name, "`readers` and `members` say the same thing twice")
                .at(&Path::of("cluster.readers"), "shorthand")
                .at(&list, "the members by name")
                .help("keep one of them"),
        );
    }
    if cluster.members.len() > MOST {
        problems.push(
            Problem::error(CHECK.name, format!("{} members are too many", cluster.members.len()))
                .at(&list, format!("at most {MOST}: one writer and fifteen readers")),
        );
    }
    first_writer(subject, problems);
    classes(subject, problems);
    zones(subject, problems);
}

fn first_writer(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let Some(named) = &subject.config.cluster.initial_writer else { return };
    let members = subject.config.members();
    if members.iter().any(|member| member.name == *named) {
        return;
    }
    let names: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
    let problem = Problem::error(CHECK.name, format!("`initial_writer` names `{named}`, which is no member"))
        .at(&Path::of("cluster.initial_writer"), format!("the members are {}", names.join(", ")));
    problems.push(match suggest::nearest(named, names.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    });
}

fn classes(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let cluster = &subject.config.cluster;
    let declared = cluster.members.iter().enumerate().filter_map(|(index, member)| {
        member.class.as_deref().map(|class| (class, Path::of("cluster.members").item(index).key("class")))
    });
    for (class, path) in
        cluster.class.as_deref().map(|class| (class, Path::of("cluster.class"))).into_iter().chain(declared)
    {
        if !is_class(class) {
            problems.push(
                Problem::error(CHECK.name, format!("`{class}` is not an instance class"))
                    .at(&path, "expected a class such as `db.r7g.large` or `db.serverless`")
                    .help(class_help(class)),
            );
        }
    }
    let classless = subject.config.members().into_iter().find(|member| member.class.is_empty());
    if let Some(member) = classless {
        let path = member.declared.map_or(Path::of("cluster"), |index| Path::of("cluster.members").item(index));
        problems.push(
            Problem::error(CHECK.name, format!("the member `{}` has no instance class", member.name))
                .at(&path, "needs `class`")
                .help("say `class = \"db.r7g.large\"` in `[cluster]`, or add a `[cluster.serverless]` section"),
        );
    }
}

fn class_help(class: &str) -> String {
    let prefixed = format!("db.{class}");
    if is_class(&prefixed) {
        format!("did you mean `{prefixed}`?")
    } else {
        "see the RDS price list for classes".to_owned()
    }
}

/// `db.serverless`, or `db.`, a family and a size.
fn is_class(class: &str) -> bool {
    let Some(rest) = class.strip_prefix("db.") else { return false };
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    match rest.split_once('.') {
        None => rest == "serverless",
        Some((family, size)) => {
            let sized =
                matches!(size, "micro" | "small" | "medium" | "large") || size.ends_with("xlarge") || size == "metal";
            plain(family) && plain(size) && sized
        }
    }
}

fn zones(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let (config, zones) = (subject.config, subject.config.zones());
    for (index, member) in config.cluster.members.iter().enumerate() {
        let Some(az) = &member.az else { continue };
        let path = Path::of("cluster.members").item(index).key("az");
        if !is_zone_of(az, &config.stack.region) {
            problems.push(
                Problem::error(CHECK.name, format!("`{az}` is not an availability zone of `{}`", config.stack.region))
                    .at(&path, format!("expected a name such as `{}a`", config.stack.region)),
            );
        } else if !zones.is_empty() && !zones.contains(az) {
            problems.push(
                Problem::error(
                    CHECK.name,
                    format!("the member `{}` is to be in `{az}`, where the stack has no subnet", member.name),
                )
                .at(&path, format!("the zones are {}", zones.join(", "))),
            );
        }
    }
}
