//! What RDS accepts in a parameter group, known before anything is sent.
//!
//! A wrong name or value would otherwise show when half of a group is written.
//! The rows stand in `data/parameters.tsv`; its README says where they come
//! from and how sure they are. For families that were not captured from AWS an
//! unknown name is a warning, since AWS may have added it: it is asked before
//! such a parameter is sent ([`crate::preflight`]).

use crate::formula::{self, FormulaError};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// The one family whose rows are AWS's own answer; see `data/README.md`.
const CAPTURED_MAJOR: u8 = 14;
/// Name of a family without its major version.
const FAMILY: &str = "aurora-postgresql";
/// Parameters whose value is a list of several names, separated by commas.
const SEVERAL: &[&str] = &["pgaudit.log", "shared_preload_libraries", "ssl_ciphers"];
/// How alike two names must be for a suggestion, from 0 to 1.
const ALIKE: f64 = 0.75;

/// Which of the two parameter groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `DBClusterParameterGroup`: one for all members.
    Cluster,
    /// `DBParameterGroup`: for instances; where both have a parameter, this one wins.
    Instance,
}

/// When a changed value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apply {
    /// With the call.
    Dynamic,
    /// When the instance restarts.
    Static,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `0` or `1`.
    Boolean,
    /// A whole number or a formula.
    Integer,
    /// A number.
    Float,
    /// A text, or one of an enumeration.
    Text,
    /// Several names, separated by commas.
    List,
}

/// How sure a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// AWS listed it for the captured family.
    Captured,
    /// New in PostgreSQL since then, not confirmed for Aurora.
    Upstream,
    /// New in PostgreSQL, of a sort that Aurora usually hides.
    Hidden,
    /// A PostgreSQL setting that Aurora's groups do not have.
    Refused,
}

/// One row of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, in lower case.
    pub name: &'static str,
    /// What its value looks like.
    pub form: Form,
    /// When a changed value counts.
    pub apply: Apply,
    /// May a user set it?
    pub modifiable: bool,
    /// In which groups it exists.
    pub scopes: &'static [Scope],
    /// How sure the row is.
    pub standing: Standing,
    /// Major versions that have it.
    pub majors: RangeInclusive<u8>,
    /// Unit of a plain number (`kB`, `ms`, `8kB`), empty if there is none.
    pub unit: &'static str,
    /// RDS's `AllowedValues`, empty if anything goes.
    pub allowed: &'static str,
}

/// What is wrong with a parameter of the stack.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// No family is called so.
    #[error("`{0}` is no family of Aurora PostgreSQL: families are called aurora-postgresql14 to aurora-postgresql18")]
    Family(String),
    /// The catalogue does not know it.
    #[error("the catalogue knows no parameter `{name}`{}", nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// As the stack spells it.
        name: String,
        /// The most similar name.
        nearest: Option<&'static str>,
        /// AWS's own list is known for this family: it is an error, else a warning.
        certain: bool,
    },
    /// AWS was asked and does not list it.
    #[error("AWS lists no parameter `{name}` for {scope} groups of {family}{}", nearest.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unlisted {
        /// The parameter.
        name: String,
        /// The group that it stands in.
        scope: Scope,
        /// The family of the group.
        family: String,
        /// The most similar name of AWS's list.
        nearest: Option<String>,
    },
    /// AWS may not be asked about it.
    #[error("AWS's list of parameters could not be seen, so it is not known whether `{name}` can be set")]
    Unseen {
        /// The parameter.
        name: String,
        /// The call that the caller may not send.
        operation: &'static str,
    },
    /// PostgreSQL has it, Aurora does not offer it.
    #[error(
        "Aurora's parameter groups have no `{0}`; where a role or a database needs it, say ALTER ROLE … SET or ALTER DATABASE … SET"
    )]
    NotOnAurora(&'static str),
    /// Another major version has it.
    #[error("`{name}` exists in Aurora PostgreSQL {} to {}, not in {major}", majors.start(), majors.end())]
    WrongMajor {
        /// The parameter.
        name: &'static str,
        /// Major versions that have it.
        majors: RangeInclusive<u8>,
        /// The stack's.
        major: u8,
    },
    /// It belongs into the other group.
    #[error("`{name}` belongs into the {belongs} parameter group")]
    WrongGroup {
        /// The parameter.
        name: Cow<'static, str>,
        /// Where it belongs.
        belongs: Scope,
    },
    /// AWS sets it.
    #[error("`{0}` is set by AWS and can't be modified")]
    NotModifiable(Cow<'static, str>),
    /// AWS would refuse the value.
    #[error("`{name}` can't be `{value}`: {}", wanted(allowed, unit))]
    Value {
        /// The parameter.
        name: Cow<'static, str>,
        /// As the stack spells it.
        value: String,
        /// RDS's `AllowedValues`.
        allowed: Cow<'static, str>,
        /// Unit of a plain number.
        unit: &'static str,
    },
    /// The value is a formula that RDS can't read.
    #[error("`{name}` = `{value}`: {why}")]
    Formula {
        /// The parameter.
        name: &'static str,
        /// As the stack spells it.
        value: String,
        /// What is wrong with it.
        why: FormulaError,
    },
}

impl Problem {
    /// May AWS think otherwise? Then it is a warning.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::Unknown { certain: false, .. } | Self::Unseen { .. })
    }
}

fn wanted(allowed: &str, unit: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(", as a plain number of {unit}") };
    match (allowed, allowed.contains(',')) {
        ("", _) => format!("a number is wanted{unit}"),
        (_, true) => format!("one of {}", allowed.replace(',', ", ")),
        (_, false) => format!("the range is {allowed}{unit}"),
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cluster => "cluster",
            Self::Instance => "instance",
        })
    }
}

static ROWS: LazyLock<BTreeMap<&'static str, Vec<Parameter>>> = LazyLock::new(|| {
    let mut rows: BTreeMap<&str, Vec<Parameter>> = BTreeMap::new();
    for row in include_str!("../data/parameters.tsv").lines().filter_map(row) {
        rows.entry(row.name).or_default().push(row);
    }
    rows
});

/// Reads one row. A test shows that every row is readable.
fn row(line: &'static str) -> Option<Parameter> {
    let mut cells = line.split('\t');
    let mut cell = || cells.next();
    let name = cell()?;
    let form = match cell()? {
        _ if SEVERAL.contains(&name) => Form::List,
        "boolean" => Form::Boolean,
        "integer" => Form::Integer,
        "float" => Form::Float,
        "string" | "list" => Form::Text,
        _ => return None,
    };
    let apply = if cell()? == "dynamic" { Apply::Dynamic } else { Apply::Static };
    let modifiable = cell()? == "y";
    let scopes: &[Scope] = match cell()? {
        "c" => &[Scope::Cluster],
        "i" => &[Scope::Instance],
        _ => &[Scope::Cluster, Scope::Instance],
    };
    let standing = match cell()? {
        "captured" => Standing::Captured,
        "upstream" => Standing::Upstream,
        "hidden" => Standing::Hidden,
        "refused" => Standing::Refused,
        _ => return None,
    };
    let (first, last) = cell()?.split_once('-')?;
    let majors = first.parse().ok()?..=last.parse().ok()?;
    Some(Parameter { name, form, apply, modifiable, scopes, standing, majors, unit: cell()?, allowed: cell()? })
}

/// The row of a parameter, in whatever family; of several the newest.
#[must_use]
pub fn find(name: &str) -> Option<&'static Parameter> {
    ROWS.get(name.to_ascii_lowercase().as_str())?.last()
}

/// The row of a parameter in the family of one major version.
#[must_use]
pub fn find_in(name: &str, major: u8) -> Option<&'static Parameter> {
    ROWS.get(name.to_ascii_lowercase().as_str())?.iter().find(|row| row.majors.contains(&major))
}

/// Is it AWS's own word that the family of this major version has the parameter? Where it is not, AWS is asked.
#[must_use]
pub fn is_confirmed(name: &str, major: u8) -> bool {
    find_in(name, major).is_some_and(|row| row.standing == Standing::Captured)
}

/// Does a change wait for a restart? What is not known does: RDS takes `pending-reboot` for every
/// parameter and `immediate` only for dynamic ones.
#[must_use]
pub fn is_static(name: &str) -> bool {
    find(name).is_none_or(|row| row.apply == Apply::Static)
}

/// The major version of a family, for example 16 of `aurora-postgresql16`.
#[must_use]
pub fn major(family: &str) -> Option<u8> {
    family.strip_prefix(FAMILY)?.parse().ok()
}

/// Checks one parameter of a group: all that is wrong with it, or nothing.
///
/// # Errors
/// The first obstacle in the order in which a user would meet it.
pub fn check(scope: Scope, family: &str, name: &str, value: &str) -> Result<(), Problem> {
    let major = major(family).ok_or_else(|| Problem::Family(family.to_owned()))?;
    let row = find_in(name, major).or_else(|| find(name)).ok_or_else(|| unknown(name, major))?;
    if row.standing == Standing::Refused {
        return Err(Problem::NotOnAurora(row.name));
    }
    if !row.majors.contains(&major) {
        return Err(Problem::WrongMajor { name: row.name, majors: row.majors.clone(), major });
    }
    if !row.scopes.contains(&scope) {
        let belongs = row.scopes.first().copied().unwrap_or(Scope::Cluster);
        return Err(Problem::WrongGroup { name: row.name.into(), belongs });
    }
    if !row.modifiable {
        return Err(Problem::NotModifiable(row.name.into()));
    }
    row.admits(value)
}

fn unknown(name: &str, major: u8) -> Problem {
    let nearest = nearest(name, ROWS.keys().copied());
    Problem::Unknown { name: name.to_owned(), nearest, certain: major == CAPTURED_MAJOR }
}

/// The most similar of the known names, if it is similar enough to be meant.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_ascii_lowercase();
    let likeness = |known: &'a str| (strsim::jaro_winkler(&wanted, known), known);
    let near = known.map(likeness).filter(|(likeness, _)| *likeness >= ALIKE);
    near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

impl Parameter {
    /// Would RDS take this value?
    ///
    /// # Errors
    /// [`Problem::Value`] or [`Problem::Formula`].
    pub fn admits(&self, value: &str) -> Result<(), Problem> {
        if formula::is_formula(value) && matches!(self.form, Form::Integer | Form::Float) {
            return formula::check(value).map_err(|why| Problem::Formula {
                name: self.name,
                value: value.to_owned(),
                why,
            });
        }
        let value = self.canonical(value);
        let fits = match self.form {
            Form::Boolean => matches!(value.as_str(), "0" | "1"),
            Form::Integer => value.parse::<i64>().is_ok() && self.in_range(&value),
            Form::Float => value.parse::<f64>().is_ok_and(f64::is_finite) && self.in_range(&value),
            Form::Text => self.allowed.is_empty() || self.in_range(&value),
            Form::List => value.split(',').all(|item| self.choices().any(|choice| choice == item)),
        };
        if fits {
            return Ok(());
        }
        Err(Problem::Value { name: self.name.into(), value, allowed: self.allowed.into(), unit: self.unit })
    }

    /// The value as RDS is told and as two values are compared: RDS stores what it is sent, so that `on`, `True`
    /// and `1` would differ for ever.
    #[must_use]
    pub fn canonical(&self, value: &str) -> String {
        let value = value.trim();
        if formula::is_formula(value) {
            return value.split_whitespace().collect();
        }
        match self.form {
            Form::Boolean => boolean(value).unwrap_or(value).to_owned(),
            Form::Integer => value.parse::<i64>().map_or_else(|_| value.to_owned(), |number| number.to_string()),
            Form::Float => value.parse::<f64>().map_or_else(|_| value.to_owned(), |number| number.to_string()),
            Form::Text => self.spelled(value),
            Form::List => self.list(value),
        }
    }

    fn choices(&self) -> impl Iterator<Item = &'static str> {
        self.allowed.split(',').filter(|choice| !choice.is_empty())
    }

    /// A choice in AWS's spelling; other texts stay as they are.
    fn spelled(&self, value: &str) -> String {
        self.choices().find(|choice| choice.eq_ignore_ascii_case(value)).unwrap_or(value).to_owned()
    }

    /// The order of the libraries means nothing; that of `pgaudit.log` (`all,-misc`) and of ciphers does.
    fn list(&self, value: &str) -> String {
        let mut items: Vec<String> =
            value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(|item| self.spelled(item)).collect();
        if self.name == "shared_preload_libraries" {
            items.sort();
            items.dedup();
        }
        items.join(",")
    }

    fn in_range(&self, value: &str) -> bool {
        if self.allowed.contains(',') {
            return self.choices().any(|choice| choice == value);
        }
        match (bounds(self.allowed), value.parse::<f64>()) {
            (Some((least, most)), Ok(number)) => (least..=most).contains(&number),
            _ => self.allowed.is_empty() || self.allowed == value,
        }
    }
}

/// `a-b` with either sign: the dash between them is the first one that follows a digit, unless it belongs to an
/// exponent.
pub(crate) fn bounds(allowed: &str) -> Option<(f64, f64)> {
    let dash =
        allowed.char_indices().zip(allowed.chars().skip(1)).find(|((_, c), next)| c.is_ascii_digit() && *next == '-');
    let at = dash.map(|((at, _), _)| at + 1)?;
    let (least, most) = allowed.split_at_checked(at)?;
    Some((least.parse().ok()?, most.strip_prefix('-')?.parse().ok()?))
}

fn boolean(value: &str) -> Option<&'static str> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "on" | "true" | "yes" => Some("1"),
        "0" | "off" | "false" | "no" => Some("0"),
        _ => None,
    }
}

/// The value of a parameter as RDS is told; unknown parameters only lose surrounding spaces.
#[must_use]
pub fn canonical(name: &str, value: &str) -> String {
    find(name).map_or_else(|| value.trim().to_owned(), |row| row.canonical(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const F16: &str = "aurora-postgresql16";

    #[test]
    fn every_row_is_readable() {
        let lines = include_str!("../data/parameters.tsv").lines();
        assert_eq!(lines.clone().filter_map(row).count(), lines.count());
        assert!(ROWS.values().flatten().all(|row| row.name == row.name.to_ascii_lowercase()));
        assert!(
            ROWS.values()
                .flatten()
                .filter(|row| matches!(row.form, Form::Integer | Form::Float))
                .all(|row| { row.allowed.is_empty() || row.allowed.contains(',') || bounds(row.allowed).is_some() })
        );
    }

    #[test]
    fn ranges_have_signs() {
        assert_eq!(bounds("0-100"), Some((0.0, 100.0)));
        assert_eq!(bounds("-1-2147483647"), Some((-1.0, 2_147_483_647.0)));
        assert_eq!(bounds("-15-3"), Some((-15.0, 3.0)));
        assert_eq!(bounds("0-1.79769e+308"), Some((0.0, 1.79769e308)));
        assert_eq!(bounds("rds_pgaudit"), None);
    }

    #[test]
    fn good_values_pass() {
        for (scope, name, value) in [
            (Scope::Cluster, "rds.force_ssl", "1"),
            (Scope::Cluster, "rds.force_ssl", "on"),
            (Scope::Cluster, "shared_preload_libraries", "pg_stat_statements, pgaudit"),
            (Scope::Cluster, "pgaudit.log", "all,-misc"),
            (Scope::Instance, "log_min_duration_statement", "-1"),
            (Scope::Instance, "max_connections", "LEAST({DBInstanceClassMemory/9531392},5000)"),
            (Scope::Cluster, "random_page_cost", "1.1"),
            (Scope::Cluster, "timezone", "Europe/Berlin"),
            (Scope::Cluster, "ssl_min_protocol_version", "tlsv1.2"),
        ] {
            assert_eq!(check(scope, F16, name, value), Ok(()), "{name} = {value}");
        }
    }

    #[test]
    fn wrong_ones_say_why() {
        let said =
            |scope, family: &str, name: &str, value: &str| check(scope, family, name, value).unwrap_err().to_string();
        let cluster = |name, value| said(Scope::Cluster, F16, name, value);
        assert_eq!(
            cluster("rds.force_sssl", "1"),
            "the catalogue knows no parameter `rds.force_sssl`; did you mean `rds.force_ssl`?"
        );
        assert!(cluster("jit", "0").starts_with("Aurora's parameter groups have no `jit`"));
        assert_eq!(
            said(Scope::Instance, F16, "rds.force_ssl", "1"),
            "`rds.force_ssl` belongs into the cluster parameter group"
        );
        assert_eq!(cluster("rds.extensions", "x"), "`rds.extensions` is set by AWS and can't be modified");
        assert_eq!(cluster("log_statement", "some"), "`log_statement` can't be `some`: one of none, ddl, mod, all");
        assert_eq!(
            cluster("work_mem", "64MB"),
            "`work_mem` can't be `64MB`: the range is 64-2147483647, as a plain number of kB"
        );
        assert_eq!(
            said(Scope::Cluster, "aurora-postgresql15", "scram_iterations", "4096"),
            "`scram_iterations` exists in Aurora PostgreSQL 16 to 18, not in 15"
        );
        assert!(said(Scope::Cluster, "postgres16", "work_mem", "64").contains("no family"));
        assert!(cluster("max_connections", "{DBInstanceMemory/2}").contains("DBInstanceMemory"));
    }

    #[test]
    fn unknown_names_are_certain_only_where_aws_was_asked() {
        assert!(check(Scope::Cluster, F16, "apg_new_thing", "1").unwrap_err().is_warning());
        assert!(!check(Scope::Cluster, "aurora-postgresql14", "apg_new_thing", "1").unwrap_err().is_warning());
        assert!(!check(Scope::Cluster, F16, "work_mem", "1").unwrap_err().is_warning());
    }

    #[test]
    fn only_what_aws_listed_is_confirmed() {
        assert!(is_confirmed("work_mem", 16) && is_confirmed("RDS.force_ssl", 18));
        for name in ["scram_iterations", "wal_decode_buffer_size", "jit", "apg_enable_subquery_cache"] {
            assert!(!is_confirmed(name, 16), "{name}");
        }
        assert!(!is_confirmed("work_mem", 99));
    }

    #[test]
    fn spellings_of_one_value_are_one() {
        for (name, a, b) in [
            ("rds.force_ssl", "on", "1"),
            ("rds.force_ssl", " TRUE ", "1"),
            ("log_lock_waits", "Off", "0"),
            ("shared_preload_libraries", "pgaudit, pg_stat_statements", "pg_stat_statements,pgaudit"),
            ("pgaudit.log", "ALL, -Misc", "all,-misc"),
            (
                "max_connections",
                "LEAST( {DBInstanceClassMemory/9531392}, 5000 )",
                "LEAST({DBInstanceClassMemory/9531392},5000)",
            ),
            ("work_mem", "0064", "64"),
            ("random_page_cost", "1.10", "1.1"),
            ("log_statement", "DDL", "ddl"),
        ] {
            assert_eq!(canonical(name, a), b, "{name}");
            assert_eq!(canonical(name, b), b, "{name} is stable");
        }
        assert_eq!(canonical("pgaudit.log", "-misc,all"), "-misc,all", "another order means something else");
        assert_eq!(canonical("never.heard_of", " X "), "X");
    }

    #[test]
    fn what_is_not_known_waits_for_a_restart() {
        assert!(is_static("shared_preload_libraries") && is_static("never.heard_of"));
        assert!(!is_static("rds.force_ssl"));
    }
}
