//! How changes are made: the limit of lag is a duration.

use super::{Check, Subject};
use crate::config::Changes;
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check = Check { name: "changes", about: "The limit of a reader's lag is a duration.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let text = &subject.config.changes.max_replica_lag;
    if Changes::lag(text).is_none() {
        problems.push(Problem::error(CHECK.name, format!("`{text}` is no lag that can be waited for")).at(
            &Path::of("changes").key("max_replica_lag"),
            "expected a number with `ms` or `s`, at most `600s`, such as `500ms`",
        ));
    }
}
