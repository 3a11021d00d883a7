//! Replaces what differs from run to run by its name, so that output can be compared word by word.

use regex::Regex;
use std::borrow::Cow;

/// What is replaced by default, in this order. Ids that hold other patterns come first.
const STANDARD: [(&str, &str); 8] = [
    (r"http://(127\.0\.0\.1|localhost):\d+", "[ENDPOINT]"),
    (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", "[TIME]"),
    (r"\b[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\b", "[UUID]"),
    (r"\b(vpc|subnet|sg|sgr|rtb|rtbassoc|igw|nat|eni|vpce|eipalloc|eipassoc|acl|dopt)-[0-9a-f]{8,17}\b", "[$1]"),
    (r"\b(cluster|db)-[A-Z0-9]{26}\b", "[$1]"),
    (r"\b[a-z2-7]{26}\b", "[OID]"),
    (r"\b\d{12}\b", "[ACCOUNT]"),
    (r"\b(in|took|after|elapsed:?) \d+(\.\d+)? ?(µs|ms|s|min|m|h)( \d+ ?(ms|s|min|m))*\b", "$1 [DURATION]"),
];

/// An ordered list of replacements.
#[derive(Clone, Debug, Default)]
pub struct Redactions {
    rules: Vec<(Regex, String)>,
}

impl Redactions {
    /// Endpoints, times, ids of AWS, account ids, oids, and durations that the text calls so.
    #[must_use]
    pub fn standard() -> Self {
        let mut all = Self::default();
        for (pattern, by) in STANDARD {
            all.add(pattern, by);
        }
        all
    }

    /// Appends a replacement (syntax of the `regex` crate). A pattern that is none is ignored; the comparison that was to
    /// rely on it then fails and shows why.
    pub fn add(&mut self, pattern: &str, by: &str) {
        self.rules.extend(Regex::new(pattern).ok().map(|regex| (regex, by.to_owned())));
    }

    /// Puts a literal text before all other rules: a folder, say, whose name holds what other rules look for.
    pub fn add_literal(&mut self, text: &str, by: &str) {
        let by = by.replace('$', "$$");
        self.rules.splice(0..0, Regex::new(&regex::escape(text)).ok().map(|regex| (regex, by)));
    }

    /// Replaces the hash at the end of the names that are derived for resources of `stack`
    /// (`prod-alerts-abcd2345`), which differs with the lineage.
    pub fn add_names_of(&mut self, stack: &str) {
        self.add(&format!(r"\b({}-[a-z0-9-]*[a-z0-9])-[a-z2-7]{{8}}\b", regex::escape(stack)), "$1-[OID]");
    }

    /// The text with everything replaced.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        self.rules
            .iter()
            .fold(Cow::Borrowed(text), |text, (regex, by)| {
                Cow::Owned(regex.replace_all(&text, by.as_str()).into_owned())
            })
            .into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_what_varies_and_nothing_else() {
        let all = Redactions::standard();
        assert_eq!(all.rules.len(), STANDARD.len(), "every pattern compiles");
        for (text, want) in [
            ("vpc-0a1b2c3d4e5f67890 at http://127.0.0.1:34567/", "[vpc] at [ENDPOINT]/"),
            ("2026-01-31T12:00:00.123Z account 123456789012", "[TIME] account [ACCOUNT]"),
            ("arn:aws:iam::123456789012:role/x", "arn:aws:iam::[ACCOUNT]:role/x"),
            ("oid abcdefghijklmnopqrstuv2345.", "oid [OID]."),
            ("done in 1.2s, estimate 300 s", "done in [DURATION], estimate 300 s"),
            ("request 0f8fad5b-d9cb-469f-a165-70867728950e", "request [UUID]"),
            ("10.0.0.0/16 writer db.r6g.large 5432", "10.0.0.0/16 writer db.r6g.large 5432"),
        ] {
            assert_eq!(all.apply(text), want);
        }
    }

    #[test]
    fn literals_come_first_and_names_lose_their_hash() {
        let mut all = Redactions::standard();
        all.add_literal("/var/run/123456789012", "[DIR]");
        all.add_names_of("prod");
        assert_eq!(
            all.apply("/var/run/123456789012/prod-monitoring-role-abcdefg2"),
            "[DIR]/prod-monitoring-role-[OID]"
        );
    }
}
