//! Several stacks at once through a short storm; `auroractl-load` plays more of them.

use auroractl_tests::load::{Load, play};
use std::time::Duration;

#[test]
fn stacks_that_share_a_bucket_come_up_through_a_storm() {
    let load = Load { stacks: 4, processes: 4, storm: Duration::from_secs(3), throttled: 900, seed: 7 };
    let outcome = play(load).unwrap();
    assert!(outcome.wrong.is_empty(), "{outcome}");
    assert!(outcome.calls.1 > 20, "there was a storm: {outcome}");
    // Of ten calls nine are throttled while it lasts, and each waits longer than the one before.
    assert!(
        outcome.calls.1 < 3 * outcome.calls.0 / 4,
        "calls that are throttled are not sent again at once: {outcome}"
    );
}
