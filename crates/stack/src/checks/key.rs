//! The encryption key is made or given, not both.

use super::{Check, Subject};
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check = Check { name: "key", about: "The encryption key is made or given, not both.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let Some(arn) = &subject.config.security.kms.key_arn else { return };
    let at = Path::of("security.kms");
    let given = at.key("key_arn");
    for key in ["alias", "rotation_days", "deletion_window_days", "policy"] {
        if subject.sets(&at.key(key)) {
            problems.push(
                Problem::error(CHECK.name, format!("`security.kms.{key}` is for a key that the stack makes"))
                    .at(&at.key(key), "would have no effect")
                    .at(&given, "this key exists"),
            );
        }
    }
    match parts(arn) {
        Some((region, _)) if region != subject.config.stack.region => problems.push(
            Problem::error(CHECK.name, format!("the key is in `{region}`, and RDS takes keys of its own region only"))
                .at(&given, format!("in `{region}`"))
                .at(&Path::of("stack.region"), "the stack is here"),
        ),
        Some(_) => {}
        None => problems.push(
            Problem::error(CHECK.name, format!("`{arn}` is not the ARN of a KMS key"))
                .at(&given, "expected `arn:aws:kms:<region>:<account>:key/<id>`")
                .help("an alias won't do: it could be moved to another key"),
        ),
    }
}

/// Region and account of a key ARN.
fn parts(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (prefix, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    let id = resource.strip_prefix("key/")?;
    let key = prefix == "arn" && partition.starts_with("aws") && service == "kms" && !id.is_empty();
    key.then_some((region, account))
}
