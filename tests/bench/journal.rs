//! What it costs to write a step down, on the real disk: an attempt before the call, the record behind it, each with an
//! fsync. It must not grow with the stack.

use crate::graph;
use crate::table::Row;
use auroractl_core::journal::Entry;
use auroractl_core::state::{State, Verb};
use auroractl_engine::store::{Local, Mode, Store as _};
use std::io;
use std::path::Path;
use std::time::Instant;

/// Sizes of the stacks.
const SIZES: [usize; 3] = [100, 1_000, 10_000];
/// Steps that are written down at each size.
const STEPS: usize = 300;
/// How much dearer a step may be in the largest stack than in the smallest: the noise of the disk.
const GROWTH: f64 = 1.5;

/// What one size measured.
struct Sample {
    /// Median time of a step.
    microseconds: f64,
    /// Bytes of all steps.
    bytes: u64,
}

/// One line per size, then the growth.
pub(crate) fn rows() -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut samples = Vec::new();
    for size in SIZES {
        let sample = measure(size)?;
        let per_step = sample.bytes as f64 / STEPS as f64;
        rows.push(Row::new(
            format!("journal cost of a step in a stack of {size}"),
            format!("{:.0} us, {per_step:.0} bytes", sample.microseconds),
        ));
        samples.push(sample);
    }
    if let (Some(small), Some(large)) = (samples.first(), samples.last()) {
        let bytes = large.bytes as f64 / small.bytes as f64;
        let time = large.microseconds / small.microseconds;
        rows.push(Row::at_most("journal bytes of a step, from 100 to 10000 resources", (bytes, 1.05), "times"));
        rows.push(Row::at_most("journal time of a step, from 100 to 10000 resources", (time, GROWTH), "times"));
    }
    Ok(rows)
}

fn measure(size: usize) -> io::Result<Sample> {
    let temp = tempfile::tempdir()?;
    let dir = temp.path().join("synthetic");
    let state = graph::recorded(size, &"0".repeat(32))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut times = runtime.block_on(steps(&dir, &state))?;
    times.sort_by(f64::total_cmp);
    let bytes = std::fs::metadata(dir.join("journal"))?.len();
    let microseconds = times.get(times.len() / 2).copied().unwrap_or(f64::NAN);
    Ok(Sample { microseconds, bytes })
}

/// Commits the stack, then writes steps of its first resources down; the time of each, in microseconds.
async fn steps(dir: &Path, state: &State) -> io::Result<Vec<f64>> {
    let (mut store, _) = Local::open(dir, Mode::Write { command: "bench".to_owned() }).map_err(io::Error::other)?;
    store.commit(state).await.map_err(io::Error::other)?;
    let records: Vec<_> = state.resources.iter().take(50).collect();
    let mut times = Vec::new();
    for (address, record) in records.iter().cycle().take(STEPS) {
        let (address, generation) = ((*address).clone(), record.generation);
        let before = [Entry::Attempt { address: address.clone(), generation, verb: Some(Verb::Create) }];
        let behind = [
            Entry::Recorded { address: address.clone(), record: Box::new((*record).clone()) },
            Entry::Resolved { address, generation, verb: Verb::Create },
        ];
        let start = Instant::now();
        store.append(&before, true).await.map_err(io::Error::other)?;
        store.append(&behind, true).await.map_err(io::Error::other)?;
        times.push(start.elapsed().as_secs_f64() * 1.0e6);
    }
    Ok(times)
}
