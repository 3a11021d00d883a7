//! PostgreSQL parameters against what is known about them: they exist in the family, may be set, stand in the right group,
//! and have an allowed value.
//!
//! The knowledge comes from outside through [`ParameterCatalogue`], so that this stays a pure function.

use super::{Check, Subject};
use crate::config::ParamValue;
use crate::diagnostics::{At, Problem};
use crate::path::Path;
use crate::suggest;
use std::collections::BTreeMap;

pub(super) const CHECK: Check = Check {
    name: "parameter",
    about: "Parameters exist, may be set, stand in the right group, and have allowed values.",
    run,
};

/// What is known about PostgreSQL parameters on Aurora.
pub trait ParameterCatalogue {
    /// Looks a parameter up in a family such as `aurora-postgresql16`.
    fn find(&self, family: &str, name: &str) -> Lookup;

    /// The names of a family, for suggestions.
    fn names(&self, family: &str) -> Vec<String>;
}

/// What a catalogue says about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It exists.
    Known(ParameterFacts),
    /// It does not exist. `certain` is false where the list of the family was not captured from AWS: then it is only a
    /// warning.
    Unknown {
        /// Whether the list is complete.
        certain: bool,
    },
    /// PostgreSQL has it, Aurora does not let anybody set it.
    NotOnAurora,
    /// Nothing is known about the family.
    NoKnowledge,
}

/// Facts about a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterFacts {
    /// Whether instance groups have it too, or only cluster groups.
    pub in_instance_group: bool,
    /// Whether it may be changed.
    pub modifiable: bool,
    /// Type of the value.
    pub kind: ParameterType,
    /// `AllowedValues` as RDS says it: `0,1`, `64-2147483647`, `none,ddl,mod,all`.
    pub allowed: Option<String>,
}

/// Type of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// `boolean`
    Boolean,
    /// `integer`
    Integer,
    /// `float`
    Float,
    /// `string`
    Text,
    /// `list`: words separated by commas
    List,
}

/// A catalogue that knows nothing; every parameter passes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCatalogue;

impl ParameterCatalogue for NoCatalogue {
    fn find(&self, _: &str, _: &str) -> Lookup {
        Lookup::NoKnowledge
    }

    fn names(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let Some(family) = subject.config.parameter_family() else { return };
    let params = &subject.config.params;
    for (group, list) in [("cluster", &params.cluster), ("instance", &params.instance)] {
        let section = Section { subject, family: &family, group };
        section.check(list, problems);
    }
}

struct Section<'a> {
    subject: &'a Subject<'a>,
    family: &'a str,
    group: &'static str,
}

impl Section<'_> {
    fn check(&self, list: &BTreeMap<String, ParamValue>, problems: &mut Vec<Problem>) {
        for (name, value) in list {
            let path = Path::of("params").key(self.group).key(name.clone());
            problems.extend(self.fault(name, value, &path));
        }
    }

    fn fault(&self, name: &str, value: &ParamValue, path: &Path) -> Option<Problem> {
        let key = At::Key(path.clone());
        match self.subject.catalogue.find(self.family, name) {
            Lookup::NoKnowledge => None,
            Lookup::Unknown { certain } => Some(self.unknown(name, path, certain)),
            Lookup::NotOnAurora => Some(
                Problem::error(CHECK.name, format!("Aurora manages `{name}` itself, it can't be set"))
                    .mark(key, "not settable on Aurora"),
            ),
            Lookup::Known(facts) if !facts.modifiable => Some(
                Problem::error(CHECK.name, format!("`{name}` can't be changed in `{}`", self.family))
                    .mark(key, "fixed by AWS"),
            ),
            Lookup::Known(facts) if self.group == "instance" && !facts.in_instance_group => Some(
                Problem::error(CHECK.name, format!("`{name}` belongs to the cluster, not to instances"))
                    .mark(key, "cluster parameter")
                    .help("move it to `[params.cluster]`"),
            ),
            Lookup::Known(facts) => not_allowed(name, value.as_str(), &facts, path),
        }
    }

    fn unknown(&self, name: &str, path: &Path, certain: bool) -> Problem {
        let message = format!("`{name}` is no parameter of `{}`", self.family);
        let problem = if certain {
            Problem::error(CHECK.name, message)
        } else {
            Problem::warning(CHECK.name, format!("{message} as far as auroractl knows"))
        };
        let problem = problem.mark(At::Key(path.clone()), "not known");
        let names = self.subject.catalogue.names(self.family);
        match suggest::nearest(name, names.iter().map(String::as_str)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        }
    }
}

/// Formulas such as `LEAST({DBInstanceClassMemory/9531392},5000)` are RDS's to judge.
fn not_allowed(name: &str, value: &str, facts: &ParameterFacts, path: &Path) -> Option<Problem> {
    let allowed = facts.allowed.as_deref()?.trim();
    if allowed.is_empty() || value.contains('{') || fits(value, allowed, facts.kind) {
        return None;
    }
    Some(
        Problem::error(CHECK.name, format!("`{name}` can't be `{}`", value.escape_debug()))
            .at(path, format!("allowed: {}", allowed.replace(',', ", "))),
    )
}

fn fits(value: &str, allowed: &str, kind: ParameterType) -> bool {
    let words: Vec<_> = allowed.split(',').map(str::trim).collect();
    if kind == ParameterType::List {
        return value.split(',').all(|word| word.trim().is_empty() || words.contains(&word.trim()));
    }
    let boolean = |text: &str| match text.to_ascii_lowercase().as_str() {
        "1" | "on" | "true" => Some(true),
        "0" | "off" | "false" => Some(false),
        _ => None,
    };
    if kind == ParameterType::Boolean && boolean(value).is_some() {
        return words.iter().any(|word| boolean(word) == boolean(value));
    }
    words.iter().any(|word| word.eq_ignore_ascii_case(value) || in_range(value, word))
}

/// Whether a number is in a range such as `64-2147483647` or `-1-100`.
fn in_range(value: &str, range: &str) -> bool {
    let Some(number) = value.parse::<f64>().ok().filter(|number| number.is_finite()) else { return false };
    let ends = range.match_indices('-').filter(|(at, _)| *at > 0).find_map(|(at, _)| {
        let least = range.get(..at)?.parse::<f64>().ok()?;
        Some((least, range.get(at + 1..)?.parse::<f64>().ok()?))
    });
    ends.is_some_and(|(least, most)| (least..=most).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_values_as_rds_writes_them() {
        use ParameterType::{Boolean, Float, Integer, List, Text};
        for (value, allowed, kind) in [
            ("1", "0,1", Boolean),
            ("on", "0,1", Boolean),
            ("64", "64-2147483647", Integer),
            ("-1", "-1-2147483647", Integer),
            ("0.05", "0-1.79769e+308", Float),
            ("ddl", "none,ddl,mod,all", Text),
            ("pg_stat_statements, pgaudit", "pgaudit,pg_stat_statements,pg_cron", List),
            ("TLSv1.2", "TLSv1,TLSv1.1,TLSv1.2", Text),
        ] {
            assert!(fits(value, allowed, kind), "{value} in {allowed}");
        }
        for (value, allowed, kind) in [
            ("2", "0,1", Boolean),
            ("63", "64-2147483647", Integer),
            ("-2", "-1-2147483647", Integer),
            ("verbose", "none,ddl,mod,all", Text),
            ("pgaudti", "pgaudit,pg_stat_statements", List),
            ("nan", "0-100", Float),
        ] {
            assert!(!fits(value, allowed, kind), "{value} in {allowed}");
        }
    }
}
