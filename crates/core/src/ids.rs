//! Newtypes for every value that one crate's kind exports and another's takes.
//!
//! A wrong reference does not compile: a field that wants a [`SubnetId`] can't
//! be given the output of a VPC. Kept in alphabetical order.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text as AWS spells it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    )*};
}

id! {
    /// Elastic IP allocation, `eipalloc-…`.
    AllocationId;
    /// Plan of AWS Backup, a UUID.
    BackupPlanId;
    /// Selection of a backup plan, a UUID.
    BackupSelectionId;
    /// Name of a vault of AWS Backup.
    BackupVaultName;
    /// Name of a DB cluster, chosen by the stack (`DBClusterIdentifier`).
    ClusterId;
    /// Name of a DB cluster parameter group.
    ClusterParameterGroupName;
    /// Flow log, `fl-…`.
    FlowLogId;
    /// Name of a DB instance, chosen by the stack (`DBInstanceIdentifier`).
    InstanceId;
    /// Internet gateway, `igw-…`.
    InternetGatewayId;
    /// ARN of a KMS key.
    KmsKeyArn;
    /// Name of a CloudWatch log group.
    LogGroupName;
    /// NAT gateway, `nat-…`.
    NatGatewayId;
    /// Name of a DB (instance) parameter group.
    ParameterGroupName;
    /// Prefix list, `pl-…`: the address ranges of a service.
    PrefixListId;
    /// ARN of an IAM role.
    RoleArn;
    /// Name of an IAM role.
    RoleName;
    /// Association of a route table with a subnet, `rtbassoc-…`.
    RouteTableAssociationId;
    /// Route table, `rtb-…`.
    RouteTableId;
    /// `ResourceId` of a scalable target, for example `cluster:orders`.
    ScalableTargetId;
    /// Security group, `sg-…`.
    SecurityGroupId;
    /// Rule of a security group, `sgr-…`.
    SecurityGroupRuleId;
    /// Subnet, `subnet-…`.
    SubnetId;
    /// Name of a DB subnet group.
    SubnetGroupName;
    /// ARN of an SNS topic.
    TopicArn;
    /// VPC, `vpc-…`.
    VpcId;
    /// VPC endpoint, `vpce-…`.
    VpcEndpointId;
}
