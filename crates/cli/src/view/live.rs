//! A run on a terminal: one line per resource at work, a bar for the whole.

use super::plain::{closing, sentence};
use super::{Progress, words};
use auroractl_core::lower::StepId;
use auroractl_engine::Event;
use auroractl_engine::event::Summary;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::time::Duration;

/// Redraws so often while nothing happens, so that the elapsed time moves.
const TICK: Duration = Duration::from_millis(200);

/// Live lines on stderr.
pub(crate) struct Live {
    screen: MultiProgress,
    whole: ProgressBar,
    lines: BTreeMap<StepId, ProgressBar>,
}

impl Live {
    /// An empty screen.
    pub(crate) fn new() -> Self {
        let screen = MultiProgress::new();
        let whole = screen.add(ProgressBar::new(0));
        whole.set_style(style("{bar:30.green} {pos}/{len} steps  {elapsed}  {msg}"));
        Self { screen, whole, lines: BTreeMap::new() }
    }

    fn start(&mut self, step: StepId, text: String, expected: f32) {
        let line = self.screen.insert_before(&self.whole, ProgressBar::new_spinner());
        line.set_style(style("  {spinner} {msg}  {elapsed}{prefix}"));
        if expected >= 5.0 {
            line.set_prefix(format!(" of about {}", words::seconds(f64::from(expected))));
        }
        line.set_message(text);
        line.enable_steady_tick(TICK);
        self.lines.insert(step, line);
    }

    fn stop(&mut self, step: StepId) {
        if let Some(line) = self.lines.remove(&step) {
            line.finish_and_clear();
        }
    }

    fn say(&self, event: &Event) {
        if let Some(text) = sentence(event) {
            let _ = self.screen.println(format!("  {text}"));
        }
    }
}

/// A template of ours; they are constants, and one that indicatif refuses shows its default instead.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Progress for Live {
    fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted { steps, critical_path_seconds } => {
                self.whole.set_length(u64::try_from(*steps).unwrap_or(u64::MAX));
                self.whole
                    .set_message(format!("the longest chain usually takes {}", words::seconds(*critical_path_seconds)));
                self.whole.enable_steady_tick(TICK);
            }
            Event::StepStarted { step, address, verb, expected_seconds } => {
                self.start(*step, format!("{address}: {verb}"), *expected_seconds);
            }
            Event::StepWaiting { step, address, status } => {
                if let Some(line) = self.lines.get(step) {
                    line.set_message(format!("{address}: {status}"));
                }
            }
            Event::StepFinished { step, .. } => {
                self.stop(*step);
                self.say(event);
                self.whole.inc(1);
            }
            Event::StepFailed { step, .. } => {
                self.stop(*step);
                self.say(event);
            }
            Event::Heartbeat { .. } | Event::RunFinished(_) => {}
            Event::StepInDoubt { .. }
            | Event::StepBlocked { .. }
            | Event::Resuming { .. }
            | Event::Resolved { .. }
            | Event::Strays { .. }
            | Event::Interrupted => {
                self.say(event);
            }
        }
    }

    fn end(&mut self, summary: &Summary) {
        self.lines.values().for_each(ProgressBar::finish_and_clear);
        self.whole.finish_and_clear();
        super::stderr(|out| closing(out, summary));
    }
}
