//! Account and region: shapes only; whether they exist is asked before the first write.

use super::{Check, Subject};
use crate::config::{Environment, is_account};
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check =
    Check { name: "account", about: "An account has twelve digits, a region looks like `eu-central-1`.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let stack = &subject.config.stack;
    if let Some(account) = &stack.account
        && !is_account(account)
    {
        problems.push(
            Problem::error(CHECK.name, format!("`{account}` is not an AWS account id"))
                .at(&Path::of("stack.account"), format!("{} characters", account.chars().count()))
                .help("an account id has twelve digits and stands in quotes: `account = \"123456789012\"`"),
        );
    }
    if !is_region(&stack.region) {
        problems.push(
            Problem::error(CHECK.name, format!("`{}` is not the name of an AWS region", stack.region))
                .at(&Path::of("stack.region"), "expected a name such as `eu-central-1`")
                .help(region_help(&stack.region)),
        );
    }
    if let Some(known) = apart(&stack.region) {
        problems.push(
            Problem::error(CHECK.name, format!("`{}` lies in a partition that auroractl does not know", stack.region))
                .at(&Path::of("stack.region"), format!("regions that begin with `{known}` have names of their own"))
                .help("auroractl knows the commercial regions, China and GovCloud"),
        );
    }
    if stack.ephemeral && stack.environment == Environment::Prod {
        problems.push(
            Problem::error(CHECK.name, "a stack in `prod` can't be ephemeral")
                .at(&Path::of("stack.ephemeral"), "lets `destroy` delete data in one run")
                .at(&Path::of("stack.environment"), "production")
                .help("delete `ephemeral`, or use another environment"),
        );
    }
}

/// The beginning of the region's name, where it is one of AWS's isolated or sovereign partitions: ARNs, principals and
/// endpoints are called otherwise there.
fn apart(region: &str) -> Option<&'static str> {
    ["us-iso", "eu-iso", "eusc-"].into_iter().find(|prefix| region.starts_with(prefix))
}

/// `us-east-1`, `us-gov-west-1`, `ap-southeast-4`.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let digit = number.len() == 1 && number.bytes().all(|b| b.is_ascii_digit());
    digit && (2..=3).contains(&words.len()) && words.iter().all(word) && words.first().is_some_and(|w| w.len() == 2)
}

fn region_help(given: &str) -> String {
    let without_zone = given.trim_end_matches(|c: char| c.is_ascii_lowercase());
    if without_zone != given && is_region(without_zone) {
        return format!("`{given}` looks like an availability zone; its region is `{without_zone}`");
    }
    "for example `us-east-1`, `eu-central-1`, `ap-southeast-2`".to_owned()
}

#[cfg(test)]
mod tests {
    use super::is_region;

    #[test]
    fn regions() {
        for good in ["us-east-1", "eu-central-2", "us-gov-west-1", "ap-southeast-4", "me-south-1"] {
            assert!(is_region(good), "{good}");
        }
        for bad in ["us-east-1a", "useast1", "US-EAST-1", "", "us--1", "us-east-12", "east-1", "Ünited-east-1"] {
            assert!(!is_region(bad), "{bad}");
        }
    }
}
