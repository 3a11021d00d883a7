//! Signals to the processes that tests start.

use rustix::process::{Pid, Signal, kill_process};

/// Kills the process at once (SIGKILL). One that is gone already is as dead as it should be.
pub fn kill(pid: u32) {
    send(pid, Signal::KILL);
}

/// Asks the process to stop (SIGINT), as Ctrl-C does.
pub fn interrupt(pid: u32) {
    send(pid, Signal::INT);
}

/// Asks the process to stop as a system that shuts down does (SIGTERM).
pub fn terminate(pid: u32) {
    send(pid, Signal::TERM);
}

/// Tells the process that its terminal is gone (SIGHUP).
pub fn hang_up(pid: u32) {
    send(pid, Signal::HUP);
}

/// Stops the process where it stands (SIGSTOP), as a suspended machine would.
pub fn pause(pid: u32) {
    send(pid, Signal::STOP);
}

/// Lets a stopped process go on (SIGCONT).
pub fn resume(pid: u32) {
    send(pid, Signal::CONT);
}

fn send(pid: u32, signal: Signal) {
    // Never 0 or negative: those mean process groups, the test runner's own among them.
    if let Some(pid) = i32::try_from(pid).ok().filter(|pid| *pid > 0).and_then(Pid::from_raw) {
        kill_process(pid, signal).ok();
    }
}
