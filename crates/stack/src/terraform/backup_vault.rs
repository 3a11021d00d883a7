//! A vault is an `aws_backup_vault`.

use super::Terraform;
use super::block::Block;
use auroractl_cluster::BackupVault;

impl Terraform for BackupVault {
    const TYPE: &'static str = "aws_backup_vault";

    fn attribute(_output: &str) -> &'static str {
        "name"
    }

    fn say(&self, block: &mut Block<'_>) {
        let Self { backup_vault_name, encryption_key_arn, tags } = self;
        block.set("name", backup_vault_name.as_str()).input("kms_key_arn", encryption_key_arn).tags(tags);
    }
}
