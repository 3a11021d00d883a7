//! The table of chaos, and its totals.

use crate::lanes::Found;
use auroractl_tests::crash::{Scenario, Trial, Verdict};
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{ContentArrangement, Table as Text};
use std::collections::BTreeMap;

/// Counts of one line.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    trials: usize,
    /// Trials whose run was over before it came to the point.
    missed: usize,
    kills: u64,
    runs: u64,
    orphans: usize,
    duplicates: usize,
    lost: usize,
    unconverged: usize,
    /// Trials that could not be judged.
    failed: usize,
}

impl Counts {
    fn add(&mut self, trial: &Trial, found: &Found) {
        self.trials += 1;
        let Found::Judged(verdict) = found else {
            self.failed += 1;
            return;
        };
        self.missed += usize::from(verdict.struck.len() < trial.cuts.len());
        self.kills += verdict.kills;
        self.runs += verdict.runs;
        self.orphans += verdict.orphans.len();
        self.duplicates += verdict.duplicates.len();
        self.lost += verdict.lost.len();
        self.unconverged += verdict.unconverged.len();
    }

    fn and(self, other: Self) -> Self {
        Self {
            trials: self.trials + other.trials,
            missed: self.missed + other.missed,
            kills: self.kills + other.kills,
            runs: self.runs + other.runs,
            orphans: self.orphans + other.orphans,
            duplicates: self.duplicates + other.duplicates,
            lost: self.lost + other.lost,
            unconverged: self.unconverged + other.unconverged,
            failed: self.failed + other.failed,
        }
    }
}

/// What was found, by scenario and class of trial.
#[derive(Debug, Default)]
pub(crate) struct Table {
    lines: BTreeMap<(Scenario, &'static str), Counts>,
}

impl Table {
    /// Enters a trial; answers with what is wrong, if anything is.
    pub(crate) fn enter(&mut self, trial: &Trial, found: &Found) -> Option<String> {
        self.lines.entry((trial.scenario, trial.class())).or_default().add(trial, found);
        match found {
            Found::Judged(verdict) => (!Verdict::is_sound(verdict)).then(|| verdict.to_string()),
            Found::Failed(why) => Some(format!("  it could not be judged: {why}\n")),
        }
    }

    /// How many trials were entered.
    pub(crate) fn trials(&self) -> usize {
        self.sum().trials
    }

    /// Whether nothing was found, and everything was judged.
    pub(crate) fn is_sound(&self) -> bool {
        let Counts { trials, orphans, duplicates, lost, unconverged, failed, .. } = self.sum();
        trials > 0 && orphans + duplicates + lost + unconverged + failed == 0
    }

    /// The lines as text.
    pub(crate) fn render(&self) -> String {
        let mut text = Text::new();
        text.load_style(ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
        text.set_header([
            "scenario",
            "cut",
            "trials",
            "missed",
            "kills",
            "runs",
            "orphans",
            "duplicates",
            "lost",
            "unconverged",
        ]);
        for ((scenario, class), counts) in &self.lines {
            let Counts { trials, missed, kills, runs, orphans, duplicates, lost, unconverged, .. } = counts;
            let figures = [*trials as u64, *missed as u64, *kills, *runs];
            let wrong = [*orphans, *duplicates, *lost, *unconverged].map(|count| count as u64);
            let names = [scenario.name().to_owned(), (*class).to_owned()];
            let numbers = figures.iter().chain(&wrong).map(u64::to_string);
            text.add_row(names.into_iter().chain(numbers));
        }
        text.to_string()
    }

    /// The last line.
    pub(crate) fn totals(&self) -> String {
        let Counts { kills, runs, orphans, duplicates, lost, unconverged, failed, .. } = self.sum();
        let failed = if failed > 0 { format!("{failed} trials could not be judged\n") } else { String::new() };
        format!(
            "{failed}kills {kills}, runs {runs}, orphans {orphans}, duplicates {duplicates}, lost {lost}, unconverged {unconverged}"
        )
    }

    fn sum(&self) -> Counts {
        self.lines.values().fold(Counts::default(), |sum, counts| sum.and(*counts))
    }
}
