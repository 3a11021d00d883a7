//! The backup and the maintenance window: well formed, long enough, apart.

use super::{Check, Subject};
use crate::config::{BackupWindow, MaintenanceWindow, WindowError};
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check =
    Check { name: "window", about: "Windows are well formed, at least 30 minutes long, and do not overlap.", run };

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let cluster = &subject.config.cluster;
    let backup_at = Path::of("cluster.backup.window");
    let maintenance_at = Path::of("cluster.maintenance.window");
    let backup = match cluster.backup.window.parse::<BackupWindow>() {
        Ok(window) => Some(window),
        Err(error) => {
            let better = BackupWindow::hour_from(&cluster.backup.window).map(|window| window.to_string());
            problems.push(malformed("backup", &cluster.backup.window, &error, better, &backup_at));
            None
        }
    };
    let maintenance = match cluster.maintenance.window.parse::<MaintenanceWindow>() {
        Ok(window) => Some(window),
        Err(error) => {
            let better = MaintenanceWindow::hour_from(&cluster.maintenance.window).map(|window| window.to_string());
            problems.push(malformed("maintenance", &cluster.maintenance.window, &error, better, &maintenance_at));
            None
        }
    };
    if let (Some(backup), Some(maintenance)) = (backup, maintenance)
        && backup.overlaps(&maintenance)
    {
        problems.push(
            Problem::error(CHECK.name, "the backup window and the maintenance window overlap, which RDS refuses")
                .at(&backup_at, format!("daily {backup} UTC"))
                .at(&maintenance_at, format!("weekly {maintenance} UTC"))
                .help("move one of them; both are in UTC"),
        );
    }
}

fn malformed(which: &str, given: &str, error: &WindowError, better: Option<String>, path: &Path) -> Problem {
    let problem = Problem::error(CHECK.name, format!("the {which} window `{given}` {error}")).at(path, "in UTC");
    match better {
        Some(better) => problem.help(format!("for example `{better}`")),
        None => problem,
    }
}
