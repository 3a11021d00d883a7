//! Names within AWS's limits. AWS would lower-case or refuse them in the middle of a run; here they are refused before it,
//! with the nearest name that fits.

use super::{Check, Subject};
use crate::config::Config;
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check =
    Check { name: "name", about: "Names are ones that AWS takes as they are written.", run };

/// `DBClusterIdentifier` and `DBInstanceIdentifier`.
pub(super) const LONGEST_IDENTIFIER: usize = 63;
/// The name of a stack is a prefix of other names (groups, roles, alarms with a 64 to 255 character limit).
const LONGEST_STACK: usize = 40;
/// "Can't start with `sg-`": `GroupName` of `CreateSecurityGroup`.
const GROUP_IDS: &str = "sg-";
/// Words that RDS or the PostgreSQL server keeps for itself as user or database names.
const RESERVED: [&str; 8] = ["rdsadmin", "rds_superuser", "template0", "template1", "public", "default", "all", "user"];

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let config = subject.config;
    let stack = Path::of("stack.name");
    problems.extend(identifier(&config.stack.name, LONGEST_STACK, &stack));
    if config.stack.name.starts_with(GROUP_IDS) {
        problems.push(
            Problem::error(CHECK.name, format!("`{}` begins like the id of a security group", config.stack.name))
                .at(&stack, "EC2 takes no group whose name begins with `sg-`")
                .help("the groups of a stack are called after it; give it another name"),
        );
    }
    if let Some(name) = &config.cluster.identifier {
        problems.extend(identifier(name, LONGEST_IDENTIFIER, &Path::of("cluster.identifier")));
    }
    members(config, problems);
    sql_name(&config.cluster.master_username, "cluster.master_username", 63, problems);
    if let Some(name) = &config.cluster.database_name {
        sql_name(name, "cluster.database_name", 63, problems);
    }
    alias(config, problems);
}

/// A name for RDS: a letter, then letters, digits and single hyphens, no hyphen last.
fn identifier(name: &str, longest: usize, path: &Path) -> Option<Problem> {
    let fault = identifier_fault(name, longest, true)?;
    let problem = Problem::error(CHECK.name, format!("`{}` is not a name that RDS takes: {fault}", clip(name)))
        .at(path, "lower-case letters, digits and single hyphens; a letter first");
    let problem = Problem { help: None, ..problem };
    Some(match fitting(name, longest) {
        Some(better) => problem.help(format!("`{better}` would do; at most {longest} characters")),
        None => problem.help(format!("for example `orders`; at most {longest} characters")),
    })
}

/// Why a name is none for RDS. A member's name follows the cluster's, so it may begin with a digit.
fn identifier_fault(name: &str, longest: usize, letter_first: bool) -> Option<String> {
    let length = name.chars().count();
    let first = name.chars().next();
    if length == 0 {
        return Some("it is empty".to_owned());
    }
    if length > longest {
        return Some(format!("it has {length} characters, and {longest} are the most"));
    }
    if name.chars().any(|c| c.is_ascii_uppercase()) {
        return Some("it has upper-case letters, which AWS would turn into lower case".to_owned());
    }
    if let Some(bad) = name.chars().find(|c| !c.is_ascii_lowercase() && !c.is_ascii_digit() && *c != '-') {
        let shown = if bad.is_alphanumeric() { bad.to_string() } else { bad.escape_default().to_string() };
        return Some(format!("`{shown}` is not allowed in it"));
    }
    if letter_first && !first.is_some_and(|c| c.is_ascii_lowercase()) || first == Some('-') {
        return Some("it does not begin with a letter".to_owned());
    }
    if name.ends_with('-') {
        return Some("it ends with a hyphen".to_owned());
    }
    name.contains("--").then(|| "it has two hyphens in a row".to_owned())
}

/// The nearest name that fits; `None` when too little is left of it.
fn fitting(name: &str, longest: usize) -> Option<String> {
    let mut better = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if better.len() == longest {
            break;
        }
        match c {
            'a'..='z' => better.push(c),
            '0'..='9' if !better.is_empty() => better.push(c),
            _ if better.ends_with('-') || better.is_empty() => {}
            _ => better.push('-'),
        }
    }
    let better = better.trim_end_matches('-');
    (better.len() >= 2).then(|| better.to_owned())
}

fn members(config: &Config, problems: &mut Vec<Problem>) {
    for member in config.members() {
        let path = match member.declared {
            Some(index) => Path::of("cluster.members").item(index).key("name"),
            None => Path::of("cluster.readers"),
        };
        let whole = member.identifier.chars().count();
        if let Some(fault) = identifier_fault(&member.name, LONGEST_IDENTIFIER, false) {
            let fitting = fitting(&format!("x{}", member.name), LONGEST_IDENTIFIER);
            let better =
                fitting.and_then(|name| name.strip_prefix('x').map(|rest| rest.trim_start_matches('-').to_owned()));
            let problem =
                Problem::error(CHECK.name, format!("`{}` is no name for a member: {fault}", clip(&member.name)))
                    .at(&path, "lower-case letters, digits and single hyphens");
            problems.push(match better.filter(|better| !better.is_empty()) {
                Some(better) => problem.help(format!("`{better}` would do")),
                None => problem,
            });
        } else if whole > LONGEST_IDENTIFIER {
            let message = format!(
                "the identifier of the member `{}` would have {whole} characters, and {LONGEST_IDENTIFIER} are the most",
                member.name
            );
            problems.push(
                Problem::error(CHECK.name, message)
                    .at(&path, format!("`{}`", member.identifier))
                    .help("it is `<cluster identifier>-<member name>`: shorten one of them"),
            );
        }
    }
}

/// Names that PostgreSQL uses: a letter, then letters, digits and underscores.
fn sql_name(name: &str, dotted: &str, longest: usize, problems: &mut Vec<Problem>) {
    let path = Path::of(dotted);
    let shape = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= longest;
    if !shape {
        problems.push(
            Problem::error(CHECK.name, format!("`{}` is not a name that RDS takes here", clip(name)))
                .at(&path, format!("1 to {longest} letters, digits and underscores; a letter first")),
        );
    } else if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        problems.push(
            Problem::error(CHECK.name, format!("`{name}` is a reserved name")).at(&path, "kept by RDS or PostgreSQL"),
        );
    }
}

/// A KMS alias: `alias/` and 1 to 250 letters, digits, slashes, underscores and hyphens; `alias/aws/` belongs to AWS.
fn alias(config: &Config, problems: &mut Vec<Problem>) {
    let Some(alias) = &config.security.kms.alias else { return };
    let path = Path::of("security.kms.alias");
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-');
    let rest = alias.strip_prefix("alias/");
    let fits = rest.is_some_and(|rest| (1..=250).contains(&rest.len()) && rest.chars().all(allowed));
    if alias.starts_with("alias/aws/") {
        problems.push(
            Problem::error(CHECK.name, format!("`{alias}` belongs to AWS")).at(&path, "`alias/aws/` is reserved"),
        );
    } else if !fits {
        problems.push(
            Problem::error(CHECK.name, format!("`{}` is not the name of a KMS alias", clip(alias)))
                .at(&path, "`alias/`, then letters, digits, `/`, `_` and `-`")
                .help(format!("for example `alias/{}`", config.stack.name)),
        );
    }
}

/// A name, shortened for a message.
fn clip(name: &str) -> String {
    const LONGEST: usize = 70;
    if name.chars().count() <= LONGEST {
        name.to_owned()
    } else {
        name.chars().take(LONGEST).chain("…".chars()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_are_valid_names() {
        for (given, better) in [
            ("DB-Main", Some("db-main")),
            ("orders-", Some("orders")),
            ("or--ders", Some("or-ders")),
            ("1orders", Some("orders")),
            ("bücher_db", Some("b-cher-db")),
            ("--", None),
            ("", None),
        ] {
            assert_eq!(fitting(given, 63).as_deref(), better, "{given}");
        }
        let long = fitting(&"ab-".repeat(40), 63).unwrap();
        assert!(long.len() <= 63 && identifier_fault(&long, 63, true).is_none(), "{long}");
    }
}
