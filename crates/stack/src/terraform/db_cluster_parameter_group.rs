//! A cluster parameter group is an `aws_rds_cluster_parameter_group`; here also stands how both kinds of groups say their
//! parameters.

use super::Terraform;
use super::block::{Block, Nested};
use auroractl_params::{DbClusterParameterGroup, Parameters, catalogue};

impl Terraform for DbClusterParameterGroup {
    const TYPE: &'static str = "aws_rds_cluster_parameter_group";

    fn attribute(_output: &str) -> &'static str {
        "name"
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self { family, parameters, tags } = self;
        group(block, family, parameters).tags(tags);
    }
}

/// Name and description hang on the state's lineage and the address.
pub(super) fn group<'a, 'b>(block: &'b mut Block<'a>, family: &str, parameters: &Parameters) -> &'b mut Block<'a> {
    let one = |(name, value): (&String, &String)| {
        // RDS refuses `immediate` for static parameters.
        let method = if catalogue::is_static(name) { "pending-reboot" } else { "immediate" };
        Nested::default().with("name", name.as_str()).with("value", value.as_str()).with("apply_method", method)
    };
    let parameters = parameters.as_map().iter().map(one).collect();
    block.later("name").later("description").set("family", family).blocks("parameter", parameters)
}
