//! What AWS offers in this region to this account.

use super::wish::Wish;
use crate::db_cluster::{ENGINE, StorageType};
use auroractl_aws::Aws;
use auroractl_engine::{CallError, Class};
use std::collections::{BTreeMap, BTreeSet};

/// Status of a version that is no longer offered.
const WITHDRAWN: &str = "deprecated";

/// What AWS offers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Offers {
    /// Versions of Aurora PostgreSQL, also those that are no longer offered.
    pub versions: BTreeMap<String, Version>,
    /// Classes by version, for the versions that were asked about.
    pub classes: BTreeMap<String, Vec<ClassOffer>>,
    /// RDS's quotas by name; `None` when the caller may not see them.
    pub quotas: Option<BTreeMap<String, Quota>>,
}

/// A version of the engine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Version {
    /// It can be chosen. Clusters that run one that can't any more go on, and may be edited.
    pub offered: bool,
    /// Versions that it can be upgraded to in place.
    pub upgrades: BTreeSet<String>,
    /// Least and most capacity units of Serverless v2; `None` when AWS does not say.
    pub serverless: Option<(f64, f64)>,
}

/// A class that can be ordered with a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassOffer {
    /// The class.
    pub class: String,
    /// With which storage type.
    pub storage: StorageType,
    /// Where; empty when AWS does not say.
    pub zones: BTreeSet<String>,
}

/// A quota of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many there are.
    pub used: i64,
    /// How many there may be.
    pub max: i64,
}

/// Asks AWS, all at once: versions, classes for each wanted version, quotas.
pub(super) async fn fetch(aws: &Aws, wish: &Wish) -> Result<Offers, CallError> {
    let wanted: BTreeSet<&str> = wish.versions().collect();
    let classes = futures::future::try_join_all(wanted.iter().map(|version| classes(aws, version)));
    let versions = async { if wanted.is_empty() { Ok(BTreeMap::new()) } else { versions(aws).await } };
    let (versions, classes, quotas) = futures::try_join!(versions, classes, quotas(aws))?;
    let classes = wanted.into_iter().map(str::to_owned).zip(classes).collect();
    Ok(Offers { versions, classes, quotas })
}

async fn versions(aws: &Aws) -> Result<BTreeMap<String, Version>, CallError> {
    let call = || {
        let pages = aws.rds().describe_db_engine_versions().engine(ENGINE).include_all(true).into_paginator();
        async move { pages.items().send().collect::<Result<Vec<_>, _>>().await }
    };
    let all = aws.read("rds:DescribeDBEngineVersions", call).await?;
    let version = |raw: aws_sdk_rds::types::DbEngineVersion| {
        let upgrades =
            raw.valid_upgrade_target().iter().filter_map(|target| target.engine_version().map(str::to_owned)).collect();
        let range = raw.serverless_v2_features_support();
        let serverless = range.and_then(|range| Some((range.min_capacity()?, range.max_capacity()?)));
        let offered = raw.status() != Some(WITHDRAWN);
        Some((raw.engine_version()?.to_owned(), Version { offered, upgrades, serverless }))
    };
    Ok(all.into_iter().filter_map(version).collect())
}

/// The classes of one version. A version that AWS does not have has none; one that is no longer offered may have none, too.
async fn classes(aws: &Aws, version: &str) -> Result<Vec<ClassOffer>, CallError> {
    let call = || {
        let options = aws.rds().describe_orderable_db_instance_options().engine(ENGINE).engine_version(version);
        let pages = options.vpc(true).into_paginator();
        async move { pages.items().send().collect::<Result<Vec<_>, _>>().await }
    };
    let all = match aws.read("rds:DescribeOrderableDBInstanceOptions", call).await {
        Err(error) if matches!(error.class, Class::Invalid | Class::Gone) => return Ok(Vec::new()),
        result => result?,
    };
    let offer = |raw: aws_sdk_rds::types::OrderableDbInstanceOption| {
        let zones = raw.availability_zones().iter().filter_map(|zone| zone.name().map(str::to_owned)).collect();
        let storage = if raw.storage_type() == Some(StorageType::AuroraIopt1.as_str()) {
            StorageType::AuroraIopt1
        } else {
            StorageType::Aurora
        };
        Some(ClassOffer { class: raw.db_instance_class()?.to_owned(), storage, zones })
    };
    Ok(all.into_iter().filter_map(offer).collect())
}

/// All quotas of RDS in one call. Whoever may not see them can still create.
async fn quotas(aws: &Aws) -> Result<Option<BTreeMap<String, Quota>>, CallError> {
    let answer =
        match aws.read("rds:DescribeAccountAttributes", || aws.rds().describe_account_attributes().send()).await {
            Err(error) if error.class == Class::Denied => return Ok(None),
            result => result?,
        };
    let quota = |raw: &aws_sdk_rds::types::AccountQuota| {
        let quota = Quota { used: raw.used().unwrap_or_default(), max: raw.max().unwrap_or_default() };
        Some((raw.account_quota_name()?.to_owned(), quota))
    };
    Ok(Some(answer.account_quotas().iter().filter_map(quota).collect()))
}
