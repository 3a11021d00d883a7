//! Backup and maintenance windows: read, brought into AWS's canonical form, compared.
//!
//! Both are in UTC and may cross midnight. RDS stores them in lower case (`sun:04:30-sun:05:30`) and refuses windows
//! shorter than 30 minutes and a backup window that overlaps the maintenance window.

use std::fmt;
use std::str::FromStr;

const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;
/// Shortest window that RDS accepts, in minutes.
pub(super) const MIN_MINUTES: u32 = 30;

/// Why a text is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// Another shape.
    #[error("is not a window of the form `{0}`")]
    Shape(&'static str),
    /// Shorter than 30 minutes.
    #[error("is {0} minutes long; the shortest window is {MIN_MINUTES} minutes")]
    Short(u32),
    /// A whole day or more.
    #[error("is {0} minutes long; a window is shorter than a day")]
    Long(u32),
}

/// A daily window in UTC, `hh:mm-hh:mm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupWindow {
    /// First minute of the day.
    pub start: u32,
    /// Length in minutes.
    pub minutes: u32,
}

/// A day of the week, as RDS spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weekday {
    /// Monday, `mon`.
    Mon,
    /// Tuesday, `tue`.
    Tue,
    /// Wednesday, `wed`.
    Wed,
    /// Thursday, `thu`.
    Thu,
    /// Friday, `fri`.
    Fri,
    /// Saturday, `sat`.
    Sat,
    /// Sunday, `sun`.
    Sun,
}

/// The days in order, with AWS's spelling.
const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Mon, "mon"),
    (Weekday::Tue, "tue"),
    (Weekday::Wed, "wed"),
    (Weekday::Thu, "thu"),
    (Weekday::Fri, "fri"),
    (Weekday::Sat, "sat"),
    (Weekday::Sun, "sun"),
];

/// A weekly window in UTC, `ddd:hh:mm-ddd:hh:mm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaintenanceWindow {
    /// First minute of the week, which begins on Monday.
    pub start: u32,
    /// Length in minutes.
    pub minutes: u32,
}

impl FromStr for BackupWindow {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let shape = || WindowError::Shape("hh:mm-hh:mm");
        let (from, to) = text.split_once('-').ok_or_else(shape)?;
        let start = clock(from).ok_or_else(shape)?;
        let end = clock(to).ok_or_else(shape)?;
        let minutes = length((end + DAY - start) % DAY)?;
        Ok(Self { start, minutes })
    }
}

impl FromStr for MaintenanceWindow {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let shape = || WindowError::Shape("ddd:hh:mm-ddd:hh:mm");
        let lower = text.to_ascii_lowercase();
        let (from, to) = lower.split_once('-').ok_or_else(shape)?;
        let start = moment(from).ok_or_else(shape)?;
        let end = moment(to).ok_or_else(shape)?;
        let minutes = length((end + WEEK - start) % WEEK)?;
        Ok(Self { start, minutes })
    }
}

impl BackupWindow {
    /// A window of an hour from the start of a text, for suggestions such as `03:00-03:20` → `03:00-04:00`.
    #[must_use]
    pub fn hour_from(text: &str) -> Option<Self> {
        let (from, _) = text.split_once('-')?;
        Some(Self { start: lenient_clock(from)?, minutes: 60 })
    }

    /// Whether the daily window and the weekly one ever share a minute.
    #[must_use]
    pub fn overlaps(&self, weekly: &MaintenanceWindow) -> bool {
        let gap = |from: u32, to: u32| (to % DAY + DAY - from % DAY) % DAY;
        gap(self.start, weekly.start) < self.minutes || gap(weekly.start, self.start) < weekly.minutes
    }
}

impl MaintenanceWindow {
    /// A window of an hour from the start of a text, for suggestions such as `Mon:3:00` → `mon:03:00-mon:04:00`.
    #[must_use]
    pub fn hour_from(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let from = lower.split('-').next()?;
        let (day, time) = from.split_once(':')?;
        let day = DAYS.iter().position(|(_, name)| day.starts_with(name))?;
        Some(Self { start: u32::try_from(day).ok()? * DAY + lenient_clock(time)?, minutes: 60 })
    }
}

impl fmt::Display for BackupWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", Clock(self.start), Clock(self.start + self.minutes))
    }
}

impl fmt::Display for MaintenanceWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.start + self.minutes;
        write!(f, "{}:{}-{}:{}", day_name(self.start), Clock(self.start), day_name(end), Clock(end))
    }
}

/// Minutes as `hh:mm` of their day.
struct Clock(u32);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_day = self.0 % DAY;
        write!(f, "{:02}:{:02}", of_day / 60, of_day % 60)
    }
}

fn day_name(minute: u32) -> &'static str {
    let day = usize::try_from(minute % WEEK / DAY).unwrap_or_default();
    DAYS.get(day).map_or("mon", |(_, name)| *name)
}

fn length(minutes: u32) -> Result<u32, WindowError> {
    match minutes {
        0..MIN_MINUTES => Err(WindowError::Short(minutes)),
        MIN_MINUTES..DAY => Ok(minutes),
        _ => Err(WindowError::Long(minutes)),
    }
}

/// `hh:mm`, two digits each, to minutes of the day.
fn clock(text: &str) -> Option<u32> {
    (text.len() == 5).then(|| lenient_clock(text)).flatten()
}

/// `h:mm` or `hh:mm` to minutes of the day.
fn lenient_clock(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |t: &str, most: usize| !t.is_empty() && t.len() <= most && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(hours, 2) || !digits(minutes, 2) || minutes.len() != 2 {
        return None;
    }
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// `ddd:hh:mm` in lower case to minutes of the week.
fn moment(text: &str) -> Option<u32> {
    let (day, time) = text.split_once(':')?;
    let day = DAYS.iter().position(|(_, name)| *name == day)?;
    Some(u32::try_from(day).ok()? * DAY + clock(time)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekly(text: &str) -> Result<String, WindowError> {
        text.parse::<MaintenanceWindow>().map(|w| w.to_string())
    }

    #[test]
    fn canonical_form() {
        assert_eq!(weekly("Sun:04:30-SUN:05:30").unwrap(), "sun:04:30-sun:05:30");
        assert_eq!(weekly("sun:23:30-mon:00:30").unwrap(), "sun:23:30-mon:00:30");
        assert_eq!("23:30-00:30".parse::<BackupWindow>().unwrap().to_string(), "23:30-00:30");
    }

    #[test]
    fn lengths() {
        assert_eq!("03:00-03:20".parse::<BackupWindow>(), Err(WindowError::Short(20)));
        assert_eq!("03:00-03:00".parse::<BackupWindow>(), Err(WindowError::Short(0)));
        assert_eq!(weekly("mon:03:00-tue:03:00"), Err(WindowError::Long(1440)));
        for bad in ["Mon:3:00", "mon:03:00", "mon:24:00-mon:25:00", "", "-", "mon:03:00-", "montag:03:00-mon:04:00"] {
            assert!(matches!(weekly(bad), Err(WindowError::Shape(_))), "{bad}");
        }
    }

    #[test]
    fn suggestions() {
        assert_eq!(MaintenanceWindow::hour_from("Mon:3:00").unwrap().to_string(), "mon:03:00-mon:04:00");
        assert_eq!(MaintenanceWindow::hour_from("Monday:23:30").unwrap().to_string(), "mon:23:30-tue:00:30");
        assert_eq!(BackupWindow::hour_from("3:00-3:20").unwrap().to_string(), "03:00-04:00");
    }

    #[test]
    fn overlap_is_by_time_of_day_and_across_midnight() {
        let overlaps = |daily: &str, weekly: &str| {
            daily.parse::<BackupWindow>().unwrap().overlaps(&weekly.parse::<MaintenanceWindow>().unwrap())
        };
        assert!(overlaps("03:00-04:00", "sun:03:30-sun:04:30"));
        assert!(overlaps("23:30-00:30", "sun:00:00-sun:00:30"));
        assert!(overlaps("00:00-00:30", "sat:23:45-sun:00:15"));
        assert!(!overlaps("03:00-04:00", "sun:04:00-sun:05:00"));
        assert!(!overlaps("23:30-00:30", "sun:00:30-sun:01:00"));
        assert!(overlaps("12:00-12:30", "sun:03:00-mon:02:00"));
    }
}
