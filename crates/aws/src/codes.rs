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
    // A role that was just made can't be assumed yet; a service-linked role is being made by the first call ever.
    row("InvalidParameterValue", "rds:CreateDB", "IAM role ARN", Class::NotYet),
    row("InvalidParameterValue", "rds:ModifyDB", "IAM role ARN", Class::NotYet),
    row("InvalidParameterValue", "rds:AddRoleToDBCluster", "IAM role ARN", Class::NotYet),
    row("InvalidParameterValue", "rds:CreateDB", "service linked role", Class::NotYet),
    row("InvalidParameterValue", "rds:CreateDB", "service-linked role", Class::NotYet),
    row("InvalidParameterValue", "rds:CreateDBProxy", "assume", Class::NotYet),
    row("InvalidParameterValue", "rds:RemoveFromGlobalCluster", "is not found in global cluster", Class::Gone),
    row("InvalidParameter", "ec2:CreateFlowLogs", "unable to assume", Class::NotYet),
    row("InvalidParameterValueException", "backup:CreateBackupSelection", "assumed", Class::NotYet),
    row("InvalidParameterValueException", "backup:CreateBackupSelection", "not authorized to call", Class::NotYet),
    row("InvalidRequestException", "backup:DeleteBackupPlan", "selections must be deleted", Class::InUse),
    row("ValidationException", "application-autoscaling:Register", "assume", Class::NotYet),
    row("ValidationException", "application-autoscaling:Register", "cluster", Class::NotYet),
    // What was just made is not yet seen by another call. A delete of it, and a look at it, take the code as it stands.
    row("DBClusterParameterGroupNotFound", "rds:CreateDBCluster", "", Class::NotYet),
    row("DBClusterParameterGroupNotFound", "rds:ModifyDBCluster", "", Class::NotYet),
    row("DBParameterGroupNotFound", "rds:CreateDB", "", Class::NotYet),
    row("DBParameterGroupNotFound", "rds:ModifyDBInstance", "", Class::NotYet),
    row("KMSKeyNotAccessibleFault", "rds:CreateDB", "", Class::NotYet),
    row("DBSubnetGroupNotFoundFault", "rds:CreateDBCluster", "", Class::NotYet),
    row("DBClusterNotFoundFault", "rds:CreateDBInstance", "", Class::NotYet),
    row("InvalidSubnet", "rds:Create", "", Class::NotYet),
    row("SNSTopicArnNotFound", "rds:", "", Class::NotYet),
    row("SNSNoAuthorization", "rds:", "", Class::NotYet),
    row("SourceNotFound", "rds:Create", "", Class::NotYet),
    row("InvalidVpcID.NotFound", "ec2:Create", "", Class::NotYet),
    row("InvalidVpcID.NotFound", "ec2:Modify", "", Class::NotYet),
    row("InvalidVpcID.NotFound", "ec2:A", "", Class::NotYet),
    row("InvalidSubnetID.NotFound", "ec2:Create", "", Class::NotYet),
    row("InvalidSubnetID.NotFound", "ec2:Modify", "", Class::NotYet),
    row("InvalidSubnetID.NotFound", "ec2:A", "", Class::NotYet),
    row("InvalidSubnetId.NotFound", "ec2:Create", "", Class::NotYet),
    row("InvalidSubnetId.NotFound", "ec2:Modify", "", Class::NotYet),
    row("InvalidSubnetId.NotFound", "ec2:A", "", Class::NotYet),
    row("InvalidGroup.NotFound", "ec2:Authorize", "", Class::NotYet),
    row("InvalidGroup.NotFound", "ec2:Create", "", Class::NotYet),
    row("InvalidSecurityGroupID.NotFound", "ec2:Create", "", Class::NotYet),
    row("InvalidRouteTableID.NotFound", "ec2:Create", "", Class::NotYet),
    row("InvalidRouteTableID.NotFound", "ec2:A", "", Class::NotYet),
    row("InvalidRouteTableId.NotFound", "ec2:Create", "", Class::NotYet),
    row("InvalidRouteTableId.NotFound", "ec2:A", "", Class::NotYet),
    row("InvalidInternetGatewayID.NotFound", "ec2:A", "", Class::NotYet),
    row("InvalidInternetGatewayID.NotFound", "ec2:Create", "", Class::NotYet),
    row("InvalidGatewayID.NotFound", "ec2:Create", "", Class::NotYet),
    row("Gateway.NotAttached", "ec2:CreateRoute", "", Class::NotYet),
    row("InvalidNatGatewayID.NotFound", "ec2:Create", "", Class::NotYet),
    row("NatGatewayNotFound", "ec2:Create", "", Class::NotYet),
    row("InvalidAllocationID.NotFound", "ec2:Create", "", Class::NotYet),
    row("InvalidNetworkAclID.NotFound", "ec2:Create", "", Class::NotYet),
    row("NoSuchEntity", "iam:AttachRolePolicy", "", Class::NotYet),
    row("NoSuchEntity", "iam:PutRolePolicy", "", Class::NotYet),
    row("NotFoundException", "kms:CreateAlias", "", Class::NotYet),
    row("NotFoundException", "kms:EnableKeyRotation", "", Class::NotYet),
    row("NotFoundException", "kms:PutKeyPolicy", "", Class::NotYet),
    row("ObjectNotFoundException", "application-autoscaling:Put", "", Class::NotYet),
    row("ValidationError", "cloudwatch:PutCompositeAlarm", "not found", Class::NotYet),
    // A principal, policy or tag that was just written is not yet seen by the service that reads it.
    row("MalformedPolicyDocumentException", "kms:", "principal", Class::NotYet),
    row("MalformedPolicyDocument", "iam:", "invalid principal", Class::NotYet),
    row("InvalidParameter", "sns:", "PrincipalNotFound", Class::NotYet),
    row("InvalidParameterException", "logs:CreateLogGroup", "KMS", Class::NotYet),
    row("InvalidParameterException", "logs:AssociateKmsKey", "KMS", Class::NotYet),
    row("AccessDeniedException", "logs:CreateLogGroup", "KMS key does not exist or is not allowed", Class::NotYet),
    row("AccessDeniedException", "logs:AssociateKmsKey", "KMS key does not exist or is not allowed", Class::NotYet),
    row("UnsupportedOperation", "ec2:", "is not monitored by IPAM", Class::NotYet),
    // In use by others, or protected by its owner.
    row("InvalidParameterCombination", "rds:DeleteDBCluster", "deletion protection", Class::Conflict),
    row("InvalidParameterCombination", "rds:DeleteGlobalCluster", "deletion protection", Class::Conflict),
    row("InvalidDBClusterStateFault", "rds:DeleteDBCluster", "deletion protection", Class::Conflict),
    row("InvalidDBClusterStateFault", "rds:DeleteDBCluster", "part of a global cluster", Class::Conflict),
    row("InvalidDBClusterStateFault", "rds:DeleteDBCluster", "still contains DB instances", Class::InUse),
    row("InvalidDBInstanceState", "rds:StopDBInstanceAutomatedBackupsReplication", "not replicating", Class::Gone),
    row("InvalidDBParameterGroupState", "rds:Delete", "", Class::InUse),
    row("InvalidDBSubnetGroupStateFault", "rds:Delete", "", Class::InUse),
    row("InvalidGlobalClusterStateFault", "rds:", "is not empty", Class::InUse),
    row("DependencyViolation", "ec2:Detach", "", Class::InUse),
    // A key on its way out: for its deletion that is the wish, for every other call a conflict that time does not heal.
    row("KMSInvalidStateException", "kms:ScheduleKeyDeletion", "pending deletion", Class::Gone),
    row("KMSInvalidStateException", "kms:", "pending deletion", Class::Conflict),
    // An address that was released, and now perhaps belongs to somebody else.
    row("AuthFailure", "ec2:ReleaseAddress", "", Class::Gone),
    row("AuthFailure", "ec2:DisassociateAddress", "", Class::Gone),
    // The pending confirmation of a subscription can't be taken back; it lapses by itself.
    row("InvalidParameter", "sns:Unsubscribe", "pending confirmation", Class::Gone),
    // Selections go with their plan.
    row("InvalidParameterValueException", "backup:GetBackupSelection", "Cannot find Backup plan", Class::Gone),
    row("InvalidParameterValueException", "backup:ListBackupSelections", "Cannot find Backup plan", Class::Gone),
    row("InvalidParameterValueException", "backup:DeleteBackupSelection", "Cannot find Backup plan", Class::Gone),
];

/// Everything else, sorted by code.
const TABLE: &[(&str, Class)] = &[
    ("AccessDenied", Class::Denied),
    ("AccessDeniedException", Class::Denied),
    ("AccessDeniedFault", Class::Denied),
    ("AddressLimitExceeded", Class::Quota),
    ("AlreadyExistsException", Class::Exists),
    ("AuthFailure", Class::Credentials),
    ("AuthorizationError", Class::Denied),
    ("AuthorizationErrorException", Class::Denied),
    ("BandwidthLimitExceeded", Class::Throttled),
    ("Blocked", Class::Denied),
    ("CannotDelete", Class::Conflict),
    ("CertificateNotFound", Class::Invalid),
    ("Client.UnauthorizedOperation", Class::Denied),
    ("ConcurrentAccess", Class::NotYet),
    ("ConcurrentAccessException", Class::NotYet),
    ("ConcurrentModification", Class::NotYet),
    ("ConcurrentModificationException", Class::NotYet),
    ("ConcurrentUpdateException", Class::NotYet),
    ("ConflictException", Class::NotYet),
    ("DBClusterAlreadyExistsFault", Class::Exists),
    ("DBClusterEndpointAlreadyExistsFault", Class::Exists),
    ("DBClusterEndpointNotFoundFault", Class::Gone),
    ("DBClusterEndpointQuotaExceededFault", Class::Quota),
    ("DBClusterNotFoundFault", Class::Gone),
    ("DBClusterParameterGroupNotFound", Class::Gone),
    ("DBClusterQuotaExceededFault", Class::Quota),
    ("DBClusterRoleAlreadyExists", Class::Exists),
    ("DBClusterRoleNotFound", Class::Gone),
    ("DBClusterRoleQuotaExceeded", Class::Quota),
    ("DBClusterSnapshotAlreadyExistsFault", Class::Exists),
    ("DBClusterSnapshotNotFoundFault", Class::Gone),
    ("DBInstanceAlreadyExists", Class::Exists),
    ("DBInstanceNotFound", Class::Gone),
    ("DBParameterGroupAlreadyExists", Class::Exists),
    ("DBParameterGroupNotFound", Class::Gone),
    ("DBParameterGroupQuotaExceeded", Class::Quota),
    ("DBProxyAlreadyExistsFault", Class::Exists),
    ("DBProxyNotFoundFault", Class::Gone),
    ("DBProxyQuotaExceededFault", Class::Quota),
    ("DBProxyTargetGroupNotFoundFault", Class::Gone),
    ("DBProxyTargetNotFoundFault", Class::Gone),
    ("DBSubnetGroupAlreadyExists", Class::Exists),
    ("DBSubnetGroupDoesNotCoverEnoughAZs", Class::Invalid),
    ("DBSubnetGroupNotFoundFault", Class::Gone),
    ("DBSubnetGroupQuotaExceeded", Class::Quota),
    ("DBSubnetQuotaExceededFault", Class::Quota),
    ("DashboardNotFoundError", Class::Gone),
    ("DeleteConflict", Class::InUse),
    ("DependencyTimeoutException", Class::Ambiguous),
    ("DependencyViolation", Class::InUse),
    ("DisabledException", Class::NotYet),
    ("DuplicateSubnetsInSameZone", Class::Invalid),
    ("EC2ThrottledException", Class::Throttled),
    ("EntityAlreadyExists", Class::Exists),
    ("EventSubscriptionQuotaExceeded", Class::Quota),
    ("ExpiredToken", Class::Credentials),
    ("ExpiredTokenException", Class::Credentials),
    ("FailedResourceAccessException", Class::NotYet),
    ("FilterPolicyLimitExceeded", Class::Quota),
    ("FlowLogAlreadyExists", Class::Exists),
    ("FlowLogsLimitExceeded", Class::Quota),
    ("Gateway.NotAttached", Class::Gone),
    ("GlobalClusterAlreadyExistsFault", Class::Exists),
    ("GlobalClusterNotFoundFault", Class::Gone),
    ("GlobalClusterQuotaExceededFault", Class::Quota),
    ("IdempotentParameterMismatch", Class::Exists),
    ("IncompleteSignature", Class::Credentials),
    ("IncompleteSignatureException", Class::Credentials),
    ("IncorrectState", Class::NotYet),
    ("InstanceQuotaExceeded", Class::Quota),
    ("InsufficientAddressCapacity", Class::Capacity),
    ("InsufficientAvailableIPsInSubnetFault", Class::Capacity),
    ("InsufficientCapacity", Class::Capacity),
    ("InsufficientDBClusterCapacityFault", Class::Capacity),
    ("InsufficientDBInstanceCapacity", Class::Capacity),
    ("InsufficientFreeAddressesInSubnet", Class::Capacity),
    ("InsufficientInstanceCapacity", Class::Capacity),
    ("InsufficientStorageClusterCapacity", Class::Capacity),
    ("InternalError", Class::Ambiguous),
    ("InternalErrorException", Class::Ambiguous),
    ("InternalFailure", Class::Ambiguous),
    ("InternalServerError", Class::Ambiguous),
    ("InternalServiceError", Class::Ambiguous),
    ("InternalServiceException", Class::Ambiguous),
    ("InternalServiceFault", Class::Ambiguous),
    ("InternetGatewayLimitExceeded", Class::Quota),
    ("InvalidAction", Class::Invalid),
    ("InvalidAddress.InUse", Class::InUse),
    ("InvalidAddress.Locked", Class::Conflict),
    ("InvalidAddress.NotFound", Class::Gone),
    ("InvalidAddressID.NotFound", Class::Gone),
    ("InvalidAllocationID.NotFound", Class::Gone),
    ("InvalidAssociationID.NotFound", Class::Gone),
    ("InvalidBlueGreenDeploymentStateFault", Class::NotYet),
    ("InvalidClientTokenId", Class::Credentials),
    ("InvalidDBClusterEndpointStateFault", Class::NotYet),
    ("InvalidDBClusterSnapshotStateFault", Class::NotYet),
    ("InvalidDBClusterStateFault", Class::NotYet),
    ("InvalidDBInstanceState", Class::NotYet),
    ("InvalidDBParameterGroupState", Class::NotYet),
    ("InvalidDBProxyStateFault", Class::NotYet),
    ("InvalidDBSubnetGroupStateFault", Class::NotYet),
    ("InvalidDBSubnetStateFault", Class::Conflict),
    ("InvalidElasticIpID.Malformed", Class::Invalid),
    ("InvalidEventSubscriptionState", Class::NotYet),
    ("InvalidFlowLogId.NotFound", Class::Gone),
    ("InvalidGatewayID.NotFound", Class::Gone),
    ("InvalidGroup.Duplicate", Class::Exists),
    ("InvalidGroup.InUse", Class::InUse),
    ("InvalidGroup.NotFound", Class::Gone),
    ("InvalidGroup.Reserved", Class::Invalid),
    ("InvalidGroupId.Malformed", Class::Invalid),
    ("InvalidIPAddress.InUse", Class::InUse),
    ("InvalidInternetGateway.NotFound", Class::Gone),
    ("InvalidInternetGatewayID.NotFound", Class::Gone),
    ("InvalidNatGatewayID.NotFound", Class::Gone),
    ("InvalidNetworkAclEntry.NotFound", Class::Gone),
    ("InvalidNetworkAclID.NotFound", Class::Gone),
    ("InvalidParameter", Class::Invalid),
    ("InvalidParameterCombination", Class::Invalid),
    ("InvalidParameterException", Class::Invalid),
    ("InvalidParameterInput", Class::Invalid),
    ("InvalidParameterValue", Class::Invalid),
    ("InvalidPermission.Duplicate", Class::Exists),
    ("InvalidPermission.NotFound", Class::Gone),
    ("InvalidRoute.NotFound", Class::Gone),
    ("InvalidRouteTableID.NotFound", Class::Gone),
    ("InvalidRouteTableId.NotFound", Class::Gone),
    ("InvalidSecurity", Class::Credentials),
    ("InvalidSecurityGroupID.NotFound", Class::Gone),
    ("InvalidSecurityGroupRuleId.NotFound", Class::Gone),
    ("InvalidServiceName", Class::Invalid),
    ("InvalidSignatureException", Class::Credentials),
    ("InvalidStateException", Class::Conflict),
    ("InvalidSubnet", Class::Invalid),
    ("InvalidSubnet.Conflict", Class::Exists),
    ("InvalidSubnet.Range", Class::Invalid),
    ("InvalidSubnetID.NotFound", Class::Gone),
    ("InvalidSubnetId.NotFound", Class::Gone),
    ("InvalidVPCNetworkStateFault", Class::NotYet),
    ("InvalidVpc.Range", Class::Invalid),
    ("InvalidVpcEndpoint.NotFound", Class::Gone),
    ("InvalidVpcEndpointId.NotFound", Class::Gone),
    ("InvalidVpcID.NotFound", Class::Gone),
    ("InvalidVpcId.Malformed", Class::Invalid),
    ("KMSInternalException", Class::Ambiguous),
    ("KMSInvalidStateException", Class::NotYet),
    ("KMSKeyNotAccessibleFault", Class::Invalid),
    ("LimitExceeded", Class::Quota),
    ("LimitExceededException", Class::Quota),
    ("LimitExceededFault", Class::Quota),
    ("MalformedPolicyDocument", Class::Invalid),
    ("MalformedPolicyDocumentException", Class::Invalid),
    ("MissingAuthenticationToken", Class::Credentials),
    ("MissingAuthenticationTokenException", Class::Credentials),
    ("MissingParameter", Class::Invalid),
    ("NatGatewayLimitExceeded", Class::Quota),
    ("NatGatewayNotFound", Class::Gone),
    ("NetworkAclEntryAlreadyExists", Class::Exists),
    ("NetworkAclEntryLimitExceeded", Class::Quota),
    ("NetworkAclLimitExceeded", Class::Quota),
    ("NoSuchBucket", Class::Gone),
    ("NoSuchEntity", Class::Gone),
    ("NotAuthorized", Class::Denied),
    ("NotAuthorizedException", Class::Denied),
    ("NotFound", Class::Gone),
    ("NotFoundException", Class::Gone),
    ("ObjectNotFoundException", Class::Gone),
    ("OperationAbortedException", Class::NotYet),
    ("OperationNotPermitted", Class::Conflict),
    ("OperationNotPermittedException", Class::Conflict),
    ("OptInRequired", Class::Credentials),
    ("ParameterNotFound", Class::Gone),
    ("PendingVerification", Class::Denied),
    ("PolicyNotAttachable", Class::Invalid),
    ("PriorRequestNotComplete", Class::Throttled),
    ("ProvisionedThroughputExceededException", Class::Throttled),
    ("RegionDisabledException", Class::Credentials),
    ("RequestExpired", Class::Credentials),
    ("RequestInTheFuture", Class::Credentials),
    ("RequestLimitExceeded", Class::Throttled),
    ("RequestThrottled", Class::Throttled),
    ("RequestThrottledException", Class::Throttled),
    ("RequestTimeTooSkewed", Class::Credentials),
    ("RequestTimeout", Class::Ambiguous),
    ("RequestTimeoutException", Class::Ambiguous),
    ("Resource.AlreadyAssociated", Class::Exists),
    ("ResourceAlreadyExistsException", Class::Exists),
    ("ResourceInUse", Class::InUse),
    ("ResourceInUseException", Class::InUse),
    ("ResourceNotFound", Class::Gone),
    ("ResourceNotFoundException", Class::Gone),
    ("ResourceNotFoundFault", Class::Gone),
    ("RouteAlreadyExists", Class::Exists),
    ("RouteLimitExceeded", Class::Quota),
    ("RouteTableLimitExceeded", Class::Quota),
    ("RouteTableNotFoundException", Class::Gone),
    ("RulesPerSecurityGroupLimitExceeded", Class::Quota),
    ("SNSNoAuthorization", Class::Denied),
    ("SecurityGroupLimitExceeded", Class::Quota),
    ("SecurityGroupsPerInterfaceLimitExceeded", Class::Quota),
    ("ServerInternal", Class::Ambiguous),
    ("ServiceFailure", Class::Ambiguous),
    ("ServiceQuotaExceededException", Class::Quota),
    ("ServiceUnavailable", Class::Ambiguous),
    ("ServiceUnavailableException", Class::Ambiguous),
    ("SignatureDoesNotMatch", Class::Credentials),
    ("SlowDown", Class::Throttled),
    ("SnapshotQuotaExceeded", Class::Quota),
    ("SourceNotFound", Class::Gone),
    ("StaleTag", Class::NotYet),
    ("StaleTagException", Class::NotYet),
    ("StorageQuotaExceeded", Class::Quota),
    ("SubnetAlreadyInUse", Class::Conflict),
    ("SubnetLimitExceeded", Class::Quota),
    ("SubscriptionAlreadyExist", Class::Exists),
    ("SubscriptionLimitExceeded", Class::Quota),
    ("SubscriptionNotFound", Class::Gone),
    ("TagLimitExceeded", Class::Quota),
    ("TagLimitExceededException", Class::Quota),
    ("Throttled", Class::Throttled),
    ("ThrottledException", Class::Throttled),
    ("Throttling", Class::Throttled),
    ("ThrottlingException", Class::Throttled),
    ("TokenRefreshRequired", Class::Credentials),
    ("TooManyRequests", Class::Throttled),
    ("TooManyRequestsException", Class::Throttled),
    ("TooManyTags", Class::Quota),
    ("TooManyTagsException", Class::Quota),
    ("TopicLimitExceeded", Class::Quota),
    ("TransactionInProgressException", Class::Throttled),
    ("UnauthorizedOperation", Class::Denied),
    ("Unavailable", Class::Ambiguous),
    ("UnknownParameter", Class::Invalid),
    ("UnmodifiableEntity", Class::Conflict),
    ("UnrecognizedClientException", Class::Credentials),
    ("UnsupportedOperation", Class::Invalid),
    ("UnsupportedOperationException", Class::Invalid),
    ("VPCIdNotSpecified", Class::Invalid),
    ("ValidationError", Class::Invalid),
    ("ValidationException", Class::Invalid),
    ("VpcEndpointLimitExceeded", Class::Quota),
    ("VpcLimitExceeded", Class::Quota),
];

/// The meaning of a service's answer.
#[must_use]
pub fn classify(operation: &str, status: u16, code: &str, message: &str) -> Class {
    if let Some(row) = special(operation, code, message)
        && status < 500
    {
        return row.class;
    }
    let known = TABLE
        .binary_search_by(|(known, _)| known.cmp(&code))
        .ok()
        .and_then(|at| TABLE.get(at))
        .map(|(_, class)| *class);
    match (known, status) {
        // Documented as not executed whatever the status: EC2 throttles with 503.
        (Some(class @ (Class::Throttled | Class::Capacity | Class::Quota)), _) => class,
        (_, 408 | 500..) => Class::Ambiguous,
        (Some(class), _) => class,
        (None, 429) => Class::Throttled,
        (None, _) => family(code),
    }
}

/// Does this refusal say that something which was just made or changed is not yet seen? It passes by itself then; of
/// what nobody has touched lately it is final.
#[must_use]
pub fn awaits_propagation(operation: &str, code: &str, message: &str) -> bool {
    special(operation, code, message).is_some_and(|row| row.class == Class::NotYet)
}

fn special(operation: &str, code: &str, message: &str) -> Option<&'static Special> {
    let message = message.to_ascii_lowercase();
    SPECIAL.iter().find(|row| {
        row.code == code && operation.starts_with(row.operation) && message.contains(&row.message.to_ascii_lowercase())
    })
}

/// The meaning of a code that stands in no table: families grow with every new resource.
fn family(code: &str) -> Class {
    match code {
        code if code.ends_with(".NotFound")
            || code.ends_with("NotFoundFault")
            || code.ends_with("NotFoundException") =>
        {
            Class::Gone
        }
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
        let words = "Cannot delete protected Cluster, please disable deletion protection and try again.";
        let role =
            "The IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING";
        let plan = "Cannot find Backup plan with ID 1";
        for (operation, status, code, message, class) in [
            ("ec2:CreateVpc", 400, "VpcLimitExceeded", "", Class::Quota),
            ("ec2:CreateVpc", 500, "InternalError", "", Class::Ambiguous),
            ("ec2:CreateVpc", 500, "InvalidVpcID.NotFound", "", Class::Ambiguous),
            ("ec2:CreateVpc", 500, "Strange", "", Class::Ambiguous),
            ("ec2:CreateVpc", 503, "RequestLimitExceeded", "", Class::Throttled),
            ("ec2:CreateVpc", 503, "Unavailable", "", Class::Ambiguous),
            ("ec2:CreateVpc", 400, "IdempotentParameterMismatch", "", Class::Exists),
            ("ec2:CreateVpc", 403, "UnauthorizedOperation", "", Class::Denied),
            ("ec2:CreateVpc", 400, "RequestExpired", "", Class::Credentials),
            ("ec2:CreateSubnet", 400, "InvalidVpcID.NotFound", "", Class::NotYet),
            ("ec2:CreateSubnet", 400, "InvalidSubnet.Conflict", "", Class::Exists),
            ("ec2:DescribeVpcAttribute", 400, "InvalidVpcID.NotFound", "", Class::Gone),
            ("ec2:DeleteVpc", 400, "InvalidVpcID.NotFound", "", Class::Gone),
            ("ec2:DeleteVpc", 400, "DependencyViolation", "", Class::InUse),
            ("ec2:CreateRoute", 400, "InvalidNatGatewayID.NotFound", "", Class::NotYet),
            ("ec2:DetachInternetGateway", 400, "Gateway.NotAttached", "", Class::Gone),
            ("ec2:ReleaseAddress", 400, "AuthFailure", "", Class::Gone),
            ("ec2:DescribeVpcs", 401, "AuthFailure", "", Class::Credentials),
            ("ec2:X", 400, "InvalidWidgetID.NotFound", "", Class::Gone),
            ("kms:CreateKey", 400, "LimitExceededException", "", Class::Quota),
            ("kms:CreateKey", 400, "ThrottlingException", "", Class::Throttled),
            ("kms:CreateKey", 500, "KMSInternalException", "", Class::Ambiguous),
            ("kms:ScheduleKeyDeletion", 400, "KMSInvalidStateException", "… is pending deletion.", Class::Gone),
            ("kms:CreateAlias", 400, "KMSInvalidStateException", "… is pending deletion.", Class::Conflict),
            ("iam:DeleteRole", 409, "DeleteConflict", "", Class::InUse),
            ("iam:CreateRole", 400, "MalformedPolicyDocument", "Invalid principal in policy: \"AWS\"", Class::NotYet),
            ("iam:CreateRole", 400, "MalformedPolicyDocument", "Syntax errors in policy.", Class::Invalid),
            ("rds:CreateDBInstance", 400, "InvalidParameterValue", role, Class::NotYet),
            ("rds:CreateDBInstance", 400, "InvalidParameterValue", "Invalid DB Instance class: db.x", Class::Invalid),
            ("rds:ModifyDBCluster", 400, "InvalidDBClusterStateFault", "", Class::NotYet),
            ("rds:DeleteDBCluster", 400, "InvalidDBClusterStateFault", words, Class::Conflict),
            ("rds:DeleteDBCluster", 400, "InvalidParameterCombination", words, Class::Conflict),
            ("rds:CreateDBCluster", 400, "DBClusterAlreadyExistsFault", "", Class::Exists),
            ("rds:CreateEventSubscription", 400, "SubscriptionAlreadyExist", "", Class::Exists),
            ("rds:CreateDBInstance", 400, "InsufficientDBInstanceCapacity", "", Class::Capacity),
            ("rds:CreateDBInstance", 404, "CertificateNotFound", "", Class::Invalid),
            ("rds:X", 404, "WidgetNotFoundFault", "", Class::Gone),
            ("rds:X", 400, "Strange", "", Class::Other),
            ("backup:GetBackupSelection", 400, "InvalidParameterValueException", plan, Class::Gone),
            ("sns:X", 429, "Strange", "", Class::Throttled),
            ("sns:X", 408, "Strange", "", Class::Ambiguous),
        ] {
            assert_eq!(classify(operation, status, code, message), class, "{operation} {status} {code} {message}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_says_everything_once() {
        assert!(TABLE.is_sorted_by(|(a, _), (b, _)| a < b));
    }

    #[test]
    fn no_special_row_is_hidden_by_an_earlier_one() {
        for (at, row) in SPECIAL.iter().enumerate() {
            let hidden = SPECIAL[..at].iter().any(|earlier| {
                earlier.code == row.code
                    && row.operation.starts_with(earlier.operation)
                    && row.message.to_ascii_lowercase().contains(&earlier.message.to_ascii_lowercase())
            });
            assert!(!hidden, "{} {} {}", row.code, row.operation, row.message);
        }
    }

    #[test]
    fn a_delete_never_waits_for_what_is_gone() {
        for row in SPECIAL.iter().filter(|row| row.class == Class::NotYet && row.message.is_empty()) {
            for verb in ["Delete", "Detach", "Release", "Revoke", "Remove", "Unsubscribe"] {
                let hit =
                    row.operation.split(':').nth(1).is_some_and(|start| verb.starts_with(start) && !start.is_empty());
                assert!(!hit, "{} {}", row.code, row.operation);
            }
        }
    }
}
