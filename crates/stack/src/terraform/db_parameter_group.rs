//! An instance parameter group is an `aws_db_parameter_group`.

use super::Terraform;
use super::block::Block;
use super::db_cluster_parameter_group::group;
use auroractl_params::DbParameterGroup;

impl Terraform for DbParameterGroup {
    const TYPE: &'static str = "aws_db_parameter_group";

    fn attribute(_output: &str) -> &'static str {
        "name"
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self { family, parameters, tags } = self;
        group(block, family, parameters).tags(tags);
    }
}
