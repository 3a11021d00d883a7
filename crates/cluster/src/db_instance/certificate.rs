//! Whether another certificate authority costs a restart: RDS says so of each engine version.

use super::DbInstance;
use crate::db_cluster::ENGINE;
use crate::describe;
use auroractl_aws::Aws;
use auroractl_engine::{CallError, Class, Look};

/// The field.
pub(super) const FIELD: &str = "ca_certificate_identifier";
const VERSIONS: &str = "rds:DescribeDBEngineVersions";

/// The field, if the stack edits it and the version that runs loads a certificate without a restart:
/// `SupportsCertificateRotationWithoutRestart` of `DescribeDBEngineVersions`. Who may not ask has a restart counted.
pub(super) async fn seamless(
    aws: &Aws,
    look: &Look,
    from: &DbInstance,
    to: &DbInstance,
) -> Result<&'static [&'static str], CallError> {
    let edited =
        to.ca_certificate_identifier.is_some() && from.ca_certificate_identifier != to.ca_certificate_identifier;
    let Some(cluster) = from.db_cluster_identifier.known().filter(|_| edited) else { return Ok(&[]) };
    let cluster = describe::cluster(aws, look, cluster.as_str()).await?;
    let Some(version) = cluster.as_ref().and_then(|cluster| cluster.engine_version()) else { return Ok(&[]) };
    let query = format!("{VERSIONS} {} {version}", aws.region());
    match look.once(&query, loads(aws, version)).await {
        Ok(loads) if *loads => Ok(&[FIELD]),
        Ok(_) => Ok(&[]),
        Err(error) if error.class == Class::Denied => Ok(&[]),
        Err(error) => Err(error),
    }
}

/// Does this version load a certificate as it runs? A version that is no longer offered is asked for, too.
async fn loads(aws: &Aws, version: &str) -> Result<bool, CallError> {
    let call =
        || aws.rds().describe_db_engine_versions().engine(ENGINE).engine_version(version).include_all(true).send();
    let answer = aws.read(VERSIONS, call).await?;
    let exact = answer.db_engine_versions().iter().find(|found| found.engine_version() == Some(version));
    Ok(exact.and_then(|found| found.supports_certificate_rotation_without_restart()).unwrap_or(false))
}
