//! Calls that act on several objects and report the fate of each inside a good answer: a success that may be a failure.

use auroractl_aws::codes::classify;
use auroractl_engine::CallError;
use aws_sdk_ec2::types::UnsuccessfulItem;

/// Was everything done?
///
/// # Errors
/// The first refusal, with the meaning that its code has in an answer of its own.
pub(crate) fn all_done(operation: &str, refused: &[UnsuccessfulItem]) -> Result<(), CallError> {
    let Some(item) = refused.first() else { return Ok(()) };
    let code = item.error().and_then(|error| error.code()).unwrap_or("Unsuccessful");
    let message = item.error().and_then(|error| error.message()).unwrap_or_default();
    let class = classify(operation, 400, code, message);
    Err(CallError { code: Some(code.to_owned()), ..CallError::new(operation, class, message) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use auroractl_engine::Class;
    use aws_sdk_ec2::types::UnsuccessfulItemError;

    #[test]
    fn a_refusal_means_what_its_code_means() {
        let refused = |code: &str| {
            let error = UnsuccessfulItemError::builder().code(code).message("no").build();
            let item = UnsuccessfulItem::builder().resource_id("fl-1").error(error).build();
            all_done("ec2:DeleteFlowLogs", &[item]).unwrap_err().class
        };
        assert_eq!(refused("InvalidFlowLogId.NotFound"), Class::Gone);
        assert_eq!(refused("FlowLogsLimitExceeded"), Class::Quota);
        assert_eq!(refused("Strange"), Class::Other);
        assert_eq!(all_done("ec2:DeleteFlowLogs", &[]), Ok(()));
    }
}
