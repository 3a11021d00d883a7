//! What can be known to fail before the first write: versions, classes and quotas that AWS does not have.
//!
//! Found by the create call, each of these would come minutes into an apply,
//! when half of the stack is made. Only a plan that makes or changes such things
//! asks; a plan without changes asks nothing.

mod judge;
mod offers;
mod wish;

pub use judge::{Finding, Topic, judge};
pub use offers::{ClassOffer, Offers, Quota, Version};
pub use wish::{Want, Wish};

use auroractl_aws::Aws;
use auroractl_engine::CallError;

/// Asks AWS what it offers and says everything that the plan wants beyond it.
///
/// # Errors
/// When AWS can't be asked. A quota that the caller may not see is a finding, not an error.
pub async fn check(aws: &Aws, wish: &Wish) -> Result<Vec<Finding>, CallError> {
    Ok(judge(wish, &offers::fetch(aws, wish).await?))
}
