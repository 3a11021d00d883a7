//! What a process cost: wall time, CPU time, peak memory.

use std::io::{self, Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wait4::Wait4 as _;

/// Bytes in a mebibyte.
pub(crate) const MIB: f64 = 1_048_576.0;

/// What one run cost.
#[derive(Clone, Debug)]
pub(crate) struct Usage {
    /// Exit code; -1 if a signal ended it.
    pub(crate) code: i32,
    /// From start to end.
    pub(crate) wall: Duration,
    /// In user and kernel mode, of the process and the children that it waited for.
    pub(crate) cpu: Duration,
    /// Peak resident memory of the largest of them, in bytes. Linux counts what the parent held at the fork, too: a
    /// figure is never below this process's own few megabytes.
    pub(crate) rss: u64,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> io::Result<Usage> {
    let (mut out, mut err) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(err.try_clone()?);
    let start = Instant::now();
    let mut child = command.spawn()?;
    let ended = child.wait4()?;
    let wall = start.elapsed();
    let text = |file: &mut std::fs::File| -> io::Result<String> {
        let mut bytes = Vec::new();
        file.rewind()?;
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let (stdout, stderr) = (text(&mut out)?, text(&mut err)?);
    let code = ended.status.code().unwrap_or(-1);
    Ok(Usage { code, wall, cpu: ended.rusage.utime + ended.rusage.stime, rss: ended.rusage.maxrss, stdout, stderr })
}

impl Usage {
    /// Itself, if it ended with this code; else an error with what it printed.
    pub(crate) fn exits(self, code: i32) -> io::Result<Self> {
        if self.code == code {
            return Ok(self);
        }
        Err(io::Error::other(format!("exit {} instead of {code}\n{}\n{}", self.code, self.stdout, self.stderr)))
    }
}

/// Several runs of one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs(Vec<Usage>);

impl Runs {
    /// So many runs of a command.
    pub(crate) fn of(times: usize, mut command: impl FnMut() -> io::Result<Usage>) -> io::Result<Self> {
        (0..times).map(|_| command()).collect::<io::Result<Vec<_>>>().map(Self)
    }

    /// Minimum and median of a figure.
    fn spread(&self, figure: impl Fn(&Usage) -> f64) -> (f64, f64) {
        let mut figures: Vec<f64> = self.0.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        (at(0), at(figures.len() / 2))
    }

    /// Wall seconds, minimum and median.
    pub(crate) fn wall(&self) -> (f64, f64) {
        self.spread(|usage| usage.wall.as_secs_f64())
    }

    /// CPU seconds, minimum and median.
    pub(crate) fn cpu(&self) -> (f64, f64) {
        self.spread(|usage| usage.cpu.as_secs_f64())
    }

    /// The largest peak memory, in bytes.
    #[expect(clippy::cast_precision_loss, reason = "memory sizes are far below 2^52")]
    pub(crate) fn rss(&self) -> f64 {
        self.0.iter().map(|usage| usage.rss).max().unwrap_or(0) as f64
    }
}
