//! Reader autoscaling: a range that holds the declared readers, and a target in the metric's unit.

use super::{Check, Subject};
use crate::config::{Autoscaling, AutoscalingMetric};
use crate::diagnostics::{At, Problem};
use crate::path::Path;

pub(super) const CHECK: Check = Check {
    name: "autoscaling",
    about: "The range of readers holds the declared ones, and the target fits the metric.",
    run,
};

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let Some(scaling) = &subject.config.cluster.autoscaling else { return };
    let at = Path::of("cluster.autoscaling");
    let readers = subject.config.members().len().saturating_sub(1);
    if scaling.min_readers > scaling.max_readers {
        problems.push(
            Problem::error(
                CHECK.name,
                format!("`min_readers` {} is more than `max_readers` {}", scaling.min_readers, scaling.max_readers),
            )
            .at(&at.key("min_readers"), "fewest")
            .at(&at.key("max_readers"), "most"),
        );
    } else if readers > usize::from(scaling.max_readers) {
        problems.push(
            Problem::error(
                CHECK.name,
                format!("{readers} readers are declared, and autoscaling keeps at most {}", scaling.max_readers),
            )
            .at(&at.key("max_readers"), format!("at least {readers}")),
        );
    }
    target(scaling, &at, problems);
}

fn target(scaling: &Autoscaling, at: &Path, problems: &mut Vec<Problem>) {
    match (scaling.metric, scaling.target) {
        (AutoscalingMetric::Cpu, Some(target)) if target > 100.0 => problems.push(
            Problem::error(CHECK.name, format!("a CPU target of {target} % is never reached"))
                .at(&at.key("target"), "1 to 100 percent"),
        ),
        (AutoscalingMetric::Connections, None) => problems.push(
            Problem::error(CHECK.name, "autoscaling on connections needs a `target`")
                .mark(At::Key(at.clone()), "needs `target`")
                .help("the average number of connections of a reader, for example `target = 500`"),
        ),
        _ => {}
    }
}
