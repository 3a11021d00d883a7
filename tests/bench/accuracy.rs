//! How near the predicted time comes: durations at AWS that differ from the table of priors, one run that learns them, and the
//! next run against what its plan said.
//!
//! The time of a run is all of it, from the start of the process to its end.

use crate::scene::{STACK, Scene};
use crate::table::Row;
use auroractl_testkit::emulator::Emulator;
use serde_json::{Map, Value, json};
use std::io;

/// So many draws of AWS's durations.
const DRAWS: u64 = 10;
/// So many of them at once: a run waits most of its time.
const AT_ONCE: usize = 5;
/// Durations at AWS are drawn apart from their usual ones by at most this part.
const APART: f64 = 0.3;
/// So many times as fast as AWS. What the program does itself counts as so many times as long.
const SPEED: f64 = 10.0;
/// A prediction is near within this part.
const NEAR: f64 = 0.1;
/// Of ten predictions so many must have a 95th percentile that held.
const HELD: f64 = 0.9;

/// One prediction, and what came of it; in seconds.
struct Told {
    p50: f64,
    p95: f64,
    took: f64,
}

impl Told {
    fn off(&self) -> f64 {
        (self.p50 / self.took - 1.0).abs()
    }
}

/// Measures all draws.
pub(crate) fn rows() -> io::Result<Vec<Row>> {
    let draws: Vec<u64> = (0..DRAWS).collect();
    let mut told = Vec::new();
    for some in draws.chunks(AT_ONCE) {
        let results: Vec<io::Result<Told>> = std::thread::scope(|scope| {
            let running: Vec<_> = some.iter().map(|seed| scope.spawn(|| one(*seed))).collect();
            running.into_iter().map(|run| run.join().unwrap_or_else(|_| Err(io::Error::other("a draw died")))).collect()
        });
        told.extend(results.into_iter().collect::<io::Result<Vec<Told>>>()?);
    }
    let worst = told.iter().map(Told::off).fold(0.0, f64::max);
    let missed = told.iter().filter(|told| told.took > told.p95).count();
    let allowed = (1.0 - HELD) * f64::from(u32::try_from(told.len()).unwrap_or(u32::MAX));
    let what = format!("after one run, {DRAWS} draws of AWS's durations");
    Ok(vec![
        Row::at_most(
            &format!("{what}: predicted time off by, worst"),
            ((worst * 1_000.0).round() / 10.0, NEAR * 100.0),
            "%",
        ),
        Row::at_most(
            &format!("{what}: longer than the 95th percentile"),
            (f64::from(u32::try_from(missed).unwrap_or(u32::MAX)), allowed.round()),
            "",
        ),
    ])
}

/// Learns from one run, and predicts the next.
fn one(seed: u64) -> io::Result<Told> {
    let emulator = Emulator::start(Some(SPEED))?;
    let mut scene = Scene::new(&emulator, SPEED)?;
    let usual = emulator.admin("POST", "durations", &json!({}))?;
    let _ = emulator.admin("POST", "durations", &drawn(&usual, seed))?;
    let _ = scene.measure(&["apply", STACK, "--auto-approve"])?;
    clear(&emulator, &mut scene)?;
    let plan: Value = serde_json::from_str(&scene.measure(&["plan", STACK, "--json"])?.usage.stdout)?;
    let figure = |name: &str| {
        let seconds = plan.pointer(&format!("/duration/{name}_seconds")).and_then(Value::as_f64);
        seconds.ok_or_else(|| io::Error::other("the plan does not say how long it takes"))
    };
    let (p50, p95) = (figure("p50")?, figure("p95")?);
    let took = scene.measure(&["apply", STACK, "--auto-approve"])?.usage.wall.as_secs_f64() * SPEED;
    Ok(Told { p50, p95, took })
}

/// Every duration apart from the usual one, by seed.
fn drawn(usual: &Value, seed: u64) -> Value {
    let mut random = fastrand::Rng::with_seed(seed);
    let table = usual.get("durations").and_then(Value::as_object).cloned().unwrap_or_default();
    let apart = |(name, seconds): (String, Value)| {
        let factor = 1.0 + APART * (2.0 * random.f64() - 1.0);
        (name, json!(seconds.as_f64().unwrap_or_default() * factor))
    };
    Value::Object(table.into_iter().map(apart).collect::<Map<_, _>>())
}

/// Removes the stack, in no time.
fn clear(emulator: &Emulator, scene: &mut Scene) -> io::Result<()> {
    let text = std::fs::read_to_string(scene.cli.dir().join(STACK))?;
    let _ = emulator.admin("POST", "speed", &json!({"factor": 0.0}))?;
    scene.cli.write(STACK, &text.replace("[cluster]\n", "[cluster]\ndeletion_protection = false\n"))?;
    let _ = scene.measure(&["apply", STACK, "--auto-approve", "--allow-delete", "db_cluster.main"])?;
    let _ = scene.measure(&["destroy", STACK, "--auto-approve", "--allow-delete", auroractl_tests::crash::DATA])?;
    scene.cli.write(STACK, &text)?;
    let _ = emulator.admin("POST", "speed", &json!({"factor": SPEED}))?;
    Ok(())
}
