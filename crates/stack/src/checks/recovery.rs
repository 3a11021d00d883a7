//! Recovery targets: durations.

use super::{Check, Subject};
use crate::config::Recovery;
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check = Check { name: "recovery", about: "Recovery targets are durations.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let recovery = &subject.config.recovery;
    for (key, text) in [("rpo", &recovery.rpo), ("rto", &recovery.rto)] {
        if Recovery::seconds(text).is_none() {
            problems.push(
                Problem::error(CHECK.name, format!("`{text}` is not a duration"))
                    .at(&Path::of("recovery").key(key), "expected a number with `s`, `m`, `h` or `d`, such as `5m`"),
            );
        }
    }
}
