//! Certificate authorities that the design rules do not know: which there are differs from region to region, and in time.

use super::{Answer, Subject};
use crate::diagnostics::Problem;
use crate::path::Path;
use crate::suggest;
use auroractl_cluster::{DbInstance, authorities};
use auroractl_core::{Graph, Model as _, Of, Plan};
use auroractl_engine::CallError;
use auroractl_policy::rules::AUTHORITIES;
use std::collections::BTreeSet;

/// The field of a member.
const FIELD: &str = "ca_certificate_identifier";
/// Code of the findings.
const CODE: &str = "certificate";

pub(super) fn run<'a>(subject: &'a Subject<'a>) -> Answer<'a> {
    Box::pin(ask(subject))
}

async fn ask(subject: &Subject<'_>) -> Result<Vec<Problem>, CallError> {
    let wanted = unknown(subject.plan, subject.graph);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let there = authorities::available(subject.aws).await?;
    Ok(wanted.iter().filter_map(|name| judge(name, there.as_deref())).collect())
}

/// Those that a plan gives to members, of which nothing is known.
fn unknown(plan: &Plan, graph: &Graph) -> BTreeSet<String> {
    let given = plan.changes.iter().filter(|change| change.address.kind() == DbInstance::KIND && change.sends(FIELD));
    let specs = given.filter_map(|change| Of::<DbInstance>::spec(&graph.any(&change.address)?.spec).ok());
    let names = specs.filter_map(|member| member.ca_certificate_identifier);
    names.filter(|name| !AUTHORITIES.contains(&name.as_str())).collect()
}

fn judge(name: &str, there: Option<&[String]>) -> Option<Problem> {
    let at = Path::of("cluster.ca_certificate");
    let Some(there) = there else {
        let text = "the certificate authorities could not be seen, so it is not known whether there is";
        let problem = Problem::warning(CODE, format!("{text} `{name}`")).at(&at, "not looked up");
        return Some(problem.help(format!("allow {}", authorities::OPERATION)));
    };
    // RDS takes an identifier in any case.
    if there.iter().any(|one| one.eq_ignore_ascii_case(name)) {
        return None;
    }
    let near = suggest::nearest(name, there.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let text = format!("this account has no certificate authority `{name}` in this region{near}");
    Some(Problem::error(CODE, text).at(&at, "asked for here").help(format!("there are {}", there.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Severity;

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let there = AUTHORITIES.map(str::to_owned);
        let told = |name| judge(name, Some(&there)).map(|found| (found.severity, found.message, found.help.unwrap()));
        for name in ["rds-ca-rsa4096-g1", "RDS-CA-RSA4096-G1"] {
            assert_eq!(told(name), None);
        }
        let (severity, message, help) = told("rds-ca-rsa4096-g2").unwrap();
        assert_eq!(severity, Severity::Error);
        let beginning = "this account has no certificate authority `rds-ca-rsa4096-g2` in this region";
        assert_eq!(message, format!("{beginning}; did you mean `rds-ca-rsa4096-g1`?"));
        assert_eq!(help, "there are rds-ca-rsa2048-g1, rds-ca-rsa4096-g1, rds-ca-ecc384-g1");
        assert!(!told("another").unwrap().1.contains("did you mean"));
    }

    #[test]
    fn who_may_not_look_is_warned() {
        let found = judge("rds-ca-2099", None).unwrap();
        assert_eq!(found.severity, Severity::Warning);
        assert_eq!(found.help.as_deref(), Some("allow rds:DescribeCertificates"));
    }
}
