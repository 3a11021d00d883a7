//! The table of trials names tests that exist, so that a trial nobody shows any more is noticed.

use auroractl_testkit::emulator::workspace;
use std::collections::BTreeMap;

/// A row: the trial, and the tests that show it.
fn rows(text: &str) -> Vec<(String, Vec<String>)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let trial = cells.first().filter(|cell| cell.starts_with('F') && cell.len() == 3)?;
        let tests = cells.last()?.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some(((*trial).to_owned(), tests))
    };
    text.lines().filter_map(row).collect()
}

#[test]
fn every_trial_names_tests_that_exist() {
    let page = std::fs::read_to_string(workspace().join("docs/trials.md")).unwrap();
    let rows = rows(&page);
    assert_eq!(rows.len(), page.lines().filter(|line| line.starts_with("| F")).count(), "every row can be read");
    let trials: Vec<&String> = rows.iter().map(|(trial, _)| trial).collect();
    assert!(trials.len() > 5 && trials.is_sorted_by(|one, next| one < next), "once each, sorted: {trials:?}");
    let mut files: BTreeMap<&str, String> = BTreeMap::new();
    for (trial, tests) in &rows {
        assert!(!tests.is_empty(), "{trial} names no test");
        for test in tests {
            let (file, function) = test.split_once("::").unwrap();
            let text = files.entry(file).or_insert_with(|| {
                std::fs::read_to_string(workspace().join(file))
                    .unwrap_or_else(|error| panic!("{trial}: {file}: {error}"))
            });
            let head = if file.ends_with(".py") { format!("def {function}(") } else { format!("fn {function}(") };
            let before =
                text.split_once(&head).map(|(before, _)| before.trim_end().trim_end_matches("async").trim_end());
            let above = before.and_then(|before| before.lines().last());
            let run = if file.ends_with(".py") {
                function.starts_with("test_")
            } else {
                above.is_some_and(|above| above.trim_start().starts_with("#[") && above.contains("test"))
            };
            assert!(above.is_some() && run, "{trial}: {file} has no test {function}");
        }
    }
}
