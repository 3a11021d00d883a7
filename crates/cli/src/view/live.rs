//! A run on a terminal: one line per resource at work with its time against the prediction, and a bar for the whole.

use super::pace::{self, Pace, against, overdue};
use super::plain::{closing, sentence};
use super::{Progress, words};
use anstream::{AutoStream, ColorChoice};
use auroractl_core::Estimate;
use auroractl_core::lower::{Program, StepId};
use auroractl_engine::Event;
use auroractl_engine::event::Summary;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use owo_colors::OwoColorize as _;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Redraws so often while nothing happens, so that the elapsed time moves.
const TICK: Duration = Duration::from_millis(200);
/// A narrower terminal gets a shorter bar.
const WIDE: u16 = 80;

/// Live lines on stderr.
pub(crate) struct Live {
    screen: MultiProgress,
    whole: ProgressBar,
    lines: BTreeMap<StepId, ProgressBar>,
    /// Shared with the thread that redraws.
    pace: Arc<Mutex<Pace>>,
    scale: f64,
    colour: bool,
}

impl Live {
    /// An empty screen before a run of this program, and how long the whole is predicted to take.
    pub(crate) fn new(program: &Program, whole: Estimate, scale: f64) -> Self {
        let screen = MultiProgress::new();
        let pace = Arc::new(Mutex::new(Pace::new(program, whole, scale)));
        let whole = screen.add(ProgressBar::new(0));
        let colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        let template = if super::console_width() < WIDE {
            "{bar:10.green} {pos}/{len}  {left}"
        } else {
            "{bar:20.green} {pos}/{len} steps  {spent}  {left}"
        };
        let shared = Arc::clone(&pace);
        let left = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let left = shared.lock().unwrap_or_else(PoisonError::into_inner).left();
            // Writing into a line of the screen can't fail.
            let _ = out.write_str(&pace::left(left));
        };
        let spent = move |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = out.write_str(&words::seconds(state.elapsed().as_secs_f64() * scale));
        };
        whole.set_style(style(template).with_key("left", left).with_key("spent", spent));
        Self { screen, whole, lines: BTreeMap::new(), pace, scale, colour }
    }

    fn start(&mut self, step: StepId, text: String) {
        let line = self.screen.insert_before(&self.whole, ProgressBar::new_spinner());
        let estimate = self.pace.lock().unwrap_or_else(PoisonError::into_inner).estimate(step);
        let (scale, colour) = (self.scale, self.colour);
        let time = move |state: &ProgressState, out: &mut dyn fmt::Write| {
            let spent = state.elapsed().as_secs_f64() * scale;
            let text = against(spent, estimate);
            let _ = match (overdue(spent, estimate), colour) {
                (true, true) => write!(out, "{}", format!("{text}, overdue").yellow()),
                (true, false) => write!(out, "{text}, overdue"),
                (false, _) => out.write_str(&text),
            };
        };
        line.set_style(style("  {spinner} {msg}  {time}").with_key("time", time));
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
        let text = sentence(event, &self.pace.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(text) = text {
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
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).note(event);
        match event {
            Event::RunStarted { steps, .. } => {
                self.whole.set_length(u64::try_from(*steps).unwrap_or(u64::MAX));
                self.whole.enable_steady_tick(TICK);
            }
            Event::StepStarted { step, address, verb, .. } => {
                self.start(*step, format!("{address}: {}", words::doing(*verb)))
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

    fn end(&mut self, summary: &Summary, again: &str) {
        self.lines.values().for_each(ProgressBar::finish_and_clear);
        self.whole.finish_and_clear();
        let pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        super::stderr(|out| closing(out, summary, &pace, again));
    }
}
