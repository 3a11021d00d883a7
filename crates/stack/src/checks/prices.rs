//! Prices of the stack file: names that a bill has, and amounts that are some.

use super::{Check, Subject};
use crate::cost::is_price;
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check =
    Check { name: "prices", about: "Prices have names that a bill knows, and are no less than nothing.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let at = Path::of("cost.prices");
    for (key, usd) in &subject.config.cost.prices {
        let here = at.key(key.clone());
        if !is_price(key) {
            problems.push(
                Problem::error(CHECK.name, format!("no bill has a price `{key}`"))
                    .at(&here, "an instance class, or a name that `auroractl cost` shows"),
            );
        }
        if !usd.is_finite() || *usd < 0.0 {
            problems.push(Problem::error(CHECK.name, format!("{usd} is no price")).at(&here, "US dollars, 0 or more"));
        }
    }
}
