//! What the services' error codes mean.
//!
//! Codes are those on the wire, which differ from the SDK's type names
//! (`DBInstanceNotFound`, not `DBInstanceNotFoundFault`). Where one code has
//! several meanings, the operation and a piece of the message decide. Source
//! of each row: the error tables of the resource contracts, taken from the
//! service models and the EC2 error reference.

use auroractl_engine::Class;

/// A row that counts only for some operations or messages.
struct Special {
    code: &'static str,
    /// `service:Action`, or its beginning.
    operation: &'static str,
    /// A piece of the message, empty for any.
    message: &'static str,
    class: Class,
}

const fn row(code: &'static str, operation: &'static str, message: &'static str, class: Class) -> Special {
    Special { code, operation, message, class }
}

/// Looked at first, in this order.
const SPECIAL: &[Special] = &[
    // A role that was just made is not yet assumable by RDS monitoring.
    row("InvalidParameterValue", "rds:CreateDBInstance", "IAM role ARN", Class::NotYet),
    row("InvalidParameterValue", "rds:ModifyDBInstance", "IAM role ARN", Class::NotYet),
    // A parameter group that was just made is not yet seen by the cluster's side.
    row("DBClusterParameterGroupNotFound", "rds:CreateDBCluster", "", Class::NotYet),
    row("DBParameterGroupNotFound", "rds:CreateDB", "", Class::NotYet),
    row("DBSubnetGroupNotFoundFault", "rds:CreateDBCluster", "", Class::NotYet),
    row("DBClusterNotFoundFault", "rds:CreateDBInstance", "", Class::NotYet),
    // Members of one cluster can't all be made or changed at once.
    row("InvalidDBClusterStateFault", "rds:DeleteDBCluster", "still contains DB instances", Class::InUse),
    row("InvalidDBClusterStateFault", "rds:DeleteDBCluster", "deletion protection", Class::Conflict),
    row("InvalidDBClusterStateFault", "rds:", "", Class::NotYet),
    row("InvalidDBInstanceState", "rds:", "", Class::NotYet),
    row("InvalidDBParameterGroupState", "rds:Delete", "", Class::InUse),
    row("InvalidDBParameterGroupState", "rds:", "", Class::NotYet),
    row("InvalidDBSubnetGroupStateFault", "rds:Delete", "", Class::InUse),
    row("InvalidDBSubnetGroupStateFault", "rds:", "", Class::NotYet),
    // What was just made is not yet visible to another EC2 call.
    row("InvalidVpcID.NotFound", "ec2:DeleteVpc", "", Class::Gone),
    row("InvalidVpcID.NotFound", "ec2:", "", Class::NotYet),
    row("InvalidSubnetID.NotFound", "ec2:DeleteSubnet", "", Class::Gone),
    row("InvalidSubnetID.NotFound", "ec2:", "", Class::NotYet),
    row("InvalidSubnetId.NotFound", "ec2:DeleteSubnet", "", Class::Gone),
    row("InvalidSubnetId.NotFound", "ec2:", "", Class::NotYet),
    row("InvalidGroup.NotFound", "ec2:Authorize", "", Class::NotYet),
    row("InvalidGroup.NotFound", "ec2:CreateVpcEndpoint", "", Class::NotYet),
    row("InvalidRouteTableID.NotFound", "ec2:CreateRoute", "", Class::NotYet),
    row("InvalidRouteTableID.NotFound", "ec2:AssociateRouteTable", "", Class::NotYet),
    row("InvalidRouteTableID.NotFound", "ec2:CreateVpcEndpoint", "", Class::NotYet),
    row("InvalidInternetGatewayID.NotFound", "ec2:AttachInternetGateway", "", Class::NotYet),
    row("InvalidGatewayID.NotFound", "ec2:CreateRoute", "", Class::NotYet),
    row("InvalidNatGatewayID.NotFound", "ec2:CreateRoute", "", Class::NotYet),
    row("NatGatewayNotFound", "ec2:CreateRoute", "", Class::NotYet),
    row("InvalidAllocationID.NotFound", "ec2:CreateNatGateway", "", Class::NotYet),
    // An address that was released, and now perhaps belongs to somebody else.
    row("AuthFailure", "ec2:ReleaseAddress", "", Class::Gone),
    row("InvalidAddress.InUse", "ec2:ReleaseAddress", "", Class::InUse),
    row("InvalidIPAddress.InUse", "ec2:ReleaseAddress", "", Class::InUse),
    row("DependencyViolation", "ec2:Detach", "", Class::InUse),
    row("Gateway.NotAttached", "ec2:DetachInternetGateway", "", Class::Gone),
    // The key that a log group, topic or cluster uses was just made.
    row("KMSKeyNotAccessibleFault", "rds:Create", "", Class::NotYet),
    row("InvalidParameterException", "logs:CreateLogGroup", "KMS", Class::NotYet),
    row("InvalidParameterException", "logs:AssociateKmsKey", "KMS", Class::NotYet),
    row("MalformedPolicyDocumentException", "kms:", "invalid principal", Class::NotYet),
    row("MalformedPolicyDocument", "iam:", "Invalid principal", Class::NotYet),
    row("DeleteConflict", "iam:", "", Class::InUse),
    row("ObjectNotFoundException", "application-autoscaling:Put", "", Class::NotYet),
    row("ValidationException", "application-autoscaling:Register", "cluster", Class::NotYet),
    row("ConcurrentModification", "iam:", "", Class::NotYet),
    row("ConcurrentUpdateException", "application-autoscaling:", "", Class::NotYet),
    row("OperationAbortedException", "logs:", "", Class::NotYet),
];

/// Everything else, sorted by code.
const TABLE: &[(&str, Class)] = &[
    ("AccessDenied", Class::Denied),
    ("AccessDeniedException", Class::Denied),
    ("AddressLimitExceeded", Class::Quota),
    ("AlreadyExistsException", Class::Exists),
    ("AuthFailure", Class::Credentials),
    ("AuthorizationError", Class::Denied),
    ("AuthorizationErrorException", Class::Denied),
    ("Blocked", Class::Denied),
    ("BandwidthLimitExceeded", Class::Throttled),
    ("DBClusterAlreadyExistsFault", Class::Exists),
    ("DBClusterNotFoundFault", Class::Gone),
    ("DBClusterParameterGroupNotFound", Class::Gone),
    ("DBClusterQuotaExceededFault", Class::Quota),
    ("DBClusterSnapshotAlreadyExistsFault", Class::Exists),
    ("DBInstanceAlreadyExists", Class::Exists),
    ("DBInstanceNotFound", Class::Gone),
    ("DBParameterGroupAlreadyExists", Class::Exists),
    ("DBParameterGroupNotFound", Class::Gone),
    ("DBParameterGroupQuotaExceeded", Class::Quota),
    ("DBSubnetGroupAlreadyExists", Class::Exists),
    ("DBSubnetGroupNotFoundFault", Class::Gone),
    ("DBSubnetGroupQuotaExceeded", Class::Quota),
    ("DependencyViolation", Class::InUse),
    ("EC2ThrottledException", Class::Throttled),
    ("EntityAlreadyExists", Class::Exists),
    ("ExpiredToken", Class::Credentials),
    ("ExpiredTokenException", Class::Credentials),
    ("FailedResourceAccessException", Class::NotYet),
    ("IdempotentParameterMismatch", Class::Exists),
    ("IncompleteSignature", Class::Credentials),
    ("InstanceQuotaExceeded", Class::Quota),
    ("InsufficientAddressCapacity", Class::Capacity),
    ("InsufficientCapacity", Class::Capacity),
    ("InsufficientDBInstanceCapacity", Class::Capacity),
    ("InsufficientFreeAddressesInSubnet", Class::Capacity),
    ("InsufficientStorageClusterCapacity", Class::Capacity),
    ("InternetGatewayLimitExceeded", Class::Quota),
    ("InvalidAllocationID.NotFound", Class::Gone),
    ("InvalidAddress.NotFound", Class::Gone),
    ("InvalidAssociationID.NotFound", Class::Gone),
    ("InvalidClientTokenId", Class::Credentials),
    ("InvalidDBClusterStateFault", Class::NotYet),
    ("InvalidDBInstanceState", Class::NotYet),
    ("InvalidGroup.Duplicate", Class::Exists),
    ("InvalidGroup.InUse", Class::InUse),
    ("InvalidGroup.NotFound", Class::Gone),
    ("InvalidGroupId.Malformed", Class::Invalid),
    ("InvalidInternetGatewayID.NotFound", Class::Gone),
    ("InvalidParameter", Class::Invalid),
    ("InvalidParameterCombination", Class::Invalid),
    ("InvalidParameterException", Class::Invalid),
    ("InvalidParameterValue", Class::Invalid),
    ("InvalidPermission.Duplicate", Class::Exists),
    ("InvalidPermission.NotFound", Class::Gone),
    ("InvalidRoute.NotFound", Class::Gone),
    ("InvalidRouteTableID.NotFound", Class::Gone),
    ("InvalidRouteTableId.NotFound", Class::Gone),
    ("InvalidSecurityGroupRuleId.NotFound", Class::Gone),
    ("InvalidSubnet.Conflict", Class::Exists),
    ("InvalidSubnetID.NotFound", Class::Gone),
    ("InvalidSubnetId.NotFound", Class::Gone),
    ("InvalidVpcEndpointId.NotFound", Class::Gone),
    ("InvalidVpcID.NotFound", Class::Gone),
    ("KMSInvalidStateException", Class::NotYet),
    ("LimitExceeded", Class::Quota),
    ("LimitExceededException", Class::Quota),
    ("LimitExceededFault", Class::Quota),
    ("MalformedPolicyDocument", Class::Invalid),
    ("MalformedPolicyDocumentException", Class::Invalid),
    ("MissingAuthenticationToken", Class::Credentials),
    ("MissingParameter", Class::Invalid),
    ("NatGatewayLimitExceeded", Class::Quota),
    ("NatGatewayNotFound", Class::Gone),
    ("NoSuchEntity", Class::Gone),
    ("NotAuthorized", Class::Denied),
    ("NotFound", Class::Gone),
    ("NotFoundException", Class::Gone),
    ("ObjectNotFoundException", Class::Gone),
    ("OptInRequired", Class::Credentials),
    ("PriorRequestNotComplete", Class::Throttled),
    ("RequestExpired", Class::Credentials),
    ("RequestLimitExceeded", Class::Throttled),
    ("RequestThrottled", Class::Throttled),
    ("RequestThrottledException", Class::Throttled),
    ("Resource.AlreadyAssociated", Class::Exists),
    ("ResourceAlreadyExistsException", Class::Exists),
    ("ResourceNotFoundException", Class::Gone),
    ("RouteAlreadyExists", Class::Exists),
    ("RouteLimitExceeded", Class::Quota),
    ("RouteTableLimitExceeded", Class::Quota),
    ("RouteTableNotFoundException", Class::Gone),
    ("RulesPerSecurityGroupLimitExceeded", Class::Quota),
    ("SecurityGroupLimitExceeded", Class::Quota),
    ("SignatureDoesNotMatch", Class::Credentials),
    ("SlowDown", Class::Throttled),
    ("StorageQuotaExceeded", Class::Quota),
    ("SubnetLimitExceeded", Class::Quota),
    ("SubscriptionLimitExceeded", Class::Quota),
    ("Throttled", Class::Throttled),
    ("ThrottledException", Class::Throttled),
    ("Throttling", Class::Throttled),
    ("ThrottlingException", Class::Throttled),
    ("TooManyRequests", Class::Throttled),
    ("TooManyRequestsException", Class::Throttled),
    ("TopicLimitExceeded", Class::Quota),
    ("UnauthorizedOperation", Class::Denied),
    ("UnrecognizedClientException", Class::Credentials),
    ("ValidationError", Class::Invalid),
    ("ValidationException", Class::Invalid),
    ("VpcEndpointLimitExceeded", Class::Quota),
    ("VpcLimitExceeded", Class::Quota),
];

/// The meaning of a service's answer.
#[must_use]
pub fn classify(operation: &str, status: u16, code: &str, message: &str) -> Class {
    let special = SPECIAL.iter().find(|row| {
        row.code == code
            && operation.starts_with(row.operation)
            && message.to_ascii_lowercase().contains(&row.message.to_ascii_lowercase())
    });
    if let Some(row) = special {
        return row.class;
    }
    if let Some((_, class)) = TABLE.iter().find(|(known, _)| *known == code) {
        return *class;
    }
    if status >= 500 || status == 408 {
        return Class::Ambiguous;
    }
    if status == 429 {
        return Class::Throttled;
    }
    // Families of codes that grow with every new resource.
    match code {
        code if code.ends_with(".NotFound") || code.ends_with("NotFoundFault") || code.ends_with("NotFoundException") => Class::Gone,
        code if code.contains("AlreadyExist") || code.ends_with(".Duplicate") => Class::Exists,
        code if code.contains("QuotaExceeded") || code.ends_with("LimitExceeded") => Class::Quota,
        code if code.starts_with("Insufficient") => Class::Capacity,
        code if code.starts_with("Invalid") || code.starts_with("Malformed") => Class::Invalid,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings() {
        for (operation, status, code, message, class) in [
            ("ec2:CreateVpc", 400, "VpcLimitExceeded", "", Class::Quota),
            ("ec2:CreateVpc", 500, "InternalError", "", Class::Ambiguous),
            ("ec2:CreateSubnet", 400, "InvalidVpcID.NotFound", "", Class::NotYet),
            ("ec2:DeleteVpc", 400, "InvalidVpcID.NotFound", "", Class::Gone),
            ("ec2:DeleteVpc", 400, "DependencyViolation", "", Class::InUse),
            ("ec2:RunInstances", 503, "RequestLimitExceeded", "", Class::Throttled),
            ("kms:CreateKey", 400, "LimitExceededException", "", Class::Quota),
            ("kms:CreateKey", 400, "ThrottlingException", "", Class::Throttled),
            ("rds:CreateDBInstance", 400, "InvalidParameterValue", "IAM role ARN value is invalid", Class::NotYet),
            ("rds:CreateDBInstance", 400, "InvalidParameterValue", "no such class", Class::Invalid),
            ("rds:DeleteDBCluster", 400, "InvalidDBClusterStateFault", "Cannot delete protected Cluster, please disable deletion protection", Class::Conflict),
            ("rds:X", 404, "BlueGreenDeploymentNotFoundFault", "", Class::Gone),
            ("rds:X", 400, "Strange", "", Class::Other),
            ("sns:X", 429, "Strange", "", Class::Throttled),
        ] {
            assert_eq!(classify(operation, status, code, message), class, "{operation} {code} {message}");
        }
    }

    #[test]
    fn no_code_stands_twice() {
        let mut codes: Vec<&str> = TABLE.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        let before = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), before);
    }
}
