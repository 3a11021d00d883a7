//! Certificate authorities: which an account has in its region.

use auroractl_aws::Aws;
use auroractl_engine::{CallError, Class};

/// The call that tells.
pub const OPERATION: &str = "rds:DescribeCertificates";

/// Identifiers of the authorities that there are, sorted; `None` where the caller may not see them.
///
/// # Errors
/// The call's.
pub async fn available(aws: &Aws) -> Result<Option<Vec<String>>, CallError> {
    let call = || {
        let pages = aws.rds().describe_certificates().into_paginator();
        async move { pages.items().send().collect::<Result<Vec<_>, _>>().await }
    };
    let all = match aws.read(OPERATION, call).await {
        Err(error) if error.class == Class::Denied => return Ok(None),
        answer => answer?,
    };
    let mut names: Vec<String> = all.into_iter().filter_map(|authority| authority.certificate_identifier).collect();
    names.sort();
    Ok(Some(names))
}
