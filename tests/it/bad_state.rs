//! Trials F28 to F36: disks and folders in which a state can't live, states and journals that are not what was written.
//!
//! Full and read-only disks are real ones, mounted in a namespace of their own; what needs no kernel (a cut at every
//! byte, a power cut at every operation) is tried with the disk in memory, in `crates/engine/src/store/tests`.

use crate::exits::told;
use crate::place::{Place, STACK, applied, dev};
use auroractl_core::journal::Entry;
use auroractl_engine::store::{Local, Mode, Store as _};
use auroractl_testkit::cli::Finished;
use auroractl_testkit::proxy::fault::{Effect, Fault, KillAt};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Compares what is told with what was recorded.
#[track_caller]
fn tells(place: &Place, name: &str, done: Finished, code: i32) -> Finished {
    let done = done.exits(code);
    // How far a run came before it was killed, and how much of a small disk its file system takes, differ.
    let counts = vec![(r"\d+ bytes", "[N] bytes"), (r"at byte \d+", "at byte [N]")];
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, filters => counts }, {
        insta::assert_snapshot!(name, told(place, &done));
    });
    done
}

/// Runs the program after a shell has prepared its world: `$state` is the folder of states, `"$@"` the program. Mounts
/// are seen by nobody else and end with it.
fn in_a_world(place: &Place, script: &str, arguments: &[&str]) -> Finished {
    let plain = place.cli.command(arguments);
    let mut command = place.cli.beside("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-euc", script, "sh"]);
    command.arg(plain.get_program()).args(plain.get_args());
    command.env("state", place.cli.dir().join("state")).env("work", place.cli.dir());
    let start = Instant::now();
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (code, duration) = (output.status.code(), start.elapsed());
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    Finished { code, signal: None, stdout, stderr, duration, timed_out: false }
}

/// A system that lets nobody but root mount anything can't show these trials; the disk in memory still does. That they
/// were left out is written past the capture of a test's output: they pass without having looked.
#[expect(clippy::explicit_write, reason = "past the capture of a test's output")]
fn mounts() -> bool {
    let tried = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"])
        .stderr(Stdio::null())
        .status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        writeln!(std::io::stderr(), "nothing can be mounted here: a trial on a real disk (F28-F30) was left out")
            .unwrap();
    }
    can
}

const APPLY: &[&str] = &["apply", STACK, "--auto-approve"];

#[test]
fn f28_a_disk_that_is_full_before_the_first_call() {
    if !mounts() {
        return;
    }
    let place = applied();
    place.edit("retention_days = 1", "retention_days = 2");
    let writes = place.proxy.summary().writes;
    let full = "cp -a \"$state\" \"$work/kept\"; mount -t tmpfs -o size=2m none \"$state\"
        cp -a \"$work/kept/.\" \"$state\"; exec \"$@\"";
    let _ = tells(&place, "F28_full_disk", in_a_world(&place, full, APPLY), 1);
    assert_eq!(place.proxy.summary().writes, writes);
    let _ = in_a_world(&place, full, &["plan", STACK, "--detailed-exitcode"]).exits(2);
    let _ = place.apply().exits(0);
    place.settled();
}

#[test]
fn f29_a_disk_that_fills_up_during_the_run() {
    if !mounts() {
        return;
    }
    let place = dev();
    place.proxy.arm(Fault::on("*", Effect::Latency { ms: 30 }).writes());
    // What is in use grows until nothing is left, while calls are sent; then the folder is brought out of the world.
    let fills = "mount -t tmpfs -o size=12m none \"$state\"
        (for wait in $(seq 600); do
           if grep -qs '\"attempt\"' \"$state\"/*/journal; then
             dd if=/dev/zero of=\"$state/filler\" bs=4096 2>/dev/null || true; break
           fi; sleep 0.05
         done) &
        code=0; \"$@\" || code=$?
        wait; test -s \"$state/filler\"; rm -f \"$state/filler\"; cp -a \"$state\" \"$work/kept\"; exit $code";
    let done = in_a_world(&place, fills, APPLY);
    assert!(matches!(done.code, Some(0 | 10)), "{:?}\n{}{}", done.code, done.stdout, done.stderr);
    assert!(place.proxy.summary().writes > 0);
    if done.code == Some(10) {
        assert!(done.stderr.contains("the disk is full"), "{}", done.stderr);
    }
    place.proxy.disarm();
    std::fs::remove_dir_all(place.cli.dir().join("state")).unwrap();
    std::fs::rename(place.cli.dir().join("kept"), place.cli.dir().join("state")).unwrap();
    let _ = place.apply().exits(0);
    place.settled();
    place.sound();
}

#[test]
fn f30_a_folder_that_is_not_to_be_written() {
    if !mounts() {
        return;
    }
    let place = applied();
    place.edit("retention_days = 1", "retention_days = 2");
    let calls = place.proxy.summary().calls;
    let read_only = "mount --bind \"$state\" \"$state\"; mount -o remount,bind,ro \"$state\"; exec \"$@\"";
    let _ = tells(&place, "F30_read_only", in_a_world(&place, read_only, APPLY), 1);
    assert_eq!(place.proxy.summary().calls, calls, "refused before AWS is asked");
    let _ = in_a_world(&place, read_only, &["plan", STACK, "--detailed-exitcode"]).exits(2);
    let calls = place.proxy.summary().calls;

    // Without a map of users the process has no power over files, not even root's.
    let folder = place.state_file().parent().unwrap().to_owned();
    set_mode(&folder, 0o500);
    let plain = place.cli.command(APPLY);
    let mut command = place.cli.beside("unshare");
    let output = command.arg("--user").arg(plain.get_program()).args(plain.get_args()).output().unwrap();
    set_mode(&folder, 0o700);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("permission denied") && said.contains("has mode 0500 and belongs to uid"), "{said}");
    assert_eq!(place.proxy.summary().calls, calls);
    let _ = place.apply().exits(0);
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn f33_an_old_state_or_that_of_another_stack() {
    let place = applied();
    place.edit("retention_days = 1", "retention_days = 2");
    let _ = place.apply().exits(0);
    let (file, writes) = (place.state_file(), place.proxy.summary().writes);
    let now = std::fs::read(&file).unwrap();
    std::fs::copy(file.with_extension("json.1"), &file).unwrap();
    let _ = tells(&place, "F33_rolled_back", place.apply(), 13);
    let _ = place.run("plan", &[]).exits(13);

    // A stack of the same name that lives elsewhere: its state beside our journal, and the other way round.
    let other = applied();
    other.edit("retention_days = 1", "retention_days = 2");
    let _ = other.apply().exits(0);
    std::fs::copy(other.state_file(), &file).unwrap();
    let _ = tells(&place, "F33_state_of_another", place.apply(), 13);
    std::fs::copy(other.state_file().with_file_name("journal"), file.with_file_name("journal")).unwrap();
    let _ = tells(&place, "F33_folder_of_another", place.apply(), 7);
    std::fs::write(&file, &now).unwrap();
    let _ = tells(&place, "F33_journal_of_another", place.apply(), 13);
    assert_eq!(place.proxy.summary().writes, writes);
}

/// A stack whose run was killed: its journal has lines that its snapshot does not have.
fn interrupted() -> Place {
    let place = dev();
    let kill = Effect::Kill { at: KillAt::AfterEffect, pid: None, delay_ms: 0 };
    place.proxy.arm(Fault::on("rds:CreateDBCluster", kill).times(1));
    let done = place.spawn("apply", &["--auto-approve"]).wait().unwrap();
    assert_eq!(done.signal, Some(9), "{}{}", done.stdout, done.stderr);
    assert!(place.proxy.wait_idle(Duration::from_secs(20)));
    place.proxy.disarm();
    place
}

/// A run that has died between its last line and its snapshot: nothing is in doubt, and the journal alone knows of it.
fn died_before_its_snapshot(place: &Place) {
    let folder = place.state_file().parent().unwrap().to_owned();
    let (mut store, _) = Local::open(&folder, Mode::Write { command: "apply".to_owned() }).unwrap();
    let line = Entry::Deleted { address: "vpc.main".parse().unwrap(), generation: 7 };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.append(&[line], true)).unwrap();
}

#[test]
fn f33_an_old_copy_does_not_replace_what_only_a_journal_knows() {
    let place = interrupted();
    let push = |copy: &[u8]| {
        std::fs::write(place.cli.dir().join("copy.json"), copy).unwrap();
        place.cli.run(&["state", "push", "copy.json", STACK]).unwrap()
    };
    let pull = || place.cli.run(&["state", "pull", STACK]).unwrap().exits(0).stdout;
    let refused = |why: &str| {
        let before = pull();
        let done = push(&std::fs::read(place.state_file()).unwrap()).exits(13);
        assert!(done.stderr.contains(why) && done.stderr.contains("hint:"), "{}", done.stderr);
        assert_eq!(pull(), before, "nothing was changed");
    };
    refused("an interrupted run left intents that the file does not have");
    let _ = push(pull().as_bytes()).exits(0);
    let _ = place.apply().exits(0);
    place.settled();
    place.sound();

    died_before_its_snapshot(&place);
    refused("an interrupted run wrote down what the file does not have");
    let _ = push(pull().as_bytes()).exits(0);
    assert_eq!(place.state()["generations"]["vpc.main"], 8);
    place.settled();
}

#[test]
fn f35_a_journal_that_is_torn_missing_or_damaged() {
    let place = interrupted();
    let journal = place.state_file().with_file_name("journal");
    let (whole, writes) = (std::fs::read(&journal).unwrap(), place.proxy.summary().writes);
    let plan = |name: &str, bytes: &[u8], code: i32| {
        std::fs::write(&journal, bytes).unwrap();
        let _ = tells(&place, name, place.run("plan", &["--detailed-exitcode"]), code);
        assert_eq!(std::fs::read(&journal).unwrap(), bytes, "looking changed it");
    };
    plan("F35_torn", &whole[..whole.len() - 3], 2);
    plan("F35_garbage_behind", &[&whole[..], b"\0\0\0garbage"].concat(), 2);
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    plan("F35_damaged_in_the_middle", &flipped, 13);
    let _ = place.apply().exits(13);
    std::fs::remove_file(&journal).unwrap();
    let missing = place.run("plan", &["--detailed-exitcode"]);
    assert!(missing.stderr.contains("the journal is missing"), "{}", missing.stderr);
    assert_eq!(place.proxy.summary().writes, writes);

    // Torn, it goes on where it was interrupted, and nothing is made twice.
    std::fs::write(&journal, &whole[..whole.len() - 3]).unwrap();
    let _ = place.apply().exits(0);
    place.settled();
    place.sound();
}

/// Every file below a folder with its content, and where links lead.
fn everything(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = std::fs::symlink_metadata(&path).unwrap();
        if meta.is_dir() {
            found.extend(everything(&path));
        } else if meta.is_symlink() {
            found.insert(path.clone(), std::fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec());
        } else if meta.is_file() {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn f36_names_that_lead_elsewhere() {
    let place = applied();
    place.edit("retention_days = 1", "retention_days = 2");
    let folder = place.state_file().parent().unwrap().to_owned();
    let elsewhere = place.cli.dir().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let writes = place.proxy.summary().writes;
    let mut record = String::new();
    for name in ["state.json", "journal", "lock", "state.json.1", "state.json.tmp", "probe.tmp"] {
        let (path, kept) = (folder.join(name), elsewhere.join("kept"));
        let had = std::fs::rename(&path, &kept).is_ok();
        std::fs::write(elsewhere.join("precious"), "precious").unwrap();
        let mut refuses = |what: &str| {
            let before = everything(&place.cli.dir());
            let done = place.apply();
            let said = told(&place, &done);
            record.push_str(&format!("== {name} is {what}: exit {:?}\n{said}\n\n", done.code.unwrap_or(-1)));
            let _ = done.exits(1);
            let mut after = everything(&place.cli.dir());
            // Who came last stands in the lock.
            for lock in [folder.join("lock"), kept.clone()] {
                after.remove(&lock);
            }
            assert!(after.iter().all(|(path, bytes)| before.get(path) == Some(bytes)), "{name} as {what}");
        };
        symlink(elsewhere.join("precious"), &path).unwrap();
        refuses("a symbolic link");
        std::fs::remove_file(&path).unwrap();
        symlink(elsewhere.join("nothing"), &path).unwrap();
        refuses("a link to nothing");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        refuses("a folder");
        std::fs::remove_dir(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        refuses("a pipe");
        std::fs::remove_file(&path).unwrap();
        if had {
            std::fs::rename(&kept, &path).unwrap();
        }
        if ["journal", "lock"].contains(&name) {
            std::fs::hard_link(&path, elsewhere.join("second name")).unwrap();
            refuses("a hard link");
            std::fs::remove_file(elsewhere.join("second name")).unwrap();
        }
    }
    assert!(!elsewhere.join("nothing").exists() && place.proxy.summary().writes == writes);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("F36_names_that_lead_elsewhere", record.trim_end());
    });
    let _ = place.apply().exits(0);
    place.settled();
}

#[test]
fn f36_a_folder_that_leads_elsewhere() {
    let place = applied();
    let folder = place.state_file().parent().unwrap().to_owned();
    let moved = place.cli.dir().join("moved");
    std::fs::rename(&folder, &moved).unwrap();
    symlink(&moved, &folder).unwrap();
    let _ = tells(&place, "F36_linked_folder", place.apply(), 1);
    let _ = place.run("plan", &[]).exits(1);
    std::fs::remove_file(&folder).unwrap();
    std::fs::write(&folder, "a file").unwrap();
    let _ = tells(&place, "F36_file_for_a_folder", place.apply(), 1);
}

#[test]
fn f36_paths_with_odd_characters() {
    for odd in [&b"with space"[..], b"line\nfeed", b"not \xff utf-8", b"-dash", b"quo'te"] {
        let place = dev();
        let dir = place.cli.dir().join(OsStr::from_bytes(odd));
        let run = |command: &str, more: &[&str]| {
            let mut full = place.cli.command(&[command, STACK]);
            full.arg("--state-dir").arg(&dir).args(more);
            full.output().unwrap()
        };
        let done = run("apply", &["--auto-approve"]);
        assert_eq!(done.status.code(), Some(0), "{odd:?}: {}", String::from_utf8_lossy(&done.stderr));
        std::fs::write(dir.join("orders-dev/state.json"), "{}").unwrap();
        let done = run("plan", &[]);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(13), "{odd:?}: {said}");
        let told: Vec<&str> = said.lines().collect();
        assert!(told.len() == 2 && told[1].contains("hint:"), "one line each, whatever the path has: {said}");
    }
}

#[test]
fn f36_a_working_directory_that_is_gone() {
    let place = applied();
    let gone = place.cli.dir().join("gone");
    std::fs::create_dir(&gone).unwrap();
    let plain = place.cli.command(&["plan", STACK]);
    let mut command = place.cli.beside("sh");
    command.args(["-c", "rmdir \"$PWD\" && exec \"$@\"", "sh"]).arg(plain.get_program()).args(plain.get_args());
    let output = command.current_dir(&gone).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("there is no such file") && !said.contains("panicked"), "{said}");
}
