//! Security: the key that encrypts everything, and the role by which RDS reports what happens on its hosts.
//!
//! One file per kind, one line in [`KINDS`].

mod iam_role;
mod iam_role_policy_attachment;
mod kms_alias;
mod kms_key;

use auroractl_aws::Aws;
use auroractl_core::Of;
use auroractl_engine::Kind;

pub use iam_role::{IamRole, IamRoleOutputs};
pub use iam_role_policy_attachment::{IamRolePolicyAttachment, IamRolePolicyAttachmentOutputs};
pub use kms_alias::{KmsAlias, KmsAliasOutputs};
pub use kms_key::{KeyPolicy, KmsKey, KmsKeyOutputs};

/// The kinds of this crate.
pub const KINDS: &[&dyn Kind<Aws>] =
    &[&Of::<IamRole>::NEW, &Of::<IamRolePolicyAttachment>::NEW, &Of::<KmsAlias>::NEW, &Of::<KmsKey>::NEW];
