//! RDS's states: which of them may be used, which are final, and which will pass.
//!
//! AWS adds states without notice, so a state that stands in no list here is
//! one that will pass: a wait goes on, and its deadline ends it.

use auroractl_core::Readiness;

/// States of a cluster that no wait outlives (ACK's and Terraform's lists).
const CLUSTER_FAILED: &[&str] =
    &["cloning-failed", "failed", "incompatible-restore", "migration-failed", "restore-failed"];
/// States of a cluster that only people end. They befall one that holds data, also where no run has ever seen it usable: it
/// comes back with its key, its network or its values.
const CLUSTER_HALTED: &[&str] = &[
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-network",
    "incompatible-parameters",
    STOPPED,
];
const STOPPED: &str = "stopped";
/// States of an instance that no wait outlives.
const INSTANCE_FAILED: &[&str] = &[
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-create",
    "incompatible-credentials",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "insufficient-capacity",
    "modify-failed",
    "restore-error",
    "restore-failed",
    "upgrade-failed",
];

/// What the state of a cluster means.
pub(crate) fn of_cluster(status: &str) -> Readiness {
    read(status, CLUSTER_FAILED, CLUSTER_HALTED)
}

/// What the state of an instance means.
pub(crate) fn of_instance(status: &str) -> Readiness {
    read(status, INSTANCE_FAILED, &[STOPPED])
}

fn read(status: &str, failed: &[&str], halted: &[&str]) -> Readiness {
    match status {
        "available" => Readiness::Ready,
        "deleting" | "delete-precheck" => Readiness::Deleting,
        _ if failed.contains(&status) => Readiness::Failed(format!("its status is {status}{}", advice(status))),
        _ if halted.contains(&status) => Readiness::Halted(format!("its status is {status}{}", advice(status))),
        _ => Readiness::Pending(status.to_owned()),
    }
}

/// What to do about a state that does not pass by itself, where AWS's name for it does not say.
fn advice(status: &str) -> &'static str {
    match status {
        "inaccessible-encryption-credentials" | "inaccessible-encryption-credentials-recoverable" => {
            ": its KMS key can't be used; enable the key or its grants within 7 days, or the data is lost"
        }
        "incompatible-network" => ": its subnets have no free addresses, or the subnet group was changed",
        "incompatible-parameters" => {
            ": it can't start with the values of its parameter groups; reset them and restart it"
        }
        "stopped" => ": start it with `aws rds start-db-cluster`; RDS does so by itself after seven days",
        "insufficient-capacity" => ": AWS has no capacity for this class in this zone; choose another class or zone",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_states_will_pass() {
        for status in ["creating", "backing-up", "modifying", "upgrading", "renaming", "a-state-of-2031"] {
            assert_eq!(of_cluster(status), Readiness::Pending(status.to_owned()));
            assert_eq!(of_instance(status), Readiness::Pending(status.to_owned()));
        }
    }

    #[test]
    fn who_stopped_a_cluster_is_told_how_to_start_it() {
        for read in [of_cluster, of_instance] {
            let Readiness::Halted(told) = read("stopped") else { panic!("it holds data and is not made anew") };
            assert!(told.starts_with("its status is stopped: start it with `aws rds start-db-cluster`"), "{told}");
            assert_eq!(read("stopping"), Readiness::Pending("stopping".to_owned()));
            assert_eq!(read("starting"), Readiness::Pending("starting".to_owned()));
        }
    }

    #[test]
    fn final_states_end_a_wait() {
        assert!(CLUSTER_FAILED.iter().all(|status| matches!(of_cluster(status), Readiness::Failed(_))));
        assert!(CLUSTER_HALTED.iter().all(|status| matches!(of_cluster(status), Readiness::Halted(_))));
        assert!(INSTANCE_FAILED.iter().all(|status| matches!(of_instance(status), Readiness::Failed(_))));
        assert_eq!(of_cluster("deleting"), Readiness::Deleting);
        assert_eq!(of_cluster("available"), Readiness::Ready);
    }
}
