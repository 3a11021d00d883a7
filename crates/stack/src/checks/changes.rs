//! How changes are made: the limit of lag is a duration, and a reader that is made for a roll needs a roll, a name and a place.

use super::members::MOST;
use super::names::LONGEST_IDENTIFIER;
use super::{Check, Subject};
use crate::config::{Changes, Config, ResolvedMember, Strategy};
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check = Check {
    name: "changes",
    about: "The limit of a reader's lag is a duration, and a surge reader has a roll, a name and a place.",
    run,
};

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let text = &subject.config.changes.max_replica_lag;
    if Changes::lag(text).is_none() {
        problems.push(Problem::error(CHECK.name, format!("`{text}` is no lag that can be waited for")).at(
            &Path::of("changes").key("max_replica_lag"),
            "expected a number with `ms` or `s`, at most `600s`, such as `500ms`",
        ));
    }
    if subject.config.changes.surge_reader {
        surge(subject.config, problems);
    }
}

fn surge(config: &Config, problems: &mut Vec<Problem>) {
    let here = Path::of("changes.surge_reader");
    let problem = |message: String, label: String| Problem::error(CHECK.name, message).at(&here, label);
    if config.changes.strategy != Strategy::Roll {
        problems.push(
            problem("only a roll makes a surge reader".to_owned(), "nothing would come of it".to_owned())
                .at(&Path::of("changes.strategy"), "not a roll")
                .help("set `strategy = \"roll\"`, or leave `surge_reader` out"),
        );
    }
    let (name, members) = (config.surge_identifier(), config.members());
    if let Some(taken) = members.iter().find(|member| member.identifier == name) {
        problems.push(
            problem(
                format!("the surge reader would have the name of the member `{}`", taken.name),
                format!("`{name}`"),
            )
            .at(&place(taken), "this one")
            .help("give the member another name, or leave `surge_reader` out"),
        );
    }
    let long = name.chars().count();
    if long > LONGEST_IDENTIFIER {
        let message = format!(
            "the identifier of the surge reader would have {long} characters, and {LONGEST_IDENTIFIER} are the most"
        );
        problems.push(problem(message, format!("`{name}`")).help("shorten the cluster's identifier"));
    }
    if members.len() >= MOST {
        problems.push(problem(
            "there is no place for a surge reader".to_owned(),
            format!("a cluster has at most {MOST} members, and these are {}", members.len()),
        ));
    }
}

fn place(member: &ResolvedMember) -> Path {
    match member.declared {
        Some(index) => Path::of("cluster.members").item(index).key("name"),
        None => Path::of("cluster.readers"),
    }
}
