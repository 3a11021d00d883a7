//! Whose a key is that the stack is given: the design rules ask for a customer's.

use auroractl_aws::Aws;
use auroractl_engine::CallError;
use aws_sdk_kms::types::KeyManagerType;

/// Is the key the customer's (`KeyManager` is `CUSTOMER`)? Takes its id, ARN or alias.
///
/// # Errors
/// When AWS can't be asked, or has no such key.
pub async fn is_customers(aws: &Aws, key: &str) -> Result<bool, CallError> {
    let call = || aws.kms().describe_key().key_id(key).send();
    let answer = aws.read("kms:DescribeKey", call).await?;
    Ok(answer.key_metadata().and_then(|key| key.key_manager()) == Some(&KeyManagerType::Customer))
}
