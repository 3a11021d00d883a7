//! What AWS lists for the groups of one level of a family, and whether it would take a value.

use crate::catalogue::{Scope, bounds};
use crate::formula;
use auroractl_aws::Aws;
use auroractl_engine::{CallError, Class};
use aws_sdk_rds::types::Parameter;
use std::collections::BTreeMap;

/// The parameters of a list, by name in lower case.
pub(super) type List = BTreeMap<String, Listed>;

/// A parameter as AWS lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// `IsModifiable`.
    pub(super) modifiable: bool,
    /// `AllowedValues`, empty where AWS does not say.
    pub(super) allowed: String,
    /// `DataType`.
    data_type: String,
}

/// What AWS says when it is asked for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It.
    Listed(List),
    /// There is no such family.
    NoFamily,
    /// The caller may not see it.
    Denied,
}

/// The call that lists the parameters of a level.
pub(super) const fn operation(scope: Scope) -> &'static str {
    match scope {
        Scope::Cluster => "rds:DescribeEngineDefaultClusterParameters",
        Scope::Instance => "rds:DescribeEngineDefaultParameters",
    }
}

/// Asks for a whole list: its names are also those that one may have meant.
pub(super) async fn ask(aws: &Aws, scope: Scope, family: &str) -> Result<Answer, CallError> {
    let parameters = match scope {
        Scope::Cluster => of_clusters(aws, family).await,
        Scope::Instance => of_instances(aws, family).await,
    };
    match parameters {
        Ok(parameters) => Ok(Answer::of(parameters)),
        Err(error) if error.class == Class::Denied => Ok(Answer::Denied),
        Err(error) if matches!(error.class, Class::Invalid | Class::Gone) => Ok(Answer::NoFamily),
        Err(error) => Err(error),
    }
}

async fn of_clusters(aws: &Aws, family: &str) -> Result<Vec<Parameter>, CallError> {
    let call = || {
        let request = aws.rds().describe_engine_default_cluster_parameters().db_parameter_group_family(family);
        async move { request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await }
    };
    aws.read(operation(Scope::Cluster), call).await
}

async fn of_instances(aws: &Aws, family: &str) -> Result<Vec<Parameter>, CallError> {
    let call = || {
        let request = aws.rds().describe_engine_default_parameters().db_parameter_group_family(family);
        async move { request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await }
    };
    aws.read(operation(Scope::Instance), call).await
}

impl Answer {
    /// A list.
    pub(super) fn of(parameters: Vec<Parameter>) -> Self {
        let listed = |raw: Parameter| Some((raw.parameter_name()?.to_ascii_lowercase(), Listed::of(&raw)));
        Self::Listed(parameters.into_iter().filter_map(listed).collect())
    }
}

impl Listed {
    fn of(raw: &Parameter) -> Self {
        Self {
            modifiable: raw.is_modifiable() != Some(false),
            allowed: raw.allowed_values().unwrap_or_default().to_owned(),
            data_type: raw.data_type().unwrap_or_default().to_owned(),
        }
    }

    /// Would AWS take this value? Yes, where what it allows has no form that is read here: then the call itself tells.
    pub(super) fn admits(&self, value: &str) -> bool {
        let allowed: Vec<&str> = self.allowed.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
        if allowed.is_empty() || formula::is_formula(value) {
            return true;
        }
        match self.data_type.as_str() {
            "integer" => ranges(&allowed).is_none_or(|ranges| value.parse::<i64>().is_ok() && within(&ranges, value)),
            "float" => ranges(&allowed).is_none_or(|ranges| within(&ranges, value)),
            _ if is_enumeration(&allowed) => {
                // Some parameters take several of the words, and AWS does not say which do.
                let known = |item: &str| allowed.iter().any(|one| one.eq_ignore_ascii_case(item.trim()));
                value.split(',').all(known)
            }
            _ => true,
        }
    }
}

/// Ranges `a-b` and single numbers; `None` where one is neither.
fn ranges(allowed: &[&str]) -> Option<Vec<(f64, f64)>> {
    let range = |one: &&str| bounds(one).or_else(|| one.parse::<f64>().ok().map(|number| (number, number)));
    allowed.iter().map(range).collect()
}

fn within(ranges: &[(f64, f64)], value: &str) -> bool {
    let inside = |number: f64| ranges.iter().any(|(least, most)| (*least..=*most).contains(&number));
    value.parse::<f64>().is_ok_and(inside)
}

/// Several words, and neither ranges nor a sentence.
fn is_enumeration(allowed: &[&str]) -> bool {
    let is_word = |one: &&str| one.chars().all(|c| c.is_ascii_alphanumeric() || "_-+./:".contains(c));
    allowed.len() > 1 && allowed.iter().all(|one| is_word(one) && bounds(one).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(data_type: &str, allowed: &str, value: &str) -> bool {
        let (data_type, allowed) = (data_type.to_owned(), allowed.to_owned());
        Listed { modifiable: true, allowed, data_type }.admits(value)
    }

    #[test]
    fn numbers_are_held_against_ranges() {
        for (data_type, allowed, good, bad) in [
            ("integer", "0-2147483647", "0", "-1"),
            ("integer", "-1-100", "-1", "101"),
            ("integer", "-1,10-20", "-1", "5"),
            ("integer", "0-100", "7", "7.5"),
            ("integer", "64-2147483647", "64", "64MB"),
            ("integer", "1,2", "2", "3"),
            ("float", "0-1", "0.3", "1.5"),
            ("float", "0-1.79769e+308", "1e9", "many"),
            ("float", "0-1", "1", "NaN"),
        ] {
            assert!(admits(data_type, allowed, good), "{good} is within {allowed}");
            assert!(!admits(data_type, allowed, bad), "{bad} is not within {allowed}");
        }
    }

    #[test]
    fn words_are_held_against_enumerations() {
        assert!(admits("boolean", "0,1", "1") && !admits("boolean", "0,1", "on"));
        assert!(admits("string", "off,eventual", "Eventual") && !admits("string", "off,eventual", "never"));
        assert!(admits("list", "md5+scram, scram", "scram") && !admits("list", "md5+scram, scram", "md5"));
        assert!(admits("list", "a,b,c", "c, a") && !admits("list", "a,b,c", "a,d"));
    }

    #[test]
    fn what_is_not_read_is_left_to_aws() {
        for (data_type, allowed, value) in [
            ("integer", "", "1"),
            ("integer", "a multiple of 8", "3"),
            ("integer", "0-100", "LEAST({DBInstanceVCPU/2},8)"),
            ("string", "", "anything"),
            ("string", "0-9", "x"),
            ("string", "rds_pgaudit", "other"),
            ("string", "one of these, or those", "x"),
            ("", "0-100", "500"),
            ("list", "1-5,7-9", "6"),
        ] {
            assert!(admits(data_type, allowed, value), "{data_type} {allowed}: {value}");
        }
    }

    #[test]
    fn names_are_found_in_any_case() {
        let named = Parameter::builder().parameter_name("TimeZone").build();
        let Answer::Listed(list) = Answer::of(vec![named, Parameter::builder().build()]) else { panic!("a list") };
        assert_eq!(list.keys().collect::<Vec<_>>(), ["timezone"]);
        assert!(list["timezone"].modifiable, "where AWS does not say, its call tells");
    }
}
