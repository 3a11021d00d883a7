//! The histories of `make test`, and the rules that they show to be needed.

use super::*;
use std::fmt::Write as _;

fn env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// What a thousand histories meet less than ten times, or not at all; five thousand meet it.
const RARE: [&str; 6] = ["window: W3", "window: W13", "window: W14", "window: W15", "window: W17", "window: W18"];

/// Words for what went wrong, and how to see it again.
fn told(failures: &[Failure]) -> String {
    let mut text = String::new();
    for Failure { seed, broken, .. } in failures.iter().take(5) {
        for (number, why) in broken {
            let _ = write!(text, "\nseed {seed}: I{number}: {why}");
        }
    }
    if let Some(Failure { seed, .. }) = failures.first() {
        let _ = write!(
            text,
            "\nplay it again: SIM_TRACE=1 SIM_SEED={seed} SIM_COUNT=1 cargo test -p auroractl-testkit --lib histories_end_well -- --nocapture"
        );
    }
    text
}

#[test]
fn histories_end_well_and_meet_everything() {
    let (first, count) = (env("SIM_SEED").unwrap_or(1), env("SIM_COUNT").unwrap_or(10_000));
    let begun = Instant::now();
    let traced = std::env::var_os("SIM_TRACE").is_some();
    let tally = Soak { traced, ..Soak::new(first, count) }.play().unwrap();
    println!(
        "{} histories in {:.1} s: {} runs, {} of them killed, {} mutating calls; {} failed",
        tally.played,
        begun.elapsed().as_secs_f64(),
        tally.runs.0,
        tally.runs.1,
        tally.calls,
        tally.failures.len()
    );
    tally.failures.iter().flat_map(|failure| &failure.trace).for_each(|line| println!("{line}"));
    for ((class, name), times) in &tally.hits {
        println!("  {class:>10}  {name:<42} {times:>6}");
    }
    if count >= 1_000 {
        let mut missing = coverage::missing(&tally.hits);
        missing.retain(|what| count >= 5_000 || !RARE.contains(&what.as_str()));
        assert_eq!(missing, Vec::<String>::new(), "never met");
    }
    assert!(tally.failures.is_empty(), "{}", told(&tally.failures));
}

/// After so many histories at most a missing rule must have shown.
const BOUND: u64 = 1500;

/// The first history that shows a broken rule: one that ends well while the rule is in force.
fn caught(lapse: Lapse) -> Option<(u64, u8, String)> {
    let mut first = 1;
    while first <= BOUND {
        let tally =
            Soak { lapse: Some(lapse), to_the_first: true, ..Soak::new(first, BOUND + 1 - first) }.play().unwrap();
        let Failure { seed, broken, .. } = tally.failures.first()?;
        if one(History { seed: *seed, lapse: None, traced: false }).unwrap().is_ok() {
            let (number, why) = broken.first()?;
            return Some((*seed, *number, why.chars().take(90).collect()));
        }
        first = seed + 1;
    }
    None
}

#[test]
fn every_rule_is_needed() {
    let mut survivors = Vec::new();
    println!("{:<28} {:>9}  caught by", "rule that is broken", "histories");
    for lapse in Lapse::ALL {
        let name = format!("{lapse:?}");
        match caught(lapse) {
            Some((seed, number, why)) => println!("{name:<28} {seed:>9}  I{number}: {why}"),
            None => survivors.push(name),
        }
    }
    assert!(survivors.is_empty(), "nothing shows that these rules are needed: {survivors:?}");
}

#[test]
fn a_seed_plays_the_same_history_again() {
    for seed in 1..40 {
        let play = || {
            let log = one(History { seed, lapse: None, traced: true }).unwrap();
            log.map(|log| log.trace.unwrap())
        };
        let first = play();
        let told = first.as_ref().unwrap_or_else(|failure| &failure.trace);
        assert!(!told.is_empty(), "seed {seed} has nothing to compare");
        assert_eq!(first, play(), "seed {seed}");
    }
}
