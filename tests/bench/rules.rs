//! The design rules: on the production stack, and on a stack a hundred times its size.

use crate::table::Row;
use auroractl_core::{Address, Desired};
use auroractl_stack::facts::{Judgement, Looked, of_desired};
use auroractl_stack::{Loaded, compose, load};
use std::io;
use std::path::Path;
use std::time::Instant;

/// Resources of the large stack.
const MANY: usize = 10_000;
/// The fastest of so many runs counts.
const RUNS: usize = 10;

/// Both sizes.
pub(crate) fn measure(root: &Path) -> io::Result<Vec<Row>> {
    let loaded = load(&root.join("stacks/prod.toml"), &auroractl_stack::Known).map_err(io::Error::other)?;
    let desired = compose(&loaded).map_err(io::Error::other)?.desired;
    let count = desired.nodes.len();
    let small = fastest(&loaded, &desired)?;
    let many = copies(&desired)?;
    let large = fastest(&loaded, &many)?;
    Ok(vec![
        Row::at_most(&format!("all rules on the prod stack ({count} resources)"), (small, 5.0), "ms"),
        Row::at_most(&format!("all rules on {} resources", many.nodes.len()), (large, 500.0), "ms"),
    ])
}

/// Milliseconds of gathering the facts, judging them and finding the places of what is wrong.
fn fastest(loaded: &Loaded, desired: &Desired) -> io::Result<f64> {
    let today = "2026-11-25".parse::<jiff::civil::Date>().map_err(io::Error::other)?;
    let how = Judgement { profile: None, today };
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        let facts = of_desired(loaded, desired, &Looked::nothing(), how);
        let report = auroractl_stack::rules::judge(loaded, &facts, Vec::new()).map_err(io::Error::other)?;
        best = best.min(start.elapsed().as_secs_f64() * 1000.0);
        if report.passed.is_empty() {
            return Err(io::Error::other("no rule was kept: nothing was measured"));
        }
    }
    Ok(best)
}

/// The stack many times over; each copy has its own addresses and shares the references.
fn copies(one: &Desired) -> io::Result<Desired> {
    let mut many = one.clone();
    let mut copy = 0;
    while many.nodes.len() < MANY {
        copy += 1;
        for (at, node) in &one.nodes {
            let name = format!("{}-{copy}", at.name());
            let address = Address::new(at.kind(), &name).map_err(io::Error::other)?;
            many.nodes.insert(address, node.clone());
        }
    }
    Ok(many)
}
