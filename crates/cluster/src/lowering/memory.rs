//! Members compare by their memory: who takes the writer's role has to bear the writer's load.
//!
//! A serverless member has as much as its cluster's capacity range lets it grow
//! to, but it has grown to the writer's size only where it follows the writer's
//! load, which Aurora lets readers of the first two promotion tiers do
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.how-it-works.html>).
//! Any other is as large as its own load has made it, and would grow while writes
//! wait.

use crate::db_instance::{DbInstance, SERVERLESS};

/// GiB of memory that a capacity unit stands for.
const GIB_OF_ACU: f64 = 2.0;

/// The last promotion tier whose serverless readers follow the writer's load.
pub const LAST_FOLLOWING_TIER: u8 = 1;

/// Memory of a class in GiB. Of `db.serverless` it is what `max_acu` comes to, the most capacity of its cluster; nothing
/// where the cluster has no range.
///
/// Of provisioned classes the family says what `large` has, and the size how often it has that. The table of classes is
/// another crate's, and a class that is newer than the table has its size in its name all the same.
#[must_use]
pub fn strength(class: &str, max_acu: Option<f64>) -> f64 {
    if class == SERVERLESS {
        return max_acu.unwrap_or_default() * GIB_OF_ACU;
    }
    let (family, size) = class.strip_prefix("db.").and_then(|name| name.split_once('.')).unwrap_or_default();
    let large = match family.chars().next() {
        Some('t') => 8.0,
        Some('x') => 32.0,
        _ => 16.0,
    };
    large * larges(size)
}

/// How often a size has the memory of `large`. A size that nobody knows has none, so that nobody relies on it.
fn larges(size: &str) -> f64 {
    let of_xlarge = |times: &str| times.parse::<u32>().ok().map(|times| 2.0 * f64::from(times));
    match size {
        "micro" => 0.125,
        "small" => 0.25,
        "medium" => 0.5,
        "large" => 1.0,
        "xlarge" => 2.0,
        _ => size.strip_suffix("xlarge").and_then(of_xlarge).unwrap_or_default(),
    }
}

/// How strong a reader is at the moment that it takes over; `None` for a serverless one that does not follow the writer.
pub(super) fn on_taking_over(reader: &DbInstance, max_acu: Option<f64>) -> Option<f64> {
    let grown = reader.db_instance_class != SERVERLESS || reader.promotion_tier <= LAST_FOLLOWING_TIER;
    grown.then(|| strength(&reader.db_instance_class, max_acu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_compare_by_their_memory() {
        let order = [
            "db.t4g.micro",
            "db.t4g.medium",
            "db.t3.large",
            "db.r7g.large",
            "db.x2g.large",
            "db.r6g.2xlarge",
            "db.r7g.16xlarge",
            "db.r8g.24xlarge",
        ];
        assert!(order.windows(2).all(|pair| strength(pair[0], None) < strength(pair[1], None)), "{order:?}");
        assert_eq!(strength("db.r7g.large", None), strength("db.r8g.large", None));
        assert_eq!(strength("db.x2g.large", None), strength("db.r7g.xlarge", None));
        assert_eq!(strength("db.r7g.4xlarge", None), 128.0);
    }

    #[test]
    fn a_serverless_member_is_as_strong_as_its_range() {
        assert_eq!(strength(SERVERLESS, Some(8.0)), strength("db.r7g.large", Some(8.0)));
        assert!(strength(SERVERLESS, Some(8.0)) < strength("db.r7g.4xlarge", Some(8.0)));
        assert!(strength(SERVERLESS, Some(128.0)) > strength("db.r7g.4xlarge", Some(128.0)));
        assert_eq!(strength(SERVERLESS, None), 0.0);
    }

    #[test]
    fn what_nobody_knows_is_not_relied_on() {
        assert!(["db.r9g.huge", "db.r9g", "r9g", ""].into_iter().all(|class| strength(class, Some(8.0)) == 0.0));
    }

    #[test]
    fn only_who_follows_the_writer_has_grown() {
        let reader = |class: &str, promotion_tier| {
            let member = DbInstance { promotion_tier, ..crate::testing::member("a", class) };
            on_taking_over(&member, Some(8.0))
        };
        assert_eq!((reader(SERVERLESS, 0), reader(SERVERLESS, 1)), (Some(16.0), Some(16.0)));
        assert_eq!((reader(SERVERLESS, 2), reader(SERVERLESS, 15)), (None, None));
        assert_eq!(reader("db.r7g.large", 15), Some(16.0));
    }
}
