//! Many stacks at once: several processes apply stacks whose states lie in one bucket, through a storm of throttling.
//!
//! A small one is a test; `auroractl-load` plays one of any size.

use crate::world::{Thing, inventory};
use auroractl_testkit::cli::{Cli, Finished};
use auroractl_testkit::emulator::{Emulator, Launch, fresh_account, workspace};
use auroractl_testkit::proxy::fault::{Effect, Fault};
use auroractl_testkit::proxy::{Options, Proxy};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Runs that a stack may need: a throttled call is given up after its budget, and the next run goes on.
const RUNS: u32 = 12;
/// Divides the program's waits; leases of two seconds are heard of in time on a machine that is busy.
const SCALE: f64 = 30.0;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Stacks.
    pub stacks: u32,
    /// Processes at once.
    pub processes: u32,
    /// For so long from the start most calls are throttled.
    pub storm: Duration,
    /// Of a thousand calls of the storm.
    pub throttled: u32,
    /// For the dice.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Stacks.
    pub stacks: u32,
    /// Commands that were run until all stacks were there.
    pub runs: u32,
    /// From the first start to the last end.
    pub seconds: f64,
    /// Calls in all, and those that were throttled.
    pub calls: (u64, u64),
    /// Calls of S3 by name.
    pub s3: BTreeMap<String, u64>,
    /// Most calls in one second, all processes together.
    pub peak: u64,
    /// Objects in the account that carry an owner.
    pub objects: usize,
    /// What should not be: objects twice, objects that no state knows, stacks with changes, stacks that did not come up.
    pub wrong: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stacks, runs, seconds, calls, s3, peak, objects, wrong } = self;
        let s3: Vec<String> = s3.iter().map(|(name, count)| format!("{name} {count}")).collect();
        writeln!(f, "stacks {stacks}, runs {runs}, {seconds:.0} s, objects {objects}")?;
        writeln!(f, "calls {}, of them throttled {}; at most {peak} in a second", calls.0, calls.1)?;
        writeln!(f, "S3: {}", s3.join(", "))?;
        wrong.iter().try_for_each(|what| writeln!(f, "WRONG: {what}"))?;
        write!(f, "totals: stacks {stacks}, wrong {}", wrong.len())
    }
}

/// Plays it.
///
/// # Errors
/// When there is no emulator or no binary, or a stack can't be brought up at all.
pub fn play(load: Load) -> io::Result<Outcome> {
    let stage = Stage::new()?;
    let names: Vec<String> = (0..load.stacks).map(|number| format!("load-{number:03}")).collect();
    for name in &names {
        stage.cli.write(&file(name), &stage.stack(name)?)?;
    }
    let start = Instant::now();
    let throttle = Fault::on("*", Effect::Throttle).chance(f64::from(load.throttled) / 1000.0, load.seed);
    stage.proxy.arm(throttle);
    let (next, runs, broken) = (AtomicU32::new(0), AtomicU32::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let left = |start: Instant| load.storm.saturating_sub(start.elapsed());
            std::thread::park_timeout(left(start));
            while !left(start).is_zero() {
                std::thread::park_timeout(left(start));
            }
            stage.proxy.disarm();
        });
        for _ in 0..load.processes.max(1) {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    if let Err(why) = stage.apply(name, &runs)
                        && let Ok(mut broken) = broken.lock()
                    {
                        broken.push(format!("{name}: {why}"));
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap_or_default();
    let seconds = start.elapsed().as_secs_f64();
    let mut outcome = stage.measured();
    (outcome.stacks, outcome.runs, outcome.seconds) = (load.stacks, runs.into_inner(), seconds);
    outcome.wrong.extend(broken);
    stage.verify(&names, &mut outcome)?;
    Ok(outcome)
}

fn file(name: &str) -> String {
    format!("stacks/{name}.toml")
}

/// One emulator, one account, one bucket.
struct Stage {
    emulator: Emulator,
    proxy: Proxy,
    cli: Cli,
    account: String,
    bucket: String,
}

impl Stage {
    fn new() -> io::Result<Self> {
        let emulator = Emulator::start(Some(0.0))?;
        let account = fresh_account();
        let options =
            Options { upstream: emulator.url().to_owned(), account: Some(account.clone()), ..Options::default() };
        let proxy = Proxy::with(options)?;
        let mut cli = Cli::new(&proxy.url())?;
        cli.set_time_scale(SCALE);
        cli.set_env("AWS_REGION", "us-east-1");
        let bucket = format!("states-{account}");
        // A new account may have 40 clusters.
        let _ = emulator.admin("POST", "quotas", &serde_json::json!({"factor": 100}))?;
        let stage = Self { emulator, proxy, cli, account, bucket };
        stage.make_bucket()?;
        Ok(stage)
    }

    fn make_bucket(&self) -> io::Result<()> {
        let text = format!("import boto3; boto3.client('s3').create_bucket(Bucket='{}')", self.bucket);
        let mut command = self.cli.beside(Launch::find()?.python);
        let output = command.args(["-c", &text]).env("AWS_DEFAULT_REGION", "us-east-1").output()?;
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(io::Error::other(why)) }
    }

    /// The small stack under another name.
    fn stack(&self, name: &str) -> io::Result<String> {
        let text = std::fs::read_to_string(workspace().join("stacks/dev.toml"))?;
        let text = text.replace("123456789012", &self.account).replace("orders-dev", name);
        Ok(format!("{text}\n[state]\nbackend = \"s3\"\nbucket = \"{}\"\n", self.bucket))
    }

    /// Applies a stack until it is there.
    fn apply(&self, name: &str, runs: &AtomicU32) -> io::Result<()> {
        let mut last: Option<Finished> = None;
        for _ in 0..RUNS {
            runs.fetch_add(1, Ordering::Relaxed);
            let done = self.cli.run(&["apply", &file(name), "--auto-approve"])?;
            if done.code == Some(0) {
                return Ok(());
            }
            last = Some(done);
        }
        let told = last.map(|done| format!("exit {:?}\n{}", done.code, done.stderr)).unwrap_or_default();
        Err(io::Error::other(format!("not there after {RUNS} runs: {told}")))
    }

    /// What the proxy saw.
    fn measured(&self) -> Outcome {
        let mut outcome = Outcome::default();
        let mut seconds: BTreeMap<u64, u64> = BTreeMap::new();
        for call in self.proxy.calls() {
            outcome.calls.0 += 1;
            outcome.calls.1 += u64::from(call.fault == Some("throttle"));
            *seconds.entry(call.start_us / 1_000_000).or_default() += 1;
            if call.service == "s3" {
                *outcome.s3.entry(call.action.clone()).or_default() += 1;
            }
        }
        outcome.peak = seconds.values().copied().max().unwrap_or_default();
        outcome
    }

    /// Every stack has nothing to do, and the account holds what the states record, once.
    fn verify(&self, names: &[String], outcome: &mut Outcome) -> io::Result<()> {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for name in names {
            let plan = self.cli.run(&["plan", &file(name), "--detailed-exitcode"])?;
            if plan.code != Some(0) {
                outcome.wrong.push(format!("{name} has changes: exit {:?} {}", plan.code, plan.stderr));
            }
            let pulled = self.cli.run(&["state", "pull", &file(name)])?;
            let Ok(state) = serde_json::from_str::<Value>(&pulled.stdout) else {
                outcome.wrong.push(format!("{name} has no state: exit {:?} {}", pulled.code, pulled.stderr));
                continue;
            };
            let records = state.get("resources").and_then(Value::as_object).into_iter().flatten();
            known.extend(records.filter_map(|(_, record)| record.get("oid")?.as_str().map(str::to_owned)));
        }
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for Thing { arn, mut tags, .. } in inventory(&self.emulator, &self.account)? {
            let Some(oid) = tags.remove("auroractl:id") else { continue };
            outcome.objects += 1;
            if !known.contains(&oid) {
                outcome.wrong.push(format!("no state knows {arn}"));
            }
            if !seen.insert(oid) {
                outcome.wrong.push(format!("there twice: {arn}"));
            }
        }
        Ok(())
    }
}
