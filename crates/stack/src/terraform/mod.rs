//! The desired graph as a Terraform plan document, for scanners that read nothing else.
//!
//! Checkov and Trivy know the resources of Terraform's AWS provider and the form of `terraform show -json`
//! (<https://developer.hashicorp.com/terraform/internals/json-format>). Here each kind is said in that language: one file,
//! one line in [`MAPPINGS`]. It stands in `stack`, since a domain crate knows its kinds and not what others call them, and a
//! document needs the kinds of all five.
//!
//! The document is a plan from nothing: every resource of the stack file, to be created. What is known only later (ids, and
//! names that hang on the state's lineage) is unknown in it, as it would be in Terraform's own. Nothing reads it back, so it
//! says what auroractl makes, not all that Terraform would have to be told to make the same.

mod block;
mod document;

mod backup_plan;
mod backup_selection;
mod backup_vault;
mod db_cluster;
mod db_cluster_parameter_group;
mod db_instance;
mod db_parameter_group;
mod db_subnet_group;
mod default_security_group;
mod elastic_ip;
mod flow_log;
mod iam_role;
mod iam_role_policy;
mod iam_role_policy_attachment;
mod internet_gateway;
mod internet_gateway_attachment;
mod kms_alias;
mod kms_key;
mod log_group;
mod metric_alarm;
mod nat_gateway;
mod route;
mod route_table;
mod route_table_association;
mod scalable_target;
mod scaling_policy;
mod security_group;
mod security_group_rule;
mod sns_subscription;
mod sns_topic;
mod subnet;
mod vpc;
mod vpc_endpoint;

#[cfg(test)]
mod tests;

pub use document::Document;

use auroractl_cluster::{
    BackupPlan, BackupSelection, BackupVault, DbCluster, DbInstance, ScalableTarget, ScalingPolicy,
};
use auroractl_core::kind::Malformed;
use auroractl_core::{Graph, Model, Of};
use auroractl_monitoring::{LogGroup, MetricAlarm, SnsSubscription, SnsTopic};
use auroractl_network::{
    DbSubnetGroup, DefaultSecurityGroup, ElasticIp, FlowLog, InternetGateway, InternetGatewayAttachment, NatGateway,
    Route, RouteTable, RouteTableAssociation, SecurityGroup, SecurityGroupRule, Subnet, Vpc, VpcEndpoint,
};
use auroractl_params::{DbClusterParameterGroup, DbParameterGroup};
use auroractl_security::{IamRole, IamRolePolicy, IamRolePolicyAttachment, KmsAlias, KmsKey};
use block::{Block, Sheet};
use serde_json::Value;

/// Stands in ARNs where the stack file names no account. AWS gives no account this number.
pub const NO_ACCOUNT: &str = "000000000000";

/// How each kind is said in Terraform.
const MAPPINGS: &[&dyn Mapping] = &[
    &Of::<BackupPlan>::NEW,
    &Of::<BackupSelection>::NEW,
    &Of::<BackupVault>::NEW,
    &Of::<DbCluster>::NEW,
    &Of::<DbClusterParameterGroup>::NEW,
    &Of::<DbInstance>::NEW,
    &Of::<DbParameterGroup>::NEW,
    &Of::<DbSubnetGroup>::NEW,
    &Of::<DefaultSecurityGroup>::NEW,
    &Of::<ElasticIp>::NEW,
    &Of::<FlowLog>::NEW,
    &Of::<IamRole>::NEW,
    &Of::<IamRolePolicy>::NEW,
    &Of::<IamRolePolicyAttachment>::NEW,
    &Of::<InternetGateway>::NEW,
    &Of::<InternetGatewayAttachment>::NEW,
    &Of::<KmsAlias>::NEW,
    &Of::<KmsKey>::NEW,
    &Of::<LogGroup>::NEW,
    &Of::<MetricAlarm>::NEW,
    &Of::<NatGateway>::NEW,
    &Of::<Route>::NEW,
    &Of::<RouteTable>::NEW,
    &Of::<RouteTableAssociation>::NEW,
    &Of::<ScalableTarget>::NEW,
    &Of::<ScalingPolicy>::NEW,
    &Of::<SecurityGroup>::NEW,
    &Of::<SecurityGroupRule>::NEW,
    &Of::<SnsSubscription>::NEW,
    &Of::<SnsTopic>::NEW,
    &Of::<Subnet>::NEW,
    &Of::<Vpc>::NEW,
    &Of::<VpcEndpoint>::NEW,
];

/// A kind that Terraform's AWS provider has a resource type for.
///
/// Implementations destructure the spec exhaustively, so that a field which nobody has said does not compile.
trait Terraform: Model {
    /// The resource type.
    const TYPE: &'static str;

    /// The resource type of this one, for a kind that Terraform has two for.
    fn resource_type(&self) -> &'static str {
        Self::TYPE
    }

    /// The attribute that holds one of the kind's outputs.
    fn attribute(_output: &str) -> &'static str {
        "id"
    }

    /// Writes the arguments.
    fn say(&self, block: &mut Block<'_>);
}

/// A [`Terraform`] kind without its type.
trait Mapping: Sync {
    fn kind(&self) -> &'static str;
    #[cfg(test)]
    fn main_type(&self) -> &'static str;
    fn attribute(&self, output: &str) -> &'static str;
    /// Writes the arguments, and answers with the resource type.
    fn say(&self, spec: &Value, block: &mut Block<'_>) -> Result<&'static str, Malformed>;
}

impl<M: Terraform> Mapping for Of<M> {
    fn kind(&self) -> &'static str {
        M::KIND
    }
    #[cfg(test)]
    fn main_type(&self) -> &'static str {
        M::TYPE
    }
    fn attribute(&self, output: &str) -> &'static str {
        M::attribute(output)
    }
    fn say(&self, spec: &Value, block: &mut Block<'_>) -> Result<&'static str, Malformed> {
        let spec = Self::spec(spec)?;
        spec.say(block);
        Ok(spec.resource_type())
    }
}

/// Why there is no document. Either is a fault in auroractl.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TerraformError {
    /// A spec that its own kind can't read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A kind without a line in the table.
    #[error("there is no Terraform resource type for `{0}`")]
    Unmapped(String),
}

/// Writes a desired graph as a Terraform plan document.
///
/// Equal graphs give equal documents: no clock, no environment, no state.
///
/// # Errors
/// When a kind has no mapping or a spec is not of its kind's form; both are faults in auroractl.
pub fn document(graph: &Graph) -> Result<Document, TerraformError> {
    let mut sheet = Sheet::new(graph);
    for address in graph.order() {
        let Some(node) = graph.node(address) else { continue };
        let mapping = MAPPINGS.iter().find(|mapping| mapping.kind() == address.kind());
        let mapping = *mapping.ok_or_else(|| TerraformError::Unmapped(address.kind().to_owned()))?;
        let mut block = Block::new(&sheet);
        let resource_type = mapping.say(&node.spec, &mut block)?;
        let said = block.end(resource_type, mapping, address);
        sheet.add(address.clone(), said);
    }
    Ok(Document::new(&sheet))
}
