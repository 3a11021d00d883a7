//! Availability zones: which there are, and whether a set of subnets covers enough of them.

use auroractl_aws::{Aws, ec2};
use auroractl_engine::{CallError, Class, Look};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Aurora needs subnets in so many zones.
/// <https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_VPC.WorkingWithRDSInstanceinaVPC.html>
pub const MIN_ZONES: usize = 2;

/// Too few zones.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a DB subnet group needs subnets in at least {MIN_ZONES} availability zones, got {}", named(.zones))]
pub struct TooFewZones {
    /// The zone of each subnet, as often as it occurs.
    pub zones: Vec<String>,
}

/// Do subnets in these zones (one entry per subnet) make a DB subnet group?
///
/// # Errors
/// When they lie in fewer than two zones.
pub fn cover(zones: &[String]) -> Result<(), TooFewZones> {
    let different: BTreeSet<&String> = zones.iter().collect();
    if different.len() >= MIN_ZONES { Ok(()) } else { Err(TooFewZones { zones: zones.to_vec() }) }
}

/// `us-east-1a twice`.
fn named(zones: &[String]) -> String {
    let different: BTreeSet<&String> = zones.iter().collect();
    let parts = different.into_iter().map(|zone| match zones.iter().filter(|other| *other == zone).count() {
        1 => zone.clone(),
        2 => format!("{zone} twice"),
        count => format!("{zone} {count} times"),
    });
    let text = parts.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".to_owned() } else { text }
}

/// Names of the region's zones that can be used, in alphabetical order. Local and wavelength zones are none.
///
/// # Errors
/// The call's.
pub async fn available(aws: &Aws, look: &Look) -> Result<Arc<Vec<String>>, CallError> {
    let filters = vec![
        ec2::filter("state", ["available".to_owned()]),
        ec2::filter("zone-type", ["availability-zone".to_owned()]),
    ];
    let fetch = async {
        let call = || aws.ec2().describe_availability_zones().set_filters(Some(filters.clone())).send();
        let answer = aws.read("ec2:DescribeAvailabilityZones", call).await?;
        let zones = answer.availability_zones().iter().filter_map(|zone| zone.zone_name());
        let zones: BTreeSet<String> = zones.map(ToOwned::to_owned).collect();
        Ok(zones.into_iter().collect())
    };
    look.once("ec2:DescribeAvailabilityZones usable", fetch).await
}

/// The zones that are wanted and can't be used, and those that can; `None` where nothing is amiss or nobody may ask.
///
/// # Errors
/// The call's.
pub async fn missing(aws: &Aws, wanted: &BTreeSet<String>) -> Result<Option<Missing>, CallError> {
    if wanted.is_empty() {
        return Ok(None);
    }
    let there = match available(aws, &Look::new()).await {
        Err(error) if error.class == Class::Denied => return Ok(None),
        answer => answer?,
    };
    let zones: Vec<String> = wanted.iter().filter(|zone| !there.contains(zone)).cloned().collect();
    Ok((!zones.is_empty()).then(|| Missing { zones, there: there.to_vec() }))
}

/// Zones that are wanted and can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// They.
    pub zones: Vec<String>,
    /// Those that can be used.
    pub there: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(zones: &[&str]) -> Result<(), String> {
        let zones: Vec<String> = zones.iter().map(|zone| (*zone).to_owned()).collect();
        cover(&zones).map_err(|why| why.to_string())
    }

    #[test]
    fn two_zones_are_needed() {
        assert_eq!(of(&["us-east-1a", "us-east-1b"]), Ok(()));
        let text = "a DB subnet group needs subnets in at least 2 availability zones, got ";
        assert_eq!(of(&["us-east-1a", "us-east-1a"]), Err(format!("{text}us-east-1a twice")));
        assert_eq!(of(&["us-east-1a"]), Err(format!("{text}us-east-1a")));
        assert_eq!(of(&["us-east-1a"; 3]), Err(format!("{text}us-east-1a 3 times")));
        assert_eq!(of(&[]), Err(format!("{text}none")));
    }
}
