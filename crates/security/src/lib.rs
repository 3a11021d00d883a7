//! Security: the key that encrypts everything, and the roles by which services act for the stack.
//!
//! One file per kind, one line in [`KINDS`]. Beside them stands [`KeyPolicy`], who may use the key.

mod iam_role;
mod iam_role_policy;
mod iam_role_policy_attachment;
mod key_policy;
mod key_users;
mod kms_alias;
mod kms_key;
pub mod live;
#[cfg(test)]
mod testing;

use auroractl_aws::Aws;
use auroractl_core::Of;
use auroractl_engine::Kind;

pub use iam_role::{IamRole, IamRoleOutputs};
pub use iam_role_policy::{IamRolePolicy, IamRolePolicyOutputs};
pub use iam_role_policy_attachment::{IamRolePolicyAttachment, IamRolePolicyAttachmentOutputs};
pub use key_policy::KeyPolicy;
pub use kms_alias::{KmsAlias, KmsAliasOutputs};
pub use kms_key::{KmsKey, KmsKeyOutputs};

/// The kinds of this crate.
pub const KINDS: &[&dyn Kind<Aws>] = &[
    &Of::<IamRole>::NEW,
    &Of::<IamRolePolicy>::NEW,
    &Of::<IamRolePolicyAttachment>::NEW,
    &Of::<KmsAlias>::NEW,
    &Of::<KmsKey>::NEW,
];
