//! What RDS says of a cluster and of its members beside what a stack can ask for. It stands in answers that are read
//! anyway, is kept for people who look, and decides nothing.

use aws_sdk_rds::types::{DbCluster, DbClusterMember, DbInstance};
use serde::{Deserialize, Serialize};

/// Of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfCluster {
    /// `Status`.
    pub(crate) status: Option<String>,
    /// `DBClusterMembers`, whoever made them.
    pub(crate) members: Vec<Seat>,
}

/// One of `DBClusterMembers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seat {
    /// `DBInstanceIdentifier`.
    pub(crate) identifier: String,
    /// `IsClusterWriter`.
    pub(crate) writer: bool,
    /// `PromotionTier`.
    pub(crate) promotion_tier: Option<u8>,
}

/// Of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfInstance {
    /// `DBInstanceStatus`.
    pub(crate) status: Option<String>,
    /// `CertificateDetails.ValidTill`, in seconds since 1970.
    pub(crate) certificate_until: Option<i64>,
}

impl OfCluster {
    /// Reads AWS's answer.
    pub(crate) fn read(raw: &DbCluster) -> Self {
        let members = raw.db_cluster_members().iter().filter_map(Seat::read).collect();
        Self { status: raw.status().map(str::to_owned), members }
    }
}

impl Seat {
    fn read(raw: &DbClusterMember) -> Option<Self> {
        Some(Self {
            identifier: raw.db_instance_identifier()?.to_owned(),
            writer: raw.is_cluster_writer().unwrap_or(false),
            promotion_tier: raw.promotion_tier().and_then(|tier| tier.try_into().ok()),
        })
    }
}

impl OfInstance {
    /// Reads AWS's answer.
    pub(crate) fn read(raw: &DbInstance) -> Self {
        let certificate = raw.certificate_details().and_then(|details| details.valid_till());
        Self {
            status: raw.db_instance_status().map(str::to_owned),
            certificate_until: certificate.map(|time| time.secs()),
        }
    }
}
