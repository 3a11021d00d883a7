//! The state's store: an S3 store needs a bucket, a local one has no use for one.

use super::account::is_region;
use super::{Check, Subject};
use crate::config::{State, StateBackend, is_account};
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check =
    Check { name: "state", about: "A state in S3 names its bucket; a local one has no bucket.", run };

/// Says what a text should have been.
type Wrong = fn(&str) -> Option<&'static str>;

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let State { backend, bucket, prefix, region, kms_key, bucket_owner } = &subject.config.state;
    let fields: [(&str, &Option<String>, Wrong); 5] = [
        ("bucket", bucket, wrong_bucket),
        ("prefix", prefix, wrong_prefix),
        ("region", region, |text| (!is_region(text)).then_some("expected a name such as `eu-central-1`")),
        ("kms_key", kms_key, |text| (!is_key(text)).then_some("expected the ARN of a KMS key or of an alias")),
        ("bucket_owner", bucket_owner, |text| {
            (!is_account(text)).then_some("expected the twelve digits of an account")
        }),
    ];
    for (name, value, wrong) in fields {
        let Some(value) = value else { continue };
        let path = Path::of("state").key(name);
        if *backend == StateBackend::Local {
            problems.push(
                Problem::error(CHECK.name, format!("a local state has no `{name}`"))
                    .at(&path, "counts only for `s3`")
                    .help("say `backend = \"s3\"`, or delete the line"),
            );
        } else if let Some(expected) = wrong(value) {
            problems.push(Problem::error(CHECK.name, format!("`{value}` is no `{name}`")).at(&path, expected));
        }
    }
    if *backend == StateBackend::S3 && bucket.is_none() {
        problems.push(
            Problem::error(CHECK.name, "a state in S3 needs a bucket")
                .at(&Path::of("state.backend"), "in which one?")
                .help("for example `bucket = \"acme-auroractl-states\"`; make it first, with versioning on"),
        );
    }
}

/// Source: "General purpose bucket naming rules" of the S3 user guide. A dot is allowed there and breaks TLS.
fn wrong_bucket(text: &str) -> Option<&'static str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let ends = [text.bytes().next(), text.bytes().last()];
    let sound = (3..=63).contains(&text.len()) && text.bytes().all(plain) && !ends.contains(&Some(b'-'));
    (!sound).then_some("expected 3 to 63 lower case letters, digits and hyphens, without a hyphen at either end")
}

fn wrong_prefix(text: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.=".contains(c);
    let dots = text.split('/').any(|part| part == "." || part == "..");
    let sound = text.len() <= 512 && text.chars().all(plain) && !dots && !text.starts_with('/');
    let sound = sound && !text.contains("//") && (text.is_empty() || text.ends_with('/'));
    (!sound).then_some(
        "expected letters, digits, `-`, `_`, `.`, `=` and single slashes, a slash at the end and none before",
    )
}

fn is_key(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    matches!(parts.as_slice(), ["arn", _, "kms", _, _, id] if id.starts_with("key/") || id.starts_with("alias/"))
}

#[cfg(test)]
mod tests {
    use super::{is_key, wrong_bucket, wrong_prefix};

    #[test]
    fn shapes() {
        for (text, good) in [("acme-states", true), ("ab", false), ("Acme", false), ("a.b.c", false), ("-abc", false)] {
            assert_eq!(wrong_bucket(text).is_none(), good, "{text}");
        }
        for (text, good) in [
            ("auroractl/", true),
            ("", true),
            ("a/b=c/", true),
            ("/a/", false),
            ("a", false),
            ("a/../", false),
            ("a//", false),
        ] {
            assert_eq!(wrong_prefix(text).is_none(), good, "{text}");
        }
        assert!(
            is_key("arn:aws:kms:eu-central-1:123456789012:key/1234") && !is_key("alias/x") && !is_key("arn:aws:s3:::b")
        );
    }
}
