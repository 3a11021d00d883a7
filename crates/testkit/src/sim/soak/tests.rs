//! The histories of `make test`, and the rules that they show to be needed.

use super::*;
use std::fmt::Write as _;

fn env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

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
    assert!(tally.failures.is_empty(), "{}", told(&tally.failures));
    if count >= 5_000 {
        assert_eq!(coverage::missing(&tally.hits), Vec::<String>::new(), "never met");
    }
}

/// After so many histories at most a missing rule must have shown.
const BOUND: u64 = 1500;

#[test]
fn every_rule_is_needed() {
    let mut survivors = Vec::new();
    println!("{:<28} {:>9}  caught by", "rule that is broken", "histories");
    for lapse in Lapse::ALL {
        let soak = Soak { lapse: Some(lapse), to_the_first: true, ..Soak::new(1, BOUND) };
        let tally = soak.play().unwrap();
        let name = format!("{lapse:?}");
        match tally.failures.first().and_then(|failure| failure.broken.first().map(|found| (failure.seed, found))) {
            Some((seed, (number, why))) => {
                // Else it would be the seed that shows, not the rule.
                let sound = one(History { seed, lapse: None, traced: false }).unwrap();
                assert!(sound.is_ok(), "seed {seed} fails with all rules in force: {:?}", sound.err());
                let why: String = why.chars().take(90).collect();
                println!("{name:<28} {:>9}  I{number}, seed {seed}: {why}", tally.played);
            }
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
            log.map(|log| log.trace).map_err(|failure| failure.trace)
        };
        assert_eq!(play(), play(), "seed {seed}");
    }
}
