//! Section `network`: a VPC that the stack makes (`network.vpc`), or one that exists (`network.existing`).

use super::monitoring::LogRetention;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Section `network`. Exactly one of `vpc` and `existing` is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// A VPC that this stack makes and owns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<CreatedVpc>,
    /// A VPC that exists: it is verified (private subnets, two zones, DNS attributes) and never changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing: Option<ExistingNetwork>,
    /// Who may connect to the database port.
    pub access: Access,
}

/// A VPC that the stack makes, with subnets in every availability zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CreatedVpc {
    /// Address range of the VPC, /16 to /28.
    pub cidr: String,
    /// The availability zones by name, for example `["us-east-1a", "us-east-1b", "us-east-1c"]`. Empty: the first
    /// `az_count` zones of the region.
    pub availability_zones: Vec<String>,
    /// How many zones to use when `availability_zones` is empty. Aurora needs at least two; three survive the loss of one
    /// with redundancy left.
    #[schemars(range(min = 2, max = 6))]
    pub az_count: u8,
    /// One address range per zone for the private subnets, where the database lives. Empty: carved from `cidr`.
    pub private_subnets: Vec<String>,
    /// One address range per zone for the public subnets, where NAT gateways live. Empty: carved from `cidr`. Not made when
    /// `nat` is `none`.
    pub public_subnets: Vec<String>,
    /// How private subnets reach the internet. The database itself never needs to.
    pub nat: Nat,
    /// VPC endpoints: AWS services reached without leaving the VPC. For the applications in it; Aurora's own backups and
    /// log export use none of them.
    pub endpoints: Vec<Endpoint>,
    /// Takes all rules off the VPC's default security group, which whatever is launched without a group gets: AWS lets its
    /// members reach one another and everything else.
    pub close_default_security_group: bool,
    /// Flow logs of the whole VPC: who talked to whom, and what was refused. Not set: none are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_logs: Option<FlowLogs>,
}

impl Default for CreatedVpc {
    fn default() -> Self {
        Self {
            cidr: "10.0.0.0/16".to_owned(),
            availability_zones: Vec::new(),
            az_count: 3,
            private_subnets: Vec::new(),
            public_subnets: Vec::new(),
            nat: Nat::None,
            endpoints: Vec::new(),
            close_default_security_group: true,
            flow_logs: None,
        }
    }
}

/// Flow logs of the VPC, written to a log group that is encrypted with the stack's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FlowLogs {
    /// What is recorded.
    pub traffic: FlowTraffic,
    /// Days that they are kept.
    #[schemars(extend("enum" = LogRetention::DAYS))]
    pub retention_days: u32,
    /// Seconds that traffic is gathered before it is written, 60 or 600: a shorter time shows more, and costs more.
    #[schemars(extend("enum" = [60, 600]))]
    pub aggregation_seconds: u16,
}

impl Default for FlowLogs {
    fn default() -> Self {
        Self { traffic: FlowTraffic::All, retention_days: 365, aggregation_seconds: 600 }
    }
}

/// What flow logs record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FlowTraffic {
    /// What was let through and what was refused.
    All,
    /// What was let through.
    Accept,
    /// What was refused.
    Reject,
}

/// How many NAT gateways are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nat {
    /// One in each zone: no zone depends on another. About 33 USD a month each, and traffic.
    PerAz,
    /// One for all zones: cheaper, and gone with its zone.
    Single,
    /// None: no public subnets, no internet gateway.
    None,
}

/// An AWS service with an endpoint in the VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// S3, a gateway endpoint (free): for `aws_s3` import and export.
    S3,
    /// Secrets Manager: for applications that read the master secret.
    SecretsManager,
    /// CloudWatch Logs: for agents in the VPC.
    Logs,
    /// KMS.
    Kms,
    /// STS: for IAM database authentication with assumed roles.
    Sts,
    /// CloudWatch metrics.
    Monitoring,
    /// The RDS API.
    Rds,
}

impl Endpoint {
    /// The service part of the endpoint's service name, `com.amazonaws.<region>.<service>`.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::SecretsManager => "secretsmanager",
            Self::Logs => "logs",
            Self::Kms => "kms",
            Self::Sts => "sts",
            Self::Monitoring => "monitoring",
            Self::Rds => "rds",
        }
    }

    /// The name by which EC2 knows it. In China's regions some services' names have a prefix, and `DescribeVpcEndpointServices`
    /// lists which (<https://docs.amazonaws.cn/en_us/vpc/latest/privatelink/aws-services-privatelink-support.html>).
    #[must_use]
    pub fn service_name(self, region: &str) -> String {
        let prefixed = region.starts_with("cn-") && matches!(self, Self::Sts | Self::Monitoring | Self::Rds);
        format!("{}com.amazonaws.{region}.{}", if prefixed { "cn." } else { "" }, self.service())
    }

    /// Whether it is a gateway endpoint (in route tables) and not an interface endpoint (in subnets).
    #[must_use]
    pub fn is_gateway(self) -> bool {
        self == Self::S3
    }
}

/// A network that exists already. auroractl verifies it and never changes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExistingNetwork {
    /// Id of the VPC, for example `vpc-0a1b2c3d4e5f60718`.
    pub vpc_id: String,
    /// Ids of private subnets in at least two availability zones.
    #[schemars(length(min = 2))]
    pub subnet_ids: Vec<String>,
    /// Ids of security groups to attach to the cluster, beside the one that the stack makes for it.
    #[serde(default)]
    pub security_group_ids: Vec<String>,
}

/// Who may connect to the database port. Nobody by default but the members of the application group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// Address ranges that may connect, each as narrow as possible.
    pub allowed_cidrs: Vec<String>,
    /// Ids of existing security groups whose members may connect.
    pub allowed_security_groups: Vec<String>,
    /// Makes a security group for applications: whatever carries it may connect to the database, and to nothing else.
    pub app_security_group: bool,
}

impl Default for Access {
    fn default() -> Self {
        Self { allowed_cidrs: Vec::new(), allowed_security_groups: Vec::new(), app_security_group: true }
    }
}
