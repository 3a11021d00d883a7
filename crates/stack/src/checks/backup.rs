//! A plan of AWS Backup: a time of day, the name of a vault, a vault elsewhere.

use super::{Check, Subject};
use crate::config::BackupPlan;
use crate::diagnostics::Problem;
use crate::path::Path;

pub(super) const CHECK: Check = Check {
    name: "backup",
    about: "The backup plan has a time of day, a vault that AWS takes, and copies elsewhere.",
    run,
};

fn run(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let Some(backup) = &subject.config.backup else { return };
    let at = Path::of("backup");
    if backup.time().is_none() {
        problems.push(
            Problem::error(CHECK.name, format!("`{}` is no time of day", backup.daily_at))
                .at(&at.key("daily_at"), "expected `HH:MM` in UTC")
                .help("for example `05:00`"),
        );
    }
    vault(subject, problems);
    if let Some(to) = &backup.copy_to {
        copy(subject, to, problems);
    }
}

/// `^[a-zA-Z0-9_-]{2,50}$`
fn vault(subject: &Subject<'_>, problems: &mut Vec<Problem>) {
    let name = subject.config.vault_name();
    let fits = (2..=50).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    // The default follows from the stack's name, which has a check of its own.
    if !fits && subject.config.backup.as_ref().is_some_and(|backup| backup.vault.is_some()) {
        problems.push(
            Problem::error(CHECK.name, format!("`{name}` is not the name of a vault"))
                .at(&Path::of("backup.vault"), "2 to 50 letters, digits, hyphens and underscores"),
        );
    }
}

fn copy(subject: &Subject<'_>, to: &str, problems: &mut Vec<Problem>) {
    let (at, here) = (Path::of("backup.copy_to"), subject.config.stack.region.as_str());
    match BackupPlan::region_of(to) {
        None => problems.push(
            Problem::error(CHECK.name, format!("`{to}` is not the ARN of a vault"))
                .at(&at, "expected `arn:aws:backup:<region>:<account>:backup-vault:<name>`"),
        ),
        Some(region) if region == here => problems.push(
            Problem::error(CHECK.name, format!("copies would stay in `{here}`"))
                .at(&at, "a vault of the stack's own region")
                .at(&Path::of("stack.region"), "the region")
                .help("name a vault in another region, or delete `copy_to`"),
        ),
        Some(_) => {}
    }
}
