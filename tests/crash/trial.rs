//! One trial: runs that are cut short, one that is not, and the judgement.

use super::disk::{DiskCut, Shim};
use super::lane::{ACCOUNT, Lane, Start};
use super::scenario::{Scenario, Undisturbed, recorded};
use crate::world::Portrait;
use auroractl_testkit::cli::Finished;
use auroractl_testkit::proxy::fault::{Effect, Fault, KillAt};
use std::fmt;
use std::io;

/// The three sides of a call on which the program can die.
pub const POSITIONS: [KillAt; 3] = [KillAt::BeforeSend, KillAt::AfterEffect, KillAt::AfterResponse];
/// SIGKILL, as a process's end reports it.
const KILLED: i32 = 9;
/// What a Rust program ends with when it panics.
const PANICKED: i32 = 101;
/// How much of a failed run's output is shown.
const TAIL: usize = 25;

/// What cuts one run short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// SIGKILL at a call.
    Call {
        /// Which call of the run, reads included, counted from 1 in the order in which they arrive.
        nth: u64,
        /// On which side of it.
        at: KillAt,
        /// Milliseconds that the program lives on after the answer.
        delay_ms: u64,
    },
    /// A fault of the disk.
    Disk(DiskCut),
}

impl Cut {
    fn parse(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix("disk") {
            return DiskCut::parse(rest).map(Self::Disk);
        }
        let (nth, side) = text.split_once('.')?;
        let (side, delay) = side.split_once('+').unwrap_or((side, "0"));
        let at = POSITIONS.into_iter().find(|at| word(*at) == side)?;
        Some(Self::Call { nth: nth.parse().ok()?, at, delay_ms: delay.parse().ok()? })
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Call { at: KillAt::BeforeSend, .. } => "before the call is sent",
            Self::Call { at: KillAt::AfterEffect, .. } => "after its effect, before the answer",
            Self::Call { at: KillAt::AfterResponse, .. } => "after the answer",
            Self::Disk(cut) => cut.class(),
        }
    }
}

const fn word(at: KillAt) -> &'static str {
    match at {
        KillAt::BeforeSend => "before",
        KillAt::AfterEffect => "effect",
        KillAt::AfterResponse => "response",
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { nth, at, delay_ms: 0 } => write!(out, "{nth}.{}", word(*at)),
            Self::Call { nth, at, delay_ms } => write!(out, "{nth}.{}+{delay_ms}", word(*at)),
            Self::Disk(cut) => write!(out, "disk{}.{}", cut.nth, cut.how.name()),
        }
    }
}

/// What is tried: `destroy:17.effect,230.before` kills a destroy after the effect of its 17th call, and the next one
/// before its 230th.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What the program does.
    pub scenario: Scenario,
    /// One run for each, in order.
    pub cuts: Vec<Cut>,
}

impl Trial {
    /// One run that is cut short.
    #[must_use]
    pub fn of(scenario: Scenario, cut: Cut) -> Self {
        Self { scenario, cuts: vec![cut] }
    }

    /// Reads a trial's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (scenario, cuts) = name.split_once(':')?;
        let cuts: Option<Vec<Cut>> = cuts.split(',').map(Cut::parse).collect();
        Some(Self { scenario: Scenario::parse(scenario)?, cuts: cuts? })
    }

    /// Its class in the table.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self.cuts.as_slice() {
            [cut] => cut.class(),
            _ => "several kills in a row",
        }
    }

    /// Runs it. `wanted` is what the undisturbed scenario leaves.
    ///
    /// # Errors
    /// The lane fails: nothing is known of the program.
    pub fn run(&self, lane: &mut Lane, applied: &Start, stage: Stage<'_>) -> io::Result<Verdict> {
        self.scenario.begin(lane, applied)?;
        let mut verdict = Verdict::default();
        for cut in &self.cuts {
            self.cut_short(*cut, lane, stage.shim, &mut verdict)?;
        }
        verdict.runs += 1;
        let done = self.scenario.finish(lane)?;
        if done.code != Some(0) {
            verdict.unconverged.push(format!("the undisturbed run ends otherwise than it should: {}", shown(&done)));
        }
        self.judge(lane, stage.wanted, &mut verdict)?;
        Ok(verdict)
    }

    fn cut_short(&self, cut: Cut, lane: &mut Lane, shim: Option<&Shim>, verdict: &mut Verdict) -> io::Result<()> {
        verdict.runs += 1;
        let (done, struck) = match cut {
            Cut::Call { nth, at, delay_ms } => {
                let fault = Fault::on("*", Effect::Kill { at, pid: None, delay_ms }).nth(nth);
                let (done, struck) = lane.run_under(self.scenario, fault)?;
                (done, if struck { vec![format!("call {nth}")] } else { Vec::new() })
            }
            Cut::Disk(cut) => {
                let shim = shim.ok_or_else(|| io::Error::other("the failing disk was not compiled"))?;
                lane.run_on(shim, &cut, self.scenario)?
            }
        };
        verdict.kills += u64::from(done.signal == Some(KILLED));
        verdict.struck.extend(struck.first().cloned());
        let died = done.signal.is_some_and(|signal| signal != KILLED) || done.code == Some(PANICKED) || done.timed_out;
        if died {
            verdict.unconverged.push(format!("the run dies of itself at {cut}: {}", shown(&done)));
        }
        Ok(())
    }

    fn judge(&self, lane: &Lane, wanted: &Undisturbed, verdict: &mut Verdict) -> io::Result<()> {
        lane.calm()?;
        let found = Portrait::take(&lane.emulator, ACCOUNT)?.against(&wanted.portrait);
        verdict.orphans.extend(found.orphans);
        verdict.duplicates.extend(found.duplicates);
        verdict.lost.extend(found.lost);
        verdict.unconverged.extend(found.changed);
        let recorded = recorded(lane)?;
        let unknown = wanted.recorded.difference(&recorded).map(|address| format!("{address} is not in the state"));
        verdict.lost.extend(unknown);
        let stale = recorded.difference(&wanted.recorded).map(|address| format!("{address} is still in the state"));
        verdict.unconverged.extend(stale);
        self.nothing_left(lane, verdict)
    }

    /// The next plan is empty, and planning changes nothing.
    fn nothing_left(&self, lane: &Lane, verdict: &mut Verdict) -> io::Result<()> {
        lane.proxy.clear_log();
        let next = if self.scenario == Scenario::Destroy {
            // A plan would want everything anew; there must be nothing left to destroy.
            lane.run(self.scenario)?
        } else {
            lane.tell(&["plan", "--detailed-exitcode"])?
        };
        if next.code != Some(0) {
            verdict.unconverged.push(format!("there is still something to do: {}", shown(&next)));
        }
        lane.calm()?;
        let writes = lane.proxy.calls().into_iter().filter(|call| call.mutating).map(|call| call.name());
        verdict.unconverged.extend(writes.map(|name| format!("{name} was called with nothing left to do")));
        Ok(())
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.scenario.name())?;
        for (number, cut) in self.cuts.iter().enumerate() {
            write!(out, "{}{cut}", if number == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

/// What a trial is run with.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// What its scenario leaves undisturbed.
    pub wanted: &'a Undisturbed,
    /// The failing disk; only trials with faults of the disk need it.
    pub shim: Option<&'a Shim>,
}

/// What came of a trial.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Processes that were killed.
    pub kills: u64,
    /// Runs of the program, without those that only look.
    pub runs: u64,
    /// What the cuts struck; fewer than there are cuts, where a run was over before.
    pub struck: Vec<String>,
    /// What lives beside what should.
    pub orphans: Vec<String>,
    /// What lives more often than it should.
    pub duplicates: Vec<String>,
    /// What should live, or stand in the state, and does not.
    pub lost: Vec<String>,
    /// Everything else that is not as an undisturbed life leaves it.
    pub unconverged: Vec<String>,
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        [&self.orphans, &self.duplicates, &self.lost, &self.unconverged].into_iter().all(Vec::is_empty)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "  struck: {}", self.struck.join("; "))?;
        let lists = [
            ("orphan", &self.orphans),
            ("duplicate", &self.duplicates),
            ("lost", &self.lost),
            ("unconverged", &self.unconverged),
        ];
        for (name, list) in lists {
            list.iter().try_for_each(|item| writeln!(out, "  {name}: {item}"))?;
        }
        Ok(())
    }
}

/// How a run ended, and the end of what it said.
fn shown(done: &Finished) -> String {
    let said = format!("{}{}", done.stdout, done.stderr);
    let skipped = said.lines().count().saturating_sub(TAIL);
    let end: Vec<&str> = said.lines().skip(skipped).collect();
    format!("exit {:?}, signal {:?}\n    {}", done.code, done.signal, end.join("\n    "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_enough_to_repeat_a_trial() {
        for name in ["apply:17.before", "destroy:3.effect,230.response+3", "roll:disk9.torn", "update:disk1.enospc"] {
            assert_eq!(Trial::parse(name).unwrap().to_string(), name);
        }
        for name in ["apply", "apply:", "apply:17", "apply:17.during", "apply:disk17.count", "other:1.before"] {
            assert_eq!(Trial::parse(name), None, "{name}");
        }
    }
}
